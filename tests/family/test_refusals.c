/* test_refusals.c: every family's golden checkpoint once more, with one defect at a time: a tensor missing, one too many, one of
 * another shape or type, a number in config.json that the tensors contradict. Each is refused by a message that names it. */
#include "checkpoint.h"

typedef struct origin {
    const char *folder, *family;
    const char *optional; /* tensors that a checkpoint may lack, |fragment|fragment| */
    const char *numbers;  /* of config.json, which must agree with the tensors, |key|key| */
    const char *words;    /* of config.json, with values we do not know */
} origin;

#define HF_NUMBERS "|hidden_size|num_hidden_layers|intermediate_size|patch_size|num_channels|"
static const origin origins[] = {
    {"hf_classifier", "hf-vit", "|", HF_NUMBERS, "|hidden_act|model_type|"},
    {"hf_deit", "hf-deit", "|", HF_NUMBERS, "|hidden_act|"},
    {"hf_deit_teacher", "hf-deit", "|", HF_NUMBERS, "|hidden_act|"},
    {"hf_mae", "hf-mae", "|decoder|mask_token|", HF_NUMBERS, "|hidden_act|"},
    {"hf_dinov2", "hf-dinov2", "|mask_token|", "|hidden_size|num_hidden_layers|patch_size|", "|hidden_act|"},
    {"hf_dinov2_classifier", "hf-dinov2", "|mask_token|", "|hidden_size|num_hidden_layers|patch_size|", "|hidden_act|"},
    {"hf_dinov2_registers", "hf-dinov2", "|mask_token|", "|hidden_size|num_hidden_layers|patch_size|", "|hidden_act|"},
    {"hf_dinov3", "hf-dinov3", "|mask_token|q_proj.bias|v_proj.bias|", HF_NUMBERS, "|hidden_act|"},
    {"hf_clip_vision", "hf-clip", "|position_ids|", HF_NUMBERS, "|hidden_act|"},
    {"hf_siglip", "hf-siglip", "|position_ids|", HF_NUMBERS, "|hidden_act|"},
    {"pair_clip", "hf-clip", "|position_ids|", "|intermediate_size|num_hidden_layers|vocab_size|max_position_embeddings|",
     "|hidden_act|"},
    {"pair_siglip", "hf-siglip", "|position_ids|logit_bias|", "|vocab_size|max_position_embeddings|", "|hidden_act|"},
    {"pair_open_clip", "clip", "|ls_1|ls_2|ln_pre|text_projection|", "|image_size|", "|"},
    {"pair_open_clip_siglip", "clip", "|logit_bias|text_projection|visual.trunk.|", "|image_size|",
     "|pool_type|timm_pool|clean|interpolation|resize_mode|approximate|"},
    {"dinov2_registers", "dino", "|mask_token|register_tokens|qkv.bias|", "|", "|"},
    {"dinov3", "dino", "|mask_token|storage_tokens|rope_embed.periods|bias_mask|qkv.bias|", "|", "|"},
    {"gguf_f32", "gguf", "|class_embd|pre_ln|post_ln|bias|", "|", "|"},
};
#define ORIGINS (sizeof origins / sizeof *origins)

/* What the files of a folder are called. */
static const char *called(const char *folder, const char *file) {
    if (strncmp(folder, "gguf", 4) == 0 && strcmp(file, "model.safetensors") == 0) return "model.gguf";
    if (strncmp(folder, "pair_open_clip", 14) != 0) return file;
    return strcmp(file, "config.json") == 0 ? "open_clip_config.json" : "open_clip_model.safetensors";
}

static char *text_of(const char *folder, const char *file) {
    char path[256];
    snprintf(path, sizeof path, "tests/golden/data/%s/%s", folder, called(folder, file));
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    char *text = calloc(1, 1 << 20);
    CHECK(fread(text, 1, (1 << 20) - 1, f) > 0, "%s is empty", path);
    fclose(f);
    return text;
}

/* Names, types and shapes of a file; the numbers in it do not matter here. */
static void copy_header(checkpoint *c, const char *folder) {
    char path[256];
    vi_reader reader;
    vi_directory d;
    vi_allocator a = {0};
    vi_error e = {0};
    c->count = 0;
    snprintf(path, sizeof path, "tests/golden/data/%s/%s", folder, called(folder, "model.safetensors"));
    int32_t status = vi_reader_open_path(&reader, path, false, &e);
    CHECK(status == VIT_OK, "%s", e.text);
    if (status != VIT_OK) return;
    CHECK(vi_directory_open(&d, &reader, &a, &e) == VIT_OK, "%s", e.text);
    for (size_t i = 0; i < d.count; i++) {
        char shape[128];
        put(c, d.tensors[i].name, "%s", vi_shape_text(shape, sizeof shape, &d.tensors[i]));
    }
    vi_directory_close(&d, &a);
    vi_reader_close(&reader);
}

static bool listed(const char *list, const char *name) {
    for (const char *at = list + 1; *at != '\0'; at += strcspn(at, "|") + 1) {
        char one[64];
        snprintf(one, sizeof one, "%.*s", (int)strcspn(at, "|"), at);
        if (strstr(name, one)) return true;
    }
    return false;
}

/* Refused, with `name` or at least some tensor in the message. exactly: it must be this one. */
static void refused(const origin *o, const checkpoint *c, const char *config, const char *defect, const char *name,
                    bool exactly) {
    described *r = describe(c, config, NULL, NULL);
    CHECK(r->status == VIT_ERROR_MODEL || r->status == VIT_ERROR_UNSUPPORTED, "%s: %s %s: status %d %s", o->folder, defect, name,
          (int)r->status, r->e.text);
    CHECK(strstr(r->e.text, exactly ? name : "tensor") != NULL, "%s: %s %s: %s", o->folder, defect, name, r->e.text);
    close_described(r);
}

static void tensors_that_are_missing_or_wrong(void) {
    static checkpoint whole, c;
    for (size_t i = 0; i < ORIGINS; i++) {
        const origin *o = &origins[i];
        char *config = text_of(o->folder, "config.json");
        copy_header(&whole, o->folder);
        described *r = accept(&whole, config, NULL, NULL);
        if (r) CHECK(strcmp(r->family->name, o->family) == 0, "%s: %s", o->folder, r->family->name);
        if (r) close_described(r);
        for (int t = 0; t < whole.count; t++) {
            const spec *s = &whole.specs[t];
            bool ignored = listed("|mask_token|decoder|position_ids|bias_mask|", s->name);
            c = whole;
            drop(&c, s->name);
            if (!listed(o->optional, s->name)) refused(o, &c, config, "without", s->name, false);
            c = whole;
            put(&c, s->name, "[7, 5, 3]");
            if (!ignored) refused(o, &c, config, "misshaped", s->name, false);
            c = whole;
            find_spec(&c, s->name)->dtype = "I64";
            if (!ignored) refused(o, &c, config, "integers in", s->name, true);
            char extra[96];
            snprintf(extra, sizeof extra, "%.80s.extra", s->name);
            c = whole;
            put(&c, extra, "[3]");
            if (!ignored) refused(o, &c, config, "with", extra, true);
        }
        free(config);
    }
}

/* The config with the first number or word behind `"key":` replaced. */
static char *with_value(const char *config, const char *key, const char *value) {
    char quoted[80], *made = malloc(strlen(config) + 128);
    snprintf(quoted, sizeof quoted, "\"%s\": ", key);
    const char *at = strstr(config, quoted);
    if (!at) { /* a default: not stored */
        const char *brace = strchr(config, '{');
        sprintf(made, "{%s%s,%s", quoted, value, brace + 1);
        return made;
    }
    at += strlen(quoted);
    const char *end = at + strcspn(at, ",\n}");
    sprintf(made, "%.*s%s%s", (int)(at - config), config, value, end);
    return made;
}

static void configs_that_contradict_the_tensors(void) {
    static checkpoint c;
    for (size_t i = 0; i < ORIGINS; i++) {
        const origin *o = &origins[i];
        char *config = text_of(o->folder, "config.json");
        copy_header(&c, o->folder);
        for (int words = 0; config && words <= 1; words++) {
            const char *list = words ? o->words : o->numbers;
            for (const char *at = list + 1; *at != '\0'; at += strcspn(at, "|") + 1) {
                static const char *const numbers[] = {"7", "0", "-1", "1.5", "\"x\"", "[1]", "99999999999"};
                static const char *const unknown[] = {"\"unheard_of\"", "5", "{}"};
                char key[64];
                snprintf(key, sizeof key, "%.*s", (int)strcspn(at, "|"), at);
                for (size_t v = 0; v < (words ? 3 : 7); v++) {
                    char *changed = with_value(config, key, words ? unknown[v] : numbers[v]);
                    refused(o, &c, changed, "config", key, true);
                    free(changed);
                }
            }
        }
        free(config);
    }
}

/* A config.json that a family has no use for is not passed over in silence. */
static void unread_files_are_noted(void) {
    static checkpoint c;
    copy_header(&c, "gguf_f32");
    put(&c, "mm.0.weight", "[8, 32]");
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_UNSUPPORTED, "'mm.0.weight'|projector to a language model");
    copy_header(&c, "dinov3");
    described *r = accept(&c, "{\"architecture\":\"x\"}", "{\"size\":7}", NULL);
    if (!r) return;
    CHECK(strstr(r->d.notes, "config.json: not used for dino models\npreprocessor_config.json: not used") != NULL, "%s",
          r->d.notes);
    close_described(r);
    c.count = 0;
    put_pair(&c, "x", 5, 24);
    c.specs[0] = (spec){"weight", "[5, 24]", "F32"};
    c.specs[1] = (spec){"bias", "[5]", "F32"};
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, "linear head without its backbone|index");
}

/* Pairs of towers that are something else. */
static void other_pairs(void) {
    static checkpoint c;
    static const struct {
        const char *name, *fragments;
    } others[] = {
        {"visual.layer1.0.conv1.weight", "'visual.layer1.0.conv1.weight'|a ResNet"},
        {"visual.attn_pool.query", "'visual.attn_pool.query'|CoCa"},
        {"text_decoder.ln_final.weight", "text decoder (CoCa)"},
        {"text.cls_emb", "class token in the text tower"},
        {"text.transformer.embeddings.word_embeddings.weight", "text tower of transformers"},
        {"text.transformer.encoder.layer.0.attention.self.query.weight", "text tower of transformers"},
        {"visual.head.mlp.fc1.weight", "projection by an MLP"},
        {"transformer.resblocks.0.attn.ln_q.weight", "queries that are normed"},
        {"visual.transformer.resblocks.0.ln_attn.weight", "norm after attention"},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        copy_header(&c, "pair_open_clip");
        put(&c, others[i].name, "[4]");
        refuse(&c, NULL, NULL, NULL, VIT_ERROR_UNSUPPORTED, others[i].fragments);
    }
    c.count = 0;
    put(&c, "visual.attnpool.positional_embedding", "[50, 2048]");
    put(&c, "visual.layer1.0.conv1.weight", "[64, 64, 1, 1]");
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_UNSUPPORTED, "a ResNet");
    copy_header(&c, "pair_clip");
    drop_all(&c, "vision_model.");
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_UNSUPPORTED, "token_embedding|a text tower without one for pictures");
    copy_header(&c, "pair_open_clip");
    drop_all(&c, "visual.");
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_UNSUPPORTED, "token_embedding|a text tower without one for pictures");
    copy_header(&c, "pair_open_clip");
    put(&c, "text_projection", "[8, 5]");
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, "embeddings of pictures have 6 numbers, those of texts 5");
    copy_header(&c, "pair_open_clip");
    refuse(&c, "{\"model_cfg\":{},\"preprocess_cfg\":{\"resize_mode\":\"longest\"}}", NULL, NULL, VIT_ERROR_UNSUPPORTED,
           "resize_mode|longest");
}

TEST_MAIN(tensors_that_are_missing_or_wrong, configs_that_contradict_the_tensors, unread_files_are_noted, other_pairs)
