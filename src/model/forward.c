/* forward.c: the Vision Transformer (Dosovitskiy et al. 2021, section 3.1), one function per equation.
 *
 *   z0 = [class; registers; x_p E] + E_pos                    (1)  embed; x_p: patches of the picture or of a stem's map
 *   z' = z + scale1 * MSA(LN(z))                              (2)  attention_half
 *   z  = z' + scale2 * MLP(LN(z')), MLP = fc2(act(fc1))       (3)  mlp_half
 *   y  = pool(LN(z)); head(y)                                 (4)  pool_and_classify
 *
 * Descendants put the norm last, let both halves read the same rows, or run several halves side by side (hparams.h).
 * A run is cut into stages, embed, two per block, pool_and_classify, so that it can be stepped. Shapes: B images, T = P + N
 * tokens (P class token, distillation token and registers, N patches), D width, M hidden width, K classes.
 *
 * Where nothing but the class token leaves the last block, that block computes keys and values of all tokens and the rest of
 * that token only. A row's bits do not depend on which other rows are computed. */
#include "model/cost.h"
#include "model/ops.h"
#include "model/pool.h"
#include "model/stem.h"
#include <math.h>
#include <string.h>

static const vi_epilogue plain = {.activation = VI_ACT_NONE};

int32_t vi_stages(const vi_hparams *h) { return 2 * h->depth + 2; }

/* ---- pictures to patches --------------------------------------------------------------------------------------------------- */

/* pixels [C, H, W] -> patches [N, C * ph * pw], each patch in the order (channel, row, column) */
static void cut_patches(const vit_context *c, float *patches, const float *pixels) {
    const vi_hparams *h = &c->model->hparams;
    size_t width = (size_t)c->pipeline.width, height = (size_t)c->pipeline.height;
    size_t pw = (size_t)h->patch_width, ph = (size_t)h->patch_height;
    for (size_t gy = 0; gy < (size_t)c->grid_height; gy++)
        for (size_t gx = 0; gx < (size_t)c->grid_width; gx++)
            for (size_t channel = 0; channel < (size_t)h->channels; channel++)
                for (size_t row = 0; row < ph; row++, patches += pw)
                    memcpy(patches, pixels + (channel * height + gy * ph + row) * width + gx * pw, pw * sizeof *patches);
}

/* Floats of one picture in the patch buffer: its patches or, before a stem, its pixels. */
static size_t patches_size(const vit_context *c) {
    const vi_hparams *h = &c->model->hparams;
    if (!h->stem_width) return c->patches * vi_patch_inputs(h);
    return (size_t)h->channels * (size_t)c->pipeline.width * (size_t)c->pipeline.height;
}

void vi_read_picture(vit_context *c, const vit_image *image, int32_t i) {
    const vi_hparams *h = &c->model->hparams;
    float *patches = c->work.patches + (size_t)i * patches_size(c);
    vi_image_prepare(&c->pipeline, image, c->work.pixels, c->work.image_scratch);
    vi_profile(c, "picture", 0);
    if (h->stem_width)
        vi_stem_read(c, patches, c->work.pixels);
    else
        cut_patches(c, patches, c->work.pixels);
    vi_profile(c, "embedding", 0);
}

/* ---- (1) ------------------------------------------------------------------------------------------------------------------- */

/* dst [D] = token + position row (NULL: none) */
static void place_prefix(float *dst, const float *token, const float *position, size_t width) {
    for (size_t d = 0; d < width; d++) dst[d] = position ? token[d] + position[d] : token[d];
}

static void keep_layer(const vit_context *c, int32_t index) {
    float *layer = c->work.layers[index];
    if (!layer) return;
    memcpy(layer, c->work.x, (size_t)c->batch * c->tokens * (size_t)c->model->hparams.width * sizeof *layer);
    vi_profile(c, "copy", 0);
}

/* Token i of the prefix: class, distillation, registers. */
static const float *prefix_token(const vi_hparams *h, const vi_weights *w, size_t i) {
    if (h->class_token && i == 0) return w->class_token;
    i -= (size_t)h->class_token;
    if (h->distilled && i == 0) return w->dist_token;
    return w->registers + (i - (size_t)h->distilled) * (size_t)h->width;
}

/* z [N, D] = patches E + positions; positions come after the norm where patches have one */
static void embed_patches(const vit_context *c, float *z, const float *patches, const float *position) {
    const vi_weights *w = &c->model->weights;
    size_t D = (size_t)c->model->hparams.width, inputs = w->patch.w.cols;
    bool normed = w->patch_norm.gamma != NULL;
    vi_linear_forward(c, z, D, patches, inputs, c->patches, &w->patch,
                      (vi_epilogue){.activation = VI_ACT_NONE, .residual = normed ? NULL : position});
    if (!normed) return;
    vi_norm_forward(c, z, D, z, D, c->patches, D, &w->patch_norm);
    for (size_t i = 0; position && i < c->patches * D; i++) z[i] += position[i];
}

static void embed(const vit_context *c) {
    const vi_hparams *h = &c->model->hparams;
    const vi_weights *w = &c->model->weights;
    size_t D = (size_t)h->width, prefix = (size_t)vi_prefix_tokens(h);
    const float *position = c->work.position; /* [position_prefix + N, D] or NULL */
    const float *patch_position = position ? position + (size_t)h->position_prefix * D : NULL;
    for (size_t b = 0; b < (size_t)c->batch; b++) {
        float *z = c->work.x + b * c->tokens * D; /* [T, D] */
        for (size_t i = 0; i < prefix; i++) {
            bool placed = position && i < (size_t)h->position_prefix;
            place_prefix(z + i * D, prefix_token(h, w, i), placed ? position + i * D : NULL, D);
        }
        const float *patches = c->work.patches + b * patches_size(c);
        embed_patches(c, z + prefix * D, h->stem_width ? vi_stem_forward(c, patches) : patches, patch_position);
    }
    if (w->pre_norm.gamma) vi_norm_forward(c, c->work.x, D, c->work.x, D, (size_t)c->batch * c->tokens, D, &w->pre_norm);
    uint64_t stem = h->stem_width ? (uint64_t)c->batch * vi_stem_macs(c) : 0;
    vi_profile(c, "embedding", stem + vi_linear_macs(&w->patch, (size_t)c->batch * c->patches));
    keep_layer(c, 0);
}

/* ---- (2) and (3) ----------------------------------------------------------------------------------------------------------- */

size_t vi_last_tokens(const vit_context *c) {
    const vi_hparams *h = &c->model->hparams;
    bool all = vi_reads_text(h) || h->pool != VIT_POOL_TOKEN || vi_holds_rows(h);
    all = all || c->work.tokens || c->work.layers[vi_layers(h)];
    return all ? c->tokens : 1 + (size_t)h->distilled;
}

/* Rows that go through several operators together: what one writes is then still in the caches when the next reads it. */
static size_t rows_at_once(const vit_context *c) { return 256 * vi_threads_lanes(c->threads); }

/* The tokens that a block's results are wanted of, as `calls` evenly spaced sets of rows of x: set i is the rows i, i + stride,
 * ..., `count` of them. Usually all rows of all images are one set. */
typedef struct wanted {
    size_t tokens; /* of each image */
    size_t calls, count, stride;
} wanted;

static wanted wanted_of(const vit_context *c, const vi_block *block) {
    bool last = block == &c->model->weights.blocks[c->model->hparams.depth - 1];
    size_t tokens = last ? vi_last_tokens(c) : c->tokens;
    if (tokens == c->tokens) return (wanted){tokens, 1, (size_t)c->batch * tokens, 1};
    return (wanted){tokens, tokens, (size_t)c->batch, c->tokens};
}

/* Keys and values of all tokens, queries of the wanted ones. */
static void queries_keys_values(const vit_context *c, const float *y, const vi_linear *qkv, wanted t) {
    size_t D = (size_t)c->model->hparams.width, rows = (size_t)c->batch * c->tokens;
    bool all = t.tokens == c->tokens;
    uint64_t keys_values = (uint64_t)rows * 2 * D * D, queries = (uint64_t)c->batch * t.tokens * D * D;
    vi_linear_channels(c, c->work.qkv, 3 * D, y, D, rows, qkv, plain, all ? 0 : D, 3 * D);
    for (size_t i = 0; !all && i < t.calls; i++)
        vi_linear_channels(c, c->work.qkv + i * 3 * D, t.stride * 3 * D, y + i * D, t.stride * D, t.count, qkv, plain, 0, D);
    vi_profile(c, "qkv", keys_values + queries);
}

/* What a branch reads of the wanted rows x [rows, D], row stride ld as y's: norm(x), in y, or held where both halves read it;
 * norm of x as it was before the first of several branches; or x itself where the norm comes last. first: of the branches side
 * by side. All rows are wanted where rows are held. */
static const float *branch_rows(const vit_context *c, const vi_norm *norm, bool first, const float *x, float *y, size_t ld,
                                size_t rows) {
    const vi_hparams *h = &c->model->hparams;
    size_t D = (size_t)h->width;
    float *held = c->work.held;
    if (h->block == VI_BLOCK_POST) return x;
    if (h->branches > 1 && first) memcpy(held, x, rows * D * sizeof *x);
    if (h->branches > 1) x = held;
    if (h->block == VI_BLOCK_PARALLEL) y = held;
    vi_norm_forward(c, y, ld, x, ld, rows, D, norm);
    vi_profile(c, "norm", 0);
    return y;
}

/* x [rows, D], row stride ldx, += scale * (branch W^T + b), with the norm last where the block has it there. */
static void add_branch(const vit_context *c, float *x, size_t ldx, const float *branch, size_t ld, size_t rows,
                       const vi_linear *layer, const float *scale, const vi_norm *norm) {
    size_t D = (size_t)c->model->hparams.width;
    float *held = c->work.held;
    vi_epilogue e = {.activation = VI_ACT_NONE, .scale = scale, .residual = x};
    if (c->model->hparams.block != VI_BLOCK_POST) {
        vi_linear_forward(c, x, ldx, branch, ld, rows, layer, e);
        return;
    }
    e.residual = NULL;
    vi_linear_forward(c, held, D, branch, ld, rows, layer, e);
    vi_norm_forward(c, held, D, held, D, rows, D, norm);
    for (size_t i = 0; i < rows * D; i++) x[i] += held[i];
}

static void attention_half(const vit_context *c, const vi_block *block, bool first) {
    size_t D = (size_t)c->model->hparams.width;
    wanted t = wanted_of(c, block);
    const float *in = branch_rows(c, &block->norm1, first, c->work.x, c->work.y, D, (size_t)c->batch * c->tokens);
    queries_keys_values(c, in, &block->qkv, t);
    vi_attention_forward(c, c->work.y, c->work.qkv, block, t.tokens);
    for (size_t i = 0; i < t.calls; i++) {
        float *y = c->work.y + i * D;
        vi_norm_forward(c, y, t.stride * D, y, t.stride * D, t.count, D, &block->attn_norm);
    }
    vi_profile(c, "attention", (uint64_t)c->batch * vi_attention_macs(c, t.tokens));
    for (size_t i = 0; i < t.calls; i++)
        add_branch(c, c->work.x + i * D, t.stride * D, c->work.y + i * D, t.stride * D, t.count, &block->proj, block->scale1,
                   &block->norm1);
    vi_profile(c, "proj", vi_linear_macs(&block->proj, t.calls * t.count));
}

/* x [rows, D] with row stride ld is updated, y likewise is overwritten. */
static void mlp(const vit_context *c, const vi_block *block, bool first, float *x, float *y, size_t ld, size_t rows) {
    const vi_hparams *h = &c->model->hparams;
    bool gated = h->ffn == VI_FFN_SWIGLU;
    size_t M = (size_t)h->mlp, ldh = gated ? 2 * M : M;
    float *hidden = c->work.hidden;
    const float *in = h->block == VI_BLOCK_PARALLEL ? c->work.held : branch_rows(c, &block->norm2, first, x, y, ld, rows);
    vi_linear_forward(c, hidden, ldh, in, ld, rows, &block->fc1,
                      (vi_epilogue){.activation = gated ? VI_ACT_NONE : h->activation});
    vi_profile(c, "fc1", vi_linear_macs(&block->fc1, rows));
    if (gated) {
        vi_gate_forward(c, hidden, rows, M, h->activation);
        vi_profile(c, "gate", 0);
    }
    if (block->mlp_norm.gamma) {
        vi_norm_forward(c, hidden, ldh, hidden, ldh, rows, M, &block->mlp_norm);
        vi_profile(c, "norm", 0);
    }
    add_branch(c, x, ld, hidden, ldh, rows, &block->fc2, block->scale2, &block->norm2);
    vi_profile(c, "fc2", vi_linear_macs(&block->fc2, rows));
}

static void mlp_half(const vit_context *c, const vi_block *block, bool first) {
    size_t D = (size_t)c->model->hparams.width;
    wanted t = wanted_of(c, block);
    size_t fit = rows_at_once(c) / c->tokens, parts = (t.count + rows_at_once(c) - 1) / rows_at_once(c);
    size_t most = fit > 0 ? fit * c->tokens : (t.count + parts - 1) / parts; /* whole images, or equal parts */
    if (c->work.held) most = t.count;
    for (size_t i = 0; i < t.calls; i++) {
        for (size_t row = 0; row < t.count; row += most) {
            size_t at = (i + row * t.stride) * D, rows = t.count - row < most ? t.count - row : most;
            mlp(c, block, first, c->work.x + at, c->work.y + at, t.stride * D, rows);
        }
    }
}

/* ---- (4) ------------------------------------------------------------------------------------------------------------------- */

/* dst = src / max(|src|, 1e-12), as torch.nn.functional.normalize */
static void l2_normalise(float *dst, const float *src, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)src[i] * (double)src[i];
    double norm = sqrt(sum);
    float inverse = (float)(1 / (norm <= 1e-12 ? 1e-12 : norm)); /* NaN stays NaN */
    for (size_t i = 0; i < n; i++) dst[i] = src[i] * inverse;
}

/* The layers between the pooled tokens and the head; returns what the head sees, [B, E]. */
static const float *embedding_of(const vit_context *c, float *pooled) {
    const vi_hparams *h = &c->model->hparams;
    const vi_weights *w = &c->model->weights;
    size_t B = (size_t)c->batch, n = (size_t)vi_pooled_width(h), representation = (size_t)h->representation;
    float *first = c->work.features, *second = first + B * representation;
    vi_norm_forward(c, pooled, n, pooled, n, B, n, &w->fc_norm);
    if (representation) {
        vi_linear_forward(c, first, representation, pooled, n, B, &w->representation, (vi_epilogue){.activation = VI_ACT_TANH});
        pooled = first;
        n = representation;
    }
    if (!h->projection) return pooled;
    vi_linear_forward(c, second, (size_t)h->projection, pooled, n, B, &w->projection, plain);
    return second;
}

const float *vi_run_embedding(const vit_context *c) {
    size_t B = (size_t)c->batch, E = (size_t)vi_embedding_width(&c->model->hparams);
    const float *embedding = embedding_of(c, c->work.pooled);
    for (size_t b = 0; b < B; b++) {
        if (c->settings.normalize)
            l2_normalise(c->work.embedding + b * E, embedding + b * E, E);
        else
            memcpy(c->work.embedding + b * E, embedding + b * E, E * sizeof *embedding);
    }
    return embedding;
}

/* DeiT's two heads, each on its token, averaged. classes, dists [B, D], row stride ld. */
static void distilled_logits(const vit_context *c, const float *classes, const float *dists, size_t ld) {
    const vi_weights *w = &c->model->weights;
    size_t B = (size_t)c->batch, K = (size_t)c->model->hparams.classes;
    float *logits = c->work.logits;
    vi_linear_forward(c, logits, K, classes, ld, B, &w->head, plain);
    vi_linear_forward(c, logits, K, dists, ld, B, &w->head_dist, (vi_epilogue){.activation = VI_ACT_NONE, .residual = logits});
    for (size_t i = 0; i < B * K; i++) logits[i] *= 0.5f;
}

static void pool_and_classify(const vit_context *c) {
    const vi_hparams *h = &c->model->hparams;
    const vi_weights *w = &c->model->weights;
    size_t D = (size_t)h->width, T = c->tokens, B = (size_t)c->batch, E = (size_t)vi_embedding_width(h);
    float *x = c->work.x, *y = c->work.y;
    wanted t = wanted_of(c, &w->blocks[h->depth - 1]);
    for (size_t i = 0; i < t.calls; i++)
        vi_norm_forward(c, y + i * D, t.stride * D, x + i * D, t.stride * D, t.count, D, &w->norm);
    vi_profile(c, "norm", 0);
    if (c->work.tokens) {
        memcpy(c->work.tokens, h->raw_tokens ? x : y, B * T * D * sizeof *y);
        vi_profile(c, "copy", 0);
    }
    vi_pool(c, c->work.pooled, y);
    vi_profile(c, "pool", (uint64_t)B * vi_pool_macs(c));
    const float *embedding = vi_run_embedding(c);
    if (h->distilled && c->work.logits)
        distilled_logits(c, y, y + D, T * D);
    else if (c->work.logits)
        vi_linear_forward(c, c->work.logits, (size_t)h->classes, embedding, E, B, &w->head, plain);
    vi_profile(c, "head", (uint64_t)B * vi_head_macs(c));
}

/* attention_half for a few images after the others: the same run, seen by some of them. */
static void attention_by_images(const vit_context *c, const vi_block *block, bool branch) {
    size_t fit = rows_at_once(c) / c->tokens, batch = (size_t)c->batch, most = fit > 0 ? fit : 1;
    for (size_t first = 0; first < batch; first += most) {
        size_t before = first * c->tokens * (size_t)c->model->hparams.width;
        vit_context some = *c;
        some.batch = (int32_t)(batch - first < most ? batch - first : most);
        some.work.x += before;
        some.work.y += before;
        if (some.work.held) some.work.held += before;
        attention_half(&some, block, branch);
    }
}

/* Piece `stage` of the blocks: the attentions of the blocks side by side, then their MLPs. */
void vi_run_block(const vit_context *c, int32_t stage) {
    int32_t branches = c->model->hparams.branches, layer = stage / (2 * branches), piece = stage % (2 * branches);
    const vi_block *block = &c->model->weights.blocks[layer * branches + piece % branches];
    if (piece < branches)
        attention_by_images(c, block, piece == 0);
    else
        mlp_half(c, block, piece == branches);
    if (piece == 2 * branches - 1) keep_layer(c, layer + 1);
}

void vi_run_stage(vit_context *c, int32_t stage) {
    if (stage == 0)
        embed(c);
    else if (stage == 2 * c->model->hparams.depth + 1)
        pool_and_classify(c);
    else
        vi_run_block(c, stage - 1);
}
