/* test_google.c: checkpoints with the names of vision_transformer and big_vision: where parameters may stand in a file, what is
 * read from shapes, totals of the published sizes, and what is refused with which words. tests/golden has results. */
#include "google.h"

static const google_size small = {"small", 24, 40, 3, 2, 4, 16, 5, 0, 0, 0};
static checkpoint made; /* large */

static checkpoint *fresh(int stacked) {
    put_google(&made, "", &small, stacked);
    return &made;
}

static void published_sizes(void) {
    static const google_size sizes[] = {
        {"Ti/16", 192, 768, 3, 12, 16, 224, 1000, 0, 0, 5717416},
        {"S/16", 384, 1536, 6, 12, 16, 224, 1000, 0, 0, 22050664},
        {"S/32", 384, 1536, 6, 12, 32, 224, 1000, 0, 0, 22878952},
        {"B/8", 768, 3072, 12, 12, 8, 224, 1000, 0, 0, 86576872},
        {"B/16", 768, 3072, 12, 12, 16, 224, 1000, 0, 0, 86567656},
        {"B/32", 768, 3072, 12, 12, 32, 224, 1000, 0, 0, 88224232},
        {"L/16", 1024, 4096, 16, 24, 16, 224, 1000, 0, 0, 304326632},
        {"L/32", 1024, 4096, 16, 24, 32, 224, 1000, 0, 0, 306535400},
        {"H/14", 1280, 5120, 16, 32, 14, 224, 1000, 0, 0, 632045800},
        {"B/16 gap", 768, 3072, 12, 12, 16, 224, 1000, 0, 1, 86566120},
        {"SigLIP B/16", 768, 3072, 12, 12, 16, 224, 0, 1, 0, 92884224},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int stacked = 0; stacked <= 1; stacked++) {
            const google_size *s = &sizes[i];
            put_google(&made, "", s, stacked);
            described *r = describe(&made, NULL, NULL, NULL);
            CHECK(r->status == VIT_OK, "%s: %s", s->name, r->e.text);
            if (r->status == VIT_OK) {
                const vi_hparams *h = &r->d.hparams;
                CHECK(parameters_of(&r->d) == s->parameters, "%s: %lld parameters", s->name, (long long)parameters_of(&r->d));
                CHECK(h->heads == s->heads && h->depth == s->depth && h->image_width == s->image, "%s", s->name);
                CHECK(r->d.guesses == 0, "%s: %s", s->name, r->d.notes);
            }
            close_described(r);
        }
    }
}

static void every_prefix(void) {
    static const struct {
        const char *prefix;
        int tower;
    } cases[] = {{"opt/target/", 0}, {"params/", 0}, {"params/img/", 1}, {"opt/target/img/", 1}, {"img/", 1}, {"", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_google(&made, cases[i].prefix, &small, i % 2 != 0);
        if (cases[i].prefix[0]) put(&made, "opt/state/step", "[]");
        if (cases[i].tower) put(&made, "params/txt/head/kernel", "[24, 5]");
        described *r = accept(&made, NULL, NULL, NULL);
        if (!r) continue;
        const vi_hparams *h = &r->d.hparams;
        CHECK(strcmp(r->family->name, "google") == 0, "'%s'", r->family->name);
        CHECK(h->classes == (cases[i].tower ? 0 : 5) && h->projection == (cases[i].tower ? 5 : 0), "'%s': head", cases[i].prefix);
        CHECK((strstr(r->d.notes, "outside") != NULL) == (cases[i].prefix[0] != 0), "'%s': %s", cases[i].prefix, r->d.notes);
        CHECK(h->activation == VIT_ACT_GELU_TANH && same(h->eps, 1e-6f) && h->position == VIT_POSITION_ZOOM, "numbers");
        CHECK(h->pipeline.resize == VIT_RESIZE_SQUASH && same(h->pipeline.mean[0], 0.5f), "pipeline");
        close_described(r);
    }
}

static void pools_and_positions(void) {
    checkpoint *c = fresh(0);
    put(c, "Transformer/posembed_input/pos_embedding", "[1, 16, 24]"); /* the class token has none */
    described *r = accept(c, NULL, NULL, NULL);
    CHECK(r && r->d.hparams.position_prefix == 0 && r->d.hparams.pool == VIT_POOL_TOKEN, "bare positions");
    if (r) close_described(r);
    c = fresh(0);
    put_layer(c, "", "pre_logits", 0, 24, 7);
    put_layer(c, "", "head", 0, 7, 5);
    vi_overrides o = no_overrides();
    o.activation = VIT_ACT_GELU;
    r = accept(c, NULL, NULL, &o);
    CHECK(r && r->d.hparams.representation == 7 && r->d.hparams.activation == VIT_ACT_GELU, "pre_logits, an override");
    if (r) close_described(r);
    c = fresh(0);
    r = accept(c, "{\"num_attention_heads\":5}", NULL, NULL);
    CHECK(r && strstr(r->d.notes, "config.json: not used") != NULL, "a config that nobody reads");
    if (r) close_described(r);
}

static void missing_and_left_over(void) {
    static const char *const names[] = {
        "cls", /* its row of positions is left: no square */
        "embedding/bias",
        "Transformer/posembed_input/pos_embedding",
        "Transformer/encoderblock_0/LayerNorm_0/scale",
        "Transformer/encoderblock_1/LayerNorm_2/bias",
        "Transformer/encoderblock_1/MultiHeadDotProductAttention_1/key/kernel",
        "Transformer/encoderblock_0/MultiHeadDotProductAttention_1/query/kernel",
        "Transformer/encoderblock_1/MultiHeadDotProductAttention_1/out/bias",
        "Transformer/encoderblock_0/MlpBlock_3/Dense_0/kernel",
        "Transformer/encoderblock_1/MlpBlock_3/Dense_1/kernel",
        "Transformer/encoder_norm/scale",
        "head/bias",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        checkpoint *c = fresh(0);
        char expected[128];
        drop(c, names[i]);
        snprintf(expected, sizeof expected, i ? "'%s' is missing" : "pos_embedding", names[i]);
        refuse(c, NULL, NULL, NULL, VIT_ERROR_MODEL, expected);
    }
    checkpoint *c = fresh(1);
    drop(c, "Transformer/encoderblock/MlpBlock_0/Dense_1/kernel");
    refuse(c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'Transformer/encoderblock[0]/MlpBlock_0/Dense_1/kernel' is missing");
    c = fresh(0);
    put(c, "Transformer/extra", "[3]");
    refuse(c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'Transformer/extra' [3]|no part of a google model");
    c = fresh(1);
    put(c, "Transformer/encoderblock_0/LayerNorm_0/scale", "[24]");
    put(c, "Transformer/encoderblock_0/LayerNorm_0/bias", "[24]");
    refuse(c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'Transformer/encoderblock_0/LayerNorm_0/bias'|(and 1 more)");
    c = fresh(0);
    put(c, "Transformer/encoderblock_3/LayerNorm_0/scale", "[24]"); /* number 2 is not there */
    put(c, "Transformer/encoderblock_3/LayerNorm_0/bias", "[24]");
    refuse(c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'Transformer/encoderblock_2/LayerNorm_0/scale' is missing");
}

static void wrong_shapes(void) {
    static const struct {
        const char *name, *shape, *fragments;
    } cases[] = {
        {"embedding/kernel", "[48, 24]", "'embedding/kernel'|[24, 48] (transposed)"},
        {"embedding/bias", "[23]", "'embedding/bias'|[23]|24"},
        {"cls", "[1, 2, 24]", "'cls'"},
        {"Transformer/posembed_input/pos_embedding", "[1, 18, 24]", "pos_embedding'|[1, 18, 24]|square"},
        {"Transformer/posembed_input/pos_embedding", "[1, 17, 25]", "pos_embedding'|[1, 17, 25]"},
        {"Transformer/encoderblock_1/MlpBlock_3/Dense_0/kernel", "[24, 41]", "_1/MlpBlock_3/Dense_0/kernel'|[41, 24] (tr"},
        {"Transformer/encoderblock_1/MlpBlock_3/Dense_1/kernel", "[24, 40]", "_1/MlpBlock_3/Dense_1/kernel'"},
        {"Transformer/encoderblock_0/MultiHeadDotProductAttention_1/query/kernel", "[24, 24]", "query/kernel'|heads"},
        {"Transformer/encoderblock_1/MultiHeadDotProductAttention_1/query/kernel", "[24, 2, 12]", "_1/Multi|query|3 heads of 8"},
        {"Transformer/encoderblock_1/MultiHeadDotProductAttention_1/out/kernel", "[4, 6, 24]", "out/kernel'|3 heads of 8"},
        {"Transformer/encoderblock_0/MultiHeadDotProductAttention_1/key/bias", "[24]", "key/bias'|3 heads of 8"},
        {"Transformer/encoderblock_0/MultiHeadDotProductAttention_1/value/kernel", "[23, 3, 8]", "value/kernel'|[3, 8, 23]"},
        {"head/kernel", "[25, 5]", "'head/kernel'|[5, 25] (transposed)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        checkpoint *c = fresh(0);
        put(c, cases[i].name, "%s", cases[i].shape);
        refuse(c, NULL, NULL, NULL, VIT_ERROR_MODEL, cases[i].fragments);
    }
    checkpoint *c = fresh(0);
    find_spec(c, "head/kernel")->dtype = "I64";
    refuse(c, NULL, NULL, NULL, VIT_ERROR_UNSUPPORTED, "'head/kernel' is I64");
}

static void stacks(void) {
    static const struct {
        const char *name, *shape, *fragments;
    } cases[] = {
        {"Transformer/encoderblock/LayerNorm_1/scale", "[3, 24]", "LayerNorm_1/scale' is [3, 24]|stack of 2 blocks"},
        {"Transformer/encoderblock/LayerNorm_1/scale", "[]", "LayerNorm_1/scale' is F32 []|expected a stack"},
        {"Transformer/encoderblock/LayerNorm_1/scale", "[0, 24]", "LayerNorm_1/scale' is F32 [0, 24]|expected a stack"},
        {"Transformer/encoderblock/LayerNorm_1/scale", "[2, 12]", "encoderblock[0]/LayerNorm_1/scale'|[12]"},
        {"Transformer/encoderblock/LayerNorm_1/other", "[2, 12]", "encoderblock[0]/LayerNorm_1/other'|(and 1 more)"},
        {"Transformer/encoderblock/MlpBlock_0/Dense_0/kernel", "[2, 40, 24]", "encoderblock[0]/MlpBlock_0/Dense"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        checkpoint *c = fresh(1);
        put(c, cases[i].name, "%s", cases[i].shape);
        refuse(c, NULL, NULL, NULL, VIT_ERROR_MODEL, cases[i].fragments);
    }
    checkpoint *c = fresh(1);
    for (int i = 0; i < c->count; i++) /* more blocks than any file may have tensors */
        if (strstr(c->specs[i].name, "encoderblock/LayerNorm")) strcpy(c->specs[i].shape, "[70000, 1]");
    refuse(c, NULL, NULL, NULL, VIT_ERROR_LIMIT, "more than 65536 tensors");
}

TEST_MAIN(published_sizes, every_prefix, pools_and_positions, missing_and_left_over, wrong_shapes, stacks)
