/* pairs_avx512.h: the vocabulary of gemm_bf16.inc on AVX512-BF16. Both instructions round to nearest even and take numbers below
 * 2^-126 as 0, whatever MXCSR says, and raise no exception. */
#ifndef VI_PAIRS_H
#define VI_PAIRS_H

#define PAIRS_TABLE vi_bf16_avx512
#define PAIRS_ISA VIT_ISA_AVX512
#define PAIRS_NAME "avx512 vdpbf16ps"

INLINE void pairs_store(char *p, v16 x) {
    __m256i y;
    __asm__("vcvtneps2bf16 %1, %0" : "=v"(y) : "v"(x)); /* the type of its intrinsic's result changes from compiler to compiler */
    _mm256_storeu_si256((__m256i *)(void *)p, y);
}
/* As with vpdpbusd (dots_vnni.h), gcc 12 copies the sums around its intrinsic. */
INLINE v16 pairs_add(broadcast a, v16 b, v16 sum) {
    __asm__("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}

#endif
