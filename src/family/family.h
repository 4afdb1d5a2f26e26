/* Room rule: a family knows whose tensor names a checkpoint has and what its config files say. It includes base/, format/, text/
 * and model/hparams.h, model/weights.h, never the forward pass or the kernels' functions.
 *
 * family.h: what a checkpoint family must provide. families.c holds the list: to add one, write family/<name>.c and add its
 * row there (first hit wins). */
#ifndef VI_FAMILY_H
#define VI_FAMILY_H

#include "base/json.h"
#include "format/format.h"
#include "model/hparams.h"
#include "model/weights.h"
#include "text/tokenizer.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A checkpoint as it was found. */
typedef struct vi_checkpoint {
    vi_directory *directory;
    const vi_json_value *config;       /* root of config.json or NULL */
    const vi_json_value *preprocessor; /* root of preprocessor_config.json or NULL */
    const vi_json_value *open_clip;    /* root of open_clip_config.json or NULL */
    const vi_overrides *overrides;     /* what the caller chose: not guessed, not warned about. Never NULL */
    vi_allocator *allocator;           /* set by vi_describe, for temporary memory */
} vi_checkpoint;

/* Where one slot comes from: up to 3 tensors one below the other (q, k, v). A tensor is [rows, ...] with its trailing dimensions
 * flattened. */
#define VI_MAX_PARTS 3

/* Kernels of a stem whose rows are brought to mean 0 and deviation 1 while they are loaded. */
#define VI_STANDARDISE_NONE 0
#define VI_STANDARDISE_GOOGLE 1 /* (w - mean) / (std + 1e-5) */
#define VI_STANDARDISE_TIMM 2   /* (w - mean) / sqrt(var + 1e-8), also transformers */

typedef struct vi_source {
    vi_tensor *part[VI_MAX_PARTS]; /* NULL inside a slot that has other parts: zeros (a key bias that is not stored) */
    uint32_t parts;                /* 0: absent */
    uint64_t above, below;         /* rows (of a vector: elements) of a single part that belong to other slots */
    uint8_t standardise;           /* VI_STANDARDISE_* */
    bool in_place; /* a vector whose parts are the same tensor, of the whole size: each part takes its own elements of it */
} vi_source;

/* What a family says about a checkpoint. */
typedef struct vi_description {
    vi_hparams hparams;
    vi_source model[VI_MODEL_SLOTS];
    vi_source (*blocks)[VI_BLOCK_SLOTS]; /* [depth], temporary memory, VI_SLOT - VI_MODEL_SLOTS */
    vi_source (*units)[VI_UNIT_SLOTS];   /* [vi_stem_units], behind them, VI_SLOT - VI_SLOTS */
    vi_directory derived;                /* the family's view of the tensors (view.h), count 0: the checkpoint's own */
    char notes[2048];                    /* what was guessed, one line each, "" when nothing */
    bool read_config, read_preprocessor; /* the family has looked into the file; if it is there */
    uint32_t guesses;                    /* lines in notes that change results if wrong (each is logged as a warning) */
    const char *labels;                  /* label_count NUL-terminated names one after the other, inside label_block, or NULL */
    size_t label_bytes;
    uint32_t label_count;
    void *label_block; /* temporary memory */
    size_t label_block_size;
    struct vi_description *text; /* the text tower, temporary memory: hparams, model and blocks count; NULL: none */
    vi_text_options tokenizer;   /* of the text tower: whose code prepares texts; the name is not set */
    vi_tensor *tokenizer_block;  /* of the text tower: a compiled tokenizer in the file (.vit), or NULL */
} vi_description;

vi_source *vi_source_at(const vi_description *d, vi_place p);

struct vi_names;

typedef struct vi_family {
    const char *name; /* for messages, VIT_TEXT_FAMILY */
    bool (*open)(const vi_checkpoint *c, struct vi_names *n); /* finds its names (map.h); NULL: detect and bind do without */
    bool (*detect)(const vi_checkpoint *c);                   /* NULL: whatever open finds */
    /* Fills hparams from config and tensor shapes, noting guesses where no override replaces them (vi_describe applies
     * overrides). */
    int32_t (*hparams)(const vi_checkpoint *c, vi_description *d, vi_error *e);
    /* Fills model and blocks (already allocated and zeroed), marking every tensor used. NULL: by vi_names_bind. */
    int32_t (*bind)(const vi_checkpoint *c, vi_description *d, vi_error *e);
    /* Fills the labels by one of the functions of labels.h; NULL: the family has none. */
    int32_t (*labels)(const vi_checkpoint *c, vi_description *d, vi_allocator *a, vi_error *e);
    bool (*ignore)(const char *tensor_name); /* known buffers that are no part of the model; NULL: none */
    /* The text tower; both NULL: the family has none. The numbers go to `text`, notes to d; where the checkpoint has no text
     * tower the vocabulary stays 0. */
    int32_t (*text_hparams)(const vi_checkpoint *c, vi_description *d, vi_hparams *text, vi_error *e);
    int32_t (*text_bind)(const vi_checkpoint *c, vi_description *text, vi_error *e);
} vi_family;

/* Detects the family and describes the checkpoint completely: hparams checked (vi_hparams_check), every required slot present
 * with the right shape (sum of the parts' elements and rows against vi_slot_shape; a 4-D patch kernel is [D, C, ph, pw]), nothing
 * left over, labels taken (their count must be the number of classes, else they are dropped with a note). The message of a
 * failure names the tensor, the expected and the found shape. Unknown family: VIT_ERROR_MODEL that lists a few tensor names found
 * and the families known. On failure nothing is held. */
int32_t vi_describe(const vi_checkpoint *c, const vi_family **family, vi_description *d, vi_allocator *a, vi_error *e);
void vi_description_free(vi_description *d, vi_allocator *a);      /* idempotent */
void vi_description_free_text(vi_description *d, vi_allocator *a); /* its text tower alone; idempotent */

/* Adds "text\n" to the notes; guess: it changes results if wrong, and the text names the option that overrides it. A note that
 * does not fit is dropped whole, a guess is counted nevertheless. */
void vi_note(vi_description *d, bool guess, const char *format, ...) VI_PRINTF(3, 4);

/* A model to be written. */
typedef struct vi_native {
    const vi_hparams *hparams;
    const vi_weights *weights;
    const vi_hparams *text_hparams; /* of the text tower, or NULL */
    const vi_weights *text_weights;
    const void *tokenizer; /* its block, or NULL */
    size_t tokenizer_size;
    const char *labels; /* label_count NUL-terminated names one after the other */
    size_t label_bytes;
    uint32_t label_count;
} vi_native;

/* Writes the model as .vit: the inverse of the native family (family/native.c holds both, so that they cannot drift apart). */
int32_t vi_native_write(const vi_native *model, const vi_sink *sink, vit_progress_fn progress, void *progress_user,
                        vi_allocator *a, vi_error *e);

#endif
