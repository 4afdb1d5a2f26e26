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
} vi_epilogue;

/* y [rows, out] with row stride ldy = epilogue(x [rows, in] tight * layer). */
void vi_linear_forward(const vit_context *c, float *y, size_t ldy, const float *x, size_t rows, const vi_linear *layer,
                       vi_epilogue epilogue);

/* y [rows, D] = LayerNorm(x [rows, D]); plain copy when the norm is absent. Row strides in floats; y may be x. */
void vi_norm_forward(const vit_context *c, float *y, size_t ldy, const float *x, size_t ldx, size_t rows, const vi_norm *norm);

/* y [B, T, D] = multi-head self-attention of qkv [B, T, 3D], before the output projection. */
void vi_attention_forward(const vit_context *c, float *y, const float *qkv);

#endif
