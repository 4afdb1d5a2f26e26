/* file.c: a whole file in memory. It is read piece by piece, as pipes have no size. */
#include "file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "system.h"

bool refuse(struct why *why, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why->text, sizeof why->text, format, arguments);
    va_end(arguments);
    return false;
}

static bool grow(struct file *file, size_t *room, size_t most, struct why *why) {
    if (file->size >= most) return refuse(why, "longer than %zu bytes", most);
    size_t wanted = *room < most / 2 ? *room * 2 : most;
    unsigned char *data = realloc(file->data, wanted + 1);
    if (data == NULL) return refuse(why, "out of memory");
    file->data = data;
    *room = wanted;
    return true;
}

static bool read_all(FILE *stream, struct file *file, size_t most, struct why *why) {
    size_t room = 32768;
    do {
        if (!grow(file, &room, most, why)) return false;
        file->size += fread(file->data + file->size, 1, room - file->size, stream);
        if (ferror(stream)) return refuse(why, "%s", strerror(errno));
    } while (!feof(stream));
    file->data[file->size] = '\0';
    return true;
}

bool file_read(struct file *file, const char *path, size_t most, struct why *why) {
    *file = (struct file){0};
    bool is_input = strcmp(path, "-") == 0;
    if (is_input) system_binary(stdin);
    FILE *stream = is_input ? stdin : fopen(path, "rb");
    if (stream == NULL) return refuse(why, "%s", strerror(errno));
    bool good = read_all(stream, file, most, why);
    if (!is_input) fclose(stream);
    if (!good) file_free(file);
    return good;
}

void file_free(struct file *file) {
    free(file->data);
    *file = (struct file){0};
}
