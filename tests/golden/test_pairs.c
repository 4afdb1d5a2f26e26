/* test_pairs.c: small CLIP and SigLIP checkpoints with both towers, written and run by their own implementations (make_pairs.py):
 * embeddings of pictures and of texts (from token ids), their similarity, scores; on every instruction set, from .vit copies, and
 * with weights in bfloat16. */
#include "gold.h"

#define DATA "tests/golden/data/"
#define TOLERANCE 1e-4 /* of the largest reference value */
/* Some 2^-9 from the weights and, with dot products, from the inputs of each of the 8 matrices on the way through two blocks */
#define BF16_TOLERANCE (8.0 / 256)
#define MOST 128       /* numbers of a result here */

typedef struct pair_case {
    const char *name, *family;
    int sigmoid;
} pair_case;

static const pair_case cases[] = {
    {"pair_clip", "hf-clip", 0},
    {"pair_clip_legacy", "hf-clip", 0},
    {"pair_siglip", "hf-siglip", 1},
    {"pair_siglip_bf16", "hf-siglip", 1},
    {"pair_clip_strings", "hf-clip", 0},
    {"pair_openai/ViT.pt", "clip", 0},
    {"pair_openai_bare", "clip", 0},
    {"pair_open_clip", "clip", 0},
    {"pair_open_clip_quick", "clip", 0},
    {"pair_open_clip_siglip", "clip", 1},
    {"pair_open_clip_eva", "clip", 0},
    {"pair_open_clip_linear", "clip", 0},
    {"pair_open_clip_strings", "clip", 0},
    {"pair_siglip_strings", "hf-siglip", 1},
};
#define CASES (sizeof cases / sizeof *cases)

typedef struct run {
    gold pixels, ids, pictures, texts, logits;
    int32_t batch, count, width; /* pictures, texts, numbers of an embedding */
    int32_t *numbers;            /* ids */
} run;

static double worst;
static char worst_place[128];

static int open_run(run *r, const char *name) {
    char path[256];
    size_t size;
    snprintf(path, sizeof path, DATA "%.*s/run0.bin", (int)strcspn(name, "/"), name);
    unsigned char *file = gold_file(path, &size);
    CHECK(file != NULL, "%s is missing: run from the repository's root", path);
    if (!file) return 0;
    *r = (run){gold_record(file, size, "pixels"), gold_record(file, size, "ids"), gold_record(file, size, "pictures"),
               gold_record(file, size, "texts"), gold_record(file, size, "logits"), 0, 0, 0, NULL};
    free(file);
    r->batch = (int32_t)r->pictures.shape[0];
    r->count = (int32_t)r->texts.shape[0];
    r->width = (int32_t)r->texts.shape[1];
    r->numbers = malloc(r->ids.count * sizeof *r->numbers);
    for (size_t i = 0; i < r->ids.count; i++) r->numbers[i] = (int32_t)r->ids.data[i];
    return 1;
}

static void close_run(run *r) {
    free(r->pixels.data);
    free(r->ids.data);
    free(r->pictures.data);
    free(r->texts.data);
    free(r->logits.data);
    free(r->numbers);
}

static vit_options *options(int32_t isa, int32_t precision, int32_t max_batch) {
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_ISA, isa);
    vit_options_set_int(o, VIT_OPT_PRECISION, precision);
    vit_options_set_int(o, VIT_OPT_MAX_BATCH, max_batch);
    return o;
}

static vit_context *load(const char *name, vit_options *o) {
    char path[256], why[512] = "";
    vit_context *vit = NULL;
    snprintf(path, sizeof path, DATA "%s", name);
    CHECK(vit_load(&vit, path, o, why, sizeof why) == VIT_OK, "%s: %s", name, why);
    vit_options_free(o);
    return vit;
}

static void compare(const char *what, const float *found, gold expected, double tolerance, const char *place) {
    double error = gold_error(found, expected.data, expected.count);
    CHECK(error <= tolerance, "%s: %s differs by %.2e of the largest value", place, what, error);
    if (tolerance > TOLERANCE || error <= worst) return;
    worst = error;
    snprintf(worst_place, sizeof worst_place, "%s %s", place, what);
}

/* Scores by their definition, from the reference's logits. */
static void expected_scores(const run *r, int sigmoid, float *scores) {
    for (int32_t b = 0; b < r->batch; b++) {
        const float *row = r->logits.data + b * r->count;
        double sum = 0;
        for (int32_t i = 0; i < r->count; i++) sum += exp((double)row[i]);
        for (int32_t i = 0; i < r->count; i++)
            scores[b * r->count + i] = (float)(sigmoid ? 1 / (1 + exp(-(double)row[i])) : exp((double)row[i]) / sum);
    }
}

static void check_model(vit_context *vit, const run *r, int sigmoid, double tolerance, const char *place) {
    float pictures[MOST], texts[MOST], similarity[MOST], scores[MOST], expected[MOST];
    size_t input = r->pixels.count / (size_t)r->batch;
    for (int32_t b = 0; b < r->batch; b++) {
        vit_image image =
            gold_input(r->pixels.data + (size_t)b * input, (int32_t)r->pixels.shape[3], (int32_t)r->pixels.shape[2]);
        int32_t status = vit_forward(vit, &image, 1, pictures + b * r->width, (size_t)r->width);
        CHECK(status == VIT_OK, "%s: %s", place, vit_message(vit));
    }
    CHECK(vit_text_ids(vit, r->numbers, r->count, texts, MOST) == VIT_OK, "%s: %s", place, vit_message(vit));
    compare("pictures", pictures, r->pictures, tolerance, place);
    compare("texts", texts, r->texts, tolerance, place);
    if (tolerance > TOLERANCE) return;
    CHECK(vit_similarity(vit, pictures, r->batch, texts, r->count, similarity, MOST) == VIT_OK, "%s", vit_message(vit));
    compare("similarity", similarity, r->logits, tolerance, place);
    CHECK(vit_zeroshot(vit, pictures, r->batch, texts, r->count, scores, MOST) == VIT_OK, "%s", vit_message(vit));
    expected_scores(r, sigmoid, expected);
    gold g = {.count = r->logits.count, .data = expected};
    compare("scores", scores, g, 10 * tolerance, place); /* of sums around 10, whose exponential is taken */
}

static void pairs_match_their_origin(void) {
    for
        GOLD_EVERY_ISA(isa) {
            if (!vit_isa_available(isa)) {
                SKIP("instruction set %s cannot run here", vit_isa_text(isa));
                continue;
            }
            for (size_t n = 0; n < CASES; n++)
                for (int32_t max_batch = 1; max_batch <= 4; max_batch += 3) {
                    const pair_case *c = &cases[n];
                    char place[96];
                    run r;
                    vit_context *vit = load(c->name, options(isa, VIT_PRECISION_AUTO, max_batch));
                    if (!vit || !open_run(&r, c->name)) continue;
                    snprintf(place, sizeof place, "%s %s", c->name, vit_isa_text(isa));
                    CHECK(strcmp(vit_info_text(vit, VIT_TEXT_FAMILY), c->family) == 0, "%s", vit_info_text(vit, VIT_TEXT_FAMILY));
                    check_model(vit, &r, c->sigmoid, TOLERANCE, place);
                    vit_free(vit);
                    close_run(&r);
                }
        }
    printf("worst difference: %.2e of the largest value (%s)\n", worst, worst_place);
}

/* ---- strings --------------------------------------------------------------------------------------------------------------- */

/* The lines of texts.txt, ended by NUL; free(lines[0]). */
static int32_t read_lines(const char *name, const char *lines[16]) {
    char path[256];
    size_t size;
    snprintf(path, sizeof path, DATA "%s/texts.txt", name);
    char *text = (char *)gold_file(path, &size);
    CHECK(text != NULL, "%s is missing", path);
    int32_t count = 0;
    for (size_t at = 0; text && at < size && count < 16; at++) {
        lines[count++] = text + at;
        while (text[at] != '\n') at++;
        text[at] = '\0';
    }
    return count;
}

/* The same from strings, by a tokenizer beside the model, inside a copy, or given when loading. */
static void check_strings(vit_context *vit, const run *r, const char *const *lines, const char *place) {
    float texts[MOST];
    int32_t length = (int32_t)r->ids.shape[1], ids[MOST];
    for (int32_t i = 0; i < r->count; i++) {
        CHECK(vit_text_tokens(vit, lines[i], ids, MOST, NULL) == VIT_OK, "%s: %s", place, vit_message(vit));
        for (int32_t t = 0; t < length; t++)
            CHECK(ids[t] == r->numbers[i * length + t], "%s: text %d, id %d is %d, expected %d", place, (int)i, (int)t,
                  (int)ids[t], (int)r->numbers[i * length + t]);
    }
    CHECK(vit_text(vit, lines, r->count, texts, MOST) == VIT_OK, "%s: %s", place, vit_message(vit));
    compare("texts", texts, r->texts, TOLERANCE, place);
}

/* ---- copies ---------------------------------------------------------------------------------------------------------------- */

typedef struct bytes {
    unsigned char *data;
    size_t size, room;
} bytes;

static int32_t append(void *user, const void *data, size_t size) {
    bytes *b = user;
    if (b->room - b->size < size) b->data = realloc(b->data, b->room = 2 * (b->size + size));
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return 0;
}

static void same_numbers(vit_context *vit, vit_context *copy, const run *r, const char *name) {
    float expected[MOST] = {0}, found[MOST] = {0};
    CHECK(vit_text_ids(vit, r->numbers, r->count, expected, MOST) == VIT_OK, "%s: %s", name, vit_message(vit));
    CHECK(vit_text_ids(copy, r->numbers, r->count, found, MOST) == VIT_OK, "%s: %s", name, vit_message(copy));
    CHECK(memcmp(expected, found, sizeof found) == 0, "%s: other bits", name);
    for (int32_t key = VIT_INFO_TEXT_CONTEXT; key <= VIT_INFO_SIGMOID; key++) {
        int64_t a = 0, b = -1;
        CHECK(vit_info_int(vit, key, &a) == VIT_OK && vit_info_int(copy, key, &b) == VIT_OK && a == b, "%s: info %d", name,
              (int)key);
    }
    for (int32_t key = VIT_REAL_LOGIT_SCALE; key <= VIT_REAL_LOGIT_BIAS; key++) {
        double a = 0, b = -1;
        CHECK(vit_info_real(vit, key, 0, &a) == VIT_OK && vit_info_real(copy, key, 0, &b) == VIT_OK && a == b, "%s: real %d",
              name, (int)key);
    }
    int64_t a = 0, b = -1;
    vit_info_int(vit, VIT_INFO_PARAMETERS, &a);
    vit_info_int(copy, VIT_INFO_PARAMETERS, &b);
    CHECK(a == b, "%s: %lld and %lld parameters", name, (long long)a, (long long)b);
}

static void copies_are_the_same_pair(void) {
    for (int32_t precision = VIT_PRECISION_F32; precision <= VIT_PRECISION_BF16; precision++)
        for (size_t n = 0; n < CASES; n++) {
            const char *name = cases[n].name;
            char why[512] = "";
            bytes saved = {0}, again = {0};
            run r;
            vit_context *vit = load(name, options(VIT_ISA_BEST, precision, 2)), *copy = NULL;
            if (!vit || !open_run(&r, name)) continue;
            check_model(vit, &r, cases[n].sigmoid, precision == VIT_PRECISION_BF16 ? BF16_TOLERANCE : TOLERANCE, name);
            CHECK(vit_save_writer(vit, append, &saved, NULL, 0) == VIT_OK, "%s: %s", name, vit_message(vit));
            vit_options *o = options(VIT_ISA_BEST, VIT_PRECISION_AUTO, 1);
            CHECK(vit_load_memory(&copy, saved.data, saved.size, o, why, sizeof why) == VIT_OK, "%s: %s", name, why);
            vit_options_free(o);
            if (copy) {
                same_numbers(vit, copy, &r, name);
                CHECK(vit_save_writer(copy, append, &again, NULL, 0) == VIT_OK, "%s: %s", name, vit_message(copy));
                CHECK(again.size == saved.size && memcmp(again.data, saved.data, saved.size) == 0,
                      "%s: saved twice, not the same", name);
            }
            vit_free(copy);
            vit_free(vit);
            free(saved.data);
            free(again.data);
            close_run(&r);
        }
}

static void strings_match_their_origin(void) {
    static const char *const names[] = {"pair_clip_strings", "pair_open_clip_strings", "pair_siglip_strings"};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        const char *lines[16];
        char why[512] = "";
        int64_t has = 0;
        bytes saved = {0};
        run r;
        vit_context *vit = load(names[n], options(VIT_ISA_BEST, VIT_PRECISION_AUTO, 3)), *copy = NULL;
        if (!vit || !open_run(&r, names[n])) continue;
        CHECK(read_lines(names[n], lines) == r.count, "%s: texts.txt", names[n]);
        CHECK(vit_info_int(vit, VIT_INFO_TOKENIZER, &has) == VIT_OK && has == 1, "%s: no tokenizer", names[n]);
        check_strings(vit, &r, lines, names[n]);
        CHECK(vit_save_writer(vit, append, &saved, NULL, 0) == VIT_OK, "%s", vit_message(vit));
        vit_options *o = vit_options_create();
        for (int64_t in_place = 0; in_place <= 1; in_place++) {
            vit_options_set_int(o, VIT_OPT_IN_PLACE, in_place);
            CHECK(vit_load_memory(&copy, saved.data, saved.size, o, why, sizeof why) == VIT_OK, "%s: %s", names[n], why);
            check_strings(copy, &r, lines, names[n]);
            vit_free(copy);
        }
        vit_options_free(o);
        free(saved.data);
        free((char *)(uintptr_t)lines[0]);
        vit_free(vit);
        close_run(&r);
    }
}

TEST_MAIN(pairs_match_their_origin, copies_are_the_same_pair, strings_match_their_origin)
