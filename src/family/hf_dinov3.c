/* hf_dinov3.c: transformers' DINOv3ViTModel: rotary positions alone, no position embedding. */
#include "family/config.h"
#include "family/families.h"
#include "family/hf.h"
#include "family/infer.h"

static const vi_name_row rows[] = {
    {.slot = VI_PATCH_W, .part = {"embeddings.patch_embeddings.weight"}},
    {.slot = VI_PATCH_B, .part = {"embeddings.patch_embeddings.bias"}},
    {.slot = VI_CLASS_TOKEN, .part = {"embeddings.cls_token"}},
    {.slot = VI_REGISTERS, .part = {"embeddings.register_tokens"}},
    {.slot = VI_NORM_G, .part = {"norm.weight"}},
    {.slot = VI_NORM_B, .part = {"norm.bias"}},
    {.slot = VI_NORM1_G, .part = {"norm1.weight"}},
    {.slot = VI_NORM1_B, .part = {"norm1.bias"}},
    {.slot = VI_QKV_W, .part = {"attention.q_proj.weight", "attention.k_proj.weight", "attention.v_proj.weight"}},
    {.slot = VI_QKV_B, .part = {"?attention.q_proj.bias", "?attention.k_proj.bias", "?attention.v_proj.bias"}, .optional = true},
    {.slot = VI_PROJ_W, .part = {"attention.o_proj.weight"}},
    {.slot = VI_PROJ_B, .part = {"attention.o_proj.bias"}, .optional = true}, /* proj_bias */
    {.slot = VI_SCALE1, .part = {"layer_scale1.lambda1"}},
    {.slot = VI_NORM2_G, .part = {"norm2.weight"}},
    {.slot = VI_NORM2_B, .part = {"norm2.bias"}},
    {.slot = VI_FC2_W, .part = {"mlp.down_proj.weight"}},
    {.slot = VI_FC2_B, .part = {"mlp.down_proj.bias"}, .optional = true}, /* mlp_bias */
    {.slot = VI_SCALE2, .part = {"layer_scale2.lambda1"}},
};

static const vi_name_row mlp[] = {
    {.slot = VI_FC1_W, .part = {"mlp.up_proj.weight"}},
    {.slot = VI_FC1_B, .part = {"mlp.up_proj.bias"}, .optional = true},
};

static const vi_name_row gated[] = {
    {.slot = VI_FC1_W, .part = {"mlp.gate_proj.weight", "mlp.up_proj.weight"}},
    {.slot = VI_FC1_B, .part = {"mlp.gate_proj.bias", "mlp.up_proj.bias"}, .optional = true},
};

static const vi_name_map maps[] = {
    {{"layer.0.attention.o_proj.weight"}, "layer.", rows, sizeof rows / sizeof *rows, mlp, 2, true},
    {{"layer.0.attention.o_proj.weight"}, "layer.", rows, sizeof rows / sizeof *rows, gated, 2, true},
};

static const char *const prefixes[] = {"", "model.", "dinov3_vit."};

static bool open_names(const vi_checkpoint *c, vi_names *n) {
    if (!vi_names_open(n, c->directory, &maps[0], prefixes, sizeof prefixes / sizeof *prefixes)) return false;
    if (vi_names_has(n, "layer.0.mlp.gate_proj.weight")) n->map = &maps[1];
    return true;
}

static bool detect(const vi_checkpoint *c) {
    vi_names n;
    return open_names(c, &n);
}

/* Fields of config.json that leave biases out; true by default. */
static const struct {
    const char *flag;
    vi_slot slot;
} biases[] = {{"proj_bias", VI_PROJ_B}, {"mlp_bias", VI_FC1_B}, {"mlp_bias", VI_FC2_B}};

static int32_t hparams(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    static const vi_hf_class k = {"DINOv3", 384, 12, 6, 1536, 224, 16, VIT_ACT_GELU, 1e-5, VI_COVERS_ABSENT};
    vi_hparams *h = &d->hparams;
    vi_config g = {VI_CONFIG_FILE, e, VIT_OK};
    vi_names n;
    open_names(c, &n);
    if (vi_names_find(&n, VI_CLASS_TOKEN, 0) == NULL) return vi_names_missing(&n, VI_CLASS_TOKEN, 0, e);
    int32_t status = vi_hf_hparams(&k, &n, c, c->config, d, e);
    if (status != VIT_OK) return status;
    int32_t registers = c->config != NULL ? 0 : h->registers;
    registers = vi_config_int(&g, c->config, "num_register_tokens", 0, VI_MAX_REGISTERS, registers);
    for (size_t i = 0; i < sizeof biases / sizeof *biases && g.status == VIT_OK; i++) {
        bool found = vi_names_find(&n, biases[i].slot, 0) != NULL;
        if (!found && vi_config_flag(&g, c->config, biases[i].flag, c->config != NULL))
            return vi_names_missing(&n, biases[i].slot, 0, e);
    }
    if (g.status != VIT_OK) return g.status;
    status = vi_agree(&n, VI_REGISTERS, "num_register_tokens", registers, h->registers, e);
    if (status != VIT_OK) return status;
    h->pool = VIT_POOL_TOKEN;
    h->rope = VI_ROPE_HALVES;
    h->rope_theta = (float)vi_config_real(&g, c->config, "rope_theta", 1, 1e9, 100);
    if (h->ffn == VI_FFN_SWIGLU && c->config == NULL) h->activation = VIT_ACT_SILU;
    return g.status;
}

static int32_t bind(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    vi_names n;
    open_names(c, &n);
    int32_t status = vi_names_bind(&n, d, e);
    if (d->hparams.registers == 0) vi_hf_drop(d, VI_REGISTERS, VI_REGISTERS); /* stored with 0 rows */
    return status;
}

const vi_family vi_family_hf_dinov3 = {
    .name = "hf-dinov3",
    .detect = detect,
    .hparams = hparams,
    .bind = bind,
    .ignore = vi_hf_ignore,
};
