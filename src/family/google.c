/* google.c: the original .npz checkpoints of Google's vision_transformer and big_vision (also AugReg, SAM, hybrids with a ResNet,
 * image towers of LiT and SigLIP). Kernels lie [in, out], of attention [in, heads, head dim]; a stack of all blocks, depth first,
 * is known as "scan". Views (format/view.h) make of them what the maps expect. There is no config file, and none is needed: heads
 * are in the shapes, the rest is the same in all of them. docs/model.md has the map with its sources. */
#include "family/families.h"
#include "family/infer.h"
#include "family/pipeline.h"
#include "format/view.h"
#include <stdio.h>
#include <string.h>

/* Flax before Linen numbered a module among all of its parent, Linen among those of its class. */
#define BLOCK_ROWS(NORM2, ATTENTION, MLP)                                                                                        \
    "norm1.weight LayerNorm_0/scale\n"                                                                                           \
    "norm1.bias LayerNorm_0/bias\n"                                                                                              \
    "qkv.weight " ATTENTION "/query/kernel " ATTENTION "/key/kernel " ATTENTION "/value/kernel\n"                                \
    "qkv.bias " ATTENTION "/query/bias " ATTENTION "/key/bias " ATTENTION "/value/bias\n"                                        \
    "proj.weight " ATTENTION "/out/kernel\n"                                                                                     \
    "proj.bias " ATTENTION "/out/bias\n"                                                                                         \
    "norm2.weight " NORM2 "/scale\n"                                                                                             \
    "norm2.bias " NORM2 "/bias\n"                                                                                                \
    "fc1.weight " MLP "/Dense_0/kernel\n"                                                                                        \
    "fc1.bias " MLP "/Dense_0/bias\n"                                                                                            \
    "fc2.weight " MLP "/Dense_1/kernel\n"                                                                                        \
    "fc2.bias " MLP "/Dense_1/bias\n"

static const char older_rows[] = BLOCK_ROWS("LayerNorm_2", "MultiHeadDotProductAttention_1", "MlpBlock_3");
static const char linen_rows[] = BLOCK_ROWS("LayerNorm_1", "MultiHeadDotProductAttention_0", "MlpBlock_0");

/* The attention pool, in files from before it was a module of its own without PLACE. */
#define MAP_ROWS(PLACE) MAP_ROWS_OF(PLACE, PLACE "MultiHeadDotProductAttention_0/")
#define MAP_ROWS_OF(PLACE, ATTENTION)                                                                                            \
    "map.latent " PLACE "probe\n"                                                                                                \
    "map.q.weight " ATTENTION "query/kernel\n"                                                                                   \
    "map.q.bias " ATTENTION "query/bias\n"                                                                                       \
    "map.kv.weight " ATTENTION "key/kernel " ATTENTION "value/kernel\n"                                                          \
    "map.kv.bias " ATTENTION "key/bias " ATTENTION "value/bias\n"                                                                \
    "map.proj.weight " ATTENTION "out/kernel\n"                                                                                  \
    "map.proj.bias " ATTENTION "out/bias\n"                                                                                      \
    "map.norm.weight " PLACE "LayerNorm_0/scale\n"                                                                               \
    "map.norm.bias " PLACE "LayerNorm_0/bias\n"                                                                                  \
    "map.fc1.weight " PLACE "MlpBlock_0/Dense_0/kernel\n"                                                                        \
    "map.fc1.bias " PLACE "MlpBlock_0/Dense_0/bias\n"                                                                            \
    "map.fc2.weight " PLACE "MlpBlock_0/Dense_1/kernel\n"                                                                        \
    "map.fc2.bias " PLACE "MlpBlock_0/Dense_1/bias\n"

static const char model_rows[] =
    "patch.weight embedding/kernel\n"
    "patch.bias embedding/bias\n"
    "class_token cls\n"
    "position Transformer/posembed_input/pos_embedding\n"
    "position Transformer/pos_embedding\n"
    "position pos_embedding\n"
    "norm.weight Transformer/encoder_norm/scale\n"
    "norm.bias Transformer/encoder_norm/bias\n"
    "representation.weight pre_logits/kernel\n"
    "representation.bias pre_logits/bias\n" MAP_ROWS("MAPHead_0/") MAP_ROWS("")
    /* of hybrids */
    "stem.weight conv_root/kernel\n"
    "stem.norm.weight gn_root/scale\n"
    "stem.norm.bias gn_root/bias\n"
    "unit.conv1.weight conv1/kernel\n"
    "unit.conv2.weight conv2/kernel\n"
    "unit.conv3.weight conv3/kernel\n"
    "unit.norm1.weight gn1/scale\n"
    "unit.norm1.bias gn1/bias\n"
    "unit.norm2.weight gn2/scale\n"
    "unit.norm2.bias gn2/bias\n"
    "unit.norm3.weight gn3/scale\n"
    "unit.norm3.bias gn3/bias\n"
    "unit.proj.weight conv_proj/kernel\n"
    "unit.proj_norm.weight gn_proj/scale\n"
    "unit.proj_norm.bias gn_proj/bias\n";

/* In a pair of towers the image's head leads to the space that it shares with the text. */
static const char classifier_rows[] =
    "head.weight head/kernel\n"
    "head.bias head/bias\n";
static const char tower_rows[] =
    "projection.weight head/kernel\n"
    "projection.bias head/bias\n";

static const vi_stem_names stem_names = {"block#/unit#/", 1, VI_STANDARDISE_GOOGLE};

#define COUNT(table) (sizeof table / sizeof *table)

#define STACK "Transformer/encoderblock" /* of all blocks, below the prefix */

/* A map on one checkpoint. names.map points at the map beside it: do not copy. */
typedef struct google {
    vi_names names;
    vi_name_map map;
} google;

static bool is_ours(const google *g, const vi_tensor *t) {
    return strncmp(t->name, g->names.prefix, strlen(g->names.prefix)) == 0;
}

/* Whether any block's tensor, of a name that begins so below the prefix, holds the fragment. */
static bool has_blocks(const google *g, const char *start, const char *fragment) {
    for (size_t i = 0; i < g->names.directory->count; i++) {
        const vi_tensor *t = &g->names.directory->tensors[i];
        const char *name = t->name + (is_ours(g, t) ? strlen(g->names.prefix) : 0);
        if (strncmp(name, start, strlen(start)) == 0 && strstr(name, fragment) != NULL) return true;
    }
    return false;
}

static bool is_tower(const google *g) { return strstr(g->names.prefix, "img/") != NULL; }

/* Finds the prefix, then which of the maps fits. */
static bool open_names(const vi_directory *d, google *g) {
    g->map = (vi_name_map){.marker = {"embedding/kernel"}, .block = STACK "_#/"};
    g->map.prefixes = "opt/target/img/\0opt/target/\0params/img/\0params/\0img/\0-\0";
    if (!vi_names_open(&g->names, d, &g->map)) return false;
    bool older = has_blocks(g, STACK, "/LayerNorm_2/") || has_blocks(g, STACK, "/MlpBlock_3/");
    if (has_blocks(g, STACK "[", "")) g->map.block = STACK "[#]/";
    g->map.rows[0] = older ? older_rows : linen_rows;
    g->map.rows[1] = model_rows;
    g->map.rows[2] = is_tower(g) ? tower_rows : classifier_rows;
    vi_names_use(&g->names, &g->map);
    vi_names_stem(&g->names, &stem_names);
    return true;
}

static bool detect(const vi_checkpoint *c) {
    google g;
    return open_names(c->directory, &g);
}

/* ---- views ---------------------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *name, const char *ending) {
    size_t n = strlen(name), m = strlen(ending);
    return n >= m && strcmp(name + n - m, ending) == 0;
}

/* Every kernel with its outputs first: [H, W, I, O], [D, heads, head dim], [heads, head dim, D], [I, O]. */
static void turn_kernel(vi_tensor *t) {
    static const uint32_t convolution[] = {3, 2, 0, 1}, split[] = {1, 2, 0}, joined[] = {2, 0, 1}, dense[] = {1, 0};
    if (t->rank == 4) vi_tensor_turn(t, convolution);
    if (t->rank == 3) vi_tensor_turn(t, ends_with(t->name, "/out/kernel") ? joined : split);
    if (t->rank == 2) vi_tensor_turn(t, dense);
}

/* A stack of blocks is cut into blocks, as a directory of the description's own. */
static int32_t open_views(const vi_checkpoint *c, google *g, vi_description *d, vi_error *e) {
    char stem[64];
    open_names(c->directory, g);
    snprintf(stem, sizeof stem, "%s" STACK, g->names.prefix);
    int32_t status = VIT_OK;
    if (has_blocks(g, STACK "/", "")) {
        status = vi_directory_unstack(&d->derived, c->directory, stem, c->allocator, e);
        open_names(&d->derived, g);
    }
    const vi_directory *from = g->names.directory;
    for (size_t i = 0; status == VIT_OK && i < from->count; i++) {
        vi_tensor *t = &from->tensors[i];
        if (is_ours(g, t) && ends_with(t->name, "/kernel")) turn_kernel(t);
    }
    return status;
}

/* ---- numbers -------------------------------------------------------------------------------------------------------------- */

/* Norms and kernels come with a bias, but for a stem's kernels never without: that would be another model. */
static int32_t check_biases(const google *g, vi_error *e) {
    static const char *const owners[] = {"/scale", "/kernel"};
    const vi_directory *d = g->names.directory;
    for (size_t i = 0; i < d->count; i++) {
        for (size_t k = 0; k < COUNT(owners); k++) {
            const char *name = d->tensors[i].name;
            if (!is_ours(g, &d->tensors[i]) || !ends_with(name, owners[k]) || strstr(name, "conv") != NULL) continue;
            char bias[VI_MAX_NAME + 8];
            snprintf(bias, sizeof bias, "%.*s/bias", (int)(strlen(name) - strlen(owners[k])), name);
            if (vi_directory_find(d, bias) == NULL)
                return vi_fail(e, VIT_ERROR_MODEL, "%s: tensor '%s' is missing", d->reader->name, bias);
        }
    }
    return VIT_OK;
}

/* Where the heads are in the shape of a (turned) tensor of attention; -1: it is none. */
static int heads_at(const char *name) {
    static const struct {
        const char *ending;
        int at;
    } parts[] = {{"/query/kernel", 0}, {"/key/kernel", 0}, {"/value/kernel", 0}, {"/out/kernel", 1},
                 {"/query/bias", 0},   {"/key/bias", 0},   {"/value/bias", 0}};
    for (size_t i = 0; i < COUNT(parts); i++)
        if (ends_with(name, parts[i].ending)) return parts[i].at;
    return -1;
}

/* All attention of a model has the heads of its first query. */
static int32_t read_heads(const google *g, vi_hparams *h, vi_error *e) {
    const vi_tensor *query = vi_names_find(&g->names, VI_QKV_W, 0);
    char shape[128];
    if (query == NULL) return vi_names_missing(&g->names, VI_QKV_W, 0, e);
    if (query->rank != 3)
        return vi_fail(e, VIT_ERROR_MODEL, "%s: tensor '%s' is %s, expected [width, heads, head dim]",
                       g->names.directory->reader->name, query->name, vi_shape_text(shape, sizeof shape, query));
    h->heads = (int32_t)query->shape[0];
    const vi_directory *d = g->names.directory;
    for (size_t i = 0; i < d->count; i++) {
        const vi_tensor *t = &d->tensors[i];
        int at = is_ours(g, t) ? heads_at(t->name) : -1;
        if (at < 0) continue;
        uint32_t rank = ends_with(t->name, "/bias") ? 2 : 3;
        if (t->rank == rank && t->shape[at] == query->shape[0] && t->shape[at + 1] == query->shape[1]) continue;
        return vi_fail(e, VIT_ERROR_MODEL, "%s: tensor '%s' is %s, expected %llu heads of %llu, as '%s' has", d->reader->name,
                       t->name, vi_shape_text(shape, sizeof shape, t), (unsigned long long)query->shape[0],
                       (unsigned long long)query->shape[1], query->name);
    }
    return VIT_OK;
}

/* Rows of a matrix, 0 when it is absent. */
static int32_t outputs_of(const google *g, vi_slot slot) {
    const vi_tensor *t = vi_names_find(&g->names, slot, 0);
    return t != NULL && t->rank == 2 ? (int32_t)t->shape[0] : 0;
}

static void read_pipeline(vi_hparams *h) {
    h->pipeline.resize = VIT_RESIZE_SQUASH;
    h->pipeline.filter = VIT_FILTER_TF_BILINEAR;
    vi_pipeline_stats(&h->pipeline, VI_STATS_HALF);
    vi_pipeline_fit(h, 1);
}

static int32_t hparams(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    google g;
    vi_hparams *h = &d->hparams;
    int32_t status = open_views(c, &g, d, e);
    if (status == VIT_OK) status = check_biases(&g, e);
    if (status == VIT_OK && vi_names_find(&g.names, VI_NORM_G, 0) == NULL) status = vi_names_missing(&g.names, VI_NORM_G, 0, e);
    if (status == VIT_OK) status = vi_infer_shapes(&g.names, d, e);
    if (status == VIT_OK) status = read_heads(&g, h, e);
    if (status == VIT_OK) status = vi_infer_square(&g.names, d, e);
    if (status != VIT_OK) return status;
    h->representation = outputs_of(&g, VI_REPRESENTATION_W);
    h->projection = outputs_of(&g, VI_PROJECTION_W);
    bool attends = vi_names_find(&g.names, VI_MAP_LATENT, 0) != NULL;
    h->pool = attends ? VIT_POOL_ATTENTION : h->class_token ? VIT_POOL_TOKEN : VIT_POOL_MEAN;
    h->activation = VIT_ACT_GELU_TANH;
    h->eps = 1e-6f;
    if (h->stem_width > 0) h->stem_eps = 1e-6f;
    h->position = VIT_POSITION_ZOOM;
    read_pipeline(h);
    return VIT_OK;
}

/* Full checkpoints hold more than the model: optimizer, counters, a text tower. */
static void pass_over_others(const google *g, vi_description *d) {
    unsigned long count = 0;
    for (size_t i = 0; i < g->names.directory->count; i++) {
        vi_tensor *t = &g->names.directory->tensors[i];
        if (is_ours(g, t)) continue;
        t->used = true;
        count++;
    }
    if (count > 0) vi_note(d, false, "weights: %lu tensors outside '%s' are no part of the model", count, g->names.prefix);
}

static int32_t bind(const vi_checkpoint *c, vi_description *d, vi_error *e) {
    google g;
    open_names(c->directory, &g);
    pass_over_others(&g, d);
    return vi_names_bind(&g.names, d, e);
}

const vi_family vi_family_google = {
    .name = "google",
    .detect = detect,
    .hparams = hparams,
    .bind = bind,
};
