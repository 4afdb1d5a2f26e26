/* random.h: Vision Transformers of any size with random weights, for measuring speed without a checkpoint. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vit.h"

#define RANDOM_SIDE 224 /* pixels, of the trained input, or a little less where the patch does not divide it */

struct random_shape {
    int width, depth, heads, mlp, patch;
};

/* "b16": a size and the side of a patch. */
bool random_shape_named(struct random_shape *shape, const char *name);
const char *random_shape_names(void); /* for messages */

/* Loads a model of this shape and 1000 classes, like vit_load. The same shape always has the same weights. */
int32_t random_model_load(vit_context **out, const struct random_shape *s, vit_options *options, char *error,
                          size_t error_size);

#endif
