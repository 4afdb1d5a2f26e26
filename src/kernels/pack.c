/* pack.c: the packed layout of weight matrices, the same for every instruction set, and the sizes of scratch memory. */
#include "base/checked.h"
#include "base/half.h"
#include "kernels/isa.h"

static size_t panels_of(size_t n) { return n / VI_PANEL + (n % VI_PANEL != 0); }

bool vi_matrix_bytes(uint32_t type, size_t rows, size_t cols, size_t *bytes) {
    size_t steps, count;
    if (type == VI_F32) steps = cols;
    else if (type == VI_BF16) steps = cols / 2 + cols % 2; /* two bf16 fill the space of one f32 */
    else return false;
    return vi_mul_size(panels_of(rows), steps, &count) && vi_mul_size(count, VI_PANEL * sizeof(float), bytes);
}

/* Index of element (row, k) in elements of the type. */
static size_t packed_index(uint32_t type, size_t cols, size_t row, size_t k) {
    size_t panel = row / VI_PANEL, lane = row % VI_PANEL;
    if (type == VI_F32) return (panel * cols + k) * VI_PANEL + lane;
    return ((panel * (cols / 2 + cols % 2) + k / 2) * VI_PANEL + lane) * 2 + k % 2;
}

void vi_pack_rows(void *dst, uint32_t type, size_t rows, size_t cols, const float *src, size_t row0, size_t row1) {
    size_t padded = row1 == rows ? panels_of(rows) * VI_PANEL : row1;
    size_t steps = type == VI_BF16 ? cols + cols % 2 : cols;
    for (size_t row = row0; row < padded; row++) {
        const float *from = src + (row - row0) * cols;
        for (size_t k = 0; k < steps; k++) {
            float value = row < rows && k < cols ? from[k] : 0.0f;
            size_t at = packed_index(type, cols, row, k);
            if (type == VI_F32) ((float *)dst)[at] = value;
            else ((uint16_t *)dst)[at] = vi_f32_to_bf16(value);
        }
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

void vi_unpack(float *dst, const vi_matrix *w) {
    for (size_t row = 0; row < w->rows; row++) {
        for (size_t k = 0; k < w->cols; k++) {
            size_t at = packed_index(w->type, w->cols, row, k);
            dst[row * w->cols + k] =
                w->type == VI_F32 ? ((const float *)w->data)[at] : vi_bf16_to_f32(((const uint16_t *)w->data)[at]);
        }
    }
}

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
