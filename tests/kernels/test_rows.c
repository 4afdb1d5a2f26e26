/* test_rows.c: LayerNorm, RMSNorm and softmax of every ISA against double: lengths, guard pages, NaN, extreme values. */
#include "kernel_test.h"

enum { LONG = 5000 };
static guarded memory_x, memory_y, memory_gamma, memory_beta;

static void test_create(void) {
    memory_x = guarded_create(4 * LONG), memory_y = guarded_create(4 * LONG);
    memory_gamma = guarded_create(LONG), memory_beta = guarded_create(LONG);
}

/* The sums of n/16 + 4 steps, then a handful of roundings; z is |x - mean| / deviation, the mean's error scales with |x|.
 * rms: RMSNorm, whose mean is 0. */
static double norm_excess(const float *x, const float *gamma, const float *beta, double eps, size_t n, const float *y, bool rms) {
    double mean = 0, var = 0, magnitude = 0, worst = 0;
    for (size_t i = 0; i < n && !rms; i++) mean += (double)x[i], magnitude += fabs((double)x[i]);
    mean /= (double)n, magnitude /= (double)n;
    for (size_t i = 0; i < n; i++) var += ((double)x[i] - mean) * ((double)x[i] - mean);
    const double deviation = sqrt(var / (double)n + eps), steps = (double)n / 16 + 6;
    for (size_t i = 0; i < n; i++) {
        double g = gamma ? (double)gamma[i] : 1, b = beta ? (double)beta[i] : 0, z = ((double)x[i] - mean) / deviation;
        double e = UNIT_ROUNDOFF * (fabs(z) * (steps + 6) + (1 + fabs(z)) * (steps * magnitude + fabs((double)x[i])) / deviation);
        double bound = fabs(g) * e + UNIT_ROUNDOFF * (fabs(g * z) + fabs(b)) + 1e-37;
        double excess = fabs((double)y[i] - (g * z + b)) / bound;
        if (!(excess <= worst)) worst = excess;
    }
    return worst;
}

static void check_norm(const vi_kernels *kernels, size_t n, bool rms, unsigned long long *s) {
    const bool low = random_below(s, 2), in_place = random_below(s, 2);
    const size_t rows = random_below(s, 4), ldx = n + random_below(s, 9), ldy = in_place ? ldx : n + random_below(s, 9);
    const size_t x_size = rows ? (rows - 1) * ldx + n : 0, y_size = rows ? (rows - 1) * ldy + n : 0;
    float *x = guarded_place(&memory_x, x_size, low), *y = in_place ? x : guarded_place(&memory_y, y_size, low);
    float *gamma = random_below(s, 3) ? guarded_place(&memory_gamma, n, low) : NULL;
    float *beta = !rms && random_below(s, 3) ? guarded_place(&memory_beta, n, low) : NULL;
    static float copy[4 * LONG];
    fill_random(y, y_size, s);
    fill_random(x, x_size, s);
    for (size_t i = 0; i < x_size; i++) x[i] = x[i] * 3 + 1;
    if (gamma) fill_random(gamma, n, s);
    if (beta) fill_random(beta, n, s);
    memcpy(copy, x, x_size * sizeof *x);
    static float gaps[4 * LONG];
    memcpy(gaps, y, y_size * sizeof *y);
    if (rms) kernels->rmsnorm(y, ldy, x, ldx, gamma, 1e-6f, rows, n);
    else kernels->layernorm(y, ldy, x, ldx, gamma, beta, 1e-6f, rows, n);
    double worst = 0;
    for (size_t r = 0; r < rows; r++) {
        double excess = norm_excess(copy + r * ldx, gamma, beta, (double)1e-6f, n, y + r * ldy, rms);
        if (!(excess <= worst)) worst = excess;
    }
    CHECK(worst <= 1, "%s n=%zu rms=%d: error %g of the bound", kernels->name, n, rms, worst);
    size_t wrong = 0;
    for (size_t i = 0; i < y_size; i++) wrong += i % ldy >= n && !same_bits(y + i, gaps + i, 1) ? 1 : 0;
    CHECK(wrong == 0, "%s n=%zu: wrote between rows", kernels->name, n);
}

static void test_norms(void) {
    unsigned long long s = 11;
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_isa(&isa));) {
        for (size_t n = 1; n <= LONG; n += n < 257 ? 1 : 1581) {
            check_norm(kernels, n, false, &s);
            check_norm(kernels, n, true, &s);
        }
    }
}

static void test_layernorm_special(void) {
    unsigned long long s = 12;
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_isa(&isa));) {
        float x[3 * 37], y[3 * 37], before[3 * 37];
        fill_random(x, 3 * 37, &s);
        kernels->layernorm(before, 37, x, 37, NULL, NULL, 1e-6f, 3, 37);
        x[37 + 5] = NAN;
        kernels->layernorm(y, 37, x, 37, NULL, NULL, 1e-6f, 3, 37);
        size_t nans = 0;
        for (size_t i = 37; i < 74; i++) nans += isnan(y[i]) ? 1 : 0;
        CHECK(nans == 37, "%s: %zu of 37 are NaN", kernels->name, nans);
        CHECK(same_bits(y, before, 37) && same_bits(y + 74, before + 74, 37), "%s: NaN left its row", kernels->name);

        float beta[37], zero[37];
        fill_random(beta, 37, &s);
        for (size_t i = 0; i < 37; i++) x[i] = 1e35f, zero[i] = 0;
        feclearexcept(FE_ALL_EXCEPT);
        kernels->layernorm(y, 37, x, 37, zero, beta, 0, 1, 37);
        for (size_t i = 0; i < 37; i++) x[i] = 2.0f;
        kernels->layernorm(y, 37, x, 37, NULL, beta, 0, 1, 37);
        CHECK(same_bits(y, beta, 37), "%s: a constant row with eps 0 is not beta", kernels->name);
        kernels->rmsnorm(y, 37, zero, 37, beta, 0, 1, 37);
        size_t zeros = 0;
        for (size_t i = 0; i < 37; i++) zeros += y[i] == 0 ? 1 : 0;
        CHECK(zeros == 37, "%s: RMSNorm of zeros with eps 0", kernels->name);
        for (size_t i = 0; i < 37; i++) x[i] = i % 2 ? 1e-40f : -1e18f;
        kernels->layernorm(y, 37, x, 37, NULL, NULL, 1e-12f, 1, 37);
        CHECK(!fetestexcept(FE_INVALID | FE_DIVBYZERO), "%s", kernels->name);
    }
}

/* Each probability: exp within 1.2 ulp, the sum, its inverse, the product. x - max is rounded: an error of |x - max| u. */
static double softmax_excess(const float *x, size_t n, const float *y) {
    double max = (double)x[0], sum = 0, worst = 0;
    for (size_t i = 1; i < n; i++) max = (double)x[i] > max ? (double)x[i] : max;
    for (size_t i = 0; i < n; i++) sum += exp((double)x[i] - max);
    for (size_t i = 0; i < n; i++) {
        double exact = exp((double)x[i] - max) / sum;
        double bound = exact * UNIT_ROUNDOFF * (10 + (double)n / 16 + 2 * fabs((double)x[i] - max)) + 1.2e-38;
        double excess = fabs((double)y[i] - exact) / bound;
        if (!(excess <= worst)) worst = excess;
    }
    return worst;
}

static void test_softmax(void) {
    static const float scales[] = {1, 10, 100, 1e30f};
    unsigned long long s = 13;
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_isa(&isa));) {
        feclearexcept(FE_ALL_EXCEPT);
        for (size_t n = 1; n <= LONG; n += n < 257 ? 1 : 1581) {
            for (size_t i = 0; i < 4; i++) {
                float *x = guarded_place(&memory_x, n, i % 2), *y = guarded_place(&memory_y, n, i % 2);
                fill_random(x, n, &s);
                for (size_t j = 0; j < n; j++) x[j] = x[j] * scales[i] - scales[i] * 3;
                kernels->softmax(y, x, n);
                double worst = softmax_excess(x, n, y);
                CHECK(worst <= 1, "%s n=%zu scale %g: error %g of the bound", kernels->name, n, (double)scales[i], worst);
                kernels->softmax(x, x, n);
                CHECK(same_bits(x, y, n), "%s n=%zu: in place differs", kernels->name, n);
            }
        }
        float extreme[3] = {-FLT_MAX, FLT_MAX, 0};
        kernels->softmax(extreme, extreme, 3);
        CHECK(extreme[0] == 0 && extreme[1] == 1 && extreme[2] == 0, "%s", kernels->name);
        CHECK(!fetestexcept(FE_INVALID | FE_DIVBYZERO), "%s", kernels->name);
    }
}

static void test_softmax_special(void) {
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_isa(&isa));) {
        for (size_t at = 0; at < 20; at++) {
            float x[20], y[20];
            for (size_t i = 0; i < 20; i++) x[i] = (float)i;
            x[at] = NAN;
            kernels->softmax(y, x, 20);
            size_t nans = 0;
            for (size_t i = 0; i < 20; i++) nans += isnan(y[i]) ? 1 : 0;
            CHECK(nans == 20, "%s: NaN at %zu made %zu NaN", kernels->name, at, nans);
            x[at] = -INFINITY; /* a masked score */
            kernels->softmax(y, x, 20);
            float sum = 0;
            for (size_t i = 0; i < 20; i++) sum += y[i];
            CHECK(y[at] == 0 && fabsf(sum - 1) < 1e-6f, "%s: masked score at %zu", kernels->name, at);
        }
    }
}

TEST_MAIN(test_create, test_norms, test_layernorm_special, test_softmax, test_softmax_special)
