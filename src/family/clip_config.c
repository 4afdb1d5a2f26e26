/* clip_config.c: see clip_config.h. Defaults are those of open_clip's CLIPVisionCfg and CLIPTextCfg (open_clip/model.py). */
#include "family/clip_config.h"

#include "family/infer.h"
#include "family/pipeline.h"
#include <string.h>

#define FILE_NAME "open_clip_config.json"

static const vi_word image_pools[] = {{"tok", VIT_POOL_TOKEN}, {"avg", VIT_POOL_MEAN}};
static const vi_word text_picks[] = {{"argmax", VI_PICK_LARGEST}, {"eos", VI_PICK_END}, {"last", VI_PICK_LAST}};
static const vi_word trunk_pools[] = {{"", -1},
                                      {"token", VIT_POOL_TOKEN},
                                      {"avg", VIT_POOL_MEAN},
                                      {"max", VIT_POOL_MAX},
                                      {"avgmax", VIT_POOL_MEAN_MAX},
                                      {"map", VIT_POOL_ATTENTION}};
static const vi_word filters[] = {
    {"bicubic", VIT_FILTER_BICUBIC}, {"bilinear", VIT_FILTER_BILINEAR}, {"random", VIT_FILTER_BICUBIC}};
static const vi_word resizes[] = {{"shortest", VIT_RESIZE_SHORTEST}, {"squash", VIT_RESIZE_SQUASH}};
static const vi_word cleans[] = {
    {"lower", VI_CLEAN_LOWER}, {"whitespace", VI_CLEAN_WHITESPACE}, {"canonicalize", VI_CLEAN_CANONICALIZE}};
#define WORDS(table) table, sizeof table / sizeof *table

static bool has_tensor(const vi_checkpoint *c, const char *name) { return vi_directory_find(c->directory, name) != NULL; }

/* model_cfg may also come as the option for config.json. */
static const vi_json_value *root_of(const vi_checkpoint *c) {
    return c->open_clip != NULL ? c->open_clip : vi_config_get(c->config, "model_cfg") != NULL ? c->config : NULL;
}

int32_t vi_clip_config_open(vi_clip_config *k, const vi_checkpoint *c, vi_description *d, vi_error *e) {
    *k = (vi_clip_config){.reader = {FILE_NAME, e, VIT_OK}, .checkpoint = c};
    const vi_json_value *root = root_of(c), *model = vi_config_object(&k->reader, root, "model_cfg");
    k->present = model != NULL;
    k->vision = vi_config_object(&k->reader, model, "vision_cfg");
    k->text = vi_config_object(&k->reader, model, "text_cfg");
    k->preprocess = vi_config_object(&k->reader, root, "preprocess_cfg");
    k->openai = !k->present && has_tensor(c, "input_resolution") && has_tensor(c, "context_length");
    k->sigmoid = has_tensor(c, "logit_bias") || has_tensor(c, "module.logit_bias");
    k->quick_gelu = vi_config_flag(&k->reader, model, "quick_gelu", !k->present && !k->sigmoid);
    d->read_config = d->read_config || k->present;
    return k->reader.status;
}

/* GELU of a tower: its act_kwargs over the pair's quick_gelu. */
static int32_t activation_of(vi_clip_config *k, const vi_json_value *tower) {
    static const vi_word kinds[] = {{"none", VIT_ACT_GELU}, {"tanh", VIT_ACT_GELU_TANH}};
    const vi_json_value *more = vi_config_object(&k->reader, tower, "act_kwargs");
    if (k->quick_gelu) return VIT_ACT_QUICK_GELU;
    return vi_config_word(&k->reader, more, "approximate", WORDS(kinds), VIT_ACT_GELU);
}

static float eps_of(vi_clip_config *k, const vi_json_value *tower) {
    const vi_json_value *more = vi_config_object(&k->reader, tower, "norm_kwargs");
    return (float)vi_config_real(&k->reader, more, "eps", 0, 1, !k->present && k->sigmoid ? 1e-6 : 1e-5);
}

/* What a bare file of weights leaves open; OpenAI's own archives leave nothing open. */
static void note_guesses(const vi_clip_config *k, vi_description *d) {
    const vi_overrides *o = k->checkpoint->overrides;
    if (k->present || k->openai) return;
    if (o->activation < 0)
        vi_note(d, true, "activation: %s assumed (option activation)", k->quick_gelu ? "quick GELU" : "GELU with erf");
    if (o->eps < 0) vi_note(d, true, "epsilon: %g assumed (option eps)", k->sigmoid ? 1e-6 : 1e-5);
    if (o->heads < 0)
        vi_note(d, true, "heads: %ld of %ld assumed (option heads)", (long)d->hparams.heads,
                (long)(d->hparams.width / d->hparams.heads));
}

void vi_clip_read_image(vi_clip_config *k, vi_description *d) {
    vi_hparams *h = &d->hparams;
    int32_t head = vi_config_int(&k->reader, k->vision, "head_width", 1, VI_MAX_WIDTH, 64);
    h->heads = k->present || k->openai ? (h->width >= head ? h->width / head : 1) : vi_guess_heads(h->width);
    h->activation = activation_of(k, k->vision);
    h->eps = eps_of(k, k->vision);
    h->position = VIT_POSITION_BICUBIC_ANTIALIAS;
    h->pool = vi_config_word(&k->reader, k->vision, "pool_type", WORDS(image_pools), VIT_POOL_TOKEN);
    if (vi_config_flag(&k->reader, k->vision, "final_ln_after_pool", false) && h->pool != VIT_POOL_TOKEN)
        k->reader.status =
            vi_fail(k->reader.error, VIT_ERROR_UNSUPPORTED, FILE_NAME ": final_ln_after_pool with mean pooling is not supported");
    if (k->vision != NULL) h->image_height = h->image_width = 224;
    vi_config_size(&k->reader, k->vision, "image_size", &h->image_height, &h->image_width);
    note_guesses(k, d);
}

void vi_clip_read_trunk(vi_clip_config *k, vi_description *d) {
    if (k->vision == NULL) return;
    int32_t pool = vi_config_word(&k->reader, k->vision, "timm_pool", WORDS(trunk_pools), VIT_POOL_MEAN);
    if (pool >= 0) d->hparams.pool = pool;
}

void vi_clip_read_pixels(vi_clip_config *k, const vi_checkpoint *c, vi_description *d) {
    vi_config *g = &k->reader;
    vi_pipeline *p = &d->hparams.pipeline;
    const vi_overrides *o = c->overrides;
    vi_stats stats = !k->present && k->sigmoid ? VI_STATS_HALF : VI_STATS_CLIP;
    p->crop_rounding = VI_CROP_HALF_EVEN;
    p->resize = stats == VI_STATS_HALF ? VIT_RESIZE_SQUASH : VIT_RESIZE_SHORTEST;
    p->resize = vi_config_word(g, k->preprocess, "resize_mode", WORDS(resizes), p->resize);
    p->filter = vi_config_word(g, k->preprocess, "interpolation", WORDS(filters), VIT_FILTER_BICUBIC);
    vi_pipeline_stats(p, stats);
    vi_pipeline_vector(g, k->preprocess, "mean", &d->hparams, p->mean);
    vi_pipeline_vector(g, k->preprocess, "std", &d->hparams, p->std);
    vi_pipeline_fit(&d->hparams, 1);
    if (k->preprocess == NULL && !k->openai && (o->resize < 0 || o->filter < 0 || o->mean_count == 0 || o->std_count == 0))
        vi_note(d, true, "preprocessing: %s, bicubic, %s assumed (options resize, filter, mean, std)",
                p->resize == VIT_RESIZE_SQUASH ? "squash" : "shortest side and centre crop", vi_stats_text(stats));
}

static void read_tokenizer(vi_clip_config *k, vi_description *d, const vi_hparams *text) {
    const vi_json_value *more = vi_config_object(&k->reader, k->text, "tokenizer_kwargs");
    d->tokenizer = (vi_text_options){.origin = k->openai ? VI_TEXT_OPENAI : VI_TEXT_OPEN_CLIP, .context = text->context};
    d->tokenizer.clean = (vi_text_clean)vi_config_word(&k->reader, more, "clean", WORDS(cleans),
                                                       !k->present && k->sigmoid ? VI_CLEAN_CANONICALIZE : VI_CLEAN_DEFAULT);
}

void vi_clip_read_text(vi_clip_config *k, const vi_checkpoint *c, vi_description *d, vi_hparams *text) {
    vi_config *g = &k->reader;
    bool bare_sigmoid = !k->present && k->sigmoid;
    int32_t heads = text->width >= 64 ? text->width / 64 : 1;
    if (!k->openai) heads = vi_guess_heads(text->width);
    text->heads = k->present ? vi_config_int(g, k->text, "heads", 1, VI_MAX_HEADS, 8) : heads;
    text->activation = activation_of(k, k->text);
    text->eps = eps_of(k, k->text);
    text->causal = !vi_config_flag(g, k->text, "no_causal_mask", bare_sigmoid);
    text->pick = vi_config_word(g, k->text, "pool_type", WORDS(text_picks), bare_sigmoid ? VI_PICK_LAST : VI_PICK_LARGEST);
    text->end_token = vi_config_int(g, k->text, "eos_id", 0, VI_MAX_VOCABULARY, 2);
    read_tokenizer(k, d, text);
    if (!k->present && !k->openai && c->overrides->text_heads < 0)
        vi_note(d, true, "text tower: %ld heads of %ld assumed (option text_heads)", (long)text->heads,
                (long)(text->width / text->heads));
}
