/* test_hostile_gguf.c: broken and malicious GGUF files. */
#include "hostile/hostile.h"
#include "hostile/zip_writer.h"

#define OK VIT_OK
#define CORRUPT VIT_ERROR_CORRUPT
#define LIMIT VIT_ERROR_LIMIT
#define UNSUPPORTED VIT_ERROR_UNSUPPORTED

enum { U8, I8, U16, I16, U32, I32, F32, BOOL, TEXT, LIST, U64, I64, F64 };

/* One named value, then one tensor: F32 [2, 3]. Counts are what is right plus the field; others are what is right where 0. */
typedef struct spec {
    const char *what;
    int32_t expected;
    const char *magic;
    uint32_t version;
    uint64_t tensors, values; /* more than there are */
    const char *key;
    uint64_t key_length;
    uint32_t kind;            /* of the value: U8, where 0 */
    const char *value;        /* its bytes, `value_size` of them */
    size_t value_size;
    const char *name;
    uint64_t name_length;
    uint32_t rank, type;
    uint64_t dims[5];
    uint64_t offset;
    size_t padding, data;     /* bytes; 24 of data */
    bool no_data, twice, key_twice;
} spec;

static void put_text(buffer *b, const char *text, uint64_t length) {
    zip_u64(b, length != 0 ? length : strlen(text));
    buffer_text(b, text);
}

static void put_tensor(buffer *b, const spec *s) {
    static const uint64_t dims[] = {3, 2};
    uint32_t rank = s->rank != 0 ? s->rank : 2;
    put_text(b, s->name != NULL ? s->name : "w", s->name_length);
    zip_u32(b, rank);
    for (uint32_t i = 0; i < rank && i < 5; i++) zip_u64(b, s->rank != 0 ? s->dims[i] : dims[i]);
    zip_u32(b, s->type);
    zip_u64(b, s->offset);
}

static buffer make_gguf(const spec *s) {
    buffer b = {0};
    buffer_text(&b, s->magic != NULL ? s->magic : "GGUF");
    zip_u32(&b, s->version != 0 ? s->version : 3);
    zip_u64(&b, (uint64_t)1 + s->twice + s->tensors);
    zip_u64(&b, (uint64_t)1 + s->key_twice + s->values);
    for (int i = 0; i <= s->key_twice; i++) {
        put_text(&b, s->key != NULL ? s->key : "k", s->key_length);
        zip_u32(&b, s->kind);
        buffer_add(&b, s->value != NULL ? s->value : "\1", s->value != NULL ? s->value_size : 1);
    }
    for (int i = 0; i <= s->twice; i++) put_tensor(&b, s);
    while (b.size % 32 != 0) buffer_add(&b, "", 1);
    size_t data = s->no_data ? 0 : s->data != 0 ? s->data : 24;
    for (size_t i = 0; i < data; i++) buffer_add(&b, &(unsigned char){(unsigned char)i}, 1);
    return b;
}

#define BYTES(text) .value = text, .value_size = sizeof(text) - 1
#define DIMS(n, ...) .rank = n, .dims = {__VA_ARGS__}
#define NAME_64 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"

static const spec specs[] = {
    {"good", OK, .data = 24},
    {"version 2", OK, .version = 2},
    {"padded at the end", OK, .data = 32},
    {"one dimension", OK, DIMS(1, 6)},
    {"four dimensions", OK, DIMS(4, 1, 1, 2, 3)},
    {"empty", OK, DIMS(2, 0, 5), .no_data = true},
    {"half floats", OK, .type = 1, DIMS(1, 12)},
    {"bytes", OK, .type = 24, DIMS(1, 24)},
    {"doubles", OK, .type = 28, DIMS(1, 3)},
    {"an unknown type", OK, .type = 14, DIMS(1, 256)},
    {"another unknown type", OK, .type = 0xFFFFFFFF, DIMS(1, 256)},
    {"blocks", OK, .type = 8, DIMS(1, 32), .data = 34},
    {"blocks in rows", OK, .type = 2, DIMS(2, 64, 2), .data = 72},
    {"blocks cut off", CORRUPT, .type = 8, DIMS(1, 32), .data = 33},
    {"half a block", CORRUPT, .type = 8, DIMS(1, 16), .data = 34},
    {"rows of half a block", CORRUPT, .type = 2, DIMS(2, 16, 4), .data = 36},
    {"blocks that wrap", CORRUPT, .type = 8, DIMS(4, 0x40000000, 0x40000000, 0x40000000, 32)},
    {"version 1", UNSUPPORTED, .version = 1},
    {"version 4", UNSUPPORTED, .version = 4},
    {"version 2^32 - 1", UNSUPPORTED, .version = 0xFFFFFFFF},
    {"big-endian", UNSUPPORTED, .version = 0x03000000},
    {"magic in lower case", VIT_ERROR_FORMAT, .magic = "gguf"},
    {"of the old format", VIT_ERROR_FORMAT, .magic = "lmgg"},
    {"one tensor more", CORRUPT, .tensors = 1},
    {"a million tensors", LIMIT, .tensors = 1000000},
    {"2^64 - 1 tensors", LIMIT, .tensors = UINT64_MAX - 1},
    {"one value more", LIMIT, .values = 1}, /* the tensor's dimensions are read as a name of 2^32 bytes and more */
    {"2^64 - 1 values", LIMIT, .values = UINT64_MAX - 1},
    {"the same tensor twice", CORRUPT, .twice = true},
    {"the same key twice", CORRUPT, .key_twice = true},
    {"no name", CORRUPT, .name = ""},
    {"name of 2^64 - 1 bytes", LIMIT, .name_length = UINT64_MAX},
    {"name of 256 bytes", LIMIT, .name = NAME_64 NAME_64 NAME_64 NAME_64},
    {"name that ends beyond the file", CORRUPT, .name_length = 200},
    {"key of 2^64 - 1 bytes", LIMIT, .key_length = UINT64_MAX},
    {"key of 256 bytes", LIMIT, .key = NAME_64 NAME_64 NAME_64 NAME_64},
    {"no key", OK, .key = ""},
    {"rank 5", CORRUPT, DIMS(5, 1, 1, 1, 2, 3)},
    {"rank 2^32 - 1", CORRUPT, DIMS(0xFFFFFFFF, 1, 1, 1, 2, 3)},
    {"dimension of 2^31", LIMIT, .type = 24, DIMS(1, 0x80000000u)},
    {"dimension of 2^64 - 1", CORRUPT, DIMS(1, UINT64_MAX)},
    {"product wraps to 0", CORRUPT, DIMS(4, 65536, 65536, 65536, 65536)},
    {"bytes wrap to 0", CORRUPT, .type = 28, DIMS(3, 2097152, 1048576, 1048576)},
    {"one element too many", CORRUPT, DIMS(1, 7)},
    {"data cut off", CORRUPT, .data = 23},
    {"no data", CORRUPT, .no_data = true},
    {"offset not aligned", CORRUPT, .offset = 4, DIMS(1, 1)},
    {"offset at the end", CORRUPT, .offset = 32},
    {"offset of 2^64 - 32", CORRUPT, .offset = UINT64_MAX - 31},
    {"alignment of 4", OK, .key = "general.alignment", .kind = U32, BYTES("\4\0\0\0"), .offset = 4, DIMS(1, 1)},
    {"alignment of 0", CORRUPT, .key = "general.alignment", .kind = U32, BYTES("\0\0\0\0")},
    {"alignment of 3", CORRUPT, .key = "general.alignment", .kind = U32, BYTES("\3\0\0\0")},
    {"alignment of 2^31", CORRUPT, .key = "general.alignment", .kind = U32, BYTES("\0\0\0\x80")},
    {"alignment of another type", CORRUPT, .key = "general.alignment", .kind = I32, BYTES("\4\0\0\0")},
    {"alignment is text", OK, .key = "general.alignment", .kind = TEXT, BYTES("\1\0\0\0\0\0\0\0x")}, /* so it is not set */
    {"value of an unknown type", CORRUPT, .kind = 13},
    {"value of type 2^32 - 1", CORRUPT, .kind = 0xFFFFFFFF},
    {"truth value of 2", CORRUPT, .kind = BOOL, BYTES("\2")},
    {"text", OK, .kind = TEXT, BYTES("\3\0\0\0\0\0\0\0abc")},
    {"empty text", OK, .kind = TEXT, BYTES("\0\0\0\0\0\0\0\0")},
    {"text of 2^64 - 1 bytes", CORRUPT, .kind = TEXT, BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")},
    {"text beyond the end", CORRUPT, .kind = TEXT, BYTES("\0\1\0\0\0\0\0\0")},
    {"list of numbers", OK, .kind = LIST, BYTES("\2\0\0\0\2\0\0\0\0\0\0\0\1\0\2\0")},
    {"empty list", OK, .kind = LIST, BYTES("\2\0\0\0\0\0\0\0\0\0\0\0")},
    {"list of text", OK, .kind = LIST, BYTES("\x8\0\0\0\2\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0a\0\0\0\0\0\0\0\0")},
    {"list of lists", UNSUPPORTED, .kind = LIST, BYTES("\x9\0\0\0\0\0\0\0\0\0\0\0")},
    {"list of an unknown type", CORRUPT, .kind = LIST, BYTES("\xD\0\0\0\0\0\0\0\0\0\0\0")},
    {"list of 2^64 - 1 numbers", CORRUPT, .kind = LIST, BYTES("\4\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")},
    {"list of 2^62 numbers", CORRUPT, .kind = LIST, BYTES("\4\0\0\0\0\0\0\0\0\0\0\x40")},
    {"list of 2^64 - 1 texts", CORRUPT, .kind = LIST, BYTES("\x8\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")},
    {"list beyond the end", CORRUPT, .kind = LIST, BYTES("\4\0\0\0\xFF\0\0\0\0\0\0\0")},
    {"unsigned of 2^64 - 1", OK, .kind = U64, BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")},
    {"list of unsigned 2^64 - 1", OK, .kind = LIST, BYTES("\xA\0\0\0\1\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")},
};

static void test_specs(void) {
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        buffer b = make_gguf(&specs[i]);
        open_bytes(b.data, b.size, BY_ALL, specs[i].expected, specs[i].what);
        buffer_free(&b);
    }
    spec s = {.name = "a", .name_length = 2, .expected = OK}; /* the second byte is the rank's first: "a\2" */
    buffer b = make_gguf(&s);
    open_bytes(b.data, b.size, BY_ALL, CORRUPT, "a name one byte too long");
    buffer_free(&b);
    b = make_gguf(&specs[0]);
    b.data[32] = '\0'; /* the key "k" */
    open_bytes(b.data, b.size, BY_ALL, CORRUPT, "NUL in a key");
    buffer_free(&b);
}

/* Longer than a reader's buffer, kept and not kept. */
static void test_long_texts(void) {
    static const size_t sizes[] = {1, 511, 512, 513, 65535, 65536, 65537};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *value = calloc(sizes[i] + 8, 1);
        memset(value, 'x', sizes[i] + 8);
        vi_store_u64(value, sizes[i]);
        buffer b = make_gguf(&(spec){.kind = TEXT, .value = value, .value_size = sizes[i] + 8});
        open_bytes(b.data, b.size, BY_ALL, OK, "a long text");
        vi_reader r;
        vi_directory d;
        vi_allocator a = {0};
        vi_error e = {0};
        vi_reader_open_memory(&r, b.data, b.size, &e);
        CHECK(vi_directory_open(&d, &r, &a, &e) == VIT_OK, "%s", e.text);
        const char *text = vi_named_text(&d, "k");
        CHECK((text != NULL) == (sizes[i] <= 65536) && (text == NULL || strlen(text) == sizes[i]), "%zu bytes", sizes[i]);
        vi_directory_close(&d, &a);
        buffer_free(&b);
        free(value);
    }
}

static void test_truncated_and_flipped(void) {
    buffer b = make_gguf(&(spec){.kind = LIST, BYTES("\2\0\0\0\2\0\0\0\0\0\0\0\1\0\2\0"), .twice = false});
    for (size_t n = 0; n < b.size; n++) {
        char what[32];
        snprintf(what, sizeof what, "cut to %zu", n);
        open_bytes(b.data, n, n % 16 == 0 ? BY_ALL : BY_MEMORY | BY_CALLBACK, n < 4 ? VIT_ERROR_FORMAT : CORRUPT, what);
    }
    int accepted = 0;
    for (size_t bit = 0; bit < 8 * b.size; bit++) {
        char what[32];
        snprintf(what, sizeof what, "bit %zu", bit);
        b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
        accepted += open_bytes(b.data, b.size, BY_MEMORY | BY_CALLBACK, ANY_STATUS, what) == OK;
        b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    CHECK(accepted > 100 && accepted < 500, "%d flips were accepted", accepted);
    fail_in_turn(b.data, b.size);
    change_while_read(b.data, b.size, b.size);
    buffer_free(&b);
}

TEST_MAIN(test_specs, test_long_texts, test_truncated_and_flipped)
