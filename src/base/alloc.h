/* alloc.h: every byte the library owns comes from here (`make lint`: only alloc.c calls malloc and free).
 *
 * Three sources: malloc, the caller's hook, or a block of the caller's memory ("region"), from which lasting blocks are
 * taken at the bottom and temporary ones at the top, so that what loading needs for a moment leaves no hole. A region of
 * exactly `peak` bytes is enough when blocks of each lifetime were freed last in, first out; in any other order freed
 * memory is still found again, but may lie where a larger block does not fit.
 *
 * An allocator may be copied while nothing is taken from it, and moved at any time. */
#ifndef VI_BASE_ALLOC_H
#define VI_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include "base/status.h"
#include "vit.h"

#define VI_ALIGN 64 /* one cache line, one zmm register */

typedef enum vi_lifetime {
    VI_LASTING,  /* lives as long as the model or context */
    VI_TEMPORARY /* freed before the load returns, last in, first out */
} vi_lifetime;

typedef struct vi_hole { /* free part of a region, kept in the part itself */
    size_t size;          /* a multiple of VI_ALIGN, > 0 */
    struct vi_hole *next; /* at a higher address, not adjacent */
} vi_hole;

typedef struct vi_allocator {
    vit_alloc_fn alloc; /* NULL: malloc */
    vit_free_fn free;
    void *user;
    unsigned char *region; /* caller's block or NULL; aligned to VI_ALIGN by vi_allocator_region */
    size_t region_size;    /* a multiple of VI_ALIGN */
    bool region_begun;     /* false: nothing was ever taken, `holes` says nothing yet */
    vi_hole *holes;        /* of the region, by address */
    size_t limit;          /* cap on in_use, 0: none */
    bool limit_hit;        /* an allocation failed because of it */
    size_t in_use, peak;   /* bytes, each block rounded up to VI_ALIGN: exactly what a region would need */
} vi_allocator;

/* Uses mem[0..size) instead of an allocator. Bytes before the first VI_ALIGN boundary and after the last one are lost. */
void vi_allocator_region(vi_allocator *a, void *mem, size_t size);

/* Zeroed, VI_ALIGN-aligned memory; NULL when there is none (never for size 0, which gives one unit).
 * The size passed to vi_free must be the one passed to vi_alloc. vi_free(a, NULL, n) does nothing. */
void *vi_alloc(vi_allocator *a, size_t size, vi_lifetime life);
void vi_free(vi_allocator *a, void *block, size_t size, vi_lifetime life);

/* To be returned when vi_alloc gave NULL: VIT_ERROR_LIMIT when `limit` was the reason, else VIT_ERROR_MEMORY. */
int32_t vi_alloc_failed(const vi_allocator *a, size_t size, const char *what, vi_error *e);

#endif
