/* rope.c: angles and rotations. Half of a head's channel pairs turn with the row, half with the column of the patch.
 *
 * VI_ROPE_PAIRS (EVA-02; timm RotaryEmbeddingCat): angle = position * theta^(-j / (head_dim/4)), position = (index + offset) /
 * grid * reference. VI_ROPE_MIXED (RoPE-ViT; timm RotaryEmbeddingMixed): angle = column * f + row * g, with f and g learned for
 * every pair of every head. VI_ROPE_HALVES (DINOv3): angle = 2 pi * position / theta^(2j / (head_dim/2)), position =
 * 2 (index + 0.5) / grid - 1. */
#include "model/rope.h"

#include <math.h>

/* Turn of band j of `bands` at row or column `index` of `grid`. periods [bands] or NULL: theta^(j / bands) */
static double angle(const vi_hparams *h, const float *periods, int32_t index, int32_t grid, int32_t reference, size_t j,
                    size_t bands) {
    double theta = (double)h->rope_theta, band = (double)j / (double)bands, position = index + (double)h->rope_offset;
    if (h->rope == VI_ROPE_PAIRS) return (reference > 0 ? position / grid * reference : position) * pow(theta, -band);
    return 2 * 3.14159265358979323846 * (2 * (index + 0.5) / grid - 1) / (periods ? (double)periods[j] : pow(theta, band));
}

/* Of pair i at patch (x, y): the first half of the pairs turns with the row, the second with the column, or the other way. */
static double pair_angle(const vi_hparams *h, const float *periods, size_t i, int32_t x, int32_t y, int32_t width,
                         int32_t height) {
    size_t bands = (size_t)(h->width / h->heads) / 4;
    bool first = i < bands, row = first != (h->rope_columns_first != 0);
    size_t j = first ? i : i - bands;
    return row ? angle(h, periods, y, height, h->rope_height, j, bands) : angle(h, periods, x, width, h->rope_width, j, bands);
}

void vi_rope_table(float *table, const vi_hparams *h, const vi_weights *w, int32_t grid_width, int32_t grid_height) {
    size_t half = (size_t)(h->width / h->heads) / 2, tables = vi_rope_tables(h);
    const float *freqs = w->rope_freqs;
    for (size_t t = 0; t < tables; t++)
        for (int32_t y = 0; y < grid_height; y++)
            for (int32_t x = 0; x < grid_width; x++, table += 2 * half)
                for (size_t i = 0; i < half; i++) {
                    double a = h->rope == VI_ROPE_MIXED
                                   ? (double)freqs[t * half + i] * x + (double)freqs[(tables + t) * half + i] * y
                                   : pair_angle(h, w->rope_periods, i, x, y, grid_width, grid_height);
                    table[i] = (float)cos(a);
                    table[half + i] = (float)sin(a);
                }
}

void vi_rope_rotate(float *x, size_t ldx, const float *table, size_t patches, size_t head_dim, int32_t rope) {
    size_t half = head_dim / 2;
    bool halves = rope == VI_ROPE_HALVES;
    size_t step = halves ? 1 : 2, partner = halves ? half : 1;
    for (size_t n = 0; n < patches; n++, x += ldx, table += head_dim)
        for (size_t i = 0; i < half; i++) {
            float c = table[i], s = table[half + i], a = x[i * step], b = x[i * step + partner];
            x[i * step] = a * c - b * s;
            x[i * step + partner] = b * c + a * s;
        }
}
