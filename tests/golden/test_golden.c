/* test_golden.c: small checkpoints that timm and transformers wrote, run by us and by them (make_golden.py): logits, embedding,
 * tokens and every hidden state on every instruction set, and the official preprocessing. */
#include "bf16_test.h"
#include "gold.h"

#define DATA "tests/golden/data/"
#define TOLERANCE 1e-4 /* of the largest reference value */

typedef struct golden_case {
    const char *name;
    int runs;
    int32_t heads;    /* option, 0: from the model */
    int32_t position; /* option, VIT_FROM_MODEL */
    const char *family;
    int guesses; /* 1: the model must say that it guessed */
} golden_case;

static const golden_case cases[] = {
    {"timm_plain", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_rectangle", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_registers5_bare", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_register1_covered", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_gap", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_gap_norm", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_class_token_avg", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_token_fc_norm", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_clip", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_relu_no_norm", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_tanh_headless", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_silu_grey", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_wide_f16", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_bf16", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_dynamic", 4, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_dynamic_bare", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_dynamic_bilinear", 1, 0, VIT_POSITION_BILINEAR, "timm", 0},
    {"timm_flat_config", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_no_config", 1, 3, VIT_FROM_MODEL, "timm", 1},
    {"timm_module_prefix", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_wrapper", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_max", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_avgmax", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_distilled", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_qk_norm", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_scale_norms", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_swiglu_packed", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_rms", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_map", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_eva02", 2, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_eva02_packed", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_dinov3", 2, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_eva", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_eva_post", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_res_post", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_parallel", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_parallel_bias", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_branches", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_pe", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_pe_lang", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_rope", 2, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_rope_positionless", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_rope_mixed", 2, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_pool_prefix", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_patch_norm", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_map_class_token", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_map_norms", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_distilled_headless", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"dinov2", 3, 2, VIT_FROM_MODEL, "dino", 1},
    {"dinov2_registers", 2, 2, VIT_FROM_MODEL, "dino", 1},
    {"dinov2_training", 1, 2, VIT_FROM_MODEL, "dino", 1},
    {"dinov2_linear", 1, 2, VIT_FROM_MODEL, "dino", 1},
    {"dinov3", 2, 0, VIT_FROM_MODEL, "dino", 1},
    {"dinov3_gated", 1, 0, VIT_FROM_MODEL, "dino", 1},
    {"timm_deit3_names", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"google_token", 2, 0, VIT_FROM_MODEL, "google", 0},
    {"google_21k", 1, 0, VIT_FROM_MODEL, "google", 1}, /* notes the optimizer's tensors */
    {"google_gap", 1, 0, VIT_FROM_MODEL, "google", 0},
    {"google_scan", 2, 0, VIT_FROM_MODEL, "google", 0},
    {"google_scan_deflated", 1, 0, VIT_FROM_MODEL, "google", 0},
    {"google_siglip", 1, 0, VIT_FROM_MODEL, "google", 1}, /* notes the text tower */
    {"google_bfloat16", 1, 0, VIT_FROM_MODEL, "google", 0},
    {"google_old_map", 1, 0, VIT_FROM_MODEL, "google", 0},
    {"gguf_f32", 1, 0, VIT_FROM_MODEL, "gguf", 1},
    {"gguf_f16", 1, 0, VIT_FROM_MODEL, "gguf", 1},
    {"gguf_bf16", 1, 0, VIT_FROM_MODEL, "gguf", 1},
    {"gguf_q8_0", 1, 0, VIT_FROM_MODEL, "gguf", 1},
    {"gguf_q4_0", 1, 0, VIT_FROM_MODEL, "gguf", 1},
    {"gguf_q4_1", 1, 0, VIT_FROM_MODEL, "gguf", 1},
    {"gguf_q5_0", 1, 0, VIT_FROM_MODEL, "gguf", 1},
    {"gguf_q5_1", 1, 0, VIT_FROM_MODEL, "gguf", 1},
    {"gguf_projection", 1, 0, VIT_FROM_MODEL, "gguf", 1},
    {"gguf_siglip", 1, 0, VIT_FROM_MODEL, "gguf", 1},
    {"gguf_vit", 1, 0, VIT_FROM_MODEL, "gguf", 1},
    {"google_hybrid", 2, 0, VIT_FROM_MODEL, "google", 0},
    {"google_hybrid_root", 1, 0, VIT_FROM_MODEL, "google", 0},
    {"timm_hybrid_units", 2, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_hybrid_stages", 1, 0, VIT_FROM_MODEL, "timm", 0},
    {"timm_hybrid_root", 2, 0, VIT_FROM_MODEL, "timm", 0},
    {"hf_hybrid", 1, 0, VIT_FROM_MODEL, "hf-vit-hybrid", 1},
    {"hf_classifier", 1, 0, VIT_FROM_MODEL, "hf-vit", 1},
    {"hf_model", 1, 0, VIT_FROM_MODEL, "hf-vit", 1},
    {"hf_resized", 4, 0, VIT_FROM_MODEL, "hf-vit", 1},
    {"hf_patch_pair", 1, 0, VIT_FROM_MODEL, "hf-vit", 1},
    {"hf_f16", 1, 0, VIT_FROM_MODEL, "hf-vit", 1},
    {"hf_legacy_names", 1, 0, VIT_FROM_MODEL, "hf-vit", 1},
    {"hf_deit", 2, 0, VIT_FROM_MODEL, "hf-deit", 1},
    {"hf_deit_teacher", 2, 0, VIT_FROM_MODEL, "hf-deit", 1},
    {"hf_dinov2", 2, 0, VIT_FROM_MODEL, "hf-dinov2", 1},
    {"hf_dinov2_classifier", 1, 0, VIT_FROM_MODEL, "hf-dinov2", 1},
    {"hf_dinov2_registers", 2, 0, VIT_FROM_MODEL, "hf-dinov2", 1},
    {"hf_dinov3", 2, 0, VIT_FROM_MODEL, "hf-dinov3", 1},
    {"hf_dinov3_gated", 1, 0, VIT_FROM_MODEL, "hf-dinov3", 1},
    {"hf_mae", 2, 0, VIT_FROM_MODEL, "hf-mae", 1},
    {"hf_clip", 2, 0, VIT_FROM_MODEL, "hf-clip", 1},
    {"hf_clip_vision", 1, 0, VIT_FROM_MODEL, "hf-clip", 1},
    {"hf_clip_classifier", 1, 0, VIT_FROM_MODEL, "hf-clip", 1},
    {"hf_siglip", 2, 0, VIT_FROM_MODEL, "hf-siglip", 1},
    {"hf_siglip_classifier", 1, 0, VIT_FROM_MODEL, "hf-siglip", 1},
};
#define CASES (sizeof cases / sizeof *cases)

static double worst; /* error seen, and where */
static char worst_place[128];

static vit_context *load(const golden_case *c, int32_t isa, int32_t precision) {
    char path[256], why[512] = "";
    vit_context *vit = NULL;
    vit_options *o = vit_options_create();
    snprintf(path, sizeof path, DATA "%s", c->name);
    vit_options_set_int(o, VIT_OPT_ISA, isa);
    vit_options_set_int(o, VIT_OPT_PRECISION, precision);
    vit_options_set_int(o, VIT_OPT_HEADS, c->heads > 0 ? c->heads : VIT_FROM_MODEL);
    vit_options_set_int(o, VIT_OPT_POSITION, c->position);
    int32_t status = vit_load(&vit, path, o, why, sizeof why);
    CHECK(status == VIT_OK, "%s: %s", c->name, why);
    vit_options_free(o);
    return vit;
}

static void compare(const char *what, const float *found, size_t count, gold expected, const char *place) {
    CHECK(count == expected.count, "%s: %s has %zu numbers, expected %zu", place, what, count, expected.count);
    if (count != expected.count) return;
    double error = gold_error(found, expected.data, count);
    CHECK(error <= TOLERANCE, "%s: %s differs by %.2e of the largest value", place, what, error);
    if (error > worst) {
        worst = error;
        snprintf(worst_place, sizeof worst_place, "%s %s", place, what);
    }
}

static void compare_output(vit_context *vit, int32_t output, int32_t index, const char *what, gold expected, const char *place) {
    const float *data;
    int64_t shape[4];
    int32_t rank;
    int32_t status = vit_output(vit, output, index, &data, shape, &rank);
    CHECK(status == VIT_OK, "%s: %s: %s", place, what, vit_message(vit));
    if (status != VIT_OK) return;
    size_t count = 1;
    for (int32_t i = 0; i < rank; i++) count *= (size_t)shape[i];
    compare(what, data, count, expected, place);
}

static void compare_outputs(vit_context *vit, const unsigned char *file, size_t size, const char *place) {
    gold embedding = gold_record(file, size, "embedding"), tokens = gold_record(file, size, "tokens");
    gold logits = gold_record(file, size, "logits"), hidden = gold_record(file, size, "hidden");
    compare_output(vit, VIT_OUTPUT_EMBEDDING, 0, "embedding", embedding, place);
    compare_output(vit, VIT_OUTPUT_TOKENS, 0, "tokens", tokens, place);
    if (logits.data) compare_output(vit, VIT_OUTPUT_LOGITS, 0, "logits", logits, place);
    for (uint32_t layer = 0; layer < hidden.shape[0]; layer++) {
        gold one = hidden;
        char what[32];
        one.count = hidden.count / hidden.shape[0];
        one.data = hidden.data + layer * one.count;
        snprintf(what, sizeof what, "hidden %u", (unsigned)layer);
        compare_output(vit, VIT_OUTPUT_HIDDEN, (int32_t)layer, what, one, place);
    }
    free(embedding.data);
    free(tokens.data);
    free(logits.data);
    free(hidden.data);
}

/* vit has every output requested, bare none: it may skip what no output needs, and gives the same bits. */
static void check_run(vit_context *vit, vit_context *bare, const golden_case *c, int run, int32_t isa) {
    char path[256], place[96];
    size_t size;
    snprintf(path, sizeof path, DATA "%s/run%d.bin", c->name, run);
    snprintf(place, sizeof place, "%s run %d %s", c->name, run, vit_isa_text(isa));
    unsigned char *file = gold_file(path, &size);
    CHECK(file != NULL, "%s is missing: run from the repository's root", path);
    if (!file) return;
    gold pixels = gold_record(file, size, "pixels"), input = gold_record(file, size, "size");
    gold logits = gold_record(file, size, "logits"), embedding = gold_record(file, size, "embedding");
    for (int i = 0; input.data && i < 2; i++)
        CHECK(vit_set_input_size(i ? bare : vit, (int32_t)input.data[0], (int32_t)input.data[1]) == VIT_OK, "%s: %s", place,
              vit_message(i ? bare : vit));
    vit_image image = gold_input(pixels.data, (int32_t)pixels.shape[2], (int32_t)pixels.shape[1]);
    float out[64] = {0}, bare_out[64] = {0};
    int32_t status = vit_forward(vit, &image, 1, out, 64);
    CHECK(status == VIT_OK, "%s: %s", place, vit_message(vit));
    if (status == VIT_OK) {
        compare("result", out, logits.data ? logits.count : embedding.count, logits.data ? logits : embedding, place);
        compare_outputs(vit, file, size, place);
    }
    status = vit_forward(bare, &image, 1, bare_out, 64);
    CHECK(status == VIT_OK && memcmp(out, bare_out, sizeof out) == 0, "%s: other bits without requests", place);
    free(pixels.data);
    free(input.data);
    free(logits.data);
    free(embedding.data);
    free(file);
}

static void models_match_their_origin(void) {
    for
        GOLD_EVERY_ISA(isa) {
            if (!vit_isa_available(isa)) {
                SKIP("instruction set %s cannot run here", vit_isa_text(isa));
                continue;
            }
            for (size_t n = 0; n < CASES; n++) {
                vit_context *vit = load(&cases[n], isa, VIT_PRECISION_AUTO);
                vit_context *bare = load(&cases[n], isa, VIT_PRECISION_AUTO);
                if (!vit || !bare) continue;
                CHECK(strcmp(vit_info_text(vit, VIT_TEXT_FAMILY), cases[n].family) == 0, "%s: %s", cases[n].name,
                      vit_info_text(vit, VIT_TEXT_FAMILY));
                int guessed = vit_info_text(vit, VIT_TEXT_NOTES)[0] != '\0';
                CHECK(guessed == cases[n].guesses, "%s: notes '%s'", cases[n].name, vit_info_text(vit, VIT_TEXT_NOTES));
                CHECK(vit_request(vit, VIT_OUTPUT_TOKENS, 0) == VIT_OK, "%s", vit_message(vit));
                CHECK(vit_request(vit, VIT_OUTPUT_HIDDEN, -1) == VIT_OK, "%s", vit_message(vit));
                for (int run = 0; run < cases[n].runs; run++) check_run(vit, bare, &cases[n], run, isa);
                vit_free(vit);
                vit_free(bare);
            }
        }
    printf("worst difference: %.2e of the largest value (%s)\n", worst, worst_place);
}

/* ---- bf16 ------------------------------------------------------------------------------------------------------------------ */

/* Of the largest value: each matrix on the way rounds its weights by some 2^-9 (at most 2^-8) of themselves, and dot products
 * their inputs: as much again. There are four in a block, those of patches and head, and five of attention pooling. */
static double bf16_tolerance(vit_context *vit) {
    int64_t depth = 0, pool = 0;
    vit_info_int(vit, VIT_INFO_DEPTH, &depth);
    vit_info_int(vit, VIT_INFO_POOL, &pool);
    return (double)(4 * depth + 2 + (pool == VIT_POOL_ATTENTION ? 5 : 0)) / 256;
}

static void check_bf16_run(vit_context *vit, const golden_case *c, const char *products) {
    char path[256];
    size_t size;
    snprintf(path, sizeof path, DATA "%s/run0.bin", c->name);
    unsigned char *file = gold_file(path, &size);
    CHECK(file != NULL, "%s is missing: run from the repository's root", path);
    if (!file) return;
    gold pixels = gold_record(file, size, "pixels"), input = gold_record(file, size, "size");
    gold embedding = gold_record(file, size, "embedding");
    if (input.data) vit_set_input_size(vit, (int32_t)input.data[0], (int32_t)input.data[1]);
    vit_image image = gold_input(pixels.data, (int32_t)pixels.shape[2], (int32_t)pixels.shape[1]);
    const float *found;
    int64_t shape[4];
    int32_t rank;
    CHECK(vit_forward(vit, &image, 1, NULL, 0) == VIT_OK, "%s: %s", c->name, vit_message(vit));
    CHECK(vit_output(vit, VIT_OUTPUT_EMBEDDING, 0, &found, shape, &rank) == VIT_OK, "%s: %s", c->name, vit_message(vit));
    double error = gold_error(found, embedding.data, embedding.count), bound = bf16_tolerance(vit);
    CHECK(error > 0 && error <= bound, "%s: %s: embedding differs by %.2e, allowed %.2e", c->name, products, error, bound);
    if (error / bound > worst) {
        worst = error / bound;
        snprintf(worst_place, sizeof worst_place, "%s %s", c->name, products);
    }
    free(pixels.data);
    free(input.data);
    free(embedding.data);
    free(file);
}

/* Every model in bf16: with the weights widened, and with dot products where they can be executed. */
static void bf16_models_stay_close(void) {
    const vi_dots *table = bf16_table();
    if (!table) SKIP("no bf16 dot products can run here");
    worst = 0;
    for (int dots = 0; dots <= (table != NULL); dots++)
        for (size_t n = 0; n < CASES; n++) {
            vit_context *vit = load(&cases[n], VIT_ISA_BEST, VIT_PRECISION_BF16);
            if (!vit) continue;
            bf16_use(vit, dots ? table : NULL);
            check_bf16_run(vit, &cases[n], vit_info_text(vit, VIT_TEXT_PRODUCTS));
            vit_free(vit);
        }
    printf("bf16: worst difference %.2f of what is allowed (%s)\n", worst, worst_place);
}

/* ---- preprocessing
 * -------------------------------------------------------------------------------------------------------------- */

static void check_pixels(vit_context *vit, const char *name, int run) {
    char path[256];
    size_t size;
    snprintf(path, sizeof path, DATA "%s/run%d.bin", name, run);
    unsigned char *file = gold_file(path, &size);
    CHECK(file != NULL, "%s is missing", path);
    if (!file) return;
    gold picture = gold_record(file, size, "picture"), input = gold_record(file, size, "input");
    unsigned char *bytes = malloc(picture.count);
    float *found = calloc(input.count, sizeof *found);
    for (size_t i = 0; i < picture.count; i++) bytes[i] = (unsigned char)picture.data[i];
    vit_image image = {0};
    image.format = VIT_PIXELS_RGB8;
    image.height = (int32_t)picture.shape[0];
    image.width = (int32_t)picture.shape[1];
    image.planes[0] = bytes;
    CHECK(vit_preprocess(vit, &image, found, input.count) == VIT_OK, "%s: %s", name, vit_message(vit));
    double error = gold_error(found, input.data, input.count);
    CHECK(error <= 3e-7, "%s run %d: %.2e (%s)", name, run, error, vit_info_text(vit, VIT_TEXT_PIPELINE));
    free(bytes);
    free(found);
    free(picture.data);
    free(input.data);
    free(file);
}

static void preprocessing_matches_its_origin(void) {
    static const char *const names[] = {"pixels_timm_center",    "pixels_timm_squash",   "pixels_timm_border",
                                        "pixels_timm_rectangle", "pixels_google",      "pixels_hf_squash",     "pixels_hf_deit",
                                        "pixels_hf_shortest",    "pixels_hf_clip",       "pixels_hf_bit",
                                        "pixels_hf_siglip",      "pixels_hf_vit_number", "pixels_hf_deit_number"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        golden_case c = {names[i], 2, 0, VIT_FROM_MODEL, "", 0};
        vit_context *vit = load(&c, VIT_ISA_BEST, VIT_PRECISION_AUTO);
        if (!vit) continue;
        CHECK(vit_info_text(vit, VIT_TEXT_NOTES)[0] == '\0', "%s: notes '%s'", names[i], vit_info_text(vit, VIT_TEXT_NOTES));
        for (int run = 0; run < c.runs; run++) check_pixels(vit, names[i], run);
        vit_free(vit);
    }
}

static void labels_are_read(void) {
    golden_case hf = {"hf_classifier", 0, 0, VIT_FROM_MODEL, "", 0}, flat = {"timm_flat_config", 0, 0, VIT_FROM_MODEL, "", 0};
    vit_context *vit = load(&hf, VIT_ISA_BEST, VIT_PRECISION_AUTO);
    if (vit) {
        CHECK(strcmp(vit_label(vit, 0), "tench, Tinca tinca") == 0, "'%s'", vit_label(vit, 0));
        CHECK(strcmp(vit_label(vit, 2), "Gr\xc3\xb6\xc3\x9f"
                                        "e") == 0,
              "'%s'", vit_label(vit, 2));
        CHECK(vit_label(vit, 3)[0] == '\0', "'%s'", vit_label(vit, 3));
    }
    vit_free(vit);
    vit = load(&flat, VIT_ISA_BEST, VIT_PRECISION_AUTO);
    if (vit) CHECK(strcmp(vit_label(vit, 4), "\xc3\xa9") == 0, "'%s'", vit_label(vit, 4));
    vit_free(vit);
}

TEST_MAIN(models_match_their_origin, bf16_models_stay_close, preprocessing_matches_its_origin, labels_are_read)
