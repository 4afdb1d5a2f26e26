/* hf.h: what the families of transformers share: fields of config.json with their defaults, and the tensor names of ViT's layers,
 * which DeiT and ViT-MAE have too. */
#ifndef VI_FAMILY_HF_H
#define VI_FAMILY_HF_H

#include "family/config.h"
#include "family/map.h"

/* One configuration class: its defaults, because config.json stores only what differs from them. */
typedef struct vi_hf_class {
    char processor[12]; /* its image processor's class name starts so */
    int32_t width, depth, heads;
    int32_t mlp; /* intermediate_size, 0: the class has no such field */
    int32_t image, patch;
    int32_t activation; /* VIT_ACT_* */
    double eps;
    int32_t covers; /* which prefix tokens have positions (VI_COVERS_*) */
} vi_hf_class;

extern const char vi_hf_vit_rows[];

/* The layers of CLIP's and SigLIP's vision towers. */
extern const char vi_hf_clip_rows[];

/* hidden_act: VIT_ACT_*. */
int32_t vi_hf_activation(vi_config *g, const vi_json_value *config, int32_t fallback);

/* The part of config.json about the vision tower of a model with two, or all of it. */
const vi_json_value *vi_hf_vision_config(const vi_json_value *config);

/* Takes a bound weight out of the model again: the file has it, the forward pass does not use it. */
void vi_hf_drop(vi_description *d, vi_slot first, vi_slot last);

/* Fills hparams from the shapes, the class's part of config.json (NULL: guessed, with notes) and the preprocessor's file. Pooling
 * and the kind of position resampling are the caller's. */
int32_t vi_hf_hparams(const vi_hf_class *k, const vi_names *n, const vi_checkpoint *c, const vi_json_value *config,
                      vi_description *d, vi_error *e);

/* Labels from id2label. */
int32_t vi_hf_labels(const vi_checkpoint *c, vi_description *d, vi_allocator *a, vi_error *e);

/* Buffers that no result depends on. */
bool vi_hf_ignore(const char *name);
bool vi_hf_ignore_ids(const char *name); /* of models with a text tower: position_ids */

#endif
