/* vit_write.c: writes .vit files (docs/format-vit.md). The head is built in one temporary block, the data goes straight out. */
#include <string.h>
#include "base/arena.h"
#include "base/checked.h"
#include "base/crc32.h"
#include "base/sort.h"
#include "format/format.h"
#include "format/vit_layout.h"

typedef struct plan {
    const vi_meta *meta;
    size_t meta_count;
    const vi_write_tensor *tensors;
    size_t count;
    size_t tensors_at, strings_at, string_bytes, data_at; /* offsets in the file */
    uint64_t file_size, data_bytes;                       /* data_bytes: without padding */
    const void **sorted, **scratch; /* [max(count, meta_count)] each */
    uint64_t *offsets;              /* [count] of the tensors, in the order given */
    unsigned char *head;            /* [data_at] */
    vi_error *e;
} plan;

/* ---- checks: nothing is written that would not open again ---------------------------------------------------------------- */

static int32_t check_tensor(const vi_write_tensor *t, vi_error *e) {
    size_t length = t->name == NULL ? 0 : strlen(t->name);
    if (length < 1 || length > VI_MAX_NAME) {
        return vi_fail(e, VIT_ERROR_ARGUMENT, "a tensor's name has %zu bytes; expected 1 to %d", length, VI_MAX_NAME);
    }
    uint64_t bytes = 0;
    bool int8 = t->dtype == VI_DT_I8 && t->layout == VI_LAYOUT_PANEL;
    bool fine = (t->dtype == VI_DT_F32 || t->dtype == VI_DT_BF16 || t->dtype == VI_DT_U8 || int8) && t->rank <= VI_MAX_RANK;
    for (uint32_t i = 0; fine && i < t->rank; i++) fine = t->shape[i] <= VI_MAX_DIM;
    fine = fine && vi_tensor_bytes(t->dtype, t->layout, t->rank, t->shape, &bytes);
    if (fine && bytes == t->bytes && (t->data != NULL || bytes == 0)) return VIT_OK;
    char name[VI_MAX_NAME + 1];
    return vi_fail(e, VIT_ERROR_ARGUMENT, "tensor '%s': its %llu bytes are not those of its shape, type and layout",
                   vi_printable(name, sizeof name, t->name, length), (unsigned long long)t->bytes);
}

/* Bytes of the record with its padding. */
static int32_t measure_meta(const vi_meta *m, uint64_t *bytes, vi_error *e) {
    uint64_t payload = m->kind == VI_META_INT    ? 8
                       : m->kind == VI_META_REAL ? 8 * (uint64_t)m->count
                       : m->kind == VI_META_TEXT ? (uint64_t)m->count + 1
                                                 : 0;
    if (payload == 0 && m->kind != VI_META_REAL) {
        return vi_fail(e, VIT_ERROR_ARGUMENT, "metadata %lu has an unknown kind %lu", (unsigned long)m->key,
                       (unsigned long)m->kind);
    }
    *bytes = VITF_META_BYTES + (payload + 7) / 8 * 8;
    return VIT_OK;
}

static int32_t too_large(vi_error *e) {
    return vi_fail(e, VIT_ERROR_LIMIT, "names and metadata of the .vit file would exceed %u bytes", VITF_MAX_HEAD);
}

static int32_t measure(plan *p) {
    if (p->count > VI_MAX_TENSORS) return vi_fail(p->e, VIT_ERROR_LIMIT, "%zu tensors; at most %d", p->count, VI_MAX_TENSORS);
    uint64_t at = VITF_HEADER_BYTES; /* below 2^63 as long as each step is checked against VITF_MAX_HEAD */
    for (size_t i = 0; i < p->meta_count; i++) {
        uint64_t bytes;
        int32_t status = measure_meta(&p->meta[i], &bytes, p->e);
        if (status != VIT_OK) return status;
        at += bytes;
        if (at > VITF_MAX_HEAD) return too_large(p->e);
    }
    p->tensors_at = (size_t)at;
    at += (uint64_t)p->count * VITF_TENSOR_BYTES;
    p->strings_at = (size_t)at;
    uint64_t data = 0;
    for (size_t i = 0; i < p->count; i++) {
        int32_t status = check_tensor(&p->tensors[i], p->e);
        if (status != VIT_OK) return status;
        at += strlen(p->tensors[i].name) + 1;
        uint64_t padding = (VITF_ALIGN - p->tensors[i].bytes % VITF_ALIGN) % VITF_ALIGN;
        p->data_bytes += p->tensors[i].bytes; /* not larger than data */
        if (!vi_add_u64(data, p->tensors[i].bytes, &data) || !vi_add_u64(data, padding, &data)) {
            return vi_fail(p->e, VIT_ERROR_LIMIT, "the .vit file would exceed 2^64 bytes");
        }
    }
    p->string_bytes = (size_t)at - p->strings_at;
    at = (at + VITF_ALIGN - 1) / VITF_ALIGN * VITF_ALIGN;
    if (at > VITF_MAX_HEAD) return too_large(p->e);
    p->data_at = (size_t)at;
    if (!vi_add_u64(at, data, &p->file_size)) return vi_fail(p->e, VIT_ERROR_LIMIT, "the .vit file would exceed 2^64 bytes");
    return VIT_OK;
}

/* ---- the head ------------------------------------------------------------------------------------------------------------ */

static int compare_meta(const void *a, const void *b) {
    uint32_t x = ((const vi_meta *)a)->key, y = ((const vi_meta *)b)->key;
    return (x > y) - (x < y);
}

static int compare_names(const void *a, const void *b) {
    return strcmp(((const vi_write_tensor *)a)->name, ((const vi_write_tensor *)b)->name);
}

static void put_header(const plan *p) {
    unsigned char *h = p->head;
    memcpy(h + VITF_AT_MAGIC, VITF_MAGIC, 8);
    vi_store_u32(h + VITF_AT_VERSION, VITF_FILE_VERSION);
    vi_store_u64(h + VITF_AT_FILE_SIZE, p->file_size);
    vi_store_u64(h + VITF_AT_DATA, p->data_at);
    vi_store_u32(h + VITF_AT_META, VITF_HEADER_BYTES);
    vi_store_u32(h + VITF_AT_META + 4, (uint32_t)p->meta_count);
    vi_store_u32(h + VITF_AT_TENSORS, (uint32_t)p->tensors_at);
    vi_store_u32(h + VITF_AT_TENSORS + 4, (uint32_t)p->count);
    vi_store_u32(h + VITF_AT_STRINGS, (uint32_t)p->strings_at);
    vi_store_u32(h + VITF_AT_STRINGS + 4, (uint32_t)p->string_bytes);
}

static int32_t put_meta(const plan *p) {
    for (size_t i = 0; i < p->meta_count; i++) p->sorted[i] = &p->meta[i];
    vi_sort(p->sorted, p->scratch, p->meta_count, compare_meta);
    unsigned char *at = p->head + VITF_HEADER_BYTES;
    for (size_t i = 0; i < p->meta_count; i++) {
        const vi_meta *m = p->sorted[i];
        if (i > 0 && compare_meta(p->sorted[i - 1], m) == 0) {
            return vi_fail(p->e, VIT_ERROR_ARGUMENT, "metadata %lu is given twice", (unsigned long)m->key);
        }
        uint64_t bytes;
        int32_t status = measure_meta(m, &bytes, p->e);
        if (status != VIT_OK) return status;
        vi_store_u32(at + VITF_META_AT_KEY, m->key);
        vi_store_u32(at + VITF_META_AT_KIND, m->kind);
        vi_store_u32(at + VITF_META_AT_COUNT, m->kind == VI_META_INT ? 1 : m->count);
        unsigned char *payload = at + VITF_META_BYTES;
        if (m->kind == VI_META_INT) vi_store_u64(payload, (uint64_t)m->integer);
        else if (m->count > 0) memcpy(payload, m->data, m->kind == VI_META_REAL ? (size_t)m->count * 8 : m->count);
        at += bytes;
    }
    return VIT_OK;
}

static int32_t put_tensors(const plan *p) {
    uint64_t offset = p->data_at;
    for (size_t i = 0; i < p->count; i++) {
        p->offsets[i] = offset;
        offset += (p->tensors[i].bytes + VITF_ALIGN - 1) / VITF_ALIGN * VITF_ALIGN;
        p->sorted[i] = &p->tensors[i];
    }
    vi_sort(p->sorted, p->scratch, p->count, compare_names);
    unsigned char *record = p->head + p->tensors_at;
    unsigned char *strings = p->head + p->strings_at;
    size_t used = 0;
    for (size_t i = 0; i < p->count; i++, record += VITF_TENSOR_BYTES) {
        const vi_write_tensor *t = p->sorted[i];
        size_t length = strlen(t->name);
        if (i > 0 && compare_names(p->sorted[i - 1], t) == 0) {
            char name[VI_MAX_NAME + 1];
            return vi_fail(p->e, VIT_ERROR_ARGUMENT, "tensor '%s' is given twice",
                           vi_printable(name, sizeof name, t->name, length));
        }
        vi_store_u32(record + VITF_TENSOR_AT_NAME, (uint32_t)used);
        vi_store_u32(record + VITF_TENSOR_AT_NAME + 4, (uint32_t)length);
        vi_store_u32(record + VITF_TENSOR_AT_DTYPE, (uint32_t)t->dtype);
        vi_store_u32(record + VITF_TENSOR_AT_LAYOUT, t->layout);
        vi_store_u32(record + VITF_TENSOR_AT_RANK, t->rank);
        for (uint32_t k = 0; k < t->rank; k++) vi_store_u64(record + VITF_TENSOR_AT_SHAPE + 8 * k, t->shape[k]);
        vi_store_u64(record + VITF_TENSOR_AT_OFFSET, p->offsets[t - p->tensors]);
        vi_store_u64(record + VITF_TENSOR_AT_SIZE, t->bytes);
        memcpy(strings + used, t->name, length + 1);
        used += length + 1;
    }
    return VIT_OK;
}

/* ---- output -------------------------------------------------------------------------------------------------------------- */

static int32_t put(const vi_sink *sink, const void *data, size_t size, vi_error *e) {
    if (size == 0 || sink->write(sink->user, data, size) == 0) return VIT_OK;
    return vi_fail(e, VIT_ERROR_IO, "writing %zu bytes of the .vit file failed", size);
}

/* Big-endian hosts: element by element through a small buffer. */
static int32_t put_swapped(const vi_sink *sink, const vi_write_tensor *t, vi_error *e) {
    unsigned char buffer[1024];
    const unsigned char *data = t->data;
    /* Of I8 in panels, 16 scales and 16 sums for each panel come first, which are f32. */
    uint64_t bytes_from = t->dtype == VI_DT_I8 ? (t->shape[0] + 15) / 16 * 128 : t->bytes;
    for (uint64_t left = t->bytes; left > 0;) {
        uint64_t done = t->bytes - left;
        size_t unit = t->dtype == VI_DT_I8 && done < bytes_from ? sizeof(float) : vi_dtype_size(t->dtype);
        uint64_t alike = done < bytes_from ? bytes_from - done : left;
        size_t n = alike < sizeof buffer ? (size_t)alike : sizeof buffer;
        for (size_t i = 0; i < n; i++) buffer[i] = data[i / unit * unit + unit - 1 - i % unit];
        int32_t status = put(sink, buffer, n, e);
        if (status != VIT_OK) return status;
        data += n;
        left -= n;
    }
    return VIT_OK;
}

static int32_t put_data(const plan *p, const vi_sink *sink, vit_progress_fn progress, void *progress_user) {
    static const unsigned char zeros[VITF_ALIGN];
    uint64_t done = 0;
    for (size_t i = 0; i < p->count; i++) {
        const vi_write_tensor *t = &p->tensors[i];
        int32_t status = vi_little_endian() ? put(sink, t->data, (size_t)t->bytes, p->e) : put_swapped(sink, t, p->e);
        if (status == VIT_OK) status = put(sink, zeros, (size_t)((VITF_ALIGN - t->bytes % VITF_ALIGN) % VITF_ALIGN), p->e);
        if (status != VIT_OK) return status;
        done += t->bytes;
        if (progress != NULL && progress(progress_user, done, p->data_bytes) != 0) {
            return vi_fail(p->e, VIT_ERROR_CANCELLED, "saving was cancelled");
        }
    }
    return VIT_OK;
}

static void lay_out(plan *p, vi_arena *arena) {
    size_t most = p->count > p->meta_count ? p->count : p->meta_count;
    p->sorted = vi_arena_take(arena, most, sizeof *p->sorted);
    p->scratch = vi_arena_take(arena, most, sizeof *p->scratch);
    p->offsets = vi_arena_take(arena, p->count, sizeof *p->offsets);
    p->head = vi_arena_take(arena, p->data_at, 1);
}

int32_t vi_vit_write(const vi_sink *sink, const vi_meta *meta, size_t meta_count, const vi_write_tensor *tensors, size_t count,
                     vit_progress_fn progress, void *progress_user, vi_allocator *a, vi_error *e) {
    plan p = {.meta = meta, .meta_count = meta_count, .tensors = tensors, .count = count, .e = e};
    int32_t status = measure(&p);
    if (status != VIT_OK) return status;
    vi_arena arena = vi_arena_measure();
    lay_out(&p, &arena);
    size_t block_size = arena.used;
    void *block = vi_alloc(a, block_size, VI_TEMPORARY);
    if (block == NULL) return vi_alloc_failed(a, block_size, "the directory of the .vit file", e);
    arena = vi_arena_over(block, block_size);
    lay_out(&p, &arena);
    put_header(&p);
    status = put_meta(&p);
    if (status == VIT_OK) status = put_tensors(&p);
    if (status == VIT_OK) {
        vi_store_u32(p.head + VITF_AT_CHECKSUM, vi_crc32(0, p.head, p.data_at)); /* the field itself is still 0 */
        status = put(sink, p.head, p.data_at, e);
    }
    if (status == VIT_OK) status = put_data(&p, sink, progress, progress_user);
    vi_free(a, block, block_size, VI_TEMPORARY);
    return status;
}
