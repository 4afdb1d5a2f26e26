/* pictures.h: what the picture tests share: memory with a guard page behind it, random pictures, golden cases, CRC-32. Include it
 * first: it asks libc for mmap. */
#ifndef TEST_PICTURES_H
#define TEST_PICTURES_H

#define _DEFAULT_SOURCE
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#if defined(__unix__)
#include <sys/mman.h>
#include <unistd.h>
#endif
#include "base/alloc.h"
#include "image/image.h"
#include "test.h"

typedef struct guarded {
    unsigned char *data; /* ends where an unreadable page begins; aligned when size is a multiple of the alignment */
    unsigned char *block;
    size_t length;
} guarded;

static inline guarded guard(size_t size) {
    guarded g = {0};
#if defined(__unix__)
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (size + page - 1) / page * page;
    g.length = whole + page;
    g.block = mmap(NULL, g.length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (g.block == MAP_FAILED || mprotect(g.block + whole, page, PROT_NONE) != 0) exit(2);
    g.data = g.block + whole - size;
#else
    g.block = malloc(size + VI_ALIGN);
    if (!g.block) exit(2);
    g.data = g.block + (VI_ALIGN - (uintptr_t)g.block % VI_ALIGN) % VI_ALIGN;
#endif
    return g;
}

static inline void unguard(guarded g) {
#if defined(__unix__)
    munmap(g.block, g.length);
#else
    free(g.block);
#endif
}

static inline uint32_t crc32_of(const float *values, size_t count) {
    uint32_t table[256], crc = UINT32_MAX;
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++) table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xEDB88320u : 0);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, values + i, sizeof bits);
        for (int byte = 0; byte < 4; byte++, bits >>= 8) crc = table[(crc ^ bits) & 255] ^ crc >> 8;
    }
    return ~crc;
}

static inline int pixel_bytes(int format) {
    return format == VIT_PIXELS_GRAY8 ? 1 : format == VIT_PIXELS_RGBA8 || format == VIT_PIXELS_BGRA8 ? 4 : 3;
}

/* As reference.py: 0 noise, 1 black and white noise, 2 ramps. */
static inline void fill_picture(unsigned char *data, size_t count, int kind, unsigned long long seed) {
    unsigned long long state = seed, number = 0;
    for (size_t i = 0; i < count; i++, number >>= 8) {
        if (kind == 2) {
            data[i] = (unsigned char)(i * (seed % 251 + 1) >> 3);
            continue;
        }
        if (i % 8 == 0) number = test_random(&state);
        data[i] = (unsigned char)(kind == 1 ? (number & 1 ? 255 : 0) : number & 255);
    }
}

/* (pixel * scale - mean) / std, numbered as in reference.py. */
static inline void set_norm(vi_pipeline *p, int norm) {
    static const struct {
        float scale, mean[3], std[3];
    } norms[] = {
        {1, {0, 0, 0}, {1, 1, 1}},
        {1.0f / 255, {0.5f, 0.5f, 0.5f}, {0.5f, 0.5f, 0.5f}},
        {1.0f / 255, {0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}},
        {1.0f / 255, {0.48145466f, 0.4578275f, 0.40821073f}, {0.26862954f, 0.26130258f, 0.27577711f}},
        {0.5f, {100, 0.1f, 0.3f}, {3, 7, 0.2f}},
    };
    p->scale = norms[norm].scale;
    memcpy(p->mean, norms[norm].mean, sizeof norms[norm].mean);
    memcpy(p->std, norms[norm].std, sizeof norms[norm].std);
}

/* bicubic, shortest side 30, crop 24 x 20, three channels: a small pipeline to vary */
static inline vi_pipeline small_pipeline(void) {
    vi_pipeline p = {VIT_RESIZE_SHORTEST, VIT_FILTER_BICUBIC, 0, VI_CROP_HALF_EVEN, 30, 0, 24, 20, 3, 0, {0}, {0}};
    set_norm(&p, 2);
    return p;
}

static inline size_t output_count(const vi_pipeline *p) {
    return (size_t)p->channels * (size_t)p->width * (size_t)p->height;
}

/* Checks, then prepares with exactly the scratch that pictures of this longest side are promised to need, dirty, and with guard
 * pages behind scratch and out. Returns out [C, H, W], to be freed, or NULL. */
static inline float *prepared(const vi_pipeline *p, const vit_image *image) {
    int32_t longest = image->width > image->height ? image->width : image->height;
    size_t bytes = output_count(p) * sizeof(float), need = vi_image_scratch(p, longest);
    vi_error e = {0};
    bool fine = vi_pipeline_check(p, &e) == VIT_OK && vi_image_check(image, p, longest, &e) == VIT_OK;
    CHECK(fine, "%s", e.text);
    if (!fine) return NULL;
    CHECK(vi_image_scratch_used(p, image) <= need, "%dx%d", image->width, image->height);
    guarded scratch = guard(need), out = guard(bytes);
    float *copy = malloc(bytes);
    if (!copy) exit(2);
    memset(scratch.data, 0xA5, need);
    vi_image_prepare(p, image, (float *)(void *)out.data, scratch.data);
    memcpy(copy, out.data, bytes);
    unguard(scratch);
    unguard(out);
    return copy;
}

/* Frees both. */
static inline bool same_result(const vi_pipeline *p, float *a, float *b) {
    bool same = a && b && memcmp(a, b, output_count(p) * sizeof(float)) == 0;
    free(a);
    free(b);
    return same;
}

/* One line of a golden file. */
typedef struct golden_case {
    int picture[10]; /* format, kind, ... flip: see the enum */
    vi_pipeline pipeline;
    uint32_t crc;
} golden_case;

enum { FORMAT, KIND, SEED, WIDTH, HEIGHT, REGION_X, REGION_Y, REGION_WIDTH, REGION_HEIGHT, FLIP };

static inline bool read_case(FILE *f, golden_case *c) {
    int values[20], read = 0;
    unsigned crc;
    while (read < 20 && fscanf(f, "%d", &values[read]) == 1) read++;
    if (read != 20 || fscanf(f, "%x", &crc) != 1) return false;
    memcpy(c->picture, values, 10 * sizeof *values);
    c->pipeline = (vi_pipeline){values[10], values[11], values[19], values[12], values[13], values[14], values[15], values[16],
                                values[17], 0,          {0},        {0}};
    set_norm(&c->pipeline, values[18]);
    c->crc = crc;
    return true;
}

static inline vit_image image_of(const golden_case *c, const void *pixels) {
    const int *v = c->picture;
    vit_image image = {0};
    image.planes[0] = pixels;
    image.format = v[FORMAT];
    image.width = v[WIDTH];
    image.height = v[HEIGHT];
    image.flip = v[FLIP];
    image.region_x = v[REGION_X];
    image.region_y = v[REGION_Y];
    image.region_width = v[REGION_WIDTH];
    image.region_height = v[REGION_HEIGHT];
    return image;
}

#endif
