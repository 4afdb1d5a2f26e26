/* test_oom.c: every allocation fails in turn, at load, clone, request, resize and save; nothing leaks, nothing is written, the
 * second try gives the same bits. A forward allocates nothing. A block of exactly the planned size is enough, and one unit less
 * is not. */
#include "heap.h"
#include "make_model.h"

static blob model;
static vit_image picture;
static float expected[7];

static vit_options *options_on(heap *h, int threads) {
    vit_options *o = vit_options_create();
    vit_options_set_allocator(o, take, give_back, h);
    vit_options_set_text(o, VIT_OPT_CONFIG_JSON, model.config);
    vit_options_set_int(o, VIT_OPT_THREADS, threads);
    return o;
}

static void prepare(void) {
    model = make_model(small_model);
    picture = make_image(33, 44, 9);
    vit_context *c = load_blob(&model, NULL);
    CHECK(vit_forward(c, &picture, 1, expected, 7) == VIT_OK, "%s", vit_message(c));
    vit_free(c);
}

/* The whole life of a context; stops at the first failure and frees everything. Returns the first bad status. */
static int32_t live_once(heap *h, int threads) {
    vit_options *o = options_on(h, threads);
    vit_context *c = NULL, *twin = NULL;
    char why[256] = "untouched";
    size_t written = 0;
    float out[7];
    int32_t status = vit_load_memory(&c, model.data, model.size, o, why, sizeof why);
    CHECK((status == VIT_OK) == (c != NULL), "out parameter");
    CHECK(status == VIT_OK || strcmp(why, "untouched") != 0, "no message");
    if (status == VIT_OK) {
        status = vit_clone(&twin, c, o, why, sizeof why);
        CHECK((status == VIT_OK) == (twin != NULL), "out parameter of the clone");
    }
    if (status == VIT_OK) status = vit_request(c, VIT_OUTPUT_HIDDEN, -1);
    if (status == VIT_OK) status = vit_set_input_size(c, 40, 8);
    if (status == VIT_OK) status = vit_set_input_size(c, 20, 12);
    if (status == VIT_OK) status = vit_save_writer(c, discard, &written, NULL, 0);
    if (c) { /* usable whatever failed after the load */
        int64_t width;
        vit_info_int(c, VIT_INFO_IMAGE_WIDTH, &width);
        CHECK(vit_forward(c, &picture, 1, out, 7) == VIT_OK, "%s", vit_message(c));
        if (width == 20) CHECK(memcmp(out, expected, sizeof out) == 0, "other bits after a failed allocation");
    }
    vit_free(c);
    vit_free(twin);
    vit_options_free(o);
    CHECK(h->live == 0 && h->bytes == 0 && h->bad_frees == 0, "%ld blocks, %zu bytes left, %ld wrong sizes", h->live, h->bytes,
          h->bad_frees);
    return status;
}

static void every_allocation_fails(void) {
    for (int threads = 1; threads <= 2; threads++) {
        heap counting = {0};
        CHECK(live_once(&counting, threads) == VIT_OK, "the undisturbed run");
        CHECK(counting.calls > 5 && counting.calls < 200, "%ld allocations", counting.calls);
        for (long i = 1; i <= counting.calls; i++)
            for (int from_then_on = 0; from_then_on <= 1; from_then_on++) {
                heap h = {.fail_at = i, .fail_until = from_then_on ? 1000000 : i};
                int32_t status = live_once(&h, threads);
                CHECK(status == VIT_ERROR_MEMORY, "allocation %ld failed, status %d", i, (int)status);
            }
    }
}

/* From a file, quantised while loading. Returns the status; *out: what came of the picture. */
static int32_t live_once_as_int8(heap *h, const char *name, float *out, size_t capacity) {
    char path[200], why[256] = "";
    snprintf(path, sizeof path, "tests/golden/data/%s", name);
    vit_options *o = vit_options_create();
    vit_options_set_allocator(o, take, give_back, h);
    vit_options_set_int(o, VIT_OPT_MAP, 0);
    vit_options_set_int(o, VIT_OPT_PRECISION, VIT_PRECISION_INT8);
    vit_context *c = NULL, *twin = NULL;
    int64_t outputs = 0;
    int32_t status = vit_load(&c, path, o, why, sizeof why);
    CHECK((status == VIT_OK) == (c != NULL) && (status == VIT_OK) == (why[0] == '\0'), "%s: %d %s", name, (int)status, why);
    if (status == VIT_OK) status = vit_clone(&twin, c, o, why, sizeof why);
    if (status == VIT_OK) {
        vit_info_int(twin, VIT_INFO_OUTPUTS, &outputs);
        CHECK(outputs <= (int64_t)capacity && vit_forward(twin, &picture, 1, out, (size_t)outputs) == VIT_OK, "%s: %s", name,
              vit_message(twin));
    }
    vit_free(c);
    vit_free(twin);
    vit_options_free(o);
    CHECK(h->live == 0 && h->bytes == 0 && h->bad_frees == 0, "%s: %ld blocks, %zu bytes left, %ld wrong sizes", name, h->live,
          h->bytes, h->bad_frees);
    return status;
}

/* Containers whose tensors must be unpacked, turned or put together, towers for text, tables of rotary positions. */
static void every_allocation_fails_as_int8(void) {
    static const char *const names[] = {"google_scan_deflated", "google_siglip", "gguf_q5_1",     "hf_dinov3",
                                        "pair_siglip_bf16",     "pair_openai/ViT.pt", "timm_eva02", "timm_parallel_bias"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        heap counting = {0};
        float first[64] = {0}, out[64] = {0};
        CHECK(live_once_as_int8(&counting, names[i], first, 64) == VIT_OK, "%s: the undisturbed run", names[i]);
        CHECK(counting.calls > 5 && counting.calls < 300, "%s: %ld allocations", names[i], counting.calls);
        for (long call = 1; call <= counting.calls; call++) {
            heap h = {.fail_at = call, .fail_until = call};
            CHECK(live_once_as_int8(&h, names[i], out, 64) == VIT_ERROR_MEMORY, "%s: allocation %ld failed", names[i], call);
        }
        heap again = {0};
        CHECK(live_once_as_int8(&again, names[i], out, 64) == VIT_OK && memcmp(first, out, sizeof out) == 0, "%s: other bits",
              names[i]);
    }
}

static void forward_allocates_nothing(void) {
    heap h = {0};
    vit_options *o = options_on(&h, 3);
    vit_context *c = NULL;
    char why[256];
    float out[7];
    int32_t left;
    CHECK(vit_load_memory(&c, model.data, model.size, o, why, sizeof why) == VIT_OK, "%s", why);
    long before = h.calls;
    static float input[720];
    for (int i = 0; i < 3; i++) CHECK(vit_forward(c, &picture, 1, out, 7) == VIT_OK, "%s", vit_message(c));
    CHECK(vit_begin(c, &picture, 1) == VIT_OK && vit_step(c, 99, &left) == VIT_OK && vit_end(c, out, 7) == VIT_OK, "stepped");
    CHECK(vit_preprocess(c, &picture, input, 720) == VIT_OK, "preprocess");
    CHECK(h.calls == before, "%ld allocations in forwards", h.calls - before);
    int64_t owned;
    CHECK(vit_info_int(c, VIT_INFO_OWNED_BYTES, &owned) == VIT_OK && owned >= (int64_t)h.bytes &&
              owned < (int64_t)h.bytes + 64 * h.live,
          "owned %lld, allocated %zu", (long long)owned, h.bytes);
    vit_free(c);
    vit_options_free(o);
}

/* A block of the planned size, with sanitizer-checked malloc bounds around it. */
static void planned_memory_is_exact(void) {
    for (int outputs = 0; outputs <= 1; outputs++) {
        vit_options *o = vit_options_create();
        vit_options_set_text(o, VIT_OPT_CONFIG_JSON, model.config);
        vit_options_set_int(o, VIT_OPT_OUTPUTS, outputs ? 1 << VIT_OUTPUT_TOKENS | 1 << VIT_OUTPUT_HIDDEN : 0);
        uint64_t bytes = 0;
        char why[256] = "";
        CHECK(vit_plan(model.data, model.size, o, &bytes, why, sizeof why) == VIT_OK && bytes > 1000, "%s", why);
        void *memory = aligned_alloc(64, (size_t)bytes);
        memset(memory, 0x5a, (size_t)bytes);
        CHECK(vit_options_set_memory(o, memory, (size_t)bytes) == VIT_OK, "set memory");
        vit_context *c = NULL;
        float out[7];
        CHECK(vit_load_memory(&c, model.data, model.size, o, why, sizeof why) == VIT_OK, "%s", why);
        CHECK(c && vit_forward(c, &picture, 1, out, 7) == VIT_OK && memcmp(out, expected, sizeof out) == 0, "other bits");
        vit_free(c);
        c = NULL;
        CHECK(vit_options_set_memory(o, memory, (size_t)bytes - 64) == VIT_OK, "set memory");
        CHECK(vit_load_memory(&c, model.data, model.size, o, why, sizeof why) == VIT_ERROR_MEMORY && !c,
              "one unit less was enough");
        free(memory);
        vit_options_free(o);
    }
}

static void memory_cap(void) {
    heap h = {0};
    vit_options *o = options_on(&h, 1);
    vit_options_set_int(o, VIT_OPT_MAX_MEMORY, 20000);
    vit_context *c = NULL;
    char why[256] = "";
    CHECK(vit_load_memory(&c, model.data, model.size, o, why, sizeof why) == VIT_ERROR_LIMIT && !c, "%s", why);
    CHECK(h.live == 0, "%ld blocks left", h.live);
    vit_options_free(o);
}

static void clean_up(void) {
    free(model.data);
    free((void *)(size_t)picture.planes[0]);
}

TEST_MAIN(prepare, every_allocation_fails, every_allocation_fails_as_int8, forward_allocates_nothing,
          planned_memory_is_exact, memory_cap, clean_up)
