/* bf16.h: matrix products of VI_BF16 weights (kernels.h) with inputs rounded to bf16, for processors with instructions for that:
 * twice the multiply-adds of f32 where they are fast. Everything after the sums is float, as in vi_kernels.gemm. Elsewhere
 * vi_kernels.gemm widens the weights and leaves the inputs as they are.
 *
 * Inputs are rounded to nearest even; NaN stays NaN, what is beyond the largest bf16 becomes infinite. Products are exact, sums
 * are f32, one for each output, k ascending in pairs:
 *   avx512  sum = fma(x1, w1, sum), then fma(x0, w0, sum), each rounded to nearest even
 *   neon    sum = sum + (x0 w0 + x1 w1), each addition rounded to odd (FPCR.EBF is 0 wherever an operating system left it alone)
 * In attention, queries, keys, values and the exponentials (at most 1, before they are divided by their sum, which is that of
 * the unrounded ones) are rounded so; softmax is float.
 * Both take numbers below 2^-126, inputs, weights and sums alike, as 0. With u = 2^-24 either sum errs by at most
 * (K + 3) u sum |x w| + 2^-125 K. So the two tables have different bits. Within one, kernels.h's rules hold. */
#ifndef VI_BF16_H
#define VI_BF16_H

#include "kernels/dots.h"

/* The table for a cap as in vi_kernels_for, or NULL: the processor has no such instructions, or not faster ones than f32's. */
const vi_dots *vi_bf16_for(int32_t cap);
/* For tests and bench: table number i; *runs says whether vi_bf16_for may choose it here. NULL: no more. */
const vi_dots *vi_bf16_at(size_t i, bool *runs);

#endif
