/* gold.h: run files of make_golden.py, and comparing with them. */
#ifndef VIT_GOLD_H
#define VIT_GOLD_H

#include "test.h"
#include "vit.h"
#include <math.h>
#include <stdint.h>

/* One record: float32 values of up to 4 dimensions, row-major. data NULL: not in the file. */
typedef struct gold {
    uint32_t rank, shape[4];
    size_t count;
    float *data;
} gold;

/* A little-endian number of 4 bytes. */
static inline uint32_t gold_u32(const unsigned char *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void gold_floats(float *dst, const unsigned char *src, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = gold_u32(src + 4 * i);
        memcpy(&dst[i], &bits, sizeof bits);
    }
}

/* Whole file, NULL when it is not there. Free it. */
static inline unsigned char *gold_file(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    long end = ftell(f);
    rewind(f);
    *size = end > 0 ? (size_t)end : 0;
    unsigned char *data = malloc(*size + 1);
    if (data && fread(data, 1, *size, f) != *size) {
        free(data);
        data = NULL;
    }
    fclose(f);
    return data;
}

/* The record called `name` of a run file in memory. */
static inline gold gold_record(const unsigned char *file, size_t size, const char *name) {
    gold g = {0};
    for (size_t at = 8; at + 36 <= size;) {
        char found[17] = {0};
        memcpy(found, file + at, 16);
        g.rank = gold_u32(file + at + 16);
        g.count = 1;
        for (uint32_t i = 0; i < 4; i++) g.shape[i] = gold_u32(file + at + 20 + 4 * i);
        for (uint32_t i = 0; i < g.rank && i < 4; i++) g.count *= g.shape[i];
        at += 36;
        if (strcmp(found, name) == 0) {
            g.data = malloc(g.count * sizeof *g.data + 1);
            if (g.data && at + 4 * g.count <= size) gold_floats(g.data, file + at, g.count);
            return g;
        }
        at += 4 * g.count;
    }
    return (gold){0};
}

/* Largest difference as a part of the largest reference value; infinity for a NaN. */
static inline double gold_error(const float *found, const float *expected, size_t count) {
    double worst = 0, largest = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = fabs((double)found[i] - (double)expected[i]);
        if (!(difference <= worst)) worst = isnan(difference) ? INFINITY : difference;
        if (fabs((double)expected[i]) > largest) largest = fabs((double)expected[i]);
    }
    return largest > 0 ? worst / largest : worst;
}

static inline int32_t gold_argmax(const float *values, int32_t count) {
    int32_t best = 0;
    for (int32_t i = 1; i < count; i++)
        if (values[i] > values[best]) best = i;
    return best;
}

/* An image that is the model's input already. */
static inline vit_image gold_input(const float *pixels, int32_t width, int32_t height) {
    vit_image image = {0};
    image.format = VIT_PIXELS_F32;
    image.width = width;
    image.height = height;
    image.planes[0] = pixels;
    return image;
}

/* Every instruction set that the library knows by name, the reference first; vit_isa_available says which can run. */
#define GOLD_EVERY_ISA(isa) (int32_t isa = VIT_ISA_REFERENCE; vit_isa_text(isa)[0] != '\0'; isa++)

#endif
