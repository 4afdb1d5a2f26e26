/* test_hostile.c: damaged blocks and vocabulary files, no memory, long texts: an error or ids, nothing else. */
#include <time.h>
#include "test.h"
#include "text/support.h"

typedef enum source { MERGES, JSON, SENTENCEPIECE } source;

static const struct file {
    source from;
    const char *name;
    vi_text_origin origin;
} files[] = {
    {MERGES, "merges.txt", VI_TEXT_HF},           {JSON, "clip.json", VI_TEXT_HF},
    {JSON, "t5.json", VI_TEXT_OPEN_CLIP},         {JSON, "siglip2.json", VI_TEXT_HF},
    {SENTENCEPIECE, "spiece.model", VI_TEXT_HF},
};
#define FILES (sizeof files / sizeof *files)

static const char text_of_all[] = "It's a &amp;lt; caf\xC3\xA9 \xEF\xAC\x81 <|endoftext|></s><eos> 12 "
                                  "\xF0\x9F\x90\x88 e\xCC\x81 \xFF \xCE\xA3 don't";

static unsigned char *read_data(const char *name, size_t *size) {
    char path[256];
    snprintf(path, sizeof path, "tests/text/data/%s", name);
    return text_read(path, size);
}

static int32_t compile(const struct file *f, const unsigned char *data, size_t size, vi_text_block *block, vi_allocator *a,
                       vi_error *e) {
    vi_text_options options = {.origin = f->origin, .name = f->name};
    size_t vocab_size;
    if (f->from == JSON) return vi_tokenizer_from_json(block, (const char *)data, size, &options, a, e);
    if (f->from == SENTENCEPIECE) return vi_tokenizer_from_sentencepiece(block, data, size, &options, a, e);
    unsigned char *vocab = read_data("vocab.json", &vocab_size);
    int32_t status = vi_tokenizer_from_merges(block, data, size, (const char *)vocab, vocab_size, &options, a, e);
    free(vocab);
    return status;
}

/* Opens a copy that is exactly as long as it says, and encodes with what opens. */
static int32_t try_block(const unsigned char *data, size_t size) {
    vi_allocator a = {.limit = 1 << 24};
    vi_error e = {0};
    vi_tokenizer t;
    int32_t ids[16];
    unsigned char *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, data, size);
    int32_t status = vi_tokenizer_open(&t, copy, size, "block", &e);
    if (status == VIT_OK) {
        int32_t encoded = vi_tokenizer_encode(&t, text_of_all, sizeof text_of_all - 1, ids, 16, NULL, &a, &e);
        for (int i = 0; i < 16 && encoded == VIT_OK; i++) CHECK(ids[i] >= 0 && ids[i] < t.vocabulary, "id %d", ids[i]);
    } else {
        CHECK(e.text[0] != '\0', "no message");
    }
    CHECK(a.in_use == 0, "a leak");
    free(copy);
    return status;
}

static void test_blocks(void) {
    for (size_t i = 0; i < FILES; i++) {
        vi_allocator a = {0};
        vi_error e = {0};
        vi_text_block block;
        size_t size;
        unsigned long long state = 11 + i;
        unsigned char *file = read_data(files[i].name, &size);
        CHECK(file != NULL && compile(&files[i], file, size, &block, &a, &e) == VIT_OK, "%s: %s", files[i].name, e.text);
        if (e.code == VIT_OK && file != NULL) {
            CHECK(try_block(block.data, block.size) == VIT_OK, "%s", files[i].name);
            for (size_t n = 0; n < block.size; n += n < 256 ? 1 : 61) {
                CHECK(try_block(block.data, n) != VIT_OK, "%s: %u bytes", files[i].name, (unsigned)n);
            }
            for (size_t bit = 0; bit < 3000; bit++) { /* every bit of the header, some of the rest */
                size_t at = bit < 1024 ? bit : (size_t)(test_random(&state) % (block.size * 8));
                block.data[at / 8] ^= (unsigned char)(1u << at % 8);
                try_block(block.data, block.size);
                block.data[at / 8] ^= (unsigned char)(1u << at % 8);
            }
            vi_free(&a, block.data, block.size, VI_TEMPORARY);
        }
        CHECK(a.in_use == 0, "a leak");
        free(file);
    }
}

static void test_files(void) {
    for (size_t i = 0; i < FILES; i++) {
        size_t size;
        unsigned long long state = 5 + i;
        unsigned char *file = read_data(files[i].name, &size);
        for (int k = 0; k < 150 && file != NULL; k++) {
            vi_allocator a = {.limit = 1 << 26};
            vi_error e = {0};
            vi_text_block block;
            size_t n = k < 75 ? (size_t)(test_random(&state) % size) : size, at = (size_t)(test_random(&state) % size);
            unsigned char *copy = malloc(n + 1), flip = (unsigned char)(1u << test_random(&state) % 8);
            memcpy(copy, file, n);
            if (at < n) copy[at] ^= flip;
            int32_t status = compile(&files[i], copy, n, &block, &a, &e);
            if (status == VIT_OK) {
                CHECK(try_block(block.data, block.size) == VIT_OK, "%s: what was written does not open", files[i].name);
                vi_free(&a, block.data, block.size, VI_TEMPORARY);
            }
            CHECK((status == VIT_OK) == (e.code == VIT_OK), "%s: status without message", files[i].name);
            CHECK(a.in_use == 0, "a leak");
            free(copy);
        }
        free(file);
    }
}

/* ---- named defects ------------------------------------------------------------------------------------------------------ */

static void test_messages(void) {
    static const struct {
        source from;
        const char *text, *message;
    } bad[] = {
        {JSON, "{}", "no model"},
        {JSON, "[1, 2]", "no model"},
        {JSON, "{\"model\":{\"type\":\"WordPiece\"}}", "\"WordPiece\" is not supported"},
        {JSON, "{\"model\":{\"type\":\"BPE\"}}", "no vocab"},
        {JSON, "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]}}", "an id in vocab"},
        {JSON, "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0}}}", "no merges"},
        {JSON, "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[1]}}", "not two strings"},
        {JSON, "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"ab\"]}}", "not two strings"},
        {JSON, "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a b\"]}}", "merge 0 (\"ab\")"},
        {JSON, "{\"model\":{\"type\":\"BPE\",\"vocab\":{},\"merges\":[]}}", "empty vocabulary"},
        {JSON, "{\"model\":{\"type\":\"BPE\",\"continuing_subword_prefix\":\"##\"}}", "continuing_subword_prefix"},
        {JSON, "{\"model\":{\"type\":\"BPE\",\"end_of_word_suffix\":\"@\",\"vocab\":{\"a\":0}}}", "end_of_word_suffix"},
        {JSON, "{\"model\":{\"type\":\"Unigram\"}}", "no vocab"},
        {JSON, "{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\"]]}}", "not a string and a score"},
        {JSON, "{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",1e300]]}}", "not a string and a score"},
        {JSON, "{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",0]]}}", "no unk_id"},
        {JSON, "{\"normalizer\":{\"type\":\"BertNormalizer\"},\"model\":{\"type\":\"BPE\"}}", "\"BertNormalizer\""},
        {JSON, "{\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"*\"},\"model\":{\"merges\":0}}", "base64"},
        {JSON, "{\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AA\"},\"model\":{\"merges\":0}}", "damaged"},
        {JSON, "{\"pre_tokenizer\":{\"type\":\"Digits\"},\"model\":{\"type\":\"BPE\"}}", "\"Digits\""},
        {SENTENCEPIECE, "", "damaged or truncated"},
        {SENTENCEPIECE, "\x0A\x7F", "damaged or truncated"},
        {SENTENCEPIECE, "\x0A\x05\x0A\x01\x61\x18\x04", "user-defined"},
        {SENTENCEPIECE, "\x0A\x03\x0A\x01\x61", "no unknown piece"},
        {SENTENCEPIECE, "\x0A\x05\x0A\x01\x61\x18\x02\x12\x02\x18\x02", "not unigram"},
        {SENTENCEPIECE, "\x0A\x05\x0A\x01\x61\x18\x02", "no piece </s>"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        vi_allocator a = {0};
        vi_error e = {0};
        vi_text_block block;
        struct file f = {bad[i].from, "file", VI_TEXT_HF};
        int32_t status = compile(&f, (const unsigned char *)bad[i].text, strlen(bad[i].text), &block, &a, &e);
        CHECK(status != VIT_OK && strstr(e.text, bad[i].message) != NULL, "%s: \"%s\"", bad[i].text, e.text);
        CHECK(a.in_use == 0, "a leak");
    }
}

/* ---- memory ------------------------------------------------------------------------------------------------------------- */

typedef struct budget { int left; } budget;

static void *take(void *user, size_t size, size_t align) {
    budget *b = user;
    return b->left-- > 0 ? aligned_alloc(align, (size + align - 1) / align * align) : NULL;
}

static void give(void *user, void *block, size_t size) {
    (void)user;
    (void)size;
    free(block);
}

static void test_no_memory(void) {
    for (size_t i = 0; i < FILES; i++) {
        size_t size;
        unsigned char *file = read_data(files[i].name, &size);
        bool done = false;
        for (int n = 0; n < 400 && !done && file != NULL; n++) {
            budget b = {n};
            vi_allocator a = {.alloc = take, .free = give, .user = &b};
            vi_error e = {0};
            vi_text_block block;
            vi_tokenizer t;
            int32_t ids[16], status = compile(&files[i], file, size, &block, &a, &e);
            if (status == VIT_OK) {
                status = vi_tokenizer_open(&t, block.data, block.size, "block", &e);
                if (status == VIT_OK) {
                    status = vi_tokenizer_encode(&t, text_of_all, sizeof text_of_all - 1, ids, 16, NULL, &a, &e);
                }
                vi_free(&a, block.data, block.size, VI_TEMPORARY);
            }
            CHECK(status == VIT_OK || status == VIT_ERROR_MEMORY, "%s: %s", files[i].name, e.text);
            CHECK(a.in_use == 0, "%s: a leak after %d allocations", files[i].name, n);
            done = status == VIT_OK;
        }
        CHECK(done, "%s", files[i].name);
        free(file);
    }
}

/* Long texts without a blank, of several kinds: time that grows with the length, and the memory that is promised. */
static void test_long(void) {
    static const char *const kinds[] = {"a",  "ab", "\xE2\x96\x81", "&amp;", "\xCE\xA3\xCC\x81", "e\xCC\x81\xCC\xA3",
                                        "'s", "<|", "\xFF",         "1",     "&"};
    char *text = malloc(1 << 20);
    for (size_t i = 0; i < FILES && text != NULL; i++) {
        vi_allocator a = {0};
        vi_error e = {0};
        vi_text_block block;
        vi_tokenizer t;
        size_t size;
        unsigned char *file = read_data(files[i].name, &size);
        CHECK(file != NULL && compile(&files[i], file, size, &block, &a, &e) == VIT_OK, "%s: %s", files[i].name, e.text);
        CHECK(vi_tokenizer_open(&t, block.data, block.size, "block", &e) == VIT_OK, "%s", e.text);
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            int32_t ids[77];
            size_t count = 0, length = strlen(kinds[k]), n = i == 1 && k == 1 ? 1 << 20 : 1 << 16;
            for (size_t j = 0; j < n; j++) text[j] = kinds[k][j % length];
            a.peak = a.in_use;
            clock_t begin = clock();
            CHECK(vi_tokenizer_encode(&t, text, n, ids, 77, &count, &a, &e) == VIT_OK, "%s: %s", kinds[k], e.text);
            double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
            CHECK(seconds < 10, "%s of \"%s\": %.1f s", files[i].name, kinds[k], seconds); /* 0.15 s for a megabyte */
            size_t normal = kinds[k][0] == '\xFF' ? 3 * n : n; /* bytes: each malformed one becomes U+FFFD */
            CHECK(a.peak - a.in_use <= 40 * normal + 16384, "%s of \"%s\": %u bytes", files[i].name, kinds[k],
                  (unsigned)(a.peak - a.in_use));
        }
        vi_free(&a, block.data, block.size, VI_TEMPORARY);
        free(file);
    }
    free(text);
}

/* ---- a vocabulary as large as Gemma's ------------------------------------------------------------------------------------ */

enum { LETTERS = 64, LARGE = 20 << 20 };

static char *put_letters(char *at, int count, const int *letters) {
    *at++ = '"';
    for (int i = 0; i < count; i++) { /* U+10000 and up: 4 bytes each, as long as pieces are on the average */
        memcpy(at, "\xF0\x90\x80", 3);
        at[3] = (char)(unsigned char)(0x80 + letters[i]);
        at += 4;
    }
    *at++ = '"';
    return at;
}

/* All strings of one to three of 64 letters, and both ways to make one of three, as pairs: 266,304 pieces, 528,384 merges. */
static size_t write_large(char *text) {
    char *at = text + sprintf(text, "{\"model\":{\"type\":\"BPE\",\"vocab\":{");
    int id = 0;
    for (int count = 1; count <= 3; count++)
        for (int i = 0; i < (count == 1 ? 64 : count == 2 ? 4096 : 262144); i++) {
            at = put_letters(at, count, (int[3]){i % 64, i / 64 % 64, i / 4096});
            at += sprintf(at, ":%d,", id++);
        }
    at += sprintf(at - 1, "},\"merges\":[") - 1;
    for (int i = 0; i < LETTERS * LETTERS; i++) {
        const int letters[] = {i % 64, i / 64};
        *at++ = '[';
        at = put_letters(at, 1, letters);
        *at++ = ',';
        at = put_letters(at, 1, letters + 1);
        at += sprintf(at, "],");
    }
    for (int i = 0; i < LETTERS * LETTERS * LETTERS; i++)
        for (int split = 1; split <= 2; split++) {
            const int letters[] = {i % 64, i / 64 % 64, i / 4096};
            *at++ = '[';
            at = put_letters(at, split, letters);
            *at++ = ',';
            at = put_letters(at, 3 - split, letters + split);
            at += sprintf(at, "],");
        }
    at += sprintf(at - 1, "]}}") - 1;
    return (size_t)(at - text);
}

static void test_as_large_as_gemma(void) {
    char *text = malloc(LARGE);
    size_t size = write_large(text);
    struct file f = {JSON, "large", VI_TEXT_HF};
    vi_allocator a = {0};
    vi_error e = {0};
    vi_text_block block = {NULL, 0};
    vi_tokenizer t;
    int32_t ids[4];
    CHECK(size < LARGE && compile(&f, (unsigned char *)text, size, &block, &a, &e) == VIT_OK, "%u bytes: %s", (unsigned)size,
          e.text);
    CHECK(a.peak < 16 * size, "%u bytes want %u", (unsigned)size, (unsigned)a.peak);
    CHECK(e.code != VIT_OK || vi_tokenizer_open(&t, block.data, block.size, "block", &e) == VIT_OK, "%s", e.text);
    if (e.code == VIT_OK) {
        static const char word[] = "\xF0\x90\x80\x85\xF0\x90\x80\x87\xF0\x90\x80\x81"; /* letters 5, 7, 1 */
        CHECK(vi_tokenizer_encode(&t, word, 12, ids, 4, NULL, &a, &e) == VIT_OK, "%s", e.text);
        CHECK(ids[0] == 64 + 4096 + 5 + 7 * 64 + 4096, "id %d", (int)ids[0]);
    }
    vi_free(&a, block.data, block.size, VI_TEMPORARY);
    CHECK(a.in_use == 0, "a leak");
    /* Values without end: refused before any memory is wanted. */
    for (size_t i = 0; i < size; i++) text[i] = i == 0 ? '[' : i % 2 != 0 ? '0' : ',';
    a.peak = 0;
    CHECK(vi_tokenizer_from_json(&block, text, size, &(vi_text_options){.name = "large"}, &a, &e) == VIT_ERROR_LIMIT &&
              strstr(e.text, "values") != NULL,
          "%s", e.text);
    CHECK(a.in_use == 0 && a.peak == 0, "%u bytes wanted", (unsigned)a.peak);
    free(text);
}

static void test_limits(void) {
    vi_allocator a = {0};
    vi_error e = {0};
    vi_tokenizer t = {.vocabulary = 1};
    int32_t id;
    CHECK(vi_tokenizer_encode(&t, "", (size_t)VI_TEXT_MAX_BYTES + 1, &id, 1, NULL, &a, &e) == VIT_ERROR_LIMIT, "%s", e.text);
}

TEST_MAIN(test_blocks, test_files, test_messages, test_no_memory, test_long, test_as_large_as_gemma, test_limits)
