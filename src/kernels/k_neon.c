/* k_neon.c: the kernels for AArch64, whose baseline has NEON. */
#include "kernels/isa.h"

#ifdef VI_HAVE_NEON
#include <arm_neon.h>

#include "kernels/simd.h"
#include "kernels/simd_neon.h"
#include "kernels/row.inc"
#include "kernels/gemm.inc"
#include "kernels/attention.inc"

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
