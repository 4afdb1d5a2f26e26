/* gguf.c: ggml's GGUF, versions 2 and 3: magic, version, counts, named values, tensor descriptions, padding, data.
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
#include <string.h>
#include "base/checked.h"
#include "format/build.h"
#include "format/convert.h"

#define MAX_RANK 4       /* of GGUF */
#define MAX_NUMBERS 64   /* of a list that is kept */
#define MAX_TEXT 65536   /* bytes of a text that is kept */
#define MAX_VALUES 65536 /* named values; real files have some dozens */

/* Types of values. */
enum { U8, I8, U16, I16, U32, I32, F32, BOOL, TEXT, LIST, U64, I64, F64, KINDS };

typedef struct source { /* reads the file from front to end */
    vi_builder *b;
    uint64_t at;
    uint64_t alignment;
    unsigned char buffer[512];
    uint64_t buffer_at; /* buffer holds [buffer_at, buffer_at + buffer_size) of the file */
    size_t buffer_size;
} source;

static bool probe(const unsigned char *head, size_t n, uint64_t file_size) {
    (void)file_size;
    return n >= 4 && memcmp(head, "GGUF", 4) == 0;
}

static int32_t corrupt(const source *s, const char *problem) {
    return vi_fail(s->b->error, VIT_ERROR_CORRUPT, "%s: GGUF: %s", s->b->reader->name, problem);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

static int32_t skip(source *s, uint64_t n) {
    if (!vi_range_fits(s->at, n, s->b->reader->size)) return corrupt(s, "truncated: it ends before its tensors");
    s->at += n;
    return VIT_OK;
}

static int32_t take(source *s, void *dst, size_t n) {
    vi_reader *r = s->b->reader;
    if (!vi_range_fits(s->at, n, r->size)) return corrupt(s, "truncated: it ends before its tensors");
    if (s->at < s->buffer_at || !vi_range_fits(s->at - s->buffer_at, n, s->buffer_size)) {
        if (n > sizeof s->buffer) {
            s->at += n;
            return vi_reader_read(r, s->at - n, dst, n, s->b->error);
        }
        s->buffer_at = s->at;
        s->buffer_size = r->size - s->at < sizeof s->buffer ? (size_t)(r->size - s->at) : sizeof s->buffer;
        int32_t status = vi_reader_read(r, s->at, s->buffer, s->buffer_size, s->b->error);
        if (status != VIT_OK) return status;
    }
    memcpy(dst, s->buffer + (s->at - s->buffer_at), n);
    s->at += n;
    return VIT_OK;
}

static int32_t take_u32(source *s, uint32_t *v) {
    unsigned char bytes[4] = {0};
    int32_t status = take(s, bytes, sizeof bytes);
    *v = vi_load_u32(bytes);
    return status;
}

static int32_t take_u64(source *s, uint64_t *v) {
    unsigned char bytes[8] = {0};
    int32_t status = take(s, bytes, sizeof bytes);
    *v = vi_load_u64(bytes);
    return status;
}

/* A name of at most VI_MAX_NAME bytes. */
static int32_t take_name(source *s, char *name, size_t *length) {
    uint64_t n;
    int32_t status = take_u64(s, &n);
    if (status != VIT_OK) return status;
    if (n > VI_MAX_NAME) {
        return vi_fail(s->b->error, VIT_ERROR_LIMIT, "%s: GGUF: a name of %llu bytes; at most %d are accepted",
                       s->b->reader->name, (unsigned long long)n, VI_MAX_NAME);
    }
    *length = (size_t)n;
    name[*length] = '\0';
    status = take(s, name, *length);
    if (status == VIT_OK && strlen(name) != *length) status = corrupt(s, "a name holds a NUL");
    return status;
}

/* ---- named values ------------------------------------------------------------------------------------------------------- */

static size_t kind_size(uint32_t kind) {
    static const unsigned char sizes[KINDS] = {
        [U8] = 1, [I8] = 1, [U16] = 2, [I16] = 2, [U32] = 4, [I32] = 4, [F32] = 4, [BOOL] = 1, [U64] = 8, [I64] = 8, [F64] = 8};
    return kind < KINDS ? sizes[kind] : 0;
}

/* One number. False: it does not fit an i64, or is no truth value. */
static bool read_number(uint32_t kind, const unsigned char *p, int64_t *integer, double *real) {
    size_t size = kind_size(kind);
    uint64_t bits = 0;
    for (size_t i = size; i-- > 0;) bits = bits << 8 | p[i];
    bool negative = (kind == I8 || kind == I16 || kind == I32 || kind == I64) && p[size - 1] >= 128;
    if (negative && size < 8) bits |= UINT64_MAX << (8 * size);
    memcpy(integer, &bits, sizeof *integer);
    *real = kind == F32 ? (double)vi_load_f32(p) : kind == F64 ? vi_load_f64(p) : (double)*integer;
    return (kind != U64 || *integer >= 0) && (kind != BOOL || *integer <= 1);
}

static bool is_real(uint32_t kind) { return kind == F32 || kind == F64; }

static int32_t add_number(source *s, const char *name, size_t length, uint32_t kind) {
    unsigned char bytes[8] = {0};
    vi_meta m = {.kind = is_real(kind) ? VI_META_REAL : VI_META_INT, .count = 1};
    double real;
    int32_t status = take(s, bytes, kind_size(kind));
    if (status != VIT_OK) return status;
    if (!read_number(kind, bytes, &m.integer, &real))
        return kind == BOOL ? corrupt(s, "a truth value is neither 0 nor 1") : VIT_OK;
    if (strcmp(name, "general.alignment") == 0) s->alignment = kind == U32 ? (uint64_t)m.integer : 0;
    if (m.kind == VI_META_INT) return vi_build_named(s->b, name, length, &m, NULL, 0);
    m.integer = 0;
    vi_store_f64(bytes, real);
    return vi_build_named(s->b, name, length, &m, bytes, sizeof bytes);
}

static int32_t add_text(source *s, const char *name, size_t length) {
    uint64_t n;
    int32_t status = take_u64(s, &n);
    if (status != VIT_OK) return status;
    if (n > MAX_TEXT || !vi_range_fits(s->at, n, s->b->reader->size)) return skip(s, n);
    size_t size = (size_t)n;
    char *text = vi_alloc(s->b->allocator, size, VI_TEMPORARY);
    if (text == NULL) return vi_alloc_failed(s->b->allocator, size, "a text of a GGUF file", s->b->error);
    status = take(s, text, size);
    vi_meta m = {.kind = VI_META_TEXT, .count = (uint32_t)size};
    if (status == VIT_OK) status = vi_build_named(s->b, name, length, &m, text, size);
    vi_free(s->b->allocator, text, size, VI_TEMPORARY);
    return status;
}

static int32_t add_list(source *s, const char *name, size_t length) {
    uint32_t kind;
    uint64_t count, bytes;
    int32_t status = take_u32(s, &kind);
    if (status == VIT_OK) status = take_u64(s, &count);
    if (status != VIT_OK) return status;
    if (kind == LIST) return vi_fail(s->b->error, VIT_ERROR_UNSUPPORTED, "%s: GGUF: a list of lists", s->b->reader->name);
    for (uint64_t i = 0; kind == TEXT && i < count; i++) { /* each takes 8 bytes at least: ends with the file */
        uint64_t n;
        status = take_u64(s, &n);
        if (status == VIT_OK) status = skip(s, n);
        if (status != VIT_OK) return status;
    }
    if (kind == TEXT) return VIT_OK;
    size_t size = kind_size(kind);
    if (size == 0 || !vi_mul_u64(count, size, &bytes)) return corrupt(s, "a list of an unknown type or absurd length");
    if (count > MAX_NUMBERS) return skip(s, bytes);
    unsigned char raw[8 * MAX_NUMBERS], reals[8 * MAX_NUMBERS];
    status = take(s, raw, (size_t)bytes);
    for (size_t i = 0; status == VIT_OK && i < count; i++) {
        int64_t integer;
        double real;
        if (!read_number(kind, raw + i * size, &integer, &real)) return VIT_OK; /* not kept */
        vi_store_f64(reals + 8 * i, real);
    }
    vi_meta m = {.kind = VI_META_REAL, .count = (uint32_t)count};
    return status == VIT_OK ? vi_build_named(s->b, name, length, &m, reals, (size_t)count * 8) : status;
}

static int32_t read_value(source *s) {
    char name[VI_MAX_NAME + 1];
    size_t length;
    uint32_t kind;
    int32_t status = take_name(s, name, &length);
    if (status == VIT_OK) status = take_u32(s, &kind);
    if (status != VIT_OK) return status;
    if (kind == TEXT) return add_text(s, name, length);
    if (kind == LIST) return add_list(s, name, length);
    return kind_size(kind) > 0 ? add_number(s, name, length, kind) : corrupt(s, "a value of an unknown type");
}

/* ---- tensors ------------------------------------------------------------------------------------------------------------ */

static vi_dtype dtype_of(uint32_t type) {
    static const struct {
        uint32_t type;
        vi_dtype dtype;
    } types[] = {{0, VI_DT_F32},  {1, VI_DT_F16},  {2, VI_DT_Q4_0}, {3, VI_DT_Q4_1}, {6, VI_DT_Q5_0},
                 {7, VI_DT_Q5_1}, {8, VI_DT_Q8_0}, {24, VI_DT_I8},  {25, VI_DT_I16}, {26, VI_DT_I32},
                 {27, VI_DT_I64}, {28, VI_DT_F64}, {30, VI_DT_BF16}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (types[i].type == type) return types[i].dtype;
    }
    return VI_DT_OTHER; /* K-quants and the like: their size is not known here either */
}

/* t->offset is left relative to the data. */
static int32_t read_tensor(source *s, vi_tensor *t, char *name, size_t *length) {
    uint32_t type;
    int32_t status = take_name(s, name, length);
    if (status == VIT_OK) status = take_u32(s, &t->rank);
    if (status != VIT_OK) return status;
    if (t->rank > MAX_RANK) return vi_build_bad(s->b, name, *length, VIT_ERROR_CORRUPT, "more than 4 dimensions");
    for (uint32_t i = t->rank; status == VIT_OK && i-- > 0;) status = take_u64(s, &t->shape[i]); /* the fastest one comes first */
    if (status == VIT_OK) status = take_u32(s, &type);
    if (status == VIT_OK) status = take_u64(s, &t->offset);
    if (status != VIT_OK) return status;
    if (t->offset % s->alignment != 0) return vi_build_bad(s->b, name, *length, VIT_ERROR_CORRUPT, "its data is not aligned");
    t->dtype = dtype_of(type);
    bool known = t->dtype != VI_DT_OTHER;
    if (!known || vi_tensor_bytes(t->dtype, VI_LAYOUT_ROWS, t->rank, t->shape, &t->bytes)) return VIT_OK;
    return vi_build_bad(s->b, name, *length, VIT_ERROR_CORRUPT, "its shape overflows, or its rows are not of whole blocks");
}

/* The data begins behind the descriptions, so these are gone through first to find out where that is. */
static int32_t read_tensors(source *s, uint64_t count) {
    char name[VI_MAX_NAME + 1];
    size_t length;
    uint64_t first = s->at, data;
    for (uint64_t i = 0; i < count; i++) {
        vi_tensor t = {0};
        int32_t status = read_tensor(s, &t, name, &length);
        if (status != VIT_OK) return status;
    }
    data = s->at + (s->alignment - s->at % s->alignment) % s->alignment;
    s->at = first;
    for (uint64_t i = 0; i < count; i++) {
        vi_tensor t = {0};
        int32_t status = read_tensor(s, &t, name, &length);
        if (status != VIT_OK) return status;
        if (!vi_add_u64(t.offset, data, &t.offset))
            return vi_build_bad(s->b, name, length, VIT_ERROR_CORRUPT, "its offset overflows");
        status = vi_build_tensor(s->b, &t, name, length);
        if (status != VIT_OK) return status;
    }
    return VIT_OK;
}

/* ---- the file ----------------------------------------------------------------------------------------------------------- */

static int32_t check_version(const source *s, uint32_t version) {
    if (version == 2 || version == 3) return VIT_OK;
    bool swapped = version == 0x02000000 || version == 0x03000000;
    return vi_fail(s->b->error, VIT_ERROR_UNSUPPORTED, "%s: GGUF version %lu%s; this library reads versions 2 and 3",
                   s->b->reader->name, (unsigned long)(swapped ? version >> 24 : version), swapped ? ", big-endian" : "");
}

static int32_t pass(vi_builder *b, void *user) {
    source s = {.b = b, .at = 4, .alignment = 32};
    uint32_t version;
    uint64_t tensors, values;
    (void)user;
    int32_t status = take_u32(&s, &version);
    if (status == VIT_OK) status = check_version(&s, version);
    if (status == VIT_OK) status = take_u64(&s, &tensors);
    if (status == VIT_OK) status = take_u64(&s, &values);
    if (status != VIT_OK) return status;
    if (tensors > VI_MAX_TENSORS || values > MAX_VALUES) {
        return vi_fail(b->error, VIT_ERROR_LIMIT, "%s: GGUF: %llu tensors and %llu values; at most %d and %d are accepted",
                       b->reader->name, (unsigned long long)tensors, (unsigned long long)values, VI_MAX_TENSORS, MAX_VALUES);
    }
    for (uint64_t i = 0; status == VIT_OK && i < values; i++) status = read_value(&s);
    if (status != VIT_OK) return status;
    if (s.alignment == 0 || s.alignment > 65536 || (s.alignment & (s.alignment - 1)) != 0) {
        return corrupt(&s, "general.alignment is not a power of two up to 65536");
    }
    return read_tensors(&s, tensors);
}

static int32_t open(vi_directory *d, vi_reader *r, vi_allocator *a, vi_error *e) {
    (void)r;
    return vi_build(d, pass, NULL, a, e);
}

const vi_format vi_format_gguf = {"gguf", probe, open};
