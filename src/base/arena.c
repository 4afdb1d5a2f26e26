/* arena.c: see arena.h. */
#include "base/arena.h"

#include <stdint.h>
#include "base/alloc.h"
#include "base/checked.h"

vi_arena vi_arena_measure(void) {
    return (vi_arena){.size = SIZE_MAX};
}

vi_arena vi_arena_over(void *base, size_t size) {
    return (vi_arena){.base = base, .size = size};
}

void *vi_arena_take(vi_arena *a, size_t count, size_t element_size) {
    size_t bytes, rounded, end;
    if (a->failed) return NULL;
    if (!vi_mul_size(count, element_size, &bytes) || !vi_round_up(bytes, VI_ALIGN, &rounded) ||
        !vi_add_size(a->used, rounded, &end) || end > a->size) {
        a->failed = true;
        return NULL;
    }
    size_t start = a->used;
    a->used = end;
    return a->base == NULL ? NULL : a->base + start;
}
