/* hf_vit.c: transformers' ViTModel and ViTForImageClassification (google/vit-*, non-distilled facebook/deit-*, facebook/dino-*
 * and everything fine-tuned from them), and ViT-MSN. */
#include "family/config.h"
#include "family/families.h"
#include "family/hf.h"
#include "family/infer.h"

static const vi_name_map map = {
    .marker = {"encoder.layer.0.layernorm_before.weight", "encoder.layer.0.layernorm_before.gamma"},
    .prefixes = "-\0vit.\0",
    .block = "encoder.layer.",
    .rows = {vi_hf_vit_rows},
    .complete = true,
};

static const char features[] =
    "detection_tokens: an object detector (YOLOS)\n"
    "decoder.: a decoder (masked image modelling)\n";

/* model_type of config.json, and which epsilon that class has when its config names none. */
enum { EPS_12 = 1, EPS_6 };
static const vi_word types[] = {{"vit", EPS_12}, {"vit_mae", EPS_12}, {"vit_msn", EPS_6}};

static bool open_names(const vi_checkpoint *c, vi_names *n) { return vi_names_open(n, c->directory, &map); }

static int32_t hparams(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    static const vi_hf_class usual = {"ViT", 768, 12, 12, 3072, 224, 16, VIT_ACT_GELU, 1e-12, VI_COVERS_ALL};
    vi_hf_class k = usual;
    vi_names n;
    vi_config g = {VI_CONFIG_FILE, e, VIT_OK};
    open_names(c, &n);
    int32_t status = vi_refuse_features(c->directory, features, e);
    if (status != VIT_OK) return status;
    if (vi_names_find(&n, VI_CLASS_TOKEN, 0) == NULL) return vi_names_missing(&n, VI_CLASS_TOKEN, 0, e);
    if (vi_config_word(&g, c->config, "model_type", types, sizeof types / sizeof *types, EPS_12) == EPS_6) k.eps = 1e-6;
    if (g.status != VIT_OK) return g.status;
    d->hparams.pool = VIT_POOL_TOKEN;
    d->hparams.position = VIT_POSITION_BICUBIC;
    return vi_hf_hparams(&k, &n, c, c->config, d, e);
}

/* The classifier of transformers takes the class token itself, not what the pooler makes of it. */
const vi_family vi_family_hf_vit = {
    .name = "hf-vit",
    .open = open_names,
    .hparams = hparams,
    .labels = vi_hf_labels,
    .ignore = vi_hf_ignore,
};
