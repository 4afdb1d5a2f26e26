/* test_bf16.c: models with bf16 weights, with inputs rounded to bf16 for dot products and without: the same bits for any number
 * of threads and place in a batch; what is promised of the difference to f32. */
#include "bf16_test.h"
#include "make_model.h"

#define PICTURES 5
#define CLASSES 7
#define DEPTH 2
/* Of the largest logit: some 2^-9 (at most 2^-8) of the inputs of each matrix on the way: four a block, the patches' and the
 * head's. */
#define TOLERANCE ((4 * DEPTH + 2) / 512.0f)

static blob model;
static vit_image pictures[PICTURES];
static float exact[PICTURES][CLASSES], expected[PICTURES][CLASSES];

static vit_context *load(const vi_dots *table, int threads, int batch, int isa) {
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_PRECISION, VIT_PRECISION_BF16);
    vit_options_set_int(o, VIT_OPT_THREADS, threads);
    vit_options_set_int(o, VIT_OPT_MAX_BATCH, batch);
    vit_options_set_int(o, VIT_OPT_ISA, isa);
    vit_context *c = load_blob(&model, o);
    vit_options_free(o);
    if (c) bf16_use(c, table);
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
    shape.depth = DEPTH;
    model = make_model(shape);
    for (int i = 0; i < PICTURES; i++) pictures[i] = make_image(31 + 7 * i, 40 - 3 * i, (unsigned long long)i + 1);
    vit_context *c = load(NULL, 1, 1, VIT_ISA_BEST);
    run(c, exact);
    vit_free(c);
}

static int32_t append(void *user, const void *data, size_t size) {
    blob *b = user;
    b->data = realloc(b->data, b->size + size);
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return 0;
}

/* The way out of dot products that vit.h names: a .vit file of bf16 weights, loaded as f32. */
static void widened_weights_give_the_bits_of_f32(void) {
    vit_context *c = load(bf16_table(), 1, 1, VIT_ISA_BEST), *wide = NULL;
    blob saved = {0};
    char why[256] = "";
    float out[PICTURES][CLASSES];
    CHECK(vit_save_writer(c, append, &saved, NULL, 0) == VIT_OK, "%s", vit_message(c));
    vit_free(c);
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_PRECISION, VIT_PRECISION_F32);
    CHECK(vit_load_memory(&wide, saved.data, saved.size, o, why, sizeof why) == VIT_OK, "%s", why);
    vit_options_free(o);
    run(wide, out);
    CHECK(same(out, exact), "f32 from a bf16 file has other bits than widened bf16");
    CHECK(strcmp(vit_info_text(wide, VIT_TEXT_PRODUCTS), vit_info_text(wide, VIT_TEXT_ISA)) == 0, "%s",
          vit_info_text(wide, VIT_TEXT_PRODUCTS));
    vit_free(wide);
    free(saved.data);
}

static void dot_products_stay_close(void) {
    const vi_dots *table = bf16_table();
    if (!table) {
        SKIP("no bf16 dot products can run here");
        return;
    }
    float none[PICTURES][CLASSES] = {{0}};
    vit_context *c = load(table, 1, 1, VIT_ISA_BEST);
    run(c, expected);
    float worst = worst_difference(exact, expected), largest = worst_difference(exact, none);
    CHECK(worst > 0 && worst <= TOLERANCE * largest, "%s differs by %g of %g", table->name, (double)worst, (double)largest);
    CHECK(strcmp(vit_info_text(c, VIT_TEXT_PRODUCTS), table->name) == 0, "%s", vit_info_text(c, VIT_TEXT_PRODUCTS));
    CHECK(strcmp(vit_info_text(c, VIT_TEXT_ISA), vi_isa_name(table->isa)) == 0, "%s", vit_info_text(c, VIT_TEXT_ISA));
    vit_free(c);
}

static void threads_and_batches_give_the_same_bits(void) {
    const int threads[] = {1, 2, 3, 16}, batches[] = {1, 2, 5};
    const vi_dots *table = bf16_table();
    float out[PICTURES][CLASSES];
    for (int t = 0; t < 4; t++)
        for (int b = 0; b < 3; b++)
            for (int dots = 0; dots <= (table != NULL); dots++) {
                vit_context *c = load(dots ? table : NULL, threads[t], batches[b], VIT_ISA_BEST);
                run(c, out);
                CHECK(same(out, dots ? expected : exact), "threads %d batch %d dots %d", threads[t], batches[b], dots);
                vit_free(c);
            }
}

/* Memory is the same on every machine, so that one can plan for another. */
static void a_cap_forbids_dot_products(void) {
    const int32_t caps[] = {VIT_ISA_REFERENCE, VIT_ISA_AVX2, VIT_ISA_BEST};
    int64_t owned[3] = {0};
    for (int i = 0; i < 3; i++) {
        vit_options *o = vit_options_create();
        vit_options_set_int(o, VIT_OPT_PRECISION, VIT_PRECISION_BF16);
        vit_options_set_int(o, VIT_OPT_ISA, caps[i]);
        vit_context *c = load_blob(&model, o);
        vit_options_free(o);
        CHECK(c->bf16 == vi_bf16_for(caps[i]) && (i == 2 || !c->bf16), "cap %s", vit_isa_text(caps[i]));
        const char *products = c->bf16 ? c->bf16->name : c->kernels->name;
        CHECK(strcmp(vit_info_text(c, VIT_TEXT_PRODUCTS), products) == 0, "%s", vit_info_text(c, VIT_TEXT_PRODUCTS));
        vit_info_int(c, VIT_INFO_OWNED_BYTES, &owned[i]);
        vit_free(c);
    }
    CHECK(owned[0] == owned[1] && owned[1] == owned[2], "%lld, %lld, %lld bytes", (long long)owned[0], (long long)owned[1],
          (long long)owned[2]);
}

static void clean_up(void) {
    for (int i = 0; i < PICTURES; i++) free((void *)(size_t)pictures[i].planes[0]);
    free(model.data);
}

TEST_MAIN(prepare, widened_weights_give_the_bits_of_f32, dot_products_stay_close, threads_and_batches_give_the_same_bits,
          a_cap_forbids_dot_products, clean_up)
