/* test_int8.c: quantisation and 8-bit matrix products of every table: bytes, exact sums, epilogue, guard pages, splits, NaN. */
#include "kernel_test.h"
#include "kernels/int8.h"

enum { MOST_X = 1 << 17, MOST_W = 1 << 18, MOST_C = 1 << 17, MOST_ROW = 4096 };

typedef struct shape {
    size_t m, n, k, ldc, ldr;
    bool bias, gain, residual, in_place;
    int32_t activation;
} shape;

static struct {
    guarded x, w, c, residual, bias, gain, scratch, bytes;
    float rows[MOST_W], unpacked[MOST_W], expected[MOST_C], before[MOST_C], first[MOST_C];
    vi_step steps[MOST_ROW], reference_steps[MOST_ROW];
    uint8_t reference[1 << 20];
} mem;

static void test_create(void) {
    mem.x = guarded_create(MOST_X), mem.w = guarded_create(MOST_W), mem.c = guarded_create(MOST_C);
    mem.residual = guarded_create(MOST_C), mem.bias = guarded_create(MOST_ROW), mem.gain = guarded_create(MOST_ROW);
    mem.scratch = guarded_create(1 << 19), mem.bytes = guarded_create(1 << 18);
}

/* The next runnable table; says once, loudly, which cannot run here. */
static const vi_dots *next_table(size_t *i) {
    static bool said[16];
    bool runs;
    const vi_dots *t;
    while ((t = vi_int8_at((*i)++, &runs)) != NULL) {
        if (runs) return t;
        if (!said[*i]) SKIP("int8 %s cannot run here", t->name);
        said[*i] = true;
    }
    return NULL;
}

static const vi_dots *reference(void) {
    const vi_dots *t = vi_int8_for(VIT_ISA_REFERENCE);
    CHECK(t->isa == VIT_ISA_REFERENCE, "the cap gives %s", t->name);
    return t;
}

/* ---- packing --------------------------------------------------------------------------------------------------------------- */

static void test_layout(void) {
    unsigned long long s = 51;
    size_t bytes;
    CHECK(packed_bytes(VI_I8, 17, 9) == 2 * 2 * 16 * 4 + 2 * 3 * 64, "scales, sums, two panels of three steps");
    CHECK(!vi_matrix_bytes(VI_I8, 16, VI_I8_COLS + 1, &bytes) && vi_matrix_bytes(VI_I8, 16, VI_I8_COLS, &bytes), "most columns");
    for (size_t n = 1; n <= 50; n++) {
        const size_t k = 1 + random_below(&s, 60), whole = (n + 15) / 16 * 16, steps = (k + 3) / 4;
        float *data = guarded_place(&mem.w, packed_bytes(VI_I8, n, k) / 4, n % 2);
        memset(data, 0xff, packed_bytes(VI_I8, n, k));
        fill_random(mem.rows, n * k, &s);
        for (size_t i = 0; i < k; i++) mem.rows[n / 2 * k + i] = n % 3 ? 0.0f : 1e-33f; /* a row of (nearly) nothing */
        const size_t split = random_below(&s, n / 16 + 1) * 16;
        vi_pack_rows(data, VI_I8, n, k, mem.rows + split * k, split, n);
        vi_pack_rows(data, VI_I8, n, k, mem.rows, 0, split);
        const vi_matrix w = {data, VI_I8, n, k};
        vi_unpack(mem.unpacked, &w);
        size_t wrong = 0;
        for (size_t row = 0; row < whole; row++) {
            const int8_t *at = (const int8_t *)(data + 2 * whole) + row / 16 * steps * 64 + row % 16 * 4;
            int sum = 0, most = 0;
            for (size_t i = 0; i < 4 * steps; i++) {
                int byte = at[i / 4 * 64 + i % 4];
                sum += byte;
                most = abs(byte) > most ? abs(byte) : most;
                if (row >= n || i >= k) {
                    wrong += byte == 0 ? 0 : 1;
                    continue;
                }
                double error = fabs((double)mem.unpacked[row * k + i] - (double)mem.rows[row * k + i]);
                wrong += error <= 0.5001 * (double)data[row] + 1e-30 ? 0 : 1;
                const float product = data[row] * (float)byte; /* where float is computed in double, this rounds */
                wrong += mem.unpacked[row * k + i] == product ? 0 : 1;
            }
            wrong += data[whole + row] == (float)sum ? 0 : 1;
            wrong += most == (row < n && row != n / 2 ? 127 : 0) ? 0 : 1;
        }
        CHECK(wrong == 0, "%zu x %zu: %zu wrong", n, k, wrong);
        CHECK(vi_int8_check(&w), "%zu x %zu", n, k);
        const float bad[] = {NAN, INFINITY, -1.0f};
        const float scale = data[n - 1], sum = data[whole + n - 1];
        for (size_t i = 0; i < 3; i++) {
            data[n - 1] = bad[i];
            CHECK(!vi_int8_check(&w), "scale %g", (double)bad[i]);
        }
        data[n - 1] = scale;
        data[whole + n - 1] = 127.0f * (float)k + 1;
        CHECK(!vi_int8_check(&w), "sum");
        data[whole + n - 1] = sum;
        mem.rows[(n - 1) * k] = n % 2 ? NAN : -INFINITY;
        vi_pack_rows(data, VI_I8, n, k, mem.rows, 0, n);
        CHECK(!vi_int8_check(&w), "a weight that is not finite");
    }
}

/* ---- quantisation ---------------------------------------------------------------------------------------------------------- */

/* What int8.h promises of the reference's bytes, which the other tables' sums are compared with. */
static void test_bytes(void) {
    unsigned long long s = 52;
    const vi_dots *table = reference();
    static uint8_t bytes[512];
    for (size_t n = 1; n <= 257; n++) {
        float *x = guarded_place(&mem.x, n, n % 2);
        fill_random(x, n, &s);
        const float factor = ldexpf(1, (int)random_below(&s, 200) - 120), offset = n % 3 == 0 ? 1.5f : n % 3 == 1 ? -1.5f : 0.0f;
        for (size_t i = 0; i < n; i++) x[i] = (x[i] + offset) * factor;
        vi_step step;
        table->quantise(&(vi_bytes){bytes, 512, &step}, 0, x, n);
        size_t wrong = 0;
        double low = 0, high = 0;
        for (size_t i = 0; i < n; i++) {
            low = (double)x[i] < low ? (double)x[i] : low;
            high = (double)x[i] > high ? (double)x[i] : high;
            double back = (double)step.step * ((double)bytes[i] - (double)step.zero);
            /* half a step, and 2^-12 of one where x87 rounds the sum twice */
            wrong += fabs(back - (double)x[i]) <= (0.5001 + 1.0 / 4096) * (double)step.step + 2.6e-28 ? 0 : 1;
        }
        CHECK(wrong == 0, "n=%zu: %zu of the bytes are off", n, wrong);
        CHECK(step.step == 0 || fabs((double)step.step * 254 / (high - low) - 1) < 1e-6, "n=%zu: step %g", n, (double)step.step);
        CHECK(step.zero >= 0 && step.zero <= 255 && step.zero == floorf(step.zero), "n=%zu: zero %g", n, (double)step.zero);
    }
}

/* ---- products -------------------------------------------------------------------------------------------------------------- */

static shape random_shape(unsigned long long *s, size_t m, size_t n, size_t k) {
    shape x = {.m = m, .n = n, .k = k, .ldc = n + random_below(s, 20), .bias = random_below(s, 2), .gain = random_below(s, 2),
               .residual = random_below(s, 2), .activation = VI_ACT_NONE};
    if (random_below(s, 3) == 0) x.gain = x.residual = false; /* sums then go straight to C */
    x.in_place = x.residual && random_below(s, 3) == 0;
    x.ldr = x.in_place ? x.ldc : n + random_below(s, 20);
    size_t a = random_below(s, 2 * ACTIVATION_COUNT);
    if (a < ACTIVATION_COUNT) x.activation = all_activations[a];
    return x;
}

static size_t extent(size_t rows, size_t cols, size_t ld) { return rows && cols ? (rows - 1) * ld + cols : 0; }

/* Rows of very different size and offset, so that every zero point occurs. */
static const float *make_rows(const shape *x, bool low, unsigned long long *s) {
    float *rows = guarded_place(&mem.x, x->m * x->k, low);
    for (size_t i = 0; i < x->m; i++) {
        const float size = 0.1f + (float)random_below(s, 100), offset = test_uniform(s) * 2;
        for (size_t k = 0; k < x->k; k++) rows[i * x->k + k] = size * (test_uniform(s) + offset);
    }
    return rows;
}

static vi_gemm make(const shape *x, vi_matrix *w, bool low, unsigned long long *s) {
    float *data = guarded_place(&mem.w, packed_bytes(VI_I8, x->n, x->k) / sizeof(float), low);
    fill_random(mem.rows, x->n * x->k, s);
    vi_pack_rows(data, VI_I8, x->n, x->k, mem.rows, 0, x->n);
    *w = (vi_matrix){data, VI_I8, x->n, x->k};
    const size_t c_size = extent(x->m, x->n, x->ldc), r_size = extent(x->m, x->n, x->ldr);
    float *c = guarded_place(&mem.c, c_size, low), *bias = guarded_place(&mem.bias, x->n, low);
    float *gain = guarded_place(&mem.gain, x->n, low), *residual = x->in_place ? c : guarded_place(&mem.residual, r_size, low);
    fill_random(c, c_size, s);
    fill_random(bias, x->n, s);
    fill_random(gain, x->n, s);
    if (!x->in_place) fill_random(residual, r_size, s);
    return (vi_gemm){.w = w, .c = c, .ldc = x->ldc, .bias = x->bias ? bias : NULL, .gain = x->gain ? gain : NULL,
                     .residual = x->residual ? residual : NULL, .ldr = x->ldr, .activation = x->activation};
}

static vi_bytes quantised(const vi_dots *table, const shape *x, const float *rows) {
    const size_t stride = vi_bytes_stride(x->k);
    vi_bytes q = {guarded_scratch(&mem.bytes, x->m * stride), stride, mem.steps};
    for (size_t i = 0; i < x->m; i++) table->quantise(&q, i, rows + i * x->k, x->k);
    return q;
}

/* Of sums known exactly: a rounding of the sum, one each of zero point, scale, step and bias, two of the rest. */
static double worst_excess(const vi_gemm *g, const vi_bytes *a, size_t m, const float *c, const float *residual) {
    const size_t n = g->w->rows, k_count = g->w->cols, whole = (n + 15) / 16 * 16;
    const float *scales = g->w->data;
    const int8_t *panels = (const int8_t *)(scales + 2 * whole);
    double worst = 0;
    for (size_t i = 0; i < m; i++) {
        const uint8_t *bytes = (const uint8_t *)a->data + i * a->stride;
        for (size_t j = 0; j < n; j++) {
            const int8_t *w = panels + j / 16 * ((k_count + 3) / 4) * 64 + j % 16 * 4;
            long long sum = 0, weights = 0;
            for (size_t k = 0; k < k_count; k++) sum += bytes[k] * w[k / 4 * 64 + k % 4], weights += w[k / 4 * 64 + k % 4];
            double factor = (double)scales[j] * (double)a->steps[i].step;
            double product = factor * ((double)sum - (double)a->steps[i].zero * (double)weights);
            double x = product + (g->bias ? (double)g->bias[j] : 0), y = exact_act(x, g->activation);
            double gain = g->gain ? (double)g->gain[j] : 1, r = residual ? (double)residual[i * g->ldr + j] : 0;
            double e = UNIT_ROUNDOFF * (factor * fabs((double)sum) + 4 * fabs(product) + 2 * fabs(x));
            double bound = fabs(gain) * (1.13 * e + act_bound(y, g->activation));
            bound += 2 * UNIT_ROUNDOFF * (fabs(gain * y) + fabs(r)) + 1e-37;
            double excess = fabs((double)c[i * g->ldc + j] - (gain * y + r)) / bound;
            if (!(excess <= worst)) worst = excess; /* NaN shows */
        }
    }
    return worst;
}

/* Runs one product on every table. The SIMD tables give the same bits, for any split too. */
static void check_product(const shape *x, bool low, unsigned long long *s) {
    vi_matrix w;
    vi_gemm g = make(x, &w, low, s);
    const float *rows = make_rows(x, low, s);
    const size_t c_size = extent(x->m, x->n, x->ldc), panels = (x->n + VI_PANEL - 1) / VI_PANEL;
    memcpy(mem.before, g.c, c_size * sizeof *mem.before);
    void *scratch = guarded_scratch(&mem.scratch, vi_gemm_scratch(x->k));
    const vi_bytes exact = {mem.reference, vi_bytes_stride(x->k), mem.reference_steps};
    for (size_t i = 0; i < x->m; i++) reference()->quantise(&exact, i, rows + i * x->k, x->k);
    const vi_dots *table, *first = NULL;
    for (size_t i = 0; (table = next_table(&i)) != NULL;) {
        const vi_bytes q = quantised(table, x, rows);
        bool same_steps = true;
        for (size_t r = 0; r < x->m; r++)
            same_steps &= q.steps[r].step == exact.steps[r].step && q.steps[r].zero == exact.steps[r].zero;
        CHECK(same_steps, "%s M=%zu K=%zu: other steps than the reference", table->name, x->m, x->k);
        memcpy(g.c, mem.before, c_size * sizeof *mem.before);
        table->gemm(&g, &q, 0, x->m, 0, panels, scratch);
        memcpy(mem.expected, g.c, c_size * sizeof *mem.before);
        double worst = worst_excess(&g, &exact, x->m, g.c, x->in_place ? mem.before : g.residual);
        CHECK(worst <= 1, "%s M=%zu N=%zu K=%zu act %d: error %g of the bound", table->name, x->m, x->n, x->k,
              (int)x->activation, worst);
        if (table->isa != VIT_ISA_REFERENCE) {
            if (!first) memcpy(mem.first, g.c, c_size * sizeof *mem.before);
            CHECK(!first || same_bits(mem.first, g.c, c_size), "%s and %s differ", first->name, table->name);
            if (!first) first = table;
        }
        memcpy(g.c, mem.before, c_size * sizeof *mem.before);
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
}

static void test_products(void) {
    unsigned long long s = 53;
    for (size_t size = 0; size <= 130; size++) {
        shape by_m = random_shape(&s, size, 1 + random_below(&s, 70), 1 + random_below(&s, 40));
        shape by_n = random_shape(&s, 1 + random_below(&s, 17), size, 1 + random_below(&s, 40));
        shape by_k = random_shape(&s, 1 + random_below(&s, 9), 1 + random_below(&s, 50), 1 + size);
        check_product(&by_m, size % 2, &s);
        check_product(&by_n, size % 2, &s);
        check_product(&by_k, size % 2, &s);
    }
    shape large = random_shape(&s, 23, 60, 1027);
    check_product(&large, true, &s);
}

/* The largest sums there are: every byte 255 or 0 against every weight 127 or -127, in the longest row allowed. */
static void test_extremes(void) {
    static float x[VI_I8_COLS], c[32];
    const size_t k = VI_I8_COLS, bytes = packed_bytes(VI_I8, 2, k);
    float *weights = malloc(2 * k * sizeof *weights), *data = malloc(bytes);
    vi_step steps[2];
    char *memory = malloc(2 * vi_bytes_stride(k));
    void *scratch = malloc(vi_gemm_scratch(k));
    if (!weights || !data || !memory || !scratch) exit(1);
    for (size_t i = 0; i < 2 * k; i++) weights[i] = i < k ? 1.0f : -1.0f;
    vi_pack_rows(data, VI_I8, 2, k, weights, 0, 2);
    const vi_matrix w = {data, VI_I8, 2, k};
    const vi_gemm g = {.w = &w, .c = c, .ldc = 16, .activation = VI_ACT_NONE};
    const vi_dots *table;
    for (size_t i = 0; (table = next_table(&i)) != NULL;) {
        const vi_bytes q = {memory, vi_bytes_stride(k), steps};
        for (size_t j = 0; j < k; j++) x[j] = 1;
        table->quantise(&q, 0, x, k);
        for (size_t j = 0; j < k; j++) x[j] = -1;
        table->quantise(&q, 1, x, k);
        table->gemm(&g, &q, 0, 2, 0, 1, scratch);
        const float most = (float)k;
        const bool right = fabsf(c[0] - most) < most * 1e-6f && fabsf(c[1] + most) < most * 1e-6f &&
                           fabsf(c[16] + most) < most * 1e-6f && fabsf(c[17] - most) < most * 1e-6f;
        CHECK(right, "%s: %g %g %g %g", table->name, (double)c[0], (double)c[1], (double)c[16], (double)c[17]);
    }
    free(weights), free(data), free(memory), free(scratch);
}

/* A row with NaN or infinity gives NaN and leaves the others alone; so does nothing a row of zeros or of tiny numbers. */
static void test_special_rows(void) {
    unsigned long long s = 54;
    const float specials[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e-40f};
    const vi_dots *table;
    for (size_t i = 0; (table = next_table(&i)) != NULL;) {
        for (size_t bad = 0; bad < 6; bad++) {
            const shape x = {.m = 11, .n = 40, .k = 37, .ldc = 40, .bias = true, .activation = VI_ACT_NONE};
            vi_matrix w;
            vi_gemm g = make(&x, &w, false, &s);
            float *rows = (float *)(uintptr_t)make_rows(&x, false, &s);
            void *scratch = guarded_scratch(&mem.scratch, vi_gemm_scratch(x.k));
            vi_bytes q = quantised(table, &x, rows);
            table->gemm(&g, &q, 0, 11, 0, 3, scratch);
            memcpy(mem.expected, g.c, 440 * sizeof(float));
            if (bad == 5) memset(rows + bad * 37, 0, 37 * sizeof(float));
            rows[bad * 37 + 36] = specials[bad];
            feclearexcept(FE_ALL_EXCEPT);
            q = quantised(table, &x, rows);
            table->gemm(&g, &q, 0, 11, 0, 3, scratch);
            CHECK(bad < 3 || !fetestexcept(FE_INVALID | FE_DIVBYZERO), "%s: %g raises", table->name, (double)specials[bad]);
            size_t wrong = 0;
            for (size_t e = 0; e < 440; e++) {
                bool right = same_bits(g.c + e, mem.expected + e, 1);
                if (e / 40 == bad) right = bad < 3 ? isnan(g.c[e]) : bad < 5 ? isfinite(g.c[e]) : g.c[e] == g.bias[e % 40];
                wrong += right ? 0 : 1;
            }
            CHECK(wrong == 0, "%s with %g: %zu wrong", table->name, (double)specials[bad], wrong);
        }
    }
}

/* Recorded, so that machines of different architectures are compared with each other. */
static void test_agree(void) {
    const vi_dots *table;
    for (size_t i = 0; (table = next_table(&i)) != NULL;) {
        if (table->isa == VIT_ISA_REFERENCE) continue;
        unsigned long long s = 55;
        uint64_t h = 14695981039346656037ULL;
        for (size_t round = 0; round < 20; round++) {
            const shape x = random_shape(&s, 1 + 3 * round % 31, 5 + 7 * round, 200 - 9 * round);
            vi_matrix w;
            vi_gemm g = make(&x, &w, false, &s);
            const vi_bytes q = quantised(table, &x, make_rows(&x, false, &s));
            table->gemm(&g, &q, 0, x.m, 0, (x.n + 15) / 16, guarded_scratch(&mem.scratch, vi_gemm_scratch(x.k)));
            for (size_t e = 0; e < extent(x.m, x.n, x.ldc); e++) {
                uint32_t bits;
                memcpy(&bits, &g.c[e], sizeof bits);
                h = (h ^ bits) * 1099511628211ULL; /* FNV-1a, a word at a time */
            }
        }
        CHECK(h == 0x7c93a217236273d3u, "%s: 0x%016llx", table->name, (unsigned long long)h);
    }
}

static void test_choice(void) {
    bool runs;
    CHECK(vi_int8_at(0, &runs) != NULL && vi_int8_at(99, &runs) == NULL, "the list ends");
    for (int32_t cap = VIT_ISA_BEST; cap <= VIT_ISA_NEON; cap++) {
        const vi_dots *t = vi_int8_for(cap);
        CHECK(t->quantise && t->gemm && *t->name, "%s has a hole", t->name);
        CHECK(vi_kernels_exact(t->isa) != NULL, "%s runs where its instruction set does not", t->name);
        CHECK(vi_kernels_for(cap)->isa == t->isa || cap != VIT_ISA_AVX2, "cap avx2 gives %s", t->name);
    }
}

TEST_MAIN(test_create, test_layout, test_bytes, test_products, test_extremes, test_special_rows, test_agree, test_choice)
