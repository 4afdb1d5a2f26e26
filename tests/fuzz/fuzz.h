/* fuzz.h: what the fuzzers share: opens bytes as a checkpoint, reads all that it promises, and stops the program when
 * something is not as it must be. */
#ifndef VIT_FUZZ_H
#define VIT_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "base/reader.h"
#include "format/format.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

#define MUST(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

static volatile float fuzz_sink;

static inline void fuzz_read_tensor(const vi_directory *d, const vi_tensor *t, vi_allocator *a) {
    vi_error e = {0};
    float x[64];
    MUST(t->rank <= VI_MAX_RANK && strlen(t->name) >= 1 && strlen(t->name) <= VI_MAX_NAME && vi_directory_find(d, t->name) == t);
    if (!vi_dtype_is_real(t->dtype) || t->layout != VI_LAYOUT_ROWS) return;
    if (vi_tensor_streams(t)) {
        size_t n = t->elements < 64 ? (size_t)t->elements : 64;
        MUST(vi_tensor_read(d, t, t->elements - n, n, x, &e) == VIT_OK);
        for (size_t i = 0; i < n; i++) fuzz_sink = x[i];
    } else if (t->elements < 1 << 20) {
        float *all = malloc((size_t)t->elements * sizeof *all + 1);
        int32_t status = vi_tensor_load(d, t, all, a, &e);
        MUST(status == VIT_OK || (t->packed > 0 && status == VIT_ERROR_CORRUPT));
        for (size_t i = 0; status == VIT_OK && i < t->elements; i++) fuzz_sink = all[i];
        free(all);
    }
}

/* path: where the shards of an index would lie, or NULL. */
static inline void fuzz_open(const unsigned char *data, size_t size, const char *path) {
    vi_allocator a = {0};
    vi_error e = {0};
    vi_reader r;
    vi_directory d;
    unsigned char *copy = malloc(size + 1); /* so that a read of one byte more is found */
    memcpy(copy, data, size);
    copy = realloc(copy, size > 0 ? size : 1);
    vi_reader_open_memory(&r, copy, size, &e);
    r.path = path;
    if (vi_directory_open(&d, &r, &a, &e) == VIT_OK) {
        for (size_t i = 0; i < d.count; i++) fuzz_read_tensor(&d, &d.tensors[i], &a);
        double x[3];
        int64_t n;
        for (size_t i = 0; i < d.named_count; i++) {
            const char *text = vi_named_text(&d, d.named[i].name);
            MUST(text == NULL || strlen(text) <= d.named[i].value.count);
            vi_named_reals(&d, d.named[i].name, x, 3);
            vi_named_int(&d, d.named[i].name, &n);
        }
        vi_directory_close(&d, &a);
    } else {
        MUST(e.code < 0 && e.text[0] != '\0');
    }
    MUST(a.in_use == 0);
    free(copy);
}

#endif
