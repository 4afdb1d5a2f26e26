/* geometry.c: the size rules of torchvision, timm and transformers. docs/preprocessing.md names the source of each. */
#include "image/geometry.h"

#include <math.h>

static int32_t larger(int32_t a, int32_t b) {
    return a > b ? a : b;
}

static int32_t smaller(int32_t a, int32_t b) {
    return a < b ? a : b;
}

/* SHORTEST: length of the short side, or 0 when both sizes count. */
static int32_t short_side(const vi_pipeline *p) {
    return p->resize_height == 0 || p->resize_height == p->resize_width ? p->resize_width : 0;
}

/* torchvision and transformers: int(short * long / short side) in float64. The integer quotient is the same number: the float64
 * quotient of integers a / b below 2^53 never rounds up to an integer that the exact one has not reached, because the exact
 * one is at least 1/b away from it and half an ulp is at most a / b * 2^-53 < 1/b. */
static void keep_short_side(int32_t side, int32_t width, int32_t height, int64_t *resized_width, int64_t *resized_height) {
    int64_t length = (int64_t)side * larger(width, height) / smaller(width, height);
    *resized_width = width <= height ? side : length;
    *resized_height = width <= height ? length : side;
}

/* timm's ResizeKeepRatio: round half to even of size / ratio in float64. A side that rounds to nothing stays one pixel. */
static void keep_ratio(const vi_pipeline *p, int32_t width, int32_t height, int64_t *resized_width, int64_t *resized_height) {
    double across = (double)width / p->resize_width, down = (double)height / p->resize_height;
    double ratio = p->resize == VIT_RESIZE_PAD ? fmax(across, down) : fmin(across, down);
    *resized_width = (int64_t)fmax(rint(width / ratio), 1);
    *resized_height = (int64_t)fmax(rint(height / ratio), 1);
}

void vi_resized_size(const vi_pipeline *p, int32_t width, int32_t height, int64_t *resized_width, int64_t *resized_height) {
    if (p->resize == VIT_RESIZE_NONE) {
        *resized_width = width;
        *resized_height = height;
    } else if (p->resize == VIT_RESIZE_SQUASH) {
        *resized_width = p->resize_width;
        *resized_height = p->resize_height;
    } else if (p->resize == VIT_RESIZE_SHORTEST && short_side(p) != 0) {
        keep_short_side(short_side(p), width, height, resized_width, resized_height);
    } else {
        keep_ratio(p, width, height, resized_width, resized_height);
    }
}

void vi_largest_ratio(const vi_pipeline *p, int32_t max_side, double *x, double *y) {
    int32_t side = short_side(p);
    switch (p->resize) {
    case VIT_RESIZE_SQUASH:
        *x = (double)max_side / p->resize_width;
        *y = (double)max_side / p->resize_height;
        break;
    case VIT_RESIZE_SHORTEST: /* no side comes out shorter than asked for */
        *x = (double)max_side / p->resize_width;
        *y = (double)max_side / (side != 0 ? side : p->resize_height);
        break;
    case VIT_RESIZE_PAD: /* n >= 1 pixels stand for at most (n + 1/2) ratio <= 1.5 n ratio; + 1 outweighs float rounding */
        *x = *y = (1.5 * max_side + 1) / smaller(p->resize_width, p->resize_height);
        break;
    default:
        *x = *y = 1;
    }
}

/* Position of the crop in the resized picture; negative: the picture starts that many pixels inside the crop. */
static int32_t crop_start(int32_t resized, int32_t crop, int32_t rounding) {
    int32_t extra = resized - crop;
    int32_t half = extra / 2; /* towards zero */
    if (extra % 2 == 0) return half;
    if (rounding == VI_CROP_FLOOR) return extra < 0 ? half - 1 : half;
    return extra < 0 ? half : half + half % 2;
}

static vi_axis axis_of(int32_t source, int64_t resized, int32_t crop, int32_t rounding) {
    int32_t start = crop_start((int32_t)resized, crop, rounding);
    vi_axis axis = {source, (int32_t)resized, larger(start, 0), 0, larger(-start, 0)};
    axis.count = smaller(axis.resized - axis.first, crop - axis.offset);
    return axis;
}

/* Pillow 13: where that leaves the horizontal pass much less to do. */
static bool vertical_first(const vi_pipeline *p, const vi_axis *x, const vi_axis *y) {
    int32_t fewer_columns = x->source - x->resized, fewer_rows = y->source - y->resized;
    return p->pass_order == VIT_PASSES_PILLOW_13 && fewer_rows > 0 && fewer_rows > 2 * fewer_columns;
}

vi_geometry vi_geometry_of(const vi_pipeline *p, const vit_image *image) {
    vi_geometry g = {.left = image->region_x, .top = image->region_y};
    int32_t width = image->region_width ? image->region_width : image->width;
    int32_t height = image->region_height ? image->region_height : image->height;
    int64_t resized_width, resized_height;
    vi_resized_size(p, width, height, &resized_width, &resized_height);
    g.x = axis_of(width, resized_width, p->width, p->crop_rounding);
    g.y = axis_of(height, resized_height, p->height, p->crop_rounding);
    g.vertical_first = vertical_first(p, &g.x, &g.y);
    return g;
}
