/* infer.h: what the shapes of the tensors say about a model, for every family that has a name map. */
#ifndef VI_FAMILY_INFER_H
#define VI_FAMILY_INFER_H

#include "family/map.h"

/* Sets width, depth, branches, mlp, ffn (SwiGLU: fc1 in two tensors, or with twice the rows that fc2 has columns), block
 * (parallel: fc1 and qkv are one tensor), norm_kind (RMS: a first norm without bias), channels, patch_width, patch_height,
 * classes, class_token, distilled, registers, map_mlp. */
int32_t vi_infer_shapes(const vi_names *n, vi_description *d, vi_error *e);

/* The same of a text tower: vocabulary, width, context, depth, mlp, ffn, norm_kind, projection. */
int32_t vi_infer_text(const vi_names *n, vi_hparams *text, vi_error *e);

/* Which prefix tokens have positions. */
#define VI_COVERS_ABSENT (-2) /* there is no position embedding: rotary positions alone */
#define VI_COVERS_UNKNOWN (-1)
#define VI_COVERS_NONE 0
#define VI_COVERS_ALL 1
#define VI_COVERS_CLASS 2 /* registers were put in afterwards */

/* Sets position_prefix (by `covers`, VI_COVERS_*) and, when `size_source` is NULL, the image size as a square (of 14 x 14
 * patches where there are no positions to count). Otherwise
 * image_width and image_height are set and size_source names where they come from; they must fit the position tensor. */
int32_t vi_infer_positions(const vi_names *n, int32_t covers, const char *size_source, vi_description *d, vi_error *e);

/* The same for files whose grid is always a square: that is no guess. Rows of all prefix tokens or of none. */
int32_t vi_infer_square(const vi_names *n, vi_description *d, vi_error *e);

/* Number of heads that a width most likely has; the packed weights do not say. */
int32_t vi_guess_heads(int32_t width);

/* VIT_ERROR_MODEL unless the config's number for `key` is the one that the shape of a tensor of `slot` gives. */
int32_t vi_agree(const vi_names *n, vi_slot slot, const char *key, int64_t configured, int64_t found, vi_error *e);

#endif
