/* simd_avx512.h: the vector vocabulary of the templates (see docs/kernels.md) on AVX-512: v16 is one zmm register. */
#ifndef VI_SIMD_H
#define VI_SIMD_H

#define TILE_ROWS 8 /* 8 x 3 accumulators, 3 of B, 1 of A: 28 of 32 registers */
#define TILE_PANELS 3
#define UNROLL_STEPS KEEP_LOOP /* unrolled, gcc keeps addresses on the stack */

typedef __m512 v16;
typedef __m512 broadcast; /* one number in every lane */

INLINE v16 v16_set(float x) { return _mm512_set1_ps(x); }
INLINE v16 v16_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void v16_store(float *p, v16 x) { _mm512_storeu_ps(p, x); }
INLINE __mmask16 first_lanes(size_t n) { return (__mmask16)((1u << n) - 1); }
INLINE v16 v16_load_n(const float *p, size_t n) { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
INLINE void v16_store_n(float *p, v16 x, size_t n) { _mm512_mask_storeu_ps(p, first_lanes(n), x); }

INLINE v16 v16_add(v16 a, v16 b) { return _mm512_add_ps(a, b); }
INLINE v16 v16_sub(v16 a, v16 b) { return _mm512_sub_ps(a, b); }
INLINE v16 v16_mul(v16 a, v16 b) { return _mm512_mul_ps(a, b); }
INLINE v16 v16_div(v16 a, v16 b) { return _mm512_div_ps(a, b); }
INLINE v16 v16_fma(v16 a, v16 b, v16 c) { return _mm512_fmadd_ps(a, b, c); }
INLINE v16 v16_max(v16 a, v16 b) { return _mm512_max_ps(a, b); }
INLINE v16 v16_relu(v16 x) { return _mm512_max_ps(_mm512_setzero_ps(), x); } /* equal or unordered gives x */
INLINE v16 v16_minus_abs(v16 x) { return _mm512_or_ps(x, _mm512_set1_ps(-0.0f)); }
INLINE v16 v16_copysign(v16 x, v16 sign) {
    return _mm512_or_ps(_mm512_abs_ps(x), _mm512_and_ps(sign, _mm512_set1_ps(-0.0f)));
}
INLINE v16 v16_if_less(v16 a, v16 b, v16 yes, v16 no) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
}
INLINE v16 v16_exponent(v16 x) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(x), 23)); }

INLINE float v16_tree_sum(v16 x) {
    __m256 p8 = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    __m128 p4 = _mm_add_ps(_mm256_castps256_ps128(p8), _mm256_extractf128_ps(p8, 1));
    __m128 p2 = _mm_add_ps(p4, _mm_movehl_ps(p4, p4));
    return _mm_cvtss_f32(_mm_add_ss(p2, _mm_movehdup_ps(p2)));
}
INLINE float v16_tree_max(v16 x) {
    __m256 p8 = _mm256_max_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    __m128 p4 = _mm_max_ps(_mm256_castps256_ps128(p8), _mm256_extractf128_ps(p8, 1));
    __m128 p2 = _mm_max_ps(p4, _mm_movehl_ps(p4, p4));
    return _mm_cvtss_f32(_mm_max_ss(p2, _mm_movehdup_ps(p2)));
}

INLINE v16 zip_low(v16 a, v16 b) {
    return _mm512_permutex2var_ps(a, _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), b);
}
INLINE v16 zip_high(v16 a, v16 b) {
    return _mm512_permutex2var_ps(a, _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), b);
}
INLINE v16 v16_fold_add(v16 a, v16 b) { return v16_add(zip_low(a, b), zip_high(a, b)); }
INLINE v16 v16_fold_max(v16 a, v16 b) { return v16_max(zip_low(a, b), zip_high(a, b)); }

INLINE v16 v16_load_quads(const float *p, size_t ld) {
    v16 x = _mm512_castps128_ps512(_mm_loadu_ps(p));
    x = _mm512_mask_broadcast_f32x4(x, 0x00f0, _mm_loadu_ps(p + ld));
    x = _mm512_mask_broadcast_f32x4(x, 0x0f00, _mm_loadu_ps(p + 2 * ld));
    return _mm512_mask_broadcast_f32x4(x, 0xf000, _mm_loadu_ps(p + 3 * ld));
}
INLINE v16 pairs_low(v16 a, v16 b) {
    return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
}
INLINE v16 pairs_high(v16 a, v16 b) {
    return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
}
INLINE void v16_transpose_quads(v16 x[4]) {
    const v16 low01 = _mm512_unpacklo_ps(x[0], x[1]), high01 = _mm512_unpackhi_ps(x[0], x[1]);
    const v16 low23 = _mm512_unpacklo_ps(x[2], x[3]), high23 = _mm512_unpackhi_ps(x[2], x[3]);
    x[0] = pairs_low(low01, low23);
    x[1] = pairs_high(low01, low23);
    x[2] = pairs_low(high01, high23);
    x[3] = pairs_high(high01, high23);
}

/* 16 pairs of bf16: the even ones, the odd ones. */
INLINE v16 v16_bf16_even(const uint16_t *p) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(p), 16)); }
INLINE v16 v16_bf16_odd(const uint16_t *p) {
    return _mm512_castsi512_ps(_mm512_and_si512(_mm512_loadu_si512(p), _mm512_set1_epi32(-65536)));
}

INLINE broadcast broadcast_load(const float *p) { return _mm512_set1_ps(*p); }
INLINE v16 v16_fma_broadcast(broadcast a, v16 b, v16 c) { return _mm512_fmadd_ps(a, b, c); }

#endif
