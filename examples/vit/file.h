/* file.h: a whole file in memory. */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "print.h"

/* Why something could not be read. */
struct why {
    char text[256];
};

/* Writes the reason and returns false. */
bool refuse(struct why *why, const char *format, ...) PRINT_LIKE_PRINTF(2, 3);

struct file {
    unsigned char *data; /* [size], and a NUL behind */
    size_t size;
};

/* `-` is standard input. Longer than `most` bytes: refused. */
bool file_read(struct file *file, const char *path, size_t most, struct why *why);
void file_free(struct file *file);

#endif
