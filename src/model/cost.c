/* cost.c: how much arithmetic the parts of a forward are. */
#include "model/cost.h"

#include "model/blocks.h"
#include "model/stem.h"

uint64_t vi_linear_macs(const vi_linear *layer, size_t rows) {
    return (uint64_t)rows * (uint64_t)layer->w.rows * (uint64_t)layer->w.cols;
}

uint64_t vi_attention_macs(const vit_context *c, size_t queries) {
    return 2 * (uint64_t)queries * (uint64_t)c->tokens * (uint64_t)c->model->hparams.width;
}

uint64_t vi_pool_macs(const vit_context *c) {
    const vi_map_pool *m = &c->model->weights.map;
    size_t tokens = c->model->hparams.pool_prefix ? c->tokens : c->patches;
    uint64_t attention = m->latent ? 2 * (uint64_t)tokens * (uint64_t)c->model->hparams.width : 0;
    return vi_linear_macs(&m->kv, tokens) + vi_linear_macs(&m->q, 1) + vi_linear_macs(&m->proj, 1) +
           vi_linear_macs(&m->fc1, 1) + vi_linear_macs(&m->fc2, 1) + attention;
}

uint64_t vi_head_macs(const vit_context *c) {
    const vi_weights *w = &c->model->weights;
    return vi_linear_macs(&w->representation, 1) + vi_linear_macs(&w->projection, 1) + vi_linear_macs(&w->head, 1) +
           vi_linear_macs(&w->head_dist, 1);
}

/* Of keys and values of all tokens, and the rest of `rows` of them. */
static uint64_t block_macs(const vit_context *c, size_t rows) {
    const vi_block *b = &c->model->weights.blocks[0];
    uint64_t width = (uint64_t)c->model->hparams.width;
    return (uint64_t)c->tokens * 2 * width * width + (uint64_t)rows * width * width + vi_attention_macs(c, rows) +
           vi_linear_macs(&b->proj, rows) + vi_linear_macs(&b->fc1, rows) + vi_linear_macs(&b->fc2, rows);
}

uint64_t vi_image_macs(const vit_context *c) {
    const vi_weights *w = &c->model->weights;
    uint64_t others = (uint64_t)c->model->hparams.depth - 1;
    uint64_t stem = c->model->hparams.stem_width ? vi_stem_macs(c) : 0;
    return stem + vi_linear_macs(&w->patch, c->patches) + others * block_macs(c, c->tokens) + block_macs(c, vi_last_tokens(c)) +
           vi_pool_macs(c) + vi_head_macs(c);
}
