/* hf_text.c: see hf_text.h. The names of the layers are those of the vision towers. */
#include "family/hf_text.h"

#include "family/config.h"
#include "family/hf.h"
#include "family/infer.h"

#define BOTH                                                                                                                     \
    "tokens.weight embeddings.token_embedding.weight\n"                                                                          \
    "norm.* final_layer_norm.*\n"                                                                                                \
    "logit_scale logit_scale\n"

static const char clip_rows[] = BOTH "projection.weight text_projection.weight\n";

static const char siglip_rows[] = BOTH
    "projection.* head.*\n"
    "logit_bias logit_bias\n";

#define MAP(rows_)                                                                                                               \
    {                                                                                                                            \
        .marker = {"embeddings.token_embedding.weight"}, .prefixes = "text_model.\0", .block = "encoder.layers.",                \
        .rows = {vi_hf_clip_rows, rows_}, .complete = true                                                                       \
    }

const vi_name_map vi_hf_clip_text = MAP(clip_rows), vi_hf_siglip_text = MAP(siglip_rows);

static int32_t compare_config(const vi_hf_text_class *k, const vi_names *n, vi_config *g, const vi_json_value *config,
                              const vi_hparams *h, vi_error *e) {
    const struct {
        const char *key;
        int32_t fallback, found;
        vi_slot slot; /* VI_SLOTS: no single tensor */
    } numbers[] = {
        {"hidden_size", k->width, h->width, VI_TOKENS_W},
        {"num_hidden_layers", k->depth, h->depth, VI_SLOTS},
        {"intermediate_size", k->mlp, h->mlp, VI_FC1_W},
        {"vocab_size", k->vocabulary, h->vocabulary, VI_TOKENS_W},
        {"max_position_embeddings", k->context, h->context, VI_POSITION},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int32_t value = vi_config_int(g, config, numbers[i].key, 1, VI_MAX_VOCABULARY, numbers[i].fallback);
        if (g->status != VIT_OK) return g->status;
        int32_t status = vi_agree(n, numbers[i].slot, numbers[i].key, value, numbers[i].found, e);
        if (status != VIT_OK) return status;
    }
    return VIT_OK;
}

static int32_t read_config(const vi_hf_text_class *k, const vi_names *n, const vi_json_value *config, vi_hparams *text,
                           vi_error *e) {
    vi_config g = {VI_CONFIG_FILE, e, VIT_OK};
    int32_t status = compare_config(k, n, &g, config, text, e);
    if (status != VIT_OK) return status;
    text->heads = vi_config_int(&g, config, "num_attention_heads", 1, VI_MAX_HEADS, k->heads);
    text->activation = vi_hf_activation(&g, config, k->activation);
    text->eps = (float)vi_config_real(&g, config, "layer_norm_eps", 0, 1, k->eps);
    if (k->end_token < 0 || g.status != VIT_OK) return g.status;
    text->end_token = vi_config_int(&g, config, "eos_token_id", 0, VI_MAX_VOCABULARY, k->end_token);
    if (text->end_token == 2) text->pick = VI_PICK_LARGEST; /* written before 2023 with a wrong number; transformers knows */
    return g.status;
}

static void guess_config(const vi_hf_text_class *k, const vi_checkpoint *c, vi_description *d, vi_hparams *text) {
    text->heads = vi_guess_heads(text->width);
    text->activation = k->activation; /* noted with the other tower's, as is eps */
    text->eps = (float)k->eps;
    if (k->end_token >= 0) text->pick = VI_PICK_LARGEST;
    if (c->overrides->text_heads < 0)
        vi_note(d, true, "text tower: %ld heads of %ld assumed (option text_heads)", (long)text->heads,
                (long)(text->width / text->heads));
}

int32_t vi_hf_text_hparams(const vi_hf_text_class *k, const vi_checkpoint *c, vi_description *d, vi_hparams *text, vi_error *e) {
    vi_names n;
    if (!vi_names_open(&n, c->directory, k->map)) return VIT_OK;
    int32_t status = vi_infer_text(&n, text, e);
    if (status != VIT_OK) return status;
    d->tokenizer = (vi_text_options){.origin = VI_TEXT_HF, .context = text->context};
    text->causal = k->causal;
    text->pick = k->pick;
    const vi_json_value *older = vi_config_get(c->config, "text_config_dict"), *part = vi_config_get(c->config, "text_config");
    if (c->config != NULL) return read_config(k, &n, older != NULL ? older : part, text, e);
    guess_config(k, c, d, text);
    return VIT_OK;
}

int32_t vi_hf_text_bind(const vi_name_map *map, const vi_checkpoint *c, vi_description *text, vi_error *e) {
    vi_names n;
    vi_names_open(&n, c->directory, map);
    return vi_names_bind(&n, text, e);
}
