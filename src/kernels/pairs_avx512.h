/* pairs_avx512.h: the vocabulary of gemm_bf16.inc on AVX512-BF16. Both instructions round to nearest even and take numbers below
 * 2^-126 as 0, whatever MXCSR says, and raise no exception. */
#ifndef VI_PAIRS_H
#define VI_PAIRS_H

#define PAIRS_TABLE vi_bf16_avx512
#define PAIRS_ISA VIT_ISA_AVX512
#define PAIRS_NAME "avx512 vdpbf16ps"

INLINE __m256i rounded(v16 x) {
    __m256i y;
    __asm__("vcvtneps2bf16 %1, %0" : "=v"(y) : "v"(x)); /* the type of its intrinsic's result changes from compiler to compiler */
    return y;
}
INLINE void pairs_store(char *p, v16 x) { _mm256_storeu_si256((__m256i *)(void *)p, rounded(x)); }
INLINE v16 pairs_zip(v16 even, v16 odd) {
    const __m512i low = _mm512_cvtepu16_epi32(rounded(even)), high = _mm512_cvtepu16_epi32(rounded(odd));
    return _mm512_castsi512_ps(_mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
}
/* As with vpdpbusd (dots_vnni.h), gcc 12 copies the sums around its intrinsic. */
INLINE v16 pairs_add(broadcast a, v16 b, v16 sum) {
    __asm__("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}

#endif
