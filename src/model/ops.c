/* ops.c: how each operation is cut into units. */
#include "model/ops.h"

#include "model/linear_dots.h"
#include "model/rope.h"
#include <math.h>
#include <string.h>

static size_t min_size(size_t a, size_t b) { return a < b ? a : b; }
static size_t ceil_div(size_t a, size_t b) { return (a + b - 1) / b; }

static void *lane_scratch(const vit_context *c, size_t lane) { return c->work.lanes + lane * c->work.lane_bytes; }

void vi_go_alone(vit_context *c, size_t lane) {
    if (vi_threads_lanes(c->threads) > 1) c->settings.profile = NULL;
    c->threads = NULL;
    c->work.lanes += lane * c->work.lane_bytes;
    c->work.hidden += lane * c->work.hidden_floats;
}

/* ---- linear ---------------------------------------------------------------------------------------------------------------- */

#define PANELS_STEP 6     /* 96 columns: two register tiles of the widest kernel */
#define UNITS_PER_LANE 4  /* at least: lanes are not equally fast; not many more: a unit's first weights are not fetched ahead */
#define ROWS_STEP 24      /* a multiple of every kernel's tile height */
#define ROWS_PER_LANE 48  /* at least, where the rows are dealt out and every lane reads all of the weights; */
#define WEIGHTS_SHARED (4u << 20) /* more bytes are read by one lane each instead */

bool vi_splits_rows(const vit_context *c, size_t rows, const vi_linear *layer) {
    size_t lanes = vi_threads_lanes(c->threads), bytes;
    if (lanes == 1 || rows < ROWS_PER_LANE * lanes) return false;
    return vi_matrix_bytes(layer->w.type, layer->w.rows, layer->w.cols, &bytes) && bytes <= WEIGHTS_SHARED;
}

typedef struct linear_job {
    const vit_context *c;
    vi_gemm gemm;
    size_t rows, panel_end, row_step, panel_step, panel_units;
    size_t panel; /* the first */
} linear_job;

static void linear_unit(void *arg, size_t unit, size_t lane) {
    const linear_job *j = arg;
    size_t row = unit / j->panel_units * j->row_step, panel = j->panel + unit % j->panel_units * j->panel_step;
    j->c->kernels->gemm(&j->gemm, row, min_size(row + j->row_step, j->rows), panel, min_size(panel + j->panel_step, j->panel_end),
                        lane_scratch(j->c, lane));
}

/* What multiplies a layer's weights with inputs made smaller, or NULL: the float product. */
static const vi_dots *dots_of(const vit_context *c, const vi_linear *layer) {
    return layer->w.type == VI_I8 ? c->int8 : layer->w.type == VI_BF16 ? c->bf16 : NULL;
}

void vi_linear_forward(const vit_context *c, float *y, size_t ldy, const float *x, size_t ldx, size_t rows,
                       const vi_linear *layer, vi_epilogue epilogue) {
    vi_linear_channels(c, y, ldy, x, ldx, rows, layer, epilogue, 0, layer->w.rows);
}

void vi_linear_channels(const vit_context *c, float *y, size_t ldy, const float *x, size_t ldx, size_t rows,
                        const vi_linear *layer, vi_epilogue epilogue, size_t first, size_t end) {
    size_t panel = first / VI_PANEL, panel_end = ceil_div(end, VI_PANEL);
    const vi_dots *table = dots_of(c, layer);
    size_t panels = panel_end - panel, lanes = vi_threads_lanes(c->threads);
    vi_gemm gemm = {.a = x,
                    .lda = ldx,
                    .w = &layer->w,
                    .c = y,
                    .ldc = ldy,
                    .bias = layer->bias,
                    .gain = epilogue.scale,
                    .residual = epilogue.residual,
                    .ldr = ldy,
                    .activation = epilogue.activation};
    if (lanes == 1 && epilogue.next && epilogue.next->w.type == layer->w.type) gemm.next = &epilogue.next->w;
    if (table) {
        vi_dots_linear(c, table, &gemm, rows, panel, panel_end);
        return;
    }
    linear_job j = {c, gemm, rows, panel_end, rows, panels, 1, panel};
    if (vi_splits_rows(c, rows, layer)) { /* a lane finds its rows in its own cache */
        j.row_step = ceil_div(rows, lanes);
    } else if (lanes > 1) { /* split columns first: each weight is then read by one lane only */
        size_t units = UNITS_PER_LANE * lanes, share = ceil_div(ceil_div(panels, units), PANELS_STEP) * PANELS_STEP;
        j.panel_step = min_size(share, ceil_div(panels, 2));
        size_t wanted = ceil_div(units, ceil_div(panels, j.panel_step));
        j.row_step = ceil_div(ceil_div(rows, wanted), ROWS_STEP) * ROWS_STEP;
    }
    j.panel_units = ceil_div(panels, j.panel_step);
    vi_parallel(c->threads, ceil_div(rows, j.row_step) * j.panel_units, linear_unit, &j);
}

/* ---- norm ------------------------------------------------------------------------------------------------------------------ */

#define NORM_ROWS 16

typedef struct norm_job {
    const vit_context *c;
    float *y;
    const float *x;
    size_t ldy, ldx, rows, n;
    const vi_norm *norm;
} norm_job;

static void norm_unit(void *arg, size_t unit, size_t lane) {
    const norm_job *j = arg;
    (void)lane;
    size_t first = unit * NORM_ROWS, rows = min_size(NORM_ROWS, j->rows - first);
    const vi_hparams *h = &j->c->model->hparams;
    const vi_kernels *k = j->c->kernels;
    float *y = j->y + first * j->ldy;
    const float *x = j->x + first * j->ldx;
    if (h->norm_kind == VI_NORM_RMS)
        k->rmsnorm(y, j->ldy, x, j->ldx, j->norm->gamma, h->eps, rows, j->n);
    else
        k->layernorm(y, j->ldy, x, j->ldx, j->norm->gamma, j->norm->beta, h->eps, rows, j->n);
}

void vi_norm_forward(const vit_context *c, float *y, size_t ldy, const float *x, size_t ldx, size_t rows, size_t n,
                     const vi_norm *norm) {
    if (!norm->gamma) {
        for (size_t r = 0; y != x && r < rows; r++) memcpy(y + r * ldy, x + r * ldx, n * sizeof *y);
        return;
    }
    norm_job j = {c, y, x, ldy, ldx, rows, n, norm};
    vi_parallel(c->threads, ceil_div(rows, NORM_ROWS), norm_unit, &j);
}

/* ---- attention ------------------------------------------------------------------------------------------------------------- */

typedef struct attention_job {
    const vit_context *c;
    float *y;         /* [B, T, D] */
    const float *qkv; /* [B, T, 3D] */
    size_t tokens, heads, head_dim, width;
    size_t wanted;                  /* queries of each image */
    size_t queries, units_per_head; /* of one unit; units of one head */
    size_t head_keys;               /* floats of one head's packed keys */
    void (*pack_keys)(float *panels, const float *k, size_t ldk, size_t tokens, size_t head_dim);
    void (*attention)(const vi_attention *a, size_t row0, size_t row1, void *scratch);
} attention_job;

/* Head and image of a pair: [B, heads] */
static void pack_pair(const attention_job *j, size_t pair) {
    size_t image = pair / j->heads, head = pair % j->heads;
    const float *k = j->qkv + image * j->tokens * 3 * j->width + j->width + head * j->head_dim;
    j->pack_keys(j->c->work.keys + pair * j->head_keys, k, 3 * j->width, j->tokens, j->head_dim);
}

static void keys_unit(void *arg, size_t unit, size_t lane) {
    (void)lane;
    pack_pair(arg, unit);
}

static void attention_unit(void *arg, size_t unit, size_t lane) {
    const attention_job *j = arg;
    size_t pair = unit / j->units_per_head, first = unit % j->units_per_head * j->queries;
    size_t image = pair / j->heads, head = pair % j->heads;
    if (j->units_per_head == 1) pack_pair(j, pair); /* alone with the head's keys: they are still in cache when they are used */
    const float *q = j->qkv + image * j->tokens * 3 * j->width + head * j->head_dim;
    vi_attention a = {.q = q,
                      .ldq = 3 * j->width,
                      .k_panels = j->c->work.keys + pair * j->head_keys,
                      .v = q + 2 * j->width,
                      .ldv = 3 * j->width,
                      .out = j->y + image * j->tokens * j->width + head * j->head_dim,
                      .ldo = j->width,
                      .tokens = j->tokens,
                      .head_dim = j->head_dim,
                      .scale = 1.0f / sqrtf((float)j->head_dim),
                      .causal = j->c->model->hparams.causal != 0};
    j->attention(&a, first, min_size(first + j->queries, j->wanted), lane_scratch(j->c, lane));
}

/* Into how many parts a head is cut so that the lanes get equally much: in few, as each part packs the values anew. */
static size_t head_parts(size_t pairs, size_t queries, size_t lanes) {
    size_t parts = 1, most = ceil_div(queries, 2 * VI_ATTENTION_ROWS);
    while (parts < most && pairs * parts % lanes != 0 && pairs * parts < 8 * lanes) parts++;
    return parts;
}

/* One head of one image: norm and rotation of its queries and keys. */
typedef struct position_job {
    const vit_context *c;
    float *qkv; /* [B, T, 3D] */
    const vi_block *block;
    size_t heads, head_dim, width;
    size_t queries; /* of each image */
} position_job;

static void position_unit(void *arg, size_t unit, size_t lane) {
    const position_job *j = arg;
    (void)lane;
    const vit_context *c = j->c;
    const vi_hparams *h = &c->model->hparams;
    size_t ld = 3 * j->width, T = c->tokens, prefix = T - c->patches;
    float *q = j->qkv + unit / j->heads * T * ld + unit % j->heads * j->head_dim;
    size_t block = (size_t)(j->block - c->model->weights.blocks), table = block * j->heads + unit % j->heads;
    const float *rope = h->rope == VI_ROPE_MIXED ? c->work.rope + table * c->patches * j->head_dim : c->work.rope;
    for (int key = 0; key <= 1; key++) {
        float *x = q + (size_t)key * j->width; /* [rows, head_dim] */
        size_t rows = key ? T : j->queries;
        norm_job norm = {c, x, x, ld, ld, rows, j->head_dim, key ? &j->block->k_norm : &j->block->q_norm};
        for (size_t i = 0; norm.norm->gamma && i < ceil_div(rows, NORM_ROWS); i++) norm_unit(&norm, i, lane);
        if (c->work.rope && rows > prefix) vi_rope_rotate(x + prefix * ld, ld, rope, c->patches, j->head_dim, h->rope);
    }
}

/* [heads, ceil(T/16), head_dim, 16] */
size_t vi_image_keys(const vit_context *c) {
    return ceil_div(c->tokens, VI_PANEL) * VI_PANEL * (size_t)c->model->hparams.width;
}

void vi_attention_forward(const vit_context *c, float *y, float *qkv, const vi_block *block, size_t queries) {
    const vi_hparams *h = &c->model->hparams;
    size_t width = (size_t)h->width, heads = (size_t)h->heads, pairs = (size_t)c->batch * heads;
    position_job p = {c, qkv, block, heads, width / heads, width, queries};
    if (block->q_norm.gamma || block->k_norm.gamma || c->work.rope) vi_parallel(c->threads, pairs, position_unit, &p);
    attention_job j = {.c = c,
                       .y = y,
                       .qkv = qkv,
                       .tokens = c->tokens,
                       .heads = heads,
                       .head_dim = width / heads,
                       .width = width,
                       .wanted = queries,
                       .head_keys = vi_image_keys(c) / heads,
                       .pack_keys = c->kernels->pack_keys,
                       .attention = c->kernels->attention};
    const vi_dots *table = dots_of(c, &block->qkv);
    if (table && table->attention) {
        j.pack_keys = table->pack_keys;
        j.attention = table->attention;
    }
    j.queries = ceil_div(queries, head_parts(pairs, queries, vi_threads_lanes(c->threads)));
    j.units_per_head = ceil_div(queries, j.queries);
    if (j.units_per_head > 1) vi_parallel(c->threads, pairs, keys_unit, &j);
    vi_parallel(c->threads, pairs * j.units_per_head, attention_unit, &j);
}

/* ---- gate ------------------------------------------------------------------------------------------------------------------ */

typedef struct gate_job {
    const vit_context *c;
    float *x;
    size_t half;
    int32_t activation;
} gate_job;

static void gate_unit(void *arg, size_t unit, size_t lane) {
    const gate_job *j = arg;
    (void)lane;
    float *gate = j->x + unit * 2 * j->half;
    const float *value = gate + j->half;
    j->c->kernels->activate(gate, j->half, j->activation);
    for (size_t i = 0; i < j->half; i++) gate[i] *= value[i];
}

void vi_gate_forward(const vit_context *c, float *x, size_t rows, size_t half, int32_t activation) {
    gate_job j = {c, x, half, activation};
    vi_parallel(c->threads, rows, gate_unit, &j);
}
