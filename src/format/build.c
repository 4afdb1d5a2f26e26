/* build.c: see build.h. */
#include "format/build.h"

#include <string.h>
#include "base/arena.h"
#include "base/checked.h"
#include "base/sort.h"

int32_t vi_build_bad(const vi_builder *b, const char *name, size_t length, int32_t code, const char *problem) {
    char text[128];
    return vi_fail(b->error, code, "%s: tensor '%s': %s", b->reader->name, vi_printable(text, sizeof text, name, length),
                   problem);
}

bool vi_build_strides(vi_tensor *t, const uint64_t *stride, uint64_t *extent) {
    uint64_t tight = 1, last = 0, span;
    if (!vi_shape_elements(t->rank, t->shape, &t->elements)) return false;
    for (uint32_t i = t->rank; i-- > 0;) {
        t->stride[i] = stride[i];
        if (t->elements == 0) continue;
        t->strided = t->strided || (t->shape[i] > 1 && stride[i] != tight);
        if (!vi_mul_u64(t->shape[i] - 1, stride[i], &span) || !vi_add_u64(last, span, &last)) return false;
        tight *= t->shape[i]; /* at most t->elements */
    }
    return vi_add_u64(last, t->elements > 0, extent);
}

/* ---- adding ------------------------------------------------------------------------------------------------------------- */

static int32_t changed(const vi_builder *b) {
    return vi_fail(b->error, VIT_ERROR_IO, "%s: changed while it was read", b->reader->name);
}

/* Room for n bytes of text: NULL in the first pass, where they are counted. */
static char *take_text(vi_builder *b, size_t n) {
    char *text = b->next_text;
    b->text += n;
    if (b->filling) b->next_text += n;
    return text;
}

static bool text_fits(const vi_builder *b, size_t n) {
    return b->filling ? n <= b->text_room - b->text : n <= VI_MAX_HEADER - b->text;
}

static int32_t too_much_text(const vi_builder *b) {
    if (b->filling) return changed(b);
    return vi_fail(b->error, VIT_ERROR_LIMIT, "%s: its names and texts have more than %u bytes", b->reader->name, VI_MAX_HEADER);
}

static const char *copy_name(vi_builder *b, const char *name, size_t length) {
    char *text = take_text(b, length + 1);
    if (!b->filling) return NULL;
    memcpy(text, name, length);
    text[length] = '\0';
    return text;
}

static int32_t check_tensor(const vi_builder *b, const vi_tensor *t, const char *name, size_t length) {
    if (length == 0 || memchr(name, 0, length) != NULL) {
        return vi_fail(b->error, VIT_ERROR_CORRUPT, "%s: a tensor name is empty or holds a NUL", b->reader->name);
    }
    if (length > VI_MAX_NAME) return vi_build_bad(b, name, length, VIT_ERROR_LIMIT, "its name is longer than 255 bytes");
    if (t->rank > VI_MAX_RANK) return vi_build_bad(b, name, length, VIT_ERROR_LIMIT, "more than 6 dimensions");
    for (uint32_t i = 0; i < t->rank; i++) {
        if (t->shape[i] > VI_MAX_DIM) return vi_build_bad(b, name, length, VIT_ERROR_LIMIT, "a dimension exceeds 2147483647");
    }
    uint64_t elements, bytes;
    if (!vi_shape_elements(t->rank, t->shape, &elements)) {
        return vi_build_bad(b, name, length, VIT_ERROR_CORRUPT, "shape overflows");
    }
    if (t->dtype != VI_DT_OTHER && !t->strided) {
        bool known = vi_tensor_bytes(t->dtype, VI_LAYOUT_ROWS, t->rank, t->shape, &bytes);
        if (!known || bytes != t->bytes) {
            char text[128], shape[160];
            return vi_fail(b->error, VIT_ERROR_CORRUPT, "%s: tensor '%s' is %s %s, which does not fit its %llu bytes",
                           b->reader->name, vi_printable(text, sizeof text, name, length), vi_dtype_name(t->dtype),
                           vi_shape_text(shape, sizeof shape, t), (unsigned long long)t->bytes);
        }
    }
    const vi_reader *r = vi_tensor_file(b->directory, t);
    if (vi_range_fits(t->offset, t->packed != 0 ? t->packed : t->bytes, r->size)) return VIT_OK;
    return vi_build_bad(b, name, length, VIT_ERROR_CORRUPT, "it reaches beyond the end of the file");
}

int32_t vi_build_tensor(vi_builder *b, const vi_tensor *t, const char *name, size_t length) {
    int32_t status = check_tensor(b, t, name, length);
    if (status != VIT_OK) return status;
    if (b->tensors == VI_MAX_TENSORS) {
        return vi_fail(b->error, VIT_ERROR_LIMIT, "%s: more than %d tensors", b->reader->name, VI_MAX_TENSORS);
    }
    if (b->filling && b->tensors == b->tensor_room) return changed(b);
    if (!text_fits(b, length + 1)) return too_much_text(b);
    const char *copy = copy_name(b, name, length);
    if (b->filling) {
        vi_tensor *added = &b->directory->tensors[b->tensors];
        *added = *t;
        added->name = copy;
        vi_shape_elements(t->rank, t->shape, &added->elements);
    }
    b->tensors++;
    return VIT_OK;
}

int32_t vi_build_named(vi_builder *b, const char *name, size_t length, const vi_meta *value, const void *payload, size_t bytes) {
    if (b->filling && b->named == b->named_room) return changed(b);
    if (!text_fits(b, length + bytes + 2)) return too_much_text(b);
    const char *copy = copy_name(b, name, length);
    char *data = take_text(b, bytes + 1);
    if (b->filling) {
        if (bytes > 0) memcpy(data, payload, bytes);
        data[bytes] = '\0';
        vi_named *added = &b->directory->named[b->named];
        *added = (vi_named){copy, *value};
        added->value.data = (const unsigned char *)data;
    }
    b->named++;
    return VIT_OK;
}

/* ---- order -------------------------------------------------------------------------------------------------------------- */

static int compare_tensors(const void *a, const void *b) {
    return strcmp(((const vi_tensor *)a)->name, ((const vi_tensor *)b)->name);
}

static int compare_named(const void *a, const void *b) {
    return strcmp(((const vi_named *)a)->name, ((const vi_named *)b)->name);
}

/* Moves tensors to where `order` (pointers to them) has them, cycle by cycle. */
static void permute(vi_tensor *tensors, const void **order, size_t count) {
    for (size_t start = 0; start < count; start++) {
        vi_tensor first = tensors[start];
        size_t to = start;
        for (;;) {
            size_t from = (size_t)((const vi_tensor *)order[to] - tensors);
            order[to] = &tensors[to];
            if (from == start) break;
            tensors[to] = tensors[from];
            to = from;
        }
        tensors[to] = first;
    }
}

static int32_t twice(const vi_builder *b, const char *what, const char *name) {
    char text[128];
    return vi_fail(b->error, VIT_ERROR_CORRUPT, "%s: %s '%s' is there twice", b->reader->name, what,
                   vi_printable(text, sizeof text, name, strlen(name)));
}

static int32_t sort_all(vi_builder *b) {
    vi_directory *d = b->directory;
    for (size_t i = 0; i < d->named_count; i++) b->scratch[i] = &d->named[i];
    vi_sort(b->scratch, b->scratch + d->named_count, d->named_count, compare_named);
    for (size_t i = 1; i < d->named_count; i++) {
        if (compare_named(b->scratch[i - 1], b->scratch[i]) == 0) {
            return twice(b, "value", ((const vi_named *)b->scratch[i])->name);
        }
    }
    for (size_t i = 0; i < d->count; i++) b->scratch[i] = &d->tensors[i];
    vi_sort(b->scratch, b->scratch + d->count, d->count, compare_tensors);
    permute(d->tensors, b->scratch, d->count);
    for (size_t i = 1; i < d->count; i++) {
        if (compare_tensors(&d->tensors[i - 1], &d->tensors[i]) == 0) return twice(b, "tensor", d->tensors[i].name);
    }
    return VIT_OK;
}

/* ---- both passes -------------------------------------------------------------------------------------------------------- */

static void lay_out(vi_builder *b, vi_arena *arena) {
    size_t most = b->tensor_room > b->named_room ? b->tensor_room : b->named_room;
    b->directory->tensors = vi_arena_take(arena, b->tensor_room, sizeof(vi_tensor));
    b->directory->named = vi_arena_take(arena, b->named_room, sizeof(vi_named));
    b->scratch = vi_arena_take(arena, 2 * most, sizeof *b->scratch);
    b->next_text = vi_arena_take(arena, b->text_room, 1);
}

int32_t vi_build(vi_directory *d, vi_build_pass pass, void *user, vi_allocator *a, vi_error *e) {
    vi_builder b = {.directory = d, .reader = d->reader, .allocator = a, .error = e};
    int32_t status = pass(&b, user);
    if (status != VIT_OK) return status;
    vi_builder filler = {.directory = d,
                         .reader = d->reader,
                         .allocator = a,
                         .error = e,
                         .filling = true,
                         .tensor_room = b.tensors,
                         .named_room = b.named,
                         .text_room = b.text};
    vi_arena arena = vi_arena_measure();
    lay_out(&filler, &arena);
    d->block_size = arena.used;
    d->block = vi_alloc(a, d->block_size, VI_TEMPORARY);
    if (d->block == NULL) return vi_alloc_failed(a, d->block_size, "the tensor directory", e);
    arena = vi_arena_over(d->block, d->block_size);
    lay_out(&filler, &arena);
    status = pass(&filler, user);
    if (status != VIT_OK) return status;
    d->count = filler.tensors;
    d->named_count = filler.named;
    return sort_all(&filler);
}
