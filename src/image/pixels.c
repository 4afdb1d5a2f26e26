/* pixels.c: everything that depends on a pixel format. Source pointers need no alignment. */
#include "image/pixels.h"

#include <string.h>

const vi_pixel_format *vi_pixel_format_of(int32_t format) {
    static const vi_pixel_format formats[] = {
        [VIT_PIXELS_RGB8] = {3, 0, 1, 2},  [VIT_PIXELS_BGR8] = {3, 2, 1, 0},  [VIT_PIXELS_RGBA8] = {4, 0, 1, 2},
        [VIT_PIXELS_BGRA8] = {4, 2, 1, 0}, [VIT_PIXELS_GRAY8] = {1, 0, 0, 0},
    };
    if (format < VIT_PIXELS_RGB8 || format > VIT_PIXELS_GRAY8) return NULL;
    return &formats[format];
}

int32_t vi_working_channels(const vi_pipeline *p, const vit_image *image) {
    return image->format == VIT_PIXELS_GRAY8 ? 1 : p->channels;
}

vi_rows vi_rows_of(const vit_image *image, const vi_geometry *g, int32_t channels) {
    vi_rows r = {.format = *vi_pixel_format_of(image->format), .channels = channels};
    int64_t bytes = r.format.bytes, stride = image->strides[0] ? image->strides[0] : bytes * image->width;
    int64_t x = g->left, y = g->top;
    r.pixel_step = bytes;
    r.row_step = stride;
    if (image->flip & VIT_FLIP_HORIZONTAL) {
        x += g->x.source - 1;
        r.pixel_step = -bytes;
    }
    if (image->flip & VIT_FLIP_VERTICAL) {
        y += g->y.source - 1;
        r.row_step = -stride;
    }
    r.origin = (const unsigned char *)image->planes[0] + (ptrdiff_t)(y * stride + x * bytes);
    return r;
}

static void to_rgb(const vi_rows *r, const unsigned char *pixel, int32_t count, unsigned char *dst) {
    vi_pixel_format f = r->format;
    for (int32_t i = 0; i < count; i++) {
        dst[0] = pixel[f.red];
        dst[1] = pixel[f.green];
        dst[2] = pixel[f.blue];
        dst += 3;
        pixel += (ptrdiff_t)r->pixel_step;
    }
}

/* Pillow's convert("L"): ITU-R 601 luma in 16-bit fixed point. For grey the factors add up to 1, so grey stays what it is. */
static void to_gray(const vi_rows *r, const unsigned char *pixel, int32_t count, unsigned char *dst) {
    vi_pixel_format f = r->format;
    for (int32_t i = 0; i < count; i++) {
        uint32_t luma = pixel[f.red] * 19595u + pixel[f.green] * 38470u + pixel[f.blue] * 7471u;
        dst[i] = (unsigned char)((luma + 0x8000u) >> 16);
        pixel += (ptrdiff_t)r->pixel_step;
    }
}

const unsigned char *vi_rows_get(const vi_rows *r, int32_t y, int32_t first, int32_t count, unsigned char *buffer) {
    const unsigned char *pixel = r->origin + (ptrdiff_t)(y * r->row_step + first * r->pixel_step);
    if (r->pixel_step == r->channels && r->format.red == 0) return pixel;
    if (r->channels == 3) {
        to_rgb(r, pixel, count, buffer);
    } else {
        to_gray(r, pixel, count, buffer);
    }
    return buffer;
}

static void reverse(float *row, int32_t count) {
    for (int32_t i = 0, j = count - 1; i < j; i++, j--) {
        float first = row[i];
        row[i] = row[j];
        row[j] = first;
    }
}

/* Row 0 of plane c. Without planes[1] the planes follow each other, each height * stride bytes long. */
static const unsigned char *plane_of(const vi_pipeline *p, const vit_image *image, int32_t c, int64_t *stride) {
    int32_t source = image->planes[1] ? c : 0;
    *stride = image->strides[source] ? image->strides[source] : (int64_t)sizeof(float) * p->width;
    int64_t rows_before = image->planes[1] ? 0 : (int64_t)c * p->height;
    return (const unsigned char *)image->planes[source] + (ptrdiff_t)(rows_before * *stride);
}

const float *vi_image_in_place(const vi_pipeline *p, const vit_image *image) {
    const void *pixels = image->planes[0];
    bool tight = !image->strides[0] || image->strides[0] == (int64_t)sizeof(float) * p->width;
    bool as_is = image->format == VIT_PIXELS_F32 && !image->planes[1] && !image->flip && tight;
    return as_is && (uintptr_t)pixels % sizeof(float) == 0 ? pixels : NULL;
}

void vi_copy_planes(const vi_pipeline *p, const vit_image *image, float *out) {
    for (int32_t c = 0; c < p->channels; c++) {
        int64_t stride;
        const unsigned char *plane = plane_of(p, image, c, &stride);
        for (int32_t y = 0; y < p->height; y++, out += p->width) {
            int32_t row = image->flip & VIT_FLIP_VERTICAL ? p->height - 1 - y : y;
            memcpy(out, plane + (ptrdiff_t)(row * stride), sizeof(float) * (size_t)p->width);
            if (image->flip & VIT_FLIP_HORIZONTAL) reverse(out, p->width);
        }
    }
}
