/* pack.c: the packed layout of weight matrices, the same for every instruction set, and the sizes of scratch memory. */
#include <float.h>
#include <string.h>
#include "base/checked.h"
#include "base/half.h"
#include "kernels/isa.h"

static size_t panels_of(size_t n) { return n / VI_PANEL + (n % VI_PANEL != 0); }

bool vi_matrix_bytes(uint32_t type, size_t rows, size_t cols, size_t *bytes) {
    size_t steps, count;
    if (type == VI_F32) steps = cols;
    else if (type == VI_BF16) steps = cols / 2 + cols % 2; /* two bf16 fill the space of one f32 */
    else if (type == VI_I8 && cols <= VI_I8_COLS) steps = cols / 4 + (cols % 4 != 0) + 2; /* and one each of scales, sums */
    else return false;
    return vi_mul_size(panels_of(rows), steps, &count) && vi_mul_size(count, VI_PANEL * sizeof(float), bytes);
}

/* Index of element (row, k) in elements of the type. */
static size_t packed_index(uint32_t type, size_t cols, size_t row, size_t k) {
    size_t panel = row / VI_PANEL, lane = row % VI_PANEL;
    if (type == VI_F32) return (panel * cols + k) * VI_PANEL + lane;
    return ((panel * (cols / 2 + cols % 2) + k / 2) * VI_PANEL + lane) * 2 + k % 2;
}

/* Scale of a row whose largest magnitude becomes 127, and its inverse. NaN and infinity make the scale NaN. */
static float int8_scale(const float *w, size_t cols, float *inverse) {
    float most[VI_PANEL] = {0}, bad[VI_PANEL] = {0}; /* lanes, which any compiler turns into vector code */
    size_t k = 0;
    for (; k + VI_PANEL <= cols; k += VI_PANEL) {
        for (size_t i = 0; i < VI_PANEL; i++) {
            float magnitude = fabsf(w[k + i]);
            most[i] = most[i] > magnitude ? most[i] : magnitude;
            bad[i] += w[k + i] * 0.0f;
        }
    }
    for (; k < cols; k++) {
        most[0] = most[0] > fabsf(w[k]) ? most[0] : fabsf(w[k]);
        bad[0] += w[k] * 0.0f;
    }
    for (size_t i = 1; i < VI_PANEL; i++) {
        most[0] = most[0] > most[i] ? most[0] : most[i];
        bad[0] += bad[i];
    }
    *inverse = most[0] > 1e-30f && bad[0] == 0.0f ? 127.0f / most[0] : 0.0f;
    return (*inverse > 0.0f ? most[0] / 127.0f : 0.0f) + bad[0];
}

/* Up to four weights as bytes, the rest 0; returns their sum. |w * inverse| <= 127.00002. */
static int32_t int8_four(int8_t *to, const float *w, size_t n, float inverse) {
    int32_t sum = 0;
    int8_t bytes[4] = {0};
    for (size_t i = 0; i < n; i++) {
        float x = w[i] * inverse;
        bytes[i] = (int8_t)(int32_t)(x + (x < 0 ? -0.5f : 0.5f));
        sum += bytes[i];
    }
    memcpy(to, bytes, sizeof bytes);
    return sum;
}

static void pack_int8_rows(void *dst, size_t rows, size_t cols, const float *src, size_t row0, size_t row1) {
    const vi_matrix w = {dst, VI_I8, rows, cols};
    const size_t padded = row1 == rows ? panels_of(rows) * VI_PANEL : row1;
    float *scales = dst, *sums = scales + panels_of(rows) * VI_PANEL;
    for (size_t row = row0; row < padded; row++) {
        const float *from = row < rows ? src + (row - row0) * cols : src; /* padding: nothing is read */
        int8_t *to = (int8_t *)(uintptr_t)vi_i8_panel(&w, row / VI_PANEL) + row % VI_PANEL * 4;
        float inverse = 0;
        int32_t sum = 0;
        size_t k = 0;
        scales[row] = row < rows ? int8_scale(from, cols, &inverse) : 0.0f;
        for (; inverse > 0.0f && k + 4 <= cols; k += 4, to += 4 * VI_PANEL) sum += int8_four(to, from + k, 4, inverse);
        for (; k < cols; k += 4, to += 4 * VI_PANEL) sum += int8_four(to, from + k, inverse > 0.0f ? cols - k : 0, inverse);
        sums[row] = (float)sum; /* exact: below 2^24 */
    }
}

static void unpack_int8_row(float *dst, const vi_matrix *w, size_t row) {
    const int8_t *from = vi_i8_panel(w, row / VI_PANEL) + row % VI_PANEL * 4;
    for (size_t k = 0; k < w->cols; k++) dst[k] = vi_i8_scales(w)[row] * (float)from[k / 4 * 4 * VI_PANEL + k % 4];
}

bool vi_int8_check(const vi_matrix *w) {
    const float *scales = vi_i8_scales(w), *sums = vi_i8_sums(w);
    bool good = true;
    for (size_t i = 0; i < panels_of(w->rows) * VI_PANEL; i++) {
        good &= scales[i] >= 0 && scales[i] <= FLT_MAX && fabsf(sums[i]) <= 127.0f * (float)w->cols;
    }
    return good;
}

/* src [n, cols] -> one panel, written from its beginning to its end: memory that is new comes page by page */
static void pack_f32_panel(float *to, const float *src, size_t n, size_t cols) {
    for (size_t k = 0; k < cols; k++, to += VI_PANEL) {
        for (size_t i = 0; i < n; i++) to[i] = src[i * cols + k];
        for (size_t i = n; i < VI_PANEL; i++) to[i] = 0.0f;
    }
}

static void pack_bf16_panel(uint16_t *to, const float *src, size_t n, size_t cols) {
    for (size_t k = 0; k < cols; k += 2, to += 2 * VI_PANEL) {
        for (size_t i = 0; i < VI_PANEL; i++) {
            const float *pair = src + i * cols + k;
            to[2 * i] = i < n ? vi_f32_to_bf16(pair[0]) : 0;
            to[2 * i + 1] = i < n && k + 1 < cols ? vi_f32_to_bf16(pair[1]) : 0;
        }
    }
}

void vi_pack_rows(void *dst, uint32_t type, size_t rows, size_t cols, const float *src, size_t row0, size_t row1) {
    if (type == VI_I8) {
        pack_int8_rows(dst, rows, cols, src, row0, row1);
        return;
    }
    for (size_t row = row0; row < row1; row += VI_PANEL) {
        size_t at = packed_index(type, cols, row, 0), n = row1 - row < VI_PANEL ? row1 - row : VI_PANEL;
        const float *from = src + (row - row0) * cols;
        if (type == VI_F32) pack_f32_panel((float *)dst + at, from, n, cols);
        else pack_bf16_panel((uint16_t *)dst + at, from, n, cols);
    }
}

/* A panel at a time: its columns lie side by side, and so do the 16 rows of each in src. */
void vi_pack_columns(void *dst, uint32_t type, size_t cols, const float *src, size_t row0, size_t row1, size_t col0,
                     size_t col1) {
    for (size_t row = row0, next; row < row1; row = next) {
        next = (row / VI_PANEL + 1) * VI_PANEL < row1 ? (row / VI_PANEL + 1) * VI_PANEL : row1;
        for (size_t k = col0; k < col1; k++) {
            const float *from = src + (k - col0) * (row1 - row0) + (row - row0);
            size_t at = packed_index(type, cols, row, k), n = next - row;
            for (size_t i = 0; type == VI_F32 && i < n; i++) ((float *)dst)[at + i] = from[i];
            for (size_t i = 0; type == VI_BF16 && i < n; i++) ((uint16_t *)dst)[at + 2 * i] = vi_f32_to_bf16(from[i]);
        }
    }
}

void vi_unpack_row(float *dst, const vi_matrix *w, size_t row) {
    if (w->type == VI_I8) {
        unpack_int8_row(dst, w, row);
        return;
    }
    for (size_t k = 0; k < w->cols; k++) {
        size_t at = packed_index(w->type, w->cols, row, k);
        dst[k] = w->type == VI_F32 ? ((const float *)w->data)[at] : vi_bf16_to_f32(((const uint16_t *)w->data)[at]);
    }
}

void vi_unpack(float *dst, const vi_matrix *w) {
    for (size_t row = 0; row < w->rows; row++) vi_unpack_row(dst + row * w->cols, w, row);
}

/* Up to two bytes of memory for an input. The odd line keeps rows from meeting in the same sets of a cache. */
size_t vi_bytes_stride(size_t cols) { return (2 * cols + VI_ALIGN - 1) / VI_ALIGN * VI_ALIGN + VI_ALIGN; }

/* SIMD: partial sums of a row block, then one block of bf16 weights in f32. Reference: one panel of bf16 weights in f32. */
size_t vi_gemm_scratch(size_t cols) {
    size_t block = cols < VI_BLOCK_K ? cols + cols % 2 : VI_BLOCK_K;
    size_t simd = (VI_BLOCK_ROWS + block) * VI_GROUP * VI_PANEL * sizeof(float);
    size_t reference = (cols + cols % 2) * VI_PANEL * sizeof(float);
    return simd > reference ? simd : reference;
}

/* Scores of a row block, its output, and V in panels. */
size_t vi_attention_scratch(size_t tokens, size_t head_dim) {
    size_t keys = panels_of(tokens) * VI_PANEL, dims = panels_of(head_dim) * VI_PANEL;
    return (VI_ATTENTION_ROWS * (keys + dims) + tokens * dims) * sizeof(float);
}
