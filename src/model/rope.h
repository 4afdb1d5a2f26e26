/* rope.h: rotary position embedding of patch tokens. */
#ifndef VI_ROPE_H
#define VI_ROPE_H

#include "model/weights.h"
#include <stddef.h>

/* How many tables there are: one for all blocks and heads, or one each where frequencies are learned. */
static inline size_t vi_rope_tables(const vi_hparams *h) {
    return h->rope == VI_ROPE_MIXED ? (size_t)h->depth * (size_t)h->heads : 1;
}

/* cos and sin of every angle: tables [N, 2, head_dim / 2], N = grid_height * grid_width patches, row by row. Learned frequencies
 * and stored periods are taken from the weights. */
void vi_rope_table(float *table, const vi_hparams *h, const vi_weights *w, int32_t grid_width, int32_t grid_height);

/* Rotates by one table x [N, head_dim], row stride ldx, one head's queries or keys of the patch tokens. rope: VI_ROPE_*. */
void vi_rope_rotate(float *x, size_t ldx, const float *table, size_t patches, size_t head_dim, int32_t rope);

#endif
