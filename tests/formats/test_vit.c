/* test_vit.c: .vit files written by vi_vit_write, looked at byte by byte as docs/format-vit.md says, and read back. Bad files are
 * in tests/hostile. */
#include "formats/support.h"

#include "base/crc32.h"
#include "base/half.h"
#include "format/format.h"

static float ramp[400];                /* 1, 2, 3, ... */
static uint16_t halves[400];           /* the same in bf16 */
static unsigned char reals[24];        /* 0.5, -1.25, 1e-6, little-endian */
static vi_meta metas[5];
static vi_write_tensor tensors[6];

static void make_content(void) {
    for (int i = 0; i < 400; i++) {
        ramp[i] = (float)(i + 1);
        halves[i] = vi_f32_to_bf16(ramp[i]);
    }
    vi_store_f64(reals, 0.5);
    vi_store_f64(reals + 8, -1.25);
    vi_store_f64(reals + 16, 1e-6);
    metas[0] = (vi_meta){.key = 300, .kind = VI_META_REAL, .data = reals, .count = 3};
    metas[1] = (vi_meta){.key = 7, .kind = VI_META_INT, .integer = -5};
    metas[2] = (vi_meta){.key = 400, .kind = VI_META_TEXT, .data = (const unsigned char *)"cat\0dog", .count = 7};
    metas[3] = (vi_meta){.key = 401, .kind = VI_META_TEXT, .count = 0};
    metas[4] = (vi_meta){.key = 0xFFFFFFFF, .kind = VI_META_REAL, .count = 0};
    tensors[0] = (vi_write_tensor){"head.weight", VI_DT_BF16, VI_LAYOUT_PANEL, 2, {17, 3}, halves, 2 * 2 * 64};
    tensors[1] = (vi_write_tensor){"head.bias", VI_DT_F32, VI_LAYOUT_ROWS, 1, {17}, ramp, 68};
    tensors[2] = (vi_write_tensor){"scale", VI_DT_F32, VI_LAYOUT_ROWS, 0, {0}, ramp + 5, 4};
    tensors[3] = (vi_write_tensor){"none", VI_DT_F32, VI_LAYOUT_ROWS, 3, {2, 0, 3}, NULL, 0};
    tensors[4] = (vi_write_tensor){"head", VI_DT_BF16, VI_LAYOUT_ROWS, 6, {1, 2, 1, 3, 1, 5}, halves, 60};
    tensors[5] = (vi_write_tensor){"patch.weight", VI_DT_F32, VI_LAYOUT_PANEL, 2, {16, 2}, ramp, 128};
}

static int32_t write_to(buffer *b, const vi_meta *m, size_t meta_count, const vi_write_tensor *t, size_t count, vi_error *e) {
    vi_allocator a = {0};
    int32_t status = vi_vit_write(&(vi_sink){buffer_write, b}, m, meta_count, t, count, NULL, NULL, &a, e);
    CHECK(a.in_use == 0, "leak");
    return status;
}

static buffer good_file(void) {
    make_content();
    buffer b = {0};
    vi_error e = {0};
    CHECK(write_to(&b, metas, 5, tensors, 6, &e) == VIT_OK, "%s", e.text);
    return b;
}

/* ---- the bytes, from the description of the format only ------------------------------------------------------------------ */

static uint32_t slow_crc(const unsigned char *p, size_t n) { /* bit by bit, the checksum field taken as 0 */
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < n; i++) {
        crc ^= i >= 12 && i < 16 ? 0u : p[i];
        for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0u);
    }
    return ~crc;
}

static void test_bytes(void) {
    buffer b = good_file();
    const unsigned char *f = b.data;
    CHECK(memcmp(f, "\x89VIT\r\n\x1A\n", 8) == 0 && vi_load_u32(f + 8) == 1, "magic and version");
    size_t data = (size_t)vi_load_u64(f + 24);
    CHECK(vi_load_u64(f + 16) == b.size && b.size % 64 == 0 && data % 64 == 0, "sizes");
    CHECK(vi_load_u32(f + 12) == slow_crc(f, data), "checksum");
    CHECK(vi_load_u32(f + 32) == 64 && vi_load_u32(f + 36) == 5, "metadata");
    size_t meta_bytes = (16 + 8) + (16 + 24) + (16 + 8) + (16 + 8) + 16;
    CHECK(vi_load_u32(f + 40) == 64 + meta_bytes && vi_load_u32(f + 44) == 6, "tensors");
    size_t records = 64 + meta_bytes, strings = records + 6 * 96;
    CHECK(vi_load_u32(f + 48) == strings && vi_load_u32(f + 52) == 12 + 10 + 6 + 5 + 5 + 13 && vi_load_u64(f + 56) == 0,
          "strings");
    CHECK(data == (strings + 51 + 63) / 64 * 64, "data starts at %zu", data);

    static const unsigned char first[24] = {7, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xFB, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF};
    CHECK(memcmp(f + 64, first, 24) == 0, "an integer, and ascending keys");
    CHECK(vi_load_u32(f + 88) == 300 && vi_load_u32(f + 92) == 2 && vi_load_u32(f + 96) == 3 && memcmp(f + 104, reals, 24) == 0,
          "reals");
    CHECK(vi_load_u32(f + 128) == 400 && vi_load_u32(f + 136) == 7 && memcmp(f + 144, "cat\0dog", 8) == 0, "text with its NUL");

    CHECK(memcmp(f + strings, "head\0head.bias\0head.weight\0none\0patch.weight\0scale", 51) == 0, "names");
    static const struct {
        uint32_t tensor, name;
        uint64_t at; /* in the data section: where it was given, each on 64 */
    } expected[6] = {{4, 0, 448}, {1, 5, 256}, {0, 15, 0}, {3, 27, 448}, {5, 32, 512}, {2, 45, 384}};
    for (size_t i = 0; i < 6; i++) {
        const unsigned char *r = f + records + 96 * i;
        const vi_write_tensor *t = &tensors[expected[i].tensor];
        CHECK(vi_load_u32(r) == expected[i].name && vi_load_u32(r + 4) == strlen(t->name), "%s: name", t->name);
        CHECK(vi_load_u32(r + 8) == (uint32_t)t->dtype && vi_load_u32(r + 12) == t->layout, "%s: type", t->name);
        CHECK(vi_load_u32(r + 16) == t->rank && vi_load_u32(r + 20) == 0, "%s: rank", t->name);
        for (uint32_t k = 0; k < 6; k++) CHECK(vi_load_u64(r + 24 + 8 * k) == (k < t->rank ? t->shape[k] : 0), "%s: shape",
                                               t->name);
        CHECK(vi_load_u64(r + 72) == data + expected[i].at, "%s at %llu", t->name, (unsigned long long)vi_load_u64(r + 72));
        CHECK(vi_load_u64(r + 80) == t->bytes && vi_load_u64(r + 88) == 0, "%s: bytes", t->name);
        for (size_t k = 0; k < t->bytes; k += t->dtype == VI_DT_F32 ? 4 : 2) {
            const unsigned char *x = f + data + expected[i].at + k;
            size_t element = k / (t->dtype == VI_DT_F32 ? 4 : 2);
            bool same = t->dtype == VI_DT_F32 ? vi_load_f32(x) == ((const float *)t->data)[element]
                                              : vi_load_u16(x) == ((const uint16_t *)t->data)[element];
            CHECK(same, "%s: element %zu", t->name, element);
        }
    }
    CHECK(b.size == data + 640, "file of %zu bytes", b.size);
    /* Files of version 1 must stay what they are, on every machine. */
    CHECK(vi_crc32(0, f, b.size) == 0xa805268f, "this file's checksum became %08lx", (unsigned long)vi_crc32(0, f, b.size));
    buffer_free(&b);
}

/* ---- round trip ---------------------------------------------------------------------------------------------------------- */

static void check_read(const vi_directory *d) {
    CHECK(strcmp(d->format->name, "vit") == 0 && d->count == 6 && d->meta_count == 5, "%zu tensors", d->count);
    for (size_t i = 0; i < 6; i++) {
        const vi_tensor *t = vi_directory_find(d, tensors[i].name);
        CHECK(t != NULL && t->dtype == tensors[i].dtype && t->layout == tensors[i].layout && t->rank == tensors[i].rank, "%s",
              tensors[i].name);
        if (t == NULL) continue;
        CHECK(memcmp(t->shape, tensors[i].shape, sizeof t->shape) == 0 && t->bytes == tensors[i].bytes && !t->used, "%s",
              t->name);
        CHECK(t->offset % 64 == 0, "%s", t->name);
    }
    float x[30];
    vi_error e = {0};
    CHECK(vi_tensor_read(d, vi_directory_find(d, "head"), 0, 30, x, &e) == VIT_OK && memcmp(x, ramp, sizeof x) == 0, "%s",
          e.text);
    CHECK(vi_tensor_read(d, vi_directory_find(d, "head.bias"), 0, 17, x, &e) == VIT_OK && memcmp(x, ramp, 68) == 0, "%s", e.text);
    CHECK(vi_tensor_read(d, vi_directory_find(d, "scale"), 0, 1, x, &e) == VIT_OK && x[0] == 6, "%s", e.text);
    CHECK(vi_tensor_read(d, vi_directory_find(d, "head.weight"), 0, 1, x, &e) == VIT_ERROR_UNSUPPORTED,
          "panels are used in place");
    const vi_meta *m = vi_directory_meta(d, 7);
    CHECK(m != NULL && m->kind == VI_META_INT && m->integer == -5, "integer");
    m = vi_directory_meta(d, 300);
    CHECK(m != NULL && m->kind == VI_META_REAL && m->count == 3 && vi_load_f64(m->data + 8) == -1.25, "reals");
    m = vi_directory_meta(d, 400);
    CHECK(m != NULL && m->kind == VI_META_TEXT && m->count == 7 && memcmp(m->data, "cat\0dog", 8) == 0, "text");
    m = vi_directory_meta(d, 401);
    CHECK(m != NULL && m->count == 0 && m->data[0] == 0, "empty text");
    m = vi_directory_meta(d, 0xFFFFFFFF);
    CHECK(m != NULL && m->kind == VI_META_REAL && m->count == 0, "no reals");
    CHECK(vi_directory_meta(d, 8) == NULL && vi_directory_meta(d, 0) == NULL, "absent");
}

static void test_round_trip(void) {
    buffer b = good_file();
    unsigned char *raw = malloc(b.size + 128), *aligned = raw + (64 - (uintptr_t)raw % 64);
    const char *path = temporary_path("good.vit");
    CHECK(write_file(path, b.data, b.size), "cannot write %s", path);
    for (int source = 0; source < 6; source++) { /* file, mapping, memory, borrowed memory, the same misaligned, callback */
        heap h = {0};
        vi_allocator a = heap_allocator(&h);
        vi_error e = {0};
        vi_reader r;
        tape t = {.data = b.data, .size = b.size};
        unsigned char *memory = source == 4 ? aligned + 4 : aligned;
        memcpy(memory, b.data, b.size);
        if (source < 2) vi_reader_open_path(&r, path, source == 1, &e);
        else if (source < 5) vi_reader_open_memory(&r, memory, b.size, &e);
        else vi_reader_open_callback(&r, tape_read, &t, b.size, &e);
        r.borrowed = source == 3 || source == 4;
        vi_directory d;
        CHECK(vi_directory_open(&d, &r, &a, &e) == VIT_OK, "source %d: %s", source, e.text);
        CHECK(h.calls == 1 && a.peak < 4096, "source %d: %d blocks, %zu bytes", source, h.calls, a.peak);
        check_read(&d);
        const unsigned char *name = (const unsigned char *)d.tensors[0].name;
        bool inside = r.data != NULL && (uintptr_t)name - (uintptr_t)r.data < b.size;
        CHECK(inside == (source >= 2 && source <= 4), "source %d: a mapping may change, its head is copied", source);
        const vi_tensor *weight = vi_directory_find(&d, "head.weight");
        bool can = vi_little_endian() && (source == 1 || source == 3);
        const void *place = vi_tensor_in_place(&d, weight, 64);
        CHECK((place != NULL) == can, "source %d: in place on 64", source);
        CHECK((vi_tensor_in_place(&d, weight, 4) != NULL) == (can || (vi_little_endian() && source == 4)), "source %d: on 4",
              source);
        CHECK(place == NULL || memcmp(place, halves, 256) == 0, "content");
        vi_directory_close(&d, &a);
        vi_reader_close(&r);
        CHECK(heap_live(&h) == 0 && !h.wrong && !t.wrong, "leak");
    }
    unlink(path);
    free(raw);
    buffer_free(&b);
}

static void test_deterministic(void) {
    buffer b = good_file(), again = {0}, empty = {0};
    vi_error e = {0};
    vi_meta turned[5];
    for (size_t i = 0; i < 5; i++) turned[i] = metas[4 - i];
    CHECK(write_to(&again, turned, 5, tensors, 6, &e) == VIT_OK && again.size == b.size, "%s", e.text);
    CHECK(memcmp(again.data, b.data, b.size) == 0, "the order of metadata must not matter");
    CHECK(write_to(&empty, NULL, 0, NULL, 0, &e) == VIT_OK && empty.size == 64, "nothing at all: %zu bytes", empty.size);
    vi_reader r;
    vi_allocator a = {0};
    vi_directory d;
    vi_reader_open_memory(&r, empty.data, empty.size, &e);
    CHECK(vi_directory_open(&d, &r, &a, &e) == VIT_OK && d.count == 0 && d.meta_count == 0, "%s", e.text);
    vi_directory_close(&d, &a);
    buffer_free(&b);
    buffer_free(&again);
    buffer_free(&empty);
}

/* ---- what must not be written -------------------------------------------------------------------------------------------- */

static void refuse(const vi_meta *m, size_t meta_count, const vi_write_tensor *t, size_t count, int32_t code, const char *what) {
    buffer b = {0};
    vi_error e = {0};
    CHECK(write_to(&b, m, meta_count, t, count, &e) == code && e.text[0] != 0, "%s: %s", what, e.text);
    CHECK(b.size == 0, "%s: wrote %zu bytes first", what, b.size);
    buffer_free(&b);
}

static void test_refused(void) {
    make_content();
    vi_write_tensor t[2] = {tensors[1], tensors[1]};
    refuse(NULL, 0, t, 2, VIT_ERROR_ARGUMENT, "a name twice");
    char name[300];
    memset(name, 'n', sizeof name);
    name[256] = 0;
    t[0].name = name;
    refuse(NULL, 0, t, 1, VIT_ERROR_ARGUMENT, "a name of 256");
    t[0].name = "";
    refuse(NULL, 0, t, 1, VIT_ERROR_ARGUMENT, "no name");
    t[0] = tensors[1];
    t[0].bytes = 64;
    refuse(NULL, 0, t, 1, VIT_ERROR_ARGUMENT, "wrong size");
    t[0] = tensors[1];
    t[0].data = NULL;
    refuse(NULL, 0, t, 1, VIT_ERROR_ARGUMENT, "no data");
    t[0] = tensors[1];
    t[0].dtype = VI_DT_F16;
    refuse(NULL, 0, t, 1, VIT_ERROR_ARGUMENT, "F16");
    t[0].dtype = VI_DT_I8;
    t[0].bytes = 17;
    refuse(NULL, 0, t, 1, VIT_ERROR_ARGUMENT, "I8 in rows");
    t[0] = (vi_write_tensor){"wide", VI_DT_I8, VI_LAYOUT_PANEL, 2, {1, 65537}, ramp, 128 + 16385 * 64};
    refuse(NULL, 0, t, 1, VIT_ERROR_ARGUMENT, "I8 with too many columns");
    t[0] = tensors[1];
    t[0].layout = VI_LAYOUT_PANEL;
    refuse(NULL, 0, t, 1, VIT_ERROR_ARGUMENT, "a panel of rank 1");
    t[0] = tensors[1];
    t[0].layout = 2;
    refuse(NULL, 0, t, 1, VIT_ERROR_ARGUMENT, "an unknown layout");
    t[0] = tensors[1];
    t[0].rank = 7;
    refuse(NULL, 0, t, 1, VIT_ERROR_ARGUMENT, "rank 7");
    t[0] = (vi_write_tensor){"big", VI_DT_F32, VI_LAYOUT_ROWS, 2, {0, (uint64_t)VI_MAX_DIM + 1}, NULL, 0};
    refuse(NULL, 0, t, 1, VIT_ERROR_ARGUMENT, "a dimension of 2^31");
    refuse(NULL, 0, t, VI_MAX_TENSORS + 1, VIT_ERROR_LIMIT, "too many tensors");
    vi_meta m[2] = {metas[1], metas[1]};
    refuse(m, 2, NULL, 0, VIT_ERROR_ARGUMENT, "a key twice");
    m[0].kind = 4;
    refuse(m, 1, NULL, 0, VIT_ERROR_ARGUMENT, "kind 4");
    m[0].kind = 0;
    refuse(m, 1, NULL, 0, VIT_ERROR_ARGUMENT, "kind 0");
    m[0] = (vi_meta){.key = 1, .kind = VI_META_TEXT, .data = (const unsigned char *)"", .count = 16u << 20};
    refuse(m, 1, NULL, 0, VIT_ERROR_LIMIT, "16 MiB of text");
    m[0] = (vi_meta){.key = 1, .kind = VI_META_REAL, .data = reals, .count = 0xFFFFFFFF};
    refuse(m, 1, NULL, 0, VIT_ERROR_LIMIT, "2^32 reals");
}

typedef struct failing {
    buffer b;
    int calls, fail_at;
} failing;

static int32_t failing_write(void *user, const void *data, size_t size) {
    failing *f = user;
    if (++f->calls == f->fail_at) return 1;
    return buffer_write(&f->b, data, size);
}

typedef struct watch {
    int calls, stop_at;
    uint64_t done, total;
    bool wrong;
} watch;

static int32_t watch_progress(void *user, uint64_t done, uint64_t total) {
    watch *w = user;
    w->wrong = w->wrong || done < w->done || done > total;
    w->done = done;
    w->total = total;
    return ++w->calls == w->stop_at;
}

static void test_failures(void) {
    make_content();
    int32_t status = VIT_ERROR_IO;
    int fail_at = 0;
    while (status == VIT_ERROR_IO) {
        failing f = {.fail_at = ++fail_at};
        heap h = {0};
        vi_allocator a = heap_allocator(&h);
        vi_error e = {0};
        status = vi_vit_write(&(vi_sink){failing_write, &f}, metas, 5, tensors, 6, NULL, NULL, &a, &e);
        CHECK(status == (f.calls == fail_at ? VIT_ERROR_IO : VIT_OK), "write %d: %s", fail_at, e.text);
        CHECK(heap_live(&h) == 0 && !h.wrong && h.calls == 1, "leak at %d", fail_at);
        buffer_free(&f.b);
    }
    CHECK(status == VIT_OK && fail_at >= 10, "%d writes", fail_at);
    for (int i = 0; i <= 6; i++) {
        failing f = {0};
        heap h = {0};
        vi_allocator a = heap_allocator(&h);
        watch w = {.stop_at = i};
        status = vi_vit_write(&(vi_sink){failing_write, &f}, metas, 5, tensors, 6, watch_progress, &w, &a, NULL);
        CHECK(status == (i == 0 ? VIT_OK : VIT_ERROR_CANCELLED) && w.calls == (i == 0 ? 6 : i) && !w.wrong, "stopped at %d", i);
        CHECK(i > 0 || (w.done == w.total && w.total == 256 + 68 + 4 + 60 + 128), "%llu bytes", (unsigned long long)w.total);
        CHECK(heap_live(&h) == 0, "leak");
        buffer_free(&f.b);
    }
    heap h = {.fail_at = 1};
    vi_allocator a = heap_allocator(&h);
    failing f = {0};
    status = vi_vit_write(&(vi_sink){failing_write, &f}, metas, 5, tensors, 6, NULL, NULL, &a, NULL);
    CHECK(status == VIT_ERROR_MEMORY && f.calls == 0, "no memory");
}

TEST_MAIN(test_bytes, test_round_trip, test_deterministic, test_refused, test_failures)
