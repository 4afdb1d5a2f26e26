/* clean.h: what is done to a text before the vocabulary is asked: the steps of block.h that need no tokenizer. */
#ifndef VI_TEXT_CLEAN_H
#define VI_TEXT_CLEAN_H

#include "text/buffer.h"

/* Appends text[0..n), valid UTF-8 (but for the first), changed by one step. */
typedef void (*vi_clean_fn)(vi_buffer *out, const char *text, size_t n);

void vi_clean_utf8(vi_buffer *out, const char *text, size_t n); /* makes it valid */
vi_clean_fn vi_clean_step(unsigned step);                       /* VI_STEP_*; NULL for those that a tokenizer does */

#endif
