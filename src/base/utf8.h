/* utf8.h: the one UTF-8 decoder (Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF). */
#ifndef VI_BASE_UTF8_H
#define VI_BASE_UTF8_H

#include <stddef.h>

/* Bytes of the character at text[0..n), 1 to 4; 0 when it is malformed or cut off, or n is 0. */
size_t vi_utf8_length(const char *text, size_t n);

/* The largest m <= n such that text[0..m) does not end inside a character: where to cut a message. */
size_t vi_utf8_trim(const char *text, size_t n);

#endif
