/* hparams.c: defaults and the one validator of a model's numbers. Nothing after it divides, multiplies or allocates by a number
 * that it has not accepted. */
#include "model/hparams.h"

#include <math.h>
#include <string.h>

void vi_hparams_init(vi_hparams *h) {
    memset(h, 0, sizeof *h);
    h->channels = 3;
    h->branches = 1;
    h->activation = VIT_ACT_GELU;
    h->pool = VIT_POOL_TOKEN;
    h->position = VIT_POSITION_BICUBIC_ANTIALIAS;
    h->eps = 1e-6f;
    h->pipeline.resize = VIT_RESIZE_SQUASH;
    h->pipeline.filter = VIT_FILTER_BICUBIC;
    h->pipeline.crop_rounding = VI_CROP_HALF_EVEN;
    h->pipeline.channels = 3;
    h->pipeline.scale = 1.0f / 255.0f;
    for (int c = 0; c < VI_MAX_CHANNELS; c++) h->pipeline.mean[c] = h->pipeline.std[c] = 0.5f;
}

static int32_t stages_of(const vi_hparams *h) {
    int32_t stages = 0;
    while (stages < VI_MAX_STAGES && h->stem_units[stages] > 0) stages++;
    return stages;
}

int32_t vi_stem_units(const vi_hparams *h) {
    int32_t sum = 0;
    for (int32_t stage = 0; stage < stages_of(h); stage++) sum += h->stem_units[stage];
    return h->stem_width ? sum : 0;
}

/* The root halves the picture twice, every stage but the first once more. */
int32_t vi_stem_stride(const vi_hparams *h) {
    int32_t stages = stages_of(h);
    return h->stem_width == 0 ? 1 : 4 << (stages > 1 ? stages - 1 : 0);
}

int32_t vi_stem_channels(const vi_hparams *h) {
    int32_t stages = stages_of(h);
    return stages == 0 ? h->stem_width : 4 * h->stem_width << (stages - 1);
}

/* Halving rounds up, and doing so again and again is dividing once and rounding up. */
int32_t vi_grid_side(const vi_hparams *h, int32_t side, int32_t patch) {
    int32_t stride = vi_stem_stride(h), map = side / stride + (side % stride != 0), each = patch / stride;
    return each > 0 && map % each == 0 ? map / each : 0;
}

size_t vi_patch_inputs(const vi_hparams *h) {
    size_t stride = (size_t)vi_stem_stride(h), channels = (size_t)(h->stem_width ? vi_stem_channels(h) : h->channels);
    return channels * ((size_t)h->patch_height / stride) * ((size_t)h->patch_width / stride);
}

typedef struct field {
    const char *name;
    int32_t value, low, high;
} field;

static int32_t check_fields(const char *tower, const field *fields, size_t count, vi_error *e) {
    for (const field *f = fields; f < fields + count; f++)
        if (f->value < f->low || f->value > f->high)
            return vi_fail(e, VIT_ERROR_MODEL, "%s: %s is %ld, expected %ld..%ld", tower, f->name, (long)f->value, (long)f->low,
                           (long)f->high);
    return VIT_OK;
}

/* What both kinds of towers have. */
static int32_t check_tower(const char *tower, const vi_hparams *h, vi_error *e) {
    const field fields[] = {
        {"width", h->width, 1, VI_MAX_WIDTH},
        {"depth", h->depth, 1, VI_MAX_DEPTH},
        {"heads", h->heads, 1, VI_MAX_HEADS},
        {"mlp", h->mlp, 1, VI_MAX_MLP},
        {"activation", h->activation, VIT_ACT_GELU, VIT_ACT_SILU},
        {"norm_kind", h->norm_kind, VI_NORM_LAYER, VI_NORM_RMS},
        {"ffn", h->ffn, VI_FFN_MLP, VI_FFN_SWIGLU},
        {"projection", h->projection, 0, VI_MAX_WIDTH},
    };
    int32_t status = check_fields(tower, fields, sizeof fields / sizeof *fields, e);
    if (status != VIT_OK) return status;
    if (h->width % h->heads != 0)
        return vi_fail(e, VIT_ERROR_MODEL, "%s: width %ld is not a multiple of heads %ld", tower, (long)h->width, (long)h->heads);
    if (!(h->eps >= 0 && h->eps <= 1)) return vi_fail(e, VIT_ERROR_MODEL, "%s: LayerNorm epsilon must be in 0..1", tower);
    return VIT_OK;
}

static int32_t check_picture_fields(const vi_hparams *h, vi_error *e) {
    const field fields[] = {
        {"channels", h->channels, 1, VI_MAX_CHANNELS},
        {"image_width", h->image_width, 1, VI_MAX_SIDE},
        {"image_height", h->image_height, 1, VI_MAX_SIDE},
        {"patch_width", h->patch_width, 1, VI_MAX_SIDE},
        {"patch_height", h->patch_height, 1, VI_MAX_SIDE},
        {"classes", h->classes, 0, VI_MAX_CLASSES},
        {"class_token", h->class_token, 0, 1},
        {"distilled", h->distilled, 0, 1},
        {"registers", h->registers, 0, VI_MAX_REGISTERS},
        {"position_prefix", h->position_prefix, 0, VI_MAX_REGISTERS + 2},
        {"pool", h->pool, VIT_POOL_TOKEN, VIT_POOL_TOKEN_MEAN},
        {"position", h->position, VIT_POSITION_BICUBIC_ANTIALIAS, VIT_POSITION_ZOOM},
        {"block", h->block, VI_BLOCK_PRE, VI_BLOCK_PARALLEL},
        {"branches", h->branches, 1, VI_MAX_BRANCHES},
        {"positionless", h->positionless, 0, 1},
        {"rope", h->rope, VI_ROPE_NONE, VI_ROPE_MIXED},
        {"rope_width", h->rope_width, 0, VI_MAX_SIDE},
        {"rope_height", h->rope_height, 0, VI_MAX_SIDE},
        {"rope_columns_first", h->rope_columns_first, 0, 1},
        {"pool_prefix", h->pool_prefix, 0, 1},
        {"map_heads", h->map_heads, 0, VI_MAX_HEADS},
        {"map_mlp", h->map_mlp, 0, VI_MAX_MLP},
        {"representation", h->representation, 0, VI_MAX_WIDTH},
        {"raw_tokens", h->raw_tokens, 0, 1},
    };
    return check_fields("model", fields, sizeof fields / sizeof *fields, e);
}

static int32_t check_pipeline(const vi_hparams *h, vi_error *e) {
    const vi_pipeline *p = &h->pipeline;
    if (p->width != h->image_width || p->height != h->image_height || p->channels != h->channels)
        return vi_fail(
            e, VIT_ERROR_MODEL, "model: preprocessing gives %ldx%ldx%ld, the model takes %ldx%ldx%ld (width x height x channels)",
            (long)p->width, (long)p->height, (long)p->channels, (long)h->image_width, (long)h->image_height, (long)h->channels);
    vi_error found = {0};
    if (vi_pipeline_check(p, &found) != VIT_OK) return vi_fail(e, VIT_ERROR_MODEL, "model: preprocessing: %s", found.text);
    return VIT_OK;
}

static int32_t check_rope(const vi_hparams *h, vi_error *e) {
    if (h->rope == VI_ROPE_NONE) return VIT_OK;
    if (h->width / h->heads % 4 != 0)
        return vi_fail(e, VIT_ERROR_MODEL, "model: rotary positions need a head dim that is a multiple of 4, found %ld",
                       (long)(h->width / h->heads));
    if (!(h->rope_theta > 1 && h->rope_theta <= 1e9f)) return vi_fail(e, VIT_ERROR_MODEL, "model: rope_theta must be in 1..1e9");
    if ((h->rope_width == 0) != (h->rope_height == 0))
        return vi_fail(e, VIT_ERROR_MODEL, "model: rotary reference grid is %ldx%ld", (long)h->rope_width, (long)h->rope_height);
    if (!(h->rope_offset >= -1e6f && h->rope_offset <= 1e6f)) /* also NaN */
        return vi_fail(e, VIT_ERROR_MODEL, "model: rope_offset must be in -1e6..1e6");
    return VIT_OK;
}

/* Before anything multiplies its numbers. */
static int32_t check_stem(const vi_hparams *h, vi_error *e) {
    if (h->stem_width == 0) return VIT_OK;
    if (h->stem_width < 1 || h->stem_width > VI_MAX_STEM)
        return vi_fail(e, VIT_ERROR_MODEL, "model: stem_width is %ld, expected 0..%d", (long)h->stem_width, VI_MAX_STEM);
    for (int stage = 0; stage < VI_MAX_STAGES; stage++) {
        bool after_end = stage > 0 && h->stem_units[stage - 1] == 0 && h->stem_units[stage] != 0;
        if (h->stem_units[stage] < 0 || h->stem_units[stage] > VI_MAX_UNITS || after_end)
            return vi_fail(e, VIT_ERROR_MODEL, "model: %ld units in stage %d of the stem", (long)h->stem_units[stage], stage + 1);
    }
    if (h->stem_groups < 1 || h->stem_width % h->stem_groups != 0)
        return vi_fail(e, VIT_ERROR_MODEL, "model: stem_width %ld is not a multiple of its %ld groups", (long)h->stem_width,
                       (long)h->stem_groups);
    if (!(h->stem_eps >= 0 && h->stem_eps <= 1)) return vi_fail(e, VIT_ERROR_MODEL, "model: stem_eps must be in 0..1");
    int32_t stride = vi_stem_stride(h);
    if (h->patch_width % stride != 0 || h->patch_height % stride != 0)
        return vi_fail(e, VIT_ERROR_MODEL, "model: patch %ldx%ld is not a multiple of the stem's stride %ld",
                       (long)h->patch_width, (long)h->patch_height, (long)stride);
    return VIT_OK;
}

static int32_t check_blocks(const vi_hparams *h, vi_error *e) {
    if (h->depth % h->branches != 0)
        return vi_fail(e, VIT_ERROR_MODEL, "model: %ld blocks in groups of %ld", (long)h->depth, (long)h->branches);
    if (h->branches > 1 && h->block != VI_BLOCK_PRE)
        return vi_fail(e, VIT_ERROR_MODEL, "model: blocks side by side must have their norms first");
    if (h->pool == VIT_POOL_ATTENTION && h->width % vi_map_heads(h) != 0)
        return vi_fail(e, VIT_ERROR_MODEL, "model: width %ld is not a multiple of the %ld heads of attention pooling",
                       (long)h->width, (long)h->map_heads);
    return VIT_OK;
}

int32_t vi_hparams_check(const vi_hparams *h, vi_error *e) {
    int32_t status = check_tower("model", h, e);
    if (status == VIT_OK) status = check_picture_fields(h, e);
    if (status != VIT_OK) return status;
    if (vi_reads_text(h)) return vi_fail(e, VIT_ERROR_MODEL, "model: it has no tower for pictures");
    if (memchr(h->architecture, 0, sizeof h->architecture) == NULL)
        return vi_fail(e, VIT_ERROR_MODEL, "model: architecture name is not terminated");
    status = check_stem(h, e);
    if (status != VIT_OK) return status;
    int64_t across = vi_grid_side(h, h->image_width, h->patch_width), down = vi_grid_side(h, h->image_height, h->patch_height);
    if (across == 0 || down == 0)
        return vi_fail(e, VIT_ERROR_MODEL, "model: image %ldx%ld is not a multiple of patch %ldx%ld", (long)h->image_width,
                       (long)h->image_height, (long)h->patch_width, (long)h->patch_height);
    int64_t patches = across * down;
    if (patches + vi_prefix_tokens(h) > VI_MAX_TOKENS)
        return vi_fail(e, VIT_ERROR_LIMIT, "model: %lld tokens, at most %d", (long long)patches + vi_prefix_tokens(h),
                       VI_MAX_TOKENS);
    if (h->position_prefix > vi_prefix_tokens(h))
        return vi_fail(e, VIT_ERROR_MODEL, "model: positions for %ld prefix tokens, but there are %ld", (long)h->position_prefix,
                       (long)vi_prefix_tokens(h));
    bool token = h->pool == VIT_POOL_TOKEN || h->pool == VIT_POOL_TOKEN_MEAN;
    if (token && !h->class_token)
        return vi_fail(e, VIT_ERROR_MODEL, "model: pooling takes the class token, but the model has none");
    if (h->distilled && (h->pool != VIT_POOL_TOKEN || h->representation || h->projection))
        return vi_fail(e, VIT_ERROR_MODEL, "model: a distillation token needs token pooling and heads on the tokens themselves");
    if (!(h->crop >= 0 && h->crop <= 1)) return vi_fail(e, VIT_ERROR_MODEL, "model: crop_pct must be in 0..1");
    status = check_rope(h, e);
    if (status == VIT_OK) status = check_blocks(h, e);
    return status == VIT_OK ? check_pipeline(h, e) : status;
}

int32_t vi_hparams_check_text(const vi_hparams *h, vi_error *e) {
    const field fields[] = {
        {"vocabulary", h->vocabulary, 1, VI_MAX_VOCABULARY}, {"context", h->context, 1, VI_MAX_TOKENS},
        {"causal", h->causal, 0, 1},                         {"pick", h->pick, VI_PICK_LARGEST, VI_PICK_LAST},
        {"end_token", h->end_token, 0, VI_MAX_VOCABULARY},
    };
    int32_t status = check_tower("text tower", h, e);
    return status == VIT_OK ? check_fields("text tower", fields, sizeof fields / sizeof *fields, e) : status;
}
