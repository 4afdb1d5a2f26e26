/* infer.c: see infer.h. Dimensions are at most 2^31 - 1 (format.h), so they fit int32_t; vi_hparams_check caps them afterwards.
 */
#include "family/infer.h"

#include "format/view.h"
#include <string.h>

/* VIT_ERROR_MODEL that names the tensor, its shape and what it should be. */
static int32_t misshaped(const vi_names *n, const vi_tensor *t, const char *expected, vi_error *e) {
    char shape[128];
    return vi_fail(e, VIT_ERROR_MODEL, "%s: tensor '%s' is %s, expected %s", n->directory->reader->name, t->name,
                   vi_shape_text(shape, sizeof shape, t), expected);
}

/* Rows of [..., width]; 0 when it has another shape. */
static uint64_t rows_of(const vi_tensor *t, int32_t width) {
    if (t->rank == 0 || width < 1 || t->shape[t->rank - 1] != (uint64_t)width) return 0;
    return t->elements / (uint64_t)width;
}

static int32_t infer_patch(const vi_names *n, vi_hparams *h, vi_error *e) {
    const vi_tensor *t = vi_names_find(n, VI_PATCH_W, 0);
    if (t == NULL) return vi_names_missing(n, VI_PATCH_W, 0, e);
    if (t->rank != 4 || t->elements == 0) return misshaped(n, t, "[width, channels, patch height, patch width]", e);
    h->width = (int32_t)t->shape[0];
    h->channels = (int32_t)t->shape[1];
    h->patch_height = (int32_t)t->shape[2];
    h->patch_width = (int32_t)t->shape[3];
    return VIT_OK;
}

/* Turns a kernel as the stem wants it: [outputs, rows, columns, inputs]. */
static int32_t turn_kernel(const vi_names *n, vi_place p, vi_error *e) {
    static const uint32_t order[] = {0, 2, 3, 1};
    vi_tensor *t = vi_slot_kernel(p.slot) > 0 ? vi_names_find(n, p.slot, p.block) : NULL;
    if (t == NULL) return VIT_OK;
    if (t->rank != 4) return misshaped(n, t, "[outputs, inputs, rows, columns]", e);
    vi_tensor_turn(t, order);
    return VIT_OK;
}

/* A stem takes the picture, and the patches are its feature map's. Group norms have 32 groups in every published one. */
static int32_t infer_stem(const vi_names *n, vi_hparams *h, vi_error *e) {
    const vi_tensor *t = vi_names_find(n, VI_STEM_W, 0);
    if (t == NULL) return VIT_OK;
    vi_place p = {VI_PATCH_W, 0};
    memcpy(h->stem_units, n->units, sizeof h->stem_units);
    h->stem_width = 1; /* so that units count */
    int32_t status;
    do status = turn_kernel(n, p, e);
    while (status == VIT_OK && vi_place_next(&p, h));
    if (status != VIT_OK) return status;
    if (t->shape[0] == 0 || t->shape[0] > VI_MAX_STEM || t->shape[3] > VI_MAX_CHANNELS)
        return misshaped(n, t, "[channels of the stem, 7, 7, channels of the picture]", e);
    h->stem_width = (int32_t)t->shape[0];
    h->stem_groups = 32;
    h->stem_eps = 1e-5f;
    h->channels = (int32_t)t->shape[3];
    if (h->patch_width > VI_MAX_SIDE || h->patch_height > VI_MAX_SIDE)
        return misshaped(n, vi_names_find(n, VI_PATCH_W, 0), "[width, channels, patch height, patch width]", e);
    h->patch_width *= vi_stem_stride(h);
    h->patch_height *= vi_stem_stride(h);
    return VIT_OK;
}

static int32_t infer_prefix(const vi_names *n, vi_hparams *h, vi_error *e) {
    h->class_token = vi_names_find(n, VI_CLASS_TOKEN, 0) != NULL;
    h->distilled = vi_names_find(n, VI_DIST_TOKEN, 0) != NULL;
    const vi_tensor *t = vi_names_find(n, VI_REGISTERS, 0);
    if (t == NULL) return VIT_OK;
    uint64_t rows = rows_of(t, h->width);
    bool none = t->elements == 0 && t->rank > 0 && t->shape[t->rank - 1] == (uint64_t)h->width;
    if ((rows == 0 && !none) || rows > VI_MAX_REGISTERS) return misshaped(n, t, "[1, registers, width]", e);
    h->registers = (int32_t)rows;
    return VIT_OK;
}

static int32_t infer_mlp(const vi_names *n, vi_hparams *h, vi_error *e) {
    const vi_tensor *fc1 = vi_names_find(n, VI_FC1_W, 0), *fc2 = vi_names_find(n, VI_FC2_W, 0);
    if (fc1 == NULL) return vi_names_missing(n, VI_FC1_W, 0, e);
    if (fc1->rank != 2) return misshaped(n, fc1, "[mlp, width]", e);
    h->mlp = (int32_t)fc1->shape[0];
    bool parts = vi_names_parts(n, VI_FC1_W, 0) == 2;
    bool both = fc1 == vi_names_find(n, VI_QKV_W, 0);
    if (both && (fc2 == NULL || fc2->rank != 2)) return vi_names_missing(n, VI_FC2_W, 0, e);
    if (both) h->block = VI_BLOCK_PARALLEL;
    if (both) h->mlp = (int32_t)fc2->shape[1];
    bool packed = !parts && !both && fc2 != NULL && fc2->rank == 2 && fc2->shape[1] * 2 == fc1->shape[0];
    if (packed) h->mlp /= 2;
    h->ffn = parts || packed ? VI_FFN_SWIGLU : VI_FFN_MLP;
    return VIT_OK;
}

/* A model has one kind of norm: RMSNorm has no bias. */
static int32_t infer_norms(const vi_names *n, vi_hparams *h, vi_error *e) {
    static const vi_slot norms[] = {VI_PATCH_NORM_G, VI_PRE_NORM_G,   VI_NORM_G,      VI_FC_NORM_G, VI_MAP_NORM_G,
                                    VI_NORM1_G,      VI_NORM2_G,      VI_Q_NORM_G,    VI_K_NORM_G,  VI_ATTN_NORM_G,
                                    VI_MLP_NORM_G,   VI_MAP_Q_NORM_G, VI_MAP_K_NORM_G};
    bool rms = vi_names_find(n, VI_NORM1_G, 0) != NULL && vi_names_find(n, VI_NORM1_B, 0) == NULL;
    h->norm_kind = rms ? VI_NORM_RMS : VI_NORM_LAYER;
    for (size_t i = 0; i < sizeof norms / sizeof *norms; i++) {
        const vi_tensor *gamma = vi_names_find(n, norms[i], 0), *beta = vi_names_find(n, (vi_slot)(norms[i] + 1), 0);
        if (gamma != NULL && (beta == NULL) != rms)
            return vi_fail(e, VIT_ERROR_UNSUPPORTED,
                           "%s: tensor '%s' has %s bias beside it: LayerNorm and RMSNorm in one model are not supported",
                           n->directory->reader->name, gamma->name, beta == NULL ? "no" : "a");
    }
    return VIT_OK;
}

int32_t vi_infer_shapes(const vi_names *n, vi_description *d, vi_error *e) {
    vi_hparams *h = &d->hparams;
    int32_t status = infer_patch(n, h, e);
    if (status == VIT_OK) status = infer_stem(n, h, e);
    if (status == VIT_OK) status = infer_prefix(n, h, e);
    if (status != VIT_OK) return status;

    h->depth = vi_names_depth(n);
    h->branches = n->branches;
    const vi_tensor *map = vi_names_find(n, VI_MAP_FC1_W, 0);
    h->map_mlp = map != NULL && map->rank == 2 ? (int32_t)map->shape[0] : 0;
    status = infer_mlp(n, h, e);
    if (status == VIT_OK) status = infer_norms(n, h, e);
    if (status != VIT_OK) return status;

    const vi_tensor *head = vi_names_find(n, VI_HEAD_W, 0);
    if (head == NULL) return VIT_OK;
    if (head->rank != 2) return misshaped(n, head, "[classes, width]", e);
    h->classes = (int32_t)head->shape[0];
    return VIT_OK;
}

int32_t vi_infer_text(const vi_names *n, vi_hparams *text, vi_error *e) {
    const vi_tensor *tokens = vi_names_find(n, VI_TOKENS_W, 0), *position = vi_names_find(n, VI_POSITION, 0);
    if (tokens == NULL) return vi_names_missing(n, VI_TOKENS_W, 0, e);
    if (tokens->rank != 2 || tokens->elements == 0) return misshaped(n, tokens, "[vocabulary, width]", e);
    text->vocabulary = (int32_t)tokens->shape[0];
    text->width = (int32_t)tokens->shape[1];
    if (position == NULL) return vi_names_missing(n, VI_POSITION, 0, e);
    uint64_t rows = rows_of(position, text->width);
    if (rows == 0 || rows > VI_MAX_TOKENS) return misshaped(n, position, "[context, width]", e);
    text->context = (int32_t)rows;
    text->depth = vi_names_depth(n);
    int32_t status = infer_mlp(n, text, e);
    if (status == VIT_OK) status = infer_norms(n, text, e);
    const vi_tensor *projection = vi_names_find(n, VI_PROJECTION_W, 0);
    if (projection != NULL && projection->rank == 2) text->projection = (int32_t)projection->shape[0];
    return status;
}

/* Side of a square of n, 0 when n is no square. */
static uint64_t square_side(uint64_t n) {
    uint64_t side = 0;
    for (uint64_t bit = (uint64_t)1 << 31; bit != 0; bit >>= 1)
        if ((side + bit) * (side + bit) <= n) side += bit;
    return side * side == n ? side : 0;
}

/* Position rows of prefix tokens. */
static int32_t covered_rows(const vi_hparams *h, int32_t covers) {
    return covers == VI_COVERS_CLASS ? h->class_token : covers == VI_COVERS_ALL ? vi_prefix_tokens(h) : 0;
}

static int32_t positions_of_known_size(const vi_names *n, int32_t covers, const char *source, vi_hparams *h, vi_error *e) {
    const vi_tensor *t = vi_names_find(n, VI_POSITION, 0);
    uint64_t rows = rows_of(t, h->width);
    uint64_t across = (uint64_t)vi_grid_side(h, h->image_width, h->patch_width);
    uint64_t down = (uint64_t)vi_grid_side(h, h->image_height, h->patch_height);
    if (across == 0 || down == 0)
        return vi_fail(e, VIT_ERROR_MODEL, "%s %ldx%ld (height x width) is not a multiple of the patch %ldx%ld of tensor '%s'",
                       source, (long)h->image_height, (long)h->image_width, (long)h->patch_height, (long)h->patch_width,
                       vi_names_find(n, VI_PATCH_W, 0)->name);
    uint64_t patches = across * down, prefix = (uint64_t)vi_prefix_tokens(h);
    if (covers == VI_COVERS_UNKNOWN) covers = prefix > 0 && rows == patches + prefix;
    h->position_prefix = covered_rows(h, covers);
    uint64_t expected = patches + (uint64_t)h->position_prefix;
    if (rows == expected) return VIT_OK;
    char shape[128];
    return vi_fail(e, VIT_ERROR_MODEL,
                   "%s: tensor '%s' is %s, but %s %ldx%ld (height x width) with patch %ldx%ld needs %llu positions",
                   n->directory->reader->name, t->name, vi_shape_text(shape, sizeof shape, t), source, (long)h->image_height,
                   (long)h->image_width, (long)h->patch_height, (long)h->patch_width, (unsigned long long)expected);
}

/* A square is never one more than a square (but 1), so with a class token alone the choice is certain. */
static int32_t positions_of_square(const vi_names *n, int32_t covers, vi_description *d, vi_error *e) {
    vi_hparams *h = &d->hparams;
    const vi_tensor *t = vi_names_find(n, VI_POSITION, 0);
    uint64_t rows = rows_of(t, h->width);
    uint64_t prefix = (uint64_t)covered_rows(h, covers == VI_COVERS_UNKNOWN ? VI_COVERS_ALL : covers);
    uint64_t bare = square_side(rows), covered = rows > prefix ? square_side(rows - prefix) : 0;
    if (covers == VI_COVERS_UNKNOWN) {
        covers = prefix > 0 && bare == 0;
        if (prefix > 0 && bare > 0 && covered > 0)
            vi_note(d, true, "positions: %llu rows assumed to be patches only (model_args.no_embed_class in option config)",
                    (unsigned long long)rows);
    }
    uint64_t side = covers ? covered : bare;
    if (side == 0)
        return misshaped(
            n, t,
            "a square number of patch positions: give the input size in config.json (option config), as "
            "pretrained_cfg.input_size [channels, height, width] for timm or image_size [height, width] for transformers",
            e);
    uint64_t width = side * (uint64_t)h->patch_width, height = side * (uint64_t)h->patch_height;
    if (width > VI_MAX_SIDE || height > VI_MAX_SIDE)
        return vi_fail(e, VIT_ERROR_LIMIT, "%s: tensor '%s' gives an input of %llux%llu pixels, at most %d a side",
                       n->directory->reader->name, t->name, (unsigned long long)width, (unsigned long long)height, VI_MAX_SIDE);
    h->position_prefix = covered_rows(h, covers);
    h->image_width = (int32_t)width;
    h->image_height = (int32_t)height;
    return VIT_OK;
}

static int32_t check_positions(const vi_names *n, const vi_hparams *h, vi_error *e) {
    const vi_tensor *t = vi_names_find(n, VI_POSITION, 0);
    if (t == NULL) return vi_names_missing(n, VI_POSITION, 0, e);
    return rows_of(t, h->width) == 0 ? misshaped(n, t, "[1, positions, width]", e) : VIT_OK;
}

/* Any size would do: the one that DINOv3 is evaluated at, 224 pixels for patches of 16. */
static int32_t no_positions(const char *size_source, vi_description *d) {
    vi_hparams *h = &d->hparams;
    h->positionless = 1;
    if (size_source != NULL) return VIT_OK;
    h->image_width = 14 * (h->patch_width < VI_MAX_SIDE ? h->patch_width : VI_MAX_SIDE);
    h->image_height = 14 * (h->patch_height < VI_MAX_SIDE ? h->patch_height : VI_MAX_SIDE);
    vi_note(d, true, "input size: %ldx%ld assumed, nothing in the file says (options width, height)", (long)h->image_width,
            (long)h->image_height);
    return VIT_OK;
}

int32_t vi_infer_positions(const vi_names *n, int32_t covers, const char *size_source, vi_description *d, vi_error *e) {
    vi_hparams *h = &d->hparams;
    if (covers == VI_COVERS_ABSENT) return no_positions(size_source, d);
    int32_t status = check_positions(n, h, e);
    if (status != VIT_OK) return status;
    if (size_source != NULL) return positions_of_known_size(n, covers, size_source, h, e);
    status = positions_of_square(n, covers, d, e);
    if (status == VIT_OK)
        vi_note(d, true, "input size: %ldx%ld assumed, a square of patches (option config)", (long)h->image_width,
                (long)h->image_height);
    return status;
}

int32_t vi_infer_square(const vi_names *n, vi_description *d, vi_error *e) {
    int32_t status = check_positions(n, &d->hparams, e);
    return status == VIT_OK ? positions_of_square(n, VI_COVERS_UNKNOWN, d, e) : status;
}

int32_t vi_guess_heads(int32_t width) {
    /* Published models of these widths (So400m, H, g, G, e) have 16 heads; nearly all others have heads of 64. */
    static const int32_t sixteen[] = {1152, 1280, 1408, 1664, 1792};
    for (size_t i = 0; i < sizeof sixteen / sizeof *sixteen; i++)
        if (width == sixteen[i]) return 16;
    int32_t dim = 64;
    while (width % dim != 0) dim--;
    if (dim < 64 && width % 32 == 0) dim = 32; /* powers of two are more usual than 48 or 60 */
    return width / dim;
}

int32_t vi_agree(const vi_names *n, vi_slot slot, const char *key, int64_t configured, int64_t found, vi_error *e) {
    if (configured == found) return VIT_OK;
    const vi_tensor *t = vi_names_find(n, slot, 0);
    if (t == NULL)
        return vi_fail(e, VIT_ERROR_MODEL, "config.json: %s is %lld, but the tensors give %lld", key, (long long)configured,
                       (long long)found);
    char shape[128];
    return vi_fail(e, VIT_ERROR_MODEL, "config.json: %s is %lld, but tensor '%s' is %s", key, (long long)configured, t->name,
                   vi_shape_text(shape, sizeof shape, t));
}
