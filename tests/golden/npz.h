/* npz.h: reading arrays of NumPy's .npz files, which are zip archives with stored or deflated members. Trusts its input: only for
 * reference files. */
#ifndef VIT_NPZ_H
#define VIT_NPZ_H

#include "gold.h"

/* ---- deflate (RFC 1951)
 * ----------------------------------------------------------------------------------------------------------- */

typedef struct npz_bits {
    const unsigned char *data;
    size_t size, at; /* bytes */
    uint32_t held;
    int count; /* bits in held */
} npz_bits;

static inline uint32_t npz_take(npz_bits *b, int n) {
    while (b->count < n) {
        b->held |= (uint32_t)(b->at < b->size ? b->data[b->at] : 0) << b->count;
        b->at++;
        b->count += 8;
    }
    uint32_t value = b->held & ((1u << n) - 1);
    b->held >>= n;
    b->count -= n;
    return value;
}

/* A canonical Huffman code: how many codes of each length, and the symbols in the order of their codes. */
typedef struct npz_code {
    uint16_t counts[16], symbols[320];
} npz_code;

static inline void npz_build(npz_code *c, const unsigned char *lengths, int n) {
    uint16_t next[16] = {0};
    memset(c, 0, sizeof *c);
    for (int i = 0; i < n; i++) c->counts[lengths[i]]++;
    c->counts[0] = 0;
    for (int length = 1; length < 15; length++) next[length + 1] = (uint16_t)(next[length] + c->counts[length]);
    for (int i = 0; i < n; i++)
        if (lengths[i]) c->symbols[next[lengths[i]]++] = (uint16_t)i;
}

static inline int npz_symbol(npz_bits *b, const npz_code *c) {
    int code = 0, first = 0, index = 0;
    for (int length = 1; length < 16; length++) {
        code |= (int)npz_take(b, 1);
        if (code - first < c->counts[length]) return c->symbols[index + code - first];
        index += c->counts[length];
        first = (first + c->counts[length]) * 2;
        code *= 2;
    }
    return -1;
}

/* Reads the code lengths of a dynamic block. */
static inline void npz_dynamic(npz_bits *b, npz_code *literals, npz_code *distances) {
    static const unsigned char order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    unsigned char lengths[320] = {0};
    int literal_count = (int)npz_take(b, 5) + 257, distance_count = (int)npz_take(b, 5) + 1, code_count = (int)npz_take(b, 4) + 4;
    for (int i = 0; i < code_count; i++) lengths[order[i]] = (unsigned char)npz_take(b, 3);
    npz_code code;
    npz_build(&code, lengths, 19);
    memset(lengths, 0, sizeof lengths);
    for (int i = 0; i < literal_count + distance_count;) {
        int symbol = npz_symbol(b, &code), repeat = 1;
        unsigned char value = (unsigned char)symbol;
        if (symbol == 16) {
            value = i > 0 ? lengths[i - 1] : 0;
            repeat = (int)npz_take(b, 2) + 3;
        } else if (symbol >= 17) {
            value = 0;
            repeat = symbol == 17 ? (int)npz_take(b, 3) + 3 : (int)npz_take(b, 7) + 11;
        }
        while (repeat-- > 0 && i < 320) lengths[i++] = value;
    }
    npz_build(literals, lengths, literal_count);
    npz_build(distances, lengths + literal_count, distance_count);
}

static inline void npz_fixed(npz_code *literals, npz_code *distances) {
    unsigned char lengths[288];
    for (int i = 0; i < 288; i++) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    npz_build(literals, lengths, 288);
    memset(lengths, 5, 30);
    npz_build(distances, lengths, 30);
}

/* Literals and copies up to the end of the block; false for nonsense. */
static inline int npz_copies(npz_bits *b, const npz_code *literals, const npz_code *distances, unsigned char *dst, size_t size,
                             size_t *out) {
    static const uint16_t base[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                      31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    for (;;) {
        int symbol = npz_symbol(b, literals);
        if (symbol == 256) return 1;
        if (symbol < 0 || symbol > 285 || b->at > b->size + 4) return 0;
        if (symbol < 256) {
            if (*out == size) return 0;
            dst[(*out)++] = (unsigned char)symbol;
            continue;
        }
        int extra = symbol < 265 || symbol == 285 ? 0 : (symbol - 261) / 4;
        size_t length = base[symbol - 257] + npz_take(b, extra);
        int d = npz_symbol(b, distances);
        if (d < 0 || d > 29) return 0;
        int bits = d < 4 ? 0 : d / 2 - 1;
        size_t distance = d < 4 ? (size_t)d + 1 : ((size_t)(2 + d % 2) << bits) + 1 + npz_take(b, bits);
        if (distance > *out || length > size - *out) return 0;
        for (; length > 0; length--, (*out)++) dst[*out] = dst[*out - distance];
    }
}

/* Inflates into exactly `size` bytes; false when the stream says something else. */
static inline int npz_inflate(const unsigned char *src, size_t src_size, unsigned char *dst, size_t size) {
    npz_bits b = {src, src_size, 0, 0, 0};
    size_t out = 0;
    for (int last = 0; !last;) {
        last = (int)npz_take(&b, 1);
        uint32_t type = npz_take(&b, 2);
        npz_code literals, distances;
        if (type == 0) { /* stored: a whole number of bytes, its length and the length's complement */
            b.held = 0;
            b.count = 0;
            size_t length = (size_t)src[b.at] | (size_t)src[b.at + 1] << 8;
            b.at += 4;
            if (length > size - out || b.at + length > src_size) return 0;
            memcpy(dst + out, src + b.at, length);
            out += length;
            b.at += length;
            continue;
        }
        if (type == 1) npz_fixed(&literals, &distances);
        if (type == 2) npz_dynamic(&b, &literals, &distances);
        if (type == 3 || !npz_copies(&b, &literals, &distances, dst, size, &out)) return 0;
    }
    return out == size;
}

/* ---- zip and npy
 * --------------------------------------------------------------------------------------------------------------------- */

/* Member `name` without its ".npy", decompressed; NULL when absent. Walks the local headers: NumPy writes the sizes there. */
static inline unsigned char *npz_member(const unsigned char *file, size_t file_size, const char *name, size_t *size) {
    for (size_t at = 0; at + 30 <= file_size && gold_u32(file + at) == 0x04034b50;) {
        uint32_t method = gold_u32(file + at + 8) & 0xffff, packed = gold_u32(file + at + 18), plain = gold_u32(file + at + 22);
        size_t name_length = file[at + 26] | (size_t)file[at + 27] << 8, extra = file[at + 28] | (size_t)file[at + 29] << 8;
        const unsigned char *found = file + at + 30, *data = found + name_length + extra;
        if (name_length == strlen(name) + 4 && memcmp(found, name, name_length - 4) == 0) {
            unsigned char *out = malloc(plain + 1u);
            *size = plain;
            if (method == 8 ? npz_inflate(data, packed, out, plain) : (memcpy(out, data, plain), 1)) return out;
            free(out);
            return NULL;
        }
        at += 30 + name_length + extra + packed;
    }
    return NULL;
}

/* Number at text after `key` in a npy header. */
static inline void npz_shape(const char *header, gold *g) {
    const char *at = strstr(header, "'shape': (");
    g->rank = 0;
    g->count = 1;
    for (at = at ? at + 10 : ")"; *at != ')' && g->rank < 4;) {
        g->shape[g->rank] = (uint32_t)strtoul(at, (char **)(uintptr_t)&at, 10);
        g->count *= g->shape[g->rank++];
        while (*at == ',' || *at == ' ') at++;
    }
}

/* Array of <f4 or <f8 as floats; data NULL when absent. */
static inline gold npz_floats(const unsigned char *file, size_t file_size, const char *name) {
    gold g = {0};
    size_t size;
    unsigned char *npy = npz_member(file, file_size, name, &size);
    if (!npy) return g;
    size_t header = (size_t)npy[8] | (size_t)npy[9] << 8;
    char text[256] = "";
    memcpy(text, npy + 10, header < 255 ? header : 255);
    npz_shape(text, &g);
    const unsigned char *values = npy + 10 + header;
    int doubles = strstr(text, "<f8") != NULL;
    if (10 + header + g.count * (doubles ? 8 : 4) == size) g.data = malloc(g.count * sizeof *g.data);
    if (g.data && !doubles) gold_floats(g.data, values, g.count);
    for (size_t i = 0; g.data && doubles && i < g.count; i++) {
        uint64_t bits = gold_u32(values + 8 * i) | (uint64_t)gold_u32(values + 8 * i + 4) << 32;
        double value;
        memcpy(&value, &bits, sizeof value);
        g.data[i] = (float)value;
    }
    free(npy);
    return g;
}

#endif
