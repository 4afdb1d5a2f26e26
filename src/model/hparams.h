/* Room rule: model is the canonical Vision Transformer: its numbers, weights and forward pass. It includes base/, kernels/ and
 * image/, and does not know files: families describe a checkpoint in the terms of hparams.h and weights.h.
 *
 * hparams.h: the numbers of one model, and the one validator of all of them. */
#ifndef VI_HPARAMS_H
#define VI_HPARAMS_H

#include "base/status.h"
#include "image/image.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Caps. Beyond any published model, small enough that no product of three of them overflows 64 bits. */
#define VI_MAX_WIDTH 65536
#define VI_MAX_MLP 262144
#define VI_MAX_DEPTH 512
#define VI_MAX_HEADS 1024
#define VI_MAX_TOKENS 65536
#define VI_MAX_SIDE 16384
#define VI_MAX_CLASSES (1 << 20)
#define VI_MAX_REGISTERS 1024
#define VI_MAX_BATCH 4096
#define VI_MAX_STAGES 4 /* of a convolutional stem */
#define VI_MAX_UNITS 64 /* of a stage */
#define VI_MAX_STEM 2048
#define VI_MAX_VOCABULARY (1 << 22)

#define VI_NORM_LAYER 0
#define VI_NORM_RMS 1 /* no mean subtracted, no bias */

#define VI_FFN_MLP 0
#define VI_FFN_SWIGLU 1 /* fc2(norm(act(gate) * value)) */

#define VI_ROPE_NONE 0
#define VI_ROPE_PAIRS 1  /* EVA-02: neighbours (2i, 2i+1) rotate together */
#define VI_ROPE_HALVES 2 /* DINOv3: (i, i + head_dim/2) rotate together */
#define VI_ROPE_MIXED 3  /* RoPE-ViT: pairs, by frequencies learned for every block and head */

#define VI_BLOCK_PRE 0      /* x + f(norm(x)) for attention, then for the MLP */
#define VI_BLOCK_POST 1     /* x + norm(f(x)) (res-post-norm, EVA-02 enormous) */
#define VI_BLOCK_PARALLEL 2 /* y = norm(x); x + attention(y) + MLP(y) (ViT-22B) */
#define VI_MAX_BRANCHES 9

/* Which token of a text becomes its embedding. */
#define VI_PICK_LARGEST 0 /* the first one of the largest id: the end, as CLIP's vocabulary numbers it */
#define VI_PICK_END 1     /* the first one that is `end_token`; the first of all when there is none */
#define VI_PICK_LAST 2    /* the last position (SigLIP) */

/* One tower: pictures, or with a vocabulary texts. */
typedef struct vi_hparams {
    char architecture[64]; /* name from the checkpoint, "" when it has none */
    int32_t width;         /* D */
    int32_t depth, heads;  /* depth: all blocks, branches counted apart */
    int32_t mlp;           /* hidden width of the MLP */
    int32_t channels;
    int32_t image_width, image_height; /* as trained: the position embedding's grid is image / patch */
    int32_t patch_width, patch_height;
    int32_t classes;         /* K, 0: no head */
    int32_t class_token;     /* 0 or 1 */
    int32_t distilled;       /* 1: a distillation token after the class token, with a head of its own (DeiT) */
    int32_t registers;       /* register tokens after those */
    int32_t position_prefix; /* position rows before those of the patches, for the first prefix tokens: usually all of them, or
                                none (timm no_embed_class); 1 when registers come without (DINOv2) */
    int32_t activation;      /* VIT_ACT_* */
    int32_t pool;            /* VIT_POOL_* */
    int32_t position;        /* VIT_POSITION_*: how positions are resampled */
    float eps;               /* of every norm */
    /* What only some descendants of the plain model have; 0 for the rest. */
    int32_t norm_kind; /* VI_NORM_* */
    int32_t ffn;       /* VI_FFN_*; with SwiGLU `mlp` is the width after the gate, and fc1 has twice as many rows: gate, value */
    int32_t block;     /* VI_BLOCK_* */
    int32_t branches; /* so many blocks side by side: their attentions add up, then their MLPs (Touvron et al. 2022); usually 1 */
    int32_t positionless;            /* 1: no position embedding (rotary positions alone) */
    int32_t rope;                    /* VI_ROPE_* */
    float rope_theta;                /* base of the rotary frequencies */
    int32_t rope_width, rope_height; /* VI_ROPE_PAIRS: grid that positions are scaled to; 0: not scaled */
    float rope_offset;               /* VI_ROPE_PAIRS: of the first row and column (Perception Encoder counts from 1) */
    int32_t rope_columns_first;      /* VI_ROPE_PAIRS: 1: the first half of the pairs turns with the column */
    int32_t pool_prefix;             /* 1: pooling counts the prefix tokens in */
    int32_t map_heads, map_mlp;      /* of attention pooling; 0: as in the blocks */
    int32_t representation;          /* width of the tanh layer after pooling (pre_logits, pooler), 0: none */
    int32_t projection;              /* width of the shared image-text space after pooling (CLIP), 0: none */
    int32_t raw_tokens;              /* 1: token output is taken before the final norm (CLIP in transformers) */
    int32_t stem_width;                /* channels that a hybrid's ResNet stem starts with, 0: no stem. A patch is then one of its
                                        feature map, and patch_width, patch_height are the pixels that it stands for */
    int32_t stem_units[VI_MAX_STAGES]; /* units of each stage; none from the first 0 on */
    int32_t stem_groups;               /* of its group norms */
    float stem_eps;                    /* of these */
    float crop;                      /* timm's crop_pct: another input size is resized to floor(side / crop); 0: in proportion */
    vi_pipeline pipeline;            /* for the trained size; width and height equal image_width and image_height */
    /* A text tower; it has nothing to do with the fields about pictures, patches and classes above. */
    int32_t vocabulary; /* V, 0: a tower for pictures */
    int32_t context;    /* L, positions */
    int32_t causal;     /* 1: a token attends to itself and those before it (CLIP) */
    int32_t pick;       /* VI_PICK_* */
    int32_t end_token;  /* of VI_PICK_END */
} vi_hparams;

/* Values that options put in the place of the checkpoint's; VIT_FROM_MODEL (-1) where they do not. */
typedef struct vi_overrides {
    int32_t activation, pool, heads, text_heads, resize, filter, position;
    int32_t passes;                /* VIT_PASSES_*: no checkpoint says */
    double eps, crop;              /* < 0: from the model */
    int32_t mean_count, std_count; /* 0: from the model; 1: the same for all channels */
    float mean[VI_MAX_CHANNELS], std[VI_MAX_CHANNELS];
} vi_overrides;

/* Blocks one after the other, and so hidden states. */
static inline int32_t vi_layers(const vi_hparams *h) { return h->depth / h->branches; }

/* Heads and hidden width of attention pooling. */
static inline int32_t vi_map_heads(const vi_hparams *h) { return h->map_heads ? h->map_heads : h->heads; }
static inline int32_t vi_map_mlp(const vi_hparams *h) { return h->map_mlp ? h->map_mlp : h->mlp; }

/* Blocks whose branches all read the same rows, which must outlive the first branch. */
static inline bool vi_holds_rows(const vi_hparams *h) { return h->block != VI_BLOCK_PRE || h->branches > 1; }

static inline int32_t vi_prefix_tokens(const vi_hparams *h) { return h->class_token + h->distilled + h->registers; }

static inline bool vi_reads_text(const vi_hparams *h) { return h->vocabulary > 0; }

/* Units of all stages; pixels of the picture for one of the feature map, a side; channels of the feature map. */
int32_t vi_stem_units(const vi_hparams *h);
int32_t vi_stem_stride(const vi_hparams *h); /* 1 without a stem */
int32_t vi_stem_channels(const vi_hparams *h);

/* Patches along a side of so many pixels, 0 when that does not come out even. patch: patch_width or patch_height. */
int32_t vi_grid_side(const vi_hparams *h, int32_t side, int32_t patch);

/* Numbers that make up a patch: C * ph * pw, of the picture or of the feature map. */
size_t vi_patch_inputs(const vi_hparams *h);

/* Width of the pooled tokens before any layer on them: 2D when the class token and the mean are put side by side. */
static inline int32_t vi_pooled_width(const vi_hparams *h) { return h->pool == VIT_POOL_TOKEN_MEAN ? 2 * h->width : h->width; }

/* Width of the embedding, which is what the head sees. */
static inline int32_t vi_embedding_width(const vi_hparams *h) {
    return h->projection ? h->projection : h->representation ? h->representation : vi_pooled_width(h);
}

/* Zeroed, with the defaults that most checkpoints share: 3 channels, GELU (erf), eps 1e-6, mean = std = 0.5, bicubic. */
void vi_hparams_init(vi_hparams *h);

/* The same of a text tower, as far as it has it: heads divide the width, vocabulary, context, pick. */
int32_t vi_hparams_check_text(const vi_hparams *h, vi_error *e);

/* Everything the rest of the library relies on: ranges, heads divide the width, patches divide the image, token pooling has a
 * class token, eps finite and >= 0, pipeline numbers sane. The message names the field, the value and the rule. */
int32_t vi_hparams_check(const vi_hparams *h, vi_error *e);

#endif
