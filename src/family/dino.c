/* dino.c: Facebook's own files of DINOv2 and DINOv3: backbones, with or without registers, with or without a linear head beside
 * them, also taken out of training (blocks in chunks). They come without a config.json. Names are those of timm, but for
 * registers and SwiGLU. */
#include "family/families.h"
#include "family/infer.h"
#include "family/pipeline.h"
#include <stdio.h>
#include <string.h>

static const char rows[] =
    "patch.* patch_embed.proj.*\n"
    "class_token cls_token\n"
    "registers register_tokens\n" /* DINOv2 */
    "registers storage_tokens\n"  /* DINOv3 */
    "position pos_embed\n"
    "?rope_periods rope_embed.periods\n"
    "norm.* norm.*\n"
    "head.* *\n" /* a file of its own: *_linear_head.pth */
    "norm1.* norm1.*\n"
    "qkv.weight attn.qkv.weight\n"
    "proj.* attn.proj.*\n"
    "scale1 ls1.gamma\n"
    "norm2.* norm2.*\n"
    "fc1.* mlp.fc1.*\n"
    "fc2.* mlp.fc2.*\n"
    "fc1.* mlp.w12.*\n"         /* DINOv2 giant */
    "fc1.* mlp.w1.* mlp.w2.*\n" /* DINOv3 plus and 7B */
    "fc2.* mlp.w3.*\n"
    "scale2 ls2.gamma\n";

static const char whole_bias[] = "?qkv.bias attn.qkv.bias\n";
/* Multiplied by attn.qkv.bias_mask, which is 0 for the keys and 1 elsewhere: the middle third is not taken. */
static const char masked_bias[] = "?qkv.bias attn.qkv.bias[q] - attn.qkv.bias[v]\n";

#define MAP(rows_)                                                                                                               \
    {                                                                                                                            \
        .marker = {"blocks.0.ls1.gamma", "blocks.0.0.ls1.gamma"},                                                                \
        .prefixes = "-\0module.\0backbone.\0module.backbone.\0teacher.backbone.\0_orig_mod.\0", .block = "blocks.",              \
        .rows = {rows, rows_}, .complete = true                                                                                  \
    }
static const vi_name_map maps[] = {MAP(whole_bias), MAP(masked_bias)};

static bool open_names(const vi_checkpoint *c, vi_names *n) {
    if (!vi_names_open(n, c->directory, &maps[0])) return false;
    if (vi_names_has(n, "blocks.0.attn.qkv.bias_mask")) vi_names_use(n, &maps[1]);
    while (n->chunk < VI_MAX_DEPTH) { /* blocks.0.0, blocks.0.1, ... up to the first of blocks.1 */
        char name[64];
        snprintf(name, sizeof name, "blocks.0.%ld.ls1.gamma", (long)n->chunk);
        if (!vi_names_has(n, name)) break;
        n->chunk++;
    }
    return true;
}

/* timm saves neither of these. */
static bool detect(const vi_checkpoint *c) {
    vi_names n;
    return open_names(c, &n) && (vi_names_has(&n, "mask_token") || vi_names_has(&n, "register_tokens") ||
                                 vi_names_has(&n, "storage_tokens") || vi_names_has(&n, "rope_embed.periods"));
}

/* Head dim, epsilon and activation by what the published models have; DINOv3 stores a period for four channels of a head. */
static void read_numbers(const vi_checkpoint *c, const vi_names *n, vi_description *d) {
    vi_hparams *h = &d->hparams;
    const vi_tensor *periods = vi_names_find(n, VI_ROPE_PERIODS, 0);
    bool rotates = periods != NULL;
    int64_t head_dim = rotates && periods->rank == 1 ? 4 * (int64_t)periods->shape[0] : 0;
    h->heads = head_dim > 0 && h->width % head_dim == 0 ? (int32_t)(h->width / head_dim) : vi_guess_heads(h->width);
    if (!rotates && c->overrides->heads < 0)
        vi_note(d, true, "heads: %ld of %ld assumed (option heads)", (long)h->heads, (long)(h->width / h->heads));
    h->eps = rotates ? 1e-5f : 1e-6f;
    if (c->overrides->eps < 0)
        vi_note(d, true, "epsilon: %s assumed, as in Facebook's %s (option eps)", rotates ? "1e-5" : "1e-6",
                rotates ? "DINOv3" : "DINOv2");
    h->activation = h->ffn == VI_FFN_SWIGLU ? VIT_ACT_SILU : VIT_ACT_GELU;
    h->rope = rotates ? VI_ROPE_HALVES : VI_ROPE_NONE;
    h->rope_theta = 100; /* what the periods were made by */
    h->position = h->registers > 0 ? VIT_POSITION_BICUBIC_ANTIALIAS : VIT_POSITION_BICUBIC_OFFSET;
}

/* The head of one layer sees the class token beside the mean of the patches; that of four layers is not supported. */
static int32_t read_head(const vi_names *n, vi_hparams *h, vi_error *e) {
    const vi_tensor *head = vi_names_find(n, VI_HEAD_W, 0);
    h->pool = head != NULL ? VIT_POOL_TOKEN_MEAN : VIT_POOL_TOKEN;
    if (head == NULL || head->rank != 2 || head->shape[1] != 5 * (uint64_t)h->width) return VIT_OK;
    return vi_fail(e, VIT_ERROR_UNSUPPORTED,
                   "%s: tensor '%s' is a linear head on four layers (linear4_head); only the one on the last layer is supported",
                   n->directory->reader->name, head->name);
}

/* The evaluation transforms of the two repositories, for whatever size the model takes. */
static void assume_pipeline(const vi_checkpoint *c, vi_description *d) {
    const vi_overrides *o = c->overrides;
    vi_pipeline *p = &d->hparams.pipeline;
    bool squash = d->hparams.rope != VI_ROPE_NONE;
    p->resize = squash ? VIT_RESIZE_SQUASH : VIT_RESIZE_SHORTEST;
    p->filter = squash ? VIT_FILTER_BILINEAR : VIT_FILTER_BICUBIC;
    vi_pipeline_stats(p, VI_STATS_IMAGENET);
    vi_pipeline_fit(&d->hparams, squash ? 1 : 0.875);
    if (o->mean_count == 0 || o->std_count == 0)
        vi_note(d, true, "pixels: %s assumed (options mean, std)", vi_stats_text(VI_STATS_IMAGENET));
    if (o->resize < 0 || o->filter < 0)
        vi_note(d, true, "resizing: %s assumed, as in Facebook's evaluation (options resize, filter, crop)",
                squash ? "squash, bilinear," : "shortest side, bicubic, crop 224 of 256");
}

static int32_t hparams(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    vi_names n;
    open_names(c, &n);
    int32_t status = vi_infer_shapes(&n, d, e);
    if (status != VIT_OK) return status;
    if (vi_names_find(&n, VI_CLASS_TOKEN, 0) == NULL) return vi_names_missing(&n, VI_CLASS_TOKEN, 0, e);
    read_numbers(c, &n, d);
    status = read_head(&n, &d->hparams, e);
    int32_t covers = d->hparams.rope != VI_ROPE_NONE ? VI_COVERS_ABSENT : VI_COVERS_CLASS;
    if (status == VIT_OK) status = vi_infer_positions(&n, covers, NULL, d, e);
    if (status == VIT_OK) assume_pipeline(c, d);
    return status;
}

/* Of training: masked patches, the projection heads, the norm of local crops; and the mask of the biases, see above. */
static bool ignore(const char *name) {
    static const char *const known[] = {"mask_token", ".bias_mask", "local_cls_norm.", "dino_head.", "ibot_head."};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(name, known[i]) != NULL) return true;
    return false;
}

const vi_family vi_family_dino = {
    .name = "dino",
    .open = open_names,
    .detect = detect,
    .hparams = hparams,
    .ignore = ignore,
};
