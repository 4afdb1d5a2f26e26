/* position.h: position embeddings for another grid than the trained one. */
#ifndef VI_POSITION_RESAMPLE_H
#define VI_POSITION_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

/* src [old_h, old_w, D] -> dst [new_h, new_w, D], channels last, tight. mode: VIT_POSITION_*. */
void vi_position_resample(float *dst, int32_t new_w, int32_t new_h, const float *src, int32_t old_w, int32_t old_h, size_t width,
                          int32_t mode);

#endif
