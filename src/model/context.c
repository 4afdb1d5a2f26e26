/* context.c: memory of a context: one block laid out by one function, first measured, then taken. */
#include "model/context.h"

#include "base/arena.h"
#include "base/checked.h"
#include "model/blocks.h"
#include "model/linear_dots.h"
#include "model/position.h"
#include "model/rope.h"
#include "model/stem.h"
#include <math.h>
#include <string.h>

typedef struct layout {
    vi_arena *arena;
    const vi_hparams *h;
    const vi_settings *s;
    size_t batch, width, patches, tokens, inputs, grid_resampled;
    size_t head_dim, padded_tokens;
    vi_pipeline *pipeline;
    size_t lanes;
    uint32_t type; /* of the blocks' matrices */
} layout;

static size_t min_size(size_t a, size_t b) { return a < b ? a : b; }
static size_t max_size(size_t a, size_t b) { return a > b ? a : b; }

/* product of up to four counts; SIZE_MAX on overflow, which no arena can give */
static size_t product(size_t a, size_t b, size_t c, size_t d) {
    size_t n = a;
    if (!vi_mul_size(n, b, &n) || !vi_mul_size(n, c, &n) || !vi_mul_size(n, d, &n)) return SIZE_MAX;
    return n;
}

static float *take_floats(vi_arena *a, size_t n) { return vi_arena_take(a, n, sizeof(float)); }

/* Attention pooling works on one image at a time. */
static void lay_out_map(const layout *l, vi_workspace *w) {
    w->map_kv = take_floats(l->arena, product(l->tokens, 2, l->width, 1));
    w->map_keys = take_floats(l->arena, product(l->padded_tokens, l->width, 1, 1));
}

/* Rows that a lane works on at once, of `rows` that all lanes share. */
static size_t rows_at_once(const layout *l, size_t rows) { return min_size(VI_ROWS_AT_ONCE, (rows - 1) / l->lanes + 1); }

static void lay_out_pictures(const layout *l, vi_workspace *w) {
    vi_arena *a = l->arena;
    size_t pixels = product((size_t)l->h->channels, (size_t)l->pipeline->width, (size_t)l->pipeline->height, 1);
    w->pictures = take_floats(a, product(l->batch, pixels, 1, 1));
    size_t start = a->used, end;
    w->pixels = l->h->stem_width ? take_floats(a, pixels) : NULL;
    w->image_scratch = vi_arena_take(a, vi_image_scratch(l->pipeline, l->s->max_side), 1);
    end = a->used;
    a->used = start;
    if (l->h->stem_width) {
        vi_stem_lay_out(&w->stem, a, l->h, l->pipeline->width, l->pipeline->height);
    } else {
        w->patch_floats = product(rows_at_once(l, l->patches), l->inputs, 1, 1);
        w->patches = take_floats(a, product(l->lanes, w->patch_floats, 1, 1));
    }
    a->used = max_size(end, a->used);
}

/* The lives of the wide buffer: each starts at its base, and the arena ends up after the longest. */
static void lay_out_wide(const layout *l, vi_workspace *w) {
    vi_arena *a = l->arena;
    size_t start = a->used, end;
    if (!vi_reads_text(l->h)) lay_out_pictures(l, w);
    end = a->used;
    a->used = start;
    w->keys = take_floats(a, product(l->batch, l->padded_tokens, l->width, 1)); /* in this order: blocks.c, images_of */
    size_t rows = rows_at_once(l, product(l->batch, l->tokens, 1, 1));
    w->hidden_floats = product(rows, (size_t)l->h->mlp, l->h->ffn == VI_FFN_SWIGLU ? 2 : 1, 1);
    w->hidden = take_floats(a, product(l->lanes, w->hidden_floats, 1, 1));
    w->qkv = take_floats(a, product(l->batch, l->tokens, 3, l->width));
    end = max_size(end, a->used);
    a->used = start;
    if (l->h->pool == VIT_POOL_ATTENTION) lay_out_map(l, w);
    a->used = max_size(end, a->used);
}

static bool wants_layer(const vi_settings *s, int32_t i) { return s->want_layers[i / 64] >> (i % 64) & 1; }

/* What is left after the blocks: rows for each image instead of each token. */
static void lay_out_results(const layout *l, vi_workspace *w) {
    vi_arena *a = l->arena;
    size_t embedding = (size_t)vi_embedding_width(l->h), widest = max_size(embedding, (size_t)l->h->representation);
    if (l->h->pool == VIT_POOL_ATTENTION) w->map_rows = take_floats(a, product(3, l->width, 1, 1) + (size_t)vi_map_mlp(l->h));
    w->pooled = take_floats(a, product(l->batch, (size_t)vi_pooled_width(l->h), 1, 1));
    w->features = take_floats(a, product(2, l->batch, widest, 1));
    w->embedding = take_floats(a, product(l->batch, embedding, 1, 1));
    w->logits = l->h->classes > 0 ? take_floats(a, product(l->batch, (size_t)l->h->classes, 1, 1)) : NULL;
}

/* In int8 only the matrices of every token have inputs made smaller; in bf16, on machines with instructions for it, all have. */
static size_t dots_scratch(const layout *l, size_t longest) {
    size_t rows = product(l->batch, l->tokens, 1, 1);
    if (l->type == VI_I8) return vi_dots_scratch(rows, max_size(l->inputs, max_size(l->width, (size_t)l->h->mlp)));
    size_t pixels = l->h->stem_width ? product((size_t)l->pipeline->width, (size_t)l->pipeline->height, 1, 1) : 0;
    return vi_dots_scratch(max_size(rows, pixels), longest);
}

static void lay_out(const layout *l, vi_workspace *w, float **position, float **rope) {
    vi_arena *a = l->arena;
    size_t stream = product(l->batch, l->tokens, l->width, 1);
    *position = l->grid_resampled ? take_floats(a, product(l->tokens, l->width, 1, 1)) : NULL;
    *rope = l->h->rope ? take_floats(a, product(l->patches, l->head_dim, vi_rope_tables(l->h), 1)) : NULL;
    w->x = take_floats(a, stream);
    w->y = take_floats(a, stream);
    w->held = vi_holds_rows(l->h) ? take_floats(a, stream) : NULL;
    lay_out_wide(l, w);
    lay_out_results(l, w);
    w->tokens = l->s->want_tokens ? take_floats(a, stream) : NULL;
    w->inputs = vi_arena_take(a, l->batch, sizeof *w->inputs);
    w->ids = vi_reads_text(l->h) ? vi_arena_take(a, product(l->batch, l->tokens, 1, 1), sizeof *w->ids) : NULL;
    w->layers = vi_arena_take(a, (size_t)vi_layers(l->h) + 1, sizeof(float *));
    for (int32_t i = 0; i <= vi_layers(l->h); i++) {
        float *layer = wants_layer(l->s, i) ? take_floats(a, stream) : NULL;
        if (w->layers) w->layers[i] = layer;
    }
    size_t map_dim = l->h->pool == VIT_POOL_ATTENTION ? l->width / (size_t)vi_map_heads(l->h) : 0;
    size_t hidden = max_size((size_t)l->h->mlp, (size_t)l->h->map_mlp);
    size_t longest = max_size(max_size(l->inputs, 2 * l->width), max_size(hidden, (size_t)l->h->representation));
    if (l->h->stem_width) longest = max_size(longest, vi_stem_widest(l->h));
    size_t gemm = max_size(vi_gemm_scratch(longest), 64) + (l->h->stem_width ? vi_stem_scratch(l->h) : 0);
    w->lane_bytes = max_size(gemm, vi_attention_scratch(l->tokens, max_size(l->head_dim, map_dim)));
    if (l->type != VI_F32) w->lane_bytes = max_size(w->lane_bytes, dots_scratch(l, longest));
    if (!vi_round_up(w->lane_bytes, VI_ALIGN, &w->lane_bytes)) w->lane_bytes = SIZE_MAX;
    w->lanes = vi_arena_take(a, l->lanes, w->lane_bytes);
}

/* Side to resize to for another input side. crop came from a decimal: 252 / 0.9 must be 280, not a hair less. */
static int32_t resized_side(const vi_hparams *h, int32_t side, int32_t trained_side, int32_t trained_resize) {
    if (h->crop <= 0) return (int32_t)((int64_t)trained_resize * side / trained_side);
    return (int32_t)floor(side / (round((double)h->crop * 1e6) / 1e6));
}

/* The trained pipeline for another input size. */
static void scale_pipeline(const vi_hparams *h, int32_t width, int32_t height, vi_pipeline *p) {
    *p = h->pipeline;
    p->width = width;
    p->height = height;
    if (width == h->image_width && height == h->image_height) return;
    if (p->resize != VIT_RESIZE_SQUASH && p->resize != VIT_RESIZE_SHORTEST) return;
    p->resize_width = resized_side(h, width, h->image_width, h->pipeline.resize_width);
    p->resize_height = resized_side(h, height, h->image_height, h->pipeline.resize_height);
}

/* Grid, token count and pipeline of c for these settings. */
static int32_t set_geometry(vit_context *c, const vi_settings *s, vi_error *e) {
    const vi_hparams *h = &c->model->hparams;
    if (vi_reads_text(h)) {
        c->tokens = (size_t)h->context;
        return VIT_OK;
    }
    int32_t width = s->image_width ? s->image_width : h->image_width;
    int32_t height = s->image_height ? s->image_height : h->image_height;
    bool sides = width >= 1 && height >= 1 && width <= VI_MAX_SIDE && height <= VI_MAX_SIDE;
    c->grid_width = sides ? vi_grid_side(h, width, h->patch_width) : 0;
    c->grid_height = sides ? vi_grid_side(h, height, h->patch_height) : 0;
    if (c->grid_width == 0 || c->grid_height == 0)
        return vi_fail(e, VIT_ERROR_ARGUMENT, "input size %ldx%ld: expected multiples of the patch size %ldx%ld up to %d",
                       (long)width, (long)height, (long)h->patch_width, (long)h->patch_height, VI_MAX_SIDE);
    c->patches = (size_t)c->grid_width * (size_t)c->grid_height;
    c->tokens = c->patches + (size_t)vi_prefix_tokens(h);
    if (c->tokens > VI_MAX_TOKENS)
        return vi_fail(e, VIT_ERROR_LIMIT, "input size %ldx%ld gives %llu tokens, at most %d", (long)width, (long)height,
                       (unsigned long long)c->tokens, VI_MAX_TOKENS);
    scale_pipeline(h, width, height, &c->pipeline);
    int32_t status = vi_pipeline_check(&c->pipeline, e);
    if (status != VIT_OK) return status;
    vi_pipeline_text(&c->pipeline, c->pipeline_text, sizeof c->pipeline_text);
    return VIT_OK;
}

static void set_position(vit_context *c, float *resampled, float *rope) {
    const vi_hparams *h = &c->model->hparams;
    const float *trained = c->model->weights.position;
    c->work.position = trained;
    c->work.rope = rope;
    if (rope) vi_rope_table(rope, h, &c->model->weights, c->grid_width, c->grid_height);
    if (!resampled) return;
    size_t width = (size_t)h->width, prefix = (size_t)h->position_prefix;
    memcpy(resampled, trained, prefix * width * sizeof *resampled);
    vi_position_resample(resampled + prefix * width, c->grid_width, c->grid_height, trained + prefix * width,
                         vi_grid_side(h, h->image_width, h->patch_width), vi_grid_side(h, h->image_height, h->patch_height),
                         width, h->position);
    c->work.position = resampled;
}

/* Builds the activations of `c`, whose geometry is set, into a new block. */
static int32_t take_workspace(vit_context *c, const vi_settings *s, vi_error *e) {
    const vi_hparams *h = &c->model->hparams;
    vi_arena arena = vi_arena_measure();
    size_t head_dim = (size_t)(h->width / h->heads);
    layout l = {.arena = &arena,
                .h = h,
                .s = s,
                .batch = (size_t)s->max_batch,
                .width = (size_t)h->width,
                .patches = c->patches,
                .tokens = c->tokens,
                .inputs = vi_patch_inputs(h),
                .grid_resampled =
                    c->model->weights.position && (c->pipeline.width != h->image_width || c->pipeline.height != h->image_height),
                .head_dim = head_dim,
                .padded_tokens = (c->tokens + VI_PANEL - 1) / VI_PANEL * VI_PANEL,
                .pipeline = &c->pipeline,
                .lanes = vi_threads_lanes(c->threads),
                .type = c->model->weights.blocks[0].qkv.w.type};
    float *position, *rope;
    vi_workspace work = {0};
    lay_out(&l, &work, &position, &rope);
    size_t size = arena.used;
    if (arena.failed) return vi_fail(e, VIT_ERROR_LIMIT, "activations for batch %ld do not fit into memory", (long)s->max_batch);
    void *block = vi_alloc(c->allocator, size, VI_LASTING);
    if (!block) return vi_alloc_failed(c->allocator, size, "activations", e);
    arena = vi_arena_over(block, size);
    lay_out(&l, &work, &position, &rope);
    c->block = block;
    c->block_size = size;
    c->work = work;
    c->settings = *s;
    c->state = VI_IDLE;
    set_position(c, position, rope);
    return VIT_OK;
}

int32_t vi_context_configure(vit_context *c, const vi_settings *settings, vi_error *e) {
    vit_context next = *c;
    vi_settings wanted = *settings;
    int32_t status = set_geometry(&next, &wanted, e);
    if (status == VIT_OK) status = take_workspace(&next, &wanted, e);
    if (status != VIT_OK) return status;
    void *old = c->block;
    size_t old_size = c->block_size;
    next.own = c->own; /* which has counted the new block since the copy was made */
    *c = next;
    vi_free(c->allocator, old, old_size, VI_LASTING);
    return VIT_OK;
}

static void free_text(vit_context *text, vi_allocator *a) {
    if (!text) return;
    vi_free(a, text->block, text->block_size, VI_LASTING);
    vi_free(a, text, sizeof *text, VI_LASTING);
}

/* The text tower runs on this context's threads, in memory of its own. */
static int32_t create_text(vit_context *c, const vi_settings *settings, vi_error *e) {
    if (!c->model->text) return VIT_OK;
    vit_context *text = vi_alloc(c->allocator, sizeof *text, VI_LASTING);
    if (!text) return vi_alloc_failed(c->allocator, sizeof *text, "a context", e);
    text->model = c->model->text;
    text->allocator = c->allocator;
    text->kernels = c->kernels;
    text->int8 = c->int8;
    text->bf16 = c->bf16;
    text->threads = c->threads;
    vi_settings s = *settings;
    s.want_tokens = false;
    s.profile = NULL;
    memset(s.want_layers, 0, sizeof s.want_layers);
    c->text = text;
    return vi_context_configure(text, &s, e);
}

int32_t vi_context_create(vit_context **out, vi_model *model, const vi_allocator *allocator, const vi_settings *settings,
                          vi_error *e) {
    vi_allocator own = allocator ? *allocator : (vi_allocator){0};
    vit_context *c = vi_alloc(allocator ? &own : &model->allocator, sizeof *c, VI_LASTING);
    if (!c) {
        int32_t failed = vi_alloc_failed(allocator ? &own : &model->allocator, sizeof *c, "a context", e);
        vi_model_release(model);
        return failed;
    }
    c->model = model;
    c->own = own;
    c->allocator = allocator ? &c->own : &model->allocator;
    c->kernels = vi_kernels_for(settings->isa);
    c->int8 = vi_int8_for(settings->isa);
    c->bf16 = vi_bf16_for(settings->isa);
    int32_t status = vi_threads_create(&c->threads, (size_t)settings->threads, settings->parallel_for, settings->parallel_user,
                                       c->allocator, e);
    if (status == VIT_OK) status = create_text(c, settings, e);
    if (status == VIT_OK) status = vi_context_configure(c, settings, e);
    if (status != VIT_OK) {
        vi_context_free(c);
        return status;
    }
    *out = c;
    return VIT_OK;
}

void vi_model_release(vi_model *m) {
    if (!m || atomic_fetch_sub(&m->references, 1) != 1) return;
    vi_reader_close(&m->reader);
    vi_allocator allocator = m->allocator; /* the block holds its own allocator */
    vi_free(&allocator, m, m->block_size, VI_LASTING);
}

void vi_context_free(vit_context *c) {
    if (!c) return;
    vi_model *model = c->model;
    bool owner = c->allocator == &c->own;
    vi_allocator own = c->own, *allocator = owner ? &own : c->allocator;
    vi_free(allocator, c->block, c->block_size, VI_LASTING);
    free_text(c->text, allocator);
    vi_threads_free(c->threads, allocator);
    vi_free(allocator, c, sizeof *c, VI_LASTING);
    vi_model_release(model);
}

uint64_t vi_context_owned_bytes(const vit_context *c) {
    uint64_t bytes = c->allocator->in_use;
    return c->allocator == &c->own ? bytes + c->model->block_size : bytes;
}
