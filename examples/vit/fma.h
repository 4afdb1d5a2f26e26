/* fma.h: how fast one core multiplies and adds when nothing else is in the way: the ceiling that a forward is measured
 * against. */
#ifndef FMA_H
#define FMA_H

#include <stdint.h>

/* Runs independent multiply-adds with the given instruction set, VIT_ISA_*, for that many seconds, at least about half a
 * millisecond, and returns GFLOP/s. */
double fma_gflops(int32_t isa, double seconds);

#endif
