/* api_info.c: what a context can tell about itself, and texts that need no context. */
#include "model/context.h"
#include "model/cost.h"
#include <string.h>

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

const char *vit_status_text(int32_t status) {
    switch (status) {
    case VIT_OK: return "ok";
    case VIT_ERROR_ARGUMENT: return "invalid argument";
    case VIT_ERROR_MEMORY: return "out of memory";
    case VIT_ERROR_IO: return "file cannot be opened, read or written";
    case VIT_ERROR_FORMAT: return "unknown file format";
    case VIT_ERROR_CORRUPT: return "file is damaged";
    case VIT_ERROR_UNSUPPORTED: return "not supported";
    case VIT_ERROR_LIMIT: return "larger than a limit";
    case VIT_ERROR_BUFFER: return "buffer too small";
    case VIT_ERROR_STATE: return "calls in the wrong order";
    case VIT_ERROR_CANCELLED: return "cancelled";
    case VIT_ERROR_MODEL: return "not a model this library can run";
    case VIT_ERROR_INTERNAL: return "internal error";
    default: return status > 0 ? "unknown status" : "unknown error";
    }
}

int32_t vit_version(void) { return VIT_VERSION_MAJOR * 10000 + VIT_VERSION_MINOR * 100 + VIT_VERSION_PATCH; }

const char *vit_version_text(void) { return TEXT(VIT_VERSION_MAJOR) "." TEXT(VIT_VERSION_MINOR) "." TEXT(VIT_VERSION_PATCH); }

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "unknown compiler"
#endif

#if defined(__x86_64__) || defined(_M_X64)
#define MACHINE "x86-64 (reference avx2 avx512)"
#elif defined(__aarch64__)
#define MACHINE "aarch64 (reference neon)"
#else
#define MACHINE "generic (reference)"
#endif

/* One text for each way to build threads.c, so that no memory is needed to join the parts. */
const char *vit_build_text(void) {
    const char *kind = vi_threads_kind();
    if (strcmp(kind, "OpenMP") == 0) return COMPILER ", " MACHINE ", OpenMP";
    if (strcmp(kind, "own thread pool") == 0) return COMPILER ", " MACHINE ", own thread pool";
    return COMPILER ", " MACHINE ", caller's threads only";
}

/* ---- instruction sets ------------------------------------------------------------------------------------------------------ */

int32_t vit_isa_best(void) { return vi_kernels_for(VIT_ISA_BEST)->isa; }
const char *vit_isa_text(int32_t isa) { return vi_isa_name(isa); }
int32_t vit_isa_available(int32_t isa) { return vi_kernels_exact(isa) != NULL; }

/* ---- a context ------------------------------------------------------------------------------------------------------------- */

/* Numbers of the text tower, all 0 without one. */
static int32_t text_info(const vi_model *text, int32_t key, int64_t *value) {
    const vi_hparams none = {0}, *h = text ? &text->hparams : &none;
    switch (key) {
    case VIT_INFO_TEXT_CONTEXT: *value = h->context; break;
    case VIT_INFO_VOCABULARY: *value = h->vocabulary; break;
    case VIT_INFO_TEXT_WIDTH: *value = h->width; break;
    case VIT_INFO_TEXT_DEPTH: *value = h->depth; break;
    case VIT_INFO_TEXT_HEADS: *value = h->heads; break;
    case VIT_INFO_TOKENIZER: *value = text && text->tokenizer.size > 0; break;
    case VIT_INFO_SIGMOID: *value = text && text->weights.logit_bias; break;
    default: return VIT_ERROR_ARGUMENT;
    }
    return VIT_OK;
}

int32_t vit_info_int(const vit_context *vit, int32_t key, int64_t *value) {
    if (!vit || !value) return VIT_ERROR_ARGUMENT;
    const vi_model *m = vit->model;
    const vi_hparams *h = &m->hparams;
    switch (key) {
    case VIT_INFO_OUTPUTS: *value = h->classes > 0 ? h->classes : vi_embedding_width(h); break;
    case VIT_INFO_CLASSES: *value = h->classes; break;
    case VIT_INFO_EMBEDDING: *value = vi_embedding_width(h); break;
    case VIT_INFO_WIDTH: *value = h->width; break;
    case VIT_INFO_DEPTH: *value = vi_layers(h); break;
    case VIT_INFO_HEADS: *value = h->heads; break;
    case VIT_INFO_HEAD_DIM: *value = h->width / h->heads; break;
    case VIT_INFO_MLP: *value = h->mlp; break;
    case VIT_INFO_CHANNELS: *value = h->channels; break;
    case VIT_INFO_IMAGE_WIDTH: *value = vit->pipeline.width; break;
    case VIT_INFO_IMAGE_HEIGHT: *value = vit->pipeline.height; break;
    case VIT_INFO_PATCH_WIDTH: *value = h->patch_width; break;
    case VIT_INFO_PATCH_HEIGHT: *value = h->patch_height; break;
    case VIT_INFO_TOKENS: *value = (int64_t)vit->tokens; break;
    case VIT_INFO_PREFIX: *value = vi_prefix_tokens(h); break;
    case VIT_INFO_ACTIVATION: *value = h->activation; break;
    case VIT_INFO_POOL: *value = h->pool; break;
    case VIT_INFO_POSITION: *value = h->position; break;
    case VIT_INFO_PARAMETERS: *value = (int64_t)m->parameters; break;
    case VIT_INFO_WEIGHT_BYTES: *value = (int64_t)m->weight_bytes; break;
    case VIT_INFO_OWNED_BYTES: *value = (int64_t)vi_context_owned_bytes(vit); break;
    case VIT_INFO_MAX_BATCH: *value = vit->settings.max_batch; break;
    case VIT_INFO_THREADS: *value = (int64_t)vi_threads_lanes(vit->threads); break;
    case VIT_INFO_LABELS: *value = m->label_count; break;
    case VIT_INFO_ISA: *value = vit->kernels->isa; break;
    case VIT_INFO_PRECISION: *value = (int64_t)m->precision; break; /* the same numbers */
    case VIT_INFO_IN_PLACE: *value = m->in_place; break;
    case VIT_INFO_UNITS: *value = vi_stages(h); break;
    case VIT_INFO_TRAINED_WIDTH: *value = h->image_width; break;
    case VIT_INFO_TRAINED_HEIGHT: *value = h->image_height; break;
    case VIT_INFO_MACS: *value = (int64_t)vi_image_macs(vit); break;
    default: return text_info(m->text, key, value);
    }
    return VIT_OK;
}

/* What multiplies the blocks' matrices. */
static const char *products(const vit_context *vit) {
    if (vit->model->precision == VI_I8) return vit->int8->name;
    return vit->model->precision == VI_BF16 && vit->bf16 ? vit->bf16->name : vit->kernels->name;
}

const char *vit_info_text(const vit_context *vit, int32_t key) {
    if (!vit) return "";
    const vi_model *m = vit->model;
    switch (key) {
    case VIT_TEXT_ARCHITECTURE: return m->hparams.architecture;
    case VIT_TEXT_FAMILY: return m->family;
    case VIT_TEXT_FORMAT: return m->format;
    case VIT_TEXT_ISA: return vit->kernels->name;
    case VIT_TEXT_PRODUCTS: return products(vit);
    case VIT_TEXT_PRECISION: return m->precision == VI_I8 ? "int8" : m->precision == VI_BF16 ? "bf16" : "f32";
    case VIT_TEXT_PIPELINE: return vit->pipeline_text;
    case VIT_TEXT_NOTES: return m->notes;
    case VIT_TEXT_SOURCES: return m->sources;
    default: return "";
    }
}

int32_t vit_info_real(const vit_context *vit, int32_t key, int32_t index, double *value) {
    if (!vit || !value) return VIT_ERROR_ARGUMENT;
    const vi_hparams *h = &vit->model->hparams;
    bool channel = index >= 0 && index < h->channels;
    if (key == VIT_REAL_EPS)
        *value = (double)h->eps;
    else if (key == VIT_REAL_MEAN && channel)
        *value = (double)vit->pipeline.mean[index];
    else if (key == VIT_REAL_STD && channel)
        *value = (double)vit->pipeline.std[index];
    else if (key == VIT_REAL_LOGIT_SCALE && vit->model->text)
        *value = vi_logit_scale(vit->model->text);
    else if (key == VIT_REAL_LOGIT_BIAS && vit->model->text)
        *value = vi_logit_bias(vit->model->text);
    else
        return VIT_ERROR_ARGUMENT;
    return VIT_OK;
}

const char *vit_label(const vit_context *vit, int32_t index) {
    if (!vit || index < 0 || (uint32_t)index >= vit->model->label_count) return "";
    const char *label = vit->model->labels;
    for (int32_t i = 0; i < index; i++) label += strlen(label) + 1;
    return label;
}
