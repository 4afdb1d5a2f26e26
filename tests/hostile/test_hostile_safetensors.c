/* test_hostile_safetensors.c: broken and malicious .safetensors files. */
#include "hostile/hostile.h"

#define T1 "{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}"
#define T2 "{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}"

#define OK VIT_OK
#define CORRUPT VIT_ERROR_CORRUPT
#define LIMIT VIT_ERROR_LIMIT
#define FORMAT VIT_ERROR_FORMAT

static const struct {
    const char *what, *header;
    size_t data;
    int32_t expected;
} headers[] = {
    {"good", "{\"a\":" T1 ",\"b\":" T2 "}", 8, OK},
    {"good, other order", "{\"b\":" T2 ",\"a\":" T1 "}", 8, OK},
    {"padded with spaces", "{\"a\":" T1 "}      ", 4, OK},
    {"padded with newlines", "{\"a\":" T1 "}\n\n", 4, OK},
    {"no tensors", "{}", 0, OK},
    {"unknown field", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],\"x\":[{}]}}", 4, OK},
    {"unknown type", "{\"a\":{\"dtype\":\"F4\",\"shape\":[8],\"data_offsets\":[0,4]}}", 4, OK},
    {"empty type", "{\"a\":{\"dtype\":\"\",\"shape\":[8],\"data_offsets\":[0,4]}}", 4, OK},
    {"empty tensor between", "{\"a\":" T1 ",\"e\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[4,4]},\"b\":" T2 "}", 8, OK},
    {"metadata that is empty", "{\"__metadata__\":{},\"a\":" T1 "}", 4, OK},
    {"data after the tensors", "{\"a\":" T1 "}", 5, CORRUPT},
    {"data without tensors", "{}", 1, CORRUPT},
    {"data cut off", "{\"a\":" T1 "}", 3, CORRUPT},
    {"no data", "{\"a\":" T1 "}", 0, CORRUPT},
    {"hole", "{\"a\":" T1 ",\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[5,8]}}", 8, CORRUPT},
    {"hole at the start", "{\"b\":" T2 "}", 8, CORRUPT},
    {"overlap", "{\"a\":" T1 ",\"b\":{\"dtype\":\"U8\",\"shape\":[5],\"data_offsets\":[3,8]}}", 8, CORRUPT},
    {"same place", "{\"a\":" T1 ",\"b\":" T1 "}", 4, CORRUPT},
    {"one inside the other",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},"
     "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[3,5]}}",
     8, CORRUPT},
    {"empty tensor inside", "{\"a\":" T1 ",\"e\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[2,2]}}", 4, CORRUPT},
    {"name twice", "{\"a\":" T1 ",\"a\":" T1 "}", 4, CORRUPT},
    {"name twice, escaped", "{\"a\":" T1 ",\"\\u0061\":" T1 "}", 4, CORRUPT},
    {"metadata twice", "{\"__metadata__\":{},\"__metadata__\":{},\"a\":" T1 "}", 4, CORRUPT},
    {"empty name", "{\"\":" T1 "}", 4, CORRUPT},
    {"NUL in a name", "{\"a\\u0000b\":" T1 "}", 4, CORRUPT},
    {"two names alike up to a NUL", "{\"a\\u0000b\":" T1 ",\"a\":" T1 "}", 4, CORRUPT},
    {"name that is not UTF-8", "{\"\xFF\":" T1 "}", 4, CORRUPT},
    {"tensor is a number", "{\"a\":1}", 0, CORRUPT},
    {"tensor is an array", "{\"a\":[]}", 0, CORRUPT},
    {"tensor is null", "{\"a\":null}", 0, CORRUPT},
    {"no dtype", "{\"a\":{\"shape\":[4],\"data_offsets\":[0,4]}}", 4, CORRUPT},
    {"dtype is a number", "{\"a\":{\"dtype\":8,\"shape\":[4],\"data_offsets\":[0,4]}}", 4, CORRUPT},
    {"dtype twice", "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4, CORRUPT},
    {"dtype with a NUL is another type", "{\"a\":{\"dtype\":\"F32\\u0000\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4, OK},
    {"no shape", "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,4]}}", 4, CORRUPT},
    {"shape is a number", "{\"a\":{\"dtype\":\"U8\",\"shape\":4,\"data_offsets\":[0,4]}}", 4, CORRUPT},
    {"shape holds a string", "{\"a\":{\"dtype\":\"U8\",\"shape\":[\"4\"],\"data_offsets\":[0,4]}}", 4, CORRUPT},
    {"shape holds a fraction", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4.0],\"data_offsets\":[0,4]}}", 4, CORRUPT},
    {"shape holds an exponent", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4e0],\"data_offsets\":[0,4]}}", 4, CORRUPT},
    {"shape is negative", "{\"a\":{\"dtype\":\"U8\",\"shape\":[-4],\"data_offsets\":[0,4]}}", 4, CORRUPT},
    {"two negatives", "{\"a\":{\"dtype\":\"U8\",\"shape\":[-2,-2],\"data_offsets\":[0,4]}}", 4, CORRUPT},
    {"rank 6", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,4],\"data_offsets\":[0,4]}}", 4, OK},
    {"rank 7", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,4],\"data_offsets\":[0,4]}}", 4, LIMIT},
    {"shape too small", "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,4]}}", 4, CORRUPT},
    {"shape too large", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, CORRUPT},
    {"scalar of the wrong size", "{\"a\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, CORRUPT},
    {"product wraps to the size",
     "{\"a\":{\"dtype\":\"F32\",\"shape\":[2147483647,2147483647,2147483647,2],\"data_offsets\":[0,8]}}", 8, CORRUPT},
    {"product wraps to 0", "{\"a\":{\"dtype\":\"F32\",\"shape\":[65536,65536,65536,65536],\"data_offsets\":[0,0]}}", 0, CORRUPT},
    {"bytes wrap to 0", "{\"a\":{\"dtype\":\"F64\",\"shape\":[2097152,1048576,1048576],\"data_offsets\":[0,0]}}", 0, CORRUPT},
    {"no offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4]}}", 4, CORRUPT},
    {"one offset", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0]}}", 4, CORRUPT},
    {"three offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4,4]}}", 4, CORRUPT},
    {"offsets turned round", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,0]}}", 4, CORRUPT},
    {"negative offset", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[-4,0]}}", 4, CORRUPT},
    {"offsets beyond the end", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}", 4, CORRUPT},
    {"offset 2^63 - 1", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[9223372036854775803,9223372036854775807]}}", 4,
     CORRUPT},
    {"offset 2^64 - 4", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[18446744073709551612,0]}}", 4, CORRUPT},
    {"offset 2^64", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[18446744073709551616,18446744073709551620]}}", 4,
     CORRUPT},
    {"offsets are an object", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":{\"0\":0,\"1\":4}}}", 4, CORRUPT},
    {"metadata is an array", "{\"__metadata__\":[],\"a\":" T1 "}", 4, CORRUPT},
    {"metadata holds a number", "{\"__metadata__\":{\"a\":1},\"a\":" T1 "}", 4, CORRUPT},
    {"metadata holds an object", "{\"__metadata__\":{\"a\":{}},\"a\":" T1 "}", 4, CORRUPT},
    {"metadata is a tensor", "{\"__metadata__\":" T1 "}", 4, CORRUPT},
    {"white space first", " {\"a\":" T1 "}", 4, FORMAT},
    {"byte order mark", "\xEF\xBB\xBF{\"a\":" T1 "}", 4, FORMAT},
    {"an array", "[1]", 0, FORMAT},
    {"something after the object", "{\"a\":" T1 "}x", 4, CORRUPT},
    {"two objects", "{\"a\":" T1 "}{}", 4, CORRUPT},
    {"comma at the end", "{\"a\":" T1 ",}", 4, CORRUPT},
    {"only an opening brace", "{", 0, CORRUPT},
    {"braces only", "{{{{{{{{{{{{{{{{", 0, CORRUPT},
    {"deep", "{\"a\":{\"dtype\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}", 0, LIMIT},
    {"control characters in a name", "{\"\\u001b[31m\":{}}", 0, CORRUPT},
};

static void test_headers(void) {
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        buffer b = make_safetensors(headers[i].header, strlen(headers[i].header), headers[i].data);
        open_bytes(b.data, b.size, BY_ALL, headers[i].expected, headers[i].what);
        buffer_free(&b);
    }
    static const char nul_padded[] = "{}\0\0\0\0\0";
    buffer b = make_safetensors(nul_padded, sizeof nul_padded, 0);
    open_bytes(b.data, b.size, BY_ALL, CORRUPT, "padded with NUL");
    buffer_free(&b);
    for (int n = VI_MAX_NAME; n <= VI_MAX_NAME + 1; n++) {
        buffer name = {0};
        buffer_text(&name, "{\"");
        for (int i = 0; i < n; i++) buffer_text(&name, "n");
        buffer_text(&name, "\":" T1 "}");
        b = make_safetensors((char *)name.data, name.size, 4);
        open_bytes(b.data, b.size, BY_ALL, n <= VI_MAX_NAME ? OK : LIMIT, "long name");
        buffer_free(&b);
        buffer_free(&name);
    }
}

static void test_lengths(void) {
    static const char header[] = "{\"a\":" T1 "}";
    static const struct {
        uint64_t length;
        int32_t expected;
    } cases[] = {
        {0, CORRUPT}, {1, CORRUPT}, {2, CORRUPT}, {sizeof header - 2, CORRUPT}, {sizeof header - 1, OK}, {sizeof header, CORRUPT},
        {sizeof header + 3, CORRUPT}, {sizeof header + 4, CORRUPT}, {0x7FFFFFFF, CORRUPT}, {0xFFFFFFFF, CORRUPT},
        {0x100000000, CORRUPT}, {0x100000000 + sizeof header - 1, CORRUPT}, {INT64_MAX, CORRUPT}, {0x8000000000000000, CORRUPT},
        {UINT64_MAX - 8, CORRUPT}, {UINT64_MAX - 7, CORRUPT}, {UINT64_MAX, CORRUPT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer b = make_safetensors(header, sizeof header - 1, 4);
        vi_store_u64(b.data, cases[i].length);
        char what[40];
        snprintf(what, sizeof what, "header length %llx", (unsigned long long)cases[i].length);
        open_bytes(b.data, b.size, BY_ALL, cases[i].expected, what);
        buffer_free(&b);
    }
}

/* A file that says it is larger than anything: the callback's size is what it says. */
static void test_huge(void) {
    static unsigned char head[64] = {0, 0, 0, 2, 0, 0, 0, 0, '{'};
    tape t = {.data = head, .size = sizeof head};
    heap h = {0};
    vi_allocator a = heap_allocator(&h);
    vi_error e = {0};
    vi_reader r;
    vi_directory d;
    vi_reader_open_callback(&r, tape_read, &t, UINT64_MAX, &e);
    CHECK(vi_directory_open(&d, &r, &a, &e) == VIT_ERROR_LIMIT && h.calls == 0, "a header of 32 MiB: %s", e.text);
    buffer b = {0};
    buffer_text(&b, "{\"a\":[");
    while (b.size < VI_MAX_HEADER - 4) buffer_text(&b, "{},{");
    buffer file = make_safetensors((char *)b.data, b.size, 0);
    memset(file.data + 8 + 6, '{', b.size - 6);
    open_bytes(file.data, file.size, BY_MEMORY, CORRUPT, "16 MiB of braces");
    memset(file.data + 8 + 6, '[', b.size - 6);
    open_bytes(file.data, file.size, BY_MEMORY | BY_CALLBACK, LIMIT, "16 MiB of brackets");
    for (size_t i = 6; i + 2 <= b.size; i += 2) memcpy(file.data + 8 + i, "0,", 2);
    open_bytes(file.data, file.size, BY_MEMORY, LIMIT, "8 million numbers");
    memset(file.data + 8 + 6, '"', b.size - 6);
    open_bytes(file.data, file.size, BY_MEMORY, CORRUPT, "16 MiB of quotes");
    buffer_free(&file);
    buffer_free(&b);
}

static const char flipped[] = "{\"__metadata__\":{\"k\":\"v\"},\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                              "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[24,28]}}";

static void test_truncated_and_flipped(void) {
    buffer b = make_safetensors(flipped, strlen(flipped), 28);
    open_bytes(b.data, b.size, BY_ALL, OK, "good");
    for (size_t n = 0; n < b.size; n++) {
        char what[32];
        snprintf(what, sizeof what, "cut to %zu", n);
        open_bytes(b.data, n, n % 16 == 0 ? BY_ALL : BY_MEMORY | BY_CALLBACK, n < 9 ? FORMAT : CORRUPT, what);
    }
    int accepted = 0;
    for (size_t bit = 0; bit < 8 * (8 + strlen(flipped)); bit++) {
        b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
        char what[32];
        snprintf(what, sizeof what, "bit %zu", bit);
        accepted += open_bytes(b.data, b.size, BY_MEMORY | BY_CALLBACK, ANY_STATUS, what) == OK;
        b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    CHECK(accepted > 10 && accepted < 500, "%d flips were accepted", accepted); /* those of names, metadata, a type */
    fail_in_turn(b.data, b.size);
    change_while_read(b.data, b.size, 8 + strlen(flipped));
    buffer_free(&b);
}

/* A reader that shows few braces while they are counted, and many afterwards. */
typedef struct two_faced {
    tape t;
    const unsigned char *later;
    int from;
} two_faced;

static int32_t two_faced_read(void *user, uint64_t offset, void *dst, size_t size) {
    two_faced *f = user;
    if (f->t.calls + 1 >= f->from) f->t.data = f->later;
    return tape_read(&f->t, offset, dst, size);
}

static void test_two_faced(void) {
    static const char many[] = "{\"a\":" T1 ",\"b\":" T2 ",\"c\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[8,8]}}";
    static char few[sizeof many];
    memset(few, ' ', sizeof few);
    memcpy(few, "{\"a\":{}}", 8);
    buffer first = make_safetensors(few, sizeof few - 1, 8), later = make_safetensors(many, sizeof many - 1, 8);
    for (int from = 1; from <= 5; from++) {
        two_faced f = {.t = {.data = first.data, .size = first.size}, .later = later.data, .from = from};
        heap h = {0};
        vi_allocator a = heap_allocator(&h);
        vi_error e = {0};
        vi_reader r;
        vi_directory d;
        vi_reader_open_callback(&r, two_faced_read, &f, first.size, &e);
        int32_t status = vi_directory_open(&d, &r, &a, &e), expected = from <= 3 ? OK : from == 4 ? VIT_ERROR_IO : CORRUPT;
        CHECK(status == expected, "from read %d: %d %s", from, status, e.text);
        if (status == OK) vi_directory_close(&d, &a);
        CHECK(heap_live(&h) == 0 && !h.wrong, "leak");
    }
    buffer_free(&first);
    buffer_free(&later);
}

/* All pairs of edge sizes, in files whose range is what right or wrapping arithmetic makes of them. */
static void test_sizes(void) {
    static const struct {
        const char *name;
        uint64_t size;
    } types[] = {{"U8", 1}, {"F16", 2}, {"F32", 4}, {"F64", 8}};
    int accepted = 0;
    for (size_t i = 0; i < EDGE_DIMS * EDGE_DIMS * 4 * 3; i++) {
        uint64_t a = edge_dims[i % EDGE_DIMS], b = edge_dims[i / EDGE_DIMS % EDGE_DIMS];
        size_t type = i / EDGE_DIMS / EDGE_DIMS % 4, kind = i / EDGE_DIMS / EDGE_DIMS / 4;
        exact bytes = exact_times(exact_times(exact_times((exact){{1}}, a), b), types[type].size);
        uint64_t wrapped = kind == 0 ? exact_low(bytes) : kind == 1 ? exact_low(bytes) & 0xFFFFFFFF : a + b;
        size_t data = wrapped <= 70000 ? (size_t)wrapped : 64;
        char header[160], what[80];
        snprintf(header, sizeof header, "{\"t\":{\"dtype\":\"%s\",\"shape\":[%llu,%llu],\"data_offsets\":[0,%zu]}}",
                 types[type].name,
                 (unsigned long long)a, (unsigned long long)b, data);
        snprintf(what, sizeof what, "%s %llu x %llu", types[type].name, (unsigned long long)a, (unsigned long long)b);
        uint64_t first_bad = a > VI_MAX_DIM ? a : b;
        int32_t expected = first_bad > INT64_MAX ? CORRUPT : first_bad > VI_MAX_DIM ? LIMIT : exact_is(bytes,
                                                                                                       data) ? OK : CORRUPT;
        buffer file = make_safetensors(header, strlen(header), data);
        accepted += open_bytes(file.data, file.size, BY_MEMORY, expected, what) == OK;
        buffer_free(&file);
    }
    CHECK(accepted > 100, "only %d sizes were right", accepted);
}

/* Random damage to several places at once, favouring the characters that mean something. */
static void test_random_damage(void) {
    static const char alphabet[] = "{}[]\":,0123456789-.eE\\u \nabFdtype\x80\xFF";
    unsigned long long seed = 99;
    buffer good = make_safetensors(flipped, strlen(flipped), 28);
    for (int i = 0; i < 15000; i++) {
        buffer b = {0};
        buffer_add(&b, good.data, good.size);
        for (int n = (int)(test_random(&seed) >> 61); n >= 0; n--) {
            size_t at = (size_t)(test_random(&seed) >> 20) % (8 + strlen(flipped)),
            from = (size_t)(test_random(&seed) >> 20) % b.size;
            size_t most = b.size - (at > from ? at : from), length = 1 + (size_t)(test_random(&seed) >> 20) % 12;
            if (test_random(&seed) >> 62 == 0) memmove(b.data + at, b.data + from, length < most ? length : most);
            else b.data[at] = (unsigned char)alphabet[(test_random(&seed) >> 20) % (sizeof alphabet - 1)];
        }
        open_bytes(b.data, b.size, BY_MEMORY | BY_CALLBACK, ANY_STATUS, "random damage");
        buffer_free(&b);
    }
    buffer_free(&good);
}

TEST_MAIN(test_headers, test_lengths, test_huge, test_truncated_and_flipped, test_two_faced, test_sizes, test_random_damage)
