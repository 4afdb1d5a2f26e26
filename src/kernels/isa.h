/* isa.h: inside the kernels room only. Which instruction sets this build contains, and their tables. A k_<isa>.c compiles to
 * nothing where its macro is not set. */
#ifndef VI_KERNELS_ISA_H
#define VI_KERNELS_ISA_H

#include <math.h>
#include "kernels/bf16.h"
#include "kernels/int8.h"

/* GCC and clang can set the target of a single file by pragma, which the SIMD files need. */
#ifndef VI_ISAS /* make ISAS=avx2 leaves the others out */
#define VI_ISAS ROW(avx2) ROW(avx512) ROW(neon)
#endif
#define ROW(name) | VI_BIT_##name
#define VI_BIT_avx2 1
#define VI_BIT_avx512 2
#define VI_BIT_neon 4
#if defined(__GNUC__) && defined(__x86_64__) && ((0 VI_ISAS) & VI_BIT_avx2)
#define VI_HAVE_AVX2 1
#endif
#if defined(__GNUC__) && defined(__x86_64__) && ((0 VI_ISAS) & VI_BIT_avx512)
#define VI_HAVE_AVX512 1
#endif
#if defined(__GNUC__) && defined(__aarch64__) && defined(__ARM_NEON) && !defined(__AARCH64EB__) && ((0 VI_ISAS) & VI_BIT_neon)
#define VI_HAVE_NEON 1
#endif
#undef ROW

extern const vi_kernels vi_kernels_reference;
extern const vi_dots vi_int8_reference;
#ifdef VI_HAVE_AVX2
extern const vi_kernels vi_kernels_avx2;
extern const vi_dots vi_int8_avx2, vi_int8_avxvnni;
#endif
#ifdef VI_HAVE_AVX512
extern const vi_kernels vi_kernels_avx512;
extern const vi_dots vi_int8_avx512, vi_bf16_avx512;
#endif
#ifdef VI_HAVE_NEON
extern const vi_kernels vi_kernels_neon;
extern const vi_dots vi_int8_neon, vi_int8_dotprod, vi_bf16_neon;
#endif

/* Blocks of the SIMD matrix product (gemm.inc), the same for every ISA because the scratch sizes in pack.c follow from them. */
#define VI_GROUP 3        /* most panels side by side in a register tile */
#define VI_BLOCK_ROWS 256 /* rows that use a block of weights in turn; their partial sums wait in scratch: 48 KiB */
#define VI_BLOCK_K 1024   /* steps of k in a block of weights, even because of bf16 pairs: 3 panels are 192 KiB */

/* Step, its inverse and the zero point of a row whose extremes, with 0, are low <= 0 <= high; bad: 0, or NaN. 254 steps leave
 * room for the zero point to be rounded up: x * inverse + zero is in -0.1..255.1, so that no byte needs clamping. */
static inline vi_step vi_step_of(float low, float high, float bad, float *inverse) {
    const float step = high * (1.0f / 254) - low * (1.0f / 254) + bad;
    *inverse = 0.0f;
    if (!(step > 1e-30f)) return (vi_step){step - step, 0.0f}; /* NaN stays */
    *inverse = 1.0f / step;
    return (vi_step){step, ceilf(-low * *inverse)};
}

/* Parts of a VI_I8 matrix. */
static inline const float *vi_i8_scales(const vi_matrix *w) { return w->data; }
static inline const float *vi_i8_sums(const vi_matrix *w) {
    return (const float *)w->data + (w->rows + VI_PANEL - 1) / VI_PANEL * VI_PANEL;
}
static inline size_t vi_i8_panel_bytes(const vi_matrix *w) { return (w->cols + 3) / 4 * 4 * VI_PANEL; }
static inline const int8_t *vi_i8_panel(const vi_matrix *w, size_t panel) {
    const size_t panels = (w->rows + VI_PANEL - 1) / VI_PANEL;
    return (const int8_t *)(vi_i8_scales(w) + 2 * panels * VI_PANEL) + panel * vi_i8_panel_bytes(w);
}

/* LayerNorm's factor. A constant row with eps 0 becomes beta instead of 0 / 0. */
static inline float vi_inverse_deviation(float variance_plus_eps) {
    return variance_plus_eps == 0.0f ? 0.0f : 1.0f / sqrtf(variance_plus_eps);
}

#endif
