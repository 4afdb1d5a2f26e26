/* test_dispatch.c: which table a cap gives. */
#include "kernel_test.h"

static void test_names(void) {
    CHECK(!strcmp(vi_isa_name(VIT_ISA_REFERENCE), "reference"), "name");
    CHECK(!strcmp(vi_isa_name(VIT_ISA_AVX2), "avx2") && !strcmp(vi_isa_name(VIT_ISA_NEON), "neon"), "name");
    CHECK(!*vi_isa_name(VIT_ISA_BEST) && !*vi_isa_name(77) && !*vi_isa_name(-1), "unknown names are empty");
}

static void test_tables(void) {
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_isa(&isa));) {
        CHECK(kernels->isa == all_isas[isa - 1], "%s has number %d", kernels->name, (int)kernels->isa);
        CHECK(!strcmp(kernels->name, vi_isa_name(kernels->isa)), "%s", kernels->name);
        CHECK(kernels->gemm && kernels->layernorm && kernels->rmsnorm && kernels->pack_keys && kernels->attention &&
                  kernels->softmax && kernels->activate, "%s has a hole", kernels->name);
        CHECK(vi_kernels_for(kernels->isa) == kernels, "cap %s does not give it", kernels->name);
    }
    CHECK(!vi_kernels_exact(VIT_ISA_BEST) && !vi_kernels_exact(99) && !vi_kernels_exact(-3), "unknown ISAs have no table");
}

static void test_caps(void) {
    const vi_kernels *reference = vi_kernels_exact(VIT_ISA_REFERENCE);
    CHECK(reference && vi_kernels_for(VIT_ISA_REFERENCE) == reference, "reference");
    CHECK(vi_kernels_for(77) == reference && vi_kernels_for(-1) == reference, "unknown caps give the reference");
    const vi_kernels *avx2 = vi_kernels_exact(VIT_ISA_AVX2), *avx512 = vi_kernels_exact(VIT_ISA_AVX512);
    const vi_kernels *neon = vi_kernels_exact(VIT_ISA_NEON);
    const vi_kernels *best = avx512 ? avx512 : avx2 ? avx2 : neon ? neon : reference;
    CHECK(vi_kernels_for(VIT_ISA_BEST) == best, "best is %s", vi_kernels_for(VIT_ISA_BEST)->name);
    CHECK(vi_kernels_for(VIT_ISA_AVX512) == (avx512 ? avx512 : avx2 ? avx2 : reference), "cap avx512");
    CHECK(vi_kernels_for(VIT_ISA_AVX2) == (avx2 ? avx2 : reference), "cap avx2");
    CHECK(vi_kernels_for(VIT_ISA_NEON) == (neon ? neon : reference), "cap neon");
    CHECK(!(neon && avx2), "two architectures at once");
}

TEST_MAIN(test_names, test_tables, test_caps)
