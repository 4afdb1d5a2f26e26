/* hf_dinov3.c: transformers' DINOv3ViTModel: rotary positions alone, no position embedding. */
#include "family/config.h"
#include "family/families.h"
#include "family/hf.h"
#include "family/infer.h"

static const char rows[] =
    "patch.* embeddings.patch_embeddings.*\n"
    "class_token embeddings.cls_token\n"
    "registers embeddings.register_tokens\n"
    "norm.* norm.*\n"
    "norm1.* norm1.*\n"
    "qkv.weight attention.q_proj.weight attention.k_proj.weight attention.v_proj.weight\n"
    "?qkv.bias ?attention.q_proj.bias ?attention.k_proj.bias ?attention.v_proj.bias\n"
    "proj.weight attention.o_proj.weight\n"
    "?proj.bias attention.o_proj.bias\n" /* proj_bias */
    "scale1 layer_scale1.lambda1\n"
    "norm2.* norm2.*\n"
    "fc2.weight mlp.down_proj.weight\n"
    "?fc2.bias mlp.down_proj.bias\n" /* mlp_bias */
    "scale2 layer_scale2.lambda1\n";

static const char mlp[] =
    "fc1.weight mlp.up_proj.weight\n"
    "?fc1.bias mlp.up_proj.bias\n";

static const char gated[] =
    "fc1.weight mlp.gate_proj.weight mlp.up_proj.weight\n"
    "?fc1.bias mlp.gate_proj.bias mlp.up_proj.bias\n";

#define MAP(rows_)                                                                                                               \
    {                                                                                                                            \
        .marker = {"layer.0.attention.o_proj.weight"}, .prefixes = "-\0model.\0dinov3_vit.\0", .block = "layer.",                \
        .rows = {rows, rows_}, .complete = true                                                                                  \
    }
static const vi_name_map maps[] = {MAP(mlp), MAP(gated)};

static bool open_names(const vi_checkpoint *c, vi_names *n) {
    if (!vi_names_open(n, c->directory, &maps[0])) return false;
    if (vi_names_has(n, "layer.0.mlp.gate_proj.weight")) vi_names_use(n, &maps[1]);
    return true;
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
    .open = open_names,
    .hparams = hparams,
    .bind = bind,
    .ignore = vi_hf_ignore,
};
