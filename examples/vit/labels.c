/* labels.c: class names from a text file, one a line, in the order of the classes. */
#include "labels.h"

#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "print.h"

#define LABELS_FILE_MAX (64u << 20)

/* Ends every line with NUL, without its carriage return, and returns how many there are up to the last that is not empty.
 * names may be NULL. */
static int32_t split(char *text, size_t size, const char **names, int32_t room) {
    int32_t lines = 0, last = 0;
    for (size_t start = 0; start < size && lines < room; lines++) {
        char *newline = memchr(text + start, '\n', size - start);
        size_t end = newline ? (size_t)(newline - text) : size;
        size_t next = end + 1;
        if (end > start && text[end - 1] == '\r') end--;
        if (end > start) last = lines + 1;
        if (names) {
            text[end] = '\0';
            names[lines] = text + start;
        }
        start = next;
    }
    return last;
}

bool labels_read(struct labels *labels, const char *path, int32_t expected) {
    struct why why;
    struct file file;
    if (!file_read(&file, path, LABELS_FILE_MAX, &why)) {
        complain("%s: %s", path, why.text);
        return false;
    }
    size_t mark = file.size >= 3 && memcmp(file.data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* byte order mark */
    char *text = (char *)file.data + mark;
    int32_t count = split(text, file.size - mark, NULL, INT32_MAX);
    const char **names = NULL;
    if (count != expected || count == 0) {
        complain("%s has %ld class names, but the model has %ld classes", path, (long)count, (long)expected);
    } else if ((names = calloc((size_t)count, sizeof *names)) == NULL) {
        complain("%s: out of memory", path);
    }
    if (names == NULL) {
        file_free(&file);
        return false;
    }
    split(text, file.size - mark, names, count);
    labels->text = (char *)file.data;
    labels->names = names;
    labels->count = count;
    return true;
}

void labels_free(struct labels *labels) {
    free(labels->names);
    free(labels->text);
    *labels = (struct labels){0};
}
