/* position.c: resampling of position embeddings exactly as torch.nn.functional.interpolate does it with align_corners=False and
 * the output size given: bicubic with antialias (a = -0.5; timm resample_abs_pos_embed), bicubic and bilinear without (a = -0.75;
 * transformers' interpolate_pos_encoding); with a scale_factor of (new + 0.1) / old (DINO, DINOv2 interpolate_pos_encoding); and
 * as scipy.ndimage.zoom does it with order 1 (Google's checkpoint.interpolate_posembed). */
#include "model/position.h"

#include "vit.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

/* The samples that one output coordinate is made of, along one axis. */
typedef struct taps {
    int32_t lo, count; /* samples lo .. lo + count - 1, each clamped to the axis */
    int32_t mode;
    double centre;  /* in samples: distance of sample j is j - centre */
    double stretch; /* of the filter: > 1 when antialiasing a reduction */
    double norm;
} taps;

static double cubic(double x, double a) {
    x = fabs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

static bool is_linear(int32_t mode) { return mode == VIT_POSITION_BILINEAR || mode == VIT_POSITION_ZOOM; }

static double weight(const taps *t, int32_t i) {
    double distance = (t->lo + i - t->centre) / t->stretch;
    if (is_linear(t->mode)) return fmax(0, 1 - fabs(distance));
    return cubic(distance, t->mode == VIT_POSITION_BICUBIC_ANTIALIAS ? -0.5 : -0.75) * t->norm;
}

/* Where output i lies among the inputs. */
static double centre(int32_t i, int32_t n_out, int32_t n_in, int32_t mode) {
    if (mode == VIT_POSITION_ZOOM) return n_out > 1 ? (double)i * (n_in - 1) / (n_out - 1) : 0;
    double size = mode == VIT_POSITION_BICUBIC_OFFSET ? n_out + 0.1 : n_out;
    return (i + 0.5) * n_in / size - 0.5;
}

/* The antialiasing window: as wide as the reduction, cut at the borders, weights summing to 1. */
static void widen(taps *t, double middle, int32_t n_in, double scale) {
    double sum = 0;
    t->stretch = fmax(scale, 1);
    double support = 2 * t->stretch;
    t->lo = (int32_t)fmax(0, trunc(middle - support + 0.5));
    t->count = (int32_t)fmin(n_in, trunc(middle + support + 0.5)) - t->lo;
    for (int32_t j = 0; j < t->count; j++) sum += weight(t, j);
    t->norm = 1 / sum;
}

static taps axis_taps(int32_t i, int32_t n_out, int32_t n_in, int32_t mode) {
    taps t = {0, 0, mode, centre(i, n_out, n_in, mode), 1, 1};
    if (is_linear(mode)) {
        if (t.centre < 0) t.centre = 0;
        t.lo = (int32_t)t.centre;
        t.count = 2;
    } else if (mode == VIT_POSITION_BICUBIC_ANTIALIAS) {
        widen(&t, t.centre + 0.5, n_in, (double)n_in / n_out);
    } else {
        t.lo = (int32_t)floor(t.centre) - 1;
        t.count = 4;
    }
    return t;
}

static int32_t clamp(int32_t i, int32_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

void vi_position_resample(float *dst, int32_t new_w, int32_t new_h, const float *src, int32_t old_w, int32_t old_h, size_t width,
                          int32_t mode) {
    for (int32_t y = 0; y < new_h; y++) {
        taps vertical = axis_taps(y, new_h, old_h, mode);
        for (int32_t x = 0; x < new_w; x++, dst += width) {
            taps horizontal = axis_taps(x, new_w, old_w, mode);
            memset(dst, 0, width * sizeof *dst);
            for (int32_t j = 0; j < vertical.count; j++) {
                const float *row = src + (size_t)clamp(vertical.lo + j, old_h) * (size_t)old_w * width;
                for (int32_t i = 0; i < horizontal.count; i++) {
                    const float *sample = row + (size_t)clamp(horizontal.lo + i, old_w) * width;
                    float w = (float)(weight(&vertical, j) * weight(&horizontal, i));
                    for (size_t d = 0; d < width; d++) dst[d] += w * sample[d];
                }
            }
        }
    }
}
