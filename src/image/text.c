/* text.c: a pipeline in words. Numbers are written without printf's floating formats, whose decimal sign follows the locale. */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include "image/image.h"

typedef struct writer {
    char *dst;
    size_t size, used; /* used < size: what is written, without the NUL */
} writer;

static void put(writer *w, const char *text) {
    while (*text && w->used + 1 < w->size) w->dst[w->used++] = *text++;
    if (w->size > 0) w->dst[w->used] = '\0';
}

static void put_int(writer *w, int64_t value) {
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, value);
    put(w, digits);
}

static void put_size(writer *w, int32_t width, int32_t height) {
    put_int(w, width);
    put(w, "x");
    put_int(w, height);
}

/* The fewest decimals, 9 at most, that give the same float back. */
static void put_real(writer *w, float value) {
    int64_t unit = 1;
    int decimals = 0;
    if (!(fabsf(value) < 1e9f)) {
        put(w, "a huge number");
        return;
    }
    while (decimals < 9 && (float)(rint((double)value * (double)unit) / (double)unit) != value) {
        unit *= 10;
        decimals++;
    }
    int64_t scaled = (int64_t)rint(fabs((double)value) * (double)unit);
    if (value < 0) put(w, "-");
    put_int(w, scaled / unit);
    if (decimals == 0) return;
    char digits[24];
    snprintf(digits, sizeof digits, ".%0*" PRId64, decimals, scaled % unit);
    put(w, digits);
}

/* "1/255" where that is what the number stands for. */
static void put_scale(writer *w, float scale) {
    float inverse = rintf(1 / scale);
    if (inverse >= 2 && inverse <= 65536 && (float)(1 / inverse) == scale) {
        put(w, "1/");
        put_int(w, (int64_t)inverse);
    } else {
        put_real(w, scale);
    }
}

static void put_channels(writer *w, const char *name, const float *values, int32_t count) {
    put(w, name);
    for (int32_t c = 0; c < count; c++) {
        put(w, " ");
        put_real(w, values[c]);
    }
}

static void put_resize(writer *w, const vi_pipeline *p) {
    static const char *const filters[] = {"nearest", "lanczos", "bilinear",  "bicubic",
                                          "box",     "hamming", "bilinear as in TensorFlow"};
    bool one_side = p->resize_height == 0 || p->resize_height == p->resize_width;
    if (p->resize == VIT_RESIZE_NONE) {
        put(w, "no resizing, picture must be ");
        put_size(w, p->width, p->height);
        return;
    }
    if (p->resize == VIT_RESIZE_SHORTEST && one_side) {
        put(w, "resize shortest side to ");
        put_int(w, p->resize_width);
    } else {
        put(w, p->resize == VIT_RESIZE_SQUASH ? "resize to " : p->resize == VIT_RESIZE_PAD ? "fit into " : "cover ");
        put_size(w, p->resize_width, p->resize_height);
    }
    put(w, " (");
    put(w, filters[p->filter]);
    if (p->pass_order == VIT_PASSES_PILLOW_13) put(w, " as in Pillow 13");
    put(w, p->resize == VIT_RESIZE_PAD ? "), centre on " : "), centre crop ");
    put_size(w, p->width, p->height);
    if (p->resize == VIT_RESIZE_PAD) put(w, " of the mean colour");
}

void vi_pipeline_text(const vi_pipeline *p, char *dst, size_t size) {
    writer w = {dst, size, 0};
    put_resize(&w, p);
    put(&w, ", scale ");
    put_scale(&w, p->scale);
    put_channels(&w, ", mean", p->mean, p->channels);
    put_channels(&w, ", std", p->std, p->channels);
}
