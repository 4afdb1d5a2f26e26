/* families.h: the families that families.c lists. */
#ifndef VI_FAMILY_FAMILIES_H
#define VI_FAMILY_FAMILIES_H

#include "family/family.h"

extern const vi_family vi_family_native, vi_family_timm;
extern const vi_family vi_family_hf_vit, vi_family_hf_deit, vi_family_hf_mae; /* the layers' names are the same in these */
extern const vi_family vi_family_google, vi_family_gguf, vi_family_hf_vit_hybrid;
extern const vi_family vi_family_dino, vi_family_hf_dinov2, vi_family_hf_dinov3;
extern const vi_family vi_family_hf_clip, vi_family_hf_siglip;

extern const vi_family vi_family_clip;

#endif
