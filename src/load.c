/* load.c: reader -> format -> family -> one block of packed weights. Everything the load needs for a moment is temporary memory
 * and gone before the first activation is allocated. Weights that already lie in the file as the kernels want them stay there. */
#include "load.h"

#include "base/arena.h"
#include "base/checked.h"
#include "base/json.h"
#include "family/family.h"
#include "tokenizer.h"
#include "format/view.h"
#include <math.h>
#include <string.h>

#define CONFIG_CAP (4u << 20) /* bytes of a config file; id2label of 21k classes is 1 MiB */

typedef struct side_file { /* config.json or preprocessor_config.json */
    char *text;            /* temporary memory when it was read from a file */
    size_t size;
    vi_json doc;
} side_file;

typedef struct loader {
    const vit_options *o;
    vi_error *e;
    vi_allocator a;
    vi_reader reader;
    vi_directory directory;
    side_file config, preprocessor, open_clip;
    vi_overrides overrides;
    const vi_family *family;
    vi_description description;
    uint32_t precision;
    bool in_place;
    vi_tokenizer_files tokenizer;
    unsigned char *tokenizer_copy; /* in the model's block */
    vi_model *model;
    size_t model_size;
    size_t widest;        /* columns of the widest matrix, or rows of the tallest that is stored by columns */
    float *rows;          /* [16, widest] one panel's rows on their way */
    unsigned char *panel; /* the same as stored, when the file is packed differently */
    size_t rows_bytes;
    const vi_tensor *whole; /* a tensor that cannot be read in pieces ... */
    float *elements;        /* [whole->elements] ... and all of it */
    size_t elements_bytes;
    vi_arena arena; /* over the model's block; measuring at first */
    uint64_t done;  /* bytes of weights */
} loader;

/* ---- slots ----------------------------------------------------------------------------------------------------------------- */

/* A tower: its description, and the part of the model that it becomes. */
static vi_model *model_of(const loader *l, const vi_description *d) { return d == &l->description ? l->model : l->model->text; }

static void *field_of(vi_weights *w, vi_place p) { return (char *)vi_place_holder(p, w) + vi_slot_table[p.slot].offset; }

typedef int32_t (*slot_fn)(loader *l, const vi_description *d, vi_place p, const vi_source *source);

/* Visits every slot that the checkpoint fills in a tower. */
static int32_t for_each_slot_of(loader *l, const vi_description *d, slot_fn visit) {
    vi_place p = {VI_PATCH_W, 0};
    int32_t status;
    do {
        const vi_source *source = vi_source_at(d, p);
        status = source->parts ? visit(l, d, p, source) : VIT_OK;
    } while (status == VIT_OK && vi_place_next(&p, &d->hparams));
    return status;
}

static int32_t for_each_slot(loader *l, slot_fn visit) {
    int32_t status = for_each_slot_of(l, &l->description, visit);
    return status == VIT_OK && l->description.text ? for_each_slot_of(l, l->description.text, visit) : status;
}

/* Whether the file has the tensor as the kernels want a matrix of this type. */
static bool is_packed(const vi_tensor *t, uint32_t type) {
    vi_dtype dtype = type == VI_I8 ? VI_DT_I8 : type == VI_BF16 ? VI_DT_BF16 : VI_DT_F32;
    return t && t->layout == VI_LAYOUT_PANEL && t->dtype == dtype;
}

static const void *stored_in_place(const loader *l, vi_slot slot, const vi_source *source) {
    const vi_tensor *t = source->part[0];
    if (source->parts != 1 || !t || source->above || source->below) return NULL;
    bool fits = t->layout == VI_LAYOUT_ROWS && t->dtype == VI_DT_F32;
    if (vi_slot_table[slot].matrix) fits = is_packed(t, vi_slot_type(slot, l->precision, (size_t)t->shape[1]));
    return fits ? vi_tensor_in_place(&l->directory, t, VI_ALIGN) : NULL;
}

static int32_t check_in_place(loader *l, const vi_description *d, vi_place p, const vi_source *source) {
    (void)d;
    if (!stored_in_place(l, p.slot, source)) l->in_place = false;
    return VIT_OK;
}

/* As stored when the file is packed, float otherwise; the option decides before either. */
static void choose_precision(loader *l) {
    int64_t wanted = vi_option(l->o, VIT_OPT_PRECISION);
    const vi_tensor *t = l->description.blocks[0][VI_QKV_W - VI_MODEL_SLOTS].part[0];
    l->precision = VI_F32;
    if (wanted == VIT_PRECISION_BF16 || (wanted == VIT_PRECISION_AUTO && is_packed(t, VI_BF16))) l->precision = VI_BF16;
    if (wanted == VIT_PRECISION_INT8 || (wanted == VIT_PRECISION_AUTO && is_packed(t, VI_I8))) l->precision = VI_I8;
    l->in_place = true;
    for_each_slot(l, check_in_place);
}

/* ---- one block for the model ----------------------------------------------------------------------------------------------- */

static size_t slot_bytes(const loader *l, const vi_description *d, vi_place p, size_t *rows, size_t *cols) {
    uint64_t r, c;
    size_t bytes = SIZE_MAX;
    vi_place_shape(p, &d->hparams, &r, &c);
    *rows = (size_t)r;
    *cols = (size_t)c;
    if (r > SIZE_MAX || c > SIZE_MAX) return SIZE_MAX;
    if (vi_slot_table[p.slot].matrix)
        return vi_matrix_bytes(vi_slot_type(p.slot, l->precision, *cols), *rows, *cols, &bytes) ? bytes : SIZE_MAX;
    return vi_mul_size(*rows, *cols, &bytes) && vi_mul_size(bytes, sizeof(float), &bytes) ? bytes : SIZE_MAX;
}

/* Takes room for the slot and, on the second pass, points the weights at it. */
static int32_t place_slot(loader *l, const vi_description *d, vi_place p, const vi_source *source) {
    size_t rows, cols, bytes = slot_bytes(l, d, p, &rows, &cols);
    const void *data = l->in_place ? stored_in_place(l, p.slot, source) : vi_arena_take(&l->arena, bytes, 1);
    if (!l->model) return VIT_OK;
    void *field = field_of(&model_of(l, d)->weights, p);
    if (vi_slot_table[p.slot].matrix)
        *(vi_matrix *)field = (vi_matrix){data, vi_slot_type(p.slot, l->precision, cols), rows, cols};
    else
        *(const float **)field = data;
    l->model->parameters += (uint64_t)rows * cols;
    l->model->weight_bytes += bytes;
    return VIT_OK;
}

static void place_strings(loader *l) {
    vi_description *d = &l->description;
    size_t notes_size = strlen(d->notes) + 1;
    char *notes = vi_arena_take(&l->arena, notes_size, 1);
    char *labels = d->label_count ? vi_arena_take(&l->arena, d->label_bytes, 1) : NULL;
    if (!l->model) return;
    memcpy(notes, d->notes, notes_size);
    if (labels) memcpy(labels, d->labels, d->label_bytes);
    l->model->notes = notes;
    l->model->labels = labels;
    l->model->label_bytes = d->label_bytes;
    l->model->label_count = d->label_count;
}

/* ---- tokenizer ------------------------------------------------------------------------------------------------------------- */

/* The block in a .vit file counts unless the options say otherwise. */
static bool tokenizer_is_inside(const loader *l) {
    const vi_description *text = l->description.text;
    return text && text->tokenizer_block && !l->o->tokenizer_data && !l->o->tokenizer_path;
}

static int32_t find_tokenizer(loader *l, const char *path) {
    vi_description *d = &l->description;
    if (!d->text || tokenizer_is_inside(l)) return VIT_OK;
    int32_t status = vi_tokenizer_find(&l->tokenizer, path, l->o, d, &l->a, l->e);
    if (status == VIT_OK && !l->tokenizer.block.data && strcmp(l->directory.format->name, "vit") != 0)
        vi_note(d, false, "texts: no tokenizer came with the model, so it takes token ids only (option tokenizer)");
    return status;
}

/* The block in the caller's memory, when it may stay there: another process could change a mapping after the check. */
static const void *tokenizer_in_place(const loader *l) {
    bool stays = tokenizer_is_inside(l) && !l->reader.mapped;
    return stays ? vi_tensor_in_place(&l->directory, l->description.text->tokenizer_block, 1) : NULL;
}

static size_t tokenizer_size(const loader *l) {
    return tokenizer_is_inside(l) ? (size_t)l->description.text->tokenizer_block->bytes : l->tokenizer.block.size;
}

static int32_t open_tokenizer(loader *l) {
    size_t size = tokenizer_size(l);
    if (size == 0) return VIT_OK;
    const vi_description *text = l->description.text;
    const void *block = tokenizer_in_place(l);
    int32_t status = VIT_OK;
    if (!block && tokenizer_is_inside(l))
        status = vi_reader_read(&l->reader, text->tokenizer_block->offset, l->tokenizer_copy, size, l->e);
    else if (!block)
        memcpy(l->tokenizer_copy, l->tokenizer.block.data, size);
    vi_tokenizer *t = &l->model->text->tokenizer;
    if (status == VIT_OK) status = vi_tokenizer_open(t, block ? block : l->tokenizer_copy, size, l->reader.name, l->e);
    if (status == VIT_OK && t->vocabulary > text->hparams.vocabulary)
        return vi_fail(l->e, VIT_ERROR_MODEL, "%s: the tokenizer has %ld tokens, the model %ld", l->reader.name,
                       (long)t->vocabulary, (long)text->hparams.vocabulary);
    return status;
}

/* ---- all of it in one block ------------------------------------------------------------------------------------------------ */

/* A model's struct and that of its blocks; NULL while measuring. */
static vi_model *place_tower(loader *l, const vi_description *d) {
    vi_model *model = vi_arena_take(&l->arena, 1, sizeof *model);
    vi_block *blocks = vi_arena_take(&l->arena, (size_t)d->hparams.depth, sizeof *blocks);
    int32_t count = vi_stem_units(&d->hparams);
    vi_stem_unit *units = count > 0 ? vi_arena_take(&l->arena, (size_t)count, sizeof *units) : NULL;
    if (!model) return NULL;
    model->weights.stem.units = units;
    model->hparams = d->hparams;
    model->weights.blocks = blocks;
    return model;
}

/* The same walk measures (l->model NULL) and places. */
static void lay_out(loader *l) {
    const vi_description *text = l->description.text;
    l->model = place_tower(l, &l->description);
    vi_model *text_model = text ? place_tower(l, text) : NULL;
    if (l->model) l->model->text = text_model;
    for_each_slot(l, place_slot);
    place_strings(l);
    if (tokenizer_size(l) > 0 && !tokenizer_in_place(l)) l->tokenizer_copy = vi_arena_take(&l->arena, tokenizer_size(l), 1);
}

static int32_t take_model(loader *l) {
    l->arena = vi_arena_measure();
    lay_out(l);
    if (l->arena.failed) return vi_fail(l->e, VIT_ERROR_LIMIT, "%s: weights do not fit into memory", l->reader.name);
    l->model_size = l->arena.used;
    void *block = vi_alloc(&l->a, l->model_size, VI_LASTING);
    if (!block) return vi_alloc_failed(&l->a, l->model_size, "the weights", l->e);
    l->arena = vi_arena_over(block, l->model_size);
    lay_out(l);
    l->model->block_size = l->model_size;
    return VIT_OK;
}

/* ---- filling it ------------------------------------------------------------------------------------------------------------ */

static int32_t report_progress(loader *l, size_t bytes) {
    l->done += bytes;
    if (!l->o->progress || l->o->progress(l->o->progress_user, l->done, l->model->weight_bytes) == 0) return VIT_OK;
    return vi_fail(l->e, VIT_ERROR_CANCELLED, "%s: loading was cancelled", l->reader.name);
}

/* Numbers of the file's byte order, in place. */
static void to_native(void *numbers, size_t bytes, size_t size) {
    unsigned char *p = numbers;
    for (size_t i = 0; !vi_little_endian() && i < bytes; i += size)
        for (size_t j = 0; j < size / 2; j++) {
            unsigned char byte = p[i + j];
            p[i + j] = p[i + size - 1 - j];
            p[i + size - 1 - j] = byte;
        }
}

/* As read_panel, of a tensor of bytes with scales. */
static int32_t read_int8_panel(loader *l, const vi_tensor *t, size_t first, size_t count, size_t cols, float *dst) {
    size_t line = VI_PANEL * sizeof(float), bytes = (cols + 3) / 4 * line;
    uint64_t scales = t->offset + (uint64_t)first * sizeof(float);
    uint64_t panels = t->offset + 2 * line * ((t->shape[0] + VI_PANEL - 1) / VI_PANEL);
    int32_t status = vi_reader_read(&l->reader, scales, l->panel, line, l->e);
    if (status == VIT_OK)
        status = vi_reader_read(&l->reader, panels + (uint64_t)(first / VI_PANEL) * bytes, l->panel + 2 * line, bytes, l->e);
    if (status != VIT_OK) return status;
    to_native(l->panel, line, sizeof(float));
    vi_unpack(dst, &(vi_matrix){l->panel, VI_I8, count, cols});
    return VIT_OK;
}

/* Rows [first, first + count) of a packed tensor; first is a multiple of 16, count at most 16. */
static int32_t read_panel(loader *l, const vi_tensor *t, size_t first, size_t count, size_t cols, float *dst) {
    if (t->dtype == VI_DT_I8) return read_int8_panel(l, t, first, count, cols, dst);
    size_t pairs = (cols + 1) / 2, bytes = t->dtype == VI_DT_BF16 ? pairs * 64 : cols * 64;
    int32_t status = vi_reader_read(&l->reader, t->offset + (uint64_t)(first / VI_PANEL) * bytes, l->panel, bytes, l->e);
    if (status != VIT_OK) return status;
    to_native(l->panel, bytes, vi_dtype_size(t->dtype));
    vi_unpack(dst, &(vi_matrix){l->panel, (uint32_t)t->dtype, count, cols});
    return VIT_OK;
}

static void drop_whole(loader *l) {
    vi_free(&l->a, l->elements, l->elements_bytes, VI_TEMPORARY);
    l->elements = NULL;
    l->whole = NULL;
}

/* Elements [first, first + count). What does not lie in rows in the file is taken whole, and kept until another tensor's turn. */
static int32_t read_elements(loader *l, const vi_tensor *t, uint64_t first, size_t count, float *dst) {
    if (vi_tensor_streams(t)) return vi_tensor_read(&l->directory, t, first, count, dst, l->e);
    if (!vi_range_fits(first, count, t->elements))
        return vi_fail(l->e, VIT_ERROR_MODEL, "%s: tensor '%s' has too few elements", l->reader.name, t->name);
    if (l->whole != t) {
        drop_whole(l);
        if (t->elements > SIZE_MAX || !vi_mul_size((size_t)t->elements, sizeof(float), &l->elements_bytes))
            return vi_fail(l->e, VIT_ERROR_LIMIT, "%s: tensor '%s' is too large", l->reader.name, t->name);
        l->elements = vi_alloc(&l->a, l->elements_bytes, VI_TEMPORARY);
        if (!l->elements) return vi_alloc_failed(&l->a, l->elements_bytes, "a tensor that is not stored in rows", l->e);
        int32_t status = vi_tensor_load(&l->directory, t, l->elements, &l->a, l->e);
        if (status != VIT_OK) return status;
        l->whole = t;
    }
    memcpy(dst, l->elements + first, count * sizeof *dst);
    return VIT_OK;
}

/* Rows [first, first + count) of the tensors below each other -> dst [count, cols]; count <= 16. */
static int32_t read_rows(loader *l, const vi_source *s, size_t first, size_t count, size_t rows, size_t cols, float *dst) {
    size_t part_rows = rows / s->parts; /* parts are equally tall: q, k, v */
    while (count > 0) {
        const vi_tensor *t = s->part[first / part_rows];
        size_t from = first % part_rows, n = count < part_rows - from ? count : part_rows - from;
        int32_t status = VIT_OK;
        if (!t)
            memset(dst, 0, n * cols * sizeof *dst);
        else if (t->layout == VI_LAYOUT_PANEL)
            status = read_panel(l, t, from, n, cols, dst);
        else
            status = read_elements(l, t, (s->above + from) * cols, n * cols, dst);
        if (status != VIT_OK) return status;
        dst += n * cols;
        first += n;
        count -= n;
    }
    return VIT_OK;
}

/* A row of weights, `step` apart, to mean 0 and deviation 1. */
static void standardise(float *row, size_t cols, size_t step, uint8_t how) {
    double sum = 0, square = 0;
    for (size_t i = 0; i < cols; i++) sum += (double)row[i * step];
    double mean = sum / (double)cols;
    for (size_t i = 0; i < cols; i++) square += ((double)row[i * step] - mean) * ((double)row[i * step] - mean);
    double variance = square / (double)cols;
    double scale = 1 / (how == VI_STANDARDISE_GOOGLE ? sqrt(variance) + 1e-5 : sqrt(variance + 1e-8));
    for (size_t i = 0; i < cols; i++) row[i * step] = (float)(((double)row[i * step] - mean) * scale);
}

/* Whether every part is stored column by column and fills its share of the rows, whose numbers can be packed before any other of
 * the row is known. */
static bool comes_by_columns(const vi_source *s, uint32_t type, uint64_t rows) {
    bool all = s->above == 0 && s->below == 0 && type != VI_I8 && (type == VI_F32 || s->standardise == VI_STANDARDISE_NONE);
    for (uint32_t i = 0; i < s->parts && all; i++) all = !s->part[i] || vi_tensor_by_columns(s->part[i], rows / s->parts);
    return all;
}

typedef struct columns_job {
    const vi_matrix *w;
    size_t row0, row1;
} columns_job;

static void pack_columns(void *user, size_t first, size_t count, const float *columns) {
    const columns_job *j = user;
    vi_pack_columns((void *)(uintptr_t)j->w->data, j->w->type, j->w->cols, columns, j->row0, j->row1, first, first + count);
}

static int32_t fill_by_columns(loader *l, const vi_source *source, const vi_matrix *w) {
    size_t rows = w->rows / source->parts;
    for (uint32_t i = 0; i < source->parts; i++) {
        columns_job j = {w, i * rows, (i + 1) * rows};
        if (!source->part[i]) continue; /* the block is zeroed */
        int32_t status =
            vi_tensor_columns(&l->directory, source->part[i], rows, l->rows, VI_PANEL, pack_columns, &j, &l->a, l->e);
        if (status != VIT_OK) return status;
    }
    for (size_t r = 0; source->standardise && r < w->rows; r++) /* as float, in panels of 16 rows */
        standardise((float *)(uintptr_t)w->data + r / VI_PANEL * VI_PANEL * w->cols + r % VI_PANEL, w->cols, VI_PANEL,
                    source->standardise);
    return VIT_OK;
}

static int32_t fill_matrix(loader *l, const vi_source *source, vi_matrix *w, size_t bytes) {
    const vi_tensor *t = source->part[0];
    void *data = (void *)(uintptr_t)w->data; /* our own block: const only for those who read it */
    if (source->parts == 1 && is_packed(t, w->type)) {
        int32_t status = vi_reader_read(&l->reader, t->offset, data, bytes, l->e);
        size_t scales_and_sums = (w->rows + VI_PANEL - 1) / VI_PANEL * VI_PANEL * 2 * sizeof(float);
        if (w->type == VI_I8) to_native(data, scales_and_sums, sizeof(float));
        else to_native(data, bytes, w->type == VI_BF16 ? sizeof(uint16_t) : sizeof(float));
        return status;
    }
    if (comes_by_columns(source, w->type, w->rows)) return fill_by_columns(l, source, w);
    for (size_t row = 0; row < w->rows; row += VI_PANEL) {
        size_t count = w->rows - row < VI_PANEL ? w->rows - row : VI_PANEL;
        int32_t status = read_rows(l, source, row, count, w->rows, w->cols, l->rows);
        if (status != VIT_OK) return status;
        for (size_t r = 0; source->standardise && r < count; r++)
            standardise(l->rows + r * w->cols, w->cols, 1, source->standardise);
        vi_pack_rows(data, w->type, w->rows, w->cols, l->rows, row, row + count);
    }
    return VIT_OK;
}

static int32_t fill_vector(loader *l, const vi_source *source, float *dst, size_t elements) {
    size_t part = elements / source->parts;
    for (uint32_t i = 0; i < source->parts; i++) {
        if (!source->part[i]) continue; /* the block is zeroed */
        int32_t status = read_elements(l, source->part[i], source->in_place ? i * part : source->above, part, dst + i * part);
        if (status != VIT_OK) return status;
    }
    return VIT_OK;
}

static int32_t fill_slot(loader *l, const vi_description *d, vi_place p, const vi_source *source) {
    size_t rows, cols, bytes = slot_bytes(l, d, p, &rows, &cols);
    void *field = field_of(&model_of(l, d)->weights, p);
    int32_t status = vi_slot_table[p.slot].matrix
                         ? fill_matrix(l, source, field, bytes)
                         : fill_vector(l, source, (float *)(uintptr_t) * (const float **)field, rows * cols);
    return status == VIT_OK ? report_progress(l, bytes) : status;
}

/* Bytes with scales that came from a file, or could not be made of what came from it. */
static int32_t check_int8(loader *l, const vi_description *d, vi_place p, const vi_source *source) {
    const vi_matrix *w = field_of(&model_of(l, d)->weights, p);
    char name[64];
    if (!vi_slot_table[p.slot].matrix || w->type != VI_I8 || vi_int8_check(w)) return VIT_OK;
    vi_slot_text(name, sizeof name, p.slot, p.block);
    if (source->part[0] && source->part[0]->dtype == VI_DT_I8)
        return vi_fail(l->e, VIT_ERROR_CORRUPT, "%s: tensor '%s': a scale or sum of its bytes is out of range", l->reader.name,
                       name);
    return vi_fail(l->e, VIT_ERROR_MODEL, "%s: %s has weights that are infinite or NaN, which 8 bits cannot hold", l->reader.name,
                   name);
}

static int32_t widen(loader *l, const vi_description *d, vi_place p, const vi_source *source) {
    size_t rows, cols;
    slot_bytes(l, d, p, &rows, &cols);
    if (!vi_slot_table[p.slot].matrix) return VIT_OK;
    if (cols > l->widest) l->widest = cols;
    bool by_columns = comes_by_columns(source, vi_slot_type(p.slot, l->precision, cols), rows);
    if (by_columns && rows / source->parts > l->widest) l->widest = rows / source->parts;
    return VIT_OK;
}

/* Temporary rows for the widest matrix, unless everything is used in place. */
static int32_t fill_model(loader *l) {
    if (l->in_place) return VIT_OK;
    size_t half;
    for_each_slot(l, widen);
    if (!vi_mul_size(l->widest + 3, VI_PANEL * sizeof(float), &half) || !vi_mul_size(half, 2, &l->rows_bytes))
        return vi_fail(l->e, VIT_ERROR_LIMIT, "%s: rows of %llu numbers are too long", l->reader.name,
                       (unsigned long long)l->widest);
    l->rows = vi_alloc(&l->a, l->rows_bytes, VI_TEMPORARY);
    if (!l->rows) return vi_alloc_failed(&l->a, l->rows_bytes, "packing", l->e);
    l->panel = (unsigned char *)l->rows + half;
    return for_each_slot(l, fill_slot);
}

/* ---- the whole load -------------------------------------------------------------------------------------------------------- */

static int32_t read_side_file(loader *l, const char *path, const char *name, const char *given, side_file *f) {
    const char *text = given;
    size_t size = given ? strlen(given) : 0;
    if (!given) {
        if (!path) return VIT_OK;
        int32_t status = vi_read_sibling(path, name, CONFIG_CAP, &l->a, &f->text, &f->size, l->e);
        if (status != VIT_OK || !f->text) return status;
        text = f->text;
        size = f->size;
    }
    if (size > CONFIG_CAP)
        return vi_fail(l->e, VIT_ERROR_LIMIT, "%s: %llu bytes, at most %u", name, (unsigned long long)size, CONFIG_CAP);
    return vi_json_parse(&f->doc, text, size, name, &l->a, l->e);
}

static int32_t describe(loader *l, const char *path) {
    vi_checkpoint checkpoint = {.directory = &l->directory, .overrides = &l->overrides};
    bool self_contained = strcmp(l->directory.format->name, "vit") == 0;
    if (!self_contained) {
        int32_t status = read_side_file(l, path, "config.json", l->o->config_json, &l->config);
        if (status == VIT_OK)
            status = read_side_file(l, path, "preprocessor_config.json", l->o->preprocessor_json, &l->preprocessor);
        if (status == VIT_OK) status = read_side_file(l, path, "open_clip_config.json", NULL, &l->open_clip);
        if (status != VIT_OK) return status;
        checkpoint.config = l->config.doc.root;
        checkpoint.preprocessor = l->preprocessor.doc.root;
        checkpoint.open_clip = l->open_clip.doc.root;
    }
    l->overrides = vi_options_overrides(l->o);
    int32_t status = vi_describe(&checkpoint, &l->family, &l->description, &l->a, l->e);
    if (status == VIT_OK && vi_option(l->o, VIT_OPT_TEXT) == 0) vi_description_free_text(&l->description, &l->a);
    if (status == VIT_OK && self_contained && (l->o->config_json || l->o->preprocessor_json))
        vi_note(&l->description, false, "%s: not used, a .vit file says everything itself",
                l->o->config_json ? "config.json" : "preprocessor_config.json");
    return status;
}

static int32_t run(loader *l, const char *path) {
    l->reader.path = path;
    int32_t status = vi_directory_open(&l->directory, &l->reader, &l->a, l->e);
    if (status == VIT_OK) status = describe(l, path);
    if (status != VIT_OK) return status;
    if (l->directory.choice[0] != '\0')
        vi_note(&l->description, true, "weights: the file has several sets, '%s' is taken", l->directory.choice);
    choose_precision(l);
    status = find_tokenizer(l, path);
    if (status == VIT_OK) status = take_model(l);
    if (status == VIT_OK) status = open_tokenizer(l);
    if (status == VIT_OK) status = fill_model(l);
    if (status == VIT_OK) status = for_each_slot(l, check_int8);
    return status;
}

static void close_side_file(side_file *f, vi_allocator *a) {
    vi_json_free(&f->doc, a);
    vi_free(a, f->text, f->size + 1, VI_TEMPORARY);
}

/* Temporary memory goes back in the opposite order of its taking. */
static void close_temporaries(loader *l) {
    drop_whole(l);
    vi_free(&l->a, l->rows, l->rows_bytes, VI_TEMPORARY);
    vi_tokenizer_files_free(&l->tokenizer, &l->a);
    vi_description_free(&l->description, &l->a);
    close_side_file(&l->open_clip, &l->a);
    close_side_file(&l->preprocessor, &l->a);
    close_side_file(&l->config, &l->a);
    vi_directory_close(&l->directory, &l->a);
}

static const char *sources_of(const loader *l) {
    static const char *const of_tensors[] = {"tensors", "tensors, config.json", "tensors, preprocessor_config.json",
                                             "tensors, config.json, preprocessor_config.json"};
    bool config = l->config.doc.root && l->description.read_config;
    bool preprocessor = l->preprocessor.doc.root && l->description.read_preprocessor;
    if (strcmp(l->directory.format->name, "vit") == 0) return "the .vit file";
    if (strcmp(l->directory.format->name, "gguf") == 0) return "tensors, named values of the GGUF file";
    return of_tensors[(config ? 1 : 0) + (preprocessor ? 2 : 0)];
}

static void finish_model(loader *l) {
    vi_model *m = l->model;
    atomic_init(&m->references, 1);
    m->precision = l->precision;
    m->in_place = l->in_place;
    m->format = l->directory.format->name;
    m->family = l->family->name;
    m->sources = sources_of(l);
    if (l->in_place) {
        m->reader = l->reader;
        m->reader.path = NULL; /* was the caller's */
        memset(&l->reader, 0, sizeof l->reader);
    }
}

static void log_notes(const vit_options *o, const char *notes) {
    char line[512];
    while (o->log && *notes) {
        size_t n = strcspn(notes, "\n");
        size_t shown = n < sizeof line - 1 ? n : sizeof line - 1;
        memcpy(line, notes, shown);
        line[shown] = 0;
        o->log(o->log_user, VIT_LOG_WARNING, line);
        notes += n + (notes[n] == '\n');
    }
}

int32_t vi_load_model(vi_model **out, vi_reader *reader, const char *path, const vit_options *o, vi_error *e) {
    vi_allocator first = vi_options_allocator(o);
    loader *l = vi_alloc(&first, sizeof *l, VI_TEMPORARY);
    if (!l) {
        int32_t failed = vi_alloc_failed(&first, sizeof *l, "loading", e);
        vi_reader_close(reader);
        return failed;
    }
    l->o = o;
    l->e = e;
    l->a = first;
    l->reader = *reader;
    int32_t status = run(l, path);
    if (status == VIT_OK) finish_model(l);
    vi_model *model = l->model;
    close_temporaries(l);
    if (status != VIT_OK) vi_free(&l->a, model, l->model_size, VI_LASTING);
    vi_reader_close(&l->reader);
    vi_allocator last = l->a;
    vi_free(&last, l, sizeof *l, VI_TEMPORARY);
    if (status != VIT_OK) return status;
    model->allocator = last;
    log_notes(o, model->notes);
    *out = model;
    return VIT_OK;
}
