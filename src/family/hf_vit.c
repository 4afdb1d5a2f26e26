/* hf_vit.c: transformers' ViTModel and ViTForImageClassification (google/vit-*, non-distilled facebook/deit-*, facebook/dino-*
 * and everything fine-tuned from them); ViT-MAE encoders and ViT-MSN have the same names. config.json stores only what differs
 * from ViTConfig's defaults, so these are here. */
#include "family/families.h"
#include "family/infer.h"
#include "family/labels.h"
#include "family/pipeline.h"
#include <string.h>

/* Files written before 2019's renaming have gamma and beta where newer ones have weight and bias. */
static const vi_name_row rows[] = {
    {VI_PATCH_W, {"embeddings.patch_embeddings.projection.weight"}},
    {VI_PATCH_B, {"embeddings.patch_embeddings.projection.bias"}},
    {VI_CLASS_TOKEN, {"embeddings.cls_token"}},
    {VI_POSITION, {"embeddings.position_embeddings"}},
    {VI_NORM_G, {"layernorm.weight"}},
    {VI_NORM_G, {"layernorm.gamma"}},
    {VI_NORM_B, {"layernorm.bias"}},
    {VI_NORM_B, {"layernorm.beta"}},
    {VI_HEAD_W, {"classifier.weight"}},
    {VI_HEAD_B, {"classifier.bias"}},
    {VI_NORM1_G, {"layernorm_before.weight"}},
    {VI_NORM1_G, {"layernorm_before.gamma"}},
    {VI_NORM1_B, {"layernorm_before.bias"}},
    {VI_NORM1_B, {"layernorm_before.beta"}},
    {VI_QKV_W, {"attention.attention.query.weight", "attention.attention.key.weight", "attention.attention.value.weight"}},
    {VI_QKV_B, {"attention.attention.query.bias", "attention.attention.key.bias", "attention.attention.value.bias"}},
    {VI_PROJ_W, {"attention.output.dense.weight"}},
    {VI_PROJ_B, {"attention.output.dense.bias"}},
    {VI_NORM2_G, {"layernorm_after.weight"}},
    {VI_NORM2_G, {"layernorm_after.gamma"}},
    {VI_NORM2_B, {"layernorm_after.bias"}},
    {VI_NORM2_B, {"layernorm_after.beta"}},
    {VI_FC1_W, {"intermediate.dense.weight"}},
    {VI_FC1_B, {"intermediate.dense.bias"}},
    {VI_FC2_W, {"output.dense.weight"}},
    {VI_FC2_B, {"output.dense.bias"}},
};

static const vi_name_map map = {
    {"encoder.layer.0.layernorm_before.weight", "encoder.layer.0.layernorm_before.gamma"},
    "encoder.layer.",
    rows,
    sizeof rows / sizeof *rows,
};

static const char *const prefixes[] = {"", "vit."};

static const vi_feature features[] = {
    {"distillation_token", "distilled DeiT (a second class token)"},
    {"detection_tokens", "an object detector (YOLOS)"},
    {"decoder.", "a decoder (masked image modelling)"},
};

static const vi_word activations[] = {
    {"gelu", VIT_ACT_GELU},
    {"gelu_python", VIT_ACT_GELU},
    {"gelu_new", VIT_ACT_GELU_TANH},
    {"gelu_pytorch_tanh", VIT_ACT_GELU_TANH},
    {"gelu_python_tanh", VIT_ACT_GELU_TANH},
    {"quick_gelu", VIT_ACT_QUICK_GELU},
    {"relu", VIT_ACT_RELU},
    {"silu", VIT_ACT_SILU},
    {"swish", VIT_ACT_SILU},
};

/* model_type of config.json, and which epsilon that class has when its config names none. */
enum { EPS_12 = 1, EPS_6 };
static const vi_word types[] = {{"vit", EPS_12}, {"vit_mae", EPS_12}, {"vit_msn", EPS_6}};
#define WORDS(table) table, sizeof table / sizeof *table

static bool open_names(const vi_checkpoint *c, vi_names *n) {
    return vi_names_open(n, c->directory, &map, prefixes, sizeof prefixes / sizeof *prefixes);
}

static bool detect(const vi_checkpoint *c) {
    vi_names n;
    return open_names(c, &n);
}

/* Numbers that the tensors give too must be the same in both. */
static int32_t compare_config(const vi_names *n, vi_config *g, const vi_json_value *config, const vi_hparams *h, vi_error *e) {
    const struct {
        const char *key;
        int32_t fallback, found;
        vi_slot slot; /* VI_SLOTS: no single tensor */
    } numbers[] = {
        {"hidden_size", 768, h->width, VI_PATCH_W},
        {"num_hidden_layers", 12, h->depth, VI_SLOTS},
        {"intermediate_size", 3072, h->mlp, VI_FC1_W},
        {"num_channels", 3, h->channels, VI_PATCH_W},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int32_t value = vi_config_int(g, config, numbers[i].key, 1, VI_MAX_MLP, numbers[i].fallback);
        if (g->status != VIT_OK) return g->status;
        int32_t status = vi_agree(n, numbers[i].slot, numbers[i].key, value, numbers[i].found, e);
        if (status != VIT_OK) return status;
    }
    int32_t height = 16, width = 16;
    vi_config_size(g, config, "patch_size", &height, &width);
    if (g->status != VIT_OK) return g->status;
    int32_t status = vi_agree(n, VI_PATCH_W, "patch_size (height)", height, h->patch_height, e);
    return status == VIT_OK ? vi_agree(n, VI_PATCH_W, "patch_size (width)", width, h->patch_width, e) : status;
}

static int32_t read_config(const vi_checkpoint *c, const vi_names *n, vi_description *d, vi_error *e) {
    vi_hparams *h = &d->hparams;
    vi_config g = {VI_CONFIG_FILE, e, VIT_OK};
    const vi_json_value *architectures = vi_config_get(c->config, "architectures");
    const char *name = vi_json_text(vi_json_at(architectures, 0), "");
    vi_printable(h->architecture, sizeof h->architecture, name, strlen(name));
    int32_t type = vi_config_word(&g, c->config, "model_type", WORDS(types), EPS_12);
    int32_t status = g.status == VIT_OK ? compare_config(n, &g, c->config, h, e) : g.status;
    if (status != VIT_OK) return status;

    h->heads = vi_config_int(&g, c->config, "num_attention_heads", 1, VI_MAX_HEADS, 12);
    h->activation = vi_config_word(&g, c->config, "hidden_act", WORDS(activations), VIT_ACT_GELU);
    h->eps = (float)vi_config_real(&g, c->config, "layer_norm_eps", 0, 1, type == EPS_6 ? 1e-6 : 1e-12);
    h->image_height = h->image_width = 224;
    vi_config_size(&g, c->config, "image_size", &h->image_height, &h->image_width);
    return g.status == VIT_OK ? vi_infer_positions(n, 1, "config.json: image_size", d, e) : g.status;
}

static int32_t guess_config(const vi_checkpoint *c, const vi_names *n, vi_description *d, vi_error *e) {
    vi_hparams *h = &d->hparams;
    h->heads = vi_guess_heads(h->width);
    h->activation = VIT_ACT_GELU;
    h->eps = 1e-12f;
    if (c->overrides->heads < 0)
        vi_note(d, true, "heads: %ld of %ld assumed (VIT_OPT_HEADS)", (long)h->heads, (long)(h->width / h->heads));
    if (c->overrides->activation < 0) vi_note(d, true, "activation: GELU with erf assumed (VIT_OPT_ACTIVATION)");
    if (c->overrides->eps < 0) vi_note(d, true, "epsilon: 1e-12 assumed (VIT_OPT_EPS)");
    return vi_infer_positions(n, 1, NULL, d, e);
}

static int32_t hparams(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    vi_names n;
    open_names(c, &n);
    int32_t status = vi_refuse_features(c->directory, features, sizeof features / sizeof *features, e);
    if (status == VIT_OK) status = vi_infer_shapes(&n, d, e);
    if (status != VIT_OK) return status;
    if (!d->hparams.class_token) return vi_names_missing(&n, VI_CLASS_TOKEN, 0, e);
    d->hparams.pool = VIT_POOL_TOKEN;
    d->hparams.position = VIT_POSITION_BICUBIC;
    status = c->config != NULL ? read_config(c, &n, d, e) : guess_config(c, &n, d, e);
    return status == VIT_OK ? vi_processor_pipeline(c, "ViT", d, e) : status;
}

static int32_t bind(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    vi_names n;
    open_names(c, &n);
    return vi_names_bind(&n, d, e);
}

static int32_t labels(const vi_checkpoint *c, vi_description *d, vi_allocator *a, vi_error *e) {
    return vi_labels_from_json(d, vi_config_get(c->config, "id2label"), NULL, a, e);
}

/* The classifier of transformers takes the class token itself, not what the pooler makes of it. */
static bool ignore(const char *name) {
    return strstr(name, "pooler.dense.") != NULL || strstr(name, "mask_token") != NULL || strstr(name, "position_ids") != NULL;
}

const vi_family vi_family_hf_vit = {"hf-vit", detect, hparams, bind, labels, ignore};
