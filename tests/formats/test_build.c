/* test_build.c: what all formats share: the two passes over a file that fill a directory, and files that change between them. */
#include "formats/support.h"

#include "format/build.h"

typedef struct plan { /* what a pass adds: the first one, and the second one */
    int tensors[2], named[2];
    const char *names[2]; /* prefix of the names */
    size_t text[2];       /* bytes of each value */
    int32_t status[2];    /* of the pass */
} plan;

static int32_t pass(vi_builder *b, void *user) {
    const plan *p = user;
    static const char value[64] = "value";
    int32_t status = VIT_OK;
    for (int i = p->tensors[b->filling]; status == VIT_OK && i-- > 0;) { /* in descending order */
        char name[64];
        snprintf(name, sizeof name, "%s%d", p->names[b->filling], i);
        vi_tensor t = {.dtype = VI_DT_U8, .rank = 1, .shape = {3}, .offset = (uint64_t)i, .bytes = 3};
        status = vi_build_tensor(b, &t, name, strlen(name));
    }
    for (int i = 0; status == VIT_OK && i < p->named[b->filling]; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%d", p->names[b->filling], i);
        vi_meta m = {.kind = VI_META_TEXT, .count = (uint32_t)p->text[b->filling]};
        status = vi_build_named(b, name, strlen(name), &m, value, p->text[b->filling]);
    }
    return status == VIT_OK ? p->status[b->filling] : status;
}

static int32_t build(const plan *p, vi_directory *d, heap *h, vi_allocator *a, vi_error *e) {
    static unsigned char file[64];
    static vi_reader r;
    plan copy = *p;
    *h = (heap){0};
    *a = heap_allocator(h);
    vi_reader_open_memory(&r, file, sizeof file, e);
    *d = (vi_directory){.reader = &r};
    return vi_build(d, pass, &copy, a, e);
}

static void finish(vi_directory *d, heap *h, vi_allocator *a) {
    vi_directory_close(d, a);
    CHECK(heap_live(h) == 0 && !h->wrong && a->in_use == 0, "leak");
}

static void test_good(void) {
    plan p = {{20, 20}, {3, 3}, {"t", "t"}, {5, 5}, {VIT_OK, VIT_OK}};
    vi_directory d;
    heap h;
    vi_allocator a;
    vi_error e = {0};
    CHECK(build(&p, &d, &h, &a, &e) == VIT_OK, "%s", e.text);
    CHECK(d.count == 20 && d.named_count == 3, "%zu tensors", d.count);
    for (size_t i = 0; i < d.count; i++) {
        CHECK(i == 0 || strcmp(d.tensors[i - 1].name, d.tensors[i].name) < 0, "order");
        const vi_tensor *t = &d.tensors[i];
        CHECK(t->offset == (uint64_t)atoi(t->name + 1) && t->elements == 3, "%s moved", t->name);
    }
    const char *text = vi_named_text(&d, "t2");
    CHECK(text != NULL && strcmp(text, "value") == 0 && vi_named_text(&d, "t3") == NULL, "named");
    finish(&d, &h, &a);
    p = (plan){{0, 0}, {0, 0}, {"", ""}, {0, 0}, {VIT_OK, VIT_OK}};
    CHECK(build(&p, &d, &h, &a, &e) == VIT_OK && d.count == 0 && vi_directory_find(&d, "t") == NULL, "nothing at all");
    finish(&d, &h, &a);
}

static void test_changes(void) {
    static const struct {
        const char *what;
        plan p;
        int32_t expected;
    } cases[] = {
        {"one tensor more", {{3, 4}, {0, 0}, {"t", "t"}, {0, 0}, {0, 0}}, VIT_ERROR_IO},
        {"the first tensor", {{0, 1}, {0, 0}, {"t", "t"}, {0, 0}, {0, 0}}, VIT_ERROR_IO},
        {"one tensor less", {{4, 3}, {0, 0}, {"t", "t"}, {0, 0}, {0, 0}}, VIT_OK},
        {"longer names", {{3, 3}, {0, 0}, {"t", "tt"}, {0, 0}, {0, 0}}, VIT_ERROR_IO},
        {"shorter names", {{3, 3}, {0, 0}, {"tt", "t"}, {0, 0}, {0, 0}}, VIT_OK},
        {"one value more", {{0, 0}, {3, 4}, {"t", "t"}, {5, 5}, {0, 0}}, VIT_ERROR_IO},
        {"one value less", {{0, 0}, {4, 3}, {"t", "t"}, {5, 5}, {0, 0}}, VIT_OK},
        {"longer values", {{0, 0}, {3, 3}, {"t", "t"}, {5, 6}, {0, 0}}, VIT_ERROR_IO},
        {"longer values, but fewer", {{0, 0}, {3, 2}, {"t", "t"}, {5, 6}, {0, 0}}, VIT_OK},
        {"more tensors, but shorter names", {{3, 4}, {0, 0}, {"ttttttttt", "t"}, {0, 0}, {0, 0}}, VIT_ERROR_IO},
        {"the first pass fails", {{3, 3}, {0, 0}, {"t", "t"}, {0, 0}, {VIT_ERROR_CORRUPT, 0}}, VIT_ERROR_CORRUPT},
        {"the second pass fails", {{3, 3}, {0, 0}, {"t", "t"}, {0, 0}, {0, VIT_ERROR_CORRUPT}}, VIT_ERROR_CORRUPT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vi_directory d;
        heap h;
        vi_allocator a;
        vi_error e = {0};
        CHECK(build(&cases[i].p, &d, &h, &a, &e) == cases[i].expected, "%s: %s", cases[i].what, e.text);
        finish(&d, &h, &a);
    }
}

/* Which strides are rows, and how far the others reach. */
static void test_strides(void) {
    static const struct {
        uint32_t rank;
        uint64_t shape[3], stride[3], extent;
        bool fits, strided;
    } cases[] = {
        {0, {0}, {0}, 1, true, false},
        {1, {5}, {1}, 5, true, false},
        {1, {5}, {2}, 9, true, true},
        {1, {5}, {0}, 1, true, true},
        {1, {1}, {7}, 1, true, false},
        {2, {2, 3}, {3, 1}, 6, true, false},
        {2, {2, 3}, {1, 2}, 6, true, true},
        {2, {1, 3}, {99, 1}, 3, true, false},
        {2, {3, 1}, {1, 99}, 3, true, false},
        {2, {3, 1}, {2, 1}, 5, true, true},
        {3, {2, 1, 3}, {3, 0, 1}, 6, true, false},
        {3, {0, 4, 3}, {12, 3, 1}, 0, true, false},
        {3, {4, 0, 3}, {UINT64_MAX, UINT64_MAX, 1}, 0, true, false},
        {2, {2, 3}, {UINT64_MAX, 1}, 0, false, false},
        {2, {3, 3}, {UINT64_MAX / 2, 1}, 0, false, false},
        {2, {3, 1}, {(uint64_t)1 << 63, 1}, 0, false, false},
        {3, {2147483647, 2147483647, 2147483647}, {0, 0, 0}, 0, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vi_tensor t = {.rank = cases[i].rank};
        uint64_t extent = 12345;
        memcpy(t.shape, cases[i].shape, sizeof cases[i].shape);
        bool fits = vi_build_strides(&t, cases[i].stride, &extent);
        CHECK(fits == cases[i].fits, "case %zu", i);
        if (fits) CHECK(extent == cases[i].extent && t.strided == cases[i].strided, "case %zu: %u", i, (unsigned)extent);
    }
}

TEST_MAIN(test_good, test_changes, test_strides)
