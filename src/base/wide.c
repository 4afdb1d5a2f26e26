/* wide.c: see wide.h. Empty on POSIX, where reader.c and writer.c need none of it. */
#if !defined(__unix__) && !defined(__APPLE__)

#include "base/wide.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#ifdef _WIN32

#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <io.h>

#define PATH_UNITS 900 /* longest path in UTF-16 units: two of them stay below 4 KiB of stack */

/* UTF-8 to UTF-16; false when malformed or too long. */
static bool widen(wchar_t *wide, const char *path) {
    if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide, PATH_UNITS) > 0) return true;
    errno = ENOENT;
    return false;
}

FILE *vi_wide_open(const char *path, const char *mode) {
    wchar_t wide[PATH_UNITS], wide_mode[8];
    size_t n = strlen(mode);
    for (size_t i = 0; i <= n; i++) wide_mode[i] = (wchar_t)mode[i];
    return widen(wide, path) ? _wfopen(wide, wide_mode) : NULL;
}

bool vi_wide_is_folder(const char *path) {
    wchar_t wide[PATH_UNITS];
    DWORD attributes = widen(wide, path) ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

bool vi_wide_replace(const char *from, const char *to) {
    wchar_t wide_from[PATH_UNITS], wide_to[PATH_UNITS];
    if (!widen(wide_from, from) || !widen(wide_to, to)) return false;
    return MoveFileExW(wide_from, wide_to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH) != 0;
}

void vi_wide_remove(const char *path) {
    wchar_t wide[PATH_UNITS];
    if (widen(wide, path)) _wremove(wide);
}

bool vi_wide_seek(FILE *file, int64_t offset, int origin) {
    return _fseeki64(file, offset, origin) == 0;
}

int64_t vi_wide_tell(FILE *file) {
    return _ftelli64(file);
}

bool vi_wide_sync(FILE *file) {
    return fflush(file) == 0 && _commit(_fileno(file)) == 0;
}

#else /* plain C */

FILE *vi_wide_open(const char *path, const char *mode) {
    return fopen(path, mode);
}

bool vi_wide_is_folder(const char *path) {
    (void)path;
    return false;
}

bool vi_wide_replace(const char *from, const char *to) {
    if (rename(from, to) == 0) return true;
    remove(to); /* systems whose rename does not replace */
    return rename(from, to) == 0;
}

void vi_wide_remove(const char *path) {
    remove(path);
}

bool vi_wide_seek(FILE *file, int64_t offset, int origin) {
    return offset <= LONG_MAX && fseek(file, (long)offset, origin) == 0;
}

int64_t vi_wide_tell(FILE *file) {
    return ftell(file);
}

bool vi_wide_sync(FILE *file) {
    return fflush(file) == 0;
}

#endif
#endif

/* ISO C wants at least one declaration in a file. */
typedef int vi_wide_c_is_not_empty;
