/* torch_legacy.c: PyTorch's files before 1.6: five pickles one after the other (a magic number, a version, the system, the
 * object, a list of keys), then for each key the number of its storage's elements and these. */
#include <string.h>
#include "base/arena.h"
#include "base/checked.h"
#include "base/sort.h"
#include "format/torch.h"

static bool probe(const unsigned char *head, size_t n, uint64_t file_size) {
    static const unsigned char magic[] = {0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19};
    (void)file_size;
    for (size_t i = 2; i <= 16 && n >= i + sizeof magic && head[0] == 0x80; i++) { /* newer protocols have a frame before it */
        if (memcmp(head + i, magic, sizeof magic) == 0) return true;
    }
    return false;
}

/* A storage that the object mentions, as often as it does. */
typedef struct slot {
    vi_torch_storage storage;
    const char *key;
    uint64_t offset; /* of its elements in the file */
    bool located;
} slot;

typedef struct source {
    vi_builder *b;
    vi_pickle object, keys;
    uint64_t data;                 /* where the storages begin */
    slot *slots;                   /* [count] */
    const void **order, **scratch; /* [count] slots by key */
    size_t count;
} source;

static const slot *slot_at(const source *s, size_t i) { return s->order[i]; }

/* ---- the pickles -------------------------------------------------------------------------------------------------------- */

static int32_t open_pickle(vi_builder *b, vi_pickle *p, uint64_t *at) {
    int32_t status = vi_pickle_open(p, b->reader, *at, b->reader->size, b->allocator, b->error);
    if (status == VIT_OK) *at += p->size;
    return status;
}

static int32_t check_system(const vi_builder *b, const vi_pickle *p, int which) {
    if (which == 1 && (p->root->kind != VI_PICKLE_INT || p->root->of.integer != 1001)) {
        return vi_fail(b->error, VIT_ERROR_UNSUPPORTED, "%s: old PyTorch file: expected version 1001, found another one",
                       b->reader->name);
    }
    const vi_pickle_value *little = which == 2 ? vi_pickle_get(p, p->root, "little_endian") : NULL;
    if (little == NULL || (little->kind == VI_PICKLE_BOOL && little->of.integer == 1)) return VIT_OK;
    return vi_fail(b->error, VIT_ERROR_UNSUPPORTED, "%s: old PyTorch file: its numbers are big-endian", b->reader->name);
}

/* The first three: nothing of them is kept. */
static int32_t read_heads(vi_builder *b, uint64_t *at) {
    for (int which = 0; which < 3; which++) {
        vi_pickle p;
        int32_t status = open_pickle(b, &p, at);
        if (status != VIT_OK) return status;
        status = check_system(b, &p, which);
        vi_pickle_close(&p, b->allocator);
        if (status != VIT_OK) return status;
    }
    return VIT_OK;
}

/* ---- storages ----------------------------------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b) {
    const slot *x = a, *y = b;
    uint32_t n = x->storage.key->count, m = y->storage.key->count;
    if (n != m) return n < m ? -1 : 1;
    return memcmp(x->key, y->key, n);
}

static int32_t bad_storage(const source *s, const char *key, size_t length, const char *problem) {
    char text[64];
    return vi_fail(s->b->error, VIT_ERROR_CORRUPT, "%s: storage '%s' %s", s->b->reader->name,
                   vi_printable(text, sizeof text, key, length), problem);
}

static int32_t collect(source *s) {
    const vi_pickle *p = &s->object;
    size_t n = 0;
    for (size_t i = 0; i < p->count; i++) {
        if (!vi_torch_is_storage(p, &p->values[i])) continue;
        uint64_t skip;
        slot *added = &s->slots[n];
        int32_t status = vi_torch_storage_read(p, &p->values[i], &added->storage, &skip, s->b->error);
        if (status != VIT_OK) return status;
        added->key = vi_pickle_text(p, added->storage.key);
        s->order[n++] = added;
    }
    vi_sort(s->order, s->scratch, n, compare_keys);
    for (size_t i = 1; i < n; i++) {
        const slot *x = slot_at(s, i - 1), *y = slot_at(s, i);
        if (compare_keys(x, y) != 0) continue;
        if (x->storage.dtype != y->storage.dtype || x->storage.size != y->storage.size ||
            x->storage.elements != y->storage.elements) {
            return bad_storage(s, x->key, x->storage.key->count, "is of two types or sizes");
        }
    }
    return VIT_OK;
}

/* The first of those with this key in `order`; s->count when there is none. */
static size_t find(const source *s, const vi_pickle_value *key, const char *text) {
    slot wanted = {.storage = {.key = key}, .key = text};
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_keys(s->order[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->count && compare_keys(s->order[low], &wanted) == 0 ? low : s->count;
}

/* The storage of this key begins at *at; moves *at behind it. */
static int32_t locate(source *s, const vi_pickle_value *key, uint64_t *at) {
    const char *text = vi_pickle_text(&s->keys, key);
    size_t first = find(s, key, text);
    if (first == s->count) return bad_storage(s, text, key->count, "belongs to no tensor");
    const vi_torch_storage *storage = &slot_at(s, first)->storage;
    unsigned char head[8] = {0};
    uint64_t bytes, file = s->b->reader->size;
    if (storage->size == 0) return bad_storage(s, text, key->count, "is of an unknown type");
    if (slot_at(s, first)->located) return bad_storage(s, text, key->count, "is there twice");
    if (!vi_range_fits(*at, sizeof head, file)) return bad_storage(s, text, key->count, "is missing: the file is truncated");
    int32_t status = vi_reader_read(s->b->reader, *at, head, sizeof head, s->b->error);
    if (status != VIT_OK) return status;
    if (vi_load_u64(head) != storage->elements) return bad_storage(s, text, key->count, "has two sizes");
    *at += sizeof head;
    if (!vi_mul_u64(storage->elements, storage->size, &bytes) || !vi_range_fits(*at, bytes, file)) {
        return bad_storage(s, text, key->count, "is cut off: the file is truncated");
    }
    for (size_t i = first; i < s->count && compare_keys(s->order[i], s->order[first]) == 0; i++) {
        slot *same = &s->slots[slot_at(s, i) - s->slots];
        same->offset = *at;
        same->located = true;
    }
    *at += bytes;
    return VIT_OK;
}

static int32_t locate_all(source *s) {
    const vi_pickle *k = &s->keys;
    uint64_t at = s->data;
    if (k->root->kind != VI_PICKLE_LIST) {
        return vi_fail(s->b->error, VIT_ERROR_CORRUPT, "%s: old PyTorch file: the keys of its storages are no list",
                       s->b->reader->name);
    }
    for (uint32_t item = k->root->first; item != 0; item = k->items[item].next) {
        const vi_pickle_value *key = &k->values[k->items[item].value];
        int32_t status = key->kind == VI_PICKLE_TEXT ? locate(s, key, &at) : bad_storage(s, "?", 1, "has a key that is no text");
        if (status != VIT_OK) return status;
    }
    return VIT_OK;
}

/* ---- tensors ------------------------------------------------------------------------------------------------------------ */

static int32_t add_tensors(const source *s) {
    vi_torch_walk w;
    vi_torch_tensor t;
    bool found = true;
    int32_t status = vi_torch_start(&w, &s->object, s->b->directory->choice, s->b->error);
    while (status == VIT_OK) {
        status = vi_torch_next(&w, &t, &found, s->b->error);
        if (status != VIT_OK || !found) break;
        size_t i = find(s, t.storage.key, vi_pickle_text(&s->object, t.storage.key));
        if (i == s->count || !slot_at(s, i)->located) {
            return vi_build_bad(s->b, w.name, w.length, VIT_ERROR_CORRUPT, "its storage is not in the file");
        }
        t.tensor.offset += slot_at(s, i)->offset;
        status = vi_build_tensor(s->b, &t.tensor, w.name, w.length);
    }
    return status;
}

static void lay_out(source *s, vi_arena *arena) {
    s->slots = vi_arena_take(arena, s->count, sizeof *s->slots);
    s->order = vi_arena_take(arena, s->count, sizeof *s->order);
    s->scratch = vi_arena_take(arena, s->count, sizeof *s->scratch);
}

static int32_t read_storages(source *s) {
    for (size_t i = 0; i < s->object.count; i++) s->count += vi_torch_is_storage(&s->object, &s->object.values[i]);
    vi_arena arena = vi_arena_measure();
    lay_out(s, &arena);
    size_t size = arena.used;
    void *block = vi_alloc(s->b->allocator, size, VI_TEMPORARY);
    if (block == NULL) return vi_alloc_failed(s->b->allocator, size, "the storages of a PyTorch file", s->b->error);
    arena = vi_arena_over(block, size);
    lay_out(s, &arena);
    int32_t status = collect(s);
    if (status == VIT_OK) status = locate_all(s);
    if (status == VIT_OK) status = add_tensors(s);
    vi_free(s->b->allocator, block, size, VI_TEMPORARY);
    return status;
}

static int32_t pass(vi_builder *b, void *user) {
    source s = {.b = b};
    (void)user;
    int32_t status = read_heads(b, &s.data);
    if (status == VIT_OK) status = open_pickle(b, &s.object, &s.data);
    if (status == VIT_OK) status = open_pickle(b, &s.keys, &s.data);
    if (status == VIT_OK) status = read_storages(&s);
    vi_pickle_close(&s.keys, b->allocator);
    vi_pickle_close(&s.object, b->allocator);
    return status;
}

static int32_t open(vi_directory *d, vi_reader *r, vi_allocator *a, vi_error *e) {
    (void)r;
    return vi_build(d, pass, NULL, a, e);
}

const vi_format vi_format_torch_legacy = {"pytorch", probe, open};
