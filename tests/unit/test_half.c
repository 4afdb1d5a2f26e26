/* test_half.c: base/half.h and base/bytes.h, exhaustively where that is possible. */
#include <math.h>
#include "base/bytes.h"
#include "base/half.h"
#include "test.h"

static uint32_t bits_of(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

/* The value of an IEEE binary16 from its definition. */
static double half_value(unsigned h) {
    unsigned exponent = h >> 10 & 31, fraction = h & 1023;
    double value = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, (int)exponent - 25);
    return h & 0x8000 ? -value : value;
}

static void test_f16(void) {
    for (unsigned h = 0; h < 65536; h++) {
        float f = vi_f16_to_f32((uint16_t)h);
        if ((h & 0x7C00) != 0x7C00) {
            CHECK(f == half_value(h) && (signbit(f) != 0) == (h >> 15 != 0), "0x%04x gives %a", h, (double)f);
        } else if ((h & 0x3FF) == 0) {
            CHECK(isinf(f) && (signbit(f) != 0) == (h >> 15 != 0), "0x%04x gives %a", h, (double)f);
        } else {
            CHECK(isnan(f) && (bits_of(f) & 0x400000) != 0 && (bits_of(f) >> 31) == h >> 15, "0x%04x is not a quiet NaN", h);
        }
    }
}

static void test_bf16(void) {
    for (unsigned h = 0; h < 65536; h++) {
        float f = vi_bf16_to_f32((uint16_t)h);
        CHECK(bits_of(f) == h << 16, "0x%04x gives %08x", h, bits_of(f));
        bool nan = (h & 0x7FFF) > 0x7F80;
        unsigned back = vi_f32_to_bf16(f);
        CHECK(nan ? (back & 0x7FFF) > 0x7F80 && (back & 0x8000) == (h & 0x8000) : back == h, "0x%04x becomes 0x%04x", h, back);
    }
}

/* Nearest even, against the definition: of the two neighbours the nearer one, and of equally near ones the even one. */
static void test_bf16_rounding(void) {
    unsigned long long seed = 3;
    static const uint32_t low[] = {0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF};
    for (unsigned h = 0; h < 0x7F80; h++) {
        for (size_t i = 0; i < 7; i++) {
            uint32_t bits = h << 16 | (i < 6 ? low[i] : (uint32_t)(test_random(&seed) >> 48));
            uint32_t rest = bits & 0xFFFF;
            unsigned expected = rest > 0x8000 || (rest == 0x8000 && (h & 1)) ? h + 1 : h;
            float f;
            memcpy(&f, &bits, sizeof f);
            CHECK(vi_f32_to_bf16(f) == expected, "%08x gives 0x%04x, expected 0x%04x", bits, vi_f32_to_bf16(f), expected);
            CHECK(vi_f32_to_bf16(-f) == (expected | 0x8000), "-%08x", bits);
        }
    }
    CHECK(vi_f32_to_bf16(3.4028235e38f) == 0x7F80, "the largest float rounds to infinity");
    uint32_t bits = 0x7F800001; /* a NaN whose payload would be rounded away */
    float nan;
    memcpy(&nan, &bits, sizeof nan);
    CHECK((vi_f32_to_bf16(nan) & 0x7FFF) > 0x7F80, "NaN becomes infinity");
}

static void test_bytes(void) {
    static const unsigned char b[9] = {0xEE, 0x01, 0x02, 0x83, 0x84, 0x85, 0x06, 0x07, 0x88};
    CHECK(vi_load_u16(b + 1) == 0x0201, "u16");
    CHECK(vi_load_u32(b + 1) == 0x84830201U, "u32");
    CHECK(vi_load_u64(b + 1) == 0x8807068584830201U, "u64");
    unsigned char out[9] = {0};
    vi_store_u64(out + 1, 0x8807068584830201U);
    CHECK(memcmp(out + 1, b + 1, 8) == 0, "store u64");
    vi_store_u16(out + 1, 0xFFFE);
    CHECK(out[1] == 0xFE && out[2] == 0xFF && out[3] == 0x83, "store u16");
    static const unsigned char one[4] = {0, 0, 0x80, 0x3F}, third[8] = {0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xD5, 0x3F};
    static const double exact_third = 1.0 / 3; /* stored: x87 would keep more digits */
    CHECK(vi_load_f32(one) == 1.0f && vi_load_f64(third) == exact_third, "floats");
    vi_store_f32(out + 1, 1.0f);
    CHECK(memcmp(out + 1, one, 4) == 0, "store f32");
    vi_store_f64(out + 1, exact_third);
    CHECK(memcmp(out + 1, third, 8) == 0, "store f64");
    uint32_t probe = 1;
    CHECK(vi_little_endian() == (memcmp(&probe, "\1\0\0\0", 4) == 0), "endianness");
}

TEST_MAIN(test_f16, test_bf16, test_bf16_rounding, test_bytes)
