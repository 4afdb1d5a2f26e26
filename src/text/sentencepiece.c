/* sentencepiece.c: SigLIP's vocabulary from spiece.model, a protobuf: pieces with scores, settings, the normaliser. */
#include <string.h>
#include "base/checked.h"
#include "text/compile.h"

#define UNKNOWN_PENALTY 10.0f /* below the lowest score of a piece */

enum { TYPE_NORMAL = 1, TYPE_UNKNOWN = 2, TYPE_CONTROL = 3, TYPE_USER_DEFINED = 4, TYPE_UNUSED = 5, TYPE_BYTE = 6 };

/* ---- protobuf ----------------------------------------------------------------------------------------------------------- */

typedef struct message {
    const unsigned char *at, *end;
    bool failed;
} message;

typedef struct field {
    uint64_t number, value; /* value: a number, or the bits of a float */
    const unsigned char *data;
    size_t size; /* of a string or message */
} field;

static uint64_t read_varint(message *m) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (m->at == m->end) break;
        unsigned char byte = *m->at++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) return value;
    }
    m->failed = true;
    return 0;
}

/* The next field; false at the end, or when the bytes make no sense (then m->failed). */
static bool next_field(message *m, field *f) {
    if (m->failed || m->at == m->end) return false;
    uint64_t key = read_varint(m), length = 0;
    *f = (field){.number = key >> 3};
    switch (key & 7) {
    case 0: f->value = read_varint(m); return !m->failed;
    case 1: length = 8; break;
    case 2: length = read_varint(m); break;
    case 5: length = 4; break;
    default: m->failed = true;
    }
    if (m->failed || length > (uint64_t)(m->end - m->at)) {
        m->failed = true;
        return false;
    }
    f->data = m->at;
    f->size = (size_t)length;
    if ((key & 7) == 5) f->value = vi_load_u32(m->at);
    m->at += length;
    return true;
}

static message inside(const field *f) { return (message){.at = f->data, .end = f->data + f->size}; }

/* ---- model -------------------------------------------------------------------------------------------------------------- */

typedef struct model {
    uint64_t type, suffix, byte_fallback; /* of the trainer; type 1: unigram */
    bool prefix, trim, escape;            /* of the normaliser */
    const unsigned char *map;
    size_t map_size;
    float lowest;                         /* score of a normal piece */
    uint32_t byte_ids[256], bytes_known;
    size_t piece_count, kept;
    int32_t end;
} model;

static int32_t read_piece(vi_compiler *c, model *m, const field *outer) {
    message inner = inside(outer);
    field f, text = {0};
    float score = 0;
    uint64_t type = TYPE_NORMAL;
    uint32_t id = (uint32_t)m->piece_count++;
    while (next_field(&inner, &f)) {
        if (f.number == 1 && f.data != NULL) text = f;
        if (f.number == 2 && f.size == 4) score = vi_load_f32(f.data);
        if (f.number == 3) type = f.value;
    }
    if (inner.failed || text.size == 0) return vi_compile_fail(c, VIT_ERROR_CORRUPT, "sentencepiece: a piece is damaged");
    if (type == TYPE_USER_DEFINED) {
        return vi_compile_fail(c, VIT_ERROR_UNSUPPORTED, "sentencepiece: user-defined pieces");
    }
    if (type == TYPE_UNKNOWN) c->parts.unknown = (int32_t)id;
    if (text.size == 4 && memcmp(text.data, "</s>", 4) == 0) m->end = (int32_t)id;
    if (type == TYPE_BYTE && text.size == 6) {
        static const char digits[] = "0123456789ABCDEF";
        const char *high = memchr(digits, text.data[3], 16), *low = memchr(digits, text.data[4], 16);
        if (high != NULL && low != NULL) m->byte_ids[(high - digits) * 16 + (low - digits)] = id;
        m->bytes_known += high != NULL && low != NULL;
    }
    if (type != TYPE_NORMAL) return VIT_OK;
    if (score < m->lowest || m->kept == 0) m->lowest = score;
    c->entries[m->kept++] = (vi_entry){.text = (const char *)text.data, .length = (uint32_t)text.size, .id = id,
                                       .extra.score = score};
    return VIT_OK;
}

static void read_trainer(model *m, const field *outer) {
    message inner = inside(outer);
    field f;
    while (next_field(&inner, &f)) {
        if (f.number == 3) m->type = f.value;
        if (f.number == 24) m->suffix = f.value;
        if (f.number == 35) m->byte_fallback = f.value;
    }
}

static void read_normaliser(model *m, const field *outer) {
    message inner = inside(outer);
    field f;
    while (next_field(&inner, &f)) {
        if (f.number == 2 && f.data != NULL) {
            m->map = f.data;
            m->map_size = f.size;
        }
        if (f.number == 3) m->prefix = f.value != 0;
        if (f.number == 4) m->trim = f.value != 0;
        if (f.number == 5) m->escape = f.value != 0;
    }
}

static int32_t read_model(vi_compiler *c, model *m, const void *data, size_t size) {
    message count = {.at = data, .end = (const unsigned char *)data + size}, again = count;
    field f;
    size_t pieces = 0;
    void *entries;
    while (next_field(&count, &f)) {
        if (f.number == 1 && f.data == NULL) count.failed = true;
        if (f.number == 1) pieces++;
        if (f.number == 2 && f.data != NULL) read_trainer(m, &f);
        if (f.number == 3 && f.data != NULL) read_normaliser(m, &f);
    }
    if (count.failed || pieces == 0) return vi_compile_fail(c, VIT_ERROR_CORRUPT, "sentencepiece: damaged or truncated");
    if (pieces > VI_MOST_ENTRIES) return vi_compile_fail(c, VIT_ERROR_LIMIT, "sentencepiece: too many pieces");
    int32_t status = vi_compile_take(c, pieces, sizeof(vi_entry), &entries);
    c->entries = entries;
    while (status == VIT_OK && next_field(&again, &f)) {
        if (f.number == 1) status = read_piece(c, m, &f);
    }
    c->entry_count = m->kept;
    return status;
}

static int32_t check(vi_compiler *c, const model *m) {
    const char *what = m->type != 1      ? "sentencepiece: its model is not unigram (BPE vocabularies: use tokenizer.json)"
                       : m->suffix != 0  ? "sentencepiece: white space as a suffix"
                       : !m->escape      ? "sentencepiece: white space that is not escaped"
                       : c->parts.unknown < 0 ? "sentencepiece: no unknown piece"
                                         : NULL;
    return what != NULL ? vi_compile_fail(c, VIT_ERROR_UNSUPPORTED, what) : VIT_OK;
}

/* The map: bytes of its trie, the trie, the replacements. */
int32_t vi_compile_map(vi_compiler *c, const unsigned char *data, size_t size) {
    if (size == 0) return VIT_OK;
    uint32_t trie = size >= 4 ? vi_load_u32(data) : UINT32_MAX;
    if (trie % 4 != 0 || !vi_range_fits(4, trie, size) || size - 4 - trie == 0 || data[size - 1] != 0 || size > INT32_MAX) {
        return vi_compile_fail(c, VIT_ERROR_CORRUPT, "its map of characters is damaged");
    }
    c->parts.spans[VI_SPAN_MAP] = (vi_text_span){data + 4, trie / 4};
    c->parts.spans[VI_SPAN_MAPPED] = (vi_text_span){data + 4 + trie, (uint32_t)(size - 4 - trie)};
    return VIT_OK;
}

/* ---- what texts go through ---------------------------------------------------------------------------------------------- */

/* transformers' SiglipTokenizer encodes every stretch of text behind "<unk>", and forgets the ids of that. */
static int32_t count_dropped(vi_compiler *c) {
    vi_block_parts parts = c->parts;
    static const uint8_t steps[] = {VI_STEP_UNKNOWN, VI_STEP_SENTENCEPIECE};
    parts.spans[VI_SPAN_STEPS] = (vi_text_span){steps, 2};
    parts.end = -1;
    vi_text_block block;
    vi_tokenizer t;
    int32_t id;
    size_t count = 0;
    int32_t status = vi_block_write(&block, &parts, c->a, c->e);
    if (status != VIT_OK) return status;
    status = vi_tokenizer_open(&t, block.data, block.size, c->name, c->e);
    if (status == VIT_OK) status = vi_tokenizer_encode(&t, "", 0, &id, 1, &count, c->a, c->e);
    vi_free(c->a, block.data, block.size, VI_TEMPORARY);
    c->parts.dropped = (int32_t)count;
    return status;
}

static int32_t add_steps(vi_compiler *c, const uint8_t *steps, size_t count) {
    int32_t status = VIT_OK;
    for (size_t i = 0; i < count && status == VIT_OK; i++) status = vi_compile_step(c, steps[i]);
    return status;
}

static int32_t prepare(vi_compiler *c, const model *m, const vi_text_options *options) {
    static const uint8_t siglip[] = {VI_STEP_BAR,         VI_STEP_SPLIT, VI_STEP_LOWER,   VI_STEP_PUNCTUATION,
                                     VI_STEP_JOIN,        VI_STEP_UNKNOWN, VI_STEP_SENTENCEPIECE};
    static const uint8_t t5[] = {VI_STEP_SPLIT, VI_STEP_MAP_CLUSTERS, VI_STEP_STRIP_RIGHT, VI_STEP_BLANKS_TO_BAR,
                                 VI_STEP_METASPACE};
    static const uint8_t plain[] = {VI_STEP_SENTENCEPIECE};
    uint32_t flags = options->origin == VI_TEXT_HF ? VI_SPECIAL_LEFT | VI_SPECIAL_RIGHT : 0;
    vi_entry specials[2] = {{.text = "</s>", .length = 4, .id = (uint32_t)m->end, .extra.flags = flags},
                            {.text = "<unk>", .length = 5, .id = (uint32_t)c->parts.unknown, .extra.flags = flags}};
    vi_text_clean clean = options->clean;
    if (clean == VI_CLEAN_DEFAULT) clean = options->origin == VI_TEXT_OPEN_CLIP ? VI_CLEAN_WHITESPACE : VI_CLEAN_NONE;
    int32_t status = vi_compile_clean(c, clean);
    if (status != VIT_OK) return status;
    if (options->origin == VI_TEXT_OPENAI) return add_steps(c, plain, sizeof plain);
    status = vi_compile_table(c, specials, 2, VI_SPAN_SPECIALS);
    if (status != VIT_OK) return status;
    if (options->origin == VI_TEXT_OPEN_CLIP) {
        c->parts.flags |= VI_FLAG_DOUBLE;
        return add_steps(c, t5, sizeof t5);
    }
    c->parts.flags |= VI_FLAG_AGAIN;
    status = count_dropped(c);
    return status == VIT_OK ? add_steps(c, siglip, sizeof siglip) : status;
}

static int32_t compile(vi_compiler *c, const void *data, size_t size, const vi_text_options *options, vi_text_block *out) {
    model m = {.type = 1, .prefix = true, .trim = true, .escape = true, .end = -1};
    memset(m.byte_ids, 0xFF, sizeof m.byte_ids);
    int32_t status = read_model(c, &m, data, size);
    if (status == VIT_OK) status = check(c, &m);
    if (status == VIT_OK && m.end < 0) status = vi_compile_fail(c, VIT_ERROR_UNSUPPORTED, "sentencepiece: no piece </s>");
    if (status == VIT_OK) status = vi_compile_map(c, m.map, m.map_size);
    if (status == VIT_OK) status = vi_compile_table(c, c->entries, c->entry_count, VI_SPAN_PIECES);
    if (status != VIT_OK) return status;
    unsigned char ids[4 * 256];
    for (size_t i = 0; i < 256; i++) vi_store_u32(ids + 4 * i, m.byte_ids[i]);
    if (m.byte_fallback != 0 && m.bytes_known > 0) {
        c->parts.spans[VI_SPAN_BYTES] = (vi_text_span){ids, 256};
        c->parts.flags |= VI_FLAG_BYTES;
    }
    c->parts.model = VI_MODEL_UNIGRAM;
    c->parts.vocabulary = (int32_t)m.piece_count;
    c->parts.end = c->parts.pad = m.end;
    c->parts.unknown_score = m.lowest - UNKNOWN_PENALTY;
    c->parts.flags |= (m.prefix ? VI_FLAG_PREFIX : 0) | (m.trim ? VI_FLAG_TRIM : 0);
    if (c->parts.context == 0) c->parts.context = 64;
    status = prepare(c, &m, options);
    return status == VIT_OK ? vi_compile_write(c, out) : status;
}

int32_t vi_tokenizer_from_sentencepiece(vi_text_block *out, const void *data, size_t size, const vi_text_options *options,
                                        vi_allocator *a, vi_error *e) {
    vi_compiler c;
    vi_compile_begin(&c, options, a, e);
    int32_t status = compile(&c, data, size, options, out);
    vi_compile_end(&c);
    return status;
}
