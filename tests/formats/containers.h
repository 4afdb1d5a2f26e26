/* containers.h: what the tests of containers share: files made by make_data.py, opened in every way there is, and the numbers
 * that are in them. */
#ifndef VIT_TEST_CONTAINERS_H
#define VIT_TEST_CONTAINERS_H

#include "formats/support.h"

#include "format/format.h"

#define DATA "tests/formats/data/"

/* Element i of the tensor of that name (make_data.py). */
static inline float expected_number(const char *name, uint64_t i) {
    unsigned sum = 0;
    for (const char *c = name; *c != '\0'; c++) sum += (unsigned char)*c;
    return ((float)((7 * i + 13u * sum) % 61) - 30.0f) / 4.0f;
}

typedef struct opened {
    vi_directory directory;
    vi_reader reader;
    heap heap;
    vi_allocator allocator;
    tape tape;
    unsigned char *bytes;
    int32_t status;
    vi_error error;
} opened;

enum { MAPPED, FROM_FILE, FROM_MEMORY, FROM_CALLBACK, WAYS };

/* o stays where it is until close_file: the allocator refers to it. */
static inline void open_file(opened *o, const char *path, int way) {
    memset(o, 0, sizeof *o);
    size_t size = 0;
    o->allocator = heap_allocator(&o->heap);
    o->bytes = read_file(path, &size);
    CHECK(o->bytes != NULL, "cannot read %s", path);
    o->tape = (tape){.data = o->bytes, .size = size};
    switch (way) {
    case MAPPED:
    case FROM_FILE: o->status = vi_reader_open_path(&o->reader, path, way == MAPPED, &o->error); break;
    case FROM_MEMORY: o->status = vi_reader_open_memory(&o->reader, o->bytes, size, &o->error); break;
    default: o->status = vi_reader_open_callback(&o->reader, tape_read, &o->tape, size, &o->error);
    }
    if (way == MAPPED || way == FROM_FILE) o->reader.path = path;
    if (o->status == VIT_OK) o->status = vi_directory_open(&o->directory, &o->reader, &o->allocator, &o->error);
}

static inline void close_file(opened *o) {
    vi_directory_close(&o->directory, &o->allocator);
    vi_reader_close(&o->reader);
    free(o->bytes);
    CHECK(heap_live(&o->heap) == 0 && !o->heap.wrong && o->allocator.in_use == 0 && !o->tape.wrong, "leak, or a bad read");
}

/* The tensor is there with this shape ("[2, 3]") and, read in every way there is, has the numbers of its name. */
static inline void check_numbers(opened *o, const char *name, vi_dtype dtype, const char *shape) {
    char text[160];
    float x[2048], y[2048];
    const vi_tensor *t = vi_directory_find(&o->directory, name);
    CHECK(t != NULL, "%s is missing", name);
    if (t == NULL) return;
    CHECK(t->dtype == dtype && t->layout == VI_LAYOUT_ROWS, "%s is %s", name, vi_dtype_name(t->dtype));
    CHECK(strcmp(vi_shape_text(text, sizeof text, t), shape) == 0, "%s is %s, expected %s", name, text, shape);
    if (!vi_dtype_is_real(dtype) || t->elements > 2048) return;
    int32_t status = vi_tensor_load(&o->directory, t, x, &o->allocator, &o->error);
    CHECK(status == VIT_OK, "%s: %s", name, o->error.text);
    for (uint64_t i = 0; status == VIT_OK && i < t->elements; i++) {
        CHECK(x[i] == expected_number(name, i), "%s: element %u is %g, expected %g", name, (unsigned)i, (double)x[i],
              (double)expected_number(name, i));
        if (x[i] != expected_number(name, i)) break;
    }
    for (uint64_t i = 0; vi_tensor_streams(t) && i < t->elements; i++) {
        status = vi_tensor_read(&o->directory, t, i, (size_t)(t->elements - i), y, &o->error);
        CHECK(status == VIT_OK && memcmp(x + i, y, (size_t)(t->elements - i) * sizeof *x) == 0, "%s from %u on", name,
              (unsigned)i);
    }
    if (!vi_tensor_streams(t)) {
        CHECK(vi_tensor_read(&o->directory, t, 0, 1, y, NULL) == VIT_ERROR_UNSUPPORTED, "%s cannot be read in pieces", name);
    }
}

#endif
