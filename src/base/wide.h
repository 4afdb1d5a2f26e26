/* wide.h: what plain C's stdio lacks elsewhere than on POSIX: UTF-8 paths and 64-bit offsets. On Windows through the
 * wide-character functions; on any other system plain fopen, and files up to LONG_MAX bytes. */
#ifndef VI_BASE_WIDE_H
#define VI_BASE_WIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

FILE *vi_wide_open(const char *path, const char *mode);    /* NULL: failed, errno is set where the system does */
bool vi_wide_is_folder(const char *path);                  /* false where the system cannot tell */
bool vi_wide_replace(const char *from, const char *to);    /* renames; an existing `to` is replaced */
void vi_wide_remove(const char *path);
bool vi_wide_seek(FILE *file, int64_t offset, int origin); /* origin as in fseek */
int64_t vi_wide_tell(FILE *file);                          /* -1: failed */
bool vi_wide_sync(FILE *file);                             /* flushed, and on the disk where the system can tell */

#endif
