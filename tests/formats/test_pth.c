/* test_pth.c: what torch.save and torch.jit.save write: the zip form, the legacy form, training files, whole modules. */
#include "formats/containers.h"

static const struct {
    const char *name;
    vi_dtype dtype;
    const char *shape;
    bool strided;
} tensors[] = {
    {"f32", VI_DT_F32, "[3, 5]", false},        {"f16", VI_DT_F16, "[4, 2]", false},
    {"bf16", VI_DT_BF16, "[3, 3]", false},      {"f64", VI_DT_F64, "[7]", false},
    {"scalar", VI_DT_F32, "[]", false},         {"empty", VI_DT_F32, "[0, 3]", false},
    {"i64", VI_DT_I64, "[2, 2]", false},        {"transposed", VI_DT_F32, "[4, 6]", true},
    {"permuted", VI_DT_F32, "[2, 3, 4]", true}, {"rows", VI_DT_F32, "[3, 8]", false},
    {"corner", VI_DT_F32, "[3, 3]", true},      {"sparse", VI_DT_F32, "[2]", true},
    {"row", VI_DT_F32, "[1, 3]", false},
    {"parameter", VI_DT_F32, "[2, 2]", false},  {"complex", VI_DT_OTHER, "[2]", false},
    {"mask", VI_DT_BOOL, "[2]", false},         {"f8", VI_DT_OTHER, "[3]", false},
};
#define TENSORS (sizeof tensors / sizeof *tensors)

static void test_state(void) {
    static const char *const files[] = {DATA "state.pth", DATA "state_legacy.pth"};
    for (int i = 0; i < 2 * WAYS; i++) {
        opened o;
        open_file(&o, files[i / WAYS], i % WAYS);
        CHECK(o.status == VIT_OK, "%s", o.error.text);
        CHECK(o.status == VIT_OK && strcmp(o.directory.format->name, "pytorch") == 0 && o.directory.choice[0] == '\0', "format");
        CHECK(o.directory.count == TENSORS + 1, "%zu tensors", o.directory.count);
        for (size_t k = 0; o.status == VIT_OK && k < TENSORS; k++) {
            const vi_tensor *t = vi_directory_find(&o.directory, tensors[k].name);
            CHECK(t != NULL && t->strided == tensors[k].strided && t->packed == 0, "%s", tensors[k].name);
            check_numbers(&o, tensors[k].name, tensors[k].dtype, tensors[k].shape);
        }
        const vi_tensor *tied = vi_directory_find(&o.directory, "tied"), *other = vi_directory_find(&o.directory, "f32");
        CHECK(tied != NULL && other != NULL && tied->offset == other->offset && tied->bytes == other->bytes, "one storage");
        close_file(&o);
    }
}

/* Where nothing can be used in place, the bytes of a tensor are copied once; of a few elements far apart only these are read. */
static void test_memory(void) {
    opened o;
    float x[64];
    open_file(&o, DATA "state.pth", FROM_FILE);
    int calls = o.heap.calls;
    const vi_tensor *sparse = vi_directory_find(&o.directory, "sparse");
    const vi_tensor *transposed = vi_directory_find(&o.directory, "transposed");
    CHECK(vi_tensor_load(&o.directory, sparse, x, &o.allocator, NULL) == VIT_OK && o.heap.calls == calls, "a few elements");
    CHECK(vi_tensor_load(&o.directory, transposed, x, &o.allocator, NULL) == VIT_OK && o.heap.calls == calls + 1, "all elements");
    o.heap.fail_at = o.heap.calls + 1;
    CHECK(vi_tensor_load(&o.directory, transposed, x, &o.allocator, NULL) == VIT_ERROR_MEMORY, "no memory");
    close_file(&o);
}

/* Two small tensors, found among whatever else a file holds. */
static void test_roots(void) {
    static const struct {
        const char *file, *choice;
    } files[] = {
        {DATA "training.pth", ""},         {DATA "training_legacy.pth", ""}, {DATA "nested.pth", ""},
        {DATA "ema.pth", "model_ema"},     {DATA "protocol4.pth", ""},       {DATA "protocol5.pth", ""},
        {DATA "protocol4_legacy.pth", ""},
    };
    for (size_t i = 0; i < WAYS * sizeof files / sizeof *files; i++) {
        opened o;
        open_file(&o, files[i / WAYS].file, (int)(i % WAYS));
        CHECK(o.status == VIT_OK && o.directory.count == 2, "%s: %s", files[i / WAYS].file, o.error.text);
        if (o.status == VIT_OK) CHECK(strcmp(o.directory.choice, files[i / WAYS].choice) == 0, "choice '%s'", o.directory.choice);
        check_numbers(&o, "a.weight", VI_DT_F32, "[3, 2]");
        check_numbers(&o, "a.bias", VI_DT_F32, "[3]");
        close_file(&o);
    }
}

/* Names of tensors in modules are paths; their numbers are those of the name that the parameter had when it was filled. */
static void check_tensor(opened *o, const char *name, const char *filled_as, vi_dtype dtype, const char *shape) {
    char text[160];
    float x[64];
    const vi_tensor *t = vi_directory_find(&o->directory, name);
    CHECK(t != NULL && t->dtype == dtype && strcmp(vi_shape_text(text, sizeof text, t), shape) == 0, "%s", name);
    if (t == NULL) return;
    CHECK(vi_tensor_load(&o->directory, t, x, &o->allocator, &o->error) == VIT_OK, "%s", o->error.text);
    for (uint64_t i = 0; i < t->elements; i++) CHECK(x[i] == expected_number(filled_as, i), "%s [%u]", name, (unsigned)i);
}

static void test_modules(void) {
    for (int way = 0; way < WAYS; way++) {
        opened o;
        open_file(&o, DATA "module.pth", way);
        CHECK(o.status == VIT_OK && o.directory.count == 2, "%s", o.error.text);
        check_tensor(&o, "0.weight", "weight", VI_DT_F32, "[3, 2]");
        check_tensor(&o, "0.bias", "bias", VI_DT_F32, "[3]");
        close_file(&o);
        open_file(&o, DATA "script.pt", way);
        CHECK(o.status == VIT_OK && o.directory.count == 6, "%s", o.error.text);
        check_tensor(&o, "a.norm.weight", "a.norm.weight", VI_DT_F16, "[4]");
        check_tensor(&o, "a.norm.bias", "a.norm.bias", VI_DT_F16, "[4]");
        check_tensor(&o, "a.fc.weight", "a.fc.weight", VI_DT_F16, "[3, 4]");
        check_tensor(&o, "a.fc.bias", "a.fc.bias", VI_DT_F16, "[3]");
        check_tensor(&o, "b.weight", "b.weight", VI_DT_F16, "[2, 3]");
        check_tensor(&o, "b.bias", "b.bias", VI_DT_F16, "[2]");
        close_file(&o);
    }
}

TEST_MAIN(test_state, test_memory, test_roots, test_modules)
