/* test_run.c: what a forward promises: the same bits for any number of threads, any place in a batch, stepped or not, on a
 * clone, and from a .vit copy of the model; views that fit together; failures that change nothing. */
#include "make_model.h"

static blob model;

static vit_context *load(int threads, int batch, int isa) {
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_THREADS, threads);
    vit_options_set_int(o, VIT_OPT_MAX_BATCH, batch);
    vit_options_set_int(o, VIT_OPT_ISA, isa);
    vit_context *c = load_blob(&model, o);
    vit_options_free(o);
    return c;
}

#define PICTURES 5
static vit_image pictures[PICTURES];
static float expected[PICTURES][7];

static int same(const float *a, const float *b, size_t n) { return memcmp(a, b, n * sizeof *a) == 0; }

static void prepare(void) {
    model = make_model(small_model);
    for (int i = 0; i < PICTURES; i++) pictures[i] = make_image(31 + 7 * i, 40 - 3 * i, (unsigned long long)i + 1);
    vit_context *c = load(1, 1, VIT_ISA_BEST);
    for (int i = 0; i < PICTURES; i++) CHECK(vit_forward(c, &pictures[i], 1, expected[i], 7) == VIT_OK, "%s", vit_message(c));
    CHECK(!same(expected[0], expected[1], 7), "different pictures, same logits");
    for (int i = 0; i < 7; i++) CHECK(isfinite(expected[0][i]), "logit %d", i);
    vit_free(c);
}

static void batches_and_threads_give_the_same_bits(void) {
    const int threads[] = {1, 2, 3, 7, 16}, batches[] = {1, 2, 5};
    for (size_t t = 0; t < 5; t++)
        for (size_t b = 0; b < 3; b++) {
            vit_context *c = load(threads[t], batches[b], VIT_ISA_BEST);
            float out[PICTURES][7];
            CHECK(vit_forward(c, pictures, PICTURES, out[0], PICTURES * 7) == VIT_OK, "%s", vit_message(c));
            CHECK(same(out[0], expected[0], PICTURES * 7), "threads %d batch %d", threads[t], batches[b]);
            vit_free(c);
        }
}

/* More rows than go through the operators together: by images, and in parts of an image of 1153 tokens; with tokens requested,
 * so that no row is left out. */
static void large_runs_give_the_same_bits(void) {
    enum { MANY = 40 };
    static float few[MANY][7], many[MANY][7], whole[7], parts[7];
    vit_image images[MANY];
    for (int i = 0; i < MANY; i++) images[i] = pictures[i % PICTURES];
    for (int threads = 1; threads <= 3; threads += 2) {
        vit_context *one = load(threads, 1, VIT_ISA_BEST), *all = load(threads, MANY, VIT_ISA_BEST);
        CHECK(vit_request(all, VIT_OUTPUT_TOKENS, 0) == VIT_OK, "%s", vit_message(all));
        CHECK(vit_forward(one, images, MANY, few[0], MANY * 7) == VIT_OK, "%s", vit_message(one));
        CHECK(vit_forward(all, images, MANY, many[0], MANY * 7) == VIT_OK, "%s", vit_message(all));
        CHECK(same(few[0], many[0], MANY * 7) && same(many[MANY - PICTURES], expected[0], PICTURES * 7), "%d threads", threads);
        CHECK(vit_set_input_size(one, 192, 96) == VIT_OK, "%s", vit_message(one));
        CHECK(vit_request(one, VIT_OUTPUT_TOKENS, 0) == VIT_OK, "%s", vit_message(one));
        CHECK(vit_forward(one, pictures, 1, threads == 1 ? whole : parts, 7) == VIT_OK, "%s", vit_message(one));
        vit_free(one);
        vit_free(all);
    }
    CHECK(same(whole, parts, 7), "one and three threads differ at 1153 tokens");
}

static void run_backwards(void *user, uint32_t n, void (*fn)(void *arg, uint32_t i), void *arg) {
    ++*(int *)user;
    while (n-- > 0) fn(arg, n);
}

static void callers_parallel_for_is_used(void) {
    int calls = 0;
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_THREADS, 4);
    vit_options_set_parallel_for(o, run_backwards, &calls);
    vit_context *c = load_blob(&model, o);
    float out[7];
    CHECK(vit_forward(c, &pictures[2], 1, out, 7) == VIT_OK, "%s", vit_message(c));
    CHECK(same(out, expected[2], 7), "other bits");
    CHECK(calls > 10, "%d calls", calls);
    vit_free(c);
    vit_options_free(o);
}

static void instruction_sets_agree(void) {
    for (int isa = VIT_ISA_REFERENCE; isa <= VIT_ISA_NEON; isa++) {
        if (!vit_isa_available(isa)) {
            SKIP("%s cannot run here", vit_isa_text(isa));
            continue;
        }
        vit_context *c = load(1, 1, isa);
        int64_t used;
        CHECK(vit_info_int(c, VIT_INFO_ISA, &used) == VIT_OK && used == isa, "capped at %d, uses %d", isa, (int)used);
        float out[7], worst = 0, largest = 0;
        CHECK(vit_forward(c, &pictures[0], 1, out, 7) == VIT_OK, "%s", vit_message(c));
        for (int i = 0; i < 7; i++) {
            worst = fmaxf(worst, fabsf(out[i] - expected[0][i]));
            largest = fmaxf(largest, fabsf(expected[0][i]));
        }
        CHECK(worst <= 2e-6f * largest, "%s differs by %g of %g", vit_isa_text(isa), (double)worst, (double)largest);
        if (isa != VIT_ISA_REFERENCE) CHECK(worst == 0, "%s has other bits than the best", vit_isa_text(isa));
        vit_free(c);
    }
}

static void stepped_is_the_same(void) {
    vit_context *c = load(1, 2, VIT_ISA_BEST);
    float out[14];
    int32_t left = -1, steps = 0;
    int64_t units;
    CHECK(vit_info_int(c, VIT_INFO_UNITS, &units) == VIT_OK && units == 6, "units");
    CHECK(vit_step(c, 1, &left) == VIT_ERROR_STATE, "step before begin");
    CHECK(vit_end(c, out, 14) == VIT_ERROR_STATE, "end before begin");
    CHECK(vit_begin(c, pictures, 3) == VIT_ERROR_LIMIT, "batch above the maximum");
    CHECK(vit_begin(c, pictures + 1, 2) == VIT_OK, "%s", vit_message(c));
    do {
        CHECK(vit_end(c, out, 14) == VIT_ERROR_STATE, "end too early");
        CHECK(vit_step(c, 1, &left) == VIT_OK, "%s", vit_message(c));
        steps++;
    } while (left > 0);
    CHECK(steps == units, "%d steps", (int)steps);
    CHECK(vit_end(c, out, 14) == VIT_OK && same(out, expected[1], 14), "other bits");
    CHECK(vit_begin(c, pictures, 1) == VIT_OK && vit_step(c, 3, NULL) == VIT_OK, "abandon a run");
    float input[3 * 20 * 12];
    CHECK(vit_preprocess(c, &pictures[0], input, 720) == VIT_OK, "between steps");
    CHECK(vit_step(c, 1000, &left) == VIT_OK && left == 0, "many units at once");
    CHECK(vit_end(c, out, 7) == VIT_OK && same(out, expected[0], 7), "preprocess between steps changed the run");
    vit_free(c);
}

#define PROFILED "norm qkv attention proj norm fc1 fc2 norm qkv attention proj norm fc1 fc2 "

typedef struct profile {
    char names[512]; /* "| picture ": | where a run began or went on */
    uint64_t macs;
} profile;

static void note_operator(void *user, const char *name, uint64_t macs) {
    profile *p = user;
    size_t used = strlen(p->names);
    snprintf(p->names + used, sizeof p->names - used, "%s ", name ? name : "|");
    p->macs += macs;
}

/* Sections of several lanes are reported as a whole: whole images two stages a block, then the image of 1153 tokens by rows. */
static void sections_are_profiled(void) {
    profile p = {0};
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_MAX_BATCH, 2);
    vit_options_set_int(o, VIT_OPT_THREADS, 2);
    vit_options_set_profile(o, note_operator, &p);
    vit_context *c = load_blob(&model, o);
    float out[14];
    int64_t macs = 0;
    CHECK(vit_request(c, VIT_OUTPUT_TOKENS, 0) == VIT_OK, "%s", vit_message(c));
    CHECK(vit_forward(c, pictures, 2, out, 14) == VIT_OK && same(out, expected[0], 14), "profiling changes results");
    CHECK(strcmp(p.names, "| picture picture | embedding images images images images norm copy pool head ") == 0, "%s", p.names);
    vit_info_int(c, VIT_INFO_MACS, &macs);
    CHECK(p.macs == 2 * (uint64_t)macs, "%llu and 2 x %lld multiplications", (unsigned long long)p.macs, (long long)macs);
    CHECK(vit_set_input_size(c, 192, 96) == VIT_OK, "%s", vit_message(c));
    p = (profile){0};
    CHECK(vit_forward(c, pictures, 1, out, 7) == VIT_OK, "%s", vit_message(c));
    CHECK(strcmp(p.names, "| picture | embedding rows attention rows attention rows norm copy pool head ") == 0, "%s", p.names);
    vit_info_int(c, VIT_INFO_MACS, &macs);
    CHECK(p.macs == (uint64_t)macs, "%llu and %lld multiplications", (unsigned long long)p.macs, (long long)macs);
    vit_free(c);
    vit_options_free(o);
}

static void operators_are_profiled(void) {
    profile p = {0};
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_MAX_BATCH, 2);
    vit_options_set_int(o, VIT_OPT_OUTPUTS, 1 << VIT_OUTPUT_TOKENS); /* so that no token may be left out */
    CHECK(vit_options_set_profile(NULL, note_operator, &p) == VIT_ERROR_ARGUMENT, "NULL options");
    CHECK(vit_options_set_profile(o, note_operator, &p) == VIT_OK, "refused");
    vit_context *c = load_blob(&model, o);
    float out[14];
    int64_t macs;
    CHECK(*p.names == 0, "called by a load: %s", p.names);
    CHECK(vit_forward(c, pictures, 2, out, 14) == VIT_OK && same(out, expected[0], 14), "profiling changes results");
    CHECK(strcmp(p.names, "| picture picture | embedding " PROFILED "norm copy pool head ") == 0, "%s",
          p.names);
    CHECK(vit_info_int(c, VIT_INFO_MACS, &macs) == VIT_OK && p.macs == 2 * (uint64_t)macs, "%llu and 2 x %lld multiplications",
          (unsigned long long)p.macs, (long long)macs);
    p = (profile){0};
    CHECK(vit_begin(c, pictures, 1) == VIT_OK && vit_step(c, 1, NULL) == VIT_OK, "%s", vit_message(c));
    CHECK(strcmp(p.names, "| picture | embedding ") == 0, "stepped: %s", p.names);
    vit_free(c);
    vit_options_free(o);
}

static void clone_shares_and_outlives(void) {
    vit_context *c = load(1, 1, VIT_ISA_BEST), *twin = NULL;
    char why[256];
    CHECK(vit_clone(&twin, c, NULL, why, sizeof why) == VIT_OK, "%s", why);
    vit_free(c);
    float out[7];
    CHECK(vit_forward(twin, &pictures[4], 1, out, 7) == VIT_OK && same(out, expected[4], 7), "other bits");
    for (int i = 0; i < 3; i++) CHECK(vit_request(twin, VIT_OUTPUT_HIDDEN, -1) == VIT_OK, "request %d: %s", i, vit_message(twin));
    vit_free(twin);
}

static void preprocess_then_float_input_is_the_same(void) {
    vit_context *c = load(1, 1, VIT_ISA_BEST);
    static float input[3 * 20 * 12];
    CHECK(vit_preprocess(c, &pictures[3], input, 720) == VIT_OK, "%s", vit_message(c));
    CHECK(vit_preprocess(c, &pictures[3], input, 719) == VIT_ERROR_BUFFER, "short buffer");
    vit_image image = {0};
    image.format = VIT_PIXELS_F32;
    image.width = 20;
    image.height = 12;
    image.planes[0] = input;
    float out[7];
    CHECK(vit_forward(c, &image, 1, out, 7) == VIT_OK && same(out, expected[3], 7), "%s", vit_message(c));
    vit_free(c);
}

static void nan_stays_in_its_picture(void) {
    vit_context *c = load(2, 3, VIT_ISA_BEST);
    static float inputs[3][3 * 20 * 12];
    vit_image images[3];
    memset(images, 0, sizeof images);
    for (int i = 0; i < 3; i++) {
        vit_preprocess(c, &pictures[i], inputs[i], 720);
        images[i].format = VIT_PIXELS_F32;
        images[i].width = 20;
        images[i].height = 12;
        images[i].planes[0] = inputs[i];
    }
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (int k = 0; k < 3; k++) {
        inputs[1][100] = bad[k];
        float out[3][7];
        CHECK(vit_forward(c, images, 3, out[0], 21) == VIT_OK, "%s", vit_message(c));
        for (int i = 0; i < 7; i++) CHECK(isnan(out[1][i]), "logit %d is %g", i, (double)out[1][i]);
        CHECK(same(out[0], expected[0], 7) && same(out[2], expected[2], 7), "the neighbours changed");
        int32_t top[7];
        CHECK(vit_top(out[1], 7, 7, top) == VIT_OK && top[0] == 0 && top[6] == 6, "ranks of NaN");
    }
    vit_free(c);
}

static void views_fit_together(void) {
    vit_context *c = load(2, 2, VIT_ISA_BEST);
    const float *data, *hidden;
    int64_t shape[4];
    int32_t rank;
    CHECK(vit_output(c, VIT_OUTPUT_TOKENS, 0, &data, shape, &rank) == VIT_ERROR_STATE, "not requested");
    int64_t few, all;
    CHECK(vit_info_int(c, VIT_INFO_MACS, &few) == VIT_OK, "arithmetic for logits only");
    CHECK(vit_request(c, VIT_OUTPUT_TOKENS, 0) == VIT_OK && vit_request(c, VIT_OUTPUT_HIDDEN, -1) == VIT_OK, "%s",
          vit_message(c));
    CHECK(vit_info_int(c, VIT_INFO_MACS, &all) == VIT_OK && all - few == 15 * (2 * 24 * 24 + 2 * 24 * 40 + 2 * 16 * 24),
          "15 patch tokens more in the last block: %ld", (long)(all - few));
    CHECK(vit_request(c, VIT_OUTPUT_HIDDEN, 3) == VIT_ERROR_ARGUMENT, "layer beyond depth");
    CHECK(vit_request(c, 99, 0) == VIT_ERROR_ARGUMENT, "unknown output");
    CHECK(vit_output(c, VIT_OUTPUT_LOGITS, 0, &data, shape, &rank) == VIT_ERROR_STATE, "before a forward");
    CHECK(vit_forward(c, pictures, 3, NULL, 0) == VIT_ERROR_LIMIT, "requests need one slice");
    float out[14];
    CHECK(vit_forward(c, pictures, 2, out, 14) == VIT_OK && same(out, expected[0], 14), "requests changed the logits");
    CHECK(vit_output(c, VIT_OUTPUT_LOGITS, 0, &data, shape, &rank) == VIT_OK && rank == 2 && shape[0] == 2 && shape[1] == 7 &&
              same(data, out, 14),
          "logits");
    CHECK(vit_output(c, VIT_OUTPUT_EMBEDDING, 0, &hidden, shape, &rank) == VIT_OK && rank == 2 && shape[1] == 24, "embedding");
    CHECK(vit_output(c, VIT_OUTPUT_TOKENS, 0, &data, shape, &rank) == VIT_OK && rank == 3 && shape[1] == 16 && shape[2] == 24,
          "tokens");
    CHECK(same(data, hidden, 24), "the class token is the embedding");
    CHECK(same(data + 16 * 24, hidden + 24, 24), "of the second picture too");
    for (int i = 0; i <= 2; i++)
        CHECK(vit_output(c, VIT_OUTPUT_HIDDEN, i, &data, shape, &rank) == VIT_OK && rank == 3 && shape[0] == 2, "hidden %d", i);
    vit_free(c);
}

static void normalised_embedding(void) {
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_NORMALIZE, 1);
    vit_options_set_int(o, VIT_OPT_OUTPUTS, 1 << VIT_OUTPUT_TOKENS);
    vit_context *c = load_blob(&model, o);
    float out[7];
    const float *e;
    int64_t shape[4];
    int32_t rank;
    CHECK(vit_forward(c, &pictures[0], 1, out, 7) == VIT_OK && same(out, expected[0], 7), "logits use the embedding as it was");
    CHECK(vit_output(c, VIT_OUTPUT_TOKENS, 0, &e, shape, &rank) == VIT_OK, "requested by option");
    CHECK(vit_output(c, VIT_OUTPUT_EMBEDDING, 0, &e, shape, &rank) == VIT_OK, "embedding");
    double sum = 0;
    for (int i = 0; i < 24; i++) sum += (double)e[i] * (double)e[i];
    CHECK(fabs(sum - 1) < 1e-6, "norm %g", sqrt(sum));
    vit_free(c);
    vit_options_free(o);
}

static void bad_calls_write_nothing(void) {
    vit_context *c = load(1, 1, VIT_ISA_BEST);
    float out[8];
    for (int i = 0; i < 8; i++) out[i] = 42;
    vit_image bad = pictures[0];
    bad.width = 0;
    CHECK(vit_forward(c, &bad, 1, out, 7) < 0, "zero width");
    CHECK(vit_forward(c, NULL, 1, out, 7) == VIT_ERROR_ARGUMENT, "NULL images");
    CHECK(vit_forward(c, pictures, -1, out, 7) == VIT_ERROR_ARGUMENT, "negative batch");
    CHECK(vit_forward(c, pictures, 1, out, 6) == VIT_ERROR_BUFFER, "short buffer");
    CHECK(strstr(vit_message(c), "6") != NULL && strstr(vit_message(c), "7") != NULL, "message: %s", vit_message(c));
    CHECK(vit_forward(c, pictures, 1, NULL, 7) == VIT_ERROR_ARGUMENT, "NULL out");
    CHECK(vit_forward(NULL, pictures, 1, out, 7) == VIT_ERROR_ARGUMENT, "NULL context");
    vit_image two[2] = {pictures[0], bad};
    CHECK(vit_forward(c, two, 2, out, 8) < 0 && strstr(vit_message(c), "image 1") != NULL, "message: %s", vit_message(c));
    for (int i = 0; i < 8; i++) CHECK(out[i] == 42, "float %d was written", i);
    CHECK(vit_forward(c, pictures, 0, NULL, 0) == VIT_OK, "empty batch");
    CHECK(vit_forward(c, pictures, 1, out, 8) == VIT_OK && same(out, expected[0], 7) && out[7] == 42, "usable afterwards");
    vit_free(c);
}

static void other_input_sizes(void) {
    vit_context *c = load(1, 1, VIT_ISA_BEST);
    float out[7], again[7];
    int64_t tokens;
    CHECK(vit_set_input_size(c, 21, 12) == VIT_ERROR_ARGUMENT, "not a multiple of the patch");
    CHECK(vit_forward(c, pictures, 1, out, 7) == VIT_OK && same(out, expected[0], 7), "usable after a refused size");
    CHECK(vit_set_input_size(c, 32, 8) == VIT_OK, "%s", vit_message(c));
    CHECK(vit_info_int(c, VIT_INFO_TOKENS, &tokens) == VIT_OK && tokens == 17, "%d tokens", (int)tokens);
    CHECK(vit_forward(c, pictures, 1, out, 7) == VIT_OK && !same(out, expected[0], 7), "another grid, same result");
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_IMAGE_WIDTH, 32);
    vit_options_set_int(o, VIT_OPT_IMAGE_HEIGHT, 8);
    vit_context *d = load_blob(&model, o);
    CHECK(vit_forward(d, pictures, 1, again, 7) == VIT_OK && same(out, again, 7), "by option or by call");
    vit_options_free(o);
    vit_free(d);
    CHECK(vit_set_input_size(c, 20, 12) == VIT_OK && vit_forward(c, pictures, 1, out, 7) == VIT_OK && same(out, expected[0], 7),
          "back");
    vit_free(c);
}

typedef struct buffer {
    unsigned char *data;
    size_t size, room;
} buffer;

static int32_t append(void *user, const void *data, size_t size) {
    buffer *b = user;
    if (b->room < b->size + size) b->data = realloc(b->data, b->room = 2 * (b->size + size));
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return 0;
}

/* A .vit copy of the model at this precision, at an address that is a multiple of 64; free(data). */
static buffer save_copy(int precision, const char *const *labels) {
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_PRECISION, precision);
    vit_context *c = load_blob(&model, o);
    buffer b = {0}, aligned = {0};
    CHECK(vit_save_writer(c, append, &b, labels, labels ? 7 : 0) == VIT_OK, "%s", vit_message(c));
    vit_free(c);
    vit_options_free(o);
    aligned.size = b.size;
    aligned.data = aligned_alloc(64, (b.size + 63) / 64 * 64);
    memcpy(aligned.data, b.data, b.size);
    free(b.data);
    return aligned;
}

static void saved_copies(void) {
    const char *const labels[] = {"zero", "one", "two", "three", "four", "five", "siebenundsechzig \xc3\xa4"};
    for (int precision = VIT_PRECISION_F32; precision <= VIT_PRECISION_INT8; precision++)
        for (int in_place = 0; in_place <= 1; in_place++) {
            buffer b = save_copy(precision, labels);
            vit_options *o = vit_options_create();
            vit_options_set_int(o, VIT_OPT_IN_PLACE, in_place);
            vit_context *c = NULL;
            char why[256] = "";
            CHECK(vit_load_memory(&c, b.data, b.size, o, why, sizeof why) == VIT_OK, "%s", why);
            int64_t found, used;
            CHECK(vit_info_int(c, VIT_INFO_PRECISION, &found) == VIT_OK && found == precision, "precision %d", (int)found);
            const unsigned short one = 1;
            int little = *(const unsigned char *)&one;
            CHECK(vit_info_int(c, VIT_INFO_IN_PLACE, &used) == VIT_OK && used == (in_place && little), "in place %d", (int)used);
            CHECK(strcmp(vit_label(c, 6), labels[6]) == 0 && strcmp(vit_label(c, 7), "") == 0, "labels");
            float out[7], worst = 0;
            CHECK(vit_forward(c, pictures, 1, out, 7) == VIT_OK, "%s", vit_message(c));
            for (int i = 0; i < 7; i++) worst = fmaxf(worst, fabsf(out[i] - expected[0][i]));
            if (precision == VIT_PRECISION_F32)
                CHECK(worst == 0, "f32 copy differs by %g", (double)worst);
            else
                CHECK(worst > 0 && worst < 0.1f, "copy of precision %d differs by %g", precision, (double)worst);
            vit_free(c);
            vit_options_free(o);
            free(b.data);
        }
}

static void clean_up(void) {
    for (int i = 0; i < PICTURES; i++) free((void *)(size_t)pictures[i].planes[0]);
    free(model.data);
}

TEST_MAIN(prepare, batches_and_threads_give_the_same_bits, large_runs_give_the_same_bits, callers_parallel_for_is_used,
          instruction_sets_agree, stepped_is_the_same, operators_are_profiled, sections_are_profiled, clone_shares_and_outlives,
          preprocess_then_float_input_is_the_same, nan_stays_in_its_picture, views_fit_together, normalised_embedding,
          bad_calls_write_nothing, other_input_sizes, saved_copies, clean_up)
