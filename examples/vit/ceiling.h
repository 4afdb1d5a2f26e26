/* ceiling.h: how fast this machine can compute and read when nothing else is in the way, on any number of threads at once. */
#ifndef CEILING_H
#define CEILING_H

#include <stddef.h>
#include <stdint.h>

#include "loops.h"

typedef double (*ceiling_clock)(void); /* seconds */

/* Runs the loop on each of `threads` threads at the same time, for that many seconds, at least about half a millisecond; all
 * together, in 1e9 operations a second. 0 for a loop that is not there. */
double ceiling_compute(const struct loop *loop, double seconds, int threads, ceiling_clock clock);

/* Reads `size` bytes, each thread its part, and returns 1e9 bytes a second. data: 64-byte aligned. */
double ceiling_read(int32_t isa, const void *data, size_t size, int threads, ceiling_clock clock);

#endif
