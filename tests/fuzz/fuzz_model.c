/* fuzz_model.c: any bytes as a model, loaded within a memory limit through the public API; what loads also runs, all of it:
 * picture, text, a copy saved as .vit and loaded again. A config.json may stand in front, up to a NUL. The length says which
 * precision. */
#include "base/bytes.h"
#include "base/crc32.h"
#include "format/vit_layout.h"
#include "fuzz/fuzz.h"

enum { MEMORY = 16 << 20, MOST_OUTPUTS = 1 << 22, MOST_IDS = 4096 };

typedef struct saved_model {
    unsigned char *data;
    size_t size;
} saved_model;

static int32_t append(void *user, const void *data, size_t size) {
    saved_model *b = user;
    b->data = realloc(b->data, b->size + size);
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return 0;
}

static void run(vit_context *c) {
    static const unsigned char pixels[8 * 6 * 3] = {9, 200, 77};
    vit_image picture = {.format = VIT_PIXELS_RGB8, .width = 8, .height = 6, .planes = {pixels}, .strides = {24}};
    int64_t outputs = 0, context = 0, width = 0;
    vit_info_int(c, VIT_INFO_OUTPUTS, &outputs);
    MUST(outputs >= 0 && outputs < MOST_OUTPUTS);
    float *out = malloc((size_t)outputs * sizeof *out + 1);
    if (vit_forward(c, &picture, 1, out, (size_t)outputs) == VIT_OK && outputs > 0) fuzz_sink = out[0];
    free(out);
    vit_info_int(c, VIT_INFO_TEXT_CONTEXT, &context);
    vit_info_int(c, VIT_INFO_EMBEDDING, &width);
    if (context == 0 || context > MOST_IDS) return;
    int32_t *ids = calloc((size_t)context, sizeof *ids);
    float *embedding = malloc((size_t)width * sizeof *embedding + 1);
    vit_text_tokens(c, "It's a caf\xC3\xA9", ids, (size_t)context, NULL);
    if (vit_text_ids(c, ids, 1, embedding, (size_t)width) == VIT_OK) fuzz_sink = embedding[0];
    free(ids);
    free(embedding);
}

static void load(const unsigned char *data, size_t size, const char *config, int64_t precision) {
    vit_options *o = vit_options_create();
    vit_context *c = NULL, *again = NULL;
    saved_model saved = {NULL, 0};
    char why[256] = "";
    vit_options_set_int(o, VIT_OPT_MAX_MEMORY, MEMORY);
    vit_options_set_int(o, VIT_OPT_PRECISION, precision);
    if (config != NULL) vit_options_set_text(o, VIT_OPT_CONFIG_JSON, config);
    int32_t status = vit_load_memory(&c, data, size, o, why, sizeof why);
    MUST((status == VIT_OK) == (c != NULL) && (status == VIT_OK || (status < 0 && why[0] != '\0')));
    if (c != NULL) {
        run(c);
        if (vit_save_writer(c, append, &saved, NULL, 0) == VIT_OK) {
            vit_options_set_int(o, VIT_OPT_PRECISION, VIT_PRECISION_AUTO);
            vit_options_set_int(o, VIT_OPT_MAX_MEMORY, 4 * MEMORY);
            MUST(vit_load_memory(&again, saved.data, saved.size, o, why, sizeof why) == VIT_OK);
        }
    }
    vit_free(c);
    vit_free(again);
    vit_options_free(o);
    free(saved.data);
}

/* A .vit file gets the size and the checksum that its head needs. */
static void seal(unsigned char *data, size_t size) {
    if (size < VITF_HEADER_BYTES || memcmp(data, VITF_MAGIC, 8) != 0) return;
    uint64_t head = vi_load_u64(data + VITF_AT_DATA);
    vi_store_u64(data + VITF_AT_FILE_SIZE, size);
    vi_store_u32(data + VITF_AT_CHECKSUM, 0);
    vi_store_u32(data + VITF_AT_CHECKSUM, vi_crc32(0, data, head < size ? (size_t)head : size));
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    const unsigned char *end = size > 0 && data[0] == '{' ? memchr(data, '\0', size) : NULL;
    size_t skip = end != NULL ? (size_t)(end - data) + 1 : 0;
    unsigned char *model = malloc(size - skip + 1);
    memcpy(model, data + skip, size - skip);
    model = realloc(model, size > skip ? size - skip : 1);
    seal(model, size - skip);
    load(model, size - skip, end != NULL ? (const char *)data : NULL, (int64_t)(size % 4));
    free(model);
    return 0;
}
