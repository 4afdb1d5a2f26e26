/* map.c: see map.h. */
#include "family/map.h"

#include <stdio.h>
#include <string.h>

#define NAME_SIZE (VI_MAX_NAME + 1)

/* What stands before and after a block's index. */
typedef struct index_place {
    int before; /* characters of map->block */
    const char *after;
} index_place;

static index_place place_of(const vi_name_map *map) {
    const char *mark = strchr(map->block, '#');
    return mark != NULL ? (index_place){(int)(mark - map->block), mark + 1} : (index_place){(int)strlen(map->block), "."};
}

/* The stem's unit with the numbers of one of them in it. */
static const char *unit_start(char *dst, size_t size, const vi_names *n, int32_t unit) {
    int32_t stage = 0;
    for (; stage < VI_MAX_STAGES - 1 && unit >= n->units[stage]; stage++) unit -= n->units[stage];
    const char *name = n->stem->unit, *first = strchr(name, '#'), *second = strchr(first + 1, '#');
    snprintf(dst, size, "%.*s%ld%.*s%ld%s", (int)(first - name), name, (long)(stage + n->stem->base), (int)(second - first - 1),
             first + 1, (long)(unit + n->stem->base), second + 1);
    return dst;
}

/* "<prefix><block><index>.<part>" or "<prefix><part>". A name too long for any file is cut and so never found. */
static const char *full_name(char *dst, const vi_names *n, const char *prefix, vi_slot slot, int32_t block, const char *part) {
    index_place at = place_of(n->map);
    long index = (long)(block / n->branches);
    char start[NAME_SIZE];
    if (part[0] == '?') part++;
    if (slot < VI_MODEL_SLOTS)
        snprintf(dst, NAME_SIZE, "%s%s", prefix, part);
    else if (slot >= VI_SLOTS)
        snprintf(dst, NAME_SIZE, "%s%s%s", prefix, unit_start(start, sizeof start, n, block), part);
    else if (n->chunk > 0)
        snprintf(dst, NAME_SIZE, "%s%s%ld.%ld.%s", prefix, n->map->block, index / (long)n->chunk, index, part);
    else
        snprintf(dst, NAME_SIZE, "%s%.*s%ld%s%s", prefix, at.before, n->map->block, index, at.after, part);
    char *branch = strchr(dst, '#');
    if (branch != NULL) *branch = (char)('0' + block % n->branches); /* VI_MAX_BRANCHES is 9 */
    return dst;
}

static vi_tensor *find_part(const vi_names *n, vi_slot slot, int32_t block, const char *part) {
    char name[NAME_SIZE];
    vi_tensor *t = vi_directory_find(n->directory, full_name(name, n, n->prefix, slot, block, part));
    if (t == NULL && n->prefix[0] != '\0') t = vi_directory_find(n->directory, full_name(name, n, "", slot, block, part));
    return t;
}

static bool has_marker(const vi_names *n) {
    for (size_t i = 0; i < 2 && n->map->marker[i] != NULL; i++) {
        char name[NAME_SIZE];
        snprintf(name, sizeof name, "%s%s", n->prefix, n->map->marker[i]);
        if (vi_directory_find(n->directory, name) != NULL) return true;
    }
    return false;
}

bool vi_names_open(vi_names *n, const vi_directory *d, const vi_name_map *map, const char *const *prefixes, size_t count) {
    *n = (vi_names){.directory = d, .map = map, .branches = 1};
    for (size_t i = 0; i < count; i++) {
        n->prefix = prefixes[i];
        if (has_marker(n)) return true;
    }
    n->prefix = "";
    return false;
}

/* Every unit has a first convolution. A unit is looked for as the last of its stage, which takes any number. */
void vi_names_stem(vi_names *n, const vi_stem_names *stem) {
    int32_t before = 0;
    n->stem = stem;
    for (int32_t stage = 0; stage < VI_MAX_STAGES; stage++) {
        int32_t found = 0;
        n->units[stage] = VI_MAX_UNITS;
        while (found < VI_MAX_UNITS && vi_names_find(n, VI_UNIT_CONV1_W, before + found) != NULL) found++;
        n->units[stage] = found;
        before += found;
        if (found == 0) break;
    }
}

bool vi_names_has(const vi_names *n, const char *name) {
    char full[NAME_SIZE];
    snprintf(full, sizeof full, "%s%s", n->prefix, name);
    return vi_directory_find(n->directory, full) != NULL;
}

/* First row of the slot that has a tensor in the file (its first or any later part), else its first row. */
static const vi_name_row *row_of(const vi_names *n, vi_slot slot, int32_t block, vi_tensor **found) {
    const vi_name_row *first = NULL;
    *found = NULL;
    for (size_t i = 0; i < n->map->count + n->map->more_count; i++) {
        const vi_name_row *row = i < n->map->count ? &n->map->rows[i] : &n->map->more[i - n->map->count];
        if (row->slot != slot) continue;
        if (first == NULL) first = row;
        for (size_t p = 0; p < VI_MAX_PARTS && row->part[p] != NULL; p++) {
            *found = row->part[p][0] != '\0' ? find_part(n, slot, block, row->part[p]) : NULL;
            if (*found != NULL) return row;
        }
    }
    return first;
}

vi_tensor *vi_names_find(const vi_names *n, vi_slot slot, int32_t block) {
    vi_tensor *found;
    row_of(n, slot, block, &found);
    return found;
}

uint32_t vi_names_parts(const vi_names *n, vi_slot slot, int32_t block) {
    vi_tensor *found;
    const vi_name_row *row = row_of(n, slot, block, &found);
    uint32_t parts = 0;
    while (found != NULL && parts < VI_MAX_PARTS && row->part[parts] != NULL) parts++;
    return parts;
}

static int32_t missing_part(const vi_names *n, vi_slot slot, int32_t block, const char *part, vi_error *e) {
    char name[NAME_SIZE];
    full_name(name, n, n->prefix, slot, block, part);
    return vi_fail(e, VIT_ERROR_MODEL, "%s: tensor '%s' is missing", n->directory->reader->name, name);
}

int32_t vi_names_missing(const vi_names *n, vi_slot slot, int32_t block, vi_error *e) {
    vi_tensor *found;
    const vi_name_row *row = row_of(n, slot, block, &found);
    if (slot >= VI_MODEL_SLOTS && found == NULL)
        row = row_of(n, slot, block > 0 ? 0 : n->branches, &found); /* as others call it */
    return missing_part(n, slot, block, row != NULL ? row->part[0] : vi_slot_table[slot].name, e);
}

/* Decimal digits followed by `after`, at most VI_MAX_TENSORS; -1 otherwise. */
static int32_t block_index(const char *text, const char *after) {
    int32_t index = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && index <= VI_MAX_TENSORS; at++) index = index * 10 + (*at - '0');
    bool ends = strncmp(at, after, strlen(after)) == 0;
    return at > text && ends && index <= VI_MAX_TENSORS ? index : -1;
}

int32_t vi_names_depth(const vi_names *n) {
    char start[NAME_SIZE];
    index_place place = place_of(n->map);
    snprintf(start, sizeof start, "%s%.*s", n->prefix, place.before, n->map->block);
    size_t length = strlen(start);
    int32_t depth = 0;
    for (size_t i = 0; i < n->directory->count; i++) {
        const char *name = n->directory->tensors[i].name;
        if (strncmp(name, start, length) != 0) continue;
        const char *number = name + length;
        if (n->chunk > 0 && block_index(number, ".") >= 0) number = strchr(number, '.') + 1;
        int32_t index = block_index(number, place.after);
        if (index >= depth) depth = index + 1;
    }
    return depth <= VI_MAX_TENSORS / n->branches ? depth * n->branches : depth;
}

/* The parts of a slot are all there or none is. */
static int32_t bind_slot(const vi_names *n, vi_slot slot, int32_t block, const vi_hparams *h, vi_source *source, vi_error *e) {
    vi_tensor *found;
    const vi_name_row *row = row_of(n, slot, block, &found);
    if (found == NULL) return VIT_OK;
    source->above = (uint64_t)row->above * (uint64_t)h->width + (uint64_t)row->above_mlp * (uint64_t)h->mlp;
    source->below = (uint64_t)row->below * (uint64_t)h->width + (uint64_t)row->below_mlp * (uint64_t)h->mlp;
    source->in_place = row->in_place;
    if (n->stem != NULL && vi_slot_kernel(slot) > 0) source->standardise = n->stem->standardise;
    for (uint32_t p = 0; p < VI_MAX_PARTS && row->part[p] != NULL; p++) {
        bool stored = row->part[p][0] != '\0', optional = row->part[p][0] == '?';
        vi_tensor *t = stored ? find_part(n, slot, block, row->part[p]) : NULL;
        if (t == NULL && stored && !optional) return missing_part(n, slot, block, row->part[p], e);
        if (t != NULL) t->used = true;
        source->part[source->parts++] = t;
    }
    return VIT_OK;
}

/* A slot that every model of the family with these numbers has, absent. */
static bool lacks(const vi_names *n, const vi_description *d, vi_place p, const vi_source *source) {
    uint64_t rows, cols;
    vi_tensor *found;
    vi_place_shape(p, &d->hparams, &rows, &cols);
    if (rows == 0 || source->parts > 0) return false;
    if (vi_slot_table[p.slot].required) return true;
    const vi_name_row *row = n->map->complete ? row_of(n, p.slot, 0, &found) : NULL;
    return row != NULL && !row->optional;
}

/* What one block has all others have, also what no block must have; and a head that has names for a bias has a bias. */
static int32_t check_uniform(const vi_names *n, const vi_description *d, vi_error *e) {
    for (int32_t block = 1; block < d->hparams.depth; block++)
        for (int slot = VI_MODEL_SLOTS; slot < VI_SLOTS; slot++) {
            uint32_t first = d->blocks[0][slot - VI_MODEL_SLOTS].parts, parts = d->blocks[block][slot - VI_MODEL_SLOTS].parts;
            if (first != parts) return vi_names_missing(n, (vi_slot)slot, parts < first ? block : 0, e);
        }
    vi_tensor *found;
    bool headed = d->hparams.classes > 0 && d->model[VI_HEAD_W].parts > 0 && d->model[VI_HEAD_B].parts == 0;
    return headed && row_of(n, VI_HEAD_B, 0, &found) != NULL ? vi_names_missing(n, VI_HEAD_B, 0, e) : VIT_OK;
}

int32_t vi_names_bind(const vi_names *n, vi_description *d, vi_error *e) {
    vi_place p = {VI_PATCH_W, 0};
    int32_t status;
    do {
        vi_source *source = vi_source_at(d, p);
        status = bind_slot(n, p.slot, p.block, &d->hparams, source, e);
        if (status == VIT_OK && lacks(n, d, p, source)) status = vi_names_missing(n, p.slot, p.block, e);
    } while (status == VIT_OK && vi_place_next(&p, &d->hparams));
    return status == VIT_OK ? check_uniform(n, d, e) : status;
}

static int32_t refuse(const vi_directory *d, const char *prefix, const vi_feature *features, size_t count, vi_error *e) {
    for (size_t i = 0; i < d->count; i++) {
        for (size_t f = 0; f < count; f++) {
            const char *full = d->tensors[i].name;
            if (strncmp(full, prefix, strlen(prefix)) != 0 || strstr(full, features[f].fragment) == NULL) continue;
            char name[NAME_SIZE];
            vi_printable(name, sizeof name, full, strlen(full));
            return vi_fail(e, VIT_ERROR_UNSUPPORTED, "%s: tensor '%s': %s is not supported", d->reader->name, name,
                           features[f].what);
        }
    }
    return VIT_OK;
}

int32_t vi_refuse_features(const vi_directory *d, const vi_feature *features, size_t count, vi_error *e) {
    return refuse(d, "", features, count, e);
}

int32_t vi_names_refuse(const vi_names *n, const vi_feature *features, size_t count, vi_error *e) {
    return refuse(n->directory, n->prefix, features, count, e);
}
