/* cost.h: how much arithmetic the parts of a forward are, in multiply-accumulates of matrix products; norms, activations and
 * softmax do not count. */
#ifndef VI_COST_H
#define VI_COST_H

#include "model/context.h"
#include <stdint.h>

uint64_t vi_linear_macs(const vi_linear *layer, size_t rows);
uint64_t vi_attention_macs(const vit_context *c, size_t queries); /* of one image: scores and weighted values */
uint64_t vi_pool_macs(const vit_context *c);      /* of one image; 0 but for attention pooling */
uint64_t vi_head_macs(const vit_context *c);      /* of one image: everything after pooling */
uint64_t vi_image_macs(const vit_context *c);     /* of one image: the whole forward */

/* Tells the caller's hook that an operator is done (NULL: that a run begins or goes on). */
static inline void vi_profile(const vit_context *c, const char *operator_name, uint64_t macs) {
    if (c->settings.profile) c->settings.profile(c->settings.profile_user, operator_name, macs);
}

#endif
