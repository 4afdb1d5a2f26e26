/* linear_dots.c: how a linear layer whose inputs become bytes or bf16 is cut into units. A unit quantises the rows it multiplies,
 * which costs little beside the product, so that nothing has to wait for anything. Rows are split first: such a matrix is read so
 * quickly that each lane may read all of it. */
#include "model/linear_dots.h"

#include "base/checked.h"

#define ROWS_MOST 256 /* quantised rows that stay in the second-level cache while all weights pass by */
#define ROWS_LEAST 32 /* fewer are not worth reading the weights for: columns are split instead */

static size_t min_size(size_t a, size_t b) { return a < b ? a : b; }
static size_t ceil_div(size_t a, size_t b) { return (a + b - 1) / b; }

/* Most rows of a unit. */
static size_t rows_of_unit(size_t rows, size_t lanes) {
    size_t share = ceil_div(rows, 2 * lanes);
    if (lanes == 1 || share > ROWS_MOST) return ROWS_MOST;
    return share < ROWS_LEAST ? ROWS_LEAST : share;
}

/* A lane's scratch memory: the product's own, then quantised rows and their steps. */
typedef struct parts {
    size_t bytes, steps, end;
} parts;

static bool measure(parts *p, size_t rows, size_t cols) {
    size_t bytes;
    return vi_round_up(vi_gemm_scratch(cols), VI_ALIGN, &p->bytes) && vi_mul_size(rows, vi_bytes_stride(cols), &bytes) &&
           vi_add_size(p->bytes, bytes, &p->steps) && vi_add_size(p->steps, rows * sizeof(vi_step), &p->end);
}

size_t vi_dots_scratch(size_t rows, size_t cols) {
    parts p;
    return measure(&p, min_size(rows, ROWS_MOST), cols) ? p.end : SIZE_MAX;
}

typedef struct dots_job {
    const vit_context *c;
    const vi_dots *table;
    vi_gemm gemm;
    size_t rows, row_units, panel0, panel1, panel_step;
} dots_job;

static void dots_unit(void *arg, size_t unit, size_t lane) {
    const dots_job *j = arg;
    size_t part = unit % j->row_units, first = j->rows * part / j->row_units;
    size_t rows = j->rows * (part + 1) / j->row_units - first, cols = j->gemm.w->cols;
    size_t panel = j->panel0 + unit / j->row_units * j->panel_step;
    unsigned char *scratch = j->c->work.lanes + lane * j->c->work.lane_bytes;
    parts p = {0};
    measure(&p, rows, cols); /* as measured when the memory was taken */
    vi_bytes q = {scratch + p.bytes, vi_bytes_stride(cols), (vi_step *)(void *)(scratch + p.steps)};
    vi_gemm g = j->gemm;
    for (size_t r = 0; r < rows; r++) j->table->quantise(&q, r, g.a + (first + r) * g.lda, cols);
    g.c += first * g.ldc;
    if (g.residual) g.residual += first * g.ldr;
    j->table->gemm(&g, &q, 0, rows, panel, min_size(panel + j->panel_step, j->panel1), scratch);
}

void vi_dots_linear(const vit_context *c, const vi_dots *table, const vi_gemm *gemm, size_t rows, size_t panel0, size_t panel1) {
    size_t lanes = vi_threads_lanes(c->threads), row_units = ceil_div(rows, rows_of_unit(rows, lanes));
    size_t panel_units = lanes == 1 ? 1 : min_size(ceil_div(2 * lanes, row_units), panel1 - panel0);
    size_t panel_step = ceil_div(panel1 - panel0, panel_units);
    dots_job j = {c, table, *gemm, rows, row_units, panel0, panel1, panel_step};
    vi_parallel(c->threads, row_units * ceil_div(panel1 - panel0, panel_step), dots_unit, &j);
}
