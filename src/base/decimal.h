/* decimal.h: decimal text to the nearest double (ties to even), in integer arithmetic: no locale, no rounding mode, no libm. */
#ifndef VI_BASE_DECIMAL_H
#define VI_BASE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>

/* text[0..length) is a number as JSON writes it: [-]digits[.digits][(e|E)[+|-]digits]. False when it is too large for a
 * double; too small gives a zero of its sign. */
bool vi_decimal(const char *text, size_t length, double *out);

#endif
