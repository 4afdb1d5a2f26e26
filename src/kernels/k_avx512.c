/* k_avx512.c: the kernels for AVX-512. Nothing but kernels may live here: every function below the pragma may use the
 * instruction set, and only dispatch.c knows whether the machine has it. */
#include "kernels/isa.h"

#ifdef VI_HAVE_AVX512
#include <immintrin.h>
#include <string.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")
#endif

#include "kernels/simd.h"
#include "kernels/simd_avx512.h"
#include "kernels/row.inc"
#include "kernels/gemm.inc"
#include "kernels/attention.inc"
#include "kernels/pairs_avx512.h"
#include "kernels/gemm_bf16.inc"

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512vnni,avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))),   \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512vnni,avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")
#endif

#include "kernels/dots_vnni.h"
#include "kernels/gemm_i8.inc"

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

const vi_kernels vi_kernels_avx512 = {
    .isa = VIT_ISA_AVX512,
    .name = "avx512",
    .gemm = gemm,
    .layernorm = layernorm,
    .rmsnorm = rmsnorm,
    .pack_keys = pack_keys,
    .attention = attention,
    .softmax = softmax,
    .activate = activate,
};
#endif
