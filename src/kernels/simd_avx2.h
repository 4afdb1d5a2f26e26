/* simd_avx2.h: the vector vocabulary of the templates (see docs/kernels.md) on AVX2 + FMA: v16 is two ymm registers. */
#ifndef VI_SIMD_H
#define VI_SIMD_H

#define TILE_ROWS 6 /* 6 x 2 accumulators, 2 of B, 1 of A: 15 of 16 registers */
#define TILE_PANELS 1
#define UNROLL_STEPS UNROLL_TWICE /* saves address arithmetic; more often, gcc spills */

typedef struct v16 {
    __m256 low, high;
} v16;
typedef __m256 broadcast; /* one number in every lane */

INLINE v16 v16_set(float x) { return (v16){_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
INLINE v16 v16_load(const float *p) { return (v16){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
INLINE void v16_store(float *p, v16 x) {
    _mm256_storeu_ps(p, x.low);
    _mm256_storeu_ps(p + 8, x.high);
}
/* All bits set in lanes first..first + 7 that are below n. */
INLINE __m256i lanes_below(size_t n, int first) {
    __m256i lane = _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(first));
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
}
INLINE v16 v16_load_n(const float *p, size_t n) {
    return (v16){_mm256_maskload_ps(p, lanes_below(n, 0)), _mm256_maskload_ps(p + 8, lanes_below(n, 8))};
}
INLINE void v16_store_n(float *p, v16 x, size_t n) {
    _mm256_maskstore_ps(p, lanes_below(n, 0), x.low);
    _mm256_maskstore_ps(p + 8, lanes_below(n, 8), x.high);
}

INLINE v16 v16_add(v16 a, v16 b) { return (v16){_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)}; }
INLINE v16 v16_sub(v16 a, v16 b) { return (v16){_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)}; }
INLINE v16 v16_mul(v16 a, v16 b) { return (v16){_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)}; }
INLINE v16 v16_div(v16 a, v16 b) { return (v16){_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)}; }
INLINE v16 v16_fma(v16 a, v16 b, v16 c) {
    return (v16){_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
INLINE v16 v16_max(v16 a, v16 b) { return (v16){_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)}; }
INLINE v16 v16_relu(v16 x) { return v16_max(v16_set(0.0f), x); } /* equal or unordered gives x */
INLINE v16 v16_minus_abs(v16 x) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return (v16){_mm256_or_ps(sign, x.low), _mm256_or_ps(sign, x.high)};
}
INLINE v16 v16_copysign(v16 x, v16 sign) {
    const __m256 bit = _mm256_set1_ps(-0.0f);
    return (v16){_mm256_or_ps(_mm256_andnot_ps(bit, x.low), _mm256_and_ps(bit, sign.low)),
                 _mm256_or_ps(_mm256_andnot_ps(bit, x.high), _mm256_and_ps(bit, sign.high))};
}
INLINE v16 v16_if_less(v16 a, v16 b, v16 yes, v16 no) {
    return (v16){_mm256_blendv_ps(no.low, yes.low, _mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ)),
                 _mm256_blendv_ps(no.high, yes.high, _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ))};
}
INLINE __m256 exponent8(__m256 x) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(x), 23)); }
INLINE v16 v16_exponent(v16 x) { return (v16){exponent8(x.low), exponent8(x.high)}; }

INLINE float v16_tree_sum(v16 x) {
    __m256 p8 = _mm256_add_ps(x.low, x.high);
    __m128 p4 = _mm_add_ps(_mm256_castps256_ps128(p8), _mm256_extractf128_ps(p8, 1));
    __m128 p2 = _mm_add_ps(p4, _mm_movehl_ps(p4, p4));
    return _mm_cvtss_f32(_mm_add_ss(p2, _mm_movehdup_ps(p2)));
}
INLINE float v16_tree_max(v16 x) {
    __m256 p8 = _mm256_max_ps(x.low, x.high);
    __m128 p4 = _mm_max_ps(_mm256_castps256_ps128(p8), _mm256_extractf128_ps(p8, 1));
    __m128 p2 = _mm_max_ps(p4, _mm_movehl_ps(p4, p4));
    return _mm_cvtss_f32(_mm_max_ss(p2, _mm_movehdup_ps(p2)));
}

INLINE v16 zip8(__m256 a, __m256 b) {
    const __m256 low = _mm256_unpacklo_ps(a, b), high = _mm256_unpackhi_ps(a, b);
    return (v16){_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31)};
}
INLINE v16 v16_fold_add(v16 a, v16 b) { return zip8(_mm256_add_ps(a.low, a.high), _mm256_add_ps(b.low, b.high)); }
INLINE v16 v16_fold_max(v16 a, v16 b) { return zip8(_mm256_max_ps(a.low, a.high), _mm256_max_ps(b.low, b.high)); }

INLINE __m256 load_two_quads(const float *p, size_t ld) {
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(p + ld), 1);
}
INLINE v16 v16_load_quads(const float *p, size_t ld) {
    return (v16){load_two_quads(p, ld), load_two_quads(p + 2 * ld, ld)};
}
INLINE __m256 pairs_low(__m256 a, __m256 b) {
    return _mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)));
}
INLINE __m256 pairs_high(__m256 a, __m256 b) {
    return _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)));
}
INLINE void transpose_two_quads(__m256 *x0, __m256 *x1, __m256 *x2, __m256 *x3) {
    const __m256 low01 = _mm256_unpacklo_ps(*x0, *x1), high01 = _mm256_unpackhi_ps(*x0, *x1);
    const __m256 low23 = _mm256_unpacklo_ps(*x2, *x3), high23 = _mm256_unpackhi_ps(*x2, *x3);
    *x0 = pairs_low(low01, low23);
    *x1 = pairs_high(low01, low23);
    *x2 = pairs_low(high01, high23);
    *x3 = pairs_high(high01, high23);
}
INLINE void v16_transpose_quads(v16 x[4]) {
    transpose_two_quads(&x[0].low, &x[1].low, &x[2].low, &x[3].low);
    transpose_two_quads(&x[0].high, &x[1].high, &x[2].high, &x[3].high);
}

/* 16 pairs of bf16: the even ones, the odd ones. */
INLINE __m256i pairs8(const uint16_t *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }
INLINE __m256 even8(__m256i x) { return _mm256_castsi256_ps(_mm256_slli_epi32(x, 16)); }
INLINE __m256 odd8(__m256i x) { return _mm256_castsi256_ps(_mm256_and_si256(x, _mm256_set1_epi32(-65536))); }
INLINE v16 v16_bf16_even(const uint16_t *p) { return (v16){even8(pairs8(p)), even8(pairs8(p + 16))}; }
INLINE v16 v16_bf16_odd(const uint16_t *p) { return (v16){odd8(pairs8(p)), odd8(pairs8(p + 16))}; }

INLINE broadcast broadcast_load(const float *p) { return _mm256_broadcast_ss(p); }
INLINE v16 v16_fma_broadcast(broadcast a, v16 b, v16 c) {
    return (v16){_mm256_fmadd_ps(a, b.low, c.low), _mm256_fmadd_ps(a, b.high, c.high)};
}

#endif
