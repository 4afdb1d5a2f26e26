/* zip_writer.h: makes zip archives for the hostile tests: good ones, and ones where any field says something else. */
#ifndef VIT_TEST_ZIP_WRITER_H
#define VIT_TEST_ZIP_WRITER_H

#include "formats/support.h"

#include "base/bytes.h"
#include "base/crc32.h"

#define ZIP_MEMBERS 16

typedef struct zip_member { /* fields of the central directory; those of the local header are put right */
    const char *name;
    size_t name_length;
    uint32_t method, flags, crc, packed, size, offset, extra_length, comment_length;
    unsigned char extra[64];
} zip_member;

typedef struct zip_writer {
    buffer file;
    zip_member members[ZIP_MEMBERS];
    size_t count;
    /* Of the end: what is not 0 is added to the right number; uncounted: members that no count counts. */
    uint32_t uncounted, count_wrong, size_wrong, offset_wrong, comment_wrong, disk;
    size_t before_end; /* zeros between the directory and the end record */
    const char *after_end;
    bool zip64;
    uint64_t count64_wrong, size64_wrong, offset64_wrong, locator_wrong;
} zip_writer;

static inline void zip_u16(buffer *b, uint32_t v) {
    unsigned char bytes[2];
    vi_store_u16(bytes, (uint16_t)(v & 0xFFFF));
    buffer_add(b, bytes, 2);
}

static inline void zip_u32(buffer *b, uint32_t v) {
    unsigned char bytes[4];
    vi_store_u32(bytes, v);
    buffer_add(b, bytes, 4);
}

static inline void zip_u64(buffer *b, uint64_t v) {
    unsigned char bytes[8];
    vi_store_u64(bytes, v);
    buffer_add(b, bytes, 8);
}

/* Adds a member; data is as it lies in the file, `size` what it unpacks to. Returns the member, so that a test can spoil it. */
static inline zip_member *zip_add_packed(zip_writer *z, const char *name, uint32_t method, const void *data, size_t packed,
                                         size_t size, uint32_t crc) {
    buffer *b = &z->file;
    zip_member *m = &z->members[z->count++];
    *m = (zip_member){.name = name,
                      .name_length = strlen(name),
                      .method = method,
                      .crc = crc,
                      .packed = (uint32_t)packed,
                      .size = (uint32_t)size,
                      .offset = (uint32_t)b->size};
    buffer_add(b, "PK\3\4\x14\0\0\0", 8);
    zip_u16(b, method);
    zip_u32(b, 0);
    zip_u32(b, crc);
    zip_u32(b, m->packed);
    zip_u32(b, m->size);
    zip_u16(b, (uint32_t)m->name_length);
    zip_u16(b, 4);
    buffer_add(b, name, m->name_length);
    buffer_add(b, "FB\0\0", 4);
    buffer_add(b, data, packed);
    return m;
}

static inline zip_member *zip_add(zip_writer *z, const char *name, const void *data, size_t size) {
    return zip_add_packed(z, name, 0, data, size, size, vi_crc32(0, data, size));
}

static inline void zip_add_record(buffer *b, const zip_member *m) {
    static const unsigned char zeros[64] = {0};
    buffer_add(b, "PK\1\2\x14\0\x14\0", 8);
    zip_u16(b, m->flags);
    zip_u16(b, m->method);
    zip_u32(b, 0);
    zip_u32(b, m->crc);
    zip_u32(b, m->packed);
    zip_u32(b, m->size);
    zip_u16(b, (uint32_t)m->name_length);
    zip_u16(b, m->extra_length);
    zip_u16(b, m->comment_length);
    buffer_add(b, zeros, 8);
    zip_u32(b, m->offset);
    buffer_add(b, m->name, m->name_length);
    buffer_add(b, m->extra, m->extra_length < 64 ? m->extra_length : 64);
    buffer_add(b, zeros, m->comment_length < 64 ? m->comment_length : 64);
}

/* The directory and the end. The file is z->file then. */
static inline void zip_finish(zip_writer *z) {
    buffer *b = &z->file;
    uint64_t start = b->size;
    for (size_t i = 0; i < z->count; i++) zip_add_record(b, &z->members[i]);
    uint64_t size = b->size - start, end64 = b->size;
    for (size_t i = 0; i < z->before_end; i++) buffer_add(b, "", 1);
    if (z->zip64) {
        buffer_add(b, "PK\6\6", 4);
        zip_u64(b, 44);
        zip_u32(b, 0x2D002D);
        zip_u64(b, 0);
        zip_u64(b, z->count - z->uncounted);
        zip_u64(b, z->count - z->uncounted + z->count64_wrong);
        zip_u64(b, size + z->size64_wrong);
        zip_u64(b, start + z->offset64_wrong);
        buffer_add(b, "PK\6\7", 4);
        zip_u32(b, 0);
        zip_u64(b, end64 + z->locator_wrong);
        zip_u32(b, 1);
    }
    buffer_add(b, "PK\5\6", 4);
    zip_u32(b, z->disk);
    zip_u16(b, z->zip64 ? 0xFFFF : (uint32_t)z->count - z->uncounted);
    zip_u16(b, z->zip64 ? 0xFFFF : (uint32_t)z->count - z->uncounted + z->count_wrong);
    zip_u32(b, z->zip64 ? 0xFFFFFFFF : (uint32_t)size + z->size_wrong);
    zip_u32(b, z->zip64 ? 0xFFFFFFFF : (uint32_t)start + z->offset_wrong);
    size_t comment = z->after_end != NULL ? strlen(z->after_end) : 0;
    zip_u16(b, (uint32_t)comment + z->comment_wrong);
    buffer_add(b, z->after_end, comment);
}

static inline void zip_free(zip_writer *z) {
    buffer_free(&z->file);
    memset(z, 0, sizeof *z);
}

#endif
