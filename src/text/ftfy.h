/* ftfy.h: what ftfy.fix_text does to every text, but for its repair of encodings ("mojibake"). */
#ifndef VI_TEXT_FTFY_H
#define VI_TEXT_FTFY_H

#include "text/buffer.h"

#define VI_FTFY_ROUNDS 16 /* ftfy goes on until nothing changes: a text that was escaped more often stays escaped */

/* Appends text[0..n), valid UTF-8, fixed: HTML entities (up to the first line with a <), C1 controls, ligatures, widths, curly
 * quotes, line breaks, terminal escapes, control characters, normal form C. */
void vi_ftfy(vi_buffer *out, const char *text, size_t n);

#endif
