/* tensor_load.c: whole tensors as float, also those that lie in the file in another order (strides) or deflated. */
#include <string.h>
#include "base/checked.h"
#include "base/inflate.h"
#include "format/convert.h"
#include "format/format.h"
#include "format/view.h"

static int32_t cannot_load(const vi_directory *d, const vi_tensor *t, const char *problem, vi_error *e) {
    char name[VI_MAX_NAME + 1];
    return vi_fail(e, VIT_ERROR_UNSUPPORTED, "%s: tensor '%s' is %s: %s", vi_tensor_file(d, t)->name,
                   vi_printable(name, sizeof name, t->name, strlen(t->name)), vi_dtype_name(t->dtype), problem);
}

/* ---- strides ------------------------------------------------------------------------------------------------------------ */

/* Goes through a tensor in row-major order, a run along the last dimension at a time. */
typedef struct walk {
    const vi_tensor *t;
    uint64_t index[VI_MAX_RANK];
    uint64_t at;           /* element of the file's range where the run begins */
    uint64_t runs;         /* left */
    uint64_t length, step; /* of a run: elements, and how far they lie apart */
} walk;

static walk walk_start(const vi_tensor *t) {
    walk w = {.t = t, .runs = t->elements, .length = 1, .step = 1};
    if (t->rank > 0 && t->elements > 0) {
        w.length = t->shape[t->rank - 1];
        w.step = t->stride[t->rank - 1];
        w.runs = t->elements / w.length;
    }
    return w;
}

static void walk_next(walk *w) {
    w->runs--;
    for (uint32_t i = w->t->rank; i-- > 1;) { /* dimension i - 1: the last one is the run */
        w->at += w->t->stride[i - 1];
        if (++w->index[i - 1] < w->t->shape[i - 1]) return;
        w->at -= w->t->stride[i - 1] * w->t->shape[i - 1];
        w->index[i - 1] = 0;
    }
}

/* range: the tensor's bytes. */
static void gather(const vi_tensor *t, const unsigned char *range, float *dst) {
    size_t size = vi_dtype_size(t->dtype);
    for (walk w = walk_start(t); w.runs > 0; walk_next(&w)) {
        const unsigned char *p = range + (size_t)w.at * size;
        if (w.step == 1)
            vi_convert(t->dtype, p, (size_t)w.length, dst);
        else
            for (size_t i = 0; i < w.length; i++) vi_convert(t->dtype, p + i * (size_t)w.step * size, 1, dst + i);
        dst += w.length;
    }
}

/* The same with one read for each run, or each element: for a few elements of a large range. */
static int32_t gather_runs(const vi_directory *d, const vi_tensor *t, float *dst, vi_error *e) {
    vi_tensor row = *t; /* the range as one row */
    row.strided = false;
    row.elements = t->bytes / vi_dtype_size(t->dtype);
    for (walk w = walk_start(t); w.runs > 0; walk_next(&w)) {
        uint64_t n = w.step == 1 ? w.length : 1;
        for (uint64_t i = 0; i < w.length; i += n) {
            int32_t status = vi_tensor_read(d, &row, w.at + i * w.step, (size_t)n, dst, e);
            if (status != VIT_OK) return status;
            dst += n;
        }
    }
    return VIT_OK;
}

/* ---- deflated ----------------------------------------------------------------------------------------------------------- */

/* The stream's next count elements as float. */
static int32_t unpack_elements(vi_inflater *s, vi_dtype dtype, size_t count, float *dst, vi_error *e) {
    unsigned char piece[1024];
    size_t size = vi_dtype_size(dtype);
    int32_t status = VIT_OK;
    while (status == VIT_OK && count > 0) {
        size_t n = count < sizeof piece / size ? count : sizeof piece / size;
        status = vi_inflate_read(s, piece, n * size, e);
        if (status == VIT_OK) vi_convert(dtype, piece, n, dst);
        dst += n;
        count -= n;
    }
    return status;
}

static int32_t unpack_end(vi_inflater *s, const vi_tensor *t, vi_error *e) {
    return t->unfinished ? VIT_OK : vi_inflate_finish(s, t->crc, e);
}

/* The stream's tensor -> raw [t->bytes], or as float -> dst [t->elements] when raw is NULL. */
static int32_t unpack(vi_inflater *s, const vi_tensor *t, unsigned char *raw, float *dst, vi_error *e) {
    int32_t status = vi_inflate_skip(s, t->skip, e);
    if (status == VIT_OK && raw != NULL) status = vi_inflate_read(s, raw, (size_t)t->bytes, e);
    if (status == VIT_OK && raw == NULL) status = unpack_elements(s, t->dtype, (size_t)t->elements, dst, e);
    return status == VIT_OK ? unpack_end(s, t, e) : status;
}

static int32_t load_deflated(const vi_directory *d, const vi_tensor *t, unsigned char *raw, float *dst, vi_allocator *a,
                             vi_error *e) {
    vi_inflater *s = vi_alloc(a, sizeof *s, VI_TEMPORARY);
    if (s == NULL) return vi_alloc_failed(a, sizeof *s, "unpacking a tensor", e);
    vi_inflate_start(s, vi_tensor_file(d, t), t->offset, t->packed, t->name);
    int32_t status = unpack(s, t, raw, dst, e);
    vi_free(a, s, sizeof *s, VI_TEMPORARY);
    return status;
}

/* ---- all of them -------------------------------------------------------------------------------------------------------- */

static int32_t load_strided(const vi_directory *d, const vi_tensor *t, float *dst, vi_allocator *a, vi_error *e) {
    vi_reader *r = vi_tensor_file(d, t);
    size_t size = vi_dtype_size(t->dtype), bytes = (size_t)t->bytes;
    const unsigned char *range = t->packed != 0 ? NULL : vi_reader_view(r, t->offset, t->bytes);
    if (range != NULL) {
        gather(t, range, dst);
        return VIT_OK;
    }
    if (t->packed == 0 && t->bytes / size / 2 > t->elements) return gather_runs(d, t, dst, e);
    unsigned char *copy = vi_alloc(a, bytes, VI_TEMPORARY);
    if (copy == NULL) return vi_alloc_failed(a, bytes, "a tensor that is not in rows", e);
    int32_t status = t->packed != 0 ? load_deflated(d, t, copy, NULL, a, e) : vi_reader_read(r, t->offset, copy, bytes, e);
    if (status == VIT_OK) gather(t, copy, dst);
    vi_free(a, copy, bytes, VI_TEMPORARY);
    return status;
}

int32_t vi_tensor_load(const vi_directory *d, const vi_tensor *t, float *dst, vi_allocator *a, vi_error *e) {
    if (!vi_dtype_is_real(t->dtype) || t->layout != VI_LAYOUT_ROWS) return cannot_load(d, t, "not readable as float", e);
    if (t->elements > SIZE_MAX / sizeof *dst || t->bytes > SIZE_MAX) return cannot_load(d, t, "too large for this machine", e);
    if (vi_tensor_streams(t)) return vi_tensor_read(d, t, 0, (size_t)t->elements, dst, e);
    if (t->elements == 0) return VIT_OK;
    return t->strided ? load_strided(d, t, dst, a, e) : load_deflated(d, t, NULL, dst, a, e);
}

/* ---- by columns --------------------------------------------------------------------------------------------------------- */

/* s NULL: the tensor lies in the file as it is. */
static int32_t columns_of(const vi_directory *d, const vi_tensor *t, vi_inflater *s, size_t rows, float *buffer, size_t most,
                          vi_columns_fn take, void *user, vi_error *e) {
    vi_tensor line = *t; /* the elements in the order of the file */
    size_t columns = (size_t)t->elements / rows;
    int32_t status = s != NULL ? vi_inflate_skip(s, t->skip, e) : VIT_OK;
    line.strided = false;
    for (size_t first = 0; status == VIT_OK && first < columns; first += most) {
        size_t n = columns - first < most ? columns - first : most;
        status = s != NULL ? unpack_elements(s, t->dtype, n * rows, buffer, e)
                           : vi_tensor_read(d, &line, (uint64_t)first * rows, n * rows, buffer, e);
        if (status == VIT_OK) take(user, first, n, buffer);
    }
    return status == VIT_OK && s != NULL ? unpack_end(s, t, e) : status;
}

int32_t vi_tensor_columns(const vi_directory *d, const vi_tensor *t, size_t rows, float *buffer, size_t most, vi_columns_fn take,
                          void *user, vi_allocator *a, vi_error *e) {
    if (t->packed == 0) return columns_of(d, t, NULL, rows, buffer, most, take, user, e);
    vi_inflater *s = vi_alloc(a, sizeof *s, VI_TEMPORARY);
    if (s == NULL) return vi_alloc_failed(a, sizeof *s, "unpacking a tensor", e);
    vi_inflate_start(s, vi_tensor_file(d, t), t->offset, t->packed, t->name);
    int32_t status = columns_of(d, t, s, rows, buffer, most, take, user, e);
    vi_free(a, s, sizeof *s, VI_TEMPORARY);
    return status;
}
