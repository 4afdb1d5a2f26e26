/* block.c: writes and validates compiled tokenizers; see block.h. */
#include "text/block.h"

#include <string.h>
#include "base/checked.h"

#define MOST_IDS (1u << 24)
#define MOST_DROPPED 64

/* Bytes of an element of each span, in the order of the header. */
static const uint8_t element_bytes[VI_SPAN_COUNT] = {1, 1, 4 * VI_PIECE_WORDS, 4, 4, 4 * VI_MERGE_WORDS, 4 * VI_PIECE_WORDS, 4,
                                                     1};

/* ---- writing ------------------------------------------------------------------------------------------------------------ */

int32_t vi_block_write(vi_text_block *out, const vi_block_parts *parts, vi_allocator *a, vi_error *e) {
    uint64_t size = VI_BLOCK_HEADER;
    for (int i = 0; i < VI_SPAN_COUNT; i++) size += ((uint64_t)parts->spans[i].count * element_bytes[i] + 3) / 4 * 4;
    if (size > INT32_MAX) return vi_fail(e, VIT_ERROR_LIMIT, "tokenizer: it would need more than 2 GiB");
    unsigned char *block = vi_alloc(a, (size_t)size, VI_TEMPORARY);
    if (block == NULL) return vi_alloc_failed(a, (size_t)size, "the tokenizer", e);
    memcpy(block, VI_BLOCK_MAGIC, 8);
    const uint32_t words[] = {(uint32_t)size, (uint32_t)parts->model, (uint32_t)parts->vocabulary, (uint32_t)parts->context,
                              (uint32_t)parts->begin, (uint32_t)parts->end, (uint32_t)parts->pad, (uint32_t)parts->unknown,
                              (uint32_t)parts->dropped, parts->flags};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) vi_store_u32(block + VI_AT_SIZE + 4 * i, words[i]);
    vi_store_f32(block + VI_AT_SCORE, parts->unknown_score);
    uint32_t at = VI_BLOCK_HEADER;
    for (int i = 0; i < VI_SPAN_COUNT; i++) {
        size_t bytes = (size_t)parts->spans[i].count * element_bytes[i];
        vi_store_u32(block + VI_AT_SPANS + 8 * i, at);
        vi_store_u32(block + VI_AT_SPANS + 8 * i + 4, parts->spans[i].count);
        if (bytes > 0) memcpy(block + at, parts->spans[i].data, bytes);
        at += (uint32_t)((bytes + 3) / 4 * 4);
    }
    *out = (vi_text_block){block, (size_t)size};
    return VIT_OK;
}

/* ---- validation --------------------------------------------------------------------------------------------------------- */

static bool id_fits(const vi_tokenizer *t, uint32_t id, bool none_too) {
    return id < (uint32_t)t->vocabulary || (none_too && id == VI_NO_ID);
}

static bool header_fits(const vi_tokenizer *t) {
    if (t->model == VI_MODEL_UNIGRAM && t->unknown < 0) return false;
    return t->model >= VI_MODEL_CLIP && t->model < VI_MODEL_COUNT && (t->flags & ~VI_FLAGS) == 0 && t->vocabulary > 0 &&
           (uint32_t)t->vocabulary <= MOST_IDS && t->context >= 2 && t->context <= VI_TEXT_MAX_CONTEXT &&
           id_fits(t, (uint32_t)t->begin, true) && id_fits(t, (uint32_t)t->end, true) && id_fits(t, (uint32_t)t->pad, false) &&
           id_fits(t, (uint32_t)t->unknown, true) && t->dropped >= 0 && t->dropped <= MOST_DROPPED && t->unknown_score <= 1e30f &&
           t->unknown_score >= -1e30f;
}

static bool steps_fit(const vi_tokenizer *t) {
    int splits[2] = {0, 0};
    if (t->steps.count > VI_MOST_STEPS) return false;
    for (uint32_t i = 0; i < t->steps.count; i++) {
        unsigned step = t->steps.data[i];
        if (step == 0 || step >= VI_STEP_COUNT) return false;
        if (step == VI_STEP_SPLIT) splits[0]++;
        if (step == VI_STEP_SPLIT_NORMALIZED) splits[1]++;
    }
    return splits[0] <= 1 && splits[1] <= 1;
}

static bool table_fits(const vi_tokenizer *t, const vi_text_span *table, bool special) {
    const unsigned char *before = NULL;
    uint32_t before_length = 0;
    for (uint32_t i = 0; i < table->count; i++) {
        const unsigned char *record = table->data + (size_t)i * 4 * VI_PIECE_WORDS;
        uint32_t offset = vi_word(record, 0), length = vi_word(record, 1);
        if (length == 0 || !vi_range_fits(offset, length, t->strings.count)) return false;
        if (!id_fits(t, vi_word(record, 2), false)) return false;
        float score = vi_load_f32(record + 12);
        if (special ? (vi_word(record, 3) & ~VI_SPECIAL_ALL) != 0 : !(score >= -1e30f && score <= 1e30f)) return false;
        const unsigned char *text = t->strings.data + offset;
        if (before != NULL) {
            int order = memcmp(before, text, length < before_length ? length : before_length);
            if (order > 0 || (order == 0 && before_length >= length)) return false;
        }
        before = text;
        before_length = length;
    }
    return true;
}

static bool bytes_fit(const vi_tokenizer *t) {
    if (t->model == VI_MODEL_CLIP ? t->bytes.count != 512 : t->bytes.count != 256 && t->bytes.count != 0) return false;
    for (uint32_t i = 0; i < t->bytes.count; i++) {
        if (!id_fits(t, vi_word(t->bytes.data, i), true)) return false;
    }
    return (t->flags & VI_FLAG_BYTES) == 0 || t->bytes.count == 256;
}

static bool merges_fit(const vi_tokenizer *t) {
    if (t->starts.count == 0) return t->merges.count == 0;
    if (t->starts.count != (uint32_t)t->vocabulary + 1) return false;
    uint32_t at = 0;
    for (uint32_t i = 0; i < t->starts.count; i++) {
        uint32_t to = vi_word(t->starts.data, i);
        if (to < at || to > t->merges.count || (i == 0 && to != 0)) return false;
        for (uint32_t first = at; at < to; at++) {
            const unsigned char *record = t->merges.data + (size_t)at * 4 * VI_MERGE_WORDS;
            if (!id_fits(t, vi_word(record, 0), false) || !id_fits(t, vi_word(record, 2), false)) return false;
            if (at > first && vi_word(record - 4 * VI_MERGE_WORDS, 0) >= vi_word(record, 0)) return false;
        }
    }
    return at == t->merges.count;
}

static const char *problem_of(vi_tokenizer *t) {
    vi_text_span *spans[VI_SPAN_COUNT] = {&t->strings, &t->steps,    &t->pieces, &t->bytes, &t->starts,
                                          &t->merges,  &t->specials, &t->map,    &t->mapped};
    for (int i = 0; i < VI_SPAN_COUNT; i++) {
        uint32_t offset = vi_load_u32(t->block + VI_AT_SPANS + 8 * i), count = vi_load_u32(t->block + VI_AT_SPANS + 8 * i + 4);
        if (offset < VI_BLOCK_HEADER || !vi_range_fits(offset, (uint64_t)count * element_bytes[i], t->size)) {
            return "a part lies outside of it";
        }
        *spans[i] = (vi_text_span){t->block + offset, count};
    }
    if (!header_fits(t)) return "a number in its header is out of range";
    if (!steps_fit(t)) return "it prepares texts in a way that does not exist";
    if (!table_fits(t, &t->pieces, false)) return "its pieces are out of order or out of range";
    if (!table_fits(t, &t->specials, true)) return "its special tokens are out of order or out of range";
    if (!bytes_fit(t)) return "its bytes have ids out of range";
    if (!merges_fit(t)) return "its merges are out of order or out of range";
    if (t->mapped.count > 0 && t->mapped.data[t->mapped.count - 1] != 0) return "its normaliser has no end";
    return NULL;
}

int32_t vi_tokenizer_open(vi_tokenizer *t, const void *block, size_t size, const char *name, vi_error *e) {
    const unsigned char *p = block;
    if (size < VI_BLOCK_HEADER || memcmp(p, VI_BLOCK_MAGIC, 7) != 0) {
        return vi_fail(e, VIT_ERROR_CORRUPT, "%s: tokenizer: not one, or truncated", name);
    }
    if (p[7] != VI_BLOCK_MAGIC[7]) {
        return vi_fail(e, VIT_ERROR_UNSUPPORTED, "%s: tokenizer: written by another version of this library", name);
    }
    if (vi_load_u32(p + VI_AT_SIZE) != size || size > INT32_MAX) {
        return vi_fail(e, VIT_ERROR_CORRUPT, "%s: tokenizer: %llu bytes, its header says %lu", name, (unsigned long long)size,
                       (unsigned long)vi_load_u32(p + VI_AT_SIZE));
    }
    vi_tokenizer found = {.block = p, .size = (uint32_t)size};
    int32_t *fields[] = {&found.model, &found.vocabulary, &found.context, &found.begin,
                         &found.end,   &found.pad,        &found.unknown, &found.dropped};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) *fields[i] = (int32_t)vi_load_u32(p + VI_AT_MODEL + 4 * i);
    found.flags = vi_load_u32(p + VI_AT_FLAGS);
    found.unknown_score = vi_load_f32(p + VI_AT_SCORE);
    const char *problem = problem_of(&found);
    if (problem != NULL) return vi_fail(e, VIT_ERROR_CORRUPT, "%s: tokenizer: %s", name, problem);
    *t = found;
    return VIT_OK;
}

/* ---- look-up ------------------------------------------------------------------------------------------------------------ */

/* The byte at `depth` of a piece, or -1 where it ends. */
static int byte_at(const vi_tokenizer *t, const vi_text_span *table, uint32_t index, uint32_t depth) {
    const unsigned char *record = table->data + (size_t)index * 4 * VI_PIECE_WORDS;
    return depth < vi_word(record, 1) ? t->strings.data[vi_word(record, 0) + depth] : -1;
}

/* The first of [low, high) whose byte at `depth` is at least `byte`. */
static uint32_t first_from(const vi_tokenizer *t, const vi_text_span *table, const vi_piece_range *range, int byte) {
    uint32_t low = range->low, high = range->high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (byte_at(t, table, middle, range->depth) < byte) low = middle + 1;
        else high = middle;
    }
    return low;
}

bool vi_piece_narrow(const vi_tokenizer *t, const vi_text_span *table, vi_piece_range *range, unsigned char next) {
    range->low = first_from(t, table, range, next);
    range->high = first_from(t, table, range, next + 1);
    range->depth++;
    return range->low < range->high;
}

const unsigned char *vi_piece_ending(const vi_text_span *table, const vi_piece_range *range) {
    const unsigned char *record = table->data + (size_t)range->low * 4 * VI_PIECE_WORDS;
    return range->low < range->high && vi_word(record, 1) == range->depth ? record : NULL;
}

int32_t vi_piece_find(const vi_tokenizer *t, const char *text, size_t n) {
    vi_piece_range range = {0, t->pieces.count, 0};
    for (size_t i = 0; i < n; i++) {
        if (!vi_piece_narrow(t, &t->pieces, &range, (unsigned char)text[i])) return -1;
    }
    const unsigned char *record = vi_piece_ending(&t->pieces, &range);
    return record != NULL ? (int32_t)vi_word(record, 2) : -1;
}
