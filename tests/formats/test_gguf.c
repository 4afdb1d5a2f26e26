/* test_gguf.c: a GGUF file written by the gguf package: named values, plain and block types against its own dequantisation. */
#include "formats/containers.h"

static void test_tensors(void) {
    for (int way = 0; way < WAYS; way++) {
        opened o;
        open_file(&o, DATA "small.gguf", way);
        CHECK(o.status == VIT_OK && o.directory.count == 16, "%s", o.error.text);
        CHECK(o.status == VIT_OK && strcmp(o.directory.format->name, "gguf") == 0, "format");
        check_numbers(&o, "v.f32", VI_DT_F32, "[3, 5]");
        check_numbers(&o, "v.f16", VI_DT_F16, "[4, 2]");
        check_numbers(&o, "v.bf16", VI_DT_BF16, "[3, 3]");
        check_numbers(&o, "v.f64", VI_DT_F64, "[2, 2, 3]");
        check_numbers(&o, "v.i32", VI_DT_I32, "[3]");
        check_numbers(&o, "k.other", VI_DT_OTHER, "[1, 256]");
        close_file(&o);
    }
}

/* Bit for bit what ggml's own package makes of the same blocks, wherever a piece begins and ends. */
static void test_blocks(void) {
    static const struct {
        const char *packed, *expected;
        vi_dtype dtype;
    } types[] = {{"Q4_0.random", "Q4_0.expected", VI_DT_Q4_0},
                 {"Q4_1.random", "Q4_1.expected", VI_DT_Q4_1},
                 {"Q5_0.random", "Q5_0.expected", VI_DT_Q5_0},
                 {"Q5_1.random", "Q5_1.expected", VI_DT_Q5_1},
                 {"Q8_0.random", "Q8_0.expected", VI_DT_Q8_0}};
    opened o;
    open_file(&o, DATA "small.gguf", FROM_FILE);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const vi_tensor *t = vi_directory_find(&o.directory, types[i].packed);
        const vi_tensor *expected = vi_directory_find(&o.directory, types[i].expected);
        float x[192], y[192];
        CHECK(t != NULL && expected != NULL && t->dtype == types[i].dtype && t->elements == 192, "%s", types[i].packed);
        if (t == NULL || expected == NULL) continue;
        CHECK(vi_dtype_size(t->dtype) == 0 && vi_tensor_streams(t) && vi_dtype_is_real(t->dtype), "%s", t->name);
        CHECK(vi_tensor_load(&o.directory, expected, y, &o.allocator, &o.error) == VIT_OK, "%s", o.error.text);
        for (size_t first = 0; first < 192; first += 7) {
            for (size_t count = 0; first + count <= 192; count += count < 40 ? 1 : 33) {
                memset(x, 0xFF, sizeof x);
                CHECK(vi_tensor_read(&o.directory, t, first, count, x, &o.error) == VIT_OK, "%s", o.error.text);
                CHECK(memcmp(x, y + first, count * sizeof *x) == 0, "%s [%zu, +%zu)", t->name, first, count);
                CHECK(count == 192 || memcmp(&x[count], "\xFF\xFF\xFF\xFF", 4) == 0, "%s: wrote too much", t->name);
            }
        }
        CHECK(vi_tensor_read(&o.directory, t, 191, 2, x, &o.error) != VIT_OK, "beyond the end");
    }
    close_file(&o);
    CHECK(vi_dtype_named("Q8_0", 4) == VI_DT_OTHER, "block types are not for safetensors");
}

static void test_values(void) {
    opened o;
    open_file(&o, DATA "small.gguf", MAPPED);
    const vi_directory *d = &o.directory;
    int64_t n = 0;
    double x[3] = {0};
    CHECK(vi_named_int(d, "clip.vision.image_size", &n) && n == 224, "u32");
    CHECK(vi_named_int(d, "test.int8", &n) && n == -5, "i8");
    CHECK(vi_named_int(d, "test.int64", &n) && n == -4611686018427387904, "i64");
    CHECK(vi_named_int(d, "clip.use_gelu", &n) && n == 1, "bool");
    CHECK(!vi_named_int(d, "test.uint64", &n), "2^64 - 1 does not fit");
    CHECK(vi_named_reals(d, "clip.vision.attention.layer_norm_epsilon", x, 1) == 1 && x[0] == 1.0 / 1048576, "f32");
    CHECK(vi_named_reals(d, "test.float64", x, 1) == 1 && x[0] == (double)0.1, "f64");
    CHECK(vi_named_reals(d, "clip.vision.image_mean", x, 2) == 3 && x[0] == 0.5 && x[1] == 0.25 && x[2] == 0, "a list, cut");
    CHECK(vi_named_reals(d, "clip.vision.image_mean", x, 3) == 3 && x[2] == 0.125, "a list");
    CHECK(vi_named_reals(d, "clip.vision.feature_layer", x, 3) == 2 && x[0] == -2 && x[1] == 5, "a list of integers");
    const char *text = vi_named_text(d, "clip.projector_type");
    CHECK(text != NULL && strcmp(text, "mlp") == 0, "text");
    CHECK(vi_named_text(d, "clip.vision.image_size") == NULL && vi_named_reals(d, "clip.projector_type", x, 3) == 0 &&
              !vi_named_int(d, "clip.projector_type", &n) && !vi_named_int(d, "test.float64", &n),
          "other types are absent");
    CHECK(vi_named_text(d, "tokenizer.ggml.tokens") == NULL && vi_named_reals(d, "tokenizer.ggml.scores", x, 3) == 0, "not kept");
    CHECK(vi_named_text(d, "nothing") == NULL, "absent");
    close_file(&o);
}

TEST_MAIN(test_tensors, test_blocks, test_values)
