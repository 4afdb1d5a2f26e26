/* hf_deit.c: transformers' DeiTModel, DeiTForImageClassification and DeiTForImageClassificationWithTeacher: ViT with a
 * distillation token. Only the last one looks at it: its two heads are averaged. For the others it is one more register. */
#include "family/families.h"
#include "family/hf.h"
#include "family/infer.h"

static const char teacher[] =
    "dist_token embeddings.distillation_token\n"
    "head.* cls_classifier.*\n"
    "head_dist.* distillation_classifier.*\n";

static const char spectator[] = "registers embeddings.distillation_token\n";

#define MAP(rows_)                                                                                                               \
    {                                                                                                                            \
        .marker = {"embeddings.distillation_token"}, .prefixes = "-\0deit.\0", .block = "encoder.layer.",                        \
        .rows = {vi_hf_vit_rows, rows_}, .complete = true                                                                        \
    }
static const vi_name_map maps[] = {MAP(teacher), MAP(spectator)};

static bool open_names(const vi_checkpoint *c, vi_names *n) {
    bool taught = vi_directory_find(c->directory, "distillation_classifier.weight") != NULL;
    return vi_names_open(n, c->directory, &maps[taught ? 0 : 1]);
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

const vi_family vi_family_hf_deit = {
    .name = "hf-deit",
    .open = open_names,
    .hparams = hparams,
    .labels = vi_hf_labels,
    .ignore = vi_hf_ignore,
};
