/* test_view.c: dimensions in another order, slices of stacks and columns of what NumPy wrote, in either order, also deflated. */
#include "formats/containers.h"

#include "format/view.h"

static const char *const names[] = {"f32", "f16", "f64", "bf16", "columns", "columns3", "large",
                                    "Transformer/encoderblock_0/LayerNorm_0/scale"};
#define NAMES (sizeof names / sizeof *names)

static void every_file(void (*check)(opened *o, const char *name)) {
    static const char *const files[] = {DATA "plain.npz", DATA "packed.npz"};
    for (size_t i = 0; i < 2 * WAYS * NAMES; i++) {
        opened o;
        open_file(&o, files[i / NAMES / WAYS], (int)(i / NAMES % WAYS));
        CHECK(o.status == VIT_OK, "%s", o.error.text);
        if (o.status == VIT_OK) check(&o, names[i % NAMES]);
        close_file(&o);
    }
}

/* ---- dimensions ----------------------------------------------------------------------------------------------------------- */

/* Element of the tensor in its own order that is number i of it with all dimensions reversed. */
static uint64_t reversed(const vi_tensor *t, uint64_t i) {
    uint64_t at = 0, next = 1;
    for (uint32_t k = t->rank; k-- > 0;) { /* the reversed tensor's last dimension is the first one */
        uint64_t size = t->shape[t->rank - 1 - k], step = 1;
        for (uint32_t j = t->rank - k; j < t->rank; j++) step *= t->shape[j];
        at += i / next % size * step;
        next *= size;
    }
    return at;
}

static void check_turned(opened *o, const char *name) {
    static const uint32_t backwards[3][3] = {{0}, {1, 0}, {2, 1, 0}};
    vi_tensor *t = vi_directory_find(&o->directory, name);
    const vi_tensor before = *t;
    float x[2048];
    vi_tensor_turn(t, backwards[t->rank - 1]);
    CHECK(t->turned && t->elements == before.elements && t->bytes == before.bytes, "%s", name);
    char text[160];
    CHECK(strstr(vi_shape_text(text, sizeof text, t), "] (transposed)") != NULL, "%s", text);
    CHECK(vi_tensor_load(&o->directory, t, x, &o->allocator, &o->error) == VIT_OK, "%s: %s", name, o->error.text);
    size_t wrong = 0;
    for (uint64_t i = 0; i < t->elements; i++) wrong += x[i] == expected_number(name, reversed(&before, i)) ? 0 : 1;
    CHECK(wrong == 0, "%s: %zu wrong", name, wrong);
    vi_tensor_turn(t, backwards[t->rank - 1]);
    CHECK(t->strided == before.strided && memcmp(t->shape, before.shape, sizeof t->shape) == 0, "%s: turned back", name);
}

static void turned(void) { every_file(check_turned); }

/* ---- columns -------------------------------------------------------------------------------------------------------------- */

typedef struct collected {
    const char *name;
    size_t rows, next, wrong;
} collected;

static void collect(void *user, size_t first, size_t count, const float *columns) {
    collected *c = user;
    c->wrong += first != c->next;
    for (size_t i = 0; i < count * c->rows; i++) c->wrong += columns[i] == expected_number(c->name, first * c->rows + i) ? 0 : 1;
    c->next = first + count;
}

/* A tensor in C order, turned, comes in the order of the file, whatever the size of the pieces. */
static void check_columns(opened *o, const char *name) {
    static const uint32_t swapped[] = {1, 0};
    vi_tensor *t = vi_directory_find(&o->directory, name);
    float room[2048];
    if (t->rank != 2) return;
    CHECK(vi_tensor_by_columns(t, t->shape[0]) == t->strided, "%s as it is", name);
    if (t->strided) return; /* the file has it by columns; the numbers of its name count by rows */
    vi_tensor_turn(t, swapped);
    CHECK(vi_tensor_by_columns(t, t->shape[0]) && !vi_tensor_by_columns(t, t->shape[0] + 1), "%s turned", name);
    for (size_t most = 1; most <= 17; most += 4) {
        collected c = {name, (size_t)t->shape[0], 0, 0};
        int32_t status =
            vi_tensor_columns(&o->directory, t, c.rows, room, most, collect, &c, &o->allocator, &o->error);
        CHECK(status == VIT_OK && c.next == t->shape[1] && c.wrong == 0, "%s in pieces of %zu: %zu wrong", name, most, c.wrong);
    }
}

static void by_columns(void) { every_file(check_columns); }

/* ---- stacks --------------------------------------------------------------------------------------------------------------- */

static void check_slices(opened *o, const char *name) {
    vi_tensor *t = vi_directory_find(&o->directory, name);
    uint64_t depth = t->shape[0], each = t->elements / depth;
    vi_directory slices;
    t->name = "a/stack/x/y";
    int32_t status = vi_directory_unstack(&slices, &o->directory, "a/stack", &o->allocator, &o->error);
    CHECK(status == VIT_OK && slices.count == o->directory.count - 1 + depth, "%s: %s", name, o->error.text);
    CHECK(vi_directory_find(&slices, "a/stack/x/y") == NULL && vi_directory_find(&slices, "i64") != NULL, "%s: names", name);
    for (uint64_t i = 0; status == VIT_OK && i < depth; i++) {
        char slice[64];
        float x[2048];
        snprintf(slice, sizeof slice, "a/stack[%u]/x/y", (unsigned)i);
        const vi_tensor *s = vi_directory_find(&slices, slice);
        CHECK(s != NULL && s->rank == t->rank - 1 && s->elements == each, "%s of %s", slice, name);
        if (s == NULL) continue;
        status = vi_tensor_load(&o->directory, s, x, &o->allocator, &o->error);
        CHECK(status == VIT_OK, "%s of %s: %s", slice, name, o->error.text);
        size_t wrong = 0;
        for (uint64_t k = 0; k < each; k++) wrong += x[k] == expected_number(name, i * each + k) ? 0 : 1;
        CHECK(wrong == 0, "%s of %s: %zu wrong", slice, name, wrong);
    }
    vi_directory_close(&slices, &o->allocator);
}

static void slices_of_stacks(void) { every_file(check_slices); }

static void memory_runs_out(void) {
    opened o;
    open_file(&o, DATA "plain.npz", FROM_MEMORY);
    vi_directory_find(&o.directory, "large")->name = "s/large";
    vi_directory slices;
    o.heap.fail_at = o.heap.calls + 1;
    CHECK(vi_directory_unstack(&slices, &o.directory, "s", &o.allocator, &o.error) == VIT_ERROR_MEMORY, "%s", o.error.text);
    vi_directory_close(&slices, &o.allocator);
    close_file(&o);
}

TEST_MAIN(turned, by_columns, slices_of_stacks, memory_runs_out)
