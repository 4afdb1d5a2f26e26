/* hf.c: see hf.h. */
#include "family/hf.h"

#include "family/infer.h"
#include "family/labels.h"
#include "family/pipeline.h"
#include <string.h>

/* Files written before 2019's renaming have gamma and beta where newer ones have weight and bias. */
const char vi_hf_vit_rows[] =
    "patch.* embeddings.patch_embeddings.projection.*\n"
    "class_token embeddings.cls_token\n"
    "position embeddings.position_embeddings\n"
    "norm.* layernorm.*\n"
    "norm.weight layernorm.gamma\n"
    "norm.bias layernorm.beta\n"
    "head.* classifier.*\n"
    "norm1.* layernorm_before.*\n"
    "norm1.weight layernorm_before.gamma\n"
    "norm1.bias layernorm_before.beta\n"
    "qkv.weight attention.attention.query.weight attention.attention.key.weight attention.attention.value.weight\n"
    "?qkv.bias attention.attention.query.bias attention.attention.key.bias attention.attention.value.bias\n" /* qkv_bias */
    "proj.* attention.output.dense.*\n"
    "norm2.* layernorm_after.*\n"
    "norm2.weight layernorm_after.gamma\n"
    "norm2.bias layernorm_after.beta\n"
    "fc1.* intermediate.dense.*\n"
    "fc2.* output.dense.*\n";

const char vi_hf_clip_rows[] =
    "patch.weight embeddings.patch_embedding.weight\n"
    "position embeddings.position_embedding.weight\n"
    "norm.* post_layernorm.*\n"
    "head.* classifier.*\n"
    "norm1.* layer_norm1.*\n"
    "qkv.* self_attn.q_proj.* self_attn.k_proj.* self_attn.v_proj.*\n"
    "proj.* self_attn.out_proj.*\n"
    "norm2.* layer_norm2.*\n"
    "fc1.* mlp.fc1.*\n"
    "fc2.* mlp.fc2.*\n";

static const vi_word activations[] = {
    {"gelu", VIT_ACT_GELU},
    {"gelu_python", VIT_ACT_GELU},
    {"gelu_new", VIT_ACT_GELU_TANH},
    {"gelu_pytorch_tanh", VIT_ACT_GELU_TANH},
    {"gelu_python_tanh", VIT_ACT_GELU_TANH},
    {"quick_gelu", VIT_ACT_QUICK_GELU},
    {"relu", VIT_ACT_RELU},
    {"silu", VIT_ACT_SILU},
    {"swish", VIT_ACT_SILU},
};

#define WORDS(table) table, sizeof table / sizeof *table

int32_t vi_hf_activation(vi_config *g, const vi_json_value *config, int32_t fallback) {
    return vi_config_word(g, config, "hidden_act", WORDS(activations), fallback);
}

/* Numbers that the tensors give too must be the same in both. */
static int32_t compare_config(const vi_hf_class *k, const vi_names *n, vi_config *g, const vi_json_value *config,
                              const vi_hparams *h, vi_error *e) {
    const struct {
        const char *key;
        int32_t fallback, found;
        vi_slot slot; /* VI_SLOTS: no single tensor */
    } numbers[] = {
        {"hidden_size", k->width, h->width, VI_PATCH_W},
        {"num_hidden_layers", k->depth, h->depth, VI_SLOTS},
        {"num_channels", 3, h->channels, VI_PATCH_W},
        {"intermediate_size", k->mlp, h->mlp, VI_FC1_W},
    };
    size_t count = sizeof numbers / sizeof *numbers - (k->mlp == 0);
    for (size_t i = 0; i < count; i++) {
        int32_t value = vi_config_int(g, config, numbers[i].key, 1, VI_MAX_MLP, numbers[i].fallback);
        if (g->status != VIT_OK) return g->status;
        int32_t status = vi_agree(n, numbers[i].slot, numbers[i].key, value, numbers[i].found, e);
        if (status != VIT_OK) return status;
    }
    int32_t height = k->patch, width = k->patch;
    vi_config_size(g, config, "patch_size", &height, &width);
    if (g->status != VIT_OK) return g->status;
    int32_t stride = vi_stem_stride(h); /* of a feature map the config counts its pixels */
    int32_t status = vi_agree(n, VI_PATCH_W, "patch_size (height)", height, h->patch_height / stride, e);
    return status == VIT_OK ? vi_agree(n, VI_PATCH_W, "patch_size (width)", width, h->patch_width / stride, e) : status;
}

static int32_t read_config(const vi_hf_class *k, const vi_names *n, const vi_checkpoint *c, const vi_json_value *config,
                           vi_description *d, vi_error *e) {
    vi_hparams *h = &d->hparams;
    vi_config g = {VI_CONFIG_FILE, e, VIT_OK};
    d->read_config = true;
    const char *name = vi_json_text(vi_json_at(vi_config_get(c->config, "architectures"), 0), "");
    vi_printable(h->architecture, sizeof h->architecture, name, strlen(name));
    int32_t status = compare_config(k, n, &g, config, h, e);
    if (status != VIT_OK) return status;

    h->heads = vi_config_int(&g, config, "num_attention_heads", 1, VI_MAX_HEADS, k->heads);
    h->activation = vi_hf_activation(&g, config, k->activation);
    h->eps = (float)vi_config_real(&g, config, "layer_norm_eps", 0, 1, k->eps);
    h->image_height = h->image_width = k->image;
    vi_config_size(&g, config, "image_size", &h->image_height, &h->image_width);
    return g.status == VIT_OK ? vi_infer_positions(n, k->covers, "config.json: image_size", d, e) : g.status;
}

static const char *word_of(int32_t activation) {
    return activation == VIT_ACT_GELU         ? "GELU with erf"
           : activation == VIT_ACT_QUICK_GELU ? "quick GELU"
           : activation == VIT_ACT_SILU       ? "SiLU"
                                              : "GELU with tanh";
}

static int32_t guess_config(const vi_hf_class *k, const vi_names *n, const vi_checkpoint *c, vi_description *d, vi_error *e) {
    vi_hparams *h = &d->hparams;
    h->heads = vi_guess_heads(h->width);
    h->activation = k->activation;
    h->eps = (float)k->eps;
    if (c->overrides->heads < 0)
        vi_note(d, true, "heads: %ld of %ld assumed (option heads)", (long)h->heads, (long)(h->width / h->heads));
    if (c->overrides->activation < 0) vi_note(d, true, "activation: %s assumed (option activation)", word_of(k->activation));
    if (c->overrides->eps < 0) vi_note(d, true, "epsilon: %g assumed (option eps)", k->eps);
    return vi_infer_positions(n, k->covers, NULL, d, e);
}

int32_t vi_hf_hparams(const vi_hf_class *k, const vi_names *n, const vi_checkpoint *c, const vi_json_value *config,
                      vi_description *d, vi_error *e) {
    int32_t status = vi_infer_shapes(n, d, e);
    if (status != VIT_OK) return status;
    status = config != NULL ? read_config(k, n, c, config, d, e) : guess_config(k, n, c, d, e);
    return status == VIT_OK ? vi_processor_pipeline(c, k->processor, d, e) : status;
}

const vi_json_value *vi_hf_vision_config(const vi_json_value *config) {
    const vi_json_value *older = vi_config_get(config, "vision_config_dict"), *part = vi_config_get(config, "vision_config");
    return older != NULL ? older : part != NULL ? part : config; /* transformers lets the older one win, too */
}

void vi_hf_drop(vi_description *d, vi_slot first, vi_slot last) {
    for (int slot = (int)first; slot <= (int)last; slot++) d->model[slot].parts = 0;
}

int32_t vi_hf_labels(const vi_checkpoint *c, vi_description *d, vi_allocator *a, vi_error *e) {
    return vi_labels_from_json(d, vi_config_get(c->config, "id2label"), NULL, a, e);
}

bool vi_hf_ignore(const char *name) {
    return strstr(name, "pooler.dense.") != NULL || strstr(name, "mask_token") != NULL || strstr(name, "position_ids") != NULL;
}

bool vi_hf_ignore_ids(const char *name) { return strstr(name, "position_ids") != NULL; }
