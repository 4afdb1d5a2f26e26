/* weights.h: every weight of the canonical model, and the one table that lists them. A text tower beside the one for pictures is
 * a model of its own with the same slots. Families fill the slots from a
 * checkpoint's tensors, bind.c loads and packs them, .vit files store them: all by walking the table.
 *
 * Letters: D width, M hidden width of the MLP, C channels, K classes, R registers, P prefix tokens, N patches of the trained
 * grid, V vocabulary of a text tower, L its positions. */
#ifndef VI_WEIGHTS_H
#define VI_WEIGHTS_H

#include "kernels/kernels.h"
#include "model/hparams.h"
#include <stddef.h>
#include <stdint.h>

typedef struct vi_norm {
    const float *gamma; /* [D] or NULL with beta: no norm */
    const float *beta;  /* [D] or NULL: 0 */
} vi_norm;

typedef struct vi_linear {
    vi_matrix w;       /* [out, in] packed; data NULL: absent */
    const float *bias; /* [out] or NULL */
} vi_linear;

typedef struct vi_block {
    vi_norm norm1;       /* [D] */
    vi_linear qkv;       /* [3D, D]: rows q, k, v, each head by head */
    vi_norm q_norm;      /* [head dim] on every head's queries, usually absent */
    vi_norm k_norm;      /* [head dim] on every head's keys */
    vi_norm attn_norm;   /* [D] between attention and proj (EVA-02, BEiT-3) */
    vi_linear proj;      /* [D, D] */
    const float *scale1; /* [D] layer scale or NULL */
    vi_norm norm2;       /* [D] */
    vi_linear fc1;       /* [M, D]; SwiGLU: [2M, D], gate above value */
    vi_norm mlp_norm;    /* [M] before fc2 (EVA-02, BEiT-3) */
    vi_linear fc2;       /* [D, M] */
    const float *scale2; /* [D] or NULL */
} vi_block;

/* Attention pooling (MAP head; Zhai et al. 2022): y = proj(attention(query, tokens)); y + MLP(norm(y)). */
typedef struct vi_map_pool {
    const float *latent; /* [D] the query before its projection */
    vi_linear q;         /* [D, D] */
    vi_linear kv;        /* [2D, D]: rows k, v */
    vi_norm q_norm;      /* [head dim] on every head's query, usually absent */
    vi_norm k_norm;      /* [head dim] on every head's keys */
    vi_linear proj;      /* [D, D] */
    vi_norm norm;        /* [D] */
    vi_linear fc1, fc2;  /* [M, D], [D, M] */
} vi_map_pool;

/* A bottleneck of the convolutional stem: 1x1, 3x3 with the stride, 1x1, each followed by a group norm. m: channels inside.
 * Kernels are standardised and lie [outputs, rows, columns, inputs]. */
typedef struct vi_stem_unit {
    vi_matrix conv1, conv2, conv3; /* [m, inputs], [m, 9 m], [4 m, m] */
    vi_norm norm1, norm2, norm3;   /* [m], [m], [4 m] */
    vi_matrix proj;                /* [4 m, inputs] of the shortcut, in the first unit of a stage; else absent */
    vi_norm proj_norm;             /* [4 m] */
} vi_stem_unit;

/* The ResNet of a hybrid model; width: h->stem_width. */
typedef struct vi_stem {
    vi_matrix root; /* [width, 7 * 7 * C]; data NULL: no stem */
    vi_norm norm;   /* [width] */
    vi_stem_unit *units;
} vi_stem;

typedef struct vi_weights {
    vi_stem stem;              /* of hybrid models */
    vi_linear patch;           /* [D, vi_patch_inputs], input order (channel, row, column) */
    vi_matrix tokens;          /* [V, D] rows of a text tower's vocabulary */
    const float *class_token;  /* [D] or NULL */
    const float *dist_token;   /* [D] or NULL */
    const float *registers;    /* [R, D] or NULL */
    const float *position;     /* [P + N, D], or [N, D] without rows for the prefix; NULL: rotary positions only */
    const float *rope_freqs;   /* [2, depth, heads, head dim / 2] of VI_ROPE_MIXED: by column, by row; or NULL */
    const float *rope_periods; /* [head dim / 4] of VI_ROPE_HALVES where the checkpoint stores them, rounded; or NULL */
    vi_norm patch_norm;        /* [D] on patches before positions (AIMv2), usually absent */
    vi_norm pre_norm;          /* [D] before the blocks (CLIP), usually absent */
    vi_norm norm;              /* [D] after the blocks, on all tokens */
    vi_norm fc_norm;           /* [D] after pooling */
    vi_map_pool map;           /* of VIT_POOL_ATTENTION */
    vi_linear representation;  /* [representation, D], followed by tanh (pre_logits) */
    vi_linear projection;      /* [projection, D] (CLIP) */
    vi_linear head;            /* [K, E] */
    vi_linear head_dist;       /* [K, D] on the distillation token */
    const float *logit_scale;  /* [1] of a text tower: similarity of picture and text = exp(logit_scale) * cosine ... */
    const float *logit_bias;   /* [1] ... + logit_bias; NULL: none, and scores are a softmax instead of a sigmoid */
    vi_block *blocks;          /* [depth] */
} vi_weights;

/* ---- the table ------------------------------------------------------------------------------------------------------------- */

typedef enum vi_slot {
    VI_PATCH_W,
    VI_PATCH_B,
    VI_CLASS_TOKEN,
    VI_REGISTERS,
    VI_POSITION,
    VI_PRE_NORM_G,
    VI_PRE_NORM_B,
    VI_NORM_G,
    VI_NORM_B,
    VI_FC_NORM_G,
    VI_FC_NORM_B,
    VI_HEAD_W,
    VI_HEAD_B,
    VI_DIST_TOKEN,
    VI_PATCH_NORM_G,
    VI_PATCH_NORM_B,
    VI_HEAD_DIST_W,
    VI_HEAD_DIST_B,
    VI_REPRESENTATION_W,
    VI_REPRESENTATION_B,
    VI_PROJECTION_W,
    VI_PROJECTION_B,
    VI_MAP_LATENT,
    VI_MAP_Q_W,
    VI_MAP_Q_B,
    VI_MAP_KV_W,
    VI_MAP_KV_B,
    VI_MAP_PROJ_W,
    VI_MAP_PROJ_B,
    VI_MAP_NORM_G,
    VI_MAP_NORM_B,
    VI_MAP_FC1_W,
    VI_MAP_FC1_B,
    VI_MAP_FC2_W,
    VI_MAP_FC2_B,
    VI_MAP_Q_NORM_G,
    VI_MAP_Q_NORM_B,
    VI_MAP_K_NORM_G,
    VI_MAP_K_NORM_B,
    VI_ROPE_FREQS,
    VI_ROPE_PERIODS,
    VI_TOKENS_W,
    VI_LOGIT_SCALE,
    VI_LOGIT_BIAS,
    VI_STEM_W,
    VI_STEM_NORM_G,
    VI_STEM_NORM_B,
    VI_MODEL_SLOTS, /* the next exist once per block */
    VI_NORM1_G = VI_MODEL_SLOTS,
    VI_NORM1_B,
    VI_QKV_W,
    VI_QKV_B,
    VI_PROJ_W,
    VI_PROJ_B,
    VI_SCALE1,
    VI_NORM2_G,
    VI_NORM2_B,
    VI_FC1_W,
    VI_FC1_B,
    VI_FC2_W,
    VI_FC2_B,
    VI_SCALE2,
    VI_Q_NORM_G,
    VI_Q_NORM_B,
    VI_K_NORM_G,
    VI_K_NORM_B,
    VI_ATTN_NORM_G,
    VI_ATTN_NORM_B,
    VI_MLP_NORM_G,
    VI_MLP_NORM_B,
    VI_SLOTS, /* and these once per unit of a stem */
    VI_UNIT_CONV1_W = VI_SLOTS,
    VI_UNIT_NORM1_G,
    VI_UNIT_NORM1_B,
    VI_UNIT_CONV2_W,
    VI_UNIT_NORM2_G,
    VI_UNIT_NORM2_B,
    VI_UNIT_CONV3_W,
    VI_UNIT_NORM3_G,
    VI_UNIT_NORM3_B,
    VI_UNIT_PROJ_W,
    VI_UNIT_PROJ_NORM_G,
    VI_UNIT_PROJ_NORM_B,
    VI_ALL_SLOTS
} vi_slot;
#define VI_BLOCK_SLOTS (VI_SLOTS - VI_MODEL_SLOTS)
#define VI_UNIT_SLOTS (VI_ALL_SLOTS - VI_SLOTS)

typedef struct vi_slot_row {
    char name[22];   /* canonical, as in .vit files: "patch.weight"; of a block "fc1.weight", stored as "blocks.3.fc1.weight"; of
                        a unit "conv1.weight", stored as "stem.3.conv1.weight" */
    bool matrix;     /* packed linear weights; otherwise a float vector (or rows of vectors) */
    bool required;
    uint16_t offset; /* of the vi_matrix or const float * in vi_weights, in vi_block or in vi_stem_unit */
} vi_slot_row;

extern const vi_slot_row vi_slot_table[VI_ALL_SLOTS];

/* One weight of a model. A walk over all starts at {0}: the model's, then block by block, then unit by unit. */
typedef struct vi_place {
    vi_slot slot;
    int32_t block; /* or unit; 0 for slots of the model */
} vi_place;
bool vi_place_next(vi_place *p, const vi_hparams *h); /* false at the end */

/* Element type of a matrix slot in a model of this precision. In VI_I8 that is the type of what every token passes (the patch
 * embedding; qkv, proj, fc1, fc2); stems, pooling, projection and heads stay float, as do matrices too wide for it. */
uint32_t vi_slot_type(vi_slot slot, uint32_t precision, size_t cols);

/* Rows and columns that a slot must have in a model with these numbers; a vector has 1 row. 0 rows: no such slot. All blocks are
 * alike, units are not. */
void vi_place_shape(vi_place p, const vi_hparams *h, uint64_t *rows, uint64_t *cols);
void vi_slot_shape(vi_slot slot, const vi_hparams *h, uint64_t *rows, uint64_t *cols); /* of the model or a block */

/* The vi_weights, vi_block or vi_stem_unit that holds it. */
void *vi_place_holder(vi_place p, const vi_weights *w);

/* Side of the kernel of a convolution of the stem, 0: it is none. */
int32_t vi_slot_kernel(vi_slot slot);

/* "blocks.3.fc1.weight", "stem.3.conv1.weight", or the plain name for slots of the model (block ignored). Returns dst. */
const char *vi_slot_text(char *dst, size_t size, vi_slot slot, int32_t block);

#endif
