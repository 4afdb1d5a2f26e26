/* Room rule: base knows libc only. It may include vit.h for status codes and callback types, and nothing else of ours.
 *
 * status.h: how every internal function reports failure: it returns a pinned code of vit.h and, through vi_fail, leaves one
 * English sentence that names what was expected and what was found. */
#ifndef VI_BASE_STATUS_H
#define VI_BASE_STATUS_H

#include <stddef.h>
#include <stdint.h>
#include "vit.h"

#define VI_ERROR_TEXT 512

typedef struct vi_error {
    int32_t code; /* VIT_OK while nothing failed */
    char text[VI_ERROR_TEXT];
} vi_error;

#if defined(__MINGW32__) /* where plain "printf" means what Microsoft's old C library knows */
#define VI_PRINTF(f, a) __attribute__((format(gnu_printf, f, a)))
#elif defined(__GNUC__)
#define VI_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define VI_PRINTF(f, a)
#endif

/* Writes the message (always NUL-terminated, cut at a UTF-8 boundary) and returns `code`, so that `return vi_fail(...)` reads
 * well. `e` may be NULL. Only integers and strings are formatted: the decimal comma of a locale never shows. */
int32_t vi_fail(vi_error *e, int32_t code, const char *format, ...) VI_PRINTF(3, 4);

/* Copies untrusted bytes (a tensor name, say) into printable, NUL-terminated text for a message, cut to fit; returns dst.
 * dst_size >= 1. */
const char *vi_printable(char *dst, size_t dst_size, const char *text, size_t length);

#endif
