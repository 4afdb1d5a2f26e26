/* hf_clip.c: transformers' CLIP: CLIPModel with both towers, and CLIPVisionModel, CLIPVisionModelWithProjection and
 * CLIPForImageClassification with the one for pictures. Tokens are taken before the last norm, which is for the class
 * token alone; the classifier takes the mean of the patches without it. */
#include "family/families.h"
#include "family/hf.h"
#include "family/hf_text.h"
#include "family/infer.h"

static const char rows[] =
    "class_token embeddings.class_embedding\n"
    "pre_norm.* pre_layrnorm.*\n"
    "projection.weight visual_projection.weight\n";

static const vi_name_map map = {
    .marker = {"pre_layrnorm.weight"},
    .prefixes = "-\0vision_model.\0",
    .block = "encoder.layers.",
    .rows = {vi_hf_clip_rows, rows},
    .complete = true,
};

static bool open_names(const vi_checkpoint *c, vi_names *n) { return vi_names_open(n, c->directory, &map); }

static int32_t hparams(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    static const vi_hf_class k = {"CLIP", 768, 12, 12, 3072, 224, 32, VIT_ACT_QUICK_GELU, 1e-5, VI_COVERS_ALL};
    vi_hparams *h = &d->hparams;
    vi_names n;
    open_names(c, &n);
    if (vi_names_find(&n, VI_CLASS_TOKEN, 0) == NULL) return vi_names_missing(&n, VI_CLASS_TOKEN, 0, e);
    int32_t status = vi_hf_hparams(&k, &n, c, vi_hf_vision_config(c->config), d, e);
    const vi_tensor *projection = vi_names_find(&n, VI_PROJECTION_W, 0);
    h->projection = projection != NULL && projection->rank == 2 ? (int32_t)projection->shape[0] : 0;
    h->pool = h->classes > 0 ? VIT_POOL_MEAN : VIT_POOL_TOKEN;
    h->position = VIT_POSITION_BICUBIC;
    h->raw_tokens = 1;
    return status;
}

static int32_t bind(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    vi_names n;
    open_names(c, &n);
    int32_t status = vi_names_bind(&n, d, e);
    if (d->hparams.classes > 0) vi_hf_drop(d, VI_NORM_G, VI_NORM_B);
    return status;
}

static int32_t text_hparams(const vi_checkpoint *c, vi_description *d, vi_hparams *text, vi_error *e) {
    static const vi_hf_text_class k = {512,  12, 8,           2048,  49408,           77, VIT_ACT_QUICK_GELU,
                                       1e-5, 1,  VI_PICK_END, 49407, &vi_hf_clip_text};
    return vi_hf_text_hparams(&k, c, d, text, e);
}

static int32_t text_bind(const vi_checkpoint *c, vi_description *text, vi_error *e) {
    return vi_hf_text_bind(&vi_hf_clip_text, c, text, e);
}

const vi_family vi_family_hf_clip = {
    .name = "hf-clip",
    .open = open_names,
    .hparams = hparams,
    .bind = bind,
    .labels = vi_hf_labels,
    .ignore = vi_hf_ignore_ids,
    .text_hparams = text_hparams,
    .text_bind = text_bind,
};
