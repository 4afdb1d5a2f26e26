/* safetensors.c: the container of Hugging Face's safetensors: u64 length, JSON header, data. Accepts what the reference
 * implementation accepts and no more, except that names must be unique, not empty and free of NUL.
 * https://github.com/huggingface/safetensors#format */
#include <string.h>
#include "base/arena.h"
#include "base/checked.h"
#include "base/json.h"
#include "format/format.h"

#define LENGTH_BYTES 8

typedef struct source {
    const vi_reader *reader;
    uint64_t data, data_size; /* the data section */
    size_t capacity;          /* tensors there is room for */
    char *names;              /* where the next one goes; all fit, as each lies in the header with two quotes */
    const void **scratch;     /* [2 * capacity] */
    vi_error *e;
} source;

static bool probe(const unsigned char *head, size_t n, uint64_t file_size) {
    (void)file_size;
    return n > LENGTH_BYTES && head[LENGTH_BYTES] == '{';
}

/* ---- one tensor ---------------------------------------------------------------------------------------------------------- */

static int32_t bad_tensor(const source *s, const vi_tensor *t, int32_t code, const char *problem) {
    char name[VI_MAX_NAME + 1];
    return vi_fail(s->e, code, "%s: tensor '%s': %s", s->reader->name, vi_printable(name, sizeof name, t->name, strlen(t->name)),
                   problem);
}

static int32_t read_shape(const source *s, vi_tensor *t, const vi_json_value *shape) {
    if (shape == NULL || shape->kind != VI_JSON_ARRAY) return bad_tensor(s, t, VIT_ERROR_CORRUPT, "shape is not an array");
    if (shape->count > VI_MAX_RANK) return bad_tensor(s, t, VIT_ERROR_LIMIT, "more than 6 dimensions");
    for (const vi_json_value *dim = shape->child; dim != NULL; dim = dim->next) {
        int64_t n = vi_json_int(dim, -1);
        if (n < 0) return bad_tensor(s, t, VIT_ERROR_CORRUPT, "a dimension is not a non-negative integer");
        if (n > VI_MAX_DIM) return bad_tensor(s, t, VIT_ERROR_LIMIT, "a dimension exceeds 2147483647");
        t->shape[t->rank++] = (uint64_t)n;
    }
    if (!vi_shape_elements(t->rank, t->shape, &t->elements)) return bad_tensor(s, t, VIT_ERROR_CORRUPT, "shape overflows");
    return VIT_OK;
}

static int32_t read_range(const source *s, vi_tensor *t, const vi_json_value *offsets) {
    if (offsets == NULL || offsets->kind != VI_JSON_ARRAY || offsets->count != 2) {
        return bad_tensor(s, t, VIT_ERROR_CORRUPT, "data_offsets is not an array of two integers");
    }
    int64_t begin = vi_json_int(offsets->child, -1), end = vi_json_int(offsets->child->next, -1);
    if (begin < 0 || end < begin) return bad_tensor(s, t, VIT_ERROR_CORRUPT, "data_offsets are not two ascending integers");
    if ((uint64_t)end > s->data_size) return bad_tensor(s, t, VIT_ERROR_CORRUPT, "data_offsets are beyond the end of the file");
    t->offset = s->data + (uint64_t)begin;
    t->bytes = (uint64_t)(end - begin);
    return VIT_OK;
}

/* t->name is set; entry is its value in the header. */
static int32_t read_tensor(const source *s, vi_tensor *t, const vi_json_value *entry) {
    if (entry->kind != VI_JSON_OBJECT) return bad_tensor(s, t, VIT_ERROR_CORRUPT, "its description is not an object");
    const vi_json_value *dtype = vi_json_get(entry, "dtype");
    if (dtype == NULL || dtype->kind != VI_JSON_STRING) return bad_tensor(s, t, VIT_ERROR_CORRUPT, "dtype is not a string");
    t->dtype = vi_dtype_named(dtype->text, dtype->length);
    t->layout = VI_LAYOUT_ROWS;
    int32_t status = read_shape(s, t, vi_json_get(entry, "shape"));
    if (status == VIT_OK) status = read_range(s, t, vi_json_get(entry, "data_offsets"));
    if (status != VIT_OK || t->dtype == VI_DT_OTHER) return status; /* of an unknown type the range says the size */
    uint64_t bytes;
    if (!vi_tensor_bytes(t->dtype, t->layout, t->rank, t->shape, &bytes)) {
        return bad_tensor(s, t, VIT_ERROR_CORRUPT, "shape overflows");
    }
    if (bytes == t->bytes) return VIT_OK;
    char name[VI_MAX_NAME + 1], shape[160];
    return vi_fail(s->e, VIT_ERROR_CORRUPT, "%s: tensor '%s' is %s %s: expected %llu bytes, found %llu", s->reader->name,
                   vi_printable(name, sizeof name, t->name, strlen(t->name)), vi_dtype_name(t->dtype),
                   vi_shape_text(shape, sizeof shape, t), (unsigned long long)bytes, (unsigned long long)t->bytes);
}

/* ---- the header ---------------------------------------------------------------------------------------------------------- */

static int32_t check_metadata(const source *s, const vi_json_value *metadata) {
    bool strings = metadata->kind == VI_JSON_OBJECT;
    for (const vi_json_value *v = metadata->child; strings && v != NULL; v = v->next) strings = v->kind == VI_JSON_STRING;
    if (strings) return VIT_OK;
    return vi_fail(s->e, VIT_ERROR_CORRUPT, "%s: __metadata__ is not an object of strings", s->reader->name);
}

static int32_t check_name(const source *s, const vi_json_value *entry) {
    if (entry->key_length > VI_MAX_NAME) {
        char start[64];
        return vi_fail(s->e, VIT_ERROR_LIMIT, "%s: the tensor name '%s...' is longer than %d bytes", s->reader->name,
                       vi_printable(start, sizeof start, entry->key, entry->key_length), VI_MAX_NAME);
    }
    if (entry->key_length > 0 && strlen(entry->key) == entry->key_length) return VIT_OK;
    return vi_fail(s->e, VIT_ERROR_CORRUPT, "%s: a tensor name is empty or holds a NUL", s->reader->name);
}

static int32_t add_tensor(source *s, vi_directory *d, const vi_json_value *entry) {
    int32_t status = check_name(s, entry);
    if (status != VIT_OK) return status;
    if (d->count == VI_MAX_TENSORS) {
        return vi_fail(s->e, VIT_ERROR_LIMIT, "%s: more than %d tensors", s->reader->name, VI_MAX_TENSORS);
    }
    size_t size = (size_t)entry->key_length + 1;
    if (d->count == s->capacity) { /* more braces than were counted */
        return vi_fail(s->e, VIT_ERROR_IO, "%s: changed while it was read", s->reader->name);
    }
    vi_tensor *t = &d->tensors[d->count++];
    t->name = memcpy(s->names, entry->key, size);
    s->names += size;
    return read_tensor(s, t, entry);
}

/* In the order of names, which is that of the sorted members. */
static int32_t read_entries(source *s, vi_directory *d, const vi_json_value *root) {
    for (uint32_t i = 0; i < root->count; i++) {
        const vi_json_value *entry = root->sorted[i];
        bool metadata = entry->key_length == 12 && memcmp(entry->key, "__metadata__", 12) == 0;
        int32_t status = metadata ? check_metadata(s, entry) : add_tensor(s, d, entry);
        if (status != VIT_OK) return status;
    }
    return VIT_OK;
}

/* At most this many tensors are described: each has its own brace. Reading in pieces keeps this pass free of memory. */
static int32_t count_braces(vi_reader *r, uint64_t length, size_t *count, vi_error *e) {
    unsigned char piece[1024];
    *count = 0;
    for (uint64_t at = 0; at < length;) {
        size_t n = length - at < sizeof piece ? (size_t)(length - at) : sizeof piece;
        int32_t status = vi_reader_read(r, LENGTH_BYTES + at, piece, n, e);
        if (status != VIT_OK) return status;
        for (size_t i = 0; i < n; i++) *count += piece[i] == '{';
        at += n;
    }
    return VIT_OK;
}

/* The header's text: in place in the caller's memory, else read into *copy. A mapping is copied as well: what another process
 * may change must not change between two passes over it. */
static int32_t get_text(vi_reader *r, size_t length, vi_allocator *a, const char **text, char **copy, vi_error *e) {
    *copy = NULL;
    *text = r->mapped ? NULL : vi_reader_view(r, LENGTH_BYTES, length);
    if (*text != NULL) return VIT_OK;
    *copy = vi_alloc(a, length, VI_TEMPORARY);
    if (*copy == NULL) return vi_alloc_failed(a, length, "the header of a checkpoint", e);
    *text = *copy;
    return vi_reader_read(r, LENGTH_BYTES, *copy, length, e);
}

static int32_t read_header(source *s, vi_directory *d, vi_allocator *a) {
    size_t length = (size_t)(s->data - LENGTH_BYTES);
    char what[sizeof d->reader->name + 16] = "header of ";
    memcpy(what + strlen(what), d->reader->name, strlen(d->reader->name) + 1);
    const char *text;
    char *copy;
    int32_t status = get_text(d->reader, length, a, &text, &copy, s->e);
    if (status == VIT_OK && text[0] != '{') status = vi_fail(s->e, VIT_ERROR_CORRUPT, "%s: does not start with '{'", what);
    if (status == VIT_OK) {
        vi_json json = {0};
        status = vi_json_parse(&json, text, length, what, a, s->e);
        if (status == VIT_OK) status = read_entries(s, d, json.root);
        vi_json_free(&json, a);
    }
    vi_free(a, copy, length, VI_TEMPORARY);
    return status;
}

static void lay_out(source *s, vi_directory *d, vi_arena *arena, size_t name_bytes) {
    d->tensors = vi_arena_take(arena, s->capacity, sizeof *d->tensors);
    s->scratch = vi_arena_take(arena, 2 * s->capacity, sizeof *s->scratch);
    s->names = vi_arena_take(arena, name_bytes, 1);
}

static int32_t read_length(vi_reader *r, uint64_t *length, vi_error *e) {
    unsigned char head[LENGTH_BYTES];
    int32_t status = vi_reader_read(r, 0, head, sizeof head, e);
    if (status != VIT_OK) return status;
    *length = vi_load_u64(head);
    if (*length > r->size - LENGTH_BYTES) {
        return vi_fail(e, VIT_ERROR_CORRUPT, "%s: truncated: its header has %llu bytes, the whole file %llu", r->name,
                       (unsigned long long)*length, (unsigned long long)r->size);
    }
    if (*length > VI_MAX_HEADER) {
        return vi_fail(e, VIT_ERROR_LIMIT, "%s: its header has %llu bytes; at most %u are accepted", r->name,
                       (unsigned long long)*length, VI_MAX_HEADER);
    }
    if (*length < 2) return vi_fail(e, VIT_ERROR_CORRUPT, "%s: its header has no room for '{}'", r->name);
    return VIT_OK;
}

static int32_t open(vi_directory *d, vi_reader *r, vi_allocator *a, vi_error *e) {
    uint64_t length;
    source s = {.reader = r, .e = e};
    int32_t status = read_length(r, &length, e);
    if (status == VIT_OK) status = count_braces(r, length, &s.capacity, e);
    if (status != VIT_OK) return status;
    if (s.capacity > VI_MAX_TENSORS) s.capacity = VI_MAX_TENSORS;
    s.data = LENGTH_BYTES + length;
    s.data_size = r->size - s.data;

    vi_arena arena = vi_arena_measure();
    lay_out(&s, d, &arena, (size_t)length);
    d->block_size = arena.used;
    d->block = vi_alloc(a, d->block_size, VI_TEMPORARY);
    if (d->block == NULL) return vi_alloc_failed(a, d->block_size, "the tensor directory", e);
    arena = vi_arena_over(d->block, d->block_size);
    lay_out(&s, d, &arena, (size_t)length);

    status = read_header(&s, d, a);
    if (status == VIT_OK) status = vi_check_packing(d, s.data, r->size, 1, s.scratch, e);
    return status;
}

const vi_format vi_format_safetensors = {"safetensors", probe, open};
