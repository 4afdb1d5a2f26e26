/* api_run.c: pictures in, numbers out: vit_preprocess, vit_forward and its stepwise form, requested outputs. */
#include "base/checked.h"
#include "model/context.h"
#include "model/cost.h"
#include <math.h>
#include <string.h>

/* Starts a call: the message of an earlier failure is gone. */
static vi_error *begin_call(vit_context *c) {
    c->error.code = VIT_OK;
    c->error.text[0] = 0;
    return &c->error;
}

const char *vit_message(const vit_context *vit) { return vit ? vit->error.text : ""; }

static int32_t check_image(vit_context *c, const vit_image *image, vi_error *e) {
    return vi_image_check(image, &c->pipeline, c->settings.max_side, e);
}

int32_t vit_preprocess(vit_context *vit, const vit_image *image, float *out, size_t count) {
    if (!vit) return VIT_ERROR_ARGUMENT;
    vi_error *e = begin_call(vit);
    if (!image || !out) return vi_fail(e, VIT_ERROR_ARGUMENT, "%s is NULL", image ? "out" : "image");
    const vi_pipeline *p = &vit->pipeline;
    size_t needed = (size_t)p->channels * (size_t)p->width * (size_t)p->height;
    if (count < needed)
        return vi_fail(e, VIT_ERROR_BUFFER, "out has room for %llu floats, the input has %llu", (unsigned long long)count,
                       (unsigned long long)needed);
    int32_t status = check_image(vit, image, e);
    if (status == VIT_OK) vi_image_prepare(p, image, out, vit->work.image_scratch);
    return status;
}

/* ---- running --------------------------------------------------------------------------------------------------------------- */

static void read_pictures(vit_context *c, const vit_image *images, int32_t batch, bool stay) {
    c->batch = batch;
    c->stage = 0;
    c->state = VI_RUNNING;
    vi_profile(c, NULL, 0);
    for (int32_t i = 0; i < batch; i++) vi_read_picture(c, &images[i], i, stay);
}

/* Runs up to `units` stages. */
static void run_stages(vit_context *c, int32_t units) {
    int32_t stages = vi_stages(&c->model->hparams);
    vi_profile(c, NULL, 0);
    vi_threads_begin(c->threads);
    for (; units > 0 && c->stage < stages; units--) vi_run_stage(c, c->stage++);
    vi_threads_end(c->threads);
    if (c->stage == stages) c->state = VI_DONE;
}

static size_t output_width(const vit_context *c) {
    const vi_hparams *h = &c->model->hparams;
    return (size_t)(h->classes > 0 ? h->classes : vi_embedding_width(h));
}

static void copy_result(const vit_context *c, float *out) {
    const float *result = c->work.logits ? c->work.logits : c->work.embedding;
    memcpy(out, result, (size_t)c->batch * output_width(c) * sizeof *out);
}

static int32_t check_out(const vit_context *c, int32_t batch, const float *out, size_t count, vi_error *e) {
    if (!out && count == 0) return VIT_OK;
    size_t needed;
    if (!out) return vi_fail(e, VIT_ERROR_ARGUMENT, "out is NULL, but count is not 0");
    if (!vi_mul_size((size_t)batch, output_width(c), &needed) || count < needed)
        return vi_fail(e, VIT_ERROR_BUFFER, "out has room for %llu floats, a batch of %ld gives %llu each",
                       (unsigned long long)count, (long)batch, (unsigned long long)output_width(c));
    return VIT_OK;
}

static int32_t check_images(vit_context *c, const vit_image *images, int32_t batch, vi_error *e) {
    if (batch < 0) return vi_fail(e, VIT_ERROR_ARGUMENT, "batch is %ld", (long)batch);
    if (batch > 0 && !images) return vi_fail(e, VIT_ERROR_ARGUMENT, "images is NULL");
    for (int32_t i = 0; i < batch; i++) {
        vi_error one = {0};
        int32_t status = check_image(c, &images[i], &one);
        if (status != VIT_OK) return vi_fail(e, status, "image %ld: %s", (long)i, one.text);
    }
    return VIT_OK;
}

static bool has_requests(const vit_context *c) {
    bool any = c->settings.want_tokens;
    for (int32_t i = 0; i <= vi_layers(&c->model->hparams); i++) any = any || c->work.layers[i];
    return any;
}

int32_t vit_forward(vit_context *vit, const vit_image *images, int32_t batch, float *out, size_t count) {
    if (!vit) return VIT_ERROR_ARGUMENT;
    vi_error *e = begin_call(vit);
    int32_t status = check_images(vit, images, batch, e);
    if (status == VIT_OK) status = check_out(vit, batch, out, count, e);
    if (status != VIT_OK) return status;
    int32_t max = vit->settings.max_batch;
    if (batch > max && has_requests(vit))
        return vi_fail(e, VIT_ERROR_LIMIT, "batch %ld with requested outputs, at most %ld (option max_batch)", (long)batch,
                       (long)max);
    for (int32_t first = 0; first < batch; first += max) {
        read_pictures(vit, images + first, batch - first < max ? batch - first : max, true);
        run_stages(vit, vi_stages(&vit->model->hparams));
        if (out) copy_result(vit, out + (size_t)first * output_width(vit));
    }
    return VIT_OK;
}

int32_t vit_begin(vit_context *vit, const vit_image *images, int32_t batch) {
    if (!vit) return VIT_ERROR_ARGUMENT;
    vi_error *e = begin_call(vit);
    if (batch < 1 || batch > vit->settings.max_batch)
        return vi_fail(e, batch < 1 ? VIT_ERROR_ARGUMENT : VIT_ERROR_LIMIT, "batch %ld, expected 1..%ld (option max_batch)",
                       (long)batch, (long)vit->settings.max_batch);
    int32_t status = check_images(vit, images, batch, e);
    if (status == VIT_OK) read_pictures(vit, images, batch, false);
    return status;
}

int32_t vit_step(vit_context *vit, int32_t units, int32_t *left) {
    if (!vit) return VIT_ERROR_ARGUMENT;
    vi_error *e = begin_call(vit);
    if (units < 1) return vi_fail(e, VIT_ERROR_ARGUMENT, "units is %ld, expected at least 1", (long)units);
    if (vit->state == VI_IDLE) return vi_fail(e, VIT_ERROR_STATE, "vit_step before vit_begin");
    run_stages(vit, units);
    if (left) *left = vi_stages(&vit->model->hparams) - vit->stage;
    return VIT_OK;
}

int32_t vit_end(vit_context *vit, float *out, size_t count) {
    if (!vit) return VIT_ERROR_ARGUMENT;
    vi_error *e = begin_call(vit);
    if (vit->state != VI_DONE) return vi_fail(e, VIT_ERROR_STATE, "vit_end before the run was stepped to its end");
    int32_t status = check_out(vit, vit->batch, out, count, e);
    if (status == VIT_OK && out) copy_result(vit, out);
    return status;
}

/* ---- further outputs ------------------------------------------------------------------------------------------------------- */

static int32_t check_output(const vit_context *c, int32_t output, int32_t index, int32_t lowest, vi_error *e) {
    int32_t depth = vi_layers(&c->model->hparams);
    if (output < VIT_OUTPUT_LOGITS || output > VIT_OUTPUT_HIDDEN)
        return vi_fail(e, VIT_ERROR_ARGUMENT, "unknown output %ld", (long)output);
    if (output == VIT_OUTPUT_LOGITS && !c->work.logits)
        return vi_fail(e, VIT_ERROR_UNSUPPORTED, "the model has no classifier head: ask for VIT_OUTPUT_EMBEDDING");
    if (output == VIT_OUTPUT_HIDDEN && (index < lowest || index > depth))
        return vi_fail(e, VIT_ERROR_ARGUMENT, "hidden state %ld, expected %ld..%ld", (long)index, (long)lowest, (long)depth);
    return VIT_OK;
}

int32_t vit_request(vit_context *vit, int32_t output, int32_t index) {
    if (!vit) return VIT_ERROR_ARGUMENT;
    vi_error *e = begin_call(vit);
    int32_t status = check_output(vit, output, index, -1, e);
    if (status != VIT_OK || output == VIT_OUTPUT_LOGITS || output == VIT_OUTPUT_EMBEDDING) return status;
    vi_settings settings = vit->settings;
    if (output == VIT_OUTPUT_TOKENS) settings.want_tokens = true;
    for (int32_t i = 0; output == VIT_OUTPUT_HIDDEN && i <= vi_layers(&vit->model->hparams); i++)
        if (index == -1 || index == i) settings.want_layers[i / 64] |= (uint64_t)1 << (i % 64);
    return vi_context_configure(vit, &settings, e);
}

static const float *output_data(const vit_context *c, int32_t output, int32_t index) {
    switch (output) {
    case VIT_OUTPUT_LOGITS: return c->work.logits;
    case VIT_OUTPUT_EMBEDDING: return c->work.embedding;
    case VIT_OUTPUT_TOKENS: return c->work.tokens;
    default: return c->work.layers[index];
    }
}

int32_t vit_output(vit_context *vit, int32_t output, int32_t index, const float **data, int64_t shape[4], int32_t *rank) {
    if (!vit) return VIT_ERROR_ARGUMENT;
    vi_error *e = begin_call(vit);
    if (!data || !shape || !rank) return vi_fail(e, VIT_ERROR_ARGUMENT, "data, shape or rank is NULL");
    int32_t status = check_output(vit, output, index, 0, e);
    if (status != VIT_OK) return status;
    const float *found = output_data(vit, output, index);
    if (!found) return vi_fail(e, VIT_ERROR_STATE, "output %ld was not requested (vit_request)", (long)output);
    if (vit->state != VI_DONE) return vi_fail(e, VIT_ERROR_STATE, "no finished forward since the outputs were laid out");
    const vi_hparams *h = &vit->model->hparams;
    bool tokens = output == VIT_OUTPUT_TOKENS || output == VIT_OUTPUT_HIDDEN;
    *data = found;
    shape[0] = vit->batch;
    shape[1] = tokens ? (int64_t)vit->tokens : output == VIT_OUTPUT_LOGITS ? h->classes : vi_embedding_width(h);
    shape[2] = tokens ? h->width : 1;
    shape[3] = 1;
    *rank = tokens ? 3 : 2;
    return VIT_OK;
}

int32_t vit_set_input_size(vit_context *vit, int32_t width, int32_t height) {
    if (!vit) return VIT_ERROR_ARGUMENT;
    vi_error *e = begin_call(vit);
    if (width < 1 || height < 1) return vi_fail(e, VIT_ERROR_ARGUMENT, "input size %ldx%ld", (long)width, (long)height);
    vi_settings settings = vit->settings;
    settings.image_width = width;
    settings.image_height = height;
    return vi_context_configure(vit, &settings, e);
}

/* ---- reading logits -------------------------------------------------------------------------------------------------------- */

int32_t vit_softmax(const float *in, int32_t n, float *out) {
    if (!in || !out || n < 1) return VIT_ERROR_ARGUMENT;
    vi_kernels_for(VIT_ISA_BEST)->softmax(out, in, (size_t)n);
    return VIT_OK;
}

/* a comes before b: larger first, NaN last, ties by index */
static bool ranks_before(const float *values, int32_t a, int32_t b) {
    float x = values[a], y = values[b];
    if (isnan(x) || isnan(y)) return isnan(x) == isnan(y) ? a < b : isnan(y);
    return x > y || (x == y && a < b);
}

/* Restores the heap below i: the worst of the kept indices is at the top. */
static void sift_down(const float *values, int32_t *heap, int32_t n, int32_t i) {
    for (;;) {
        int32_t worst = i;
        for (int32_t child = 2 * i + 1; child <= 2 * i + 2 && child < n; child++)
            if (ranks_before(values, heap[worst], heap[child])) worst = child;
        if (worst == i) return;
        int32_t moved = heap[i];
        heap[i] = heap[worst];
        heap[worst] = moved;
        i = worst;
    }
}

int32_t vit_top(const float *values, int32_t n, int32_t k, int32_t *indices) {
    if (!values || !indices || n < 1 || k < 1 || k > n) return VIT_ERROR_ARGUMENT;
    for (int32_t i = 0; i < k; i++) indices[i] = i;
    for (int32_t i = k; i-- > 0;) sift_down(values, indices, k, i);
    for (int32_t i = k; i < n; i++) {
        if (!ranks_before(values, i, indices[0])) continue;
        indices[0] = i;
        sift_down(values, indices, k, 0);
    }
    for (int32_t left = k - 1; left > 0; left--) { /* the worst goes last */
        int32_t worst = indices[0];
        indices[0] = indices[left];
        indices[left] = worst;
        sift_down(values, indices, left, 0);
    }
    return VIT_OK;
}
