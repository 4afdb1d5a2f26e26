/* zip.c: see zip.h. Sizes are taken from the central directory alone: local headers may leave them out. */
#include "format/zip.h"

#include <string.h>
#include "base/arena.h"
#include "base/checked.h"
#include "base/sort.h"
#include "format/format.h"

#define LOCAL_BYTES 30   /* local header, then name and extra field */
#define CENTRAL_BYTES 46 /* record of the central directory, then name, extra field, comment */
#define END_BYTES 22     /* end record, then a comment up to the end of the file */
#define END64_BYTES 56
#define LOCATOR_BYTES 20
#define MAX_COMMENT 65535

static int32_t corrupt(const vi_reader *r, const char *problem, vi_error *e) {
    return vi_fail(e, VIT_ERROR_CORRUPT, "%s: zip archive: %s", r->name, problem);
}

static bool starts_with(const unsigned char *p, const char *signature) { return memcmp(p, signature, 4) == 0; }

/* ---- the end ------------------------------------------------------------------------------------------------------------ */

/* Where the end record is: right before the end of the file, or before a comment there. */
static int32_t find_end(vi_reader *r, uint64_t *at, unsigned char *record, vi_error *e) {
    unsigned char piece[1024];
    const size_t most = sizeof piece - END_BYTES + 1; /* places where the record fits into a piece */
    uint64_t last = r->size < END_BYTES ? 0 : r->size - END_BYTES, first = last < MAX_COMMENT ? 0 : last - MAX_COMMENT;
    for (uint64_t high = r->size < END_BYTES ? 0 : last + 1; high > first;) { /* places in [first, high) are left */
        size_t places = high - first < most ? (size_t)(high - first) : most;
        high -= places;
        int32_t status = vi_reader_read(r, high, piece, places - 1 + END_BYTES, e);
        if (status != VIT_OK) return status;
        for (size_t i = places; i-- > 0;) {
            if (!starts_with(piece + i, "PK\5\6") || vi_load_u16(piece + i + 20) != last - (high + i)) continue;
            *at = high + i;
            memcpy(record, piece + i, END_BYTES);
            return VIT_OK;
        }
    }
    return corrupt(r, "truncated: its end is missing (is the download complete?)", e);
}

typedef struct end {
    uint64_t at;                     /* the directory ends here */
    uint64_t directory, size, count; /* of the central directory: offset, bytes, records */
} end;

static int32_t read_end64(vi_reader *r, uint64_t at, end *found, vi_error *e) {
    unsigned char record[END64_BYTES] = {0};
    if (!vi_range_fits(at, END64_BYTES, found->at)) return corrupt(r, "its ZIP64 end record is outside the file", e);
    int32_t status = vi_reader_read(r, at, record, sizeof record, e);
    if (status != VIT_OK) return status;
    if (!starts_with(record, "PK\6\6")) return corrupt(r, "its ZIP64 end record is not where it should be", e);
    *found = (end){at, vi_load_u64(record + 48), vi_load_u64(record + 40), vi_load_u64(record + 32)};
    bool parts = vi_load_u32(record + 16) != 0 || vi_load_u32(record + 20) != 0 || vi_load_u64(record + 24) != found->count;
    return parts ? corrupt(r, "it is one part of several", e) : VIT_OK;
}

static int32_t read_end(vi_reader *r, end *found, vi_error *e) {
    unsigned char record[END_BYTES] = {0}, locator[LOCATOR_BYTES] = {0};
    uint64_t at = 0;
    int32_t status = find_end(r, &at, record, e);
    if (status != VIT_OK) return status;
    *found = (end){at, vi_load_u32(record + 16), vi_load_u32(record + 12), vi_load_u16(record + 10)};
    bool parts = vi_load_u32(record + 4) != 0 || vi_load_u16(record + 8) != found->count;
    if (at >= LOCATOR_BYTES) {
        status = vi_reader_read(r, at - LOCATOR_BYTES, locator, sizeof locator, e);
        if (status != VIT_OK) return status;
        if (starts_with(locator, "PK\6\7")) {
            found->at = at - LOCATOR_BYTES;
            parts = vi_load_u32(locator + 4) != 0 || vi_load_u32(locator + 16) > 1;
            status = read_end64(r, vi_load_u64(locator + 8), found, e);
        }
    }
    if (status != VIT_OK) return status;
    if (parts) return corrupt(r, "it is one part of several", e);
    if (found->size > found->at || found->directory != found->at - found->size) {
        return corrupt(r, "its directory is not right before its end", e);
    }
    if (found->size > VI_MAX_HEADER) {
        return vi_fail(e, VIT_ERROR_LIMIT, "%s: zip archive: its directory has %llu bytes; at most %u are accepted", r->name,
                       (unsigned long long)found->size, VI_MAX_HEADER);
    }
    return found->count <= found->size / CENTRAL_BYTES ? VIT_OK : corrupt(r, "its directory is cut off", e);
}

/* ---- the directory ------------------------------------------------------------------------------------------------------ */

/* ZIP64: numbers that do not fit their field are in the extra field, in this order. */
static bool read_extra(vi_zip_member *m, const unsigned char *extra, size_t size) {
    uint64_t *const fields[] = {&m->size, &m->packed, &m->header};
    while (size >= 4) {
        size_t length = vi_load_u16(extra + 2);
        if (length > size - 4) return false;
        const unsigned char *p = extra + 4;
        extra += 4 + length;
        size -= 4 + length;
        if (vi_load_u16(p - 4) != 1) continue;
        for (size_t i = 0; i < 3; i++) {
            if (*fields[i] != 0xFFFFFFFFu) continue;
            if (length < 8) return false;
            *fields[i] = vi_load_u64(p);
            p += 8;
            length -= 8;
        }
        return true;
    }
    return m->size != 0xFFFFFFFFu && m->packed != 0xFFFFFFFFu && m->header != 0xFFFFFFFFu;
}

/* One record at p, with `room` bytes up to the end of the directory; *size is what it takes of them. */
static int32_t read_record(vi_zip_member *m, unsigned char *p, size_t room, size_t *size, const vi_reader *r, vi_error *e) {
    if (room < CENTRAL_BYTES || !starts_with(p, "PK\1\2")) return corrupt(r, "a record of its directory is missing", e);
    size_t name = vi_load_u16(p + 28), extra = vi_load_u16(p + 30), comment = vi_load_u16(p + 32);
    *size = CENTRAL_BYTES + name + extra + comment;
    if (*size > room) return corrupt(r, "its directory is cut off", e);
    *m = (vi_zip_member){.packed = vi_load_u32(p + 20),
                         .size = vi_load_u32(p + 24),
                         .header = vi_load_u32(p + 42),
                         .crc = vi_load_u32(p + 16),
                         .method = vi_load_u16(p + 10)};
    bool encrypted = (vi_load_u16(p + 8) & 1) != 0;
    if (!read_extra(m, p + CENTRAL_BYTES + name, extra)) return corrupt(r, "a ZIP64 field is missing", e);
    /* The name moves one byte down, over the offset, to make room for its NUL. */
    char *text = memmove(p + CENTRAL_BYTES - 1, p + CENTRAL_BYTES, name);
    text[name] = '\0';
    m->name = text;
    if (strlen(text) != name) return corrupt(r, "a name holds a NUL", e);
    return encrypted ? vi_fail(e, VIT_ERROR_UNSUPPORTED, "%s: zip archive: it is encrypted", r->name) : VIT_OK;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(((const vi_zip_member *)a)->name, ((const vi_zip_member *)b)->name);
}

static int32_t sort_members(vi_zip *z, const void **order, vi_zip_member *sorted, vi_error *e) {
    for (size_t i = 0; i < z->count; i++) order[i] = &z->members[i];
    vi_sort(order, order + z->count, z->count, compare_names);
    for (size_t i = 0; i < z->count; i++) {
        memcpy(&sorted[i], order[i], sizeof *sorted);
        if (i > 0 && compare_names(&sorted[i - 1], &sorted[i]) == 0) {
            char name[128];
            return vi_fail(e, VIT_ERROR_CORRUPT, "%s: zip archive: '%s' is in it twice", z->reader->name,
                           vi_printable(name, sizeof name, sorted[i].name, strlen(sorted[i].name)));
        }
    }
    z->members = sorted;
    return VIT_OK;
}

typedef struct memory {
    vi_zip_member *members, *sorted;
    const void **order;
    unsigned char *directory;
} memory;

static memory lay_out(vi_arena *arena, const end *found) {
    size_t count = (size_t)found->count;
    return (memory){
        .members = vi_arena_take(arena, count, sizeof(vi_zip_member)),
        .sorted = vi_arena_take(arena, count, sizeof(vi_zip_member)),
        .order = vi_arena_take(arena, count * 2, sizeof(void *)),
        .directory = vi_arena_take(arena, (size_t)found->size, 1),
    };
}

static int32_t read_directory(vi_zip *z, const end *found, const memory *m, vi_error *e) {
    int32_t status = vi_reader_read(z->reader, found->directory, m->directory, (size_t)found->size, e);
    if (status != VIT_OK) return status;
    size_t at = 0, size = 0;
    for (; z->count < found->count; z->count++, at += size) {
        status = read_record(&m->members[z->count], m->directory + at, (size_t)found->size - at, &size, z->reader, e);
        if (status != VIT_OK) return status;
    }
    if (at != found->size) return corrupt(z->reader, "its directory is longer than its records", e);
    z->members = m->members;
    return sort_members(z, m->order, m->sorted, e);
}

int32_t vi_zip_open(vi_zip *z, vi_reader *r, vi_allocator *a, vi_error *e) {
    end found;
    int32_t status = read_end(r, &found, e);
    if (status != VIT_OK) return status;
    vi_zip opened = {.reader = r, .directory = found.directory};
    vi_arena arena = vi_arena_measure();
    lay_out(&arena, &found);
    opened.block_size = arena.used;
    opened.block = vi_alloc(a, opened.block_size, VI_TEMPORARY);
    if (opened.block == NULL) return vi_alloc_failed(a, opened.block_size, "the directory of a zip archive", e);
    arena = vi_arena_over(opened.block, opened.block_size);
    memory m = lay_out(&arena, &found);
    status = read_directory(&opened, &found, &m, e);
    if (status == VIT_OK)
        *z = opened;
    else
        vi_zip_close(&opened, a);
    return status;
}

void vi_zip_close(vi_zip *z, vi_allocator *a) {
    vi_free(a, z->block, z->block_size, VI_TEMPORARY);
    *z = (vi_zip){0};
}

/* ---- members ------------------------------------------------------------------------------------------------------------ */

const vi_zip_member *vi_zip_find(const vi_zip *z, const char *name) {
    size_t low = 0, high = z->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(z->members[middle].name, name);
        if (order == 0) return &z->members[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static int32_t bad_member(const vi_zip *z, const vi_zip_member *m, int32_t code, const char *problem, vi_error *e) {
    char name[128];
    return vi_fail(e, code, "%s: zip member '%s': %s", z->reader->name, vi_printable(name, sizeof name, m->name, strlen(m->name)),
                   problem);
}

/* The local header's name is the member's: two readers of the archive must not see two things. */
static int32_t check_name(const vi_zip *z, const vi_zip_member *m, size_t length, vi_error *e) {
    unsigned char piece[256];
    bool same = strlen(m->name) == length;
    for (size_t at = 0; same && at < length;) {
        size_t n = length - at < sizeof piece ? length - at : sizeof piece;
        int32_t status = vi_reader_read(z->reader, m->header + LOCAL_BYTES + at, piece, n, e);
        if (status != VIT_OK) return status;
        same = memcmp(piece, m->name + at, n) == 0;
        at += n;
    }
    return same ? VIT_OK : bad_member(z, m, VIT_ERROR_CORRUPT, "its local header has another name", e);
}

int32_t vi_zip_locate(const vi_zip *z, const vi_zip_member *m, uint64_t *offset, vi_error *e) {
    unsigned char header[LOCAL_BYTES] = {0};
    if (m->method != VI_ZIP_STORED && m->method != VI_ZIP_DEFLATED) {
        return bad_member(z, m, VIT_ERROR_UNSUPPORTED, "its compression is neither 'stored' nor 'deflate'", e);
    }
    if (m->method == VI_ZIP_STORED && m->packed != m->size) {
        return bad_member(z, m, VIT_ERROR_CORRUPT, "it is stored, but has two sizes", e);
    }
    if (!vi_range_fits(m->header, LOCAL_BYTES, z->directory)) {
        return bad_member(z, m, VIT_ERROR_CORRUPT, "it lies outside the archive", e);
    }
    int32_t status = vi_reader_read(z->reader, m->header, header, sizeof header, e);
    if (status != VIT_OK) return status;
    size_t name = vi_load_u16(header + 26), extra = vi_load_u16(header + 28);
    if (!starts_with(header, "PK\3\4") || vi_load_u16(header + 8) != m->method) {
        return bad_member(z, m, VIT_ERROR_CORRUPT, "its local header is missing or another's", e);
    }
    uint64_t head = LOCAL_BYTES + name + extra;
    if (!vi_range_fits(m->header, head, z->directory) || m->packed > z->directory - m->header - head) {
        return bad_member(z, m, VIT_ERROR_CORRUPT, "it reaches beyond the archive's directory", e);
    }
    status = check_name(z, m, name, e);
    if (status == VIT_OK) *offset = m->header + head;
    return status;
}
