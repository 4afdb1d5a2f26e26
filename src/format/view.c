/* view.c: see view.h. vi_tensor_columns lives in tensor_load.c, with the other ways to get at elements. */
#include "format/view.h"

#include <stdio.h>
#include <string.h>
#include "base/checked.h"
#include "format/build.h"

/* ---- dimensions --------------------------------------------------------------------------------------------------------- */

static void fill_strides(const vi_tensor *t, uint64_t *stride) {
    uint64_t next = 1;
    for (uint32_t i = t->rank; i-- > 0;) {
        stride[i] = t->strided ? t->stride[i] : next;
        next *= t->shape[i] > 0 ? t->shape[i] : 1; /* at most the elements of a tensor that fits its file */
    }
}

void vi_tensor_turn(vi_tensor *t, const uint32_t *order) {
    vi_tensor turned = *t;
    uint64_t before[VI_MAX_RANK], stride[VI_MAX_RANK], extent;
    if (vi_dtype_size(t->dtype) == 0 || t->layout != VI_LAYOUT_ROWS || t->elements == 0) return;
    fill_strides(t, before);
    for (uint32_t i = 0; i < t->rank; i++) {
        turned.shape[i] = t->shape[order[i]];
        stride[i] = before[order[i]];
    }
    turned.strided = false;
    turned.turned = true;
    if (vi_build_strides(&turned, stride, &extent)) *t = turned;
}

/* Element (r, c) is number c * rows + r: the dimensions that make up the rows come last in the file, in their own order. */
bool vi_tensor_by_columns(const vi_tensor *t, uint64_t rows) {
    uint64_t next = 1, found = 1;
    uint32_t split = 0;
    if (!t->strided || t->elements == 0) return false;
    while (split < t->rank && found < rows) found *= t->shape[split++];
    if (found != rows) return false;
    for (uint32_t i = 0; i < t->rank; i++) {
        uint32_t at = i < split ? split - 1 - i : t->rank - 1 - (i - split); /* the rows' dimensions, then the columns' */
        if (t->shape[at] > 1 && t->stride[at] != next) return false;
        next *= t->shape[at];
    }
    return true;
}

/* ---- slices ------------------------------------------------------------------------------------------------------------- */

typedef struct stack {
    const vi_directory *from;
    const char *stem;
    size_t length;         /* of the stem and its slash */
    const vi_tensor *first; /* whose depth the others must have */
} stack;

static bool is_stacked(const stack *s, const vi_tensor *t) {
    return strncmp(t->name, s->stem, s->length - 1) == 0 && t->name[s->length - 1] == '/';
}

static int32_t check_depth(const stack *s, const vi_tensor *t, vi_error *e) {
    char name[VI_MAX_NAME + 1], shape[128];
    const char *file = s->from->reader->name;
    vi_printable(name, sizeof name, t->name, strlen(t->name));
    vi_shape_text(shape, sizeof shape, t);
    if (t->rank == 0 || t->elements == 0 || (vi_dtype_size(t->dtype) == 0 || t->layout != VI_LAYOUT_ROWS))
        return vi_fail(e, VIT_ERROR_MODEL, "%s: tensor '%s' is %s %s, expected a stack [depth, ...] of numbers", file, name,
                       vi_dtype_name(t->dtype), shape);
    if (t->shape[0] != s->first->shape[0])
        return vi_fail(e, VIT_ERROR_MODEL, "%s: tensor '%s' is %s, but '%s' is a stack of %llu blocks", file, name, shape,
                       s->first->name, (unsigned long long)s->first->shape[0]);
    return VIT_OK;
}

/* Number i along the first dimension. Of a deflated stack, what comes before is skipped; only the last slice sees the end of the
 * stream and its CRC, which covers all. */
static bool cut_slice(vi_tensor *slice, const vi_tensor *t, uint64_t i) {
    uint64_t stride[VI_MAX_RANK], extent, before;
    size_t size = vi_dtype_size(t->dtype);
    *slice = *t;
    fill_strides(t, stride);
    slice->rank = t->rank - 1;
    memmove(slice->shape, t->shape + 1, slice->rank * sizeof *t->shape);
    slice->strided = false;
    if (!vi_build_strides(slice, stride + 1, &extent) || !vi_mul_u64(i, stride[0], &before)) return false;
    slice->bytes = extent * size;
    before *= size; /* within the range of t, which fits the file */
    if (t->packed == 0) slice->offset += before;
    slice->skip += before;
    slice->unfinished = t->packed != 0 && before + slice->bytes != t->bytes;
    if (t->packed == 0) slice->skip = 0;
    return true;
}

static int32_t add_slices(vi_builder *b, const stack *s, const vi_tensor *t) {
    int32_t status = check_depth(s, t, b->error);
    for (uint64_t i = 0; status == VIT_OK && i < t->shape[0]; i++) {
        char name[VI_MAX_NAME + 32];
        vi_tensor slice;
        int length = snprintf(name, sizeof name, "%s[%llu]/%s", s->stem, (unsigned long long)i, t->name + s->length);
        if (!cut_slice(&slice, t, i)) return vi_build_bad(b, t->name, strlen(t->name), VIT_ERROR_CORRUPT, "shape overflows");
        status = vi_build_tensor(b, &slice, name, (size_t)length);
    }
    return status;
}

static int32_t unstack_pass(vi_builder *b, void *user) {
    stack *s = user;
    int32_t status = VIT_OK;
    for (size_t i = 0; status == VIT_OK && i < s->from->count; i++) {
        const vi_tensor *t = &s->from->tensors[i];
        bool stacked = is_stacked(s, t);
        if (stacked && s->first == NULL) s->first = t;
        status = stacked ? add_slices(b, s, t) : vi_build_tensor(b, t, t->name, strlen(t->name));
    }
    return status;
}

int32_t vi_directory_unstack(vi_directory *d, const vi_directory *from, const char *stem, vi_allocator *a, vi_error *e) {
    stack s = {.from = from, .stem = stem, .length = strlen(stem) + 1};
    *d = (vi_directory){.format = from->format, .reader = from->reader, .shards = from->shards};
    int32_t status = vi_build(d, unstack_pass, &s, a, e);
    d->shards = NULL; /* not ours to close */
    return status;
}
