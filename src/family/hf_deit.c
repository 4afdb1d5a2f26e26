/* hf_deit.c: transformers' DeiTModel, DeiTForImageClassification and DeiTForImageClassificationWithTeacher: ViT with a
 * distillation token. Only the last one looks at it: its two heads are averaged. For the others it is one more register. */
#include "family/families.h"
#include "family/hf.h"
#include "family/infer.h"

static const vi_name_row teacher[] = {
    {.slot = VI_DIST_TOKEN, .part = {"embeddings.distillation_token"}},
    {.slot = VI_HEAD_W, .part = {"cls_classifier.weight"}},
    {.slot = VI_HEAD_B, .part = {"cls_classifier.bias"}},
    {.slot = VI_HEAD_DIST_W, .part = {"distillation_classifier.weight"}},
    {.slot = VI_HEAD_DIST_B, .part = {"distillation_classifier.bias"}},
};

static const vi_name_row spectator[] = {{.slot = VI_REGISTERS, .part = {"embeddings.distillation_token"}}};

static const vi_name_map maps[] = {
    {{"embeddings.distillation_token"},
     "encoder.layer.",
     vi_hf_vit_rows,
     VI_HF_VIT_ROWS,
     teacher,
     sizeof teacher / sizeof *teacher,
     true},
    {{"embeddings.distillation_token"}, "encoder.layer.", vi_hf_vit_rows, VI_HF_VIT_ROWS, spectator, 1, true},
};

static const char *const prefixes[] = {"", "deit."};

static bool open_names(const vi_checkpoint *c, vi_names *n) {
    bool taught = vi_directory_find(c->directory, "distillation_classifier.weight") != NULL;
    return vi_names_open(n, c->directory, &maps[taught ? 0 : 1], prefixes, sizeof prefixes / sizeof *prefixes);
}

static bool detect(const vi_checkpoint *c) {
    vi_names n;
    return open_names(c, &n);
}

static int32_t hparams(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    static const vi_hf_class k = {"DeiT", 768, 12, 12, 3072, 224, 16, VIT_ACT_GELU, 1e-12, VI_COVERS_ALL};
    vi_names n;
    open_names(c, &n);
    if (vi_names_find(&n, VI_CLASS_TOKEN, 0) == NULL) return vi_names_missing(&n, VI_CLASS_TOKEN, 0, e);
    d->hparams.pool = VIT_POOL_TOKEN;
    d->hparams.position = VIT_POSITION_BICUBIC;
    return vi_hf_hparams(&k, &n, c, c->config, d, e);
}

static int32_t bind(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    vi_names n;
    open_names(c, &n);
    return vi_names_bind(&n, d, e);
}

const vi_family vi_family_hf_deit = {
    .name = "hf-deit",
    .detect = detect,
    .hparams = hparams,
    .bind = bind,
    .labels = vi_hf_labels,
    .ignore = vi_hf_ignore,
};
