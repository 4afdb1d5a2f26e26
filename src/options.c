/* options.c: the option table and the functions that set options. */
#include "options.h"

#include "base/status.h"
#include <math.h>
#include <string.h>

#define OPTIONS_MAGIC 0x5649544fu /* "VITO" */

typedef struct int_option {
    int64_t low, high, initial;
} int_option;

static const int_option int_options[VI_INT_OPTIONS] = {
    [VIT_OPT_THREADS - 1] = {1, VI_MAX_LANES, 1},
    [VIT_OPT_ISA - 1] = {VIT_ISA_BEST, VIT_ISA_NEON, VIT_ISA_BEST},
    [VIT_OPT_PRECISION - 1] = {VIT_PRECISION_AUTO, VIT_PRECISION_INT8, VIT_PRECISION_AUTO},
    [VIT_OPT_MAX_BATCH - 1] = {1, VI_MAX_BATCH, 1},
    [VIT_OPT_IMAGE_WIDTH - 1] = {0, VI_MAX_SIDE, 0},
    [VIT_OPT_IMAGE_HEIGHT - 1] = {0, VI_MAX_SIDE, 0},
    [VIT_OPT_MAX_IMAGE_SIDE - 1] = {1, 65536, 16384},
    [VIT_OPT_MAP - 1] = {0, 1, 1},
    [VIT_OPT_IN_PLACE - 1] = {0, 1, 0},
    [VIT_OPT_NORMALIZE - 1] = {0, 1, 0},
    [VIT_OPT_ACTIVATION - 1] = {VIT_FROM_MODEL, VIT_ACT_SILU, VIT_FROM_MODEL},
    [VIT_OPT_POOL - 1] = {VIT_FROM_MODEL, VIT_POOL_TOKEN_MEAN, VIT_FROM_MODEL},
    [VIT_OPT_HEADS - 1] = {VIT_FROM_MODEL, VI_MAX_HEADS, VIT_FROM_MODEL},
    [VIT_OPT_RESIZE - 1] = {VIT_FROM_MODEL, VIT_RESIZE_PAD, VIT_FROM_MODEL},
    [VIT_OPT_FILTER - 1] = {VIT_FROM_MODEL, VIT_FILTER_TF_BILINEAR, VIT_FROM_MODEL},
    [VIT_OPT_POSITION - 1] = {VIT_FROM_MODEL, VIT_POSITION_ZOOM, VIT_FROM_MODEL},
    [VIT_OPT_MAX_MEMORY - 1] = {0, INT64_MAX, 0},
    [VIT_OPT_OUTPUTS - 1] = {0, 1 << VIT_OUTPUT_TOKENS | 1 << VIT_OUTPUT_HIDDEN, 0},
    [VIT_OPT_PASSES - 1] = {VIT_PASSES_HORIZONTAL_FIRST, VIT_PASSES_PILLOW_13, VIT_PASSES_HORIZONTAL_FIRST},
    [VIT_OPT_TEXT - 1] = {0, 1, 1},
    [VIT_OPT_TEXT_HEADS - 1] = {VIT_FROM_MODEL, VI_MAX_HEADS, VIT_FROM_MODEL},
};

void vi_options_defaults(vit_options *o) {
    memset(o, 0, sizeof *o);
    o->magic = OPTIONS_MAGIC;
    for (int i = 0; i < VI_INT_OPTIONS; i++) o->ints[i] = int_options[i].initial;
    o->eps = o->crop = -1;
}

int64_t vi_option(const vit_options *o, int32_t key) { return o->ints[key - 1]; }

bool vi_options_valid(const vit_options *o) { return o && o->magic == OPTIONS_MAGIC; }

vit_options *vit_options_create(void) {
    vi_allocator heap = {0};
    vit_options *o = vi_alloc(&heap, sizeof *o, VI_LASTING);
    if (!o) return NULL;
    vi_options_defaults(o);
    o->owned = 1;
    return o;
}

size_t vit_options_size(void) { return sizeof(vit_options); }

vit_options *vit_options_init(void *memory, size_t size) {
    if (!memory || size < sizeof(vit_options)) return NULL;
    vi_options_defaults(memory);
    return memory;
}

void vit_options_free(vit_options *o) {
    if (!vi_options_valid(o)) return;
    vi_allocator heap = {0};
    o->magic = 0;
    if (o->owned) vi_free(&heap, o, sizeof *o, VI_LASTING);
}

int32_t vit_options_set_int(vit_options *o, int32_t key, int64_t value) {
    if (!vi_options_valid(o) || key < 1 || key > VI_INT_OPTIONS) return VIT_ERROR_ARGUMENT;
    const int_option *row = &int_options[key - 1];
    if (value < row->low || value > row->high) return VIT_ERROR_ARGUMENT;
    if ((key == VIT_OPT_HEADS || key == VIT_OPT_TEXT_HEADS) && value == 0) return VIT_ERROR_ARGUMENT;
    if (key == VIT_OPT_OUTPUTS && (value & ~row->high)) return VIT_ERROR_ARGUMENT;
    o->ints[key - 1] = value;
    return VIT_OK;
}

int32_t vit_options_get_int(const vit_options *o, int32_t key, int64_t *value) {
    if (!vi_options_valid(o) || !value || key < 1 || key > VI_INT_OPTIONS) return VIT_ERROR_ARGUMENT;
    *value = vi_option(o, key);
    return VIT_OK;
}

int32_t vit_options_set_real(vit_options *o, int32_t key, double value) {
    if (!vi_options_valid(o)) return VIT_ERROR_ARGUMENT;
    bool unset = value == VIT_FROM_MODEL;
    if (key == VIT_OPT_EPS && (unset || (value >= 0 && value <= 1))) {
        o->eps = value;
        return VIT_OK;
    }
    if (key == VIT_OPT_CROP && (unset || (value >= 0.1 && value <= 1))) {
        o->crop = value;
        return VIT_OK;
    }
    return VIT_ERROR_ARGUMENT;
}

int32_t vit_options_set_text(vit_options *o, int32_t key, const char *text) {
    if (!vi_options_valid(o)) return VIT_ERROR_ARGUMENT;
    if (key == VIT_OPT_CONFIG_JSON)
        o->config_json = text;
    else if (key == VIT_OPT_PREPROCESSOR_JSON)
        o->preprocessor_json = text;
    else if (key == VIT_OPT_TOKENIZER)
        o->tokenizer_path = text;
    else
        return VIT_ERROR_ARGUMENT;
    return VIT_OK;
}

int32_t vit_options_set_tokenizer(vit_options *o, const void *data, size_t size) {
    if (!vi_options_valid(o) || !data != !size) return VIT_ERROR_ARGUMENT;
    o->tokenizer_data = data;
    o->tokenizer_size = size;
    return VIT_OK;
}

int32_t vit_options_set_vector(vit_options *o, int32_t key, const float *values, int32_t count) {
    if (!vi_options_valid(o) || (key != VIT_OPT_MEAN && key != VIT_OPT_STD)) return VIT_ERROR_ARGUMENT;
    if (count < 0 || count > VI_MAX_CHANNELS || (count > 0 && !values)) return VIT_ERROR_ARGUMENT;
    for (int32_t i = 0; i < count; i++)
        if (!isfinite(values[i]) || (key == VIT_OPT_STD && values[i] <= 0)) return VIT_ERROR_ARGUMENT;
    if (count > 0) memcpy(key == VIT_OPT_MEAN ? o->mean : o->std, values, (size_t)count * sizeof *values);
    *(key == VIT_OPT_MEAN ? &o->mean_count : &o->std_count) = count;
    return VIT_OK;
}

int32_t vit_options_set_allocator(vit_options *o, vit_alloc_fn alloc, vit_free_fn release, void *user) {
    if (!vi_options_valid(o) || !alloc != !release) return VIT_ERROR_ARGUMENT;
    o->allocator = (vi_allocator){.alloc = alloc, .free = release, .user = user};
    return VIT_OK;
}

int32_t vit_options_set_memory(vit_options *o, void *memory, size_t size) {
    if (!vi_options_valid(o) || !memory != !size) return VIT_ERROR_ARGUMENT;
    o->allocator = (vi_allocator){0};
    if (memory) vi_allocator_region(&o->allocator, memory, size);
    return VIT_OK;
}

int32_t vit_options_set_log(vit_options *o, vit_log_fn log, void *user) {
    if (!vi_options_valid(o)) return VIT_ERROR_ARGUMENT;
    o->log = log;
    o->log_user = user;
    return VIT_OK;
}

int32_t vit_options_set_progress(vit_options *o, vit_progress_fn progress, void *user) {
    if (!vi_options_valid(o)) return VIT_ERROR_ARGUMENT;
    o->progress = progress;
    o->progress_user = user;
    return VIT_OK;
}

int32_t vit_options_set_parallel_for(vit_options *o, vit_parallel_for_fn fn, void *user) {
    if (!vi_options_valid(o)) return VIT_ERROR_ARGUMENT;
    o->parallel_for = fn;
    o->parallel_user = user;
    return VIT_OK;
}

int32_t vit_options_set_profile(vit_options *o, vit_profile_fn profile, void *user) {
    if (!vi_options_valid(o)) return VIT_ERROR_ARGUMENT;
    o->profile = profile;
    o->profile_user = user;
    return VIT_OK;
}

vi_allocator vi_options_allocator(const vit_options *o) {
    vi_allocator a = o->allocator;
    uint64_t limit = (uint64_t)vi_option(o, VIT_OPT_MAX_MEMORY);
    a.limit = limit < SIZE_MAX ? (size_t)limit : SIZE_MAX;
    return a;
}

vi_settings vi_options_settings(const vit_options *o) {
    int64_t outputs = vi_option(o, VIT_OPT_OUTPUTS);
    vi_settings s = {
        .threads = (int32_t)vi_option(o, VIT_OPT_THREADS),
        .isa = (int32_t)vi_option(o, VIT_OPT_ISA),
        .max_batch = (int32_t)vi_option(o, VIT_OPT_MAX_BATCH),
        .max_side = (int32_t)vi_option(o, VIT_OPT_MAX_IMAGE_SIDE),
        .image_width = (int32_t)vi_option(o, VIT_OPT_IMAGE_WIDTH),
        .image_height = (int32_t)vi_option(o, VIT_OPT_IMAGE_HEIGHT),
        .normalize = vi_option(o, VIT_OPT_NORMALIZE) != 0,
        .want_tokens = outputs >> VIT_OUTPUT_TOKENS & 1,
        .parallel_for = o->parallel_for,
        .parallel_user = o->parallel_user,
        .log = o->log,
        .log_user = o->log_user,
        .profile = o->profile,
        .profile_user = o->profile_user,
    };
    if (outputs >> VIT_OUTPUT_HIDDEN & 1) memset(s.want_layers, 0xff, sizeof s.want_layers);
    return s;
}

vi_overrides vi_options_overrides(const vit_options *o) {
    vi_overrides v = {
        .activation = (int32_t)vi_option(o, VIT_OPT_ACTIVATION),
        .pool = (int32_t)vi_option(o, VIT_OPT_POOL),
        .heads = (int32_t)vi_option(o, VIT_OPT_HEADS),
        .text_heads = (int32_t)vi_option(o, VIT_OPT_TEXT_HEADS),
        .resize = (int32_t)vi_option(o, VIT_OPT_RESIZE),
        .filter = (int32_t)vi_option(o, VIT_OPT_FILTER),
        .position = (int32_t)vi_option(o, VIT_OPT_POSITION),
        .passes = (int32_t)vi_option(o, VIT_OPT_PASSES),
        .eps = o->eps,
        .crop = o->crop,
        .mean_count = o->mean_count,
        .std_count = o->std_count,
    };
    memcpy(v.mean, o->mean, sizeof v.mean);
    memcpy(v.std, o->std, sizeof v.std);
    return v;
}
