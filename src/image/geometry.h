/* geometry.h: which source pixels end up where. Sizes and positions only, no pixels. Each axis is handled alone. */
#ifndef VI_IMAGE_GEOMETRY_H
#define VI_IMAGE_GEOMETRY_H

#include <stdbool.h>
#include "image/image.h"

typedef struct vi_axis {
    int32_t source;  /* pixels of the region */
    int32_t resized; /* pixels after resizing */
    int32_t first;   /* first resized pixel that survives the crop */
    int32_t count;   /* how many survive, at least 1 */
    int32_t offset;  /* where the first lands in the model's input: 0, or the padding before it */
} vi_axis;

typedef struct vi_geometry {
    int32_t left, top; /* of the region in the picture */
    vi_axis x, y;
    bool vertical_first; /* the pass that resizes the height */
} vi_geometry;

/* Size after resizing a width x height region; may exceed VI_MAX_RESIZED. */
void vi_resized_size(const vi_pipeline *p, int32_t width, int32_t height, int64_t *resized_width, int64_t *resized_height);

/* Upper bound of source / resized on each axis over all regions with sides <= max_side. */
void vi_largest_ratio(const vi_pipeline *p, int32_t max_side, double *x, double *y);

/* The picture has passed vi_image_check. */
vi_geometry vi_geometry_of(const vi_pipeline *p, const vit_image *image);

#endif
