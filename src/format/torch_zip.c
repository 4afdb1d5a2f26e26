/* torch_zip.c: PyTorch's files since 1.6 and TorchScript's: a zip archive of "<root>/data.pkl" and, for each storage,
 * "<root>/data/<key>". */
#include <stdio.h>
#include <string.h>
#include "base/checked.h"
#include "format/archive.h"
#include "format/torch.h"

#define MAX_KEY 128 /* bytes of a storage's key; really "0", "1", ... */

typedef struct source {
    vi_builder *b;
    const vi_zip *zip;
    int root; /* bytes of <root> */
    const char *prefix;
} source;

static int32_t bad_member(const source *s, const vi_zip_member *m, int32_t code, const char *problem) {
    char name[128];
    return vi_fail(s->b->error, code, "%s: zip member '%s': %s", s->b->reader->name,
                   vi_printable(name, sizeof name, m->name, strlen(m->name)), problem);
}

static int32_t locate(const source *s, const vi_zip_member *m, uint64_t *offset) {
    if (m->method == VI_ZIP_STORED) return vi_zip_locate(s->zip, m, offset, s->b->error);
    return bad_member(s, m, VIT_ERROR_UNSUPPORTED, "it is compressed, which PyTorch's files never are; save the file anew");
}

/* "little", where it is written at all. */
static int32_t check_byte_order(const source *s) {
    char name[MAX_KEY + 16], text[8] = "";
    snprintf(name, sizeof name, "%.*s/byteorder", s->root, s->prefix);
    const vi_zip_member *m = vi_zip_find(s->zip, name);
    if (m == NULL) return VIT_OK;
    uint64_t offset;
    int32_t status = locate(s, m, &offset);
    if (status == VIT_OK && m->size < sizeof text) {
        status = vi_reader_read(s->b->reader, offset, text, (size_t)m->size, s->b->error);
    }
    if (status != VIT_OK || strcmp(text, "little") == 0) return status;
    return bad_member(s, m, VIT_ERROR_UNSUPPORTED, "expected 'little', found another byte order");
}

/* Where the storage's bytes are. */
static int32_t find_storage(const source *s, const vi_pickle *p, const vi_torch_storage *storage, const vi_torch_walk *w,
                            uint64_t *offset) {
    char name[2 * MAX_KEY + 16], problem[2 * MAX_KEY + 96];
    const vi_zip_member *m = NULL;
    const char *key = vi_pickle_text(p, storage->key);
    if (storage->key->count <= MAX_KEY && memchr(key, 0, storage->key->count) == NULL) {
        snprintf(name, sizeof name, "%.*s/data/%.*s", s->root, s->prefix, (int)storage->key->count, key);
        m = vi_zip_find(s->zip, name);
    }
    if (m == NULL) return vi_build_bad(s->b, w->name, w->length, VIT_ERROR_CORRUPT, "its storage is not in the archive");
    int32_t status = locate(s, m, offset);
    if (status != VIT_OK) return status;
    uint64_t bytes;
    bool fits = storage->size == 0 || (vi_mul_u64(storage->elements, storage->size, &bytes) && bytes == m->size);
    if (fits) return VIT_OK;
    snprintf(problem, sizeof problem, "its storage has %llu elements, but '%s' has %llu bytes",
             (unsigned long long)storage->elements, name, (unsigned long long)m->size);
    return vi_build_bad(s->b, w->name, w->length, VIT_ERROR_CORRUPT, problem);
}

static int32_t add_tensors(const source *s, const vi_pickle *p) {
    vi_torch_walk w;
    vi_torch_tensor t;
    bool found = true;
    int32_t status = vi_torch_start(&w, p, s->b->directory->choice, s->b->error);
    while (status == VIT_OK) {
        status = vi_torch_next(&w, &t, &found, s->b->error);
        if (status != VIT_OK || !found) break;
        uint64_t offset = 0;
        status = find_storage(s, p, &t.storage, &w, &offset);
        t.tensor.offset += offset;
        if (status == VIT_OK) status = vi_build_tensor(s->b, &t.tensor, w.name, w.length);
    }
    return status;
}

int32_t vi_torch_read_zip(vi_builder *b, const vi_zip *z, const vi_zip_member *pickle) {
    source s = {.b = b, .zip = z, .prefix = pickle->name};
    size_t root = (size_t)(strchr(pickle->name, '/') - pickle->name);
    if (root > MAX_KEY) return bad_member(&s, pickle, VIT_ERROR_LIMIT, "the name of its folder is longer than 128 bytes");
    s.root = (int)root;
    uint64_t offset;
    int32_t status = check_byte_order(&s);
    if (status == VIT_OK) status = locate(&s, pickle, &offset);
    if (status != VIT_OK) return status;
    vi_pickle p;
    status = vi_pickle_open(&p, b->reader, offset, offset + pickle->size, b->allocator, b->error);
    if (status != VIT_OK) return status;
    status = add_tensors(&s, &p);
    vi_pickle_close(&p, b->allocator);
    return status;
}
