/* test_int8.c: models with 8-bit weights: the same bits for any number of threads, place in a batch and instruction set, from the
 * checkpoint or from a .vit copy; close to float; what cannot be trusted or quantised is refused by name. */
#include "make_model.h"

#include "format/format.h"

#define PICTURES 5
#define CLASSES 7

static blob model;
static vit_image pictures[PICTURES];
static float exact[PICTURES][CLASSES], expected[PICTURES][CLASSES];

static vit_context *load(int precision, int threads, int batch, int isa) {
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_PRECISION, precision);
    vit_options_set_int(o, VIT_OPT_THREADS, threads);
    vit_options_set_int(o, VIT_OPT_MAX_BATCH, batch);
    vit_options_set_int(o, VIT_OPT_ISA, isa);
    vit_context *c = load_blob(&model, o);
    vit_options_free(o);
    return c;
}

static void run(vit_context *c, float out[PICTURES][CLASSES]) {
    CHECK(vit_forward(c, pictures, PICTURES, out[0], PICTURES * CLASSES) == VIT_OK, "%s", vit_message(c));
}

static int same(float a[PICTURES][CLASSES], float b[PICTURES][CLASSES]) { return memcmp(a, b, sizeof exact) == 0; }

static float worst_difference(float a[PICTURES][CLASSES], float b[PICTURES][CLASSES]) {
    float worst = 0;
    for (int i = 0; i < PICTURES; i++)
        for (int k = 0; k < CLASSES; k++) worst = fmaxf(worst, fabsf(a[i][k] - b[i][k]));
    return worst;
}

static void prepare(void) {
    model_shape shape = small_model;
    shape.width = 48;
    shape.mlp = 190;
    model = make_model(shape);
    for (int i = 0; i < PICTURES; i++) pictures[i] = make_image(31 + 7 * i, 40 - 3 * i, (unsigned long long)i + 1);
    vit_context *floats = load(VIT_PRECISION_F32, 1, 1, VIT_ISA_BEST), *bytes = load(VIT_PRECISION_INT8, 1, 1, VIT_ISA_BEST);
    run(floats, exact);
    run(bytes, expected);
    float none[PICTURES][CLASSES] = {{0}}, largest = worst_difference(exact, none), worst = worst_difference(exact, expected);
    CHECK(worst > 0 && worst < 0.05f * largest, "int8 differs from float by %g of %g", (double)worst, (double)largest);
    int64_t precision = 0, few = 0, many = 0;
    CHECK(vit_info_int(bytes, VIT_INFO_PRECISION, &precision) == VIT_OK && precision == VIT_PRECISION_INT8, "precision");
    CHECK(strcmp(vit_info_text(bytes, VIT_TEXT_PRECISION), "int8") == 0, "%s", vit_info_text(bytes, VIT_TEXT_PRECISION));
    vit_info_int(bytes, VIT_INFO_WEIGHT_BYTES, &few);
    vit_info_int(floats, VIT_INFO_WEIGHT_BYTES, &many);
    CHECK(few < many / 2, "%lld bytes instead of %lld", (long long)few, (long long)many);
    vit_free(floats);
    vit_free(bytes);
}

static void threads_batches_and_instruction_sets_give_the_same_bits(void) {
    const int threads[] = {1, 2, 3, 16}, batches[] = {1, 2, 5};
    float out[PICTURES][CLASSES];
    for (int t = 0; t < 4; t++)
        for (int b = 0; b < 3; b++) {
            vit_context *c = load(VIT_PRECISION_INT8, threads[t], batches[b], VIT_ISA_BEST);
            run(c, out);
            CHECK(same(out, expected), "threads %d batch %d", threads[t], batches[b]);
            vit_free(c);
        }
    for (int isa = VIT_ISA_REFERENCE; isa <= VIT_ISA_NEON; isa++) {
        if (!vit_isa_available(isa)) {
            SKIP("%s cannot run here", vit_isa_text(isa));
            continue;
        }
        vit_context *c = load(VIT_PRECISION_INT8, 1, 1, isa);
        run(c, out);
        /* The reference's floats differ in their last bits, and now and then one is rounded to another byte. */
        float worst = worst_difference(out, expected);
        if (isa == VIT_ISA_REFERENCE) CHECK(worst < 0.02f, "reference: %g", (double)worst);
        else CHECK(worst == 0, "%s has other bits", vit_isa_text(isa));
        vit_free(c);
    }
}

typedef struct buffer {
    unsigned char *data;
    size_t size, room;
} buffer;

static int32_t append(void *user, const void *data, size_t size) {
    buffer *b = user;
    if (b->room - b->size < size) b->data = realloc(b->data, b->room = 2 * (b->size + size));
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return 0;
}

/* At an address that is a multiple of 64; free(data). */
static buffer saved(void) {
    vit_context *c = load(VIT_PRECISION_INT8, 1, 1, VIT_ISA_BEST);
    buffer b = {0}, aligned = {0};
    CHECK(vit_save_writer(c, append, &b, NULL, 0) == VIT_OK, "%s", vit_message(c));
    vit_free(c);
    aligned.size = b.size;
    aligned.data = aligned_alloc(64, (b.size + 63) / 64 * 64);
    memcpy(aligned.data, b.data, b.size);
    free(b.data);
    return aligned;
}

static int32_t open_copy(vit_context **c, const buffer *b, int precision, int in_place, char why[256]) {
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_PRECISION, precision);
    vit_options_set_int(o, VIT_OPT_IN_PLACE, in_place);
    int32_t status = vit_load_memory(c, b->data, b->size, o, why, 256);
    vit_options_free(o);
    return status;
}

/* Bytes back to floats: the weights are those of the int8 model, the inputs are not rounded any more. */
static void saved_copies_convert(void) {
    buffer b = saved();
    float out[PICTURES][CLASSES], half[PICTURES][CLASSES];
    char why[256] = "";
    vit_context *c = NULL;
    CHECK(open_copy(&c, &b, VIT_PRECISION_AUTO, 1, why) == VIT_OK, "%s", why);
    run(c, out);
    CHECK(same(out, expected), "other bits in place");
    vit_free(c);
    CHECK(open_copy(&c, &b, VIT_PRECISION_F32, 0, why) == VIT_OK, "%s", why);
    run(c, out);
    float rounded = worst_difference(expected, exact), weights = worst_difference(out, exact);
    CHECK(weights > 0 && weights < 2 * rounded, "as float: %g, as bytes %g", (double)weights, (double)rounded);
    vit_free(c);
    CHECK(open_copy(&c, &b, VIT_PRECISION_BF16, 0, why) == VIT_OK, "%s", why);
    run(c, half);
    CHECK(worst_difference(out, half) < 0.1f, "as bfloat16: %g", (double)worst_difference(out, half));
    vit_free(c);
    free(b.data);
}

/* Where the scales of a tensor lie in a .vit file. */
static size_t place_of(const buffer *b, const char *name) {
    vi_reader r = {0};
    vi_directory d = {0};
    vi_allocator a = {0};
    vi_error e = {0};
    CHECK(vi_reader_open_memory(&r, b->data, b->size, &e) == VIT_OK && vi_directory_open(&d, &r, &a, &e) == VIT_OK, "%s", e.text);
    const vi_tensor *t = vi_directory_find(&d, name);
    CHECK(t && t->dtype == VI_DT_I8 && t->layout == VI_LAYOUT_PANEL, "%s", name);
    size_t at = t ? (size_t)t->offset : 0;
    vi_directory_close(&d, &a);
    vi_reader_close(&r);
    return at;
}

static void bad_scales_are_refused(void) {
    static const unsigned char bad[][4] = {{0, 0, 0xc0, 0x7f}, {0, 0, 0x80, 0x7f}, {0, 0, 0x80, 0xbf}}; /* NaN, infinity, -1 */
    buffer b = saved();
    const size_t scale = place_of(&b, "blocks.1.fc1.weight") + 4 * 17, sum = scale + 4 * 192;
    for (int i = 0; i < 4; i++)
        for (int in_place = 0; in_place <= 1; in_place++) {
            unsigned char *at = b.data + (i < 3 ? scale : sum), before[4];
            char why[256] = "";
            vit_context *c = NULL;
            memcpy(before, at, 4);
            memcpy(at, i < 3 ? bad[i] : (const unsigned char[]){0, 0, 0, 0x4b}, 4); /* a sum of 2^23 */
            int32_t status = open_copy(&c, &b, VIT_PRECISION_AUTO, in_place, why);
            CHECK(status == VIT_ERROR_CORRUPT && strstr(why, "blocks.1.fc1.weight"), "defect %d: %d %s", i, (int)status, why);
            memcpy(at, before, 4);
        }
    free(b.data);
}

static void weights_that_are_not_finite_are_refused(void) {
    const blob good = model;
    char why[256] = "";
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_PRECISION, VIT_PRECISION_INT8);
    vit_options_set_text(o, VIT_OPT_CONFIG_JSON, model.config);
    model.data = malloc(good.size);
    memcpy(model.data, good.data, good.size);
    /* The last matrix of the last block lies somewhere in the middle of the file: find it by what the header says. */
    const char *entry = strstr((const char *)model.data + 8, "blocks.1.mlp.fc2.weight");
    const char *offsets = entry ? strstr(entry, "data_offsets\":[") : NULL;
    CHECK(offsets != NULL, "no fc2 in the header");
    unsigned long long header = 0, first = offsets ? strtoull(offsets + 15, NULL, 10) : 0;
    for (int i = 7; i >= 0; i--) header = header << 8 | model.data[i];
    memcpy(model.data + 8 + header + first, (const unsigned char[]){0, 0, 0x80, 0xff}, 4); /* -infinity */
    vit_context *c = NULL;
    int32_t status = vit_load_memory(&c, model.data, model.size, o, why, sizeof why);
    CHECK(status == VIT_ERROR_MODEL && strstr(why, "blocks.1.fc2.weight"), "%d %s", (int)status, why);
    free(model.data);
    model = good;
    vit_options_free(o);
}

static void clean_up(void) {
    for (int i = 0; i < PICTURES; i++) free((void *)(size_t)pictures[i].planes[0]);
    free(model.data);
}

TEST_MAIN(prepare, threads_batches_and_instruction_sets_give_the_same_bits, saved_copies_convert, bad_scales_are_refused,
          weights_that_are_not_finite_are_refused, clean_up)
