/* k_avx2.c: the kernels for AVX2 and FMA. Nothing but kernels may live here: every function below the pragma may use the
 * instruction set, and only dispatch.c knows whether the machine has it. */
#include "kernels/isa.h"

#ifdef VI_HAVE_AVX2
#include <immintrin.h>
#include <string.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

#include "kernels/simd.h"
#include "kernels/simd_avx2.h"
#include "kernels/row.inc"
#include "kernels/gemm.inc"
#include "kernels/attention.inc"
#define VNNI 0
#include "kernels/dots_avx2.inc"
#include "kernels/gemm_i8.inc"

/* AVX-VNNI occurs in inline assembly only, of which clang wants to know. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avxvnni"))), apply_to = function)
#endif
#undef VNNI
#define VNNI 1
#include "kernels/dots_avx2.inc"
#include "kernels/gemm_i8.inc"
#ifdef __clang__
#pragma clang attribute pop
#endif

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

const vi_kernels vi_kernels_avx2 = {
    .isa = VIT_ISA_AVX2,
    .name = "avx2",
    .gemm = gemm,
    .layernorm = layernorm,
    .rmsnorm = rmsnorm,
    .pack_keys = pack_keys,
    .attention = attention,
    .softmax = softmax,
    .activate = activate,
};
#endif
