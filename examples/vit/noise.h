/* noise.h: input for measurements: preprocessed noise for a forward, and a photograph's worth of random pixels. */
#ifndef NOISE_H
#define NOISE_H

#include <stdbool.h>

#include "model.h"

struct noise {
    float *numbers;    /* one picture [C, H, W], in every place of the batch */
    vit_image *images; /* [batch] */
    float *out;        /* room for their results */
    size_t out_count;
    int32_t batch;
};

/* On false it has said why; noise_free is fine either way. */
bool noise_make(struct noise *noise, const struct model *model, int64_t batch);
void noise_free(struct noise *noise);

/* A forward of all of them; on false it has said why. */
bool noise_forward(const struct noise *noise, const struct model *model);

/* Seconds from an RGB picture of NOISE_PHOTO_WIDTH x NOISE_PHOTO_HEIGHT pixels to the model's input; 0 for a model that takes no
 * such picture. */
#define NOISE_PHOTO_WIDTH 640
#define NOISE_PHOTO_HEIGHT 480
double noise_picture_seconds(const struct model *model);

#endif
