/* test_timm.c: what is read, inferred, guessed and refused of timm's checkpoints. */
#include "checkpoint.h"
#include "family/timm_arch.h"

#define CFG "\"interpolation\":\"bicubic\",\"crop_pct\":0.9,\"mean\":[0.1,0.2,0.3],\"std\":[0.4,0.5,0.6]"

static void everything_comes_from_shapes_and_architecture(void) {
    checkpoint c = timm_checkpoint();
    put(&c, "reg_token", "[1, 4, 24]");
    put(&c, "pos_embed", "[1, 16, 24]");
    described *r = accept(
        &c, "{\"architecture\":\"deit3_small_patch16_224.x\",\"pretrained_cfg\":{\"input_size\":[3,16,16]," CFG "}}", NULL, NULL);
    if (!r) return;
    const vi_hparams *h = &r->d.hparams;
    CHECK(strcmp(r->family->name, "timm") == 0, "%s", r->family->name);
    CHECK(strcmp(h->architecture, "deit3_small_patch16_224.x") == 0, "%s", h->architecture);
    CHECK(h->width == 24 && h->depth == 2 && h->heads == 6 && h->mlp == 40 && h->channels == 3, "sizes");
    CHECK(h->patch_width == 4 && h->patch_height == 4 && h->image_width == 16 && h->image_height == 16, "image");
    CHECK(h->classes == 5 && h->class_token == 1 && h->registers == 4 && h->position_prefix == 0, "tokens");
    CHECK(h->activation == VIT_ACT_GELU && h->pool == VIT_POOL_TOKEN && h->position == VIT_POSITION_BICUBIC_ANTIALIAS, "choices");
    CHECK(same(h->eps, 1e-6f) && same(h->pipeline.mean[1], 0.2f) && same(h->pipeline.std[2], 0.6f), "numbers");
    CHECK(h->pipeline.resize == VIT_RESIZE_SHORTEST && h->pipeline.resize_width == 17 && h->pipeline.resize_height == 17,
          "resize");
    CHECK(h->pipeline.crop_rounding == VI_CROP_HALF_EVEN && h->pipeline.filter == VIT_FILTER_BICUBIC, "crop");
    CHECK(r->d.notes[0] == '\0' && r->d.guesses == 0, "notes: %s", r->d.notes);
    CHECK(r->d.model[VI_HEAD_W].parts == 1 && r->d.blocks[1][VI_FC2_B - VI_MODEL_SLOTS].parts == 1, "slots");
    CHECK(r->d.model[VI_PRE_NORM_G].parts == 0 && r->d.blocks[0][VI_SCALE1 - VI_MODEL_SLOTS].parts == 0, "absent slots");
    for (size_t i = 0; i < r->directory.count; i++) CHECK(r->directory.tensors[i].used, "%s", r->directory.tensors[i].name);
    close_described(r);
}

static void guesses_are_noted_unless_overridden(void) {
    checkpoint c = timm_checkpoint();
    vi_overrides o = no_overrides();
    static const char *const options[] = {"option heads", "option eps", "option activation", "options mean", "options resize"};
    described *r = accept(&c, NULL, NULL, NULL);
    if (r) {
        for (size_t i = 0; i < 5; i++) CHECK(strstr(r->d.notes, options[i]) != NULL, "no %s in: %s", options[i], r->d.notes);
        CHECK(r->d.guesses == 6, "%u guesses: %s", r->d.guesses, r->d.notes); /* the sixth: a square input */
        CHECK(r->d.hparams.heads == 1 && r->d.hparams.image_width == 16 && r->d.hparams.position_prefix == 1, "guesses");
        CHECK(r->d.hparams.pipeline.resize_width == 16, "a tiny input is not enlarged");
        close_described(r);
    }
    o.heads = 4;
    o.eps = 0.5;
    o.activation = VIT_ACT_RELU;
    o.mean_count = 1;
    o.std_count = 3;
    o.mean[0] = 0.25f;
    o.std[0] = o.std[1] = 1;
    o.std[2] = 2;
    o.resize = VIT_RESIZE_PAD;
    o.filter = VIT_FILTER_BOX;
    o.passes = VIT_PASSES_PILLOW_13;
    o.pool = VIT_POOL_MEAN;
    o.position = VIT_POSITION_BILINEAR;
    r = accept(&c, NULL, NULL, &o);
    if (!r) return;
    const vi_hparams *h = &r->d.hparams;
    CHECK(r->d.guesses == 1 && strstr(r->d.notes, "input size") == r->d.notes, "notes: %s", r->d.notes);
    CHECK(h->heads == 4 && same(h->eps, 0.5f) && h->activation == VIT_ACT_RELU && h->pool == VIT_POOL_MEAN, "model");
    CHECK(h->position == VIT_POSITION_BILINEAR && h->pipeline.resize == VIT_RESIZE_PAD && h->pipeline.filter == VIT_FILTER_BOX,
          "choices");
    CHECK(same(h->pipeline.mean[0], 0.25f) && same(h->pipeline.mean[2], 0.25f) && same(h->pipeline.std[2], 2), "numbers");
    CHECK(h->pipeline.pass_order == VIT_PASSES_PILLOW_13, "passes");
    close_described(r);
    o.std_count = 2;
    refuse(&c, NULL, NULL, &o, VIT_ERROR_ARGUMENT, "std|2 numbers|3 channels");
}

static void crop_overrides_change_the_resize_size(void) {
    checkpoint c = timm_checkpoint();
    vi_overrides o = no_overrides();
    o.crop = 0.5;
    described *r = accept(&c, "{\"architecture\":\"vit_tiny_patch16_224\",\"input_size\":[3,16,16]," CFG "}", NULL, &o);
    if (!r) return;
    CHECK(r->d.hparams.pipeline.resize_width == 32 && r->d.hparams.pipeline.width == 16, "%d",
          r->d.hparams.pipeline.resize_width);
    close_described(r);
}

/* Config, and where the model then pools and what LayerNorm adds; -1: refused. */
static void pooling_and_epsilon(void) {
    enum { PLAIN, FC_NORM, NO_NORM, NO_TOKEN, PRE_NORM, BOTH_NORMS };
    static const struct {
        int variant;
        const char *config;
        int32_t pool;
        float eps;
    } cases[] = {
        {PLAIN, "{}", VIT_POOL_TOKEN, 1e-6f},
        {FC_NORM, "{}", VIT_POOL_MEAN, 1e-6f},
        {NO_NORM, "{}", VIT_POOL_TOKEN, 1e-6f},
        {NO_TOKEN, "{}", VIT_POOL_MEAN, 1e-6f},
        {PRE_NORM, "{}", VIT_POOL_TOKEN, 1e-5f},
        {BOTH_NORMS, "{}", VIT_POOL_TOKEN, 1e-6f},
        {PLAIN, "{\"global_pool\":\"avg\"}", VIT_POOL_MEAN, 1e-6f},
        {PLAIN, "{\"global_pool\":\"token\",\"model_args\":{\"global_pool\":\"avg\"}}", VIT_POOL_MEAN, 1e-6f},
        {PLAIN, "{\"global_pool\":\"\"}", VIT_POOL_TOKEN, 1e-6f},
        {NO_TOKEN, "{\"global_pool\":\"\"}", VIT_POOL_MEAN, 1e-6f},
        {NO_TOKEN, "{\"global_pool\":\"token\"}", -1, 0},
        {PLAIN, "{\"architecture\":\"eva_large_patch14_196\",\"model_args\":{\"num_heads\":2}}", VIT_POOL_MEAN, 1e-6f},
        {PRE_NORM, "{\"architecture\":\"vit_base_patch16_clip_224\"}", VIT_POOL_TOKEN, 1e-5f},
        {PRE_NORM, "{\"architecture\":\"vit_base_patch16_clip_224\",\"model_args\":{\"norm_layer\":\"layernorm\"}}",
         VIT_POOL_TOKEN, 1e-6f},
        {PRE_NORM, "{\"architecture\":\"vit_base_patch16_224\"}", VIT_POOL_TOKEN, 1e-6f},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        checkpoint c = timm_checkpoint();
        if (cases[i].variant == FC_NORM || cases[i].variant == NO_NORM) drop_all(&c, "norm.");
        if (cases[i].variant == FC_NORM || cases[i].variant == BOTH_NORMS) put_pair(&c, "fc_norm", 24, 0);
        if (cases[i].variant == PRE_NORM) put_pair(&c, "norm_pre", 24, 0);
        if (cases[i].variant == NO_TOKEN) {
            drop(&c, "cls_token");
            put(&c, "pos_embed", "[1, 16, 24]");
        }
        if (cases[i].pool < 0) {
            refuse(&c, cases[i].config, NULL, NULL, VIT_ERROR_MODEL, "cls_token|global_pool");
            continue;
        }
        described *r = accept(&c, cases[i].config, NULL, NULL);
        if (!r) continue;
        CHECK(r->d.hparams.pool == cases[i].pool, "case %zu: pool %d", i, r->d.hparams.pool);
        CHECK(same(r->d.hparams.eps, cases[i].eps), "case %zu: epsilon %g", i, (double)r->d.hparams.eps);
        close_described(r);
    }
}

/* Rows of pos_embed with a class token and so many registers, and how many of them belong to the prefix; -1: refused. */
static void positions(void) {
    static const struct {
        int registers, rows;
        const char *config;
        int32_t prefix;
        const char *message;
    } cases[] = {
        {0, 17, NULL, 1, ""},
        {0, 16, NULL, 0, ""},
        {4, 16, NULL, 0, ""},
        {4, 21, NULL, 5, ""},
        {4, 9, NULL, 0, "no_embed_class"}, /* 3 x 3, or 5 + 2 x 2 */
        {4, 9, "{\"architecture\":\"vit_tiny_patch16_224\"}", 5, ""},
        {4, 9, "{\"architecture\":\"vit_base_patch14_reg4_dinov2\"}", 0, ""},
        {4, 9, "{\"model_args\":{\"no_embed_class\":false}}", 5, ""},
        {0, 13, NULL, -1, "square|option config|input_size"},
        {0, 13, "{\"input_size\":[3,16,12]}", 1, ""},
        {0, 12, "{\"input_size\":[3,16,12]}", 0, ""},
        {0, 13, "{\"pretrained_cfg\":{\"input_size\":[3,224,224]},\"model_args\":{\"img_size\":[16,12]}}", 1, ""},
        {0, 13, "{\"input_size\":[3,16,16]}", -1, "'pos_embed'|[1, 13, 24]|16x16"},
        {0, 17, "{\"input_size\":[3,16,15]}", -1, "16x15|multiple"},
        {0, 17, "{\"input_size\":[3,16,16],\"model_args\":{\"no_embed_class\":true}}", -1, "'pos_embed'|needs 16"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        checkpoint c = timm_checkpoint();
        if (cases[i].registers) put(&c, "reg_token", "[1, %d, 24]", cases[i].registers);
        put(&c, "pos_embed", "[1, %d, 24]", cases[i].rows);
        if (cases[i].prefix < 0) {
            refuse(&c, cases[i].config, NULL, NULL, VIT_ERROR_MODEL, cases[i].message);
            continue;
        }
        described *r = accept(&c, cases[i].config, NULL, NULL);
        if (!r) continue;
        CHECK(r->d.hparams.position_prefix == cases[i].prefix, "case %zu: %d rows for the prefix", i,
              r->d.hparams.position_prefix);
        CHECK(strstr(r->d.notes, cases[i].message) != NULL, "case %zu: %s", i, r->d.notes);
        close_described(r);
    }
}

static void left_over_tensors_are_refused_by_name(void) {
    static const struct {
        const char *tensor, *shape, *message;
    } cases[] = {
        {"blocks.1.surprise.weight", "[3, 2]", "'blocks.1.surprise.weight' [3, 2]|timm"},
        {"blocks.7.norm1.weight", "[24]", "'blocks.2.norm1.weight' is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        checkpoint c = timm_checkpoint();
        put(&c, cases[i].tensor, cases[i].shape);
        refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, cases[i].message);
    }
    checkpoint c = timm_checkpoint();
    put(&c, "zebra", "[1]");
    put(&c, "aardvark", "[2]");
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'aardvark' [2] (and 1 more)");
}

static void features_of_other_models_are_named(void) {
    static const struct {
        const char *tensor, *message;
    } cases[] = {
        {"attn_pool.q_norm.weight", "attn_pool.q_norm|no bias"},
        {"embeds.proj.weight", "embeds.proj|NaFlexViT"},
        {"rope.periods", "rope|stored periods"},
        {"blocks.0.attn.lambda_q1", "lambda_q1|differential"},
        {"blocks.0.attn.gate.weight", "attn.gate|gated"},
        {"blocks.0.out_proj.weight", "out_proj|fuse_out_proj"},
        {"blocks.0.attn.q_norm.weight", "q_norm|no bias"},
        {"blocks.0.attn.q_bias", "q_bias|EVA"},
        {"blocks.0.attn.q_proj.weight", "q_proj|EVA"},
        {"patch_embed.backbone.layer1.0.conv1.weight", "backbone|stem"},
        {"patch_embed.backbone.0.conv.weight", "backbone|MobileCLIP"},
        {"blocks.0.attn.norm.weight", "attn.norm|no bias"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        checkpoint c = timm_checkpoint();
        put(&c, cases[i].tensor, "[24]");
        refuse(&c, NULL, NULL, NULL, VIT_ERROR_UNSUPPORTED, cases[i].message);
    }
    checkpoint c = timm_checkpoint();
    drop_all(&c, "norm1.bias");
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_UNSUPPORTED, "'norm.weight'|RMSNorm");
}

/* Parts of descendants that fit into the plain model's names: what the numbers become, and wrong shapes. */
static void descendants(void) {
    checkpoint c = timm_checkpoint();
    for (int i = 0; i < 2; i++) {
        char name[64];
        snprintf(name, sizeof name, "blocks.%d.mlp.fc1", i);
        put_pair(&c, name, 80, 24);
    }
    described *r = accept(&c, NULL, NULL, NULL);
    if (r) {
        CHECK(r->d.hparams.ffn == VI_FFN_SWIGLU && r->d.hparams.mlp == 40 && r->d.hparams.activation == VIT_ACT_SILU, "SwiGLU");
        close_described(r);
    }
    drop_all(&c, "mlp.fc1.");
    for (int i = 0; i < 2; i++) {
        char name[64];
        snprintf(name, sizeof name, "blocks.%d.mlp.fc1_g", i);
        put_pair(&c, name, 40, 24);
        refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, "fc1_x.weight' is missing");
        snprintf(name, sizeof name, "blocks.%d.mlp.fc1_x", i);
        put_pair(&c, name, 40, 24);
    }
    r = accept(&c, NULL, NULL, NULL);
    if (r) {
        CHECK(r->d.hparams.ffn == VI_FFN_SWIGLU && r->d.hparams.mlp == 40, "SwiGLU in two tensors");
        close_described(r);
    }
    c = timm_checkpoint();
    put(&c, "dist_token", "[1, 1, 24]");
    put(&c, "pos_embed", "[1, 18, 24]");
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'head_dist.weight' is missing");
    put_pair(&c, "head_dist", 4, 24);
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'head_dist.weight' is [4, 24]|5 x 24");
    put_pair(&c, "head_dist", 5, 24);
    r = accept(&c, NULL, NULL, NULL);
    if (!r) return;
    CHECK(r->d.hparams.distilled == 1 && r->d.hparams.position_prefix == 2, "distilled");
    close_described(r);
}

/* ViT-22B: one tensor for the MLP's first layer and q, k, v. */
static void parallel_blocks(void) {
    checkpoint c = timm_checkpoint();
    drop_all(&c, "blocks.");
    for (int i = 0; i < 2; i++) {
        const struct {
            const char *name;
            int rows, cols;
        } parts[] = {{"in_norm", 24, 0}, {"in_proj", 40 + 72, 24}, {"attn_out_proj", 24, 24}, {"mlp_out_proj", 24, 40}};
        for (int p = 0; p < 4; p++) {
            char name[64];
            snprintf(name, sizeof name, "blocks.%d.%s", i, parts[p].name);
            put_pair(&c, name, parts[p].rows, parts[p].cols);
        }
    }
    described *r = accept(&c, NULL, NULL, NULL);
    if (r) {
        const vi_source *fc1 = &r->d.blocks[1][VI_FC1_W - VI_MODEL_SLOTS], *qkv = &r->d.blocks[1][VI_QKV_B - VI_MODEL_SLOTS];
        CHECK(r->d.hparams.block == VI_BLOCK_PARALLEL && r->d.hparams.mlp == 40, "block %d mlp %d", (int)r->d.hparams.block,
              (int)r->d.hparams.mlp);
        CHECK(fc1->below == 72 && fc1->above == 0 && qkv->above == 40 && qkv->below == 0, "rows of in_proj");
        close_described(r);
    }
    put(&c, "blocks.1.in_proj.weight", "[111, 24]");
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'blocks.1.in_proj.weight' is [111, 24]|112 x 24");
    put(&c, "blocks.1.in_proj.weight", "[112, 24]");
    drop(&c, "blocks.0.mlp_out_proj.weight");
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, "is missing");
}

/* Several attentions and several MLPs side by side in one block of the file. */
static void branches(void) {
    static const char *const names[] = {"attns.%d.norm", "attns.%d.attn.qkv", "attns.%d.attn.proj",
                                        "ffns.%d.norm",  "ffns.%d.mlp.fc1",   "ffns.%d.mlp.fc2"};
    checkpoint c = timm_checkpoint();
    drop_all(&c, "blocks.");
    for (int i = 0; i < 6; i++) { /* 2 blocks of 3 branches */
        char made[6][64];
        const char *of_branch[6];
        for (int n = 0; n < 6; n++) {
            snprintf(made[n], sizeof made[n], names[n], i % 3);
            of_branch[n] = made[n];
        }
        put_block(&c, i < 3 ? "blocks.0." : "blocks.1.", of_branch, 24, 40, 1);
    }
    described *r = accept(&c, NULL, NULL, NULL);
    if (r) {
        CHECK(r->d.hparams.branches == 3 && r->d.hparams.depth == 6 && vi_layers(&r->d.hparams) == 2, "branches");
        const vi_tensor *t = r->d.blocks[5][VI_FC2_W - VI_MODEL_SLOTS].part[0];
        CHECK(t && strcmp(t->name, "blocks.1.ffns.2.mlp.fc2.weight") == 0, "%s", t ? t->name : "");
        close_described(r);
    }
    drop(&c, "blocks.1.ffns.2.mlp.fc2.weight");
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'blocks.1.ffns.2.mlp.fc2.weight' is missing");
}

/* What no tensor shows comes from the architecture's name or model_args. */
static void structure(void) {
    checkpoint c = timm_checkpoint();
    const struct {
        const char *config;
        int32_t block, pool_prefix, map_heads;
    } cases[] = {
        {"{\"num_classes\":5}", VI_BLOCK_PRE, 0, 0},
        {"{\"architecture\":\"vit_base_patch16_rpn_224\",\"model_args\":{\"num_heads\":2}}", VI_BLOCK_POST, 0, 0},
        {"{\"model_args\":{\"use_post_norm\":true,\"pool_include_prefix\":true,\"attn_pool_num_heads\":4}}", VI_BLOCK_POST, 1, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        described *r = accept(&c, cases[i].config, NULL, NULL);
        if (!r) continue;
        const vi_hparams *h = &r->d.hparams;
        CHECK(h->block == cases[i].block && h->pool_prefix == cases[i].pool_prefix && h->map_heads == cases[i].map_heads, "%s",
              cases[i].config);
        close_described(r);
    }
    put(&c, "rope.freqs", "[2, 2, 3, 4]"); /* depth, heads, half a head */
    described *r = accept(&c, "{\"model_args\":{\"num_heads\":3}}", NULL, NULL);
    if (r) {
        CHECK(r->d.hparams.rope == VI_ROPE_MIXED, "rope %d", (int)r->d.hparams.rope);
        close_described(r);
    }
    put(&c, "rope.freqs", "[2, 2, 3, 5]");
    refuse(&c, "{\"model_args\":{\"num_heads\":3}}", NULL, NULL, VIT_ERROR_MODEL, "'rope.freqs' is [2, 2, 3, 5]|12 x 4");
}

static void broken_checkpoints_are_refused(void) {
    static const struct {
        const char *tensor, *shape, *message; /* shape NULL: dropped */
    } cases[] = {
        {"patch_embed.proj.weight", NULL, "'patch_embed.proj.weight' is missing"},
        {"patch_embed.proj.weight", "[24, 48]", "'patch_embed.proj.weight' is [24, 48]"},
        {"patch_embed.proj.weight", "[24, 3, 0, 4]", "'patch_embed.proj.weight'"},
        {"pos_embed", NULL, "'pos_embed' is missing"},
        {"pos_embed", "[1, 17, 23]", "'pos_embed' is [1, 17, 23]"},
        {"cls_token", "[1, 1, 23]", "'cls_token' is [1, 1, 23]|1 x 24"},
        {"cls_token", "[1, 2, 24]", "'cls_token' is [1, 2, 24]"},
        {"blocks.0.norm1.weight", NULL, "'blocks.0.norm1.weight' is missing"},
        {"blocks.1.attn.qkv.weight", NULL, "'blocks.1.attn.qkv.weight' is missing"},
        {"blocks.1.attn.qkv.weight", "[24, 72]", "'blocks.1.attn.qkv.weight' is [24, 72]|72 x 24"},
        {"blocks.1.attn.qkv.weight", "[72, 23]", "'blocks.1.attn.qkv.weight' is [72, 23]"},
        {"blocks.1.attn.proj.bias", "[25]", "'blocks.1.attn.proj.bias' is [25]"},
        {"blocks.0.mlp.fc1.weight", NULL, "'blocks.0.mlp.fc1.weight' is missing"},
        {"blocks.0.mlp.fc1.weight", "[41, 24]", "'blocks.0.mlp.fc1.bias' is [40]|1 x 41"},
        {"blocks.1.mlp.fc2.weight", "[24, 41]", "'blocks.1.mlp.fc2.weight' is [24, 41]"},
        {"norm.weight", NULL, "'norm.bias' has no weight"},
        {"norm.bias", "[]", "'norm.bias' is []"},
        {"head.weight", "[5]", "'head.weight' is [5]"},
        {"head.weight", "[6, 24]", "'head.bias' is [5]|1 x 6"},
        {"head.weight", NULL, "'head.bias'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        checkpoint c = timm_checkpoint();
        if (cases[i].shape)
            put(&c, cases[i].tensor, "%s", cases[i].shape);
        else
            drop(&c, cases[i].tensor);
        refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, cases[i].message);
    }
    checkpoint c = timm_checkpoint();
    find_spec(&c, "norm.weight")->dtype = "I64";
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_UNSUPPORTED, "'norm.weight'|I64");
    c = timm_checkpoint();
    drop_all(&c, "blocks.");
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'blocks.0.mlp.fc1.weight' is missing");
}

static void wrong_configs_are_refused(void) {
    static const struct {
        const char *config, *message;
        int32_t status;
    } cases[] = {
        {"[]", "config.json|object", VIT_ERROR_MODEL},
        {"{\"architecture\":3}", "architecture|text", VIT_ERROR_MODEL},
        {"{\"num_classes\":10}", "num_classes is 10|'head.weight' is [5, 24]", VIT_ERROR_MODEL},
        {"{\"num_classes\":\"5\"}", "num_classes is a text", VIT_ERROR_MODEL},
        {"{\"num_classes\":5.5}", "num_classes", VIT_ERROR_MODEL},
        {"{\"num_classes\":-1}", "num_classes is -1", VIT_ERROR_MODEL},
        {"{\"num_classes\":5000000000}", "num_classes is 5000000000", VIT_ERROR_MODEL},
        {"{\"global_pool\":\"map\"}", "'attn_pool.latent' is missing", VIT_ERROR_MODEL},
        {"{\"global_pool\":\"median\"}", "global_pool 'median'", VIT_ERROR_UNSUPPORTED},
        {"{\"global_pool\":7}", "global_pool", VIT_ERROR_MODEL},
        {"{\"pretrained_cfg\":[]}", "pretrained_cfg is a list", VIT_ERROR_MODEL},
        {"{\"model_args\":{\"act_layer\":\"mish\"}}", "act_layer 'mish'", VIT_ERROR_UNSUPPORTED},
        {"{\"model_args\":{\"norm_layer\":\"batchnorm2d\"}}", "norm_layer 'batchnorm2d'", VIT_ERROR_UNSUPPORTED},
        {"{\"model_args\":{\"num_heads\":0}}", "num_heads is 0", VIT_ERROR_MODEL},
        {"{\"model_args\":{\"num_heads\":5}}", "24|heads 5", VIT_ERROR_MODEL},
        {"{\"model_args\":{\"attn_layer\":\"diff\"}}", "attn_layer 'diff'", VIT_ERROR_UNSUPPORTED},
        {"{\"model_args\":{\"block_fn\":\"ParallelThingsBlock\"}}", "block_fn", VIT_ERROR_UNSUPPORTED},
        {"{\"model_args\":{\"pool_include_prefix\":1}}", "pool_include_prefix is a number", VIT_ERROR_MODEL},
        {"{\"model_args\":{\"use_rot_pos_emb\":true,\"num_kv_heads\":1}}", "kind of EVA", VIT_ERROR_UNSUPPORTED},
        {"{\"model_args\":{\"use_rot_pos_emb\":true,\"rope_type\":\"mrope\"}}", "rope_type 'mrope'", VIT_ERROR_UNSUPPORTED},
        {"{\"model_args\":{\"use_rot_pos_emb\":true,\"rope_type\":\"mixed\"}}", "kind of EVA", VIT_ERROR_UNSUPPORTED},
        {"{\"model_args\":{\"img_size\":[1,2,3]}}", "img_size", VIT_ERROR_MODEL},
        {"{\"model_args\":{\"no_embed_class\":1}}", "no_embed_class is a number", VIT_ERROR_MODEL},
        {"{\"input_size\":[3,16]}", "input_size", VIT_ERROR_MODEL},
        {"{\"input_size\":[3,16,0]}", "input_size is 0", VIT_ERROR_MODEL},
        {"{\"input_size\":[1,16,16]}", "channels is 1|'patch_embed.proj.weight' is [24, 3, 4, 4]", VIT_ERROR_MODEL},
        {"{\"mean\":[0.5,0.5]}", "mean has 2 numbers|3 channels", VIT_ERROR_MODEL},
        {"{\"mean\":\"half\"}", "mean is a text", VIT_ERROR_MODEL},
        {"{\"mean\":[0.5,0.5,null]}", "mean", VIT_ERROR_MODEL},
        {"{\"mean\":[0.5,0.5,1e999]}", "mean", VIT_ERROR_MODEL},
        {"{\"std\":[0.5,0,0.5]}", "standard deviation", VIT_ERROR_MODEL},
        {"{\"crop_pct\":0}", "crop_pct", VIT_ERROR_MODEL},
        {"{\"crop_pct\":\"big\"}", "crop_pct is a text", VIT_ERROR_MODEL},
        {"{\"mean\":0.5,\"crop_mode\":\"random\"}", "crop_mode 'random'", VIT_ERROR_UNSUPPORTED},
        {"{\"interpolation\":\"cubic\"}", "interpolation 'cubic'", VIT_ERROR_UNSUPPORTED},
    };
    checkpoint c = timm_checkpoint();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        described *r = describe(&c, cases[i].config, NULL, NULL);
        if (r->status == VIT_ERROR_CORRUPT) { /* a number that json.h refuses already */
            CHECK(strstr(cases[i].config, "1e999") != NULL, "%s", r->e.text);
            close_described(r);
            continue;
        }
        close_described(r);
        refuse(&c, cases[i].config, NULL, NULL, cases[i].status, cases[i].message);
    }
}

static void preprocessing(void) {
    static const struct {
        const char *config;
        int32_t resize, filter, width, height;
        float mean;
        uint32_t guesses; /* beside epsilon, activation, heads */
    } cases[] = {
        {"{\"input_size\":[3,16,16],\"interpolation\":\"lanczos\",\"mean\":0.25,\"std\":1}", VIT_RESIZE_SHORTEST,
         VIT_FILTER_LANCZOS, 18, 18, 0.25f, 0},
        {"{\"input_size\":[3,16,16],\"crop_pct\":1,\"crop_mode\":\"squash\"}", VIT_RESIZE_SQUASH, VIT_FILTER_BICUBIC, 16, 16,
         0.485f, 1},
        {"{\"input_size\":[3,16,16],\"crop_pct\":0.5,\"crop_mode\":\"border\",\"mean\":0,\"std\":1}", VIT_RESIZE_PAD,
         VIT_FILTER_BICUBIC, 32, 32, 0, 0},
        {"{\"input_size\":[3,8,32],\"crop_pct\":0.9,\"mean\":0,\"std\":1}", VIT_RESIZE_SHORTEST, VIT_FILTER_BICUBIC, 35, 8, 0, 0},
        {"{\"input_size\":[3,16,16]}", VIT_RESIZE_SHORTEST, VIT_FILTER_BICUBIC, 16, 16, 0.5f, 2},
    };
    checkpoint c = timm_checkpoint();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        described *r = accept(&c, cases[i].config, NULL, NULL);
        if (!r) continue;
        const vi_pipeline *p = &r->d.hparams.pipeline;
        CHECK(p->resize == cases[i].resize && p->filter == cases[i].filter, "case %zu: %d %d", i, p->resize, p->filter);
        CHECK(p->resize_width == cases[i].width && p->resize_height == cases[i].height, "case %zu: %d x %d", i, p->resize_width,
              p->resize_height);
        CHECK(same(p->mean[0], cases[i].mean), "case %zu: mean", i);
        CHECK(r->d.guesses == 3 + cases[i].guesses, "case %zu: %u guesses: %s", i, r->d.guesses, r->d.notes);
        close_described(r);
    }
    described *r =
        accept(&c, "{\"architecture\":\"vit_base_patch16_clip_quickgelu_224\",\"model_args\":{\"num_heads\":2}}", NULL, NULL);
    if (!r) return;
    CHECK(same(r->d.hparams.pipeline.mean[0], 0.48145466f) && r->d.hparams.activation == VIT_ACT_QUICK_GELU &&
              r->d.hparams.heads == 2,
          "by name");
    close_described(r);
}

static void prefixes_heads_and_buffers(void) {
    static const char *const prefixes[] = {"module.", "timm_model.", "_orig_mod."};
    for (size_t p = 0; p < 3; p++) {
        checkpoint c = timm_checkpoint();
        for (int i = 0; i < c.count; i++) {
            char name[96];
            snprintf(name, sizeof name, "%s%.60s", prefixes[p], c.specs[i].name);
            memcpy(c.specs[i].name, name, sizeof name);
        }
        described *r = accept(&c, NULL, NULL, NULL);
        if (r) close_described(r);
        put(&c, "cls_token", "[1, 1, 24]"); /* twice, with and without the prefix */
        refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'cls_token'");
    }
    checkpoint c = timm_checkpoint();
    put(&c, "mask_token", "[1, 24]");
    put_pair(&c, "pre_logits.fc", 24, 24);
    described *r = accept(&c, NULL, NULL, NULL);
    if (r) close_described(r);
    put(&c, "head.weight", "[0, 24]");
    put(&c, "head.bias", "[0]");
    r = accept(&c, "{\"num_classes\":0}", NULL, NULL);
    if (r) {
        CHECK(r->d.hparams.classes == 0 && r->d.model[VI_HEAD_W].parts == 0, "a head of no classes");
        close_described(r);
    }
    drop_all(&c, "head.");
    r = accept(&c, "{\"num_classes\":1000}", NULL, NULL);
    if (!r) return;
    CHECK(r->d.hparams.classes == 0 && strstr(r->d.notes, "1000 classes") != NULL, "%s", r->d.notes);
    close_described(r);
}

static void architectures_are_found(void) {
    CHECK(vi_timm_arch_find("vit_tiny_patch16_224") != NULL && vi_timm_arch_find("vit_tiny_patch16_224")->heads == 3, "tiny");
    CHECK(vi_timm_arch_find("vit_tiny_patch16_224.augreg") == vi_timm_arch_find("vit_tiny_patch16_224"), "tag");
    CHECK(vi_timm_arch_find("deit3_base_patch16_224") != NULL, "first row");
    CHECK(vi_timm_arch_find("vit_xsmall_patch16_clip_224") != NULL, "last row");
    CHECK(vi_timm_arch_find("vit_huge_patch14_224")->heads == 16 && vi_timm_arch_find("vit_base_patch16_gap_224")->heads == 16,
          "heads");
    CHECK(vi_timm_arch_find("flexivit_base")->flags & VI_ARCH_BILINEAR_POSITIONS, "flexivit");
    static const char *const unknown[] = {"", ".", "a", "vit_tiny_patch16_22", "vit_tiny_patch16_2244", "zzz", "vit", "resnet50"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        CHECK(vi_timm_arch_find(unknown[i]) == NULL, "'%s'", unknown[i]);
}

TEST_MAIN(everything_comes_from_shapes_and_architecture, guesses_are_noted_unless_overridden,
          crop_overrides_change_the_resize_size, pooling_and_epsilon, positions, left_over_tensors_are_refused_by_name,
          features_of_other_models_are_named, descendants, parallel_blocks, branches, structure, broken_checkpoints_are_refused,
          wrong_configs_are_refused, preprocessing, prefixes_heads_and_buffers, architectures_are_found)
