/* blocks.c: the blocks of the transformer, and how their work is dealt out to lanes.
 *
 *   z' = z + scale1 * MSA(LN(z))                              (2)  enter_rows, vi_attention_forward, leave_rows
 *   z  = z' + scale2 * MLP(LN(z')), MLP = fc2(act(fc1))       (3)  mlp
 *
 * Descendants put the norm last, let both halves read the same rows, or run several halves side by side (hparams.h).
 *
 * Only attention looks at several tokens. Everything from one attention to the next, proj, norm, fc1, fc2, the next norm and
 * qkv, is done row by row, so a lane takes some rows through all of it alone: what one operator writes the next finds in that
 * core's cache, and lanes wait for each other twice a block. Where there are as many images as lanes, a lane takes whole images,
 * through attention too. Only matrices too large to be read by every lane are split instead: operator by operator, all lanes on
 * all rows. A row's bits depend neither on this nor on which other rows are computed.
 *
 * Shapes: B images, T tokens, D width, M hidden width. */
#include "model/blocks.h"

#include "model/cost.h"
#include "model/ops.h"
#include <math.h>
#include <string.h>

static const vi_epilogue plain = {.activation = VI_ACT_NONE};

static size_t min_size(size_t a, size_t b) { return a < b ? a : b; }
static size_t max_size(size_t a, size_t b) { return a > b ? a : b; }
static size_t ceil_div(size_t a, size_t b) { return (a + b - 1) / b; }

/* ---- which rows ------------------------------------------------------------------------------------------------------------ */

size_t vi_last_tokens(const vit_context *c) {
    const vi_hparams *h = &c->model->hparams;
    bool all = vi_reads_text(h) || h->pool != VIT_POOL_TOKEN || vi_holds_rows(h);
    all = all || c->work.tokens || c->work.layers[vi_layers(h)];
    return all ? c->tokens : 1 + (size_t)h->distilled;
}

static bool is_last(const vit_context *c, const vi_block *block) {
    return block == &c->model->weights.blocks[c->model->hparams.depth - 1];
}

/* Tokens of each image that are wanted of a block's results. */
static size_t wanted_tokens(const vit_context *c, const vi_block *block) {
    return is_last(c, block) ? vi_last_tokens(c) : c->tokens;
}

/* ---- (2) and (3), for some rows -------------------------------------------------------------------------------------------- */

/* x [rows, D] of the residual stream and y [rows, D], both with row stride ld. */
typedef struct rows {
    float *x, *y;
    size_t count, ld;
} rows;

/* What a branch reads of the rows, row stride ld as theirs: norm(x), in y, or held where both halves read it; norm of x as it
 * was before the first of several branches; or x itself where the norm comes last. first: of the branches side by side. All rows
 * are wanted where rows are held. */
static const float *branch_rows(const vit_context *c, const vi_norm *norm, bool first, rows r) {
    const vi_hparams *h = &c->model->hparams;
    size_t D = (size_t)h->width;
    const float *x = r.x;
    float *y = r.y, *held = c->work.held;
    if (h->block == VI_BLOCK_POST) return x;
    if (h->branches > 1 && first) memcpy(held, x, r.count * D * sizeof *x);
    if (h->branches > 1) x = held;
    if (h->block == VI_BLOCK_PARALLEL) y = held;
    vi_norm_forward(c, y, r.ld, x, r.ld, r.count, D, norm);
    vi_profile(c, "norm", 0);
    return y;
}

/* x += scale * (branch [rows, layer's inputs] W^T + b), with the norm last where the block has it there. */
static void add_branch(const vit_context *c, rows r, const float *branch, size_t ld, const vi_linear *layer, const float *scale,
                       const vi_norm *norm, const vi_linear *next) {
    size_t D = (size_t)c->model->hparams.width;
    float *held = c->work.held;
    vi_epilogue e = {.activation = VI_ACT_NONE, .scale = scale, .residual = r.x, .next = next};
    if (c->model->hparams.block != VI_BLOCK_POST) {
        vi_linear_forward(c, r.x, r.ld, branch, ld, r.count, layer, e);
        return;
    }
    e.residual = NULL;
    vi_linear_forward(c, held, D, branch, ld, r.count, layer, e);
    vi_norm_forward(c, held, D, held, D, r.count, D, norm);
    for (size_t i = 0; i < r.count * D; i++) r.x[i] += held[i];
}

/* Norm, then keys and values of the rows; their queries too, unless only some tokens' are wanted. */
static void enter_rows(const vit_context *c, const vi_block *block, rows r) {
    const vi_hparams *h = &c->model->hparams;
    size_t D = (size_t)h->width, first = wanted_tokens(c, block) < c->tokens ? D : 0;
    bool first_branch = (block - c->model->weights.blocks) % h->branches == 0;
    const float *in = branch_rows(c, &block->norm1, first_branch, r);
    vi_linear_channels(c, c->work.qkv, 3 * D, in, D, r.count, &block->qkv,
                       (vi_epilogue){.activation = VI_ACT_NONE, .next = &block->proj}, first, 3 * D);
    vi_profile(c, "qkv", (uint64_t)r.count * (3 * D - first) * D);
}

/* Of one image: what wanted_queries does. */
static uint64_t queries_macs(const vit_context *c, const vi_block *block) {
    uint64_t D = (uint64_t)c->model->hparams.width, tokens = wanted_tokens(c, block);
    return tokens < c->tokens ? tokens * D * D : 0;
}

/* Queries of the wanted tokens, which enter_rows left out. */
static void wanted_queries(const vit_context *c, const vi_block *block) {
    size_t D = (size_t)c->model->hparams.width, tokens = wanted_tokens(c, block), B = (size_t)c->batch;
    if (tokens == c->tokens) return;
    for (size_t i = 0; i < tokens; i++)
        vi_linear_channels(c, c->work.qkv + i * 3 * D, c->tokens * 3 * D, c->work.y + i * D, c->tokens * D, B, &block->qkv, plain,
                           0, D);
    vi_profile(c, "qkv", B * queries_macs(c, block));
}

/* Attention's results, in y, to the residual stream. */
static void leave_rows(const vit_context *c, const vi_block *block, rows r) {
    vi_norm_forward(c, r.y, r.ld, r.y, r.ld, r.count, (size_t)c->model->hparams.width, &block->attn_norm);
    add_branch(c, r, r.y, r.ld, &block->proj, block->scale1, &block->norm1, &block->fc1);
    vi_profile(c, "proj", vi_linear_macs(&block->proj, r.count));
}

static void mlp(const vit_context *c, const vi_block *block, bool first, rows r) {
    const vi_hparams *h = &c->model->hparams;
    bool gated = h->ffn == VI_FFN_SWIGLU;
    size_t M = (size_t)h->mlp, ldh = gated ? 2 * M : M;
    float *hidden = c->work.hidden;
    const float *in = h->block == VI_BLOCK_PARALLEL ? c->work.held : branch_rows(c, &block->norm2, first, r);
    vi_linear_forward(c, hidden, ldh, in, r.ld, r.count, &block->fc1,
                      (vi_epilogue){.activation = gated ? VI_ACT_NONE : h->activation, .next = &block->fc2});
    vi_profile(c, "fc1", vi_linear_macs(&block->fc1, r.count));
    if (gated) {
        vi_gate_forward(c, hidden, r.count, M, h->activation);
        vi_profile(c, "gate", 0);
    }
    if (block->mlp_norm.gamma) {
        vi_norm_forward(c, hidden, ldh, hidden, ldh, r.count, M, &block->mlp_norm);
        vi_profile(c, "norm", 0);
    }
    add_branch(c, r, hidden, ldh, &block->fc2, block->scale2, &block->norm2, is_last(c, block) ? NULL : &block[1].qkv);
    vi_profile(c, "fc2", vi_linear_macs(&block->fc2, r.count));
}

/* ---- from one attention to the next, for some rows ------------------------------------------------------------------------- */

typedef struct passage {
    const vi_block *left;    /* whose attention is done, or NULL */
    const vi_block *entered; /* whose attention comes next, or NULL */
} passage;

/* Blocks side by side have all their attentions first, then their MLPs: the last one's passage has those. */
static bool ends_layer(const vit_context *c, const vi_block *block) {
    int32_t branches = c->model->hparams.branches;
    return (block - c->model->weights.blocks) % branches == branches - 1;
}

static void pass_rows(const vit_context *c, passage p, rows r) {
    if (p.left) {
        leave_rows(c, p.left, r);
        const vi_block *first = p.left - (c->model->hparams.branches - 1);
        for (const vi_block *b = first; ends_layer(c, p.left) && b <= p.left; b++) mlp(c, b, b == first, r);
    }
    if (p.entered) enter_rows(c, p.entered, r);
}

static uint64_t passage_macs(const vit_context *c, passage p, size_t count) {
    uint64_t macs = 0, D = (uint64_t)c->model->hparams.width;
    if (p.left) {
        uint64_t mlps = ends_layer(c, p.left) ? (uint64_t)c->model->hparams.branches : 0;
        macs += vi_linear_macs(&p.left->proj, count);
        macs += mlps * (vi_linear_macs(&p.left->fc1, count) + vi_linear_macs(&p.left->fc2, count));
    }
    if (p.entered) macs += count * (wanted_tokens(c, p.entered) < c->tokens ? 2 : 3) * D * D;
    return macs;
}

/* ---- on one lane alone ----------------------------------------------------------------------------------------------------- */

/* The same run from row `first` on. */
static void skip_rows(vit_context *c, size_t first) {
    size_t before = first * (size_t)c->model->hparams.width;
    c->work.x += before;
    c->work.y += before;
    c->work.qkv += 3 * before;
    if (c->work.held) c->work.held += before;
}

typedef struct rows_job {
    const vit_context *c;
    passage p;
    size_t count, units;
    size_t stride; /* in tokens, from one row to the next */
    bool by_lane;  /* or all lanes on each operator */
} rows_job;

static void rows_unit(void *arg, size_t unit, size_t lane) {
    const rows_job *j = arg;
    size_t first = j->count * unit / j->units, end = j->count * (unit + 1) / j->units;
    vit_context some = *j->c;
    skip_rows(&some, first * j->stride);
    if (j->by_lane) vi_go_alone(&some, lane);
    pass_rows(&some, j->p, (rows){some.work.x, some.work.y, end - first, j->stride * (size_t)j->c->model->hparams.width});
}

/* `count` rows, `stride` tokens apart, in parts of up to VI_ROWS_AT_ONCE a lane, so that what one operator writes is in cache
 * when the next one reads it. */
static void pass(const vit_context *c, passage p, size_t count, size_t stride) {
    const vi_block *b = p.left ? p.left : p.entered;
    size_t lanes = vi_threads_lanes(c->threads);
    rows_job j = {c, p, count, ceil_div(count, lanes * VI_ROWS_AT_ONCE), stride, false};
    j.by_lane = vi_splits_rows(c, count, &b->fc1) && vi_splits_rows(c, count, &b->fc2);
    if (j.by_lane) j.units *= lanes;
    vi_parallel(j.by_lane ? c->threads : NULL, j.units, rows_unit, &j);
    if (j.by_lane) vi_profile(c, "rows", passage_macs(c, p, count));
}

/* ---- images ---------------------------------------------------------------------------------------------------------------- */

/* How a batch is dealt out: the first `whole` images, `each` at a time, to one lane alone, the others to all lanes together. */
typedef struct deal {
    size_t whole, each;
} deal;

static deal deal_out(const vit_context *c) {
    size_t lanes = vi_threads_lanes(c->threads), B = (size_t)c->batch;
    size_t share = B / lanes, fit = VI_ROWS_AT_ONCE / c->tokens, most = fit > 0 ? fit : 1;
    return (deal){share * lanes, share > 0 ? ceil_div(share, ceil_div(share, most)) : 0};
}

typedef struct images_job {
    const vit_context *c;
    const vi_block *block;
    deal deal;
} images_job;

/* The images of a unit, on a lane of their own. Its queries, keys, values and hidden rows, of which nothing stays from one stage
 * to the next, take turns in the same part of the wide buffer, so that it stays in cache. */
static vit_context images_of(const images_job *j, size_t unit, size_t lane) {
    const vit_context *c = j->c;
    size_t first = unit * j->deal.each, keys = j->deal.each * vi_image_keys(c);
    size_t qkv = j->deal.each * c->tokens * 3 * (size_t)c->model->hparams.width;
    vit_context some = *c;
    vi_go_alone(&some, lane);
    skip_rows(&some, first * c->tokens);
    some.batch = (int32_t)min_size(j->deal.each, j->deal.whole - first);
    some.work.keys = c->work.keys + lane * max_size(keys + qkv, c->work.hidden_floats);
    some.work.qkv = some.work.keys + keys;
    some.work.hidden = some.work.keys;
    return some;
}

static void attend(const vit_context *c, const vi_block *block) {
    size_t tokens = wanted_tokens(c, block);
    wanted_queries(c, block);
    vi_attention_forward(c, c->work.y, c->work.qkv, block, tokens);
    vi_profile(c, "attention", (uint64_t)c->batch * vi_attention_macs(c, tokens));
}

static void attend_unit(void *arg, size_t unit, size_t lane) {
    const images_job *j = arg;
    vit_context some = images_of(j, unit, lane);
    pass(&some, (passage){NULL, j->block}, (size_t)some.batch * some.tokens, 1);
    attend(&some, j->block);
}

static void leave_unit(void *arg, size_t unit, size_t lane) {
    const images_job *j = arg;
    vit_context some = images_of(j, unit, lane);
    pass(&some, (passage){j->block, NULL}, (size_t)some.batch * some.tokens, 1);
}

static void on_whole_images(const vit_context *c, const vi_block *block, deal d, vi_work unit) {
    images_job j = {c, block, d};
    vi_parallel(c->threads, ceil_div(d.whole, d.each), unit, &j);
    if (vi_threads_lanes(c->threads) == 1) return;
    bool attending = unit == attend_unit;
    passage p = {attending ? NULL : block, attending ? block : NULL};
    uint64_t macs = attending ? d.whole * (queries_macs(c, block) + vi_attention_macs(c, wanted_tokens(c, block))) : 0;
    vi_profile(c, "images", macs + passage_macs(c, p, d.whole * c->tokens));
}

/* The images that all lanes share. Their queries, keys and values stay from one stage to the next, out of the others' way. */
static vit_context shared_images(const vit_context *c, deal d) {
    vit_context rest = *c;
    skip_rows(&rest, d.whole * c->tokens);
    rest.batch -= (int32_t)d.whole;
    return rest;
}

/* ---- stages ---------------------------------------------------------------------------------------------------------------- */

static void attention_stage(const vit_context *c, const vi_block *block) {
    deal d = deal_out(c);
    if (d.whole > 0) on_whole_images(c, block, d, attend_unit);
    if (d.whole == (size_t)c->batch) return;
    vit_context rest = shared_images(c, d);
    if (block == c->model->weights.blocks) pass(&rest, (passage){NULL, block}, (size_t)rest.batch * rest.tokens, 1);
    attend(&rest, block);
}

static void rows_stage(const vit_context *c, const vi_block *block) {
    deal d = deal_out(c);
    size_t tokens = wanted_tokens(c, block);
    if (tokens < c->tokens) { /* the same token of all images together: they share one reading of the weights */
        for (size_t i = 0; i < tokens; i++) {
            vit_context some = *c;
            skip_rows(&some, i);
            pass(&some, (passage){block, NULL}, (size_t)c->batch, c->tokens);
        }
        return;
    }
    if (d.whole > 0) on_whole_images(c, block, d, leave_unit);
    if (d.whole == (size_t)c->batch) return;
    vit_context rest = shared_images(c, d);
    pass(&rest, (passage){block, is_last(c, block) ? NULL : block + 1}, (size_t)rest.batch * rest.tokens, 1);
}

void vi_run_block(const vit_context *c, int32_t stage) {
    const vi_block *block = &c->model->weights.blocks[stage / 2];
    if (stage % 2 == 0)
        attention_stage(c, block);
    else
        rows_stage(c, block);
}
