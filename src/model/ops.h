/* ops.h: the operations of the forward pass, each spread over the context's lanes. Every unit of work owns its outputs and sums
 * in a fixed order, so the results do not depend on the number of lanes. */
#ifndef VI_OPS_H
#define VI_OPS_H

#include "model/context.h"

/* What happens to a product before it is stored: y = residual + scale * act(x W^T + b). */
typedef struct vi_epilogue {
    int32_t activation;    /* VIT_ACT_*, VI_ACT_TANH or VI_ACT_NONE */
    const float *scale;    /* [out] or NULL */
    const float *residual; /* [rows, out], row stride as y, or NULL; may be y */
    const vi_linear *next; /* the layer that will be multiplied with next, or NULL: a lane that is alone fetches ahead from it */
} vi_epilogue;

/* Makes c the same run for code that lane number `lane` executes alone, inside a section: with its scratch memory, its part of
 * the hidden rows, and no other lane. Nothing is reported from inside a section. */
void vi_go_alone(vit_context *c, size_t lane);

/* Whether each lane takes some of the rows and reads all of the layer's weights, instead of some of the weights and all rows. */
bool vi_splits_rows(const vit_context *c, size_t rows, const vi_linear *layer);

/* y [rows, out] with row stride ldy = epilogue(x [rows, in] with row stride ldx * layer). */
void vi_linear_forward(const vit_context *c, float *y, size_t ldy, const float *x, size_t ldx, size_t rows,
                       const vi_linear *layer, vi_epilogue epilogue);

/* The same for the output channels [first, end) only. Others that share a panel with these may be computed as well. */
void vi_linear_channels(const vit_context *c, float *y, size_t ldy, const float *x, size_t ldx, size_t rows,
                        const vi_linear *layer, vi_epilogue epilogue, size_t first, size_t end);

/* y [rows, n] = norm(x [rows, n]); plain copy when the norm is absent. Row strides in floats; y may be x. */
void vi_norm_forward(const vit_context *c, float *y, size_t ldy, const float *x, size_t ldx, size_t rows, size_t n,
                     const vi_norm *norm);

/* y [B, T, D] = multi-head self-attention of qkv [B, T, 3D], before the output projection, for the first `queries` tokens of
 * each image: all of them, or some of the prefix. Queries and keys are normed and rotated in place first, where the block or the
 * model says so. */
void vi_attention_forward(const vit_context *c, float *y, float *qkv, const vi_block *block, size_t queries);

/* Floats of one image in work.keys. */
size_t vi_image_keys(const vit_context *c);

/* x [rows, 2M] -> act(first half) * second half, in the first half of each row: the gate of SwiGLU. */
void vi_gate_forward(const vit_context *c, float *x, size_t rows, size_t half, int32_t activation);

#endif
