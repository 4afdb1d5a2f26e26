/* decimal.c: see decimal.h. The first 19 digits times a power of ten, in 64 bits, settle nearly every number; when that lands
 * too near the middle between two doubles, one exact comparison of big integers does. */
#include "base/decimal.h"

#include <stdint.h>
#include <string.h>

/* ---- the text ------------------------------------------------------------------------------------------------------------ */

#define MAX_DIGITS 800 /* the middle between two doubles has at most 767 significant digits: later ones only break ties */

typedef struct number {
    bool negative;
    const char *digits, *end; /* from the first significant digit on; may hold one '.' */
    int64_t exponent;         /* of the digit at `digits`: value = d.ddd... * 10^exponent */
} number;

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static int64_t read_exponent(const char *p, const char *end) {
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) p++;
    int64_t exponent = 0;
    for (; p < end; p++) {
        if (exponent < INT32_MAX) exponent = exponent * 10 + (*p - '0');
    }
    return negative ? -exponent : exponent;
}

/* False for zero. */
static bool read_number(number *n, const char *p, size_t length) {
    const char *end = p + length, *point = NULL;
    *n = (number){.negative = length > 0 && *p == '-'};
    if (n->negative) p++;
    for (n->end = p; n->end < end && (is_digit(*n->end) || *n->end == '.'); n->end++) {
        if (*n->end == '.') point = n->end;
    }
    if (point == NULL) point = n->end;
    while (p < n->end && (*p == '0' || *p == '.')) p++;
    if (p == n->end) return false;
    n->digits = p;
    n->exponent = p < point ? point - p - 1 : point - p;
    if (n->end < end) n->exponent += read_exponent(n->end + 1, end);
    return true;
}

/* ---- 64 bits ------------------------------------------------------------------------------------------------------------- */

typedef struct wide { /* m * 2^e, m in [2^63, 2^64) */
    uint64_t m;
    int e;
} wide;

/* Rounded to nearest. */
static const wide up[9] = { /* 10^1, 10^2, 10^4, ... 10^256 */
    {0xA000000000000000U, -60}, {0xC800000000000000U, -57}, {0x9C40000000000000U, -50},
    {0xBEBC200000000000U, -37}, {0x8E1BC9BF04000000U, -10}, {0x9DC5ADA82B70B59EU, 43},
    {0xC2781F49FFCFA6D5U, 149}, {0x93BA47C980E98CE0U, 362}, {0xAA7EEBFB9DF9DE8EU, 787},
};
static const wide down[9] = { /* 10^-1, 10^-2, 10^-4, ... 10^-256 */
    {0xCCCCCCCCCCCCCCCDU, -67}, {0xA3D70A3D70A3D70AU, -70}, {0xD1B71758E219652CU, -77},
    {0xABCC77118461CEFDU, -90}, {0xE69594BEC44DE15BU, -117}, {0xCFB11EAD453994BAU, -170},
    {0xA87FEA27A539E9A5U, -276}, {0xDDD0467C64BCE4A1U, -489}, {0xC0314325637A193AU, -914},
};

/* Truncated: the relative error is below 2^-63. */
static wide times(wide a, wide b) {
    uint64_t ah = a.m >> 32, al = a.m & 0xFFFFFFFF, bh = b.m >> 32, bl = b.m & 0xFFFFFFFF;
    uint64_t low = al * bl, middle1 = ah * bl, middle2 = al * bh;
    uint64_t middle = (low >> 32) + (middle1 & 0xFFFFFFFF) + (middle2 & 0xFFFFFFFF);
    wide product = {ah * bh + (middle1 >> 32) + (middle2 >> 32) + (middle >> 32), a.e + b.e + 64};
    if (product.m >> 63 == 0) {
        product.m = product.m << 1 | (middle >> 31 & 1);
        product.e--;
    }
    return product;
}

/* At most 9.2 (digits after the 19th) + 9 * 1.5 (a table entry and a product each) times 2^-63 away from the value: 46 units
 * of m when m is near 2^64. */
#define UNCERTAIN 64

static wide approximate(const number *n) {
    wide w = {0, 0};
    int64_t exponent = n->exponent + 1;
    for (const char *p = n->digits; p < n->end && w.m < 1000000000000000000U; p++) {
        if (*p == '.') continue;
        w.m = w.m * 10 + (uint64_t)(*p - '0');
        exponent--;
    }
    while (w.m >> 63 == 0) {
        w.m <<= 1;
        w.e--;
    }
    const wide *powers = exponent < 0 ? down : up;
    uint64_t steps = (uint64_t)(exponent < 0 ? -exponent : exponent);
    for (int i = 0; i < 9; i++) {
        if (steps >> i & 1) w = times(w, powers[i]);
    }
    return w;
}

/* ---- big integers -------------------------------------------------------------------------------------------------------- */

/* Largest: 800 digits are 2658 bits; against them stands 5^1130 times 54 bits, 2678 bits; 394 more to spare. */
#define LIMBS 96

typedef struct big {
    int count;
    uint32_t limbs[LIMBS]; /* least significant first */
} big;

static void multiply_add(big *b, uint32_t factor, uint32_t term) {
    uint64_t carry = term;
    for (int i = 0; i < b->count; i++) {
        carry += (uint64_t)b->limbs[i] * factor;
        b->limbs[i] = (uint32_t)(carry & 0xFFFFFFFF);
        carry >>= 32;
    }
    if (carry != 0 && b->count < LIMBS) b->limbs[b->count++] = (uint32_t)carry;
}

static void multiply_power(big *b, uint32_t base, int64_t exponent) {
    for (; exponent > 0; exponent--) multiply_add(b, base, 0);
}

static void multiply_power_of_five(big *b, int64_t exponent) {
    multiply_power(b, 1220703125, exponent / 13); /* 5^13 */
    multiply_power(b, 5, exponent % 13);
}

static void multiply_power_of_two(big *b, int64_t exponent) {
    multiply_power(b, 1u << 31, exponent / 31);
    multiply_power(b, 1u << exponent % 31, 1);
}

static int compare(const big *a, const big *b) {
    if (a->count != b->count) return a->count < b->count ? -1 : 1;
    for (int i = a->count; i-- > 0;) {
        if (a->limbs[i] != b->limbs[i]) return a->limbs[i] < b->limbs[i] ? -1 : 1;
    }
    return 0;
}

/* The sign of n - middle * 2^exponent. */
static int compare_exactly(const number *n, uint64_t middle, int64_t exponent) {
    big left = {0}, right = {0};
    bool more = false; /* non-zero digits after MAX_DIGITS */
    int64_t ten = n->exponent + 1, taken = 0;
    for (const char *p = n->digits; p < n->end; p++) {
        if (*p == '.') continue;
        if (taken < MAX_DIGITS) {
            multiply_add(&left, 10, (uint32_t)(*p - '0'));
            taken++;
        } else if (*p != '0') {
            more = true;
            break;
        }
    }
    ten -= taken; /* n = left * 10^ten */
    multiply_add(&right, 1, (uint32_t)(middle >> 32));
    multiply_power_of_two(&right, 32);
    multiply_add(&right, 1, (uint32_t)(middle & 0xFFFFFFFF));
    if (ten >= 0) multiply_power_of_five(&left, ten);
    else multiply_power_of_five(&right, -ten);
    int64_t two = ten - exponent;
    if (two >= 0) multiply_power_of_two(&left, two);
    else multiply_power_of_two(&right, -two);
    int sign = compare(&left, &right);
    return sign != 0 ? sign : more;
}

/* ---- together ------------------------------------------------------------------------------------------------------------ */

/* Bits of the double nearest to n, sign aside; those of infinity, or more, when it is too large. */
static uint64_t round_to_double(const number *n) {
    if (n->exponent > 309) return UINT64_MAX;
    if (n->exponent < -325) return 0;
    wide w = approximate(n);
    int exponent = w.e + 63;                                     /* of the leading bit */
    int drop = exponent >= -1022 ? 11 : 11 + (-1022 - exponent); /* bits of m below the last bit of the double */
    if (drop == 65 && w.m > UINT64_MAX - UNCERTAIN) { /* perhaps 2^-1075, the middle between 0 and the least double */
        w.m = (uint64_t)1 << 63;
        w.e++;
        drop--;
    }
    if (drop > 64) return 0;
    uint64_t kept = drop == 64 ? 0 : w.m >> drop;
    uint64_t half = (uint64_t)1 << (drop - 1);
    uint64_t low = w.m - (drop == 64 ? 0 : kept << drop);
    bool up_one = low > half;
    if (low > half - UNCERTAIN - 1 && low < half + UNCERTAIN) {
        int sign = compare_exactly(n, 2 * kept + 1, (int64_t)w.e + drop - 1);
        up_one = sign > 0 || (sign == 0 && (kept & 1) != 0);
    }
    uint64_t biased = exponent >= -1022 ? (uint64_t)(exponent + 1022) << 52 : 0; /* kept's leading bit adds the missing 1 */
    return biased + kept + up_one; /* a carry into the exponent is what it should be */
}

bool vi_decimal(const char *text, size_t length, double *out) {
    number n;
    uint64_t bits = read_number(&n, text, length) ? round_to_double(&n) : 0;
    if (bits >= (uint64_t)0x7FF << 52) return false;
    bits |= (uint64_t)n.negative << 63;
    memcpy(out, &bits, sizeof *out);
    return true;
}
