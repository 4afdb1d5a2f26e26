/* processor.c: preprocessor_config.json of transformers -> hparams.pipeline. Only fields that differ from the class's defaults
 * need be stored, so the defaults are here (image_processing_*.py of transformers). */
#include "family/pipeline.h"

#include <string.h>

typedef struct processor {
    char type[12];    /* what the class name starts with: "ViT" for ViTImageProcessor and the older ViTFeatureExtractor */
    int32_t resize;   /* SQUASH or SHORTEST */
    int32_t number;   /* the same of a size that is one number */
    int32_t resize_side;
    int32_t crop_side; /* 0: no centre crop */
    int32_t filter;
    vi_stats stats;
} processor;

/* The last two are no classes: what the published models of a family have in their files, where a model comes without one. */
static const processor processors[] = {
    {"ViTHybrid", VIT_RESIZE_SHORTEST, VIT_RESIZE_SHORTEST, 224, 224, VIT_FILTER_BICUBIC, VI_STATS_CLIP}, /* before ViT */
    {"ViT", VIT_RESIZE_SQUASH, VIT_RESIZE_SQUASH, 224, 0, VIT_FILTER_BILINEAR, VI_STATS_HALF},
    {"DeiT", VIT_RESIZE_SQUASH, VIT_RESIZE_SQUASH, 256, 224, VIT_FILTER_BICUBIC, VI_STATS_HALF},
    {"CLIP", VIT_RESIZE_SHORTEST, VIT_RESIZE_SHORTEST, 224, 224, VIT_FILTER_BICUBIC, VI_STATS_CLIP},
    {"Bit", VIT_RESIZE_SHORTEST, VIT_RESIZE_SHORTEST, 224, 224, VIT_FILTER_BICUBIC, VI_STATS_CLIP},
    {"DINOv3", VIT_RESIZE_SQUASH, VIT_RESIZE_SQUASH, 224, 0, VIT_FILTER_BILINEAR, VI_STATS_IMAGENET},
    {"Siglip", VIT_RESIZE_SQUASH, VIT_RESIZE_SHORTEST, 224, 0, VIT_FILTER_BICUBIC, VI_STATS_HALF},
    {"DINOv2", VIT_RESIZE_SHORTEST, VIT_RESIZE_SHORTEST, 256, 224, VIT_FILTER_BICUBIC, VI_STATS_IMAGENET},
    {"MAE", VIT_RESIZE_SQUASH, VIT_RESIZE_SQUASH, 224, 0, VIT_FILTER_BICUBIC, VI_STATS_IMAGENET},
};

/* Sizes as the file gives them, before they are fitted to the model's input. */
typedef struct sizes {
    int32_t resize_width, resize_height;
    bool crop;
    int32_t width, height; /* after the crop, or after squashing; 0: not fixed */
} sizes;

static const processor *processor_of(const char *type) {
    for (size_t i = 0; i < sizeof processors / sizeof *processors; i++)
        if (strncmp(type, processors[i].type, strlen(processors[i].type)) == 0) return &processors[i];
    return NULL;
}

/* Row of the class that the file names, else of the family's. */
static const processor *named_processor(vi_config *g, const vi_json_value *file, const char *type, vi_description *d) {
    const char *name = vi_config_text(g, file, "image_processor_type", NULL);
    if (name == NULL) name = vi_config_text(g, file, "feature_extractor_type", NULL);
    const processor *row = name != NULL ? processor_of(name) : NULL;
    char text[64];
    if (name != NULL && row == NULL)
        vi_note(d, true, "preprocessing: %s is not known, read as that of %s (option preprocessor)",
                vi_printable(text, sizeof text, name, strlen(name)), type);
    return row != NULL ? row : processor_of(type);
}

/* "size": a side, [height, width], {"height", "width"} or {"shortest_edge"}. Returns VIT_RESIZE_*. */
static int32_t read_size(vi_config *g, const vi_json_value *file, const processor *row, sizes *s) {
    s->resize_width = s->resize_height = row->resize_side;
    const vi_json_value *size = vi_config_get(file, "size");
    if (size == NULL) return row->resize;
    if (size->kind == VI_JSON_OBJECT && vi_config_get(size, "height") == NULL) {
        s->resize_width = s->resize_height = vi_config_int(g, size, "shortest_edge", 1, VI_MAX_SIDE, 0);
        if (g->status == VIT_OK && (s->resize_width == 0 || vi_config_get(size, "longest_edge") != NULL))
            g->status =
                vi_fail(g->error, VIT_ERROR_UNSUPPORTED,
                        "%s: size must be height and width, or shortest_edge alone; other forms are not supported", g->file);
        return VIT_RESIZE_SHORTEST;
    }
    vi_config_size(g, file, "size", &s->resize_height, &s->resize_width);
    return size->kind == VI_JSON_NUMBER ? row->number : VIT_RESIZE_SQUASH;
}

static int32_t read_sizes(vi_config *g, const vi_json_value *file, const processor *row, sizes *s) {
    int32_t resize = read_size(g, file, row, s);
    if (!vi_config_flag(g, file, "do_resize", true)) resize = VIT_RESIZE_NONE;
    s->crop = vi_config_flag(g, file, "do_center_crop", row->crop_side > 0);
    s->width = s->height = 0;
    if (s->crop) {
        s->width = s->height = row->crop_side > 0 ? row->crop_side : 224;
        vi_config_size(g, file, "crop_size", &s->height, &s->width);
        if (resize == VIT_RESIZE_NONE && g->status == VIT_OK)
            g->status =
                vi_fail(g->error, VIT_ERROR_UNSUPPORTED, "%s: do_center_crop without do_resize is not supported", g->file);
    } else if (resize == VIT_RESIZE_SQUASH) {
        s->width = s->resize_width;
        s->height = s->resize_height;
    }
    return resize;
}

static int32_t scaled(int32_t side, int32_t to, int32_t from) {
    int64_t n = (int64_t)side * to / from;
    return n < 1 ? 1 : n > VI_MAX_SIDE ? VI_MAX_SIDE : (int32_t)n;
}

/* The processor's output size must be the model's input size; where it is not, the resize size grows or shrinks with it. */
static void fit_sizes(const vi_checkpoint *c, const sizes *s, vi_description *d) {
    vi_hparams *h = &d->hparams;
    vi_pipeline *p = &h->pipeline;
    vi_pipeline_fit(h, 1);
    if (p->resize == VIT_RESIZE_NONE) return;
    int32_t width = s->width, height = s->height;
    if (width == 0) {
        width = p->width;
        height = p->height;
        if (c->overrides->resize < 0)
            vi_note(d, true, "preprocessing: centre crop to %ldx%ld assumed, %s has none (option resize)", (long)width,
                    (long)height, VI_PREPROCESSOR_FILE);
    } else if (width != p->width || height != p->height) {
        vi_note(d, true, "preprocessing: %s makes %ldx%ld, scaled to the model's %ldx%ld (option preprocessor)",
                VI_PREPROCESSOR_FILE, (long)width, (long)height, (long)p->width, (long)p->height);
    }
    p->resize_width = scaled(s->resize_width, p->width, width);
    p->resize_height = scaled(s->resize_height, p->height, height);
}

static void read_numbers(vi_config *g, const vi_json_value *file, const vi_hparams *h, vi_pipeline *p) {
    bool rescale = vi_config_flag(g, file, "do_rescale", true);
    double factor = vi_config_real(g, file, "rescale_factor", 1e-9, 1e3, 1.0 / 255.0);
    p->scale = rescale ? (float)factor : 1.0f;
    if (vi_config_flag(g, file, "do_normalize", true)) {
        vi_pipeline_vector(g, file, "image_mean", h, p->mean);
        vi_pipeline_vector(g, file, "image_std", h, p->std);
    } else {
        vi_pipeline_stats(p, VI_STATS_UNIT);
    }
}

/* No file: the class's defaults, squashed or cropped to whatever the model takes. */
static int32_t assume_defaults(const vi_checkpoint *c, const processor *row, vi_description *d) {
    vi_pipeline_fit(&d->hparams, row->crop_side > 0 ? (double)row->crop_side / row->resize_side : 1);
    const vi_overrides *o = c->overrides;
    if (o->resize < 0 || o->filter < 0 || o->mean_count == 0 || o->std_count == 0)
        vi_note(d, true, "preprocessing: no %s, that of %s assumed: %s, %s, %s (options preprocessor, resize, filter, mean, std)",
                VI_PREPROCESSOR_FILE, row->type, row->resize == VIT_RESIZE_SQUASH ? "squash" : "shortest side",
                row->filter == VIT_FILTER_BICUBIC ? "bicubic" : "bilinear", vi_stats_text(row->stats));
    return VIT_OK;
}

int32_t vi_processor_pipeline(const vi_checkpoint *c, const char *type, vi_description *d, vi_error *e) {
    vi_config g = {VI_PREPROCESSOR_FILE, e, VIT_OK};
    const processor *row = named_processor(&g, c->preprocessor, type, d);
    d->read_preprocessor = true;
    vi_pipeline *p = &d->hparams.pipeline;
    p->resize = row->resize;
    p->filter = row->filter;
    p->crop_rounding = VI_CROP_FLOOR;
    vi_pipeline_stats(p, row->stats);
    if (c->preprocessor == NULL) return assume_defaults(c, row, d);

    sizes s;
    p->resize = read_sizes(&g, c->preprocessor, row, &s);
    p->filter =
        vi_config_int(&g, c->preprocessor, "resample", VIT_FILTER_NEAREST, VIT_FILTER_HAMMING, row->filter); /* Pillow's */
    read_numbers(&g, c->preprocessor, &d->hparams, p);
    if (g.status != VIT_OK) return g.status;
    fit_sizes(c, &s, d);
    return VIT_OK;
}
