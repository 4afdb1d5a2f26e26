/* Room rule: kernels know numbers, not models. They include base/ headers and vit.h's constants, and nothing else of ours.
 *
 * kernels.h: the contract between the forward pass and every instruction set. One table of function pointers per ISA; ref.c
 * fills it in plain C (the oracle, always compiled), k_<isa>.c overrides entries. dispatch.c holds the list of ISAs.
 *
 * Rules for every entry
 *   - reads and writes only the ranges stated (no over-read past a row's end), any alignment of 4, allocates nothing;
 *   - results do not depend on how rows or panels are split between calls, nor on the addresses;
 *   - all SIMD tables give the same bits as each other: sums run in the order stated below with fused multiply-adds, and
 *     exp, erf and tanh are the same polynomials. The reference differs from them in the last bits only;
 *   - NaN and infinity propagate (a NaN in a row makes that row's results NaN, other rows stay as they are); activations
 *     of +-infinity are their limits (gelu(-infinity) is 0);
 *   - no change of the floating-point environment; no invalid-operation or divide-by-zero exception on finite input whose
 *     sums do not overflow.
 *
 * Order of sums. Matrix products: one accumulator per output, k ascending, fused multiply-add. Reductions over a row
 * (norms, softmax): 16 partial sums, element i into partial i mod 16, then the tree p[i] += p[i+8], +4, +2, +1. */
#ifndef VI_KERNELS_H
#define VI_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/alloc.h"

#define VI_PANEL 16 /* output channels side by side in a packed matrix: one zmm, two ymm, four NEON registers */

/* Element types of packed matrices; the numbers are stored in .vit files. */
#define VI_F32 1  /* [ceil(N/16)][K][16] float */
#define VI_BF16 2 /* [ceil(N/16)][ceil(K/2)][16][2] uint16, k even then odd (what bf16 dot products want) */
#define VI_I8 3   /* for int8.h: scale [16 ceil(N/16)] float, sum [16 ceil(N/16)] float, then [ceil(N/16)][ceil(K/4)][16][4] int8,
                     -127..127: W[n, k] = scale[n] * byte, sum[n] = the sum of row n's bytes. At most VI_I8_COLS columns */

#define VI_I8_COLS 65536

/* Packed weights of y = W x, W [N, K]. Rows N..16*ceil(N/16)-1 and columns that fill up a pair or four are zero.
 * data is 64-byte aligned when the file was (4-byte alignment is enough to be correct). */
typedef struct vi_matrix {
    const void *data;
    uint32_t type;    /* VI_F32, VI_BF16, VI_I8 */
    size_t rows, cols; /* N, K */
} vi_matrix;

/* C[M, N] = residual + gain * act(A[M, K] W^T + bias), row-major with leading dimensions in floats. */
typedef struct vi_gemm {
    const float *a; /* [M, K], lda >= K */
    size_t lda;
    const vi_matrix *w; /* [N, K], VI_F32 or VI_BF16 */
    float *c; /* [M, N], ldc >= N */
    size_t ldc;
    const float *bias;     /* [N] or NULL */
    const float *gain;     /* [N] (layer scale) or NULL for 1 */
    const float *residual; /* [M, N], ldr >= N, or NULL; may be c itself (with ldr == ldc) */
    size_t ldr;
    int32_t activation; /* VIT_ACT_*, or VI_ACT_NONE */
    const vi_matrix *next; /* of the same type: its first weights may be fetched into cache while this product ends. NULL: none */
} vi_gemm;

#define VI_ACT_NONE (-1)
#define VI_ACT_TANH 100 /* pooler of transformers, pre_logits of the first 21k checkpoints */

/* One head of one image: softmax(scale * Q K^T) V for some query rows. */
typedef struct vi_attention {
    const float *q; /* [T, hd], row stride ldq */
    size_t ldq;
    const float *k_panels; /* keys packed by pack_keys: [ceil(T/16)][hd][16], missing keys zero */
    const float *v; /* [T, hd], row stride ldv */
    size_t ldv;
    float *out; /* [T, hd], row stride ldo */
    size_t ldo;
    float *probabilities; /* [T, T] tight, or NULL: attention map of this head, if wanted */
    size_t tokens, head_dim;
    float scale; /* 1e-30 or more */
    bool causal; /* query row i takes the keys 0..i only; the others have probability 0 */
} vi_attention;

/* Query rows worked on together, so that their scores stay in cache: a multiple of the rows of x86 tiles, 6 and 8. */
#define VI_ATTENTION_ROWS 24

typedef struct vi_kernels {
    int32_t isa; /* VIT_ISA_* */
    const char *name;

    /* Rows [row0, row1) x panels [panel0, panel1) of the product. scratch: vi_gemm_scratch(K) bytes, VI_ALIGN-aligned, this
     * lane's own. Fastest with many rows and a multiple of 3 panels per call. */
    void (*gemm)(const vi_gemm *g, size_t row0, size_t row1, size_t panel0, size_t panel1, void *scratch);

    /* y[r, :] = (x[r, :] - mean) / sqrt(var + eps) * gamma + beta, biased variance, two passes. gamma, beta [n] or NULL (1, 0).
     * y may be x. Where var + eps is 0, y is beta. */
    void (*layernorm)(float *y, size_t ldy, const float *x, size_t ldx, const float *gamma, const float *beta, float eps,
                      size_t rows, size_t n);

    /* y[r, :] = x[r, :] / sqrt(mean of squares + eps) * gamma. gamma [n] or NULL (1). y may be x. */
    void (*rmsnorm)(float *y, size_t ldy, const float *x, size_t ldx, const float *gamma, float eps, size_t rows, size_t n);

    /* k [T, hd] with row stride ldk -> panels [ceil(T/16)][hd][16]. */
    void (*pack_keys)(float *panels, const float *k, size_t ldk, size_t tokens, size_t head_dim);

    /* Query rows [row0, row1). scratch: vi_attention_scratch(tokens, head_dim) bytes, VI_ALIGN-aligned, this lane's own. Each
     * call packs V anew, which 64 rows or more make up for. */
    void (*attention)(const vi_attention *a, size_t row0, size_t row1, void *scratch);

    void (*softmax)(float *y, const float *x, size_t n);          /* y may be x; n >= 1 */
    void (*activate)(float *x, size_t n, int32_t activation);     /* in place: VIT_ACT_*, VI_ACT_TANH */
} vi_kernels;

/* Upper bounds for all ISAs, so that memory plans do not depend on the machine. */
size_t vi_gemm_scratch(size_t cols);
size_t vi_attention_scratch(size_t tokens, size_t head_dim);

/* Bytes of a packed matrix; false when that overflows size_t. The size is a multiple of 64. */
bool vi_matrix_bytes(uint32_t type, size_t rows, size_t cols, size_t *bytes);

/* Packs rows [row0, row1) (row0 a multiple of 16; row1 too, or N) of a row-major W [N, K]: src is row row0, tight. dst is the
 * whole packed matrix. VI_I8: a row's largest weight becomes +-127; a row with NaN or infinity gets the scale NaN. */
void vi_pack_rows(void *dst, uint32_t type, size_t rows, size_t cols, const float *src, size_t row0, size_t row1);
/* The same from columns [col0, col1) of rows [row0, row1): src [col1 - col0, row1 - row0]. Other elements, also padding, stay as
 * they are. */
void vi_pack_columns(void *dst, uint32_t type, size_t cols, const float *src, size_t row0, size_t row1, size_t col0, size_t col1);
/* The inverse, exact for the stored precision (dst [rows, cols] tight): for tests and for conversion between precisions. */
void vi_unpack(float *dst, const vi_matrix *w);
void vi_unpack_row(float *dst, const vi_matrix *w, size_t row); /* dst [cols] */

/* Best table whose ISA is <= cap among those compiled in and runnable here (cap VIT_ISA_BEST: no cap). VIT_ISA_NEON caps like
 * AVX512 does on its own architecture; a cap naming another architecture's ISA gives the reference. Never NULL. Thread-safe. */
const vi_kernels *vi_kernels_for(int32_t cap);
/* For tests, bench and vit_isa_*: the table of exactly this ISA, or NULL when not compiled in or not runnable here. */
const vi_kernels *vi_kernels_exact(int32_t isa);
const char *vi_isa_name(int32_t isa); /* "" when unknown */

#endif
