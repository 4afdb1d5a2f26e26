/* map.c: see map.h. */
#include "family/map.h"

#include <stdio.h>
#include <string.h>

#define NAME_SIZE (VI_MAX_NAME + 1)

/* One row of a map. */
typedef struct name_row {
    const char *part[VI_MAX_PARTS]; /* each up to a blank, a bracket or the end of the line */
    uint32_t parts;                 /* 0: there is no such row */
    bool optional;
} name_row;

/* What follows the first word of a row, if that is the slot's name: "fc1.*" for "fc1.weight" and "fc1.bias". Else NULL. */
static const char *behind_slot(const char *row, vi_slot slot) {
    const char *name = vi_slot_table[slot].name;
    if (slot >= VI_SLOTS) {
        if (strncmp(row, "unit.", 5) != 0) return NULL;
        row += 5;
    }
    while (*row == *name && *name != '\0') row++, name++;
    if (*row == '*' && (strcmp(name, "weight") == 0 || strcmp(name, "bias") == 0)) return row + 1;
    return *name == '\0' && *row == ' ' ? row : NULL;
}

/* Once for a map, because its rows are asked for again and again. */
static void index_rows(vi_names *n) {
    n->lines = 0;
    for (size_t i = 0; i < VI_MAP_TEXTS && n->map->rows[i] != NULL; i++) {
        for (const char *row = n->map->rows[i]; *row != '\0'; row = strchr(row, '\n') + 1) {
            const char *parts = NULL;
            int slot = 0;
            while (slot < VI_ALL_SLOTS && (parts = behind_slot(row + (*row == '?'), (vi_slot)slot)) == NULL) slot++;
            if (parts == NULL || n->lines == VI_MAP_LINES) return; /* tests/family/test_maps.sh: never */
            n->line[n->lines++] = (vi_name_line){parts, (uint8_t)slot, parts[-1] == '*', *row == '?'};
        }
    }
}

static name_row read_row(const vi_name_line *line) {
    name_row row = {.optional = line->optional};
    for (const char *at = line->parts; *at == ' ' && row.parts < VI_MAX_PARTS; at += strcspn(at, " \n"))
        row.part[row.parts++] = ++at;
    return row;
}

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

/* Adds a part of a row as this slot's tensor is called: up to a blank or bracket, "*" filled in. */
static void add_part(char *dst, size_t used, const char *part, vi_slot slot) {
    if (part[0] == '?') part++;
    for (const char *end = part + strcspn(part, " [\n"); part < end && used < NAME_SIZE - 1; part++) {
        if (*part != '*') {
            dst[used++] = *part;
            continue;
        }
        const char *word = strstr(vi_slot_table[slot].name, ".weight") != NULL ? "weight" : "bias";
        while (*word != '\0' && used < NAME_SIZE - 1) dst[used++] = *word++;
    }
    dst[used] = '\0';
}

/* "<prefix><block><index>.<part>" or "<prefix><part>". A name too long for any file is cut and so never found. */
static const char *full_name(char *dst, const vi_names *n, const char *prefix, vi_slot slot, int32_t block, const char *part) {
    index_place at = place_of(n->map);
    long index = (long)(block / n->branches);
    char start[NAME_SIZE];
    int used;
    if (slot < VI_MODEL_SLOTS)
        used = snprintf(dst, NAME_SIZE, "%s", prefix);
    else if (slot >= VI_SLOTS)
        used = snprintf(dst, NAME_SIZE, "%s%s", prefix, unit_start(start, sizeof start, n, block));
    else if (n->chunk > 0)
        used = snprintf(dst, NAME_SIZE, "%s%s%ld.%ld.", prefix, n->map->block, index / (long)n->chunk, index);
    else
        used = snprintf(dst, NAME_SIZE, "%s%.*s%ld%s", prefix, at.before, n->map->block, index, at.after);
    add_part(dst, used < NAME_SIZE ? (size_t)used : NAME_SIZE - 1, part, slot);
    char *branch = strchr(dst, '#');
    if (branch != NULL) *branch = (char)('0' + block % n->branches); /* VI_MAX_BRANCHES is 9 */
    return dst;
}

static bool is_stored(const char *part) { return part[0] != '-'; }

static vi_tensor *find_part(const vi_names *n, vi_slot slot, int32_t block, const char *part) {
    char name[NAME_SIZE];
    if (!is_stored(part)) return NULL;
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

bool vi_names_open(vi_names *n, const vi_directory *d, const vi_name_map *map) {
    *n = (vi_names){.directory = d, .map = map, .branches = 1};
    for (n->prefix = map->prefixes; n->prefix[0] != '\0'; n->prefix += strlen(n->prefix) + 1) {
        const char *listed = n->prefix;
        if (strcmp(listed, "-") == 0) n->prefix = "";
        if (has_marker(n)) {
            index_rows(n);
            return true;
        }
        n->prefix = listed;
    }
    return false;
}

void vi_names_use(vi_names *n, const vi_name_map *map) {
    n->map = map;
    index_rows(n);
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
static name_row row_of(const vi_names *n, vi_slot slot, int32_t block, vi_tensor **found) {
    name_row first = {.parts = 0};
    *found = NULL;
    for (uint32_t i = 0; i < n->lines; i++) {
        const vi_name_line *line = &n->line[i];
        if (line->slot != slot && !(line->both && line->slot + 1u == slot)) continue;
        name_row row = read_row(line);
        if (first.parts == 0) first = row;
        for (uint32_t p = 0; p < row.parts; p++)
            if ((*found = find_part(n, slot, block, row.part[p])) != NULL) return row;
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
    name_row row = row_of(n, slot, block, &found);
    return found != NULL ? row.parts : 0;
}

static int32_t missing_part(const vi_names *n, vi_slot slot, int32_t block, const char *part, vi_error *e) {
    char name[NAME_SIZE];
    full_name(name, n, n->prefix, slot, block, part);
    return vi_fail(e, VIT_ERROR_MODEL, "%s: tensor '%s' is missing", n->directory->reader->name, name);
}

int32_t vi_names_missing(const vi_names *n, vi_slot slot, int32_t block, vi_error *e) {
    vi_tensor *found;
    name_row row = row_of(n, slot, block, &found);
    if (slot >= VI_MODEL_SLOTS && found == NULL)
        row = row_of(n, slot, block > 0 ? 0 : n->branches, &found); /* as others call it */
    return missing_part(n, slot, block, row.parts > 0 ? row.part[0] : vi_slot_table[slot].name, e);
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

/* What stands in brackets behind a part: which of its rows are this slot's. */
static void read_share(const char *part, const vi_hparams *h, vi_source *source) {
    const char *at = part + strcspn(part, "[ \n");
    if (*at++ != '[') return;
    if (*at == 'q') source->in_place = true;
    if (*at == 'm') source->above = (uint64_t)h->mlp;
    if (*at >= '0' && *at <= '9') source->above = (uint64_t)(*at - '0') * (uint64_t)h->width;
    if (*at == ':') source->below = (uint64_t)(at[2] - '0') * (uint64_t)h->width;
}

/* The parts of a slot are all there or none is. */
static int32_t bind_slot(const vi_names *n, vi_slot slot, int32_t block, const vi_hparams *h, vi_source *source, vi_error *e) {
    vi_tensor *found;
    name_row row = row_of(n, slot, block, &found);
    if (found == NULL) return VIT_OK;
    read_share(row.part[0], h, source);
    if (n->stem != NULL && vi_slot_kernel(slot) > 0) source->standardise = n->stem->standardise;
    for (uint32_t p = 0; p < row.parts; p++) {
        vi_tensor *t = find_part(n, slot, block, row.part[p]);
        bool needed = is_stored(row.part[p]) && row.part[p][0] != '?';
        if (t == NULL && needed) return missing_part(n, slot, block, row.part[p], e);
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
    if (!n->map->complete) return false;
    name_row row = row_of(n, p.slot, 0, &found);
    return row.parts > 0 && !row.optional;
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
    return headed && row_of(n, VI_HEAD_B, 0, &found).parts > 0 ? vi_names_missing(n, VI_HEAD_B, 0, e) : VIT_OK;
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

static const vi_tensor *with_fragment(const vi_directory *d, const char *prefix, const char *fragment) {
    for (size_t i = 0; i < d->count; i++) {
        const vi_tensor *t = &d->tensors[i];
        if (strncmp(t->name, prefix, strlen(prefix)) == 0 && strstr(t->name, fragment) != NULL) return t;
    }
    return NULL;
}

static int32_t refuse(const vi_directory *d, const char *prefix, const char *features, vi_error *e) {
    for (const char *line = features; *line != '\0'; line = strchr(line, '\n') + 1) {
        char fragment[48], name[NAME_SIZE];
        const char *what = strchr(line, ':') + 2;
        snprintf(fragment, sizeof fragment, "%.*s", (int)(what - 2 - line), line);
        const vi_tensor *t = with_fragment(d, prefix, fragment);
        if (t == NULL) continue;
        vi_printable(name, sizeof name, t->name, strlen(t->name));
        return vi_fail(e, VIT_ERROR_UNSUPPORTED, "%s: tensor '%s': %.*s is not supported", d->reader->name, name,
                       (int)strcspn(what, "\n"), what);
    }
    return VIT_OK;
}

int32_t vi_refuse_features(const vi_directory *d, const char *features, vi_error *e) { return refuse(d, "", features, e); }

int32_t vi_names_refuse(const vi_names *n, const char *features, vi_error *e) {
    return refuse(n->directory, n->prefix, features, e);
}
