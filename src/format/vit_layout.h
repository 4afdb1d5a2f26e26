/* vit_layout.h: where things lie in a .vit file, shared by its reader and its writer. The meaning is in docs/format-vit.md. */
#ifndef VI_FORMAT_VIT_LAYOUT_H
#define VI_FORMAT_VIT_LAYOUT_H

#define VITF_MAGIC "\x89VIT\r\n\x1a\n" /* like PNG's: shows damage by 7-bit and newline conversions at once */
#define VITF_FILE_VERSION 1
#define VITF_ALIGN 64            /* of the data section and of each tensor in it */
#define VITF_MAX_HEAD (16u << 20) /* largest offset of the data section */

/* Header: offsets of its fields. Little-endian, without gaps. */
enum {
    VITF_AT_MAGIC = 0,            /* 8 bytes */
    VITF_AT_VERSION = 8,          /* u32 */
    VITF_AT_CHECKSUM = 12,        /* u32: CRC-32 of [0, data), this field taken as 0 */
    VITF_AT_FILE_SIZE = 16,       /* u64 */
    VITF_AT_DATA = 24,            /* u64: offset of the data section */
    VITF_AT_META = 32,            /* u32 offset, u32 count */
    VITF_AT_TENSORS = 40,         /* u32 offset, u32 count */
    VITF_AT_STRINGS = 48,         /* u32 offset, u32 bytes */
    VITF_AT_HEADER_RESERVED = 56, /* u64: 0 */
    VITF_HEADER_BYTES = 64
};

/* Metadata record: these fields, payload, zeros up to a multiple of 8. */
enum {
    VITF_META_AT_KEY = 0,       /* u32 */
    VITF_META_AT_KIND = 4,      /* u32 */
    VITF_META_AT_COUNT = 8,     /* u32 */
    VITF_META_AT_RESERVED = 12, /* u32: 0 */
    VITF_META_BYTES = 16
};

/* Tensor record. */
enum {
    VITF_TENSOR_AT_NAME = 0,      /* u32 offset in the strings, u32 length without the NUL */
    VITF_TENSOR_AT_DTYPE = 8,     /* u32 */
    VITF_TENSOR_AT_LAYOUT = 12,   /* u32 */
    VITF_TENSOR_AT_RANK = 16,     /* u32, then u32 0 */
    VITF_TENSOR_AT_SHAPE = 24,    /* 6 u64, unused ones 0 */
    VITF_TENSOR_AT_OFFSET = 72,   /* u64, from the start of the file */
    VITF_TENSOR_AT_SIZE = 80,     /* u64 bytes */
    VITF_TENSOR_AT_RESERVED = 88, /* u64: 0 */
    VITF_TENSOR_BYTES = 96
};

#endif
