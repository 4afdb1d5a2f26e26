/* labels.h: class names from a text file, one a line, in the order of the classes. */
#ifndef LABELS_H
#define LABELS_H

#include <stdbool.h>
#include <stdint.h>

struct labels {
    char *text;         /* the file, lines ended by NUL */
    const char **names; /* [count], into text */
    int32_t count;
};

/* Reads exactly `expected` names. On false it has said why and there is nothing to free. */
bool labels_read(struct labels *labels, const char *path, int32_t expected);
void labels_free(struct labels *labels);

#endif
