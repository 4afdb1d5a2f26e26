/* test_text.c: pipelines in words. */
#include "pictures.h"

static void expect(const vi_pipeline *p, const char *expected) {
    char text[512];
    vi_pipeline_text(p, text, sizeof text);
    CHECK(strcmp(text, expected) == 0, "\n  '%s', expected\n  '%s'", text, expected);
}

static void pipelines_read_well(void) {
    vi_pipeline p = {VIT_RESIZE_SHORTEST, VIT_FILTER_BICUBIC, 0, VI_CROP_HALF_EVEN, 248, 0, 224, 224, 3, 0, {0}, {0}};
    set_norm(&p, 1);
    expect(&p, "resize shortest side to 248 (bicubic), centre crop 224x224, scale 1/255, mean 0.5 0.5 0.5, std 0.5 0.5 0.5");
    p.resize_height = 248;
    set_norm(&p, 3);
    expect(&p, "resize shortest side to 248 (bicubic), centre crop 224x224, scale 1/255, mean 0.48145467 0.4578275 0.40821072, "
               "std 0.26862955 0.2613026 0.2757771");
    p.resize_height = 300;
    p.filter = VIT_FILTER_NEAREST;
    p.channels = 1;
    p.mean[0] = -103.53f;
    p.std[0] = 1e-12f;
    p.scale = 1;
    expect(&p, "cover 248x300 (nearest), centre crop 224x224, scale 1, mean -103.53, std 0.000000000");
    p.pass_order = VIT_PASSES_PILLOW_13;
    expect(&p, "cover 248x300 (nearest as in Pillow 13), centre crop 224x224, scale 1, mean -103.53, std 0.000000000");
    p.pass_order = VIT_PASSES_HORIZONTAL_FIRST;
    p.resize = VIT_RESIZE_PAD;
    p.filter = VIT_FILTER_LANCZOS;
    p.scale = 0.0171f;
    p.mean[0] = 3e38f;
    p.std[0] = 1;
    expect(&p, "fit into 248x300 (lanczos), centre on 224x224 of the mean colour, scale 0.0171, mean a huge number, std 1");
    p.resize = VIT_RESIZE_SQUASH;
    p.filter = VIT_FILTER_HAMMING;
    p.mean[0] = NAN;
    expect(&p, "resize to 248x300 (hamming), centre crop 224x224, scale 0.0171, mean a huge number, std 1");
    p.resize = VIT_RESIZE_NONE;
    p.mean[0] = 0;
    expect(&p, "no resizing, picture must be 224x224, scale 0.0171, mean 0, std 1");
}

static void short_buffers_are_cut(void) {
    vi_pipeline p = small_pipeline();
    char whole[512], part[512];
    vi_pipeline_text(&p, whole, sizeof whole);
    for (size_t size = 0; size <= strlen(whole) + 1; size++) {
        memset(part, '#', sizeof part);
        vi_pipeline_text(&p, part, size);
        CHECK(size == 0 || (strlen(part) == size - 1 && strncmp(part, whole, size - 1) == 0), "size %zu", size);
        CHECK(part[size] == '#', "size %zu", size);
    }
}

TEST_MAIN(pipelines_read_well, short_buffers_are_cut)
