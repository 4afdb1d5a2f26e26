/* bytes.h: little-endian loads and stores, any alignment, any host. Compilers turn each into one instruction. */
#ifndef VI_BASE_BYTES_H
#define VI_BASE_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t vi_load_u16(const void *p) {
    const unsigned char *b = p;
    return (uint16_t)(b[0] | (unsigned)b[1] << 8);
}

static inline uint32_t vi_load_u32(const void *p) {
    const unsigned char *b = p;
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t vi_load_u64(const void *p) {
    return vi_load_u32(p) | (uint64_t)vi_load_u32((const unsigned char *)p + 4) << 32;
}

static inline float vi_load_f32(const void *p) {
    uint32_t bits = vi_load_u32(p);
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline double vi_load_f64(const void *p) {
    uint64_t bits = vi_load_u64(p);
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

static inline void vi_store_u16(void *p, uint16_t v) {
    unsigned char *b = p;
    b[0] = (unsigned char)(v & 0xFF);
    b[1] = (unsigned char)(v >> 8);
}

static inline void vi_store_u32(void *p, uint32_t v) {
    vi_store_u16(p, (uint16_t)(v & 0xFFFF));
    vi_store_u16((unsigned char *)p + 2, (uint16_t)(v >> 16));
}

static inline void vi_store_u64(void *p, uint64_t v) {
    vi_store_u32(p, (uint32_t)(v & 0xFFFFFFFF));
    vi_store_u32((unsigned char *)p + 4, (uint32_t)(v >> 32));
}

static inline void vi_store_f32(void *p, float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    vi_store_u32(p, bits);
}

static inline void vi_store_f64(void *p, double v) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    vi_store_u64(p, bits);
}

static inline bool vi_little_endian(void) {
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 1;
}

#endif
