/* hf_siglip.c: transformers' SigLIP and SigLIP 2 (fixed resolution): SiglipModel with both towers, and SiglipVisionModel and
 * SiglipForImageClassification with the one for pictures. The classifier takes the mean of the tokens and leaves the pooling
 * head unused. */
#include "family/families.h"
#include "family/hf.h"
#include "family/hf_text.h"
#include "family/infer.h"

static const char rows[] =
    "patch.bias embeddings.patch_embedding.bias\n"
    "map.latent head.probe\n"
    "map.q.* head.attention.in_proj_*[:-2]\n" /* rows q, k, v */
    "map.kv.* head.attention.in_proj_*[1:]\n"
    "map.proj.* head.attention.out_proj.*\n"
    "map.norm.* head.layernorm.*\n"
    "map.fc1.* head.mlp.fc1.*\n"
    "map.fc2.* head.mlp.fc2.*\n";

static const vi_name_map map = {
    .marker = {"head.probe", "post_layernorm.weight"},
    .prefixes = "-\0vision_model.\0",
    .block = "encoder.layers.",
    .rows = {vi_hf_clip_rows, rows},
    .complete = true,
};

static bool open_names(const vi_checkpoint *c, vi_names *n) { return vi_names_open(n, c->directory, &map); }

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
        768, 12, 12, 3072, 32000, 64, VIT_ACT_GELU_TANH, 1e-6, 0, VI_PICK_LAST, -1, &vi_hf_siglip_text};
    return vi_hf_text_hparams(&k, c, d, text, e);
}

static int32_t text_bind(const vi_checkpoint *c, vi_description *text, vi_error *e) {
    return vi_hf_text_bind(&vi_hf_siglip_text, c, text, e);
}

const vi_family vi_family_hf_siglip = {
    .name = "hf-siglip",
    .open = open_names,
    .hparams = hparams,
    .bind = bind,
    .labels = vi_hf_labels,
    .ignore = vi_hf_ignore_ids,
    .text_hparams = text_hparams,
    .text_bind = text_bind,
};
