/* reader.h: a byte source with random access: a file (mapped or read), a block of memory, or the caller's callback.
 * Only reader.c and writer.c do I/O. Reading past the end is an error that names the source, the range and the size. */
#ifndef VI_BASE_READER_H
#define VI_BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/status.h"

typedef struct vi_reader {
    const unsigned char *data; /* whole content when it can be used in place (memory, mapping), else NULL */
    uint64_t size;
    bool borrowed;     /* set by the caller after vi_reader_open_memory: data outlives the context, weights may stay there */
    bool mapped;       /* data is our mapping: weights may stay there until vi_reader_close; another process may change it */
    int descriptor;    /* unmapped file on POSIX: file descriptor + 1, so that 0 is none */
    void *file;        /* unmapped file elsewhere: FILE * */
    vit_read_fn read;  /* caller's callback */
    void *user;
    const char *path;  /* set by the caller: the model's file or folder, where its other files lie; NULL: there are none */
    char name[256];    /* for messages: path (its tail when long), "memory", "reader" */
} vi_reader;

/* On failure nothing is left open. An empty file or memory opens. `map`: try to map the file read-only and private; falls back
 * to reading. Folders, pipes and devices are VIT_ERROR_IO. */
int32_t vi_reader_open_path(vi_reader *r, const char *path, bool map, vi_error *e);
int32_t vi_reader_open_memory(vi_reader *r, const void *data, size_t size, vi_error *e);
int32_t vi_reader_open_callback(vi_reader *r, vit_read_fn read, void *user, uint64_t size, vi_error *e);
void vi_reader_close(vi_reader *r); /* idempotent; also on a zeroed reader */

int32_t vi_reader_read(vi_reader *r, uint64_t offset, void *dst, size_t n, vi_error *e);
const void *vi_reader_view(const vi_reader *r, uint64_t offset, uint64_t n); /* in place, or NULL */

typedef enum vi_path_kind { VI_PATH_ABSENT, VI_PATH_FILE, VI_PATH_FOLDER } vi_path_kind;
vi_path_kind vi_path_look(const char *path); /* FILE also for what only opening can tell */

/* Opens the file `name` beside `path`, the model's file or folder. A missing file is VIT_OK with *found false. */
int32_t vi_reader_open_sibling(vi_reader *r, const char *path, const char *name, bool map, vi_allocator *a, bool *found,
                               vi_error *e);

/* Whole small file beside another one: `path` of the model file or folder, `name` such as "config.json". A missing file is
 * VIT_OK with *text NULL. The text is NUL-terminated, at most `cap` bytes (else VIT_ERROR_LIMIT); free *size + 1 bytes,
 * VI_TEMPORARY. */
int32_t vi_read_sibling(const char *path, const char *name, size_t cap, vi_allocator *a, char **text, size_t *size,
                        vi_error *e);

#endif
