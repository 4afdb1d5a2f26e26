/* test_containers.c: one model in every container gives the same bits, from files, folders, memory and callbacks, with memory
 * that is planned to the byte, and with every allocation failing in turn. */
#include "formats/support.h"

#include "vit.h"

#define MODEL "tests/formats/data/model/"

static const struct {
    const char *path, *format;
    bool alone; /* one file: can be loaded from memory */
} files[] = {
    {MODEL "model.safetensors", "safetensors", true},
    {MODEL "zip.pth", "pytorch", true},
    {MODEL "strided.pth", "pytorch", true},
    {MODEL "bin/pytorch_model.bin", "pytorch", true},
    {MODEL "columns.npz", "npz", true},
    {MODEL "model.gguf", "gguf", true},
    {MODEL "sharded/model.safetensors.index.json", "safetensors", false},
    {MODEL "sharded", "safetensors", false},
    {MODEL "sharded_bin", "pytorch", false},
    {MODEL "bin", "pytorch", false},
};
#define FILES (sizeof files / sizeof *files)
#define CLASSES 5

static float expected[CLASSES];

static void logits_of(vit_context *c, float *logits) {
    unsigned char pixels[8 * 8 * 3];
    for (int i = 0; i < 8 * 8 * 3; i++) pixels[i] = (unsigned char)(i * 7 % 251);
    vit_image image = {.format = VIT_PIXELS_RGB8, .width = 8, .height = 8, .planes = {pixels}, .strides = {24}};
    CHECK(vit_forward(c, &image, 1, logits, CLASSES) == VIT_OK, "%s", vit_message(c));
}

static void check(vit_context *c, const char *format, const char *what) {
    float logits[CLASSES];
    const char *found = vit_info_text(c, VIT_TEXT_FORMAT);
    CHECK(found != NULL && strcmp(found, format) == 0, "%s: format %s", what, found);
    logits_of(c, logits);
    CHECK(memcmp(logits, expected, sizeof logits) == 0, "%s: other bits", what);
    vit_free(c);
}

static vit_options *options_with(const char *config) {
    vit_options *o = vit_options_create();
    CHECK(vit_options_set_text(o, VIT_OPT_CONFIG_JSON, config) == VIT_OK, "config");
    return o;
}

static char *read_config(void) {
    size_t size = 0;
    char *text = (char *)read_file(MODEL "config.json", &size);
    CHECK(text != NULL, "cannot read the config");
    text = realloc(text, size + 1);
    text[size] = '\0';
    return text;
}

static void test_paths(void) {
    for (size_t i = 0; i < FILES; i++) {
        for (int map = 0; map < 2; map++) {
            char why[512] = "";
            vit_context *c = NULL;
            vit_options *o = vit_options_create();
            vit_options_set_int(o, VIT_OPT_MAP, map);
            CHECK(vit_load(&c, files[i].path, o, why, sizeof why) == VIT_OK, "%s: %s", files[i].path, why);
            vit_options_free(o);
            if (c == NULL) continue;
            if (i == 0) logits_of(c, expected);
            check(c, files[i].format, files[i].path);
        }
    }
    CHECK(expected[0] < 0 || expected[0] > 0, "the model computes something");
}

/* vit_plan is exact: so many bytes are enough, and one unit less is not. */
static void check_plan(const unsigned char *data, size_t size, const char *config, const char *format, const char *what) {
    char why[512] = "";
    uint64_t bytes = 0;
    vit_context *c = NULL;
    vit_options *o = options_with(config);
    CHECK(vit_plan(data, size, o, &bytes, why, sizeof why) == VIT_OK, "%s: %s", what, why);
    unsigned char *raw = malloc((size_t)bytes + 64), *block = raw + (64 - (uintptr_t)raw % 64);
    vit_options_set_memory(o, block, (size_t)bytes);
    CHECK(vit_load_memory(&c, data, size, o, why, sizeof why) == VIT_OK, "%s in %u bytes: %s", what, (unsigned)bytes, why);
    if (c != NULL) check(c, format, what);
    c = NULL;
    vit_options_set_memory(o, block, (size_t)bytes - 64);
    CHECK(vit_load_memory(&c, data, size, o, why, sizeof why) == VIT_ERROR_MEMORY && c == NULL, "%s in one unit less", what);
    vit_options_free(o);
    free(raw);
}

static void test_memory(void) {
    char *config = read_config();
    for (size_t i = 0; i < FILES; i++) {
        char why[512] = "";
        size_t size = 0;
        vit_context *c = NULL;
        if (!files[i].alone) continue;
        unsigned char *data = read_file(files[i].path, &size);
        vit_options *o = options_with(config);
        CHECK(vit_load_memory(&c, data, size, o, why, sizeof why) == VIT_OK, "%s: %s", files[i].path, why);
        if (c != NULL) check(c, files[i].format, files[i].path);
        tape t = {.data = data, .size = size};
        c = NULL;
        CHECK(vit_load_reader(&c, tape_read, &t, size, o, why, sizeof why) == VIT_OK && !t.wrong, "%s: %s", files[i].path, why);
        if (c != NULL) check(c, files[i].format, files[i].path);
        vit_options_free(o);
        check_plan(data, size, config, files[i].format, files[i].path);
        free(data);
    }
    free(config);
}

static void test_failures(void) {
    for (size_t i = 0; i < FILES; i++) {
        int calls = 1;
        for (int fail_at = 0; fail_at <= calls; fail_at++) {
            char why[512] = "";
            vit_context *c = NULL;
            heap h = {.fail_at = fail_at};
            vit_options *o = vit_options_create();
            vit_options_set_int(o, VIT_OPT_MAP, 0);
            vit_options_set_allocator(o, heap_alloc, heap_free, &h);
            int32_t status = vit_load(&c, files[i].path, o, why, sizeof why);
            CHECK(status == (fail_at == 0 ? VIT_OK : VIT_ERROR_MEMORY), "%s: block %d: %s", files[i].path, fail_at, why);
            vit_free(c);
            vit_options_free(o);
            CHECK(heap_live(&h) == 0 && !h.wrong, "%s: leak", files[i].path);
            if (fail_at == 0) calls = h.calls;
        }
    }
}

/* What is only found out while unpacking: the weights are damaged. */
static void test_damaged(void) {
    char why[512] = "";
    size_t size = 0;
    char *config = read_config();
    unsigned char *data = read_file(MODEL "columns.npz", &size);
    vit_options *o = options_with(config);
    int refused = 0;
    for (size_t at = 200; at < size; at += 97) {
        vit_context *c = NULL;
        data[at] ^= 0x10;
        int32_t status = vit_load_memory(&c, data, size, o, why, sizeof why);
        CHECK((status == VIT_OK) == (c != NULL), "byte %zu: %d", at, (int)status);
        refused += status != VIT_OK;
        vit_free(c);
        data[at] ^= 0x10;
    }
    CHECK(refused > 150, "only %d damages were found", refused);
    vit_options_free(o);
    free(data);
    free(config);
}

TEST_MAIN(test_paths, test_memory, test_failures, test_damaged)
