/* timm_arch.h: what timm knows of a model by the name of its architecture. */
#ifndef VI_FAMILY_TIMM_ARCH_H
#define VI_FAMILY_TIMM_ARCH_H

#include "family/pipeline.h"

#define VI_ARCH_EPS5 1                /* LayerNorm's epsilon is 1e-5, not 1e-6 */
#define VI_ARCH_MEAN 2                /* pools the patch tokens, not the class token */
#define VI_ARCH_BARE 4                /* positions for patches only (no_embed_class) */
#define VI_ARCH_SQUASH 8              /* resizes without keeping the aspect ratio */
#define VI_ARCH_BILINEAR 16           /* resizes pictures bilinearly, not bicubically */
#define VI_ARCH_BILINEAR_POSITIONS 32 /* resamples positions bilinearly without antialiasing */
#define VI_ARCH_OTHER 64              /* another model with the same tensor names; refused */
#define VI_ARCH_PAIRS 128             /* rotary positions of EVA-02, theta 10000 */
#define VI_ARCH_HALVES 256            /* rotary positions of DINOv3, theta 100 */
#define VI_ARCH_MIXED 512             /* rotary positions with learned frequencies */
#define VI_ARCH_COLUMNS 1024          /* rotary positions: columns before rows */
#define VI_ARCH_FROM_ONE 2048         /* rotary positions: rows and columns count from 1 */
#define VI_ARCH_THETA_100 4096        /* rotary positions: theta 100, not 10000 */
#define VI_ARCH_POST 8192             /* norms after the branches */
#define VI_ARCH_POOL_PREFIX 16384     /* pooling counts the prefix tokens in */
#define VI_ARCH_MAP_HEADS_8 32768     /* attention pooling has 8 heads */

typedef struct vi_timm_arch {
    uint8_t heads;
    uint8_t activation; /* VIT_ACT_* */
    uint8_t rope_grid;  /* side of the reference grid of rotary positions, 0: none */
    uint8_t stats;      /* vi_stats */
    uint16_t crop;      /* crop_pct in thousandths */
    uint16_t flags;     /* VI_ARCH_* */
} vi_timm_arch;

/* NULL when unknown. A tag behind a dot is ignored. */
const vi_timm_arch *vi_timm_arch_find(const char *name);

#endif
