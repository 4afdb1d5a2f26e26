/* pipeline.c: see pipeline.h. processor.c holds the part about transformers. */
#include "family/pipeline.h"

#include <math.h>
#include <string.h>

typedef struct stats_row {
    const char *text;
    float mean[3], std[3];
} stats_row;

static const stats_row stats_table[] = {
    [VI_STATS_HALF] = {"mean = std = 0.5", {0.5f, 0.5f, 0.5f}, {0.5f, 0.5f, 0.5f}},
    [VI_STATS_IMAGENET] = {"ImageNet mean and std", {0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}},
    [VI_STATS_CLIP] = {"CLIP mean and std", {0.48145466f, 0.4578275f, 0.40821073f}, {0.26862954f, 0.26130258f, 0.27577711f}},
    [VI_STATS_UNIT] = {"mean 0 and std 1", {0, 0, 0}, {1, 1, 1}},
};

void vi_pipeline_stats(vi_pipeline *p, vi_stats stats) {
    for (int i = 0; i < VI_MAX_CHANNELS; i++) { /* channels beyond the third take the third's */
        p->mean[i] = stats_table[stats].mean[i < 3 ? i : 2];
        p->std[i] = stats_table[stats].std[i < 3 ? i : 2];
    }
}

const char *vi_stats_text(vi_stats stats) { return stats_table[stats].text; }

/* timm: floor(side / crop_pct) in float64. */
static int32_t resize_side(int32_t side, double crop) { return (int32_t)floor((double)side / crop); }

void vi_pipeline_fit(vi_hparams *h, double crop) {
    vi_pipeline *p = &h->pipeline;
    p->width = h->image_width;
    p->height = h->image_height;
    p->channels = h->channels;
    h->crop = (float)crop;
    p->resize_width = resize_side(p->width, crop);
    p->resize_height = resize_side(p->height, crop);
}

/* Repeats a single value for all channels; false when the count is neither 1 nor the number of channels. */
static bool spread(float *values, int32_t count, int32_t channels) {
    if (count == 1)
        for (int32_t i = 1; i < channels; i++) values[i] = values[0];
    return count == 1 || count == channels;
}

bool vi_pipeline_vector(vi_config *g, const vi_json_value *object, const char *key, const vi_hparams *h, float *values) {
    float found[VI_MAX_CHANNELS];
    int32_t count = vi_config_reals(g, object, key, found, VI_MAX_CHANNELS);
    if (count == 0) return false;
    if (!spread(found, count, h->channels)) {
        g->status = vi_fail(g->error, VIT_ERROR_MODEL, "%s: %s has %ld numbers, but the model has %ld channels", g->file, key,
                            (long)count, (long)h->channels);
        return false;
    }
    memcpy(values, found, (size_t)h->channels * sizeof *values);
    return true;
}

static int32_t override_vector(const char *what, const float *from, int32_t count, int32_t channels, float *to, vi_error *e) {
    if (count == 0) return VIT_OK;
    float values[VI_MAX_CHANNELS];
    memcpy(values, from, sizeof values);
    if (!spread(values, count, channels))
        return vi_fail(e, VIT_ERROR_ARGUMENT, "option %s has %ld numbers, but the model has %ld channels", what, (long)count,
                       (long)channels);
    memcpy(to, values, sizeof values);
    return VIT_OK;
}

/* A change of the kind alone keeps the sizes, except that PAD shows the whole picture and NONE has no size of its own. */
static void override_resize(const vi_overrides *o, vi_hparams *h) {
    vi_pipeline *p = &h->pipeline;
    bool changed = o->resize >= 0 && o->resize != p->resize;
    if (changed) p->resize = o->resize;
    if (o->crop >= 0)
        vi_pipeline_fit(h, o->crop);
    else if (changed && (p->resize == VIT_RESIZE_PAD || p->resize == VIT_RESIZE_NONE))
        vi_pipeline_fit(h, 1);
}

void vi_apply_text_overrides(const vi_overrides *o, vi_hparams *text) {
    if (o->activation >= 0) text->activation = o->activation;
    if (o->text_heads >= 0) text->heads = o->text_heads;
    if (o->eps >= 0) text->eps = (float)o->eps;
}

int32_t vi_apply_overrides(const vi_overrides *o, vi_hparams *h, vi_error *e) {
    if (h->channels < 1 || h->channels > VI_MAX_CHANNELS)
        return vi_fail(e, VIT_ERROR_MODEL, "model: channels is %ld, expected 1..%d", (long)h->channels, VI_MAX_CHANNELS);
    if (o->activation >= 0) h->activation = o->activation;
    if (o->pool >= 0) h->pool = o->pool;
    if (o->heads >= 0) h->heads = o->heads;
    if (o->position >= 0) h->position = o->position;
    if (o->eps >= 0) h->eps = (float)o->eps;
    if (o->filter >= 0) h->pipeline.filter = o->filter;
    h->pipeline.pass_order = o->passes;
    override_resize(o, h);
    int32_t status = override_vector("mean", o->mean, o->mean_count, h->channels, h->pipeline.mean, e);
    if (status != VIT_OK) return status;
    return override_vector("std", o->std, o->std_count, h->channels, h->pipeline.std, e);
}
