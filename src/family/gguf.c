/* gguf.c: vision towers in GGUF as llama.cpp (mtmd) and clip.cpp name them: "v.blk.0.attn_q.weight", numbers in named values
 * ("clip.vision.block_count"). CLIP, SigLIP and plain ViTs; the text tower of clip.cpp's files is not used. Files with a
 * projector to a language model are refused: what they give is not an embedding of pictures. */
#include "family/families.h"
#include "family/infer.h"
#include "family/pipeline.h"
#include <string.h>

static const char rows[] =
    "patch.* v.patch_embd.*\n"
    "class_token v.class_embd\n"
    "position v.position_embd.weight\n"
    "pre_norm.* v.pre_ln.*\n"
    "norm.* v.post_ln.*\n"
    "projection.weight visual_projection.weight\n" /* clip.cpp */
    "norm1.* ln1.*\n"
    "qkv.* attn_qkv.*\n"
    "qkv.weight attn_q.weight attn_k.weight attn_v.weight\n"
    "qkv.bias attn_q.bias ?attn_k.bias attn_v.bias\n"
    "q_norm.* attn_q_norm.*\n"
    "k_norm.* attn_k_norm.*\n"
    "proj.* attn_out.*\n"
    "scale1 ls1.weight\n"
    "norm2.* ln2.*\n"
    "scale2 ls2.weight\n";

/* Older converters call the first layer of the MLP "down" and the second "up". */
static const char usual[] =
    "fc1.* ffn_up.*\n"
    "fc2.* ffn_down.*\n";
static const char swapped[] =
    "fc1.* ffn_down.*\n"
    "fc2.* ffn_up.*\n";
static const char gated[] =
    "fc1.* ffn_gate.* ffn_up.*\n"
    "fc2.* ffn_down.*\n";

#define MAP(rows_)                                                                                                               \
    {                                                                                                                            \
        .marker = {"v.patch_embd.weight"}, .prefixes = "-\0", .block = "v.blk.", .rows = { rows, rows_ }                         \
    }
static const vi_name_map maps[] = {MAP(usual), MAP(swapped), MAP(gated)};

static const char features[] =
    "mm.: a projector to a language model\n"
    "v.blk.0.attn_post_norm: norms before and after the branches\n"
    "v.deepstack.: features of several layers\n"
    "v.sam.: a second encoder (SAM)\n"
    "a.blk.: an audio encoder\n";

static bool open_names(const vi_checkpoint *c, vi_names *n) {
    if (!vi_names_open(n, c->directory, &maps[0])) return false;
    const vi_tensor *patch = vi_names_find(n, VI_PATCH_W, 0), *up = vi_names_find(n, VI_FC1_W, 0);
    if (vi_names_has(n, "v.blk.0.ffn_gate.weight"))
        vi_names_use(n, &maps[2]);
    else if (up != NULL && up->rank == 2 && patch->rank > 0 && up->shape[0] == patch->shape[0] && up->shape[1] != patch->shape[0])
        vi_names_use(n, &maps[1]);
    return true;
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
    int32_t status = vi_refuse_features(c->directory, features, e);
    if (status == VIT_OK) status = vi_infer_shapes(&n, d, e);
    if (status == VIT_OK) status = check_numbers(&n, &d->hparams, e);
    if (status == VIT_OK) status = read_size(&n, d, e);
    if (status != VIT_OK) return status;
    read_numbers(c, &n, d);
    read_pipeline(c, &n, d);
    return VIT_OK;
}

/* clip.cpp's text tower, whose tokens it stores without their merges. */
static bool ignore(const char *name) { return strncmp(name, "t.", 2) == 0 || strncmp(name, "text_projection.", 16) == 0; }

const vi_family vi_family_gguf = {.name = "gguf", .open = open_names, .hparams = hparams, .ignore = ignore};
