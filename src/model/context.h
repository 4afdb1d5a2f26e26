/* context.h: what a loaded model is (shared, read-only) and what a context adds to it (activations, threads, state of one
 * run). */
#ifndef VI_CONTEXT_H
#define VI_CONTEXT_H

#include "base/alloc.h"
#include "base/reader.h"
#include "base/status.h"
#include "base/threads.h"
#include "kernels/bf16.h"
#include "kernels/int8.h"
#include "model/hparams.h"
#include "model/weights.h"
#include "text/tokenizer.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Immutable after the load; freed with the last context that uses it. */
typedef struct vi_model {
    atomic_int references;
    vi_allocator allocator; /* owns this block and the first context */
    size_t block_size;      /* of the one block that starts with this struct and holds everything below */
    vi_hparams hparams;
    vi_weights weights;
    struct vi_model *text;  /* the text tower, in this block: hparams, weights and tokenizer count; NULL: none */
    vi_tokenizer tokenizer; /* of a text tower; size 0: none came with the model */
    uint32_t precision; /* VI_F32, VI_BF16 or VI_I8: type of the packed matrices, in VI_I8 of those that vi_slot_type names */
    bool in_place;      /* matrices and vectors lie in the reader's memory */
    vi_reader reader;   /* kept open while in_place and mapped */
    uint64_t parameters, weight_bytes;
    const char *format, *family; /* static names */
    const char *sources;         /* static text */
    const char *notes;           /* "" when nothing was assumed */
    const char *labels;          /* label_count NUL-terminated names, or NULL */
    size_t label_bytes;
    uint32_t label_count;
} vi_model;

/* Of a convolutional stem, for one picture (stem.c). */
typedef struct vi_stem_work {
    float *map, *other; /* feature maps on their way */
    float *mid1, *mid2; /* inside a unit */
    float *stats;       /* of group norms */
} vi_stem_work;

/* Activations. B images computed together, T tokens, N patches, D width, M hidden width, K classes, C x H x W input.
 * `wide` is one buffer with several lives, none of which is needed while another is written. */
typedef struct vi_workspace {
    const float
        *position;     /* rows for this grid: [position_prefix + N, D]; the model's own when the grid is as trained; or NULL */
    const float *rope; /* [N, 2, head_dim / 2] cos and sin of rotary positions, of every block and head when learned; or NULL */
    float *x;          /* [B, T, D] residual stream */
    float *y;          /* [B, T, D] normalised tokens, then attention output */
    float *held;       /* [B, T, D] rows that several branches of a block read, or NULL (vi_holds_rows) */
    float *pictures;      /* wide, first life: [B, C, H, W]; with a stem [B, H, W, C] */
    const float **inputs; /* [B]: where each of them is, in pictures or with the caller */
    float *patches;       /* wide, first life: [lanes, patches of a lane at once, vi_patch_inputs] */
    float *pixels;        /*                   beside them, for a stem: [C, H, W] of one picture */
    void *image_scratch;
    vi_stem_work stem;    /* beside the pictures, over pixels and scratch */
    float *keys;          /* wide, second life: [B, heads, ceil(T/16), head_dim, 16] */
    float *hidden;        /*                    [lanes, rows of a lane at once, M], twice as wide with SwiGLU */
    float *qkv;           /*                    [B, T, 3D] */
    float *map_kv;        /* wide, third life, of attention pooling: [T, 2D] of one image */
    float *map_keys;      /*                  [heads, ceil(T/16), head_dim, 16] */
    float *map_rows;      /* attention pooling: [3, D] query, attended, normed, and [M] hidden */
    float *pooled;        /* [B, pooled width] */
    float *features;      /* [2, B, E]: after each layer on the pooled tokens */
    float *embedding;     /* [B, E] after optional normalisation */
    float *logits;        /* [B, K] or NULL */
    float *tokens;        /* [B, T, D] or NULL: requested output */
    float **layers;       /* [layers + 1] of [B, T, D] or NULL each: requested hidden states */
    int32_t *ids;         /* [B, L] of a text tower: where texts become numbers */
    unsigned char *lanes; /* scratch of each lane */
    size_t lane_bytes;
    size_t hidden_floats, patch_floats; /* of each lane */
} vi_workspace;

typedef enum vi_run_state { VI_IDLE, VI_RUNNING, VI_DONE } vi_run_state;

/* What the caller may set for a context (from options), and vit_request or vit_set_input_size may change. */
typedef struct vi_settings {
    int32_t threads, isa, max_batch, max_side;
    int32_t image_width, image_height; /* 0: as trained */
    bool normalize;
    bool want_tokens;
    uint64_t want_layers[(VI_MAX_DEPTH + 64) / 64]; /* bit i: hidden state i, 0..layers */
    vit_parallel_for_fn parallel_for;
    void *parallel_user;
    vit_log_fn log;
    void *log_user;
    vit_profile_fn profile;
    void *profile_user;
} vi_settings;

struct vit_context {
    vi_model *model;
    vi_allocator *allocator; /* the model's for the first context, own for a clone */
    vi_allocator own;
    vi_settings settings;
    const vi_kernels *kernels;
    const vi_dots *int8;
    const vi_dots *bf16; /* or NULL: bf16 weights are widened to f32 */
    vi_threads *threads;
    vi_pipeline pipeline; /* for this input size */
    char pipeline_text[512];
    int32_t grid_width, grid_height;
    size_t patches, tokens; /* N, T */
    void *block;            /* activations */
    size_t block_size;
    vi_workspace work;
    vi_run_state state;
    int32_t batch; /* pictures of the current run */
    int32_t stage; /* next piece of the run, 0..vi_stages */
    vi_error error;
    vit_context *text; /* runs the text tower: activations of its own, everything else is this context's; NULL: none */
};

/* Creates a context on the model and takes over one reference to it, also on failure. `allocator` NULL: the model's. */
int32_t vi_context_create(vit_context **out, vi_model *model, const vi_allocator *allocator, const vi_settings *settings,
                          vi_error *e);
void vi_context_free(vit_context *c); /* accepts NULL */
void vi_model_release(vi_model *m);

/* Lays the activations out anew for other settings; on failure everything stays as it was. */
int32_t vi_context_configure(vit_context *c, const vi_settings *settings, vi_error *e);

/* Bytes that vit_info reports: this context's and its model's allocations. */
uint64_t vi_context_owned_bytes(const vit_context *c);

/* ---- forward.c ------------------------------------------------------------------------------------------------------------- */

/* Number of pieces of a run: embedding, two per block, pooling and head. */
int32_t vi_stages(const vi_hparams *h);

/* Reads picture i of the run, which must have passed vi_image_check. stays: until the run's first stage is done, so that pixels
 * need not be copied. */
void vi_read_picture(vit_context *c, const vit_image *image, int32_t i, bool stays);

/* Runs one piece for the c->batch pictures that were read. */
void vi_run_stage(vit_context *c, int32_t stage);

/* What both towers do: the layers from work.pooled to work.embedding, whose result before any normalisation is returned: what a
 * head sees, [B, E]. */
const float *vi_run_embedding(const vit_context *c);

/* ---- text.c ---------------------------------------------------------------------------------------------------------------- */

/* ids [count, L] of whole texts with their padding, as a tokenizer gives them, each below the vocabulary's size -> work.embedding
 * [count, E] of the text tower's context. count is at most max_batch. */
void vi_run_text(vit_context *text, const int32_t *ids, int32_t count);

/* Of a text tower: similarity = scale * cosine + bias. */
double vi_logit_scale(const vi_model *text);
double vi_logit_bias(const vi_model *text);

#endif
