/* test_oom_text.c: the same for a model with two towers and a tokenizer: every allocation of loading, cloning, reading texts and
 * saving fails in turn; ids need no allocation; the planned memory is enough for both towers. */
#include "heap.h"
#include "test.h"

#define MODEL "tests/golden/data/pair_clip_strings"
enum { L = 19, E = 6 };

typedef struct bytes {
    unsigned char *data;
    size_t size;
} bytes;

static bytes saved; /* the model as .vit */
static float expected[2 * E];
static const char *const texts[2] = {"a photo of a cat", "the dog"};

static int32_t append(void *user, const void *data, size_t size) {
    bytes *b = user;
    b->data = realloc(b->data, b->size + size);
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return 0;
}

static void prepare(void) {
    vit_context *c = NULL;
    char why[256] = "";
    CHECK(vit_load(&c, MODEL, NULL, why, sizeof why) == VIT_OK, "%s", why);
    CHECK(vit_text(c, texts, 2, expected, 2 * E) == VIT_OK, "%s", vit_message(c));
    CHECK(vit_save_writer(c, append, &saved, NULL, 0) == VIT_OK, "%s", vit_message(c));
    vit_free(c);
}

/* path NULL: from the saved copy. Returns the first bad status. */
static int32_t live_once(heap *h, const char *path) {
    vit_options *o = vit_options_create();
    vit_options_set_allocator(o, take, give_back, h);
    vit_options_set_int(o, VIT_OPT_MAP, 0);
    vit_context *c = NULL, *twin = NULL;
    char why[256] = "untouched";
    size_t written = 0;
    float out[2 * E] = {0};
    int32_t status = path ? vit_load(&c, path, o, why, sizeof why)
                          : vit_load_memory(&c, saved.data, saved.size, o, why, sizeof why);
    CHECK((status == VIT_OK) == (c != NULL), "out parameter");
    CHECK(status == VIT_OK || strcmp(why, "untouched") != 0, "no message");
    if (status == VIT_OK) status = vit_clone(&twin, c, o, why, sizeof why);
    if (status == VIT_OK) status = vit_text(twin, texts, 2, out, 2 * E);
    if (status == VIT_OK) CHECK(memcmp(out, expected, sizeof out) == 0, "other bits");
    if (status == VIT_OK) status = vit_save_writer(c, discard, &written, NULL, 0);
    vit_free(c);
    vit_free(twin);
    vit_options_free(o);
    CHECK(h->live == 0 && h->bytes == 0 && h->bad_frees == 0, "%ld blocks, %zu bytes left, %ld wrong sizes", h->live, h->bytes,
          h->bad_frees);
    return status;
}

static void every_allocation_fails(void) {
    const char *const paths[2] = {MODEL, NULL};
    for (int i = 0; i < 2; i++) {
        heap counting = {0};
        CHECK(live_once(&counting, paths[i]) == VIT_OK, "the undisturbed run");
        CHECK(counting.calls > 10, "%ld allocations", counting.calls);
        for (long call = 1; call <= counting.calls; call++)
            for (int from_then_on = 0; from_then_on <= 1; from_then_on++) {
                heap h = {.fail_at = call, .fail_until = from_then_on ? 1000000 : call};
                int32_t status = live_once(&h, paths[i]);
                CHECK(status == VIT_ERROR_MEMORY, "allocation %ld failed, status %d", call, (int)status);
            }
    }
}

static void ids_allocate_nothing(void) {
    heap h = {0};
    vit_options *o = vit_options_create();
    vit_options_set_allocator(o, take, give_back, &h);
    vit_options_set_int(o, VIT_OPT_THREADS, 2);
    vit_context *c = NULL;
    char why[256];
    int32_t ids[2 * L];
    float out[2 * E], scores[4];
    CHECK(vit_load_memory(&c, saved.data, saved.size, o, why, sizeof why) == VIT_OK, "%s", why);
    for (int i = 0; i < 2; i++) CHECK(vit_text_tokens(c, texts[i], ids + i * L, L, NULL) == VIT_OK, "%s", vit_message(c));
    long before = h.calls;
    CHECK(vit_text_ids(c, ids, 2, out, 2 * E) == VIT_OK && memcmp(out, expected, sizeof out) == 0, "%s", vit_message(c));
    CHECK(vit_zeroshot(c, out, 2, out, 2, scores, 4) == VIT_OK, "%s", vit_message(c));
    CHECK(h.calls == before, "%ld allocations", h.calls - before);
    int64_t owned;
    CHECK(vit_info_int(c, VIT_INFO_OWNED_BYTES, &owned) == VIT_OK && owned >= (int64_t)h.bytes &&
              owned < (int64_t)h.bytes + 64 * h.live,
          "owned %lld, allocated %zu", (long long)owned, h.bytes);
    vit_free(c);
    vit_options_free(o);
}

static void planned_memory_is_exact(void) {
    for (int text = 0; text <= 1; text++) {
        vit_options *o = vit_options_create();
        uint64_t planned = 0;
        char why[256] = "";
        vit_options_set_int(o, VIT_OPT_TEXT, text);
        CHECK(vit_plan(saved.data, saved.size, o, &planned, why, sizeof why) == VIT_OK && planned > 1000, "%s", why);
        void *memory = aligned_alloc(64, (size_t)planned);
        memset(memory, 0x5a, (size_t)planned);
        CHECK(vit_options_set_memory(o, memory, (size_t)planned) == VIT_OK, "set memory");
        vit_context *c = NULL;
        CHECK(vit_load_memory(&c, saved.data, saved.size, o, why, sizeof why) == VIT_OK, "%s", why);
        vit_free(c);
        c = NULL;
        CHECK(vit_options_set_memory(o, memory, (size_t)planned - 64) == VIT_OK, "set memory");
        CHECK(vit_load_memory(&c, saved.data, saved.size, o, why, sizeof why) == VIT_ERROR_MEMORY && !c,
              "one unit less was enough");
        free(memory);
        vit_options_free(o);
    }
    free(saved.data);
}

TEST_MAIN(prepare, every_allocation_fails, ids_allocate_nothing, planned_memory_is_exact)
