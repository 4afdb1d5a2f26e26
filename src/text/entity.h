/* entity.h: HTML character references, as Python's html.unescape and ftfy's unescape_html read them. */
#ifndef VI_TEXT_ENTITY_H
#define VI_TEXT_ENTITY_H

#include "text/buffer.h"

/* Both append text[0..n), valid UTF-8. */
void vi_html_unescape(vi_buffer *out, const char *text, size_t n);      /* also without semicolon where HTML 5 allows it */
void vi_html_unescape_ftfy(vi_buffer *out, const char *text, size_t n); /* only with it; and names all in capitals */

uint32_t vi_windows_1252(uint32_t c); /* what U+0080 to U+009F were meant to be; others as they are */

#endif
