/* isa.h: inside the kernels room only. Which instruction sets this build contains, and their tables. A k_<isa>.c compiles to
 * nothing where its macro is not set. */
#ifndef VI_KERNELS_ISA_H
#define VI_KERNELS_ISA_H

#include <math.h>
#include "kernels/kernels.h"

/* GCC and clang can set the target of a single file by pragma, which the SIMD files need. */
#if defined(__GNUC__) && defined(__x86_64__)
#define VI_HAVE_X86 1
#endif
#if defined(__GNUC__) && defined(__aarch64__) && defined(__ARM_NEON) && !defined(__AARCH64EB__)
#define VI_HAVE_NEON 1
#endif

extern const vi_kernels vi_kernels_reference;
#ifdef VI_HAVE_X86
extern const vi_kernels vi_kernels_avx2, vi_kernels_avx512;
#endif
#ifdef VI_HAVE_NEON
extern const vi_kernels vi_kernels_neon;
#endif

/* Blocks of the SIMD matrix product (gemm.inc), the same for every ISA because the scratch sizes in pack.c follow from them. */
#define VI_GROUP 3        /* most panels side by side in a register tile */
#define VI_BLOCK_ROWS 256 /* rows that use a block of weights in turn; their partial sums wait in scratch: 48 KiB */
#define VI_BLOCK_K 1024   /* steps of k in a block of weights, even because of bf16 pairs: 3 panels are 192 KiB */

/* LayerNorm's factor. A constant row with eps 0 becomes beta instead of 0 / 0. */
static inline float vi_inverse_deviation(float variance_plus_eps) {
    return variance_plus_eps == 0.0f ? 0.0f : 1.0f / sqrtf(variance_plus_eps);
}

#endif
