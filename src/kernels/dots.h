/* dots.h: matrix products of inputs that are first made smaller, row by row: to bytes (int8.h) or to bf16 (bf16.h). One table per
 * kind and way to compute it. */
#ifndef VI_DOTS_TABLE_H
#define VI_DOTS_TABLE_H

#include "kernels/kernels.h"

typedef struct vi_step {
    float step;
    float zero; /* an integer, 0..255 */
} vi_step;

/* Rows made smaller, as one table's quantise writes them and its gemm reads them: the order of the bytes is its own business. */
typedef struct vi_bytes {
    void *data;    /* [M] rows of `stride` bytes; VI_ALIGN-aligned */
    size_t stride; /* at least vi_bytes_stride(K), a multiple of 64 */
    vi_step *steps; /* [M]; of int8 only */
} vi_bytes;

typedef struct vi_dots {
    int32_t isa;      /* VIT_ISA_* that the machine must have and the cap allow */
    const char *name; /* "avx512 vpdpbusd" */

    /* x [K] -> row `row` of q. */
    void (*quantise)(const vi_bytes *q, size_t row, const float *x, size_t cols);

    /* vi_kernels.gemm with A from `a` instead of g->a (which is ignored), and g->w of the table's type. scratch as there. */
    void (*gemm)(const vi_gemm *g, const vi_bytes *a, size_t row0, size_t row1, size_t panel0, size_t panel1, void *scratch);

    /* Those of vi_kernels for queries, keys, exponentials and values made smaller, with memory as there; NULL: float has them. */
    void (*pack_keys)(float *panels, const float *k, size_t ldk, size_t tokens, size_t head_dim);
    void (*attention)(const vi_attention *a, size_t row0, size_t row1, void *scratch);
} vi_dots;

size_t vi_bytes_stride(size_t cols); /* enough for every table */

#endif
