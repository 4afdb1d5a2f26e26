/* support.h: what the tests of base and format share: an allocator that counts and fails, a reader that fails, temporary files,
 * and a growing buffer. Include it first: it asks for POSIX. */
#ifndef VIT_TEST_SUPPORT_H
#define VIT_TEST_SUPPORT_H

#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/reader.h"
#include "test.h"

/* ---- allocator hook: checks sizes and alignment, fails the fail_at-th call (1 is the first; 0: none) --------------------- */

#define HEAP_BLOCKS 64

typedef struct heap {
    int calls, fail_at;
    bool wrong; /* something was freed that was not allocated, or with another size, or the alignment asked for was not 64 */
    struct {
        void *raw, *block;
        size_t size;
    } live[HEAP_BLOCKS];
} heap;

static inline void *heap_alloc(void *user, size_t size, size_t align) {
    heap *h = user;
    if (align != 64 || size == 0 || size % 64 != 0) h->wrong = true;
    if (++h->calls == h->fail_at) return NULL;
    for (size_t i = 0; i < HEAP_BLOCKS; i++) {
        if (h->live[i].raw != NULL) continue;
        unsigned char *raw = malloc(size + 64);
        if (raw == NULL) return NULL;
        memset(raw, 0xA5, size + 64); /* not zero: the library must clear it */
        h->live[i].raw = raw;
        h->live[i].block = raw + (64 - (uintptr_t)raw % 64);
        h->live[i].size = size;
        return h->live[i].block;
    }
    h->wrong = true;
    return NULL;
}

static inline void heap_free(void *user, void *block, size_t size) {
    heap *h = user;
    for (size_t i = 0; i < HEAP_BLOCKS; i++) {
        if (h->live[i].block != block || h->live[i].size != size) continue;
        free(h->live[i].raw);
        h->live[i].raw = h->live[i].block = NULL;
        return;
    }
    h->wrong = true;
}

static inline int heap_live(const heap *h) {
    int n = 0;
    for (size_t i = 0; i < HEAP_BLOCKS; i++) n += h->live[i].raw != NULL;
    return n;
}

static inline vi_allocator heap_allocator(heap *h) {
    return (vi_allocator){.alloc = heap_alloc, .free = heap_free, .user = h};
}

/* ---- reader callback over memory: fails the fail_at-th call -------------------------------------------------------------- */

typedef struct tape {
    const unsigned char *data;
    size_t size;
    int calls, fail_at;
    bool wrong; /* a read beyond the end, or of nothing */
} tape;

static inline int32_t tape_read(void *user, uint64_t offset, void *dst, size_t size) {
    tape *t = user;
    if (size == 0 || offset > t->size || size > t->size - offset) {
        t->wrong = true;
        return 1;
    }
    if (++t->calls == t->fail_at) return 1;
    memcpy(dst, t->data + offset, size);
    return 0;
}

/* ---- temporary files ----------------------------------------------------------------------------------------------------- */

/* A path for this process and this name; valid until the next call. */
static inline const char *temporary_path(const char *name) {
    static char path[512];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/vit-test-%ld-%s", folder != NULL ? folder : "/tmp", (long)getpid(), name);
    return path;
}

static inline bool write_file(const char *path, const void *data, size_t size) {
    FILE *f = fopen(path, "wb");
    if (f == NULL) return false;
    bool done = size == 0 || fwrite(data, 1, size, f) == size;
    return fclose(f) == 0 && done;
}

/* Bytes of a whole file, to be freed; NULL when there is none. */
static inline unsigned char *read_file(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    if (f == NULL) return NULL;
    fseek(f, 0, SEEK_END);
    long length = ftell(f);
    rewind(f);
    unsigned char *data = malloc(length > 0 ? (size_t)length : 1);
    *size = data == NULL ? 0 : fread(data, 1, (size_t)length, f);
    fclose(f);
    return data;
}

/* ---- buffer -------------------------------------------------------------------------------------------------------------- */

typedef struct buffer {
    unsigned char *data;
    size_t size, capacity;
} buffer;

static inline void buffer_add(buffer *b, const void *data, size_t size) {
    if (b->size + size > b->capacity) {
        b->capacity = (b->size + size) * 2;
        b->data = realloc(b->data, b->capacity);
        if (b->data == NULL) exit(2);
    }
    if (size > 0) memcpy(b->data + b->size, data, size);
    b->size += size;
}

static inline void buffer_text(buffer *b, const char *text) {
    buffer_add(b, text, strlen(text));
}

static inline void buffer_free(buffer *b) {
    free(b->data);
    *b = (buffer){0};
}

static inline int32_t buffer_write(void *user, const void *data, size_t size) { /* a vit_write_fn */
    buffer_add(user, data, size);
    return 0;
}

/* A safetensors file: header length, header, `data_size` bytes 0, 1, 2, ... */
static inline buffer make_safetensors(const char *header, size_t header_size, size_t data_size) {
    buffer b = {0};
    unsigned char length[8];
    vi_store_u64(length, header_size);
    buffer_add(&b, length, 8);
    buffer_add(&b, header, header_size);
    for (size_t i = 0; i < data_size; i++) buffer_add(&b, &(unsigned char){(unsigned char)i}, 1);
    return b;
}

#endif
