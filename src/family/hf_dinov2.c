/* hf_dinov2.c: transformers' Dinov2Model and Dinov2WithRegistersModel, and both with a classifier on the class token beside the
 * mean of the patches. Registers have no positions. */
#include "family/config.h"
#include "family/families.h"
#include "family/hf.h"
#include "family/infer.h"
#include <string.h>

static const vi_name_row rows[] = {
    {.slot = VI_PATCH_W, .part = {"embeddings.patch_embeddings.projection.weight"}},
    {.slot = VI_PATCH_B, .part = {"embeddings.patch_embeddings.projection.bias"}},
    {.slot = VI_CLASS_TOKEN, .part = {"embeddings.cls_token"}},
    {.slot = VI_REGISTERS, .part = {"embeddings.register_tokens"}},
    {.slot = VI_POSITION, .part = {"embeddings.position_embeddings"}},
    {.slot = VI_NORM_G, .part = {"layernorm.weight"}},
    {.slot = VI_NORM_B, .part = {"layernorm.bias"}},
    {.slot = VI_HEAD_W, .part = {"classifier.weight"}},
    {.slot = VI_HEAD_B, .part = {"classifier.bias"}},
    {.slot = VI_NORM1_G, .part = {"norm1.weight"}},
    {.slot = VI_NORM1_B, .part = {"norm1.bias"}},
    {.slot = VI_QKV_W,
     .part = {"attention.attention.query.weight", "attention.attention.key.weight", "attention.attention.value.weight"}},
    {.slot = VI_QKV_B,
     .part = {"attention.attention.query.bias", "attention.attention.key.bias", "attention.attention.value.bias"},
     .optional = true}, /* qkv_bias */
    {.slot = VI_PROJ_W, .part = {"attention.output.dense.weight"}},
    {.slot = VI_PROJ_B, .part = {"attention.output.dense.bias"}},
    {.slot = VI_SCALE1, .part = {"layer_scale1.lambda1"}},
    {.slot = VI_NORM2_G, .part = {"norm2.weight"}},
    {.slot = VI_NORM2_B, .part = {"norm2.bias"}},
    {.slot = VI_FC1_W, .part = {"mlp.fc1.weight"}},
    {.slot = VI_FC1_B, .part = {"mlp.fc1.bias"}},
    {.slot = VI_FC2_W, .part = {"mlp.fc2.weight"}},
    {.slot = VI_FC2_B, .part = {"mlp.fc2.bias"}},
    {.slot = VI_FC1_W, .part = {"mlp.weights_in.weight"}},
    {.slot = VI_FC1_B, .part = {"mlp.weights_in.bias"}},
    {.slot = VI_FC2_W, .part = {"mlp.weights_out.weight"}},
    {.slot = VI_FC2_B, .part = {"mlp.weights_out.bias"}},
    {.slot = VI_SCALE2, .part = {"layer_scale2.lambda1"}},
};

static const vi_name_map map = {
    .marker = {"encoder.layer.0.layer_scale1.lambda1"},
    .block = "encoder.layer.",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
    .complete = true,
};

static const char *const prefixes[] = {"", "dinov2.", "dinov2_with_registers."};

static bool open_names(const vi_checkpoint *c, vi_names *n) {
    return vi_names_open(n, c->directory, &map, prefixes, sizeof prefixes / sizeof *prefixes);
}

static bool detect(const vi_checkpoint *c) {
    vi_names n;
    return open_names(c, &n);
}

static int32_t hparams(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    static const vi_hf_class k = {"DINOv2", 768, 12, 12, 0, 224, 14, VIT_ACT_GELU, 1e-6, VI_COVERS_CLASS};
    vi_hparams *h = &d->hparams;
    vi_names n;
    open_names(c, &n);
    if (vi_names_find(&n, VI_CLASS_TOKEN, 0) == NULL) return vi_names_missing(&n, VI_CLASS_TOKEN, 0, e);
    int32_t status = vi_hf_hparams(&k, &n, c, c->config, d, e);
    vi_config g = {VI_CONFIG_FILE, e, status};
    const char *type = vi_config_text(&g, c->config, "model_type", "");
    int32_t registers = strcmp(type, "dinov2_with_registers") == 0 ? 4 : h->registers;
    if (status == VIT_OK) registers = vi_config_int(&g, c->config, "num_register_tokens", 0, VI_MAX_REGISTERS, registers);
    if (status == VIT_OK) status = g.status;
    if (status == VIT_OK) status = vi_agree(&n, VI_REGISTERS, "num_register_tokens", registers, h->registers, e);
    h->pool = h->classes > 0 ? VIT_POOL_TOKEN_MEAN : VIT_POOL_TOKEN;
    h->position = h->registers > 0 ? VIT_POSITION_BICUBIC_ANTIALIAS : VIT_POSITION_BICUBIC;
    if (h->ffn == VI_FFN_SWIGLU) h->activation = VIT_ACT_SILU; /* hidden_act is of the other MLP */
    return status;
}

static int32_t bind(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    vi_names n;
    open_names(c, &n);
    return vi_names_bind(&n, d, e);
}

const vi_family vi_family_hf_dinov2 = {
    .name = "hf-dinov2",
    .detect = detect,
    .hparams = hparams,
    .bind = bind,
    .labels = vi_hf_labels,
    .ignore = vi_hf_ignore,
};
