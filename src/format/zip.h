/* zip.h: what lies in a zip archive, from its central directory (APPNOTE 6.3, with ZIP64). No encryption, no parts. */
#ifndef VI_FORMAT_ZIP_H
#define VI_FORMAT_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/alloc.h"
#include "base/reader.h"
#include "base/status.h"

#define VI_ZIP_STORED 0
#define VI_ZIP_DEFLATED 8

typedef struct vi_zip_member {
    const char *name;      /* NUL-terminated; not checked to be UTF-8 */
    uint64_t packed, size; /* bytes in the file, bytes unpacked */
    uint64_t header;       /* offset of the local header */
    uint32_t crc, method;
} vi_zip_member;

typedef struct vi_zip {
    vi_reader *reader;
    uint64_t directory;     /* offset of the central directory: members lie before it */
    vi_zip_member *members; /* sorted by name (strcmp), names unique */
    size_t count;
    void *block; /* temporary memory */
    size_t block_size;
} vi_zip;

/* On failure nothing is held. The reader must stay open. */
int32_t vi_zip_open(vi_zip *z, vi_reader *r, vi_allocator *a, vi_error *e);
void vi_zip_close(vi_zip *z, vi_allocator *a);

const vi_zip_member *vi_zip_find(const vi_zip *z, const char *name); /* NULL when absent */

/* Where the member's bytes begin; they lie before the central directory. Reads the local header and checks that it is the
 * member's; the method is known and a stored member has one size. */
int32_t vi_zip_locate(const vi_zip *z, const vi_zip_member *m, uint64_t *offset, vi_error *e);

#endif
