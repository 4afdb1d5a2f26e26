/* checked.h: the only place that multiplies or adds sizes that came from a file. Each function returns false when the
 * exact result does not fit, and then leaves *out untouched. */
#ifndef VI_BASE_CHECKED_H
#define VI_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool vi_mul_size(size_t a, size_t b, size_t *out) {
    if (b != 0 && a > SIZE_MAX / b) return false;
    *out = a * b;
    return true;
}

static inline bool vi_add_size(size_t a, size_t b, size_t *out) {
    if (a > SIZE_MAX - b) return false;
    *out = a + b;
    return true;
}

static inline bool vi_mul_u64(uint64_t a, uint64_t b, uint64_t *out) {
    if (b != 0 && a > UINT64_MAX / b) return false;
    *out = a * b;
    return true;
}

static inline bool vi_add_u64(uint64_t a, uint64_t b, uint64_t *out) {
    if (a > UINT64_MAX - b) return false;
    *out = a + b;
    return true;
}

/* Rounds up to a multiple of `unit`, a power of two. */
static inline bool vi_round_up(size_t n, size_t unit, size_t *out) {
    size_t sum;
    if (!vi_add_size(n, unit - 1, &sum)) return false;
    *out = sum & ~(unit - 1);
    return true;
}

/* offset + length <= total, without wrapping. */
static inline bool vi_range_fits(uint64_t offset, uint64_t length, uint64_t total) {
    return offset <= total && length <= total - offset;
}

#endif
