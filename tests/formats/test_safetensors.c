/* test_safetensors.c: what a good .safetensors file turns into, how tensors are read from it, and the real checkpoints. Bad files
 * are in tests/hostile. */
#include "formats/support.h"

#include <math.h>
#include <time.h>
#include "format/format.h"

static const char header[] =
    "{\"__metadata__\":{\"format\":\"pt\"},"
    "\"w.f32\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
    "\"a.bf16\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[24,30]},"
    "\"m.f16\":{\"dtype\":\"F16\",\"shape\":[1,1,1,1,1,3],\"data_offsets\":[30,36]},"
    "\"scalar.f64\":{\"shape\":[],\"data_offsets\":[36,44],\"dtype\":\"F64\",\"extra\":{\"ignored\":[1,2]}},"
    "\"empty\":{\"dtype\":\"F32\",\"shape\":[4,0,5],\"data_offsets\":[44,44]},"
    "\"ids\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[44,60]},"
    "\"mask\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[60,63]},"
    "\"new\":{\"dtype\":\"F8_E4M3\",\"shape\":[5],\"data_offsets\":[63,68]},"
    "\"caf\\u00e9\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[68,69]}}   ";

/* The file of that header, with numbers one knows: f32 1..6, bf16 1, -2, 3, f16 0.5, 1, -65504, f64 pi. */
static buffer good_file(void) {
    buffer b = make_safetensors(header, strlen(header), 69);
    unsigned char *data = b.data + b.size - 69;
    for (int i = 0; i < 6; i++) vi_store_f32(data + 4 * i, (float)(i + 1));
    vi_store_u16(data + 24, 0x3F80);
    vi_store_u16(data + 26, 0xC000);
    vi_store_u16(data + 28, 0x4040);
    vi_store_u16(data + 30, 0x3800);
    vi_store_u16(data + 32, 0x3C00);
    vi_store_u16(data + 34, 0xFBFF);
    vi_store_f64(data + 36, 3.141592653589793);
    return b;
}

static void check_directory(const vi_directory *d, uint64_t data_at) {
    static const struct {
        const char *name;
        vi_dtype dtype;
        uint32_t rank;
        uint64_t elements, offset, bytes;
    } expected[] = {
        {"a.bf16", VI_DT_BF16, 1, 3, 24, 6},   {"caf\xC3\xA9", VI_DT_U8, 1, 1, 68, 1}, {"empty", VI_DT_F32, 3, 0, 44, 0},
        {"ids", VI_DT_I64, 1, 2, 44, 16},      {"m.f16", VI_DT_F16, 6, 3, 30, 6},      {"mask", VI_DT_BOOL, 1, 3, 60, 3},
        {"new", VI_DT_OTHER, 1, 5, 63, 5},     {"scalar.f64", VI_DT_F64, 0, 1, 36, 8}, {"w.f32", VI_DT_F32, 2, 6, 0, 24},
    };
    CHECK(strcmp(d->format->name, "safetensors") == 0 && d->meta_count == 0, "format");
    CHECK(d->count == sizeof expected / sizeof *expected, "%zu tensors", d->count);
    for (size_t i = 0; i < d->count; i++) {
        const vi_tensor *t = &d->tensors[i];
        CHECK(strcmp(t->name, expected[i].name) == 0, "tensor %zu is %s", i, t->name);
        CHECK(t->dtype == expected[i].dtype && t->rank == expected[i].rank && t->elements == expected[i].elements, "%s", t->name);
        CHECK(t->offset == data_at + expected[i].offset && t->bytes == expected[i].bytes && !t->used, "%s", t->name);
        CHECK(t->layout == VI_LAYOUT_ROWS && vi_directory_find(d, t->name) == t, "%s", t->name);
    }
    CHECK(vi_directory_find(d, "w.f3") == NULL && vi_directory_find(d, "") == NULL && vi_directory_find(d, "zz") == NULL,
          "absent");
    CHECK(vi_directory_meta(d, 1) == NULL, "no metadata");
}

static void check_numbers(const vi_directory *d) {
    static const float w[6] = {1, 2, 3, 4, 5, 6}, a[3] = {1, -2, 3}, m[3] = {0.5f, 1, -65504}, s[1] = {3.14159265f};
    static const struct {
        const char *name;
        const float *values;
        size_t count;
    } expected[] = {{"w.f32", w, 6}, {"a.bf16", a, 3}, {"m.f16", m, 3}, {"scalar.f64", s, 1}, {"empty", s, 0}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const vi_tensor *t = vi_directory_find(d, expected[i].name);
        for (size_t first = 0; first <= expected[i].count; first++) {
            for (size_t n = 0; first + n <= expected[i].count; n++) {
                float got[8] = {7, 7, 7, 7, 7, 7, 7, 7};
                vi_error e = {0};
                CHECK(vi_tensor_read(d, t, first, n, got, &e) == VIT_OK, "%s", e.text);
                CHECK(memcmp(got, expected[i].values + first, n * sizeof *got) == 0, "%s from %zu", t->name, first);
                CHECK(got[n] == 7, "%s: wrote too much", t->name);
            }
        }
    }
    float got[8];
    vi_error e = {0};
    const vi_tensor *t = vi_directory_find(d, "w.f32");
    CHECK(vi_tensor_read(d, t, 5, 2, got, &e) == VIT_ERROR_UNSUPPORTED && strstr(e.text, "'w.f32'") != NULL, "%s", e.text);
    CHECK(vi_tensor_read(d, t, UINT64_MAX, 2, got, &e) != VIT_OK, "wraps");
    CHECK(vi_tensor_read(d, vi_directory_find(d, "ids"), 0, 1, got, &e) == VIT_ERROR_UNSUPPORTED, "integers are not floats");
    CHECK(vi_tensor_read(d, vi_directory_find(d, "new"), 0, 1, got, &e) == VIT_ERROR_UNSUPPORTED, "unknown types are not floats");
}

static void test_sources(void) {
    buffer b = good_file();
    const char *path = temporary_path("good.safetensors");
    CHECK(write_file(path, b.data, b.size), "cannot write %s", path);
    for (int source = 0; source < 5; source++) {
        heap h = {0};
        vi_allocator a = heap_allocator(&h);
        vi_error e = {0};
        vi_reader r;
        tape t = {.data = b.data, .size = b.size};
        if (source < 2) vi_reader_open_path(&r, path, source == 1, &e);
        else if (source < 4) vi_reader_open_memory(&r, b.data, b.size, &e);
        else vi_reader_open_callback(&r, tape_read, &t, b.size, &e);
        r.borrowed = source == 3;
        vi_directory d;
        memset(&d, 0xEE, sizeof d);
        CHECK(vi_directory_open(&d, &r, &a, &e) == VIT_OK, "source %d: %s", source, e.text);
        CHECK(heap_live(&h) == 1, "one block stays: %d", heap_live(&h));
        bool in_place = source == 2 || source == 3; /* a mapping may change: its header is copied */
        CHECK(h.calls == (in_place ? 2 : 3), "source %d: %d blocks", source, h.calls);
        check_directory(&d, 8 + strlen(header));
        check_numbers(&d);
        const vi_tensor *w = vi_directory_find(&d, "w.f32");
        const void *place = vi_tensor_in_place(&d, w, 1);
        CHECK((place != NULL) == (vi_little_endian() && (source == 1 || source == 3)), "source %d: in place", source);
        CHECK(place == NULL || place == r.data + w->offset, "place");
        bool aligned = place != NULL && (uintptr_t)place % 64 == 0;
        CHECK((vi_tensor_in_place(&d, w, 64) != NULL) == aligned, "alignment");
        CHECK(!t.wrong, "reads out of range");
        vi_directory_close(&d, &a);
        vi_directory_close(&d, &a);
        vi_reader_close(&r);
        CHECK(heap_live(&h) == 0 && !h.wrong && a.in_use == 0, "leak");
    }
    unlink(path);
    buffer_free(&b);
}

static int32_t open_header(const char *text, size_t data, vi_error *e) {
    buffer b = make_safetensors(text, strlen(text), data);
    heap h = {0};
    vi_allocator a = heap_allocator(&h);
    vi_reader r;
    vi_directory d;
    vi_reader_open_memory(&r, b.data, b.size, e);
    int32_t status = vi_directory_open(&d, &r, &a, e);
    if (status == VIT_OK) vi_directory_close(&d, &a);
    CHECK(heap_live(&h) == 0 && !h.wrong, "leak");
    buffer_free(&b);
    return status;
}

static void test_edges(void) {
    vi_error e = {0};
    CHECK(open_header("{}", 0, &e) == VIT_OK, "no tensors: %s", e.text);
    CHECK(open_header("{\"__metadata__\":{}}", 0, &e) == VIT_OK, "only metadata: %s", e.text);
    CHECK(open_header("{\"a\":{\"dtype\":\"I8\",\"shape\":[0,2147483647,2147483647,2147483647],\"data_offsets\":[0,0]}}", 0,
          &e) == VIT_OK,
          "0 times much is 0: %s", e.text);
    CHECK(open_header("{\"a\":{\"dtype\":\"I8\",\"shape\":[2147483647,2147483647,2147483647,0],\"data_offsets\":[0,0]}}", 0,
                      &e) == VIT_OK,
          "much times 0 is 0: %s", e.text);
}

static void test_messages(void) {
    static const struct {
        const char *header;
        size_t data;
        const char *message;
    } cases[] = {
        {"{\"q.w\":{\"dtype\":\"F32\",\"shape\":[576,192],\"data_offsets\":[0,16]}}", 16,
         "memory: tensor 'q.w' is F32 [576, 192]: expected 442368 bytes, found 16"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[5,9]}}", 9,
         "memory: tensor 'b' starts at byte 118; expected 117, without hole or overlap"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 5,
         "memory: its tensors end at byte 65, the file at 66"},
        {"{\"a\":1,\"a\":2}", 0, "header of memory: the key 'a' appears twice in one object"},
        {"{\"a\\nb\":{}}", 0, "memory: tensor 'a?b': dtype is not a string"},
        {"{\"a\":", 0, "header of memory: line 1, column 6: expected a value, found the end"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vi_error e = {0};
        CHECK(open_header(cases[i].header, cases[i].data, &e) == VIT_ERROR_CORRUPT, "case %zu", i);
        CHECK(strcmp(e.text, cases[i].message) == 0, "'%s' instead of '%s'", e.text, cases[i].message);
    }
}

static void test_other_files(void) {
    static const struct {
        const char *bytes;
        size_t size;
        const char *hint;
    } cases[] = {
        {"", 0, "empty"},
        {"x", 1, "reads (vit, index, safetensors, npz or pytorch, pytorch, gguf)"},
        {"version https://git-lfs.github.com/spec/v1\n", 43, "Git LFS"},
        {"<!DOCTYPE html>", 15, "web page"},
        {"\x89HDF\r\n\x1a\n\0\0", 10, "HDF5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vi_reader r;
        vi_allocator a = {0};
        vi_error e = {0};
        vi_directory d;
        vi_reader_open_memory(&r, cases[i].bytes, cases[i].size, &e);
        CHECK(vi_directory_open(&d, &r, &a, &e) == VIT_ERROR_FORMAT && strstr(e.text, cases[i].hint) != NULL, "%s", e.text);
    }
}

static void test_shape_text(void) {
    vi_tensor t = {.rank = 0};
    char text[160];
    CHECK(strcmp(vi_shape_text(text, sizeof text, &t), "[]") == 0, "%s", text);
    t.rank = 6;
    for (int i = 0; i < 6; i++) t.shape[i] = UINT64_MAX;
    CHECK(strlen(vi_shape_text(text, sizeof text, &t)) == 6 * 20 + 5 * 2 + 2, "%s", text);
    for (size_t size = 1; size < 60; size++) {
        memset(text, 'x', sizeof text);
        vi_shape_text(text, size, &t);
        CHECK(memchr(text, 0, size) != NULL && text[size] == 'x', "cut at %zu", size);
    }
    CHECK(strcmp(vi_dtype_name(VI_DT_BF16), "BF16") == 0 && vi_dtype_size(VI_DT_F64) == 8 && vi_dtype_size(VI_DT_OTHER) == 0,
          "types");
}

/* The most tensors there may be, in file order and in none: no step may be quadratic. */
static void test_many_tensors(void) {
    for (int order = 0; order < 2; order++) {
        buffer b = {0};
        unsigned count = VI_MAX_TENSORS;
        for (unsigned i = 0; i < count; i++) {
            unsigned k = order == 0 ? i : i * 40503u % count;
            char entry[120];
            snprintf(entry, sizeof entry, "%c\"layer.%05u.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%u,%u]}",
                     i ? ',' : '{',
                     i, 4 * k, 4 * k + 4);
            buffer_text(&b, entry);
        }
        buffer_text(&b, "}");
        buffer file = make_safetensors((char *)b.data, b.size, 4 * count);
        vi_reader r;
        vi_allocator a = {0};
        vi_error e = {0};
        vi_directory d = {0};
        vi_reader_open_memory(&r, file.data, file.size, &e);
        clock_t start = clock();
        CHECK(vi_directory_open(&d, &r, &a, &e) == VIT_OK && d.count == count, "%s", e.text);
        double took = (double)(clock() - start) / CLOCKS_PER_SEC;
        CHECK(took < 10, "order %d took %.3f s", order, took); /* 0.1 s, 3 s under valgrind; a quadratic step: a minute */
        CHECK(a.peak < 20 * file.size, "%zu bytes for a header of %zu", a.peak, b.size);
        vi_directory_close(&d, &a);
        b.size--;
        buffer_text(&b, ",\"one.more\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}");
        buffer more = make_safetensors((char *)b.data, b.size, 4 * count);
        vi_reader_open_memory(&r, more.data, more.size, &e);
        CHECK(vi_directory_open(&d, &r, &a, &e) == VIT_ERROR_LIMIT && a.in_use == 0, "%s", e.text);
        buffer_free(&more);
        buffer_free(&file);
        buffer_free(&b);
    }
}

static void test_real_checkpoints(void) {
    static const struct {
        const char *path, *tensor;
        size_t count;
        uint64_t elements;
    } models[] = {
        {"models/vit_tiny_patch16_224.augreg_in21k_ft_in1k/model.safetensors", "blocks.11.attn.qkv.weight", 152, 5717416},
        {"models/vit_numpy_mnist_d9/model.safetensors", "patch_embed.proj.weight", 0, 3751},
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        char path[600];
        snprintf(path, sizeof path, "%s/%s", test_shared(), models[i].path);
        vi_reader r;
        vi_error e = {0};
        if (vi_reader_open_path(&r, path, true, &e) != VIT_OK) {
            SKIP("%s", e.text);
            continue;
        }
        vi_allocator a = {0};
        vi_directory d = {0};
        CHECK(vi_directory_open(&d, &r, &a, &e) == VIT_OK, "%s", e.text);
        CHECK(models[i].count == 0 || d.count == models[i].count, "%zu tensors", d.count);
        CHECK(vi_directory_find(&d, models[i].tensor) != NULL, "%s", models[i].tensor);
        uint64_t elements = 0;
        bool finite = true;
        for (size_t k = 0; k < d.count; k++) {
            float x[64];
            size_t n = d.tensors[k].elements < 64 ? (size_t)d.tensors[k].elements : 64;
            elements += d.tensors[k].elements;
            CHECK(vi_tensor_read(&d, &d.tensors[k], d.tensors[k].elements - n, n, x, &e) == VIT_OK, "%s", e.text);
            for (size_t j = 0; j < n; j++) finite = finite && isfinite(x[j]) && fabsf(x[j]) < 1000;
        }
        CHECK(elements == models[i].elements && finite, "%llu numbers", (unsigned long long)elements);
        vi_directory_close(&d, &a);
        vi_reader_close(&r);
        CHECK(a.in_use == 0, "leak");
    }
}

TEST_MAIN(test_sources, test_edges, test_messages, test_other_files, test_shape_text, test_many_tensors, test_real_checkpoints)
