/* hf_siglip.c: transformers' SigLIP and SigLIP 2 (fixed resolution): SiglipModel with both towers, and SiglipVisionModel and
 * SiglipForImageClassification with the one for pictures. The classifier takes the mean of the tokens and leaves the pooling
 * head unused. */
#include "family/families.h"
#include "family/hf.h"
#include "family/hf_text.h"
#include "family/infer.h"

static const vi_name_row rows[] = {
    {.slot = VI_PATCH_B, .part = {"embeddings.patch_embedding.bias"}},
    {.slot = VI_MAP_LATENT, .part = {"head.probe"}},
    {.slot = VI_MAP_Q_W, .part = {"head.attention.in_proj_weight"}, .below = 2}, /* rows q, k, v */
    {.slot = VI_MAP_Q_B, .part = {"head.attention.in_proj_bias"}, .below = 2},
    {.slot = VI_MAP_KV_W, .part = {"head.attention.in_proj_weight"}, .above = 1},
    {.slot = VI_MAP_KV_B, .part = {"head.attention.in_proj_bias"}, .above = 1},
    {.slot = VI_MAP_PROJ_W, .part = {"head.attention.out_proj.weight"}},
    {.slot = VI_MAP_PROJ_B, .part = {"head.attention.out_proj.bias"}},
    {.slot = VI_MAP_NORM_G, .part = {"head.layernorm.weight"}},
    {.slot = VI_MAP_NORM_B, .part = {"head.layernorm.bias"}},
    {.slot = VI_MAP_FC1_W, .part = {"head.mlp.fc1.weight"}},
    {.slot = VI_MAP_FC1_B, .part = {"head.mlp.fc1.bias"}},
    {.slot = VI_MAP_FC2_W, .part = {"head.mlp.fc2.weight"}},
    {.slot = VI_MAP_FC2_B, .part = {"head.mlp.fc2.bias"}},
};

static const vi_name_map map = {{"head.probe", "post_layernorm.weight"},
                                "encoder.layers.",
                                vi_hf_clip_rows,
                                VI_HF_CLIP_ROWS,
                                rows,
                                sizeof rows / sizeof *rows, true};

static const char *const prefixes[] = {"", "vision_model."};

static bool open_names(const vi_checkpoint *c, vi_names *n) {
    return vi_names_open(n, c->directory, &map, prefixes, sizeof prefixes / sizeof *prefixes);
}

static bool detect(const vi_checkpoint *c) {
    vi_names n;
    return open_names(c, &n);
}

static int32_t hparams(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    static const vi_hf_class k = {"Siglip", 768, 12, 12, 3072, 224, 16, VIT_ACT_GELU_TANH, 1e-6, VI_COVERS_NONE};
    vi_hparams *h = &d->hparams;
    vi_names n;
    open_names(c, &n);
    int32_t status = vi_hf_hparams(&k, &n, c, vi_hf_vision_config(c->config), d, e);
    bool head = vi_names_find(&n, VI_MAP_LATENT, 0) != NULL;
    h->pool = h->classes == 0 && head ? VIT_POOL_ATTENTION : VIT_POOL_MEAN;
    h->position = VIT_POSITION_BICUBIC;
    if (h->classes == 0 && !head && c->overrides->pool < 0)
        vi_note(d, true, "pooling: mean assumed, the model has no pooling head (option pool)");
    return status;
}

static int32_t bind(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    vi_names n;
    open_names(c, &n);
    int32_t status = vi_names_bind(&n, d, e);
    bool unused =
        d->hparams.classes > 0 || vi_names_find(&n, VI_MAP_LATENT, 0) != NULL; /* else parts of a head without its probe */
    if (d->hparams.pool != VIT_POOL_ATTENTION && unused) vi_hf_drop(d, VI_MAP_LATENT, VI_MAP_FC2_B);
    return status;
}

static int32_t text_hparams(const vi_checkpoint *c, vi_description *d, vi_hparams *text, vi_error *e) {
    static const vi_hf_text_class k = {
        768, 12, 12, 3072, 32000, 64, VIT_ACT_GELU_TANH, 1e-6, 0, VI_PICK_LAST, -1,
        &vi_hf_siglip_text};
    return vi_hf_text_hparams(&k, c, d, text, e);
}

static int32_t text_bind(const vi_checkpoint *c, vi_description *text, vi_error *e) {
    return vi_hf_text_bind(&vi_hf_siglip_text, c, text, e);
}

const vi_family vi_family_hf_siglip = {
    .name = "hf-siglip",
    .detect = detect,
    .hparams = hparams,
    .bind = bind,
    .labels = vi_hf_labels,
    .ignore = vi_hf_ignore_ids,
    .text_hparams = text_hparams,
    .text_bind = text_bind,
};
