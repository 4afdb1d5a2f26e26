/* filter.c: Pillow's resampling weights (Resample.c precompute_coeffs, normalize_coeffs_8bpc) and its nearest neighbour
 * (Geometry.c ImagingScaleAffine). Each expression keeps Pillow's order of operations: the bits depend on it. */
#include "image/filter.h"

#include <math.h>
#include "vit.h"

#define PI 3.14159265358979323846

static double box(double x) {
    return x > -0.5 && x <= 0.5 ? 1 : 0;
}

static double bilinear(double x) {
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

static double sinc(double x) {
    if (x == 0) return 1;
    x *= PI;
    return sin(x) / x;
}

/* Pillow's constants are 0.54f and 0.46f, whose sum is not quite 1; some compilers would give those literals double precision. */
static double hamming(double x) {
    x = fabs(x);
    if (x == 0) return 1;
    if (x >= 1) return 0;
    return sinc(x) * (0.540000021457672119140625 + 0.460000008344650268554688 * cos(x * PI));
}

/* Keys' cubic convolution with a = -1/2. */
static double bicubic(double x) {
    const double a = -0.5;
    x = fabs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

static double lanczos(double x) {
    return -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0;
}

static const struct {
    double (*at)(double x);
    double support;
} filters[] = {
    [VIT_FILTER_LANCZOS] = {lanczos, 3}, [VIT_FILTER_BILINEAR] = {bilinear, 1}, [VIT_FILTER_BICUBIC] = {bicubic, 2},
    [VIT_FILTER_BOX] = {box, 0.5},       [VIT_FILTER_HAMMING] = {hamming, 1},
};

vi_sampler vi_sampler_of(int32_t filter, int32_t source, int32_t resized, int32_t first) {
    vi_sampler s = {.filter = filter, .source = source, .next = first, .scale = (double)source / resized};
    if (source == resized) s.filter = VIT_FILTER_NEAREST;
    if (s.filter == VIT_FILTER_NEAREST) {
        s.position = s.scale * 0.5;
        for (int32_t i = 0; i < first; i++) s.position += s.scale;
    } else {
        double stretch = s.scale < 1 ? 1 : s.scale;
        s.support = filters[filter].support * stretch;
        s.inverse_stretch = 1 / stretch;
    }
    return s;
}

int32_t vi_most_taps(int32_t filter, int32_t source, double ratio) {
    if (filter == VIT_FILTER_NEAREST || filter == VIT_FILTER_TF_BILINEAR) return 1; /* the latter needs no weights */
    double taps = ceil(filters[filter].support * (ratio < 1 ? 1 : ratio)) * 2 + 1;
    return taps < source ? (int32_t)taps : source;
}

/* Pillow adds up the position instead of multiplying, so rounding errors are part of the result. They never reach the pixel
 * after the last: n additions err by less than n * source * 2^-53, the last centre is source / 2n away from the end, and
 * n <= 2^20. */
static vi_taps next_nearest(vi_sampler *s, int32_t *weights) {
    vi_taps taps = {(int32_t)s->position, 1};
    s->position += s->scale;
    weights[0] = 1 << VI_WEIGHT_BITS;
    return taps;
}

/* Half away from zero. */
static int32_t quantise(double weight) {
    double scaled = weight * (1 << VI_WEIGHT_BITS);
    return (int32_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

vi_taps vi_sampler_next(vi_sampler *s, int32_t *weights, double *real) {
    int32_t i = s->next++;
    if (s->filter == VIT_FILTER_NEAREST) return next_nearest(s, weights);
    double centre = (i + 0.5) * s->scale, sum = 0;
    double low = centre - s->support + 0.5, high = centre + s->support + 0.5;
    int32_t start = low < 0 ? 0 : (int32_t)low;
    int32_t end = high > s->source ? s->source : (int32_t)high;
    for (int32_t k = 0; k < end - start; k++) {
        real[k] = filters[s->filter].at((k + start - centre + 0.5) * s->inverse_stretch);
        sum += real[k];
    }
    for (int32_t k = 0; k < end - start; k++) weights[k] = quantise(real[k] / sum);
    return (vi_taps){start, end - start};
}
