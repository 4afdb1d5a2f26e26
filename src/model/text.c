/* text.c: a text tower: CLIP's (Radford et al. 2021, arXiv:2103.00020, section 2.4) and SigLIP's (Zhai et al. 2023,
 * arXiv:2303.15343).
 *
 *   z0 = tokens[ids] + position
 *   z  = blocks(z0), causal or not                      blocks.c, as for pictures
 *   y  = projection(LN(z[picked token]))
 *
 * Shapes: B texts, L positions, T <= L of them computed, D width, V vocabulary, E width of the embedding. */
#include "model/blocks.h"
#include "model/ops.h"
#include <math.h>
#include <string.h>

/* Index of the token that becomes the embedding; ids [L]. */
static size_t picked(const vi_hparams *h, const int32_t *ids) {
    size_t length = (size_t)h->context, best = 0;
    if (h->pick == VI_PICK_LAST) return length - 1;
    for (size_t i = 0; i < length; i++) {
        if (h->pick == VI_PICK_END && ids[i] == h->end_token) return i;
        if (h->pick == VI_PICK_LARGEST && ids[i] > ids[best]) best = i;
    }
    return best;
}

/* In a causal tower what follows the picked tokens changes nothing, so it is not computed. */
static size_t tokens_needed(const vi_hparams *h, const int32_t *ids, int32_t count) {
    size_t length = (size_t)h->context, needed = 0;
    if (!h->causal) return length;
    for (int32_t b = 0; b < count; b++) {
        size_t tokens = picked(h, ids + (size_t)b * length) + 1;
        if (tokens > needed) needed = tokens;
    }
    return needed;
}

/* z [T, D] of one text */
static void embed_tokens(const vit_context *c, float *z, const int32_t *ids) {
    const vi_weights *w = &c->model->weights;
    size_t D = (size_t)c->model->hparams.width;
    for (size_t t = 0; t < c->tokens; t++, z += D) {
        vi_unpack_row(z, &w->tokens, (size_t)ids[t]);
        for (size_t d = 0; d < D; d++) z[d] += w->position[t * D + d];
    }
}

void vi_run_text(vit_context *c, const int32_t *ids, int32_t count) {
    const vi_hparams *h = &c->model->hparams;
    const vi_weights *w = &c->model->weights;
    size_t D = (size_t)h->width, L = (size_t)h->context;
    c->batch = count;
    c->tokens = tokens_needed(h, ids, count);
    for (size_t b = 0; b < (size_t)count; b++) embed_tokens(c, c->work.x + b * c->tokens * D, ids + b * L);
    vi_threads_begin(c->threads);
    for (int32_t stage = 0; stage < 2 * h->depth; stage++) vi_run_block(c, stage);
    for (size_t b = 0; b < (size_t)count; b++)
        memcpy(c->work.pooled + b * D, c->work.x + (b * c->tokens + picked(h, ids + b * L)) * D, D * sizeof(float));
    vi_norm_forward(c, c->work.pooled, D, c->work.pooled, D, (size_t)count, D, &w->norm);
    vi_run_embedding(c);
    vi_threads_end(c->threads);
}

double vi_logit_scale(const vi_model *text) { return exp((double)text->weights.logit_scale[0]); }
double vi_logit_bias(const vi_model *text) { return text->weights.logit_bias ? (double)text->weights.logit_bias[0] : 0; }
