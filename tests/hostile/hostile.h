/* hostile.h: opens a file's bytes as a directory in every way there is and checks what must hold whatever they are: an accepted
 * directory is consistent and all of it can be read, a refused one leaves nothing behind and says why. */
#ifndef VIT_TEST_HOSTILE_H
#define VIT_TEST_HOSTILE_H

#include "formats/support.h"

#include "format/format.h"

enum { BY_MEMORY = 1, BY_CALLBACK = 2, BY_FILE = 4, BY_MAPPING = 8, BY_ALL = 15 };

#define ANY_STATUS 1 /* accepted or refused: only consistency is checked */

/* A tensor that only comes whole. A deflate stream may turn out to be damaged when it is unpacked. */
static inline double load_all(const vi_directory *d, const vi_tensor *t, const char *what) {
    if (t->elements > 1 << 20) return 0;
    vi_allocator a = {0};
    vi_error e = {0};
    float *x = malloc((size_t)t->elements * sizeof *x + 1);
    int32_t status = vi_tensor_load(d, t, x, &a, &e);
    CHECK(status == VIT_OK || (t->packed > 0 && status == VIT_ERROR_CORRUPT), "%s: %s", what, e.text);
    CHECK(a.in_use == 0, "%s: leak", what);
    double sum = 0;
    for (size_t k = 0; status == VIT_OK && k < t->elements; k++) sum += x[k] == x[k] ? 0.5 : 1;
    free(x);
    return sum;
}

/* Reads everything that the directory promises. The sum keeps the compiler from leaving the reads out. */
static inline double read_all(const vi_directory *d, const char *what) {
    double sum = 0;
    vi_error e = {0};
    for (size_t i = 0; i < d->count; i++) {
        const vi_tensor *t = &d->tensors[i];
        size_t length = strlen(t->name);
        bool sound = length >= 1 && length <= VI_MAX_NAME && (i == 0 || strcmp(t[-1].name, t->name) < 0);
        uint64_t stored = t->packed > 0 ? t->packed : t->bytes;
        sound = sound && t->rank <= VI_MAX_RANK && t->offset <= d->reader->size && stored <= d->reader->size - t->offset;
        uint64_t bytes = t->bytes;
        for (uint32_t k = 0; k < t->rank; k++) sound = sound && t->shape[k] <= VI_MAX_DIM;
        bool known = t->dtype != VI_DT_OTHER && !t->strided;
        sound = sound && (!known || (vi_tensor_bytes(t->dtype, t->layout, t->rank, t->shape, &bytes) && bytes == t->bytes));
        CHECK(sound, "%s: tensor %zu is not sound", what, i);
        CHECK(vi_directory_find(d, t->name) == t, "%s: tensor %zu is not found", what, i);
        if (!vi_dtype_is_real(t->dtype) || t->layout != VI_LAYOUT_ROWS || !sound) continue;
        if (!vi_tensor_streams(t)) {
            sum += load_all(d, t, what);
            continue;
        }
        float x[32];
        size_t n = t->elements < 32 ? (size_t)t->elements : 32;
        CHECK(vi_tensor_read(d, t, t->elements - n, n, x, &e) == VIT_OK, "%s: %s", what, e.text);
        for (size_t k = 0; k < n; k++) sum += x[k] == x[k] ? 0.5 : 1;
    }
    for (size_t i = 0; i < d->meta_count; i++) {
        const vi_meta *m = &d->meta[i];
        CHECK(i == 0 || m[-1].key < m->key, "%s: metadata %zu is out of order", what, i);
        size_t bytes = m->kind == VI_META_TEXT ? (size_t)m->count + 1 : m->kind == VI_META_REAL ? (size_t)m->count * 8 : 8;
        for (size_t k = 0; k < bytes; k++) sum += m->data[k];
        CHECK(m->kind != VI_META_TEXT || m->data[m->count] == 0, "%s: text without NUL", what);
    }
    return sum;
}

/* One way to open. The callback's fail_at-th call and the heap's fail_at-th block fail (0: none); *reads and *blocks: how many
 * there were. */
static inline int32_t open_one(const unsigned char *data, size_t size, const char *path, int way, int fail_read, int fail_block,
                               int *reads, int *blocks, const char *what) {
    heap h = {.fail_at = fail_block};
    tape t = {.data = data, .size = size, .fail_at = fail_read};
    vi_allocator a = heap_allocator(&h);
    vi_error e = {0};
    vi_reader r = {0};
    vi_directory d, untouched;
    memset(&d, 0xEE, sizeof d);
    memset(&untouched, 0xEE, sizeof untouched);
    int32_t status = way == BY_MEMORY     ? vi_reader_open_memory(&r, data, size, &e)
                     : way == BY_CALLBACK ? vi_reader_open_callback(&r, tape_read, &t, size, &e)
                                          : vi_reader_open_path(&r, path, way == BY_MAPPING, &e);
    CHECK(status == VIT_OK, "%s: %s", what, e.text);
    if (status != VIT_OK) return status;
    status = vi_directory_open(&d, &r, &a, &e);
    if (status == VIT_OK) {
        CHECK(e.code == VIT_OK && heap_live(&h) == 1, "%s: %d blocks", what, heap_live(&h));
        t.fail_at = 0;
        read_all(&d, what);
        vi_directory_close(&d, &a);
    } else {
        CHECK(memcmp(&d, &untouched, sizeof d) == 0, "%s: the directory was touched", what);
        const char *named = strncmp(e.text, "header of ", 10) == 0 ? e.text + 10 : e.text;
        bool names_file = strncmp(named, r.name, strlen(r.name)) == 0 || status == VIT_ERROR_MEMORY;
        CHECK(e.code == status && names_file, "%s: says %d '%s'", what, status, e.text);
    }
    vi_reader_close(&r);
    CHECK(heap_live(&h) == 0 && !h.wrong && a.in_use == 0 && !t.wrong, "%s: leak, or a read out of range", what);
    if (reads != NULL) *reads = t.calls;
    if (blocks != NULL) *blocks = h.calls;
    return status;
}

/* All the ways asked for; each must give `expected`. Returns the status. */
static inline int32_t open_bytes(const unsigned char *data, size_t size, int ways, int32_t expected, const char *what) {
    char path[512] = "";
    if (ways & (BY_FILE | BY_MAPPING)) {
        snprintf(path, sizeof path, "%s", temporary_path("hostile"));
        CHECK(write_file(path, data, size), "cannot write %s", path);
    }
    unsigned char *copy = malloc(size > 0 ? size : 1); /* exactly as long, so that sanitizers see one byte more */
    memcpy(copy, data, size);
    int32_t status = ANY_STATUS;
    for (int way = 1; way <= BY_MAPPING; way *= 2) {
        if (!(ways & way)) continue;
        int32_t found = open_one(copy, size, path, way, 0, 0, NULL, NULL, what);
        CHECK(expected == ANY_STATUS || found == expected, "%s (way %d): status %d, expected %d", what, way, found, expected);
        CHECK(status == ANY_STATUS || status == found, "%s: way %d gives %d, another %d", what, way, found, status);
        status = found;
    }
    free(copy);
    if (path[0] != 0) unlink(path);
    return status;
}

/* A good file: every read and every block fails in turn. */
static inline void fail_in_turn(const unsigned char *data, size_t size) {
    const char *path = temporary_path("failing");
    CHECK(write_file(path, data, size), "cannot write %s", path);
    int reads = 0, blocks = 0;
    CHECK(open_one(data, size, NULL, BY_CALLBACK, 0, 0, &reads, &blocks, "good") == VIT_OK, "good");
    CHECK(reads >= 2 && blocks >= 1, "%d reads, %d blocks", reads, blocks);
    int in_directory = 0;
    for (int i = 1; i <= reads; i++) {
        int32_t status = open_one(data, size, NULL, BY_CALLBACK, i, 0, NULL, NULL, "failing read");
        CHECK(status == VIT_OK || status == VIT_ERROR_IO, "read %d: %d", i, status);
        in_directory += status == VIT_ERROR_IO; /* the rest reads tensors, and is not made to fail */
    }
    CHECK(in_directory >= 2, "only %d reads matter", in_directory);
    for (int way = 1; way <= BY_MAPPING; way *= 2) {
        open_one(data, size, path, way, 0, 0, NULL, &blocks, "good");
        for (int i = 1; i <= blocks; i++) {
            CHECK(open_one(data, size, path, way, 0, i, NULL, NULL, "failing block") == VIT_ERROR_MEMORY, "block %d way %d", i,
                  way);
        }
    }
    unlink(path);
}

/* A reader whose file changes while it is read: from the change_at-th call on, one bit is flipped. */
typedef struct shifty {
    tape t;
    int change_at;
    size_t bit;
} shifty;

static inline int32_t shifty_read(void *user, uint64_t offset, void *dst, size_t size) {
    shifty *s = user;
    if (tape_read(&s->t, offset, dst, size) != 0) return 1;
    uint64_t byte = s->bit / 8;
    if (s->t.calls >= s->change_at && byte >= offset && byte - offset < size) {
        ((unsigned char *)dst)[byte - offset] ^= (unsigned char)(1 << s->bit % 8);
    }
    return 0;
}

static inline void change_while_read(const unsigned char *data, size_t size, size_t head) {
    for (int change_at = 2; change_at <= 4; change_at++) {
        for (size_t bit = 0; bit < 8 * head; bit++) {
            shifty s = {.t = {.data = data, .size = size}, .change_at = change_at, .bit = bit};
            heap h = {0};
            vi_allocator a = heap_allocator(&h);
            vi_reader r;
            vi_directory d;
            vi_error e = {0};
            vi_reader_open_callback(&r, shifty_read, &s, size, &e);
            if (vi_directory_open(&d, &r, &a, &e) == VIT_OK) {
                read_all(&d, "changing");
                vi_directory_close(&d, &a);
            }
            CHECK(heap_live(&h) == 0 && !h.wrong && !s.t.wrong, "bit %zu changes at read %d", bit, change_at);
        }
    }
}

/* ---- sizes: exact arithmetic on 16-bit digits, so that the oracle shares nothing with the library ------------------------ */

static const uint64_t edge_dims[] = {0, 1, 2, 3, 7, 15, 16, 17, 1u << 15, 1u << 16, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
    0x100000000,
                                     0x100000001, 0x40000000001, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF};
#define EDGE_DIMS (sizeof edge_dims / sizeof *edge_dims)

typedef struct exact {
    uint32_t digits[24]; /* base 65536, least significant first: 384 bits */
} exact;

static inline exact exact_times(exact x, uint64_t factor) {
    exact out = {{0}};
    for (int i = 0; i < 4; i++) {
        uint32_t f = (uint32_t)(factor >> (16 * i) & 0xFFFF), carry = 0;
        for (int k = 0; i + k < 24; k++) {
            uint32_t digit = out.digits[i + k] + x.digits[k] * f; /* at most 65535 + 65535 * 65535 */
            uint32_t sum = digit + carry;
            carry = (sum >> 16) + (sum < digit ? 65536u : 0u);
            out.digits[i + k] = sum & 0xFFFF;
        }
    }
    return out;
}

static inline bool exact_is(exact x, uint64_t value) {
    for (int i = 0; i < 24; i++) {
        if (x.digits[i] != (i < 4 ? (uint32_t)(value >> (16 * i) & 0xFFFF) : 0u)) return false;
    }
    return true;
}

static inline uint64_t exact_low(exact x) { /* what wrapping arithmetic would make of it */
    return x.digits[0] | (uint64_t)x.digits[1] << 16 | (uint64_t)x.digits[2] << 32 | (uint64_t)x.digits[3] << 48;
}

#endif
