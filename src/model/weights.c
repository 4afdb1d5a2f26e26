/* weights.c: the table of weight slots and the shape of each. */
#include "model/weights.h"

#include <stdio.h>

#define MODEL(field) offsetof(vi_weights, field)
#define BLOCK(field) offsetof(vi_block, field)
#define UNIT(field) offsetof(vi_stem_unit, field)

const vi_slot_row vi_slot_table[VI_ALL_SLOTS] = {
    [VI_PATCH_W] = {"patch.weight", true, true, MODEL(patch.w)},
    [VI_PATCH_B] = {"patch.bias", false, false, MODEL(patch.bias)},
    [VI_CLASS_TOKEN] = {"class_token", false, true, MODEL(class_token)},
    [VI_REGISTERS] = {"registers", false, true, MODEL(registers)},
    [VI_POSITION] = {"position", false, true, MODEL(position)},
    [VI_PRE_NORM_G] = {"pre_norm.weight", false, false, MODEL(pre_norm.gamma)},
    [VI_PRE_NORM_B] = {"pre_norm.bias", false, false, MODEL(pre_norm.beta)},
    [VI_NORM_G] = {"norm.weight", false, false, MODEL(norm.gamma)},
    [VI_NORM_B] = {"norm.bias", false, false, MODEL(norm.beta)},
    [VI_FC_NORM_G] = {"fc_norm.weight", false, false, MODEL(fc_norm.gamma)},
    [VI_FC_NORM_B] = {"fc_norm.bias", false, false, MODEL(fc_norm.beta)},
    [VI_HEAD_W] = {"head.weight", true, true, MODEL(head.w)},
    [VI_HEAD_B] = {"head.bias", false, false, MODEL(head.bias)},
    [VI_DIST_TOKEN] = {"dist_token", false, true, MODEL(dist_token)},
    [VI_PATCH_NORM_G] = {"patch_norm.weight", false, false, MODEL(patch_norm.gamma)},
    [VI_PATCH_NORM_B] = {"patch_norm.bias", false, false, MODEL(patch_norm.beta)},
    [VI_HEAD_DIST_W] = {"head_dist.weight", true, true, MODEL(head_dist.w)},
    [VI_HEAD_DIST_B] = {"head_dist.bias", false, false, MODEL(head_dist.bias)},
    [VI_REPRESENTATION_W] = {"representation.weight", true, true, MODEL(representation.w)},
    [VI_REPRESENTATION_B] = {"representation.bias", false, false, MODEL(representation.bias)},
    [VI_PROJECTION_W] = {"projection.weight", true, true, MODEL(projection.w)},
    [VI_PROJECTION_B] = {"projection.bias", false, false, MODEL(projection.bias)},
    [VI_MAP_LATENT] = {"map.latent", false, true, MODEL(map.latent)},
    [VI_MAP_Q_W] = {"map.q.weight", true, true, MODEL(map.q.w)},
    [VI_MAP_Q_B] = {"map.q.bias", false, false, MODEL(map.q.bias)},
    [VI_MAP_KV_W] = {"map.kv.weight", true, true, MODEL(map.kv.w)},
    [VI_MAP_KV_B] = {"map.kv.bias", false, false, MODEL(map.kv.bias)},
    [VI_MAP_PROJ_W] = {"map.proj.weight", true, true, MODEL(map.proj.w)},
    [VI_MAP_PROJ_B] = {"map.proj.bias", false, false, MODEL(map.proj.bias)},
    [VI_MAP_NORM_G] = {"map.norm.weight", false, true, MODEL(map.norm.gamma)},
    [VI_MAP_NORM_B] = {"map.norm.bias", false, false, MODEL(map.norm.beta)},
    [VI_MAP_FC1_W] = {"map.fc1.weight", true, true, MODEL(map.fc1.w)},
    [VI_MAP_FC1_B] = {"map.fc1.bias", false, false, MODEL(map.fc1.bias)},
    [VI_MAP_FC2_W] = {"map.fc2.weight", true, true, MODEL(map.fc2.w)},
    [VI_MAP_FC2_B] = {"map.fc2.bias", false, false, MODEL(map.fc2.bias)},
    [VI_MAP_Q_NORM_G] = {"map.q_norm.weight", false, false, MODEL(map.q_norm.gamma)},
    [VI_MAP_Q_NORM_B] = {"map.q_norm.bias", false, false, MODEL(map.q_norm.beta)},
    [VI_MAP_K_NORM_G] = {"map.k_norm.weight", false, false, MODEL(map.k_norm.gamma)},
    [VI_MAP_K_NORM_B] = {"map.k_norm.bias", false, false, MODEL(map.k_norm.beta)},
    [VI_ROPE_FREQS] = {"rope_freqs", false, true, MODEL(rope_freqs)},
    [VI_ROPE_PERIODS] = {"rope_periods", false, false, MODEL(rope_periods)},
    [VI_TOKENS_W] = {"tokens.weight", true, true, MODEL(tokens)},
    [VI_LOGIT_SCALE] = {"logit_scale", false, true, MODEL(logit_scale)},
    [VI_LOGIT_BIAS] = {"logit_bias", false, false, MODEL(logit_bias)},
    [VI_NORM1_G] = {"norm1.weight", false, true, BLOCK(norm1.gamma)},
    [VI_NORM1_B] = {"norm1.bias", false, false, BLOCK(norm1.beta)},
    [VI_QKV_W] = {"qkv.weight", true, true, BLOCK(qkv.w)},
    [VI_QKV_B] = {"qkv.bias", false, false, BLOCK(qkv.bias)},
    [VI_PROJ_W] = {"proj.weight", true, true, BLOCK(proj.w)},
    [VI_PROJ_B] = {"proj.bias", false, false, BLOCK(proj.bias)},
    [VI_SCALE1] = {"scale1", false, false, BLOCK(scale1)},
    [VI_NORM2_G] = {"norm2.weight", false, true, BLOCK(norm2.gamma)},
    [VI_NORM2_B] = {"norm2.bias", false, false, BLOCK(norm2.beta)},
    [VI_FC1_W] = {"fc1.weight", true, true, BLOCK(fc1.w)},
    [VI_FC1_B] = {"fc1.bias", false, false, BLOCK(fc1.bias)},
    [VI_FC2_W] = {"fc2.weight", true, true, BLOCK(fc2.w)},
    [VI_FC2_B] = {"fc2.bias", false, false, BLOCK(fc2.bias)},
    [VI_SCALE2] = {"scale2", false, false, BLOCK(scale2)},
    [VI_Q_NORM_G] = {"q_norm.weight", false, false, BLOCK(q_norm.gamma)},
    [VI_Q_NORM_B] = {"q_norm.bias", false, false, BLOCK(q_norm.beta)},
    [VI_K_NORM_G] = {"k_norm.weight", false, false, BLOCK(k_norm.gamma)},
    [VI_K_NORM_B] = {"k_norm.bias", false, false, BLOCK(k_norm.beta)},
    [VI_ATTN_NORM_G] = {"attn_norm.weight", false, false, BLOCK(attn_norm.gamma)},
    [VI_ATTN_NORM_B] = {"attn_norm.bias", false, false, BLOCK(attn_norm.beta)},
    [VI_MLP_NORM_G] = {"mlp_norm.weight", false, false, BLOCK(mlp_norm.gamma)},
    [VI_MLP_NORM_B] = {"mlp_norm.bias", false, false, BLOCK(mlp_norm.beta)},
    [VI_STEM_W] = {"stem.weight", true, true, MODEL(stem.root)},
    [VI_STEM_NORM_G] = {"stem.norm.weight", false, true, MODEL(stem.norm.gamma)},
    [VI_STEM_NORM_B] = {"stem.norm.bias", false, true, MODEL(stem.norm.beta)},
    [VI_UNIT_CONV1_W] = {"conv1.weight", true, true, UNIT(conv1)},
    [VI_UNIT_NORM1_G] = {"norm1.weight", false, true, UNIT(norm1.gamma)},
    [VI_UNIT_NORM1_B] = {"norm1.bias", false, true, UNIT(norm1.beta)},
    [VI_UNIT_CONV2_W] = {"conv2.weight", true, true, UNIT(conv2)},
    [VI_UNIT_NORM2_G] = {"norm2.weight", false, true, UNIT(norm2.gamma)},
    [VI_UNIT_NORM2_B] = {"norm2.bias", false, true, UNIT(norm2.beta)},
    [VI_UNIT_CONV3_W] = {"conv3.weight", true, true, UNIT(conv3)},
    [VI_UNIT_NORM3_G] = {"norm3.weight", false, true, UNIT(norm3.gamma)},
    [VI_UNIT_NORM3_B] = {"norm3.bias", false, true, UNIT(norm3.beta)},
    [VI_UNIT_PROJ_W] = {"proj.weight", true, true, UNIT(proj)},
    [VI_UNIT_PROJ_NORM_G] = {"proj_norm.weight", false, true, UNIT(proj_norm.gamma)},
    [VI_UNIT_PROJ_NORM_B] = {"proj_norm.bias", false, true, UNIT(proj_norm.beta)},
};

/* Shapes of the slots of attention pooling. */
static void map_shape(vi_slot slot, const vi_hparams *h, uint64_t *rows, uint64_t *cols) {
    uint64_t map = h->pool == VIT_POOL_ATTENTION, width = (uint64_t)h->width, mlp = (uint64_t)vi_map_mlp(h);
    *rows = map;
    switch (slot) {
    case VI_MAP_Q_W:
    case VI_MAP_PROJ_W: *rows = map * width; break;
    case VI_MAP_KV_W: *rows = map * 2 * width; break;
    case VI_MAP_KV_B: *cols = 2 * width; break;
    case VI_MAP_FC1_W: *rows = map * mlp; break;
    case VI_MAP_FC1_B: *cols = mlp; break;
    case VI_MAP_FC2_W:
        *rows = map * width;
        *cols = mlp;
        break;
    case VI_MAP_Q_NORM_G:
    case VI_MAP_Q_NORM_B:
    case VI_MAP_K_NORM_G:
    case VI_MAP_K_NORM_B: *cols = width / (uint64_t)vi_map_heads(h); break;
    default: break;
    }
}

/* Shapes of the slots that only some models have. */
static void special_shape(vi_slot slot, const vi_hparams *h, uint64_t *rows, uint64_t *cols) {
    uint64_t width = (uint64_t)h->width, mlp = (uint64_t)h->mlp;
    uint64_t representation = (uint64_t)h->representation, projection = (uint64_t)h->projection;
    uint64_t dist_classes = h->distilled ? (uint64_t)h->classes : 0;
    switch (slot) {
    case VI_DIST_TOKEN: *rows = (uint64_t)h->distilled; break;
    case VI_STEM_W:
        *rows = (uint64_t)h->stem_width;
        *cols = 7 * 7 * (uint64_t)h->channels;
        break;
    case VI_STEM_NORM_G:
    case VI_STEM_NORM_B:
        *rows = h->stem_width > 0;
        *cols = (uint64_t)h->stem_width;
        break;
    case VI_HEAD_DIST_W: *rows = dist_classes; break;
    case VI_HEAD_DIST_B:
        *rows = dist_classes > 0;
        *cols = dist_classes;
        break;
    case VI_REPRESENTATION_W:
        *rows = representation;
        *cols = (uint64_t)vi_pooled_width(h);
        break;
    case VI_REPRESENTATION_B:
        *rows = representation > 0;
        *cols = representation;
        break;
    case VI_PROJECTION_W:
        *rows = projection;
        *cols = representation ? representation : (uint64_t)vi_pooled_width(h);
        break;
    case VI_PROJECTION_B:
        *rows = projection > 0;
        *cols = projection;
        break;
    case VI_ROPE_FREQS:
        *rows = h->rope == VI_ROPE_MIXED ? 2 * (uint64_t)h->depth * (uint64_t)h->heads : 0;
        *cols = width / (uint64_t)h->heads / 2;
        break;
    case VI_ROPE_PERIODS:
        *rows = h->rope == VI_ROPE_HALVES;
        *cols = width / (uint64_t)h->heads / 4;
        break;
    case VI_NORM2_G:
    case VI_NORM2_B: *rows = h->block != VI_BLOCK_PARALLEL; break;
    case VI_TOKENS_W: *rows = (uint64_t)h->vocabulary; break;
    case VI_LOGIT_SCALE:
    case VI_LOGIT_BIAS:
        *rows = vi_reads_text(h);
        *cols = 1;
        break;
    case VI_Q_NORM_G:
    case VI_Q_NORM_B:
    case VI_K_NORM_G:
    case VI_K_NORM_B: *cols = width / (uint64_t)h->heads; break;
    case VI_MLP_NORM_G:
    case VI_MLP_NORM_B: *cols = mlp; break;
    default:
        if (slot >= VI_MAP_LATENT && slot <= VI_MAP_K_NORM_B) map_shape(slot, h, rows, cols);
        break;
    }
}

/* Rows of the position embedding. */
static uint64_t positions(const vi_hparams *h) {
    if (vi_reads_text(h)) return (uint64_t)h->context;
    if (h->positionless || h->rope == VI_ROPE_HALVES) return 0;
    uint64_t patches = (uint64_t)vi_grid_side(h, h->image_width, h->patch_width);
    patches *= (uint64_t)vi_grid_side(h, h->image_height, h->patch_height);
    return patches + (uint64_t)h->position_prefix;
}

void vi_slot_shape(vi_slot slot, const vi_hparams *h, uint64_t *rows, uint64_t *cols) {
    uint64_t width = (uint64_t)h->width, mlp = (uint64_t)h->mlp, classes = (uint64_t)h->classes;
    uint64_t fc1 = h->ffn == VI_FFN_SWIGLU ? 2 * mlp : mlp, pooled = (uint64_t)vi_pooled_width(h);
    bool text = vi_reads_text(h);
    *rows = 1;
    *cols = width; /* most slots are a vector of the model's width */
    switch (slot) {
    case VI_PATCH_W:
        *rows = text ? 0 : width;
        *cols = (uint64_t)vi_patch_inputs(h);
        break;
    case VI_PATCH_B: *rows = !text; break;
    case VI_CLASS_TOKEN: *rows = (uint64_t)h->class_token; break;
    case VI_REGISTERS: *rows = (uint64_t)h->registers; break;
    case VI_POSITION: *rows = positions(h); break;
    case VI_FC_NORM_G:
    case VI_FC_NORM_B: *cols = pooled; break;
    case VI_HEAD_W:
        *rows = classes;
        *cols = (uint64_t)vi_embedding_width(h);
        break;
    case VI_HEAD_B:
        *rows = classes > 0;
        *cols = classes;
        break;
    case VI_QKV_W: *rows = 3 * width; break;
    case VI_QKV_B: *cols = 3 * width; break;
    case VI_PROJ_W: *rows = width; break;
    case VI_FC1_W: *rows = fc1; break;
    case VI_FC1_B: *cols = fc1; break;
    case VI_FC2_W:
        *rows = width;
        *cols = mlp;
        break;
    default: special_shape(slot, h, rows, cols); break;
    }
}

uint32_t vi_slot_type(vi_slot slot, uint32_t precision, size_t cols) {
    if (precision != VI_I8) return precision;
    bool every_token = slot == VI_PATCH_W || (slot >= VI_MODEL_SLOTS && slot < VI_SLOTS && vi_slot_table[slot].matrix);
    return every_token && cols <= VI_I8_COLS ? VI_I8 : VI_F32;
}

/* Stage of a unit, and whether it is the stage's first. */
static int32_t stage_of(const vi_hparams *h, int32_t unit, bool *first) {
    int32_t stage = 0;
    for (; stage < VI_MAX_STAGES - 1 && unit >= h->stem_units[stage]; stage++) unit -= h->stem_units[stage];
    *first = unit == 0;
    return stage;
}

static void unit_shape(vi_place p, const vi_hparams *h, uint64_t *rows, uint64_t *cols) {
    bool first;
    int32_t stage = stage_of(h, p.block, &first);
    uint64_t mid = (uint64_t)h->stem_width << stage, inputs = first ? stage == 0 ? mid : 2 * mid : 4 * mid;
    bool vector = !vi_slot_table[p.slot].matrix;
    *rows = mid;
    *cols = inputs;
    if (p.slot >= VI_UNIT_CONV2_W) *cols = 9 * mid;
    if (p.slot >= VI_UNIT_CONV3_W) *rows = 4 * mid;
    if (p.slot >= VI_UNIT_CONV3_W) *cols = mid;
    if (p.slot >= VI_UNIT_PROJ_W) *cols = inputs;
    if (p.slot >= VI_UNIT_PROJ_W && !first) *rows = 0;
    if (vector) *cols = *rows;
    if (vector) *rows = *rows > 0;
}

void vi_place_shape(vi_place p, const vi_hparams *h, uint64_t *rows, uint64_t *cols) {
    if (p.slot < VI_SLOTS)
        vi_slot_shape(p.slot, h, rows, cols);
    else
        unit_shape(p, h, rows, cols);
}

bool vi_place_next(vi_place *p, const vi_hparams *h) {
    int slot = (int)p->slot + 1;
    if (slot == VI_MODEL_SLOTS) p->block = 0;
    if (slot == VI_SLOTS && ++p->block < h->depth) slot = VI_MODEL_SLOTS;
    if (slot == VI_ALL_SLOTS && ++p->block < vi_stem_units(h)) slot = VI_SLOTS;
    if (p->slot < VI_SLOTS && slot == VI_SLOTS) p->block = 0;
    p->slot = (vi_slot)slot;
    return slot < VI_SLOTS || (slot < VI_ALL_SLOTS && vi_stem_units(h) > 0);
}

void *vi_place_holder(vi_place p, const vi_weights *w) {
    if (p.slot < VI_MODEL_SLOTS) return (void *)(uintptr_t)w; /* const only for those who read it */
    return p.slot < VI_SLOTS ? (void *)&w->blocks[p.block] : (void *)&w->stem.units[p.block];
}

int32_t vi_slot_kernel(vi_slot slot) {
    if (slot == VI_STEM_W) return 7;
    if (slot < VI_SLOTS || !vi_slot_table[slot].matrix) return 0;
    return slot == VI_UNIT_CONV2_W ? 3 : 1;
}

const char *vi_slot_text(char *dst, size_t size, vi_slot slot, int32_t block) {
    const char *name = vi_slot_table[slot].name;
    if (slot < VI_MODEL_SLOTS)
        snprintf(dst, size, "%s", name);
    else
        snprintf(dst, size, slot < VI_SLOTS ? "blocks.%ld.%s" : "stem.%ld.%s", (long)block, name);
    return dst;
}
