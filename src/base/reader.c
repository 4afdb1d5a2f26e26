/* reader.c: see reader.h. The system's file functions are behind six small functions: path_look, file_open, file_map,
 * file_unmap, file_read, file_close, once for POSIX and once for plain C with Windows' wide paths. */
#if defined(__unix__) || defined(__APPLE__)
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64
#define POSIX 1
#else
#define POSIX 0
#endif

#include "base/reader.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include "base/checked.h"

#if POSIX
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#else
#include <stdio.h>
#include "base/wide.h"
#endif

static int32_t open_failed(const vi_reader *r, int number, vi_error *e) {
    const char *why = number == ENOENT  ? "no such file"
                      : number == EACCES ? "permission denied"
                      : number == ENOMEM ? "out of memory"
                      : number == EMFILE ? "too many open files"
                                         : NULL;
    if (why != NULL) return vi_fail(e, VIT_ERROR_IO, "%s: cannot open: %s", r->name, why);
    return vi_fail(e, VIT_ERROR_IO, "%s: cannot open: system error %d", r->name, number);
}

#if POSIX /* ---- POSIX ---------------------------------------------------------------------------------------------------- */

vi_path_kind vi_path_look(const char *path) {
    struct stat s;
    if (stat(path, &s) != 0) return errno == ENOENT || errno == ENOTDIR ? VI_PATH_ABSENT : VI_PATH_FILE;
    return S_ISDIR(s.st_mode) ? VI_PATH_FOLDER : VI_PATH_FILE;
}

static int32_t file_open(vi_reader *r, const char *path, vi_error *e) {
    int fd;
    do fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* NONBLOCK: a pipe without writer must not hang us */
    while (fd < 0 && errno == EINTR);
    if (fd < 0) return open_failed(r, errno, e);
    struct stat s;
    int32_t status = VIT_OK;
    if (fstat(fd, &s) != 0) status = open_failed(r, errno, e);
    else if (S_ISDIR(s.st_mode)) status = vi_fail(e, VIT_ERROR_IO, "%s: expected a file, found a folder", r->name);
    else if (!S_ISREG(s.st_mode)) status = vi_fail(e, VIT_ERROR_IO, "%s: expected a file, found a pipe or device", r->name);
    if (status != VIT_OK) {
        close(fd);
        return status;
    }
    r->descriptor = fd + 1;
    r->size = (uint64_t)s.st_size;
    return VIT_OK;
}

static void file_map(vi_reader *r) {
    if (r->size == 0 || r->size > SIZE_MAX) return;
    void *data = mmap(NULL, (size_t)r->size, PROT_READ, MAP_PRIVATE, r->descriptor - 1, 0);
    if (data == MAP_FAILED) return;
    r->data = data;
    r->mapped = true;
    close(r->descriptor - 1);
    r->descriptor = 0;
}

static void file_unmap(vi_reader *r) {
    /* The cast drops a const that is ours: the mapping was made by file_map. */
    munmap((void *)(uintptr_t)r->data, (size_t)r->size);
}

static bool file_read(vi_reader *r, uint64_t offset, unsigned char *dst, size_t n) {
    while (n > 0) {
        ssize_t got = pread(r->descriptor - 1, dst, n < SSIZE_MAX ? n : SSIZE_MAX, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        dst += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

static bool file_is_open(const vi_reader *r) {
    return r->descriptor != 0;
}

static void file_close(vi_reader *r) {
    close(r->descriptor - 1);
}

#else /* ---- plain C ------------------------------------------------------------------------------------------------------- */

vi_path_kind vi_path_look(const char *path) {
    size_t length = strlen(path);
    if (length > 0 && (path[length - 1] == '/' || path[length - 1] == '\\')) return VI_PATH_FOLDER;
    if (vi_wide_is_folder(path)) return VI_PATH_FOLDER;
    errno = 0;
    FILE *file = vi_wide_open(path, "rb");
    if (file == NULL) return errno == ENOENT ? VI_PATH_ABSENT : VI_PATH_FILE;
    fclose(file);
    return VI_PATH_FILE;
}

static int32_t file_open(vi_reader *r, const char *path, vi_error *e) {
    if (vi_path_look(path) == VI_PATH_FOLDER) return vi_fail(e, VIT_ERROR_IO, "%s: expected a file, found a folder", r->name);
    errno = 0;
    FILE *file = vi_wide_open(path, "rb");
    if (file == NULL) return open_failed(r, errno, e);
    setvbuf(file, NULL, _IONBF, 0); /* reads are large, or few */
    int64_t size = vi_wide_seek(file, 0, SEEK_END) ? vi_wide_tell(file) : -1;
    if (size < 0) {
        fclose(file);
        return vi_fail(e, VIT_ERROR_IO, "%s: cannot find out its size", r->name);
    }
    r->file = file;
    r->size = (uint64_t)size;
    return VIT_OK;
}

static void file_map(vi_reader *r) {
    (void)r; /* no portable mapping: the file is read */
}

static void file_unmap(vi_reader *r) {
    (void)r;
}

static bool file_read(vi_reader *r, uint64_t offset, unsigned char *dst, size_t n) {
    return n == 0 || (vi_wide_seek(r->file, (int64_t)offset, SEEK_SET) && fread(dst, 1, n, r->file) == n);
}

static bool file_is_open(const vi_reader *r) {
    return r->file != NULL;
}

static void file_close(vi_reader *r) {
    fclose(r->file);
}

#endif /* ---- all ------------------------------------------------------------------------------------------------------------ */

/* The end of a path says more than its beginning. */
static void set_name(vi_reader *r, const char *path) {
    size_t length = strlen(path), room = sizeof r->name - 1;
    if (length <= room) {
        vi_printable(r->name, sizeof r->name, path, length);
        return;
    }
    memcpy(r->name, "...", 3);
    const char *tail = path + length - (room - 3);
    while (((unsigned char)*tail & 0xC0) == 0x80) tail++;
    vi_printable(r->name + 3, sizeof r->name - 3, tail, strlen(tail));
}

int32_t vi_reader_open_path(vi_reader *r, const char *path, bool map, vi_error *e) {
    *r = (vi_reader){0};
    set_name(r, path);
    int32_t status = file_open(r, path, e);
    if (status != VIT_OK) {
        *r = (vi_reader){0};
        return status;
    }
    if (map) file_map(r);
    return VIT_OK;
}

int32_t vi_reader_open_memory(vi_reader *r, const void *data, size_t size, vi_error *e) {
    *r = (vi_reader){0};
    if (data == NULL && size != 0) return vi_fail(e, VIT_ERROR_ARGUMENT, "memory: data is NULL, but its size is %zu", size);
    r->data = data;
    r->size = size;
    set_name(r, "memory");
    return VIT_OK;
}

int32_t vi_reader_open_callback(vi_reader *r, vit_read_fn read, void *user, uint64_t size, vi_error *e) {
    *r = (vi_reader){0};
    if (read == NULL) return vi_fail(e, VIT_ERROR_ARGUMENT, "reader: the callback is NULL");
    r->read = read;
    r->user = user;
    r->size = size;
    set_name(r, "reader");
    return VIT_OK;
}

void vi_reader_close(vi_reader *r) {
    if (r->mapped) file_unmap(r);
    if (file_is_open(r)) file_close(r);
    *r = (vi_reader){0};
}

int32_t vi_reader_read(vi_reader *r, uint64_t offset, void *dst, size_t n, vi_error *e) {
    if (!vi_range_fits(offset, n, r->size)) {
        return vi_fail(e, VIT_ERROR_CORRUPT, "%s: %llu bytes at offset %llu are beyond its end at %llu", r->name,
                       (unsigned long long)n, (unsigned long long)offset, (unsigned long long)r->size);
    }
    if (n == 0) return VIT_OK;
    if (r->data != NULL) {
        memcpy(dst, r->data + offset, n);
        return VIT_OK;
    }
    bool done = r->read != NULL ? r->read(r->user, offset, dst, n) == 0 : file_read(r, offset, dst, n);
    if (done) return VIT_OK;
    return vi_fail(e, VIT_ERROR_IO, "%s: reading %llu bytes at offset %llu failed", r->name, (unsigned long long)n,
                   (unsigned long long)offset);
}

const void *vi_reader_view(const vi_reader *r, uint64_t offset, uint64_t n) {
    if (r->data == NULL || !vi_range_fits(offset, n, r->size)) return NULL;
    return r->data + offset;
}

/* ---- files beside the model ---------------------------------------------------------------------------------------------- */

static bool is_separator(char c) {
    return c == '/' || (!POSIX && c == '\\');
}

/* The first `length` bytes of folder, a separator where needed, name: a temporary block of *size bytes, or NULL. */
static char *join(const char *folder, size_t length, const char *name, vi_allocator *a, size_t *size) {
    size_t name_size = strlen(name) + 1, total;
    bool slash = length > 0 && !is_separator(folder[length - 1]);
    if (!vi_add_size(length, slash, &total) || !vi_add_size(total, name_size, &total)) return NULL;
    char *path = vi_alloc(a, total, VI_TEMPORARY);
    if (path == NULL) return NULL;
    memcpy(path, folder, length);
    if (slash) path[length] = '/';
    memcpy(path + length + slash, name, name_size);
    *size = total;
    return path;
}

int32_t vi_reader_open_sibling(vi_reader *r, const char *path, const char *name, bool map, vi_allocator *a, bool *found,
                               vi_error *e) {
    size_t length = strlen(path), size = 0;
    if (vi_path_look(path) != VI_PATH_FOLDER) {
        while (length > 0 && !is_separator(path[length - 1])) length--;
    }
    char *sibling = join(path, length, name, a, &size);
    if (sibling == NULL) return vi_alloc_failed(a, length + strlen(name) + 2, "a path", e);
    *found = vi_path_look(sibling) != VI_PATH_ABSENT;
    int32_t status = *found ? vi_reader_open_path(r, sibling, map, e) : VIT_OK;
    vi_free(a, sibling, size, VI_TEMPORARY);
    return status;
}

int32_t vi_read_sibling(const char *path, const char *name, size_t cap, vi_allocator *a, char **text, size_t *size, vi_error *e) {
    vi_reader r = {0};
    bool found = false;
    int32_t status = vi_reader_open_sibling(&r, path, name, false, a, &found, e);
    if (status != VIT_OK) return status;
    if (!found) {
        *text = NULL;
        *size = 0;
        return VIT_OK;
    }
    char *copy = NULL;
    size_t n = (size_t)r.size;
    if (r.size > cap || r.size >= SIZE_MAX) {
        status = vi_fail(e, VIT_ERROR_LIMIT, "%s: expected at most %zu bytes, found %llu", r.name, cap,
                         (unsigned long long)r.size);
    } else if ((copy = vi_alloc(a, n + 1, VI_TEMPORARY)) == NULL) {
        status = vi_alloc_failed(a, n + 1, r.name, e);
    } else {
        status = vi_reader_read(&r, 0, copy, n, e);
    }
    vi_reader_close(&r);
    if (status != VIT_OK) {
        vi_free(a, copy, n + 1, VI_TEMPORARY);
        return status;
    }
    *text = copy;
    *size = n;
    return VIT_OK;
}
