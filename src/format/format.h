/* Room rule: a format turns a file into a directory of named tensors and metadata. It includes base/ and vit.h only and does
 * not know what a Vision Transformer is.
 *
 * format.h: the tensor directory, and what a container format must provide. formats.c holds the list of formats: to add one,
 * write format/<name>.c and add its row there. */
#ifndef VI_FORMAT_H
#define VI_FORMAT_H

#include "base/alloc.h"
#include "base/reader.h"
#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VI_MAX_RANK 6
#define VI_MAX_DIM 2147483647 /* 2^31 - 1 */
#define VI_MAX_TENSORS 65536
#define VI_MAX_NAME 255
#define VI_MAX_HEADER (16u << 20) /* bytes of a header or directory */
#define VI_CHOICE 64              /* bytes of vi_directory.choice */

typedef enum vi_dtype {
    VI_DT_F32 = 1,
    VI_DT_BF16 = 2,
    VI_DT_F16 = 3,
    VI_DT_F64 = 4, /* readable as float */
    VI_DT_Q4_0 = 5,
    VI_DT_Q4_1,
    VI_DT_Q5_0,
    VI_DT_Q5_1,
    VI_DT_Q8_0, /* also: blocks of 32 small integers with a scale (GGUF) */
    VI_DT_I64 = 10,
    VI_DT_I32,
    VI_DT_I16,
    VI_DT_I8 = 13, /* VI_LAYOUT_PANEL: with scales and sums, which count as part of the elements */
    VI_DT_U64,
    VI_DT_U32,
    VI_DT_U16,
    VI_DT_U8,
    VI_DT_BOOL,
    VI_DT_OTHER /* known to exist, never read */
} vi_dtype;

/* How the elements lie in the file. */
#define VI_LAYOUT_ROWS 0  /* row-major, tight */
#define VI_LAYOUT_PANEL 1 /* rank 2, packed as kernels.h describes for F32, BF16 or I8 */

typedef struct vi_tensor {
    const char *name; /* NUL-terminated, 1..VI_MAX_NAME bytes, unique */
    vi_dtype dtype;
    uint32_t layout;
    uint32_t rank;               /* 0: a scalar, 1 element */
    uint64_t shape[VI_MAX_RANK]; /* every dim <= VI_MAX_DIM, 0 allowed */
    uint64_t elements;           /* product of shape */
    uint64_t offset, bytes;      /* in the file; range and size are checked. Strided: up to the end of the last element */
    bool used;                   /* set by whoever consumed it: what is left over is reported by name */
    bool strided; /* not row-major: element (i, j, ...) is number i * stride[0] + j * stride[1] + ... of the range */
    uint64_t stride[VI_MAX_RANK];
    uint64_t packed;  /* not 0: at `offset` is a deflate stream of so many bytes, which unpacks to ... */
    uint64_t skip;    /* ... `skip` bytes, then the `bytes` of the tensor ... */
    uint32_t crc;     /* ... with this CRC-32 of all that */
    bool unfinished;  /* the stream goes on after them, unread: a slice of a stack */
    bool turned;      /* `shape` is not in the file's order of dimensions (view.h), which messages say */
    uint32_t file;    /* 0: the directory's reader, n: its shards[n - 1] */
} vi_tensor;

/* One metadata record of a .vit file: key -> integers, reals, text. Points into the directory's memory. */
#define VI_META_INT 1  /* one i64 */
#define VI_META_REAL 2 /* count f64 */
#define VI_META_TEXT 3 /* bytes, may hold NULs, followed by a NUL that is not counted */
typedef struct vi_meta {
    uint32_t key, kind;
    int64_t integer;
    const unsigned char *data; /* reals: count little-endian f64, 8-aligned in the file; text: bytes */
    uint32_t count;            /* reals, or bytes of text */
} vi_meta;

/* One named value of a GGUF file; value.key is unused. Integers and truth values are VI_META_INT; a float and a short list of
 * numbers VI_META_REAL; long lists and lists of text are not kept. */
typedef struct vi_named {
    const char *name;
    vi_meta value;
} vi_named;

typedef struct vi_directory {
    const struct vi_format *format;
    vi_reader *reader;
    vi_reader *shards;               /* more files with tensors, opened by and closed with the directory */
    size_t shard_count, shards_size; /* shards_size: bytes of temporary memory */
    vi_named *named;                 /* in the order of the file, names unique */
    size_t named_count;
    char choice[VI_CHOICE]; /* which of several sets of weights was taken ("model_ema"), "" when there was no choice */
    vi_tensor *tensors;     /* sorted by name (strcmp) */
    size_t count;
    vi_meta *meta; /* sorted by key, unique */
    size_t meta_count;
    void *block; /* temporary memory of everything above */
    size_t block_size;
} vi_directory;

typedef struct vi_format {
    const char *name;
    bool (*probe)(const unsigned char *head, size_t n, uint64_t file_size); /* n <= 64 first bytes of the file */
    int32_t (*open)(vi_directory *d, vi_reader *r, vi_allocator *a, vi_error *e);
} vi_format;

extern const vi_format vi_format_vit, vi_format_safetensors, vi_format_zip, vi_format_torch_legacy, vi_format_gguf,
    vi_format_index;

/* Finds the format and reads the directory. On failure nothing is held. The reader must stay open while the directory is used. */
int32_t vi_directory_open(vi_directory *d, vi_reader *r, vi_allocator *a, vi_error *e); /* an index of shards needs r->path */
void vi_directory_close(vi_directory *d, vi_allocator *a);                              /* idempotent */

vi_tensor *vi_directory_find(const vi_directory *d, const char *name); /* NULL when absent */
const vi_meta *vi_directory_meta(const vi_directory *d, uint32_t key); /* NULL when absent */

/* Named values. Each says "absent" also for a value of another type. */
bool vi_named_int(const vi_directory *d, const char *name, int64_t *value);
size_t vi_named_reals(const vi_directory *d, const char *name, double *values, size_t room); /* how many there are, 0: absent */
const char *vi_named_text(const vi_directory *d, const char *name);                          /* NUL-terminated; NULL: absent */

/* "model.safetensors: tensor 'blocks.0.attn.qkv.weight' is F32 [576, 192]" style text of a shape: "[576, 192]". Returns dst. */
const char *vi_shape_text(char *dst, size_t size, const vi_tensor *t);
const char *vi_dtype_name(vi_dtype t);
size_t vi_dtype_size(vi_dtype t);                         /* of one element; 0 for block types and VI_DT_OTHER */
bool vi_dtype_is_real(vi_dtype t);                        /* readable as float */
vi_dtype vi_dtype_named(const char *name, size_t length); /* as in safetensors; VI_DT_OTHER when unknown */

/* Product of the dimensions; false when it does not fit. One dimension of 0 makes it 0, whatever the others are. */
bool vi_shape_elements(uint32_t rank, const uint64_t *shape, uint64_t *elements);
/* Bytes of a tensor of known element size; false when they do not fit, or the layout cannot hold such a tensor. */
bool vi_tensor_bytes(vi_dtype dtype, uint32_t layout, uint32_t rank, const uint64_t *shape, uint64_t *bytes);

/* Checks that the tensors fill [first, end) of the file in some order, each starting where the one before ends, rounded up to
 * `align` bytes. scratch has room for 2 * count pointers. */
int32_t vi_check_packing(const vi_directory *d, uint64_t first, uint64_t end, uint64_t align, const void **scratch, vi_error *e);

/* Whether vi_tensor_read can read it in pieces: real, ROWS, neither strided nor deflated. */
bool vi_tensor_streams(const vi_tensor *t);
/* Elements [first, first + count) of a tensor that streams, as float. Uses no heap and < 2 KiB of stack. */
int32_t vi_tensor_read(const vi_directory *d, const vi_tensor *t, uint64_t first, size_t count, float *dst, vi_error *e);
/* All elements of any real ROWS tensor in row-major order -> dst [t->elements]. Temporary memory: at most about its bytes. */
int32_t vi_tensor_load(const vi_directory *d, const vi_tensor *t, float *dst, vi_allocator *a, vi_error *e);
vi_reader *vi_tensor_file(const vi_directory *d, const vi_tensor *t); /* the reader that `offset` counts in */

/* The tensor's bytes in place: little-endian host, memory that outlives the load (borrowed or mapped), aligned to `align`;
 * else NULL. */
const void *vi_tensor_in_place(const vi_directory *d, const vi_tensor *t, size_t align);

/* ---- writing .vit (format/vit_write.c) ---------------------------------------------------------------------------------- */

typedef struct vi_sink { /* where the bytes go */
    vit_write_fn write;
    void *user;
} vi_sink;

typedef struct vi_write_tensor {
    const char *name;
    vi_dtype dtype; /* VI_DT_F32, VI_DT_BF16 or VI_DT_U8; VI_DT_I8 in panels */
    uint32_t layout, rank;
    uint64_t shape[VI_MAX_RANK];
    const void *data; /* native byte order, as in memory; swapped on big-endian hosts while writing */
    uint64_t bytes;
} vi_write_tensor;

/* Tensors may come in any order and keep it in the data section (64-byte aligned each); meta in any order, VI_META_REAL already
 * little-endian. Deterministic: the same model gives the same bytes. What would not open again is refused (ARGUMENT, LIMIT). */
int32_t vi_vit_write(const vi_sink *sink, const vi_meta *meta, size_t meta_count, const vi_write_tensor *tensors, size_t count,
                     vit_progress_fn progress, void *progress_user, vi_allocator *a, vi_error *e);

#endif
