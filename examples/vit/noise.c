/* noise.c: input for measurements. */
#include "noise.h"

#include <stdlib.h>

#include "print.h"
#include "series.h"
#include "system.h"

enum { PHOTO_RUNS = 9 };

static uint32_t next(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static size_t input_size(const struct model *model) {
    return (size_t)(model_number(model, VIT_INFO_IMAGE_WIDTH) * model_number(model, VIT_INFO_IMAGE_HEIGHT) *
                    model_number(model, VIT_INFO_CHANNELS));
}

bool noise_make(struct noise *noise, const struct model *model, int64_t batch) {
    size_t pixels = input_size(model);
    uint32_t state = 1;
    *noise = (struct noise){.batch = (int32_t)batch};
    noise->out_count = (size_t)(batch * model_number(model, VIT_INFO_OUTPUTS));
    noise->numbers = malloc(pixels * sizeof *noise->numbers);
    noise->images = calloc((size_t)batch, sizeof *noise->images);
    noise->out = malloc(noise->out_count * sizeof *noise->out);
    if (!noise->numbers || !noise->images || !noise->out) {
        complain("out of memory");
        return false;
    }
    for (size_t i = 0; i < pixels; i++) noise->numbers[i] = (float)next(&state) / 8388608.0f - 1.0f;
    for (int64_t i = 0; i < batch; i++) {
        noise->images[i].format = VIT_PIXELS_F32;
        noise->images[i].width = (int32_t)model_number(model, VIT_INFO_IMAGE_WIDTH);
        noise->images[i].height = (int32_t)model_number(model, VIT_INFO_IMAGE_HEIGHT);
        noise->images[i].planes[0] = noise->numbers;
    }
    return true;
}

void noise_free(struct noise *noise) {
    free(noise->numbers);
    free(noise->images);
    free(noise->out);
    *noise = (struct noise){0};
}

bool noise_forward(const struct noise *noise, const struct model *model) {
    if (vit_forward(model->vit, noise->images, noise->batch, noise->out, noise->out_count) == VIT_OK) return true;
    complain("%s", vit_message(model->vit));
    return false;
}

double noise_picture_seconds(const struct model *model) {
    size_t bytes = (size_t)NOISE_PHOTO_WIDTH * NOISE_PHOTO_HEIGHT * 3, count = input_size(model);
    unsigned char *pixels = malloc(bytes);
    float *out = malloc(count * sizeof *out);
    struct series seconds = {0};
    uint32_t state = 1;
    for (size_t i = 0; pixels && i < bytes; i++) pixels[i] = (unsigned char)next(&state);
    vit_image image = {.format = VIT_PIXELS_RGB8, .width = NOISE_PHOTO_WIDTH, .height = NOISE_PHOTO_HEIGHT};
    image.planes[0] = pixels;
    for (int i = 0; pixels && out && i < PHOTO_RUNS; i++) {
        double start = system_seconds();
        if (vit_preprocess(model->vit, &image, out, count) != VIT_OK) break;
        series_add(&seconds, system_seconds() - start);
    }
    double median = series_percentile(&seconds, 50);
    series_free(&seconds);
    free(pixels);
    free(out);
    return median;
}
