/* api_text.c: texts in, embeddings out, and how they compare with those of pictures. */
#include "base/checked.h"
#include "model/context.h"
#include <math.h>
#include <string.h>

/* Starts a call: the message of an earlier failure is gone. */
static int32_t begin_call(vit_context *c) {
    c->error.code = VIT_OK;
    c->error.text[0] = 0;
    if (c->text) return VIT_OK;
    return vi_fail(&c->error, VIT_ERROR_UNSUPPORTED, "the model has no text tower (or option text left it out)");
}

static int32_t check_out(const float *out, size_t capacity, int32_t rows, size_t columns, vi_error *e) {
    size_t needed = 0;
    if (rows < 0) return vi_fail(e, VIT_ERROR_ARGUMENT, "count is %ld", (long)rows);
    bool fits = vi_mul_size((size_t)rows, columns, &needed) && needed <= capacity;
    if (needed > 0 && !out) return vi_fail(e, VIT_ERROR_ARGUMENT, "out is NULL");
    if (!fits)
        return vi_fail(e, VIT_ERROR_BUFFER, "out has room for %llu floats, needed are %ld times %llu",
                       (unsigned long long)capacity, (long)rows, (unsigned long long)columns);
    return VIT_OK;
}

static size_t embedding_width(const vit_context *c) { return (size_t)vi_embedding_width(&c->model->hparams); }

/* ids [count, L], all in range, at most max_batch of them -> out [count, E] */
static void run_slice(vit_context *text, const int32_t *ids, int32_t count, float *out) {
    vi_run_text(text, ids, count);
    memcpy(out, text->work.embedding, (size_t)count * embedding_width(text) * sizeof *out);
}

static int32_t check_ids(const vit_context *text, const int32_t *ids, int32_t count, vi_error *e) {
    const vi_hparams *h = &text->model->hparams;
    for (int32_t b = 0; b < count; b++)
        for (int32_t t = 0; t < h->context; t++, ids++)
            if (*ids < 0 || *ids >= h->vocabulary)
                return vi_fail(e, VIT_ERROR_ARGUMENT, "text %ld: id %ld at position %ld, expected 0..%ld", (long)b, (long)*ids,
                               (long)t, (long)h->vocabulary - 1);
    return VIT_OK;
}

int32_t vit_text_ids(vit_context *vit, const int32_t *ids, int32_t count, float *out, size_t capacity) {
    if (!vit) return VIT_ERROR_ARGUMENT;
    int32_t status = begin_call(vit);
    if (status != VIT_OK) return status;
    vi_error *e = &vit->error;
    size_t length = (size_t)vit->text->model->hparams.context, width = embedding_width(vit);
    if (count > 0 && !ids) return vi_fail(e, VIT_ERROR_ARGUMENT, "ids is NULL");
    status = check_out(out, capacity, count, width, e);
    if (status == VIT_OK) status = check_ids(vit->text, ids, count, e);
    int32_t most = vit->settings.max_batch;
    for (int32_t first = 0; status == VIT_OK && first < count; first += most)
        run_slice(vit->text, ids + (size_t)first * length, count - first < most ? count - first : most,
                  out + (size_t)first * width);
    return status;
}

/* ---- strings --------------------------------------------------------------------------------------------------------------- */

static int32_t encode(vit_context *c, const char *text, int32_t *ids, size_t *used, vi_error *e) {
    const vi_model *m = c->text->model;
    if (!text) return vi_fail(e, VIT_ERROR_ARGUMENT, "text is NULL");
    return vi_tokenizer_encode(&m->tokenizer, text, strlen(text), ids, (size_t)m->hparams.context, used, c->allocator, e);
}

static int32_t begin_strings(vit_context *c) {
    int32_t status = begin_call(c);
    if (status != VIT_OK || c->text->model->tokenizer.size > 0) return status;
    return vi_fail(&c->error, VIT_ERROR_STATE,
                   "the model came without a tokenizer: give its file when loading (option tokenizer), or use token ids");
}

int32_t vit_text_tokens(vit_context *vit, const char *text, int32_t *ids, size_t capacity, int32_t *used) {
    if (!vit) return VIT_ERROR_ARGUMENT;
    int32_t status = begin_strings(vit);
    if (status != VIT_OK) return status;
    vi_error *e = &vit->error;
    size_t length = (size_t)vit->text->model->hparams.context, n = 0;
    if (!ids) return vi_fail(e, VIT_ERROR_ARGUMENT, "ids is NULL");
    if (capacity < length)
        return vi_fail(e, VIT_ERROR_BUFFER, "ids has room for %llu numbers, a text has %llu", (unsigned long long)capacity,
                       (unsigned long long)length);
    status = encode(vit, text, ids, &n, e);
    if (status == VIT_OK && used) *used = n > INT32_MAX ? INT32_MAX : (int32_t)n;
    return status;
}

/* Texts [first, first + count) -> out [count, E] */
static int32_t run_strings(vit_context *c, const char *const *texts, int32_t first, int32_t count, float *out, vi_error *e) {
    size_t length = (size_t)c->text->model->hparams.context;
    for (int32_t i = 0; i < count; i++) {
        vi_error one = {0};
        int32_t status = encode(c, texts[first + i], c->text->work.ids + (size_t)i * length, NULL, &one);
        if (status != VIT_OK) return vi_fail(e, status, "text %ld: %s", (long)(first + i), one.text);
    }
    run_slice(c->text, c->text->work.ids, count, out);
    return VIT_OK;
}

int32_t vit_text(vit_context *vit, const char *const *texts, int32_t count, float *out, size_t capacity) {
    if (!vit) return VIT_ERROR_ARGUMENT;
    int32_t status = begin_strings(vit);
    if (status != VIT_OK) return status;
    size_t width = embedding_width(vit);
    if (count > 0 && !texts) return vi_fail(&vit->error, VIT_ERROR_ARGUMENT, "texts is NULL");
    status = check_out(out, capacity, count, width, &vit->error);
    int32_t most = vit->settings.max_batch;
    for (int32_t first = 0; status == VIT_OK && first < count; first += most)
        status = run_strings(vit, texts, first, count - first < most ? count - first : most, out + (size_t)first * width,
                             &vit->error);
    return status;
}

/* ---- comparing ------------------------------------------------------------------------------------------------------------- */

static double dot(const float *a, const float *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

int32_t vit_similarity(vit_context *vit, const float *pictures, int32_t batch, const float *texts, int32_t count, float *out,
                       size_t capacity) {
    if (!vit) return VIT_ERROR_ARGUMENT;
    int32_t status = begin_call(vit);
    if (status != VIT_OK) return status;
    if (batch < 0 || count < 0 || (batch > 0 && !pictures) || (count > 0 && !texts))
        return vi_fail(&vit->error, VIT_ERROR_ARGUMENT, "pictures or texts is NULL, or there are fewer than 0 of them");
    status = check_out(out, capacity, batch, (size_t)count, &vit->error);
    if (status != VIT_OK) return status;
    double scale = vi_logit_scale(vit->text->model), bias = vi_logit_bias(vit->text->model);
    size_t width = embedding_width(vit);
    for (int32_t i = 0; i < count; i++, texts += width) {
        double text_norm = sqrt(dot(texts, texts, width));
        for (int32_t b = 0; b < batch; b++) {
            const float *picture = pictures + (size_t)b * width;
            double norms = text_norm * sqrt(dot(picture, picture, width));
            double cosine = norms > 0 ? dot(picture, texts, width) / norms : norms; /* NaN stays NaN */
            out[(size_t)b * (size_t)count + (size_t)i] = (float)(scale * cosine + bias);
        }
    }
    return VIT_OK;
}

int32_t vit_zeroshot(vit_context *vit, const float *pictures, int32_t batch, const float *texts, int32_t count, float *out,
                     size_t capacity) {
    int32_t status = vit_similarity(vit, pictures, batch, texts, count, out, capacity);
    if (status != VIT_OK || count == 0) return status;
    size_t n = (size_t)batch * (size_t)count;
    if (vit->text->model->weights.logit_bias)
        for (size_t i = 0; i < n; i++) out[i] = (float)(1 / (1 + exp(-(double)out[i])));
    else
        for (size_t b = 0; b < n; b += (size_t)count) vit->kernels->softmax(out + b, out + b, (size_t)count);
    return VIT_OK;
}
