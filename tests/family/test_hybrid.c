/* test_hybrid.c: models with a convolutional stem in the names of Google, timm and transformers: totals of the published sizes,
 * and what is refused with which words. tests/golden has results. */
#include "google.h"

/* How a family calls the stem, and the order of its kernels' dimensions. */
typedef struct naming {
    const char *root, *root_norm, *unit, *conv, *norm, *proj, *proj_norm, *weight, *scale, *bias;
    int base;
    int outputs_last; /* [rows, columns, inputs, outputs]; else [outputs, inputs, rows, columns] */
} naming;

#define TIMM "patch_embed.backbone."
#define BIT "vit.embeddings.patch_embeddings.backbone.bit."
#define TORCH "conv", "norm", "downsample.conv", "downsample.norm", ".weight", ".weight", ".bias", 0, 0
static const naming google = {"conv_root", "gn_root", "block%d/unit%d/", "conv",  "gn", "conv_proj",
                              "gn_proj",   "/kernel", "/scale",          "/bias", 1,    1};
static const naming timm = {TIMM "stem.conv", TIMM "stem.norm", TIMM "stages.%d.blocks.%d.", TORCH};
static const naming timm_root = {TIMM "conv", TIMM "norm", "", TORCH};
static const naming hf = {BIT "embedder.convolution", BIT "embedder.norm", BIT "encoder.stages.%d.layers.%d.", TORCH};

typedef struct hybrid {
    int units[4], stem, patch;
    google_size vit; /* its patch: pixels that one stands for in all */
} hybrid;

static void put_kernel(checkpoint *c, const naming *n, const char *start, const char *part, int side, int inputs, int outputs) {
    char name[96];
    snprintf(name, sizeof name, "%s%s%s", start, part, n->weight);
    if (n->outputs_last)
        put(c, name, "[%d, %d, %d, %d]", side, side, inputs, outputs);
    else
        put(c, name, "[%d, %d, %d, %d]", outputs, inputs, side, side);
}

static void put_norm(checkpoint *c, const naming *n, const char *start, const char *part, int width) {
    char name[96];
    snprintf(name, sizeof name, "%s%s%s", start, part, n->scale);
    put(c, name, "[%d]", width);
    snprintf(name, sizeof name, "%s%s%s", start, part, n->bias);
    put(c, name, "[%d]", width);
}

static void put_unit(checkpoint *c, const naming *n, int stage, int unit, int mid) {
    char start[80], part[32];
    int inputs = unit > 0 ? 4 * mid : stage == 0 ? mid : 2 * mid;
    const int sides[] = {1, 3, 1}, from[] = {inputs, mid, mid}, to[] = {mid, mid, 4 * mid};
    snprintf(start, sizeof start, n->unit, stage + n->base, unit + n->base);
    for (int i = 0; i < 3; i++) {
        snprintf(part, sizeof part, "%s%d", n->conv, i + 1);
        put_kernel(c, n, start, part, sides[i], from[i], to[i]);
        snprintf(part, sizeof part, "%s%d", n->norm, i + 1);
        put_norm(c, n, start, part, to[i]);
    }
    if (unit > 0) return;
    put_kernel(c, n, start, n->proj, 1, inputs, 4 * mid);
    put_norm(c, n, start, n->proj_norm, 4 * mid);
}

/* Returns the channels of the feature map. */
static int put_stem(checkpoint *c, const naming *n, const hybrid *h) {
    int channels = h->stem;
    put_kernel(c, n, "", n->root, 7, 3, h->stem);
    put_norm(c, n, "", n->root_norm, h->stem);
    for (int stage = 0; stage < 4 && h->units[stage] > 0; stage++) {
        channels = 4 * h->stem << stage;
        for (int unit = 0; unit < h->units[stage]; unit++) put_unit(c, n, stage, unit, h->stem << stage);
    }
    return channels;
}

static checkpoint made; /* large */

static checkpoint *google_hybrid(const hybrid *h) {
    put_google(&made, "", &h->vit, 0);
    int channels = put_stem(&made, &google, h);
    put(&made, "embedding/kernel", "[%d, %d, %d, %d]", h->patch, h->patch, channels, h->vit.width);
    return &made;
}

static void published_sizes(void) {
    static const hybrid sizes[] = {
        {{0}, 64, 8, {"R+Ti/16", 192, 768, 3, 12, 32, 224, 1000, 0, 0, 6337704}},
        {{2, 2, 2, 2}, 64, 1, {"R26+S/32", 384, 1536, 6, 12, 32, 224, 1000, 0, 0, 36431912}},
        {{2, 2, 2, 2}, 64, 1, {"R26+B/32", 768, 3072, 12, 12, 32, 224, 1000, 0, 0, 101383976}},
        {{3, 4, 9}, 64, 1, {"R50+B/16", 768, 3072, 12, 12, 16, 224, 1000, 0, 0, 98659112}},
        {{3, 4, 6, 3}, 64, 1, {"R50+L/32", 1024, 4096, 16, 24, 32, 224, 1000, 0, 0, 328994856}},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const google_size *s = &sizes[i].vit;
        described *r = accept(google_hybrid(&sizes[i]), NULL, NULL, NULL);
        if (!r) continue;
        const vi_hparams *h = &r->d.hparams;
        CHECK(parameters_of(&r->d) == s->parameters, "%s: %lld parameters", s->name, (long long)parameters_of(&r->d));
        CHECK(h->patch_width == s->patch && h->image_width == s->image && h->channels == 3, "%s", s->name);
        CHECK(h->stem_groups == 32 && same(h->stem_eps, 1e-6f) && r->d.guesses == 0, "%s: %s", s->name, r->d.notes);
        close_described(r);
    }
}

static const hybrid small = {{2, 1}, 32, 1, {"small", 24, 40, 3, 2, 8, 32, 5, 0, 0, 0}}; /* 4 x 4 patches */

static checkpoint *timm_hybrid(const naming *n, const hybrid *h) {
    made = timm_checkpoint();
    int channels = put_stem(&made, n, h);
    put(&made, "patch_embed.proj.weight", "[24, %d, %d, %d]", channels, h->patch, h->patch);
    return &made;
}

static checkpoint *hf_hybrid(void) {
    made = hf_checkpoint();
    int channels = put_stem(&made, &hf, &small);
    put(&made, "vit.embeddings.patch_embeddings.projection.weight", "[24, %d, 1, 1]", channels);
    return &made;
}

#define HF_NUMBERS                                                                                                               \
    "\"model_type\":\"vit-hybrid\",\"hidden_size\":24,\"num_hidden_layers\":2,\"num_attention_heads\":3,"                       \
    "\"intermediate_size\":40,\"image_size\":%s,\"backbone_config\":"
#define BACKBONE "\"layer_type\":\"bottleneck\",\"global_padding\":\"SAME\",\"embedding_dynamic_padding\":true"

/* The same model from all three, with their own epsilon and standardisation. */
static void three_origins(void) {
    char config[512];
    snprintf(config, sizeof config, "{" HF_NUMBERS "{" BACKBONE ",\"out_features\":[\"stage2\"]}}", "32");
    int64_t counts[3] = {0};
    for (int origin = 0; origin < 3; origin++) {
        checkpoint *c = origin == 0 ? google_hybrid(&small) : origin == 1 ? timm_hybrid(&timm, &small) : hf_hybrid();
        described *r = accept(c, origin == 2 ? config : NULL, NULL, NULL);
        if (!r) continue;
        const vi_hparams *h = &r->d.hparams;
        CHECK(h->stem_width == 32 && h->stem_units[0] == 2 && h->stem_units[1] == 1 && h->stem_units[2] == 0, "%d", origin);
        CHECK(same(h->stem_eps, origin == 0 ? 1e-6f : 1e-5f) && h->patch_width == 8 && h->image_height == 32, "%d", origin);
        int how = origin == 0 ? VI_STANDARDISE_GOOGLE : VI_STANDARDISE_TIMM;
        CHECK(r->d.model[VI_STEM_W].standardise == how && r->d.units[2][VI_UNIT_PROJ_W - VI_SLOTS].standardise == how, "how");
        CHECK(r->d.units[1][VI_UNIT_PROJ_W - VI_SLOTS].parts == 0 && r->d.model[VI_PATCH_W].standardise == 0, "no other");
        counts[origin] = parameters_of(&r->d);
        close_described(r);
    }
    CHECK(counts[0] == counts[1] && counts[1] == counts[2], "%lld %lld %lld", (long long)counts[0], (long long)counts[1],
          (long long)counts[2]);
    hybrid root = {{0}, 32, 2, {NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}};
    described *r = accept(timm_hybrid(&timm_root, &root), NULL, NULL, NULL);
    CHECK(r && r->d.hparams.patch_width == 8 && vi_patch_inputs(&r->d.hparams) == 128, "root alone");
    if (r) close_described(r);
}

static void missing_and_left_over(void) {
    static const char *const names[] = {
        "gn_root/scale",       "gn_root/bias",          "block1/unit1/conv2/kernel",     "block1/unit2/gn3/bias",
        "block2/unit1/conv3/kernel", "block2/unit1/conv_proj/kernel", "block1/unit1/gn_proj/scale", "block1/unit2/gn1/scale"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        checkpoint *c = google_hybrid(&small);
        char expected[96];
        drop(c, names[i]);
        snprintf(expected, sizeof expected, "'%s' is missing", names[i]);
        refuse(c, NULL, NULL, NULL, VIT_ERROR_MODEL, expected);
    }
    checkpoint *c = google_hybrid(&small); /* a unit without its first convolution is no unit */
    drop(c, "block2/unit1/conv1/kernel");
    refuse(c, NULL, NULL, NULL, VIT_ERROR_MODEL, "embedding/kernel'|128");
    c = google_hybrid(&small);
    put(c, "block1/unit3/conv2/kernel", "[3, 3, 32, 32]");
    refuse(c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'block1/unit3/conv2/kernel'|no part of a google model");
    c = google_hybrid(&small);
    put(c, "block1/unit2/conv_proj/kernel", "[1, 1, 128, 128]");
    refuse(c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'block1/unit2/conv_proj/kernel'");
    c = timm_hybrid(&timm, &small);
    drop(c, TIMM "stages.1.blocks.0.downsample.norm.weight");
    refuse(c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'" TIMM "stages.1.blocks.0.downsample.norm.weight' is missing");
    c = timm_hybrid(&timm, &small);
    drop(c, TIMM "stem.norm.bias");
    refuse(c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'" TIMM "stem.norm.bias' is missing");
    c = timm_hybrid(&timm, &small);
    put(c, TIMM "norm.weight", "[256]"); /* of a pre-activation ResNet */
    put(c, TIMM "norm.bias", "[256]");
    refuse(c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'" TIMM "norm.");
}

static void wrong_shapes(void) {
    static const struct {
        const char *name, *shape, *fragments;
    } cases[] = {
        {"conv_root/kernel", "[5, 5, 3, 32]", "conv_root/kernel'|[32, 5, 5, 3] (transposed)"},
        {"conv_root/kernel", "[7, 7, 3, 33]", "stem_width 33|32 groups"},
        {"conv_root/kernel", "[147, 32]", "conv_root/kernel'|[outputs, inputs, rows, columns]"},
        {"conv_root/kernel", "[7, 7, 3, 4096]", "conv_root/kernel'|channels of the stem"},
        {"gn_root/scale", "[64]", "gn_root/scale'|[64]"},
        {"block1/unit1/conv2/kernel", "[1, 9, 32, 32]", "block1/unit1/conv2/kernel'|[32, 1, 9, 32]"},
        {"block1/unit1/conv2/kernel", "[3, 3, 32, 64]", "block1/unit1/conv2/kernel'"},
        {"block2/unit1/conv1/kernel", "[1, 1, 64, 64]", "block2/unit1/conv1/kernel'|stem.2.conv1.weight"},
        {"block1/unit2/gn3/scale", "[1, 1, 1, 64]", "block1/unit2/gn3/scale'"},
        {"embedding/kernel", "[1, 1, 128, 24]", "embedding/kernel'|256"},
        {"embedding/kernel", "[0, 1, 256, 24]", "embedding/kernel'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        checkpoint *c = google_hybrid(&small);
        put(c, cases[i].name, "%s", cases[i].shape);
        refuse(c, NULL, NULL, NULL, VIT_ERROR_MODEL, cases[i].fragments);
    }
}

static void backbones(void) {
    static const struct {
        const char *size, *backbone;
        int32_t status;
        const char *fragments;
    } cases[] = {
        {"32", "{\"layer_type\":\"preactivation\"}", VIT_ERROR_UNSUPPORTED, "layer_type|preactivation"},
        {"32", "{}", VIT_ERROR_UNSUPPORTED, "layer_type bottleneck"},
        {"32", "{\"layer_type\":\"bottleneck\",\"global_padding\":\"valid\"}", VIT_ERROR_UNSUPPORTED, "global_padding|valid"},
        {"32", "{\"layer_type\":\"bottleneck\",\"global_padding\":\"same\"}", VIT_ERROR_UNSUPPORTED, "embedding_dynamic_padding"},
        {"32", "{" BACKBONE ",\"out_features\":[\"stage1\"]}", VIT_ERROR_UNSUPPORTED, "out_features|stage2"},
        {"32", "{" BACKBONE ",\"out_features\":[\"stage1\",\"stage2\"]}", VIT_ERROR_UNSUPPORTED, "out_features"},
        {"32", "{" BACKBONE ",\"num_groups\":5}", VIT_ERROR_MODEL, "stem_width 32|5 groups"},
        {"32", "{" BACKBONE ",\"output_stride\":4}", VIT_ERROR_UNSUPPORTED, "output_stride"},
        {"32", "{" BACKBONE ",\"hidden_act\":\"gelu\"}", VIT_ERROR_UNSUPPORTED, "hidden_act|gelu"},
        {"32", "7", VIT_ERROR_MODEL, "backbone_config"},
        {"64", "{" BACKBONE "}", VIT_ERROR_MODEL, "position_embeddings'|64x64"},
        {"[16, 64]", "{" BACKBONE "}", VIT_OK, ""}, /* 2 x 8 patches */
        {"[25, 26]", "{" BACKBONE "}", VIT_OK, ""}, /* sides that no stride divides */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char config[1024];
        snprintf(config, sizeof config, "{" HF_NUMBERS "%s}", cases[i].size, cases[i].backbone);
        refuse(hf_hybrid(), config, NULL, NULL, cases[i].status, cases[i].fragments);
    }
}

/* ---- running --------------------------------------------------------------------------------------------------------------- */

#define SIDE 25 /* an odd size all the way down */

static void run_hybrid(int32_t threads, int32_t batch, const float *pixels, float *out) {
    vit_options *o = vit_options_create();
    vit_context *vit = NULL;
    char why[256] = "";
    vit_options_set_int(o, VIT_OPT_THREADS, threads);
    vit_options_set_int(o, VIT_OPT_MAX_BATCH, batch);
    vit_options_set_int(o, VIT_OPT_IMAGE_WIDTH, SIDE);
    vit_options_set_int(o, VIT_OPT_IMAGE_HEIGHT, SIDE);
    CHECK(vit_load(&vit, "tests/golden/data/google_hybrid/model.npz", o, why, sizeof why) == VIT_OK, "%s", why);
    vit_image images[3];
    memset(images, 0, sizeof images);
    for (int i = 0; i < 3; i++) {
        images[i].format = VIT_PIXELS_F32;
        images[i].width = images[i].height = SIDE;
        images[i].planes[0] = pixels + i * 3 * SIDE * SIDE;
    }
    if (vit) CHECK(vit_forward(vit, images, 3, out, 15) == VIT_OK, "%s", vit_message(vit));
    vit_free(vit);
    vit_options_free(o);
}

/* The same bits for any number of threads and any place in a batch. */
static void threads_and_batches_change_nothing(void) {
    static float pixels[3 * 3 * SIDE * SIDE], one[15], other[15];
    unsigned long long seed = 7;
    for (size_t i = 0; i < sizeof pixels / sizeof *pixels; i++) pixels[i] = (float)(test_random(&seed) >> 40) / 8388608.0f - 1.0f;
    run_hybrid(1, 1, pixels, one);
    CHECK(memcmp(one, one + 5, 5 * sizeof *one) != 0, "different pictures, the same result");
    for (int32_t threads = 1; threads <= 5; threads += 2) {
        run_hybrid(threads, 3, pixels, other);
        CHECK(memcmp(one, other, sizeof one) == 0, "%d threads", (int)threads);
    }
}

/* A block of exactly the planned size is enough, also where a stack was taken apart. */
static void planned_memory_is_enough(void) {
    static const char *const names[] = {"google_hybrid", "google_scan", "google_scan_deflated", "google_siglip"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128], why[256] = "";
        static unsigned char file[1 << 17];
        snprintf(path, sizeof path, "tests/golden/data/%s/model.npz", names[i]);
        FILE *f = fopen(path, "rb");
        CHECK(f != NULL, "no %s", path);
        if (!f) continue;
        size_t size = fread(file, 1, sizeof file, f);
        fclose(f);
        uint64_t bytes = 0;
        CHECK(vit_plan(file, size, NULL, &bytes, why, sizeof why) == VIT_OK, "%s: %s", names[i], why);
        for (int less = 0; less <= 1; less++) {
            vit_options *o = vit_options_create();
            vit_context *vit = NULL;
            void *memory = aligned_alloc(64, (size_t)bytes);
            vit_options_set_memory(o, memory, (size_t)bytes - (less ? 64 : 0));
            int32_t status = vit_load_memory(&vit, file, size, o, why, sizeof why);
            CHECK((status == VIT_OK) == !less, "%s, %d bytes less: %s", names[i], 64 * less, why);
            vit_free(vit);
            vit_options_free(o);
            free(memory);
        }
    }
}

TEST_MAIN(published_sizes, three_origins, missing_and_left_over, wrong_shapes, backbones, threads_and_batches_change_nothing,
          planned_memory_is_enough)
