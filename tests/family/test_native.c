/* test_native.c: .vit files hold everything that a model is: every golden checkpoint gives the same bits from its .vit copy;
 * damaged metadata is refused by name. */
#include "checkpoint.h"

#define DATA "tests/golden/data/"

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

static vit_context *load(const char *name, int32_t precision) {
    char path[256], why[512] = "";
    vit_context *vit = NULL;
    vit_options *o = vit_options_create();
    snprintf(path, sizeof path, DATA "%s", name);
    vit_options_set_int(o, VIT_OPT_PRECISION, precision);
    CHECK(vit_load(&vit, path, o, why, sizeof why) == VIT_OK, "%s", why);
    vit_options_free(o);
    return vit;
}

static bytes save(vit_context *vit) {
    bytes b = {0};
    CHECK(vit_save_writer(vit, append, &b, NULL, 0) == VIT_OK, "%s", vit_message(vit));
    return b;
}

static void run(vit_context *vit, float out[64]) {
    int64_t width = 0, height = 0, channels = 0;
    vit_info_int(vit, VIT_INFO_IMAGE_WIDTH, &width);
    vit_info_int(vit, VIT_INFO_IMAGE_HEIGHT, &height);
    vit_info_int(vit, VIT_INFO_CHANNELS, &channels);
    size_t count = (size_t)(width * height * channels);
    float *pixels = malloc(count * sizeof *pixels);
    unsigned long long seed = 7;
    for (size_t i = 0; i < count; i++) pixels[i] = test_uniform(&seed);
    vit_image image = {.planes = {pixels}, .format = VIT_PIXELS_F32, .width = (int32_t)width, .height = (int32_t)height};
    memset(out, 0, 64 * sizeof *out);
    CHECK(vit_forward(vit, &image, 1, out, 64) == VIT_OK, "%s", vit_message(vit));
    free(pixels);
}

static void same_model(const char *name, vit_context *vit, vit_context *copy) {
    float expected[64], found[64];
    run(vit, expected);
    run(copy, found);
    CHECK(memcmp(expected, found, sizeof found) == 0, "%s: other bits", name);
    for (int32_t key = VIT_INFO_OUTPUTS; key <= VIT_INFO_PARAMETERS; key++) {
        int64_t a = 0, b = -1;
        CHECK(vit_info_int(vit, key, &a) == VIT_OK && vit_info_int(copy, key, &b) == VIT_OK && a == b, "%s: info %d", name,
              (int)key);
    }
    CHECK(strcmp(vit_info_text(vit, VIT_TEXT_PIPELINE), vit_info_text(copy, VIT_TEXT_PIPELINE)) == 0, "%s: pipeline", name);
    CHECK(strcmp(vit_info_text(vit, VIT_TEXT_ARCHITECTURE), vit_info_text(copy, VIT_TEXT_ARCHITECTURE)) == 0, "%s: architecture",
          name);
    CHECK(strcmp(vit_info_text(copy, VIT_TEXT_FAMILY), "vit") == 0, "%s: %s", name, vit_info_text(copy, VIT_TEXT_FAMILY));
    CHECK(vit_info_text(copy, VIT_TEXT_NOTES)[0] == '\0', "%s: %s", name, vit_info_text(copy, VIT_TEXT_NOTES));
    for (int32_t i = 0; i < 6; i++) CHECK(strcmp(vit_label(vit, i), vit_label(copy, i)) == 0, "%s: label %d", name, (int)i);
    for (int32_t i = 0; i < 3; i++) {
        double a = -1, b = -2;
        int32_t status = vit_info_real(vit, VIT_REAL_MEAN, i, &a);
        CHECK(vit_info_real(copy, VIT_REAL_MEAN, i, &b) == status && (status != VIT_OK || a == b), "%s: mean", name);
    }
}

static void copies_are_the_same_model(void) {
    static const char *const names[] = {"timm_plain",
                                        "timm_rectangle",
                                        "timm_registers5_bare",
                                        "timm_register1_covered",
                                        "timm_gap",
                                        "timm_gap_norm",
                                        "timm_token_fc_norm",
                                        "timm_clip",
                                        "timm_relu_no_norm",
                                        "timm_tanh_headless",
                                        "timm_silu_grey",
                                        "timm_bf16",
                                        "timm_flat_config",
                                        "timm_distilled",
                                        "timm_qk_norm",
                                        "timm_scale_norms",
                                        "timm_swiglu_packed",
                                        "timm_rms",
                                        "timm_map",
                                        "google_21k",
                                        "google_scan_deflated",
                                        "google_siglip",
                                        "google_hybrid",
                                        "timm_hybrid_units",
                                        "timm_hybrid_root",
                                        "hf_hybrid",
                                        "dinov2",
                                        "dinov2_registers",
                                        "dinov2_linear",
                                        "dinov3",
                                        "dinov3_gated",
                                        "hf_dinov3",
                                        "gguf_q4_0",
                                        "gguf_projection",
                                        "timm_eva02",
                                        "timm_eva02_packed",
                                        "timm_dinov3",
                                        "timm_eva_post",
                                        "timm_parallel",
                                        "timm_branches",
                                        "timm_pe",
                                        "timm_rope_mixed",
                                        "timm_pool_prefix",
                                        "timm_patch_norm",
                                        "timm_map_norms",
                                        "timm_map_class_token",
                                        "timm_max",
                                        "timm_avgmax",
                                        "timm_deit3_names",
                                        "hf_classifier",
                                        "hf_model",
                                        "hf_deit",
                                        "hf_deit_teacher",
                                        "hf_dinov2",
                                        "hf_dinov2_classifier",
                                        "hf_dinov2_registers",
                                        "hf_mae",
                                        "hf_clip",
                                        "hf_clip_vision",
                                        "hf_clip_classifier",
                                        "hf_siglip",
                                        "hf_siglip_classifier",
                                        "pixels_timm_border",
                                        "pixels_hf_deit"};
    for (int32_t precision = VIT_PRECISION_F32; precision <= VIT_PRECISION_INT8; precision++)
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            char why[512] = "";
            vit_context *vit = load(names[i], precision), *copy = NULL, *second = NULL;
            if (!vit) continue;
            bytes saved = save(vit), again = {0};
            CHECK(vit_load_memory(&copy, saved.data, saved.size, NULL, why, sizeof why) == VIT_OK, "%s: %s", names[i], why);
            if (copy) {
                same_model(names[i], vit, copy);
                again = save(copy);
                CHECK(again.size == saved.size && memcmp(again.data, saved.data, saved.size) == 0,
                      "%s: saved twice, not the same", names[i]);
            }
            CHECK(vit_load_memory(&second, saved.data, saved.size - 1, NULL, why, sizeof why) != VIT_OK, "%s: cut short",
                  names[i]);
            vit_free(copy);
            vit_free(vit);
            free(saved.data);
            free(again.data);
        }
}

/* A model whose numbers all differ from the defaults and from each other where they can. */
static vi_hparams unusual(void) {
    vi_hparams h;
    vi_hparams_init(&h);
    strcpy(h.architecture, "unusual");
    h.width = 12;
    h.depth = 2;
    h.heads = 3;
    h.mlp = 5;
    h.channels = 2;
    h.image_width = 15;
    h.image_height = 41;
    h.patch_width = 8;
    h.patch_height = 24;
    h.stem_width = 6;
    h.stem_units[0] = 1;
    h.stem_units[1] = 2;
    h.stem_groups = 3;
    h.stem_eps = 0.125f;
    h.classes = 4;
    h.class_token = 1;
    h.registers = 6;
    h.position_prefix = 2;
    h.activation = VIT_ACT_RELU;
    h.pool = VIT_POOL_MEAN;
    h.position = VIT_POSITION_BILINEAR;
    h.eps = 0.25f;
    h.norm_kind = VI_NORM_RMS;
    h.ffn = VI_FFN_SWIGLU;
    h.rope = VI_ROPE_PAIRS;
    h.rope_theta = 100;
    h.rope_width = 8;
    h.rope_height = 9;
    h.branches = 2;
    h.positionless = 1;
    h.rope_offset = 0.5f;
    h.rope_columns_first = 1;
    h.pool_prefix = 1;
    h.map_heads = 4;
    h.map_mlp = 7;
    h.representation = 10;
    h.projection = 11;
    h.raw_tokens = 1;
    h.pipeline.resize = VIT_RESIZE_SHORTEST;
    h.pipeline.filter = VIT_FILTER_HAMMING;
    h.pipeline.crop_rounding = VI_CROP_FLOOR;
    h.pipeline.resize_width = 17;
    h.pipeline.resize_height = 18;
    h.pipeline.width = 15;
    h.pipeline.height = 41;
    h.pipeline.channels = 2;
    h.pipeline.scale = 0.125f;
    for (int c = 0; c < 2; c++) {
        h.pipeline.mean[c] = 0.1f + (float)c;
        h.pipeline.std[c] = 0.3f + (float)c;
    }
    return h;
}

/* Likewise a text tower to go with it. */
static vi_hparams unusual_text(void) {
    vi_hparams h;
    vi_hparams_init(&h);
    h.vocabulary = 21;
    h.width = 14;
    h.depth = 1;
    h.heads = 7;
    h.mlp = 6;
    h.context = 13;
    h.activation = VIT_ACT_SILU;
    h.eps = 0.5f;
    h.ffn = VI_FFN_SWIGLU;
    h.norm_kind = VI_NORM_RMS;
    h.causal = 1;
    h.pick = VI_PICK_END;
    h.end_token = 20;
    h.projection = 11;
    return h;
}

/* Every slot of a model with these numbers, all of them the same zeros. */
static void fill_weights(const vi_hparams *h, vi_weights *w, const float *zeros) {
    vi_place p = {0};
    do {
        char *field = (char *)vi_place_holder(p, w) + vi_slot_table[p.slot].offset;
        uint64_t rows, cols;
        vi_place_shape(p, h, &rows, &cols);
        if (rows == 0) continue;
        vi_matrix m = {zeros, VI_F32, (size_t)rows, (size_t)cols};
        if (vi_slot_table[p.slot].matrix)
            memcpy(field, &m, sizeof m);
        else
            memcpy(field, &zeros, sizeof zeros);
    } while (vi_place_next(&p, h));
}

/* Each slot that such a tower has is described, and no other. */
static void check_slots(const vi_description *d) {
    vi_place p = {0};
    int units = 0;
    do {
        uint64_t rows, cols;
        vi_place_shape(p, &d->hparams, &rows, &cols);
        CHECK((vi_source_at(d, p)->parts == 1) == (rows > 0), "%s: %u parts", vi_slot_table[p.slot].name,
              vi_source_at(d, p)->parts);
        units += p.slot == VI_UNIT_CONV1_W;
    } while (vi_place_next(&p, &d->hparams));
    CHECK(units == vi_stem_units(&d->hparams), "%d units", units);
}

static void every_number_and_slot_survives(void) {
    static const float zeros[4096];
    vi_hparams h = unusual(), text = unusual_text();
    vi_block blocks[3];
    memset(blocks, 0, sizeof blocks);
    vi_stem_unit units[3];
    memset(units, 0, sizeof units);
    vi_weights w = {.blocks = blocks, .stem.units = units}, text_weights = {.blocks = blocks + 2};
    vi_allocator a = {0};
    vi_error e = {0};
    bytes saved = {0};
    vi_sink sink = {append, &saved};
    fill_weights(&h, &w, zeros);
    fill_weights(&text, &text_weights, zeros);
    static const char labels[] = "a\0b\0c\0d";
    vi_native model = {.hparams = &h,
                       .weights = &w,
                       .text_hparams = &text,
                       .text_weights = &text_weights,
                       .labels = labels,
                       .label_bytes = sizeof labels,
                       .label_count = 4};
    CHECK(vi_native_write(&model, &sink, NULL, NULL, &a, &e) == VIT_OK, "%s", e.text);
    CHECK(a.in_use == 0, "%zu bytes still in use", a.in_use);
    described *r = calloc(1, sizeof *r);
    describe_file(r, saved.data, saved.size, NULL, NULL, NULL);
    CHECK(r->status == VIT_OK, "%s", r->e.text);
    CHECK(memcmp(&r->d.hparams, &h, sizeof h) == 0, "other numbers");
    CHECK(r->d.text != NULL && memcmp(&r->d.text->hparams, &text, sizeof text) == 0, "other numbers of the text tower");
    CHECK(r->d.label_count == 4 && r->d.label_bytes == sizeof labels && memcmp(r->d.labels, labels, sizeof labels) == 0,
          "labels");
    if (r->status == VIT_OK) {
        check_slots(&r->d);
        check_slots(r->d.text);
    }
    close_described(r);
    model.label_count = 3;
    CHECK(vi_native_write(&model, &sink, NULL, NULL, &a, &e) == VIT_ERROR_ARGUMENT, "3 labels for 4 classes");
}

/* The saved file once more, with one metadata record changed (key 0 of `changed` drops the record `key`) and, where patch_height
 * is not 0, the patch kernel stored as plain rows of 4 dimensions. */
static bytes with_meta(const bytes *saved, uint32_t key, vi_meta changed, uint64_t patch_height) {
    vi_reader reader;
    vi_directory d;
    vi_allocator a = {0};
    vi_error e;
    bytes out = {0};
    CHECK(vi_reader_open_memory(&reader, saved->data, saved->size, &e) == VIT_OK, "%s", e.text);
    CHECK(vi_directory_open(&d, &reader, &a, &e) == VIT_OK, "%s", e.text);
    vi_meta meta[96];
    vi_write_tensor tensors[96];
    size_t count = 0;
    for (size_t i = 0; i < d.meta_count && i < 95; i++)
        if (d.meta[i].key != key) meta[count++] = d.meta[i];
    if (changed.key) meta[count++] = changed;
    for (size_t i = 0; i < d.count && i < 96; i++) {
        const vi_tensor *t = &d.tensors[i];
        tensors[i] = (vi_write_tensor){t->name, t->dtype, t->layout, t->rank, {0}, saved->data + t->offset, t->bytes};
        memcpy(tensors[i].shape, t->shape, sizeof t->shape);
        if (patch_height == 0 || strcmp(t->name, "patch.weight") != 0) continue;
        const uint64_t shape[VI_MAX_RANK] = {12, 3, patch_height, 16 / patch_height};
        memcpy(tensors[i].shape, shape, sizeof shape);
        tensors[i].rank = 4;
        tensors[i].layout = VI_LAYOUT_ROWS;
        tensors[i].bytes = 12 * 48 * sizeof(float); /* a packed matrix has more */
    }
    vi_sink sink = {append, &out};
    if (vi_little_endian()) CHECK(vi_vit_write(&sink, meta, count, tensors, d.count, NULL, NULL, &a, &e) == VIT_OK, "%s", e.text);
    vi_directory_close(&d, &a);
    vi_reader_close(&reader);
    return out;
}

static void damaged_metadata_is_refused(void) {
    static const unsigned char nan[8] = {0, 0, 0, 0, 0, 0, 0xf8, 0x7f}, huge[8] = {0, 0, 0, 0, 0, 0, 0xe0, 0x7f}, zeros[24] = {0};
    static const unsigned char labels[] = "a\0b\0c\0d\0e", bad_text[] = "a\0b\0\xff\0d\0e", few[] = "a\0b";
    static const struct {
        uint32_t key;
        vi_meta changed;
        int32_t status;
        const char *message;
    } cases[] = {
        {10, {0}, VIT_ERROR_MODEL, "width is missing"},
        {45, {0}, VIT_ERROR_MODEL, "scale is missing"},
        {10, {10, VI_META_INT, 25, NULL, 0}, VIT_ERROR_MODEL, "width"},
        {10, {10, VI_META_INT, INT64_C(1) << 40, NULL, 0}, VIT_ERROR_CORRUPT, "width"},
        {10, {10, VI_META_REAL, 0, zeros, 1}, VIT_ERROR_CORRUPT, "width"},
        {11, {11, VI_META_INT, 3, NULL, 0}, VIT_ERROR_MODEL, "'blocks.2."},
        {11, {11, VI_META_INT, 1, NULL, 0}, VIT_ERROR_MODEL, "'blocks.1."},
        {11, {11, VI_META_INT, -1, NULL, 0}, VIT_ERROR_MODEL, "depth is -1"},
        {14, {14, VI_META_INT, 4, NULL, 0}, VIT_ERROR_CORRUPT, "mean"},
        {14, {14, VI_META_INT, 1000, NULL, 0}, VIT_ERROR_CORRUPT, "mean"},
        {14, {14, VI_META_INT, -3, NULL, 0}, VIT_ERROR_CORRUPT, "mean"},
        {17, {17, VI_META_INT, 0, NULL, 0}, VIT_ERROR_MODEL, "patch_width"},
        {19, {19, VI_META_INT, 6, NULL, 0}, VIT_ERROR_MODEL, "'head.weight'"},
        {20, {20, VI_META_INT, 0, NULL, 0}, VIT_ERROR_MODEL, "prefix tokens"},
        {23, {23, VI_META_INT, 77, NULL, 0}, VIT_ERROR_MODEL, "activation is 77"},
        {26, {26, VI_META_REAL, 0, nan, 1}, VIT_ERROR_CORRUPT, "eps"},
        {26, {26, VI_META_REAL, 0, huge, 1}, VIT_ERROR_CORRUPT, "eps"},
        {46, {46, VI_META_REAL, 0, zeros, 2}, VIT_ERROR_CORRUPT, "mean"},
        {47, {47, VI_META_REAL, 0, zeros, 3}, VIT_ERROR_MODEL, "standard deviation"},
        {900, {900, VI_META_INT, 1, NULL, 0}, VIT_ERROR_UNSUPPORTED, "record 900"},
        {1000, {1000, VI_META_INT, 1, NULL, 0}, VIT_OK, ""},
        {2, {2, VI_META_TEXT, 0, labels, sizeof labels}, VIT_OK, ""},
        {2, {2, VI_META_TEXT, 0, bad_text, sizeof bad_text}, VIT_ERROR_CORRUPT, "labels"},
        {2, {2, VI_META_TEXT, 0, few, sizeof few}, VIT_OK, "2 names for 5 classes"},
        {2, {2, VI_META_TEXT, 0, labels, sizeof labels - 1}, VIT_OK, "4 names for 5 classes"},
    };
    vit_context *vit = load("timm_plain", VIT_PRECISION_F32);
    if (!vit) return;
    if (!vi_little_endian()) SKIP("tensors are copied as they lie, which needs a little-endian host");
    bytes saved = save(vit);
    for (size_t i = 0; i < sizeof cases / sizeof *cases && vi_little_endian(); i++) {
        bytes file = with_meta(&saved, cases[i].key, cases[i].changed, 0);
        described *r = calloc(1, sizeof *r);
        describe_file(r, file.data, file.size, NULL, NULL, NULL);
        CHECK(r->status == cases[i].status, "case %zu: %d: %s", i, (int)r->status, r->e.text);
        CHECK(strstr(r->status == VIT_OK ? r->d.notes : r->e.text, cases[i].message) != NULL, "case %zu: %s%s", i, r->e.text,
              r->d.notes);
        close_described(r);
    }
    for (uint64_t height = 2; height <= 4 && vi_little_endian(); height += 2) { /* trained with 4 x 4 */
        bytes file = with_meta(&saved, 0, (vi_meta){0}, height);
        described *r = calloc(1, sizeof *r);
        describe_file(r, file.data, file.size, NULL, NULL, NULL);
        CHECK((r->status == VIT_OK) == (height == 4), "height %d: %s", (int)height, r->e.text);
        CHECK(height == 4 || strstr(r->e.text, "'patch.weight' is [12, 3, 2, 8]") != NULL, "%s", r->e.text);
        close_described(r);
    }
    free(saved.data);
    vit_free(vit);
}

/* The same for the numbers of a text tower. */
static void damaged_text_towers_are_refused(void) {
    static const unsigned char nan[8] = {0, 0, 0, 0, 0, 0, 0xf8, 0x7f};
    static const struct {
        uint32_t key;
        vi_meta changed;
        int32_t status;
        const char *message;
    } cases[] = {
        {60, {0}, VIT_ERROR_MODEL, "'text."}, /* no text tower, so its tensors are left over */
        {60, {60, VI_META_INT, 0, NULL, 0}, VIT_ERROR_CORRUPT, "vocabulary"},
        {60, {60, VI_META_INT, -5, NULL, 0}, VIT_ERROR_CORRUPT, "vocabulary"},
        {60, {60, VI_META_INT, 41, NULL, 0}, VIT_ERROR_MODEL, "'text.tokens.weight'"},
        {60, {60, VI_META_INT, 1 << 30, NULL, 0}, VIT_ERROR_MODEL, "vocabulary is 1073741824"},
        {61, {0}, VIT_ERROR_MODEL, "width is missing"},
        {61, {61, VI_META_INT, 10, NULL, 0}, VIT_ERROR_MODEL, "'text."},
        {62, {62, VI_META_INT, 3, NULL, 0}, VIT_ERROR_MODEL, "blocks.2."},
        {62, {62, VI_META_INT, 1, NULL, 0}, VIT_ERROR_MODEL, "'text.blocks.1."},
        {62, {62, VI_META_INT, 0, NULL, 0}, VIT_ERROR_MODEL, "text tower: depth is 0"},
        {63, {63, VI_META_INT, 3, NULL, 0}, VIT_ERROR_MODEL, "text tower: width 8 is not a multiple of heads 3"},
        {63, {63, VI_META_INT, 0, NULL, 0}, VIT_ERROR_MODEL, "text tower: heads is 0"},
        {65, {65, VI_META_INT, 18, NULL, 0}, VIT_ERROR_MODEL, "'text.position'"},
        {65, {65, VI_META_INT, INT64_C(1) << 33, NULL, 0}, VIT_ERROR_CORRUPT, "context"},
        {66, {66, VI_META_INT, 9, NULL, 0}, VIT_ERROR_MODEL, "text tower: activation is 9"},
        {67, {67, VI_META_REAL, 0, nan, 1}, VIT_ERROR_CORRUPT, "eps"},
        {70, {70, VI_META_INT, 2, NULL, 0}, VIT_ERROR_MODEL, "text tower: causal is 2"},
        {71, {71, VI_META_INT, 3, NULL, 0}, VIT_ERROR_MODEL, "text tower: pick is 3"},
        {72, {72, VI_META_INT, -1, NULL, 0}, VIT_ERROR_MODEL, "text tower: end_token is -1"},
        {73, {73, VI_META_INT, 5, NULL, 0}, VIT_ERROR_MODEL, "embeddings of pictures have 6 numbers, those of texts 5"},
        {74, {74, VI_META_INT, 1, NULL, 0}, VIT_ERROR_UNSUPPORTED, "record 74"},
    };
    vit_context *vit = load("pair_clip", VIT_PRECISION_F32);
    if (!vit) return;
    bytes saved = save(vit);
    for (size_t i = 0; i < sizeof cases / sizeof *cases && vi_little_endian(); i++) {
        bytes file = with_meta(&saved, cases[i].key, cases[i].changed, 0);
        described *r = calloc(1, sizeof *r);
        describe_file(r, file.data, file.size, NULL, NULL, NULL);
        CHECK(r->status == cases[i].status, "case %zu: %d: %s", i, (int)r->status, r->e.text);
        CHECK(strstr(r->e.text, cases[i].message) != NULL, "case %zu: %s", i, r->e.text);
        close_described(r);
    }
    free(saved.data);
    vit_free(vit);
}

/* A config.json for a file that needs none is not passed over in silence. */
static void a_config_is_noted(void) {
    char why[512] = "";
    vit_context *vit = load("timm_plain", VIT_PRECISION_F32), *copy = NULL;
    if (!vit) return;
    bytes saved = save(vit);
    vit_options *o = vit_options_create();
    vit_options_set_text(o, VIT_OPT_CONFIG_JSON, "{}");
    CHECK(vit_load_memory(&copy, saved.data, saved.size, o, why, sizeof why) == VIT_OK, "%s", why);
    CHECK(strstr(vit_info_text(copy, VIT_TEXT_NOTES), "config.json: not used") != NULL, "'%s'",
          vit_info_text(copy, VIT_TEXT_NOTES));
    CHECK(strcmp(vit_info_text(copy, VIT_TEXT_SOURCES), "the .vit file") == 0, "%s", vit_info_text(copy, VIT_TEXT_SOURCES));
    CHECK(strcmp(vit_info_text(vit, VIT_TEXT_SOURCES), "tensors, config.json") == 0, "%s", vit_info_text(vit, VIT_TEXT_SOURCES));
    vit_options_free(o);
    vit_free(copy);
    vit_free(vit);
    free(saved.data);
}

TEST_MAIN(copies_are_the_same_model, every_number_and_slot_survives, damaged_metadata_is_refused,
          damaged_text_towers_are_refused, a_config_is_noted)
