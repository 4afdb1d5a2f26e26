/* pool.c: the ways to pool. Prefix tokens (class, distillation, registers) take no part in means, maxima and attention, unless
 * the model says so. */
#include "model/pool.h"

#include "model/ops.h"
#include <math.h>
#include <string.h>

/* mean [D] of the rows of tokens [N, D] */
static void mean_rows(float *mean, const float *tokens, size_t rows, size_t width) {
    memset(mean, 0, width * sizeof *mean);
    for (size_t r = 0; r < rows; r++)
        for (size_t d = 0; d < width; d++) mean[d] += tokens[r * width + d];
    for (size_t d = 0; d < width; d++) mean[d] /= (float)rows;
}

/* max [D] over the rows of tokens [N, D]; a NaN wins */
static void max_rows(float *max, const float *tokens, size_t rows, size_t width) {
    memcpy(max, tokens, width * sizeof *max);
    for (size_t r = 1; r < rows; r++)
        for (size_t d = 0; d < width; d++) {
            float x = tokens[r * width + d];
            if (x > max[d] || isnan(x)) max[d] = x;
        }
}

static void mean_max_rows(float *pooled, const float *tokens, size_t rows, size_t width) {
    mean_rows(pooled, tokens, rows, width);
    for (size_t d = 0; d < width; d++) {
        float max = tokens[d];
        for (size_t r = 1; r < rows; r++) max = tokens[r * width + d] > max ? tokens[r * width + d] : max;
        pooled[d] = 0.5f * (pooled[d] + max);
    }
}

/* MAP head: y = proj(attention(q(latent), kv(tokens))); pooled = y + fc2(act(fc1(norm(y)))). tokens [N, D] of one image. */
static void attend(const vit_context *c, float *pooled, const float *tokens, size_t N) {
    const vi_hparams *h = &c->model->hparams;
    const vi_map_pool *m = &c->model->weights.map;
    size_t D = (size_t)h->width, M = (size_t)vi_map_mlp(h), heads = (size_t)vi_map_heads(h), head_dim = D / heads;
    size_t head_keys = (N + VI_PANEL - 1) / VI_PANEL * VI_PANEL * head_dim;
    float *query = c->work.map_rows, *attended = query + D, *normed = attended + D, *hidden = normed + D;
    float *kv = c->work.map_kv;
    vi_epilogue plain = {.activation = VI_ACT_NONE};
    vi_linear_forward(c, query, D, m->latent, D, 1, &m->q, plain);
    vi_norm_forward(c, query, head_dim, query, head_dim, heads, head_dim, &m->q_norm);
    vi_linear_forward(c, kv, 2 * D, tokens, D, N, &m->kv, plain);
    for (size_t i = 0; i < heads; i++) {
        vi_attention a = {.q = query + i * head_dim,
                          .ldq = D,
                          .k_panels = c->work.map_keys + i * head_keys,
                          .v = kv + D + i * head_dim,
                          .ldv = 2 * D,
                          .out = attended + i * head_dim,
                          .ldo = D,
                          .tokens = N,
                          .head_dim = head_dim,
                          .scale = 1.0f / sqrtf((float)head_dim)};
        vi_norm_forward(c, kv + i * head_dim, 2 * D, kv + i * head_dim, 2 * D, N, head_dim, &m->k_norm);
        c->kernels->pack_keys(c->work.map_keys + i * head_keys, kv + i * head_dim, 2 * D, N, head_dim);
        c->kernels->attention(&a, 0, 1, c->work.lanes);
    }
    vi_linear_forward(c, pooled, D, attended, D, 1, &m->proj, plain);
    vi_norm_forward(c, normed, D, pooled, D, 1, D, &m->norm);
    vi_linear_forward(c, hidden, M, normed, D, 1, &m->fc1, (vi_epilogue){.activation = h->activation});
    vi_linear_forward(c, pooled, D, hidden, M, 1, &m->fc2, (vi_epilogue){.activation = VI_ACT_NONE, .residual = pooled});
}

/* The class token; of a distilled model its mean with the distillation token. */
static void take_token(const vi_hparams *h, float *pooled, const float *tokens, size_t width) {
    for (size_t d = 0; d < width; d++) pooled[d] = h->distilled ? 0.5f * (tokens[d] + tokens[width + d]) : tokens[d];
}

void vi_pool(const vit_context *c, float *pooled, const float *y) {
    const vi_hparams *h = &c->model->hparams;
    size_t D = (size_t)h->width, N = h->pool_prefix ? c->tokens : c->patches, width = (size_t)vi_pooled_width(h);
    for (size_t b = 0; b < (size_t)c->batch; b++, pooled += width, y += c->tokens * D) {
        const float *patches = y + (c->tokens - N) * D; /* all tokens with pool_prefix */
        switch (h->pool) {
        case VIT_POOL_TOKEN: take_token(h, pooled, y, D); break;
        case VIT_POOL_MAX: max_rows(pooled, patches, N, D); break;
        case VIT_POOL_MEAN_MAX: mean_max_rows(pooled, patches, N, D); break;
        case VIT_POOL_ATTENTION: attend(c, pooled, patches, N); break;
        case VIT_POOL_TOKEN_MEAN:
            memcpy(pooled, y, D * sizeof *pooled);
            mean_rows(pooled + D, patches, N, D);
            break;
        default: mean_rows(pooled, patches, N, D); break;
        }
    }
}
