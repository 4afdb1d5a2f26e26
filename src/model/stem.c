/* stem.c: see stem.h. Feature maps are [height, width, channels], so that a 1x1 convolution is a matrix product as it is and the
 * inputs of any other lie in runs. Padding is TensorFlow's SAME: out = ceil(in / stride), and what is needed for that is added
 * around, the odd one below and to the right. */
#include "model/stem.h"

#include "base/checked.h"
#include "model/cost.h"
#include "model/ops.h"
#include <math.h>
#include <string.h>

#define BLOCK 16       /* channels in a loop of constant length, so that compilers vectorise */
#define STRIP 96       /* pixels of a convolution's output that are worked on together, at most */
#define STRIP_STEP 24  /* a multiple of every kernel's tile height */
#define STATS_ROWS 128 /* pixels whose mean and deviations are summed up together: fixed, the sums depend on it */

typedef struct area {
    size_t width, height;
} area;

static size_t min_size(size_t a, size_t b) { return a < b ? a : b; }
static size_t max_size(size_t a, size_t b) { return a > b ? a : b; }
static size_t ceil_div(size_t a, size_t b) { return (a + b - 1) / b; }
/* SIZE_MAX on overflow, which no arena can give */
static size_t times(size_t a, size_t b) {
    size_t n;
    return vi_mul_size(a, b, &n) ? n : SIZE_MAX;
}

static size_t pixels_of(area a) { return a.width * a.height; }
static area halved(area a) { return (area){ceil_div(a.width, 2), ceil_div(a.height, 2)}; }

/* Channels inside the units of a stage; they leave four times as many. */
static size_t mid_of(const vi_hparams *h, int32_t stage) { return (size_t)h->stem_width << stage; }

static area next_area(area a, int32_t stage) { return stage == 0 ? a : halved(a); }

/* ---- memory --------------------------------------------------------------------------------------------------------------- */

/* Sums of every strip and channel, then a factor and a term of each channel. */
static size_t stats_floats(size_t pixels, size_t channels) { return times((ceil_div(pixels, STATS_ROWS) + 1) * 2, channels); }

void vi_stem_lay_out(vi_stem_work *work, vi_arena *a, const vi_hparams *h, int32_t width, int32_t height) {
    area at = halved((area){(size_t)width, (size_t)height});
    size_t map = times(pixels_of(at), (size_t)h->stem_width), mid = 0;
    size_t stats = stats_floats(pixels_of(at), (size_t)h->stem_width);
    at = halved(at);
    for (int32_t stage = 0; stage < VI_MAX_STAGES && h->stem_units[stage] > 0; stage++) {
        mid = max_size(mid, times(pixels_of(at), mid_of(h, stage))); /* before the stride */
        stats = max_size(stats, stats_floats(pixels_of(at), mid_of(h, stage)));
        at = next_area(at, stage);
        map = max_size(map, times(pixels_of(at), 4 * mid_of(h, stage)));
        stats = max_size(stats, stats_floats(pixels_of(at), 4 * mid_of(h, stage)));
    }
    work->map = vi_arena_take(a, map, sizeof(float));
    work->other = vi_arena_take(a, map, sizeof(float));
    work->mid1 = vi_arena_take(a, mid, sizeof(float));
    work->mid2 = vi_arena_take(a, mid, sizeof(float));
    work->stats = vi_arena_take(a, stats, sizeof(float));
}

size_t vi_stem_widest(const vi_hparams *h) {
    size_t widest = (size_t)h->channels * 49;
    for (int32_t stage = 0; stage < VI_MAX_STAGES && h->stem_units[stage] > 0; stage++)
        widest = max_size(widest, 9 * mid_of(h, stage)); /* more than the 4 * mid of the next conv1 */
    return widest;
}

size_t vi_stem_scratch(const vi_hparams *h) { return STRIP * vi_stem_widest(h) * sizeof(float); }

/* ---- convolution ---------------------------------------------------------------------------------------------------------- */

typedef struct convolution {
    const vit_context *c;
    vi_gemm gemm;   /* a and c are those of a strip */
    const float *x; /* [height, width, channels] */
    float *y;       /* [out pixels, outputs] */
    area in, out;
    size_t channels, kernel, stride, left, top;
    size_t strip; /* pixels */
} convolution;

/* Pixels before the picture along an axis. */
static size_t padding(size_t in, size_t out, size_t kernel, size_t stride) {
    size_t reach = (out - 1) * stride + kernel;
    return reach > in ? (reach - in) / 2 : 0;
}

/* One row of a kernel's inputs: `kernel` pixels from column x on, zeros outside of the picture. row NULL: all outside. */
static void gather_row(const convolution *v, float *dst, const float *row, ptrdiff_t x) {
    ptrdiff_t first = x < 0 ? -x : 0, last = (ptrdiff_t)v->in.width - x, kernel = (ptrdiff_t)v->kernel;
    if (last > kernel) last = kernel;
    if (!row || last < first) first = last = 0;
    size_t C = v->channels, before = (size_t)first * C, inside = (size_t)(last - first) * C;
    memset(dst, 0, before * sizeof *dst);
    if (inside > 0) memcpy(dst + before, row + (x + first) * (ptrdiff_t)C, inside * sizeof *dst);
    memset(dst + before + inside, 0, (v->kernel * C - before - inside) * sizeof *dst);
}

static void convolution_unit(void *arg, size_t unit, size_t lane) {
    const convolution *v = arg;
    unsigned char *scratch = v->c->work.lanes + lane * v->c->work.lane_bytes;
    float *inputs = (float *)(void *)(scratch + v->c->work.lane_bytes - vi_stem_scratch(&v->c->model->hparams)); /* [strip, K] */
    size_t first = unit * v->strip, count = min_size(v->strip, pixels_of(v->out) - first), run = v->kernel * v->channels;
    float *dst = inputs;
    for (size_t i = first; i < first + count; i++) {
        ptrdiff_t x = (ptrdiff_t)(i % v->out.width * v->stride) - (ptrdiff_t)v->left;
        for (size_t ky = 0; ky < v->kernel; ky++, dst += run) {
            size_t y = i / v->out.width * v->stride + ky; /* + top */
            bool inside = y >= v->top && y - v->top < v->in.height;
            gather_row(v, dst, inside ? v->x + (y - v->top) * v->in.width * v->channels : NULL, x);
        }
    }
    vi_gemm gemm = v->gemm;
    gemm.a = inputs;
    gemm.c = v->y + first * gemm.ldc;
    v->c->kernels->gemm(&gemm, 0, count, 0, ceil_div(gemm.w->rows, VI_PANEL), scratch);
}

/* y [out, outputs] = x [in, channels] under the kernels w [outputs, kernel * kernel * channels]. */
static void convolve(const vit_context *c, float *y, area out, const float *x, area in, size_t channels, const vi_matrix *w,
                     size_t kernel, size_t stride) {
    size_t wanted = ceil_div(pixels_of(out), 2 * vi_threads_lanes(c->threads));
    convolution v = {.c = c,
                     .gemm = {.lda = w->cols, .w = w, .ldc = w->rows, .activation = VI_ACT_NONE},
                     .x = x,
                     .y = y,
                     .in = in,
                     .out = out,
                     .channels = channels,
                     .kernel = kernel,
                     .stride = stride,
                     .left = padding(in.width, out.width, kernel, stride),
                     .top = padding(in.height, out.height, kernel, stride),
                     .strip = min_size(STRIP, ceil_div(wanted, STRIP_STEP) * STRIP_STEP)};
    vi_parallel(c->threads, ceil_div(pixels_of(out), v.strip), convolution_unit, &v);
}

/* A 1x1 convolution without stride. */
static void project(const vit_context *c, float *y, const float *x, size_t pixels, const vi_matrix *w) {
    vi_linear layer = {.w = *w};
    vi_linear_forward(c, y, w->rows, x, w->cols, pixels, &layer, (vi_epilogue){.activation = VI_ACT_NONE});
}

/* ---- group norm ----------------------------------------------------------------------------------------------------------- */

typedef struct norm_job {
    const vit_context *c;
    float *y; /* [pixels, channels] */
    const float *x, *residual;
    float *stats; /* [strips, 2, channels] means and squared deviations; then [2, channels] factors and terms */
    size_t pixels, channels, strips;
    bool relu;
} norm_job;

/* Inlined with n = BLOCK known. */
static inline void add_values(float *restrict sum, const float *restrict x, size_t n) {
    for (size_t i = 0; i < n; i++) sum[i] += x[i];
}

static inline void add_squares(float *restrict sum, const float *restrict x, const float *restrict mean, size_t n) {
    for (size_t i = 0; i < n; i++) sum[i] += (x[i] - mean[i]) * (x[i] - mean[i]);
}

static inline void scale_values(float *restrict y, const float *restrict x, const float *restrict factor,
                                const float *restrict term, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = x[i] * factor[i] + term[i];
}

static inline void clip_values(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = x[i] < 0 ? 0 : x[i]; /* NaN stays */
}

static void stats_unit(void *arg, size_t unit, size_t lane) {
    const norm_job *j = arg;
    (void)lane;
    size_t C = j->channels, first = unit * STATS_ROWS, rows = min_size(STATS_ROWS, j->pixels - first), whole = C / BLOCK * BLOCK;
    float *mean = j->stats + unit * 2 * C, *square = mean + C;
    memset(mean, 0, 2 * C * sizeof *mean);
    for (size_t r = 0; r < rows; r++) {
        const float *x = j->x + (first + r) * C;
        for (size_t k = 0; k < whole; k += BLOCK) add_values(mean + k, x + k, BLOCK);
        add_values(mean + whole, x + whole, C - whole);
    }
    for (size_t k = 0; k < C; k++) mean[k] /= (float)rows;
    for (size_t r = 0; r < rows; r++) {
        const float *x = j->x + (first + r) * C;
        for (size_t k = 0; k < whole; k += BLOCK) add_squares(square + k, x + k, mean + k, BLOCK);
        add_squares(square + whole, x + whole, mean + whole, C - whole);
    }
}

/* Means and deviations of the strips put together (Chan et al. 1983), group by group. */
static void combine(const norm_job *j, const vi_norm *norm) {
    const vi_hparams *h = &j->c->model->hparams;
    size_t C = j->channels, each = C / (size_t)h->stem_groups;
    float *factor = j->stats + j->strips * 2 * C, *term = factor + C;
    double count = (double)j->pixels * (double)each;
    for (size_t first = 0; first < C; first += each) {
        double mean = 0, square = 0;
        for (size_t s = 0; s < j->strips; s++) {
            const float *means = j->stats + s * 2 * C;
            double rows = (double)min_size(STATS_ROWS, j->pixels - s * STATS_ROWS);
            for (size_t k = first; k < first + each; k++) mean += rows * (double)means[k] / count;
        }
        for (size_t s = 0; s < j->strips; s++) {
            const float *means = j->stats + s * 2 * C, *squares = means + C;
            double rows = (double)min_size(STATS_ROWS, j->pixels - s * STATS_ROWS);
            for (size_t k = first; k < first + each; k++)
                square += (double)squares[k] + rows * ((double)means[k] - mean) * ((double)means[k] - mean);
        }
        double deviation = sqrt(square / count + (double)h->stem_eps);
        for (size_t k = first; k < first + each; k++) {
            factor[k] = deviation > 0 ? (float)((double)norm->gamma[k] / deviation) : 0;
            term[k] = (float)((double)norm->beta[k] - mean * (double)factor[k]);
        }
    }
}

static void scale_unit(void *arg, size_t unit, size_t lane) {
    const norm_job *j = arg;
    (void)lane;
    size_t C = j->channels, last = min_size((unit + 1) * STATS_ROWS, j->pixels);
    const float *factor = j->stats + j->strips * 2 * C, *term = factor + C;
    for (size_t r = unit * STATS_ROWS; r < last; r++) {
        const float *residual = j->residual ? j->residual + r * C : NULL;
        for (size_t k = 0; k < C; k += BLOCK) {
            float values[BLOCK];
            size_t n = min_size(BLOCK, C - k);
            const float *x = j->x + r * C + k;
            if (n == BLOCK)
                scale_values(values, x, factor + k, term + k, BLOCK);
            else
                scale_values(values, x, factor + k, term + k, n);
            if (residual && n == BLOCK)
                add_values(values, residual + k, BLOCK);
            else if (residual)
                add_values(values, residual + k, n);
            if (j->relu) clip_values(values, BLOCK);
            memcpy(j->y + r * C + k, values, n * sizeof *values);
        }
    }
}

/* y [pixels, channels] = norm(x) + residual, then max(0, y) if relu; residual NULL: 0. y may be x or residual. */
static void normalise(const vit_context *c, float *y, const float *x, size_t pixels, size_t channels, const vi_norm *norm,
                      const float *residual, bool relu) {
    norm_job j = {c, y, x, residual, c->work.stem.stats, pixels, channels, ceil_div(pixels, STATS_ROWS), relu};
    vi_parallel(c->threads, j.strips, stats_unit, &j);
    combine(&j, norm);
    vi_parallel(c->threads, j.strips, scale_unit, &j);
}

/* ---- the parts ------------------------------------------------------------------------------------------------------------ */

typedef struct pool_job {
    float *y;       /* [out, channels] */
    const float *x; /* [in, channels], not negative: padding with zeros is padding with nothing */
    area in, out;
    size_t channels, left, top;
} pool_job;

static void pool_unit(void *arg, size_t unit, size_t lane) {
    const pool_job *j = arg;
    (void)lane;
    size_t C = j->channels, y0 = unit * 2, y1 = min_size(y0 + 3 - j->top, j->in.height);
    y0 -= min_size(y0, j->top);
    for (size_t ox = 0; ox < j->out.width; ox++) {
        size_t x0 = ox * 2, x1 = min_size(x0 + 3 - j->left, j->in.width);
        x0 -= min_size(x0, j->left);
        float *dst = j->y + (unit * j->out.width + ox) * C;
        memset(dst, 0, C * sizeof *dst);
        for (size_t y = y0; y < y1; y++)
            for (const float *x = j->x + (y * j->in.width + x0) * C, *end = x + (x1 - x0) * C; x < end; x += C)
                for (size_t k = 0; k < C; k++) dst[k] = dst[k] >= x[k] ? dst[k] : x[k];
    }
}

/* Maximum of 3x3 pixels, every other one. */
static void max_pool(const vit_context *c, float *y, area out, const float *x, area in, size_t channels) {
    pool_job j = {y, x, in, out, channels, padding(in.width, out.width, 3, 2), padding(in.height, out.height, 3, 2)};
    vi_parallel(c->threads, out.height, pool_unit, &j);
}

/* map [in, channels] -> map [out, 4 mid]: relu(norm3(conv3(relu(norm2(conv2(relu(norm1(conv1(x)))))))) + shortcut). The stride is
 * conv2's; the shortcut is x, or in the first unit of a stage a projection of it. */
static void unit_forward(const vit_context *c, const vi_stem_unit *u, area in, area out) {
    const vi_stem_work *w = &c->work.stem;
    size_t mid = u->conv1.rows, channels = u->conv1.cols, outputs = u->conv3.rows, stride = in.width > out.width ? 2 : 1;
    if (in.height > out.height) stride = 2;
    bool first = u->proj.data != NULL;
    project(c, w->mid1, w->map, pixels_of(in), &u->conv1);
    normalise(c, w->mid1, w->mid1, pixels_of(in), mid, &u->norm1, NULL, true);
    if (first) {
        convolve(c, w->other, out, w->map, in, channels, &u->proj, 1, stride);
        normalise(c, w->other, w->other, pixels_of(out), outputs, &u->proj_norm, NULL, false);
    }
    convolve(c, w->mid2, out, w->mid1, in, mid, &u->conv2, 3, stride);
    normalise(c, w->mid2, w->mid2, pixels_of(out), mid, &u->norm2, NULL, true);
    float *branch = first ? w->map : w->other, *shortcut = first ? w->other : w->map; /* x is not needed after its projection */
    project(c, branch, w->mid2, pixels_of(out), &u->conv3);
    normalise(c, w->map, branch, pixels_of(out), outputs, &u->norm3, shortcut, true);
}

/* map [height, width, channels] -> dst [N, channels * ph * pw], each patch in the order (channel, row, column) */
static void cut_map(const vit_context *c, float *dst, const float *map, area at) {
    const vi_hparams *h = &c->model->hparams;
    size_t C = (size_t)vi_stem_channels(h), stride = (size_t)vi_stem_stride(h);
    size_t pw = (size_t)h->patch_width / stride, ph = (size_t)h->patch_height / stride;
    for (size_t gy = 0; gy < (size_t)c->grid_height; gy++)
        for (size_t gx = 0; gx < (size_t)c->grid_width; gx++)
            for (size_t k = 0; k < C; k++)
                for (size_t y = 0; y < ph; y++)
                    for (size_t x = 0; x < pw; x++) *dst++ = map[((gy * ph + y) * at.width + gx * pw + x) * C + k];
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------ */

static area picture_area(const vit_context *c) { return (area){(size_t)c->pipeline.width, (size_t)c->pipeline.height}; }

void vi_stem_read(const vit_context *c, float *dst, const float *pixels) {
    size_t C = (size_t)c->model->hparams.channels, n = pixels_of(picture_area(c));
    for (size_t k = 0; k < C; k++)
        for (size_t i = 0; i < n; i++) dst[i * C + k] = pixels[k * n + i];
}

const float *vi_stem_forward(const vit_context *c, const float *picture) {
    const vi_hparams *h = &c->model->hparams;
    const vi_stem *stem = &c->model->weights.stem;
    const vi_stem_work *w = &c->work.stem;
    size_t width = (size_t)h->stem_width;
    area in = picture_area(c), at = halved(in), pooled = halved(at);
    convolve(c, w->other, at, picture, in, (size_t)h->channels, &stem->root, 7, 2);
    normalise(c, w->other, w->other, pixels_of(at), width, &stem->norm, NULL, true);
    max_pool(c, w->map, pooled, w->other, at, width);
    at = pooled;
    const vi_stem_unit *unit = stem->units;
    for (int32_t stage = 0; stage < VI_MAX_STAGES; stage++) {
        for (int32_t i = 0; i < h->stem_units[stage]; i++, unit++) {
            area out = i == 0 ? next_area(at, stage) : at;
            unit_forward(c, unit, at, out);
            at = out;
        }
    }
    if (h->patch_width == vi_stem_stride(h) && h->patch_height == vi_stem_stride(h)) return w->map;
    cut_map(c, w->other, w->map, at);
    return w->other;
}

static uint64_t macs(const vi_matrix *w, area out) { return (uint64_t)pixels_of(out) * w->rows * w->cols; }

uint64_t vi_stem_macs(const vit_context *c) {
    const vi_hparams *h = &c->model->hparams;
    const vi_stem_unit *u = c->model->weights.stem.units;
    area at = halved(picture_area(c));
    uint64_t sum = macs(&c->model->weights.stem.root, at);
    at = halved(at);
    for (int32_t stage = 0; stage < VI_MAX_STAGES; stage++) {
        for (int32_t i = 0; i < h->stem_units[stage]; i++, u++) {
            sum += macs(&u->conv1, at);
            if (i == 0) at = next_area(at, stage);
            sum += macs(&u->conv2, at) + macs(&u->conv3, at) + macs(&u->proj, at);
        }
    }
    return sum;
}
