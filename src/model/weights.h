/* weights.h: every weight of the canonical model, and the one table that lists them. Families fill the slots from a
 * checkpoint's tensors, bind.c loads and packs them, .vit files store them: all by walking the table.
 *
 * Letters: D width, M hidden width of the MLP, C channels, K classes, R registers, P prefix tokens, N patches of the trained grid. */
#ifndef VI_WEIGHTS_H
#define VI_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>
#include "kernels/kernels.h"
#include "model/hparams.h"

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
    vi_linear proj;      /* [D, D] */
    const float *scale1; /* [D] layer scale or NULL */
    vi_norm norm2;       /* [D] */
    vi_linear fc1;       /* [M, D] */
    vi_linear fc2;       /* [D, M] */
    const float *scale2; /* [D] or NULL */
} vi_block;

typedef struct vi_weights {
    vi_linear patch;        /* [D, C * patch_height * patch_width], input order (channel, row, column) */
    const float *class_token; /* [D] or NULL */
    const float *registers;   /* [R, D] or NULL */
    const float *position;    /* [P + N, D], or [N, D] without rows for the prefix */
    vi_norm pre_norm;         /* [D] before the blocks (CLIP), usually absent */
    vi_norm norm;             /* [D] after the blocks, on all tokens */
    vi_norm fc_norm;          /* [D] after pooling */
    vi_linear head;           /* [K, D] */
    vi_block *blocks;         /* [depth] */
} vi_weights;

/* ---- the table ---------------------------------------------------------------------------------------------------------- */

typedef enum vi_slot {
    VI_PATCH_W, VI_PATCH_B, VI_CLASS_TOKEN, VI_REGISTERS, VI_POSITION, VI_PRE_NORM_G, VI_PRE_NORM_B,
    VI_NORM_G, VI_NORM_B, VI_FC_NORM_G, VI_FC_NORM_B, VI_HEAD_W, VI_HEAD_B,
    VI_MODEL_SLOTS, /* the rest exist once per block */
    VI_NORM1_G = VI_MODEL_SLOTS, VI_NORM1_B, VI_QKV_W, VI_QKV_B, VI_PROJ_W, VI_PROJ_B, VI_SCALE1,
    VI_NORM2_G, VI_NORM2_B, VI_FC1_W, VI_FC1_B, VI_FC2_W, VI_FC2_B, VI_SCALE2,
    VI_SLOTS
} vi_slot;
#define VI_BLOCK_SLOTS (VI_SLOTS - VI_MODEL_SLOTS)

typedef struct vi_slot_row {
    const char *name; /* canonical, as in .vit files: "patch.weight"; of a block: "fc1.weight", stored as "blocks.3.fc1.weight" */
    bool matrix;      /* packed linear weights; otherwise a float vector (or rows of vectors) */
    bool required;
    size_t offset;    /* of the vi_matrix or const float * in vi_weights, or in vi_block */
} vi_slot_row;

extern const vi_slot_row vi_slot_table[VI_SLOTS];

/* Rows and columns that a slot must have in a model with these numbers; a vector has 1 row. 0 rows: the model has no such slot. */
void vi_slot_shape(vi_slot slot, const vi_hparams *h, uint64_t *rows, uint64_t *cols);

/* "blocks.3.fc1.weight" for block slots, the plain name for model slots (block ignored). Returns dst. */
const char *vi_slot_text(char *dst, size_t size, vi_slot slot, int32_t block);

#endif
