/* rope.c: angles and rotations. Half of a head's channel pairs turn with the row, half with the column of the patch.
 *
 * VI_ROPE_PAIRS (EVA-02; timm RotaryEmbeddingCat): angle = position * theta^(-j / (head_dim/4)), position = index / grid *
 * reference. VI_ROPE_HALVES (DINOv3): angle = 2 pi * position / theta^(2j / (head_dim/2)), position = 2 (index + 0.5) / grid -
 * 1. */
#include "model/rope.h"

#include <math.h>

static double angle(const vi_hparams *h, int32_t index, int32_t grid, int32_t reference, size_t j, size_t bands) {
    double theta = (double)h->rope_theta, band = (double)j / (double)bands;
    if (h->rope == VI_ROPE_PAIRS) return (double)index / grid * reference * pow(theta, -band);
    return 2 * 3.14159265358979323846 * (2 * (index + 0.5) / grid - 1) / pow(theta, band);
}

void vi_rope_table(float *table, const vi_hparams *h, int32_t grid_width, int32_t grid_height) {
    size_t half = (size_t)(h->width / h->heads) / 2, bands = half / 2;
    for (int32_t y = 0; y < grid_height; y++)
        for (int32_t x = 0; x < grid_width; x++, table += 2 * half)
            for (size_t i = 0; i < half; i++) {
                bool row = i < bands;
                double a = row ? angle(h, y, grid_height, h->rope_height, i, bands)
                               : angle(h, x, grid_width, h->rope_width, i - bands, bands);
                table[i] = (float)cos(a);
                table[half + i] = (float)sin(a);
            }
}

void vi_rope_rotate(float *x, size_t ldx, const float *table, size_t patches, size_t head_dim, int32_t rope) {
    size_t half = head_dim / 2;
    size_t step = rope == VI_ROPE_PAIRS ? 2 : 1, partner = rope == VI_ROPE_PAIRS ? 1 : half;
    for (size_t n = 0; n < patches; n++, x += ldx, table += head_dim)
        for (size_t i = 0; i < half; i++) {
            float c = table[i], s = table[half + i], a = x[i * step], b = x[i * step + partner];
            x[i * step] = a * c - b * s;
            x[i * step + partner] = b * c + a * s;
        }
}
