/* test_decimal.c: base/decimal.h against the C library's strtod, which is correctly rounded on the systems tests run on. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/decimal.h"
#include "test.h"

static void check(const char *text) {
    double found = -1, expected = strtod(text, NULL);
    bool fits = vi_decimal(text, strlen(text), &found);
    CHECK(fits == (isinf(expected) == 0), "%.60s: fits %d", text, fits);
    CHECK(!fits || memcmp(&found, &expected, sizeof found) == 0, "%.60s: %.17g, expected %.17g", text, found, expected);
}

static void test_known(void) {
    static const char *const texts[] = {
        "0", "-0", "0.0", "0e5", "-0.000e-7", "1", "-1", "10", "0.1", "1e-6", "1e-12", "1e-05", "0.00392156862745098",
        "0.12156862745098039", "0.48145466", "0.26862954", "0.485", "0.229", "255", "1e0", "1E+2", "1e22", "1e23", "8.5e23",
        "9007199254740992", "9007199254740993", "9007199254740994", "9007199254740993.0000000000000000000001",
        "123456789012345678901234567890", "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308",
        "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887"
        "910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819"
        "860834936475292719074168444365510704342711559699508093042880",
        "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887"
        "910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819"
        "860834936475292719074168444365510704342711559699508093042879.999",
        "1e309", "-1e309", "1e400", "1e99999999999999999999", "1e-99999999999999999999", "0e99999999999999999999",
        "4.9406564584124654e-324", "2.4703282292062328e-324", "2.4703282292062327e-324", "2.4703282292062327208051607e-324",
        "2.47032822920623272088284396434110686182e-324", "2.47032822920623272088284396434110686183e-324", "1e-323", "1e-324",
        "1e-325", "1e-326", "1e-330", "2.2250738585072014e-308", "2.2250738585072011e-308", "2.2250738585072012e-308",
        "6.631236871469758276785396630275672e-316", "3.237883913302901289588352412501532e-319", "1.2345e-320",
        "0.000000000000000000000000000000000000000000000000000000000000000000000001e71", "5e-1", "1.5", "2.5e-1",
        "100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000e-92",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) check(texts[i]);
    static const double inverse = 0.00392156862745098, tiny = 1e-12; /* stored: x87 would keep more digits of a constant */
    double d;
    CHECK(vi_decimal("0.00392156862745098", 19, &d) && d == inverse, "1/255");
    CHECK(vi_decimal("1e-12", 5, &d) && d == tiny, "1e-12");
    CHECK(vi_decimal("12345", 3, &d) && d == 123, "the length counts, not a NUL");
    CHECK(!vi_decimal("1e309", 5, &d), "too large");
}

static void test_many(void) {
    unsigned long long seed = 11;
    for (int i = 0; i < 60000; i++) {
        char text[80];
        unsigned long long digits = test_random(&seed), more = test_random(&seed);
        int exponent = (int)(test_random(&seed) % 700) - 350;
        switch (i % 4) {
        case 0: snprintf(text, sizeof text, "%llue%d", digits >> (more % 64), exponent); break;
        case 1: snprintf(text, sizeof text, "%llu.%llue%d", digits >> (more % 64), more, exponent); break;
        case 2: snprintf(text, sizeof text, "0.%020llu%llu", digits, more); break;
        default: snprintf(text, sizeof text, "%llu%llu%llue%d", digits, more, digits, exponent - 20); break;
        }
        check(text);
    }
}

/* Every double printed with 17 digits reads back as itself. */
static void test_round_trip(void) {
    unsigned long long seed = 13;
    for (int i = 0; i < 60000; i++) {
        uint64_t bits = test_random(&seed);
        if (i % 8 == 0) bits &= 0x800FFFFFFFFFFFFF; /* subnormal */
        double d, back = 0;
        memcpy(&d, &bits, sizeof d);
        if (!isfinite(d)) continue;
        char text[64];
        snprintf(text, sizeof text, "%.17g", d);
        CHECK(vi_decimal(text, strlen(text), &back) && memcmp(&back, &d, sizeof d) == 0, "%s became %.17g", text, back);
    }
}

/* Exactly between two doubles, and a hair beside it: only exact arithmetic gets these right. */
static void test_middles(void) {
#if LDBL_MANT_DIG > DBL_MANT_DIG && LDBL_MAX_EXP > DBL_MAX_EXP
    unsigned long long seed = 17;
    static char text[2200];
    for (int i = 0; i < 1500; i++) {
        uint64_t bits = test_random(&seed) & 0x7FFFFFFFFFFFFFFF;
        if (i % 4 == 0) bits &= 0x000FFFFFFFFFFFFF;
        if (i % 4 == 1) bits = (bits & 0x000FFFFFFFFFFFFF) | (uint64_t)(900 + bits % 250) << 52;
        double d, above;
        memcpy(&d, &bits, sizeof d);
        bits++;
        memcpy(&above, &bits, sizeof above);
        if (!isfinite(d) || !isfinite(above)) continue;
        long double middle = ((long double)d + (long double)above) / 2;
        snprintf(text, sizeof text - 40, "%.1100Lf", middle);
        check(text);
        size_t n = strlen(text);
        memcpy(text + n, "000000000000000001", 19);
        check(text);
        char *last = text + n - 1; /* one less in the last non-zero digit */
        while (*last == '0' || *last == '.') last--;
        --*last;
        memcpy(text + n, "9", 2);
        check(text);
    }
#else
    SKIP("long double is not wider than double here: no middles");
#endif
}

/* A locale with a decimal comma must not matter; nor must very long texts take long. */
static void test_locale_and_length(void) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"};
    for (size_t i = 0; i < 3 && setlocale(LC_ALL, names[i]) == NULL; i++) continue;
    double d = 0;
    CHECK(vi_decimal("0.5", 3, &d) && d == 0.5, "locale");
    setlocale(LC_ALL, "C");
    size_t size = 200000;
    char *text = malloc(size + 1);
    memset(text, '0', size);
    text[1] = '.';
    memcpy(text + size - 2, "e9", 2);
    text[size] = 0;
    check(text);
    text[0] = '7';
    check(text);
    memset(text, '9', size);
    memcpy(text + size - 8, "e-199990", 8);
    check(text);
    free(text);
}

TEST_MAIN(test_known, test_many, test_round_trip, test_middles, test_locale_and_length)
