/* test_agree.c: all SIMD tables give the same bits. Each result of fixed inputs is hashed and compared with the recorded hash,
 * so that machines of different architectures are compared with each other. The reference only agrees to rounding. */
#include "kernel_test.h"

static const int32_t simd_isas[] = {VIT_ISA_AVX2, VIT_ISA_AVX512, VIT_ISA_NEON};

static uint64_t hash_floats(uint64_t h, const float *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &p[i], sizeof bits);
        h = (h ^ bits) * 1099511628211ULL; /* FNV-1a, a word at a time */
    }
    return h;
}

static void *aligned(size_t bytes) {
    void *p = aligned_alloc(VI_ALIGN, (bytes + VI_ALIGN - 1) / VI_ALIGN * VI_ALIGN);
    if (!p) exit(1);
    return p;
}

static uint64_t hash_gemm(const vi_kernels *kernels) {
    static const size_t sizes[][3] = {{1, 1000, 96}, {23, 100, 61}, {12, 48, 1030}, {270, 33, 17}};
    unsigned long long s = 41;
    uint64_t h = 14695981039346656037ULL;
    for (size_t i = 0; i < 4 * (ACTIVATION_COUNT + 1); i++) {
        const size_t m = sizes[i % 4][0], n = sizes[i % 4][1], k = sizes[i % 4][2], act = i / 4;
        const uint32_t type = i % 8 < 4 ? VI_F32 : VI_BF16;
        float *a = aligned(m * k * 4), *rows = aligned(n * k * 4), *c = aligned(m * n * 4), *bias = aligned(n * 4);
        void *data = aligned(packed_bytes(type, n, k)), *scratch = aligned(vi_gemm_scratch(k));
        fill_random(a, m * k, &s), fill_random(rows, n * k, &s), fill_random(c, m * n, &s), fill_random(bias, n, &s);
        vi_pack_rows(data, type, n, k, rows, 0, n);
        const vi_matrix w = {data, type, n, k};
        const vi_gemm g = {.a = a, .lda = k, .w = &w, .c = c, .ldc = n, .bias = i % 2 ? bias : NULL, .gain = i % 3 ? bias : NULL,
                           .residual = i % 5 ? c : NULL, .ldr = n,
                           .activation = act < ACTIVATION_COUNT ? all_activations[act] : VI_ACT_NONE};
        kernels->gemm(&g, 0, m, 0, (n + 15) / 16, scratch);
        h = hash_floats(h, c, m * n);
        free(a), free(rows), free(c), free(bias), free(data), free(scratch);
    }
    return h;
}

static uint64_t hash_heads(const vi_kernels *kernels, bool causal) {
    static const size_t sizes[][2] = {{50, 64}, {197, 24}, {17, 80}, {1, 3}};
    unsigned long long s = 42;
    uint64_t h = 14695981039346656037ULL;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t tokens = sizes[i][0], hd = sizes[i][1], ld = 3 * hd;
        float *qkv = aligned(tokens * ld * 4), *out = aligned(tokens * hd * 4), *map = aligned(tokens * tokens * 4);
        float *panels = aligned((tokens + 16) * hd * 4);
        void *scratch = aligned(vi_attention_scratch(tokens, hd));
        fill_random(qkv, tokens * ld, &s);
        for (size_t j = 0; j < tokens * ld; j++) qkv[j] *= 3;
        kernels->pack_keys(panels, qkv + hd, ld, tokens, hd);
        const vi_attention a = {.q = qkv, .ldq = ld, .k_panels = panels, .v = qkv + 2 * hd, .ldv = ld, .out = out, .ldo = hd,
                                .probabilities = map, .tokens = tokens, .head_dim = hd, .scale = 0.3f, .causal = causal};
        kernels->attention(&a, 0, tokens, scratch);
        h = hash_floats(hash_floats(h, out, tokens * hd), map, tokens * tokens);
        free(qkv), free(out), free(map), free(panels), free(scratch);
    }
    return h;
}

static uint64_t hash_attention(const vi_kernels *kernels) { return hash_heads(kernels, false); }
static uint64_t hash_causal(const vi_kernels *kernels) { return hash_heads(kernels, true); }

static uint64_t hash_rows(const vi_kernels *kernels) {
    unsigned long long s = 43;
    uint64_t h = 14695981039346656037ULL;
    for (size_t n = 1; n < 300; n += 7) {
        static float x[300], y[300], gamma[300], beta[300];
        fill_random(x, n, &s), fill_random(gamma, n, &s), fill_random(beta, n, &s);
        kernels->layernorm(y, n, x, n, n % 2 ? gamma : NULL, n % 3 ? beta : NULL, 1e-6f, 1, n);
        h = hash_floats(h, y, n);
        kernels->rmsnorm(y, n, x, n, n % 2 ? gamma : NULL, 1e-6f, 1, n);
        h = hash_floats(h, y, n);
        for (size_t i = 0; i < n; i++) x[i] *= n % 4 ? 10.0f : 100.0f;
        kernels->softmax(y, x, n);
        h = hash_floats(h, y, n);
    }
    return h;
}

static uint64_t hash_activations(const vi_kernels *kernels) {
    uint64_t h = 14695981039346656037ULL;
    for (size_t a = 0; a < ACTIVATION_COUNT; a++) {
        for (uint64_t bits = 0; bits <= 0xffffffffu; bits += 16 * 65521u) {
            float x[16];
            for (uint32_t i = 0; i < 16; i++) {
                uint32_t b = (uint32_t)bits + i;
                if ((b & 0x7fffffffu) > 0x7f800000u) b = 0x7f800000u; /* NaN has more than one pattern */
                memcpy(&x[i], &b, sizeof b);
            }
            kernels->activate(x, 16, all_activations[a]);
            h = hash_floats(h, x, 16);
        }
    }
    return h;
}

static void check(const char *what, uint64_t (*hash)(const vi_kernels *), uint64_t recorded) {
    for (size_t i = 0; i < sizeof simd_isas / sizeof *simd_isas; i++) {
        const vi_kernels *kernels = vi_kernels_exact(simd_isas[i]);
        if (!kernels) {
            SKIP("%s of %s: not compiled in or cannot run here", what, vi_isa_name(simd_isas[i]));
            continue;
        }
        uint64_t h = hash(kernels);
        CHECK(h == recorded, "%s of %s: 0x%016llx", what, kernels->name, (unsigned long long)h);
    }
}

/* To record anew after a deliberate change of the arithmetic: run, and copy what it prints. */
static void test_gemm(void) { check("gemm", hash_gemm, 0x93caf25596def0c1u); }
static void test_attention(void) {
    check("attention", hash_attention, 0x048ea6f95a17e109u);
    check("causal attention", hash_causal, 0x27215ff3474b0581u);
}
static void test_rows(void) { check("norms and softmax", hash_rows, 0x3c9623578a8de8c8u); }
static void test_activations(void) { check("activations", hash_activations, 0xaa5001509638c17au); }

TEST_MAIN(test_gemm, test_attention, test_rows, test_activations)
