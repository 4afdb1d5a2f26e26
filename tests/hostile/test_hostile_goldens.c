/* test_hostile_goldens.c: small models of every family and container, cut and with bits flipped, through the public API and
 * within a memory limit: a load fails with a message, or what it gives runs. */
#include "golden/gold.h"

enum { LIMIT = 32 << 20, HEAD = 1024, TAIL = 128 };

/* Containers, families, towers and precisions, each at least once. */
static const struct {
    const char *name; /* under tests/golden/data */
    int64_t precision;
    size_t padding; /* bytes at the end that may be missing */
} victims[] = {
    {"timm_plain/model.safetensors", VIT_PRECISION_F32, 0},
    {"timm_eva02/model.safetensors", VIT_PRECISION_INT8, 0},
    {"timm_parallel_bias/model.safetensors", VIT_PRECISION_BF16, 0},
    {"hf_dinov3/model.safetensors", VIT_PRECISION_INT8, 0},
    {"hf_dinov2_registers/model.safetensors", VIT_PRECISION_F32, 0},
    {"dinov3_gated/model.safetensors", VIT_PRECISION_F32, 0},
    {"hf_mae/model.safetensors", VIT_PRECISION_F32, 0},
    {"pair_clip_legacy/model.safetensors", VIT_PRECISION_INT8, 0},
    {"pair_siglip_bf16/model.safetensors", VIT_PRECISION_F32, 0},
    {"pair_open_clip_quick/open_clip_pytorch_model.bin", VIT_PRECISION_F32, 0},
    {"pair_openai/ViT.pt", VIT_PRECISION_F32, 0},
    {"google_token/model.npz", VIT_PRECISION_INT8, 0},
    {"google_scan_deflated/model.npz", VIT_PRECISION_BF16, 0},
    {"google_old_map/model.npz", VIT_PRECISION_F32, 0},
    {"gguf_q5_1/model.gguf", VIT_PRECISION_INT8, 0},
    {"gguf_siglip/model.gguf", VIT_PRECISION_F32, 16},
};

typedef struct model {
    unsigned char *data;
    size_t size;
    char *config; /* NULL: none */
    int64_t precision;
} model;

static void run(vit_context *c) {
    static const unsigned char pixels[8 * 6 * 3] = {9, 200, 77};
    vit_image picture = {.format = VIT_PIXELS_RGB8, .width = 8, .height = 6, .planes = {pixels}};
    int64_t outputs = 0, context = 0, width = 0;
    vit_info_int(c, VIT_INFO_OUTPUTS, &outputs);
    vit_info_int(c, VIT_INFO_TEXT_CONTEXT, &context);
    vit_info_int(c, VIT_INFO_EMBEDDING, &width);
    float *out = malloc((size_t)(outputs > width ? outputs : width) * sizeof *out + 1);
    int32_t *ids = calloc((size_t)context + 1, sizeof *ids);
    vit_forward(c, &picture, 1, out, (size_t)outputs); /* any status; must not crash */
    if (context > 0) vit_text_ids(c, ids, 1, out, (size_t)width);
    free(ids);
    free(out);
}

/* A copy of exactly that length, so that a sanitizer sees the first byte too many. */
static int32_t try_load(const model *m, size_t size, const char *what) {
    unsigned char *exact = malloc(size > 0 ? size : 1);
    memcpy(exact, m->data, size);
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_MAX_MEMORY, LIMIT);
    vit_options_set_int(o, VIT_OPT_PRECISION, m->precision);
    vit_options_set_int(o, VIT_OPT_IN_PLACE, (int64_t)size % 2);
    if (m->config) vit_options_set_text(o, VIT_OPT_CONFIG_JSON, m->config);
    vit_context *c = NULL;
    char why[512] = "";
    int32_t status = vit_load_memory(&c, exact, size, o, why, sizeof why);
    CHECK((status == VIT_OK) == (c != NULL) && (status == VIT_OK || (status < 0 && why[0])), "%s: %d '%s'", what, (int)status,
          why);
    if (c) run(c);
    vit_free(c);
    vit_options_free(o);
    free(exact);
    return status;
}

static model read_model(const char *name, int64_t precision) {
    model m = {.precision = precision};
    char path[300];
    snprintf(path, sizeof path, "tests/golden/data/%s", name);
    m.data = gold_file(path, &m.size);
    snprintf(strrchr(path, '/'), 40, "/%s", strncmp(name, "pair_open_clip", 14) == 0 ? "open_clip_config.json" : "config.json");
    size_t size = 0;
    m.config = (char *)gold_file(path, &size);
    if (m.config) m.config[size] = '\0';
    return m;
}

/* Every byte at both ends; some in the middle, where the tensors are. Under emulators (make cross) only some. */
static size_t next_byte(size_t at, size_t size) {
    if (strcmp(test_shared(), "none") == 0) return at + 97;
    return at < HEAD || at + TAIL >= size ? at + 1 : at + 97;
}

static void cut(const model *m, size_t padding, const char *name) {
    for (size_t n = 0; n < m->size - padding; n = next_byte(n, m->size))
        CHECK(try_load(m, n, name) != VIT_OK, "%s: loaded, cut to %u of %u bytes", name, (unsigned)n, (unsigned)m->size);
}

static void flip(const model *m, const char *name, unsigned long long seed) {
    for (size_t at = 0; at < m->size; at = next_byte(at, m->size)) {
        unsigned char bit = (unsigned char)(1u << (test_random(&seed) >> 40) % 8);
        m->data[at] ^= bit;
        try_load(m, m->size, name);
        m->data[at] ^= bit;
    }
}

static void every_family(void) {
    for (size_t i = 0; i < sizeof victims / sizeof *victims; i++) {
        model m = read_model(victims[i].name, victims[i].precision);
        CHECK(m.data != NULL, "%s: not there", victims[i].name);
        if (m.data == NULL) continue;
        CHECK(try_load(&m, m.size, victims[i].name) == VIT_OK, "%s: the whole file is refused", victims[i].name);
        cut(&m, victims[i].padding, victims[i].name);
        flip(&m, victims[i].name, 7 + i);
        free(m.config);
        free(m.data);
    }
}

TEST_MAIN(every_family)
