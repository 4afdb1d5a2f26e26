/* vit.c: reads the directory of a .vit file (docs/format-vit.md). Everything before the data section is called the head.
 * Version 1 has one encoding for each content, so every field is compared with the one value it may have. */
#include <string.h>
#include "base/arena.h"
#include "base/checked.h"
#include "base/crc32.h"
#include "format/format.h"
#include "format/vit_layout.h"

typedef struct head {
    const unsigned char *bytes; /* [size] */
    size_t size;                /* offset of the data section */
    size_t meta, meta_count, tensors, tensor_count, strings, string_bytes;
} head;

static bool probe(const unsigned char *first, size_t n, uint64_t file_size) {
    (void)file_size;
    return n >= 8 && memcmp(first, VITF_MAGIC, 8) == 0;
}

static int32_t corrupt(const vi_reader *r, const char *problem, vi_error *e) {
    return vi_fail(e, VIT_ERROR_CORRUPT, "%s: %s", r->name, problem);
}

static bool all_zero(const unsigned char *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (p[i] != 0) return false;
    }
    return true;
}

/* ---- the header ---------------------------------------------------------------------------------------------------------- */

/* Checks the 64 bytes at `fixed` so far that the head can be read; h->bytes is not set yet. */
static int32_t read_fixed(head *h, const unsigned char *fixed, const vi_reader *r, vi_error *e) {
    uint32_t version = vi_load_u32(fixed + VITF_AT_VERSION);
    if (version != VITF_FILE_VERSION) {
        return vi_fail(e, VIT_ERROR_UNSUPPORTED, "%s: .vit version %lu; this library reads version %d", r->name,
                       (unsigned long)version, VITF_FILE_VERSION);
    }
    uint64_t file_size = vi_load_u64(fixed + VITF_AT_FILE_SIZE), data = vi_load_u64(fixed + VITF_AT_DATA);
    if (file_size != r->size) {
        return vi_fail(e, VIT_ERROR_CORRUPT, "%s: expected a file of %llu bytes, found %llu", r->name,
                       (unsigned long long)file_size, (unsigned long long)r->size);
    }
    if (data > VITF_MAX_HEAD) {
        return vi_fail(e, VIT_ERROR_LIMIT, "%s: its directory has %llu bytes; at most %u are accepted", r->name,
                       (unsigned long long)data, VITF_MAX_HEAD);
    }
    *h = (head){
        .size = (size_t)data,
        .meta = vi_load_u32(fixed + VITF_AT_META),
        .meta_count = vi_load_u32(fixed + VITF_AT_META + 4),
        .tensors = vi_load_u32(fixed + VITF_AT_TENSORS),
        .tensor_count = vi_load_u32(fixed + VITF_AT_TENSORS + 4),
        .strings = vi_load_u32(fixed + VITF_AT_STRINGS),
        .string_bytes = vi_load_u32(fixed + VITF_AT_STRINGS + 4),
    };
    if (h->tensor_count > VI_MAX_TENSORS) return vi_fail(e, VIT_ERROR_LIMIT, "%s: more than %d tensors", r->name, VI_MAX_TENSORS);
    size_t end;
    bool adjacent = data <= r->size && h->meta == VITF_HEADER_BYTES && h->tensors >= h->meta && h->tensors <= h->size &&
                    h->meta_count <= (h->tensors - h->meta) / VITF_META_BYTES &&
                    h->strings == h->tensors + h->tensor_count * VITF_TENSOR_BYTES && h->strings <= h->size &&
                    h->string_bytes <= h->size - h->strings && vi_round_up(h->strings + h->string_bytes, VITF_ALIGN, &end) &&
                    end == h->size;
    if (!adjacent) return corrupt(r, "the parts of its directory do not follow each other", e);
    return VIT_OK;
}

static int32_t check_head(const head *h, const vi_reader *r, vi_error *e) {
    static const unsigned char no_checksum[4];
    uint32_t stored = vi_load_u32(h->bytes + VITF_AT_CHECKSUM);
    uint32_t crc = vi_crc32(0, h->bytes, VITF_AT_CHECKSUM);
    crc = vi_crc32(crc, no_checksum, sizeof no_checksum);
    crc = vi_crc32(crc, h->bytes + VITF_AT_CHECKSUM + 4, h->size - VITF_AT_CHECKSUM - 4);
    if (crc != stored) {
        return vi_fail(e, VIT_ERROR_CORRUPT, "%s: its directory is damaged: expected checksum %08lx, found %08lx", r->name,
                       (unsigned long)stored, (unsigned long)crc);
    }
    size_t end = h->strings + h->string_bytes;
    if (!all_zero(h->bytes + VITF_AT_HEADER_RESERVED, 8) || !all_zero(h->bytes + end, h->size - end)) {
        return corrupt(r, "reserved bytes of its directory are not 0", e);
    }
    return VIT_OK;
}

/* ---- metadata ------------------------------------------------------------------------------------------------------------ */

/* Bytes of a payload without padding; false for an unknown kind. */
static bool payload_bytes(uint32_t kind, uint32_t count, uint64_t *bytes) {
    if (kind == VI_META_INT && count == 1) *bytes = 8;
    else if (kind == VI_META_REAL) *bytes = 8 * (uint64_t)count;
    else if (kind == VI_META_TEXT) *bytes = (uint64_t)count + 1;
    else return false;
    return true;
}

/* One record at *at; h->tensors is where all of them must end. */
static int32_t read_meta(vi_meta *m, const head *h, size_t *at, const vi_reader *r, vi_error *e) {
    if (h->tensors - *at < VITF_META_BYTES) return corrupt(r, "a metadata record is cut off", e);
    const unsigned char *p = h->bytes + *at;
    *at += VITF_META_BYTES;
    m->key = vi_load_u32(p + VITF_META_AT_KEY);
    m->kind = vi_load_u32(p + VITF_META_AT_KIND);
    m->count = vi_load_u32(p + VITF_META_AT_COUNT);
    m->data = p + VITF_META_BYTES;
    uint64_t bytes;
    if (!payload_bytes(m->kind, m->count, &bytes) || !all_zero(p + VITF_META_AT_RESERVED, 4)) {
        return vi_fail(e, VIT_ERROR_CORRUPT, "%s: metadata %lu has an unknown kind %lu", r->name, (unsigned long)m->key,
                       (unsigned long)m->kind);
    }
    uint64_t padded = (bytes + 7) / 8 * 8; /* cannot wrap: at most 2^35 */
    size_t room = h->tensors - *at;
    if (padded > room) return vi_fail(e, VIT_ERROR_CORRUPT, "%s: metadata %lu is cut off", r->name, (unsigned long)m->key);
    size_t content = m->kind == VI_META_TEXT ? m->count : (size_t)bytes; /* a text's NUL belongs to the zeros after it */
    if (!all_zero(m->data + content, (size_t)padded - content)) {
        return vi_fail(e, VIT_ERROR_CORRUPT, "%s: metadata %lu is not padded with 0", r->name, (unsigned long)m->key);
    }
    if (m->kind == VI_META_INT) m->integer = (int64_t)vi_load_u64(m->data);
    *at += (size_t)padded;
    return VIT_OK;
}

static int32_t read_all_meta(vi_directory *d, const head *h, vi_error *e) {
    size_t at = h->meta;
    for (size_t i = 0; i < h->meta_count; i++) {
        vi_meta *m = &d->meta[i];
        int32_t status = read_meta(m, h, &at, d->reader, e);
        if (status != VIT_OK) return status;
        if (i > 0 && m[-1].key >= m->key) return corrupt(d->reader, "its metadata keys are not ascending", e);
        d->meta_count++;
    }
    return at == h->tensors ? VIT_OK : corrupt(d->reader, "its metadata does not end where the tensors begin", e);
}

/* ---- tensors ------------------------------------------------------------------------------------------------------------- */

static int32_t bad_tensor(const vi_reader *r, const vi_tensor *t, int32_t code, const char *problem, vi_error *e) {
    char name[VI_MAX_NAME + 1];
    return vi_fail(e, code, "%s: tensor '%s': %s", r->name, vi_printable(name, sizeof name, t->name, strlen(t->name)), problem);
}

/* Names lie one after the other, each with its NUL; *used is where the next one starts. */
static int32_t read_name(vi_tensor *t, const unsigned char *record, const head *h, size_t *used, const vi_reader *r,
                         vi_error *e) {
    uint32_t offset = vi_load_u32(record + VITF_TENSOR_AT_NAME), length = vi_load_u32(record + VITF_TENSOR_AT_NAME + 4);
    if (length < 1 || length > VI_MAX_NAME || offset != *used || length >= h->string_bytes - *used) {
        return corrupt(r, "a tensor's name is not where it should be", e);
    }
    t->name = (const char *)h->bytes + h->strings + offset;
    *used += length + 1;
    if (memchr(t->name, 0, length + 1) != t->name + length) return corrupt(r, "a tensor's name does not end with a NUL", e);
    return VIT_OK;
}

static int32_t read_tensor(vi_tensor *t, const unsigned char *record, const vi_reader *r, vi_error *e) {
    uint32_t dtype = vi_load_u32(record + VITF_TENSOR_AT_DTYPE);
    t->layout = vi_load_u32(record + VITF_TENSOR_AT_LAYOUT);
    t->rank = vi_load_u32(record + VITF_TENSOR_AT_RANK);
    t->offset = vi_load_u64(record + VITF_TENSOR_AT_OFFSET);
    t->bytes = vi_load_u64(record + VITF_TENSOR_AT_SIZE);
    bool known = dtype == VI_DT_F32 || dtype == VI_DT_BF16 || dtype == VI_DT_U8;
    known = known || (dtype == VI_DT_I8 && t->layout == VI_LAYOUT_PANEL);
    if (!known) return bad_tensor(r, t, VIT_ERROR_CORRUPT, "unknown type", e);
    t->dtype = (vi_dtype)dtype;
    if (t->rank > VI_MAX_RANK) return bad_tensor(r, t, VIT_ERROR_CORRUPT, "more than 6 dimensions", e);
    const unsigned char *shape = record + VITF_TENSOR_AT_SHAPE;
    for (uint32_t i = 0; i < t->rank; i++) {
        t->shape[i] = vi_load_u64(shape + 8 * i);
        if (t->shape[i] > VI_MAX_DIM) return bad_tensor(r, t, VIT_ERROR_LIMIT, "a dimension exceeds 2147483647", e);
    }
    if (!all_zero(shape + 8 * t->rank, 8 * (VI_MAX_RANK - t->rank)) || !all_zero(record + VITF_TENSOR_AT_RANK + 4, 4) ||
        !all_zero(record + VITF_TENSOR_AT_RESERVED, 8)) {
        return bad_tensor(r, t, VIT_ERROR_CORRUPT, "unused bytes of its record are not 0", e);
    }
    uint64_t bytes;
    if (!vi_shape_elements(t->rank, t->shape, &t->elements) || !vi_tensor_bytes(t->dtype, t->layout, t->rank, t->shape, &bytes) ||
        bytes != t->bytes) {
        return bad_tensor(r, t, VIT_ERROR_CORRUPT, "its size is not that of its shape, type and layout", e);
    }
    if (!vi_range_fits(t->offset, t->bytes, r->size)) {
        return bad_tensor(r, t, VIT_ERROR_CORRUPT, "it lies beyond the end of the file", e);
    }
    return VIT_OK;
}

static int32_t read_all_tensors(vi_directory *d, const head *h, const void **scratch, vi_error *e) {
    size_t used = 0;
    for (size_t i = 0; i < h->tensor_count; i++) {
        vi_tensor *t = &d->tensors[i];
        const unsigned char *record = h->bytes + h->tensors + i * VITF_TENSOR_BYTES;
        int32_t status = read_name(t, record, h, &used, d->reader, e);
        if (status == VIT_OK && i > 0 && strcmp(t[-1].name, t->name) >= 0) {
            status = bad_tensor(d->reader, t, VIT_ERROR_CORRUPT, "its name does not come after the one before", e);
        }
        if (status == VIT_OK) status = read_tensor(t, record, d->reader, e);
        if (status != VIT_OK) return status;
        d->count++;
    }
    if (used != h->string_bytes) return corrupt(d->reader, "there is more text than names", e);
    return vi_check_packing(d, h->size, d->reader->size, VITF_ALIGN, scratch, e);
}

/* ---- all of it ----------------------------------------------------------------------------------------------------------- */

static void lay_out(vi_directory *d, vi_arena *arena, const head *h, const void ***scratch, unsigned char **copy, bool in_place) {
    d->tensors = vi_arena_take(arena, h->tensor_count, sizeof *d->tensors);
    d->meta = vi_arena_take(arena, h->meta_count, sizeof *d->meta);
    *scratch = vi_arena_take(arena, 2 * h->tensor_count, sizeof **scratch);
    *copy = in_place ? NULL : vi_arena_take(arena, h->size, 1);
}

static int32_t open(vi_directory *d, vi_reader *r, vi_allocator *a, vi_error *e) {
    unsigned char fixed[VITF_HEADER_BYTES];
    if (r->size < sizeof fixed) return corrupt(r, "truncated: shorter than its header", e);
    int32_t status = vi_reader_read(r, 0, fixed, sizeof fixed, e);
    if (status != VIT_OK) return status;
    head h;
    if ((status = read_fixed(&h, fixed, r, e)) != VIT_OK) return status;

    /* A mapping is copied: what another process may change must not change after it was checked. */
    bool in_place = r->data != NULL && !r->mapped;
    const void **scratch;
    unsigned char *copy;
    vi_arena arena = vi_arena_measure();
    lay_out(d, &arena, &h, &scratch, &copy, in_place);
    d->block_size = arena.used;
    d->block = vi_alloc(a, d->block_size, VI_TEMPORARY);
    if (d->block == NULL) return vi_alloc_failed(a, d->block_size, "the tensor directory", e);
    arena = vi_arena_over(d->block, d->block_size);
    lay_out(d, &arena, &h, &scratch, &copy, in_place);

    h.bytes = in_place ? r->data : copy;
    if (!in_place && (status = vi_reader_read(r, 0, copy, h.size, e)) != VIT_OK) return status;
    status = check_head(&h, r, e);
    if (status == VIT_OK) status = read_all_meta(d, &h, e);
    if (status == VIT_OK) status = read_all_tensors(d, &h, scratch, e);
    return status;
}

const vi_format vi_format_vit = {"vit", probe, open};
