/* hf_text.h: text towers of transformers' CLIP and SigLIP. */
#ifndef VI_FAMILY_HF_TEXT_H
#define VI_FAMILY_HF_TEXT_H

#include "family/map.h"

/* One text configuration class: its defaults, because config.json stores only what differs from them. */
typedef struct vi_hf_text_class {
    int32_t width, depth, heads, mlp, vocabulary, context;
    int32_t activation; /* VIT_ACT_* */
    double eps;
    int32_t causal, pick, end_token; /* end_token -1: the class has no such choice */
    const vi_name_map *map;
} vi_hf_text_class;

extern const vi_name_map vi_hf_clip_text, vi_hf_siglip_text;

/* Fills the text tower's numbers from shapes and config.json; the vocabulary stays 0 when the checkpoint has no text tower. */
int32_t vi_hf_text_hparams(const vi_hf_text_class *k, const vi_checkpoint *c, vi_description *d, vi_hparams *text, vi_error *e);
int32_t vi_hf_text_bind(const vi_name_map *map, const vi_checkpoint *c, vi_description *text, vi_error *e);

#endif
