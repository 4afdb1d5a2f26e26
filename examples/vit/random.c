/* random.c: a checkpoint that exists only as a function of the offset: vit_load_reader asks for bytes of a safetensors file, and
 * the answer is computed. So a model of any size needs neither a file nor a second copy in memory. */
#include "random.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "An Image Is Worth 16x16 Words", table 1; ti and s: "Training data-efficient image transformers", table 1; so400m: "Getting ViT
 * in Shape", table 2; g and gg (G): "Scaling Vision Transformers", table 2. */
static const struct {
    const char *name;
    struct random_shape shape;
} sizes[] = {
    {"ti", {192, 12, 3, 768, 0}},      {"s", {384, 12, 6, 1536, 0}},       {"b", {768, 12, 12, 3072, 0}},
    {"l", {1024, 24, 16, 4096, 0}},    {"h", {1280, 32, 16, 5120, 0}},     {"so400m", {1152, 27, 16, 4304, 0}},
    {"g", {1408, 40, 16, 6144, 0}},    {"gg", {1664, 48, 16, 8192, 0}},
};
#define SIZES (sizeof sizes / sizeof *sizes)

enum { CLASSES = 1000, TENSORS_PER_BLOCK = 12, OTHER_TENSORS = 8, TENSOR_TEXT = 160, DIMENSIONS = 4 };

bool random_shape_named(struct random_shape *shape, const char *name) {
    size_t digits = strlen(name);
    while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9') digits--;
    long patch = strtol(name + digits, NULL, 10);
    for (size_t i = 0; i < SIZES; i++) {
        if (strlen(sizes[i].name) != digits || strncmp(sizes[i].name, name, digits) != 0) continue;
        *shape = sizes[i].shape;
        shape->patch = (int)patch;
        return patch >= 1 && patch <= RANDOM_SIDE;
    }
    return false;
}

const char *random_shape_names(void) {
    return "ti, s, b, l, h, so400m, g, gg with the side of a patch, as in b16";
}

/* The file: 8 bytes of header length, the JSON header, then float32 numbers. */
struct file {
    char *head; /* the length and the header */
    size_t used, capacity;
    uint64_t data_size;
};

static void put(struct file *file, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(file->head + file->used, file->capacity - file->used, format, arguments);
    va_end(arguments);
    if (length > 0 && (size_t)length < file->capacity - file->used) file->used += (size_t)length;
}

/* Adds a tensor; block -1: one outside the blocks. Dimensions end with 0. */
static void add(struct file *file, int block, const char *name, const int dimensions[DIMENSIONS + 1]) {
    uint64_t size = sizeof(float);
    put(file, file->data_size == 0 ? "{\"" : ",\"");
    if (block >= 0) put(file, "blocks.%d.", block);
    put(file, "%s\":{\"dtype\":\"F32\",\"shape\":[", name);
    for (int i = 0; dimensions[i] > 0; i++) {
        put(file, i > 0 ? ",%d" : "%d", dimensions[i]);
        size *= (uint64_t)dimensions[i];
    }
    unsigned long long start = file->data_size, end = start + size;
    put(file, "],\"data_offsets\":[%llu,%llu]}", start, end);
    file->data_size = end;
}

#define SHAPE(...) ((const int[DIMENSIONS + 1]){__VA_ARGS__})

/* A linear layer or a LayerNorm: <name>.weight and <name>.bias. inputs 0: a LayerNorm. */
static void add_layer(struct file *file, int block, const char *name, int outputs, int inputs) {
    char full[64];
    snprintf(full, sizeof full, "%s.weight", name);
    add(file, block, full, SHAPE(outputs, inputs));
    snprintf(full, sizeof full, "%s.bias", name);
    add(file, block, full, SHAPE(outputs));
}

/* The tensors of timm's vision_transformer.py. */
static void build(struct file *file, const struct random_shape *s) {
    int width = s->width, side = RANDOM_SIDE / s->patch;
    file->used = 8;
    add(file, -1, "cls_token", SHAPE(1, 1, width));
    add(file, -1, "pos_embed", SHAPE(1, 1 + side * side, width));
    add(file, -1, "patch_embed.proj.weight", SHAPE(width, 3, s->patch, s->patch));
    add(file, -1, "patch_embed.proj.bias", SHAPE(width));
    for (int i = 0; i < s->depth; i++) {
        add_layer(file, i, "norm1", width, 0);
        add_layer(file, i, "attn.qkv", 3 * width, width);
        add_layer(file, i, "attn.proj", width, width);
        add_layer(file, i, "norm2", width, 0);
        add_layer(file, i, "mlp.fc1", s->mlp, width);
        add_layer(file, i, "mlp.fc2", width, s->mlp);
    }
    add_layer(file, -1, "norm", width, 0);
    add_layer(file, -1, "head", CLASSES, width);
    put(file, "}");
    while (file->used % 8 != 0) put(file, " ");
    for (size_t i = 0; i < 8; i++) file->head[i] = (char)((uint64_t)(file->used - 8) >> 8 * i & 0xFF);
}

/* The float32 at index i, as its bits: uniform in about +-0.06, from a multiplicative hash of i. */
static uint32_t number_at(uint64_t i) {
    uint64_t hash = (i + 1) * 0x9E3779B97F4A7C15u;
    hash = (hash ^ hash >> 32) * 0xD6E8FEB86659FD93u;
    float value = ((float)(hash >> 40) - 8388608.0f) / 134217728.0f;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* vit_read_fn. */
static int32_t read_file(void *user, uint64_t offset, void *to, size_t size) {
    const struct file *file = user;
    unsigned char *out = to;
    for (; size > 0 && offset < file->used; size--) *out++ = (unsigned char)file->head[offset++];
    for (; size > 0; out++, offset++, size--) {
        uint64_t at = offset - file->used;
        uint32_t bits = number_at(at / 4);
        if (at % 4 == 0 && size >= 4) {
            for (int i = 0; i < 3; i++, bits >>= 8) *out++ = (unsigned char)bits;
            *out = (unsigned char)bits;
            offset += 3;
            size -= 3;
        } else {
            *out = (unsigned char)(bits >> 8 * (at % 4));
        }
    }
    return 0;
}

int32_t random_model_load(vit_context **out, const struct random_shape *s, vit_options *options, char *error,
                          size_t error_size) {
    struct file file = {0};
    file.capacity = (size_t)(TENSORS_PER_BLOCK * s->depth + OTHER_TENSORS) * TENSOR_TEXT;
    file.head = malloc(file.capacity);
    if (file.head == NULL) {
        snprintf(error, error_size, "out of memory");
        return VIT_ERROR_MEMORY;
    }
    build(&file, s);
    int32_t status = vit_options_set_int(options, VIT_OPT_HEADS, s->heads);
    if (status == VIT_OK) status = vit_load_reader(out, read_file, &file, file.used + file.data_size, options, error, error_size);
    free(file.head);
    return status;
}
