/* fuzz_text.h: what the fuzzers of vocabulary files share: what compiles must open, and give ids that exist. */
#ifndef VIT_FUZZ_TEXT_H
#define VIT_FUZZ_TEXT_H

#include "fuzz/fuzz.h"
#include "text/tokenizer.h"

static const char fuzz_sentence[] = "It's a &amp;lt; caf\xC3\xA9 \xEF\xAC\x81 <|endoftext|></s> 12 e\xCC\x81 \xFF ab aaa bbb";

static inline void fuzz_encode(const vi_tokenizer *t, const char *text, size_t n) {
    vi_allocator a = {.limit = 1 << 26};
    vi_error e = {0};
    int32_t ids[24];
    int32_t status = vi_tokenizer_encode(t, text, n, ids, 24, NULL, &a, &e);
    MUST(status == VIT_OK || status == VIT_ERROR_LIMIT);
    for (int i = 0; i < 24 && status == VIT_OK; i++) MUST(ids[i] >= 0 && ids[i] < t->vocabulary);
    MUST(a.in_use == 0);
}

/* The bytes as one kind of file ('m'erges, 'j'son, 's'entencepiece, 'b'lock), in a copy that ends where they end. */
static inline int fuzz_tokenizer(char kind, const unsigned char *data, size_t size) {
    vi_allocator a = {.limit = 1 << 28};
    vi_error e = {0};
    vi_text_block block = {NULL, 0};
    vi_tokenizer t;
    unsigned char *copy = malloc(size + 1);
    memcpy(copy, data, size);
    copy = realloc(copy, size > 0 ? size : 1);
    for (int origin = VI_TEXT_OPENAI; origin <= VI_TEXT_HF; origin++) {
        vi_text_options options = {.origin = (vi_text_origin)origin, .name = "fuzz"};
        int32_t status = VIT_OK;
        if (kind == 'm') status = vi_tokenizer_from_merges(&block, copy, size, NULL, 0, &options, &a, &e);
        if (kind == 'j') status = vi_tokenizer_from_json(&block, (const char *)copy, size, &options, &a, &e);
        if (kind == 's') status = vi_tokenizer_from_sentencepiece(&block, copy, size, &options, &a, &e);
        if (status == VIT_OK && kind != 'b') {
            MUST(vi_tokenizer_open(&t, block.data, block.size, "fuzz", &e) == VIT_OK);
        } else if (status == VIT_OK) {
            status = vi_tokenizer_open(&t, copy, size, "fuzz", &e);
        }
        if (status == VIT_OK) fuzz_encode(&t, fuzz_sentence, sizeof fuzz_sentence - 1);
        if (status == VIT_OK) fuzz_encode(&t, (const char *)copy, size < 2048 ? size : 2048);
        if (status != VIT_OK) MUST(e.code == status && e.text[0] != '\0');
        vi_free(&a, block.data, block.size, VI_TEMPORARY);
        block = (vi_text_block){NULL, 0};
        MUST(a.in_use == 0);
    }
    free(copy);
    return 0;
}

#endif
