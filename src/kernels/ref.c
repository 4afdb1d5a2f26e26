/* ref.c: every kernel in plain C. It is the oracle for the SIMD kernels, and what runs where there are none. The inner loops
 * run over the 16 channels of a panel, which any compiler turns into vector code. */
#include <math.h>
#include <string.h>
#include "base/half.h"
#include "kernels/isa.h"

/* Below this every activation but tanh is 0 to within FLT_MIN; it also makes -infinity give the limit instead of NaN. */
#define NEGLIGIBLE (-110.0f)
#define SQRT_HALF 0.70710678118654752f
#define SQRT_2_OVER_PI 0.79788456080286536f

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static float logistic(float x) {
    float e = expf(-fabsf(x)); /* never overflows */
    return x < 0.0f ? e / (1.0f + e) : 1.0f / (1.0f + e);
}

static float act(float x, int32_t activation) {
    if (activation == VI_ACT_NONE) return x;
    if (activation == VI_ACT_TANH) return tanhf(x);
    if (x < NEGLIGIBLE) return 0.0f;
    switch (activation) {
    case VIT_ACT_GELU: return 0.5f * x * erfcf(-SQRT_HALF * x);
    case VIT_ACT_GELU_TANH: return x * logistic(2.0f * SQRT_2_OVER_PI * (x + 0.044715f * x * x * x));
    case VIT_ACT_QUICK_GELU: return x * logistic(1.702f * x);
    case VIT_ACT_SILU: return x * logistic(x);
    default: return x < 0.0f ? 0.0f : x; /* VIT_ACT_RELU; NaN stays */
    }
}

/* sum: 16 products of one row with one panel; the first n of them exist in C. */
static void finish(const vi_gemm *g, size_t row, size_t column, size_t n, const float *sum) {
    float *c = g->c + row * g->ldc + column;
    for (size_t j = 0; j < n; j++) {
        float x = act(g->bias ? sum[j] + g->bias[column + j] : sum[j], g->activation);
        if (g->gain) x *= g->gain[column + j];
        if (g->residual) x += g->residual[row * g->ldr + column + j];
        c[j] = x;
    }
}

/* sum[0..n) += a [K] times b [K][n], rows of b `stride` apart. Four steps at a time, or the sums' way through memory counts. */
static inline void add_products(float *restrict sum, size_t n, const float *a, const float *b, size_t stride, size_t k_count) {
    size_t k = 0;
    for (; k + 4 <= k_count; k += 4, b += 4 * stride) {
        for (size_t j = 0; j < n; j++) {
            sum[j] = sum[j] + a[k] * b[j] + a[k + 1] * b[stride + j] + a[k + 2] * b[2 * stride + j] +
                     a[k + 3] * b[3 * stride + j];
        }
    }
    for (; k < k_count; k++, b += stride) {
        for (size_t j = 0; j < n; j++) sum[j] += a[k] * b[j];
    }
}

/* sum[0..n) = a [K] times b [K][n], n at most 16 */
static void dot(float *sum, size_t n, const float *a, const float *b, size_t stride, size_t k_count) {
    float s[VI_PANEL] = {0};
    if (n == VI_PANEL) add_products(s, VI_PANEL, a, b, stride, k_count); /* a constant count vectorises */
    else add_products(s, n, a, b, stride, k_count);
    memcpy(sum, s, n * sizeof *s);
}

/* Panel of a packed matrix as f32 [K][16]: in place, or expanded to scratch. */
static const float *panel_f32(const vi_matrix *w, size_t panel, float *scratch) {
    if (w->type == VI_F32) return (const float *)w->data + panel * w->cols * VI_PANEL;
    size_t pairs = w->cols / 2 + w->cols % 2;
    const uint16_t *from = (const uint16_t *)w->data + panel * pairs * VI_PANEL * 2;
    for (size_t p = 0; p < pairs; p++) {
        for (size_t j = 0; j < VI_PANEL; j++) {
            scratch[2 * p * VI_PANEL + j] = vi_bf16_to_f32(from[(p * VI_PANEL + j) * 2]);
            scratch[(2 * p + 1) * VI_PANEL + j] = vi_bf16_to_f32(from[(p * VI_PANEL + j) * 2 + 1]);
        }
    }
    return scratch;
}

static void gemm(const vi_gemm *g, size_t row0, size_t row1, size_t panel0, size_t panel1, void *scratch) {
    for (size_t panel = panel0; panel < panel1; panel++) {
        const float *b = panel_f32(g->w, panel, scratch);
        size_t column = panel * VI_PANEL;
        size_t n = least(g->w->rows - column, VI_PANEL);
        for (size_t row = row0; row < row1; row++) {
            float sum[VI_PANEL];
            dot(sum, VI_PANEL, g->a + row * g->lda, b, VI_PANEL, g->w->cols);
            finish(g, row, column, n, sum);
        }
    }
}

/* ---- int8 ------------------------------------------------------------------------------------------------------------------ */

static void quantise(const vi_bytes *q, size_t row, const float *x, size_t cols) {
    const double round = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds to an integer, ties to even */
    float low = 0, high = 0, bad = 0, inverse;
    for (size_t k = 0; k < cols; k++) {
        low = x[k] < low ? x[k] : low;
        high = x[k] > high ? x[k] : high;
        bad += x[k] * 0.0f;
    }
    q->steps[row] = vi_step_of(low, high, bad, &inverse);
    uint8_t *bytes = (uint8_t *)q->data + row * q->stride;
    const double zero = (double)q->steps[row].zero;
    memset(bytes, 0, (cols + 3) / 4 * 4);
    for (size_t k = 0; inverse > 0.0f && k < cols; k++) {
        /* In a variable, which is a double: x87 would add with more bits. */
        const double rounded = (double)x[k] * (double)inverse + (round + zero);
        bytes[k] = (uint8_t)(rounded - round);
    }
}

static void gemm_int8(const vi_gemm *g, const vi_bytes *a, size_t row0, size_t row1, size_t panel0, size_t panel1,
                      void *scratch) {
    (void)scratch;
    for (size_t panel = panel0; panel < panel1; panel++) {
        const int8_t *b = vi_i8_panel(g->w, panel); /* [K/4][16][4] */
        const size_t column = panel * VI_PANEL, n = least(g->w->rows - column, VI_PANEL);
        const float *scale = vi_i8_scales(g->w) + column, *byte_sum = vi_i8_sums(g->w) + column;
        for (size_t row = row0; row < row1; row++) {
            const uint8_t *bytes = (const uint8_t *)a->data + row * a->stride;
            int32_t dots[VI_PANEL] = {0};
            for (size_t k = 0; k < g->w->cols; k += 4) {
                const int8_t *w = b + k * VI_PANEL;
                for (size_t i = 0; i < 4; i++)
                    for (size_t j = 0; j < VI_PANEL; j++) dots[j] += bytes[k + i] * w[4 * j + i];
            }
            float sum[VI_PANEL];
            for (size_t j = 0; j < VI_PANEL; j++) {
                double centred = (double)(float)dots[j] - (double)a->steps[row].zero * (double)byte_sum[j];
                sum[j] = (float)centred * scale[j] * a->steps[row].step;
            }
            finish(g, row, column, n, sum);
        }
    }
}

const vi_dots vi_int8_reference = {VIT_ISA_REFERENCE, "reference", quantise, gemm_int8, NULL, NULL};

/* ---- rows ------------------------------------------------------------------------------------------------------------------ */

/* The order of every reduction over a row: 16 partial sums, then a tree. */
static float tree_sum(float *p) {
    for (size_t half = VI_PANEL / 2; half > 0; half /= 2) {
        for (size_t i = 0; i < half; i++) p[i] += p[i + half];
    }
    return p[0];
}

static float row_sum(const float *x, size_t n) {
    float p[VI_PANEL] = {0};
    for (size_t i = 0; i < n; i++) p[i % VI_PANEL] += x[i];
    return tree_sum(p);
}

static float row_squares(const float *x, float mean, size_t n) {
    float p[VI_PANEL] = {0};
    for (size_t i = 0; i < n; i++) p[i % VI_PANEL] += (x[i] - mean) * (x[i] - mean);
    return tree_sum(p);
}

static void norm_row(float *y, const float *x, const float *gamma, const float *beta, float eps, size_t n, float mean) {
    float scale = vi_inverse_deviation(row_squares(x, mean, n) / (float)n + eps);
    for (size_t i = 0; i < n; i++) {
        float z = (x[i] - mean) * scale;
        y[i] = (gamma ? z * gamma[i] : z) + (beta ? beta[i] : 0.0f);
    }
}

static void layernorm(float *y, size_t ldy, const float *x, size_t ldx, const float *gamma, const float *beta, float eps,
                      size_t rows, size_t n) {
    for (size_t r = 0; r < rows; r++) norm_row(y + r * ldy, x + r * ldx, gamma, beta, eps, n, row_sum(x + r * ldx, n) / (float)n);
}

static void rmsnorm(float *y, size_t ldy, const float *x, size_t ldx, const float *gamma, float eps, size_t rows, size_t n) {
    for (size_t r = 0; r < rows; r++) norm_row(y + r * ldy, x + r * ldx, gamma, NULL, eps, n, 0.0f);
}

static void pack_keys(float *panels, const float *k, size_t ldk, size_t tokens, size_t head_dim) {
    for (size_t t0 = 0; t0 < tokens; t0 += VI_PANEL, panels += head_dim * VI_PANEL) {
        for (size_t d = 0; d < head_dim; d++) {
            for (size_t j = 0; j < VI_PANEL; j++) panels[d * VI_PANEL + j] = t0 + j < tokens ? k[(t0 + j) * ldk + d] : 0.0f;
        }
    }
}

/* x[i] = exp(x[i] - max); returns 1 / sum, which normalises. */
static float exponentials(float *x, size_t n) {
    float max = x[0];
    for (size_t i = 1; i < n; i++) max = x[i] > max ? x[i] : max;
    for (size_t i = 0; i < n; i++) x[i] = expf(x[i] - max);
    return 1.0f / row_sum(x, n);
}

static void softmax(float *y, const float *x, size_t n) {
    if (y != x) memcpy(y, x, n * sizeof *x);
    float inverse = exponentials(y, n);
    for (size_t i = 0; i < n; i++) y[i] *= inverse;
}

static void attention(const vi_attention *a, size_t row0, size_t row1, void *scratch) {
    const size_t hd = a->head_dim, tokens = a->tokens;
    float *scores = scratch; /* [T], rounded up to whole panels */
    for (size_t row = row0; row < row1; row++) {
        const size_t keys = a->causal ? row + 1 : tokens;
        for (size_t t = 0; t < keys; t += VI_PANEL) {
            dot(scores + t, VI_PANEL, a->q + row * a->ldq, a->k_panels + t * hd, VI_PANEL, hd);
        }
        for (size_t t = 0; t < keys; t++) scores[t] *= a->scale;
        float inverse = exponentials(scores, keys);
        float *out = a->out + row * a->ldo;
        for (size_t d = 0; d < hd; d += VI_PANEL) dot(out + d, least(hd - d, VI_PANEL), scores, a->v + d, a->ldv, keys);
        for (size_t d = 0; d < hd; d++) out[d] *= inverse;
        if (!a->probabilities) continue;
        for (size_t t = 0; t < tokens; t++) a->probabilities[row * tokens + t] = t < keys ? scores[t] * inverse : 0.0f;
    }
}

static void activate(float *x, size_t n, int32_t activation) {
    for (size_t i = 0; i < n; i++) x[i] = act(x[i], activation);
}

const vi_kernels vi_kernels_reference = {
    .isa = VIT_ISA_REFERENCE,
    .name = "reference",
    .gemm = gemm,
    .layernorm = layernorm,
    .rmsnorm = rmsnorm,
    .pack_keys = pack_keys,
    .attention = attention,
    .softmax = softmax,
    .activate = activate,
};
