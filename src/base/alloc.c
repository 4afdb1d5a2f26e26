/* alloc.c: see alloc.h. */
#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/checked.h"

/* ---- malloc ------------------------------------------------------------------------------------------------------------- */

/* aligned_alloc is missing from some C libraries and do not zero: calloc more, and keep its pointer below the block. */
static void *heap_take(size_t size) {
    size_t padded;
    if (!vi_add_size(size, VI_ALIGN - 1 + sizeof(void *), &padded)) return NULL;
    unsigned char *raw = calloc(1, padded);
    if (raw == NULL) return NULL;
    size_t gap = sizeof(void *);
    gap += (VI_ALIGN - ((uintptr_t)raw + gap) % VI_ALIGN) % VI_ALIGN;
    memcpy(raw + gap - sizeof raw, &raw, sizeof raw);
    return raw + gap;
}

static void heap_give(unsigned char *block) {
    void *raw;
    memcpy(&raw, block - sizeof raw, sizeof raw);
    free(raw);
}

/* ---- the caller's hook --------------------------------------------------------------------------------------------------- */

static void *hook_take(vi_allocator *a, size_t size) {
    void *block = a->alloc(a->user, size, VI_ALIGN);
    if (block == NULL) return NULL;
    if ((uintptr_t)block % VI_ALIGN != 0) { /* a broken hook: better no memory than a crash in a kernel */
        a->free(a->user, block, size);
        return NULL;
    }
    return memset(block, 0, size);
}

/* ---- region -------------------------------------------------------------------------------------------------------------- */

void vi_allocator_region(vi_allocator *a, void *mem, size_t size) {
    *a = (vi_allocator){.limit = a->limit};
    size_t lost = (VI_ALIGN - (uintptr_t)mem % VI_ALIGN) % VI_ALIGN;
    a->region = (unsigned char *)mem + (lost < size ? lost : 0);
    a->region_size = lost < size ? (size - lost) / VI_ALIGN * VI_ALIGN : 0;
}

/* Only now is the caller's memory written to, so that a fresh allocator can be copied and each copy used after the other. */
static void region_begin(vi_allocator *a) {
    a->region_begun = true;
    if (a->region_size == 0) return;
    a->holes = (vi_hole *)(void *)a->region;
    *a->holes = (vi_hole){.size = a->region_size};
}

static void *region_take(vi_allocator *a, size_t size, vi_lifetime life) {
    if (!a->region_begun) region_begin(a);
    vi_hole **found = NULL; /* lasting: lowest hole that is large enough; temporary: highest */
    for (vi_hole **link = &a->holes; *link != NULL; link = &(*link)->next) {
        if ((*link)->size < size) continue;
        found = link;
        if (life == VI_LASTING) break;
    }
    if (found == NULL) return NULL;
    vi_hole *hole = *found;
    unsigned char *bottom = (unsigned char *)hole;
    size_t rest = hole->size - size;
    if (rest == 0) {
        *found = hole->next;
    } else if (life == VI_TEMPORARY) {
        hole->size = rest;
    } else {
        vi_hole *moved = (vi_hole *)(void *)(bottom + size);
        *moved = (vi_hole){.size = rest, .next = hole->next};
        *found = moved;
    }
    return memset(life == VI_TEMPORARY ? bottom + rest : bottom, 0, size);
}

static void region_give(vi_allocator *a, unsigned char *block, size_t size) {
    vi_hole *below = NULL, *above = a->holes;
    while (above != NULL && (unsigned char *)above < block) {
        below = above;
        above = above->next;
    }
    vi_hole *hole = (vi_hole *)(void *)block;
    *hole = (vi_hole){.size = size, .next = above};
    if (above != NULL && block + size == (unsigned char *)above) {
        hole->size += above->size;
        hole->next = above->next;
    }
    if (below == NULL) {
        a->holes = hole;
    } else if ((unsigned char *)below + below->size == block) {
        below->size += hole->size;
        below->next = hole->next;
    } else {
        below->next = hole;
    }
}

/* ---- all of them --------------------------------------------------------------------------------------------------------- */

/* Size 0 takes one unit, so that NULL always means failure. */
static bool units(size_t size, size_t *out) {
    return vi_round_up(size == 0 ? 1 : size, VI_ALIGN, out);
}

void *vi_alloc(vi_allocator *a, size_t size, vi_lifetime life) {
    size_t rounded, total;
    if (!units(size, &rounded) || !vi_add_size(a->in_use, rounded, &total)) return NULL;
    if (a->limit != 0 && total > a->limit) {
        a->limit_hit = true;
        return NULL;
    }
    void *block = a->region != NULL  ? region_take(a, rounded, life)
                  : a->alloc != NULL ? hook_take(a, rounded)
                                     : heap_take(rounded);
    if (block == NULL) return NULL;
    a->in_use = total;
    if (total > a->peak) a->peak = total;
    return block;
}

void vi_free(vi_allocator *a, void *block, size_t size, vi_lifetime life) {
    (void)life; /* a region finds the place by address */
    size_t rounded;
    if (block == NULL || !units(size, &rounded)) return;
    a->in_use -= rounded;
    if (a->region != NULL) region_give(a, block, rounded);
    else if (a->alloc != NULL) a->free(a->user, block, rounded);
    else heap_give(block);
}

int32_t vi_alloc_failed(const vi_allocator *a, size_t size, const char *what, vi_error *e) {
    if (a->limit_hit) {
        return vi_fail(e, VIT_ERROR_LIMIT, "%s needs %zu bytes more than the %zu in use; the memory limit is %zu bytes", what,
                       size, a->in_use, a->limit);
    }
    return vi_fail(e, VIT_ERROR_MEMORY, "out of memory: %s needs %zu bytes", what, size);
}
