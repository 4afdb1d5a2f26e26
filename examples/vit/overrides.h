/* overrides.h: --set KEY=VALUE: what the user knows better than the checkpoint says. */
#ifndef OVERRIDES_H
#define OVERRIDES_H

#include <stdbool.h>
#include <stdint.h>

#include "vit.h"

/* Applies "heads=8", "mean=0.5,0.5,0.5", ... On false it has said what is wrong. options NULL: only checks. */
bool override_set(vit_options *options, const char *setting);

const char *override_keys(void); /* "heads, activation, ..." */

/* The word for a value of VIT_OPT_ACTIVATION, VIT_OPT_POOL, ...; "unknown" when there is none. */
const char *override_word(int32_t option, int64_t value);

#endif
