/* inflate.h: unpacks a deflate stream (RFC 1951) piece by piece. What comes out is exactly what the caller asks for, into
 * memory of the caller's size: a hostile stream can be wrong, but not write or read anywhere else. */
#ifndef VI_BASE_INFLATE_H
#define VI_BASE_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/reader.h"
#include "base/status.h"

#define VI_INFLATE_WINDOW 32768 /* how far back a match may reach */

/* A canonical Huffman code. */
typedef struct vi_huffman {
    uint16_t fast[1 << 10]; /* by the next 10 bits: symbol << 4 | length; 0: a longer code, or none */
    uint16_t count[16];     /* codes of each length */
    uint16_t symbols[288];  /* in the order of codes */
} vi_huffman;

typedef struct vi_inflater { /* large: allocate it */
    vi_reader *reader;
    const char *what;           /* for messages: the name of what is unpacked; the caller's */
    uint64_t at, end;           /* of the input not yet buffered, in the reader */
    uint64_t total;             /* bytes that came out so far */
    uint64_t bits;              /* input not yet used, the next bit lowest */
    uint32_t bit_count, crc;    /* crc: of all that came out */
    uint32_t state;             /* what comes next */
    uint32_t left, distance;    /* of a stored block or of a match: bytes left */
    bool last;                  /* this is the last block */
    size_t input_at, input_end; /* of what is buffered */
    vi_huffman literals, distances;
    unsigned char window[VI_INFLATE_WINDOW], input[4096];
} vi_inflater;

/* The stream is bytes [offset, offset + size) of the reader; the range must lie in it. */
void vi_inflate_start(vi_inflater *s, vi_reader *r, uint64_t offset, uint64_t size, const char *what);
/* Exactly the next n bytes. VIT_ERROR_CORRUPT: the stream is damaged or ends before. */
int32_t vi_inflate_read(vi_inflater *s, void *dst, size_t n, vi_error *e);
/* The same, not wanted. */
int32_t vi_inflate_skip(vi_inflater *s, uint64_t n, vi_error *e);
/* Checks that the stream ends here, that its range ends with it, and the CRC-32 of all that came out. */
int32_t vi_inflate_finish(vi_inflater *s, uint32_t crc, vi_error *e);

#endif
