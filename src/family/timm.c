/* timm.c: checkpoints with the names of timm's VisionTransformer (also DeiT, DINO, DINOv2 and MAE originals, which took them
 * over). A config.json of timm has no heads, epsilon or activation: these come from the table in timm_arch.c by architecture. */
#include "family/families.h"
#include "family/infer.h"
#include "family/labels.h"
#include "family/timm_arch.h"
#include <stdio.h>
#include <string.h>

static const char rows[] =
    "patch.* patch_embed.proj.*\n"
    "class_token cls_token\n"
    "registers reg_token\n"
    "position pos_embed\n"
    "pre_norm.* norm_pre.*\n"
    "norm.* norm.*\n"
    "fc_norm.* fc_norm.*\n"
    "projection.* visual.head.proj.*\n" /* of open_clip, beside the trunk */
    "projection.* module.visual.head.proj.*\n"
    "head.* head.*\n"
    "dist_token dist_token\n"
    "head_dist.* head_dist.*\n"
    "patch_norm.* patch_embed.norm.*\n"
    "map.latent attn_pool.latent\n"
    "map.q.* attn_pool.q.*\n"
    "map.kv.* attn_pool.kv.*\n"
    "map.proj.* attn_pool.proj.*\n"
    "map.norm.* attn_pool.norm.*\n"
    "map.fc1.* attn_pool.mlp.fc1.*\n"
    "map.fc2.* attn_pool.mlp.fc2.*\n"
    "map.q_norm.* attn_pool.q_norm.*\n"
    "map.k_norm.* attn_pool.k_norm.*\n"
    "rope_freqs rope.freqs\n" /* RoPE-ViT, mixed */
    "norm1.* norm1.*\n"
    "qkv.* attn.qkv.*\n"
    "qkv.weight attn.q_proj.weight attn.k_proj.weight attn.v_proj.weight\n" /* EVA */
    "qkv.bias attn.q_proj.bias ?attn.k_proj.bias attn.v_proj.bias\n"
    "qkv.bias attn.q_bias - attn.v_bias\n"
    "q_norm.* attn.q_norm.*\n"
    "k_norm.* attn.k_norm.*\n"
    "attn_norm.* attn.norm.*\n"
    "proj.* attn.proj.*\n"
    "scale1 ls1.gamma\n"
    "scale1 gamma_1\n"
    "norm2.* norm2.*\n"
    "fc1.* mlp.fc1.*\n"
    "fc2.* mlp.fc2.*\n"
    "fc1.* mlp.fc1_g.* mlp.fc1_x.*\n"
    "mlp_norm.* mlp.norm.*\n"
    "scale2 ls2.gamma\n"
    "scale2 gamma_2\n"
    /* ParallelScalingBlock (ViT-22B): rows of in_proj are those of fc1, then q, k, v; one layer scale for both branches */
    "norm1.* in_norm.*\n"
    "qkv.* in_proj.*[mlp:]\n"
    "fc1.weight in_proj.weight[:-3]\n"
    "fc1.bias mlp_bias\n"
    "fc1.bias in_proj.bias[:-3]\n"
    "q_norm.* q_norm.*\n"
    "k_norm.* k_norm.*\n"
    "proj.* attn_out_proj.*\n"
    "fc2.* mlp_out_proj.*\n"
    "scale1 ls.gamma\n"
    "scale2 ls.gamma\n"
    /* ParallelThingsBlock: several attentions, then several MLPs side by side */
    "norm1.* attns.#.norm.*\n"
    "qkv.* attns.#.attn.qkv.*\n"
    "q_norm.* attns.#.attn.q_norm.*\n"
    "k_norm.* attns.#.attn.k_norm.*\n"
    "proj.* attns.#.attn.proj.*\n"
    "scale1 attns.#.ls.gamma\n"
    "norm2.* ffns.#.norm.*\n"
    "fc1.* ffns.#.mlp.fc1.*\n"
    "fc2.* ffns.#.mlp.fc2.*\n"
    "scale2 ffns.#.ls.gamma\n";

/* BiT's ResNet before the patches of hybrid models; R+Ti/16 has its root alone. */
static const char stem_rows[] =
    "stem.weight patch_embed.backbone.stem.conv.weight\n"
    "stem.norm.* patch_embed.backbone.stem.norm.*\n"
    "stem.weight patch_embed.backbone.conv.weight\n"
    "stem.norm.* patch_embed.backbone.norm.*\n"
    VI_BIT_UNIT_ROWS;
static const vi_stem_names stem = {"patch_embed.backbone.stages.#.blocks.#.", 0, VI_STANDARDISE_TIMM};

#define TRUNK "visual.trunk." /* a tower of open_clip (clip.c), whose vision_cfg stands for config.json */

/* transformers' wrapper of timm models, torch's DataParallel and compile, DINO's and DINOv2's training. */
static const char prefixes[] =
    "-\0timm_model.\0module.\0_orig_mod.\0module.timm_model.\0backbone.\0module.backbone.\0vision_encoder.\0"
    TRUNK "\0module." TRUNK "\0";

static const vi_name_map map = {
    .marker = {"patch_embed.proj.weight", "blocks.0.attn.qkv.weight"},
    .prefixes = prefixes,
    .block = "blocks.",
    .rows = {rows, stem_rows},
};

static const char features[] =
    "rope.periods: a rotary position embedding with stored periods\n"
    "relative_position: relative position bias\n"
    "patch_embed.backbone.layer: a convolutional stem with batch norms\n"
    "patch_embed.backbone.0.: a convolutional stem with batch norms (MobileCLIP)\n"
    "embeds.proj.: NaFlexViT (pictures of any aspect ratio)\n"
    ".lambda_q1: differential attention\n"
    ".out_proj.: one output projection of parallel branches (fuse_out_proj)\n"
    ".attn.gate.: gated attention\n";

static const vi_word activations[] = {
    {"gelu", VIT_ACT_GELU}, {"gelu_tanh", VIT_ACT_GELU_TANH}, {"quick_gelu", VIT_ACT_QUICK_GELU},
    {"relu", VIT_ACT_RELU}, {"silu", VIT_ACT_SILU},           {"swish", VIT_ACT_SILU},
};
#define POOL_NONE 100 /* global_pool "": timm then returns all tokens */
static const vi_word pools[] = {
    {"token", VIT_POOL_TOKEN},     {"avg", VIT_POOL_MEAN},      {"max", VIT_POOL_MAX},
    {"avgmax", VIT_POOL_MEAN_MAX}, {"map", VIT_POOL_ATTENTION}, {"", POOL_NONE},
};
static const vi_word norms[] = {
    {"layernorm", VI_NORM_LAYER}, {"layernormfp32", VI_NORM_LAYER}, {"rmsnorm", VI_NORM_RMS}, {"rmsnormfp32", VI_NORM_RMS}};
static const vi_word attentions[] = {{"", 0}, {"attn", 0}};
static const vi_word crops[] = {{"center", VIT_RESIZE_SHORTEST}, {"squash", VIT_RESIZE_SQUASH}, {"border", VIT_RESIZE_PAD}};
static const vi_word filters[] = {
    {"nearest", VIT_FILTER_NEAREST}, {"lanczos", VIT_FILTER_LANCZOS}, {"bilinear", VIT_FILTER_BILINEAR},
    {"random", VIT_FILTER_BILINEAR}, {"bicubic", VIT_FILTER_BICUBIC}, {"box", VIT_FILTER_BOX},
    {"hamming", VIT_FILTER_HAMMING},
};
#define WORDS(table) table, sizeof table / sizeof *table

/* What one config.json holds. */
typedef struct timm_config {
    vi_config reader;
    const vi_json_value *root;
    const vi_json_value *cfg;  /* pretrained_cfg, or the root of files from before it existed */
    const vi_json_value *args; /* model_args: constructor arguments, over those of the architecture */
    const vi_timm_arch *arch;  /* NULL when unknown */
} timm_config;

static bool open_names(const vi_checkpoint *c, vi_names *n) {
    bool found = vi_names_open(n, c->directory, &map);
    vi_names_stem(n, &stem);
    for (int32_t branch = 1; branch < VI_MAX_BRANCHES; branch++) {
        char name[64];
        snprintf(name, sizeof name, "blocks.0.attns.%ld.attn.qkv.weight", (long)branch);
        if (!vi_names_has(n, name)) break;
        n->branches = branch + 1;
    }
    return found;
}

static int32_t open_config(const vi_checkpoint *c, timm_config *t, vi_description *d, vi_error *e) {
    *t = (timm_config){.reader = {VI_CONFIG_FILE, e, VIT_OK}, .root = c->config};
    d->read_config = true;
    t->cfg = vi_config_object(&t->reader, t->root, "pretrained_cfg");
    if (t->cfg == NULL) t->cfg = t->root;
    t->args = vi_config_object(&t->reader, t->root, "model_args");
    const char *name = vi_config_text(&t->reader, t->root, "architecture", "");
    if (name[0] == '\0') name = vi_config_text(&t->reader, t->root, "timm_model_name", "");
    vi_printable(d->hparams.architecture, sizeof d->hparams.architecture, name, strlen(name));
    t->arch = name[0] != '\0' ? vi_timm_arch_find(name) : NULL;
    if (t->arch != NULL && (t->arch->flags & VI_ARCH_OTHER))
        return vi_fail(e, VIT_ERROR_UNSUPPORTED,
                       "config.json: architecture %s (another model with the same tensor names) is not supported",
                       d->hparams.architecture);
    return t->reader.status;
}

/* Constructor arguments that make another model of the same tensors. */
static void refuse_arguments(timm_config *t) {
    vi_config *g = &t->reader;
    if (vi_config_get(t->args, "block_fn") != NULL)
        g->status = vi_fail(g->error, VIT_ERROR_UNSUPPORTED, "config.json: block_fn is not supported");
    vi_config_word(g, t->args, "attn_layer", WORDS(attentions), 0);
}

static const vi_word ropes[] = {{"cat", VI_ROPE_PAIRS}, {"mixed", VI_ROPE_MIXED}, {"dinov3", VI_ROPE_HALVES}};
static const vi_word indexings[] = {{"ij", 0}, {"xy", 1}};
static const vi_word eva_attentions[] = {{"eva", 0}, {"rope", 0}};

static bool has_flag(const timm_config *t, int32_t flag) { return t->arch != NULL && (t->arch->flags & flag) != 0; }

/* Rotary positions: by architecture or model_args; only learned frequencies show in the tensors. */
static void read_rope(timm_config *t, const vi_names *n, vi_hparams *h) {
    vi_config *g = &t->reader;
    int32_t known = has_flag(t, VI_ARCH_PAIRS) ? VI_ROPE_PAIRS : has_flag(t, VI_ARCH_HALVES) ? VI_ROPE_HALVES : VI_ROPE_NONE;
    bool learned = vi_names_find(n, VI_ROPE_FREQS, 0) != NULL;
    if (learned || has_flag(t, VI_ARCH_MIXED)) known = VI_ROPE_MIXED;
    bool rotates = vi_config_flag(g, t->args, "use_rot_pos_emb", known != VI_ROPE_NONE);
    int32_t rope = vi_config_word(g, t->args, "rope_type", WORDS(ropes), known != VI_ROPE_NONE ? known : VI_ROPE_PAIRS);
    int32_t columns = vi_config_word(g, t->args, "rope_grid_indexing", WORDS(indexings), learned || has_flag(t, VI_ARCH_COLUMNS));
    double offset = vi_config_real(g, t->args, "rope_grid_offset", -1e6, 1e6, has_flag(t, VI_ARCH_FROM_ONE));
    double theta = has_flag(t, VI_ARCH_THETA_100) || known == VI_ROPE_HALVES ? 100 : 10000;
    vi_config_word(g, t->args, "attn_type", WORDS(eva_attentions), 0);
    bool halves = vi_config_flag(g, t->args, "rope_rotate_half", known == VI_ROPE_HALVES);
    bool odd = vi_config_get(t->args, "num_kv_heads") != NULL || halves != (rotates && rope == VI_ROPE_HALVES) ||
               (rope == VI_ROPE_HALVES && (offset != 0 || columns)) || (rope == VI_ROPE_MIXED && !columns);
    if (odd && g->status == VIT_OK)
        g->status = vi_fail(g->error, VIT_ERROR_UNSUPPORTED, "config.json: model_args make a kind of EVA that is not supported");
    if (!rotates) return;
    h->rope = rope;
    h->rope_theta = (float)vi_config_real(g, t->args, "rope_temperature", 1, 1e9, theta);
    if (rope != VI_ROPE_PAIRS) return;
    h->rope_offset = (float)offset;
    h->rope_columns_first = columns;
    h->rope_width = h->rope_height = t->arch != NULL ? t->arch->rope_grid : 0;
    vi_config_size(g, t->args, "ref_feat_shape", &h->rope_height, &h->rope_width);
}

/* What else no tensor shows: where the norms are, what pooling takes. */
static void read_structure(timm_config *t, const vi_names *n, vi_hparams *h) {
    vi_config *g = &t->reader;
    bool post = vi_config_flag(g, t->args, "use_post_norm", has_flag(t, VI_ARCH_POST));
    if (post) h->block = VI_BLOCK_POST;
    h->pool_prefix = vi_config_flag(g, t->args, "pool_include_prefix", has_flag(t, VI_ARCH_POOL_PREFIX));
    h->map_heads = vi_config_int(g, t->args, "attn_pool_num_heads", 1, VI_MAX_HEADS, has_flag(t, VI_ARCH_MAP_HEADS_8) ? 8 : 0);
    read_rope(t, n, h);
}

/* EVA-02 and DINOv3 without the name of an architecture: they would be taken for models without rotary positions. */
static int32_t refuse_nameless_eva(const timm_config *t, const vi_names *n, const vi_hparams *h, vi_error *e) {
    static const char *const signs[] = {"q_proj.weight", "q_bias"};
    if (t->arch != NULL || h->rope != VI_ROPE_NONE || vi_config_get(t->args, "use_rot_pos_emb") != NULL) return VIT_OK;
    for (size_t i = 0; i < 2; i++) {
        char name[VI_MAX_NAME + 1];
        snprintf(name, sizeof name, "%sblocks.0.attn.%s", n->prefix, signs[i]);
        if (vi_directory_find(n->directory, name) == NULL) continue;
        return vi_fail(e, VIT_ERROR_UNSUPPORTED,
                       "%s: tensor '%s': an EVA model of an unknown architecture is not supported (option config)",
                       n->directory->reader->name, name);
    }
    return VIT_OK;
}

/* pretrained_cfg.input_size [C, H, W], over it model_args.img_size and in_chans. *source: who said the size, NULL: nobody. */
static int32_t read_input(timm_config *t, const vi_names *n, vi_hparams *h, const char **source, vi_error *e) {
    vi_config *g = &t->reader;
    *source = NULL;
    int32_t size[3] = {0};
    if (vi_config_ints(g, t->cfg, "input_size", 1, VI_MAX_SIDE, size, 3)) {
        *source = "config.json: input_size";
        h->image_height = size[1];
        h->image_width = size[2];
    }
    int32_t channels = vi_config_int(g, t->args, "in_chans", 1, VI_MAX_CHANNELS, size[0]);
    if (strstr(n->prefix, TRUNK) != NULL && vi_config_size(g, t->root, "image_size", &h->image_height, &h->image_width))
        *source = "open_clip_config.json: image_size";
    if (vi_config_size(g, t->args, "img_size", &h->image_height, &h->image_width)) *source = "config.json: model_args.img_size";
    if (g->status != VIT_OK) return g->status;
    return channels > 0 ? vi_agree(n, VI_PATCH_W, "input_size's number of channels", channels, h->channels, e) : VIT_OK;
}

static int32_t read_classes(timm_config *t, const vi_names *n, vi_description *d, vi_error *e) {
    int32_t found = d->hparams.classes;
    int32_t classes = vi_config_int(&t->reader, t->cfg, "num_classes", 0, VI_MAX_CLASSES, found);
    classes = vi_config_int(&t->reader, t->root, "num_classes", 0, VI_MAX_CLASSES, classes);
    classes = vi_config_int(&t->reader, t->args, "num_classes", 0, VI_MAX_CLASSES, classes);
    if (t->reader.status != VIT_OK) return t->reader.status;
    if (vi_names_find(n, VI_HEAD_W, 0) != NULL) return vi_agree(n, VI_HEAD_W, "num_classes", classes, found, e);
    if (classes > 0) vi_note(d, false, "head: config.json says %ld classes, but there is none in the file", (long)classes);
    return VIT_OK;
}

/* Published files without a config.json, by what their names begin with: pixels in ImageNet's mean and std. */
static const char *const imagenet_files[] = {"deit", "dino", "mae_"};

static bool file_begins(const vi_checkpoint *c, const char *start) {
    const char *name = c->directory->reader->name, *slash = strrchr(name, '/');
    return strncmp(slash != NULL ? slash + 1 : name, start, strlen(start)) == 0;
}

/* Heads, epsilon and activation: from model_args, the architecture, or guessed. */
static void read_numbers(const vi_checkpoint *c, timm_config *t, const vi_names *n, vi_description *d) {
    vi_hparams *h = &d->hparams;
    vi_config *g = &t->reader;
    bool pre_norm = vi_names_find(n, VI_PRE_NORM_G, 0) != NULL;
    bool five = t->arch != NULL ? (t->arch->flags & VI_ARCH_EPS5) != 0 : pre_norm;
    bool named = vi_config_get(t->args, "norm_layer") != NULL; /* a bare LayerNorm of timm has 1e-6 */
    vi_config_word(g, t->args, "norm_layer", WORDS(norms), h->norm_kind);
    h->eps = five && !named ? 1e-5f : 1e-6f;
    if (t->arch == NULL && !named && c->overrides->eps < 0)
        vi_note(d, true, "epsilon: %s assumed (option eps)", five ? "1e-5, as in CLIP models," : "1e-6");

    int32_t activation = vi_config_word(g, t->args, "act_layer", WORDS(activations), -1);
    int32_t usual = h->ffn == VI_FFN_SWIGLU ? VIT_ACT_SILU : VIT_ACT_GELU;
    h->activation = activation >= 0 ? activation : t->arch != NULL ? t->arch->activation : usual;
    if (activation < 0 && t->arch == NULL && c->overrides->activation < 0)
        vi_note(d, true, "activation: %s assumed (option activation)", usual == VIT_ACT_SILU ? "SiLU" : "GELU with erf");

    int32_t heads = vi_config_int(g, t->args, "num_heads", 1, VI_MAX_HEADS, t->arch != NULL ? t->arch->heads : 0);
    h->heads = heads > 0 ? heads : vi_guess_heads(h->width);
    if (heads == 0 && c->overrides->heads < 0)
        vi_note(d, true, "heads: %ld of %ld assumed (option heads)", (long)h->heads, (long)(h->width / h->heads));

    bool bilinear = t->arch != NULL && (t->arch->flags & VI_ARCH_BILINEAR_POSITIONS);
    h->position = bilinear ? VIT_POSITION_BILINEAR : VIT_POSITION_BICUBIC_ANTIALIAS;
    if (t->arch == NULL && file_begins(c, "dino")) h->position = VIT_POSITION_BICUBIC_OFFSET;
}

/* Says where the model pools by itself: the norm of models that pool patch tokens comes after pooling and is called fc_norm. */
static int32_t pool_of_tensors(const vi_checkpoint *c, const vi_names *n, vi_description *d) {
    bool norm = vi_names_find(n, VI_NORM_G, 0) != NULL, fc_norm = vi_names_find(n, VI_FC_NORM_G, 0) != NULL;
    if (vi_names_find(n, VI_MAP_LATENT, 0) != NULL) return VIT_POOL_ATTENTION;
    if (!d->hparams.class_token || (fc_norm && !norm)) return VIT_POOL_MEAN;
    if (!norm && c->overrides->pool < 0)
        vi_note(d, true, "pooling: class token assumed, the model has no final norm (option pool)");
    return VIT_POOL_TOKEN;
}

static int32_t read_pool(const vi_checkpoint *c, timm_config *t, const vi_names *n, vi_description *d, vi_error *e) {
    vi_hparams *h = &d->hparams;
    int32_t pool = vi_config_word(&t->reader, t->root, "global_pool", WORDS(pools), -1);
    pool = vi_config_word(&t->reader, t->cfg, "global_pool", WORDS(pools), pool);
    pool = vi_config_word(&t->reader, t->args, "global_pool", WORDS(pools), pool);
    if (t->reader.status != VIT_OK) return t->reader.status;
    if (pool == VIT_POOL_TOKEN && !h->class_token && c->overrides->pool < 0)
        return vi_fail(e, VIT_ERROR_MODEL, "config.json: global_pool is 'token', but there is no tensor 'cls_token'");
    if (pool == POOL_NONE && c->overrides->pool < 0)
        vi_note(d, true, "pooling: config.json says none, %s assumed (option pool)",
                h->class_token ? "class token" : "mean of the patches");
    if (pool == POOL_NONE) pool = h->class_token ? VIT_POOL_TOKEN : VIT_POOL_MEAN;
    bool attends = vi_names_find(n, VI_MAP_LATENT, 0) != NULL;
    if (pool < 0 && t->arch != NULL && !attends) pool = t->arch->flags & VI_ARCH_MEAN ? VIT_POOL_MEAN : VIT_POOL_TOKEN;
    h->pool = pool >= 0 ? pool : pool_of_tensors(c, n, d);
    return VIT_OK;
}

/* Preprocessing of a model whose config says nothing about it: that of the architecture, else of timm's ViTs at large. Tiny
 * inputs (CIFAR, MNIST) are not enlarged to be cropped. */
static void assume_pipeline(const vi_checkpoint *c, const timm_config *t, vi_description *d) {
    vi_pipeline *p = &d->hparams.pipeline;
    const vi_timm_arch *arch = t->arch;
    double crop = arch != NULL ? arch->crop / 1000.0 : d->hparams.image_width < 128 || d->hparams.image_height < 128 ? 1.0 : 0.9;
    vi_stats stats = arch != NULL ? (vi_stats)arch->stats : VI_STATS_HALF;
    for (size_t i = 0; arch == NULL && i < sizeof imagenet_files / sizeof *imagenet_files; i++)
        if (file_begins(c, imagenet_files[i])) stats = VI_STATS_IMAGENET;
    p->resize = arch != NULL && (arch->flags & VI_ARCH_SQUASH) ? VIT_RESIZE_SQUASH : VIT_RESIZE_SHORTEST;
    p->filter = arch != NULL && (arch->flags & VI_ARCH_BILINEAR) ? VIT_FILTER_BILINEAR : VIT_FILTER_BICUBIC;
    vi_pipeline_stats(p, stats);
    vi_pipeline_fit(&d->hparams, crop);
    const vi_overrides *o = c->overrides;
    if (o->mean_count == 0 || o->std_count == 0) vi_note(d, true, "pixels: %s assumed (options mean, std)", vi_stats_text(stats));
    if (o->resize < 0 || o->filter < 0)
        vi_note(d, true, "resizing: %s, %s, crop_pct %d/1000 assumed (options resize, filter, crop)",
                p->resize == VIT_RESIZE_SQUASH ? "squash" : "shortest side",
                p->filter == VIT_FILTER_BILINEAR ? "bilinear" : "bicubic", (int)(crop * 1000 + 0.5));
}

/* What a present pretrained_cfg leaves out is what timm's resolve_data_config puts there. */
static int32_t read_pipeline(const vi_checkpoint *c, timm_config *t, vi_description *d) {
    vi_hparams *h = &d->hparams;
    vi_pipeline *p = &h->pipeline;
    vi_config *g = &t->reader;
    p->crop_rounding = VI_CROP_HALF_EVEN;
    bool any = vi_config_get(t->cfg, "mean") != NULL || vi_config_get(t->cfg, "std") != NULL ||
               vi_config_get(t->cfg, "interpolation") != NULL || vi_config_get(t->cfg, "crop_pct") != NULL;
    if (!any) {
        assume_pipeline(c, t, d);
        return g->status;
    }
    p->resize = vi_config_word(g, t->cfg, "crop_mode", WORDS(crops), VIT_RESIZE_SHORTEST);
    p->filter = vi_config_word(g, t->cfg, "interpolation", WORDS(filters), VIT_FILTER_BICUBIC);
    vi_pipeline_stats(p, VI_STATS_IMAGENET);
    bool mean = vi_pipeline_vector(g, t->cfg, "mean", h, p->mean), std = vi_pipeline_vector(g, t->cfg, "std", h, p->std);
    if ((!mean && c->overrides->mean_count == 0) || (!std && c->overrides->std_count == 0))
        vi_note(d, true, "pixels: %s assumed where config.json has none (options mean, std)", vi_stats_text(VI_STATS_IMAGENET));
    vi_pipeline_fit(h, vi_config_real(g, t->cfg, "crop_pct", 0.1, 1, 0.875));
    return g->status;
}

static int32_t hparams(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    vi_names n;
    timm_config t;
    const char *source;
    open_names(c, &n);
    int32_t status = vi_names_refuse(&n, features, e);
    if (status == VIT_OK) status = open_config(c, &t, d, e);
    if (status == VIT_OK) status = vi_infer_shapes(&n, d, e);
    if (status == VIT_OK) status = read_input(&t, &n, &d->hparams, &source, e);
    if (status != VIT_OK) return status;

    refuse_arguments(&t);
    int32_t covers = VI_COVERS_UNKNOWN;
    if (source == NULL && t.arch != NULL) covers = !(t.arch->flags & VI_ARCH_BARE);
    if (vi_config_get(t.args, "no_embed_class") != NULL) covers = !vi_config_flag(&t.reader, t.args, "no_embed_class", false);
    if (t.reader.status != VIT_OK) return t.reader.status;
    read_structure(&t, &n, &d->hparams);
    if (t.reader.status != VIT_OK) return t.reader.status;
    status = refuse_nameless_eva(&t, &n, &d->hparams, e);
    d->hparams.positionless = d->hparams.rope != VI_ROPE_NONE && source != NULL && vi_names_find(&n, VI_POSITION, 0) == NULL;
    if (status == VIT_OK && !d->hparams.positionless) status = vi_infer_positions(&n, covers, source, d, e);
    if (status == VIT_OK) status = read_classes(&t, &n, d, e);
    if (status != VIT_OK) return status;
    read_numbers(c, &t, &n, d);
    status = read_pool(c, &t, &n, d, e);
    if (status != VIT_OK || strstr(n.prefix, TRUNK) != NULL) return status; /* open_clip says how pictures are prepared */
    return read_pipeline(c, &t, d);
}

static int32_t bind(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    vi_names n;
    open_names(c, &n);
    int32_t status = vi_names_bind(&n, d, e);
    bool biased = d->model[VI_PATCH_B].parts > 0 || d->model[VI_PRE_NORM_G].parts > 0; /* timm leaves it out before a norm only */
    return status == VIT_OK && !biased ? vi_names_missing(&n, VI_PATCH_B, 0, e) : status;
}

/* label_names: a list or {"0": name}; older files have labels. ImageNet's are synset ids, with words in label_descriptions. */
static int32_t labels(const vi_checkpoint *c, vi_description *d, vi_allocator *a, vi_error *e) {
    const vi_json_value *cfg = vi_config_get(c->config, "pretrained_cfg"), *from = c->config;
    if (vi_config_get(from, "label_names") == NULL && vi_config_get(cfg, "label_names") != NULL) from = cfg;
    const vi_json_value *names = vi_config_get(from, "label_names");
    if (names == NULL) names = vi_config_get(c->config, "labels");
    return vi_labels_from_json(d, names, vi_config_get(from, "label_descriptions"), a, e);
}

/* Used in training only (masked patches, DINO's projection heads, MAE's decoder), or dropped by timm itself (pre_logits). */
static bool ignore(const char *name) {
    static const char *const known[] = {"mask_token",      "pre_logits.",   "head.mlp.",     "head.last_layer.",
                                        "dino_head.",      "ibot_head.",    "decoder_embed", "decoder_pos_embed",
                                        "decoder_blocks.", "decoder_norm.", "decoder_pred."};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(name, known[i]) != NULL) return true;
    return false;
}

const vi_family vi_family_timm = {
    .name = "timm",
    .open = open_names,
    .hparams = hparams,
    .bind = bind,
    .labels = labels,
    .ignore = ignore,
};
