/* dispatch.c: the one table of instruction sets, and the choice among them. To add one: a row here and a k_<isa>.c. */
#include "kernels/isa.h"

#if defined(VI_HAVE_AVX2) || defined(VI_HAVE_AVX512)
#include <cpuid.h>

/* Register state that the operating system saves and restores, bit by bit (XCR0). */
static uint64_t saved_state(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/* The processor has every feature asked for in CPUID leaf 1 ecx and leaf 7 ebx, and the system saves the registers. */
static bool x86_has(uint32_t leaf1_ecx, uint32_t leaf7_ebx, uint64_t state) {
    uint32_t a, b, c, d;
    const uint32_t osxsave = 1u << 27;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & (leaf1_ecx | osxsave)) != (leaf1_ecx | osxsave)) return false;
    if ((saved_state() & state) != state) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & leaf7_ebx) == leaf7_ebx;
}

enum {
    LEAF1_FMA_AVX = 1 << 12 | 1 << 28,
    LEAF7_AVX2 = 1 << 5,
    LEAF7_AVX512_F_DQ_BW = 1 << 16 | 1 << 17 | 1 << 30,
    STATE_YMM = 0x06,    /* xmm, ymm */
    STATE_ZMM = 0xe6     /* and mask registers, upper halves of zmm0-15, zmm16-31 */
};
#define LEAF7_AVX512_VL (1u << 31)

#endif

#ifdef VI_HAVE_AVX2
static bool avx2_runs(void) { return x86_has(LEAF1_FMA_AVX, LEAF7_AVX2, STATE_YMM); }
#define AVX2(table, runs) &table, runs
#else
#define AVX2(table, runs) NULL, NULL
#endif

#ifdef VI_HAVE_AVX512
static bool avx512_runs(void) {
    return x86_has(LEAF1_FMA_AVX, LEAF7_AVX2 | LEAF7_AVX512_F_DQ_BW | LEAF7_AVX512_VL, STATE_ZMM);
}
#define AVX512(table, runs) &table, runs
#else
#define AVX512(table, runs) NULL, NULL
#endif

#ifdef VI_HAVE_NEON
#define ARM64(table, runs) &table, runs
#else
#define ARM64(table, runs) NULL, NULL
#endif

static bool always_runs(void) { return true; }

/* Best first. */
static const struct isa {
    int32_t id;
    const char *name;
    const vi_kernels *table; /* NULL: not in this build */
    bool (*runs)(void);
} isas[] = {
    {VIT_ISA_AVX512, "avx512", AVX512(vi_kernels_avx512, avx512_runs)},
    {VIT_ISA_AVX2, "avx2", AVX2(vi_kernels_avx2, avx2_runs)},
    {VIT_ISA_NEON, "neon", ARM64(vi_kernels_neon, always_runs)}, /* part of the AArch64 baseline */
    {VIT_ISA_REFERENCE, "reference", &vi_kernels_reference, always_runs},
};
static const size_t isa_count = sizeof isas / sizeof *isas;

static const struct isa *isa_row(int32_t id) {
    for (size_t i = 0; i < isa_count; i++) {
        if (isas[i].id == id) return &isas[i];
    }
    return NULL;
}

const vi_kernels *vi_kernels_exact(int32_t isa) {
    const struct isa *row = isa_row(isa);
    return row && row->table && row->runs() ? row->table : NULL;
}

const vi_kernels *vi_kernels_for(int32_t cap) {
    const struct isa *limit = isa_row(cap);
    if (cap != VIT_ISA_BEST && (!limit || !limit->table)) return &vi_kernels_reference;
    for (size_t i = limit ? (size_t)(limit - isas) : 0; i < isa_count; i++) {
        if (isas[i].table && isas[i].runs()) return isas[i].table;
    }
    return &vi_kernels_reference;
}

/* ---- dot products ---------------------------------------------------------------------------------------------------------- */

#ifdef VI_HAVE_AVX2
static bool avxvnni_runs(void) {
    uint32_t a, b, c, d;
    return avx2_runs() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}
#endif

#ifdef VI_HAVE_AVX512
static bool vnni512_runs(void) {
    uint32_t a, b, c, d;
    return avx512_runs() && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c >> 11 & 1);
}

/* "AuthenticAMD" or "HygonGenuine" */
static bool made_by_amd(void) {
    uint32_t a, b, c, d;
    if (!__get_cpuid(0, &a, &b, &c, &d)) return false;
    return (b == 0x68747541 && d == 0x69746e65 && c == 0x444d4163) || (b == 0x6f677948 && d == 0x6e65476e && c == 0x656e6975);
}

/* vdpbf16ps does two multiply-adds in each lane. Zen 4 and 5 begin as many of them as f32 multiply-adds, so that it is twice as
 * fast; Emerald Rapids a quarter as many, so that it is half as fast (docs/performance.md, Sixteen bits). */
static bool bf16_512_pays(void) {
    uint32_t a, b, c, d;
    return avx512_runs() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 5 & 1) && made_by_amd();
}
#endif

#ifdef VI_HAVE_NEON
#if defined(__linux__)
#include <sys/auxv.h>
static bool dotprod_runs(void) { return getauxval(AT_HWCAP) >> 20 & 1; } /* HWCAP_ASIMDDP */
static bool bfdot_runs(void) { return getauxval(AT_HWCAP2) >> 14 & 1; }  /* HWCAP2_BF16 */
#else
#if defined(__ARM_FEATURE_DOTPROD)
static bool dotprod_runs(void) { return true; }
#else
static bool dotprod_runs(void) { return false; }
#endif
#if defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
static bool bfdot_runs(void) { return true; }
#else
static bool bfdot_runs(void) { return false; }
#endif
#endif
#endif

/* Best first. */
static const struct dots_row {
    const vi_dots *table; /* NULL: not in this build */
    bool (*runs)(void);
} int8_rows[] = {
    {AVX512(vi_int8_avx512, vnni512_runs)},
    {AVX2(vi_int8_avxvnni, avxvnni_runs)},
    {AVX2(vi_int8_avx2, avx2_runs)},
    {ARM64(vi_int8_dotprod, dotprod_runs)},
    {ARM64(vi_int8_neon, always_runs)},
    {&vi_int8_reference, always_runs},
}, bf16_rows[] = {
    {AVX512(vi_bf16_avx512, bf16_512_pays)},
    {ARM64(vi_bf16_neon, bfdot_runs)},
};
static const size_t int8_count = sizeof int8_rows / sizeof *int8_rows, bf16_count = sizeof bf16_rows / sizeof *bf16_rows;

static const vi_dots *dots_for(int32_t cap, const struct dots_row *rows, size_t count) {
    const size_t best = (size_t)(isa_row(vi_kernels_for(cap)->isa) - isas);
    for (size_t i = 0; i < count; i++) {
        const vi_dots *table = rows[i].table;
        if (table && (size_t)(isa_row(table->isa) - isas) >= best && rows[i].runs()) return table;
    }
    return NULL;
}

static const vi_dots *dots_at(size_t i, bool *runs, const struct dots_row *rows, size_t count) {
    for (size_t row = 0; row < count; row++) {
        if (!rows[row].table || i-- > 0) continue;
        *runs = rows[row].runs();
        return rows[row].table;
    }
    return NULL;
}

const vi_dots *vi_int8_for(int32_t cap) { return dots_for(cap, int8_rows, int8_count); }
const vi_dots *vi_int8_at(size_t i, bool *runs) { return dots_at(i, runs, int8_rows, int8_count); }
const vi_dots *vi_bf16_for(int32_t cap) { return dots_for(cap, bf16_rows, bf16_count); }
const vi_dots *vi_bf16_at(size_t i, bool *runs) { return dots_at(i, runs, bf16_rows, bf16_count); }

/* ---- names ----------------------------------------------------------------------------------------------------------------- */

const char *vi_isa_name(int32_t isa) {
    const struct isa *row = isa_row(isa);
    return row ? row->name : "";
}
