/* buffer.c: see buffer.h. */
#include "text/buffer.h"

#include <string.h>
#include "text/unicode.h"

void vi_buffer_reserve(vi_buffer *b, size_t more) {
    if (b->status != VIT_OK || more <= b->room - b->size) return;
    if (more > VI_BUFFER_MOST - b->size) {
        b->status = vi_fail(b->e, VIT_ERROR_LIMIT, "text: its normal form is longer than %u bytes", VI_BUFFER_MOST);
        return;
    }
    size_t room = b->size + more < b->room * 2 ? b->room * 2 : b->size + more;
    char *data = vi_alloc(b->a, room, VI_TEMPORARY);
    if (data == NULL) {
        b->status = vi_alloc_failed(b->a, room, "the text", b->e);
        return;
    }
    if (b->size > 0) memcpy(data, b->data, b->size);
    vi_free(b->a, b->data, b->room, VI_TEMPORARY);
    b->data = data;
    b->room = room;
}

void vi_buffer_add(vi_buffer *b, const void *bytes, size_t n) {
    vi_buffer_reserve(b, n);
    if (b->status != VIT_OK || n == 0) return;
    memcpy(b->data + b->size, bytes, n);
    b->size += n;
}

void vi_buffer_add_char(vi_buffer *b, uint32_t c) {
    char bytes[4];
    vi_buffer_add(b, bytes, vi_char_write(bytes, c));
}

void vi_buffer_free(vi_buffer *b) {
    vi_free(b->a, b->data, b->room, VI_TEMPORARY);
    b->data = NULL;
    b->size = b->room = 0;
}
