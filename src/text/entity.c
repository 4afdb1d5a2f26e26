/* entity.c: see entity.h. A name in the table is: flags and how many bytes it shares with the one before it; its other bytes, the
 * last with its high bit set; one or two characters of 16 bits. */
#include "text/entity.h"

#include <stdbool.h>
#include <string.h>
#include "base/bytes.h"
#include "text/unicode.h"
#include "text/unicode_tables.h"

#define SHARED 31u  /* bytes */
#define LEGACY 32u  /* also known without semicolon */
#define BEYOND 64u  /* the first character is in plane 1 */
#define SECOND 128u /* there are two */
#define LONGEST 32  /* characters between & and ; that are looked at */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static unsigned hex_value(char c) {
    if (is_digit(c)) return (unsigned)(c - '0');
    unsigned value = ((unsigned)c | 32u) - 'a';
    return is_letter(c) && value < 6 ? value + 10 : 16;
}

/* Bytes of the longest name that text[0..n) begins with, its semicolon included; 0: none. `legacy`: also names without one. */
static size_t find_name(const char *text, size_t n, bool legacy, uint32_t value[2]) {
    if (n == 0 || !is_letter(text[0])) return 0;
    const unsigned char *p = vi_entity_names + vi_entity_starts[text[0] - 'A'];
    const unsigned char *end = vi_entity_names + vi_entity_starts[text[0] - 'A' + 1];
    char name[LONGEST];
    size_t best = 0;
    while (p < end) {
        unsigned head = *p++;
        size_t length = head & SHARED;
        while (*p < 0x80) name[length++] = (char)*p++;
        name[length++] = (char)(*p++ & 0x7F);
        const unsigned char *chars = p;
        p += (head & SECOND) != 0 ? 4 : 2;
        if (length > n || memcmp(name, text, length) != 0) continue;
        bool closed = length < n && text[length] == ';';
        if (!closed && !(legacy && (head & LEGACY) != 0)) continue;
        best = length + (closed ? 1 : 0); /* names are sorted: the longest match is the last */
        value[0] = vi_load_u16(chars) | ((head & BEYOND) != 0 ? 0x10000u : 0);
        value[1] = (head & SECOND) != 0 ? vi_load_u16(chars + 2) : 0;
    }
    return best;
}

uint32_t vi_windows_1252(uint32_t c) {
    static const uint16_t chars[32] = {0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021, 0x2C6, 0x2030, 0x160,
                                       0x2039, 0x152,  0x8D,   0x17D,  0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
                                       0x2013, 0x2014, 0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E, 0x178};
    return c - 0x80 < 32 ? chars[c - 0x80] : c;
}

/* Bytes of "#12;", "#x1F" and the like at text[0..n), 0 when it is none; *c: the character, or UINT32_MAX for nothing. */
static size_t find_number(const char *text, size_t n, uint32_t *c) {
    size_t i = 1;
    unsigned base = n > 1 && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
    if (base == 16) i++;
    size_t first = i;
    uint32_t value = 0;
    for (; i < n && hex_value(text[i]) < base; i++) {
        value = value * base + hex_value(text[i]);
        if (value > 0x110000) value = 0x110000;
    }
    if (i == first) return 0;
    if (i < n && text[i] == ';') i++;
    bool nothing = (value >= 1 && value < 0x20 && !(value >= 9 && value <= 13 && value != 11)) || value == 0x7F ||
                   (value >= 0xFDD0 && value <= 0xFDEF) || (value & 0xFFFE) == 0xFFFE;
    if (value == 0 || (value >= 0xD800 && value <= 0xDFFF) || value > 0x10FFFF) *c = VI_CHAR_REPLACEMENT;
    else *c = nothing ? UINT32_MAX : vi_windows_1252(value);
    return i;
}

/* Bytes after an & that may be a name: up to 32 characters and a semicolon. */
static size_t name_extent(const char *text, size_t n) {
    size_t i = 0, chars = 0;
    for (; i < n; i++) {
        if (((unsigned char)text[i] & 0xC0) == 0x80) continue;
        if (chars++ == LONGEST || memchr("\t\n\f <&#;", text[i], 8) != NULL) break;
    }
    return i < n && text[i] == ';' ? i + 1 : i;
}

/* Appends text[from, to) and what the reference that ends there stands for. */
static void replace(vi_buffer *out, const char *text, size_t from, size_t to, const uint32_t value[2]) {
    vi_buffer_add(out, text + from, to - from);
    if (value[0] != UINT32_MAX) vi_buffer_add_char(out, value[0]);
    if (value[1] != 0) vi_buffer_add_char(out, value[1]);
}

void vi_html_unescape(vi_buffer *out, const char *text, size_t n) {
    size_t done = 0;
    for (size_t i = 0; i < n;) {
        if (text[i++] != '&') continue;
        uint32_t value[2] = {0, 0};
        bool number = i < n && text[i] == '#';
        size_t length = number ? find_number(text + i, n - i, value)
                               : find_name(text + i, name_extent(text + i, n - i), true, value);
        if (length == 0) continue;
        replace(out, text, done, i - 1, value);
        i += length;
        done = i;
    }
    vi_buffer_add(out, text + done, n - done);
}

/* ---- ftfy --------------------------------------------------------------------------------------------------------------- */

/* str.upper of what an entity stands for. */
static void to_upper(vi_buffer *out, uint32_t c) {
    for (const uint16_t *row = vi_entity_uppers; row[0] != 0; row += 4) {
        if (row[0] != c) continue;
        for (int i = 1; i < 4 && row[i] != 0; i++) vi_buffer_add_char(out, row[i]);
        return;
    }
    vi_buffer_add_char(out, vi_char_upper(c));
}

/* NAME; in capitals, when HTML has no such name, nor one that it begins with, but has it in small letters. */
static bool replace_capitals(vi_buffer *out, const char *text, size_t from, size_t to, size_t length) {
    char small[LONGEST];
    uint32_t value[2] = {0, 0};
    for (size_t i = 0; i < length; i++) {
        char c = text[to + 1 + i];
        if (c >= 'a' && c <= 'z') return false;
        small[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    if (find_name(text + to + 1, length, true, value) != 0 || find_name(small, length, false, value) != length) return false;
    vi_buffer_add(out, text + from, to - from);
    to_upper(out, value[0]);
    if (value[1] != 0) to_upper(out, value[1]);
    return true;
}

void vi_html_unescape_ftfy(vi_buffer *out, const char *text, size_t n) {
    size_t done = 0;
    for (size_t i = 0; i < n;) {
        if (text[i++] != '&') continue;
        size_t number = i < n && text[i] == '#' ? 1 : 0, length = number;
        while (i + length < n && length - number < 25 && (is_digit(text[i + length]) || is_letter(text[i + length]))) length++;
        if (length == number || length - number > 24 || i + length == n || text[i + length] != ';') continue;
        length++;
        uint32_t value[2] = {0, 0};
        size_t found = number ? find_number(text + i, length, value) : find_name(text + i, length, false, value);
        if (found == length && !(number && value[0] == ';')) replace(out, text, done, i - 1, value);
        else if (number || !replace_capitals(out, text, done, i - 1, length)) continue;
        i += length;
        done = i;
    }
    vi_buffer_add(out, text + done, n - done);
}
