/* buffer.h: text that grows, in temporary memory. Errors are sticky: after one, nothing is added any more. */
#ifndef VI_TEXT_BUFFER_H
#define VI_TEXT_BUFFER_H

#include <stddef.h>
#include <stdint.h>
#include "base/alloc.h"
#include "base/status.h"

#define VI_BUFFER_MOST (1u << 26) /* a hostile normaliser must not fill the memory */

typedef struct vi_buffer {
    char *data;
    size_t size, room;
    vi_allocator *a;
    vi_error *e;
    int32_t status;
} vi_buffer;

void vi_buffer_reserve(vi_buffer *b, size_t more);
void vi_buffer_add(vi_buffer *b, const void *bytes, size_t n);
void vi_buffer_add_char(vi_buffer *b, uint32_t c); /* as UTF-8 */
void vi_buffer_free(vi_buffer *b);

#endif
