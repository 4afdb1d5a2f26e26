/* test_hostile_npz.c: broken and malicious .npz files: the archive, the .npy headers, the deflate streams. */
#include "hostile/hostile.h"
#include "hostile/zip_writer.h"

#define OK VIT_OK
#define CORRUPT VIT_ERROR_CORRUPT
#define LIMIT VIT_ERROR_LIMIT
#define FORMAT VIT_ERROR_FORMAT
#define UNSUPPORTED VIT_ERROR_UNSUPPORTED

/* ---- .npy headers ------------------------------------------------------------------------------------------------------- */

#define NPY(descr, order, shape) "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }"

static const struct {
    const char *what, *header;
    size_t data;
    int32_t expected;
} headers[] = {
    {"good", NPY("'<f4'", "False", "(2, 3)"), 24, OK},
    {"padded", NPY("'<f4'", "False", "(2, 3)") "            \n", 24, OK},
    {"no comma at the end", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", 24, OK},
    {"no blanks", "{'descr':'<f4','fortran_order':False,'shape':(2,3)}", 24, OK},
    {"other order of keys", "{'shape': (2, 3), 'fortran_order': False, 'descr': '<f4'}", 24, OK},
    {"other quotes", "{\"descr\": \"<f4\", 'fortran_order': False, 'shape': (2, 3)}", 24, OK},
    {"columns", NPY("'<f4'", "True", "(2, 3)"), 24, OK},
    {"columns of one dimension", NPY("'<f4'", "True", "(6,)"), 24, OK},
    {"columns of nothing", NPY("'<f4'", "True", "(0, 3)"), 0, OK},
    {"scalar", NPY("'<f4'", "False", "()"), 4, OK},
    {"one dimension", NPY("'<f4'", "False", "(6,)"), 24, OK},
    {"comma in the shape", NPY("'<f4'", "False", "(2, 3,)"), 24, OK},
    {"longs of Python 2", NPY("'<f4'", "False", "(2L, 3L)"), 24, OK},
    {"bytes", NPY("'|u1'", "False", "(24,)"), 24, OK},
    {"bfloat16", NPY("'|V2'", "False", "(12,)"), 24, OK},
    {"bfloat16, little", NPY("'<V2'", "False", "(12,)"), 24, OK},
    {"unknown type", NPY("'<c8'", "False", "(3,)"), 24, OK},
    {"text", NPY("'<U17'", "False", "(3,)"), 24, OK},
    {"objects", NPY("'|O'", "False", "(3,)"), 24, OK},
    {"a structure", NPY("[('x', '<f4'), ('y', '<i4', (2,))]", "False", "(2,)"), 24, OK},
    {"empty type", NPY("''", "False", "(3,)"), 24, OK},
    {"rank 6", NPY("'<f4'", "False", "(1, 1, 1, 1, 1, 6)"), 24, OK},
    {"rank 7", NPY("'<f4'", "False", "(1, 1, 1, 1, 1, 1, 6)"), 24, LIMIT},
    {"dimension of 2^31", NPY("'<f4'", "False", "(2147483648,)"), 24, LIMIT},
    {"dimension of 2^64 + 6", NPY("'<f4'", "False", "(18446744073709551622,)"), 24, LIMIT},
    {"dimension of 50 digits", NPY("'<f4'", "False", "(99999999999999999999999999999999999999999999999999,)"), 24, LIMIT},
    {"product wraps to the size", NPY("'|u1'", "False", "(2147483647, 2147483647, 2147483647, 24)"), 24, CORRUPT},
    {"product wraps to 0", NPY("'<f4'", "False", "(65536, 65536, 65536, 65536)"), 0, CORRUPT},
    {"columns that wrap", NPY("'<f4'", "True", "(65536, 65536, 65536, 65536, 0)"), 0, CORRUPT},
    {"too little data", NPY("'<f4'", "False", "(2, 3)"), 23, CORRUPT},
    {"too much data", NPY("'<f4'", "False", "(2, 3)"), 25, CORRUPT},
    {"no data", NPY("'<f4'", "False", "(2, 3)"), 0, CORRUPT},
    {"data of nothing", NPY("'<f4'", "False", "(0,)"), 4, CORRUPT},
    {"big-endian", NPY("'>f4'", "False", "(2, 3)"), 24, UNSUPPORTED},
    {"big-endian integers", NPY("'>i8'", "False", "(3,)"), 24, UNSUPPORTED},
    {"negative dimension", NPY("'<f4'", "False", "(-2, 3)"), 24, CORRUPT},
    {"fraction", NPY("'<f4'", "False", "(2.0, 3)"), 24, CORRUPT},
    {"shape without brackets", NPY("'<f4'", "False", "6"), 24, CORRUPT},
    {"shape in square brackets", NPY("'<f4'", "False", "[2, 3]"), 24, CORRUPT},
    {"shape in brackets, no tuple", NPY("'<f4'", "False", "(6)"), 24, CORRUPT},
    {"shape of two without comma", NPY("'<f4'", "False", "(2 3)"), 24, CORRUPT},
    {"shape with two commas", NPY("'<f4'", "False", "(2,, 3)"), 24, CORRUPT},
    {"shape of a comma", NPY("'<f4'", "False", "(,)"), 24, CORRUPT},
    {"shape not closed", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3", 24, CORRUPT},
    {"shape of a call", NPY("'<f4'", "False", "(2, __import__('os'))"), 24, CORRUPT},
    {"order is a number", NPY("'<f4'", "0", "(2, 3)"), 24, CORRUPT},
    {"order is text", NPY("'<f4'", "'False'", "(2, 3)"), 24, CORRUPT},
    {"order in lower case", NPY("'<f4'", "false", "(2, 3)"), 24, CORRUPT},
    {"type without quotes", NPY("<f4", "False", "(2, 3)"), 24, CORRUPT},
    {"type not closed", "{'fortran_order': False, 'shape': (2, 3), 'descr': '<f4, }", 24, CORRUPT},
    {"type with an escape", NPY("'\\x3cf4'", "False", "(2, 3)"), 24, CORRUPT},
    {"structure not closed", "{'fortran_order': False, 'shape': (2, 3), 'descr': [('x', '<f4'}", 24, CORRUPT},
    {"no type", "{'fortran_order': False, 'shape': (2, 3), }", 24, CORRUPT},
    {"no order", "{'descr': '<f4', 'shape': (2, 3), }", 24, CORRUPT},
    {"no shape", "{'descr': '<f4', 'fortran_order': False, }", 24, CORRUPT},
    {"shape twice", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'shape': (2, 3), }", 24, CORRUPT},
    {"shape twice, half each", "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'shape': (3,), }", 24, CORRUPT},
    {"an unknown key", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1, }", 24, CORRUPT},
    {"key without quotes", "{descr: '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24, CORRUPT},
    {"no colon", "{'descr' '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24, CORRUPT},
    {"no comma", "{'descr': '<f4' 'fortran_order': False, 'shape': (2, 3), }", 24, CORRUPT},
    {"no dictionary", "['<f4', False, (2, 3)]", 24, CORRUPT},
    {"not closed", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), ", 24, CORRUPT},
    {"something after it", NPY("'<f4'", "False", "(2, 3)") " # comment", 24, CORRUPT},
    {"two dictionaries", NPY("'<f4'", "False", "(2, 3)") NPY("'<f4'", "False", "(2, 3)"), 24, CORRUPT},
    {"blanks only", "           ", 24, CORRUPT},
    {"only a brace", "{", 24, CORRUPT},
    {"braces", "{{{{{{{{{{", 24, CORRUPT},
};

/* A .npy file of version 1: header and so many bytes 0, 1, 2 ... */
static buffer make_npy(const char *header, size_t data) {
    buffer b = {0};
    buffer_add(&b, "\x93NUMPY\1\0", 8);
    zip_u16(&b, (uint32_t)strlen(header));
    buffer_text(&b, header);
    for (size_t i = 0; i < data; i++) buffer_add(&b, &(unsigned char){(unsigned char)i}, 1);
    return b;
}

/* The same as one stored deflate block. */
static buffer deflated(const buffer *plain) {
    buffer b = {0};
    buffer_add(&b, "\1", 1);
    zip_u16(&b, (uint32_t)plain->size);
    zip_u16(&b, (uint32_t)plain->size ^ 0xFFFF);
    buffer_add(&b, plain->data, plain->size);
    return b;
}

static zip_member *add_npy(zip_writer *z, const char *name, const buffer *npy, bool deflate) {
    if (!deflate) return zip_add(z, name, npy->data, npy->size);
    buffer packed = deflated(npy);
    zip_member *m = zip_add_packed(z, name, 8, packed.data, packed.size, npy->size, vi_crc32(0, npy->data, npy->size));
    buffer_free(&packed);
    return m;
}

static void test_headers(void) {
    for (size_t i = 0; i < 2 * sizeof headers / sizeof *headers; i++) {
        zip_writer z = {0};
        buffer npy = make_npy(headers[i / 2].header, headers[i / 2].data);
        add_npy(&z, "a.npy", &npy, i % 2 == 1);
        zip_finish(&z);
        open_bytes(z.file.data, z.file.size, BY_ALL, headers[i / 2].expected, headers[i / 2].what);
        buffer_free(&npy);
        zip_free(&z);
    }
}

/* ---- the beginning of a .npy file --------------------------------------------------------------------------------------- */

static void test_prefixes(void) {
    static const struct {
        const char *what;
        size_t at;
        const char *bytes;
        size_t count;
        int32_t expected;
    } cases[] = {
        {"good", 0, "\x93", 1, OK},
        {"another magic", 0, "\x94", 1, CORRUPT},
        {"magic in lower case", 1, "numpy", 5, CORRUPT},
        {"version 0", 6, "\0", 1, UNSUPPORTED},
        {"version 4", 6, "\4", 1, UNSUPPORTED},
        {"version 1.1", 7, "\1", 1, UNSUPPORTED},
        {"version 2: other length", 6, "\2", 1, LIMIT},
        {"header of 0 bytes", 8, "\0\0", 2, CORRUPT},
        {"header longer than the file", 8, "\xFF\xFF", 2, CORRUPT},
        {"header one byte too short", 8, "\x3A", 1, CORRUPT},
        {"header one byte too long", 8, "\x3C", 1, CORRUPT},
    };
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        zip_writer z = {0};
        buffer npy = make_npy(NPY("'<f4'", "False", "(2, 3)"), 24);
        memcpy(npy.data + cases[i / 2].at, cases[i / 2].bytes, cases[i / 2].count);
        add_npy(&z, "a.npy", &npy, i % 2 == 1);
        zip_finish(&z);
        open_bytes(z.file.data, z.file.size, BY_ALL, cases[i / 2].expected, cases[i / 2].what);
        buffer_free(&npy);
        zip_free(&z);
    }
    for (size_t size = 0; size < 90; size++) {
        zip_writer z = {0};
        buffer npy = make_npy(NPY("'<f4'", "False", "(2, 3)"), 24);
        npy.size = size < npy.size ? size : npy.size - 1;
        add_npy(&z, "a.npy", &npy, size % 2 == 1);
        zip_finish(&z);
        open_bytes(z.file.data, z.file.size, BY_MEMORY | BY_CALLBACK, CORRUPT, "a member cut off");
        buffer_free(&npy);
        zip_free(&z);
    }
}

/* ---- the archive -------------------------------------------------------------------------------------------------------- */

static zip_writer good_archive(void) {
    zip_writer z = {0};
    buffer npy = make_npy(NPY("'<f4'", "False", "(2, 3)"), 24), columns = make_npy(NPY("'<f2'", "True", "(3, 2)"), 12);
    zip_add(&z, "a.npy", npy.data, npy.size);
    add_npy(&z, "b/c.npy", &columns, true);
    zip_add(&z, "readme", "hello", 5);
    buffer_free(&npy);
    buffer_free(&columns);
    return z;
}

static void set_extra(zip_member *m, uint32_t id, uint32_t length, const uint64_t *fields, size_t count) {
    vi_store_u16(m->extra, (uint16_t)id);
    vi_store_u16(m->extra + 2, (uint16_t)length);
    for (size_t i = 0; i < count; i++) vi_store_u64(m->extra + 4 + 8 * i, fields[i]);
    m->extra_length = (uint32_t)(4 + 8 * count);
}

/* Spoils one thing; returns what the outcome must be, or -1 when there are no more. */
static int32_t spoil(zip_writer *z, int which, const char **what) {
    zip_member *a = &z->members[0], *b = &z->members[1], *c = &z->members[2];
    uint64_t sizes[3] = {a->size, a->packed, a->offset}, far = UINT64_MAX - 10;
    switch (which) {
    case 0: return *what = "good", OK;
    case 1: return *what = "a comment", z->after_end = "comment", OK;
    case 2: return *what = "ZIP64", z->zip64 = true, OK;
    case 3: return *what = "ZIP64 sizes", a->size = a->packed = a->offset = 0xFFFFFFFF, set_extra(a, 1, 24, sizes, 3), OK;
    case 4: return *what = "ZIP64 size only", a->size = 0xFFFFFFFF, set_extra(a, 1, 8, sizes, 1), OK;
    case 5: return *what = "another extra field", set_extra(a, 77, 8, sizes, 1), OK;
    case 6: return *what = "comments of members", a->comment_length = c->comment_length = 5, OK;
    case 7: return *what = "comment too long", z->comment_wrong = 1, CORRUPT;
    case 8: return *what = "comment too short", z->after_end = "comment", z->comment_wrong = (uint32_t)-1, CORRUPT;
    case 9: return *what = "one part of several", z->disk = 1, CORRUPT;
    case 10: return *what = "one member more", z->count_wrong = 1, CORRUPT;
    case 11: return *what = "one member less", z->count_wrong = (uint32_t)-1, CORRUPT;
    case 12: return *what = "directory too long", z->size_wrong = 1, CORRUPT;
    case 13: return *what = "directory too short", z->size_wrong = (uint32_t)-1, CORRUPT;
    case 14: return *what = "directory of 4 GiB", z->size_wrong = 0xFFFFFF00, CORRUPT;
    case 15: return *what = "directory later", z->offset_wrong = 1, CORRUPT;
    case 16: return *what = "directory earlier", z->offset_wrong = (uint32_t)-1, CORRUPT;
    case 17: return *what = "hole before the end", z->before_end = 1, CORRUPT;
    case 18: return *what = "ZIP64: one member more", z->zip64 = true, z->count64_wrong = 1, CORRUPT;
    case 19: return *what = "ZIP64: 2^64 - 1 members", z->zip64 = true, z->count64_wrong = UINT64_MAX - z->count, CORRUPT;
    case 20: return *what = "ZIP64: directory of 2^64 bytes", z->zip64 = true, z->size64_wrong = (uint64_t)-1 - 300, CORRUPT;
    case 21: return *what = "ZIP64: directory elsewhere", z->zip64 = true, z->offset64_wrong = 1, CORRUPT;
    case 22: return *what = "ZIP64: directory at 2^64", z->zip64 = true, z->offset64_wrong = UINT64_MAX - 400, CORRUPT;
    case 23: return *what = "ZIP64: end elsewhere", z->zip64 = true, z->locator_wrong = 1, CORRUPT;
    case 24: return *what = "ZIP64: end at 2^64", z->zip64 = true, z->locator_wrong = UINT64_MAX - 400, CORRUPT;
    case 25: return *what = "ZIP64 field missing", a->size = 0xFFFFFFFF, CORRUPT;
    case 26: return *what = "ZIP64 field too short", a->size = a->packed = 0xFFFFFFFF, set_extra(a, 1, 8, sizes, 1), CORRUPT;
    case 27: return *what = "ZIP64 offset of 2^64", a->offset = 0xFFFFFFFF, set_extra(a, 1, 8, &far, 1), CORRUPT;
    case 28: return *what = "extra field too long", set_extra(a, 77, 9, sizes, 1), CORRUPT;
    case 29: return *what = "encrypted", a->flags = 1, UNSUPPORTED;
    case 30: return *what = "another member encrypted", c->flags = 1, UNSUPPORTED;
    case 31: return *what = "bzip2", a->method = 12, UNSUPPORTED;
    case 32: return *what = "two methods", a->method = 8, CORRUPT;
    case 33: return *what = "stored with two sizes", a->packed--, CORRUPT;
    case 34: return *what = "stored and smaller", a->packed--, a->size--, CORRUPT;
    case 35: return *what = "stored and larger", a->packed++, a->size++, CORRUPT;
    case 36: return *what = "of 4 GiB", a->packed = a->size = 0xFFFFFFFE, CORRUPT;
    case 37: return *what = "at the other's place", a->offset = b->offset, CORRUPT;
    case 38: return *what = "at no header", a->offset += 1, CORRUPT;
    case 39: return *what = "outside", a->offset = 0xFFFFFFFE, CORRUPT;
    case 40: return *what = "in the directory", a->offset = (uint32_t)z->file.size, CORRUPT;
    case 41: return *what = "another name", a->name = "x.npy", CORRUPT;
    case 42: return *what = "a longer name", a->name = "aa.npy", a->name_length = 6, CORRUPT;
    case 43: return *what = "NUL in a name", a->name = "a\0.npy", a->name_length = 6, CORRUPT;
    case 44: return *what = "twice", z->members[z->count++] = *a, CORRUPT;
    case 45: return *what = "no name", c->name_length = 0, OK; /* not opened, and no tensor */
    case 46: return *what = "name beyond the directory", c->name_length = 5, z->size_wrong = (uint32_t)-1, CORRUPT;
    case 47: return *what = "deflated to nothing", b->packed = 0, CORRUPT;
    case 48: return *what = "deflated, too few bytes", b->size--, CORRUPT;
    case 49: return *what = "deflated, too many bytes", b->size++, CORRUPT;
    case 50: return *what = "deflated to 4 GiB", b->size = 0xFFFFFFFE, CORRUPT;
    case 51: return *what = "deflated, cut off", b->packed -= 5, OK; /* found out when the tensor is read */
    case 52: return *what = "deflated, another CRC", b->crc++, OK;
    case 53: return *what = "stored, another CRC", a->crc++, OK; /* not looked at: it would take another pass over the data */
    case 54: return *what = "extra field beyond the directory", c->extra_length = 60000, CORRUPT;
    case 55: return *what = "comment beyond the directory", c->comment_length = 60000, CORRUPT;
    case 56: return *what = "a member too many", z->uncounted = 1, CORRUPT;
    case 57: return *what = "ZIP64: a member too many", z->zip64 = true, z->uncounted = 1, CORRUPT;
    case 58: return *what = "no members are counted", z->uncounted = 3, CORRUPT;
    default: return -1;
    }
}

static void test_archives(void) {
    int32_t expected;
    const char *what = "";
    for (int i = 0; ; i++) {
        zip_writer z = good_archive();
        expected = spoil(&z, i, &what);
        if (expected == -1) {
            CHECK(i > 40, "%d defects", i);
            zip_free(&z);
            break;
        }
        zip_finish(&z);
        open_bytes(z.file.data, z.file.size, BY_ALL, expected, what);
        zip_free(&z);
    }
}

static void test_other_archives(void) {
    zip_writer z = {0};
    zip_finish(&z);
    open_bytes(z.file.data, z.file.size, BY_ALL, FORMAT, "an empty archive");
    zip_free(&z);
    zip_add(&z, "model.weights.h5", "x", 1);
    zip_finish(&z);
    open_bytes(z.file.data, z.file.size, BY_ALL, FORMAT, "Keras");
    zip_free(&z);
    zip_add(&z, ".npy", "x", 1);
    zip_finish(&z);
    open_bytes(z.file.data, z.file.size, BY_ALL, FORMAT, "an array without name");
    zip_free(&z);
    zip_add(&z, "\x1b[2Jx", "x", 1);
    zip_finish(&z);
    open_bytes(z.file.data, z.file.size, BY_ALL, FORMAT, "a name that would clear the screen");
    zip_free(&z);
}

/* The array is as large as its header says, but not all of that is in the archive. */
static void test_overlap(void) {
    for (uint32_t more = 0; more <= 6; more += 6) {
        zip_writer z = {0};
        buffer npy = make_npy(more == 0 ? NPY("'|u1'", "False", "(24,)") : NPY("'|u1'", "False", "(30,)"), 24);
        zip_member *m = zip_add(&z, "a.npy", npy.data, npy.size);
        m->packed += more;
        m->size += more;
        zip_finish(&z);
        open_bytes(z.file.data, z.file.size, BY_ALL, more == 0 ? OK : CORRUPT, "an array that reaches into the directory");
        buffer_free(&npy);
        zip_free(&z);
    }
}

static void test_names(void) {
    for (int n = 255; n <= 256; n++) {
        zip_writer z = {0};
        char name[261];
        buffer npy = make_npy(NPY("'|u1'", "False", "(24,)"), 24);
        memset(name, 'n', 256);
        memcpy(name + n, ".npy", 5);
        zip_add(&z, name, npy.data, npy.size);
        zip_finish(&z);
        open_bytes(z.file.data, z.file.size, BY_ALL, n == 255 ? OK : LIMIT, "a long name");
        buffer_free(&npy);
        zip_free(&z);
    }
}

/* A header that is good, but not in the member; its type says nothing about the size. */
static void test_short_member(void) {
    zip_writer z = {0};
    buffer npy = make_npy(NPY("'<c8'", "False", "(3,)"), 0);
    zip_member *m = zip_add(&z, "a.npy", npy.data, npy.size);
    m->size = m->packed = 40;
    zip_finish(&z);
    open_bytes(z.file.data, z.file.size, BY_ALL, CORRUPT, "a header longer than its member");
    buffer_free(&npy);
    zip_free(&z);
}

/* A file of some kilobytes that would unpack to gigabytes. */
static void test_bombs(void) {
    for (int shares = 1; shares <= 5; shares += 4) {
        zip_writer z = {0};
        static const char *const names[] = {"a.npy", "b.npy", "c.npy", "d.npy", "e.npy"};
        buffer npy = make_npy(NPY("'<f4'", "False", "(4194304,)"), 0); /* 16 MiB each */
        buffer packed = {0};
        buffer_add(&packed, "\0", 1);
        zip_u16(&packed, (uint32_t)npy.size);
        zip_u16(&packed, (uint32_t)npy.size ^ 0xFFFF);
        buffer_add(&packed, npy.data, npy.size);
        for (int i = 0; i < shares; i++) zip_add_packed(&z, names[i], 8, packed.data, packed.size, npy.size + (16u << 20), 0);
        zip_finish(&z);
        open_bytes(z.file.data, z.file.size, BY_MEMORY, shares == 1 ? OK : LIMIT, "a bomb");
        buffer_free(&npy);
        buffer_free(&packed);
        zip_free(&z);
    }
}

static void test_truncated_and_flipped(void) {
    zip_writer z = good_archive();
    zip_finish(&z);
    buffer b = z.file;
    for (size_t n = 0; n < b.size; n++) {
        char what[32];
        snprintf(what, sizeof what, "cut to %zu", n);
        open_bytes(b.data, n, n % 16 == 0 ? BY_ALL : BY_MEMORY | BY_CALLBACK, n < 4 ? FORMAT : CORRUPT, what);
    }
    int accepted = 0;
    for (size_t bit = 0; bit < 8 * b.size; bit++) {
        char what[32];
        snprintf(what, sizeof what, "bit %zu", bit);
        b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
        accepted += open_bytes(b.data, b.size, BY_MEMORY | BY_CALLBACK, ANY_STATUS, what) == OK;
        b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    /* Data, times, versions, CRCs of stored members. */
    CHECK(accepted > 500 && accepted < 4000, "%d flips were accepted", accepted);
    fail_in_turn(b.data, b.size);
    change_while_read(b.data, b.size, 250); /* the first header and half of the second member */
    zip_free(&z);
}

TEST_MAIN(test_headers, test_prefixes, test_archives, test_other_archives, test_overlap, test_names,
          test_short_member, test_bombs, test_truncated_and_flipped)
