/* Room rule: image knows pixels and the numbers of a preprocessing pipeline. It includes base/ and vit.h, nothing else of ours.
 *
 * image.h: picture -> model input. Rows of the source are converted to packed RGB or grey, resampled horizontally, kept in a
 * ring of as many rows as the vertical filter needs, resampled vertically, normalised and written as planes; no resized
 * picture is ever stored. Where the vertical pass comes first it reads the source directly. Bit-equal to Pillow's Image.resize on
 * uint8 for every filter. docs/preprocessing.md has every rule. */
#ifndef VI_IMAGE_H
#define VI_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

#define VI_MAX_CHANNELS 16

/* Longest side of any size in a pipeline, and of a resized picture. 2^20 keeps every product below exact in int64 and double. */
#define VI_MAX_RESIZED 1048576

/* Where the crop starts when (resized - crop) is odd, and where the picture lies when it is smaller than the crop. */
#define VI_CROP_FLOOR 0     /* transformers: (h - crop) // 2 */
#define VI_CROP_HALF_EVEN 1 /* torchvision, timm: round half to even; too small: (crop - h) // 2 before it */

typedef struct vi_pipeline {
    int32_t resize; /* VIT_RESIZE_* */
    int32_t filter; /* VIT_FILTER_* */
    int32_t pass_order; /* VIT_PASSES_* */
    int32_t crop_rounding;
    /* SQUASH: both. PAD: the picture fits inside. SHORTEST with resize_height 0 or equal to resize_width: that is the short side,
     * long = trunc(short * long / short side); with another height: the picture just covers both (timm, non-square input). */
    int32_t resize_width, resize_height;
    int32_t width, height;  /* centre crop = the model's input */
    int32_t channels;       /* of the model: 1, 3; others take F32 only */
    float scale;            /* usually 1/255 */
    float mean[VI_MAX_CHANNELS], std[VI_MAX_CHANNELS]; /* (pixel * scale - mean) / std, in float32 as torchvision computes it */
} vi_pipeline;

/* Everything wrong with a pipeline: unknown names, sizes outside 1..VI_MAX_RESIZED, numbers not finite, std or scale not above 0.
 * The functions below take only pipelines that passed. */
int32_t vi_pipeline_check(const vi_pipeline *p, vi_error *e);

/* Everything wrong with a picture, before any work: NULL planes, sizes < 1 or > max_side, stride smaller than a row, region
 * outside, unknown format or flip, non-zero reserved, F32 of another size, channels the format cannot give, resized size above
 * VI_MAX_RESIZED. max_side: 1..65536. */
int32_t vi_image_check(const vit_image *image, const vi_pipeline *p, int32_t max_side, vi_error *e);

/* Scratch bytes enough for every picture with sides <= max_side; SIZE_MAX when size_t cannot hold the number. */
size_t vi_image_scratch(const vi_pipeline *p, int32_t max_side);

/* What this picture, which passed vi_image_check, really uses of it. */
size_t vi_image_scratch_used(const vi_pipeline *p, const vit_image *image);

/* The picture's own pixels, where they are [C, H, W] as vi_image_prepare would write them; NULL: they must be prepared. */
const float *vi_image_in_place(const vi_pipeline *p, const vit_image *image);

/* out [C, H, W]. The picture must have passed vi_image_check with the max_side that sized scratch (VI_ALIGN-aligned). */
void vi_image_prepare(const vi_pipeline *p, const vit_image *image, float *out, void *scratch);

/* One line of English: "resize shortest side to 248 (bicubic), centre crop 224x224, scale 1/255, mean .. std ..".
 * NUL-terminated, cut when size is too small. */
void vi_pipeline_text(const vi_pipeline *p, char *dst, size_t size);

#endif
