/* int8.h: matrix products of 8-bit weights (VI_I8 of kernels.h) with 8-bit inputs: the contract, one table per way to compute
 * them. The inputs are quantised row by row as they arise; sums are exact integers, what comes after them is float.
 *
 * A row x [K] becomes bytes 0..255 with a step and a zero point of its own: x = step * (byte - zero) to within step / 2, where
 * step = (max(x, 0) - min(x, 0)) / 254. Where step would be below 1e-30 the row counts as 0; NaN or infinity anywhere in a row
 * makes its step NaN, and so its results.
 *
 * Rules beside those of kernels.h: all tables but the reference give the same bits; the reference has the same bytes and
 * integer sums, and differs in the last bits of the epilogue. No 32-bit sum overflows: 255 * 127 * VI_I8_COLS < 2^31. */
#ifndef VI_INT8_H
#define VI_INT8_H

#include "kernels/kernels.h"

typedef struct vi_step {
    float step;
    float zero; /* an integer, 0..255 */
} vi_step;

/* Quantised rows, as one table's quantise writes them and its gemm reads them: the order of the bytes is its own business. */
typedef struct vi_bytes {
    void *data;    /* [M] rows of `stride` bytes; VI_ALIGN-aligned */
    size_t stride; /* at least vi_bytes_stride(K), a multiple of 64 */
    vi_step *steps; /* [M] */
} vi_bytes;

typedef struct vi_int8 {
    int32_t isa;      /* VIT_ISA_* that the machine must have and the cap allow */
    const char *name; /* "avx512 vpdpbusd" */

    /* x [K] -> row `row` of q. */
    void (*quantise)(const vi_bytes *q, size_t row, const float *x, size_t cols);

    /* vi_kernels.gemm with A from `a` instead of g->a (which is ignored) and g->w of type VI_I8. In exact arithmetic
     *   C = residual + gain * act(step[m] * scale[n] * sum_k (byte[m][k] - zero[m]) w[n][k] + bias[n]). */
    void (*gemm)(const vi_gemm *g, const vi_bytes *a, size_t row0, size_t row1, size_t panel0, size_t panel1, void *scratch);
} vi_int8;

size_t vi_bytes_stride(size_t cols); /* enough for every table; cols <= VI_I8_COLS */

/* Best table for a cap as in vi_kernels_for. Never NULL. */
const vi_int8 *vi_int8_for(int32_t cap);
/* For tests and bench: table number i, best first; *runs says whether this machine can run it. NULL: no more. */
const vi_int8 *vi_int8_at(size_t i, bool *runs);

/* What may be trusted of a matrix from a file: scales finite and not negative, sums within what K bytes can add up to. */
bool vi_int8_check(const vi_matrix *w);

#endif
