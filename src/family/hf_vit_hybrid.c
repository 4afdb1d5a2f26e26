/* hf_vit_hybrid.c: transformers' ViTHybridModel and ViTHybridForImageClassification (google/vit-hybrid-base-bit-384; in releases
 * up to 4.x): ViT's layers on the feature map of a BiT backbone with bottlenecks and SAME padding. */
#include "family/config.h"
#include "family/families.h"
#include "family/hf.h"
#include "family/infer.h"
#include <stdio.h>
#include <string.h>

#define BACKBONE "embeddings.patch_embeddings.backbone.bit."

static const char rows[] =
    "stem.weight " BACKBONE "embedder.convolution.weight\n"
    "stem.norm.* " BACKBONE "embedder.norm.*\n" VI_BIT_UNIT_ROWS;
static const vi_stem_names stem = {BACKBONE "encoder.stages.#.layers.#.", 0, VI_STANDARDISE_TIMM};

static const vi_name_map map = {
    .marker = {BACKBONE "embedder.convolution.weight"},
    .prefixes = "-\0vit.\0",
    .block = "encoder.layer.",
    .rows = {vi_hf_vit_rows, rows},
};

static bool open_names(const vi_checkpoint *c, vi_names *n) {
    bool found = vi_names_open(n, c->directory, &map);
    vi_names_stem(n, &stem);
    return found;
}

#define WORDS(table) table, sizeof table / sizeof *table
static const vi_word layer_types[] = {{"bottleneck", 0}};
static const vi_word paddings[] = {{"same", 0}, {"SAME", 0}};
static const vi_word activations[] = {{"relu", 0}};

/* backbone_config: of its variants the one that has these names and was published; the groups of its norms are free. Absent, it
 * is as ViTHybridConfig makes it. */
static int32_t read_backbone(const vi_checkpoint *c, vi_hparams *h, vi_error *e) {
    vi_config g = {VI_CONFIG_FILE, e, VIT_OK};
    const vi_json_value *backbone = vi_config_object(&g, c->config, "backbone_config");
    if (g.status != VIT_OK || backbone == NULL) return g.status;
    int32_t stages = 0;
    while (stages < VI_MAX_STAGES && h->stem_units[stages] > 0) stages++;
    char last[32];
    snprintf(last, sizeof last, "stage%ld", (long)stages);
    const vi_json_value *names = vi_config_get(backbone, "out_features");
    vi_config_word(&g, backbone, "layer_type", WORDS(layer_types), 1);
    vi_config_word(&g, backbone, "global_padding", WORDS(paddings), 1);
    vi_config_word(&g, backbone, "hidden_act", WORDS(activations), 0);
    h->stem_groups = vi_config_int(&g, backbone, "num_groups", 1, VI_MAX_STEM, 32);
    if (g.status != VIT_OK) return g.status;
    if (vi_config_get(backbone, "layer_type") == NULL || vi_config_get(backbone, "global_padding") == NULL ||
        !vi_config_flag(&g, backbone, "embedding_dynamic_padding", false))
        return vi_fail(e, VIT_ERROR_UNSUPPORTED,
                       "config.json: a backbone_config without layer_type bottleneck, global_padding same and "
                       "embedding_dynamic_padding is not supported");
    if (vi_config_int(&g, backbone, "output_stride", 1, 64, 32) < vi_stem_stride(h))
        return vi_fail(e, VIT_ERROR_UNSUPPORTED, "config.json: an output_stride of backbone_config below %ld is not supported",
                       (long)vi_stem_stride(h));
    const char *output = vi_json_text(vi_json_at(names, 0), last);
    if (vi_json_at(names, 1) != NULL || strcmp(output, last) != 0)
        return vi_fail(e, VIT_ERROR_UNSUPPORTED, "config.json: out_features of backbone_config other than its last stage, %s",
                       last);
    return g.status;
}

static int32_t hparams(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    static const vi_hf_class k = {"ViTHybrid", 768, 12, 12, 3072, 224, 1, VIT_ACT_GELU, 1e-12, VI_COVERS_ALL};
    vi_names n;
    open_names(c, &n);
    if (vi_names_find(&n, VI_CLASS_TOKEN, 0) == NULL) return vi_names_missing(&n, VI_CLASS_TOKEN, 0, e);
    d->hparams.pool = VIT_POOL_TOKEN;
    d->hparams.position = VIT_POSITION_BICUBIC;
    int32_t status = vi_hf_hparams(&k, &n, c, c->config, d, e);
    return status == VIT_OK ? read_backbone(c, &d->hparams, e) : status;
}

const vi_family vi_family_hf_vit_hybrid = {
    .name = "hf-vit-hybrid",
    .open = open_names,
    .hparams = hparams,
    .labels = vi_hf_labels,
    .ignore = vi_hf_ignore,
};
