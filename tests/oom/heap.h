/* heap.h: an allocator that counts, and fails when it is told to. */
#ifndef VIT_HEAP_H
#define VIT_HEAP_H

#include "vit.h"
#include <stdlib.h>
#include <string.h>

typedef struct heap {
    long calls, fail_at, fail_until; /* calls fail_at..fail_until fail (1-based) */
    long live;                       /* blocks */
    size_t bytes;
    long bad_frees;
} heap;

typedef struct header {
    void *base;
    size_t size;
} header;

static inline void *take(void *user, size_t size, size_t align) {
    heap *h = user;
    h->calls++;
    if (h->calls >= h->fail_at && h->calls <= h->fail_until) return NULL;
    unsigned char *base = malloc(size + align + sizeof(header));
    size_t address = (size_t)base + sizeof(header);
    unsigned char *p = base + sizeof(header) + (align - address % align) % align;
    memcpy(p - sizeof(header), &(header){base, size}, sizeof(header));
    memset(p, 0xa5, size);
    h->live++;
    h->bytes += size;
    return p;
}

static inline void give_back(void *user, void *block, size_t size) {
    heap *h = user;
    header found;
    memcpy(&found, (unsigned char *)block - sizeof found, sizeof found);
    if (found.size != size) h->bad_frees++;
    h->live--;
    h->bytes -= size;
    free(found.base);
}

static inline int32_t discard(void *user, const void *data, size_t size) {
    (void)data;
    *(size_t *)user += size;
    return 0;
}

#endif
