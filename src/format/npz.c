/* npz.c: NumPy's .npz, a zip archive of .npy files: magic, version, length, a Python dictionary as text, elements.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
#include <string.h>
#include "base/checked.h"
#include "base/inflate.h"
#include "format/archive.h"

#define MAX_TEXT 65536 /* bytes of a header */
#define PREFIX 12      /* magic, version, u32 length; versions before 2 have a u16 */

typedef struct header {
    vi_dtype dtype;
    size_t size;     /* of an element; 0: unknown */
    bool by_columns; /* fortran_order */
    uint32_t rank;
    uint64_t shape[VI_MAX_RANK];
} header;

typedef struct source {
    vi_builder *b;
    const vi_zip *zip;
    vi_inflater *inflater; /* allocated when the first deflated member comes */
    const char *name;      /* of the tensor: the member's without ".npy" */
    size_t name_length;
} source;

static int32_t bad(const source *s, int32_t code, const char *problem) {
    return vi_build_bad(s->b, s->name, s->name_length, code, problem);
}

/* ---- the header's text ----------------------------------------------------------------------------------------------------
 * A small part of Python: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } in any order. */

typedef struct text {
    const char *at, *end;
} text;

static void skip_blanks(text *t) {
    while (t->at < t->end && (*t->at == ' ' || *t->at == '\n' || *t->at == '\t' || *t->at == '\r')) t->at++;
}

static bool next_is(text *t, const char *word) {
    skip_blanks(t);
    size_t n = strlen(word);
    if ((size_t)(t->end - t->at) < n || memcmp(t->at, word, n) != 0) return false;
    t->at += n;
    return true;
}

/* A string in quotes without escapes. */
static bool next_string(text *t, const char **string, size_t *length) {
    skip_blanks(t);
    if (t->at == t->end || (*t->at != '\'' && *t->at != '"')) return false;
    char quote = *t->at++;
    const char *close = memchr(t->at, quote, (size_t)(t->end - t->at));
    if (close == NULL || memchr(t->at, '\\', (size_t)(close - t->at)) != NULL) return false;
    *string = t->at;
    *length = (size_t)(close - t->at);
    t->at = close + 1;
    return true;
}

/* Everything up to the bracket that closes the one at t->at: the descr of a structured type. */
static bool skip_brackets(text *t) {
    size_t depth = 0;
    for (; t->at < t->end; t->at++) {
        if (*t->at == '[' || *t->at == '(') depth++;
        if ((*t->at == ']' || *t->at == ')') && --depth == 0) return t->at++, true;
    }
    return false;
}

static bool next_number(text *t, uint64_t *number) {
    skip_blanks(t);
    const char *start = t->at;
    for (*number = 0; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++) {
        if (*number <= VI_MAX_DIM) *number = *number * 10 + (uint64_t)(*t->at - '0'); /* larger ones are refused anyway */
    }
    if (t->at == start) return false;
    if (t->at < t->end && *t->at == 'L') t->at++; /* a long of Python 2 */
    return true;
}

static int32_t read_shape(const source *s, text *t, header *h) {
    if (!next_is(t, "(")) return bad(s, VIT_ERROR_CORRUPT, "its .npy header has a shape that is not a tuple");
    while (!next_is(t, ")")) {
        uint64_t dim;
        if (!next_number(t, &dim)) return bad(s, VIT_ERROR_CORRUPT, "its .npy header has a shape that is not of numbers");
        if (dim > VI_MAX_DIM) return bad(s, VIT_ERROR_LIMIT, "a dimension exceeds 2147483647");
        if (h->rank == VI_MAX_RANK) return bad(s, VIT_ERROR_LIMIT, "more than 6 dimensions");
        h->shape[h->rank++] = dim;
        bool comma = next_is(t, ",");
        bool closed = t->at < t->end && *t->at == ')';
        if (!comma && (!closed || h->rank == 1)) return bad(s, VIT_ERROR_CORRUPT, "its .npy header has a shape that is no tuple");
    }
    return VIT_OK;
}

/* "<f4": byte order, kind, bytes of an element. V2 is bfloat16, which NumPy does not know. */
static int32_t read_descr(const source *s, const char *descr, size_t length, header *h) {
    static const struct {
        const char *name;
        vi_dtype dtype;
    } known[] = {{"f4", VI_DT_F32}, {"f2", VI_DT_F16}, {"f8", VI_DT_F64}, {"V2", VI_DT_BF16}, {"i8", VI_DT_I64},
                 {"i4", VI_DT_I32}, {"i2", VI_DT_I16}, {"i1", VI_DT_I8},  {"u8", VI_DT_U64},  {"u4", VI_DT_U32},
                 {"u2", VI_DT_U16}, {"u1", VI_DT_U8},  {"b1", VI_DT_BOOL}};
    h->dtype = VI_DT_OTHER;
    if (length != 3) return VIT_OK;
    if (descr[0] == '>') return bad(s, VIT_ERROR_UNSUPPORTED, "its numbers are big-endian; save them with astype('<f4')");
    if (descr[0] != '<' && descr[0] != '|') return VIT_OK;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (memcmp(descr + 1, known[i].name, 2) != 0) continue;
        h->dtype = known[i].dtype;
        h->size = vi_dtype_size(h->dtype);
    }
    return VIT_OK;
}

static int32_t read_entry(const source *s, text *t, header *h, const char *key, size_t length) {
    const char *descr;
    if (length == 5 && memcmp(key, "descr", 5) == 0) {
        if (next_string(t, &descr, &length)) return read_descr(s, descr, length, h);
        h->dtype = VI_DT_OTHER;
        return skip_brackets(t) ? VIT_OK : bad(s, VIT_ERROR_CORRUPT, "its .npy header has no readable type");
    }
    if (length == 13 && memcmp(key, "fortran_order", 13) == 0) {
        h->by_columns = next_is(t, "True");
        if (h->by_columns || next_is(t, "False")) return VIT_OK;
        return bad(s, VIT_ERROR_CORRUPT, "its .npy header has a fortran_order that is neither True nor False");
    }
    if (length == 5 && memcmp(key, "shape", 5) == 0) return read_shape(s, t, h);
    return bad(s, VIT_ERROR_CORRUPT, "its .npy header has an unknown key");
}

static int32_t parse(const source *s, const char *bytes, size_t size, header *h) {
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    uint32_t seen = 0;
    text t = {bytes, bytes + size};
    *h = (header){0};
    if (!next_is(&t, "{")) return bad(s, VIT_ERROR_CORRUPT, "its .npy header is not a dictionary");
    while (!next_is(&t, "}")) {
        const char *key;
        size_t length;
        if (!next_string(&t, &key, &length) || !next_is(&t, ":")) {
            return bad(s, VIT_ERROR_CORRUPT, "its .npy header has a key without quotes or value");
        }
        int32_t status = read_entry(s, &t, h, key, length);
        if (status != VIT_OK) return status;
        for (uint32_t i = 0; i < 3; i++) {
            if (strlen(keys[i]) != length || memcmp(keys[i], key, length) != 0) continue;
            if (seen & 1u << i) return bad(s, VIT_ERROR_CORRUPT, "its .npy header has a key twice");
            seen |= 1u << i;
        }
        skip_blanks(&t);
        if (!next_is(&t, ",") && (t.at == t.end || *t.at != '}'))
            return bad(s, VIT_ERROR_CORRUPT, "its .npy header ends too early");
    }
    skip_blanks(&t);
    if (seen != 7 || t.at != t.end) return bad(s, VIT_ERROR_CORRUPT, "its .npy header lacks a key, or goes on after its end");
    return VIT_OK;
}

/* ---- one member --------------------------------------------------------------------------------------------------------- */

/* Where the bytes of a member come from. */
static int32_t fetch(const source *s, const vi_tensor *t, uint64_t at, void *dst, size_t n) {
    if (t->packed != 0) return vi_inflate_read(s->inflater, dst, n, s->b->error);
    return vi_reader_read(s->b->reader, t->offset + at, dst, n, s->b->error);
}

/* The text of the header, up to MAX_TEXT bytes, goes into temporary memory. */
static int32_t read_text(const source *s, const vi_tensor *t, uint64_t at, size_t size, header *h) {
    vi_allocator *a = s->b->allocator;
    char *bytes = vi_alloc(a, size, VI_TEMPORARY);
    if (bytes == NULL) return vi_alloc_failed(a, size, "the header of a .npy file", s->b->error);
    int32_t status = fetch(s, t, at, bytes, size);
    if (status == VIT_OK) status = parse(s, bytes, size, h);
    vi_free(a, bytes, size, VI_TEMPORARY);
    return status;
}

/* Leaves in t->skip where the elements begin. */
static int32_t read_header(const source *s, const vi_zip_member *m, vi_tensor *t, header *h) {
    unsigned char prefix[PREFIX] = {0};
    if (m->size < PREFIX) return bad(s, VIT_ERROR_CORRUPT, "truncated: shorter than a .npy header");
    int32_t status = fetch(s, t, 0, prefix, 10);
    if (status != VIT_OK) return status;
    if (memcmp(prefix, "\x93NUMPY", 6) != 0) return bad(s, VIT_ERROR_CORRUPT, "it is no .npy file");
    if (prefix[6] < 1 || prefix[6] > 3 || prefix[7] != 0) return bad(s, VIT_ERROR_UNSUPPORTED, "unknown version of .npy");
    uint32_t start = prefix[6] == 1 ? 10 : 12;
    if (start == 12) status = fetch(s, t, 10, prefix + 10, 2);
    if (status != VIT_OK) return status;
    uint32_t size = start == 12 ? vi_load_u32(prefix + 8) : vi_load_u16(prefix + 8);
    if (size > MAX_TEXT) return bad(s, VIT_ERROR_LIMIT, "its .npy header is longer than 65536 bytes");
    if (size == 0 || size > m->size - start) return bad(s, VIT_ERROR_CORRUPT, "truncated: its .npy header is cut off");
    t->skip = start + size;
    return read_text(s, t, start, size, h);
}

static bool by_columns(vi_tensor *t) {
    uint64_t stride[VI_MAX_RANK], next = 1, extent;
    for (uint32_t i = 0; i < t->rank; i++) {
        stride[i] = next;
        if (!vi_mul_u64(next, t->shape[i] > 0 ? t->shape[i] : 1, &next)) return false;
    }
    return vi_build_strides(t, stride, &extent);
}

static int32_t add_member(source *s, const vi_zip_member *m) {
    vi_tensor t = {0};
    header h = {0};
    int32_t status = vi_zip_locate(s->zip, m, &t.offset, s->b->error);
    if (status != VIT_OK) return status;
    t.packed = m->method == VI_ZIP_STORED ? 0 : m->packed;
    t.crc = m->crc;
    if (m->method != VI_ZIP_STORED) {
        if (m->packed == 0) return bad(s, VIT_ERROR_CORRUPT, "it is deflated to nothing");
        if (s->inflater == NULL) s->inflater = vi_alloc(s->b->allocator, sizeof *s->inflater, VI_TEMPORARY);
        if (s->inflater == NULL) return vi_alloc_failed(s->b->allocator, sizeof *s->inflater, "unpacking a tensor", s->b->error);
        vi_inflate_start(s->inflater, s->b->reader, t.offset, m->packed, m->name);
    }
    status = read_header(s, m, &t, &h);
    if (status != VIT_OK) return status;
    t.dtype = h.dtype;
    t.rank = h.rank;
    memcpy(t.shape, h.shape, sizeof t.shape);
    t.bytes = m->size - t.skip;
    uint64_t bytes;
    if (h.size > 0 && (!vi_tensor_bytes(t.dtype, VI_LAYOUT_ROWS, t.rank, t.shape, &bytes) || bytes != t.bytes)) {
        return bad(s, VIT_ERROR_CORRUPT, "its shape and type do not fit its size");
    }
    if (h.by_columns && h.size > 0 && !by_columns(&t)) return bad(s, VIT_ERROR_CORRUPT, "shape overflows");
    if (t.packed == 0) {
        t.offset += t.skip;
        t.skip = 0;
        t.crc = 0;
    }
    return vi_build_tensor(s->b, &t, s->name, s->name_length);
}

int32_t vi_npz_read(vi_builder *b, const vi_zip *z) {
    source s = {.b = b, .zip = z};
    int32_t status = VIT_OK;
    for (size_t i = 0; status == VIT_OK && i < z->count; i++) {
        const vi_zip_member *m = &z->members[i];
        size_t length = strlen(m->name);
        if (length < 4 || strcmp(m->name + length - 4, ".npy") != 0) continue; /* np.load shows such members as bytes */
        s.name = m->name;
        s.name_length = length - 4;
        status = add_member(&s, m);
    }
    vi_free(b->allocator, s.inflater, sizeof *s.inflater, VI_TEMPORARY);
    return status;
}
