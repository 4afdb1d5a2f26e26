/* dots_vnni.h: the vocabulary of gemm_i8.inc on AVX-512 VNNI: 16 sums in a register, inputs are the unsigned operand. */
#ifndef VI_DOTS_H
#define VI_DOTS_H

#define INT8(name) name##_avx512
#define INT8_ISA VIT_ISA_AVX512
#define INT8_NAME "avx512 vpdpbusd"
#define DOT_ROWS 8 /* 8 x 3 sums, 3 of weights, 1 of inputs: 28 of 32 registers */
#define DOT_PANELS 3
#define DOT_PARTS 1   /* of a step of four k */
#define EXTREMES 4
#define INPUT_BYTES 1 /* of memory for an input */

typedef __m512i dots;    /* 16 sums */
typedef __m512i weights; /* [16][4] */
typedef __m512i inputs;  /* [4], 16 times */

INLINE weights INT8(weights_load)(const int8_t *p, size_t part) {
    (void)part;
    return _mm512_loadu_si512(p);
}
INLINE inputs INT8(inputs_load)(const char *p, size_t part) {
    (void)part;
    int32_t four;
    memcpy(&four, p, sizeof four);
    return _mm512_set1_epi32(four);
}
INLINE dots INT8(dots_start)(const float *byte_sum) {
    (void)byte_sum;
    return _mm512_setzero_si512();
}
/* gcc 12 copies the sums around its intrinsic, until they spill. */
INLINE dots INT8(dots_add)(dots sum, inputs x, weights w) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
    return sum;
}
INLINE v16 INT8(dots_floats)(dots sum) { return _mm512_cvtepi32_ps(sum); }
INLINE void INT8(store_bytes)(char *p, v16 rounded) {
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtepi32_epi8(_mm512_castps_si512(rounded)));
}
INLINE v16 INT8(smaller)(v16 a, v16 b) { return _mm512_min_ps(a, b); }

#endif
