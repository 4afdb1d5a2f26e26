/* google.h: checkpoints in the names of vision_transformer and big_vision, made up tensor by tensor. */
#ifndef VIT_TEST_GOOGLE_H
#define VIT_TEST_GOOGLE_H

#include "checkpoint.h"

typedef struct google_size {
    const char *name;
    int width, mlp, heads, depth, patch, image;
    int classes, map, gap;
    long long parameters;
} google_size;

/* Names of a module as they were before Linen numbered by class, and since. */
static const char *const older[] = {"LayerNorm_2", "MultiHeadDotProductAttention_1", "MlpBlock_3"};
static const char *const linen[] = {"LayerNorm_1", "MultiHeadDotProductAttention_0", "MlpBlock_0"};

static inline void put_at(checkpoint *c, const char *place, const char *name, const char *shape) {
    char full[256];
    snprintf(full, sizeof full, "%s%s", place, name);
    put(c, full, "%s", shape);
}

/* depth > 0: one stack of so many. */
static inline void put_shape(checkpoint *c, const char *place, const char *name, int depth, int a, int b, int d) {
    char shape[64] = "[";
    int dims[] = {depth, a, b, d};
    for (int i = 0; i < 4; i++) {
        size_t used = strlen(shape);
        if (dims[i] > 0) snprintf(shape + used, sizeof shape - used, used > 1 ? ", %d" : "%d", dims[i]);
    }
    put_at(c, place, name, strcat(shape, "]"));
}

static inline void put_layer(checkpoint *c, const char *place, const char *name, int depth, int in, int out) {
    char kernel[80], bias[80];
    snprintf(kernel, sizeof kernel, in > 0 ? "%s/kernel" : "%s/scale", name);
    snprintf(bias, sizeof bias, "%s/bias", name);
    put_shape(c, place, kernel, depth, in, out, 0);
    put_shape(c, place, bias, depth, out, 0, 0);
}

static inline void put_attention(checkpoint *c, const char *place, const char *module, int depth, int width, int heads) {
    static const char *const parts[] = {"query", "key", "value", "out"};
    for (int i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s/%s/kernel", module, parts[i]);
        if (i < 3)
            put_shape(c, place, name, depth, width, heads, width / heads);
        else
            put_shape(c, place, name, depth, heads, width / heads, width);
        snprintf(name, sizeof name, "%s/%s/bias", module, parts[i]);
        put_shape(c, place, name, depth, i < 3 ? heads : width, i < 3 ? width / heads : 0, 0);
    }
}

static inline void put_mlp(checkpoint *c, const char *place, const char *module, int depth, int width, int mlp) {
    char name[64];
    snprintf(name, sizeof name, "%s/Dense_0", module);
    put_layer(c, place, name, depth, width, mlp);
    snprintf(name, sizeof name, "%s/Dense_1", module);
    put_layer(c, place, name, depth, mlp, width);
}

static inline void put_google_block(checkpoint *c, const char *place, const char *const *modules, int depth,
                                    const google_size *s) {
    put_layer(c, place, "LayerNorm_0", depth, 0, s->width);
    put_attention(c, place, modules[1], depth, s->width, s->heads);
    put_layer(c, place, modules[0], depth, 0, s->width);
    put_mlp(c, place, modules[2], depth, s->width, s->mlp);
}

/* The published layout; stacked: big_vision's scan. */
static inline void put_google(checkpoint *c, const char *prefix, const google_size *s, int stacked) {
    char place[96];
    int grid = s->image / s->patch, class_token = !s->map && !s->gap;
    c->count = 0;
    snprintf(place, sizeof place, "[%d, %d, 3, %d]", s->patch, s->patch, s->width);
    put_at(c, prefix, "embedding/kernel", place);
    put_shape(c, prefix, "embedding/bias", 0, s->width, 0, 0);
    if (class_token) put_shape(c, prefix, "cls", 1, 1, s->width, 0);
    put_shape(c, prefix, "Transformer/posembed_input/pos_embedding", 1, grid * grid + class_token, s->width, 0);
    for (int i = 0; i < (stacked ? 1 : s->depth); i++) {
        snprintf(place, sizeof place, stacked ? "%sTransformer/encoderblock/" : "%sTransformer/encoderblock_%d/", prefix, i);
        put_google_block(c, place, stacked ? linen : older, stacked ? s->depth : 0, s);
    }
    put_layer(c, prefix, "Transformer/encoder_norm", 0, 0, s->width);
    if (s->map) {
        put_shape(c, prefix, "MAPHead_0/probe", 1, 1, s->width, 0);
        snprintf(place, sizeof place, "%sMAPHead_0/", prefix);
        put_google_block(c, place, linen, 0, s);
        drop(c, "MAPHead_0/LayerNorm_1/scale");
        drop(c, "MAPHead_0/LayerNorm_1/bias");
    }
    if (s->classes > 0) put_layer(c, prefix, "head", 0, s->width, s->classes);
}

#endif
