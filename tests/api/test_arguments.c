/* test_arguments.c: every function with NULL and out-of-range arguments: a defined status, nothing written, never a crash. */
#include "make_model.h"

static void options(void) {
    int64_t v = 42;
    vit_options *o = vit_options_create();
    CHECK(o != NULL, "create");
    CHECK(vit_options_set_int(NULL, VIT_OPT_THREADS, 1) == VIT_ERROR_ARGUMENT, "NULL options");
    for (int32_t key = -1; key <= 400; key++) {
        int known = key >= VIT_OPT_THREADS && key <= VIT_OPT_TEXT_HEADS;
        CHECK((vit_options_get_int(o, key, &v) == VIT_OK) == known, "key %d", (int)key);
        if (!known) CHECK(vit_options_set_int(o, key, 1) == VIT_ERROR_ARGUMENT, "key %d", (int)key);
        if (known) CHECK(vit_options_set_int(o, key, v) == VIT_OK, "default of key %d", (int)key);
        if (known) CHECK(vit_options_set_int(o, key, INT64_MIN) == VIT_ERROR_ARGUMENT, "key %d takes INT64_MIN", (int)key);
        if (known && key != VIT_OPT_MAX_MEMORY)
            CHECK(vit_options_set_int(o, key, INT64_MAX) == VIT_ERROR_ARGUMENT, "key %d takes INT64_MAX", (int)key);
        if (key != VIT_OPT_EPS && key != VIT_OPT_CROP)
            CHECK(vit_options_set_real(o, key, 0.5) == VIT_ERROR_ARGUMENT, "real %d", (int)key);
    }
    CHECK(vit_options_get_int(o, VIT_OPT_THREADS, &v) == VIT_OK && v == 1, "threads");
    CHECK(vit_options_get_int(o, VIT_OPT_THREADS, NULL) == VIT_ERROR_ARGUMENT, "NULL value");
    CHECK(vit_options_set_int(o, VIT_OPT_THREADS, 257) == VIT_ERROR_ARGUMENT, "257 threads");
    CHECK(vit_options_set_int(o, VIT_OPT_HEADS, 0) == VIT_ERROR_ARGUMENT, "0 heads");
    CHECK(vit_options_set_real(o, VIT_OPT_EPS, (double)NAN) == VIT_ERROR_ARGUMENT, "NaN");
    CHECK(vit_options_set_real(o, VIT_OPT_EPS, 1e-5) == VIT_OK &&
              vit_options_set_real(o, VIT_OPT_CROP, 0.01) == VIT_ERROR_ARGUMENT,
          "reals");
    const float good[3] = {0.1f, 0.2f, 0.3f}, zero[3] = {0, 0, 0}, nan[1] = {NAN};
    CHECK(vit_options_set_vector(o, VIT_OPT_MEAN, zero, 3) == VIT_OK && vit_options_set_vector(o, VIT_OPT_STD, good, 3) == VIT_OK,
          "vectors");
    CHECK(vit_options_set_vector(o, VIT_OPT_STD, zero, 3) == VIT_ERROR_ARGUMENT, "std 0");
    CHECK(vit_options_set_vector(o, VIT_OPT_MEAN, nan, 1) == VIT_ERROR_ARGUMENT, "mean NaN");
    CHECK(vit_options_set_vector(o, VIT_OPT_MEAN, NULL, 3) == VIT_ERROR_ARGUMENT, "NULL vector");
    CHECK(vit_options_set_vector(o, VIT_OPT_MEAN, good, 1000) == VIT_ERROR_ARGUMENT, "1000 channels");
    CHECK(vit_options_set_text(o, VIT_OPT_MEAN, "") == VIT_ERROR_ARGUMENT, "text key");
    CHECK(vit_options_set_allocator(o, NULL, (vit_free_fn)(void (*)(void))free, NULL) == VIT_ERROR_ARGUMENT, "half an allocator");
    CHECK(vit_options_set_memory(o, NULL, 10) == VIT_ERROR_ARGUMENT, "NULL memory");
    vit_options_free(o);
    vit_options_free(NULL);
    unsigned long long room[512];
    memset(room, 0xff, sizeof room);
    CHECK(vit_options_size() <= sizeof room, "size");
    CHECK(vit_options_init(room, vit_options_size() - 1) == NULL && vit_options_init(NULL, 4096) == NULL, "too small");
    o = vit_options_init(room, sizeof room);
    CHECK(o && vit_options_get_int(o, VIT_OPT_MAX_BATCH, &v) == VIT_OK && v == 1, "in place");
    vit_options_free(o);
    CHECK(vit_options_get_int(o, VIT_OPT_MAX_BATCH, &v) == VIT_ERROR_ARGUMENT, "after free");
}

static int32_t no_read(void *user, uint64_t offset, void *dst, size_t size) {
    (void)user, (void)offset, (void)dst, (void)size;
    return 1;
}

static void loads(void) {
    vit_context *c = (vit_context *)(size_t)64, *was = c;
    char why[64] = "x";
    CHECK(vit_load(NULL, "x", NULL, why, sizeof why) == VIT_ERROR_ARGUMENT, "NULL out");
    CHECK(vit_load(&c, NULL, NULL, why, sizeof why) == VIT_ERROR_ARGUMENT, "NULL path");
    CHECK(vit_load(&c, "x", NULL, NULL, 5) == VIT_ERROR_ARGUMENT, "NULL error with a size");
    CHECK(vit_load(&c, "/does/not/exist", NULL, NULL, 0) == VIT_ERROR_IO, "missing file");
    CHECK(vit_load(&c, "/does/not/exist", NULL, why, sizeof why) == VIT_ERROR_IO && strstr(why, "exist"), "message: %s", why);
    CHECK(vit_load(&c, "tests", NULL, why, sizeof why) == VIT_ERROR_IO, "a folder without a model: %s", why);
    char tiny[4] = "";
    CHECK(vit_load(&c, "/does/not/exist", NULL, tiny, sizeof tiny) == VIT_ERROR_IO && strlen(tiny) == 3, "cut message");
    CHECK(vit_load_memory(&c, NULL, 10, NULL, why, sizeof why) == VIT_ERROR_ARGUMENT, "NULL data");
    CHECK(vit_load_memory(&c, "abc", 0, NULL, why, sizeof why) < 0, "no bytes");
    CHECK(vit_load_memory(&c, "abc", 3, NULL, why, sizeof why) == VIT_ERROR_FORMAT, "three bytes: %s", why);
    CHECK(vit_load_reader(&c, NULL, NULL, 10, NULL, why, sizeof why) == VIT_ERROR_ARGUMENT, "NULL reader");
    CHECK(vit_load_reader(&c, no_read, NULL, 1000, NULL, why, sizeof why) == VIT_ERROR_IO, "failing reader: %s", why);
    CHECK(vit_clone(&c, NULL, NULL, why, sizeof why) == VIT_ERROR_ARGUMENT, "NULL source");
    uint64_t bytes = 7;
    CHECK(vit_plan("abc", 3, NULL, &bytes, why, sizeof why) == VIT_ERROR_FORMAT && bytes == 7, "plan of garbage");
    CHECK(vit_plan("abc", 3, NULL, NULL, why, sizeof why) == VIT_ERROR_ARGUMENT, "NULL bytes");
    CHECK(c == was, "out was touched");
    vit_free(NULL);
}

static void contexts(void) {
    blob model = make_model(small_model);
    vit_context *c = load_blob(&model, NULL);
    int64_t v;
    double d;
    for (int32_t key = -1; key < 40; key++) {
        int known = key >= VIT_INFO_OUTPUTS && key <= VIT_INFO_POSITION;
        CHECK((vit_info_int(c, key, &v) == VIT_OK) == known, "info %d", (int)key);
        CHECK(vit_info_text(c, key) != NULL, "text %d", (int)key);
        CHECK((vit_info_real(c, key, 0, &d) == VIT_OK) == (key >= 1 && key <= 3), "real %d", (int)key);
    }
    CHECK(vit_info_real(c, VIT_REAL_MEAN, 3, &d) == VIT_ERROR_ARGUMENT, "channel 3 of 3");
    CHECK(vit_info_int(NULL, 1, &v) == VIT_ERROR_ARGUMENT && vit_info_int(c, 1, NULL) == VIT_ERROR_ARGUMENT, "NULL");
    CHECK(strcmp(vit_info_text(NULL, 1), "") == 0 && strcmp(vit_label(NULL, 0), "") == 0 && strcmp(vit_label(c, -1), "") == 0,
          "texts");
    CHECK(strcmp(vit_message(NULL), "") == 0 && strcmp(vit_message(c), "") == 0, "messages");
    CHECK(vit_request(NULL, 1, 0) == VIT_ERROR_ARGUMENT && vit_request(c, 0, 0) == VIT_ERROR_ARGUMENT, "request");
    const float *data;
    int64_t shape[4];
    int32_t rank;
    CHECK(vit_output(c, VIT_OUTPUT_LOGITS, 0, NULL, shape, &rank) == VIT_ERROR_ARGUMENT, "NULL data");
    CHECK(vit_output(c, VIT_OUTPUT_HIDDEN, -1, &data, shape, &rank) == VIT_ERROR_ARGUMENT, "view of all layers");
    CHECK(vit_set_input_size(c, 0, 4) == VIT_ERROR_ARGUMENT && vit_set_input_size(c, -4, 4) == VIT_ERROR_ARGUMENT, "sizes");
    CHECK(vit_set_input_size(c, 4 * 4096, 4 * 4096) == VIT_ERROR_LIMIT, "16 million tokens");
    CHECK(vit_begin(c, NULL, 0) == VIT_ERROR_ARGUMENT && vit_step(c, 0, NULL) == VIT_ERROR_ARGUMENT, "stepping");
    CHECK(vit_begin(NULL, NULL, 1) == VIT_ERROR_ARGUMENT && vit_step(NULL, 1, NULL) == VIT_ERROR_ARGUMENT &&
              vit_end(NULL, NULL, 0) == VIT_ERROR_ARGUMENT,
          "NULL");
    CHECK(vit_preprocess(c, NULL, NULL, 0) == VIT_ERROR_ARGUMENT, "preprocess");
    CHECK(vit_save(c, NULL, NULL, 0) == VIT_ERROR_ARGUMENT && vit_save(NULL, "x", NULL, 0) == VIT_ERROR_ARGUMENT, "save");
    CHECK(vit_save(c, "/does/not/exist.vit", NULL, 0) == VIT_ERROR_IO, "unwritable: %s", vit_message(c));
    const char *const labels[] = {"a", "b"};
    CHECK(vit_save(c, "/does/not/exist.vit", labels, 2) == VIT_ERROR_ARGUMENT, "2 labels for 7 classes");
    CHECK(vit_save_writer(c, NULL, NULL, NULL, 0) == VIT_ERROR_ARGUMENT, "NULL writer");
    vit_free(c);
    free(model.data);
}

static void plain_functions(void) {
    float x[4] = {1, 3, 2, 3}, y[4];
    int32_t top[4];
    CHECK(vit_softmax(NULL, 4, y) == VIT_ERROR_ARGUMENT && vit_softmax(x, 0, y) == VIT_ERROR_ARGUMENT, "softmax");
    CHECK(vit_softmax(x, 4, y) == VIT_OK && fabsf(y[0] + y[1] + y[2] + y[3] - 1) < 1e-6f && y[1] == y[3] && y[1] > y[2],
          "softmax");
    CHECK(vit_softmax(x, 4, x) == VIT_OK && memcmp(x, y, sizeof x) == 0, "in place");
    CHECK(vit_top(x, 4, 5, top) == VIT_ERROR_ARGUMENT && vit_top(x, 4, 0, top) == VIT_ERROR_ARGUMENT &&
              vit_top(NULL, 1, 1, top) == VIT_ERROR_ARGUMENT,
          "top");
    CHECK(vit_top(x, 4, 4, top) == VIT_OK && top[0] == 1 && top[1] == 3 && top[2] == 2 && top[3] == 0, "order");
    unsigned long long seed = 5;
    static float many[1000];
    static int32_t order[1000];
    for (int i = 0; i < 1000; i++) many[i] = (float)(test_random(&seed) % 300);
    CHECK(vit_top(many, 1000, 1000, order) == VIT_OK, "sort");
    for (int i = 1; i < 1000; i++)
        CHECK(many[order[i - 1]] > many[order[i]] || (many[order[i - 1]] == many[order[i]] && order[i - 1] < order[i]),
              "place %d", i);
    int32_t few[10];
    CHECK(vit_top(many, 1000, 10, few) == VIT_OK && memcmp(few, order, sizeof few) == 0, "the first ten");
    for (int32_t s = -200; s < 5; s++) CHECK(vit_status_text(s) != NULL && vit_status_text(s)[0], "status %d", (int)s);
    CHECK(vit_version() == 10000 * VIT_VERSION_MAJOR + 100 * VIT_VERSION_MINOR + VIT_VERSION_PATCH, "version");
    CHECK(strchr(vit_version_text(), '.') && strlen(vit_build_text()) > 10, "texts");
    CHECK(vit_isa_available(vit_isa_best()) == 1 && vit_isa_available(VIT_ISA_REFERENCE) == 1 && vit_isa_available(77) == 0,
          "isa");
    CHECK(strcmp(vit_isa_text(VIT_ISA_AVX2), "avx2") == 0 && strcmp(vit_isa_text(77), "") == 0, "isa names");
}

TEST_MAIN(options, loads, contexts, plain_functions)
