/* test_attention.c: one head of attention of every ISA, and of bf16 dot products, against double: shapes, strides, guard pages,
 * splits, NaN, exceptions. */
#include "kernel_test.h"
#include "base/half.h"
#include "bf16_test.h"

enum { MOST = 1 << 17 };
static guarded memory_q, memory_k, memory_v, memory_out, memory_map, memory_panels, memory_scratch;

static void test_create(void) {
    memory_q = guarded_create(MOST), memory_k = guarded_create(MOST), memory_v = guarded_create(MOST);
    memory_out = guarded_create(MOST), memory_map = guarded_create(MOST), memory_panels = guarded_create(MOST);
    memory_scratch = guarded_create(MOST);
}

static vi_kernels pairs; /* attention with bf16 dot products, beside another table's rest */

/* Every ISA's table, then that one. */
static const vi_kernels *next_attention(size_t *i) {
    static bool said;
    const vi_kernels *k = next_isa(i);
    if (k || *i > ISA_COUNT) return k;
    ++*i;
    const vi_dots *table = bf16_table();
    if (!table && !said) SKIP("no bf16 dot products can run here");
    said = true;
    if (!table) return NULL;
    pairs = *vi_kernels_exact(table->isa);
    pairs.name = table->name, pairs.pack_keys = table->pack_keys, pairs.attention = table->attention;
    return &pairs;
}

static void round_all(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = vi_bf16_to_f32(vi_f32_to_bf16(x[i]));
}

static size_t extent(size_t rows, size_t cols, size_t ld) { return (rows - 1) * ld + cols; }

/* Random Q, K, V; keys packed by the kernels themselves. size: of the numbers in Q, hence how peaked the softmax is. */
static vi_attention make(const vi_kernels *kernels, size_t tokens, size_t hd, float size, bool low, unsigned long long *s,
                         const float **keys, size_t *ldk) {
    vi_attention a = {.tokens = tokens, .head_dim = hd, .scale = 1 / sqrtf((float)hd)};
    a.ldq = hd + random_below(s, 30), a.ldv = hd + random_below(s, 30), a.ldo = hd + random_below(s, 30);
    *ldk = hd + random_below(s, 30);
    float *q = guarded_place(&memory_q, extent(tokens, hd, a.ldq), low);
    float *k = guarded_place(&memory_k, extent(tokens, hd, *ldk), low);
    float *v = guarded_place(&memory_v, extent(tokens, hd, a.ldv), low);
    float *panels = guarded_place(&memory_panels, (tokens + 15) / 16 * 16 * hd, low);
    a.out = guarded_place(&memory_out, extent(tokens, hd, a.ldo), low);
    fill_random(q, extent(tokens, hd, a.ldq), s);
    fill_random(k, extent(tokens, hd, *ldk), s);
    fill_random(v, extent(tokens, hd, a.ldv), s);
    fill_random(a.out, extent(tokens, hd, a.ldo), s);
    for (size_t i = 0; i < extent(tokens, hd, a.ldq); i++) q[i] *= size;
    if (kernels == &pairs) { /* so that only the exponentials' rounding is to be allowed for */
        round_all(q, extent(tokens, hd, a.ldq)), round_all(k, extent(tokens, hd, *ldk)), round_all(v, extent(tokens, hd, a.ldv));
    }
    kernels->pack_keys(panels, k, *ldk, tokens, hd);
    a.q = q, a.v = v, a.k_panels = panels, *keys = k;
    return a;
}

/* A score's error e_s moves every probability by a factor e^(2 e_s), and that of scale log2 e, one rounding, by up to 88 u; then
 * the exponentials (docs/kernels.md) and the sums of P V and of P, T terms each. rounding: of the exponentials, relative. */
static double worst_excess(const vi_attention *a, const float *k, size_t ldk, double rounding) {
    static double p[600];
    const size_t tokens = a->tokens, hd = a->head_dim;
    double worst = 0;
    for (size_t i = 0; i < tokens; i++) {
        double max = -1e300, sum = 0, score_error = 0;
        const size_t keys = a->causal ? i + 1 : tokens;
        for (size_t t = 0; t < keys; t++) {
            double score = 0, magnitude = 0;
            for (size_t d = 0; d < hd; d++) {
                double product = (double)a->q[i * a->ldq + d] * (double)k[t * ldk + d];
                score += product, magnitude += fabs(product);
            }
            p[t] = score * (double)a->scale;
            double e = UNIT_ROUNDOFF * (double)a->scale * ((double)hd + 3) * magnitude;
            score_error = e > score_error ? e : score_error;
            max = p[t] > max ? p[t] : max;
        }
        for (size_t t = 0; t < tokens; t++) p[t] = t < keys ? exp(p[t] - max) : 0, sum += p[t];
        const double relative = 2 * score_error * 1.01 + UNIT_ROUNDOFF * ((double)tokens / 16 + 20 + 88);
        for (size_t t = 0; t < tokens && a->probabilities; t++) {
            double excess = fabs((double)a->probabilities[i * tokens + t] - p[t] / sum) / (relative * p[t] / sum + 2e-38);
            if (!(excess <= worst)) worst = excess;
        }
        for (size_t d = 0; d < hd; d++) {
            double out = 0, magnitude = 0;
            for (size_t t = 0; t < tokens; t++) {
                double product = p[t] / sum * (double)a->v[t * a->ldv + d];
                out += product, magnitude += fabs(product);
            }
            double bound = (relative + rounding + UNIT_ROUNDOFF * ((double)tokens + 4)) * magnitude + 1e-37;
            double excess = fabs((double)a->out[i * a->ldo + d] - out) / bound;
            if (!(excess <= worst)) worst = excess;
        }
    }
    return worst;
}

static void check_attention(const vi_kernels *kernels, size_t tokens, size_t hd, float size, bool causal,
                            unsigned long long *s) {
    static float before[MOST], whole[MOST], map[MOST];
    const float *k;
    size_t ldk, count;
    const bool low = random_below(s, 2);
    vi_attention a = make(kernels, tokens, hd, size, low, s, &k, &ldk);
    a.causal = causal;
    void *scratch = guarded_scratch(&memory_scratch, vi_attention_scratch(tokens, hd));
    const size_t out_size = extent(tokens, hd, a.ldo);
    memcpy(before, a.out, out_size * sizeof *before);
    a.probabilities = guarded_place(&memory_map, tokens * tokens, low);
    kernels->attention(&a, 0, tokens, scratch);
    double worst = worst_excess(&a, k, ldk, kernels == &pairs ? 0x1p-8 : 0);
    CHECK(worst <= 1, "%s T=%zu hd=%zu: error %g of the bound", kernels->name, tokens, hd, worst);
    memcpy(whole, a.out, out_size * sizeof *whole);
    memcpy(map, a.probabilities, tokens * tokens * sizeof *map);

    memcpy(a.out, before, out_size * sizeof *before);
    for (size_t row = 0; row < tokens; row += count) {
        count = 1 + random_below(s, tokens - row);
        float *probabilities = a.probabilities;
        if (random_below(s, 2)) a.probabilities = NULL; /* asking for them changes nothing else */
        kernels->attention(&a, row, row + count, scratch);
        a.probabilities = probabilities;
    }
    CHECK(same_bits(a.out, whole, out_size) && same_bits(a.probabilities, map, tokens * tokens),
          "%s T=%zu hd=%zu: a split changes bits", kernels->name, tokens, hd);
    size_t wrong = 0;
    for (size_t i = 0; i < out_size; i++) wrong += i % a.ldo >= hd && !same_bits(a.out + i, before + i, 1) ? 1 : 0;
    CHECK(wrong == 0, "%s T=%zu hd=%zu: wrote between rows", kernels->name, tokens, hd);
}

static void test_shapes(void) {
    static const size_t dims[] = {1, 3, 8, 15, 16, 17, 32, 48, 64, 72, 80, 88, 128};
    unsigned long long s = 31;
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_attention(&isa));) {
        for (size_t i = 0; i < sizeof dims / sizeof *dims; i++) {
            check_attention(kernels, 1 + random_below(&s, 70), dims[i], 1, false, &s);
            check_attention(kernels, 1 + random_below(&s, 70), dims[i], 20, i % 2, &s);
        }
        for (size_t tokens = 1; tokens <= 257; tokens += tokens < 70 ? 1 : 31) {
            check_attention(kernels, tokens, 1 + random_below(&s, 20), tokens % 2 ? 1.0f : 50.0f, false, &s);
            check_attention(kernels, tokens, 1 + random_below(&s, 20), tokens % 3 ? 1.0f : 50.0f, true, &s);
        }
    }
}

/* Causal: what comes after a row changes no bit of it, so a text may be cut behind the token that is wanted. */
static void test_causal_prefix(void) {
    unsigned long long s = 34;
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_attention(&isa));) {
        for (size_t tokens = 2; tokens < 80; tokens += 7) {
            static float whole[MOST];
            const float *k;
            size_t ldk;
            vi_attention a = make(kernels, tokens, 24, 3, false, &s, &k, &ldk);
            void *scratch = guarded_scratch(&memory_scratch, vi_attention_scratch(tokens, 24));
            a.causal = true;
            kernels->attention(&a, 0, tokens, scratch);
            memcpy(whole, a.out, extent(tokens, 24, a.ldo) * sizeof *whole);
            a.tokens = 1 + random_below(&s, tokens - 1);
            const size_t kept = extent(a.tokens, 24, a.ldo);
            for (size_t i = 0; i < kept; i++) a.out[i] = 7;
            kernels->pack_keys((float *)(uintptr_t)a.k_panels, k, ldk, a.tokens, 24);
            kernels->attention(&a, 0, a.tokens, scratch);
            size_t wrong = 0;
            for (size_t i = 0; i < a.tokens; i++) wrong += same_bits(a.out + i * a.ldo, whole + i * a.ldo, 24) ? 0 : 1;
            CHECK(wrong == 0, "%s %zu of %zu tokens: %zu rows differ", kernels->name, a.tokens, tokens, wrong);
        }
    }
}

/* NaN in a query stays in its row. NaN in a key or value reaches every row: each attends to it. */
static void test_nan(void) {
    unsigned long long s = 32;
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_attention(&isa));) {
        for (size_t bad = 0; bad < 40; bad += 3) {
            static float before[MOST];
            const float *k;
            size_t ldk, wrong = 0;
            vi_attention a = make(kernels, 40, 24, 1, false, &s, &k, &ldk);
            void *scratch = guarded_scratch(&memory_scratch, vi_attention_scratch(40, 24));
            kernels->attention(&a, 0, 40, scratch);
            memcpy(before, a.out, extent(40, 24, a.ldo) * sizeof *before);
            ((float *)(uintptr_t)a.q)[bad * a.ldq + 7] = NAN;
            kernels->attention(&a, 0, 40, scratch);
            for (size_t i = 0; i < 40; i++) {
                for (size_t d = 0; d < 24; d++) {
                    const float *x = &a.out[i * a.ldo + d];
                    wrong += (i == bad ? isnan(*x) : same_bits(x, &before[i * a.ldo + d], 1)) ? 0 : 1;
                }
            }
            CHECK(wrong == 0, "%s query %zu: %zu wrong", kernels->name, bad, wrong);
            ((float *)(uintptr_t)a.v)[bad * a.ldv + 20] = NAN;
            kernels->attention(&a, 0, 40, scratch);
            for (size_t i = 0; i < 40; i++) wrong += isnan(a.out[i * a.ldo + 20]) ? 0 : 1;
            CHECK(wrong == 0, "%s value %zu: %zu wrong", kernels->name, bad, wrong);
        }
    }
}

/* Peaked, flat, large and tiny scores, none of which may raise anything. */
static void test_exceptions(void) {
    static const float sizes[] = {0, 1e-42f, 1, 1e4f, 1e15f, 1e35f};
    unsigned long long s = 33;
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_attention(&isa));) {
        feclearexcept(FE_ALL_EXCEPT);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            const float *k;
            size_t ldk, finite = 0;
            vi_attention a = make(kernels, 37, 20, sizes[i], true, &s, &k, &ldk);
            kernels->attention(&a, 0, 37, guarded_scratch(&memory_scratch, vi_attention_scratch(37, 20)));
            for (size_t r = 0; r < 37; r++) finite += isfinite(a.out[r * a.ldo]) ? 1 : 0;
            CHECK(finite == 37, "%s size %g: %zu of 37 rows are finite", kernels->name, (double)sizes[i], finite);
        }
        CHECK(!fetestexcept(FE_INVALID | FE_DIVBYZERO), "%s", kernels->name);
    }
}

/* Queries, keys and values are rounded to nearest even: rounded beforehand, they give the same bits. */
static void test_rounding(void) {
    enum { TOKENS = 53, DIM = 37 };
    unsigned long long s = 36;
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_attention(&isa));) {
        if (kernels != &pairs) continue;
        static float rounded[MOST];
        const float *keys;
        size_t ldk;
        vi_attention a = make(kernels, TOKENS, DIM, 2, false, &s, &keys, &ldk);
        float *q = (float *)(uintptr_t)a.q, *k = (float *)(uintptr_t)keys, *v = (float *)(uintptr_t)a.v;
        const size_t q_size = extent(TOKENS, DIM, a.ldq), k_size = extent(TOKENS, DIM, ldk), v_size = extent(TOKENS, DIM, a.ldv);
        const size_t out_size = extent(TOKENS, DIM, a.ldo);
        void *scratch = guarded_scratch(&memory_scratch, vi_attention_scratch(TOKENS, DIM));
        fill_random(q, q_size, &s), fill_random(k, k_size, &s), fill_random(v, v_size, &s);
        kernels->pack_keys((float *)(uintptr_t)a.k_panels, k, ldk, TOKENS, DIM);
        kernels->attention(&a, 0, TOKENS, scratch);
        memcpy(rounded, a.out, out_size * sizeof *rounded);
        round_all(q, q_size), round_all(k, k_size), round_all(v, v_size);
        kernels->pack_keys((float *)(uintptr_t)a.k_panels, k, ldk, TOKENS, DIM);
        kernels->attention(&a, 0, TOKENS, scratch);
        CHECK(same_bits(a.out, rounded, out_size), "%s: rounded beforehand, other bits", kernels->name);
    }
}

/* Scores of one size or half of it, exact, however large: the largest share equally, the others get their due or nothing. */
static void test_large(void) {
    enum { TOKENS = 21, LARGEST = 5 };
    unsigned long long s = 35;
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_attention(&isa));) {
        for (int exponent = -4; exponent <= 120; exponent++) {
            const float *keys;
            size_t ldk, wrong = 0;
            vi_attention a = make(kernels, TOKENS, 1, 1, false, &s, &keys, &ldk);
            float *k = (float *)(uintptr_t)keys, *q = (float *)(uintptr_t)a.q;
            for (size_t t = 0; t < TOKENS; t++) k[t * ldk] = t % 4 == 3 ? 1.0f : 0.5f, q[t * a.ldq] = ldexpf(1.0f, exponent);
            kernels->pack_keys((float *)(uintptr_t)a.k_panels, k, ldk, TOKENS, 1);
            a.scale = 0.75f;
            a.probabilities = guarded_place(&memory_map, TOKENS * TOKENS, false);
            kernels->attention(&a, 0, TOKENS, guarded_scratch(&memory_scratch, vi_attention_scratch(TOKENS, 1)));
            const double other = exp(-0.375 * ldexp(1.0, exponent)), sum = LARGEST + (TOKENS - LARGEST) * other;
            for (size_t i = 0; i < TOKENS * TOKENS; i++) {
                const double p = (i % TOKENS % 4 == 3 ? 1.0 : other) / sum;
                wrong += fabs((double)a.probabilities[i] - p) <= 130 * UNIT_ROUNDOFF * p + 2e-38 ? 0 : 1;
            }
            CHECK(wrong == 0, "%s 2^%d: %zu wrong", kernels->name, exponent, wrong);
        }
    }
}

TEST_MAIN(test_create, test_shapes, test_causal_prefix, test_nan, test_exceptions, test_rounding, test_large)
