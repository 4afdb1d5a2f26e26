/* hf_dinov2.c: transformers' Dinov2Model and Dinov2WithRegistersModel, and both with a classifier on the class token beside the
 * mean of the patches. Registers have no positions. */
#include "family/config.h"
#include "family/families.h"
#include "family/hf.h"
#include "family/infer.h"
#include <string.h>

static const char rows[] =
    "patch.* embeddings.patch_embeddings.projection.*\n"
    "class_token embeddings.cls_token\n"
    "registers embeddings.register_tokens\n"
    "position embeddings.position_embeddings\n"
    "norm.* layernorm.*\n"
    "head.* classifier.*\n"
    "norm1.* norm1.*\n"
    "qkv.weight attention.attention.query.weight attention.attention.key.weight attention.attention.value.weight\n"
    "?qkv.bias attention.attention.query.bias attention.attention.key.bias attention.attention.value.bias\n" /* qkv_bias */
    "proj.* attention.output.dense.*\n"
    "scale1 layer_scale1.lambda1\n"
    "norm2.* norm2.*\n"
    "fc1.* mlp.fc1.*\n"
    "fc2.* mlp.fc2.*\n"
    "fc1.* mlp.weights_in.*\n"
    "fc2.* mlp.weights_out.*\n"
    "scale2 layer_scale2.lambda1\n";

static const vi_name_map map = {
    .marker = {"encoder.layer.0.layer_scale1.lambda1"},
    .prefixes = "-\0dinov2.\0dinov2_with_registers.\0",
    .block = "encoder.layer.",
    .rows = {rows},
    .complete = true,
};

static bool open_names(const vi_checkpoint *c, vi_names *n) { return vi_names_open(n, c->directory, &map); }

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

const vi_family vi_family_hf_dinov2 = {
    .name = "hf-dinov2",
    .open = open_names,
    .hparams = hparams,
    .labels = vi_hf_labels,
    .ignore = vi_hf_ignore,
};
