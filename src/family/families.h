/* families.h: the families that families.c lists. */
#ifndef VI_FAMILY_FAMILIES_H
#define VI_FAMILY_FAMILIES_H

#include "family/family.h"

extern const vi_family vi_family_native, vi_family_hf_vit, vi_family_timm;

#endif
