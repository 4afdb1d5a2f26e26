/* forward.c: the Vision Transformer (Dosovitskiy et al. 2021, section 3.1), one function per equation.
 *
 *   z0 = [class; registers; x_p E] + E_pos                    (1)  embed
 *   z' = z + scale1 * MSA(LN(z))                              (2)  attention_half
 *   z  = z' + scale2 * MLP(LN(z')), MLP = fc2(act(fc1))       (3)  mlp_half
 *   y  = LN(z)[class], or the mean over patches; head(y)      (4)  pool_and_classify
 *
 * A run is cut into stages, embed, two per block, pool_and_classify, so that it can be stepped. Shapes: B images, T = P + N tokens
 * (P class token and registers, N patches), D width, M hidden width, K classes. */
#include <math.h>
#include <string.h>
#include "model/ops.h"

static const vi_epilogue plain = {.activation = VI_ACT_NONE};

int32_t vi_stages(const vi_hparams *h) { return 2 * h->depth + 2; }

/* ---- pictures to patches ---------------------------------------------------------------------------------------------------- */

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

void vi_read_picture(vit_context *c, const vit_image *image, int32_t i) {
    const vi_hparams *h = &c->model->hparams;
    size_t inputs = (size_t)h->channels * (size_t)h->patch_height * (size_t)h->patch_width;
    vi_image_prepare(&c->pipeline, image, c->work.pixels, c->work.image_scratch);
    cut_patches(c, c->work.patches + (size_t)i * c->patches * inputs, c->work.pixels);
}

/* ---- (1) ---------------------------------------------------------------------------------------------------------------------- */

/* dst [D] = token + position row (NULL: none) */
static void place_prefix(float *dst, const float *token, const float *position, size_t width) {
    for (size_t d = 0; d < width; d++) dst[d] = position ? token[d] + position[d] : token[d];
}

static void keep_layer(const vit_context *c, int32_t index) {
    float *layer = c->work.layers[index];
    if (layer) memcpy(layer, c->work.x, (size_t)c->batch * c->tokens * (size_t)c->model->hparams.width * sizeof *layer);
}

static void embed(const vit_context *c) {
    const vi_hparams *h = &c->model->hparams;
    const vi_weights *w = &c->model->weights;
    size_t D = (size_t)h->width, prefix = (size_t)vi_prefix_tokens(h), inputs = w->patch.w.cols;
    const float *prefix_position = h->position_covers_prefix ? c->work.position : NULL;
    const float *patch_position = c->work.position + (prefix_position ? prefix * D : 0);
    for (size_t b = 0; b < (size_t)c->batch; b++) {
        float *z = c->work.x + b * c->tokens * D; /* [T, D] */
        for (size_t i = 0; i < prefix; i++) {
            bool class_token = h->class_token && i == 0;
            const float *token = class_token ? w->class_token : w->registers + (i - (size_t)h->class_token) * D;
            place_prefix(z + i * D, token, prefix_position ? prefix_position + i * D : NULL, D);
        }
        vi_linear_forward(c, z + prefix * D, D, c->work.patches + b * c->patches * inputs, c->patches, &w->patch,
                          (vi_epilogue){.activation = VI_ACT_NONE, .residual = patch_position});
    }
    if (w->pre_norm.gamma) vi_norm_forward(c, c->work.x, D, c->work.x, D, (size_t)c->batch * c->tokens, &w->pre_norm);
    keep_layer(c, 0);
}

/* ---- (2) and (3) ---------------------------------------------------------------------------------------------------------------- */

static void attention_half(const vit_context *c, const vi_block *block) {
    size_t D = (size_t)c->model->hparams.width, rows = (size_t)c->batch * c->tokens;
    float *x = c->work.x, *y = c->work.y;
    vi_norm_forward(c, y, D, x, D, rows, &block->norm1);
    vi_linear_forward(c, c->work.qkv, 3 * D, y, rows, &block->qkv, plain);
    vi_attention_forward(c, y, c->work.qkv);
    vi_linear_forward(c, x, D, y, rows, &block->proj,
                      (vi_epilogue){.activation = VI_ACT_NONE, .scale = block->scale1, .residual = x});
}

static void mlp_half(const vit_context *c, const vi_block *block) {
    const vi_hparams *h = &c->model->hparams;
    size_t D = (size_t)h->width, M = (size_t)h->mlp, rows = (size_t)c->batch * c->tokens;
    float *x = c->work.x, *y = c->work.y;
    vi_norm_forward(c, y, D, x, D, rows, &block->norm2);
    vi_linear_forward(c, c->work.hidden, M, y, rows, &block->fc1, (vi_epilogue){.activation = h->activation});
    vi_linear_forward(c, x, D, c->work.hidden, rows, &block->fc2,
                      (vi_epilogue){.activation = VI_ACT_NONE, .scale = block->scale2, .residual = x});
}

/* ---- (4) ---------------------------------------------------------------------------------------------------------------------- */

/* mean [D] of the N rows of tokens [N, D] */
static void mean_rows(float *mean, const float *tokens, size_t rows, size_t width) {
    memset(mean, 0, width * sizeof *mean);
    for (size_t r = 0; r < rows; r++)
        for (size_t d = 0; d < width; d++) mean[d] += tokens[r * width + d];
    for (size_t d = 0; d < width; d++) mean[d] /= (float)rows;
}

/* dst = src / max(|src|, 1e-12), as torch.nn.functional.normalize */
static void l2_normalise(float *dst, const float *src, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)src[i] * src[i];
    double norm = sqrt(sum);
    float inverse = (float)(1 / (norm > 1e-12 ? norm : norm <= 1e-12 ? 1e-12 : norm)); /* NaN stays NaN */
    for (size_t i = 0; i < n; i++) dst[i] = src[i] * inverse;
}

static void pool_and_classify(const vit_context *c) {
    const vi_hparams *h = &c->model->hparams;
    const vi_weights *w = &c->model->weights;
    size_t D = (size_t)h->width, T = c->tokens, B = (size_t)c->batch, prefix = (size_t)vi_prefix_tokens(h);
    float *x = c->work.x, *y = c->work.y, *pooled = c->work.pooled;
    if (c->work.tokens) vi_norm_forward(c, c->work.tokens, D, x, D, B * T, &w->norm);
    if (h->pool == VIT_POOL_TOKEN) {
        vi_norm_forward(c, pooled, D, x, T * D, B, &w->norm); /* only the class tokens are needed */
    } else {
        vi_norm_forward(c, y, D, x, D, B * T, &w->norm);
        for (size_t b = 0; b < B; b++) mean_rows(pooled + b * D, y + (b * T + prefix) * D, T - prefix, D);
    }
    if (w->fc_norm.gamma) vi_norm_forward(c, pooled, D, pooled, D, B, &w->fc_norm);
    if (c->work.logits) vi_linear_forward(c, c->work.logits, (size_t)h->classes, pooled, B, &w->head, plain);
    for (size_t b = 0; b < B; b++) {
        if (c->settings.normalize)
            l2_normalise(c->work.embedding + b * D, pooled + b * D, D);
        else
            memcpy(c->work.embedding + b * D, pooled + b * D, D * sizeof *pooled);
    }
}

void vi_run_stage(vit_context *c, int32_t stage) {
    int32_t depth = c->model->hparams.depth;
    if (stage == 0) {
        embed(c);
    } else if (stage == 2 * depth + 1) {
        pool_and_classify(c);
    } else {
        const vi_block *block = &c->model->weights.blocks[(stage - 1) / 2];
        if (stage % 2 == 1) {
            attention_half(c, block);
        } else {
            mlp_half(c, block);
            keep_layer(c, stage / 2);
        }
    }
}
