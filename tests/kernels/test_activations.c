/* test_activations.c: gelu and friends of every ISA against double over the floats, and what happens at infinity, NaN, zeros and
 * the ends of arrays. The sweep is a sample; VIT_EXHAUSTIVE=1 takes every float where something happens, and minutes. */
#include "kernel_test.h"

enum { BLOCK = 4096 };

static float from_bits(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* Largest error in units of its bound over the floats from `first` to `last` (bit patterns of one sign), every step-th. */
static double sweep(const vi_kernels *kernels, int32_t activation, uint32_t first, uint32_t last, uint32_t step, float *at) {
    static float x[BLOCK], y[BLOCK];
    double worst = 0;
    for (uint64_t bits = first; bits <= last;) {
        size_t n = 0;
        for (; n < BLOCK && bits <= last; n++, bits += step) x[n] = from_bits((uint32_t)bits);
        memcpy(y, x, n * sizeof *y);
        kernels->activate(y, n, activation);
        for (size_t i = 0; i < n; i++) {
            double exact = exact_act((double)x[i], activation);
            double bound = act_bound(exact, activation), error = fabs((double)y[i] - exact);
            double excess = error == 0 ? 0 : error / bound;
            if (!(excess <= worst)) worst = excess, *at = x[i];
        }
    }
    return worst;
}

static void test_accuracy(void) {
    const bool all = getenv("VIT_EXHAUSTIVE") != NULL;
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_isa(&isa));) {
        for (size_t a = 0; a < ACTIVATION_COUNT; a++) {
            for (uint32_t sign = 0; sign <= 1; sign++) {
                const uint32_t s = sign << 31;
                float at = 0;
                /* between 2^-12 and 128 things happen; the rest is nearly linear or constant */
                double middle = sweep(kernels, all_activations[a], s | 0x39800000u, s | 0x43000000u, all ? 1 : 997, &at);
                CHECK(middle <= 1, "%s act %d: %g of the bound at %.9g", kernels->name, (int)all_activations[a], middle,
                      (double)at);
                double rest = sweep(kernels, all_activations[a], s, s | 0x7f7fffffu, all ? 101 : 99991, &at);
                CHECK(rest <= 1, "%s act %d: %g of the bound at %.9g", kernels->name, (int)all_activations[a], rest, (double)at);
            }
        }
    }
}

/* The limits at infinity, NaN for NaN, and signs of zero. */
static void test_special(void) {
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_isa(&isa));) {
        for (size_t a = 0; a < ACTIVATION_COUNT; a++) {
            const int32_t activation = all_activations[a];
            float x[6] = {INFINITY, -INFINITY, NAN, 0.0f, -0.0f, -1e30f};
            kernels->activate(x, 6, activation);
            const bool tanh_like = activation == VI_ACT_TANH;
            CHECK(x[0] == (tanh_like ? 1.0f : INFINITY), "%s act %d gives %g", kernels->name, (int)activation, (double)x[0]);
            CHECK(x[1] == (tanh_like ? -1.0f : 0.0f), "%s act %d gives %g", kernels->name, (int)activation, (double)x[1]);
            CHECK(isnan(x[2]), "%s act %d", kernels->name, (int)activation);
            CHECK(x[3] == 0 && !signbit(x[3]) && x[4] == 0 && signbit(x[4]), "%s act %d: zeros", kernels->name, (int)activation);
            CHECK(x[5] == (tanh_like ? -1.0f : 0.0f), "%s act %d gives %g", kernels->name, (int)activation, (double)x[5]);
        }
    }
}

/* All lengths against both guards; each element as if alone; no exceptions. */
static void test_lengths(void) {
    unsigned long long s = 7;
    guarded memory = guarded_create(300);
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_isa(&isa));) {
        size_t differ = 0;
        feclearexcept(FE_ALL_EXCEPT);
        for (size_t n = 0; n <= 257; n++) {
            float alone[257], *x = guarded_place(&memory, n, n % 2);
            const int32_t activation = all_activations[n % ACTIVATION_COUNT];
            for (size_t i = 0; i < n; i++) x[i] = ldexpf(test_uniform(&s), (int)random_below(&s, 200) - 100);
            for (size_t i = 0; i < n; i++) {
                alone[i] = x[i];
                kernels->activate(alone + i, 1, activation);
            }
            kernels->activate(x, n, activation);
            differ += same_bits(x, alone, n) ? 0 : 1;
        }
        CHECK(differ == 0, "%s: %zu lengths change results", kernels->name, differ);
        CHECK(!fetestexcept(FE_INVALID | FE_DIVBYZERO), "%s", kernels->name);
    }
    guarded_free(&memory);
}

TEST_MAIN(test_accuracy, test_special, test_lengths)
