/* utf8.c: see utf8.h. */
#include "base/utf8.h"

size_t vi_utf8_length(const char *text, size_t n) {
    const unsigned char *p = (const unsigned char *)text;
    if (n == 0) return 0;
    if (p[0] < 0x80) return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4) return 0;
    size_t length = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (n < length) return 0;
    /* The second byte's range depends on the first: this is where overlong forms and surrogates are refused. */
    unsigned low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
    unsigned high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high) return 0;
    for (size_t i = 2; i < length; i++) {
        if (p[i] < 0x80 || p[i] > 0xBF) return 0;
    }
    return length;
}

size_t vi_utf8_trim(const char *text, size_t n) {
    size_t start = n;
    while (start > 0 && n - start < 4) {
        start--;
        if (((unsigned char)text[start] & 0xC0) != 0x80) return vi_utf8_length(text + start, n - start) == n - start ? n : start;
    }
    return n; /* only continuation bytes: not UTF-8 at all, nothing to protect */
}
