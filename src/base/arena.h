/* arena.h: lays several arrays out in one block. The same function lays out twice: first on a measuring arena (no memory,
 * counts bytes), then on the real block, so that the size asked for and the size used cannot differ.
 * Errors are sticky: an overflow or a full arena gives NULL from then on, and `failed` says so once at the end. */
#ifndef VI_BASE_ARENA_H
#define VI_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

typedef struct vi_arena {
    unsigned char *base; /* NULL: measuring */
    size_t size, used;
    bool failed;
} vi_arena;

vi_arena vi_arena_measure(void);
vi_arena vi_arena_over(void *base, size_t size); /* base aligned to VI_ALIGN */

/* count * element_size bytes aligned to VI_ALIGN; NULL while measuring, when full, or after overflow. */
void *vi_arena_take(vi_arena *a, size_t count, size_t element_size);

#endif
