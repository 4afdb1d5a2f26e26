/* pipeline.h: preprocessing in the terms of config files: what families share when they fill hparams.pipeline. */
#ifndef VI_FAMILY_PIPELINE_H
#define VI_FAMILY_PIPELINE_H

#include "family/config.h"
#include "family/family.h"

/* Means and standard deviations that checkpoints were trained with. */
typedef enum vi_stats {
    VI_STATS_HALF,     /* 0.5, 0.5 */
    VI_STATS_IMAGENET, /* .485 .456 .406, .229 .224 .225 */
    VI_STATS_CLIP,     /* .48145466 .4578275 .40821073, .26862954 .26130258 .27577711 */
    VI_STATS_UNIT      /* 0, 1 */
} vi_stats;

void vi_pipeline_stats(vi_pipeline *p, vi_stats stats);
const char *vi_stats_text(vi_stats stats);

/* Sets the sizes for the image size in h: the resize size is the crop's divided by `crop` (timm's crop_pct), cut to a whole
 * number. */
void vi_pipeline_fit(vi_hparams *h, double crop);

/* mean or std of h->channels numbers from a config field; one number counts for every channel. false when the field is absent. */
bool vi_pipeline_vector(vi_config *g, const vi_json_value *object, const char *key, const vi_hparams *h, float *values);

/* Puts the caller's choices in the place of the checkpoint's. ARGUMENT when mean or std have the wrong number of channels. */
int32_t vi_apply_overrides(const vi_overrides *o, vi_hparams *h, vi_error *e);
void vi_apply_text_overrides(const vi_overrides *o, vi_hparams *text);

/* Fills h->pipeline from preprocessor_config.json (c->preprocessor); without one from the defaults of the class whose name starts
 * with `type` ("ViT"), with a note. The image size in h is set. */
int32_t vi_processor_pipeline(const vi_checkpoint *c, const char *type, vi_description *d, vi_error *e);

#endif
