/* test_status.c: messages and their UTF-8 (base/status.h, utf8.h), sorting (sort.h), checksums (crc32.h). */
#include "base/status.h"
#include <stdbool.h>
#include <stdint.h>
#include "base/checked.h"
#include "base/crc32.h"
#include "base/sort.h"
#include "base/utf8.h"
#include "test.h"

static void test_fail(void) {
    vi_error e = {0};
    CHECK(vi_fail(&e, VIT_ERROR_IO, "%s: %d of %zu", "file", -3, (size_t)7) == VIT_ERROR_IO, "code");
    CHECK(e.code == VIT_ERROR_IO && strcmp(e.text, "file: -3 of 7") == 0, "%s", e.text);
    CHECK(vi_fail(NULL, VIT_ERROR_MEMORY, "nobody %s", "listens") == VIT_ERROR_MEMORY, "NULL");
    char lengthy[2000];
    for (size_t shift = 0; shift < 4; shift++) { /* three-byte characters, cut at each place */
        memset(lengthy, 'a', shift);
        for (size_t i = shift; i + 3 < sizeof lengthy; i += 3) memcpy(lengthy + i, "\xE2\x82\xAC", 4);
        vi_fail(&e, VIT_ERROR_IO, "%s", lengthy);
        size_t n = strlen(e.text), at = 0;
        CHECK(n >= VI_ERROR_TEXT - 3 && n < VI_ERROR_TEXT, "cut to %zu", n);
        while (at < n && vi_utf8_length(e.text + at, n - at) != 0) at += vi_utf8_length(e.text + at, n - at);
        CHECK(at == n, "cut inside a character");
    }
    memset(lengthy, 'a', VI_ERROR_TEXT - 1);
    lengthy[VI_ERROR_TEXT - 1] = 0;
    vi_fail(&e, VIT_ERROR_IO, "%s", lengthy);
    CHECK(strcmp(e.text, lengthy) == 0, "exactly full");
}

static void test_printable(void) {
    static const struct {
        const char *in;
        size_t n;
        const char *out;
    } cases[] = {
        {"blocks.0.attn", 13, "blocks.0.attn"}, {"a\nb\x1B[31m\x7F", 9, "a?b?[31m?"},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9, "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {"\xC2\x9B" "31m", 5, "?31m"}, {"a\0b", 3, "a?b"}, {"\xFF\xC3", 2, "??"}, {"", 0, ""}, {"\xC2\xA0x", 3, "\xC2\xA0x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char dst[64];
        CHECK(vi_printable(dst, sizeof dst, cases[i].in, cases[i].n) == dst, "returns dst");
        CHECK(strcmp(dst, cases[i].out) == 0, "case %zu: %s", i, dst);
    }
    char dst[5];
    CHECK(strcmp(vi_printable(dst, 5, "abcdef", 6), "abcd") == 0, "cut");
    CHECK(strcmp(vi_printable(dst, 5, "abc\xC3\xA9", 5), "abc") == 0, "cut before a character that does not fit");
    CHECK(strcmp(vi_printable(dst, 1, "abc", 3), "") == 0, "no room");
}

/* Every string of up to four bytes from a set that holds all the borders, against a decoder by the definition. */
static size_t by_definition(const unsigned char *p, size_t n) {
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = n == 0 ? 0 : p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
    if (length < 2 || length > n) return length > n ? 0 : length;
    uint32_t code = p[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (p[i] >> 6 != 2) return 0;
        code = code << 6 | (p[i] & 0x3Fu);
    }
    return code < least[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF) ? 0 : length;
}

static void test_utf8(void) {
    static const unsigned char set[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF,
                                        0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF};
    enum { N = sizeof set };
    for (size_t i = 0; i < (size_t)N * N * N * N; i++) {
        unsigned char p[4] = {set[i % N], set[i / N % N], set[i / N / N % N], set[i / N / N / N]};
        size_t expected = by_definition(p, 4);
        CHECK(vi_utf8_length((char *)p, 4) == expected, "%02x %02x %02x %02x", p[0], p[1], p[2], p[3]);
        for (size_t n = 0; n < 4 && expected != 0; n++) {
            CHECK(vi_utf8_length((char *)p, n) == (n < expected ? 0 : expected), "%02x with %zu bytes", p[0], n);
        }
    }
    CHECK(vi_utf8_trim("a\xE2\x82\xAC", 4) == 4 && vi_utf8_trim("a\xE2\x82", 3) == 1 && vi_utf8_trim("\xC3", 1) == 0, "trim");
    CHECK(vi_utf8_trim("", 0) == 0 && vi_utf8_trim("abc", 3) == 3 && vi_utf8_trim("\x80\x80\x80\x80\x80", 5) == 5, "trim");
}

static int comparisons;

static int compare_keys(const void *a, const void *b) { /* the tens only: the ones show whether the sort is stable */
    comparisons++;
    int x = *(const int *)a / 10, y = *(const int *)b / 10;
    return (x > y) - (x < y);
}

static void test_sort(void) {
    enum { MOST = 1000 };
    static int values[MOST];
    static const void *items[MOST], *scratch[MOST];
    unsigned long long seed = 5;
    for (size_t n = 0; n <= MOST; n += n < 70 ? 1 : 93) {
        for (int kind = 0; kind < 3; kind++) {
            for (size_t i = 0; i < n; i++) {
                values[i] = kind == 0 ? (int)(test_random(&seed) >> 40) % 300 * 10 : (int)(kind == 1 ? i : n - i) * 10;
                items[i] = &values[i];
            }
            comparisons = 0;
            vi_sort(items, scratch, n, compare_keys);
            for (size_t i = 1; i < n; i++) {
                const int *left = items[i - 1], *right = items[i];
                CHECK(*left < *right || (*left == *right && left < right), "n %zu kind %d at %zu", n, kind, i);
            }
            CHECK(comparisons <= (kind == 1 ? (int)n : (int)n * 11), "n %zu kind %d: %d compares", n, kind, comparisons);
        }
    }
}

static void test_crc32(void) {
    CHECK(vi_crc32(0, "123456789", 9) == 0xCBF43926, "the published check value");
    CHECK(vi_crc32(0, "", 0) == 0 && vi_crc32(0, "\0\0\0\0", 4) == 0x2144DF1C, "zeros count");
    for (size_t cut = 0; cut <= 9; cut++) {
        CHECK(vi_crc32(vi_crc32(0, "123456789", cut), &"123456789"[cut], 9 - cut) == 0xCBF43926, "in two parts at %zu", cut);
    }
}

static void test_checked(void) {
    static const uint64_t edges[] = {0, 1, 2, 3, 7, 63, 64, 65, 0xFFFFFFFF, 0x100000000, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000,
        UINT64_MAX - 63, UINT64_MAX};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        for (size_t k = 0; k < sizeof edges / sizeof *edges; k++) {
            uint64_t a = edges[i], b = edges[k], out = 42;
            uint64_t high = (a >> 32) * (b >> 32);
            high += (((a >> 32) * (b & 0xFFFFFFFF)) >> 32) + (((b >> 32) * (a & 0xFFFFFFFF)) >> 32);
            uint64_t cross = (((a & 0xFFFFFFFF) * (b & 0xFFFFFFFF)) >> 32) + ((a >> 32) * (b & 0xFFFFFFFF) & 0xFFFFFFFF) +
                             ((b >> 32) * (a & 0xFFFFFFFF) & 0xFFFFFFFF);
            bool fits = high + (cross >> 32) == 0;
            CHECK(vi_mul_u64(a, b, &out) == fits && out == (fits ? a * b : 42), "%llu * %llu", (unsigned long long)a,
                  (unsigned long long)b);
            out = 42;
            fits = a + b >= a;
            CHECK(vi_add_u64(a, b, &out) == fits && out == (fits ? a + b : 42), "%llu + %llu", (unsigned long long)a,
                  (unsigned long long)b);
            CHECK(vi_range_fits(a, b, 64) == (fits && a + b <= 64), "%llu, %llu in 64", (unsigned long long)a,
                  (unsigned long long)b);
        }
    }
    size_t out = 42;
    CHECK(vi_round_up(0, 64, &out) && out == 0 && vi_round_up(1, 64, &out) && out == 64 && vi_round_up(64, 64, &out) &&
          out == 64, "round");
    CHECK(vi_round_up(SIZE_MAX - 63, 64, &out) && out == SIZE_MAX - 63 && !vi_round_up(SIZE_MAX - 62, 64, &out),
          "round at the top");
}

TEST_MAIN(test_fail, test_printable, test_utf8, test_sort, test_crc32, test_checked)
