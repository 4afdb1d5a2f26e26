/* test_bf16.c: products with inputs rounded to bf16. The tables' instructions are modelled in C: sums are compared bit for bit,
 * the model with double; and roundings, epilogues, guard pages, splits, NaN. */
#include "kernel_test.h"
#include "base/half.h"
#include "bf16_test.h"

enum { MOST_X = 1 << 17, MOST_W = 1 << 18, MOST_C = 1 << 17, MOST_ROW = 4096 };

typedef struct shape {
    size_t m, n, k, ldc, ldr;
    bool bias, gain, residual, in_place;
    int32_t activation;
    int exponent; /* inputs are multiplied with 2^exponent */
} shape;

static struct {
    guarded x, w, c, residual, bias, gain, scratch, words;
    float weights[MOST_W], sums[MOST_C], expected[MOST_C], before[MOST_C];
    double bounds[MOST_C], exact[MOST_C];
} mem;

static void test_create(void) {
    mem.x = guarded_create(MOST_X), mem.w = guarded_create(MOST_W), mem.c = guarded_create(MOST_C);
    mem.residual = guarded_create(MOST_C), mem.bias = guarded_create(MOST_ROW), mem.gain = guarded_create(MOST_ROW);
    mem.scratch = guarded_create(1 << 19), mem.words = guarded_create(1 << 18);
    if (!bf16_table()) SKIP("no bf16 dot products can run here");
}

/* ---- the instructions ------------------------------------------------------------------------------------------------------ */

static float flushed(float x) { return fabsf(x) < FLT_MIN ? copysignf(0.0f, x) : x; }

/* a * b + c rounded once; below 2^-126 before the exponent's range is considered it becomes 0. The operands are flushed. */
static float fma_flushed(float a, float b, float c) {
    const float r = fmaf(a, b, c);
    const bool small = fabs((double)a * (double)b + (double)c) < (double)FLT_MIN * (1 - 0x1p-25);
    return small ? copysignf(0.0f, r) : flushed(r);
}

/* To the neighbour whose last bit is 1, where the sum is not exact. */
static float sum_rounded_to_odd(float a, float b) {
    double s = (double)a + (double)b;
    const double high = s - (double)a, rest = ((double)a - (s - high)) + ((double)b - high);
    uint64_t bits;
    memcpy(&bits, &s, sizeof bits);
    if (isfinite(s) && rest != 0 && !(bits & 1)) bits += (rest > 0) == (s > 0) ? 1 : -(uint64_t)1;
    const uint64_t below = bits & 0x1fffffff; /* what a float has no room for */
    if (isfinite(s) && below) bits = (bits - below) | 0x20000000;
    memcpy(&s, &bits, sizeof s);
    return fabs(s) > (double)FLT_MAX ? (float)copysign(INFINITY, s) : flushed((float)s);
}

/* What one instruction adds to a sum. */
static float pair_added(int32_t isa, float sum, const float *x, const float *w) {
    const float x0 = flushed(x[0]), x1 = flushed(x[1]), w0 = flushed(w[0]), w1 = flushed(w[1]);
    if (isa == VIT_ISA_AVX512) return fma_flushed(x0, w0, fma_flushed(x1, w1, flushed(sum)));
    return sum_rounded_to_odd(flushed(sum), sum_rounded_to_odd(flushed(x0 * w0), flushed(x1 * w1)));
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------ */

static float any_float(unsigned long long *s) {
    const uint32_t bits = (uint32_t)(test_random(s) >> 32);
    return vi_f32_from_bits(random_below(s, 4) ? bits : bits & 0x807fffff); /* many that are below 2^-126 */
}

/* Rows are written one after the other, backwards, so that one that writes too much shows. */
static void test_rounding(void) {
    const vi_dots *table = bf16_table();
    unsigned long long s = 61;
    for (size_t n = 1; table && n <= 257; n++) {
        float *x = guarded_place(&mem.x, 2 * n, n % 2);
        for (size_t i = 0; i < 2 * n; i++) x[i] = any_float(&s);
        x[random_below(&s, n)] = vi_f32_from_bits(n % 3 ? 0x7f7f8000 : 0xff800001); /* becomes infinite; NaN with few bits */
        const vi_bytes q = {guarded_scratch(&mem.words, 2 * vi_bytes_stride(n)), vi_bytes_stride(n), NULL};
        table->quantise(&q, 1, x + n, n);
        table->quantise(&q, 0, x, n);
        size_t wrong = 0;
        for (size_t i = 0; i < 2 * n; i++) {
            const float in = x[i];
            uint16_t word;
            memcpy(&word, (char *)q.data + i / n * q.stride + i % n * 2, 2);
            const float out = vi_bf16_to_f32(word), nearest = vi_bf16_to_f32(vi_f32_to_bf16(in));
            bool right = isnan(in) ? isnan(out) : same_bits(&out, &nearest, 1);
            if (fabsf(in) < FLT_MIN) right |= out == 0 && !signbit(out) == !signbit(in);
            wrong += right ? 0 : 1;
            if (n % 2 && i % n == n - 1) { /* the other half of the last pair */
                memcpy(&word, (char *)q.data + i / n * q.stride + n * 2, 2);
                wrong += word == 0 ? 0 : 1;
            }
        }
        CHECK(wrong == 0, "%s n=%zu: %zu wrong", table->name, n, wrong);
    }
}

/* ---- products -------------------------------------------------------------------------------------------------------------- */

static shape random_shape(unsigned long long *s, size_t m, size_t n, size_t k) {
    shape x = {.m = m, .n = n, .k = k, .ldc = n + random_below(s, 20), .bias = random_below(s, 2), .gain = random_below(s, 2),
               .residual = random_below(s, 2), .activation = VI_ACT_NONE};
    if (random_below(s, 2) == 0) x.bias = x.gain = x.residual = false; /* the sums themselves */
    x.in_place = x.residual && random_below(s, 3) == 0;
    x.ldr = x.in_place ? x.ldc : n + random_below(s, 20);
    size_t a = random_below(s, 2 * ACTIVATION_COUNT);
    if (x.bias && a < ACTIVATION_COUNT) x.activation = all_activations[a];
    if (!x.bias && random_below(s, 3) == 0) x.exponent = random_below(s, 2) ? -122 : 120; /* near both ends of the range */
    return x;
}

static size_t extent(size_t rows, size_t cols, size_t ld) { return rows && cols ? (rows - 1) * ld + cols : 0; }

static vi_gemm make(const shape *x, vi_matrix *w, bool low, unsigned long long *s) {
    float *data = guarded_place(&mem.w, packed_bytes(VI_BF16, x->n, x->k) / sizeof(float), low);
    fill_random(mem.weights, x->n * x->k, s);
    vi_pack_rows(data, VI_BF16, x->n, x->k, mem.weights, 0, x->n);
    *w = (vi_matrix){data, VI_BF16, x->n, x->k};
    vi_unpack(mem.weights, w);
    const size_t c_size = extent(x->m, x->n, x->ldc), r_size = extent(x->m, x->n, x->ldr);
    float *c = guarded_place(&mem.c, c_size, low), *bias = guarded_place(&mem.bias, x->n, low);
    float *gain = guarded_place(&mem.gain, x->n, low), *residual = x->in_place ? c : guarded_place(&mem.residual, r_size, low);
    fill_random(c, c_size, s);
    fill_random(bias, x->n, s);
    fill_random(gain, x->n, s);
    if (!x->in_place) fill_random(residual, r_size, s);
    memcpy(mem.before, c, c_size * sizeof *c);
    return (vi_gemm){.w = w, .c = c, .ldc = x->ldc, .bias = x->bias ? bias : NULL, .gain = x->gain ? gain : NULL,
                     .residual = x->residual ? residual : NULL, .ldr = x->ldr, .activation = x->activation};
}

static vi_bytes rounded(const vi_dots *table, const shape *x, bool low, unsigned long long *s) {
    float *rows = guarded_place(&mem.x, x->m * x->k, low);
    for (size_t i = 0; i < x->m * x->k; i++) rows[i] = ldexpf(test_uniform(s), x->exponent);
    const size_t stride = vi_bytes_stride(x->k);
    vi_bytes q = {guarded_scratch(&mem.words, x->m * stride), stride, NULL};
    for (size_t i = 0; i < x->m; i++) table->quantise(&q, i, rows + i * x->k, x->k);
    return q;
}

/* mem.sums as the instruction must give them, mem.exact in double, and bf16.h's bound of the difference. */
static void model_sums(int32_t isa, const shape *x, const vi_bytes *q) {
    static float row[MOST_ROW];
    for (size_t i = 0; i < x->m; i++) {
        for (size_t k = 0; k < x->k + 1; k++) {
            uint16_t word;
            memcpy(&word, (char *)q->data + i * q->stride + 2 * k, 2);
            row[k] = k < x->k ? vi_bf16_to_f32(word) : 0.0f;
        }
        for (size_t j = 0; j < x->n; j++) {
            float sum = 0;
            double exact = 0, magnitude = 0;
            const float *w = mem.weights + j * x->k;
            for (size_t k = 0; k < x->k; k += 2) {
                const float pair[2] = {w[k], k + 1 < x->k ? w[k + 1] : 0.0f};
                sum = pair_added(isa, sum, row + k, pair);
                for (size_t e = 0; e < 2; e++) {
                    const double p = (double)flushed(row[k + e]) * (double)flushed(pair[e]);
                    exact += p;
                    magnitude += fabs(p);
                }
            }
            mem.sums[i * x->n + j] = sum;
            mem.exact[i * x->n + j] = exact;
            mem.bounds[i * x->n + j] = (double)(x->k + 3) * UNIT_ROUNDOFF * magnitude + 0x1p-125 * (double)x->k;
        }
    }
}

/* The bits of the sums where nothing else is asked for; otherwise the epilogue's roundings, of sums that are known. */
static size_t wrong_elements(const vi_gemm *g, const shape *x, const float *residual) {
    size_t wrong = 0;
    const bool plain = !g->bias && !g->gain && !residual && g->activation == VI_ACT_NONE;
    for (size_t i = 0; i < x->m; i++) {
        for (size_t j = 0; j < x->n; j++) {
            const float *c = g->c + i * g->ldc + j, *sum = mem.sums + i * x->n + j;
            const double t = (double)*sum + (g->bias ? (double)g->bias[j] : 0), y = exact_act(t, g->activation);
            const double gain = g->gain ? (double)g->gain[j] : 1, r = residual ? (double)residual[i * g->ldr + j] : 0;
            double bound = fabs(gain) * (1.13 * UNIT_ROUNDOFF * fabs(t) + act_bound(y, g->activation));
            bound += 2 * UNIT_ROUNDOFF * (fabs(gain * y) + fabs(r)) + 1e-37;
            wrong += (plain ? same_bits(c, sum, 1) : fabs((double)*c - (gain * y + r)) <= bound) ? 0 : 1;
        }
    }
    return wrong;
}

static size_t sums_beyond_bound(const shape *x) {
    size_t beyond = 0;
    for (size_t e = 0; e < x->m * x->n; e++) {
        if (fabs(mem.exact[e]) + mem.bounds[e] >= (double)FLT_MAX) continue; /* may be infinite */
        beyond += fabs((double)mem.sums[e] - mem.exact[e]) <= mem.bounds[e] ? 0 : 1;
    }
    return beyond;
}

static void check_product(const vi_dots *table, const shape *x, bool low, unsigned long long *s) {
    vi_matrix w;
    const vi_gemm g = make(x, &w, low, s);
    const vi_bytes q = rounded(table, x, low, s);
    const size_t c_size = extent(x->m, x->n, x->ldc), panels = (x->n + VI_PANEL - 1) / VI_PANEL;
    void *scratch = guarded_scratch(&mem.scratch, vi_gemm_scratch(x->k));
    model_sums(table->isa, x, &q);
    CHECK(sums_beyond_bound(x) == 0, "M=%zu N=%zu K=%zu: the model's sums leave the bound", x->m, x->n, x->k);
    table->gemm(&g, &q, 0, x->m, 0, panels, scratch);
    memcpy(mem.expected, g.c, c_size * sizeof *g.c);
    const size_t wrong = wrong_elements(&g, x, x->in_place ? mem.before : g.residual);
    CHECK(wrong == 0, "%s M=%zu N=%zu K=%zu act %d 2^%d: %zu wrong", table->name, x->m, x->n, x->k, (int)x->activation,
          x->exponent, wrong);
    memcpy(g.c, mem.before, c_size * sizeof *g.c);
    for (size_t row = 0; row < x->m;) {
        size_t count = 1 + random_below(s, x->m - row);
        for (size_t panel = 0; panel < panels;) {
            size_t wide = 1 + random_below(s, panels - panel);
            table->gemm(&g, &q, row, row + count, panel, panel + wide, scratch);
            panel += wide;
        }
        row += count;
    }
    CHECK(same_bits(g.c, mem.expected, c_size), "%s M=%zu N=%zu K=%zu: a split changes bits", table->name, x->m, x->n, x->k);
    bool untouched = true;
    for (size_t e = 0; e < c_size; e++) {
        if (e % x->ldc >= x->n) untouched &= same_bits(g.c + e, mem.before + e, 1);
    }
    CHECK(untouched, "%s M=%zu N=%zu: wrote between rows", table->name, x->m, x->n);
}

static void test_products(void) {
    const vi_dots *table = bf16_table();
    unsigned long long s = 62;
    for (size_t size = 0; table && size <= 130; size++) {
        shape by_m = random_shape(&s, size, 1 + random_below(&s, 70), 1 + random_below(&s, 40));
        shape by_n = random_shape(&s, 1 + random_below(&s, 17), size, 1 + random_below(&s, 40));
        shape by_k = random_shape(&s, 1 + random_below(&s, 9), 1 + random_below(&s, 50), 1 + size);
        check_product(table, &by_m, size % 2, &s);
        check_product(table, &by_n, size % 2, &s);
        check_product(table, &by_k, size % 2, &s);
    }
    shape rows = random_shape(&s, 261, 50, 30), columns = random_shape(&s, 9, 60, 2077); /* more than a block of either */
    if (table) check_product(table, &rows, true, &s);
    if (table) check_product(table, &columns, false, &s);
}

/* n floats, rows of `k`, for a round of test_instruction: any there are, or such that sums come and go near 2^-126, or such that
 * the first product is 2^-126 and the next takes next to nothing from it. */
static void fill_for_round(float *x, size_t n, size_t k, size_t round, unsigned long long *s) {
    for (size_t i = 0; i < n; i++) {
        x[i] = any_float(s);
        if (round % 3 == 1) x[i] = ldexpf(test_uniform(s), -60 - (int)random_below(s, 8));
        if (round % 3 < 2) continue;
        x[i] = i % k == 1 ? 0x1p-63f : i % k == 0 ? ldexpf(test_uniform(s), -74 - (int)random_below(s, 4)) : 0.0f;
    }
}

/* Whatever the numbers on both sides: the model is the instruction. */
static void test_instruction(void) {
    const vi_dots *table = bf16_table();
    unsigned long long s = 63;
    const shape x = {.m = 8, .n = 48, .k = 8, .ldc = 48, .activation = VI_ACT_NONE};
    size_t wrong = 0;
    for (size_t round = 0; table && round < 600; round++) {
        float *data = guarded_place(&mem.w, packed_bytes(VI_BF16, x.n, x.k) / sizeof(float), round % 2), *rows = mem.expected;
        fill_for_round(mem.weights, x.n * x.k, x.k, round, &s);
        fill_for_round(rows, x.m * x.k, x.k, round, &s);
        vi_pack_rows(data, VI_BF16, x.n, x.k, mem.weights, 0, x.n);
        const vi_matrix w = {data, VI_BF16, x.n, x.k};
        vi_unpack(mem.weights, &w);
        float *c = guarded_place(&mem.c, x.m * x.n, round % 2);
        const vi_gemm g = {.w = &w, .c = c, .ldc = x.n, .activation = VI_ACT_NONE};
        const vi_bytes q = {guarded_scratch(&mem.words, x.m * vi_bytes_stride(x.k)), vi_bytes_stride(x.k), NULL};
        for (size_t i = 0; i < x.m; i++) table->quantise(&q, i, rows + i * x.k, x.k);
        feclearexcept(FE_ALL_EXCEPT);
        table->gemm(&g, &q, 0, x.m, 0, 3, guarded_scratch(&mem.scratch, vi_gemm_scratch(x.k)));
        CHECK(!fetestexcept(FE_INVALID | FE_DIVBYZERO), "%s raises", table->name);
        model_sums(table->isa, &x, &q);
        for (size_t e = 0; e < x.m * x.n; e++) {
            const bool right = isnan(mem.sums[e]) ? isnan(c[e]) : same_bits(c + e, mem.sums + e, 1);
            wrong += right ? 0 : 1;
        }
    }
    CHECK(wrong == 0, "%s: %zu sums differ from the model", table ? table->name : "", wrong);
}

/* A row with NaN or infinity gives NaN or infinity, and leaves the others alone. */
static void test_special_rows(void) {
    const vi_dots *table = bf16_table();
    unsigned long long s = 64;
    const float specials[] = {NAN, INFINITY, -INFINITY, 3.4e38f};
    for (size_t bad = 0; table && bad < 4; bad++) {
        const shape x = {.m = 11, .n = 40, .k = 37, .ldc = 40, .bias = true, .activation = VI_ACT_NONE};
        vi_matrix w;
        const vi_gemm g = make(&x, &w, false, &s);
        void *scratch = guarded_scratch(&mem.scratch, vi_gemm_scratch(x.k));
        vi_bytes q = rounded(table, &x, false, &s);
        table->gemm(&g, &q, 0, 11, 0, 3, scratch);
        memcpy(mem.expected, g.c, 440 * sizeof(float));
        float row[37] = {0};
        row[bad * 9] = specials[bad];
        table->quantise(&q, bad, row, 37);
        table->gemm(&g, &q, 0, 11, 0, 3, scratch);
        size_t wrong = 0;
        for (size_t e = 0; e < 440; e++) {
            const bool right = e / 40 == bad ? !isfinite(g.c[e]) : same_bits(g.c + e, mem.expected + e, 1);
            wrong += right ? 0 : 1;
        }
        CHECK(wrong == 0, "%s with %g: %zu wrong", table->name, (double)specials[bad], wrong);
    }
}

static void test_choice(void) {
    bool runs;
    size_t count = 0;
    const vi_dots *best = NULL, *t;
    for (; (t = vi_bf16_at(count, &runs)) != NULL; count++) {
        if (runs && !best) best = t;
        CHECK(t->quantise && t->gemm && *t->name, "%s has a hole", t->name);
        CHECK(!runs || vi_kernels_exact(t->isa), "%s runs where its instruction set does not", t->name);
    }
    CHECK(count <= 1, "%zu tables", count);
    CHECK(vi_bf16_for(VIT_ISA_BEST) == best, "the best one is not chosen");
    for (int32_t cap = VIT_ISA_REFERENCE; cap <= VIT_ISA_NEON; cap++) {
        t = vi_bf16_for(cap);
        CHECK(!t || vi_kernels_for(cap)->isa == t->isa, "cap %s gives %s", vi_isa_name(cap), t ? t->name : "none");
    }
    CHECK(!vi_bf16_for(VIT_ISA_REFERENCE) && !vi_bf16_for(VIT_ISA_AVX2), "there are none below AVX-512");
#if defined(__x86_64__) && defined(__GNUC__)
    CHECK(!__builtin_cpu_is("intel") || !best, "%s is slower than f32 on Intel's processors", best->name);
    const bool wanted = __builtin_cpu_is("amd") && __builtin_cpu_supports("avx512bf16") && vi_kernels_exact(VIT_ISA_AVX512);
    CHECK(!wanted || best, "AMD's processor has them, and they are not used");
#endif
}

TEST_MAIN(test_create, test_rounding, test_products, test_instruction, test_special_rows, test_choice)
