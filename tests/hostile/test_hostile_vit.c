/* test_hostile_vit.c: broken and malicious .vit files: a good one is changed in one place, and its checksum made right again
 * where the damage is to be found by other means. */
#include "hostile/hostile.h"

#include "base/crc32.h"
#include "format/vit_layout.h"

static float numbers[600];
static unsigned char reals[16];

static buffer good_file(void) {
    const vi_meta metas[] = {
        {.key = 10, .kind = VI_META_INT, .integer = 3},
        {.key = 20, .kind = VI_META_REAL, .data = reals, .count = 2},
        {.key = 30, .kind = VI_META_TEXT, .data = (const unsigned char *)"tench\0goldfish", .count = 14},
    };
    const vi_write_tensor tensors[] = {
        {"a", VI_DT_F32, VI_LAYOUT_ROWS, 1, {16}, numbers, 64},
        {"bb", VI_DT_F32, VI_LAYOUT_ROWS, 2, {4, 5}, numbers, 80},
        {"ccc", VI_DT_BF16, VI_LAYOUT_PANEL, 2, {17, 3}, numbers, 256},
        {"e", VI_DT_F32, VI_LAYOUT_ROWS, 1, {0}, NULL, 0},
    };
    buffer b = {0};
    vi_allocator a = {0};
    vi_error e = {0};
    CHECK(vi_vit_write(&(vi_sink){buffer_write, &b}, metas, 3, tensors, 4, NULL, NULL, &a, &e) == VIT_OK, "%s", e.text);
    return b;
}

static size_t head_size(const buffer *b) {
    return (size_t)vi_load_u64(b->data + VITF_AT_DATA);
}

static void mend_checksum(buffer *b, size_t head) {
    if (head > b->size || head < VITF_HEADER_BYTES) return;
    vi_store_u32(b->data + VITF_AT_CHECKSUM, 0);
    vi_store_u32(b->data + VITF_AT_CHECKSUM, vi_crc32(0, b->data, head));
}

/* ---- one field wrong ----------------------------------------------------------------------------------------------------- */

#define CORRUPT VIT_ERROR_CORRUPT
#define LIMIT VIT_ERROR_LIMIT
#define UNSUPPORTED VIT_ERROR_UNSUPPORTED

enum { FILE_START, META_0, META_1, META_2, RECORD_0, RECORD_1, RECORD_2, RECORD_3, STRINGS }; /* what `at` counts from */
enum { SET, ADD };

static const struct {
    const char *what;
    int from;
    size_t at;
    int bytes, how;
    uint64_t value;
    int32_t expected;
} defects[] = {
    {"nothing", FILE_START, 0, 1, ADD, 0, VIT_OK},
    {"magic", FILE_START, 0, 1, SET, 0x09, VIT_ERROR_FORMAT},
    {"newline conversion", FILE_START, 5, 1, SET, 0x0D, VIT_ERROR_FORMAT},
    {"version 0", FILE_START, VITF_AT_VERSION, 4, SET, 0, UNSUPPORTED},
    {"version 2", FILE_START, VITF_AT_VERSION, 4, SET, 2, UNSUPPORTED},
    {"version of another byte order", FILE_START, VITF_AT_VERSION, 4, SET, 0x01000000, UNSUPPORTED},
    {"file size 0", FILE_START, VITF_AT_FILE_SIZE, 8, SET, 0, CORRUPT},
    {"file size one less", FILE_START, VITF_AT_FILE_SIZE, 8, ADD, UINT64_MAX, CORRUPT},
    {"file size one more", FILE_START, VITF_AT_FILE_SIZE, 8, ADD, 1, CORRUPT},
    {"file size 2^32 more", FILE_START, VITF_AT_FILE_SIZE, 8, ADD, 0x100000000, CORRUPT},
    {"data at 0", FILE_START, VITF_AT_DATA, 8, SET, 0, CORRUPT},
    {"data at 63", FILE_START, VITF_AT_DATA, 8, SET, 63, CORRUPT},
    {"data one unit earlier", FILE_START, VITF_AT_DATA, 8, ADD, (uint64_t)-64, CORRUPT},
    {"data one unit later", FILE_START, VITF_AT_DATA, 8, ADD, 64, CORRUPT},
    {"data off by one", FILE_START, VITF_AT_DATA, 8, ADD, 1, CORRUPT},
    {"data beyond the end", FILE_START, VITF_AT_DATA, 8, SET, 1u << 20, CORRUPT},
    {"data at 16 MiB", FILE_START, VITF_AT_DATA, 8, SET, 16u << 20, CORRUPT},
    {"data at 16 MiB and more", FILE_START, VITF_AT_DATA, 8, SET, (16u << 20) + 64, LIMIT},
    {"data at 2^64 - 64", FILE_START, VITF_AT_DATA, 8, SET, UINT64_MAX - 63, LIMIT},
    {"metadata in the header", FILE_START, VITF_AT_META, 4, SET, 56, CORRUPT},
    {"metadata later", FILE_START, VITF_AT_META, 4, ADD, 8, CORRUPT},
    {"one record of metadata too few", FILE_START, VITF_AT_META + 4, 4, ADD, UINT64_MAX, CORRUPT},
    {"one record of metadata too many", FILE_START, VITF_AT_META + 4, 4, ADD, 1, CORRUPT},
    {"2^32 - 1 records of metadata", FILE_START, VITF_AT_META + 4, 4, SET, 0xFFFFFFFF, CORRUPT},
    {"no metadata", FILE_START, VITF_AT_META + 4, 4, SET, 0, CORRUPT},
    {"tensors in the header", FILE_START, VITF_AT_TENSORS, 4, SET, 0, CORRUPT},
    {"tensors earlier", FILE_START, VITF_AT_TENSORS, 4, ADD, (uint64_t)-8, CORRUPT},
    {"tensors beyond", FILE_START, VITF_AT_TENSORS, 4, SET, 0xFFFFFFF8, CORRUPT},
    {"one tensor too few", FILE_START, VITF_AT_TENSORS + 4, 4, ADD, UINT64_MAX, CORRUPT},
    {"one tensor too many", FILE_START, VITF_AT_TENSORS + 4, 4, ADD, 1, CORRUPT},
    {"65536 tensors", FILE_START, VITF_AT_TENSORS + 4, 4, SET, 65536, CORRUPT},
    {"65537 tensors", FILE_START, VITF_AT_TENSORS + 4, 4, SET, 65537, LIMIT},
    {"2^32 - 1 tensors", FILE_START, VITF_AT_TENSORS + 4, 4, SET, 0xFFFFFFFF, LIMIT},
    {"names earlier", FILE_START, VITF_AT_STRINGS, 4, ADD, UINT64_MAX, CORRUPT},
    {"names too short", FILE_START, VITF_AT_STRINGS + 4, 4, ADD, UINT64_MAX, CORRUPT},
    {"names too long", FILE_START, VITF_AT_STRINGS + 4, 4, ADD, 1, CORRUPT},
    {"2^32 - 1 bytes of names", FILE_START, VITF_AT_STRINGS + 4, 4, SET, 0xFFFFFFFF, CORRUPT},
    {"reserved bytes of the header", FILE_START, VITF_AT_HEADER_RESERVED, 8, SET, 1, CORRUPT},
    {"key 0 above key 1", META_0, VITF_META_AT_KEY, 4, SET, 21, CORRUPT},
    {"key twice", META_0, VITF_META_AT_KEY, 4, SET, 20, CORRUPT},
    {"another key", META_0, VITF_META_AT_KEY, 4, SET, 11, VIT_OK},
    {"kind 0", META_0, VITF_META_AT_KIND, 4, SET, 0, CORRUPT},
    {"kind 4", META_0, VITF_META_AT_KIND, 4, SET, 4, CORRUPT},
    {"two integers", META_0, VITF_META_AT_COUNT, 4, SET, 2, CORRUPT},
    {"no integer", META_0, VITF_META_AT_COUNT, 4, SET, 0, CORRUPT},
    {"reserved bytes of metadata", META_0, VITF_META_AT_RESERVED, 4, SET, 1, CORRUPT},
    {"one real too many", META_1, VITF_META_AT_COUNT, 4, ADD, 1, CORRUPT},
    {"2^32 - 1 reals", META_1, VITF_META_AT_COUNT, 4, SET, 0xFFFFFFFF, CORRUPT},
    {"text one longer", META_2, VITF_META_AT_COUNT, 4, ADD, 1, VIT_OK}, /* its NUL is part of it then; the padding has another */
    {"text two longer", META_2, VITF_META_AT_COUNT, 4, ADD, 2, CORRUPT},
    {"text one shorter", META_2, VITF_META_AT_COUNT, 4, ADD, UINT64_MAX, CORRUPT},
    {"2^32 - 1 bytes of text", META_2, VITF_META_AT_COUNT, 4, SET, 0xFFFFFFFF, CORRUPT},
    {"text without NUL", META_2, VITF_META_BYTES + 14, 1, SET, 'x', CORRUPT},
    {"padding of a text", META_2, VITF_META_BYTES + 15, 1, SET, 1, CORRUPT},
    {"name elsewhere", RECORD_1, VITF_TENSOR_AT_NAME, 4, SET, 0, CORRUPT},
    {"name at 2^32 - 1", RECORD_1, VITF_TENSOR_AT_NAME, 4, SET, 0xFFFFFFFF, CORRUPT},
    {"name of nothing", RECORD_0, VITF_TENSOR_AT_NAME + 4, 4, SET, 0, CORRUPT},
    {"name too long", RECORD_0, VITF_TENSOR_AT_NAME + 4, 4, SET, 2, CORRUPT},
    {"name of 256", RECORD_0, VITF_TENSOR_AT_NAME + 4, 4, SET, 256, CORRUPT},
    {"name of 2^32 - 1", RECORD_3, VITF_TENSOR_AT_NAME + 4, 4, SET, 0xFFFFFFFF, CORRUPT},
    {"last name without NUL", STRINGS, 10, 1, SET, 'x', CORRUPT},
    {"NUL in a name", STRINGS, 3, 1, SET, 0, CORRUPT},
    {"names out of order", STRINGS, 0, 1, SET, 'z', CORRUPT},
    {"another name", STRINGS, 0, 1, SET, 'A', VIT_OK},
    {"bytes after the names", STRINGS, 11, 1, SET, 1, CORRUPT},
    {"type 0", RECORD_0, VITF_TENSOR_AT_DTYPE, 4, SET, 0, CORRUPT},
    {"type F16", RECORD_0, VITF_TENSOR_AT_DTYPE, 4, SET, VI_DT_F16, CORRUPT},
    {"type BF16 of the same shape", RECORD_0, VITF_TENSOR_AT_DTYPE, 4, SET, VI_DT_BF16, CORRUPT},
    {"type 2^32 - 1", RECORD_0, VITF_TENSOR_AT_DTYPE, 4, SET, 0xFFFFFFFF, CORRUPT},
    {"layout 2", RECORD_0, VITF_TENSOR_AT_LAYOUT, 4, SET, 2, CORRUPT},
    {"I8 in rows", RECORD_0, VITF_TENSOR_AT_DTYPE, 4, SET, VI_DT_I8, CORRUPT},
    {"I8 in panels of another size", RECORD_2, VITF_TENSOR_AT_DTYPE, 4, SET, VI_DT_I8, CORRUPT},
    {"panel of rank 1", RECORD_0, VITF_TENSOR_AT_LAYOUT, 4, SET, VI_LAYOUT_PANEL, CORRUPT},
    {"rows instead of a panel", RECORD_2, VITF_TENSOR_AT_LAYOUT, 4, SET, VI_LAYOUT_ROWS, CORRUPT},
    {"panel instead of rows", RECORD_1, VITF_TENSOR_AT_LAYOUT, 4, SET, VI_LAYOUT_PANEL, CORRUPT},
    {"rank 7", RECORD_0, VITF_TENSOR_AT_RANK, 4, SET, 7, CORRUPT},
    {"rank 2^32 - 1", RECORD_0, VITF_TENSOR_AT_RANK, 4, SET, 0xFFFFFFFF, CORRUPT},
    {"rank 0 with a dimension", RECORD_0, VITF_TENSOR_AT_RANK, 4, SET, 0, CORRUPT},
    {"rank 2 of 16 and 0", RECORD_0, VITF_TENSOR_AT_RANK, 4, SET, 2, CORRUPT},
    {"after the rank", RECORD_0, VITF_TENSOR_AT_RANK + 4, 4, SET, 1, CORRUPT},
    {"dimension too small", RECORD_0, VITF_TENSOR_AT_SHAPE, 8, SET, 15, CORRUPT},
    {"dimension too large", RECORD_0, VITF_TENSOR_AT_SHAPE, 8, SET, 17, CORRUPT},
    {"dimension 2^31 - 1", RECORD_0, VITF_TENSOR_AT_SHAPE, 8, SET, VI_MAX_DIM, CORRUPT},
    {"dimension 2^31", RECORD_0, VITF_TENSOR_AT_SHAPE, 8, SET, 0x80000000, LIMIT},
    {"dimension 2^62 + 16", RECORD_0, VITF_TENSOR_AT_SHAPE, 8, SET, 0x4000000000000010, LIMIT},
    {"dimension 2^64 - 1", RECORD_0, VITF_TENSOR_AT_SHAPE, 8, SET, UINT64_MAX, LIMIT},
    {"unused dimension", RECORD_0, VITF_TENSOR_AT_SHAPE + 40, 8, SET, 1, CORRUPT},
    {"dimensions exchanged", RECORD_1, VITF_TENSOR_AT_SHAPE, 8, SET, 5, CORRUPT},
    {"panel rows of the same panel", RECORD_2, VITF_TENSOR_AT_SHAPE, 8, SET, 32, VIT_OK},
    {"panel rows of the next panel", RECORD_2, VITF_TENSOR_AT_SHAPE, 8, SET, 33, CORRUPT},
    {"tensor in the header", RECORD_0, VITF_TENSOR_AT_OFFSET, 8, SET, 0, CORRUPT},
    {"tensor one unit later", RECORD_0, VITF_TENSOR_AT_OFFSET, 8, ADD, 64, CORRUPT},
    {"tensor misaligned", RECORD_0, VITF_TENSOR_AT_OFFSET, 8, ADD, 4, CORRUPT},
    {"tensor beyond the end", RECORD_0, VITF_TENSOR_AT_OFFSET, 8, ADD, 0x100000, CORRUPT},
    {"tensor at 2^64 - 64", RECORD_0, VITF_TENSOR_AT_OFFSET, 8, SET, UINT64_MAX - 63, CORRUPT},
    {"empty tensor elsewhere", RECORD_3, VITF_TENSOR_AT_OFFSET, 8, ADD, (uint64_t)-64, CORRUPT},
    {"bytes too few", RECORD_0, VITF_TENSOR_AT_SIZE, 8, SET, 60, CORRUPT},
    {"bytes rounded up", RECORD_1, VITF_TENSOR_AT_SIZE, 8, SET, 128, CORRUPT},
    {"2^64 - 1 bytes", RECORD_0, VITF_TENSOR_AT_SIZE, 8, SET, UINT64_MAX, CORRUPT},
    {"reserved bytes of a tensor", RECORD_0, VITF_TENSOR_AT_RESERVED, 8, SET, 1, CORRUPT},
};

static size_t start_of(const buffer *b, int from) {
    size_t tensors = vi_load_u32(b->data + VITF_AT_TENSORS);
    if (from == FILE_START) return 0;
    if (from == STRINGS) return vi_load_u32(b->data + VITF_AT_STRINGS);
    if (from >= RECORD_0) return tensors + (size_t)(from - RECORD_0) * VITF_TENSOR_BYTES;
    return VITF_HEADER_BYTES + (from == META_0 ? 0u : from == META_1 ? 24u : 56u);
}

static void test_defects(void) {
    for (size_t i = 0; i < sizeof defects / sizeof *defects; i++) {
        buffer b = good_file();
        unsigned char field[8] = {0}, *place = b.data + start_of(&b, defects[i].from) + defects[i].at;
        size_t n = (size_t)defects[i].bytes, head = head_size(&b);
        memcpy(field, place, n);
        vi_store_u64(field, (defects[i].how == ADD ? vi_load_u64(field) : 0) + defects[i].value);
        memcpy(place, field, n);
        if (defects[i].expected != VIT_OK && defects[i].expected != VIT_ERROR_FORMAT && defects[i].expected != UNSUPPORTED) {
            char what[100];
            snprintf(what, sizeof what, "%s, old checksum", defects[i].what);
            CHECK(open_bytes(b.data, b.size, BY_MEMORY | BY_CALLBACK, ANY_STATUS, what) < 0, "%s", what);
        }
        mend_checksum(&b, head);
        if (defects[i].from == FILE_START && defects[i].at == VITF_AT_DATA) mend_checksum(&b, head_size(&b));
        open_bytes(b.data, b.size, BY_ALL, defects[i].expected, defects[i].what);
        buffer_free(&b);
    }
}

static void test_messages(void) {
    buffer b = good_file();
    vi_store_u32(b.data + VITF_AT_VERSION, 7);
    vi_reader r;
    vi_allocator a = {0};
    vi_directory d;
    vi_error e = {0};
    vi_reader_open_memory(&r, b.data, b.size, &e);
    CHECK(vi_directory_open(&d, &r, &a, &e) == UNSUPPORTED, "version 7");
    CHECK(strcmp(e.text, "memory: .vit version 7; this library reads version 1") == 0, "%s", e.text);
    vi_store_u32(b.data + VITF_AT_VERSION, 1);
    b.data[70] ^= 1;
    CHECK(vi_directory_open(&d, &r, &a, &e) == CORRUPT && strstr(e.text, "its directory is damaged: expected checksum") != NULL,
          "%s", e.text);
    r.size--;
    CHECK(vi_directory_open(&d, &r, &a, &e) == CORRUPT && strstr(e.text, "expected a file of 1024 bytes, found 1023") != NULL,
          "%s", e.text);
    buffer_free(&b);
}

/* Tensors that overlap or leave a hole, though each alone is in order. */
static void test_placement(void) {
    for (int kind = 0; kind < 3; kind++) {
        buffer b = good_file();
        unsigned char *first = b.data + start_of(&b, RECORD_0) + VITF_TENSOR_AT_OFFSET;
        unsigned char *second = b.data + start_of(&b, RECORD_1) + VITF_TENSOR_AT_OFFSET;
        if (kind == 0) memcpy(second, first, 8);
        if (kind == 1) memcpy(first, second, 8);
        if (kind == 2) { /* a ends where b began: right, as the order in the data section is free */
            uint64_t start = vi_load_u64(first);
            vi_store_u64(second, start);
            vi_store_u64(first, start + 128);
        }
        mend_checksum(&b, head_size(&b));
        open_bytes(b.data, b.size, BY_ALL, kind == 2 ? VIT_OK : CORRUPT, "placement");
        buffer_free(&b);
    }
    buffer b = good_file();
    size_t size = b.size;
    static const unsigned char more[64];
    buffer_add(&b, more, 64);
    vi_store_u64(b.data + VITF_AT_FILE_SIZE, size + 64);
    mend_checksum(&b, head_size(&b));
    open_bytes(b.data, b.size, BY_ALL, CORRUPT, "data after the tensors");
    b.size = size - 64;
    vi_store_u64(b.data + VITF_AT_FILE_SIZE, b.size);
    mend_checksum(&b, head_size(&b));
    open_bytes(b.data, b.size, BY_ALL, CORRUPT, "data cut off, and the file knows");
    buffer_free(&b);
    vi_allocator a = {0};
    CHECK(vi_vit_write(&(vi_sink){buffer_write, &b}, NULL, 0, NULL, 0, NULL, NULL, &a, NULL) == VIT_OK, "an empty file");
    buffer_add(&b, more, 64);
    vi_store_u64(b.data + VITF_AT_FILE_SIZE, 128);
    vi_store_u64(b.data + VITF_AT_DATA, 128);
    mend_checksum(&b, 128);
    open_bytes(b.data, b.size, BY_ALL, CORRUPT, "zeros between the names and the data");
    buffer_free(&b);
}

static void test_truncated_and_flipped(void) {
    buffer b = good_file();
    size_t head = head_size(&b);
    open_bytes(b.data, b.size, BY_ALL, VIT_OK, "good");
    for (size_t n = 0; n < b.size; n++) {
        open_bytes(b.data, n, n % 16 == 0 ? BY_ALL : BY_MEMORY | BY_CALLBACK, n < 8 ? VIT_ERROR_FORMAT : CORRUPT, "truncated");
    }
    for (size_t bit = 0; bit < 8 * head; bit++) { /* the checksum finds every one */
        b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
        char what[32];
        snprintf(what, sizeof what, "bit %zu", bit);
        CHECK(open_bytes(b.data, b.size, BY_MEMORY | BY_CALLBACK, ANY_STATUS, what) < 0, "%s was not noticed", what);
        b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    for (size_t bit = 8 * VITF_HEADER_BYTES; bit < 8 * head; bit++) { /* and without it nothing bad happens */
        b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
        mend_checksum(&b, head);
        open_bytes(b.data, b.size, BY_MEMORY | BY_CALLBACK, ANY_STATUS, "flipped, checksum right");
        b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    mend_checksum(&b, head);
    open_bytes(b.data, b.size, BY_MEMORY, VIT_OK, "good again");
    fail_in_turn(b.data, b.size);
    change_while_read(b.data, b.size, head);
    buffer_free(&b);
}

/* All pairs of edge sizes as rows and panels, with the bytes that right or wrapping arithmetic gives. */
static void test_sizes(void) {
    int accepted = 0;
    for (size_t i = 0; i < EDGE_DIMS * EDGE_DIMS * 4 * 2; i++) {
        uint64_t a = edge_dims[i % EDGE_DIMS], b = edge_dims[i / EDGE_DIMS % EDGE_DIMS];
        size_t type = i / EDGE_DIMS / EDGE_DIMS % 2, layout = i / EDGE_DIMS / EDGE_DIMS / 2 % 2,
        wrap = i / EDGE_DIMS / EDGE_DIMS / 4;
        bool f32 = type == 0;
        uint64_t rows = layout == 0 ? a : a / 16 * 16 + (a % 16 != 0 ? 16 : 0);
        uint64_t columns = layout == 0 || f32 ? b : b / 2 * 2 + b % 2 * 2;
        if (layout == 1 && (rows < a || columns < b)) continue; /* near 2^64: refused for the dimension anyway */
        exact bytes = exact_times(exact_times(exact_times((exact){{1}}, rows), columns), f32 ? 4 : 2);
        uint64_t size = wrap == 0 ? exact_low(bytes) : exact_low(bytes) & 0xFFFFFFFF;
        if (size > 300000) size = 64;
        float *data = calloc(1, (size_t)size + 1);
        const vi_write_tensor tensor = {"t", VI_DT_F32, VI_LAYOUT_ROWS, 1, {size / 4}, data, size / 4 * 4};
        buffer file = {0};
        vi_allocator allocator = {0};
        CHECK(vi_vit_write(&(vi_sink){buffer_write, &file}, NULL, 0, &tensor, 1, NULL, NULL, &allocator, NULL) == VIT_OK,
              "write");
        unsigned char *record = file.data + VITF_HEADER_BYTES;
        vi_store_u32(record + VITF_TENSOR_AT_DTYPE, f32 ? VI_DT_F32 : VI_DT_BF16);
        vi_store_u32(record + VITF_TENSOR_AT_LAYOUT, (uint32_t)layout);
        vi_store_u32(record + VITF_TENSOR_AT_RANK, 2);
        vi_store_u64(record + VITF_TENSOR_AT_SHAPE, a);
        vi_store_u64(record + VITF_TENSOR_AT_SHAPE + 8, b);
        vi_store_u64(record + VITF_TENSOR_AT_SIZE, size);
        mend_checksum(&file, head_size(&file));
        bool right = exact_is(bytes, size), fits = (size + 63) / 64 == (size / 4 * 4 + 63) / 64; /* the file's last units */
        int32_t expected = a > VI_MAX_DIM || b > VI_MAX_DIM ? LIMIT : right && fits ? VIT_OK : CORRUPT;
        char what[80];
        snprintf(what, sizeof what, "%s layout %zu %llu x %llu", f32 ? "F32" : "BF16", layout, (unsigned long long)a,
                 (unsigned long long)b);
        accepted += open_bytes(file.data, file.size, BY_MEMORY, expected, what) == VIT_OK;
        buffer_free(&file);
        free(data);
    }
    CHECK(accepted > 100, "only %d sizes were right", accepted);
}

static void test_random_damage(void) {
    static const unsigned char values[] = {0, 1, 2, 3, 4, 7, 8, 15, 16, 63, 64, 127, 128, 254, 255};
    unsigned long long seed = 77;
    int accepted = 0;
    for (int i = 0; i < 20000; i++) {
        buffer b = good_file();
        size_t head = head_size(&b);
        for (int n = (int)(test_random(&seed) >> 62); n >= 0; n--) {
            size_t at = 8 + (size_t)(test_random(&seed) >> 20) % (head - 8),
            from = (size_t)(test_random(&seed) >> 20) % (head - 96);
            if (test_random(&seed) >> 62 == 0 && at <= head - 96) memmove(b.data + at / 8 * 8, b.data + from / 8 * 8, 8);
            else b.data[at] = values[(test_random(&seed) >> 20) % sizeof values];
        }
        mend_checksum(&b, head_size(&b));
        accepted += open_bytes(b.data, b.size, BY_MEMORY | BY_CALLBACK, ANY_STATUS, "random damage") == VIT_OK;
        buffer_free(&b);
    }
    CHECK(accepted > 50, "%d accepted: the damage must sometimes be harmless", accepted);
}

TEST_MAIN(test_defects, test_messages, test_placement, test_truncated_and_flipped, test_sizes, test_random_damage)
