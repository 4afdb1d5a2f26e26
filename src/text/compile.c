/* compile.c: see compile.h. */
#include "text/compile.h"

#include <string.h>
#include "base/checked.h"
#include "base/sort.h"
#include "text/unicode.h"

void vi_compile_begin(vi_compiler *c, const vi_text_options *options, vi_allocator *a, vi_error *e) {
    memset(c, 0, sizeof *c);
    c->a = a;
    c->e = e;
    c->name = options->name != NULL ? options->name : "tokenizer";
    c->parts = (vi_block_parts){.context = options->context, .begin = -1, .end = -1, .unknown = -1};
}

void vi_compile_end(vi_compiler *c) {
    while (c->block_count > 0) {
        c->block_count--;
        vi_free(c->a, c->blocks[c->block_count].data, c->blocks[c->block_count].size, VI_TEMPORARY);
    }
}

int32_t vi_compile_take(vi_compiler *c, size_t count, size_t element_size, void **out) {
    size_t size;
    *out = NULL;
    if (c->block_count == VI_COMPILE_BLOCKS) return vi_compile_fail(c, VIT_ERROR_INTERNAL, "too many parts");
    if (!vi_mul_size(count, element_size, &size)) return vi_compile_fail(c, VIT_ERROR_LIMIT, "too large");
    void *data = vi_alloc(c->a, size, VI_TEMPORARY);
    if (data == NULL) return vi_alloc_failed(c->a, size, "the tokenizer", c->e);
    c->blocks[c->block_count].data = data;
    c->blocks[c->block_count++].size = size;
    *out = data;
    return VIT_OK;
}

int32_t vi_compile_fail(vi_compiler *c, int32_t code, const char *problem) {
    return vi_fail(c->e, code, "%s: %s", c->name, problem);
}

int32_t vi_compile_step(vi_compiler *c, unsigned step) {
    uint32_t count = c->parts.spans[VI_SPAN_STEPS].count;
    if (count == VI_MOST_STEPS) return vi_compile_fail(c, VIT_ERROR_UNSUPPORTED, "it prepares texts in too many steps");
    c->steps[count] = (uint8_t)step;
    c->parts.spans[VI_SPAN_STEPS] = (vi_text_span){c->steps, count + 1};
    return VIT_OK;
}

/* ---- strings ------------------------------------------------------------------------------------------------------------ */

static int compare_text(const char *x, uint32_t x_length, const char *y, uint32_t y_length) {
    int order = memcmp(x, y, x_length < y_length ? x_length : y_length);
    return order != 0 ? order : x_length < y_length ? -1 : x_length > y_length;
}

static int compare_entries(const void *a, const void *b) {
    const vi_entry *x = a, *y = b;
    return compare_text(x->text, x->length, y->text, y->length);
}

/* Pointers to entries[0..count), sorted. */
static int32_t sort_entries(vi_compiler *c, const vi_entry *entries, size_t count, const vi_entry ***out) {
    void *sorted, *scratch;
    int32_t status = vi_compile_take(c, count, sizeof(vi_entry *), &sorted);
    if (status == VIT_OK) status = vi_compile_take(c, count, sizeof(vi_entry *), &scratch);
    if (status != VIT_OK) return status;
    const void **pointers = sorted;
    for (size_t i = 0; i < count; i++) pointers[i] = &entries[i];
    vi_sort(pointers, scratch, count, compare_entries);
    *out = sorted;
    return VIT_OK;
}

int32_t vi_compile_sort(vi_compiler *c) {
    uint32_t most = 0;
    if (c->entry_count == 0) return vi_compile_fail(c, VIT_ERROR_CORRUPT, "an empty vocabulary");
    for (size_t i = 0; i < c->entry_count; i++) most = c->entries[i].id > most ? c->entries[i].id : most;
    if (most >= VI_MOST_ENTRIES) return vi_compile_fail(c, VIT_ERROR_LIMIT, "an id of its vocabulary is too large");
    c->parts.vocabulary = (int32_t)most + 1;
    return sort_entries(c, c->entries, c->entry_count, &c->sorted);
}

const vi_entry *vi_compile_find(const vi_compiler *c, const char *text, size_t n) {
    size_t low = 0, high = c->entry_count;
    if (n > UINT32_MAX) return NULL;
    while (low < high) { /* the first that is greater: the last of equal ones is before it */
        size_t middle = low + (high - low) / 2;
        if (compare_text(c->sorted[middle]->text, c->sorted[middle]->length, text, (uint32_t)n) <= 0) low = middle + 1;
        else high = middle;
    }
    const vi_entry *found = low > 0 ? c->sorted[low - 1] : NULL;
    return found != NULL && compare_text(found->text, found->length, text, (uint32_t)n) == 0 ? found : NULL;
}

/* ---- parts -------------------------------------------------------------------------------------------------------------- */

/* The character that stands for a byte in byte-level vocabularies: itself where it can be seen, else one from U+0100 on. */
static uint32_t character_of_byte(unsigned byte) {
    uint32_t hidden = 0;
    for (unsigned i = 0;; i++) {
        bool seen = (i >= '!' && i <= '~') || (i >= 0xA1 && i <= 0xAC) || i >= 0xAE;
        if (i == byte) return seen ? byte : 256 + hidden;
        if (!seen) hidden++;
    }
}

int32_t vi_compile_clip_bytes(vi_compiler *c) {
    void *data;
    int32_t status = vi_compile_take(c, 512, 4, &data);
    if (status != VIT_OK) return status;
    for (unsigned i = 0; i < 512; i++) {
        char text[8];
        size_t n = vi_char_write(text, character_of_byte(i & 255));
        if (i > 255) memcpy(text + n, "</w>", 4);
        const vi_entry *entry = vi_compile_find(c, text, i > 255 ? n + 4 : n);
        vi_store_u32((unsigned char *)data + 4 * (size_t)i, entry != NULL ? entry->id : VI_NO_ID);
    }
    c->parts.spans[VI_SPAN_BYTES] = (vi_text_span){data, 512};
    return VIT_OK;
}

typedef struct merge {
    uint32_t left, right, rank, result;
} merge;

static int compare_merges(const void *a, const void *b) {
    const merge *x = a, *y = b;
    if (x->left != y->left) return x->left < y->left ? -1 : 1;
    if (x->right != y->right) return x->right < y->right ? -1 : 1;
    return x->rank > y->rank ? -1 : x->rank < y->rank; /* of equal ones the last counts: it comes first */
}

static int32_t merge_of_pair(vi_compiler *c, size_t rank, char *both, merge *out) {
    const vi_pair *pair = &c->pairs[rank];
    memcpy(both, pair->left, pair->left_length);
    memcpy(both + pair->left_length, pair->right, pair->right_length);
    const vi_entry *left = vi_compile_find(c, pair->left, pair->left_length);
    const vi_entry *right = vi_compile_find(c, pair->right, pair->right_length);
    const vi_entry *result = vi_compile_find(c, both, (size_t)pair->left_length + pair->right_length);
    if (left == NULL || right == NULL || result == NULL) {
        char shown[64];
        vi_printable(shown, sizeof shown, both, (size_t)pair->left_length + pair->right_length);
        return vi_fail(c->e, VIT_ERROR_CORRUPT, "%s: merge %lu (\"%s\") is not in the vocabulary", c->name, (unsigned long)rank,
                       shown);
    }
    *out = (merge){left->id, right->id, (uint32_t)rank, result->id};
    return VIT_OK;
}

/* starts and merges from sorted merges, the first of equal ones. */
static int32_t write_merges(vi_compiler *c, const void **sorted) {
    void *starts, *records;
    size_t vocabulary = (size_t)c->parts.vocabulary, next = 0;
    int32_t status = vi_compile_take(c, vocabulary + 1, 4, &starts);
    if (status == VIT_OK) status = vi_compile_take(c, c->pair_count, 4 * VI_MERGE_WORDS, &records);
    if (status != VIT_OK) return status;
    uint32_t count = 0;
    for (size_t i = 0; i < c->pair_count; i++) {
        const merge *m = sorted[i], *before = i > 0 ? sorted[i - 1] : NULL;
        if (before != NULL && before->left == m->left && before->right == m->right) continue;
        for (; next <= m->left; next++) vi_store_u32((unsigned char *)starts + 4 * next, count);
        unsigned char *record = (unsigned char *)records + (size_t)count++ * 4 * VI_MERGE_WORDS;
        vi_store_u32(record, m->right);
        vi_store_u32(record + 4, m->rank);
        vi_store_u32(record + 8, m->result);
    }
    for (; next <= vocabulary; next++) vi_store_u32((unsigned char *)starts + 4 * next, count);
    c->parts.spans[VI_SPAN_STARTS] = (vi_text_span){starts, (uint32_t)vocabulary + 1};
    c->parts.spans[VI_SPAN_MERGES] = (vi_text_span){records, count};
    return VIT_OK;
}

int32_t vi_compile_merges(vi_compiler *c) {
    void *merges, *sorted, *scratch, *both;
    uint64_t longest = 0;
    for (size_t i = 0; i < c->pair_count; i++) {
        uint64_t length = (uint64_t)c->pairs[i].left_length + c->pairs[i].right_length;
        if (length > longest) longest = length;
    }
    int32_t status = vi_compile_take(c, c->pair_count, sizeof(merge), &merges);
    if (status == VIT_OK) status = vi_compile_take(c, c->pair_count, sizeof(void *), &sorted);
    if (status == VIT_OK) status = vi_compile_take(c, c->pair_count, sizeof(void *), &scratch);
    if (status == VIT_OK) status = vi_compile_take(c, (size_t)longest, 1, &both);
    for (size_t i = 0; i < c->pair_count && status == VIT_OK; i++) {
        status = merge_of_pair(c, i, both, (merge *)merges + i);
        ((const void **)sorted)[i] = (merge *)merges + i;
    }
    if (status != VIT_OK) return status;
    vi_sort(sorted, scratch, c->pair_count, compare_merges);
    return write_merges(c, sorted);
}

/* A table of pieces or specials. Its strings go behind those that are there already. */
int32_t vi_compile_table(vi_compiler *c, const vi_entry *entries, size_t count, int span) {
    const vi_entry **sorted;
    const vi_text_span old = c->parts.spans[VI_SPAN_STRINGS];
    uint64_t size = old.count;
    void *strings, *records;
    for (size_t i = 0; i < count; i++) size += entries[i].length;
    if (size > INT32_MAX) return vi_compile_fail(c, VIT_ERROR_LIMIT, "its vocabulary is too large");
    int32_t status = sort_entries(c, entries, count, &sorted);
    if (status == VIT_OK) status = vi_compile_take(c, (size_t)size, 1, &strings);
    if (status == VIT_OK) status = vi_compile_take(c, count, 4 * VI_PIECE_WORDS, &records);
    if (status != VIT_OK) return status;
    uint32_t at = old.count, kept = 0;
    if (at > 0) memcpy(strings, old.data, at);
    for (size_t i = 0; i < count; i++) {
        const vi_entry *entry = sorted[i];
        if (entry->length == 0 || (i + 1 < count && compare_entries(entry, sorted[i + 1]) == 0)) continue; /* the last counts */
        unsigned char *record = (unsigned char *)records + (size_t)kept++ * 4 * VI_PIECE_WORDS;
        memcpy((char *)strings + at, entry->text, entry->length);
        vi_store_u32(record, at);
        vi_store_u32(record + 4, entry->length);
        vi_store_u32(record + 8, entry->id);
        if (span == VI_SPAN_SPECIALS) vi_store_u32(record + 12, entry->extra.flags);
        else vi_store_f32(record + 12, entry->extra.score);
        at += entry->length;
    }
    c->parts.spans[VI_SPAN_STRINGS] = (vi_text_span){strings, at};
    c->parts.spans[span] = (vi_text_span){records, kept};
    return VIT_OK;
}

int32_t vi_compile_write(vi_compiler *c, vi_text_block *out) {
    if (c->parts.context < 2 || c->parts.context > VI_TEXT_MAX_CONTEXT) {
        return vi_compile_fail(c, VIT_ERROR_ARGUMENT, "a context of that many tokens is out of range");
    }
    vi_text_block block;
    vi_tokenizer check;
    int32_t status = vi_block_write(&block, &c->parts, c->a, c->e);
    if (status != VIT_OK) return status;
    status = vi_tokenizer_open(&check, block.data, block.size, c->name, c->e); /* what a file can hold wrong is found here too */
    if (status == VIT_OK) *out = block;
    else vi_free(c->a, block.data, block.size, VI_TEMPORARY);
    return status;
}

/* ---- what texts go through ---------------------------------------------------------------------------------------------- */

int32_t vi_compile_clean(vi_compiler *c, vi_text_clean clean) {
    static const uint8_t basic[] = {VI_STEP_FTFY, VI_STEP_HTML, VI_STEP_HTML, VI_STEP_STRIP};
    static const uint8_t canonical[] = {VI_STEP_UNDERSCORE, VI_STEP_PUNCTUATION, VI_STEP_LOWER, VI_STEP_JOIN};
    int32_t status = VIT_OK;
    if (clean == VI_CLEAN_NONE) return VIT_OK;
    for (size_t i = 0; i < sizeof basic && status == VIT_OK; i++) status = vi_compile_step(c, basic[i]);
    if (clean == VI_CLEAN_CANONICALIZE) {
        for (size_t i = 0; i < sizeof canonical && status == VIT_OK; i++) status = vi_compile_step(c, canonical[i]);
        return status;
    }
    if (status == VIT_OK) status = vi_compile_step(c, VI_STEP_JOIN);
    if (status == VIT_OK && clean == VI_CLEAN_LOWER) status = vi_compile_step(c, VI_STEP_LOWER);
    return status;
}
