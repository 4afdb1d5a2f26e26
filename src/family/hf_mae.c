/* hf_mae.c: the encoder of transformers' ViTMAEForPreTraining, run on all patches: no patch is masked, the decoder is not
 * used. ViTMAEModel alone has the same names as ViT (hf_vit.c). */
#include "family/families.h"
#include "family/hf.h"
#include "family/infer.h"
#include <string.h>

static const vi_name_map map = {
    .marker = {"embeddings.cls_token"},
    .prefixes = "-\0vit.\0",
    .block = "encoder.layer.",
    .rows = {vi_hf_vit_rows},
    .complete = true,
};

static bool open_names(const vi_checkpoint *c, vi_names *n) { return vi_names_open(n, c->directory, &map); }

static bool detect(const vi_checkpoint *c) {
    vi_names n;
    return open_names(c, &n) && vi_directory_find(c->directory, "decoder.decoder_pred.weight") != NULL;
}

static int32_t hparams(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    static const vi_hf_class k = {"MAE", 768, 12, 12, 3072, 224, 16, VIT_ACT_GELU, 1e-12, VI_COVERS_ALL};
    vi_names n;
    open_names(c, &n);
    d->hparams.pool = VIT_POOL_TOKEN;
    d->hparams.position = VIT_POSITION_BICUBIC;
    return vi_hf_hparams(&k, &n, c, c->config, d, e);
}

static bool ignore(const char *name) { return strncmp(name, "decoder.", 8) == 0 || vi_hf_ignore(name); }

const vi_family vi_family_hf_mae = {
    .name = "hf-mae",
    .open = open_names,
    .detect = detect,
    .hparams = hparams,
    .ignore = ignore,
};
