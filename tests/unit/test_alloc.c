/* test_alloc.c: base/alloc.h and base/arena.h. */
#include "formats/support.h"

#include "base/arena.h"

static bool zero(const unsigned char *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (p[i] != 0) return false;
    }
    return true;
}

static void check_blocks(vi_allocator *a, const char *what) {
    static const size_t sizes[] = {0, 1, 63, 64, 65, 1000, 4096};
    void *blocks[7];
    size_t expected = 0;
    for (size_t i = 0; i < 7; i++) {
        blocks[i] = vi_alloc(a, sizes[i], VI_LASTING);
        expected += sizes[i] == 0 ? 64 : (sizes[i] + 63) / 64 * 64;
        CHECK(blocks[i] != NULL && (uintptr_t)blocks[i] % VI_ALIGN == 0, "%s, size %zu", what, sizes[i]);
        CHECK(blocks[i] != NULL && zero(blocks[i], sizes[i]), "%s, size %zu", what, sizes[i]);
        if (blocks[i] != NULL) memset(blocks[i], 0xFF, sizes[i]);
        CHECK(a->in_use == expected, "%s: %zu in use, expected %zu", what, a->in_use, expected);
    }
    for (size_t i = 7; i-- > 0;) vi_free(a, blocks[i], sizes[i], VI_LASTING);
    CHECK(a->in_use == 0 && a->peak == expected, "%s: %zu in use, peak %zu", what, a->in_use, a->peak);
    vi_free(a, NULL, 100, VI_LASTING);
    CHECK(a->in_use == 0, "%s: freeing NULL counts", what);
}

static void test_sources(void) {
    vi_allocator a = {0};
    check_blocks(&a, "malloc");
    heap h = {0};
    a = heap_allocator(&h);
    check_blocks(&a, "hook");
    CHECK(h.calls == 7 && heap_live(&h) == 0 && !h.wrong, "%d calls, %d live", h.calls, heap_live(&h));
    static unsigned char memory[8192];
    memset(memory, 0xEE, sizeof memory);
    a = (vi_allocator){0};
    vi_allocator_region(&a, memory + 3, sizeof memory - 3);
    check_blocks(&a, "region");
    check_blocks(&a, "region again");
}

static void test_failures(void) {
    vi_allocator a = {0};
    CHECK(vi_alloc(&a, SIZE_MAX, VI_LASTING) == NULL, "rounding wraps");
    CHECK(vi_alloc(&a, SIZE_MAX - 64, VI_LASTING) == NULL, "padding wraps");
    CHECK(a.in_use == 0 && a.peak == 0, "a failure counts");
    heap h = {.fail_at = 1};
    a = heap_allocator(&h);
    CHECK(vi_alloc(&a, 10, VI_LASTING) == NULL && a.in_use == 0, "hook fails");
    vi_error e = {0};
    CHECK(vi_alloc_failed(&a, 10, "it", &e) == VIT_ERROR_MEMORY && strcmp(e.text, "out of memory: it needs 10 bytes") == 0, "%s",
          e.text);
}

static void *crooked(void *user, size_t size, size_t align) {
    (void)align;
    unsigned char *raw = heap_alloc(user, size + 64, 64);
    return raw + 8;
}

static void crooked_free(void *user, void *block, size_t size) {
    heap_free(user, (unsigned char *)block - 8, size + 64);
}

static void test_misaligned_hook(void) {
    heap h = {0};
    vi_allocator a = {.alloc = crooked, .free = crooked_free, .user = &h};
    CHECK(vi_alloc(&a, 100, VI_LASTING) == NULL, "a misaligned block must be refused");
    CHECK(a.in_use == 0 && heap_live(&h) == 0 && !h.wrong, "and given back");
}

static void test_limit(void) {
    heap h = {0};
    vi_allocator a = heap_allocator(&h);
    a.limit = 256;
    vi_error e = {0};
    void *block = vi_alloc(&a, 192, VI_LASTING);
    CHECK(block != NULL && !a.limit_hit, "below the limit");
    CHECK(vi_alloc(&a, 65, VI_LASTING) == NULL && a.limit_hit && h.calls == 1, "above the limit, without asking the hook");
    CHECK(vi_alloc_failed(&a, 65, "it", &e) == VIT_ERROR_LIMIT, "code %d", e.code);
    void *last = vi_alloc(&a, 64, VI_LASTING);
    CHECK(last != NULL, "exactly the limit");
    vi_free(&a, last, 64, VI_LASTING);
    vi_free(&a, block, 192, VI_LASTING);
}

/* A load in miniature: lasting and temporary blocks, each kind freed last in, first out. NULL when one did not fit. */
static bool load(vi_allocator *a) {
    enum { STEPS = 12 };
    void *lasting[STEPS] = {0}, *temporary[STEPS] = {0};
    static const size_t sizes[STEPS] = {100, 5000, 64, 1, 2000, 640, 3000, 65, 127, 900, 64, 4000};
    bool fits = true;
    for (size_t i = 0; fits && i < STEPS; i++) {
        temporary[i] = vi_alloc(a, sizes[STEPS - 1 - i], VI_TEMPORARY);
        lasting[i] = vi_alloc(a, sizes[i], VI_LASTING);
        fits = temporary[i] != NULL && lasting[i] != NULL;
        if (temporary[i] != NULL && i % 3 == 2) { /* some are over at once */
            vi_free(a, temporary[i], sizes[STEPS - 1 - i], VI_TEMPORARY);
            temporary[i] = NULL;
        }
    }
    for (size_t i = STEPS; i-- > 0;) vi_free(a, temporary[i], sizes[STEPS - 1 - i], VI_TEMPORARY);
    for (size_t i = STEPS; i-- > 0;) vi_free(a, lasting[i], sizes[i], VI_LASTING);
    CHECK(a->in_use == 0, "%zu left", a->in_use);
    return fits;
}

static void test_region_of_peak(void) {
    vi_allocator a = {0};
    CHECK(load(&a), "malloc");
    size_t peak = a.peak;
    unsigned char *raw = malloc(peak + 64);
    unsigned char *memory = raw + (64 - (uintptr_t)raw % 64);
    vi_allocator region = {0}, copy;
    vi_allocator_region(&region, memory, peak);
    copy = region;
    CHECK(load(&region) && region.peak == peak, "a region of exactly the peak: %zu", peak);
    CHECK(load(&region), "again");
    CHECK(load(&copy), "a copy made before");
    vi_allocator_region(&region, memory, peak - 64);
    CHECK(!load(&region), "64 bytes less must not be enough");
    vi_allocator_region(&region, memory, peak - 1);
    CHECK(!load(&region), "1 byte less must not be enough");
    vi_allocator_region(&region, memory + 1, peak);
    CHECK(!load(&region), "nor misaligned memory");
    free(raw);
}

static void test_tiny_regions(void) {
    _Alignas(64) static unsigned char memory[256];
    for (size_t start = 0; start < 64; start += 21) {
        for (size_t size = 0; size <= 128; size++) {
            vi_allocator a = {0};
            vi_allocator_region(&a, memory + start, size);
            size_t lost = (64 - start % 64) % 64, room = size > lost ? (size - lost) / 64 * 64 : 0;
            void *block = vi_alloc(&a, room, VI_TEMPORARY);
            CHECK((block != NULL) == (room != 0), "start %zu size %zu", start, size);
            CHECK(vi_alloc(&a, 1, VI_LASTING) == NULL, "start %zu size %zu: full", start, size);
        }
    }
    vi_allocator a = {0};
    vi_allocator_region(&a, memory, 0);
    CHECK(a.region != NULL && vi_alloc(&a, 0, VI_LASTING) == NULL, "a region of nothing must not fall back to malloc");
}

/* Freed places are used again: lasting blocks take the lowest that fits, temporary ones the highest. */
static void test_region_holes(void) {
    _Alignas(64) static unsigned char memory[64 * 8];
    vi_allocator a = {0};
    vi_allocator_region(&a, memory, sizeof memory);
    unsigned char *low = vi_alloc(&a, 128, VI_LASTING), *next = vi_alloc(&a, 64, VI_LASTING);
    unsigned char *high = vi_alloc(&a, 128, VI_TEMPORARY), *below = vi_alloc(&a, 64, VI_TEMPORARY);
    CHECK(low == memory && next == memory + 128 && high == memory + 384 && below == memory + 320, "from both ends");
    vi_free(&a, low, 128, VI_LASTING);
    vi_free(&a, high, 128, VI_TEMPORARY);
    CHECK(vi_alloc(&a, 64, VI_LASTING) == memory && vi_alloc(&a, 64, VI_TEMPORARY) == memory + 448, "outermost holes first");
    CHECK(vi_alloc(&a, 128, VI_LASTING) == memory + 192, "the first that is large enough");
    CHECK(vi_alloc(&a, 128, VI_TEMPORARY) == NULL, "no hole is large enough, though 128 bytes are free");
    CHECK(vi_alloc(&a, 64, VI_LASTING) == memory + 64 && vi_alloc(&a, 64, VI_LASTING) == memory + 384, "the rest");
    CHECK(a.in_use == sizeof memory && vi_alloc(&a, 1, VI_LASTING) == NULL, "full");
}

/* Random order: blocks never overlap, stay in the region, and in the end it is whole again. */
static void test_region_in_any_order(void) {
    enum { SIZE = 64 * 200, BLOCKS = 40 };
    static unsigned char memory[SIZE + 64];
    unsigned char *start = memory + (64 - (uintptr_t)memory % 64) % 64;
    vi_allocator a = {0};
    vi_allocator_region(&a, start, SIZE);
    struct {
        unsigned char *at;
        size_t size;
        vi_lifetime life;
    } blocks[BLOCKS] = {0};
    unsigned long long seed = 7;
    int taken = 0, refused = 0;
    for (int step = 0; step < 20000; step++) {
        size_t i = (size_t)(test_random(&seed) >> 33) % BLOCKS;
        if (blocks[i].at != NULL) {
            bool mine = true;
            for (size_t k = 0; k < blocks[i].size; k++) mine = mine && blocks[i].at[k] == (unsigned char)i;
            CHECK(mine, "a block was overwritten");
            vi_free(&a, blocks[i].at, blocks[i].size, blocks[i].life);
            blocks[i].at = NULL;
            continue;
        }
        blocks[i].size = (size_t)(test_random(&seed) >> 33) % 900;
        blocks[i].life = test_random(&seed) >> 63 ? VI_TEMPORARY : VI_LASTING;
        blocks[i].at = vi_alloc(&a, blocks[i].size, blocks[i].life);
        if (blocks[i].at == NULL) {
            refused++;
            continue;
        }
        taken++;
        CHECK(blocks[i].at >= start && blocks[i].at + blocks[i].size <= start + SIZE, "outside");
        CHECK(zero(blocks[i].at, blocks[i].size), "not zeroed");
        memset(blocks[i].at, (int)i, blocks[i].size);
    }
    CHECK(taken > 5000 && refused > 50, "%d taken, %d refused: the test must reach both", taken, refused);
    for (size_t i = 0; i < BLOCKS; i++) vi_free(&a, blocks[i].at, blocks[i].size, blocks[i].life);
    CHECK(a.in_use == 0, "%zu in use", a.in_use);
    CHECK(vi_alloc(&a, SIZE, VI_LASTING) == start, "the region must be whole again");
}

static void test_arena(void) {
    vi_arena m = vi_arena_measure();
    CHECK(vi_arena_take(&m, 3, 5) == NULL && vi_arena_take(&m, 1, 64) == NULL && vi_arena_take(&m, 0, 8) == NULL,
          "measuring gives NULL");
    CHECK(m.used == 128 && !m.failed, "used %zu", m.used);
    _Alignas(64) static unsigned char memory[192];
    vi_arena a = vi_arena_over(memory, 128);
    CHECK(vi_arena_take(&a, 3, 5) == memory && vi_arena_take(&a, 1, 64) == memory + 64, "in order, aligned");
    CHECK(vi_arena_take(&a, 0, 8) == memory + 128 && !a.failed, "nothing fits always");
    CHECK(vi_arena_take(&a, 1, 1) == NULL && a.failed, "full");
    CHECK(vi_arena_take(&a, 0, 1) == NULL, "sticky");
    a = vi_arena_over(memory, 127);
    CHECK(vi_arena_take(&a, 1, 65) == NULL && a.failed && a.used == 0, "rounding counts");
    a = vi_arena_measure();
    CHECK(vi_arena_take(&a, SIZE_MAX / 2 + 1, 2) == NULL && a.failed, "product overflows");
    a = vi_arena_measure();
    vi_arena_take(&a, SIZE_MAX / 128, 64);
    CHECK(!a.failed, "half of everything");
    vi_arena_take(&a, SIZE_MAX / 128, 64);
    vi_arena_take(&a, 2, 64);
    CHECK(a.failed, "sum overflows");
    a = vi_arena_measure();
    CHECK(vi_arena_take(&a, SIZE_MAX, 1) == NULL && a.failed, "rounding overflows");
}

TEST_MAIN(test_sources, test_failures, test_misaligned_hook, test_limit, test_region_of_peak, test_tiny_regions,
          test_region_holes, test_region_in_any_order, test_arena)
