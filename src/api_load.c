/* api_load.c: contexts come and go: vit_load*, vit_plan, vit_clone, vit_free. */
#include "load.h"
#include "model/context.h"
#include "options.h"
#include <string.h>

/* Gives the caller the message, cut to fit. */
static int32_t tell(const vi_error *e, char *error, size_t error_size) {
    if (error && error_size > 0) {
        size_t n = strlen(e->text);
        if (n > error_size - 1) n = error_size - 1;
        memcpy(error, e->text, n);
        error[n] = 0;
    }
    return e->code;
}

static int32_t check_call(const void *out, const vit_options *o, const char *error, size_t error_size, vi_error *e) {
    if (!error && error_size > 0) return vi_fail(e, VIT_ERROR_ARGUMENT, "error buffer is NULL, but error_size is not 0");
    if (!out) return vi_fail(e, VIT_ERROR_ARGUMENT, "out is NULL");
    if (!vi_options_valid(o))
        return vi_fail(e, VIT_ERROR_ARGUMENT, "options were not made by vit_options_create or vit_options_init");
    return VIT_OK;
}

/* From an open reader to a context. */
static int32_t finish_load(vit_context **out, vi_reader *r, const char *path, const vit_options *o, vi_error *e) {
    vi_model *model;
    int32_t status = vi_load_model(&model, r, path, o, e);
    if (status != VIT_OK) return status;
    vi_settings settings = vi_options_settings(o);
    return vi_context_create(out, model, NULL, &settings, e);
}

/* path itself or, when that cannot be opened, the model file in the folder of that name. */
static int32_t open_model(vi_reader *r, const char *path, const vit_options *o, vi_error *e) {
    static const char *const names[] = {
        "model.vit", "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
        "open_clip_model.safetensors", "open_clip_pytorch_model.bin", "model.gguf", "model.npz"};
    bool map = vi_option(o, VIT_OPT_MAP) != 0;
    int32_t status = vi_reader_open_path(r, path, map, e);
    if (status != VIT_ERROR_IO) return status;
    vi_allocator a = vi_options_allocator(o);
    size_t length = strlen(path), size = length + 64;
    char *file = vi_alloc(&a, size, VI_TEMPORARY);
    if (!file) return vi_alloc_failed(&a, size, "a path", e);
    for (size_t i = 0; status != VIT_OK && i < sizeof names / sizeof *names; i++) {
        vi_error attempt = {0};
        memcpy(file, path, length);
        file[length] = '/';
        memcpy(file + length + 1, names[i], strlen(names[i]) + 1);
        status = vi_reader_open_path(r, file, map, &attempt);
    }
    vi_free(&a, file, size, VI_TEMPORARY);
    return status == VIT_OK ? VIT_OK : e->code;
}

static int32_t load_path(vit_context **out, const char *path, const vit_options *o, vi_error *e) {
    if (!path) return vi_fail(e, VIT_ERROR_ARGUMENT, "path is NULL");
    vi_reader r = {0};
    int32_t status = open_model(&r, path, o, e);
    return status == VIT_OK ? finish_load(out, &r, path, o, e) : status;
}

static int32_t load_memory(vit_context **out, const void *data, size_t size, const vit_options *o, vi_error *e) {
    if (!data) return vi_fail(e, VIT_ERROR_ARGUMENT, "data is NULL");
    vi_reader r = {0};
    int32_t status = vi_reader_open_memory(&r, data, size, e);
    if (status != VIT_OK) return status;
    r.borrowed = vi_option(o, VIT_OPT_IN_PLACE) != 0;
    return finish_load(out, &r, NULL, o, e);
}

static int32_t load_reader(vit_context **out, vit_read_fn read, void *user, uint64_t size, const vit_options *o, vi_error *e) {
    if (!read) return vi_fail(e, VIT_ERROR_ARGUMENT, "read is NULL");
    vi_reader r = {0};
    int32_t status = vi_reader_open_callback(&r, read, user, size, e);
    return status == VIT_OK ? finish_load(out, &r, NULL, o, e) : status;
}

/* NULL options are the defaults, made on the stack. */
static const vit_options *options_or(const vit_options *o, vit_options *defaults) {
    vi_options_defaults(defaults);
    return o ? o : defaults;
}

int32_t vit_load(vit_context **out, const char *path, const vit_options *options, char *error, size_t error_size) {
    vi_error e = {0};
    vit_options defaults;
    const vit_options *o = options_or(options, &defaults);
    int32_t status = check_call(out, o, error, error_size, &e);
    if (status == VIT_OK) status = load_path(out, path, o, &e);
    return status == VIT_OK ? VIT_OK : tell(&e, error, error_size);
}

int32_t vit_load_memory(vit_context **out, const void *data, size_t size, const vit_options *options, char *error,
                        size_t error_size) {
    vi_error e = {0};
    vit_options defaults;
    const vit_options *o = options_or(options, &defaults);
    int32_t status = check_call(out, o, error, error_size, &e);
    if (status == VIT_OK) status = load_memory(out, data, size, o, &e);
    return status == VIT_OK ? VIT_OK : tell(&e, error, error_size);
}

int32_t vit_load_reader(vit_context **out, vit_read_fn read, void *user, uint64_t size, const vit_options *options, char *error,
                        size_t error_size) {
    vi_error e = {0};
    vit_options defaults;
    const vit_options *o = options_or(options, &defaults);
    int32_t status = check_call(out, o, error, error_size, &e);
    if (status == VIT_OK) status = load_reader(out, read, user, size, o, &e);
    return status == VIT_OK ? VIT_OK : tell(&e, error, error_size);
}

int32_t vit_plan(const void *data, size_t size, const vit_options *options, uint64_t *bytes, char *error, size_t error_size) {
    vi_error e = {0};
    vit_options copy;
    const vit_options *o = options_or(options, &copy);
    int32_t status = check_call(bytes, o, error, error_size, &e);
    if (status != VIT_OK) return tell(&e, error, error_size);
    if (o != &copy) copy = *o;
    vi_allocator *a = &copy.allocator;
    if (a->region) *a = (vi_allocator){0};
    vit_context *c;
    status = load_memory(&c, data, size, &copy, &e);
    if (status != VIT_OK) return tell(&e, error, error_size);
    *bytes = c->allocator->peak;
    vi_context_free(c);
    return VIT_OK;
}

int32_t vit_clone(vit_context **out, vit_context *source, const vit_options *options, char *error, size_t error_size) {
    vi_error e = {0};
    vit_options defaults;
    const vit_options *o = options_or(options, &defaults);
    int32_t status = check_call(out, o, error, error_size, &e);
    if (status == VIT_OK && !source) status = vi_fail(&e, VIT_ERROR_ARGUMENT, "source is NULL");
    if (status != VIT_OK) return tell(&e, error, error_size);
    vi_settings settings = options ? vi_options_settings(o) : source->settings;
    vi_allocator allocator = vi_options_allocator(o);
    const vi_allocator *from = source->allocator;
    if (!options) allocator = (vi_allocator){.alloc = from->alloc, .free = from->free, .user = from->user, .limit = from->limit};
    atomic_fetch_add(&source->model->references, 1);
    status = vi_context_create(out, source->model, &allocator, &settings, &e);
    return status == VIT_OK ? VIT_OK : tell(&e, error, error_size);
}

void vit_free(vit_context *vit) { vi_context_free(vit); }
