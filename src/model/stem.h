/* stem.h: the convolutional stem of hybrid models: a ResNet with group norms (BiT's: Kolesnikov et al. 2020) whose feature map is
 * cut into patches in the place of the picture. Its kernels were standardised when they were loaded. */
#ifndef VI_STEM_H
#define VI_STEM_H

#include "base/arena.h"
#include "model/context.h"

/* Takes what the stem needs for one picture of this size. */
void vi_stem_lay_out(vi_stem_work *work, vi_arena *a, const vi_hparams *h, int32_t width, int32_t height);

/* Scratch of a lane, beside that of a matrix product; inputs of its widest matrix product. */
size_t vi_stem_scratch(const vi_hparams *h);
size_t vi_stem_widest(const vi_hparams *h);

/* pixels [C, H, W] -> dst [H, W, C], as the stem wants them. */
void vi_stem_read(const vit_context *c, float *dst, const float *pixels);

/* Patches [N, vi_patch_inputs] of a picture [H, W, C], inside the stem's memory. */
const float *vi_stem_forward(const vit_context *c, const float *picture);

uint64_t vi_stem_macs(const vit_context *c); /* of one picture */

#endif
