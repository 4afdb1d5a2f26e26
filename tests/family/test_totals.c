/* test_totals.c: how many parameters published models have at full size. Only a header of the real names and shapes goes through
 * the families; there are no weights. */
#include "checkpoint.h"

/* One tensor: "#" in its name is the block, "@" the text tower's; its shape in numbers and letters, a factor before a letter. D
 * width, M hidden width, K classes, P patch, T position rows, E projection, R registers; of the text tower W width, N hidden
 * width, V vocabulary, X context. */
typedef struct row {
    const char *name, *shape;
} row;

#define PAIR(name, rows, cols)                                                                                                   \
    {name ".weight", rows "," cols}, { name ".bias", rows }
#define NORM(name)                                                                                                               \
    {name ".weight", "D"}, { name ".bias", "D" }

static const row vit_rows[] = {
    {"cls_token", "1,1,D"},
    {"pos_embed", "1,T,D"},
    {"patch_embed.proj.weight", "D,3,P,P"},
    {"patch_embed.proj.bias", "D"},
    NORM("norm"),
    NORM("blocks.#.norm1"),
    PAIR("blocks.#.attn.qkv", "3D", "D"),
    PAIR("blocks.#.attn.proj", "D", "D"),
    NORM("blocks.#.norm2"),
    PAIR("blocks.#.mlp.fc1", "M", "D"),
    PAIR("blocks.#.mlp.fc2", "D", "M"),
    {NULL, NULL},
};
static const row head_rows[] = {PAIR("head", "K", "D"), {NULL, NULL}};
static const row distilled_rows[] = {{"dist_token", "1,1,D"}, PAIR("head", "K", "D"), PAIR("head_dist", "K", "D"), {NULL, NULL}};
static const row deit3_rows[] = {{"blocks.#.gamma_1", "D"}, {"blocks.#.gamma_2", "D"}, PAIR("head", "K", "D"), {NULL, NULL}};
static const row dinov2_rows[] = {{"mask_token", "1,D"}, {"blocks.#.ls1.gamma", "D"}, {"blocks.#.ls2.gamma", "D"}, {NULL, NULL}};
static const row dinov2_reg_rows[] = {
    {"mask_token", "1,D"}, {"register_tokens", "1,R,D"}, {"blocks.#.ls1.gamma", "D"}, {"blocks.#.ls2.gamma", "D"}, {NULL, NULL}};
static const row dinov2_giant_rows[] = {
    {"cls_token", "1,1,D"},
    {"pos_embed", "1,T,D"},
    {"mask_token", "1,D"},
    {"patch_embed.proj.weight", "D,3,P,P"},
    {"patch_embed.proj.bias", "D"},
    NORM("norm"),
    NORM("blocks.#.norm1"),
    PAIR("blocks.#.attn.qkv", "3D", "D"),
    PAIR("blocks.#.attn.proj", "D", "D"),
    {"blocks.#.ls1.gamma", "D"},
    NORM("blocks.#.norm2"),
    PAIR("blocks.#.mlp.w12", "2M", "D"),
    PAIR("blocks.#.mlp.w3", "D", "M"),
    {"blocks.#.ls2.gamma", "D"},
    {NULL, NULL},
};
#define HF_LAYERS                                                                                                                \
    PAIR("encoder.layer.#.attention.attention.query", "D", "D"), PAIR("encoder.layer.#.attention.attention.key", "D", "D"),      \
        PAIR("encoder.layer.#.attention.attention.value", "D", "D"), PAIR("encoder.layer.#.attention.output.dense", "D", "D")
static const row hf_vit_rows[] = {
    {"vit.embeddings.cls_token", "1,1,D"},
    {"vit.embeddings.position_embeddings", "1,T,D"},
    {"vit.embeddings.patch_embeddings.projection.weight", "D,3,P,P"},
    {"vit.embeddings.patch_embeddings.projection.bias", "D"},
    NORM("vit.encoder.layer.#.layernorm_before"),
    PAIR("vit.encoder.layer.#.attention.attention.query", "D", "D"),
    PAIR("vit.encoder.layer.#.attention.attention.key", "D", "D"),
    PAIR("vit.encoder.layer.#.attention.attention.value", "D", "D"),
    PAIR("vit.encoder.layer.#.attention.output.dense", "D", "D"),
    NORM("vit.encoder.layer.#.layernorm_after"),
    PAIR("vit.encoder.layer.#.intermediate.dense", "M", "D"),
    PAIR("vit.encoder.layer.#.output.dense", "D", "M"),
    NORM("vit.layernorm"),
    PAIR("classifier", "K", "D"),
    {NULL, NULL},
};
static const row hf_deit_rows[] = {
    {"deit.embeddings.cls_token", "1,1,D"},
    {"deit.embeddings.distillation_token", "1,1,D"},
    {"deit.embeddings.position_embeddings", "1,T,D"},
    {"deit.embeddings.patch_embeddings.projection.weight", "D,3,P,P"},
    {"deit.embeddings.patch_embeddings.projection.bias", "D"},
    NORM("deit.encoder.layer.#.layernorm_before"),
    PAIR("deit.encoder.layer.#.attention.attention.query", "D", "D"),
    PAIR("deit.encoder.layer.#.attention.attention.key", "D", "D"),
    PAIR("deit.encoder.layer.#.attention.attention.value", "D", "D"),
    PAIR("deit.encoder.layer.#.attention.output.dense", "D", "D"),
    NORM("deit.encoder.layer.#.layernorm_after"),
    PAIR("deit.encoder.layer.#.intermediate.dense", "M", "D"),
    PAIR("deit.encoder.layer.#.output.dense", "D", "M"),
    NORM("deit.layernorm"),
    PAIR("cls_classifier", "K", "D"),
    PAIR("distillation_classifier", "K", "D"),
    {NULL, NULL},
};
static const row hf_dinov2_rows[] = {
    {"embeddings.cls_token", "1,1,D"},
    {"embeddings.mask_token", "1,D"},
    {"embeddings.position_embeddings", "1,T,D"},
    {"embeddings.patch_embeddings.projection.weight", "D,3,P,P"},
    {"embeddings.patch_embeddings.projection.bias", "D"},
    NORM("encoder.layer.#.norm1"),
    HF_LAYERS,
    {"encoder.layer.#.layer_scale1.lambda1", "D"},
    NORM("encoder.layer.#.norm2"),
    PAIR("encoder.layer.#.mlp.fc1", "M", "D"),
    PAIR("encoder.layer.#.mlp.fc2", "D", "M"),
    {"encoder.layer.#.layer_scale2.lambda1", "D"},
    NORM("layernorm"),
    {NULL, NULL},
};
#define CLIP_LAYERS                                                                                                              \
    NORM("vision_model.encoder.layers.#.layer_norm1"), PAIR("vision_model.encoder.layers.#.self_attn.q_proj", "D", "D"),         \
        PAIR("vision_model.encoder.layers.#.self_attn.k_proj", "D", "D"),                                                        \
        PAIR("vision_model.encoder.layers.#.self_attn.v_proj", "D", "D"),                                                        \
        PAIR("vision_model.encoder.layers.#.self_attn.out_proj", "D", "D"), NORM("vision_model.encoder.layers.#.layer_norm2"),   \
        PAIR("vision_model.encoder.layers.#.mlp.fc1", "M", "D"), PAIR("vision_model.encoder.layers.#.mlp.fc2", "D", "M")
static const row clip_rows[] = {
    {"vision_model.embeddings.class_embedding", "D"},
    {"vision_model.embeddings.patch_embedding.weight", "D,3,P,P"},
    {"vision_model.embeddings.position_embedding.weight", "T,D"},
    NORM("vision_model.pre_layrnorm"),
    CLIP_LAYERS,
    NORM("vision_model.post_layernorm"),
    {"visual_projection.weight", "E,D"},
    {NULL, NULL},
};
static const row siglip_rows[] = {
    {"vision_model.embeddings.patch_embedding.weight", "D,3,P,P"},
    {"vision_model.embeddings.patch_embedding.bias", "D"},
    {"vision_model.embeddings.position_embedding.weight", "T,D"},
    CLIP_LAYERS,
    NORM("vision_model.post_layernorm"),
    {"vision_model.head.probe", "1,1,D"},
    {"vision_model.head.attention.in_proj_weight", "3D,D"},
    {"vision_model.head.attention.in_proj_bias", "3D"},
    PAIR("vision_model.head.attention.out_proj", "D", "D"),
    NORM("vision_model.head.layernorm"),
    PAIR("vision_model.head.mlp.fc1", "M", "D"),
    PAIR("vision_model.head.mlp.fc2", "D", "M"),
    {NULL, NULL},
};

#define TEXT_LAYERS                                                                                                              \
    {"text_model.embeddings.token_embedding.weight", "V,W"}, {"text_model.embeddings.position_embedding.weight", "X,W"},         \
        TEXT_NORM("text_model.encoder.layers.@.layer_norm1"), PAIR("text_model.encoder.layers.@.self_attn.q_proj", "W", "W"),    \
        PAIR("text_model.encoder.layers.@.self_attn.k_proj", "W", "W"),                                                          \
        PAIR("text_model.encoder.layers.@.self_attn.v_proj", "W", "W"),                                                          \
        PAIR("text_model.encoder.layers.@.self_attn.out_proj", "W", "W"), TEXT_NORM("text_model.encoder.layers.@.layer_norm2"),  \
        PAIR("text_model.encoder.layers.@.mlp.fc1", "N", "W"), PAIR("text_model.encoder.layers.@.mlp.fc2", "W", "N"),            \
        TEXT_NORM("text_model.final_layer_norm")
#define TEXT_NORM(name)                                                                                                          \
    {name ".weight", "W"}, { name ".bias", "W" }
static const row clip_text_rows[] = {TEXT_LAYERS, {"text_projection.weight", "E,W"}, {"logit_scale", ""}, {NULL, NULL}};
static const row siglip_text_rows[] = {
    TEXT_LAYERS, PAIR("text_model.head", "W", "W"), {"logit_scale", "1"}, {"logit_bias", "1"}, {NULL, NULL}};

/* OpenAI's names: a block of both towers at `at`, its layers D by M. */
#define OPENAI_BLOCK(at, D, M)                                                                                                   \
    {at "ln_1.weight", D}, {at "ln_1.bias", D}, {at "attn.in_proj_weight", "3" D "," D}, {at "attn.in_proj_bias", "3" D}, \
        PAIR(at "attn.out_proj", D, D), {at "ln_2.weight", D}, {at "ln_2.bias", D}, PAIR(at "mlp.c_fc", M, D),                   \
        PAIR(at "mlp.c_proj", D, M)
static const row openai_rows[] = {
    {"visual.class_embedding", "D"},
    {"visual.conv1.weight", "D,3,P,P"},
    {"visual.positional_embedding", "T,D"},
    NORM("visual.ln_pre"),
    OPENAI_BLOCK("visual.transformer.resblocks.#.", "D", "M"),
    NORM("visual.ln_post"),
    {"visual.proj", "D,E"},
    {NULL, NULL},
};
static const row openai_text_rows[] = {
    {"token_embedding.weight", "V,W"},
    {"positional_embedding", "X,W"},
    OPENAI_BLOCK("transformer.resblocks.@.", "W", "N"),
    TEXT_NORM("ln_final"),
    {"text_projection", "W,E"},
    {"logit_scale", ""},
    {NULL, NULL},
};

/* A text tower. */
typedef struct tower {
    int width, depth, mlp, vocabulary, context;
} tower;
static const tower no_text, text_512 = {512, 12, 2048, 49408, 77}, text_768 = {768, 12, 3072, 49408, 77},
                            siglip_text = {768, 12, 3072, 32000, 64};

typedef struct model {
    const char *name, *family;
    const row *rows, *more; /* more may be NULL */
    int width, depth, mlp, patch, positions, classes, registers, projection;
    const tower *text;
    uint64_t total; /* as published, with the mask token that DINOv2's totals count */
} model;

static const model models[] = {
    {"Ti/16", "timm", vit_rows, head_rows, 192, 12, 768, 16, 197, 1000, 0, 0, &no_text, 5717416},
    {"S/16", "timm", vit_rows, head_rows, 384, 12, 1536, 16, 197, 1000, 0, 0, &no_text, 22050664},
    {"S/32", "timm", vit_rows, head_rows, 384, 12, 1536, 32, 50, 1000, 0, 0, &no_text, 22878952},
    {"B/8", "timm", vit_rows, head_rows, 768, 12, 3072, 8, 785, 1000, 0, 0, &no_text, 86576872},
    {"B/16", "timm", vit_rows, head_rows, 768, 12, 3072, 16, 197, 1000, 0, 0, &no_text, 86567656},
    {"B/32", "timm", vit_rows, head_rows, 768, 12, 3072, 32, 50, 1000, 0, 0, &no_text, 88224232},
    {"L/16", "timm", vit_rows, head_rows, 1024, 24, 4096, 16, 197, 1000, 0, 0, &no_text, 304326632},
    {"L/32", "timm", vit_rows, head_rows, 1024, 24, 4096, 32, 50, 1000, 0, 0, &no_text, 306535400},
    {"H/14", "timm", vit_rows, head_rows, 1280, 32, 5120, 14, 257, 1000, 0, 0, &no_text, 632045800},
    {"ViT-B/16 of transformers", "hf-vit", hf_vit_rows, NULL, 768, 12, 3072, 16, 197, 1000, 0, 0, &no_text, 86567656},
    {"DeiT-Ti distilled", "timm", vit_rows, distilled_rows, 192, 12, 768, 16, 198, 1000, 0, 0, &no_text, 5910800},
    {"DeiT-B distilled", "timm", vit_rows, distilled_rows, 768, 12, 3072, 16, 198, 1000, 0, 0, &no_text, 87338192},
    {"DeiT-B distilled of transformers", "hf-deit", hf_deit_rows, NULL, 768, 12, 3072, 16, 198, 1000, 0, 0, &no_text, 87338192},
    {"DeiT-III-S", "timm", vit_rows, deit3_rows, 384, 12, 1536, 16, 196, 1000, 0, 0, &no_text, 22059496},
    {"DINOv2 S", "dino", vit_rows, dinov2_rows, 384, 12, 1536, 14, 1370, 0, 0, 0, &no_text, 22056576},
    {"DINOv2 B", "dino", vit_rows, dinov2_rows, 768, 12, 3072, 14, 1370, 0, 0, 0, &no_text, 86580480},
    {"DINOv2 L", "dino", vit_rows, dinov2_rows, 1024, 24, 4096, 14, 1370, 0, 0, 0, &no_text, 304368640},
    {"DINOv2 g", "dino", dinov2_giant_rows, NULL, 1536, 40, 4096, 14, 1370, 0, 0, 0, &no_text, 1136480768},
    {"DINOv2 S with registers", "dino", vit_rows, dinov2_reg_rows, 384, 12, 1536, 14, 1370, 0, 4, 0, &no_text,
     22056576 + 4 * 384},
    {"DINOv2 B of transformers", "hf-dinov2", hf_dinov2_rows, NULL, 768, 12, 3072, 14, 1370, 0, 0, 0, &no_text, 86580480},
    {"CLIP B/32, image", "hf-clip", clip_rows, NULL, 768, 12, 3072, 32, 50, 0, 0, 512, &no_text, 87849216},
    {"SigLIP B/16-224, image", "hf-siglip", siglip_rows, NULL, 768, 12, 3072, 16, 196, 0, 0, 0, &no_text, 92884224},
    {"CLIP B/32", "hf-clip", clip_rows, clip_text_rows, 768, 12, 3072, 32, 50, 0, 0, 512, &text_512, 151277313},
    {"CLIP B/16", "hf-clip", clip_rows, clip_text_rows, 768, 12, 3072, 16, 197, 0, 0, 512, &text_512, 149620737},
    {"CLIP L/14", "hf-clip", clip_rows, clip_text_rows, 1024, 24, 4096, 14, 257, 0, 0, 768, &text_768, 427616513},
    {"CLIP B/32 of OpenAI", "clip", openai_rows, openai_text_rows, 768, 12, 3072, 32, 50, 0, 0, 512, &text_512, 151277313},
    {"CLIP B/16 of OpenAI", "clip", openai_rows, openai_text_rows, 768, 12, 3072, 16, 197, 0, 0, 512, &text_512, 149620737},
    {"CLIP L/14 of OpenAI", "clip", openai_rows, openai_text_rows, 1024, 24, 4096, 14, 257, 0, 0, 768, &text_768, 427616513},
    {"SigLIP B/16-224", "hf-siglip", siglip_rows, siglip_text_rows, 768, 12, 3072, 16, 196, 0, 0, 0, &siglip_text, 203155970},
};

/* ---- files of these names -------------------------------------------------------------------------------------------------- */

static uint64_t dimension(const model *m, const char **at) {
    uint64_t n = strtoul(*at, (char **)(uintptr_t)at, 10);
    uint64_t factor = n > 0 ? n : 1;
    const char letters[] = "DMKPTERWNVX";
    const int values[] = {m->width,        m->mlp,       m->classes,     m->patch,     m->positions,
                          m->projection,   m->registers, m->text->width, m->text->mlp, m->text->vocabulary,
                          m->text->context};
    const char *letter = **at != '\0' && **at != ',' ? strchr(letters, **at) : NULL;
    if (letter) *at += 1;
    if (**at == ',') *at += 1;
    return letter ? factor * (uint64_t)values[letter - letters] : factor;
}

/* Returns the elements of the tensor. */
static uint64_t put_row(checkpoint *c, const model *m, const row *r, int block) {
    char name[96], shape[64] = "";
    const char *mark = strpbrk(r->name, "#@");
    uint64_t elements = 1;
    snprintf(name, sizeof name, "%s", r->name);
    if (mark) snprintf(name + (mark - r->name), sizeof name - (size_t)(mark - r->name), "%d%s", block, mark + 1);
    for (const char *at = r->shape; *at != '\0';) {
        uint64_t n = dimension(m, &at);
        size_t used = strlen(shape);
        snprintf(shape + used, sizeof shape - used, "%s%llu", used ? ", " : "", (unsigned long long)n);
        elements *= n;
    }
    put(c, name, "[%s]", shape);
    return elements;
}

/* Returns the elements of all tensors. masked: of mask tokens, which belong to no model that is run. */
static uint64_t put_model(checkpoint *c, const model *m, uint64_t *masked) {
    const row *tables[] = {m->rows, m->more};
    uint64_t total = 0;
    c->count = 0;
    *masked = 0;
    for (int t = 0; t < 2; t++)
        for (const row *r = tables[t]; r && r->name; r++)
            for (int block = 0; block < (strchr(r->name, '#') ? m->depth : strchr(r->name, '@') ? m->text->depth : 1); block++) {
                uint64_t elements = put_row(c, m, r, block);
                total += elements;
                if (strstr(r->name, "mask_token")) *masked += elements;
            }
    return total;
}

static void totals_are_the_published_ones(void) {
    static checkpoint c;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        const model *m = &models[i];
        uint64_t masked, stored = put_model(&c, m, &masked);
        described *r = accept(&c, NULL, NULL, NULL);
        CHECK(stored == m->total, "%s: %llu numbers in the file, expected %llu", m->name, (unsigned long long)stored,
              (unsigned long long)m->total);
        if (!r) continue;
        uint64_t found = (uint64_t)parameters_of(&r->d) + masked + (r->d.text ? (uint64_t)parameters_of(r->d.text) : 0);
        CHECK(found == m->total, "%s: %llu parameters, expected %llu", m->name, (unsigned long long)found,
              (unsigned long long)m->total);
        CHECK(strcmp(r->family->name, m->family) == 0, "%s: %s", m->name, r->family->name);
        close_described(r);
    }
}

TEST_MAIN(totals_are_the_published_ones)
