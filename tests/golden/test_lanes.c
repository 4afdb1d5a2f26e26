/* test_lanes.c: every kind of block gives the same bits however its rows and images are dealt out: one lane or several, some rows
 * of an image or whole images each, in every precision. Small checkpoints at sizes of 150 tokens and more, where lanes take rows
 * of their own. */
#include "bf16_test.h"
#include "gold.h"

static const char *const names[] = {
    "timm_plain",       "timm_gap",     "timm_distilled", "timm_map",      "timm_rms",           "timm_swiglu_packed",
    "timm_scale_norms", "timm_qk_norm", "timm_res_post",  "timm_parallel", "timm_parallel_bias", "timm_branches",
    "timm_pe",          "timm_eva02",   "timm_eva_post",  "timm_dinov3",   "timm_rope",          "timm_rope_mixed",
    "timm_registers5_bare"};

#define IMAGES 5
#define BF16_DOTS 100    /* a precision: bf16 with dot products, though the library may not choose them here */
#define TOKENS_LEAST 150 /* three lanes of 48 rows, and some */

static vit_image images[IMAGES];
static float *pixels[IMAGES];

/* With the size at which the tokens suffice. */
static vit_context *load(const char *name, int precision, int threads, int batch, int requests) {
    char path[256], why[512] = "";
    vit_context *vit = NULL;
    vit_options *o = vit_options_create();
    snprintf(path, sizeof path, "tests/golden/data/%s", name);
    vit_options_set_int(o, VIT_OPT_PRECISION, precision == BF16_DOTS ? VIT_PRECISION_BF16 : precision);
    vit_options_set_int(o, VIT_OPT_THREADS, threads);
    vit_options_set_int(o, VIT_OPT_MAX_BATCH, batch);
    CHECK(vit_load(&vit, path, o, why, sizeof why) == VIT_OK, "%s: %s", name, why);
    vit_options_free(o);
    if (!vit) return NULL;
    if (precision == BF16_DOTS) bf16_use(vit, bf16_table());
    int64_t width = 0, height = 0, tokens = 0;
    vit_info_int(vit, VIT_INFO_IMAGE_WIDTH, &width);
    vit_info_int(vit, VIT_INFO_IMAGE_HEIGHT, &height);
    for (int32_t times = 2; tokens < TOKENS_LEAST && times < 40; times++) {
        CHECK(vit_set_input_size(vit, times * (int32_t)width, times * (int32_t)height) == VIT_OK, "%s: %s", name,
              vit_message(vit));
        vit_info_int(vit, VIT_INFO_TOKENS, &tokens);
    }
    CHECK(tokens >= TOKENS_LEAST, "%s: %d tokens", name, (int)tokens);
    if (requests) CHECK(vit_request(vit, VIT_OUTPUT_HIDDEN, -1) == VIT_OK, "%s", vit_message(vit));
    return vit;
}

static void make_images(vit_context *vit) {
    int64_t width = 0, height = 0, channels = 0;
    vit_info_int(vit, VIT_INFO_IMAGE_WIDTH, &width);
    vit_info_int(vit, VIT_INFO_IMAGE_HEIGHT, &height);
    vit_info_int(vit, VIT_INFO_CHANNELS, &channels);
    unsigned long long seed = 7;
    for (int i = 0; i < IMAGES; i++) {
        size_t count = (size_t)(width * height * channels);
        free(pixels[i]);
        pixels[i] = malloc(count * sizeof(float));
        for (size_t k = 0; k < count; k++) pixels[i][k] = test_uniform(&seed);
        images[i] = gold_input(pixels[i], (int32_t)width, (int32_t)height);
    }
}

/* The last hidden state of image `at` of the batch. */
static const float *last_hidden(vit_context *vit, int at, size_t *count) {
    const float *data = NULL;
    int64_t shape[4], depth;
    int32_t rank;
    vit_info_int(vit, VIT_INFO_DEPTH, &depth);
    CHECK(vit_output(vit, VIT_OUTPUT_HIDDEN, (int32_t)depth, &data, shape, &rank) == VIT_OK, "%s", vit_message(vit));
    *count = (size_t)(shape[1] * shape[2]);
    return data ? data + (size_t)at * *count : NULL;
}

static const struct deal {
    int threads, batch;
} deals[] = {
    {2, 1}, {2, 3}, /* all lanes share the image; one each, and one shared */
    {3, 1}, {3, 5}, /* likewise; two shared */
};

static void compare(const char *name, int precision, int requests) {
    static float expected[IMAGES][64], found[IMAGES][64];
    vit_context *one = load(name, precision, 1, 1, requests);
    if (!one) return;
    int64_t results = 0;
    vit_info_int(one, VIT_INFO_OUTPUTS, &results);
    make_images(one);
    for (int i = 0; i < IMAGES; i++)
        CHECK(vit_forward(one, &images[i], 1, expected[i], 64) == VIT_OK, "%s: %s", name, vit_message(one));
    size_t n = (size_t)results, hidden = 0, same = 0;
    const float *last = requests ? last_hidden(one, 0, &hidden) : NULL; /* of the last image */
    for (size_t d = 0; d < sizeof deals / sizeof *deals; d++) {
        int threads = deals[d].threads, batch = deals[d].batch;
        vit_context *vit = load(name, precision, threads, batch, requests);
        if (!vit) continue;
        const vit_image *from = images + IMAGES - batch;
        CHECK(vit_forward(vit, from, batch, found[0], IMAGES * 64) == VIT_OK, "%s: %s", name, vit_message(vit));
        for (int i = 0; i < batch; i++)
            CHECK(memcmp(found[0] + (size_t)i * n, expected[IMAGES - batch + i], n * sizeof(float)) == 0,
                  "%s precision %d: image %d of %d on %d threads", name, precision, i, batch, threads);
        if (requests)
            CHECK(memcmp(last_hidden(vit, batch - 1, &same), last, hidden * sizeof(float)) == 0,
                  "%s precision %d: hidden state, batch %d on %d threads", name, precision, batch, threads);
        vit_free(vit);
    }
    vit_free(one);
}

static void every_deal_gives_the_same_bits(void) {
    if (!bf16_table()) SKIP("no bf16 dot products can run here");
    const char *runner = getenv("RUNNER"); /* an emulator takes minutes for all of them */
    for (size_t n = 0; n < sizeof names / sizeof *names; n += runner && *runner ? 3 : 1)
        for (int requests = 0; requests <= 1; requests++) {
            compare(names[n], VIT_PRECISION_F32, requests);
            if (requests) continue; /* is no matter of precision */
            compare(names[n], VIT_PRECISION_BF16, requests);
            compare(names[n], VIT_PRECISION_INT8, requests);
            if (bf16_table()) compare(names[n], BF16_DOTS, requests);
        }
    for (int i = 0; i < IMAGES; i++) free(pixels[i]);
}

TEST_MAIN(every_deal_gives_the_same_bits)
