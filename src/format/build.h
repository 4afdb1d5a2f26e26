/* build.h: makes a directory from tensors as a format finds them. The format goes through its file twice with the same
 * function: the first pass counts, then everything is allocated as one block, the second pass fills it. So whatever the format
 * needs for a moment is gone before anything that stays is allocated, and what all formats must check is checked here. */
#ifndef VI_FORMAT_BUILD_H
#define VI_FORMAT_BUILD_H

#include "format/format.h"

typedef struct vi_builder {
    vi_directory *directory;
    vi_reader *reader;
    vi_allocator *allocator;
    vi_error *error;
    size_t tensors, named, text;               /* of this pass so far; text: bytes of names and values */
    size_t tensor_room, named_room, text_room; /* 0 in the first pass */
    bool filling;
    char *next_text;
    const void **scratch; /* [2 * max(tensors, named)] */
} vi_builder;

typedef int32_t (*vi_build_pass)(vi_builder *b, void *user);

/* d->reader and d->format are set. On failure the directory is to be closed. */
int32_t vi_build(vi_directory *d, vi_build_pass pass, void *user, vi_allocator *a, vi_error *e);

/* Adds a copy of *t called name[0..length). The caller has filled rank, shape, dtype and what says where the elements are; of a
 * real or integer type `bytes` is to be the size of the range. Checked here: name, shape, size, the range if it is not packed. */
int32_t vi_build_tensor(vi_builder *b, const vi_tensor *t, const char *name, size_t length);

/* Adds a named value; `payload` bytes of it are copied: text, or little-endian doubles. */
int32_t vi_build_named(vi_builder *b, const char *name, size_t length, const vi_meta *value, const void *payload, size_t bytes);

/* For messages about a tensor that is not added yet. */
int32_t vi_build_bad(const vi_builder *b, const char *name, size_t length, int32_t code, const char *problem);

/* Sets elements and row-major strides, and `strided` when t->stride asks for another order (dimensions of 1 do not count). The
 * range is then `*extent` elements long. False when something overflows. */
bool vi_build_strides(vi_tensor *t, const uint64_t *stride, uint64_t *extent);

#endif
