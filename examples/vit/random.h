/* random.h: Vision Transformers of the usual sizes with random weights, for measuring speed without a checkpoint. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vit.h"

bool random_model_exists(const char *name);
const char *random_model_names(void); /* "ti16, s16, ..." */

/* Loads model `name` of 1000 classes for 224 x 224 pixels, like vit_load. */
int32_t random_model_load(vit_context **out, const char *name, vit_options *options, char *error, size_t error_size);

#endif
