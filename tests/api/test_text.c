/* test_text.c: the text tower's functions with good and bad arguments, in slices, in clones, beside a stepwise run. */
#include "golden/gold.h"

static vit_context *pair_load(const char *name, vit_options *o) {
    char path[256], why[512] = "";
    vit_context *vit = NULL;
    snprintf(path, sizeof path, "tests/golden/data/%s", name);
    CHECK(vit_load(&vit, path, o, why, sizeof why) == VIT_OK, "%s", why);
    return vit;
}

enum { L = 19, E = 6, N = 5, V = 40 }; /* of pair_clip */

static void random_ids(int32_t *ids, int32_t count, unsigned long long seed) {
    for (int32_t i = 0; i < count * L; i++) ids[i] = 3 + (int32_t)(test_random(&seed) % 30);
    for (int32_t b = 0; b < count; b++) ids[b * L + (int32_t)(test_random(&seed) % L)] = 35; /* the end */
}

static void arguments(void) {
    float out[N * E] = {0}, x[E] = {1}, y[N * E];
    int32_t ids[N * L];
    vit_context *vit = pair_load("pair_clip", NULL);
    if (!vit) return;
    random_ids(ids, N, 3);
    CHECK(vit_text_ids(NULL, ids, N, out, N * E) == VIT_ERROR_ARGUMENT, "NULL context");
    CHECK(vit_text_ids(vit, NULL, N, out, N * E) == VIT_ERROR_ARGUMENT, "NULL ids");
    CHECK(vit_text_ids(vit, ids, N, NULL, N * E) == VIT_ERROR_ARGUMENT, "NULL out");
    CHECK(vit_text_ids(vit, ids, -1, out, N * E) == VIT_ERROR_ARGUMENT, "count -1");
    CHECK(vit_text_ids(vit, ids, N, out, N * E - 1) == VIT_ERROR_BUFFER && strstr(vit_message(vit), "29"), "%s",
          vit_message(vit));
    CHECK(vit_text_ids(vit, ids, 0, NULL, 0) == VIT_OK, "no texts");
    ids[2 * L + 7] = V;
    CHECK(vit_text_ids(vit, ids, N, out, N * E) == VIT_ERROR_ARGUMENT && strstr(vit_message(vit), "text 2: id 40 at position 7"),
          "%s", vit_message(vit));
    ids[2 * L + 7] = -1;
    CHECK(vit_text_ids(vit, ids, N, out, N * E) == VIT_ERROR_ARGUMENT, "id -1");
    for (int i = 0; i < N * E; i++) CHECK(out[i] == 0, "out was touched");
    for (int i = 0; i < N * E; i++) y[i] = (float)(i % 4) - 1;
    CHECK(vit_similarity(NULL, x, 1, y, N, out, N) == VIT_ERROR_ARGUMENT, "NULL context");
    CHECK(vit_similarity(vit, NULL, 1, y, N, out, N) == VIT_ERROR_ARGUMENT, "NULL pictures");
    CHECK(vit_similarity(vit, x, 1, NULL, N, out, N) == VIT_ERROR_ARGUMENT, "NULL texts");
    CHECK(vit_similarity(vit, x, 1, y, -1, out, N) == VIT_ERROR_ARGUMENT, "count -1");
    CHECK(vit_similarity(vit, x, 1, y, N, out, N - 1) == VIT_ERROR_BUFFER, "%s", vit_message(vit));
    CHECK(vit_zeroshot(vit, x, 1, y, N, NULL, N) == VIT_ERROR_ARGUMENT, "NULL out");
    CHECK(vit_zeroshot(vit, x, 0, y, N, NULL, 0) == VIT_OK && vit_zeroshot(vit, x, 1, y, 0, NULL, 0) == VIT_OK, "nothing to do");
    vit_free(vit);
}

/* Zeros and NaN: a zero vector is similar to nothing; what is not a number does not look like one. */
static void odd_embeddings(void) {
    float x[2 * E] = {0}, y[E] = {1}, out[2];
    double scale = 0;
    vit_context *vit = pair_load("pair_clip", NULL);
    if (!vit) return;
    x[E] = 1e-30f;
    CHECK(vit_info_real(vit, VIT_REAL_LOGIT_SCALE, 0, &scale) == VIT_OK, "scale");
    CHECK(vit_similarity(vit, x, 2, y, 1, out, 2) == VIT_OK && out[0] == 0 && fabs((double)out[1] - scale) < 1e-5, "%g %g",
          (double)out[0], (double)out[1]);
    x[1] = NAN;
    CHECK(vit_similarity(vit, x, 2, y, 1, out, 2) == VIT_OK && isnan(out[0]) && !isnan(out[1]), "NaN");
    vit_free(vit);
}

/* A text's embedding does not depend on the texts beside it, on the slices, the threads or the clone it is computed in. */
static void same_bits_anywhere(void) {
    int32_t ids[N * L];
    float together[N * E], found[N * E];
    random_ids(ids, N, 11);
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_MAX_BATCH, N);
    vit_context *vit = pair_load("pair_clip", o), *clone = NULL;
    if (!vit) return;
    CHECK(vit_text_ids(vit, ids, N, together, N * E) == VIT_OK, "%s", vit_message(vit));
    for (int i = 0; i < N; i++) CHECK(vit_text_ids(vit, ids + i * L, 1, found + i * E, E) == VIT_OK, "%s", vit_message(vit));
    CHECK(memcmp(together, found, sizeof found) == 0, "one by one: other bits");
    for (int64_t threads = 1; threads <= 3; threads += 2) {
        char why[256] = "";
        vit_options_set_int(o, VIT_OPT_MAX_BATCH, 2);
        vit_options_set_int(o, VIT_OPT_THREADS, threads);
        CHECK(vit_clone(&clone, vit, o, why, sizeof why) == VIT_OK, "%s", why);
        memset(found, 0, sizeof found);
        CHECK(vit_text_ids(clone, ids, N, found, N * E) == VIT_OK, "%s", vit_message(clone));
        CHECK(memcmp(together, found, sizeof found) == 0, "%d threads: other bits", (int)threads);
        vit_free(clone);
    }
    vit_options_free(o);
    vit_free(vit);
}

static void normalised_texts(void) {
    int32_t ids[N * L];
    float plain[N * E], unit[N * E];
    random_ids(ids, N, 13);
    vit_options *o = vit_options_create();
    vit_context *vit = pair_load("pair_clip", NULL);
    vit_options_set_int(o, VIT_OPT_NORMALIZE, 1);
    vit_context *normal = pair_load("pair_clip", o);
    vit_options_free(o);
    if (!vit || !normal) return;
    CHECK(vit_text_ids(vit, ids, N, plain, N * E) == VIT_OK && vit_text_ids(normal, ids, N, unit, N * E) == VIT_OK, "texts");
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (int d = 0; d < E; d++) sum += (double)plain[i * E + d] * (double)plain[i * E + d];
        for (int d = 0; d < E; d++)
            CHECK(fabs((double)plain[i * E + d] / sqrt(sum) - (double)unit[i * E + d]) < 1e-6, "text %d", i);
    }
    vit_free(vit);
    vit_free(normal);
}

/* Texts between the steps of a forward change nothing about it, and its outputs stay. */
static void beside_a_stepwise_run(void) {
    int32_t ids[L], left = 1;
    float pixels[3 * 12 * 12], text[E], before[E], after[E];
    unsigned long long seed = 17;
    for (size_t i = 0; i < sizeof pixels / sizeof *pixels; i++) pixels[i] = test_uniform(&seed);
    random_ids(ids, 1, 19);
    vit_context *vit = pair_load("pair_clip", NULL);
    if (!vit) return;
    vit_image image = gold_input(pixels, 12, 12);
    CHECK(vit_forward(vit, &image, 1, before, E) == VIT_OK, "%s", vit_message(vit));
    CHECK(vit_begin(vit, &image, 1) == VIT_OK, "%s", vit_message(vit));
    while (left > 0) {
        CHECK(vit_step(vit, 1, &left) == VIT_OK, "%s", vit_message(vit));
        CHECK(vit_text_ids(vit, ids, 1, text, E) == VIT_OK, "%s", vit_message(vit));
    }
    CHECK(vit_end(vit, after, E) == VIT_OK && memcmp(before, after, sizeof after) == 0, "other bits");
    const float *view;
    int64_t shape[4];
    int32_t rank;
    CHECK(vit_output(vit, VIT_OUTPUT_EMBEDDING, 0, &view, shape, &rank) == VIT_OK && memcmp(view, before, sizeof before) == 0,
          "the output is gone");
    vit_free(vit);
}

static void left_out(void) {
    int64_t with = 0, without = 0, context = -1;
    int32_t ids[L] = {0};
    float out[E];
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_TEXT, 0);
    vit_context *vit = pair_load("pair_clip", NULL), *bare = pair_load("pair_clip", o);
    vit_options_free(o);
    if (!vit || !bare) return;
    CHECK(vit_text_ids(bare, ids, 1, out, E) == VIT_ERROR_UNSUPPORTED && strstr(vit_message(bare), "option text"), "%s",
          vit_message(bare));
    CHECK(vit_similarity(bare, out, 1, out, 1, out, 1) == VIT_ERROR_UNSUPPORTED, "%s", vit_message(bare));
    CHECK(vit_info_int(bare, VIT_INFO_TEXT_CONTEXT, &context) == VIT_OK && context == 0, "context %lld", (long long)context);
    vit_info_int(vit, VIT_INFO_OWNED_BYTES, &with);
    vit_info_int(bare, VIT_INFO_OWNED_BYTES, &without);
    CHECK(without < with, "%lld of %lld bytes", (long long)without, (long long)with);
    vit_free(vit);
    vit_free(bare);
}

/* ---- tokenizers ------------------------------------------------------------------------------------------------------------ */

static int32_t load_with(const char *model, const char *file, const void *data, size_t size, vit_context **vit, char why[512]) {
    char path[256];
    vit_options *o = vit_options_create();
    snprintf(path, sizeof path, "tests/golden/data/%s", model);
    vit_options_set_text(o, VIT_OPT_TOKENIZER, file);
    CHECK(vit_options_set_tokenizer(o, data, size) == VIT_OK, "set");
    int32_t status = vit_load(vit, path, o, why, 512);
    vit_options_free(o);
    return status;
}

static void tokenizers(void) {
    static const char merges[] = "tests/golden/data/pair_clip_strings/merges.txt";
    const char *const texts[] = {"a cat", NULL};
    char why[512] = "";
    int32_t ids[L], used = 0;
    float out[2 * E] = {0};
    vit_context *vit = pair_load("pair_clip", NULL);
    if (!vit) return;
    CHECK(vit_text(vit, texts, 1, out, E) == VIT_ERROR_STATE && strstr(vit_message(vit), "option tokenizer"), "%s",
          vit_message(vit));
    CHECK(vit_text_tokens(vit, "a", ids, L, NULL) == VIT_ERROR_STATE, "%s", vit_message(vit));
    CHECK(strstr(vit_info_text(vit, VIT_TEXT_NOTES), "no tokenizer"), "notes: %s", vit_info_text(vit, VIT_TEXT_NOTES));
    vit_free(vit);

    CHECK(load_with("pair_clip", merges, NULL, 0, &vit, why) == VIT_ERROR_MODEL && strstr(why, "the model 40"), "%s", why);
    CHECK(load_with("pair_clip", "/does/not/exist", NULL, 0, &vit, why) == VIT_ERROR_IO && strstr(why, "exist"), "%s", why);
    CHECK(load_with("pair_clip", "tests/golden/data/pair_clip/run0.bin", NULL, 0, &vit, why) == VIT_ERROR_FORMAT, "%s", why);
    CHECK(load_with("pair_clip", NULL, "abc", 3, &vit, why) == VIT_ERROR_FORMAT, "%s", why);

    vit_options *o = vit_options_create();
    CHECK(vit_options_set_tokenizer(o, "x", 0) == VIT_ERROR_ARGUMENT, "no bytes");
    CHECK(vit_options_set_tokenizer(o, NULL, 1) == VIT_ERROR_ARGUMENT, "NULL data");
    CHECK(vit_options_set_tokenizer(NULL, "x", 1) == VIT_ERROR_ARGUMENT, "NULL options");
    vit_options_free(o);

    vit = pair_load("pair_clip_strings", NULL);
    if (!vit) return;
    CHECK(vit_text_tokens(vit, "a cat", ids, L, &used) == VIT_OK && used == 4, "%d ids: %s", (int)used, vit_message(vit));
    CHECK(vit_text_tokens(vit, "a b c d e f g h i j k l m n o p q r s t u v w x y z", ids, L, &used) == VIT_OK && used == 28,
          "%d ids", (int)used);
    CHECK(vit_text_tokens(vit, "a", ids, L - 1, NULL) == VIT_ERROR_BUFFER, "%s", vit_message(vit));
    CHECK(vit_text_tokens(vit, NULL, ids, L, NULL) == VIT_ERROR_ARGUMENT, "NULL text");
    CHECK(vit_text_tokens(vit, "a", NULL, L, NULL) == VIT_ERROR_ARGUMENT, "NULL ids");
    CHECK(vit_text(vit, texts, 2, out, 2 * E) == VIT_ERROR_ARGUMENT && strstr(vit_message(vit), "text 1"), "%s",
          vit_message(vit));
    CHECK(vit_text(vit, NULL, 1, out, E) == VIT_ERROR_ARGUMENT && vit_text(NULL, texts, 1, out, E) == VIT_ERROR_ARGUMENT, "NULL");
    CHECK(vit_text(vit, texts, 1, out, E - 1) == VIT_ERROR_BUFFER, "%s", vit_message(vit));
    CHECK(vit_text(vit, texts, 1, out, E) == VIT_OK, "%s", vit_message(vit));
    vit_free(vit);
}

/* A .vit file whose tokenizer was damaged: the data section has no checksum, so the tokenizer itself must notice or bear it. */
typedef struct bytes {
    unsigned char *data;
    size_t size;
} bytes;

static int32_t append(void *user, const void *data, size_t size) {
    bytes *b = user;
    b->data = realloc(b->data, b->size + size);
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return 0;
}

static size_t place_of(const bytes *b, const char *text) {
    for (size_t i = 0; i + strlen(text) <= b->size; i++)
        if (memcmp(b->data + i, text, strlen(text)) == 0) return i;
    return b->size;
}

static void damaged_tokenizers(void) {
    bytes saved = {0};
    int32_t refused = 0, ids[L];
    vit_context *vit = pair_load("pair_clip_strings", NULL);
    if (!vit) return;
    CHECK(vit_save_writer(vit, append, &saved, NULL, 0) == VIT_OK, "%s", vit_message(vit));
    vit_free(vit);
    size_t start = place_of(&saved, "vittext1"), size = start + 8 < saved.size ? gold_u32(saved.data + start + 8) : 0;
    CHECK(size > 1000 && size <= saved.size - start, "the tokenizer has %zu bytes at %zu", size, start);
    for (size_t i = 0; i < size; i += i < 300 ? 1 : 37)
        for (unsigned flip = 1; flip < 256; flip *= 16) {
            char why[512] = "";
            saved.data[start + i] ^= (unsigned char)flip;
            int32_t status = vit_load_memory(&vit, saved.data, saved.size, NULL, why, sizeof why);
            saved.data[start + i] ^= (unsigned char)flip;
            if (status != VIT_OK) {
                CHECK(why[0] != '\0', "byte %zu: no message", i);
                refused++;
                continue;
            }
            vit_text_tokens(vit, "A photo of the caf\xc3\xa9, 42 <|endoftext|> dogs' \xf0\x9f\x90\xb1", ids, L, NULL);
            vit_free(vit);
        }
    CHECK(refused > 100, "only %d damaged tokenizers were refused", (int)refused);
    free(saved.data);
}

TEST_MAIN(arguments, odd_embeddings, same_bits_anywhere, normalised_texts, beside_a_stepwise_run, left_out, tokenizers,
          damaged_tokenizers)
