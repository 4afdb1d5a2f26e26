/* merges.c: CLIP's vocabulary from its list of merges: OpenAI's bpe_simple_vocab_16e6.txt(.gz), or Hugging Face's merges.txt with
 * vocab.json. Without vocab.json ids are counted as OpenAI does: 256 bytes, 256 last bytes, the merges, begin and end. */
#include <string.h>
#include "base/inflate.h"
#include "base/json.h"
#include "text/compile.h"
#include "text/unicode.h"

#define OPENAI_MERGES 48894 /* of the file's 262,144: what fits a vocabulary of 49,152 + 256 */
#define MOST_UNPACKED (1u << 26)

/* ---- gzip --------------------------------------------------------------------------------------------------------------- */

/* Bytes of the header, RFC 1952; 0: not gzip, or cut off. */
static size_t gzip_header(const unsigned char *p, size_t size) {
    if (size < 18 || p[0] != 0x1F || p[1] != 0x8B || p[2] != 8 || (p[3] & 0xE0) != 0) return 0;
    size_t at = 10;
    if ((p[3] & 4) != 0) at += 2 + (size_t)vi_load_u16(p + 10);
    for (int i = 0; i < 2; i++) { /* name, comment */
        if ((p[3] & (8 << i)) == 0) continue;
        while (at < size && p[at] != 0) at++;
        at++;
    }
    if ((p[3] & 2) != 0) at += 2;
    return at <= size && size - at >= 8 ? at : 0;
}

static int32_t unpack(vi_compiler *c, const unsigned char *p, size_t size, const char **text, size_t *length) {
    size_t at = gzip_header(p, size);
    if (at == 0) return vi_compile_fail(c, VIT_ERROR_CORRUPT, "gzip: its header is damaged");
    uint32_t unpacked = vi_load_u32(p + size - 4);
    if (unpacked > MOST_UNPACKED) return vi_compile_fail(c, VIT_ERROR_LIMIT, "gzip: it unpacks to more than 64 MiB");
    void *inflater, *out;
    vi_reader reader;
    int32_t status = vi_compile_take(c, 1, sizeof(vi_inflater), &inflater);
    if (status == VIT_OK) status = vi_compile_take(c, unpacked, 1, &out);
    if (status == VIT_OK) status = vi_reader_open_memory(&reader, p, size, c->e);
    if (status != VIT_OK) return status;
    vi_inflate_start(inflater, &reader, at, size - 8 - at, c->name);
    status = vi_inflate_read(inflater, out, unpacked, c->e);
    if (status == VIT_OK) status = vi_inflate_finish(inflater, vi_load_u32(p + size - 8), c->e);
    vi_reader_close(&reader);
    *text = out;
    *length = unpacked;
    return status;
}

/* ---- lines -------------------------------------------------------------------------------------------------------------- */

/* The lines "left right" after the first one of a version; at most `most`. */
static int32_t read_pairs(vi_compiler *c, const char *text, size_t size, size_t most) {
    size_t lines = 1;
    for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
    if (lines > most + 1) lines = most + 1;
    void *pairs;
    int32_t status = vi_compile_take(c, lines, sizeof(vi_pair), &pairs);
    if (status != VIT_OK) return status;
    c->pairs = pairs;
    const char *p = text, *end = text + size;
    for (bool first = true; p < end && c->pair_count < most; first = false) {
        const char *stop = memchr(p, '\n', (size_t)(end - p)), *next = stop != NULL ? stop + 1 : end;
        if (stop == NULL) stop = end;
        if (stop > p && stop[-1] == '\r') stop--;
        const char *blank = stop > p ? memchr(p, ' ', (size_t)(stop - p)) : NULL;
        bool skip = stop == p || (first && (p[0] == '"' || p[0] == '#'));
        bool two = blank != NULL && blank > p && blank + 1 < stop && memchr(blank + 1, ' ', (size_t)(stop - blank - 1)) == NULL;
        if (!skip && !two) {
            return vi_compile_fail(c, VIT_ERROR_CORRUPT, "a line is not two strings with a blank between");
        }
        if (!skip) c->pairs[c->pair_count++] = (vi_pair){p, blank + 1, (uint32_t)(blank - p), (uint32_t)(stop - blank - 1)};
        p = next;
    }
    return VIT_OK;
}

/* ---- ids ---------------------------------------------------------------------------------------------------------------- */

/* 256 bytes in the order of the characters that stand for them, 256 with </w>, the merges. */
static int32_t count_ids(vi_compiler *c) {
    void *entries, *pool;
    size_t bytes = 512 * 8;
    for (size_t i = 0; i < c->pair_count; i++) bytes += (size_t)c->pairs[i].left_length + c->pairs[i].right_length;
    int32_t status = vi_compile_take(c, 512 + c->pair_count, sizeof(vi_entry), &entries);
    if (status == VIT_OK) status = vi_compile_take(c, bytes, 1, &pool);
    if (status != VIT_OK) return status;
    c->entries = entries;
    char *at = pool;
    for (uint32_t i = 0; i < 512; i++) {
        uint32_t k = i & 255; /* those that can be seen first: ! to ~, U+00A1 to U+00AC, U+00AE to U+00FF, then U+0100... */
        uint32_t ch = k < 94 ? k + '!' : k < 106 ? k - 94 + 0xA1 : k < 188 ? k - 106 + 0xAE : k - 188 + 256;
        size_t n = vi_char_write(at, ch);
        if (i > 255) memcpy(at + n, "</w>", 4);
        if (i > 255) n += 4;
        c->entries[c->entry_count++] = (vi_entry){.text = at, .length = (uint32_t)n, .id = i};
        at += n;
    }
    for (size_t i = 0; i < c->pair_count; i++) {
        const vi_pair *pair = &c->pairs[i];
        memcpy(at, pair->left, pair->left_length);
        memcpy(at + pair->left_length, pair->right, pair->right_length);
        uint32_t n = pair->left_length + pair->right_length;
        c->entries[c->entry_count] = (vi_entry){.text = at, .length = n, .id = (uint32_t)c->entry_count};
        c->entry_count++;
        at += n;
    }
    return VIT_OK;
}

/* vocab.json: an object of strings and their ids. The strings stay in `json`. */
static int32_t read_ids(vi_compiler *c, const vi_json *json) {
    const vi_json_value *root = json->root;
    void *entries;
    if (root->kind != VI_JSON_OBJECT) return vi_compile_fail(c, VIT_ERROR_CORRUPT, "vocab.json: not an object of ids");
    int32_t status = vi_compile_take(c, root->count, sizeof(vi_entry), &entries);
    if (status != VIT_OK) return status;
    c->entries = entries;
    for (const vi_json_value *v = root->child; v != NULL; v = v->next) {
        int64_t id = vi_json_int(v, -1);
        if (id < 0 || id >= VI_MOST_ENTRIES) {
            return vi_compile_fail(c, VIT_ERROR_CORRUPT, "vocab.json: an id is not a number, or out of range");
        }
        c->entries[c->entry_count++] = (vi_entry){.text = v->key, .length = v->key_length, .id = (uint32_t)id};
    }
    return VIT_OK;
}

/* ---- the rest ----------------------------------------------------------------------------------------------------------- */

/* The id of a special token; one that the vocabulary lacks comes behind it. */
static int32_t id_of(vi_compiler *c, const char *text) {
    const vi_entry *entry = vi_compile_find(c, text, strlen(text));
    return entry != NULL ? (int32_t)entry->id : c->parts.vocabulary++;
}

static int32_t prepare(vi_compiler *c, const vi_text_options *options) {
    static const uint8_t steps[] = {VI_STEP_SPLIT, VI_STEP_COMPOSE, VI_STEP_BLANKS, VI_STEP_LOWER_EACH};
    bool open_clip = options->origin == VI_TEXT_OPEN_CLIP, hf = options->origin == VI_TEXT_HF;
    c->parts.model = VI_MODEL_CLIP;
    c->parts.begin = id_of(c, "<|startoftext|>");
    c->parts.end = id_of(c, "<|endoftext|>");
    c->parts.pad = hf ? c->parts.end : 0;
    c->parts.unknown = hf ? c->parts.end : -1;
    c->parts.flags = hf ? VI_FLAG_SPLITS : VI_FLAG_PYTHON;
    if (c->parts.context == 0) c->parts.context = 77;
    vi_entry specials[2] = {{.text = open_clip ? "<start_of_text>" : "<|startoftext|>", .id = (uint32_t)c->parts.begin},
                            {.text = open_clip ? "<end_of_text>" : "<|endoftext|>", .id = (uint32_t)c->parts.end}};
    for (int i = 0; i < 2; i++) specials[i].length = (uint32_t)strlen(specials[i].text);
    int32_t status = vi_compile_table(c, specials, 2, VI_SPAN_SPECIALS);
    vi_text_clean clean = options->clean != VI_CLEAN_DEFAULT ? options->clean : hf ? VI_CLEAN_NONE : VI_CLEAN_LOWER;
    if (status == VIT_OK) status = vi_compile_clean(c, clean);
    for (size_t i = 0; hf && i < sizeof steps && status == VIT_OK; i++) status = vi_compile_step(c, steps[i]);
    return status;
}

static int32_t compile(vi_compiler *c, const void *merges, size_t size, const char *vocab, size_t vocab_size, vi_json *json,
                       const vi_text_options *options, vi_text_block *out) {
    const char *text = merges;
    const unsigned char *p = merges;
    int32_t status = VIT_OK;
    if (size >= 2 && p[0] == 0x1F && p[1] == 0x8B) status = unpack(c, p, size, &text, &size);
    if (status == VIT_OK) status = read_pairs(c, text, size, vocab == NULL ? OPENAI_MERGES : VI_MOST_ENTRIES - 1024);
    if (status == VIT_OK && vocab == NULL) status = count_ids(c);
    if (status == VIT_OK && vocab != NULL) status = vi_json_parse(json, vocab, vocab_size, "vocab.json", c->a, c->e);
    if (status == VIT_OK && vocab != NULL) status = read_ids(c, json);
    if (status == VIT_OK) status = vi_compile_sort(c);
    if (status == VIT_OK) status = prepare(c, options);
    if (status == VIT_OK) status = vi_compile_clip_bytes(c);
    if (status == VIT_OK) status = vi_compile_merges(c);
    return status == VIT_OK ? vi_compile_write(c, out) : status;
}

int32_t vi_tokenizer_from_merges(vi_text_block *out, const void *merges, size_t size, const char *vocab, size_t vocab_size,
                                 const vi_text_options *options, vi_allocator *a, vi_error *e) {
    vi_compiler c;
    vi_json json = {0};
    vi_compile_begin(&c, options, a, e);
    int32_t status = compile(&c, merges, size, vocab, vocab_size, &json, options, out);
    vi_json_free(&json, a);
    vi_compile_end(&c);
    return status;
}
