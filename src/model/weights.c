/* weights.c: the table of weight slots and the shape of each. */
#include "model/weights.h"

#include <stdio.h>

#define MODEL(field) offsetof(vi_weights, field)
#define BLOCK(field) offsetof(vi_block, field)

const vi_slot_row vi_slot_table[VI_SLOTS] = {
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
};

void vi_slot_shape(vi_slot slot, const vi_hparams *h, uint64_t *rows, uint64_t *cols) {
    uint64_t width = (uint64_t)h->width, mlp = (uint64_t)h->mlp, classes = (uint64_t)h->classes;
    uint64_t patches = (uint64_t)(h->image_width / h->patch_width) * (uint64_t)(h->image_height / h->patch_height);
    *rows = 1;
    *cols = width; /* most slots are a vector of the model's width */
    switch (slot) {
    case VI_PATCH_W:
        *rows = width;
        *cols = (uint64_t)h->channels * (uint64_t)h->patch_height * (uint64_t)h->patch_width;
        break;
    case VI_CLASS_TOKEN: *rows = (uint64_t)h->class_token; break;
    case VI_REGISTERS: *rows = (uint64_t)h->registers; break;
    case VI_POSITION: *rows = patches + (h->position_covers_prefix ? (uint64_t)vi_prefix_tokens(h) : 0); break;
    case VI_HEAD_W: *rows = classes; break;
    case VI_HEAD_B: *rows = classes > 0; *cols = classes; break;
    case VI_QKV_W: *rows = 3 * width; break;
    case VI_QKV_B: *cols = 3 * width; break;
    case VI_PROJ_W: *rows = width; break;
    case VI_FC1_W: *rows = mlp; break;
    case VI_FC1_B: *cols = mlp; break;
    case VI_FC2_W: *rows = width; *cols = mlp; break;
    default: break;
    }
}

const char *vi_slot_text(char *dst, size_t size, vi_slot slot, int32_t block) {
    const char *name = vi_slot_table[slot].name;
    if (slot < VI_MODEL_SLOTS)
        snprintf(dst, size, "%s", name);
    else
        snprintf(dst, size, "blocks.%ld.%s", (long)block, name);
    return dst;
}
