/* test_npz.c: .npz files written by NumPy: stored and deflated, all element types, both orders, ZIP64. */
#include "formats/containers.h"

static const struct {
    const char *name;
    vi_dtype dtype;
    const char *shape;
} arrays[] = {
    {"f32", VI_DT_F32, "[3, 5]"},
    {"f16", VI_DT_F16, "[4, 2]"},
    {"f64", VI_DT_F64, "[7]"},
    {"bf16", VI_DT_BF16, "[3, 3]"},
    {"scalar", VI_DT_F32, "[]"},
    {"empty", VI_DT_F32, "[0, 3]"},
    {"Transformer/encoderblock_0/LayerNorm_0/scale", VI_DT_F32, "[6]"},
    {"columns", VI_DT_F32, "[5, 4]"},
    {"columns3", VI_DT_F64, "[2, 3, 4]"},
    {"large", VI_DT_F32, "[40, 30]"},
    {"i64", VI_DT_I64, "[2, 2]"},
    {"i32", VI_DT_I32, "[3]"},
    {"i16", VI_DT_I16, "[2]"},
    {"i8", VI_DT_I8, "[5]"},
    {"u8", VI_DT_U8, "[5]"},
    {"bool", VI_DT_BOOL, "[3]"},
    {"text", VI_DT_OTHER, "[2]"},
    {"records", VI_DT_OTHER, "[2]"},
    {"objects", VI_DT_OTHER, "[2]"},
};
#define ARRAYS (sizeof arrays / sizeof *arrays)

static void test_arrays(void) {
    static const char *const files[] = {DATA "plain.npz", DATA "packed.npz"};
    for (int i = 0; i < 2 * WAYS; i++) {
        opened o;
        open_file(&o, files[i / WAYS], i % WAYS);
        CHECK(o.status == VIT_OK, "%s", o.error.text);
        CHECK(o.status == VIT_OK && strcmp(o.directory.format->name, "npz") == 0, "format");
        CHECK(o.directory.count == ARRAYS, "%zu tensors", o.directory.count);
        for (size_t k = 0; o.status == VIT_OK && k < ARRAYS; k++)
            check_numbers(&o, arrays[k].name, arrays[k].dtype, arrays[k].shape);
        const vi_tensor *t = vi_directory_find(&o.directory, "large"), *columns = vi_directory_find(&o.directory, "columns");
        CHECK(t != NULL && vi_tensor_streams(t) == (i < WAYS), "only stored rows stream");
        CHECK(columns != NULL && columns->strided && !vi_tensor_streams(columns), "columns do not");
        CHECK(vi_directory_find(&o.directory, "large.npy") == NULL, "the name is without .npy");
        float x;
        const vi_tensor *text = vi_directory_find(&o.directory, "text");
        CHECK(text != NULL && vi_tensor_load(&o.directory, text, &x, &o.allocator, NULL) == VIT_ERROR_UNSUPPORTED,
              "text as float");
        close_file(&o);
    }
}

static void test_archives(void) {
    for (int way = 0; way < WAYS; way++) {
        opened o;
        open_file(&o, DATA "zip64.npz", way);
        CHECK(o.status == VIT_OK && o.directory.count == 3, "%s", o.error.text);
        check_numbers(&o, "f32", VI_DT_F32, "[3, 5]");
        check_numbers(&o, "columns", VI_DT_F32, "[5, 4]");
        check_numbers(&o, "scalar", VI_DT_F32, "[]");
        close_file(&o);
        open_file(&o, DATA "versions.npz", way);
        CHECK(o.status == VIT_OK && o.directory.count == 3, "versions 1 to 3, a comment, and a member that is no array: %s",
              o.error.text);
        check_numbers(&o, "version1", VI_DT_F32, "[2, 3]");
        check_numbers(&o, "version2", VI_DT_F32, "[2, 3]");
        check_numbers(&o, "version3", VI_DT_F32, "[2, 3]");
        close_file(&o);
    }
}

/* What is in place of a stored tensor may be used there; of a deflated or strided one it may not. */
static void test_in_place(void) {
    static const char *const files[] = {DATA "plain.npz", DATA "packed.npz"};
    for (int i = 0; i < 2; i++) {
        opened o;
        open_file(&o, files[i], MAPPED);
        bool little = vi_little_endian();
        const vi_tensor *rows = vi_directory_find(&o.directory, "f32"), *columns = vi_directory_find(&o.directory, "columns");
        CHECK((vi_tensor_in_place(&o.directory, rows, 1) != NULL) == (i == 0 && little && o.reader.mapped), "rows");
        CHECK(vi_tensor_in_place(&o.directory, columns, 1) == NULL, "columns");
        close_file(&o);
    }
}

/* Every block of memory that loading a tensor takes may be missing, and every read may fail. */
static void test_failures(void) {
    static const char *const names[] = {"columns", "large", "columns3"};
    for (size_t i = 0; i < 3; i++) {
        for (int failing = 0; failing < 4; failing++) {
            opened o;
            float x[2048];
            open_file(&o, DATA "packed.npz", FROM_CALLBACK);
            const vi_tensor *t = vi_directory_find(&o.directory, names[i]);
            if (failing < 2)
                o.heap.fail_at = o.heap.calls + 1 + failing;
            else
                o.tape.fail_at = o.tape.calls + 1;
            int blocks = o.heap.calls;
            int32_t status = vi_tensor_load(&o.directory, t, x, &o.allocator, &o.error);
            bool enough = failing == 1 && o.heap.calls - blocks < 2;
            CHECK(status == (enough ? VIT_OK : failing < 2 ? VIT_ERROR_MEMORY : VIT_ERROR_IO), "%s: %d", names[i], (int)status);
            close_file(&o);
        }
    }
}

TEST_MAIN(test_arrays, test_archives, test_in_place, test_failures)
