/* inflate.c: see inflate.h. */
#include "base/inflate.h"

#include <string.h>
#include "base/crc32.h"

#define FAST_BITS 10
#define MAX_BITS 15 /* longest code */

enum { BLOCK_HEADER, STORED, CODED, MATCH, DONE };

static int32_t damaged(const vi_inflater *s, const char *problem, vi_error *e) {
    char name[128];
    return vi_fail(e, VIT_ERROR_CORRUPT, "%s: '%s' is damaged after %llu unpacked bytes: %s", s->reader->name,
                   vi_printable(name, sizeof name, s->what, strlen(s->what)), (unsigned long long)s->total, problem);
}

void vi_inflate_start(vi_inflater *s, vi_reader *r, uint64_t offset, uint64_t size, const char *what) {
    s->reader = r;
    s->what = what;
    s->at = offset;
    s->end = offset + size;
    s->total = s->bits = 0;
    s->bit_count = s->crc = s->left = s->distance = 0;
    s->state = BLOCK_HEADER;
    s->last = false;
    s->input_at = s->input_end = 0;
}

/* ---- bits --------------------------------------------------------------------------------------------------------------- */

/* Fills `bits` as far as there is input; fewer than 57 bits are left only at the end of the stream. Above bit_count there may be
 * bits of the byte that comes next: they are the same when it comes. */
static int32_t refill(vi_inflater *s, vi_error *e) {
    if (s->input_end - s->input_at >= 8) {
        s->bits |= vi_load_u64(s->input + s->input_at) << s->bit_count;
        s->input_at += (63 - s->bit_count) / 8;
        s->bit_count |= 56;
        return VIT_OK;
    }
    while (s->bit_count <= 56) {
        if (s->input_at == s->input_end) {
            if (s->at == s->end) return VIT_OK;
            size_t n = s->end - s->at < sizeof s->input ? (size_t)(s->end - s->at) : sizeof s->input;
            int32_t status = vi_reader_read(s->reader, s->at, s->input, n, e);
            if (status != VIT_OK) return status;
            s->at += n;
            s->input_at = 0;
            s->input_end = n;
        }
        s->bits |= (uint64_t)s->input[s->input_at++] << s->bit_count;
        s->bit_count += 8;
    }
    return VIT_OK;
}

static void drop(vi_inflater *s, uint32_t n) {
    s->bits >>= n;
    s->bit_count -= n;
}

/* The next n <= 32 bits. */
static int32_t take(vi_inflater *s, uint32_t n, uint32_t *value, vi_error *e) {
    int32_t status = s->bit_count < n ? refill(s, e) : VIT_OK;
    if (status != VIT_OK) return status;
    if (s->bit_count < n) return damaged(s, "it ends too early", e);
    *value = (uint32_t)(s->bits & ((1ull << n) - 1));
    drop(s, n);
    return VIT_OK;
}

/* ---- Huffman codes ------------------------------------------------------------------------------------------------------ */

static uint32_t reversed(uint32_t code, uint32_t length) {
    uint32_t r = 0;
    for (uint32_t i = 0; i < length; i++) r |= (code >> i & 1u) << (length - 1 - i);
    return r;
}

/* From the lengths of n codes, 0 for none. As zlib has it, a code must use up all bit patterns, but for one code of one bit
 * and for no code at all. */
static bool make_code(vi_huffman *h, const unsigned char *lengths, size_t n) {
    uint32_t next[MAX_BITS + 2] = {0}; /* the next code of each length */
    uint16_t place[MAX_BITS + 2] = {0};
    memset(h, 0, sizeof *h);
    for (size_t i = 0; i < n; i++) h->count[lengths[i]]++;
    h->count[0] = 0;
    uint32_t used = 0, codes = 0;
    for (uint32_t length = 1; length <= MAX_BITS; length++) {
        used += (uint32_t)h->count[length] << (MAX_BITS - length);
        codes += h->count[length];
        next[length + 1] = (next[length] + h->count[length]) << 1;
        place[length + 1] = (uint16_t)(place[length] + h->count[length]);
    }
    bool single = codes == 0 || (codes == 1 && h->count[1] == 1);
    if (used > 1u << MAX_BITS || (used < 1u << MAX_BITS && !single)) return false;
    for (size_t i = 0; i < n; i++) {
        uint32_t length = lengths[i];
        if (length == 0) continue;
        h->symbols[place[length]++] = (uint16_t)i;
        uint32_t code = reversed(next[length]++, length);
        for (uint32_t k = code; length <= FAST_BITS && k < 1u << FAST_BITS; k += 1u << length) {
            h->fast[k] = (uint16_t)(i << 4 | length);
        }
    }
    return true;
}

/* A code of more than FAST_BITS bits: the codes of one length are numbers in a row, read highest bit first. */
static int32_t long_symbol(vi_inflater *s, const vi_huffman *h, uint32_t *symbol, vi_error *e) {
    uint32_t code = 0, first = 0, index = 0;
    for (uint32_t length = 1; length <= MAX_BITS && length <= s->bit_count; length++) {
        code |= (uint32_t)(s->bits >> (length - 1) & 1u);
        if (code - first < h->count[length]) {
            *symbol = h->symbols[index + (code - first)];
            drop(s, length);
            return VIT_OK;
        }
        index += h->count[length];
        first = (first + h->count[length]) << 1;
        code <<= 1;
    }
    return damaged(s, s->bit_count < MAX_BITS ? "it ends too early" : "a code that was not defined", e);
}

static int32_t next_symbol(vi_inflater *s, const vi_huffman *h, uint32_t *symbol, vi_error *e) {
    int32_t status = s->bit_count < MAX_BITS ? refill(s, e) : VIT_OK;
    if (status != VIT_OK) return status;
    uint32_t entry = h->fast[s->bits & ((1u << FAST_BITS) - 1)], length = entry & 15u;
    if (entry == 0 || length > s->bit_count) return long_symbol(s, h, symbol, e);
    *symbol = entry >> 4;
    drop(s, length);
    return VIT_OK;
}

/* ---- block headers ------------------------------------------------------------------------------------------------------ */

static void make_fixed_codes(vi_inflater *s) {
    unsigned char lengths[288];
    for (int i = 0; i < 288; i++) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    make_code(&s->literals, lengths, 288);
    for (int i = 0; i < 32; i++) lengths[i] = 5; /* 30 and 31 never occur in a good stream */
    make_code(&s->distances, lengths, 32);
}

/* The lengths of both codes, themselves coded with s->literals. */
static int32_t read_lengths(vi_inflater *s, unsigned char *lengths, uint32_t n, vi_error *e) {
    for (uint32_t i = 0; i < n;) {
        uint32_t symbol, times = 0;
        int32_t status = next_symbol(s, &s->literals, &symbol, e);
        if (status != VIT_OK) return status;
        if (symbol < 16) {
            lengths[i++] = (unsigned char)symbol;
            continue;
        }
        if (symbol == 16 && i == 0) return damaged(s, "its first code length repeats the one before", e);
        unsigned char value = symbol == 16 ? lengths[i - 1] : 0;
        status = take(s, symbol == 16 ? 2 : symbol == 17 ? 3 : 7, &times, e);
        if (status != VIT_OK) return status;
        times += symbol == 18 ? 11 : 3;
        if (times > n - i) return damaged(s, "too many code lengths", e);
        memset(lengths + i, value, times);
        i += times;
    }
    return VIT_OK;
}

static int32_t read_codes(vi_inflater *s, vi_error *e) {
    static const unsigned char order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    unsigned char lengths[288 + 32] = {0};
    uint32_t counts;
    int32_t status = take(s, 14, &counts, e);
    if (status != VIT_OK) return status;
    uint32_t literals = (counts & 31) + 257, distances = (counts >> 5 & 31) + 1, n = (counts >> 10) + 4;
    if (literals > 286 || distances > 30) return damaged(s, "too many codes", e);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t length;
        if ((status = take(s, 3, &length, e)) != VIT_OK) return status;
        lengths[order[i]] = (unsigned char)length;
    }
    if (!make_code(&s->literals, lengths, 19)) return damaged(s, "the code of its code lengths is not complete", e);
    memset(lengths, 0, sizeof lengths);
    if ((status = read_lengths(s, lengths, literals + distances, e)) != VIT_OK) return status;
    if (lengths[256] == 0) return damaged(s, "a block has no end", e);
    if (!make_code(&s->literals, lengths, literals)) return damaged(s, "the code of its literals is not complete", e);
    if (!make_code(&s->distances, lengths + literals, distances)) {
        return damaged(s, "the code of its distances is not complete", e);
    }
    return VIT_OK;
}

static int32_t read_block_header(vi_inflater *s, vi_error *e) {
    uint32_t head = 0, sizes = 0;
    int32_t status = take(s, 3, &head, e);
    if (status != VIT_OK) return status;
    s->last = (head & 1) != 0;
    s->state = CODED;
    switch (head >> 1) {
    case 0:
        drop(s, s->bit_count % 8);
        if ((status = take(s, 32, &sizes, e)) != VIT_OK) return status;
        if ((sizes & 0xFFFF) != (sizes >> 16 ^ 0xFFFF)) return damaged(s, "the size of a stored block", e);
        s->left = sizes & 0xFFFF;
        s->state = STORED;
        return VIT_OK;
    case 1: make_fixed_codes(s); return VIT_OK;
    case 2: return read_codes(s, e);
    default: return damaged(s, "an unknown kind of block", e);
    }
}

/* ---- output ------------------------------------------------------------------------------------------------------------- */

static int32_t read_match(vi_inflater *s, uint32_t symbol, vi_error *e) {
    static const uint16_t bases[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                       31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const unsigned char extras[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                             2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    uint32_t extra, slot;
    if (symbol > 285) return damaged(s, "an unknown length", e);
    int32_t status = take(s, extras[symbol - 257], &extra, e);
    if (status == VIT_OK) status = next_symbol(s, &s->distances, &slot, e);
    if (status != VIT_OK) return status;
    s->left = bases[symbol - 257] + extra;
    if (slot > 29) return damaged(s, "an unknown distance", e);
    uint32_t bits = slot < 2 ? 0 : slot / 2 - 1; /* distances 1, 2, then two slots for each number of further bits */
    if ((status = take(s, bits, &extra, e)) != VIT_OK) return status;
    s->distance = (slot < 2 ? slot : (2 + slot % 2) << bits) + extra + 1;
    if (s->distance > s->total) return damaged(s, "a match reaches back to before the beginning", e);
    s->state = MATCH;
    return VIT_OK;
}

static void put(vi_inflater *s, unsigned char **dst, unsigned char byte) {
    s->window[s->total++ % VI_INFLATE_WINDOW] = byte;
    *(*dst)++ = byte;
}

static void end_block(vi_inflater *s) { s->state = s->last ? DONE : BLOCK_HEADER; }

/* Literals with short codes, as far as there are bits: most of what a compressed checkpoint is. */
static unsigned char *read_literals(vi_inflater *s, unsigned char *dst, const unsigned char *dst_end) {
    uint64_t bits = s->bits, total = s->total;
    uint32_t count = s->bit_count;
    while (dst < dst_end && count >= MAX_BITS) {
        uint32_t entry = s->literals.fast[bits & ((1u << FAST_BITS) - 1)];
        if (entry == 0 || entry >= 256u << 4) break;
        bits >>= entry & 15;
        count -= entry & 15;
        *dst = s->window[total++ % VI_INFLATE_WINDOW] = (unsigned char)(entry >> 4);
        dst++;
    }
    s->bits = bits;
    s->bit_count = count;
    s->total = total;
    return dst;
}

/* Literals and matches up to dst_end; stops early at the end of the block, or before a match. */
static int32_t read_coded(vi_inflater *s, unsigned char **dst, const unsigned char *dst_end, vi_error *e) {
    while (*dst < dst_end && s->state == CODED) {
        uint32_t symbol;
        *dst = read_literals(s, *dst, dst_end);
        if (*dst == dst_end) break;
        int32_t status = next_symbol(s, &s->literals, &symbol, e);
        if (status != VIT_OK) return status;
        if (symbol < 256)
            put(s, dst, (unsigned char)symbol);
        else if (symbol == 256)
            end_block(s);
        else if ((status = read_match(s, symbol, e)) != VIT_OK)
            return status;
    }
    return VIT_OK;
}

static int32_t read_stored(vi_inflater *s, unsigned char **dst, const unsigned char *dst_end, vi_error *e) {
    for (; s->left > 0 && *dst < dst_end; s->left--) {
        uint32_t byte;
        int32_t status = take(s, 8, &byte, e);
        if (status != VIT_OK) return status;
        put(s, dst, (unsigned char)byte);
    }
    if (s->left == 0) end_block(s);
    return VIT_OK;
}

static void copy_match(vi_inflater *s, unsigned char **dst, const unsigned char *dst_end) {
    for (; s->left > 0 && *dst < dst_end; s->left--) put(s, dst, s->window[(s->total - s->distance) % VI_INFLATE_WINDOW]);
    if (s->left == 0) s->state = CODED;
}

int32_t vi_inflate_read(vi_inflater *s, void *dst, size_t n, vi_error *e) {
    unsigned char *at = dst, *end = at + n;
    while (at < end) {
        int32_t status = VIT_OK;
        switch (s->state) {
        case BLOCK_HEADER: status = read_block_header(s, e); break;
        case STORED: status = read_stored(s, &at, end, e); break;
        case CODED: status = read_coded(s, &at, end, e); break;
        case MATCH: copy_match(s, &at, end); break;
        default: status = damaged(s, "it unpacks to fewer bytes than expected", e);
        }
        if (status != VIT_OK) return status;
    }
    s->crc = vi_crc32(s->crc, dst, n);
    return VIT_OK;
}

int32_t vi_inflate_skip(vi_inflater *s, uint64_t n, vi_error *e) {
    unsigned char piece[1024];
    while (n > 0) {
        size_t size = n < sizeof piece ? (size_t)n : sizeof piece;
        int32_t status = vi_inflate_read(s, piece, size, e);
        if (status != VIT_OK) return status;
        n -= size;
    }
    return VIT_OK;
}

/* One step towards the end, if no more bytes come before it. */
static int32_t step_to_end(vi_inflater *s, vi_error *e) {
    uint32_t symbol = 256;
    if (s->state == BLOCK_HEADER) return read_block_header(s, e);
    int32_t status = s->state == CODED ? next_symbol(s, &s->literals, &symbol, e) : VIT_OK;
    if (status != VIT_OK) return status;
    if (symbol != 256 || s->state == MATCH || (s->state == STORED && s->left > 0)) {
        return damaged(s, "it unpacks to more bytes than expected", e);
    }
    end_block(s);
    return VIT_OK;
}

int32_t vi_inflate_finish(vi_inflater *s, uint32_t crc, vi_error *e) {
    while (s->state != DONE) {
        int32_t status = step_to_end(s, e);
        if (status != VIT_OK) return status;
    }
    if (s->bit_count >= 8 || s->input_at < s->input_end || s->at < s->end) return damaged(s, "it ends before its range", e);
    if (s->crc != crc) return damaged(s, "its CRC-32 is another one", e);
    return VIT_OK;
}
