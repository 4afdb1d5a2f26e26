/* make_model.h: small random checkpoints in memory, with timm's tensor names, so that tests need no files. */
#ifndef VIT_MAKE_MODEL_H
#define VIT_MAKE_MODEL_H

#include "test.h"
#include "vit.h"
#include <math.h>
#include <stdarg.h>

typedef struct model_shape {
    int width, depth, heads, mlp, channels, image_width, image_height, patch_width, patch_height, classes;
    int class_token, registers, norm, fc_norm, qkv_bias;
} model_shape;

static const model_shape small_model = {24, 2, 3, 40, 3, 20, 12, 4, 4, 7, 1, 0, 1, 0, 1};

typedef struct blob {
    unsigned char *data;
    size_t size;
    char config[1024]; /* config.json to go with it */
} blob;

typedef struct maker {
    char *header;
    size_t header_size, header_room;
    float *values;
    size_t count, room;
    unsigned long long seed;
} maker;

static inline void maker_text(maker *m, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (m->header_room - m->header_size < 512) m->header = realloc(m->header, m->header_room = 2 * m->header_room + 1024);
    m->header_size += (size_t)vsnprintf(m->header + m->header_size, m->header_room - m->header_size, format, args);
    va_end(args);
}

/* One float tensor of random numbers around `middle`. shape: "[3, 4]". */
static inline void maker_tensor(maker *m, const char *name, const char *shape, size_t elements, float middle, float spread) {
    if (m->room < m->count + elements) m->values = realloc(m->values, (m->room = 2 * (m->count + elements)) * sizeof(float));
    for (size_t i = 0; i < elements; i++) m->values[m->count + i] = middle + spread * test_uniform(&m->seed);
    maker_text(m, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}", m->header_size > 1 ? "," : "", name,
               shape, m->count * 4, (m->count + elements) * 4);
    m->count += elements;
}

static inline void maker_matrix(maker *m, const char *name, int rows, int cols) {
    char shape[64];
    snprintf(shape, sizeof shape, "[%d,%d]", rows, cols);
    maker_tensor(m, name, shape, (size_t)rows * (size_t)cols, 0, 1.7f / sqrtf((float)cols));
}

static inline void maker_vector(maker *m, const char *name, int n, float middle) {
    char shape[64];
    snprintf(shape, sizeof shape, "[%d]", n);
    maker_tensor(m, name, shape, (size_t)n, middle, 0.3f);
}

static inline void maker_pair(maker *m, const char *prefix, const char *name, int rows, int cols, int bias) {
    char full[256];
    snprintf(full, sizeof full, "%s%s.weight", prefix, name);
    if (cols)
        maker_matrix(m, full, rows, cols);
    else
        maker_vector(m, full, rows, 1); /* a norm */
    snprintf(full, sizeof full, "%s%s.bias", prefix, name);
    if (bias) maker_vector(m, full, rows, 0);
}

static inline void maker_tokens(maker *m, const char *name, int rows, int width) {
    char shape[64];
    snprintf(shape, sizeof shape, "[1,%d,%d]", rows, width);
    maker_tensor(m, name, shape, (size_t)rows * (size_t)width, 0, 0.5f);
}

/* A safetensors file; free(data). */
static inline blob make_model(model_shape s) {
    maker m = {.seed = 88172645463325252ULL};
    int patches = (s.image_width / s.patch_width) * (s.image_height / s.patch_height);
    char text[96];
    maker_text(&m, "{");
    if (s.class_token) maker_tokens(&m, "cls_token", 1, s.width);
    if (s.registers) maker_tokens(&m, "reg_token", s.registers, s.width);
    maker_tokens(&m, "pos_embed", patches + s.class_token + s.registers, s.width);
    snprintf(text, sizeof text, "[%d,%d,%d,%d]", s.width, s.channels, s.patch_height, s.patch_width);
    maker_tensor(&m, "patch_embed.proj.weight", text, (size_t)(s.width * s.channels * s.patch_height * s.patch_width), 0, 0.3f);
    maker_vector(&m, "patch_embed.proj.bias", s.width, 0);
    for (int i = 0; i < s.depth; i++) {
        snprintf(text, sizeof text, "blocks.%d.", i);
        maker_pair(&m, text, "norm1", s.width, 0, 1);
        maker_pair(&m, text, "attn.qkv", 3 * s.width, s.width, s.qkv_bias);
        maker_pair(&m, text, "attn.proj", s.width, s.width, 1);
        maker_pair(&m, text, "norm2", s.width, 0, 1);
        maker_pair(&m, text, "mlp.fc1", s.mlp, s.width, 1);
        maker_pair(&m, text, "mlp.fc2", s.width, s.mlp, 1);
    }
    if (s.norm) maker_pair(&m, "", "norm", s.width, 0, 1);
    if (s.fc_norm) maker_pair(&m, "", "fc_norm", s.width, 0, 1);
    if (s.classes) maker_pair(&m, "", "head", s.classes, s.width, 1);
    maker_text(&m, "}");
    while (m.header_size % 8) maker_text(&m, " ");
    blob b = {.size = 8 + m.header_size + 4 * m.count};
    b.data = calloc(1, b.size);
    for (int i = 0; i < 8; i++) b.data[i] = (unsigned char)((uint64_t)m.header_size >> (8 * i));
    memcpy(b.data + 8, m.header, m.header_size);
    for (size_t i = 0; i < m.count; i++) { /* little-endian on every host */
        unsigned bits;
        memcpy(&bits, &m.values[i], 4);
        for (int k = 0; k < 4; k++) b.data[8 + m.header_size + 4 * i + (size_t)k] = (unsigned char)(bits >> (8 * k));
    }
    free(m.header);
    free(m.values);
    snprintf(
        b.config, sizeof b.config,
        "{\"architecture\":\"test\",\"num_classes\":%d,\"global_pool\":\"%s\",\"model_args\":{\"num_heads\":%d,\"img_size\":[%d,%"
        "d],"
        "\"patch_size\":[%d,%d]},\"pretrained_cfg\":{\"input_size\":[%d,%d,%d],\"interpolation\":\"bicubic\",\"crop_pct\":0.9,"
        "\"crop_mode\":\"center\",\"mean\":%s,\"std\":%s}}",
        s.classes, s.class_token && !s.fc_norm ? "token" : "avg", s.heads, s.image_height, s.image_width, s.patch_height,
        s.patch_width, s.channels, s.image_height, s.image_width, s.channels == 1 ? "[0.5]" : "[0.5,0.5,0.5]",
        s.channels == 1 ? "[0.5]" : "[0.5,0.5,0.5]");
    return b;
}

/* Loads it with these options (NULL: defaults plus the blob's config); reports failures as test failures. */
static inline vit_context *load_blob(const blob *b, vit_options *o) {
    vit_context *c = NULL;
    char why[512] = "";
    vit_options *own = o ? NULL : vit_options_create();
    if (!o) o = own;
    vit_options_set_text(o, VIT_OPT_CONFIG_JSON, b->config);
    int32_t status = vit_load_memory(&c, b->data, b->size, o, why, sizeof why);
    CHECK(status == VIT_OK, "%d: %s", (int)status, why);
    vit_options_free(own);
    return status == VIT_OK ? c : NULL;
}

/* A picture of smooth random colours; free(planes[0]). */
static inline vit_image make_image(int width, int height, unsigned long long seed) {
    unsigned char *pixels = malloc((size_t)width * (size_t)height * 3);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++)
                pixels[((size_t)y * (size_t)width + (size_t)x) * 3 + (size_t)c] =
                    (unsigned char)(128 + 90 * sin(0.11 * x * (c + 1) + (double)seed) * cos(0.07 * y + c) +
                                    (double)(test_random(&seed) >> 60));
    vit_image image = {0};
    image.format = VIT_PIXELS_RGB8;
    image.width = width;
    image.height = height;
    image.planes[0] = pixels;
    return image;
}

#endif
