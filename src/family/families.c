/* families.c: the one table of checkpoint families, and what vi_describe checks for all of them. */
#include "family/families.h"

#include "family/map.h"
#include "family/pipeline.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The first one that detects its names. */
#ifndef VI_FAMILIES /* make FAMILIES='native timm' leaves the others out */
#define VI_FAMILIES                                                                                                              \
    ROW(native) ROW(hf_deit) ROW(hf_mae) ROW(hf_vit_hybrid) ROW(hf_vit) ROW(hf_dinov2) ROW(hf_dinov3) ROW(hf_clip)               \
    ROW(hf_siglip) ROW(google) ROW(clip) ROW(dino) ROW(gguf) ROW(timm)
#endif
#define ROW(name) &vi_family_##name,
static const vi_family *const families[] = {VI_FAMILIES};
#undef ROW
#define FAMILIES (sizeof families / sizeof *families)

void vi_note(vi_description *d, bool guess, const char *format, ...) {
    if (guess) d->guesses++;
    size_t used = strlen(d->notes), room = sizeof d->notes - used;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(d->notes + used, room, format, args);
    va_end(args);
    if (length >= 0 && (size_t)length + 2 <= room)
        memcpy(d->notes + used + length, "\n", 2);
    else
        d->notes[used] = '\0';
}

/* ---- which family ---------------------------------------------------------------------------------------------------------- */

static int32_t unknown_family(const vi_directory *directory, vi_error *e) {
    char known[128] = "", found[256] = "";
    for (size_t i = 0; i < FAMILIES; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i > 0 ? ", " : "", families[i]->name);
    }
    for (size_t i = 0; i < directory->count && i < 4; i++) {
        char name[48];
        size_t used = strlen(found);
        vi_printable(name, sizeof name, directory->tensors[i].name, strlen(directory->tensors[i].name));
        snprintf(found + used, sizeof found - used, "%s'%s'", i > 0 ? ", " : "", name);
    }
    if (vi_directory_find(directory, "weight") != NULL && directory->count <= 2)
        return vi_fail(
            e, VIT_ERROR_MODEL,
            "%s: a linear head without its backbone (tensors 'weight' and 'bias'): load an index that names both files "
            "(docs/checkpoints.md)",
            directory->reader->name);
    if (directory->count == 0) return vi_fail(e, VIT_ERROR_MODEL, "%s: has no tensors", directory->reader->name);
    int32_t status = vi_refuse_features(directory, "token_embedding: a text tower without one for pictures\n", e);
    if (status != VIT_OK) return status;
    return vi_fail(e, VIT_ERROR_MODEL,
                   "%s: tensor names (%s, ...: %llu in all) are of no family that this build of libvit reads (%s)",
                   directory->reader->name, found, (unsigned long long)directory->count, known);
}

static bool detects(const vi_family *f, const vi_checkpoint *c) {
    vi_names n;
    return f->detect != NULL ? f->detect(c) : f->open(c, &n);
}

static int32_t find_family(const vi_checkpoint *c, const vi_family **family, vi_error *e) {
    const struct {
        const char *name;
        const vi_json_value *root;
    } configs[] = {{VI_CONFIG_FILE, c->config}, {VI_PREPROCESSOR_FILE, c->preprocessor}};
    for (size_t i = 0; i < 2; i++)
        if (configs[i].root != NULL && configs[i].root->kind != VI_JSON_OBJECT)
            return vi_fail(e, VIT_ERROR_MODEL, "%s: is not a JSON object", configs[i].name);
    for (size_t i = 0; i < FAMILIES; i++) {
        if (!detects(families[i], c)) continue;
        *family = families[i];
        return VIT_OK;
    }
    return unknown_family(c->directory, e);
}

/* ---- every slot has its shape ------------------------------------------------------------------------------------------------
 */

vi_source *vi_source_at(const vi_description *d, vi_place p) {
    if (p.slot < VI_MODEL_SLOTS) return (vi_source *)(uintptr_t)&d->model[p.slot]; /* const only for those who read it */
    return p.slot < VI_SLOTS ? &d->blocks[p.block][p.slot - VI_MODEL_SLOTS] : &d->units[p.block][p.slot - VI_SLOTS];
}

/* One slot of a model, for messages. */
typedef struct place {
    const vi_checkpoint *checkpoint;
    const vi_hparams *hparams;
    vi_slot slot;
    int32_t block;
} place;

static int32_t misshaped(const place *p, const vi_tensor *t, uint64_t rows, uint64_t cols, vi_error *e) {
    char shape[128], name[64];
    return vi_fail(e, VIT_ERROR_MODEL, "%s: tensor '%s' is %s, expected %llu x %llu elements (rows x columns) for %s",
                   p->checkpoint->directory->reader->name, t->name, vi_shape_text(shape, sizeof shape, t),
                   (unsigned long long)rows, (unsigned long long)cols, vi_slot_text(name, sizeof name, p->slot, p->block));
}

/* Whether its last dimensions make up the columns, and the others the rows. */
static bool splits(const vi_tensor *t, uint64_t rows, uint64_t cols) {
    uint64_t found = 1;
    uint32_t i = t->rank;
    while (i > 0 && found < cols) found *= t->shape[--i];
    return found == cols && t->elements == rows * cols;
}

/* A matrix has its rows first; the dimensions of rows and columns count as flattened. */
static bool has_shape(const place *p, const vi_tensor *t, uint64_t rows, uint64_t cols) {
    const vi_hparams *h = p->hparams;
    if (!splits(t, rows, cols)) return false;
    uint64_t kernel = (uint64_t)vi_slot_kernel(p->slot), stride = (uint64_t)vi_stem_stride(h);
    if (kernel > 0 && t->rank == 4) return t->shape[1] == kernel && t->shape[2] == kernel;
    return p->slot != VI_PATCH_W || t->rank != 4 ||
           (t->shape[2] == (uint64_t)h->patch_height / stride && t->shape[3] == (uint64_t)h->patch_width / stride);
}

static int32_t check_part(const place *p, const vi_tensor *t, uint32_t parts, uint64_t rows, uint64_t cols, vi_error *e) {
    const char *file = p->checkpoint->directory->reader->name;
    if (!vi_dtype_is_real(t->dtype) && t->layout != VI_LAYOUT_PANEL)
        return vi_fail(e, VIT_ERROR_UNSUPPORTED, "%s: tensor '%s' is %s, weights must be F32, F16, BF16 or F64", file, t->name,
                       vi_dtype_name(t->dtype));
    if (t->layout != VI_LAYOUT_ROWS && (parts > 1 || !vi_slot_table[p->slot].matrix))
        return vi_fail(e, VIT_ERROR_MODEL, "%s: tensor '%s' is packed, expected plain rows", file, t->name);
    return has_shape(p, t, rows, cols) ? VIT_OK : misshaped(p, t, rows, cols, e);
}

/* A bias needs the weight before it in the table; NULL when the slot is no bias. */
static const vi_source *weight_beside(const place *p, const vi_description *d) {
    const char *name = vi_slot_table[p->slot].name;
    size_t length = strlen(name);
    if (length < 5 || strcmp(name + length - 5, ".bias") != 0) return NULL;
    return vi_source_at(d, (vi_place){(vi_slot)(p->slot - 1), p->block});
}

static int32_t check_slot(const place *p, const vi_source *source, const vi_description *d, vi_error *e) {
    uint64_t rows, cols;
    char name[64];
    const char *file = p->checkpoint->directory->reader->name;
    vi_place_shape((vi_place){p->slot, p->block}, p->hparams, &rows, &cols);
    if (source->parts == 0) {
        if (rows == 0 || !vi_slot_table[p->slot].required) return VIT_OK;
        return vi_fail(e, VIT_ERROR_MODEL, "%s: tensor '%s' is missing", file,
                       vi_slot_text(name, sizeof name, p->slot, p->block));
    }
    const vi_source *weight = weight_beside(p, d);
    if (weight != NULL && weight->parts == 0)
        return vi_fail(e, VIT_ERROR_MODEL, "%s: tensor '%s' has no weight beside it", file, source->part[0]->name);
    /* Parts are alike: one below the other in a matrix, side by side in a vector. */
    uint64_t *split = vi_slot_table[p->slot].matrix ? &rows : &cols;
    if (!source->in_place) *split = *split / source->parts + source->above + source->below;
    for (uint32_t i = 0; i < source->parts; i++) {
        if (source->part[i] == NULL) continue;
        int32_t status = check_part(p, source->part[i], source->parts, rows, cols, e);
        if (status != VIT_OK) return status;
    }
    return VIT_OK;
}

static int32_t check_slots(const vi_checkpoint *c, const vi_description *d, vi_error *e) {
    vi_place at = {VI_PATCH_W, 0};
    int32_t status;
    do {
        place p = {c, &d->hparams, at.slot, at.block};
        status = check_slot(&p, vi_source_at(d, at), d, e);
    } while (status == VIT_OK && vi_place_next(&at, &d->hparams));
    return status;
}

/* A head of no classes is no head: some savers write one with 0 rows. */
static void drop_empty_head(vi_description *d) {
    if (d->hparams.classes > 0 || d->model[VI_HEAD_W].parts == 0) return;
    d->model[VI_HEAD_W].parts = 0;
    d->model[VI_HEAD_B].parts = 0;
}

static int32_t check_left_over(const vi_checkpoint *c, const vi_family *family, vi_error *e) {
    const vi_directory *directory = c->directory;
    const vi_tensor *first = NULL;
    unsigned long count = 0;
    for (size_t i = 0; i < directory->count; i++) {
        const vi_tensor *t = &directory->tensors[i];
        if (t->used || (family->ignore != NULL && family->ignore(t->name))) continue;
        if (first == NULL) first = t;
        count++;
    }
    if (first == NULL) return VIT_OK;
    char shape[128], name[VI_MAX_NAME + 1], more[48] = "";
    vi_printable(name, sizeof name, first->name, strlen(first->name));
    if (count > 1) snprintf(more, sizeof more, " (and %lu more)", count - 1);
    return vi_fail(e, VIT_ERROR_MODEL, "%s: tensor '%s' %s%s is no part of a %s model that this version knows",
                   directory->reader->name, name, vi_shape_text(shape, sizeof shape, first), more, family->name);
}

/* ---- all together
 * -------------------------------------------------------------------------------------------------------------- */

/* Of blocks and units; there are at most VI_MAX_DEPTH and VI_MAX_STAGES * VI_MAX_UNITS. */
static size_t sources_size(const vi_description *d) {
    return (size_t)d->hparams.depth * sizeof *d->blocks + (size_t)vi_stem_units(&d->hparams) * sizeof *d->units;
}

static int32_t bind_names(const vi_checkpoint *c, const vi_family *family, vi_description *d, vi_error *e) {
    vi_names n;
    if (family->bind != NULL) return family->bind(c, d, e);
    family->open(c, &n);
    return vi_names_bind(&n, d, e);
}

/* The blocks and weights of a tower whose numbers are set: of the one for pictures, or of the description's text tower. */
static int32_t bind_tower(const vi_checkpoint *c, const vi_family *family, vi_description *d, bool text, vi_allocator *a,
                          vi_error *e) {
    size_t size = sources_size(d);
    d->blocks = vi_alloc(a, size, VI_TEMPORARY);
    if (d->blocks == NULL) return vi_alloc_failed(a, size, "description of the model", e);
    d->units = (vi_source(*)[VI_UNIT_SLOTS])(void *)(d->blocks + d->hparams.depth);
    int32_t status = text ? family->text_bind(c, d, e) : bind_names(c, family, d, e);
    drop_empty_head(d);
    return status == VIT_OK ? check_slots(c, d, e) : status;
}

static int32_t describe_text(const vi_checkpoint *c, const vi_family *family, vi_description *d, vi_allocator *a, vi_error *e) {
    vi_hparams text;
    vi_hparams_init(&text);
    if (family->text_hparams == NULL) return VIT_OK;
    int32_t status = family->text_hparams(c, d, &text, e);
    if (status != VIT_OK || !vi_reads_text(&text)) return status;
    vi_apply_text_overrides(c->overrides, &text);
    status = vi_hparams_check_text(&text, e);
    if (status != VIT_OK) return status;
    if (vi_embedding_width(&text) != vi_embedding_width(&d->hparams))
        return vi_fail(e, VIT_ERROR_MODEL,
                       "%s: embeddings of pictures have %ld numbers, those of texts %ld: the tensor of a projection does not fit",
                       c->directory->reader->name, (long)vi_embedding_width(&d->hparams), (long)vi_embedding_width(&text));
    d->text = vi_alloc(a, sizeof *d->text, VI_TEMPORARY);
    if (d->text == NULL) return vi_alloc_failed(a, sizeof *d->text, "description of the text tower", e);
    d->text->hparams = text;
    return bind_tower(c, family, d->text, true, a, e);
}

static int32_t describe(vi_checkpoint *c, const vi_family *family, vi_description *d, vi_allocator *a, vi_error *e) {
    vi_hparams_init(&d->hparams);
    int32_t status = family->hparams(c, d, e);
    if (d->derived.count > 0) c->directory = &d->derived;
    if (status == VIT_OK) status = vi_apply_overrides(c->overrides, &d->hparams, e);
    if (status == VIT_OK) status = vi_hparams_check(&d->hparams, e);
    if (status == VIT_OK) status = bind_tower(c, family, d, false, a, e);
    if (status == VIT_OK) status = describe_text(c, family, d, a, e);
    if (status == VIT_OK) status = check_left_over(c, family, e);
    if (status == VIT_OK && family->labels != NULL) status = family->labels(c, d, a, e);
    return status;
}

static void note_unread(const vi_checkpoint *c, const vi_family *family, vi_description *d) {
    if (c->config != NULL && !d->read_config) vi_note(d, false, "%s: not used for %s models", VI_CONFIG_FILE, family->name);
    if (c->preprocessor != NULL && !d->read_preprocessor)
        vi_note(d, false, "%s: not used for %s models", VI_PREPROCESSOR_FILE, family->name);
}

int32_t vi_describe(const vi_checkpoint *c, const vi_family **family, vi_description *d, vi_allocator *a, vi_error *e) {
    const vi_family *found = NULL;
    vi_checkpoint own = *c;
    own.allocator = a;
    memset(d, 0, sizeof *d);
    int32_t status = find_family(c, &found, e);
    if (status == VIT_OK) status = describe(&own, found, d, a, e);
    if (status == VIT_OK) note_unread(c, found, d);
    if (status == VIT_OK)
        *family = found;
    else
        vi_description_free(d, a);
    return status;
}

void vi_description_free_text(vi_description *d, vi_allocator *a) {
    if (d->text == NULL) return;
    vi_free(a, d->text->blocks, sources_size(d->text), VI_TEMPORARY);
    vi_free(a, d->text, sizeof *d->text, VI_TEMPORARY);
    d->text = NULL;
}

void vi_description_free(vi_description *d, vi_allocator *a) {
    vi_free(a, d->label_block, d->label_block_size, VI_TEMPORARY);
    vi_description_free_text(d, a);
    vi_free(a, d->blocks, d->blocks != NULL ? sources_size(d) : 0, VI_TEMPORARY);
    vi_directory_close(&d->derived, a);
    d->labels = NULL;
    d->label_block = NULL;
    d->blocks = NULL;
}
