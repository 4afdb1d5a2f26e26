/* status.c: see status.h. */
#if defined(__MINGW32__)
#define __USE_MINGW_ANSI_STDIO 1 /* a vsnprintf that knows %zu and %llu */
#endif

#include "base/status.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/utf8.h"

int32_t vi_fail(vi_error *e, int32_t code, const char *format, ...) {
    if (e == NULL) return code;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(e->text, sizeof e->text, format, arguments);
    va_end(arguments);
    if (length < 0) e->text[0] = '\0';
    if (length >= (int)sizeof e->text) e->text[vi_utf8_trim(e->text, sizeof e->text - 1)] = '\0';
    e->code = code;
    return code;
}

const char *vi_printable(char *dst, size_t dst_size, const char *text, size_t length) {
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        size_t n = vi_utf8_length(text + i, length - i);
        unsigned char first = (unsigned char)text[i];
        /* C0, DEL and C1 (C2 80..C2 9F) could drive a terminal. */
        bool control = first < 0x20 || first == 0x7F || (n == 2 && first == 0xC2 && (unsigned char)text[i + 1] < 0xA0);
        size_t wanted = n == 0 || control ? 1 : n;
        if (wanted >= dst_size - used) break;
        if (n == 0 || control) dst[used] = '?';
        else memcpy(dst + used, text + i, n);
        used += wanted;
        i += n == 0 ? 1 : n;
    }
    dst[used] = '\0';
    return dst;
}
