/* test_gemm.c: the matrix product of every ISA against double: sizes, strides, epilogues, guard pages, splits, NaN. */
#include "kernel_test.h"

enum { MOST_A = 1 << 19, MOST_W = 1 << 20, MOST_C = 1 << 18, MOST_ROW = 4096 };

typedef struct shape {
    size_t m, n, k;
    size_t lda, ldc, ldr;
    uint32_t type;
    bool bias, gain, residual, in_place;
    int32_t activation;
} shape;

static struct {
    guarded a, w, c, residual, bias, gain, scratch;
    float rows[MOST_W]; /* W as it is stored, unpacked */
    float expected[MOST_C];
} mem;

static void memory_create(void) {
    mem.a = guarded_create(MOST_A), mem.w = guarded_create(MOST_W), mem.c = guarded_create(MOST_C);
    mem.residual = guarded_create(MOST_C), mem.bias = guarded_create(MOST_ROW), mem.gain = guarded_create(MOST_ROW);
    mem.scratch = guarded_create(1 << 19);
}

static shape random_shape(unsigned long long *s, size_t m, size_t n, size_t k) {
    shape x = {.m = m, .n = n, .k = k, .lda = k + random_below(s, 20), .ldc = n + random_below(s, 20),
               .type = random_below(s, 2) ? VI_F32 : VI_BF16, .bias = random_below(s, 2), .gain = random_below(s, 2),
               .residual = random_below(s, 2), .activation = VI_ACT_NONE};
    x.in_place = x.residual && random_below(s, 3) == 0;
    x.ldr = x.in_place ? x.ldc : n + random_below(s, 20);
    size_t a = random_below(s, ACTIVATION_COUNT + 1);
    if (a < ACTIVATION_COUNT) x.activation = all_activations[a];
    return x;
}

/* Floats from the first to the last element of a matrix, without the gap after the last row. */
static size_t extent(size_t rows, size_t cols, size_t ld) { return rows && cols ? (rows - 1) * ld + cols : 0; }

/* Everything random; arrays against the lower or upper guards. */
static vi_gemm make(const shape *x, vi_matrix *w, bool low, unsigned long long *s) {
    float *data = guarded_place(&mem.w, packed_bytes(x->type, x->n, x->k) / sizeof(float), low);
    fill_random(mem.rows, x->n * x->k, s);
    vi_pack_rows(data, x->type, x->n, x->k, mem.rows, 0, x->n);
    *w = (vi_matrix){data, x->type, x->n, x->k};
    vi_unpack(mem.rows, w);
    const size_t a_size = extent(x->m, x->k, x->lda), c_size = extent(x->m, x->n, x->ldc), r_size = extent(x->m, x->n, x->ldr);
    float *a = guarded_place(&mem.a, a_size, low), *c = guarded_place(&mem.c, c_size, low);
    float *bias = guarded_place(&mem.bias, x->n, low), *gain = guarded_place(&mem.gain, x->n, low);
    float *residual = x->in_place ? c : guarded_place(&mem.residual, r_size, low);
    fill_random(a, a_size, s);
    fill_random(c, c_size, s);
    fill_random(bias, x->n, s);
    fill_random(gain, x->n, s);
    if (!x->in_place) fill_random(residual, r_size, s);
    return (vi_gemm){.a = a, .lda = x->lda, .w = w, .c = c, .ldc = x->ldc, .bias = x->bias ? bias : NULL,
                     .gain = x->gain ? gain : NULL, .residual = x->residual ? residual : NULL, .ldr = x->ldr,
                     .activation = x->activation};
}

/* |error| <= gain * (1.13 * rounding of the sum + the activation's own) + rounding of the rest; 1.13 is the steepest slope
 * of the activations. residual: as it was before the product. */
static double worst_excess(const vi_gemm *g, size_t m, const float *c, const float *residual) {
    double worst = 0;
    const size_t step = 1 + m * g->w->rows * g->w->cols / 1000000; /* of large products a sample of the rows */
    for (size_t i = 0; i < m; i += step) {
        for (size_t j = 0; j < g->w->rows; j++) {
            double sum = 0, magnitude = 0;
            for (size_t k = 0; k < g->w->cols; k++) {
                double p = (double)g->a[i * g->lda + k] * (double)mem.rows[j * g->w->cols + k];
                sum += p;
                magnitude += fabs(p);
            }
            double x = sum + (g->bias ? (double)g->bias[j] : 0), y = exact_act(x, g->activation);
            double gain = g->gain ? (double)g->gain[j] : 1, r = residual ? (double)residual[i * g->ldr + j] : 0;
            double e = (double)(g->w->cols + 1) * UNIT_ROUNDOFF * magnitude + UNIT_ROUNDOFF * fabs(x);
            double bound = fabs(gain) * (1.13 * e + act_bound(y, g->activation));
            bound += 2 * UNIT_ROUNDOFF * (fabs(gain * y) + fabs(r)) + 1e-37;
            double excess = fabs((double)c[i * g->ldc + j] - (gain * y + r)) / bound;
            if (!(excess <= worst)) worst = excess; /* NaN shows */
        }
    }
    return worst;
}

/* One product, checked; then the same in pieces, which must give the same bits and leave the gaps between rows alone. */
static void check_product(const vi_kernels *kernels, const shape *x, bool low, unsigned long long *s) {
    vi_matrix w;
    vi_gemm g = make(x, &w, low, s);
    const size_t c_size = extent(x->m, x->n, x->ldc), panels = (x->n + VI_PANEL - 1) / VI_PANEL;
    static float before[MOST_C];
    memcpy(before, g.c, c_size * sizeof *before);
    void *scratch = guarded_scratch(&mem.scratch, vi_gemm_scratch(x->k));
    kernels->gemm(&g, 0, x->m, 0, panels, scratch);
    memcpy(mem.expected, g.c, c_size * sizeof *before);
    double worst = worst_excess(&g, x->m, g.c, x->in_place ? before : g.residual);
    CHECK(worst <= 1, "%s M=%zu N=%zu K=%zu type %u act %d: error %g of the bound", kernels->name, x->m, x->n, x->k,
          (unsigned)x->type, (int)x->activation, worst);

    memcpy(g.c, before, c_size * sizeof *before);
    for (size_t row = 0; row < x->m;) {
        size_t rows = 1 + random_below(s, x->m - row);
        for (size_t panel = 0; panel < panels;) {
            size_t count = 1 + random_below(s, panels - panel);
            kernels->gemm(&g, row, row + rows, panel, panel + count, scratch);
            panel += count;
        }
        row += rows;
    }
    CHECK(same_bits(g.c, mem.expected, c_size), "%s M=%zu N=%zu K=%zu: a split changes bits", kernels->name, x->m, x->n, x->k);
    bool untouched = true;
    for (size_t i = 0; i < c_size; i++) {
        if (i % x->ldc >= x->n) untouched &= same_bits(g.c + i, before + i, 1);
    }
    CHECK(untouched, "%s M=%zu N=%zu: wrote between rows", kernels->name, x->m, x->n);
}

static void test_sizes(void) {
    unsigned long long s = 1;
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_isa(&isa));) {
        for (size_t size = 0; size <= 257; size++) {
            shape by_m = random_shape(&s, size, 1 + random_below(&s, 50), 1 + random_below(&s, 10));
            shape by_n = random_shape(&s, 1 + random_below(&s, 17), size, 1 + random_below(&s, 10));
            shape by_k = random_shape(&s, 1 + random_below(&s, 9), 1 + random_below(&s, 50), size);
            check_product(kernels, &by_m, size % 2, &s);
            check_product(kernels, &by_n, size % 2, &s);
            check_product(kernels, &by_k, size % 2, &s);
        }
    }
}

/* More than one block of K and of rows, for both types, with residual in place across the blocks. */
static void test_blocks(void) {
    static const size_t sizes[][3] = {{13, 50, 1025}, {9, 33, 3073}, {300, 50, 8}, {264, 48, 1026}, {600, 20, 3}};
    unsigned long long s = 2;
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_isa(&isa));) {
        for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
            const size_t *size = sizes[i / 2];
            shape x = random_shape(&s, size[0], size[1], size[2]);
            x.type = i % 2 ? VI_F32 : VI_BF16;
            x.residual = x.in_place = true;
            x.ldr = x.ldc;
            check_product(kernels, &x, i % 2, &s);
        }
    }
}

/* Every address that is a multiple of 4 gives the same bits. */
static void test_alignment(void) {
    unsigned long long s = 3;
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_isa(&isa));) {
        for (uint32_t type = VI_F32; type <= VI_BF16; type++) {
            const shape x = {.m = 7, .n = 37, .k = 21, .lda = 21, .ldc = 37, .type = type, .activation = VIT_ACT_GELU};
            vi_matrix w;
            vi_gemm g = make(&x, &w, true, &s);
            void *scratch = guarded_scratch(&mem.scratch, vi_gemm_scratch(x.k));
            kernels->gemm(&g, 0, 7, 0, 3, scratch);
            memcpy(mem.expected, g.c, 7 * 37 * sizeof(float));
            const float *a = g.a;
            float *c = g.c;
            size_t bytes = packed_bytes(type, x.n, x.k), mismatches = 0;
            for (size_t offset = 0; offset < 16; offset++) {
                g.a = memmove(guarded_place(&mem.residual, 400, true) + offset, a, 7 * 21 * sizeof(float));
                g.c = c + offset;
                w.data = memmove((char *)guarded_place(&mem.w, bytes / 4, false) - 4 * offset, mem.w.start, bytes);
                kernels->gemm(&g, 0, 7, 0, 3, scratch);
                mismatches += !same_bits(g.c, mem.expected, 7 * 37);
            }
            CHECK(mismatches == 0, "%s type %u: %zu of 16 alignments differ", kernels->name, (unsigned)type, mismatches);
        }
    }
}

/* NaN and infinity stay in their row of A, or in their row of W. */
static void test_nan(void) {
    unsigned long long s = 4;
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_isa(&isa));) {
        for (size_t bad = 0; bad < 10; bad++) {
            const shape x = {.m = 10, .n = 40, .k = 33, .lda = 33, .ldc = 40, .type = VI_F32, .bias = true,
                             .activation = bad % 2 ? VIT_ACT_GELU : VI_ACT_NONE};
            vi_matrix w;
            vi_gemm g = make(&x, &w, false, &s);
            void *scratch = guarded_scratch(&mem.scratch, vi_gemm_scratch(x.k));
            kernels->gemm(&g, 0, 10, 0, 3, scratch);
            memcpy(mem.expected, g.c, 400 * sizeof(float));
            ((float *)(uintptr_t)g.a)[bad * 33 + 5] = bad < 5 ? NAN : INFINITY;
            ((float *)(uintptr_t)w.data)[6 * VI_PANEL + 11] = NAN; /* W[11, 6] */
            kernels->gemm(&g, 0, 10, 0, 3, scratch);
            size_t wrong = 0;
            for (size_t i = 0; i < 400; i++) {
                bool row = i / 40 == bad, column = i % 40 == 11;
                bool right = same_bits(g.c + i, mem.expected + i, 1);
                if (column || (row && bad < 5)) right = isnan(g.c[i]);
                else if (row) right = !isfinite(g.c[i]) || g.c[i] == 0; /* gelu(-infinity) is 0 */
                wrong += right ? 0 : 1;
            }
            CHECK(wrong == 0, "%s row %zu: %zu wrong", kernels->name, bad, wrong);
        }
    }
}

static void test_exceptions(void) {
    unsigned long long s = 5;
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_isa(&isa));) {
        for (size_t i = 0; i < 60; i++) {
            shape x = random_shape(&s, 9, 1 + random_below(&s, 50), 40);
            vi_matrix w;
            vi_gemm g = make(&x, &w, false, &s);
            void *scratch = guarded_scratch(&mem.scratch, vi_gemm_scratch(x.k));
            float *a = (float *)(uintptr_t)g.a;
            for (size_t j = 0; j < 40; j++) a[j] = i % 2 ? 1e30f : -1e-40f; /* large activations, denormals */
            feclearexcept(FE_ALL_EXCEPT);
            kernels->gemm(&g, 0, 9, 0, (x.n + VI_PANEL - 1) / VI_PANEL, scratch);
            CHECK(!fetestexcept(FE_INVALID | FE_DIVBYZERO), "%s act %d", kernels->name, (int)x.activation);
        }
    }
}

static void test_create(void) { memory_create(); }

TEST_MAIN(test_create, test_sizes, test_blocks, test_alignment, test_nan, test_exceptions)
