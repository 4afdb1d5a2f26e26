/* native.c: our own .vit files. One table of metadata records serves reading and writing, and the slots keep their canonical
 * names (model/weights.h), so the two directions cannot drift apart. Keys and meanings are pinned: docs/model.md. */
#include "family/families.h"
#include "family/labels.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define KEY_ARCHITECTURE 1
#define KEY_LABELS 2
#define KEY_OPTIONAL 1000 /* records from here on may be skipped by a reader that does not know them */
#define REAL_BYTES 8

/* One number (VI_META_INT: int32_t, VI_META_REAL: float) of vi_hparams, or one float for every channel. Rare ones are stored only
 * where they differ from the default of vi_hparams_init. */
typedef struct meta_row {
    uint8_t key, kind;
    bool per_channel, rare;
    uint16_t offset;
    char name[24];
} meta_row;

#define INT(key, field)                                                                                                          \
    { key, VI_META_INT, false, false, offsetof(vi_hparams, field), #field }
#define REAL(key, field)                                                                                                         \
    { key, VI_META_REAL, false, false, offsetof(vi_hparams, field), #field }
#define REALS(key, field)                                                                                                        \
    { key, VI_META_REAL, true, false, offsetof(vi_hparams, field), #field }
#define RARE_INT(key, field)                                                                                                     \
    { key, VI_META_INT, false, true, offsetof(vi_hparams, field), #field }
#define RARE_REAL(key, field)                                                                                                    \
    { key, VI_META_REAL, false, true, offsetof(vi_hparams, field), #field }

static const meta_row meta_rows[] = {
    INT(10, width),
    INT(11, depth),
    INT(12, heads),
    INT(13, mlp),
    INT(14, channels),
    INT(15, image_width),
    INT(16, image_height),
    INT(17, patch_width),
    INT(18, patch_height),
    INT(19, classes),
    INT(20, class_token),
    INT(21, registers),
    INT(22, position_prefix),
    INT(23, activation),
    INT(24, pool),
    INT(25, position),
    REAL(26, eps),
    INT(27, distilled),
    INT(28, norm_kind),
    INT(29, ffn),
    INT(30, rope),
    REAL(31, rope_theta),
    INT(32, rope_width),
    INT(33, rope_height),
    INT(34, representation),
    INT(35, projection),
    INT(36, raw_tokens),
    REAL(37, crop),
    INT(40, pipeline.resize),
    INT(41, pipeline.filter),
    INT(42, pipeline.crop_rounding),
    INT(43, pipeline.resize_width),
    INT(44, pipeline.resize_height),
    REAL(45, pipeline.scale),
    REALS(46, pipeline.mean),
    REALS(47, pipeline.std),
    RARE_INT(50, block),
    RARE_INT(51, branches),
    RARE_INT(52, positionless),
    RARE_REAL(53, rope_offset),
    RARE_INT(54, rope_columns_first),
    RARE_INT(55, pool_prefix),
    RARE_INT(56, map_heads),
    RARE_INT(57, map_mlp),
    RARE_INT(90, stem_width),
    RARE_INT(91, stem_units[0]),
    RARE_INT(92, stem_units[1]),
    RARE_INT(93, stem_units[2]),
    RARE_INT(94, stem_units[3]),
    RARE_INT(95, stem_groups),
    RARE_REAL(96, stem_eps),
};
#define META_ROWS (sizeof meta_rows / sizeof *meta_rows)

/* The same numbers of the text tower; a file without them has none. */
static const meta_row text_rows[] = {
    INT(60, vocabulary), INT(61, width),     INT(62, depth), INT(63, heads),      INT(64, mlp),  INT(65, context),
    INT(66, activation), REAL(67, eps),      INT(68, ffn),   INT(69, norm_kind), INT(70, causal), INT(71, pick),
    INT(72, end_token),  INT(73, projection),
};
#define TEXT_ROWS (sizeof text_rows / sizeof *text_rows)
#define TEXT_PREFIX "text." /* of its tensors */
#define TOKENIZER "tokenizer" /* a compiled tokenizer, as bytes */

static const char *slot_name(char name[64], const char *prefix, vi_slot slot, int32_t block) {
    size_t length = strlen(prefix);
    memcpy(name, prefix, length);
    vi_slot_text(name + length, 64 - length, slot, block);
    return name;
}

static bool detect(const vi_checkpoint *c) { return strcmp(c->directory->format->name, "vit") == 0; }

static int32_t bad_meta(const vi_checkpoint *c, const meta_row *row, const char *what, vi_error *e) {
    return vi_fail(e, VIT_ERROR_CORRUPT, "%s: metadata %s %s", c->directory->reader->name, row->name, what);
}

static int32_t read_row(const vi_checkpoint *c, const meta_row *row, vi_hparams *h, vi_error *e) {
    const vi_meta *m = vi_directory_meta(c->directory, row->key);
    if (m == NULL && row->rare) return VIT_OK;
    if (m == NULL) return vi_fail(e, VIT_ERROR_MODEL, "%s: metadata %s is missing", c->directory->reader->name, row->name);
    if (m->kind != row->kind) return bad_meta(c, row, "has the wrong type", e);
    unsigned char *field = (unsigned char *)h + row->offset;
    if (row->kind == VI_META_INT) {
        if (m->integer < INT32_MIN || m->integer > INT32_MAX) return bad_meta(c, row, "is out of range", e);
        *(int32_t *)(void *)field = (int32_t)m->integer;
        return VIT_OK;
    }
    uint32_t count = row->per_channel ? (uint32_t)h->channels : 1;
    if (m->count != count || count > VI_MAX_CHANNELS) return bad_meta(c, row, "has the wrong number of values", e);
    for (uint32_t i = 0; i < count; i++) {
        double value = vi_load_f64(m->data + (size_t)i * REAL_BYTES);
        if (!(fabs(value) <= FLT_MAX)) return bad_meta(c, row, "is not a finite number", e);
        ((float *)(void *)field)[i] = (float)value;
    }
    return VIT_OK;
}

static int32_t refuse_unknown_meta(const vi_checkpoint *c, vi_error *e) {
    for (size_t i = 0; i < c->directory->meta_count; i++) {
        uint32_t key = c->directory->meta[i].key;
        bool known = key == KEY_ARCHITECTURE || key == KEY_LABELS || key >= KEY_OPTIONAL;
        for (size_t r = 0; r < META_ROWS && !known; r++) known = meta_rows[r].key == key;
        for (size_t r = 0; r < TEXT_ROWS && !known; r++) known = text_rows[r].key == key;
        if (!known)
            return vi_fail(e, VIT_ERROR_UNSUPPORTED, "%s: metadata record %lu is unknown: written by a newer version?",
                           c->directory->reader->name, (unsigned long)key);
    }
    return VIT_OK;
}

static int32_t hparams(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    vi_hparams *h = &d->hparams;
    int32_t status = refuse_unknown_meta(c, e);
    for (size_t i = 0; i < META_ROWS && status == VIT_OK; i++) status = read_row(c, &meta_rows[i], h, e);
    if (status != VIT_OK) return status;
    h->pipeline.width = h->image_width;
    h->pipeline.height = h->image_height;
    h->pipeline.channels = h->channels;
    const vi_meta *name = vi_directory_meta(c->directory, KEY_ARCHITECTURE);
    if (name != NULL && name->kind == VI_META_TEXT)
        vi_printable(h->architecture, sizeof h->architecture, (const char *)name->data, name->count);
    return VIT_OK;
}

static void bind_slot(const vi_checkpoint *c, const char *prefix, vi_slot slot, int32_t block, vi_source *source) {
    char name[64];
    vi_tensor *t = vi_directory_find(c->directory, slot_name(name, prefix, slot, block));
    if (t == NULL) return;
    t->used = true;
    source->part[0] = t;
    source->parts = 1;
}

/* What is missing is found by vi_describe: its names are ours. */
static int32_t bind_tower(const vi_checkpoint *c, const char *prefix, vi_description *d) {
    vi_place p = {VI_PATCH_W, 0};
    do bind_slot(c, prefix, p.slot, p.block, vi_source_at(d, p));
    while (vi_place_next(&p, &d->hparams));
    return VIT_OK;
}

static int32_t bind(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    (void)e;
    return bind_tower(c, "", d);
}

static int32_t text_hparams(const vi_checkpoint *c, vi_description *d, vi_hparams *text, vi_error *e) {
    (void)d;
    if (vi_directory_meta(c->directory, text_rows[0].key) == NULL) return VIT_OK;
    int32_t status = VIT_OK;
    for (size_t i = 0; i < TEXT_ROWS && status == VIT_OK; i++) status = read_row(c, &text_rows[i], text, e);
    if (status == VIT_OK && text->vocabulary < 1) status = bad_meta(c, &text_rows[0], "is out of range", e);
    return status;
}

static int32_t text_bind(const vi_checkpoint *c, vi_description *text, vi_error *e) {
    vi_tensor *block = vi_directory_find(c->directory, TOKENIZER);
    if (block != NULL) {
        if (block->dtype != VI_DT_U8 || block->rank != 1)
            return vi_fail(e, VIT_ERROR_CORRUPT, "%s: the tokenizer is no list of bytes", c->directory->reader->name);
        block->used = true;
        text->tokenizer_block = block;
    }
    return bind_tower(c, TEXT_PREFIX, text);
}

static int32_t labels(const vi_checkpoint *c, vi_description *d, vi_allocator *a, vi_error *e) {
    const vi_meta *m = vi_directory_meta(c->directory, KEY_LABELS);
    return m != NULL && m->kind == VI_META_TEXT ? vi_labels_from_text(d, m->data, m->count, a, e) : VIT_OK;
}

const vi_family vi_family_native = {
    .name = "vit",
    .detect = detect,
    .hparams = hparams,
    .bind = bind,
    .labels = labels,
    .text_hparams = text_hparams,
    .text_bind = text_bind,
};

/* ---- writing ------------------------------------------------------------------------------------------------------------- */

#define MAX_META (META_ROWS + TEXT_ROWS + 2)
#define MAX_REALS (META_ROWS + TEXT_ROWS + 2 * VI_MAX_CHANNELS) /* one a row, but for mean and std */

/* Everything vi_vit_write is given. */
typedef struct output {
    vi_meta meta[MAX_META];
    size_t meta_count;
    unsigned char reals[MAX_REALS * REAL_BYTES];
    size_t real_bytes;
    vi_write_tensor *tensors; /* [count] */
    char (*names)[64];        /* [count] */
    size_t count;
} output;

static void put_text(output *out, uint32_t key, const char *text, size_t size) {
    if (size == 0) return;
    out->meta[out->meta_count++] =
        (vi_meta){.key = key, .kind = VI_META_TEXT, .data = (const unsigned char *)text, .count = (uint32_t)size};
}

static void put_row(output *out, const meta_row *row, const vi_hparams *h) {
    const unsigned char *field = (const unsigned char *)h + row->offset;
    vi_hparams usual;
    vi_hparams_init(&usual);
    size_t size = row->kind == VI_META_INT ? sizeof(int32_t) : sizeof(float);
    if (row->rare && memcmp(field, (const unsigned char *)&usual + row->offset, size) == 0) return;
    vi_meta *m = &out->meta[out->meta_count++];
    m->key = row->key;
    m->kind = row->kind;
    if (row->kind == VI_META_INT) {
        m->integer = *(const int32_t *)(const void *)field;
        return;
    }
    m->count = row->per_channel ? (uint32_t)h->channels : 1;
    m->data = out->reals + out->real_bytes;
    for (uint32_t i = 0; i < m->count; i++, out->real_bytes += REAL_BYTES)
        vi_store_f64(out->reals + out->real_bytes, ((const float *)(const void *)field)[i]);
}

/* One tower on its way into the file. */
typedef struct out_tower {
    const char *prefix;
    const vi_hparams *hparams;
    const vi_weights *weights;
} out_tower;

/* Adds the weight in `holder` (vi_weights or vi_block) unless it is absent; without memory for it only counts it. */
static bool put_slot(output *out, const out_tower *tower, vi_slot slot, int32_t block, const void *holder) {
    const unsigned char *field = (const unsigned char *)holder + vi_slot_table[slot].offset;
    vi_write_tensor t = {.dtype = VI_DT_F32, .layout = VI_LAYOUT_ROWS};
    uint64_t rows, cols;
    vi_place_shape((vi_place){slot, block}, tower->hparams, &rows, &cols);
    if (vi_slot_table[slot].matrix) {
        const vi_matrix *m = (const vi_matrix *)(const void *)field;
        t.data = m->data;
        t.dtype = m->type == VI_I8 ? VI_DT_I8 : m->type == VI_BF16 ? VI_DT_BF16 : VI_DT_F32;
        t.layout = VI_LAYOUT_PANEL;
    } else {
        t.data = *(const float *const *)(const void *)field;
    }
    if (t.data == NULL) return true;
    t.rank = vi_slot_table[slot].matrix || rows > 1 ? 2 : 1;
    t.shape[0] = t.rank == 2 ? rows : cols;
    t.shape[1] = t.rank == 2 ? cols : 0;
    if (!vi_tensor_bytes(t.dtype, t.layout, t.rank, t.shape, &t.bytes)) return false;
    if (out->tensors != NULL) {
        t.name = slot_name(out->names[out->count], tower->prefix, slot, block);
        out->tensors[out->count] = t;
    }
    out->count++;
    return true;
}

static bool put_tower(output *out, const out_tower *tower) {
    vi_place p = {VI_PATCH_W, 0};
    bool fits;
    do fits = put_slot(out, tower, p.slot, p.block, vi_place_holder(p, tower->weights));
    while (fits && vi_place_next(&p, tower->hparams));
    return fits;
}

/* Everything that lies in the data section. */
static bool put_tensors(output *out, const vi_native *m) {
    out->count = 0;
    bool fits = put_tower(out, &(out_tower){"", m->hparams, m->weights});
    if (fits && m->text_hparams != NULL) fits = put_tower(out, &(out_tower){TEXT_PREFIX, m->text_hparams, m->text_weights});
    if (!fits || m->tokenizer_size == 0) return fits;
    vi_write_tensor t = {.dtype = VI_DT_U8, .layout = VI_LAYOUT_ROWS, .rank = 1, .data = m->tokenizer};
    t.bytes = m->tokenizer_size;
    t.shape[0] = m->tokenizer_size;
    if (out->tensors != NULL) {
        t.name = TOKENIZER;
        out->tensors[out->count] = t;
    }
    out->count++;
    return true;
}

int32_t vi_native_write(const vi_native *m, const vi_sink *sink, vit_progress_fn progress, void *progress_user, vi_allocator *a,
                        vi_error *e) {
    output out = {.count = 0};
    const vi_hparams *h = m->hparams;
    if (m->label_bytes > UINT32_MAX || (m->label_count != 0 && m->label_count != (uint32_t)h->classes))
        return vi_fail(e, VIT_ERROR_ARGUMENT, "%lu labels for %ld classes", (unsigned long)m->label_count, (long)h->classes);
    put_text(&out, KEY_ARCHITECTURE, h->architecture, strlen(h->architecture));
    put_text(&out, KEY_LABELS, m->labels, m->label_count > 0 ? m->label_bytes : 0);
    for (size_t i = 0; i < META_ROWS; i++) put_row(&out, &meta_rows[i], h);
    for (size_t i = 0; i < TEXT_ROWS && m->text_hparams != NULL; i++) put_row(&out, &text_rows[i], m->text_hparams);
    if (!put_tensors(&out, m)) return vi_fail(e, VIT_ERROR_LIMIT, "model: too large to save");

    /* No overflow: count is at most 1 + 2 * (VI_MODEL_SLOTS + VI_MAX_DEPTH * VI_BLOCK_SLOTS) and the slots of 256 units. */
    size_t count = out.count, size = count * (sizeof *out.tensors + sizeof *out.names);
    void *block = vi_alloc(a, size, VI_TEMPORARY);
    if (block == NULL) return vi_alloc_failed(a, size, "directory of the saved model", e);
    out.tensors = block;
    out.names = (char(*)[64])(void *)(out.tensors + count);
    put_tensors(&out, m);
    int32_t status = vi_vit_write(sink, out.meta, out.meta_count, out.tensors, out.count, progress, progress_user, a, e);
    vi_free(a, block, size, VI_TEMPORARY);
    return status;
}
