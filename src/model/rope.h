/* rope.h: rotary position embedding of patch tokens. */
#ifndef VI_ROPE_H
#define VI_ROPE_H

#include "model/hparams.h"
#include <stddef.h>

/* cos and sin of every angle: table [N, 2, head_dim / 2], N = grid_height * grid_width patches, row by row. */
void vi_rope_table(float *table, const vi_hparams *h, int32_t grid_width, int32_t grid_height);

/* Rotates x [N, head_dim], row stride ldx, one head's queries or keys of the patch tokens. rope: VI_ROPE_*. */
void vi_rope_rotate(float *x, size_t ldx, const float *table, size_t patches, size_t head_dim, int32_t rope);

#endif
