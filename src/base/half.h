/* half.h: 16-bit floats to and from f32, exact or rounded to nearest even. */
#ifndef VI_BASE_HALF_H
#define VI_BASE_HALF_H

#include <stdint.h>
#include <string.h>

static inline float vi_f32_from_bits(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline float vi_f16_to_f32(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
    uint32_t exponent = (h >> 10) & 0x1Fu;
    uint32_t fraction = h & 0x3FFu;
    if (exponent == 31) { /* infinity, NaN (made quiet) */
        return vi_f32_from_bits(sign | 0x7F800000u | fraction << 13 | (fraction != 0 ? 0x400000u : 0));
    }
    if (exponent == 0) { /* zero, subnormal: fraction * 2^-24, exact in f32 */
        float magnitude = (float)fraction * (1.0f / 16777216.0f);
        return sign != 0 ? -magnitude : magnitude;
    }
    return vi_f32_from_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

/* Nearest even; a NaN stays a (quiet) NaN. */
static inline uint16_t vi_f32_to_bf16(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return (uint16_t)(bits >> 16 | 0x40u); /* keeps the sign, never becomes infinity */
    return (uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

static inline float vi_bf16_to_f32(uint16_t h) {
    return vi_f32_from_bits((uint32_t)h << 16);
}

#endif
