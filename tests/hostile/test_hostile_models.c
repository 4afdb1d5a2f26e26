/* test_hostile_models.c: damaged models through the public API: cut at every byte, every header bit flipped, config files
 * damaged or absurd. A load either fails with a message and touches nothing, or gives a context whose forward stays inside its
 * memory. */
#include "make_model.h"

#define BUDGET (64 << 20) /* bytes: no damaged header may make a load want more */

static vit_image picture;
static int loaded, refused;

/* Loads these bytes at an exactly sized block, so that a sanitizer sees the first byte too many. */
static void try_load(const unsigned char *bytes, size_t size, const char *config) {
    unsigned char *exact = malloc(size ? size : 1);
    memcpy(exact, bytes, size);
    vit_options *o = vit_options_create();
    vit_options_set_text(o, VIT_OPT_CONFIG_JSON, config);
    vit_options_set_int(o, VIT_OPT_MAX_MEMORY, BUDGET);
    vit_context *c = NULL;
    char why[512] = "";
    int32_t status = vit_load_memory(&c, exact, size, o, why, sizeof why);
    if (status == VIT_OK) {
        int64_t outputs = 0;
        loaded++;
        vit_info_int(c, VIT_INFO_OUTPUTS, &outputs);
        float *out = malloc((size_t)outputs * sizeof *out);
        vit_forward(c, &picture, 1, out, (size_t)outputs); /* any status; must not crash */
        free(out);
    } else {
        refused++;
        if (c != NULL || why[0] == 0 || status > 0) CHECK(0, "status %d, message '%s'", (int)status, why);
    }
    vit_free(c);
    vit_options_free(o);
    free(exact);
}

typedef struct buffer {
    unsigned char *data;
    size_t size, room;
} buffer;

static int32_t append(void *user, const void *data, size_t size) {
    buffer *b = user;
    if (b->room < b->size + size) b->data = realloc(b->data, b->room = 2 * (b->size + size));
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return 0;
}

static const model_shape tiny = {8, 1, 2, 12, 1, 6, 4, 2, 2, 3, 1, 0, 1, 0, 1};

static buffer as_vit(const blob *model) {
    buffer b = {0};
    vit_context *c = load_blob(model, NULL);
    CHECK(vit_save_writer(c, append, &b, NULL, 0) == VIT_OK, "%s", vit_message(c));
    vit_free(c);
    return b;
}

static void cut_everywhere(void) {
    blob model = make_model(tiny);
    buffer b = as_vit(&model);
    loaded = refused = 0;
    for (size_t n = 0; n < model.size; n++) try_load(model.data, n, model.config);
    for (size_t n = 0; n < b.size; n++) try_load(b.data, n, NULL);
    CHECK(loaded == 0, "%d cut files were loaded", loaded);
    try_load(model.data, model.size, model.config);
    try_load(b.data, b.size, NULL);
    CHECK(loaded == 2, "whole files were refused");
    free(model.data);
    free(b.data);
}

static void flip_every_header_bit(void) {
    blob model = make_model(tiny);
    buffer b = as_vit(&model);
    size_t header = 8;
    for (int i = 0; i < 8; i++) header += (size_t)model.data[i] << (8 * i);
    loaded = refused = 0;
    for (size_t bit = 0; bit < 8 * header; bit++) {
        model.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        try_load(model.data, model.size, model.config);
        model.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    CHECK(refused > 20 * loaded, "%d of %d damaged safetensors headers were loaded", loaded, loaded + refused);
    loaded = refused = 0;
    for (size_t bit = 0; bit < 8 * 2048; bit++) { /* the directory of this model is longer than 2 KiB */
        b.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        try_load(b.data, b.size, NULL);
        b.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    CHECK(loaded == 0, "%d damaged .vit headers were loaded", loaded);
    free(model.data);
    free(b.data);
}

static void damage_the_config(void) {
    blob model = make_model(tiny);
    char config[sizeof model.config];
    size_t n = strlen(model.config);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        memcpy(config, model.config, n + 1);
        config[bit / 8] ^= (char)(1u << bit % 8);
        if (config[bit / 8]) try_load(model.data, model.size, config);
    }
    for (size_t cut = 0; cut < n; cut++) {
        memcpy(config, model.config, n + 1);
        config[cut] = 0;
        int before = loaded;
        try_load(model.data, model.size, config);
        CHECK(loaded == before, "config cut at %zu was accepted", cut);
    }
    free(model.data);
}

static void absurd_numbers(void) {
    blob model = make_model(tiny);
    const char *const keys[] = {"num_classes", "num_heads", "img_size", "patch_size"};
    const char *const values[] = {"0",
                                  "-1",
                                  "1",
                                  "2147483647",
                                  "2147483648",
                                  "-2147483648",
                                  "1e308",
                                  "1e999",
                                  "0.5",
                                  "null",
                                  "true",
                                  "\"x\"",
                                  "[]",
                                  "{}",
                                  "[0,0]",
                                  "[1,2,3]",
                                  "[2147483647,2147483647]",
                                  "99999999999999999999999"};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            char config[512];
            snprintf(config, sizeof config, "{\"architecture\":\"x\",\"num_classes\":3,\"model_args\":{\"%s\":%s}}", keys[k],
                     values[v]);
            try_load(model.data, model.size, config);
            snprintf(config, sizeof config,
                     "{\"%s\":%s,\"pretrained_cfg\":{\"mean\":%s,\"std\":%s,\"crop_pct\":%s,\"input_size\":%s}}", keys[k],
                     values[v], values[v], values[v], values[v], values[v]);
            try_load(model.data, model.size, config);
        }
    free(model.data);
}

/* Weights may be anything: NaN and infinity come out as NaN or infinity, not as a crash. */
static void wild_weights(void) {
    blob model = make_model(tiny);
    unsigned long long seed = 3;
    for (int round = 0; round < 20; round++) {
        for (size_t i = model.size - 4 * 300; i < model.size; i++) model.data[i] = (unsigned char)(test_random(&seed) >> 56);
        int before = loaded;
        try_load(model.data, model.size, model.config);
        CHECK(loaded == before + 1, "round %d", round);
    }
    free(model.data);
}

static void prepare(void) {
    picture = make_image(9, 7, 3);
    picture.format = VIT_PIXELS_GRAY8;
}

static void clean_up(void) { free((void *)(size_t)picture.planes[0]); }

TEST_MAIN(prepare, cut_everywhere, flip_every_header_bit, damage_the_config, absurd_numbers, wild_weights, clean_up)
