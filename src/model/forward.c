/* forward.c: the Vision Transformer (Dosovitskiy et al. 2021, section 3.1), one function per equation.
 *
 *   z0 = [class; registers; x_p E] + E_pos                    (1)  embed; x_p: patches of the picture or of a stem's map
 *   z' = z + scale1 * MSA(LN(z))                              (2)  blocks.c
 *   z  = z' + scale2 * MLP(LN(z')), MLP = fc2(act(fc1))       (3)  blocks.c
 *   y  = pool(LN(z)); head(y)                                 (4)  pool_and_classify
 *
 * A run is cut into stages, embed, two per block, pool_and_classify, so that it can be stepped. Shapes: B images, T = P + N
 * tokens (P class token, distillation token and registers, N patches), D width, M hidden width, K classes.
 *
 * Where nothing but the class token leaves the last block, that block computes keys and values of all tokens and the rest of
 * that token only. A row's bits do not depend on which other rows are computed. */
#include "model/blocks.h"
#include "model/cost.h"
#include "model/ops.h"
#include "model/pool.h"
#include "model/stem.h"
#include <math.h>
#include <string.h>

static const vi_epilogue plain = {.activation = VI_ACT_NONE};

int32_t vi_stages(const vi_hparams *h) { return 2 * h->depth + 2; }

/* ---- pictures to patches --------------------------------------------------------------------------------------------------- */

/* pixels [C, H, W] -> patches first..end-1 of [N, C * ph * pw], each in the order (channel, row, column) */
static void cut_patches(const vit_context *c, float *patches, const float *pixels, size_t first, size_t end) {
    const vi_hparams *h = &c->model->hparams;
    size_t width = (size_t)c->pipeline.width, height = (size_t)c->pipeline.height, across = (size_t)c->grid_width;
    size_t pw = (size_t)h->patch_width, ph = (size_t)h->patch_height;
    for (size_t n = first; n < end; n++)
        for (size_t channel = 0; channel < (size_t)h->channels; channel++)
            for (size_t row = 0; row < ph; row++, patches += pw)
                memcpy(patches, pixels + (channel * height + n / across * ph + row) * width + n % across * pw,
                       pw * sizeof *patches);
}

/* Floats of one picture. */
static size_t picture_size(const vit_context *c) {
    return (size_t)c->model->hparams.channels * (size_t)c->pipeline.width * (size_t)c->pipeline.height;
}

void vi_read_picture(vit_context *c, const vit_image *image, int32_t i, bool stays) {
    float *picture = c->work.pictures + (size_t)i * picture_size(c);
    bool stem = c->model->hparams.stem_width > 0;
    const float *pixels = stem || stays ? vi_image_in_place(&c->pipeline, image) : NULL;
    if (!pixels) {
        float *prepared = stem ? c->work.pixels : picture;
        vi_image_prepare(&c->pipeline, image, prepared, c->work.image_scratch);
        pixels = prepared;
    }
    if (stem) vi_stem_read(c, picture, pixels);
    c->work.inputs[i] = stem ? picture : pixels;
    vi_profile(c, "picture", 0);
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

/* z [rows, D] = patches E + positions [rows, D]; positions come after the norm where patches have one */
static void embed_patches(const vit_context *c, float *z, const float *patches, const float *position, size_t rows) {
    const vi_weights *w = &c->model->weights;
    size_t D = (size_t)c->model->hparams.width, inputs = w->patch.w.cols;
    bool normed = w->patch_norm.gamma != NULL;
    vi_linear_forward(c, z, D, patches, inputs, rows, &w->patch,
                      (vi_epilogue){.activation = VI_ACT_NONE, .residual = normed ? NULL : position});
    if (!normed) return;
    vi_norm_forward(c, z, D, z, D, rows, D, &w->patch_norm);
    for (size_t i = 0; position && i < rows * D; i++) z[i] += position[i];
}

/* One picture's patches, cut and embedded some at a time, so that they are in cache. */
typedef struct patches_job {
    const vit_context *c;
    const float *picture;
    float *z;              /* [N, D] */
    const float *position; /* [N, D] or NULL */
    size_t parts;
    bool by_lane; /* or all lanes on each part */
} patches_job;

static void patches_unit(void *arg, size_t part, size_t lane) {
    const patches_job *j = arg;
    vit_context c = *j->c;
    size_t first = c.patches * part / j->parts, end = c.patches * (part + 1) / j->parts, D = (size_t)c.model->hparams.width;
    float *patches = c.work.patches + lane * c.work.patch_floats;
    cut_patches(&c, patches, j->picture, first, end);
    if (j->by_lane) vi_go_alone(&c, lane);
    embed_patches(&c, j->z + first * D, patches, j->position ? j->position + first * D : NULL, end - first);
}

/* z [N, D] of one picture */
static void embed_picture(const vit_context *c, float *z, const float *picture, const float *position) {
    if (c->model->hparams.stem_width) {
        embed_patches(c, z, vi_stem_forward(c, picture), position, c->patches);
        return;
    }
    size_t at_once = VI_ROWS_AT_ONCE * vi_threads_lanes(c->threads);
    patches_job j = {c, picture, z, position, (c->patches + at_once - 1) / at_once, false};
    j.by_lane = vi_splits_rows(c, c->patches, &c->model->weights.patch);
    if (j.by_lane) j.parts *= vi_threads_lanes(c->threads);
    vi_parallel(j.by_lane ? c->threads : NULL, j.parts, patches_unit, &j);
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
        embed_picture(c, z + prefix * D, c->work.inputs[b], patch_position);
    }
    if (w->pre_norm.gamma) vi_norm_forward(c, c->work.x, D, c->work.x, D, (size_t)c->batch * c->tokens, D, &w->pre_norm);
    uint64_t stem = h->stem_width ? (uint64_t)c->batch * vi_stem_macs(c) : 0;
    vi_profile(c, "embedding", stem + vi_linear_macs(&w->patch, (size_t)c->batch * c->patches));
    keep_layer(c, 0);
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
    size_t wanted = vi_last_tokens(c);
    if (wanted == T)
        vi_norm_forward(c, y, D, x, D, B * T, D, &w->norm);
    else
        for (size_t i = 0; i < wanted; i++) vi_norm_forward(c, y + i * D, T * D, x + i * D, T * D, B, D, &w->norm);
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

/* A hidden state is what a layer of blocks side by side leaves. */
static void run_block(const vit_context *c, int32_t stage) {
    int32_t stages = 2 * c->model->hparams.branches; /* of a layer */
    vi_run_block(c, stage);
    if (stage % stages == stages - 1) keep_layer(c, stage / stages + 1);
}

void vi_run_stage(vit_context *c, int32_t stage) {
    if (stage == 0)
        embed(c);
    else if (stage == 2 * c->model->hparams.depth + 1)
        pool_and_classify(c);
    else
        run_block(c, stage - 1);
}
