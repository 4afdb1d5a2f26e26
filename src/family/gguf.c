/* gguf.c: vision towers in GGUF as llama.cpp (mtmd) and clip.cpp name them: "v.blk.0.attn_q.weight", numbers in named values
 * ("clip.vision.block_count"). CLIP, SigLIP and plain ViTs; the text tower of clip.cpp's files is not used. Files with a
 * projector to a language model are refused: what they give is not an embedding of pictures. */
#include "family/families.h"
#include "family/infer.h"
#include "family/pipeline.h"
#include <string.h>

static const vi_name_row rows[] = {
    {.slot = VI_PATCH_W, .part = {"v.patch_embd.weight"}},
    {.slot = VI_PATCH_B, .part = {"v.patch_embd.bias"}},
    {.slot = VI_CLASS_TOKEN, .part = {"v.class_embd"}},
    {.slot = VI_POSITION, .part = {"v.position_embd.weight"}},
    {.slot = VI_PRE_NORM_G, .part = {"v.pre_ln.weight"}},
    {.slot = VI_PRE_NORM_B, .part = {"v.pre_ln.bias"}},
    {.slot = VI_NORM_G, .part = {"v.post_ln.weight"}},
    {.slot = VI_NORM_B, .part = {"v.post_ln.bias"}},
    {.slot = VI_PROJECTION_W, .part = {"visual_projection.weight"}}, /* clip.cpp */
    {.slot = VI_NORM1_G, .part = {"ln1.weight"}},
    {.slot = VI_NORM1_B, .part = {"ln1.bias"}},
    {.slot = VI_QKV_W, .part = {"attn_qkv.weight"}},
    {.slot = VI_QKV_B, .part = {"attn_qkv.bias"}},
    {.slot = VI_QKV_W, .part = {"attn_q.weight", "attn_k.weight", "attn_v.weight"}},
    {.slot = VI_QKV_B, .part = {"attn_q.bias", "?attn_k.bias", "attn_v.bias"}},
    {.slot = VI_Q_NORM_G, .part = {"attn_q_norm.weight"}},
    {.slot = VI_Q_NORM_B, .part = {"attn_q_norm.bias"}},
    {.slot = VI_K_NORM_G, .part = {"attn_k_norm.weight"}},
    {.slot = VI_K_NORM_B, .part = {"attn_k_norm.bias"}},
    {.slot = VI_PROJ_W, .part = {"attn_out.weight"}},
    {.slot = VI_PROJ_B, .part = {"attn_out.bias"}},
    {.slot = VI_SCALE1, .part = {"ls1.weight"}},
    {.slot = VI_NORM2_G, .part = {"ln2.weight"}},
    {.slot = VI_NORM2_B, .part = {"ln2.bias"}},
    {.slot = VI_SCALE2, .part = {"ls2.weight"}},
};

/* Older converters call the first layer of the MLP "down" and the second "up". */
static const vi_name_row usual[] = {
    {.slot = VI_FC1_W, .part = {"ffn_up.weight"}},
    {.slot = VI_FC1_B, .part = {"ffn_up.bias"}},
    {.slot = VI_FC2_W, .part = {"ffn_down.weight"}},
    {.slot = VI_FC2_B, .part = {"ffn_down.bias"}},
};
static const vi_name_row swapped[] = {
    {.slot = VI_FC1_W, .part = {"ffn_down.weight"}},
    {.slot = VI_FC1_B, .part = {"ffn_down.bias"}},
    {.slot = VI_FC2_W, .part = {"ffn_up.weight"}},
    {.slot = VI_FC2_B, .part = {"ffn_up.bias"}},
};
static const vi_name_row gated[] = {
    {.slot = VI_FC1_W, .part = {"ffn_gate.weight", "ffn_up.weight"}},
    {.slot = VI_FC1_B, .part = {"ffn_gate.bias", "ffn_up.bias"}},
    {.slot = VI_FC2_W, .part = {"ffn_down.weight"}},
    {.slot = VI_FC2_B, .part = {"ffn_down.bias"}},
};

#define MAP(more)                                                                                                                \
    { {"v.patch_embd.weight"}, "v.blk.", rows, sizeof rows / sizeof *rows, more, 4, false }
static const vi_name_map maps[] = {MAP(usual), MAP(swapped), MAP(gated)};

static const vi_feature features[] = {
    {"mm.", "a projector to a language model"},
    {"v.blk.0.attn_post_norm", "norms before and after the branches"},
    {"v.deepstack.", "features of several layers"},
    {"v.sam.", "a second encoder (SAM)"},
    {"a.blk.", "an audio encoder"},
};

static bool open_names(const vi_checkpoint *c, vi_names *n) {
    static const char *const prefixes[] = {""};
    if (!vi_names_open(n, c->directory, &maps[0], prefixes, 1)) return false;
    const vi_tensor *patch = vi_names_find(n, VI_PATCH_W, 0), *up = vi_names_find(n, VI_FC1_W, 0);
    if (vi_names_has(n, "v.blk.0.ffn_gate.weight"))
        n->map = &maps[2];
    else if (up != NULL && up->rank == 2 && patch->rank > 0 && up->shape[0] == patch->shape[0] && up->shape[1] != patch->shape[0])
        n->map = &maps[1];
    return true;
}

static bool detect(const vi_checkpoint *c) {
    vi_names n;
    return open_names(c, &n);
}

/* ---- named values ---------------------------------------------------------------------------------------------------------- */

/* 0 when the file does not say. */
static int64_t number(const vi_names *n, const char *key) {
    int64_t value = 0;
    return vi_named_int(n->directory, key, &value) ? value : 0;
}

static int32_t agree(const vi_names *n, const char *key, int32_t found, vi_error *e) {
    int64_t value = found;
    if (!vi_named_int(n->directory, key, &value) || value == found) return VIT_OK;
    return vi_fail(e, VIT_ERROR_MODEL, "%s: %s is %lld, but the tensors give %ld", n->directory->reader->name, key,
                   (long long)value, (long)found);
}

static int32_t check_numbers(const vi_names *n, const vi_hparams *h, vi_error *e) {
    const struct {
        const char *key;
        int32_t found;
    } keys[] = {
        {"clip.vision.embedding_length", h->width},
        {"clip.vision.block_count", h->depth},
        {"clip.vision.feed_forward_length", h->mlp},
        {"clip.vision.patch_size", h->patch_width},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        int32_t status = agree(n, keys[i].key, keys[i].found, e);
        if (status != VIT_OK) return status;
    }
    return VIT_OK;
}

static int32_t read_size(const vi_names *n, vi_description *d, vi_error *e) {
    int64_t side = number(n, "clip.vision.image_size");
    if (side < 0 || side > VI_MAX_SIDE)
        return vi_fail(e, VIT_ERROR_MODEL, "%s: clip.vision.image_size is %lld, expected 1..%d", n->directory->reader->name,
                       (long long)side, VI_MAX_SIDE);
    d->hparams.image_width = d->hparams.image_height = (int32_t)side;
    return vi_infer_positions(n, VI_COVERS_ALL, side > 0 ? "clip.vision.image_size" : NULL, d, e);
}

/* clip.use_gelu is written for both forms of GELU; SigLIP, which has no class token, means the one with tanh. */
static void read_activation(const vi_checkpoint *c, const vi_names *n, vi_description *d) {
    vi_hparams *h = &d->hparams;
    bool gelu = number(n, "clip.use_gelu") != 0, silu = number(n, "clip.use_silu") != 0;
    int32_t kind = h->class_token ? VIT_ACT_GELU : VIT_ACT_GELU_TANH;
    h->activation = silu ? VIT_ACT_SILU : gelu ? kind : VIT_ACT_QUICK_GELU;
    if (gelu && !silu && c->overrides->activation < 0)
        vi_note(d, true, "activation: clip.use_gelu taken as GELU with %s (option activation)", h->class_token ? "erf" : "tanh");
}

static void read_numbers(const vi_checkpoint *c, const vi_names *n, vi_description *d) {
    vi_hparams *h = &d->hparams;
    double eps;
    bool said = vi_named_reals(n->directory, "clip.vision.attention.layer_norm_epsilon", &eps, 1) == 1;
    h->eps = said ? (float)eps : 1e-5f;
    if (!said && c->overrides->eps < 0) vi_note(d, true, "epsilon: 1e-5 assumed (option eps)");
    int64_t heads = number(n, "clip.vision.attention.head_count");
    h->heads = heads > 0 && heads <= VI_MAX_HEADS ? (int32_t)heads : vi_guess_heads(h->width);
    if (heads <= 0 && c->overrides->heads < 0)
        vi_note(d, true, "heads: %ld of %ld assumed (option heads)", (long)h->heads, (long)(h->width / h->heads));
    const vi_tensor *projection = vi_names_find(n, VI_PROJECTION_W, 0);
    h->projection = projection != NULL && projection->rank == 2 ? (int32_t)projection->shape[0] : 0;
    h->pool = h->class_token ? VIT_POOL_TOKEN : VIT_POOL_MEAN;
    if (!h->class_token && c->overrides->pool < 0) vi_note(d, true, "pooling: mean of the patches assumed (option pool)");
    h->position = VIT_POSITION_BICUBIC;
    read_activation(c, n, d);
}

/* Mean and std are in the file; how a picture comes to its size is not. */
static void read_pipeline(const vi_checkpoint *c, const vi_names *n, vi_description *d) {
    vi_pipeline *p = &d->hparams.pipeline;
    const vi_overrides *o = c->overrides;
    double mean[3], std[3];
    bool said = vi_named_reals(n->directory, "clip.vision.image_mean", mean, 3) == 3 && d->hparams.channels == 3 &&
                vi_named_reals(n->directory, "clip.vision.image_std", std, 3) == 3;
    vi_pipeline_stats(p, VI_STATS_CLIP);
    for (int i = 0; said && i < 3; i++) {
        p->mean[i] = (float)mean[i];
        p->std[i] = (float)std[i];
    }
    if (!said && (o->mean_count == 0 || o->std_count == 0))
        vi_note(d, true, "pixels: %s assumed (options mean, std)", vi_stats_text(VI_STATS_CLIP));
    p->resize = d->hparams.class_token ? VIT_RESIZE_SHORTEST : VIT_RESIZE_SQUASH;
    p->filter = VIT_FILTER_BICUBIC;
    p->crop_rounding = VI_CROP_FLOOR;
    vi_pipeline_fit(&d->hparams, 1);
    if (o->resize < 0 || o->filter < 0)
        vi_note(d, true, "resizing: %s, bicubic assumed, the file does not say (options resize, filter)",
                p->resize == VIT_RESIZE_SQUASH ? "squash" : "shortest side");
}

/* ---- the family ------------------------------------------------------------------------------------------------------------ */

static int32_t hparams(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    vi_names n;
    open_names(c, &n);
    int32_t status = vi_refuse_features(c->directory, features, sizeof features / sizeof *features, e);
    if (status == VIT_OK) status = vi_infer_shapes(&n, d, e);
    if (status == VIT_OK) status = check_numbers(&n, &d->hparams, e);
    if (status == VIT_OK) status = read_size(&n, d, e);
    if (status != VIT_OK) return status;
    read_numbers(c, &n, d);
    read_pipeline(c, &n, d);
    return VIT_OK;
}

static int32_t bind(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    vi_names n;
    open_names(c, &n);
    return vi_names_bind(&n, d, e);
}

/* clip.cpp's text tower, whose tokens it stores without their merges. */
static bool ignore(const char *name) { return strncmp(name, "t.", 2) == 0 || strncmp(name, "text_projection.", 16) == 0; }

const vi_family vi_family_gguf = {.name = "gguf", .detect = detect, .hparams = hparams, .bind = bind, .ignore = ignore};
