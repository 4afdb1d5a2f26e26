/* prepare.c: the whole way from a picture to the model's input, one output row at a time. */
#include <math.h>
#include "base/alloc.h"
#include "base/arena.h"
#include "image/pixels.h"
#include "image/resample.h"

#define STRIP 64 /* source pixels whose vertical sums are made together */

/* Everything that decides how much scratch is needed. */
typedef struct extent {
    int32_t channels, working_channels;
    int32_t source_width; /* pixels of a source row, of two where two are held */
    int32_t columns;      /* resized columns that survive the crop */
    int32_t across, down; /* taps per column and per row */
} extent;

typedef struct workspace {
    float *table;         /* [channels][256]: normalised value of each byte */
    unsigned char *row;   /* [source_width][working_channels]: converted source pixels; vertical first: their vertical sums */
    unsigned char *ring;  /* [down][columns][working_channels]: horizontally resampled rows */
    unsigned char *line;  /* [columns][working_channels]: a finished row */
    vi_taps *taps;        /* [columns] */
    int32_t *weights;     /* [columns][across] */
    int32_t *row_weights; /* [down] */
    double *real;         /* [max(across, down)]: a filter before quantisation */
} workspace;

static workspace lay_out(vi_arena *a, extent n) {
    size_t columns = (size_t)n.columns, channels = (size_t)n.working_channels, down = (size_t)n.down;
    size_t line = columns * channels, across = (size_t)n.across;
    workspace w;
    w.table = vi_arena_take(a, (size_t)n.channels, 256 * sizeof *w.table);
    w.row = vi_arena_take(a, (size_t)n.source_width, channels);
    w.ring = vi_arena_take(a, down, line);
    w.line = vi_arena_take(a, columns, channels);
    w.taps = vi_arena_take(a, columns, sizeof *w.taps);
    w.weights = vi_arena_take(a, columns, across * sizeof *w.weights);
    w.row_weights = vi_arena_take(a, down, sizeof *w.row_weights);
    w.real = vi_arena_take(a, down > across ? down : across, sizeof *w.real);
    return w;
}

static int32_t held_width(const vi_pipeline *p, int32_t source_width) {
    return p->filter == VIT_FILTER_TF_BILINEAR ? 2 * source_width : source_width;
}

/* Each member is at least that of any picture's own extent. */
static extent largest_extent(const vi_pipeline *p, int32_t max_side) {
    double x, y;
    vi_largest_ratio(p, max_side, &x, &y);
    return (extent){p->channels, p->channels, held_width(p, max_side), p->width, vi_most_taps(p->filter, max_side, x),
                    vi_most_taps(p->filter, max_side, y)};
}

static extent extent_of(const vi_pipeline *p, const vi_geometry *g, int32_t working_channels) {
    return (extent){p->channels, working_channels, held_width(p, g->x.source), g->x.count,
                    vi_most_taps(p->filter, g->x.source, (double)g->x.source / g->x.resized),
                    vi_most_taps(p->filter, g->y.source, (double)g->y.source / g->y.resized)};
}

static size_t measured(extent n) {
    vi_arena a = vi_arena_measure();
    lay_out(&a, n);
    return a.failed ? SIZE_MAX : a.used;
}

size_t vi_image_scratch(const vi_pipeline *p, int32_t max_side) {
    return measured(largest_extent(p, max_side));
}

size_t vi_image_scratch_used(const vi_pipeline *p, const vit_image *image) {
    if (image->format == VIT_PIXELS_F32) return 0;
    vi_geometry g = vi_geometry_of(p, image);
    return measured(extent_of(p, &g, vi_working_channels(p, image)));
}

/* torch divides bytes by 255 and multiplies by any other scale; then subtracts and divides, each rounded to float32. Casts and
 * assignments round also where the compiler computes float expressions in double. */
static float normalised(const vi_pipeline *p, int32_t channel, float value) {
    float v = p->scale == (float)(1.0f / 255.0f) ? value / 255.0f : value * p->scale;
    v -= p->mean[channel];
    return v / p->std[channel];
}

static void fill_table(const vi_pipeline *p, float *table) {
    for (int32_t c = 0; c < p->channels; c++) {
        for (int32_t i = 0; i < 256; i++) *table++ = normalised(p, c, (float)i);
    }
}

/* Around a picture smaller than the crop: black before normalising, or the mean colour rounded to a byte as timm does. In
 * float32 the ties of 255 * 0.1 and the like stay ties, as they are in Python's float64. */
static float padding(const vi_pipeline *p, int32_t channel, const float *table) {
    if (p->resize != VIT_RESIZE_PAD) return table[channel * 256];
    float byte = rintf(255.0f * p->mean[channel]);
    return table[channel * 256 + (int32_t)fminf(fmaxf(byte, 0), 255)];
}

static void pad(float *out, int32_t count, float value) {
    for (int32_t i = 0; i < count; i++) out[i] = value;
}

/* line [g->x.count][channels] -> row y of each plane of out. */
static void store_row(const vi_pipeline *p, const vi_geometry *g, const workspace *w, int32_t channels, int32_t y, float *out) {
    for (int32_t c = 0; c < p->channels; c++) {
        float *dst = out + ((size_t)c * (size_t)p->height + (size_t)y) * (size_t)p->width, fill = padding(p, c, w->table);
        const float *table = w->table + c * 256;
        const unsigned char *src = w->line + (channels == 1 ? 0 : c);
        int32_t end = g->x.offset + g->x.count;
        pad(dst, g->x.offset, fill);
        for (int32_t x = g->x.offset; x < end; x++, src += channels) dst[x] = table[*src];
        pad(dst + end, p->width - end, fill);
    }
}

/* Rows [from, to) of each plane. */
static void pad_rows(const vi_pipeline *p, const workspace *w, int32_t from, int32_t to, float *out) {
    for (int32_t c = 0; c < p->channels; c++) {
        float *plane = out + (size_t)c * (size_t)p->height * (size_t)p->width, fill = padding(p, c, w->table);
        for (int32_t y = from; y < to; y++) pad(plane + (size_t)y * (size_t)p->width, p->width, fill);
    }
}

static void prepare_columns(const vi_pipeline *p, const vi_axis *x, int32_t most, const workspace *w) {
    vi_sampler s = vi_sampler_of(p->filter, x->source, x->resized, x->first);
    for (int32_t i = 0; i < x->count; i++) w->taps[i] = vi_sampler_next(&s, w->weights + (size_t)i * (size_t)most, w->real);
}

/* Source pixels from the first that any column needs to the last. */
static int32_t columns_read(const vi_columns *c) {
    vi_taps last = c->taps[c->count - 1];
    return last.start + last.count - c->taps[0].start;
}

/* Starts and ends of taps never go back from one output to the next, so each source row is read once, and a ring of as many
 * rows as the largest number of taps holds all that an output row needs. */
static void horizontal_first(const vi_pipeline *p, const vi_geometry *g, const vi_rows *rows, const extent *n,
                             const workspace *w, float *out) {
    vi_columns columns = {w->taps, w->weights, n->columns, n->across};
    vi_ring ring = {w->ring, n->down, n->columns * n->working_channels};
    vi_sampler s = vi_sampler_of(p->filter, g->y.source, g->y.resized, g->y.first);
    int32_t first = w->taps[0].start, width = columns_read(&columns), next = 0;
    for (int32_t i = 0; i < g->y.count; i++) {
        vi_taps taps = vi_sampler_next(&s, w->row_weights, w->real);
        if (next < taps.start) next = taps.start;
        for (; next < taps.start + taps.count; next++) {
            const unsigned char *row = vi_rows_get(rows, next, first, width, w->row);
            vi_resample_row(&columns, row, first, n->working_channels, vi_ring_row(&ring, next));
        }
        vi_resample_column(&ring, taps, w->row_weights, w->line);
        store_row(p, g, w, n->working_channels, g->y.offset + i, out);
    }
}

/* Vertical pass over pixels [first, first + width) of the source -> out [width][channels]. In strips, so that no row of sums has
 * to be kept. */
static void resample_source(const vi_rows *rows, vi_taps taps, const int32_t *weights, int32_t first, int32_t width,
                            unsigned char *out) {
    unsigned char converted[STRIP * 3];
    uint32_t sums[STRIP * 3];
    for (int32_t x = 0; x < width; x += STRIP) {
        int32_t pixels = width - x < STRIP ? width - x : STRIP, count = pixels * rows->channels;
        vi_sums_begin(sums, count);
        for (int32_t k = 0; k < taps.count; k++) {
            vi_sums_add(sums, count, vi_rows_get(rows, taps.start + k, first + x, pixels, converted), weights[k]);
        }
        vi_sums_end(sums, count, out + (size_t)x * (size_t)rows->channels);
    }
}

static void vertical_first(const vi_pipeline *p, const vi_geometry *g, const vi_rows *rows, const extent *n, const workspace *w,
                           float *out) {
    vi_columns columns = {w->taps, w->weights, n->columns, n->across};
    vi_sampler s = vi_sampler_of(p->filter, g->y.source, g->y.resized, g->y.first);
    int32_t first = w->taps[0].start, width = columns_read(&columns);
    for (int32_t i = 0; i < g->y.count; i++) {
        vi_taps taps = vi_sampler_next(&s, w->row_weights, w->real);
        resample_source(rows, taps, w->row_weights, first, width, w->row);
        vi_resample_row(&columns, w->row, first, n->working_channels, w->line);
        store_row(p, g, w, n->working_channels, g->y.offset + i, out);
    }
}

/* ---- TensorFlow's bilinear filter ------------------------------------------------------------------------------------------ */

/* The two source pixels of a resized one, and how much of the second (half-pixel centres, in float32 as there). */
typedef struct pair {
    int32_t lower, upper;
    float part;
} pair;

static pair pair_of(const vi_axis *a, int32_t i) {
    float scale = (float)a->source / (float)a->resized;
    float at = ((float)(a->first + i) + 0.5f) * scale;
    at -= 0.5f;
    int32_t lower = (int32_t)floorf(at), upper = (int32_t)ceilf(at), last = a->source - 1;
    return (pair){lower < 0 ? 0 : lower < last ? lower : last, upper < 0 ? 0 : upper < last ? upper : last, at - floorf(at)};
}

static float between(float a, float b, float part) {
    float distance = b - a;
    distance *= part;
    return a + distance;
}

static void interpolate(const vi_pipeline *p, const vi_geometry *g, const vi_rows *rows, const extent *n, const workspace *w,
                        float *out) {
    size_t channels = (size_t)n->working_channels, width = (size_t)p->width;
    for (int32_t i = 0; i < g->y.count; i++) {
        pair v = pair_of(&g->y, i);
        const unsigned char *above = vi_rows_get(rows, v.lower, 0, g->x.source, w->row);
        const unsigned char *below = vi_rows_get(rows, v.upper, 0, g->x.source, w->row + (size_t)g->x.source * channels);
        for (int32_t c = 0; c < p->channels; c++) {
            size_t channel = channels == 1 ? 0 : (size_t)c;
            float *dst = out + ((size_t)c * (size_t)p->height + (size_t)(g->y.offset + i)) * width;
            pad(dst, p->width, padding(p, c, w->table));
            for (int32_t x = 0; x < g->x.count; x++) {
                pair h = pair_of(&g->x, x);
                size_t left = (size_t)h.lower * channels + channel, right = (size_t)h.upper * channels + channel;
                float top = between(above[left], above[right], h.part), bottom = between(below[left], below[right], h.part);
                dst[g->x.offset + x] = normalised(p, c, between(top, bottom, v.part));
            }
        }
    }
}

void vi_image_prepare(const vi_pipeline *p, const vit_image *image, float *out, void *scratch) {
    if (image->format == VIT_PIXELS_F32) {
        vi_copy_planes(p, image, out);
        return;
    }
    vi_geometry g = vi_geometry_of(p, image);
    extent n = extent_of(p, &g, vi_working_channels(p, image));
    vi_arena arena = vi_arena_over(scratch, measured(n));
    workspace w = lay_out(&arena, n);
    vi_rows rows = vi_rows_of(image, &g, n.working_channels);
    fill_table(p, w.table);
    pad_rows(p, &w, 0, g.y.offset, out);
    if (p->filter == VIT_FILTER_TF_BILINEAR) {
        interpolate(p, &g, &rows, &n, &w, out);
    } else {
        prepare_columns(p, &g.x, n.across, &w);
        (g.vertical_first ? vertical_first : horizontal_first)(p, &g, &rows, &n, &w, out);
    }
    pad_rows(p, &w, g.y.offset + g.y.count, p->height, out);
}
