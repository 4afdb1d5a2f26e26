/* dots_avx2.h: the vocabulary of gemm_i8.inc on AVX2. vpmaddubsw would add two products in 16 bits, which 2 * 255 * 127 does
 * not fit into; so inputs are kept as 16-bit words, weights are widened to such, and vpmaddwd adds pairs in 32 bits, exactly.
 * Of each four k the first part takes 0 and 2, the second 1 and 3: so widening is a shift. */
#ifndef VI_DOTS_H
#define VI_DOTS_H

#define INT8(name) name##_avx2
#define INT8_ISA VIT_ISA_AVX2
#define INT8_NAME "avx2 vpmaddwd"
#define DOT_ROWS 6 /* 6 x 2 registers of sums, 2 of weights, 1 of inputs, 1 of products: 16 */
#define DOT_PANELS 1
#define DOT_PARTS 2
#define EXTREMES 2
#define INPUT_BYTES 2

typedef struct dots {
    __m256i low, high;
} dots;
typedef dots weights; /* two words for each of 16 channels */
typedef __m256i inputs;

INLINE __m256i widened(const int8_t *p, size_t part) {
    const __m256i four = _mm256_loadu_si256((const __m256i *)(const void *)p);
    return _mm256_srai_epi16(part ? four : _mm256_slli_epi16(four, 8), 8);
}
INLINE weights INT8(weights_load)(const int8_t *p, size_t part) { return (weights){widened(p, part), widened(p + 32, part)}; }
INLINE inputs INT8(inputs_load)(const char *p, size_t part) {
    int32_t two;
    memcpy(&two, p + part * sizeof two, sizeof two);
    return _mm256_set1_epi32(two);
}
INLINE dots INT8(dots_start)(const float *byte_sum) {
    (void)byte_sum;
    return (dots){_mm256_setzero_si256(), _mm256_setzero_si256()};
}
/* gcc 12 would add the products of both parts first, keep all of them until then, and spill. */
INLINE __m256i add_products(__m256i sum, __m256i a, __m256i b) {
    __m256i pairs;
    __asm__("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0" : "+x"(sum), "=&x"(pairs) : "x"(a), "x"(b));
    return sum;
}
INLINE dots INT8(dots_add)(dots sum, inputs x, weights w) {
    return (dots){add_products(sum.low, x, w.low), add_products(sum.high, x, w.high)};
}
INLINE v16 INT8(dots_floats)(dots sum) { return (v16){_mm256_cvtepi32_ps(sum.low), _mm256_cvtepi32_ps(sum.high)}; }
/* Words in the order 0 2 1 3 of each four. */
INLINE void INT8(store_bytes)(char *p, v16 rounded) {
    const __m256i byte = _mm256_set1_epi32(255);
    __m256i words = _mm256_packus_epi32(_mm256_and_si256(_mm256_castps_si256(rounded.low), byte),
                                        _mm256_and_si256(_mm256_castps_si256(rounded.high), byte));
    words = _mm256_permute4x64_epi64(words, _MM_SHUFFLE(3, 1, 2, 0));
    words = _mm256_shufflehi_epi16(_mm256_shufflelo_epi16(words, _MM_SHUFFLE(3, 1, 2, 0)), _MM_SHUFFLE(3, 1, 2, 0));
    _mm256_storeu_si256((__m256i *)(void *)p, words);
}
INLINE v16 INT8(smaller)(v16 a, v16 b) { return (v16){_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)}; }

#endif
