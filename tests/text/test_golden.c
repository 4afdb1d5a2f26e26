/* test_golden.c: 10,000 strings against the reference tokenizers: the hash of each string's ids is as make_golden.py found it. */
#include "test.h"
#include "text/support.h"

#define STRINGS 10000
#define MOST_IDS 65536

typedef enum source { REAL_MERGES, MERGES, JSON, SENTENCEPIECE } source;

/* make_golden.py has the same list. */
static const struct golden {
    const char *name;
    source from;
    const char *file;
    vi_text_origin origin;
    vi_text_clean clean;
} golden[] = {
    {"openai", REAL_MERGES, NULL, VI_TEXT_OPENAI, VI_CLEAN_DEFAULT},
    {"open_clip", REAL_MERGES, NULL, VI_TEXT_OPEN_CLIP, VI_CLEAN_DEFAULT},
    {"hf_clip", MERGES, "merges.txt", VI_TEXT_HF, VI_CLEAN_DEFAULT},
    {"clip_json", JSON, "clip.json", VI_TEXT_HF, VI_CLEAN_DEFAULT},
    {"siglip", SENTENCEPIECE, "spiece.model", VI_TEXT_HF, VI_CLEAN_DEFAULT},
    {"sentencepiece", SENTENCEPIECE, "spiece.model", VI_TEXT_OPENAI, VI_CLEAN_DEFAULT},
    {"t5_json", JSON, "t5.json", VI_TEXT_HF, VI_CLEAN_DEFAULT},
    {"open_clip_siglip", JSON, "t5.json", VI_TEXT_OPEN_CLIP, VI_CLEAN_CANONICALIZE},
    {"siglip2_json", JSON, "siglip2.json", VI_TEXT_HF, VI_CLEAN_DEFAULT},
};

static unsigned char *read_data(const char *name, const char *suffix, size_t *size) {
    char path[256];
    snprintf(path, sizeof path, "tests/text/data/%s%s", name, suffix);
    return text_read(path, size);
}

/* String i of make_golden.py; returns its bytes, to be freed. */
static char *build_string(const unsigned char *const *pieces, size_t count, unsigned long long i, size_t *size) {
    unsigned long long state = (i + 1) * 0x9E3779B97F4A7C15ULL;
    unsigned long long length = (test_random(&state) >> 33) % 12;
    if (i % 250 == 249) length = 40 + (test_random(&state) >> 33) % 400;
    char *text = malloc((size_t)length * 257 + 1);
    *size = 0;
    for (unsigned long long k = 0; k < length && text != NULL; k++) {
        unsigned long long r = test_random(&state) >> 33;
        const unsigned char *piece = pieces[r % count];
        memcpy(text + *size, piece + 1, piece[0]);
        *size += piece[0];
        if ((r >> 20 & 3) == 0) text[(*size)++] = ' ';
    }
    return text;
}

static uint32_t hash_of(const int32_t *ids, size_t count) {
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < count; i++) {
        for (int shift = 0; shift < 32; shift += 8) h = (h ^ ((uint32_t)ids[i] >> shift & 255)) * 16777619u;
    }
    return h;
}

static bool compile(const struct golden *g, vi_text_block *block, vi_allocator *a) {
    vi_error e = {0};
    size_t size, vocab_size = 0;
    unsigned char *file = g->from == REAL_MERGES ? text_read(text_shared_merges(), &size) : read_data(g->file, "", &size);
    unsigned char *vocab = g->from == MERGES ? read_data("vocab.json", "", &vocab_size) : NULL;
    vi_text_options options = {.origin = g->origin, .clean = g->clean, .name = g->name};
    int32_t status = VIT_ERROR_IO;
    if (file == NULL && g->from == REAL_MERGES) {
        SKIP("%s: %s is not there", g->name, text_shared_merges());
        return false;
    }
    if (file != NULL && g->from <= MERGES) {
        status = vi_tokenizer_from_merges(block, file, size, (const char *)vocab, vocab_size, &options, a, &e);
    } else if (file != NULL && g->from == JSON) {
        status = vi_tokenizer_from_json(block, (const char *)file, size, &options, a, &e);
    } else if (file != NULL) {
        status = vi_tokenizer_from_sentencepiece(block, file, size, &options, a, &e);
    }
    free(file);
    free(vocab);
    CHECK(status == VIT_OK, "%s: %s", g->name, e.text);
    return status == VIT_OK;
}

static void run(const struct golden *g, const unsigned char *const *pieces, size_t count) {
    vi_allocator a = {0};
    vi_error e = {0};
    vi_text_block block;
    vi_tokenizer t;
    size_t hashes_size;
    if (!compile(g, &block, &a)) return;
    unsigned char *hashes = read_data(g->name, ".hash", &hashes_size);
    int32_t *ids = malloc(MOST_IDS * sizeof *ids);
    CHECK(hashes != NULL && hashes_size == 4 * STRINGS && ids != NULL, "%s.hash", g->name);
    CHECK(vi_tokenizer_open(&t, block.data, block.size, g->name, &e) == VIT_OK, "%s", e.text);
    for (unsigned long long i = 0; i < STRINGS && hashes_size == 4 * STRINGS && e.code == VIT_OK; i++) {
        size_t size, found = 0;
        char *text = build_string(pieces, count, i, &size);
        int32_t status = vi_tokenizer_encode(&t, text, size, ids, MOST_IDS, &found, &a, &e);
        CHECK(status == VIT_OK && found <= MOST_IDS, "%s: string %llu: %s", g->name, i, e.text);
        CHECK(hash_of(ids, found) == vi_load_u32(hashes + 4 * i), "%s: string %llu", g->name, i);
        free(text);
    }
    free(ids);
    free(hashes);
    vi_free(&a, block.data, block.size, VI_TEMPORARY);
    CHECK(a.in_use == 0, "%s: a leak", g->name);
}

static void test_references(void) {
    static const unsigned char *pieces[8192];
    size_t size, count = 0;
    unsigned char *data = read_data("pieces.bin", "", &size);
    CHECK(data != NULL, "pieces.bin");
    for (size_t at = 0; data != NULL && at < size && count < 8192; at += 1 + data[at]) pieces[count++] = data + at;
    for (size_t i = 0; i < sizeof golden / sizeof *golden && count > 0; i++) run(&golden[i], pieces, count);
    free(data);
}

TEST_MAIN(test_references)
