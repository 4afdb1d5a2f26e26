/* loops.c: CHAINS independent chains hide the latency of any current core: 4 or 5 cycles, 2 a cycle. The float chains converge to
 * 1, so no number is ever denormal or infinite. */
#include "loops.h"

#include "vit.h"
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define HAVE_X86 1
#elif defined(__aarch64__) && defined(__GNUC__)
#include <arm_neon.h>
#define HAVE_NEON 1
#endif

enum { CHAINS = 12, READ_LANES = 8 };

/* The chains must become registers. Without the pragma gcc keeps them in memory; clang needs none and does not know it. */
#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL _Pragma("GCC unroll 12")
#else
#define UNROLL
#endif

/* Hides from the compiler that a register keeps its value, so that no product is taken out of the loop. */
#if defined(__GNUC__)
#define HIDE(x, constraint) __asm__ volatile("" : "+" constraint(x))
#endif

/* Every loop starts each chain at its own number and returns their sum, or the compiler would find that one chain is enough. */
static double f32_plain(long rounds) {
    volatile float half = 0.5f;
    float x[CHAINS], a = half, b = half, sum = 0;
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

static uint64_t read_plain(const void *data, size_t size) {
    const uint64_t *x = data;
    uint64_t sum[READ_LANES] = {0}, all = 0;
    for (size_t i = 0; i < size / sizeof *x / READ_LANES; i++) {
        for (size_t k = 0; k < READ_LANES; k++) sum[k] += x[i * READ_LANES + k];
    }
    for (size_t k = 0; k < READ_LANES; k++) all += sum[k];
    return all;
}

#ifdef HAVE_X86

__attribute__((target("avx2,fma"))) static double f32_avx2(long rounds) {
    __m256 x[CHAINS], half = _mm256_set1_ps(0.5f), sum = _mm256_setzero_ps();
    UNROLL
    for (int c = 0; c < CHAINS; c++) x[c] = _mm256_set1_ps((float)c);
    for (long i = 0; i < rounds; i++) {
        UNROLL
        for (int c = 0; c < CHAINS; c++) x[c] = _mm256_fmadd_ps(x[c], half, half);
    }
    UNROLL
    for (int c = 0; c < CHAINS; c++) sum = _mm256_add_ps(sum, x[c]);
    return (double)_mm256_cvtss_f32(sum);
}

__attribute__((target("avx512f"))) static double f32_avx512(long rounds) {
    __m512 x[CHAINS], half = _mm512_set1_ps(0.5f), sum = _mm512_setzero_ps();
    UNROLL
    for (int c = 0; c < CHAINS; c++) x[c] = _mm512_set1_ps((float)c);
    for (long i = 0; i < rounds; i++) {
        UNROLL
        for (int c = 0; c < CHAINS; c++) x[c] = _mm512_fmadd_ps(x[c], half, half);
    }
    UNROLL
    for (int c = 0; c < CHAINS; c++) sum = _mm512_add_ps(sum, x[c]);
    return (double)_mm512_cvtss_f32(sum);
}

/* Without a dot product: bytes to 16 bits, to 32 bits, and added. */
__attribute__((target("avx2"))) static double int8_avx2(long rounds) {
    __m256i x[CHAINS], a = _mm256_set1_epi8(3), ones = _mm256_set1_epi16(1), sum = _mm256_setzero_si256();
    UNROLL
    for (int c = 0; c < CHAINS; c++) x[c] = _mm256_set1_epi32(c);
    for (long i = 0; i < rounds; i++) {
        UNROLL
        for (int c = 0; c < CHAINS; c++) {
            HIDE(a, "x");
            x[c] = _mm256_add_epi32(x[c], _mm256_madd_epi16(_mm256_maddubs_epi16(a, a), ones));
        }
    }
    UNROLL
    for (int c = 0; c < CHAINS; c++) sum = _mm256_add_epi32(sum, x[c]);
    return _mm256_extract_epi32(sum, 0);
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))) static double int8_vnni256(long rounds) {
    __m256i x[CHAINS], a = _mm256_set1_epi8(3), sum = _mm256_setzero_si256();
    UNROLL
    for (int c = 0; c < CHAINS; c++) x[c] = _mm256_set1_epi32(c);
    for (long i = 0; i < rounds; i++) {
        UNROLL
        for (int c = 0; c < CHAINS; c++) x[c] = _mm256_dpbusd_epi32(x[c], a, a);
    }
    UNROLL
    for (int c = 0; c < CHAINS; c++) sum = _mm256_add_epi32(sum, x[c]);
    return _mm256_extract_epi32(sum, 0);
}

__attribute__((target("avx512f,avx512bw,avx512vnni"))) static double int8_vnni512(long rounds) {
    __m512i x[CHAINS], a = _mm512_set1_epi8(3), sum = _mm512_setzero_si512();
    UNROLL
    for (int c = 0; c < CHAINS; c++) x[c] = _mm512_set1_epi32(c);
    for (long i = 0; i < rounds; i++) {
        UNROLL
        for (int c = 0; c < CHAINS; c++) x[c] = _mm512_dpbusd_epi32(x[c], a, a);
    }
    UNROLL
    for (int c = 0; c < CHAINS; c++) sum = _mm512_add_epi32(sum, x[c]);
    return _mm512_cvtsi512_si32(sum);
}

__attribute__((target("avx512f,avx512bw,avx512bf16"))) static double bf16_avx512(long rounds) {
    __m512 x[CHAINS], sum = _mm512_setzero_ps();
    __m512bh a = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5f), _mm512_set1_ps(0.5f));
    UNROLL
    for (int c = 0; c < CHAINS; c++) x[c] = _mm512_set1_ps((float)c);
    for (long i = 0; i < rounds; i++) {
        UNROLL
        for (int c = 0; c < CHAINS; c++) x[c] = _mm512_dpbf16_ps(x[c], a, a);
    }
    UNROLL
    for (int c = 0; c < CHAINS; c++) sum = _mm512_add_ps(sum, x[c]);
    return (double)_mm512_cvtss_f32(sum);
}

__attribute__((target("avx2"))) static uint64_t read_avx2(const void *data, size_t size) {
    const __m256i *x = data;
    __m256i sum[READ_LANES];
    for (size_t k = 0; k < READ_LANES; k++) sum[k] = _mm256_setzero_si256();
    for (size_t i = 0; i < size / sizeof *x / READ_LANES; i++) {
        UNROLL
        for (size_t k = 0; k < READ_LANES; k++) sum[k] = _mm256_add_epi64(sum[k], _mm256_load_si256(x + i * READ_LANES + k));
    }
    UNROLL
    for (size_t k = 1; k < READ_LANES; k++) sum[0] = _mm256_add_epi64(sum[0], sum[k]);
    return (uint64_t)_mm256_extract_epi64(sum[0], 0);
}

struct loop loop_f32(int32_t isa) {
    if (isa == VIT_ISA_AVX512 && vit_isa_available(VIT_ISA_AVX512)) {
        return (struct loop){f32_avx512, 2.0 * 16 * CHAINS, "f32 multiply-adds (avx512)"};
    }
    if (isa == VIT_ISA_AVX2 && vit_isa_available(VIT_ISA_AVX2)) {
        return (struct loop){f32_avx2, 2.0 * 8 * CHAINS, "f32 multiply-adds (avx2)"};
    }
    return (struct loop){f32_plain, 2.0 * CHAINS, "f32 multiplications and additions"};
}

struct loop loop_int8(int32_t isa) {
    if (isa == VIT_ISA_AVX512 && vit_isa_available(VIT_ISA_AVX512) && __builtin_cpu_supports("avx512vnni")) {
        return (struct loop){int8_vnni512, 2.0 * 64 * CHAINS, "int8 dot products (vnni, 512 bits)"};
    }
    if (isa == VIT_ISA_AVX2 && vit_isa_available(VIT_ISA_AVX512) && __builtin_cpu_supports("avx512vnni")) {
        return (struct loop){int8_vnni256, 2.0 * 32 * CHAINS, "int8 dot products (vnni, 256 bits)"};
    }
    if (isa != VIT_ISA_REFERENCE && vit_isa_available(VIT_ISA_AVX2)) {
        return (struct loop){int8_avx2, 2.0 * 32 * CHAINS, "int8 multiply-adds (avx2)"};
    }
    return (struct loop){0};
}

struct loop loop_bf16(const char *products) {
    if (strcmp(products, "avx512 vdpbf16ps") != 0) return (struct loop){0};
    return (struct loop){bf16_avx512, 2.0 * 32 * CHAINS, "bf16 dot products (avx512)"};
}

uint64_t loop_read(int32_t isa, const void *data, size_t size) {
    return isa != VIT_ISA_REFERENCE && vit_isa_available(VIT_ISA_AVX2) ? read_avx2(data, size) : read_plain(data, size);
}

#else

#ifdef HAVE_NEON

static double f32_neon(long rounds) {
    float32x4_t x[CHAINS], half = vdupq_n_f32(0.5f), sum = vdupq_n_f32(0);
    UNROLL
    for (int c = 0; c < CHAINS; c++) x[c] = vdupq_n_f32((float)c);
    for (long i = 0; i < rounds; i++) {
        UNROLL
        for (int c = 0; c < CHAINS; c++) x[c] = vfmaq_f32(half, x[c], half);
    }
    UNROLL
    for (int c = 0; c < CHAINS; c++) sum = vaddq_f32(sum, x[c]);
    return (double)vaddvq_f32(sum);
}

/* Without a dot product: bytes to 16 bits, and added to 32 bits. */
static double int8_neon(long rounds) {
    int32x4_t x[CHAINS], sum = vdupq_n_s32(0);
    int8x16_t a = vdupq_n_s8(3);
    UNROLL
    for (int c = 0; c < CHAINS; c++) x[c] = vdupq_n_s32(c);
    for (long i = 0; i < rounds; i++) {
        UNROLL
        for (int c = 0; c < CHAINS; c++) {
            HIDE(a, "w");
            x[c] = vpadalq_s16(x[c], vmlal_high_s8(vmull_s8(vget_low_s8(a), vget_low_s8(a)), a, a));
        }
    }
    UNROLL
    for (int c = 0; c < CHAINS; c++) sum = vaddq_s32(sum, x[c]);
    return vaddvq_s32(sum);
}

/* clang wants the architecture's part by another name than gcc. */
#ifdef __clang__
#define WITH_BF16 __attribute__((target("bf16")))
#else
#define WITH_BF16 __attribute__((target("arch=armv8.2-a+bf16")))
#endif
WITH_BF16 static double bf16_neon(long rounds) {
    float32x4_t x[CHAINS], sum = vdupq_n_f32(0);
    uint16x8_t a = vdupq_n_u16(0x3f00); /* 0.5 */
    UNROLL
    for (int c = 0; c < CHAINS; c++) x[c] = vdupq_n_f32((float)c);
    for (long i = 0; i < rounds; i++) {
        UNROLL
        for (int c = 0; c < CHAINS; c++) __asm__("bfdot %0.4s, %1.8h, %1.8h" : "+w"(x[c]) : "w"(a));
    }
    UNROLL
    for (int c = 0; c < CHAINS; c++) sum = vaddq_f32(sum, x[c]);
    return (double)vaddvq_f32(sum);
}

#endif

struct loop loop_f32(int32_t isa) {
#ifdef HAVE_NEON
    if (isa == VIT_ISA_NEON) return (struct loop){f32_neon, 2.0 * 4 * CHAINS, "f32 multiply-adds (neon)"};
#endif
    (void)isa;
    return (struct loop){f32_plain, 2.0 * CHAINS, "f32 multiplications and additions"};
}

struct loop loop_int8(int32_t isa) {
#ifdef HAVE_NEON
    if (isa == VIT_ISA_NEON) return (struct loop){int8_neon, 2.0 * 16 * CHAINS, "int8 multiply-adds (neon)"};
#endif
    (void)isa;
    return (struct loop){0};
}

struct loop loop_bf16(const char *products) {
#ifdef HAVE_NEON
    if (strcmp(products, "neon bfdot") == 0) return (struct loop){bf16_neon, 2.0 * 8 * CHAINS, "bf16 dot products (neon)"};
#endif
    (void)products;
    return (struct loop){0};
}

uint64_t loop_read(int32_t isa, const void *data, size_t size) {
    (void)isa;
    return read_plain(data, size);
}

#endif
