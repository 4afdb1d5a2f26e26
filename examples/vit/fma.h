/* fma.h: how fast one core multiplies and adds when nothing else is in the way: the ceiling that a forward is measured
 * against. */
#ifndef FMA_H
#define FMA_H

#include <stdint.h>

/* Runs about a millisecond of independent multiply-adds with the given instruction set, VIT_ISA_*, and returns GFLOP/s. */
double fma_gflops(int32_t isa);

#endif
