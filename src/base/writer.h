/* writer.h: a file that appears whole or not at all: bytes go to a new file beside the target, which commit renames. */
#ifndef VI_BASE_WRITER_H
#define VI_BASE_WRITER_H

#include "base/alloc.h"
#include "base/status.h"

typedef struct vi_writer {
    const char *path; /* the target; the caller's, until commit or abort */
    char *temporary;  /* path of the file being written; temporary memory */
    size_t temporary_size;
    vi_allocator *allocator;
    int descriptor; /* POSIX: file descriptor + 1 */
    void *file;     /* elsewhere: FILE * */
} vi_writer;

/* On failure nothing is left behind. After success exactly one of commit and abort must follow. */
int32_t vi_writer_open(vi_writer *w, const char *path, vi_allocator *a, vi_error *e);
int32_t vi_writer_write(void *writer, const void *data, size_t size); /* a vit_write_fn; user is the vi_writer */
int32_t vi_writer_commit(vi_writer *w, vi_error *e);                  /* on failure the temporary file is removed */
void vi_writer_abort(vi_writer *w);

#endif
