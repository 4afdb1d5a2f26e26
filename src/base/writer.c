/* writer.c: see writer.h. */
#if defined(__unix__) || defined(__APPLE__)
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64
#define POSIX 1
#else
#define POSIX 0
#endif

#include "base/writer.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/checked.h"
#include "base/reader.h"

#if POSIX
#include <fcntl.h>
#include <unistd.h>
#else
#include "base/wide.h"
#endif

#define ATTEMPTS 1000 /* names tried for the temporary file: as many savers of one target at once, or files left by crashes */
#define SUFFIX_SIZE 20 /* ".tmp-999" and its NUL; compilers want room for any int */

#if POSIX /* ---- POSIX ---------------------------------------------------------------------------------------------------- */

static bool file_create(vi_writer *w) {
    int fd;
    do fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    while (fd < 0 && errno == EINTR);
    w->descriptor = fd + 1;
    return fd >= 0;
}

static bool file_write(vi_writer *w, const unsigned char *data, size_t n) {
    while (n > 0) {
        ssize_t put = write(w->descriptor - 1, data, n < SSIZE_MAX ? n : SSIZE_MAX);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        data += put;
        n -= (size_t)put;
    }
    return true;
}

static bool file_sync(vi_writer *w) {
    while (fsync(w->descriptor - 1) != 0) {
        if (errno == EINVAL || errno == ENOTSUP) return true; /* a file system without it */
        if (errno != EINTR) return false;
    }
    return true;
}

static bool file_close(vi_writer *w) {
    int result = close(w->descriptor - 1); /* on EINTR the descriptor is gone as well: never again */
    return result == 0 || errno == EINTR;
}

static bool file_rename(const vi_writer *w) {
    return rename(w->temporary, w->path) == 0;
}

static void file_remove(const vi_writer *w) {
    unlink(w->temporary);
}

#else /* ---- plain C ------------------------------------------------------------------------------------------------------- */

static bool file_create(vi_writer *w) {
    FILE *file = vi_wide_open(w->temporary, "wbx");
    w->file = file;
    if (file != NULL) setvbuf(file, NULL, _IONBF, 0);
    return file != NULL;
}

static bool file_write(vi_writer *w, const unsigned char *data, size_t n) {
    return fwrite(data, 1, n, w->file) == n;
}

static bool file_sync(vi_writer *w) {
    return vi_wide_sync(w->file);
}

static bool file_close(vi_writer *w) {
    return fclose(w->file) == 0;
}

static bool file_rename(const vi_writer *w) {
    return vi_wide_replace(w->temporary, w->path);
}

static void file_remove(const vi_writer *w) {
    vi_wide_remove(w->temporary);
}

#endif /* ---- all ------------------------------------------------------------------------------------------------------------ */

static int32_t failed(const vi_writer *w, const char *doing, int number, vi_error *e) {
    char name[200];
    vi_printable(name, sizeof name, w->path, strlen(w->path));
    const char *why = number == ENOENT   ? "no such folder"
                      : number == EACCES ? "permission denied"
                      : number == ENOSPC ? "the disk is full"
                      : number == EISDIR ? "it is a folder"
                                         : NULL;
    if (why != NULL) return vi_fail(e, VIT_ERROR_IO, "%s: cannot %s: %s", name, doing, why);
    return vi_fail(e, VIT_ERROR_IO, "%s: cannot %s: system error %d", name, doing, number);
}

static void release(vi_writer *w) {
    vi_free(w->allocator, w->temporary, w->temporary_size, VI_TEMPORARY);
    *w = (vi_writer){0};
}

int32_t vi_writer_open(vi_writer *w, const char *path, vi_allocator *a, vi_error *e) {
    vi_writer out = {.path = path, .allocator = a};
    if (vi_path_look(path) == VI_PATH_FOLDER) return failed(&out, "write", EISDIR, e);
    size_t length = strlen(path);
    if (!vi_add_size(length, SUFFIX_SIZE, &out.temporary_size)) return vi_alloc_failed(a, length, "a path", e);
    out.temporary = vi_alloc(a, out.temporary_size, VI_TEMPORARY);
    if (out.temporary == NULL) return vi_alloc_failed(a, out.temporary_size, "a path", e);
    memcpy(out.temporary, path, length);
    for (int i = 0; i < ATTEMPTS; i++) {
        snprintf(out.temporary + length, SUFFIX_SIZE, ".tmp-%d", i);
        errno = 0;
        if (file_create(&out)) {
            *w = out;
            return VIT_OK;
        }
        if (errno != EEXIST) break;
    }
    int32_t status = failed(&out, "create a file beside it", errno, e);
    release(&out);
    return status;
}

int32_t vi_writer_write(void *writer, const void *data, size_t size) {
    return file_write(writer, data, size) ? 0 : -1;
}

int32_t vi_writer_commit(vi_writer *w, vi_error *e) {
    errno = 0;
    const char *doing = NULL;
    if (!file_sync(w)) doing = "write";
    int number = errno;
    if (!file_close(w) && doing == NULL) {
        doing = "write";
        number = errno;
    }
    if (doing == NULL && !file_rename(w)) {
        doing = "rename the finished file";
        number = errno;
    }
    int32_t status = VIT_OK;
    if (doing != NULL) {
        file_remove(w);
        status = failed(w, doing, number, e);
    }
    release(w);
    return status;
}

void vi_writer_abort(vi_writer *w) {
    file_close(w);
    file_remove(w);
    release(w);
}
