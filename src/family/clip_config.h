/* clip_config.h: what open_clip_config.json says about a pair of towers, and what is taken where it says nothing. */
#ifndef VI_FAMILY_CLIP_CONFIG_H
#define VI_FAMILY_CLIP_CONFIG_H

#include "family/config.h"
#include "family/family.h"

typedef struct vi_clip_config {
    vi_config reader;
    const vi_json_value *vision, *text, *preprocess; /* NULL: the file has none, or there is no file */
    const vi_checkpoint *checkpoint;
    bool present; /* there is a model_cfg */
    bool openai;  /* one of OpenAI's own archives: everything is as published */
    bool sigmoid; /* trained as SigLIP: there is a logit_bias */
    bool quick_gelu;
} vi_clip_config;

int32_t vi_clip_config_open(vi_clip_config *k, const vi_checkpoint *c, vi_description *d, vi_error *e);

/* Each fills what no shape shows; failures are in reader.status. */
void vi_clip_read_image(vi_clip_config *k, vi_description *d); /* also the image's size, when it is known */
void vi_clip_read_trunk(vi_clip_config *k, vi_description *d);
void vi_clip_read_pixels(vi_clip_config *k, const vi_checkpoint *c, vi_description *d);
void vi_clip_read_text(vi_clip_config *k, const vi_checkpoint *c, vi_description *d, vi_hparams *text);

#endif
