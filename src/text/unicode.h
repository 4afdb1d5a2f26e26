/* unicode.h: characters: UTF-8 in and out, their classes, lower case, canonical composition (NFC). */
#ifndef VI_TEXT_UNICODE_H
#define VI_TEXT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "text/buffer.h"

#define VI_CHAR_LETTER 1    /* \p{L} */
#define VI_CHAR_NUMBER 2    /* \p{N} */
#define VI_CHAR_CASED 4
#define VI_CHAR_IGNORABLE 8 /* Case_Ignorable */
#define VI_CHAR_MARK 16     /* goes on with the grapheme cluster before it */
#define VI_CHAR_CONTROL 32  /* is a grapheme cluster of its own */

#define VI_CHAR_REPLACEMENT 0xFFFDu
#define VI_CHAR_BAR 0x2581u /* SentencePiece's blank */

/* Reads the character at text[0..n), n > 0; returns its bytes. A malformed sequence is U+FFFD, as long as Python's
 * errors="replace" and the Unicode standard (maximal subparts) have it. */
size_t vi_char_read(const char *text, size_t n, uint32_t *c);
size_t vi_char_write(char out[4], uint32_t c); /* bytes written */

unsigned vi_char_class(uint32_t c);
bool vi_char_is_space(uint32_t c);        /* White_Space: \s of regular expressions */
bool vi_char_is_python_space(uint32_t c); /* str.isspace: also U+001C to U+001F */
uint32_t vi_char_lower(uint32_t c);       /* U+0130, which becomes two characters, is left to the caller */
uint32_t vi_char_upper(uint32_t c);       /* the first character whose lower case this is, or itself; slow */

/* Appends text[0..n), valid UTF-8, in normal form C. */
void vi_compose(vi_buffer *out, const char *text, size_t n);

#endif
