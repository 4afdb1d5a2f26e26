/* check.c: everything that can be wrong with a pipeline or a picture, said before any pixel is touched. */
#include <math.h>
#include <stdbool.h>
#include "base/checked.h"
#include "image/pixels.h"

#define MAX_STRIDE INT32_MAX /* with at most 65536 rows an offset fits int64 */

static int32_t check_between(const char *field, int64_t value, int64_t low, int64_t high, vi_error *e) {
    if (value >= low && value <= high) return VIT_OK;
    return vi_fail(e, VIT_ERROR_ARGUMENT, "%s is %lld, expected %lld to %lld", field, (long long)value, (long long)low,
                   (long long)high);
}

static int32_t check_numbers(const vi_pipeline *p, vi_error *e) {
    if (!(p->scale > 0) || isinf(p->scale)) return vi_fail(e, VIT_ERROR_ARGUMENT, "pixel scale is not a positive number");
    for (int c = 0; c < p->channels; c++) {
        if (!isfinite(p->mean[c])) return vi_fail(e, VIT_ERROR_ARGUMENT, "mean of channel %d is not a number", c);
        if (!(p->std[c] > 0) || isinf(p->std[c])) {
            return vi_fail(e, VIT_ERROR_ARGUMENT, "standard deviation of channel %d is not a positive number", c);
        }
    }
    return VIT_OK;
}

int32_t vi_pipeline_check(const vi_pipeline *p, vi_error *e) {
    int32_t lowest_height = p->resize == VIT_RESIZE_SHORTEST ? 0 : 1;
    const struct {
        const char *field;
        int32_t value, low, high;
    } ranges[] = {
        {"resize mode", p->resize, VIT_RESIZE_NONE, VIT_RESIZE_PAD},
        {"filter", p->filter, VIT_FILTER_NEAREST, VIT_FILTER_TF_BILINEAR},
        {"pass order", p->pass_order, VIT_PASSES_HORIZONTAL_FIRST, VIT_PASSES_PILLOW_13},
        {"crop rounding", p->crop_rounding, VI_CROP_FLOOR, VI_CROP_HALF_EVEN},
        {"input width", p->width, 1, VI_MAX_RESIZED},
        {"input height", p->height, 1, VI_MAX_RESIZED},
        {"channels", p->channels, 1, VI_MAX_CHANNELS},
        {"resize width", p->resize_width, 1, VI_MAX_RESIZED},
        {"resize height", p->resize_height, lowest_height, VI_MAX_RESIZED},
    };
    size_t count = sizeof ranges / sizeof *ranges;
    if (p->resize == VIT_RESIZE_NONE) count -= 2; /* its resize size is not used */
    for (size_t i = 0; i < count; i++) {
        int32_t status = check_between(ranges[i].field, ranges[i].value, ranges[i].low, ranges[i].high, e);
        if (status != VIT_OK) return status;
    }
    return check_numbers(p, e);
}

static int32_t check_size(const vit_image *image, int32_t max_side, vi_error *e) {
    int32_t status = check_between("image width", image->width, 1, INT32_MAX, e);
    if (status == VIT_OK) status = check_between("image height", image->height, 1, INT32_MAX, e);
    if (status != VIT_OK) return status;
    if (image->width <= max_side && image->height <= max_side) return VIT_OK;
    return vi_fail(e, VIT_ERROR_LIMIT, "image is %d x %d, longest side allowed is %d", image->width, image->height, max_side);
}

static int32_t check_format(const vit_image *image, const vi_pipeline *p, vi_error *e) {
    if (image->format == VIT_PIXELS_F32) return VIT_OK;
    if (!vi_pixel_format_of(image->format)) {
        return vi_fail(e, VIT_ERROR_ARGUMENT, "image format is %d, expected VIT_PIXELS_RGB8 (1) to VIT_PIXELS_F32 (6)",
                       image->format);
    }
    if (p->channels == 1 || p->channels == 3) return VIT_OK;
    return vi_fail(e, VIT_ERROR_ARGUMENT, "image format %d cannot give the model's %d channels, expected VIT_PIXELS_F32 (6)",
                   image->format, p->channels);
}

/* Planes of an F32 picture: one block, or one pointer per channel; other formats have one plane. */
static int32_t plane_count(const vit_image *image, const vi_pipeline *p) {
    return image->format == VIT_PIXELS_F32 && image->planes[1] ? p->channels : 1;
}

/* Rows must not overlap, and the whole plane must fit into the address space. */
static int32_t check_stride(const vit_image *image, const vi_pipeline *p, int32_t plane, vi_error *e) {
    bool f32 = image->format == VIT_PIXELS_F32;
    int64_t row = (int64_t)image->width * (f32 ? (int64_t)sizeof(float) : vi_pixel_format_of(image->format)->bytes);
    int64_t stride = image->strides[plane] ? image->strides[plane] : row;
    if (stride < -MAX_STRIDE || stride > MAX_STRIDE) {
        return vi_fail(e, VIT_ERROR_ARGUMENT, "strides[%d] is %lld, expected less than 2^31 bytes", (int)plane,
                       (long long)stride);
    }
    uint64_t step = (uint64_t)(stride < 0 ? -stride : stride), bytes;
    if (step < (uint64_t)row) {
        return vi_fail(e, VIT_ERROR_ARGUMENT, "strides[%d] is %lld, less than the %lld bytes of a row", (int)plane,
                       (long long)stride, (long long)row);
    }
    uint64_t rows = (uint64_t)image->height * (uint64_t)(f32 && !image->planes[1] ? p->channels : 1);
    if (!vi_mul_u64(rows, step, &bytes) || bytes > PTRDIFF_MAX) {
        return vi_fail(e, VIT_ERROR_ARGUMENT, "planes[%d] with stride %lld is larger than the address space", (int)plane,
                       (long long)stride);
    }
    return VIT_OK;
}

static int32_t check_planes(const vit_image *image, const vi_pipeline *p, vi_error *e) {
    int32_t expected = plane_count(image, p);
    if (expected == 1 && image->planes[1]) return vi_fail(e, VIT_ERROR_ARGUMENT, "planes[1] is given, expected one plane");
    if (expected > 3) {
        return vi_fail(e, VIT_ERROR_ARGUMENT, "planes[1] is given, expected all %d channels in planes[0]", p->channels);
    }
    for (int32_t i = 0; i < 3; i++) {
        if (i < expected && !image->planes[i]) return vi_fail(e, VIT_ERROR_ARGUMENT, "planes[%d] is NULL", (int)i);
        if (i >= expected && (image->planes[i] || image->strides[i])) {
            return vi_fail(e, VIT_ERROR_ARGUMENT, "planes[%d] or strides[%d] is given, expected %d planes", (int)i, (int)i,
                           (int)expected);
        }
        int32_t status = i < expected ? check_stride(image, p, i, e) : VIT_OK;
        if (status != VIT_OK) return status;
    }
    return VIT_OK;
}

static int32_t check_region(const vit_image *image, vi_error *e) {
    int32_t x = image->region_x, y = image->region_y, width = image->region_width, height = image->region_height;
    if (x == 0 && y == 0 && width == 0 && height == 0) return VIT_OK;
    if (x >= 0 && y >= 0 && width >= 1 && height >= 1 && width <= image->width && height <= image->height &&
        x <= image->width - width && y <= image->height - height) {
        return VIT_OK;
    }
    return vi_fail(e, VIT_ERROR_ARGUMENT, "region %d x %d at (%d, %d) is not inside the image of %d x %d", width, height, x, y,
                   image->width, image->height);
}

static int32_t check_flags(const vit_image *image, vi_error *e) {
    if (image->flip & ~(VIT_FLIP_HORIZONTAL | VIT_FLIP_VERTICAL)) {
        return vi_fail(e, VIT_ERROR_ARGUMENT, "image flip is %d, expected a sum of VIT_FLIP_ values (0 to 3)", image->flip);
    }
    for (int i = 0; i < 8; i++) {
        if (image->reserved[i] != 0) return vi_fail(e, VIT_ERROR_ARGUMENT, "reserved[%d] of the image is not 0", i);
    }
    return VIT_OK;
}

/* The size against what the pipeline makes of it. The rest of the picture has been checked. */
static int32_t check_fit(const vit_image *image, const vi_pipeline *p, vi_error *e) {
    bool part = image->region_width != 0;
    int32_t width = part ? image->region_width : image->width, height = part ? image->region_height : image->height;
    int64_t resized_width, resized_height;
    if (image->format == VIT_PIXELS_F32) {
        if (image->width == p->width && image->height == p->height && width == p->width && height == p->height) return VIT_OK;
        return vi_fail(e, VIT_ERROR_ARGUMENT, "VIT_PIXELS_F32 image is %d x %d (region %d x %d), expected the input's %d x %d",
                       image->width, image->height, width, height, p->width, p->height);
    }
    if (p->resize == VIT_RESIZE_NONE) {
        if (width == p->width && height == p->height) return VIT_OK;
        return vi_fail(e, VIT_ERROR_ARGUMENT, "image is %d x %d, expected the input's %d x %d as nothing is resized", width,
                       height, p->width, p->height);
    }
    vi_resized_size(p, width, height, &resized_width, &resized_height);
    if (resized_width <= VI_MAX_RESIZED && resized_height <= VI_MAX_RESIZED) return VIT_OK;
    return vi_fail(e, VIT_ERROR_LIMIT, "image of %d x %d would be resized to %lld x %lld, longest side allowed is %d", width,
                   height, (long long)resized_width, (long long)resized_height, VI_MAX_RESIZED);
}

int32_t vi_image_check(const vit_image *image, const vi_pipeline *p, int32_t max_side, vi_error *e) {
    if (!image) return vi_fail(e, VIT_ERROR_ARGUMENT, "image is NULL");
    int32_t status = check_format(image, p, e);
    if (status == VIT_OK) status = check_size(image, max_side, e);
    if (status == VIT_OK) status = check_planes(image, p, e);
    if (status == VIT_OK) status = check_region(image, e);
    if (status == VIT_OK) status = check_flags(image, e);
    if (status == VIT_OK) status = check_fit(image, p, e);
    return status;
}
