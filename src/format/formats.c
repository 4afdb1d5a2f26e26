/* formats.c: the one list of formats, and what works on the directory of any of them. See format.h. */
#include <stdio.h>
#include <string.h>
#include "base/checked.h"
#include "format/format.h"

#ifndef VI_FORMATS /* make FORMATS='vit safetensors' leaves the others out */
#define VI_FORMATS ROW(vit) ROW(index) ROW(safetensors) ROW(zip) ROW(torch_legacy) ROW(gguf)
#endif
#define ROW(name) &vi_format_##name,
static const vi_format *const formats[] = {VI_FORMATS};
#undef ROW
#define FORMATS (sizeof formats / sizeof *formats)

/* First bytes of files that people try, to say more than "unknown". */
static const struct {
    const char *magic, *what;
} strangers[] = {
    {"\x80", "a Python pickle, but not one of torch.save"},
    {"\x93NUMPY", "a single NumPy array: expected several in an .npz file"},
    {"\x89HDF", "an HDF5 file (Keras): convert it to safetensors"},
    {"lmgg", "the old ggml format: convert it to GGUF or safetensors"},
    {"version https://git-lfs", "a Git LFS pointer, not the file itself: run `git lfs pull`"},
    {"<", "a web page, not a checkpoint"},
};

static int32_t unknown_format(const vi_reader *r, const unsigned char *head, size_t n, vi_error *e) {
    if (n == 0) return vi_fail(e, VIT_ERROR_FORMAT, "%s: expected a checkpoint, found an empty one", r->name);
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        size_t length = strlen(strangers[i].magic);
        if (n < length || memcmp(head, strangers[i].magic, length) != 0) continue;
        return vi_fail(e, VIT_ERROR_FORMAT, "%s: expected a checkpoint, found %s", r->name, strangers[i].what);
    }
    char known[64] = "";
    for (size_t i = 0, used = 0; i < FORMATS && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i > 0 ? ", " : "", formats[i]->name);
    return vi_fail(e, VIT_ERROR_FORMAT, "%s: of no format that this build of libvit reads (%s)", r->name, known);
}

/* Tensors may share bytes and a deflate stream may unpack to a thousand times its size, so that a small file could ask for absurd
 * amounts of memory. Real checkpoints do not. */
#define MAX_GROWTH 16
#define MAX_SMALL (64u << 20) /* bytes that any file may have */

static int32_t check_growth(const vi_directory *d, vi_error *e) {
    uint64_t file = d->reader->size, total = 0;
    for (size_t i = 0; i < d->shard_count; i++) file += d->shards[i].size;
    for (size_t i = 0; i < d->count; i++) {
        uint64_t bytes = d->tensors[i].elements;
        bool fits = vi_mul_u64(bytes, vi_dtype_size(d->tensors[i].dtype), &bytes) && vi_add_u64(total, bytes, &total);
        if (fits && (total <= MAX_SMALL || total / MAX_GROWTH <= file)) continue;
        return vi_fail(e, VIT_ERROR_LIMIT, "%s: a file of %llu bytes has tensors of more than %d times as many", d->reader->name,
                       (unsigned long long)file, MAX_GROWTH);
    }
    return VIT_OK;
}

int32_t vi_directory_open(vi_directory *d, vi_reader *r, vi_allocator *a, vi_error *e) {
    unsigned char head[64];
    size_t n = r->size < sizeof head ? (size_t)r->size : sizeof head;
    int32_t status = vi_reader_read(r, 0, head, n, e);
    if (status != VIT_OK) return status;
    for (size_t i = 0; i < FORMATS; i++) {
        if (!formats[i]->probe(head, n, r->size)) continue;
        vi_directory opened = {.format = formats[i], .reader = r};
        status = formats[i]->open(&opened, r, a, e);
        if (status == VIT_OK) status = check_growth(&opened, e);
        if (status != VIT_OK) {
            vi_directory_close(&opened, a);
            return status;
        }
        *d = opened;
        return VIT_OK;
    }
    return unknown_format(r, head, n, e);
}

void vi_directory_close(vi_directory *d, vi_allocator *a) {
    vi_free(a, d->block, d->block_size, VI_TEMPORARY);
    for (size_t i = 0; i < d->shard_count; i++) vi_reader_close(&d->shards[i]);
    vi_free(a, d->shards, d->shards_size, VI_TEMPORARY);
    *d = (vi_directory){0};
}

vi_tensor *vi_directory_find(const vi_directory *d, const char *name) {
    size_t low = 0, high = d->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(d->tensors[middle].name, name);
        if (order == 0) return &d->tensors[middle];
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

static const vi_meta *find_named(const vi_directory *d, const char *name, uint32_t kind) {
    for (size_t i = 0; i < d->named_count; i++) {
        const vi_meta *m = &d->named[i].value;
        if (strcmp(d->named[i].name, name) == 0) return m->kind == kind ? m : NULL;
    }
    return NULL;
}

bool vi_named_int(const vi_directory *d, const char *name, int64_t *value) {
    const vi_meta *m = find_named(d, name, VI_META_INT);
    if (m != NULL) *value = m->integer;
    return m != NULL;
}

size_t vi_named_reals(const vi_directory *d, const char *name, double *values, size_t room) {
    const vi_meta *m = find_named(d, name, VI_META_REAL);
    if (m == NULL) return 0;
    for (size_t i = 0; i < m->count && i < room; i++) values[i] = vi_load_f64(m->data + 8 * i);
    return m->count;
}

const char *vi_named_text(const vi_directory *d, const char *name) {
    const vi_meta *m = find_named(d, name, VI_META_TEXT);
    return m != NULL ? (const char *)m->data : NULL;
}

const vi_meta *vi_directory_meta(const vi_directory *d, uint32_t key) {
    size_t low = 0, high = d->meta_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->meta[middle].key == key) return &d->meta[middle];
        if (d->meta[middle].key < key) low = middle + 1;
        else high = middle;
    }
    return NULL;
}
