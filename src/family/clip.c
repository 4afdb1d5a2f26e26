/* clip.c: pairs of towers with the names of OpenAI's CLIP and of open_clip, which has image towers of timm's, too
 * ("visual.trunk."), and text towers below "text.". Numbers that no tensor shows come from open_clip_config.json; OpenAI's own
 * archives are known by three numbers that they hold beside the weights. */
#include "family/clip_config.h"
#include "family/families.h"
#include "family/infer.h"
#include "format/view.h"
#include <string.h>

static const char image_rows[] =
    "patch.weight visual.conv1.weight\n"
    "class_token visual.class_embedding\n"
    "position visual.positional_embedding\n"
    "?pre_norm.* visual.ln_pre.*\n" /* no_ln_pre */
    "norm.* visual.ln_post.*\n"
    "projection.weight visual.proj\n"; /* [width, embedding] */

static const char text_rows[] =
    "tokens.weight token_embedding.weight\n"
    "position positional_embedding\n"
    "norm.* ln_final.*\n"
    "?projection.weight text_projection\n" /* [width, embedding], or ... */
    "?projection.* text_projection.*\n"    /* a layer with a bias */
    "logit_scale logit_scale\n"
    "logit_scale module.logit_scale\n" /* beside "module.text." */
    "?logit_bias logit_bias\n"
    "?logit_bias module.logit_bias\n";

static const char block_rows[] =
    "norm1.* ln_1.*\n"
    "qkv.* attn.in_proj_*\n"
    "proj.* attn.out_proj.*\n"
    "?scale1 ls_1.gamma\n"
    "norm2.* ln_2.*\n"
    "fc1.* mlp.c_fc.*\n"
    "fc2.* mlp.c_proj.*\n"
    "?scale2 ls_2.gamma\n";

#define COUNT(table) (sizeof table / sizeof *table)

#define IMAGE_PREFIXES "-\0module.\0" /* bare, or out of a training run */

static const vi_name_map image_map = {
    .marker = {"visual.class_embedding", "visual.conv1.weight"},
    .prefixes = IMAGE_PREFIXES,
    .block = "visual.transformer.resblocks.",
    .rows = {image_rows, block_rows},
    .complete = true,
};

static const vi_name_map text_map = {
    .marker = {"token_embedding.weight"},
    .prefixes = "-\0text.\0module.\0module.text.\0",
    .block = "transformer.resblocks.",
    .rows = {text_rows, block_rows},
    .complete = true,
};

static const char trunk_rows[] =
    "projection.weight visual.head.proj.weight\n"
    "head.weight visual.trunk.head.weight\n";

static const vi_name_map trunk_map = {
    .marker = {"visual.trunk.patch_embed.proj.weight"}, .prefixes = IMAGE_PREFIXES, .block = "", .rows = {trunk_rows}};

static bool open_image(const vi_checkpoint *c, vi_names *n) { return vi_names_open(n, c->directory, &image_map); }

static bool open_text(const vi_checkpoint *c, vi_names *n) { return vi_names_open(n, c->directory, &text_map); }

static bool open_trunk(const vi_checkpoint *c, vi_names *n) { return vi_names_open(n, c->directory, &trunk_map); }

static bool has_trunk(const vi_checkpoint *c) {
    vi_names n;
    return open_trunk(c, &n);
}

static bool trunk_has_head(const vi_checkpoint *c) {
    vi_names n;
    return open_trunk(c, &n) && vi_names_find(&n, VI_HEAD_W, 0) != NULL;
}

static bool detect(const vi_checkpoint *c) {
    vi_names n;
    bool resnet = vi_directory_find(c->directory, "visual.attnpool.positional_embedding") != NULL; /* to say so */
    return resnet || open_image(c, &n) || has_trunk(c);
}

static const char features[] =
    "visual.layer1.: a ResNet as the tower for pictures\n"
    "visual.attn_pool.: an attentional pooler (CoCa)\n"
    "text_decoder.: a text decoder (CoCa)\n"
    "cls_emb: a class token in the text tower (CoCa)\n"
    "text.transformer.embeddings.: a text tower of transformers\n"
    "text.transformer.encoder.: a text tower of transformers\n"
    "text.transformer.shared.: a text tower of transformers\n"
    "visual.head.mlp.: a projection by an MLP\n"
    "visual.head.pool.: attention pooling over a grid\n"
    "attn.logit_scale: scaled cosine attention\n"
    ".head_scale: attention with scaled heads\n"
    "attn.ln_q.: queries that are normed before they are split into heads\n"
    "ln_attn.: a norm after attention\n"
    "mlp.ln.: a norm in the MLP\n";

/* The projections are stored with their inputs first. Once for both towers, before anything looks at them. */
static void turn_projections(const vi_checkpoint *c) {
    static const char *const names[] = {"visual.proj",        "text_projection",        "text.text_projection",
                                        "module.visual.proj", "module.text_projection", "module.text.text_projection"};
    static const uint32_t order[] = {1, 0};
    for (size_t i = 0; i < COUNT(names); i++) {
        vi_tensor *t = vi_directory_find(c->directory, names[i]);
        if (t != NULL && t->rank == 2) vi_tensor_turn(t, order);
    }
}

/* ---- pictures -------------------------------------------------------------------------------------------------------------- */

static int32_t rows_of(const vi_names *n, vi_slot slot) {
    const vi_tensor *t = vi_names_find(n, slot, 0);
    return t != NULL && t->rank == 2 ? (int32_t)t->shape[0] : 0;
}

/* OpenAI's pictures are square. */
static void take_square(const vi_names *n, vi_hparams *h) {
    const vi_tensor *t = vi_names_find(n, VI_POSITION, 0);
    uint64_t side = 1, rows = t != NULL && t->rank == 2 ? t->shape[0] : 0;
    while ((side + 1) * (side + 1) < rows && side < VI_MAX_SIDE) side++;
    uint64_t width = side * (uint64_t)h->patch_width, height = side * (uint64_t)h->patch_height;
    if (width > VI_MAX_SIDE || height > VI_MAX_SIDE) return; /* refused by whoever finds no size */
    h->image_width = (int32_t)width;
    h->image_height = (int32_t)height;
}

static const char *size_source(const vi_clip_config *k) {
    return k->openai ? "the grid of the positions" : "open_clip_config.json: image_size";
}

static int32_t own_hparams(const vi_checkpoint *c, vi_clip_config *k, vi_description *d, vi_error *e) {
    vi_names n;
    vi_hparams *h = &d->hparams;
    open_image(c, &n);
    int32_t status = vi_infer_shapes(&n, d, e);
    if (status != VIT_OK) return status;
    h->projection = rows_of(&n, VI_PROJECTION_W);
    vi_clip_read_image(k, d);
    if (k->openai) take_square(&n, h);
    if (k->reader.status != VIT_OK) return k->reader.status;
    return vi_infer_positions(&n, VI_COVERS_ALL, h->image_width > 0 ? size_source(k) : NULL, d, e);
}

/* timm's family reads the trunk; a head of the trunk is the projection of the pair. */
static int32_t trunk_hparams(const vi_checkpoint *c, vi_clip_config *k, vi_description *d, vi_error *e) {
    vi_checkpoint trunk = *c;
    vi_hparams *h = &d->hparams;
    vi_names n;
    trunk.config = k->vision;
    int32_t status = vi_family_timm.hparams(&trunk, d, e);
    if (status != VIT_OK) return status;
    open_trunk(c, &n);
    h->projection = trunk_has_head(c) ? h->classes : rows_of(&n, VI_PROJECTION_W);
    h->classes = 0;
    vi_clip_read_trunk(k, d);
    return k->reader.status;
}

static int32_t hparams(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    vi_clip_config k;
    int32_t status = vi_refuse_features(c->directory, features, e);
    if (status == VIT_OK) status = vi_clip_config_open(&k, c, d, e);
    if (status != VIT_OK) return status;
    turn_projections(c);
    status = has_trunk(c) ? trunk_hparams(c, &k, d, e) : own_hparams(c, &k, d, e);
    if (status != VIT_OK) return status;
    vi_clip_read_pixels(&k, c, d);
    return k.reader.status;
}

static void move_source(vi_description *d, vi_slot from, vi_slot to) {
    if (d->model[from].parts == 0) return;
    d->model[to] = d->model[from];
    d->model[from].parts = 0;
}

static int32_t bind(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    vi_names n;
    if (!has_trunk(c)) {
        open_image(c, &n);
        return vi_names_bind(&n, d, e);
    }
    vi_hparams *h = &d->hparams;
    int32_t projection = h->projection;
    if (trunk_has_head(c)) { /* to timm it is a head */
        h->classes = projection;
        h->projection = 0;
    }
    int32_t status = vi_family_timm.bind(c, d, e);
    h->classes = 0;
    h->projection = projection;
    move_source(d, VI_HEAD_W, VI_PROJECTION_W);
    move_source(d, VI_HEAD_B, VI_PROJECTION_B);
    return status;
}

/* ---- texts ----------------------------------------------------------------------------------------------------------------- */

static int32_t text_hparams(const vi_checkpoint *c, vi_description *d, vi_hparams *text, vi_error *e) {
    vi_names n;
    vi_clip_config k;
    if (!open_text(c, &n)) return VIT_OK;
    int32_t status = vi_clip_config_open(&k, c, d, e);
    if (status == VIT_OK) status = vi_infer_text(&n, text, e);
    if (status != VIT_OK) return status;
    vi_clip_read_text(&k, c, d, text);
    return k.reader.status;
}

static int32_t text_bind(const vi_checkpoint *c, vi_description *text, vi_error *e) {
    vi_names n;
    open_text(c, &n);
    return vi_names_bind(&n, text, e);
}

/* Masks, and what OpenAI's archives hold beside the weights. */
static bool ignore(const char *name) {
    static const char *const endings[] = {"attn_mask", "input_resolution", "context_length", "vocab_size", "num_batches_tracked"};
    size_t length = strlen(name);
    for (size_t i = 0; i < COUNT(endings); i++) {
        size_t n = strlen(endings[i]);
        if (length >= n && strcmp(name + length - n, endings[i]) == 0) return true;
    }
    return false;
}

const vi_family vi_family_clip = {
    .name = "clip",
    .detect = detect,
    .hparams = hparams,
    .bind = bind,
    .ignore = ignore,
    .text_hparams = text_hparams,
    .text_bind = text_bind,
};
