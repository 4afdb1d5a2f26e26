/* int8.h: matrix products of 8-bit weights (VI_I8 of kernels.h) with 8-bit inputs: the contract, one table per way to compute
 * them. The inputs are quantised row by row as they arise; sums are exact integers, what comes after them is float.
 *
 * A row x [K] becomes bytes 0..255 with a step and a zero point of its own: x = step * (byte - zero) to within step / 2, where
 * step = (max(x, 0) - min(x, 0)) / 254. Where step would be below 1e-30 the row counts as 0; NaN or infinity anywhere in a row
 * makes its step NaN, and so its results. In exact arithmetic
 *   C = residual + gain * act(step[m] * scale[n] * sum_k (byte[m][k] - zero[m]) w[n][k] + bias[n]).
 *
 * Rules beside those of kernels.h: all tables but the reference give the same bits; the reference has the same bytes and
 * integer sums, and differs in the last bits of the epilogue. No 32-bit sum overflows: 255 * 127 * VI_I8_COLS < 2^31. */
#ifndef VI_INT8_H
#define VI_INT8_H

#include "kernels/dots.h"

/* Best table for a cap as in vi_kernels_for. Never NULL. */
const vi_dots *vi_int8_for(int32_t cap);
/* For tests and bench: table number i, best first; *runs says whether this machine can run it. NULL: no more. */
const vi_dots *vi_int8_at(size_t i, bool *runs);

/* What may be trusted of a matrix from a file: scales finite and not negative, sums within what K bytes can add up to. */
bool vi_int8_check(const vi_matrix *w);

#endif
