/* fma.c: chains of multiply-adds in registers. CHAINS of them hide the latency of any current core: 4 cycles, 2 a cycle. All
 * converge to 1, so no number is ever denormal or infinite. */
#include "fma.h"

#include "system.h"
#include "vit.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#elif defined(__aarch64__) && defined(__GNUC__)
#include <arm_neon.h>
#endif

enum { CHAINS = 12 };

/* The chains must become registers. Without the pragma gcc keeps them in memory; clang needs none and does not know it. */
#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL _Pragma("GCC unroll 12")
#else
#define UNROLL
#endif

/* Every loop starts each chain at its own number and returns their sum, or the compiler would find that one chain is enough. */
static float loop_plain(long rounds, float a, float b) {
    float x[CHAINS], sum = 0;
    UNROLL
    for (int c = 0; c < CHAINS; c++) x[c] = (float)c;
    for (long i = 0; i < rounds; i++) {
        UNROLL
        for (int c = 0; c < CHAINS; c++) x[c] = x[c] * a + b;
    }
    UNROLL
    for (int c = 0; c < CHAINS; c++) sum += x[c];
    return sum;
}

#if defined(__x86_64__) && defined(__GNUC__)

__attribute__((target("avx2,fma"))) static float loop_avx2(long rounds, float a, float b) {
    __m256 x[CHAINS], va = _mm256_set1_ps(a), vb = _mm256_set1_ps(b), sum = _mm256_setzero_ps();
    UNROLL
    for (int c = 0; c < CHAINS; c++) x[c] = _mm256_set1_ps((float)c);
    for (long i = 0; i < rounds; i++) {
        UNROLL
        for (int c = 0; c < CHAINS; c++) x[c] = _mm256_fmadd_ps(x[c], va, vb);
    }
    UNROLL
    for (int c = 0; c < CHAINS; c++) sum = _mm256_add_ps(sum, x[c]);
    return _mm256_cvtss_f32(sum);
}

__attribute__((target("avx512f"))) static float loop_avx512(long rounds, float a, float b) {
    __m512 x[CHAINS], va = _mm512_set1_ps(a), vb = _mm512_set1_ps(b), sum = _mm512_setzero_ps();
    UNROLL
    for (int c = 0; c < CHAINS; c++) x[c] = _mm512_set1_ps((float)c);
    for (long i = 0; i < rounds; i++) {
        UNROLL
        for (int c = 0; c < CHAINS; c++) x[c] = _mm512_fmadd_ps(x[c], va, vb);
    }
    UNROLL
    for (int c = 0; c < CHAINS; c++) sum = _mm512_add_ps(sum, x[c]);
    return _mm512_cvtss_f32(sum);
}

#elif defined(__aarch64__) && defined(__GNUC__)

static float loop_neon(long rounds, float a, float b) {
    float32x4_t x[CHAINS], va = vdupq_n_f32(a), vb = vdupq_n_f32(b), sum = vdupq_n_f32(0);
    UNROLL
    for (int c = 0; c < CHAINS; c++) x[c] = vdupq_n_f32((float)c);
    for (long i = 0; i < rounds; i++) {
        UNROLL
        for (int c = 0; c < CHAINS; c++) x[c] = vfmaq_f32(vb, x[c], va);
    }
    UNROLL
    for (int c = 0; c < CHAINS; c++) sum = vaddq_f32(sum, x[c]);
    return vaddvq_f32(sum);
}

#endif

struct loop {
    float (*run)(long rounds, float a, float b);
    int lanes;
};

static struct loop loop_of(int32_t isa) {
#if defined(__x86_64__) && defined(__GNUC__)
    if (isa == VIT_ISA_AVX512 && vit_isa_available(VIT_ISA_AVX512)) return (struct loop){loop_avx512, 16};
    if (isa == VIT_ISA_AVX2 && vit_isa_available(VIT_ISA_AVX2)) return (struct loop){loop_avx2, 8};
#elif defined(__aarch64__) && defined(__GNUC__)
    if (isa == VIT_ISA_NEON) return (struct loop){loop_neon, 4};
#endif
    (void)isa;
    return (struct loop){loop_plain, 1};
}

double fma_gflops(int32_t isa, double seconds) {
    enum { ROUNDS = 200000 };
    struct loop loop = loop_of(isa);
    volatile float a = 0.5f, b = 0.5f, sink;
    double start = system_seconds(), spent = 0, done = 0;
    do {
        sink = loop.run(ROUNDS, a, b);
        done += ROUNDS;
        spent = system_seconds() - start;
    } while (spent < seconds);
    (void)sink;
    return spent > 0 ? 2e-9 * done * CHAINS * loop.lanes / spent : 0;
}
