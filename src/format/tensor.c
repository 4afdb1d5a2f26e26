/* tensor.c: what every format shares about tensors: types, sizes, placement in the file, reading as float. See format.h. */
#include <stdio.h>
#include <string.h>
#include "base/checked.h"
#include "base/sort.h"
#include "format/convert.h"
#include "format/format.h"

#define PANEL 16 /* rows side by side in VI_LAYOUT_PANEL */
#define INT8_COLUMNS 65536 /* at most, so that sums of their products fit into 32 bits */

static const struct {
    vi_dtype dtype;
    size_t size;
    char name[8];
} dtypes[] = {
    {VI_DT_F32, 4, "F32"}, {VI_DT_BF16, 2, "BF16"}, {VI_DT_F16, 2, "F16"}, {VI_DT_F64, 8, "F64"}, {VI_DT_I64, 8, "I64"},
    {VI_DT_I32, 4, "I32"}, {VI_DT_I16, 2, "I16"},   {VI_DT_I8, 1, "I8"},   {VI_DT_U64, 8, "U64"}, {VI_DT_U32, 4, "U32"},
    {VI_DT_U16, 2, "U16"}, {VI_DT_U8, 1, "U8"},     {VI_DT_BOOL, 1, "BOOL"},
    {VI_DT_Q4_0, 0, "Q4_0"}, {VI_DT_Q4_1, 0, "Q4_1"}, {VI_DT_Q5_0, 0, "Q5_0"}, {VI_DT_Q5_1, 0, "Q5_1"}, {VI_DT_Q8_0, 0, "Q8_0"},
};

const char *vi_dtype_name(vi_dtype t) {
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        if (dtypes[i].dtype == t) return dtypes[i].name;
    }
    return "of another type";
}

size_t vi_dtype_size(vi_dtype t) {
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        if (dtypes[i].dtype == t) return dtypes[i].size;
    }
    return 0;
}

bool vi_dtype_is_real(vi_dtype t) {
    return t >= VI_DT_F32 && t <= VI_DT_Q8_0;
}

vi_dtype vi_dtype_named(const char *name, size_t length) {
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        if (dtypes[i].size == 0) continue; /* safetensors has no blocks */
        if (strlen(dtypes[i].name) == length && memcmp(dtypes[i].name, name, length) == 0) return dtypes[i].dtype;
    }
    return VI_DT_OTHER;
}

const char *vi_shape_text(char *dst, size_t size, const vi_tensor *t) {
    size_t used = 0;
    for (uint32_t i = 0; i < t->rank && used < size; i++) {
        int n = snprintf(dst + used, size - used, i == 0 ? "[%llu" : ", %llu", (unsigned long long)t->shape[i]);
        used += n > 0 ? (size_t)n : 0;
    }
    if (used < size) snprintf(dst + used, size - used, "%s%s", t->rank == 0 ? "[]" : "]", t->turned ? " (transposed)" : "");
    return dst;
}

/* ---- sizes -------------------------------------------------------------------------------------------------------------- */

bool vi_shape_elements(uint32_t rank, const uint64_t *shape, uint64_t *elements) {
    uint64_t product = 1;
    bool fits = true;
    for (uint32_t i = 0; i < rank; i++) {
        if (shape[i] == 0) {
            *elements = 0;
            return true;
        }
        fits = fits && vi_mul_u64(product, shape[i], &product);
    }
    if (fits) *elements = product;
    return fits;
}

/* [ceil(N/16)][K][16] f32, [ceil(N/16)][ceil(K/2)][16][2] bf16, or two f32 for each row and [ceil(N/16)][ceil(K/4)][16][4] bytes,
 * as kernels.h lays them out. */
static bool panel_bytes(vi_dtype dtype, const uint64_t *shape, uint64_t *bytes) {
    uint64_t panels = shape[0] / PANEL + (shape[0] % PANEL != 0);
    uint64_t columns = shape[1]; /* of 64 bytes: 16 floats, pairs or fours */
    if (dtype == VI_DT_BF16) columns = shape[1] / 2 + shape[1] % 2;
    if (dtype == VI_DT_I8) columns = shape[1] / 4 + (shape[1] % 4 != 0) + 2;
    return vi_mul_u64(panels, columns, bytes) && vi_mul_u64(*bytes, PANEL * 4, bytes);
}

/* Whole blocks in each row. */
static bool block_bytes(vi_dtype dtype, uint32_t rank, const uint64_t *shape, uint64_t *bytes) {
    uint64_t elements;
    if (rank == 0 || shape[rank - 1] % VI_BLOCK != 0 || !vi_shape_elements(rank, shape, &elements)) return false;
    return vi_mul_u64(elements / VI_BLOCK, vi_block_bytes(dtype), bytes);
}

bool vi_tensor_bytes(vi_dtype dtype, uint32_t layout, uint32_t rank, const uint64_t *shape, uint64_t *bytes) {
    uint64_t elements, size;
    if (layout == VI_LAYOUT_PANEL) {
        bool known = dtype == VI_DT_F32 || dtype == VI_DT_BF16 || (dtype == VI_DT_I8 && rank == 2 && shape[1] <= INT8_COLUMNS);
        if (rank != 2 || !known || !panel_bytes(dtype, shape, &size)) return false;
    } else {
        if (layout != VI_LAYOUT_ROWS) return false;
        if (vi_block_bytes(dtype) != 0) return block_bytes(dtype, rank, shape, bytes);
        if (vi_dtype_size(dtype) == 0) return false;
        if (!vi_shape_elements(rank, shape, &elements) || !vi_mul_u64(elements, vi_dtype_size(dtype), &size)) return false;
    }
    *bytes = size;
    return true;
}

/* ---- placement ---------------------------------------------------------------------------------------------------------- */

static int compare_offsets(const void *a, const void *b) {
    const vi_tensor *x = a, *y = b;
    if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes); /* empty ones first */
}

int32_t vi_check_packing(const vi_directory *d, uint64_t first, uint64_t end, uint64_t align, const void **scratch, vi_error *e) {
    for (size_t i = 0; i < d->count; i++) scratch[i] = &d->tensors[i];
    vi_sort(scratch, scratch + d->count, d->count, compare_offsets);
    uint64_t next = first; /* no sum wraps: every tensor lies in the file */
    for (size_t i = 0; i < d->count; i++) {
        const vi_tensor *t = scratch[i];
        if (t->offset != next) {
            char name[VI_MAX_NAME + 1];
            return vi_fail(e, VIT_ERROR_CORRUPT, "%s: tensor '%s' starts at byte %llu; expected %llu, without hole or overlap",
                           d->reader->name, vi_printable(name, sizeof name, t->name, strlen(t->name)),
                           (unsigned long long)t->offset, (unsigned long long)next);
        }
        next += t->bytes;
        next += (align - next % align) % align;
    }
    if (next == end) return VIT_OK;
    return vi_fail(e, VIT_ERROR_CORRUPT, "%s: its tensors end at byte %llu, the file at %llu", d->reader->name,
                   (unsigned long long)next, (unsigned long long)end);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

vi_reader *vi_tensor_file(const vi_directory *d, const vi_tensor *t) {
    return t->file == 0 ? d->reader : &d->shards[t->file - 1];
}

static int32_t read_doubles(vi_reader *r, uint64_t at, size_t count, float *dst, vi_error *e) {
    unsigned char raw[1024];
    while (count > 0) {
        size_t n = count < sizeof raw / 8 ? count : sizeof raw / 8;
        int32_t status = vi_reader_read(r, at, raw, n * 8, e);
        if (status != VIT_OK) return status;
        vi_convert(VI_DT_F64, raw, n, dst);
        at += n * 8;
        dst += n;
        count -= n;
    }
    return VIT_OK;
}

/* Elements [first, first + count) of blocks; the range may begin and end inside one. */
static int32_t read_blocks(vi_reader *r, const vi_tensor *t, uint64_t first, size_t count, float *dst, vi_error *e) {
    unsigned char raw[1024];
    float block[VI_BLOCK];
    size_t size = vi_block_bytes(t->dtype), most = sizeof raw / size;
    while (count > 0) {
        size_t skip = (size_t)(first % VI_BLOCK);
        size_t blocks = (count - 1) / VI_BLOCK + 1; /* where both ends are inside, one more comes next time */
        if (blocks > most) blocks = most;
        int32_t status = vi_reader_read(r, t->offset + first / VI_BLOCK * size, raw, blocks * size, e);
        if (status != VIT_OK) return status;
        for (size_t i = 0; i < blocks && count > 0; i++) {
            size_t n = count < VI_BLOCK - skip ? count : VI_BLOCK - skip;
            vi_convert_block(t->dtype, raw + i * size, block);
            memcpy(dst, block + skip, n * sizeof *dst);
            dst += n;
            first += n;
            count -= n;
            skip = 0;
        }
    }
    return VIT_OK;
}

bool vi_tensor_streams(const vi_tensor *t) {
    return vi_dtype_is_real(t->dtype) && t->layout == VI_LAYOUT_ROWS && !t->strided && t->packed == 0;
}

int32_t vi_tensor_read(const vi_directory *d, const vi_tensor *t, uint64_t first, size_t count, float *dst, vi_error *e) {
    vi_reader *r = vi_tensor_file(d, t);
    size_t size = vi_dtype_size(t->dtype);
    if (!vi_tensor_streams(t) || !vi_range_fits(first, count, t->elements)) {
        char name[VI_MAX_NAME + 1];
        return vi_fail(e, VIT_ERROR_UNSUPPORTED, "%s: tensor '%s' is %s, layout %u%s, of %llu elements: cannot read %llu at %llu",
                       r->name, vi_printable(name, sizeof name, t->name, strlen(t->name)), vi_dtype_name(t->dtype),
                       (unsigned)t->layout, t->strided || t->packed != 0 ? ", not in rows" : "", (unsigned long long)t->elements,
                       (unsigned long long)count, (unsigned long long)first);
    }
    if (size == 0) return read_blocks(r, t, first, count, dst, e);
    uint64_t at = t->offset + first * size;
    const unsigned char *view = vi_reader_view(r, at, (uint64_t)count * size);
    if (view != NULL) {
        vi_convert(t->dtype, view, count, dst);
        return VIT_OK;
    }
    if (size > sizeof *dst) return read_doubles(r, at, count, dst, e);
    unsigned char *raw = (unsigned char *)dst + count * (sizeof *dst - size); /* so that no other memory is needed */
    int32_t status = vi_reader_read(r, at, raw, count * size, e);
    if (status == VIT_OK) vi_convert(t->dtype, raw, count, dst);
    return status;
}

const void *vi_tensor_in_place(const vi_directory *d, const vi_tensor *t, size_t align) {
    const vi_reader *r = d->reader;
    if (!vi_little_endian() || !(r->borrowed || r->mapped)) return NULL;
    if (t->file != 0 || t->strided || t->packed != 0) return NULL;
    const void *data = vi_reader_view(r, t->offset, t->bytes);
    return (uintptr_t)data % align == 0 ? data : NULL;
}
