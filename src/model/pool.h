/* pool.h: from all tokens of an image to one vector. */
#ifndef VI_POOL_H
#define VI_POOL_H

#include "model/context.h"

/* pooled [B, pooled width] from y [B, T, D], the tokens after the final norm, by the model's VIT_POOL_*. */
void vi_pool(const vit_context *c, float *pooled, const float *y);

#endif
