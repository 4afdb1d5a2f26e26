/* kernel_test.h: what the kernel tests share: buffers between guard pages, the list of ISAs, random data, bounds. */
#ifndef VIT_KERNEL_TEST_H
#define VIT_KERNEL_TEST_H

#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#endif
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include "kernels/kernels.h"
#include "test.h"

#define UNIT_ROUNDOFF (0.5 * (double)FLT_EPSILON)

static const int32_t all_isas[] = {VIT_ISA_REFERENCE, VIT_ISA_AVX2, VIT_ISA_AVX512, VIT_ISA_NEON};
#define ISA_COUNT (sizeof all_isas / sizeof *all_isas)

/* The next runnable table from *i on, advancing *i; NULL at the end. Says loudly, once, which cannot run here. */
static inline const vi_kernels *next_isa(size_t *i) {
    static bool said[ISA_COUNT];
    while (*i < ISA_COUNT) {
        const vi_kernels *k = vi_kernels_exact(all_isas[(*i)++]);
        if (k) return k;
        if (!said[*i - 1]) SKIP("%s is not compiled in or cannot run here", vi_isa_name(all_isas[*i - 1]));
        said[*i - 1] = true;
    }
    return NULL;
}

static inline size_t random_below(unsigned long long *state, size_t n) { return (size_t)(test_random(state) >> 33) % n; }

/* Memory whose neighbouring pages cannot be touched. Arrays lie against the lower or the upper guard, so that reading or
 * writing one element too far on that side ends the test at once. */
typedef struct guarded {
    char *map, *start, *end;
    size_t map_size;
} guarded;

static inline guarded guarded_create(size_t floats) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), body = (floats * sizeof(float) + page - 1) / page * page + page;
    guarded g = {.map_size = body + 2 * page};
    g.map = mmap(NULL, g.map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (g.map == MAP_FAILED || mprotect(g.map, page, PROT_NONE) || mprotect(g.map + page + body, page, PROT_NONE)) {
        printf("no memory for guard pages\n");
        exit(1);
    }
    g.start = g.map + page;
    g.end = g.start + body;
    return g;
}
static inline void guarded_free(guarded *g) { munmap(g->map, g->map_size); }

/* n floats against the upper guard, or (low) against the lower. Any multiple of 4 is a possible address. */
static inline float *guarded_place(guarded *g, size_t n, bool low) {
    char *p = low ? g->start : g->end - n * sizeof(float);
    if (p < g->start || p + n * sizeof(float) > g->end) {
        printf("guarded buffer too small\n");
        exit(1);
    }
    return (float *)(void *)p;
}
/* VI_ALIGN-aligned scratch of exactly `bytes`, full of NaN: nothing may depend on what was in it. */
static inline void *guarded_scratch(guarded *g, size_t bytes) {
    char *p = g->end - (bytes + VI_ALIGN - 1) / VI_ALIGN * VI_ALIGN;
    if (p < g->start) {
        printf("guarded scratch too small\n");
        exit(1);
    }
    memset(p, 0xff, bytes);
    return p;
}

static inline size_t packed_bytes(uint32_t type, size_t rows, size_t cols) {
    size_t bytes = 0;
    CHECK(vi_matrix_bytes(type, rows, cols, &bytes), "%zu x %zu", rows, cols);
    return bytes;
}
static inline void fill_random(float *p, size_t n, unsigned long long *state) {
    for (size_t i = 0; i < n; i++) p[i] = test_uniform(state);
}
static inline bool same_bits(const float *a, const float *b, size_t n) { return n == 0 || memcmp(a, b, n * sizeof *a) == 0; }

/* The activations in double. */
static inline double exact_act(double x, int32_t activation) {
    switch (activation) {
    case VIT_ACT_GELU: return 0.5 * x * erfc(-x * 0.70710678118654752440);
    case VIT_ACT_GELU_TANH: return x / (1 + exp(-2 * 0.79788456080286535588 * (x + 0.044715 * x * x * x)));
    case VIT_ACT_QUICK_GELU: return x / (1 + exp(-1.702 * x));
    case VIT_ACT_SILU: return x / (1 + exp(-x));
    case VIT_ACT_RELU: return x > 0 ? x : 0;
    case VI_ACT_TANH: return tanh(x);
    default: return x;
    }
}
static const int32_t all_activations[] = {VIT_ACT_GELU, VIT_ACT_GELU_TANH, VIT_ACT_QUICK_GELU,
                                          VIT_ACT_RELU, VIT_ACT_SILU,      VI_ACT_TANH};
#define ACTIVATION_COUNT (sizeof all_activations / sizeof *all_activations)

/* Bound of the error of an activation whose exact value is y: docs/kernels.md has the measured errors. */
static inline double act_bound(double y, int32_t activation) {
    if (activation == VI_ACT_NONE || activation == VIT_ACT_RELU) return 0;
    return activation == VI_ACT_TANH ? 2e-7 * fabs(y) + 1e-38 : 2e-7 * (fabs(y) > 1 ? fabs(y) : 1);
}

#endif
