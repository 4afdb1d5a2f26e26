/* test_real.c: a real ImageNet ViT-Ti/16 against an independent PyTorch forward: every layer of one picture, on every instruction
 * set; its .vit copy gives the same bits. A small trained MNIST model with head dimension 3, ReLU and no final norm. */
#include "npz.h"

#define MODEL "models/vit_tiny_patch16_224.augreg_in21k_ft_in1k"
#define TAPS "golden/vit_tiny_patch16_224.augreg_in21k_ft_in1k.taps.npz"
#define TOLERANCE 1e-4
#define CLASSES 1000

static unsigned char *taps;
static size_t taps_size;

static const char *shared(char *dst, size_t size, const char *name) {
    snprintf(dst, size, "%s/%s", test_shared(), name);
    return dst;
}

static vit_context *load(int32_t isa) {
    char path[512], why[512] = "";
    vit_context *vit = NULL;
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_ISA, isa);
    CHECK(vit_load(&vit, shared(path, sizeof path, MODEL), o, why, sizeof why) == VIT_OK, "%s", why);
    vit_options_free(o);
    return vit;
}

static void compare(const char *what, const float *found, const char *record, int32_t isa, double *worst) {
    gold expected = npz_floats(taps, taps_size, record);
    CHECK(expected.data != NULL, "no '%s' in %s", record, TAPS);
    if (!expected.data) return;
    double error = gold_error(found, expected.data, expected.count);
    CHECK(error <= TOLERANCE, "%s %s differs by %.2e of the largest value", vit_isa_text(isa), what, error);
    if (error > *worst) *worst = error;
    free(expected.data);
}

static void compare_layers(vit_context *vit, int32_t isa, double *worst) {
    int64_t depth = 0, shape[4];
    int32_t rank;
    const float *data;
    vit_info_int(vit, VIT_INFO_DEPTH, &depth);
    for (int32_t layer = 0; layer <= depth; layer++) {
        char record[32];
        snprintf(record, sizeof record, layer > 0 ? "block%d" : "embed", (int)layer - 1);
        CHECK(vit_output(vit, VIT_OUTPUT_HIDDEN, layer, &data, shape, &rank) == VIT_OK, "%s", vit_message(vit));
        CHECK(rank == 3 && shape[1] == 197 && shape[2] == 192, "shape of layer %d", (int)layer);
        compare(record, data, record, isa, worst);
    }
    CHECK(vit_output(vit, VIT_OUTPUT_TOKENS, 0, &data, shape, &rank) == VIT_OK, "%s", vit_message(vit));
    compare("tokens", data, "norm", isa, worst);
}

static void every_layer_matches(void) {
    char path[512];
    taps = gold_file(shared(path, sizeof path, TAPS), &taps_size);
    if (!taps) {
        SKIP("%s is not here: nothing real is tested", path);
        return;
    }
    gold input = npz_floats(taps, taps_size, "input");
    CHECK(input.count == 3 * 224 * 224, "input of %zu numbers", input.count);
    vit_image image = gold_input(input.data, 224, 224);
    for
        GOLD_EVERY_ISA(isa) {
            if (!input.data || !vit_isa_available(isa)) continue;
            vit_context *vit = load(isa);
            if (!vit) continue;
            float logits[CLASSES];
            double worst = 0;
            CHECK(vit_request(vit, VIT_OUTPUT_HIDDEN, -1) == VIT_OK && vit_request(vit, VIT_OUTPUT_TOKENS, 0) == VIT_OK, "%s",
                  vit_message(vit));
            CHECK(vit_forward(vit, &image, 1, logits, CLASSES) == VIT_OK, "%s", vit_message(vit));
            compare("logits", logits, "logits", isa, &worst);
            compare_layers(vit, isa, &worst);
            printf("ViT-Ti/16, %s: worst difference %.2e of the largest value\n", vit_isa_text(isa), worst);
            vit_free(vit);
        }
    free(input.data);
}

typedef struct bytes {
    unsigned char *data;
    size_t size, room;
} bytes;

static int32_t append(void *user, const void *data, size_t size) {
    bytes *b = user;
    if (b->room - b->size < size) b->data = realloc(b->data, b->room = 2 * (b->size + size));
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return 0;
}

static void a_saved_copy_gives_the_same_bits(void) {
    if (!taps) return;
    gold input = npz_floats(taps, taps_size, "input");
    vit_image image = gold_input(input.data, 224, 224);
    vit_context *vit = load(VIT_ISA_BEST), *copy = NULL;
    if (!vit) return;
    float logits[CLASSES], again[CLASSES];
    char why[512] = "";
    bytes saved = {0};
    CHECK(vit_save_writer(vit, append, &saved, NULL, 0) == VIT_OK, "%s", vit_message(vit));
    CHECK(vit_load_memory(&copy, saved.data, saved.size, NULL, why, sizeof why) == VIT_OK, "%s", why);
    CHECK(vit_forward(vit, &image, 1, logits, CLASSES) == VIT_OK, "%s", vit_message(vit));
    if (copy) {
        CHECK(vit_forward(copy, &image, 1, again, CLASSES) == VIT_OK, "%s", vit_message(copy));
        CHECK(memcmp(logits, again, sizeof logits) == 0, "other bits");
        CHECK(strcmp(vit_info_text(vit, VIT_TEXT_PIPELINE), vit_info_text(copy, VIT_TEXT_PIPELINE)) == 0, "'%s'",
              vit_info_text(copy, VIT_TEXT_PIPELINE));
        CHECK(strcmp(vit_info_text(copy, VIT_TEXT_ARCHITECTURE), "vit_tiny_patch16_224") == 0, "architecture");
    }
    vit_free(copy);
    vit_free(vit);
    free(saved.data);
    free(input.data);
}

static void mnist_matches(void) {
    char path[512], why[512] = "";
    size_t size = 0, model_size = 0;
    unsigned char *model = gold_file(shared(path, sizeof path, "models/vit_numpy_mnist_d9/model.safetensors"), &model_size);
    if (!model) {
        SKIP("%s is not here", path);
        return;
    }
    free(model);
    unsigned char *file = gold_file("tests/golden/data/shared_mnist.bin", &size);
    CHECK(file != NULL, "tests/golden/data/shared_mnist.bin is missing");
    vit_context *vit = NULL;
    vit_options *o = vit_options_create();
    const float zero = 0, one = 1;
    vit_options_set_int(o, VIT_OPT_HEADS, 3);
    vit_options_set_int(o, VIT_OPT_ACTIVATION, VIT_ACT_RELU);
    vit_options_set_int(o, VIT_OPT_POOL, VIT_POOL_TOKEN);
    vit_options_set_int(o, VIT_OPT_RESIZE, VIT_RESIZE_NONE);
    vit_options_set_real(o, VIT_OPT_EPS, 1e-5);
    vit_options_set_vector(o, VIT_OPT_MEAN, &zero, 1);
    vit_options_set_vector(o, VIT_OPT_STD, &one, 1);
    CHECK(vit_load(&vit, path, o, why, sizeof why) == VIT_OK, "%s", why);
    vit_options_free(o);
    if (vit && file) {
        gold pixels = gold_record(file, size, "pixels"), expected = gold_record(file, size, "logits");
        vit_image image = gold_input(pixels.data, 28, 28);
        float logits[10];
        CHECK(vit_forward(vit, &image, 1, logits, 10) == VIT_OK, "%s", vit_message(vit));
        CHECK(gold_error(logits, expected.data, 10) <= TOLERANCE, "logits differ by %.2e", gold_error(logits, expected.data, 10));
        free(pixels.data);
        free(expected.data);
    }
    vit_free(vit);
    free(file);
}

static void close_taps(void) { free(taps); }

TEST_MAIN(every_layer_matches, a_saved_copy_gives_the_same_bits, mnist_matches, close_taps)
