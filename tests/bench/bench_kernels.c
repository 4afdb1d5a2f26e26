/* bench_kernels.c: how close each kernel comes to a loop of nothing but fused multiply-adds on the same core in the same run.
 * Not a test. Machines are shared and clocks move, so only the ratio means something: each kernel is timed in short turns with
 * the loop. Printed are the ratio of quiet turns (the tenth best of a hundred, each) and the median ratio of neighbours.
 * Usage: bench_kernels [isa [gemm|attention|row|int8|bf16 [rows]]] */
#define _DEFAULT_SOURCE /* clock_gettime */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "bf16_test.h"
#include "kernels/isa.h"

#define ROUNDS 200        /* at most; many short turns, so that some are undisturbed */
#define SECONDS_EACH 0.5
#define FMA_REPEAT 20000

/* Of processor time: what other programs take does not count, though what they do to the caches does. */
static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* 24 independent sums hide the latency everywhere. Each returns floating-point operations done; sink keeps the work alive. */
#if defined(VI_HAVE_AVX2) || defined(VI_HAVE_AVX512)
#include <immintrin.h>
__attribute__((target("avx512f"))) static double fma_avx512(float *sink) {
    __m512 s[24], x = _mm512_set1_ps(0.999f), y = _mm512_set1_ps(1e-3f);
    for (int i = 0; i < 24; i++) s[i] = _mm512_set1_ps((float)i);
    for (long n = 0; n < FMA_REPEAT; n++) {
#pragma GCC unroll 24
        for (int i = 0; i < 24; i++) s[i] = _mm512_fmadd_ps(s[i], x, y);
    }
    for (int i = 0; i < 24; i++) *sink += _mm512_cvtss_f32(s[i]);
    return 2.0 * 16 * 24 * FMA_REPEAT;
}
__attribute__((target("avx2,fma"))) static double fma_avx2(float *sink) {
    __m256 s[12], x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(1e-3f);
    for (int i = 0; i < 12; i++) s[i] = _mm256_set1_ps((float)i);
    for (long n = 0; n < FMA_REPEAT; n++) {
#pragma GCC unroll 12
        for (int i = 0; i < 12; i++) s[i] = _mm256_fmadd_ps(s[i], x, y);
    }
    for (int i = 0; i < 12; i++) *sink += _mm256_cvtss_f32(s[i]);
    return 2.0 * 8 * 12 * FMA_REPEAT;
}
/* The same for fours of bytes and for pairs of bf16, of one instruction each: what those products are made of. */
#define DOT(instruction, sum) instruction " %12, %12, " sum "\n\t"
#define DOT_LOOP(name, instruction, products)                                                                                \
    __attribute__((target("avx512f"))) static double name(float *sink) {                                                     \
        __m512i x = _mm512_set1_epi32(0x01020304), a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x,     \
                k = x, l = x;                                                                                                \
        for (long n = 0; n < 2 * FMA_REPEAT; n++) {                                                                          \
            __asm__ volatile(DOT(instruction, "%0") DOT(instruction, "%1") DOT(instruction, "%2") DOT(instruction, "%3")     \
                             DOT(instruction, "%4") DOT(instruction, "%5") DOT(instruction, "%6") DOT(instruction, "%7")     \
                             DOT(instruction, "%8") DOT(instruction, "%9") DOT(instruction, "%10") DOT(instruction, "%11")   \
                             : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f), "+v"(g), "+v"(h), "+v"(i), "+v"(j),     \
                               "+v"(k), "+v"(l)                                                                              \
                             : "v"(x));                                                                                      \
        }                                                                                                                    \
        const __m512i sum = _mm512_add_epi32(_mm512_add_epi32(a, c), _mm512_add_epi32(e, l));                                \
        *sink += (float)_mm_cvtsi128_si32(_mm512_castsi512_si128(sum));                                                      \
        return 2.0 * products * 12 * 2 * FMA_REPEAT;                                                                         \
    }
DOT_LOOP(dots_avx512, "vpdpbusd", 64)
DOT_LOOP(pairs_avx512, "vdpbf16ps", 32)
__attribute__((target("avx2"))) static double dots_avx2(float *sink) {
    __m256i s[12], x = _mm256_set1_epi32(0x00010002);
    for (int i = 0; i < 12; i++) s[i] = _mm256_set1_epi32(i);
    for (long n = 0; n < FMA_REPEAT; n++) {
#pragma GCC unroll 12
        for (int i = 0; i < 12; i++) {
            __m256i product;
            __asm__ volatile("vpmaddwd %1, %1, %0" : "=x"(product) : "x"(x)); /* or it would be moved out of the loop */
            s[i] = _mm256_add_epi32(s[i], product);
        }
    }
    for (int i = 0; i < 12; i++) *sink += (float)_mm256_extract_epi32(s[i], 0);
    return 2.0 * 16 * 12 * FMA_REPEAT;
}
#endif
#ifdef VI_HAVE_NEON
#include <arm_neon.h>
static double fma_neon(float *sink) {
    float32x4_t s[24], x = vdupq_n_f32(0.999f), y = vdupq_n_f32(1e-3f);
    for (int i = 0; i < 24; i++) s[i] = vdupq_n_f32((float)i);
    for (long n = 0; n < FMA_REPEAT; n++) {
#pragma GCC unroll 24
        for (int i = 0; i < 24; i++) s[i] = vfmaq_f32(y, s[i], x);
    }
    for (int i = 0; i < 24; i++) *sink += vgetq_lane_f32(s[i], 0);
    return 2.0 * 4 * 24 * FMA_REPEAT;
}
#endif
/* Without fused multiply-add: what a compiler makes of multiply and add. */
static double fma_reference(float *sink) {
    float s[48];
    for (int i = 0; i < 48; i++) s[i] = (float)i;
    for (long n = 0; n < FMA_REPEAT; n++) {
        for (int i = 0; i < 48; i++) s[i] = s[i] * 0.999f + 1e-3f;
    }
    for (int i = 0; i < 48; i++) *sink += s[i];
    return 2.0 * 48 * FMA_REPEAT;
}

static double fma_loop(int32_t isa, float *sink) {
#if defined(VI_HAVE_AVX2) || defined(VI_HAVE_AVX512)
    if (isa == VIT_ISA_AVX512) return fma_avx512(sink);
    if (isa == VIT_ISA_AVX2) return fma_avx2(sink);
#endif
#ifdef VI_HAVE_NEON
    if (isa == VIT_ISA_NEON) return fma_neon(sink);
#endif
    return fma_reference(sink);
}

/* The loop that a dot product is measured by (on AVX2 that of vpmaddwd); where there is none, multiply-adds of floats. */
static double dot_loop(const vi_dots *table, uint32_t type, float *sink) {
    (void)type;
#if defined(VI_HAVE_AVX2) || defined(VI_HAVE_AVX512)
    if (table->isa == VIT_ISA_AVX512) return type == VI_BF16 ? pairs_avx512(sink) : dots_avx512(sink);
    if (table->isa == VIT_ISA_AVX2) return dots_avx2(sink);
#endif
    return fma_loop(table->isa, sink);
}

static float *random_floats(size_t n) {
    float *p = aligned_alloc(VI_ALIGN, (n * sizeof(float) + VI_ALIGN - 1) / VI_ALIGN * VI_ALIGN + VI_ALIGN);
    if (!p) exit(1);
    for (size_t i = 0; i < n; i++) p[i] = (float)(((i * 2654435761u) >> 8) % 2001) / 1000.0f - 1.0f;
    return p;
}

/* One thing to time: run() does it once, flop says how much that is (for row kernels: elements). */
typedef struct work {
    const vi_kernels *kernels;
    const vi_dots *dots; /* or NULL */
    char name[64];
    void (*run)(struct work *w);
    double flop;
    size_t m, n, k;
    float *a, *b, *c, *d, *scratch;
    void *weights;
    uint32_t type;
    int32_t activation;
    vi_bytes bytes;
} work;

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(work *w) {
    float sink = 0;
    static double fma_rate[ROUNDS], rate[ROUNDS], ratio[ROUNDS];
    const double end = seconds() + SECONDS_EACH;
    w->run(w);
    double t0 = seconds();
    w->run(w);
    long repeat = (long)(2e-4 / (seconds() - t0 + 1e-7)) + 1;
    size_t rounds = 0;
    while (rounds < ROUNDS && (rounds < 5 || seconds() < end)) {
        t0 = seconds();
        fma_rate[rounds] = (w->dots ? dot_loop(w->dots, w->type, &sink) : fma_loop(w->kernels->isa, &sink)) / (seconds() - t0);
        t0 = seconds();
        for (long i = 0; i < repeat; i++) w->run(w);
        rate[rounds] = w->flop * (double)repeat / (seconds() - t0);
        ratio[rounds] = rate[rounds] / fma_rate[rounds];
        rounds++;
    }
    qsort(fma_rate, rounds, sizeof *fma_rate, ascending);
    qsort(rate, rounds, sizeof *rate, ascending);
    qsort(ratio, rounds, sizeof *ratio, ascending);
    const double good = rate[rounds * 9 / 10], good_fma = fma_rate[rounds * 9 / 10];
    printf("%-15s %-40s %8.2f G/s of %7.1f: quiet %5.1f %%, median %5.1f %%%s\n", w->dots ? w->dots->name : w->kernels->name,
           w->name, good * 1e-9, good_fma * 1e-9, 100 * good / good_fma, 100 * ratio[rounds / 2], sink == 1e30f ? "!" : "");
    fflush(stdout);
}

static void run_gemm(work *w) {
    vi_matrix matrix = {w->weights, w->type, w->n, w->k};
    vi_gemm g = {.a = w->a, .lda = w->k, .w = &matrix, .c = w->c, .ldc = w->n, .bias = w->b, .activation = w->activation};
    w->kernels->gemm(&g, 0, w->m, 0, (w->n + VI_PANEL - 1) / VI_PANEL, w->scratch);
}

static void bench_gemm(const vi_kernels *kernels, size_t m, size_t n, size_t k, uint32_t type, int32_t activation) {
    work w = {.kernels = kernels, .run = run_gemm, .m = m, .n = n, .k = k, .type = type, .activation = activation};
    size_t bytes;
    if (!vi_matrix_bytes(type, n, k, &bytes)) exit(1);
    float *rows = random_floats(n * k);
    w.weights = aligned_alloc(VI_ALIGN, bytes);
    if (!w.weights) exit(1);
    vi_pack_rows(w.weights, type, n, k, rows, 0, n);
    w.a = random_floats(m * k);
    w.b = random_floats(n);
    w.c = random_floats(m * n);
    w.scratch = random_floats(vi_gemm_scratch(k) / sizeof(float));
    w.flop = 2.0 * (double)m * (double)n * (double)k;
    snprintf(w.name, sizeof w.name, "gemm M=%zu N=%zu K=%zu%s%s", m, n, k, type == VI_BF16 ? " bf16" : "",
             activation == VIT_ACT_GELU ? " gelu" : "");
    report(&w);
    free(rows), free(w.weights), free(w.a), free(w.b), free(w.c), free(w.scratch);
}

static void run_dots(work *w) {
    vi_matrix matrix = {w->weights, w->type, w->n, w->k};
    vi_gemm g = {.w = &matrix, .c = w->c, .ldc = w->n, .bias = w->b, .activation = w->activation};
    w->dots->gemm(&g, &w->bytes, 0, w->m, 0, (w->n + VI_PANEL - 1) / VI_PANEL, w->scratch);
}
static void run_quantise(work *w) {
    for (size_t i = 0; i < w->m; i++) w->dots->quantise(&w->bytes, i, w->a + i * w->k, w->k);
}

/* n 0: only the quantisation of the rows, in elements. */
static void bench_dots(const vi_dots *table, uint32_t type, size_t m, size_t n, size_t k, int32_t activation) {
    work w = {.dots = table, .run = n ? run_dots : run_quantise, .m = m, .n = n, .k = k, .type = type, .activation = activation};
    size_t bytes, rows = n ? n : 1;
    if (!vi_matrix_bytes(type, rows, k, &bytes)) exit(1);
    float *weights = random_floats(rows * k);
    w.weights = aligned_alloc(VI_ALIGN, bytes);
    w.bytes = (vi_bytes){random_floats(m * vi_bytes_stride(k) / sizeof(float)), vi_bytes_stride(k), malloc(m * sizeof(vi_step))};
    if (!w.weights || !w.bytes.steps) exit(1);
    vi_pack_rows(w.weights, type, rows, k, weights, 0, rows);
    w.a = random_floats(m * k);
    w.b = random_floats(rows);
    w.c = random_floats(m * rows);
    w.scratch = random_floats(vi_gemm_scratch(k) / sizeof(float));
    run_quantise(&w);
    w.flop = n ? 2.0 * (double)m * (double)n * (double)k : (double)(m * k);
    const char *kind = type == VI_BF16 ? "bf16" : "int8";
    if (n) snprintf(w.name, sizeof w.name, "%s M=%zu N=%zu K=%zu%s", kind, m, n, k, activation == VIT_ACT_GELU ? " gelu" : "");
    else snprintf(w.name, sizeof w.name, "quantise %zu x %zu (elements)", m, k);
    report(&w);
    free(weights), free(w.weights), free(w.bytes.data), free(w.bytes.steps), free(w.a), free(w.b), free(w.c), free(w.scratch);
}

/* Q, K, V of one head lie in the rows of [T, 3 D], as in the model. */
static void run_attention(work *w) {
    size_t width = w->n, hd = w->k;
    w->kernels->pack_keys(w->b, w->a + width, 3 * width, w->m, hd);
    vi_attention a = {.q = w->a, .ldq = 3 * width, .k_panels = w->b, .v = w->a + 2 * width, .ldv = 3 * width, .out = w->c,
                      .ldo = width, .tokens = w->m, .head_dim = hd, .scale = 0.125f};
    w->kernels->attention(&a, 0, w->m, w->scratch);
}

static void bench_attention(const vi_kernels *kernels, size_t tokens, size_t head_dim, size_t width) {
    work w = {.kernels = kernels, .run = run_attention, .m = tokens, .n = width, .k = head_dim};
    w.a = random_floats(tokens * 3 * width);
    w.b = random_floats((tokens + VI_PANEL) * head_dim);
    w.c = random_floats(tokens * width);
    w.scratch = random_floats(vi_attention_scratch(tokens, head_dim) / sizeof(float));
    w.flop = 4.0 * (double)tokens * (double)tokens * (double)head_dim;
    snprintf(w.name, sizeof w.name, "attention T=%zu hd=%zu D=%zu", tokens, head_dim, width);
    report(&w);
    free(w.a), free(w.b), free(w.c), free(w.scratch);
}

static void run_layernorm(work *w) { w->kernels->layernorm(w->c, w->n, w->a, w->n, w->b, w->b, 1e-6f, w->m, w->n); }
static void run_softmax(work *w) {
    for (size_t r = 0; r < w->m; r++) w->kernels->softmax(w->c + r * w->n, w->a + r * w->n, w->n);
}
static void run_activate(work *w) {
    memcpy(w->c, w->a, w->m * w->n * sizeof *w->c);
    w->kernels->activate(w->c, w->m * w->n, w->activation);
}

/* Elements per second; the percentage is then 100 / (multiply-adds that one element costs) / 2. */
static void bench_row(const vi_kernels *kernels, const char *name, void (*run)(work *), int32_t activation, size_t m, size_t n) {
    work w = {.kernels = kernels, .run = run, .m = m, .n = n, .activation = activation, .flop = (double)(m * n)};
    w.a = random_floats(m * n);
    w.b = random_floats(n);
    w.c = random_floats(m * n);
    snprintf(w.name, sizeof w.name, "%s %zu x %zu (elements)", name, m, n);
    report(&w);
    free(w.a), free(w.b), free(w.c);
}

/* N, K */
static const size_t shapes[][2] = {{576, 192},  {192, 192},  {768, 192}, {192, 768},  {1152, 384}, {384, 384},   {1536, 384},
                                   {384, 1536}, {2304, 768}, {768, 768}, {3072, 768}, {768, 3072}, {3072, 1024}, {1000, 768}};

static void bench_table(const vi_dots *table, uint32_t type, size_t rows) {
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        bench_dots(table, type, rows, shapes[i][0], shapes[i][1], VI_ACT_NONE);
    }
    bench_dots(table, type, rows, 768, 192, VIT_ACT_GELU);
    bench_dots(table, type, rows, 3072, 768, VIT_ACT_GELU);
    bench_dots(table, type, rows, 0, 192, VI_ACT_NONE);
    bench_dots(table, type, rows, 0, 3072, VI_ACT_NONE);
}

int main(int argc, char **argv) {
    const char *only_isa = argc > 1 ? argv[1] : "", *only_kernel = argc > 2 ? argv[2] : "";
    size_t rows = argc > 3 ? strtoul(argv[3], NULL, 10) : 197;
    for (int32_t isa = VIT_ISA_NEON; isa >= VIT_ISA_REFERENCE; isa--) {
        const vi_kernels *kernels = vi_kernels_exact(isa);
        if (!kernels || (*only_isa && strcmp(only_isa, kernels->name) != 0)) continue;
        if (!*only_kernel || !strcmp(only_kernel, "gemm")) {
            for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
                bench_gemm(kernels, rows, shapes[i][0], shapes[i][1], VI_F32, VI_ACT_NONE);
            }
            bench_gemm(kernels, rows, 768, 192, VI_F32, VIT_ACT_GELU);
            bench_gemm(kernels, rows, 3072, 768, VI_F32, VIT_ACT_GELU);
            bench_gemm(kernels, rows, 3072, 768, VI_BF16, VI_ACT_NONE);
            bench_gemm(kernels, rows, 768, 3072, VI_BF16, VI_ACT_NONE);
            bench_gemm(kernels, 1, 1000, 768, VI_F32, VI_ACT_NONE);
        }
        if (!*only_kernel || !strcmp(only_kernel, "attention")) {
            bench_attention(kernels, 197, 64, 192);
            bench_attention(kernels, 197, 64, 768);
            bench_attention(kernels, 577, 64, 768);
            bench_attention(kernels, 257, 80, 1280);
            bench_attention(kernels, 729, 72, 1152);
        }
        if (!*only_kernel || !strcmp(only_kernel, "row")) {
            bench_row(kernels, "layernorm", run_layernorm, 0, 197, 768);
            bench_row(kernels, "softmax", run_softmax, 0, 197, 197);
            bench_row(kernels, "gelu", run_activate, VIT_ACT_GELU, 8, 768);
            bench_row(kernels, "gelu_tanh", run_activate, VIT_ACT_GELU_TANH, 8, 768);
            bench_row(kernels, "quick_gelu", run_activate, VIT_ACT_QUICK_GELU, 8, 768);
            bench_row(kernels, "tanh", run_activate, VI_ACT_TANH, 8, 768);
        }
    }
    bool runs;
    const vi_dots *table;
    for (size_t t = 0; (table = vi_int8_at(t, &runs)) != NULL; t++) {
        if (!runs || (*only_isa && strcmp(only_isa, vi_isa_name(table->isa)) != 0)) continue;
        if (!*only_kernel || !strcmp(only_kernel, "int8")) bench_table(table, VI_I8, rows);
    }
    table = bf16_table(); /* also where it is slower than f32 and not chosen */
    if (table && (!*only_isa || !strcmp(only_isa, vi_isa_name(table->isa)))) {
        if (!*only_kernel || !strcmp(only_kernel, "bf16")) bench_table(table, VI_BF16, rows);
    }
    return 0;
}
