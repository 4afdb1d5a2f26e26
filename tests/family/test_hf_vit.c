/* test_hf_vit.c: ViT checkpoints of transformers: config.json with all its defaults, preprocessor_config.json in all its forms.
 */
#include "checkpoint.h"

#define SIZES "\"model_type\":\"vit\",\"hidden_size\":24,\"num_hidden_layers\":2,\"intermediate_size\":40,\"patch_size\":4"
#define CONFIG "{" SIZES ",\"num_attention_heads\":3,\"image_size\":16}"

static void everything_comes_from_the_config(void) {
    checkpoint c = hf_checkpoint();
    described *r =
        accept(&c,
               "{" SIZES ",\"num_attention_heads\":3,\"image_size\":[16,16],\"hidden_act\":\"gelu_new\",\"layer_norm_eps\":1e-5,"
               "\"architectures\":[\"ViTForImageClassification\"]}",
               "{\"size\":16}", NULL);
    if (!r) return;
    const vi_hparams *h = &r->d.hparams;
    CHECK(strcmp(r->family->name, "hf-vit") == 0 && strcmp(h->architecture, "ViTForImageClassification") == 0, "%s",
          h->architecture);
    CHECK(h->width == 24 && h->depth == 2 && h->heads == 3 && h->mlp == 40 && h->classes == 5, "sizes");
    CHECK(h->activation == VIT_ACT_GELU_TANH && same(h->eps, 1e-5f) && h->position == VIT_POSITION_BICUBIC, "choices");
    CHECK(h->pool == VIT_POOL_TOKEN && h->position_prefix == 1 && h->class_token == 1, "tokens");
    CHECK(r->d.blocks[1][VI_QKV_W - VI_MODEL_SLOTS].parts == 3 && r->d.blocks[1][VI_QKV_B - VI_MODEL_SLOTS].parts == 3,
          "q, k, v");
    const char *names[] = {"query", "key", "value"};
    for (int p = 0; p < 3; p++) CHECK(strstr(r->d.blocks[0][VI_QKV_W - VI_MODEL_SLOTS].part[p]->name, names[p]) != NULL, "order");
    CHECK(r->d.notes[0] == '\0', "notes: %s", r->d.notes);
    close_described(r);
}

static void defaults_are_those_of_the_class(void) {
    checkpoint c = hf_checkpoint();
    put(&c, "vit.embeddings.position_embeddings", "[1, 3137, 24]"); /* 224 / 4 = 56 */
    described *r = accept(&c, "{" SIZES "}", NULL, NULL);
    if (r) {
        CHECK(r->d.hparams.heads == 12 && same(r->d.hparams.eps, 1e-12f) && r->d.hparams.image_width == 224, "defaults");
        CHECK(r->d.hparams.activation == VIT_ACT_GELU, "activation");
        close_described(r);
    }
    r = accept(
        &c,
        "{\"hidden_size\":24,\"num_hidden_layers\":2,\"intermediate_size\":40,\"patch_size\":[4,4],\"model_type\":\"vit_msn\"}",
        NULL, NULL);
    if (!r) return;
    CHECK(same(r->d.hparams.eps, 1e-6f), "epsilon of ViT-MSN");
    close_described(r);
}

static void without_a_config_it_is_guessed(void) {
    checkpoint c = hf_checkpoint();
    described *r = accept(&c, NULL, NULL, NULL);
    if (!r) return;
    const vi_hparams *h = &r->d.hparams;
    CHECK(h->heads == 1 && same(h->eps, 1e-12f) && h->image_width == 16 && h->pipeline.resize == VIT_RESIZE_SQUASH, "guesses");
    CHECK(h->pipeline.filter == VIT_FILTER_BILINEAR && h->pipeline.crop_rounding == VI_CROP_FLOOR &&
              same(h->pipeline.mean[0], 0.5f),
          "pixels");
    CHECK(r->d.guesses == 5, "%u guesses: %s", r->d.guesses, r->d.notes);
    close_described(r);
}

static void wrong_configs_are_refused(void) {
    static const struct {
        const char *config, *message;
        int32_t status;
    } cases[] = {
        {"{\"model_type\":\"vit\"}", "hidden_size is 768|'vit.embeddings.patch_embeddings.projection.weight' is [24, 3, 4, 4]",
         VIT_ERROR_MODEL},
        {"{" SIZES ",\"image_size\":16,\"num_attention_heads\":5}", "24|heads 5", VIT_ERROR_MODEL},
        {"{" SIZES ",\"image_size\":32}", "position_embeddings|image_size 32x32|65", VIT_ERROR_MODEL},
        {"{" SIZES ",\"image_size\":\"16\"}", "image_size is a text", VIT_ERROR_MODEL},
        {"{" SIZES ",\"image_size\":[16]}", "image_size is a list", VIT_ERROR_MODEL},
        {"{" SIZES ",\"image_size\":[16,0]}", "image_size is 0", VIT_ERROR_MODEL},
        {"{" SIZES ",\"hidden_act\":\"mish\"}", "hidden_act 'mish'", VIT_ERROR_UNSUPPORTED},
        {"{" SIZES ",\"layer_norm_eps\":-1}", "layer_norm_eps", VIT_ERROR_MODEL},
        {"{" SIZES ",\"layer_norm_eps\":\"small\"}", "layer_norm_eps is a text", VIT_ERROR_MODEL},
        {"{" SIZES ",\"num_attention_heads\":null,\"image_size\":16,\"hidden_act\":null,\"num_channels\":1}", "num_channels is 1",
         VIT_ERROR_MODEL},
        {"{\"model_type\":\"swin\"}", "model_type 'swin'", VIT_ERROR_UNSUPPORTED},
        {"{\"hidden_size\":24,\"num_hidden_layers\":3}", "num_hidden_layers is 3", VIT_ERROR_MODEL},
        {"{\"hidden_size\":24,\"num_hidden_layers\":2,\"intermediate_size\":48}", "intermediate_size is 48|[40, 24]",
         VIT_ERROR_MODEL},
        {"{\"hidden_size\":24,\"num_hidden_layers\":2,\"intermediate_size\":40,\"patch_size\":[4,2]}", "patch_size (width) is 2",
         VIT_ERROR_MODEL},
        {"{\"hidden_size\":24,\"num_hidden_layers\":2,\"intermediate_size\":40}", "patch_size (height) is 16", VIT_ERROR_MODEL},
    };
    checkpoint c = hf_checkpoint();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse(&c, cases[i].config, NULL, NULL, cases[i].status, cases[i].message);
}

static void broken_checkpoints_are_refused(void) {
    checkpoint c = hf_checkpoint();
    drop(&c, "vit.embeddings.cls_token");
    refuse(&c, CONFIG, NULL, NULL, VIT_ERROR_MODEL, "'vit.embeddings.cls_token' is missing");
    c = hf_checkpoint();
    drop(&c, "vit.encoder.layer.1.attention.attention.key.weight");
    refuse(&c, CONFIG, NULL, NULL, VIT_ERROR_MODEL, "'vit.encoder.layer.1.attention.attention.key.weight' is missing");
    c = hf_checkpoint();
    drop(&c, "vit.encoder.layer.1.attention.attention.query.bias");
    refuse(&c, CONFIG, NULL, NULL, VIT_ERROR_MODEL, "'vit.encoder.layer.1.attention.attention.query.bias' is missing");
    c = hf_checkpoint();
    put(&c, "vit.encoder.layer.1.attention.attention.value.weight", "[48, 24]");
    refuse(&c, CONFIG, NULL, NULL, VIT_ERROR_MODEL, "value.weight' is [48, 24]|24 x 24");
    c = hf_checkpoint();
    put(&c, "vit.embeddings.distillation_token", "[1, 1, 24]"); /* DeiT's prefix is another one */
    refuse(&c, CONFIG, NULL, NULL, VIT_ERROR_MODEL, "distillation_token");
    c = hf_checkpoint();
    put(&c, "decoder.decoder_embed.weight", "[1, 1, 24]");
    refuse(&c, CONFIG, NULL, NULL, VIT_ERROR_UNSUPPORTED, "decoder_embed");
    c = hf_checkpoint();
    put(&c, "vit.layernorm.gamma", "[24]"); /* both names of one weight */
    refuse(&c, CONFIG, NULL, NULL, VIT_ERROR_MODEL, "'vit.layernorm.gamma'");
    c = hf_checkpoint();
    drop_all(&c, "vit.");
    refuse(&c, CONFIG, NULL, NULL, VIT_ERROR_MODEL, "'classifier.bias'|2 in all|hf-vit|timm");
}

static void base_models_and_buffers(void) {
    checkpoint c = hf_checkpoint();
    drop_all(&c, "classifier.");
    for (int i = 0; i < c.count; i++)
        memmove(c.specs[i].name, c.specs[i].name + 4, strlen(c.specs[i].name + 4) + 1); /* no "vit." */
    put_pair(&c, "pooler.dense", 24, 24);
    put(&c, "embeddings.mask_token", "[1, 1, 24]");
    put(&c, "embeddings.position_ids", "[1, 17]");
    find_spec(&c, "embeddings.position_ids")->dtype = "I64";
    drop_all(&c, "key.bias");
    drop_all(&c, "query.bias");
    drop_all(&c, "value.bias");
    described *r = accept(&c, CONFIG, NULL, NULL);
    if (!r) return;
    CHECK(r->d.hparams.classes == 0 && r->d.blocks[0][VI_QKV_B - VI_MODEL_SLOTS].parts == 0, "headless, no biases");
    close_described(r);
}

/* What preprocessor_config.json makes of a 16 x 16 model. */
static void preprocessing(void) {
    static const struct {
        const char *text;
        int32_t resize, filter, width, height;
        float mean, std;
        uint32_t guesses;
    } cases[] = {
        {"{}", VIT_RESIZE_SQUASH, VIT_FILTER_BILINEAR, 16, 16, 0.5f, 0.5f, 1}, /* default size 224: scaled to the model's */
        {"{\"size\":16}", VIT_RESIZE_SQUASH, VIT_FILTER_BILINEAR, 16, 16, 0.5f, 0.5f, 0},
        {"{\"size\":[16,16],\"resample\":3}", VIT_RESIZE_SQUASH, VIT_FILTER_BICUBIC, 16, 16, 0.5f, 0.5f, 0},
        {"{\"size\":{\"height\":16,\"width\":16},\"image_mean\":[0.1,0.2,0.3],\"image_std\":0.25,\"crop_size\":null}",
         VIT_RESIZE_SQUASH, VIT_FILTER_BILINEAR, 16, 16, 0.1f, 0.25f, 0},
        {"{\"size\":{\"height\":20,\"width\":18},\"do_center_crop\":true,\"crop_size\":16}", VIT_RESIZE_SQUASH,
         VIT_FILTER_BILINEAR, 18, 20, 0.5f, 0.5f, 0},
        {"{\"size\":{\"shortest_edge\":20},\"do_center_crop\":true,\"crop_size\":{\"height\":16,\"width\":16}}",
         VIT_RESIZE_SHORTEST, VIT_FILTER_BILINEAR, 20, 20, 0.5f, 0.5f, 0},
        {"{\"size\":{\"shortest_edge\":18}}", VIT_RESIZE_SHORTEST, VIT_FILTER_BILINEAR, 18, 18, 0.5f, 0.5f, 1},
        {"{\"size\":256,\"image_processor_type\":\"CLIPImageProcessor\",\"crop_size\":224}", VIT_RESIZE_SHORTEST,
         VIT_FILTER_BICUBIC, 18, 18, 0.48145466f, 0.26862954f, 1},
        {"{\"feature_extractor_type\":\"DeiTFeatureExtractor\",\"size\":18,\"crop_size\":16}", VIT_RESIZE_SQUASH,
         VIT_FILTER_BICUBIC, 18, 18, 0.5f, 0.5f, 0},
        {"{\"do_resize\":false}", VIT_RESIZE_NONE, VIT_FILTER_BILINEAR, 16, 16, 0.5f, 0.5f, 0},
        {"{\"size\":16,\"do_normalize\":false,\"image_mean\":[0.1,0.2,0.3]}", VIT_RESIZE_SQUASH, VIT_FILTER_BILINEAR, 16, 16, 0,
         1, 0},
        {"{\"size\":16,\"image_processor_type\":\"SomethingNew\"}", VIT_RESIZE_SQUASH, VIT_FILTER_BILINEAR, 16, 16, 0.5f, 0.5f,
         1},
    };
    checkpoint c = hf_checkpoint();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        described *r = accept(&c, CONFIG, cases[i].text, NULL);
        if (!r) continue;
        const vi_pipeline *p = &r->d.hparams.pipeline;
        CHECK(p->resize == cases[i].resize && p->filter == cases[i].filter, "%s: %d %d", cases[i].text, p->resize, p->filter);
        CHECK(p->resize_width == cases[i].width && p->resize_height == cases[i].height, "%s: %d x %d", cases[i].text,
              p->resize_width, p->resize_height);
        CHECK(same(p->mean[0], cases[i].mean) && same(p->std[0], cases[i].std) && p->crop_rounding == VI_CROP_FLOOR, "%s",
              cases[i].text);
        CHECK(p->width == 16 && p->height == 16 && same(p->scale, 1.0f / 255.0f), "%s", cases[i].text);
        CHECK(r->d.guesses == cases[i].guesses, "%s: %s", cases[i].text, r->d.notes);
        close_described(r);
    }
    described *r = accept(&c, CONFIG, "{\"size\":16,\"do_rescale\":false,\"rescale_factor\":0.5}", NULL);
    if (r) {
        CHECK(same(r->d.hparams.pipeline.scale, 1), "no rescaling");
        close_described(r);
    }
    r = accept(&c, CONFIG, "{\"size\":16,\"rescale_factor\":0.5}", NULL);
    if (!r) return;
    CHECK(same(r->d.hparams.pipeline.scale, 0.5f), "rescaling");
    close_described(r);
}

static void wrong_preprocessing_is_refused(void) {
    static const struct {
        const char *text, *message;
        int32_t status;
    } cases[] = {
        {"7", "preprocessor_config.json|object", VIT_ERROR_MODEL},
        {"{\"size\":\"big\"}", "size is a text", VIT_ERROR_MODEL},
        {"{\"size\":{\"longest_edge\":30}}", "size|shortest_edge", VIT_ERROR_UNSUPPORTED},
        {"{\"size\":{\"shortest_edge\":30,\"longest_edge\":40}}", "size|shortest_edge", VIT_ERROR_UNSUPPORTED},
        {"{\"size\":{\"height\":30}}", "size", VIT_ERROR_MODEL},
        {"{\"size\":0}", "size is 0", VIT_ERROR_MODEL},
        {"{\"size\":16,\"resample\":9}", "resample is 9", VIT_ERROR_MODEL},
        {"{\"size\":16,\"do_center_crop\":true,\"crop_size\":[16,16,3]}", "crop_size", VIT_ERROR_MODEL},
        {"{\"do_resize\":false,\"do_center_crop\":true}", "do_center_crop", VIT_ERROR_UNSUPPORTED},
        {"{\"size\":16,\"do_resize\":\"yes\"}", "do_resize is a text", VIT_ERROR_MODEL},
        {"{\"size\":16,\"image_mean\":[0.5]}", "", VIT_OK},
        {"{\"size\":16,\"image_mean\":[0.5,0.5]}", "image_mean has 2", VIT_ERROR_MODEL},
        {"{\"size\":16,\"image_std\":[0.5,0.5,0]}", "standard deviation", VIT_ERROR_MODEL},
        {"{\"size\":16,\"rescale_factor\":0}", "rescale_factor", VIT_ERROR_MODEL},
    };
    checkpoint c = hf_checkpoint();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse(&c, CONFIG, cases[i].text, NULL, cases[i].status, cases[i].message);
}

/* A change of the kind alone keeps sizes that make sense. */
static void overrides_of_the_resize(void) {
    checkpoint c = hf_checkpoint();
    static const struct {
        int32_t resize;
        double crop;
        int32_t width;
    } cases[] = {{VIT_RESIZE_SHORTEST, -1, 18},
                 {VIT_RESIZE_PAD, -1, 16},
                 {VIT_RESIZE_NONE, -1, 16},
                 {-1, 0.8, 20},
                 {VIT_RESIZE_PAD, 0.8, 20}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vi_overrides o = no_overrides();
        o.resize = cases[i].resize;
        o.crop = cases[i].crop;
        described *r = accept(&c, CONFIG, "{\"size\":18,\"do_center_crop\":true,\"crop_size\":16}", &o);
        if (!r) continue;
        CHECK(r->d.hparams.pipeline.resize_width == cases[i].width, "case %zu: %d", i, r->d.hparams.pipeline.resize_width);
        CHECK(r->d.hparams.pipeline.resize == (cases[i].resize < 0 ? VIT_RESIZE_SQUASH : cases[i].resize), "case %zu", i);
        close_described(r);
    }
}

TEST_MAIN(everything_comes_from_the_config, defaults_are_those_of_the_class, without_a_config_it_is_guessed,
          wrong_configs_are_refused, broken_checkpoints_are_refused, base_models_and_buffers, preprocessing,
          wrong_preprocessing_is_refused, overrides_of_the_resize)
