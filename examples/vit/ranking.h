/* ranking.h: names with numbers from 0 to 1 beside them, best first, each with a bar. */
#ifndef RANKING_H
#define RANKING_H

#include <stdint.h>

#include "print.h"

/* On a terminal a line never wraps: first the bar gives way, then the name. */
void ranking_print(const struct style *style, const char *const *names, const float *values, int32_t count);

#endif
