/* api_save.c: a loaded model as one .vit file. */
#include "base/checked.h"
#include "base/writer.h"
#include "family/family.h"
#include "model/context.h"
#include <string.h>

typedef struct label_block {
    char *text; /* count NUL-terminated names, temporary memory */
    size_t bytes;
    uint32_t count;
} label_block;

/* The caller's labels one after the other. */
static int32_t join_labels(vit_context *c, const char *const *labels, int32_t count, label_block *joined, vi_error *e) {
    size_t bytes = 0;
    for (int32_t i = 0; i < count; i++)
        if (!labels[i] || !vi_add_size(bytes, strlen(labels[i]) + 1, &bytes) || bytes > UINT32_MAX)
            return vi_fail(e, VIT_ERROR_ARGUMENT, "label %ld is NULL or too long", (long)i);
    char *text = vi_alloc(c->allocator, bytes, VI_TEMPORARY);
    if (!text) return vi_alloc_failed(c->allocator, bytes, "labels", e);
    *joined = (label_block){text, bytes, (uint32_t)count};
    for (int32_t i = 0; i < count; i++) {
        size_t n = strlen(labels[i]) + 1;
        memcpy(text, labels[i], n);
        text += n;
    }
    return VIT_OK;
}

static int32_t save(vit_context *c, const vi_sink *sink, const char *const *labels, int32_t count, vi_error *e) {
    const vi_model *m = c->model;
    label_block joined = {0};
    if (labels) {
        int32_t status = join_labels(c, labels, count, &joined, e);
        if (status != VIT_OK) return status;
    }
    const char *text = joined.text ? joined.text : m->labels;
    size_t bytes = joined.text ? joined.bytes : m->label_bytes;
    uint32_t n = joined.text ? joined.count : m->label_count;
    const vi_native out = {.hparams = &m->hparams,
                           .weights = &m->weights,
                           .text_hparams = m->text ? &m->text->hparams : NULL,
                           .text_weights = m->text ? &m->text->weights : NULL,
                           .tokenizer = m->text ? m->text->tokenizer.block : NULL,
                           .tokenizer_size = m->text ? m->text->tokenizer.size : 0,
                           .labels = text,
                           .label_bytes = bytes,
                           .label_count = n};
    int32_t status = vi_native_write(&out, sink, NULL, NULL, c->allocator, e);
    vi_free(c->allocator, joined.text, joined.bytes, VI_TEMPORARY);
    return status;
}

static int32_t begin_save(vit_context *c, const void *target, const char *const *labels, int32_t count) {
    if (!c) return VIT_ERROR_ARGUMENT;
    c->error.code = VIT_OK;
    c->error.text[0] = 0;
    if (!target) return vi_fail(&c->error, VIT_ERROR_ARGUMENT, "path or write is NULL");
    if (!labels && count != 0) return vi_fail(&c->error, VIT_ERROR_ARGUMENT, "labels is NULL, but count is not 0");
    if (labels && count != c->model->hparams.classes)
        return vi_fail(&c->error, VIT_ERROR_ARGUMENT, "%ld labels for a model with %ld classes", (long)count,
                       (long)c->model->hparams.classes);
    return VIT_OK;
}

int32_t vit_save_writer(vit_context *vit, vit_write_fn write, void *user, const char *const *labels, int32_t count) {
    int32_t status = begin_save(vit, write ? vit : NULL, labels, count);
    if (status != VIT_OK) return status;
    return save(vit, &(vi_sink){write, user}, labels, count, &vit->error);
}

int32_t vit_save(vit_context *vit, const char *path, const char *const *labels, int32_t count) {
    int32_t status = begin_save(vit, path, labels, count);
    if (status != VIT_OK) return status;
    vi_writer writer;
    status = vi_writer_open(&writer, path, vit->allocator, &vit->error);
    if (status != VIT_OK) return status;
    status = save(vit, &(vi_sink){vi_writer_write, &writer}, labels, count, &vit->error);
    if (status == VIT_OK) return vi_writer_commit(&writer, &vit->error);
    vi_writer_abort(&writer);
    return status;
}
