/* map.h: name maps. A family says by one table which of its tensor names fill which slot; the functions here find, count and bind
 * them, so that a family is mostly its table. */
#ifndef VI_FAMILY_MAP_H
#define VI_FAMILY_MAP_H

#include "family/family.h"

/* What follows "<block><index>." of a block slot, without prefix. "#" stands for the number of the branch (vi_names.branches);
 * "" means zeros, not stored; "?..." zeros when it is not there. */
typedef struct vi_name_row {
    vi_slot slot;
    const char *part[VI_MAX_PARTS];
    uint8_t above, below;         /* of a single part: so many times the width of its rows belong to other slots */
    uint8_t above_mlp, below_mlp; /* and so many times the width of the MLP's hidden layer */
    bool optional;                /* a model may be without, also where the map is complete */
    bool in_place;                /* parts are one vector: each takes the elements that lie where it goes */
} vi_name_row;

typedef struct vi_name_map {
    const char *marker[2];   /* a checkpoint of the family has one of these names; the second may be NULL */
    const char *block;       /* "blocks.", before index and point; or with '#' for the index, up to the name: "block_#/" */
    const vi_name_row *rows; /* a slot may have several rows: the first one with a tensor in the file counts */
    size_t count;
    const vi_name_row *more; /* rows beside those that another map has too, or NULL */
    size_t more_count;
    bool complete; /* every slot with a row belongs to every model of the family, unless the row is optional */
} vi_name_map;

/* How the units of a convolutional stem are called. */
typedef struct vi_stem_names {
    const char *unit;    /* "stages.#.blocks.#.": what stands before the name of a part, with the stage and the number in it */
    int32_t base;        /* the first of these numbers */
    uint8_t standardise; /* VI_STANDARDISE_*: of the stem's kernels */
} vi_stem_names;

/* The parts of a unit as timm and transformers call them. */
#define VI_BIT_UNIT_ROWS                                                                                                         \
    {.slot = VI_UNIT_CONV1_W, .part = {"conv1.weight"}}, {.slot = VI_UNIT_NORM1_G, .part = {"norm1.weight"}},                    \
        {.slot = VI_UNIT_NORM1_B, .part = {"norm1.bias"}}, {.slot = VI_UNIT_CONV2_W, .part = {"conv2.weight"}},                  \
        {.slot = VI_UNIT_NORM2_G, .part = {"norm2.weight"}}, {.slot = VI_UNIT_NORM2_B, .part = {"norm2.bias"}},                  \
        {.slot = VI_UNIT_CONV3_W, .part = {"conv3.weight"}}, {.slot = VI_UNIT_NORM3_G, .part = {"norm3.weight"}},                \
        {.slot = VI_UNIT_NORM3_B, .part = {"norm3.bias"}}, {.slot = VI_UNIT_PROJ_W, .part = {"downsample.conv.weight"}},         \
        {.slot = VI_UNIT_PROJ_NORM_G, .part = {"downsample.norm.weight"}},                                                       \
        {.slot = VI_UNIT_PROJ_NORM_B, .part = {"downsample.norm.bias"}}

/* A name map on one checkpoint. */
typedef struct vi_names {
    const vi_directory *directory;
    const vi_name_map *map;
    const char *prefix; /* names are looked up with it, then without (heads often have none) */
    int32_t chunk;      /* not 0: so many blocks of the file lie in a group: "blocks.<group>.<index>." */
    int32_t branches;   /* blocks of the model that share a block of the file, numbered at the "#" of their names */
    const vi_stem_names *stem;    /* NULL: none */
    int32_t units[VI_MAX_STAGES]; /* of each stage of a stem, as many as have tensors */
} vi_names;

/* Finds a marker with one of the prefixes in front; false when there is none (prefix is "" then). */
bool vi_names_open(vi_names *n, const vi_directory *d, const vi_name_map *map, const char *const *prefixes, size_t count);

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

/* What a part of a tensor's name gives away about a model that we cannot run. */
typedef struct vi_feature {
    const char *fragment;
    const char *what;
} vi_feature;

/* VIT_ERROR_UNSUPPORTED that names the tensor and the feature, if any tensor's name contains a fragment. */
int32_t vi_refuse_features(const vi_directory *d, const vi_feature *features, size_t count, vi_error *e);
int32_t vi_names_refuse(const vi_names *n, const vi_feature *features, size_t count, vi_error *e); /* names with the prefix */

#endif
