/* texts.h: the texts of a command line and their embeddings. */
#ifndef TEXTS_H
#define TEXTS_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"

/* Whether the model has a text tower and a tokenizer; says so when not. */
bool texts_possible(const struct model *model);

/* Embeddings of the texts to out [count, E]. With templates ("a photo of a {}") each is put into all of them, and the mean of the
 * normalised embeddings is taken, normalised again, as CLIP's authors do. On false it has said why. */
bool texts_embed(const struct model *model, char *const *texts, int32_t count, const char *const *templates, int template_count,
                 float *out);

#endif
