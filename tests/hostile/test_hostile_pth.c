/* test_hostile_pth.c: broken and malicious PyTorch files, both as zip archives and in the legacy form. Pickles that are wrong in
 * themselves are in formats/test_pickle.c; here they say wrong things about tensors. */
#include "hostile/hostile.h"
#include "hostile/zip_writer.h"

#define OK VIT_OK
#define CORRUPT VIT_ERROR_CORRUPT
#define LIMIT VIT_ERROR_LIMIT
#define UNSUPPORTED VIT_ERROR_UNSUPPORTED
#define HUGE_INT 9223372036854775807
#define INT_TEXT -77 /* in place of a number: a text */

/* What a file says about its tensor; 0 and NULL are what is right. */
typedef struct spec {
    const char *what;
    int32_t expected, legacy; /* legacy: of the legacy form, where it differs */
    const char *module, *function, *class, *class_module, *tag, *name, *key, *root;
    int64_t elements;     /* of the storage; 6 */
    int64_t offset;
    int64_t shape[7], stride[7];
    int rank;             /* 0: the tensor [2, 3]; -1: a scalar */
    int stride_rank;      /* 0: the same */
    size_t bytes;         /* that are there; 24 */
    const char *arguments; /* in place of those of the function */
    const char *id;        /* in place of the storage's */
    const char *before;    /* entries of the dictionary before the tensor */
    const char *wrap;      /* opcodes around the dictionary: what comes before | what comes after */
    bool parameter, twice, list, differs;
} spec;

static void put_text(buffer *b, const char *text) {
    buffer_text(b, "X");
    zip_u32(b, (uint32_t)strlen(text));
    buffer_text(b, text);
}

static void put_int(buffer *b, int64_t n) {
    if (n == INT_TEXT) {
        put_text(b, "1");
        return;
    }
    buffer_text(b, "\x8A\x08");
    zip_u64(b, (uint64_t)n);
}

static void put_global(buffer *b, const char *module, const char *name) {
    buffer_text(b, "c");
    buffer_text(b, module);
    buffer_text(b, "\n");
    buffer_text(b, name);
    buffer_text(b, "\n");
}

static const char *or_else(const char *given, const char *normal) {
    return given != NULL ? given : normal;
}

static void put_storage(buffer *b, const spec *s) {
    if (s->id != NULL) {
        buffer_text(b, s->id);
    } else {
        buffer_text(b, "(");
        put_text(b, or_else(s->tag, "storage"));
        put_global(b, or_else(s->class_module, "torch"), or_else(s->class, "FloatStorage"));
        put_text(b, or_else(s->key, "0"));
        put_text(b, "cpu");
        put_int(b, s->elements != 0 ? s->elements : 6);
        buffer_text(b, "t");
    }
    buffer_text(b, "Q");
}

static void put_tuple(buffer *b, const int64_t *numbers, int count) {
    buffer_text(b, "(");
    for (int i = 0; i < count; i++) put_int(b, numbers[i]);
    buffer_text(b, "t");
}

static void put_tensor(buffer *b, const spec *s) {
    static const int64_t shape[] = {2, 3}, stride[] = {3, 1};
    if (s->parameter) buffer_text(b, "ctorch._utils\n_rebuild_parameter\n(");
    put_global(b, or_else(s->module, "torch._utils"), or_else(s->function, "_rebuild_tensor_v2"));
    buffer_text(b, "(");
    if (s->arguments != NULL) {
        buffer_text(b, s->arguments);
    } else {
        int rank = s->rank == 0 ? 2 : s->rank < 0 ? 0 : s->rank;
        put_storage(b, s);
        put_int(b, s->offset);
        put_tuple(b, s->rank == 0 ? shape : s->shape, rank);
        put_tuple(b, s->rank == 0 && s->stride_rank == 0 ? stride : s->stride, s->stride_rank != 0 ? s->stride_rank : rank);
        buffer_text(b, "\x89" "ccollections\nOrderedDict\n)R");
    }
    buffer_text(b, "tR");
    if (s->parameter) buffer_text(b, "\x88N" "tR");
}

static buffer make_pickle(const spec *s) {
    buffer b = {0};
    const char *bar = s->wrap != NULL ? strchr(s->wrap, '|') : NULL;
    buffer_text(&b, "\x80\x02");
    if (bar != NULL) buffer_add(&b, s->wrap, (size_t)(bar - s->wrap));
    buffer_text(&b, s->list ? "](" : "}(");
    if (s->before != NULL) buffer_text(&b, s->before);
    for (int i = 0; i <= s->twice; i++) {
        if (!s->list) put_text(&b, or_else(s->name, "w"));
        put_tensor(&b, s);
    }
    buffer_text(&b, s->list ? "e" : "u");
    if (bar != NULL) buffer_text(&b, bar + 1);
    buffer_text(&b, ".");
    return b;
}

static const unsigned char numbers[4096];

static buffer make_zip(const spec *s) {
    zip_writer z = {0};
    char names[3][64];
    buffer pickle = make_pickle(s);
    const char *parts[] = {"data.pkl", "data/0", "version"};
    for (int i = 0; i < 3; i++) snprintf(names[i], sizeof names[i], "%s/%s", or_else(s->root, "archive"), parts[i]);
    zip_add(&z, names[0], pickle.data, pickle.size);
    zip_add(&z, names[1], numbers, s->bytes != 0 ? s->bytes : 24);
    zip_add(&z, names[2], "3\n", 2);
    zip_finish(&z);
    buffer_free(&pickle);
    return z.file;
}

static const char magic[] = "\x80\x02\x8A\x0Al\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19.\x80\x02M\xE9\x03.\x80\x02}";

static buffer make_legacy(const spec *s) {
    buffer b = {0}, pickle = make_pickle(s);
    buffer_add(&b, magic, sizeof magic - 1);
    buffer_text(&b, "(X\x0D");
    buffer_add(&b, "\0\0\0little_endian\x88u.", 19);
    buffer_add(&b, pickle.data, pickle.size);
    buffer_text(&b, "\x80\x02]X\x01");
    buffer_add(&b, "\0\0\0" "0a.", 6);
    zip_u64(&b, (uint64_t)(s->elements != 0 ? s->elements : 6));
    buffer_add(&b, numbers, s->bytes != 0 ? s->bytes : 24);
    buffer_free(&pickle);
    return b;
}

#define RANK(n, ...) .rank = n, .shape = {__VA_ARGS__}
#define STRIDE(...) .stride = {__VA_ARGS__}
#define CALLED .expected = UNSUPPORTED, .differs = true, .legacy = CORRUPT
#define NAME_64 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define NAME_63 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define VIEW(size) "(U\7storagectorch\nFloatStorage\nU\1" "0U\3cpuK\6(U\1" "9" size "tt"

static const spec specs[] = {
    {"good", .expected = OK},
    {"scalar", .rank = -1, .expected = OK},
    {"one element", RANK(1, 1), STRIDE(1), .offset = 5, .expected = OK},
    {"stride of one element does not count", RANK(1, 1), STRIDE(HUGE_INT), .expected = OK},
    {"transposed", RANK(2, 3, 2), STRIDE(1, 3), .expected = OK},
    {"every other element", RANK(1, 3), STRIDE(2), .expected = OK},
    {"one element twice", RANK(2, 2, 6), STRIDE(0, 1), .expected = OK},
    {"overlapping rows", RANK(2, 5, 2), STRIDE(1, 1), .expected = OK},
    {"empty", RANK(2, 0, 3), STRIDE(3, 1), .expected = OK},
    {"empty, far away", RANK(2, 0, 3), STRIDE(HUGE_INT, HUGE_INT), .offset = HUGE_INT, .expected = OK},
    {"rank 6", RANK(6, 1, 1, 1, 1, 2, 3), STRIDE(6, 6, 6, 6, 3, 1), .expected = OK},
    {"rank 7", RANK(7, 1, 1, 1, 1, 1, 2, 3), STRIDE(6, 6, 6, 6, 6, 3, 1), .expected = LIMIT},
    {"a parameter", .parameter = true, .expected = OK},
    {"the old function", .function = "_rebuild_tensor", .expected = OK},
    {"of CUDA", .class_module = "torch.cuda", .expected = OK},
    {"name of 255 bytes", .expected = OK, .name = NAME_64 NAME_64 NAME_64 NAME_63},
    {"name of 256 bytes", .name = NAME_64 NAME_64 NAME_64 NAME_64, .expected = LIMIT},
    {"no name", .name = "", .expected = CORRUPT},
    {"the same name twice", .twice = true, .expected = CORRUPT},
    {"one element too far", .offset = 1, .expected = CORRUPT},
    {"far too far", .offset = HUGE_INT, .expected = CORRUPT},
    {"negative offset", .offset = -1, .expected = CORRUPT},
    {"offset is text", .offset = INT_TEXT, .expected = CORRUPT},
    {"one row too many", RANK(2, 3, 3), STRIDE(3, 1), .expected = CORRUPT},
    {"stride too large", RANK(2, 2, 3), STRIDE(4, 1), .expected = CORRUPT},
    {"negative stride", RANK(2, 2, 3), STRIDE(-3, 1), .expected = CORRUPT},
    {"stride is text", RANK(2, 2, 3), STRIDE(INT_TEXT, 1), .expected = CORRUPT},
    {"stride of 2^63 - 1", RANK(2, 2, 3), STRIDE(HUGE_INT, 1), .expected = CORRUPT},
    {"strides that wrap to 1", RANK(2, 3, 3), STRIDE(HUGE_INT, 1), .expected = CORRUPT},
    {"extent wraps", RANK(3, 2147483647, 2147483647, 2147483647), STRIDE(HUGE_INT, HUGE_INT, HUGE_INT), .expected = CORRUPT},
    {"negative dimension", RANK(2, -2, 3), STRIDE(3, 1), .expected = CORRUPT},
    {"dimension is text", RANK(2, INT_TEXT, 3), STRIDE(3, 1), .expected = CORRUPT},
    {"dimension of 2^31", RANK(1, 2147483648), STRIDE(0), .expected = LIMIT},
    {"product wraps to 0", RANK(4, 65536, 65536, 65536, 65536), STRIDE(0, 0, 0, 0), .expected = CORRUPT},
    {"a terabyte of one element", RANK(2, 65536, 4194304), STRIDE(0, 0), .expected = LIMIT},
    {"fewer strides than dimensions", .stride_rank = 1, STRIDE(1), .expected = CORRUPT},
    {"more strides than dimensions", .stride_rank = 3, STRIDE(3, 1, 1), .expected = CORRUPT},
    {"storage larger than its bytes", .elements = 7, .expected = CORRUPT},
    {"storage smaller than its bytes", .elements = 5, RANK(1, 5), STRIDE(1), .expected = CORRUPT, .differs = true, .legacy = OK},
    {"storage of -1 elements", .elements = -1, .expected = CORRUPT},
    {"storage of 2^63 - 1 elements", .elements = HUGE_INT, .expected = CORRUPT},
    {"storage of 2^62 elements", .elements = 4611686018427387904, .expected = CORRUPT},
    {"elements are text", .elements = INT_TEXT, .expected = CORRUPT},
    {"of another type", .class = "DoubleStorage", .expected = CORRUPT},
    {"of half the type", .class = "HalfStorage", .expected = CORRUPT, .differs = true, .legacy = OK},
    {"of an unknown type", .class = "FancyStorage", .expected = OK, .differs = true, .legacy = CORRUPT},
    {"of complex numbers", .class = "ComplexFloatStorage", .elements = 3, RANK(1, 3), STRIDE(1), .expected = OK},
    {"not in the archive", .key = "1", .expected = CORRUPT},
    {"elsewhere in the archive", .key = "../data.pkl", .expected = CORRUPT},
    {"key is empty", .key = "", .expected = CORRUPT},
    {"key of 200 bytes", .expected = CORRUPT, .key = NAME_64 NAME_64 NAME_64},
    {"not called storage", .tag = "module", .expected = CORRUPT},
    {"id is None", .id = "N", .expected = CORRUPT},
    {"id is an empty tuple", .id = ")", .expected = CORRUPT},
    {"id is a list", .id = "]", .expected = CORRUPT},
    {"class is None", .id = "(U\7storageNU\1" "0U\3cpuK\6t", .expected = CORRUPT},
    {"key is a number", .id = "(U\7storagectorch\nFloatStorage\nK\1U\3cpuK\6t", .expected = CORRUPT},
    {"no elements", .id = "(U\7storagectorch\nFloatStorage\nU\1" "0U\3cput", .expected = CORRUPT},
    {"strings of Python 2", .id = "(U\7storagectorch\nFloatStorage\nU\1" "0U\3cpuK\6t", .expected = OK},
    {"a view", .id = VIEW("K\2K\4"), RANK(1, 4), STRIDE(1), .expected = OK},
    {"a view that is too small", .id = VIEW("K\2K\5"), .expected = CORRUPT},
    {"beyond a view", .id = VIEW("K\2K\4"), RANK(1, 5), STRIDE(1), .expected = CORRUPT},
    {"of a view that is too small", .id = VIEW("K\2K\5"), RANK(1, 1), STRIDE(1), .expected = CORRUPT},
    {"a view of text", .id = VIEW("U\1" "2K\4"), .expected = CORRUPT},
    {"no arguments", .arguments = "(1", .expected = CORRUPT},
    {"arguments are None", .arguments = "NNNN", .expected = CORRUPT},
    {"another function", .function = "_rebuild_qtensor", .expected = UNSUPPORTED},
    {"another module", .module = "os", .expected = UNSUPPORTED},
    {"system", .module = "os", .function = "system", .arguments = "U\7echo hi", CALLED},
    {"eval", .module = "builtins", .function = "eval", .arguments = "U\3" "1+1", CALLED},
    {"system beside a tensor", .before = "U\1xcos\nsystem\n(U\7echo hitR", .expected = OK},
    {"tensors beside a known key", .before = "U\6params}U\1xK\1s", .expected = OK},
    {"keys that are no text", .before = "K\1K\2", .expected = OK},
    {"a list", .list = true, .expected = UNSUPPORTED},
    {"below model", .wrap = "}U\5model|s", .expected = OK},
    {"below state_dict and model", .wrap = "}U\nstate_dict}U\5model|ss", .expected = OK},
    {"below something else", .wrap = "}U\5other|s", .expected = UNSUPPORTED},
    {"eight deep", .wrap = "}U\5model}U\5model}U\5model}U\5model}U\5model}U\5model}U\5model}U\5model|ssssssss", .expected = OK},
    {"nine deep", .wrap = "}U\5model}U\5model}U\5model}U\5model}U\5model}U\5model}U\5model}U\5model}U\5model|sssssssss",
     .expected = UNSUPPORTED},
    {"model is itself", .before = "U\5model", .wrap = "}q\1U\5modelh\1s0|", .expected = CORRUPT},
    {"a module", .wrap = "cm\nM\n)\x81|b", .expected = OK},
    {"a module in a module", .wrap = "cm\nM\n)\x81}U\1acm\nM\n)\x81|bsb", .expected = OK},
    {"a module that holds itself", .wrap = "cm\nM\n)\x81q\1|U\1ah\1sb", .expected = LIMIT},
    {"a Python module", .wrap = "cm\nM\n)\x81}U\x0B_parameters|sb", .expected = OK},
    {"a Python module that holds itself", .expected = LIMIT,
     .wrap = "cm\nM\n)\x81q\1}(U\x0B_parameters|U\x08_modules}U\1ah\1sub"},
    {"its modules are its parameters", .wrap = "cm\nM\n)\x81q\1}q\2(U\x0B_parameters|U\x08_modulesh\2ub", .expected = OK},
};

static void test_specs(void) {
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        const spec *s = &specs[i];
        char what[128];
        buffer zip = make_zip(s), legacy = make_legacy(s);
        open_bytes(zip.data, zip.size, BY_ALL, s->expected, s->what);
        snprintf(what, sizeof what, "legacy: %s", s->what);
        open_bytes(legacy.data, legacy.size, BY_ALL, s->differs ? s->legacy : s->expected, what);
        buffer_free(&zip);
        buffer_free(&legacy);
    }
}

/* ---- around the pickle -------------------------------------------------------------------------------------------------- */

static void expect_zip(zip_writer *z, int32_t expected, const char *what) {
    zip_finish(z);
    open_bytes(z->file.data, z->file.size, BY_ALL, expected, what);
    zip_free(z);
}

static zip_writer start_zip(const char *root, const buffer *pickle) {
    static char name[400];
    zip_writer z = {0};
    snprintf(name, sizeof name, "%s/data.pkl", root);
    zip_add(&z, name, pickle->data, pickle->size);
    return z;
}

static void test_archives(void) {
    buffer pickle = make_pickle(&specs[0]);
    char root[131];
    memset(root, 'r', sizeof root);
    root[130] = '\0';
    static const struct {
        const char *order;
        size_t size;
        int32_t expected;
    } orders[] = {{"little", 6, OK}, {"big", 3, UNSUPPORTED}, {"", 0, UNSUPPORTED}, {"little\n", 7, UNSUPPORTED},
                  {"littlelittle", 12, UNSUPPORTED}, {"lit\0le", 6, UNSUPPORTED}};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        zip_writer z = start_zip("a", &pickle);
        zip_add(&z, "a/byteorder", orders[i].order, orders[i].size);
        zip_add(&z, "a/data/0", numbers, 24);
        expect_zip(&z, orders[i].expected, "byte order");
    }
    zip_writer z = start_zip("a", &pickle);
    expect_zip(&z, CORRUPT, "no storages");
    z = start_zip("a", &pickle);
    zip_add(&z, "b/data/0", numbers, 24);
    expect_zip(&z, CORRUPT, "storages of another folder");
    z = start_zip("a", &pickle);
    zip_add(&z, "b/data.pkl", pickle.data, pickle.size);
    zip_add(&z, "a/data/0", numbers, 24);
    expect_zip(&z, CORRUPT, "two pickles");
    z = start_zip("a", &pickle);
    zip_add(&z, "a/data/0", numbers, 24);
    zip_add(&z, "a/data/0", numbers, 24);
    expect_zip(&z, CORRUPT, "two storages of one name");
    z = start_zip("a", &pickle);
    zip_add(&z, "a/x/data.pkl", "x", 1);
    zip_add(&z, "a/data/0", numbers, 24);
    expect_zip(&z, OK, "a data.pkl further down");
    z = start_zip("a", &pickle);
    zip_add(&z, "x.npy", "x", 1);
    zip_add(&z, "a/data/0", numbers, 24);
    expect_zip(&z, OK, "an array beside it");
    z = start_zip(root, &pickle);
    expect_zip(&z, LIMIT, "a long name of the folder");
    z = start_zip("", &pickle);
    expect_zip(&z, VIT_ERROR_FORMAT, "no name of the folder");
    z = start_zip("a", &pickle);
    zip_add_packed(&z, "a/data/0", 8, "\3\0", 2, 24, 0);
    expect_zip(&z, UNSUPPORTED, "a compressed storage");
    z = (zip_writer){0};
    zip_add_packed(&z, "a/data.pkl", 8, pickle.data, pickle.size, pickle.size, 0);
    expect_zip(&z, UNSUPPORTED, "a compressed pickle");
    z = (zip_writer){0};
    zip_add(&z, "data.pkl", pickle.data, pickle.size);
    expect_zip(&z, VIT_ERROR_FORMAT, "no folder");
    pickle.size -= 1;
    z = start_zip("a", &pickle);
    zip_add(&z, "a/data/0", numbers, 24);
    expect_zip(&z, CORRUPT, "a pickle without end");
    buffer_free(&pickle);
}

static void expect_legacy(const buffer *head, const char *keys, size_t keys_size, uint64_t elements, size_t bytes,
                          int32_t expected, const char *what) {
    buffer b = {0};
    buffer_add(&b, head->data, head->size);
    buffer_add(&b, keys, keys_size);
    zip_u64(&b, elements);
    buffer_add(&b, numbers, bytes);
    open_bytes(b.data, b.size, BY_ALL, expected, what);
    buffer_free(&b);
}

#define KEYS(text) text, sizeof(text) - 1

static void test_legacy(void) {
    buffer good = make_legacy(&specs[0]), head = {0};
    buffer_add(&head, good.data, good.size - 11 - 32); /* without keys and storages */
    expect_legacy(&head, KEYS("\x80\2]U\1" "0a."), 6, 24, OK, "good");
    expect_legacy(&head, KEYS("\x80\2]U\1" "0a."), 6, 30, OK, "something after the end");
    expect_legacy(&head, KEYS("\x80\2]U\1" "0a."), 6, 23, CORRUPT, "storage cut off");
    expect_legacy(&head, KEYS("\x80\2]U\1" "0a."), 5, 24, CORRUPT, "storage of another size");
    expect_legacy(&head, KEYS("\x80\2]U\1" "0a."), UINT64_MAX, 24, CORRUPT, "storage of 2^64 - 1");
    expect_legacy(&head, KEYS("\x80\2]U\1" "1a."), 6, 24, CORRUPT, "a key that nobody uses");
    expect_legacy(&head, KEYS("\x80\2]."), 6, 24, CORRUPT, "a key is missing");
    expect_legacy(&head, KEYS("\x80\2](U\1" "0U\1" "0e."), 6, 60, CORRUPT, "a key twice");
    expect_legacy(&head, KEYS("\x80\2]K\1" "a."), 6, 24, CORRUPT, "a key is a number");
    expect_legacy(&head, KEYS("\x80\2U\1" "0\x85."), 6, 24, CORRUPT, "keys are a tuple");
    expect_legacy(&head, KEYS("\x80\2N."), 6, 24, CORRUPT, "keys are None");
    expect_legacy(&head, KEYS("\x80\2]q\1h\1" "a."), 6, 24, CORRUPT, "keys hold themselves");
    buffer_free(&head);
    good.data[18] = 0xE8;
    open_bytes(good.data, good.size, BY_ALL, UNSUPPORTED, "version 1000");
    good.data[18] = 0xE9;
    good.data[17] = 'J';
    open_bytes(good.data, good.size, BY_ALL, UNSUPPORTED, "version cut off");
    good.data[17] = 'M';
    unsigned char *little = memchr(good.data + 20, 0x88, good.size - 20);
    *little = 0x89;
    open_bytes(good.data, good.size, BY_ALL, UNSUPPORTED, "big-endian");
    buffer_free(&good);
    open_bytes((const unsigned char *)"\x80\2}.", 4, BY_ALL, VIT_ERROR_FORMAT, "another pickle");
}

/* One storage under two classes: only in the legacy form must both say the same, there it has no other size. */
static void test_two_classes(void) {
    buffer pickle = {0};
    spec s = specs[0];
    buffer_text(&pickle, "\x80\2}(");
    put_text(&pickle, "a");
    put_tensor(&pickle, &s);
    put_text(&pickle, "b");
    s.class = "IntStorage";
    put_tensor(&pickle, &s);
    buffer_text(&pickle, "u.");
    zip_writer z = start_zip("a", &pickle);
    zip_add(&z, "a/data/0", numbers, 24);
    expect_zip(&z, OK, "one storage, two classes");
    buffer b = {0};
    buffer_add(&b, magic, sizeof magic - 1);
    buffer_text(&b, ".");
    buffer_add(&b, pickle.data, pickle.size);
    buffer_text(&b, "\x80\2]U\1" "0a.");
    zip_u64(&b, 6);
    buffer_add(&b, numbers, 24);
    open_bytes(b.data, b.size, BY_ALL, CORRUPT, "legacy: one storage, two classes");
    buffer_free(&b);
    buffer_free(&pickle);
}

/* Many names for one large storage, and modules that are reached on very many paths. */
static void test_growth(void) {
    buffer pickle = {0};
    spec s = {.elements = 1024, RANK(1, 1024), STRIDE(1), .bytes = 4096};
    buffer_text(&pickle, "\x80\2}(");
    for (int i = 0; i < 20000; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        put_text(&pickle, name);
        if (i == 0) put_tensor(&pickle, &s);
        if (i == 0) buffer_text(&pickle, "q\1");
        else buffer_text(&pickle, "h\1");
    }
    buffer_text(&pickle, "u.");
    zip_writer z = start_zip("a", &pickle);
    zip_add(&z, "a/data/0", numbers, 4096);
    expect_zip(&z, LIMIT, "80 MB of tensors in a file of 200 kB");
    buffer_free(&pickle);
    buffer_text(&pickle, "\x80\2");
    for (int i = 0; i < 30; i++) buffer_text(&pickle, "cm\nM\n)\x81q\1}(U\1a");
    for (int i = 0; i < 30; i++) buffer_text(&pickle, i == 0 ? "NU\1bNub" : "q\2U\1bh\2ub");
    buffer_text(&pickle, ".");
    z = start_zip("a", &pickle);
    expect_zip(&z, LIMIT, "2^30 paths");
    buffer_free(&pickle);
}

static void test_truncated_and_flipped(void) {
    for (int form = 0; form < 2; form++) {
        buffer b = form == 0 ? make_zip(&specs[4]) : make_legacy(&specs[4]);
        for (size_t n = 0; n < b.size; n++) {
            char what[32];
            snprintf(what, sizeof what, "cut to %zu", n);
            int32_t expected = n < (form == 0 ? 4u : 14u) ? VIT_ERROR_FORMAT : CORRUPT;
            open_bytes(b.data, n, n % 16 == 0 ? BY_ALL : BY_MEMORY | BY_CALLBACK, expected, what);
        }
        int accepted = 0;
        for (size_t bit = 0; bit < 8 * b.size; bit++) {
            char what[32];
            snprintf(what, sizeof what, "bit %zu", bit);
            b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
            accepted += open_bytes(b.data, b.size, bit % 8 == 0 ? BY_MEMORY | BY_CALLBACK : BY_MEMORY, ANY_STATUS, what) == OK;
            b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
        }
        CHECK(accepted > 300 && accepted < 2500, "%d flips were accepted", accepted); /* numbers, names, what is not looked at */
        fail_in_turn(b.data, b.size);
        change_while_read(b.data, b.size, 300); /* the pickles */
        buffer_free(&b);
    }
}

TEST_MAIN(test_specs, test_archives, test_legacy, test_two_classes, test_growth, test_truncated_and_flipped)
