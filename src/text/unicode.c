/* unicode.c: see unicode.h. Tables: make_unicode.py. */
#include "text/unicode.h"

#include "base/utf8.h"
#include "text/unicode_tables.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* Bytes at text that could have become one character, had it gone on: 1 to 3. */
static size_t malformed(const unsigned char *p, size_t n) {
    if (p[0] < 0xC2 || p[0] > 0xF4 || n < 2) return 1;
    size_t length = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    unsigned low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
    unsigned high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high) return 1;
    size_t good = 2;
    while (good < length && good < n && (p[good] & 0xC0) == 0x80) good++;
    return good;
}

size_t vi_char_read(const char *text, size_t n, uint32_t *c) {
    const unsigned char *p = (const unsigned char *)text;
    size_t length = vi_utf8_length(text, n);
    switch (length) {
    case 1: *c = p[0]; break;
    case 2: *c = (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu); break;
    case 3: *c = (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu); break;
    case 4: *c = (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu); break;
    default: *c = VI_CHAR_REPLACEMENT; return malformed(p, n);
    }
    return length;
}

size_t vi_char_write(char out[4], uint32_t c) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, c >>= 6) out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)((0xF00u >> length & 0xF0u) | c);
    return length;
}

/* Characters of a packed run, whose first byte is *p; p moves to the last one. */
static uint32_t run_length(const uint8_t **p) {
    uint32_t length = (**p & 15u) + 1;
    if (length < 16) return length;
    unsigned shift = 0;
    do length += (uint32_t)(*++*p & 127) << shift, shift += 7;
    while (**p > 127);
    return length;
}

unsigned vi_char_class(uint32_t c) {
    if (c < 128) return vi_class_ascii[c];
    if (c > 0x10FFFF) return 0;
    size_t low = 0, high = LENGTH(vi_class_starts);
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (vi_class_starts[middle] <= c) low = middle;
        else high = middle;
    }
    const uint8_t *p = vi_class_runs + vi_class_places[low];
    uint32_t left = c - vi_class_starts[low];
    for (;; p++) {
        unsigned kind = *p >> 4;
        uint32_t length = run_length(&p);
        if (left < length) return vi_class_kinds[kind];
        left -= length;
    }
}

bool vi_char_is_space(uint32_t c) {
    if (c < 0x1680) return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0;
    return c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool vi_char_is_python_space(uint32_t c) { return vi_char_is_space(c) || (c >= 0x1C && c <= 0x1F); }

static bool in_run(const int32_t *run, uint32_t c) {
    uint32_t from = c - (uint32_t)run[0], step = (run[1] & 1) != 0 ? 2 : 1;
    return from % step == 0 && from / step < (uint32_t)run[1] >> 1;
}

uint32_t vi_char_lower(uint32_t c) {
    if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
    size_t low = 0, high = LENGTH(vi_lower_runs) / 3; /* runs of every other character may lie in each other: look back */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if ((uint32_t)vi_lower_runs[3 * middle] <= c) low = middle + 1;
        else high = middle;
    }
    for (size_t back = 0; back < 4 && back < low; back++) {
        const int32_t *run = &vi_lower_runs[3 * (low - 1 - back)];
        if (in_run(run, c)) return (uint32_t)((int32_t)c + run[2]);
    }
    return c;
}

uint32_t vi_char_upper(uint32_t c) {
    if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
    for (size_t i = 0; i < LENGTH(vi_lower_runs); i += 3) {
        uint32_t capital = (uint32_t)((int32_t)c - vi_lower_runs[i + 2]);
        if (in_run(&vi_lower_runs[i], capital)) return capital;
    }
    return c;
}

/* ---- composition: Unicode Standard, section 3.11 ------------------------------------------------------------------------ */

#define HANGUL 0xAC00u
#define HANGUL_L 0x1100u
#define HANGUL_V 0x1161u
#define HANGUL_T 0x11A7u /* one before the first */
#define MOST_MARKS 64    /* marks after a character that are put in order; more follow unsorted in pieces of this many */

typedef struct composing {
    vi_buffer *out;
    uint32_t chars[MOST_MARKS + 1]; /* a starter and the marks after it */
    uint8_t orders[MOST_MARKS + 1];
    size_t count;
} composing;

static unsigned order_of(uint32_t c) {
    if (c < 0x300 || c > 0x10FFFF) return 0;
    uint32_t low = vi_order_planes[c >> 16], high = vi_order_planes[(c >> 16) + 1], place = c & 0xFFFF;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (vi_order_starts[middle] <= place) low = middle;
        else high = middle;
    }
    return vi_order_values[low];
}

/* What c is made of, one step; 0: itself only. */
static int decompose(uint32_t c, uint32_t parts[2]) {
    if (c < 0xC0) return 0;
    if (c - HANGUL < 11172) {
        uint32_t s = c - HANGUL;
        parts[0] = s % 28 != 0 ? c - s % 28 : HANGUL_L + s / 588;
        parts[1] = s % 28 != 0 ? HANGUL_T + s % 28 : HANGUL_V + s % 588 / 28;
        return 2;
    }
    if (c - 0xF900 < 512 || c - 0x2F800 < 542) {
        uint32_t i = c < 0x10000 ? c - 0xF900 : c - 0x2F800 + 512, beyond = vi_compose_beyond[i / 8] >> i % 8 & 1u;
        parts[0] = vi_compose_ideographs[i] | beyond << 17;
        return parts[0] != 0;
    }
    size_t low = 0, high = LENGTH(vi_compose_near) / 3;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (vi_compose_near[3 * middle] < c) low = middle + 1;
        else high = middle;
    }
    if (low < LENGTH(vi_compose_near) / 3 && vi_compose_near[3 * low] == c) {
        parts[0] = vi_compose_near[3 * low + 1];
        parts[1] = vi_compose_near[3 * low + 2];
        return parts[1] != 0 ? 2 : 1;
    }
    for (size_t i = 0; i < LENGTH(vi_compose_far); i += 4) {
        if (vi_compose_far[i] != c) continue;
        parts[0] = vi_compose_far[i + 1];
        parts[1] = vi_compose_far[i + 2];
        return parts[1] != 0 ? 2 : 1;
    }
    return 0;
}

/* The character that a and b compose, or 0. */
static uint32_t compose(uint32_t a, uint32_t b) {
    if (a - HANGUL_L < 19 && b - HANGUL_V < 21) return HANGUL + (a - HANGUL_L) * 588 + (b - HANGUL_V) * 28;
    if (a - HANGUL < 11172 && (a - HANGUL) % 28 == 0 && b - HANGUL_T - 1 < 27) return a + (b - HANGUL_T);
    if (a > 0xFFFF || b > 0xFFFF) {
        for (size_t i = 0; i < LENGTH(vi_compose_far); i += 4) {
            const uint32_t *row = &vi_compose_far[i];
            if (row[1] == a && row[2] == b && row[3] != 0) return row[0];
        }
        return 0;
    }
    uint32_t want = a << 16 | b;
    size_t low = 0, high = LENGTH(vi_compose_pairs);
    while (low < high) {
        size_t middle = (low + high) / 2;
        const uint16_t *row = &vi_compose_near[3 * vi_compose_pairs[middle]];
        uint32_t have = (uint32_t)row[1] << 16 | row[2];
        if (have == want) return row[0];
        if (have < want) low = middle + 1;
        else high = middle;
    }
    return 0;
}

/* Composes what is collected, in place. */
static void settle(composing *s) {
    size_t kept = 0;
    unsigned last = 0; /* order of the last mark that stayed: it blocks those of the same order */
    for (size_t i = 0; i < s->count; i++) {
        uint32_t both = 0;
        if (i > 0 && s->orders[0] == 0 && (kept == 1 || last < s->orders[i])) both = compose(s->chars[0], s->chars[i]);
        if (both != 0) {
            s->chars[0] = both;
            continue;
        }
        last = s->orders[i];
        s->orders[kept] = s->orders[i];
        s->chars[kept++] = s->chars[i];
    }
    s->count = kept;
}

static void give_out(composing *s) {
    for (size_t i = 0; i < s->count; i++) vi_buffer_add_char(s->out, s->chars[i]);
    s->count = 0;
}

/* Takes a character that does not decompose. */
static void take(composing *s, uint32_t c) {
    unsigned order = order_of(c);
    if (order == 0 || s->count > MOST_MARKS) {
        settle(s);
        if (order == 0 && s->count == 1 && s->orders[0] == 0) { /* two starters may compose too */
            uint32_t both = compose(s->chars[0], c);
            if (both != 0) {
                s->chars[0] = both;
                return;
            }
        }
        give_out(s);
    }
    size_t place = s->count++;
    for (; order != 0 && place > 0 && s->orders[place - 1] > order; place--) {
        s->chars[place] = s->chars[place - 1];
        s->orders[place] = s->orders[place - 1];
    }
    s->chars[place] = c;
    s->orders[place] = (uint8_t)order;
}

static void take_all(composing *s, uint32_t c) { /* decompositions are at most 4 deep */
    uint32_t parts[2];
    int n = decompose(c, parts);
    if (n == 0) {
        take(s, c);
        return;
    }
    take_all(s, parts[0]);
    if (n == 2) take_all(s, parts[1]);
}

void vi_compose(vi_buffer *out, const char *text, size_t n) {
    composing s = {.out = out};
    for (size_t i = 0; i < n;) {
        uint32_t c;
        i += vi_char_read(text + i, n - i, &c);
        take_all(&s, c);
    }
    settle(&s);
    give_out(&s);
}
