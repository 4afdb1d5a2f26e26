/* resample.c: weighted sums of bytes in 32 bits, as Pillow's 8-bit passes. Unsigned arithmetic wraps where Pillow's signed one
 * would; the bits are the same and no overflow is undefined. */
#include "image/resample.h"

#include <stddef.h>

#define HALF (UINT32_C(1) << (VI_WEIGHT_BITS - 1)) /* rounds to nearest */
#define BLOCK 64                                   /* bytes summed together: a constant, so that compilers vectorise */

/* Shift as if signed, then clamp to 0..255. */
static unsigned char to_byte(uint32_t sum) {
    uint32_t value = sum >> VI_WEIGHT_BITS;
    if (sum >> 31) return 0;
    return (unsigned char)(value > 255 ? 255 : value);
}

static void resample_gray(const vi_columns *c, const unsigned char *row, int32_t first, unsigned char *out) {
    for (int32_t x = 0; x < c->count; x++) {
        const int32_t *weight = c->weights + (size_t)x * (size_t)c->most;
        const unsigned char *pixel = row + (c->taps[x].start - first);
        uint32_t sum = HALF;
        for (int32_t k = 0; k < c->taps[x].count; k++) sum += pixel[k] * (uint32_t)weight[k];
        out[x] = to_byte(sum);
    }
}

static void resample_rgb(const vi_columns *c, const unsigned char *row, int32_t first, unsigned char *out) {
    for (int32_t x = 0; x < c->count; x++) {
        const int32_t *weight = c->weights + (size_t)x * (size_t)c->most;
        const unsigned char *pixel = row + (ptrdiff_t)(c->taps[x].start - first) * 3;
        uint32_t red = HALF, green = HALF, blue = HALF;
        for (int32_t k = 0; k < c->taps[x].count; k++, pixel += 3) {
            red += pixel[0] * (uint32_t)weight[k];
            green += pixel[1] * (uint32_t)weight[k];
            blue += pixel[2] * (uint32_t)weight[k];
        }
        *out++ = to_byte(red);
        *out++ = to_byte(green);
        *out++ = to_byte(blue);
    }
}

void vi_resample_row(const vi_columns *c, const unsigned char *row, int32_t first, int32_t channels, unsigned char *out) {
    if (channels == 3) {
        resample_rgb(c, row, first, out);
    } else {
        resample_gray(c, row, first, out);
    }
}

unsigned char *vi_ring_row(const vi_ring *r, int32_t y) {
    return r->data + (size_t)(y % r->rows) * (size_t)r->bytes;
}

void vi_sums_begin(uint32_t *sums, int32_t count) {
    for (int32_t i = 0; i < count; i++) sums[i] = HALF;
}

/* Inlined with n = BLOCK known. */
static inline void add_weighted(uint32_t *sum, const unsigned char *row, uint32_t weight, int32_t n) {
    for (int32_t i = 0; i < n; i++) sum[i] += row[i] * weight;
}

void vi_sums_add(uint32_t *sums, int32_t count, const unsigned char *row, int32_t weight) {
    int32_t at = 0;
    for (; at + BLOCK <= count; at += BLOCK) add_weighted(sums + at, row + at, (uint32_t)weight, BLOCK);
    add_weighted(sums + at, row + at, (uint32_t)weight, count - at);
}

void vi_sums_end(const uint32_t *sums, int32_t count, unsigned char *out) {
    for (int32_t i = 0; i < count; i++) out[i] = to_byte(sums[i]);
}

/* Columns [at, at + n), n <= BLOCK. Inlined with n = BLOCK known. */
static inline void sum_columns(const vi_ring *r, vi_taps taps, const int32_t *weights, int32_t at, int32_t n,
                               unsigned char *out) {
    uint32_t sum[BLOCK];
    for (int32_t i = 0; i < n; i++) sum[i] = HALF;
    for (int32_t k = 0; k < taps.count; k++) {
        add_weighted(sum, vi_ring_row(r, taps.start + k) + at, (uint32_t)weights[k], n);
    }
    for (int32_t i = 0; i < n; i++) out[at + i] = to_byte(sum[i]);
}

void vi_resample_column(const vi_ring *r, vi_taps taps, const int32_t *weights, unsigned char *out) {
    int32_t at = 0;
    for (; at + BLOCK <= r->bytes; at += BLOCK) sum_columns(r, taps, weights, at, BLOCK, out);
    if (at < r->bytes) sum_columns(r, taps, weights, at, r->bytes - at, out);
}
