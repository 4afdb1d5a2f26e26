/* pixels.h: rows of a region of a picture as packed bytes, whatever the format, stride and flip. */
#ifndef VI_IMAGE_PIXELS_H
#define VI_IMAGE_PIXELS_H

#include <stdbool.h>
#include "image/geometry.h"

typedef struct vi_pixel_format {
    int32_t bytes;            /* per pixel */
    int32_t red, green, blue; /* byte of each within a pixel; all equal: grey */
} vi_pixel_format;

/* NULL for F32 and unknown formats. */
const vi_pixel_format *vi_pixel_format_of(int32_t format);

/* Channels worth resampling: 3, or 1 when the picture is grey or the model wants grey. */
int32_t vi_working_channels(const vi_pipeline *p, const vit_image *image);

typedef struct vi_rows {
    const unsigned char *origin; /* pixel (0, 0) of the flipped region */
    int64_t row_step;            /* bytes to the pixel below, of either sign */
    int64_t pixel_step;          /* bytes to the pixel on the right, of either sign */
    vi_pixel_format format;
    int32_t channels; /* 1 or 3 */
} vi_rows;

vi_rows vi_rows_of(const vit_image *image, const vi_geometry *g, int32_t channels);

/* Pixels [first, first + count) of row y, packed [count][channels]: in place when they lie so, else converted into buffer. */
const unsigned char *vi_rows_get(const vi_rows *r, int32_t y, int32_t first, int32_t count, unsigned char *buffer);

/* Copies the planes of an F32 picture to out [C, H, W], flipped where asked. */
void vi_copy_planes(const vi_pipeline *p, const vit_image *image, float *out);

#endif
