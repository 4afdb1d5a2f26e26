/* filter.h: which source pixels make a resized one, and with what weights, along one axis. */
#ifndef VI_IMAGE_FILTER_H
#define VI_IMAGE_FILTER_H

#include <stdint.h>

#define VI_WEIGHT_BITS 22 /* fractional bits of a weight: 32 - 8 of the pixel - 2 of headroom */

typedef struct vi_taps {
    int32_t start, count; /* source pixels [start, start + count) */
} vi_taps;

/* Yields the taps of resized pixels first, first + 1, ... in turn. */
typedef struct vi_sampler {
    int32_t filter; /* VIT_FILTER_*, NEAREST also for an axis that keeps its size */
    int32_t source; /* pixels */
    int32_t next;   /* resized pixel whose taps come next */
    double scale;   /* source pixels per resized one */
    double position;                 /* NEAREST: source coordinate of the centre of `next` */
    double support, inverse_stretch; /* others: reach in source pixels, filter units per source pixel */
} vi_sampler;

vi_sampler vi_sampler_of(int32_t filter, int32_t source, int32_t resized, int32_t first);

/* Upper bound of vi_taps.count for any source of at most `source` pixels and at most `ratio` source pixels per resized one. */
int32_t vi_most_taps(int32_t filter, int32_t source, double ratio);

/* weights [taps.count] in 1 / 2^VI_WEIGHT_BITS; real [taps.count] is scratch. Both have room for vi_most_taps. */
vi_taps vi_sampler_next(vi_sampler *s, int32_t *weights, double *real);

#endif
