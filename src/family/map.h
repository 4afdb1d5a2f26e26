/* map.h: name maps. A family says by one table which of its tensor names fill which slot; the functions here find, count and bind
 * them, so that a family is mostly its table. */
#ifndef VI_FAMILY_MAP_H
#define VI_FAMILY_MAP_H

#include "family/family.h"

/* The rows of a map are lines of text, each with the name of a slot and of the tensors that fill it, one below the other:
 *     "fc1.weight mlp.fc1.weight\n"
 *     "qkv.* attn.q_proj.* ?attn.k_proj.* attn.v_proj.*\n"
 * Slots are called as in vi_slot_table, those of a stem's units "unit.conv1.weight"; tensors of a block by what follows
 * "<block><index>.", without prefix. A slot may have several rows: the first one with a tensor in the file counts.
 *     *      "weight" and "bias": two rows in one
 *     ?slot  optional: a model may be without, also where the map is complete
 *     ?name  zeros where it is not there; "-": zeros, not stored
 *     #      the number of the branch (vi_names.branches)
 *     [1:]   without its first rows, as many as the width; [mlp:] as the width of the MLP's hidden layer
 *     [:-2]  without its last rows, as many as two widths
 *     [q]    each part takes the elements that lie where it goes
 * Text instead of structs, because a pointer takes more room in a library than what it points at. */
#define VI_MAP_TEXTS 3

typedef struct vi_name_map {
    const char *marker[2];          /* a checkpoint of the family has one of these names; the second may be NULL */
    const char *prefixes;           /* what may stand before all names, "-" nothing; one after the other, a NUL behind each */
    const char *block;              /* "blocks.", before index and point; or with '#' for the index, up to the name: "block_#/" */
    const char *rows[VI_MAP_TEXTS]; /* lines; NULL: no more */
    bool complete;                  /* every slot with a row belongs to every model of the family, unless the row is optional */
} vi_name_map;

/* How the units of a convolutional stem are called. */
typedef struct vi_stem_names {
    const char *unit;    /* "stages.#.blocks.#.": what stands before the name of a part, with the stage and the number in it */
    int32_t base;        /* the first of these numbers */
    uint8_t standardise; /* VI_STANDARDISE_*: of the stem's kernels */
} vi_stem_names;

/* The parts of a unit as timm and transformers call them. */
#define VI_BIT_UNIT_ROWS                                                                                                         \
    "unit.conv1.weight conv1.weight\n"                                                                                           \
    "unit.conv2.weight conv2.weight\n"                                                                                           \
    "unit.conv3.weight conv3.weight\n"                                                                                           \
    "unit.norm1.* norm1.*\n"                                                                                                     \
    "unit.norm2.* norm2.*\n"                                                                                                     \
    "unit.norm3.* norm3.*\n"                                                                                                     \
    "unit.proj.weight downsample.conv.weight\n"                                                                                  \
    "unit.proj_norm.* downsample.norm.*\n"

#define VI_MAP_LINES 100 /* of a map, in all its texts */

typedef struct vi_name_line {
    const char *parts; /* what stands behind the slot */
    uint8_t slot;      /* vi_slot */
    bool both;         /* "*": also the bias, which is the next slot */
    bool optional;
} vi_name_line;

/* A name map on one checkpoint. */
typedef struct vi_names {
    const vi_directory *directory;
    const vi_name_map *map;
    const char *prefix; /* names are looked up with it, then without (heads often have none) */
    int32_t chunk;      /* not 0: so many blocks of the file lie in a group: "blocks.<group>.<index>." */
    int32_t branches;   /* blocks of the model that share a block of the file, numbered at the "#" of their names */
    const vi_stem_names *stem;    /* NULL: none */
    int32_t units[VI_MAX_STAGES]; /* of each stage of a stem, as many as have tensors */
    uint32_t lines;
    vi_name_line line[VI_MAP_LINES]; /* the map's rows */
} vi_names;

/* Finds a marker with one of the prefixes in front; false when there is none (prefix is "" then). */
bool vi_names_open(vi_names *n, const vi_directory *d, const vi_name_map *map);

/* Takes another map with the same prefixes. */
void vi_names_use(vi_names *n, const vi_name_map *map);

/* Says how units are called, and counts them. */
void vi_names_stem(vi_names *n, const vi_stem_names *stem);

/* Whether there is a tensor of this name behind the prefix. */
bool vi_names_has(const vi_names *n, const char *name);

/* First tensor of a slot, NULL when absent; block is ignored for slots of the model. */
vi_tensor *vi_names_find(const vi_names *n, vi_slot slot, int32_t block);

/* How many tensors make up the slot, 0 when absent. */
uint32_t vi_names_parts(const vi_names *n, vi_slot slot, int32_t block);

/* VIT_ERROR_MODEL that names the missing tensor as this family calls it. */
int32_t vi_names_missing(const vi_names *n, vi_slot slot, int32_t block, vi_error *e);

/* 1 + the highest block index, times the branches. */
int32_t vi_names_depth(const vi_names *n);

/* Binds every row for d->hparams.depth blocks and marks the tensors used. VIT_ERROR_MODEL when a required slot is missing. */
int32_t vi_names_bind(const vi_names *n, vi_description *d, vi_error *e);

/* VIT_ERROR_UNSUPPORTED if the part of a tensor's name gives away a model that we cannot run, as listed in lines of
 * "<part of the name>: <what that is>\n". The message names the tensor and the feature. */
int32_t vi_refuse_features(const vi_directory *d, const char *features, vi_error *e);
int32_t vi_names_refuse(const vi_names *n, const char *features, vi_error *e); /* names with the prefix */

#endif
