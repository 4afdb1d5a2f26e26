/* json.c: tokenizer.json of Hugging Face's tokenizers: as much of it as CLIP, SigLIP and SigLIP 2 use. Anything else is named. */
#include "base/json.h"

#include <string.h>
#include "text/compile.h"

#define CLIP_WORDS "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"
#define CLIP_SPECIALS "<\\|startoftext\\|>|<\\|endoftext\\|>|"
#define MOST_SPECIALS 65536

typedef struct reading {
    vi_compiler *c;
    const vi_json_value *root, *model;
    const char *ends; /* end_of_word_suffix */
    bool unigram, byte_level, clip_words, metaspace;
    int32_t end, begin;
    const char *end_text, *begin_text;
} reading;

static int32_t refuse(const reading *r, const char *what, const vi_json_value *v) {
    char shown[64];
    const char *text = vi_json_text(v, "null");
    vi_printable(shown, sizeof shown, text, strlen(text));
    return vi_fail(r->c->e, VIT_ERROR_UNSUPPORTED, "%s: %s \"%s\" is not supported", r->c->name, what, shown);
}

/* ---- normalizer, pre_tokenizer ------------------------------------------------------------------------------------------ */

/* Standard base64, in place of the string that held it. */
static int32_t decode_map(reading *r, const vi_json_value *v) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    void *out;
    const vi_json_value *text = vi_json_get(v, "precompiled_charsmap");
    if (text == NULL || text->kind != VI_JSON_STRING) return refuse(r, "a map of characters", text);
    int32_t status = vi_compile_take(r->c, text->length, 1, &out);
    if (status != VIT_OK) return status;
    uint32_t bits = 0, held = 0;
    size_t size = 0;
    for (uint32_t i = 0; i < text->length && text->text[i] != '='; i++) {
        const char *digit = memchr(digits, text->text[i], 64);
        if (digit == NULL) return vi_compile_fail(r->c, VIT_ERROR_CORRUPT, "its map of characters is not base64");
        bits = bits << 6 | (uint32_t)(digit - digits);
        held += 6;
        if (held < 8) continue;
        held -= 8;
        ((unsigned char *)out)[size++] = (unsigned char)(bits >> held & 0xFF);
    }
    status = vi_compile_map(r->c, out, size);
    return status == VIT_OK ? vi_compile_step(r->c, VI_STEP_MAP_CLUSTERS) : status;
}

static int32_t read_replace(reading *r, const vi_json_value *v) {
    const vi_json_value *pattern = vi_json_get(v, "pattern"), *regex = vi_json_get(pattern, "Regex");
    const vi_json_value *string = vi_json_get(pattern, "String"), *content = vi_json_get(v, "content");
    if (vi_json_is(regex, "\\s+") && vi_json_is(content, " ")) return vi_compile_step(r->c, VI_STEP_BLANKS);
    if (vi_json_is(regex, " {2,}") && vi_json_is(content, "\xE2\x96\x81")) return vi_compile_step(r->c, VI_STEP_BLANKS_TO_BAR);
    if (vi_json_is(string, " ") && vi_json_is(content, "\xE2\x96\x81")) return vi_compile_step(r->c, VI_STEP_BLANK_TO_BAR);
    return refuse(r, "normalizer: replacing", regex != NULL ? regex : string);
}

static int32_t read_normalizer(reading *r, const vi_json_value *v) {
    const vi_json_value *type = vi_json_get(v, "type");
    if (v == NULL || v->kind == VI_JSON_NULL) return VIT_OK;
    if (vi_json_is(type, "NFC")) return vi_compile_step(r->c, VI_STEP_COMPOSE);
    if (vi_json_is(type, "Lowercase")) return vi_compile_step(r->c, VI_STEP_LOWER_EACH);
    if (vi_json_is(type, "Replace")) return read_replace(r, v);
    if (vi_json_is(type, "Precompiled")) return decode_map(r, v);
    if (vi_json_is(type, "Strip") && !vi_json_bool(vi_json_get(v, "strip_left"), true)) {
        return vi_json_bool(vi_json_get(v, "strip_right"), true) ? vi_compile_step(r->c, VI_STEP_STRIP_RIGHT) : VIT_OK;
    }
    if (!vi_json_is(type, "Sequence")) return refuse(r, "normalizer", type);
    const vi_json_value *list = vi_json_get(v, "normalizers");
    int32_t status = VIT_OK;
    for (list = list != NULL ? list->child : NULL; list != NULL && status == VIT_OK; list = list->next) {
        if (vi_json_is(vi_json_get(list, "type"), "Sequence")) return refuse(r, "a normalizer in a normalizer:", type);
        status = read_normalizer(r, list);
    }
    return status;
}

static int32_t read_metaspace(reading *r, const vi_json_value *v, const vi_json_value *before) {
    const vi_json_value *scheme = vi_json_get(v, "prepend_scheme"), *mark = vi_json_get(v, "replacement");
    bool always = scheme != NULL ? vi_json_is(scheme, "always") : vi_json_bool(vi_json_get(v, "add_prefix_space"), true);
    bool words = before != NULL && vi_json_is(vi_json_get(before, "type"), "WhitespaceSplit");
    if (!always) return refuse(r, "pre_tokenizer: Metaspace with prepend_scheme", scheme);
    if (!vi_json_is(mark, "\xE2\x96\x81")) return refuse(r, "pre_tokenizer: Metaspace with", mark);
    r->metaspace = true;
    if (vi_json_bool(vi_json_get(v, "split"), true)) r->c->parts.flags |= VI_FLAG_BARS;
    return vi_compile_step(r->c, words ? VI_STEP_WORDS : VI_STEP_METASPACE);
}

static int32_t read_split(reading *r, const vi_json_value *v) {
    const vi_json_value *pattern = vi_json_get(v, "pattern"), *regex = vi_json_get(pattern, "Regex");
    /* What is left to split at is nothing: blanks have become bars. */
    if (vi_json_is(vi_json_get(pattern, "String"), " ") && !r->unigram) return VIT_OK;
    if (!vi_json_is(vi_json_get(v, "behavior"), "Removed") || !vi_json_bool(vi_json_get(v, "invert"), false)) {
        return refuse(r, "pre_tokenizer: Split with behavior", vi_json_get(v, "behavior"));
    }
    if (vi_json_is(regex, CLIP_SPECIALS CLIP_WORDS)) r->c->parts.flags |= VI_FLAG_SPLITS;
    else if (!vi_json_is(regex, CLIP_WORDS)) return refuse(r, "pre_tokenizer: Split at", regex);
    r->clip_words = true;
    return VIT_OK;
}

static int32_t read_pre_tokenizer(reading *r, const vi_json_value *v, const vi_json_value *before) {
    const vi_json_value *type = vi_json_get(v, "type");
    if (v == NULL || v->kind == VI_JSON_NULL) return VIT_OK;
    if (vi_json_is(type, "Metaspace")) return read_metaspace(r, v, before);
    if (vi_json_is(type, "Split")) return read_split(r, v);
    if (vi_json_is(type, "ByteLevel")) {
        r->byte_level = !vi_json_bool(vi_json_get(v, "add_prefix_space"), true);
        return r->byte_level ? VIT_OK : refuse(r, "pre_tokenizer: add_prefix_space of", type);
    }
    if (vi_json_is(type, "WhitespaceSplit") && before == v) return VIT_OK; /* read_metaspace looks back at it */
    if (!vi_json_is(type, "Sequence")) return refuse(r, "pre_tokenizer", type);
    const vi_json_value *list = vi_json_get(v, "pretokenizers"), *last = NULL;
    int32_t status = VIT_OK;
    for (list = list != NULL ? list->child : NULL; list != NULL && status == VIT_OK; list = list->next) {
        const vi_json_value *inner = vi_json_get(list, "type");
        if (vi_json_is(inner, "Sequence")) return refuse(r, "a pre_tokenizer in a pre_tokenizer:", inner);
        bool split = vi_json_is(inner, "WhitespaceSplit");
        if (split && !vi_json_is(vi_json_get(list->next, "type"), "Metaspace")) return refuse(r, "pre_tokenizer", inner);
        status = read_pre_tokenizer(r, list, split ? list : last);
        last = list;
    }
    return status;
}

/* ---- model -------------------------------------------------------------------------------------------------------------- */

static int32_t read_unigram(reading *r) {
    const vi_json_value *vocab = vi_json_get(r->model, "vocab");
    void *entries;
    float lowest = 0;
    if (vocab == NULL || vocab->kind != VI_JSON_ARRAY) return vi_compile_fail(r->c, VIT_ERROR_CORRUPT, "model: no vocab");
    int32_t status = vi_compile_take(r->c, vocab->count, sizeof(vi_entry), &entries);
    if (status != VIT_OK) return status;
    r->c->entries = entries;
    for (const vi_json_value *v = vocab->child; v != NULL; v = v->next) {
        const vi_json_value *text = vi_json_at(v, 0), *score = vi_json_at(v, 1);
        double number = vi_json_double(score, 1e30);
        if (text == NULL || text->kind != VI_JSON_STRING || !(number > -1e29 && number < 1e29)) {
            return vi_compile_fail(r->c, VIT_ERROR_CORRUPT, "model: an entry of vocab is not a string and a score");
        }
        uint32_t id = (uint32_t)r->c->entry_count;
        r->c->entries[r->c->entry_count++] = (vi_entry){.text = text->text, .length = text->length, .id = id,
                                                        .extra.score = (float)number};
        lowest = (float)number < lowest ? (float)number : lowest;
    }
    status = vi_compile_sort(r->c);
    int64_t unknown = vi_json_int(vi_json_get(r->model, "unk_id"), -1);
    if (status != VIT_OK) return status;
    if (unknown < 0 || unknown >= r->c->parts.vocabulary) return vi_compile_fail(r->c, VIT_ERROR_UNSUPPORTED, "model: no unk_id");
    r->c->parts.model = VI_MODEL_UNIGRAM;
    r->c->parts.flags |= VI_FLAG_DOUBLE;
    r->c->parts.unknown = (int32_t)unknown;
    r->c->parts.unknown_score = lowest - 10.0f;
    return vi_compile_table(r->c, r->c->entries, r->c->entry_count, VI_SPAN_PIECES);
}

static int32_t read_vocab(reading *r) {
    const vi_json_value *vocab = vi_json_get(r->model, "vocab");
    void *entries;
    if (vocab == NULL || vocab->kind != VI_JSON_OBJECT) return vi_compile_fail(r->c, VIT_ERROR_CORRUPT, "model: no vocab");
    int32_t status = vi_compile_take(r->c, vocab->count, sizeof(vi_entry), &entries);
    if (status != VIT_OK) return status;
    r->c->entries = entries;
    for (const vi_json_value *v = vocab->child; v != NULL; v = v->next) {
        int64_t id = vi_json_int(v, -1);
        if (id < 0 || id >= VI_MOST_ENTRIES) {
            return vi_compile_fail(r->c, VIT_ERROR_CORRUPT, "model: an id in vocab is not a number, or out of range");
        }
        r->c->entries[r->c->entry_count++] = (vi_entry){.text = v->key, .length = v->key_length, .id = (uint32_t)id};
    }
    return vi_compile_sort(r->c);
}

/* "left right" or ["left", "right"] */
static bool read_pair(const vi_json_value *v, vi_pair *pair) {
    const vi_json_value *left = vi_json_at(v, 0), *right = vi_json_at(v, 1);
    if (v->kind == VI_JSON_STRING) {
        const char *blank = memchr(v->text, ' ', v->length);
        if (blank == NULL) return false;
        uint32_t length = (uint32_t)(blank - v->text);
        *pair = (vi_pair){v->text, blank + 1, length, v->length - length - 1};
        return true;
    }
    if (left == NULL || right == NULL || left->kind != VI_JSON_STRING || right->kind != VI_JSON_STRING) return false;
    *pair = (vi_pair){left->text, right->text, left->length, right->length};
    return true;
}

static int32_t read_merges(reading *r) {
    const vi_json_value *merges = vi_json_get(r->model, "merges");
    void *pairs;
    if (merges == NULL || merges->kind != VI_JSON_ARRAY) return vi_compile_fail(r->c, VIT_ERROR_CORRUPT, "model: no merges");
    int32_t status = vi_compile_take(r->c, merges->count, sizeof(vi_pair), &pairs);
    if (status != VIT_OK) return status;
    r->c->pairs = pairs;
    for (const vi_json_value *v = merges->child; v != NULL; v = v->next) {
        if (!read_pair(v, &r->c->pairs[r->c->pair_count++])) {
            return vi_compile_fail(r->c, VIT_ERROR_CORRUPT, "model: a merge is not two strings");
        }
    }
    return vi_compile_merges(r->c);
}

/* Ids of <0x00> to <0xFF>, and the pieces: single characters. */
static int32_t read_characters(reading *r) {
    static const char digits[] = "0123456789ABCDEF";
    void *data, *singles;
    size_t count = 0;
    int32_t status = vi_compile_take(r->c, 256, 4, &data);
    if (status == VIT_OK) status = vi_compile_take(r->c, r->c->entry_count, sizeof(vi_entry), &singles);
    if (status != VIT_OK) return status;
    for (uint32_t i = 0; i < 256; i++) {
        const char text[] = {'<', '0', 'x', digits[i >> 4], digits[i & 15], '>'};
        const vi_entry *entry = vi_compile_find(r->c, text, 6);
        vi_store_u32((unsigned char *)data + 4 * (size_t)i, entry != NULL ? entry->id : VI_NO_ID);
    }
    if (vi_json_bool(vi_json_get(r->model, "byte_fallback"), false)) r->c->parts.spans[VI_SPAN_BYTES] = (vi_text_span){data, 256};
    for (size_t i = 0; i < r->c->entry_count; i++) {
        const vi_entry *entry = &r->c->entries[i];
        size_t first = 1;
        while (first < entry->length && ((unsigned char)entry->text[first] & 0xC0) == 0x80) first++;
        if (entry->length > 0 && first == entry->length) ((vi_entry *)singles)[count++] = *entry;
    }
    for (size_t i = 0; i < count; i++) ((vi_entry *)singles)[i].extra.score = 0;
    return vi_compile_table(r->c, singles, count, VI_SPAN_PIECES);
}

static int32_t read_bpe(reading *r) {
    const vi_json_value *unknown = vi_json_get(r->model, "unk_token");
    const vi_json_value *prefix = vi_json_get(r->model, "continuing_subword_prefix");
    const char *suffix = vi_json_text(vi_json_get(r->model, "end_of_word_suffix"), "");
    if (vi_json_text(prefix, "")[0] != '\0') return refuse(r, "model: continuing_subword_prefix", prefix);
    if (vi_json_bool(vi_json_get(r->model, "ignore_merges"), false)) return refuse(r, "model:", vi_json_get(r->model, "type"));
    int32_t status = read_vocab(r);
    if (status != VIT_OK) return status;
    const vi_entry *entry = unknown != NULL && unknown->kind == VI_JSON_STRING
                                ? vi_compile_find(r->c, unknown->text, unknown->length) : NULL;
    r->c->parts.unknown = entry != NULL ? (int32_t)entry->id : -1;
    if (r->clip_words && r->byte_level && strcmp(suffix, "</w>") == 0) {
        r->c->parts.model = VI_MODEL_CLIP;
        status = vi_compile_clip_bytes(r->c);
    } else if (!r->clip_words && !r->byte_level && suffix[0] == '\0') {
        r->c->parts.model = VI_MODEL_BPE;
        status = read_characters(r);
    } else {
        return refuse(r, "model: BPE with end_of_word_suffix", vi_json_get(r->model, "end_of_word_suffix"));
    }
    return status == VIT_OK ? read_merges(r) : status;
}

/* ---- special tokens ----------------------------------------------------------------------------------------------------- */

static int32_t id_of(const reading *r, const vi_json_value *text) {
    if (text == NULL || text->kind != VI_JSON_STRING) return -1;
    const vi_json_value *list = vi_json_get(r->root, "added_tokens");
    for (const vi_json_value *v = list != NULL ? list->child : NULL; v != NULL; v = v->next) {
        if (vi_json_is(vi_json_get(v, "content"), text->text)) return (int32_t)vi_json_int(vi_json_get(v, "id"), -1);
    }
    const vi_entry *entry = vi_compile_find(r->c, text->text, text->length);
    return entry != NULL ? (int32_t)entry->id : -1;
}

static int32_t read_specials(reading *r) {
    const vi_json_value *list = vi_json_get(r->root, "added_tokens");
    void *entries;
    size_t count = 0;
    if (list == NULL || list->kind != VI_JSON_ARRAY || list->count == 0) return VIT_OK;
    if (list->count > MOST_SPECIALS) return vi_compile_fail(r->c, VIT_ERROR_LIMIT, "too many added_tokens");
    int32_t status = vi_compile_take(r->c, list->count, sizeof(vi_entry), &entries);
    if (status != VIT_OK) return status;
    for (const vi_json_value *v = list->child; v != NULL; v = v->next) {
        const vi_json_value *text = vi_json_get(v, "content");
        int64_t id = vi_json_int(vi_json_get(v, "id"), -1);
        if (text == NULL || text->kind != VI_JSON_STRING || id < 0 || id >= VI_MOST_ENTRIES) {
            return vi_compile_fail(r->c, VIT_ERROR_CORRUPT, "an entry of added_tokens lacks its content or id");
        }
        if (vi_json_bool(vi_json_get(v, "single_word"), false)) return refuse(r, "added_tokens: single_word of", text);
        uint32_t flags = (vi_json_bool(vi_json_get(v, "normalized"), false) ? VI_SPECIAL_NORMALIZED : 0) |
                         (vi_json_bool(vi_json_get(v, "lstrip"), false) ? VI_SPECIAL_LEFT : 0) |
                         (vi_json_bool(vi_json_get(v, "rstrip"), false) ? VI_SPECIAL_RIGHT : 0);
        ((vi_entry *)entries)[count++] = (vi_entry){.text = text->text, .length = text->length, .id = (uint32_t)id,
                                                    .extra.flags = flags};
        if ((int32_t)id >= r->c->parts.vocabulary) r->c->parts.vocabulary = (int32_t)id + 1;
    }
    return vi_compile_table(r->c, entries, count, VI_SPAN_SPECIALS);
}

/* What comes before and after a text: at most one token each. */
static int32_t read_template(reading *r, const vi_json_value *v) {
    const vi_json_value *single = vi_json_get(v, "single");
    bool after = false;
    for (v = single != NULL ? single->child : NULL; v != NULL; v = v->next) {
        const vi_json_value *special = vi_json_get(vi_json_get(v, "SpecialToken"), "id");
        if (special == NULL) {
            after = true;
            continue;
        }
        int32_t *id = after ? &r->c->parts.end : &r->c->parts.begin;
        if (*id >= 0) return refuse(r, "post_processor: another", special);
        *id = id_of(r, special);
    }
    return VIT_OK;
}

static int32_t read_post_processor(reading *r) {
    const vi_json_value *v = vi_json_get(r->root, "post_processor"), *type = vi_json_get(v, "type");
    if (v == NULL || v->kind == VI_JSON_NULL || vi_json_is(type, "ByteLevel")) return VIT_OK;
    if (vi_json_is(type, "TemplateProcessing")) return read_template(r, v);
    if (!vi_json_is(type, "RobertaProcessing") && !vi_json_is(type, "BertProcessing")) return refuse(r, "post_processor", type);
    r->c->parts.begin = id_of(r, vi_json_at(vi_json_get(v, "cls"), 0));
    r->c->parts.end = id_of(r, vi_json_at(vi_json_get(v, "sep"), 0));
    return VIT_OK;
}

static int32_t find_pad(reading *r, const vi_text_options *options) {
    const char *wanted = options->pad != NULL ? options->pad : "<pad>";
    const vi_entry *entry = vi_compile_find(r->c, wanted, strlen(wanted));
    int64_t id = vi_json_int(vi_json_get(vi_json_get(r->root, "padding"), "pad_id"), -1);
    if (options->pad != NULL && entry == NULL) return vi_compile_fail(r->c, VIT_ERROR_CORRUPT, "no such token to pad with");
    if (options->pad == NULL && id >= 0 && id < r->c->parts.vocabulary) r->c->parts.pad = (int32_t)id;
    else r->c->parts.pad = entry != NULL && r->c->parts.model != VI_MODEL_CLIP ? (int32_t)entry->id : r->c->parts.end;
    if (r->c->parts.pad < 0) r->c->parts.pad = 0;
    return VIT_OK;
}

/* ---- the file ----------------------------------------------------------------------------------------------------------- */

/* Also the place of VI_STEP_SPLIT_NORMALIZED: between the normalizer and the pre_tokenizer. */
static int32_t read_steps(reading *r, const vi_text_options *options) {
    vi_text_clean clean = options->clean;
    bool open_clip = options->origin == VI_TEXT_OPEN_CLIP;
    if (clean == VI_CLEAN_DEFAULT) clean = open_clip ? VI_CLEAN_WHITESPACE : VI_CLEAN_NONE;
    int32_t status = vi_compile_clean(r->c, clean);
    if (status == VIT_OK) status = vi_compile_step(r->c, VI_STEP_SPLIT);
    if (status == VIT_OK) status = read_normalizer(r, vi_json_get(r->root, "normalizer"));
    if (status == VIT_OK) status = vi_compile_step(r->c, VI_STEP_SPLIT_NORMALIZED);
    return status == VIT_OK ? read_pre_tokenizer(r, vi_json_get(r->root, "pre_tokenizer"), NULL) : status;
}

static int32_t compile(vi_compiler *c, const vi_json_value *root, const vi_text_options *options, vi_text_block *out) {
    reading r = {.c = c, .root = root, .model = vi_json_get(root, "model")};
    const vi_json_value *type = vi_json_get(r.model, "type");
    if (r.model == NULL) return vi_compile_fail(c, VIT_ERROR_CORRUPT, "no model: not a tokenizer.json");
    r.unigram = vi_json_is(type, "Unigram");
    bool bpe = type != NULL ? vi_json_is(type, "BPE") : vi_json_get(r.model, "merges") != NULL;
    if (!r.unigram && !bpe) return refuse(&r, "model", type);
    int32_t status = read_steps(&r, options);
    if (status == VIT_OK && r.unigram && (r.clip_words || r.byte_level)) return refuse(&r, "ByteLevel with model", type);
    if (status == VIT_OK) status = r.unigram ? read_unigram(&r) : read_bpe(&r);
    if (status == VIT_OK) status = read_specials(&r);
    if (status == VIT_OK) status = read_post_processor(&r);
    if (status == VIT_OK) status = find_pad(&r, options);
    if (c->parts.context == 0) c->parts.context = c->parts.model == VI_MODEL_CLIP ? 77 : 64;
    return status == VIT_OK ? vi_compile_write(c, out) : status;
}

int32_t vi_tokenizer_from_json(vi_text_block *out, const char *text, size_t size, const vi_text_options *options, vi_allocator *a,
                               vi_error *e) {
    vi_compiler c;
    vi_json json = {0};
    vi_compile_begin(&c, options, a, e);
    /* Gemma's vocabulary has 2 million values, pairs of merges for the most part, in 33 MB: the cap grows with the file. */
    size_t most = size / 8 > VI_JSON_VALUES ? size / 8 : VI_JSON_VALUES;
    int32_t status = vi_json_parse_most(&json, text, size, most, c.name, a, e);
    if (status == VIT_OK) status = compile(&c, json.root, options, out);
    vi_json_free(&json, a);
    vi_compile_end(&c);
    return status;
}
