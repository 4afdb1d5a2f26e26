/* k_neon.c: the kernels for AArch64, whose baseline has NEON. */
#include "kernels/isa.h"

#ifdef VI_HAVE_NEON
#include <arm_neon.h>
#include <string.h>

#include "kernels/simd.h"
#include "kernels/simd_neon.h"
#include "kernels/row.inc"
#include "kernels/gemm.inc"
#include "kernels/attention.inc"
#define DOTPROD 0
#include "kernels/dots_neon.inc"
#include "kernels/gemm_i8.inc"

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+dotprod")
#endif

#undef DOTPROD
#define DOTPROD 1
#include "kernels/dots_neon.inc"
#include "kernels/gemm_i8.inc"

#ifdef __clang__
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("bf16"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+bf16")
#endif

#include "kernels/pairs_neon.h"
#include "kernels/gemm_bf16.inc"

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

const vi_kernels vi_kernels_neon = {
    .isa = VIT_ISA_NEON,
    .name = "neon",
    .gemm = gemm,
    .layernorm = layernorm,
    .rmsnorm = rmsnorm,
    .pack_keys = pack_keys,
    .attention = attention,
    .softmax = softmax,
    .activate = activate,
};
#endif
