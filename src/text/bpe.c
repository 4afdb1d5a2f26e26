/* bpe.c: see bpe.h. Symbols are a linked list; what could be merged is a heap, by rank and place. What merging makes outdated
 * stays in the heap until it comes up: the list says whether it still holds. So a word of n symbols takes O(n log n). */
#include "text/bpe.h"

#include "text/block.h"

#define NONE UINT32_MAX
#define SYMBOL_BYTES (4 * 4 + 2 * 8) /* id, previous, next, rank of the pair with the next; two heap entries */

typedef struct word {
    const vi_tokenizer *t;
    uint32_t *ids, *previous, *next; /* [n]; next of the last: NONE */
    uint32_t *ranks;                 /* [n]: NONE when this and the next do not merge, or this is gone */
    uint64_t *heap;                  /* [2 n]: rank << 32 | place; n - 1 to begin with, each merge takes one and adds up to two */
    size_t heap_count;
} word;

int32_t vi_bpe_reserve(vi_bpe *b, size_t count, vi_error *e) {
    if (count <= b->room) return VIT_OK;
    size_t room = count < 256 ? 256 : count;
    vi_bpe_free(b);
    b->block = vi_alloc(b->a, room * SYMBOL_BYTES, VI_TEMPORARY);
    if (b->block == NULL) return vi_alloc_failed(b->a, room * SYMBOL_BYTES, "the words of a text", e);
    b->room = room;
    b->ids = (uint32_t *)((uint64_t *)b->block + 2 * room);
    return VIT_OK;
}

void vi_bpe_free(vi_bpe *b) {
    vi_free(b->a, b->block, b->room * SYMBOL_BYTES, VI_TEMPORARY);
    b->block = NULL;
    b->ids = NULL;
    b->room = 0;
}

/* The record that merges two ids, or NULL. */
static const unsigned char *find_merge(const vi_tokenizer *t, uint32_t left, uint32_t right) {
    if (t->starts.count == 0) return NULL;
    uint32_t low = vi_word(t->starts.data, left), end = vi_word(t->starts.data, left + 1), high = end;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (vi_word(t->merges.data + (size_t)middle * 4 * VI_MERGE_WORDS, 0) < right) low = middle + 1;
        else high = middle;
    }
    const unsigned char *record = t->merges.data + (size_t)low * 4 * VI_MERGE_WORDS;
    return low < end && vi_word(record, 0) == right ? record : NULL;
}

static void push(word *w, uint64_t entry) {
    size_t i = w->heap_count++;
    for (; i > 0 && w->heap[(i - 1) / 2] > entry; i = (i - 1) / 2) w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = entry;
}

static uint64_t pop(word *w) {
    uint64_t top = w->heap[0], last = w->heap[--w->heap_count];
    size_t i = 0, child;
    while ((child = 2 * i + 1) < w->heap_count) {
        if (child + 1 < w->heap_count && w->heap[child + 1] < w->heap[child]) child++;
        if (w->heap[child] >= last) break;
        w->heap[i] = w->heap[child];
        i = child;
    }
    w->heap[i] = last;
    return top;
}

/* Looks up the pair of `place` and what follows it. */
static void consider(word *w, uint32_t place) {
    w->ranks[place] = NONE;
    if (w->next[place] == NONE) return;
    const unsigned char *merge = find_merge(w->t, w->ids[place], w->ids[w->next[place]]);
    if (merge == NULL) return;
    w->ranks[place] = vi_word(merge, 1);
    push(w, (uint64_t)w->ranks[place] << 32 | place);
}

static void merge_at(word *w, uint32_t place) {
    uint32_t gone = w->next[place];
    w->ids[place] = vi_word(find_merge(w->t, w->ids[place], w->ids[gone]), 2);
    w->ranks[gone] = NONE;
    w->next[place] = w->next[gone];
    if (w->next[place] != NONE) w->previous[w->next[place]] = place;
    consider(w, place);
    if (place > 0) consider(w, w->previous[place]);
}

size_t vi_bpe_merge(vi_bpe *b, const vi_tokenizer *t, size_t count) {
    if (count < 2) return count;
    word w = {.t = t, .ids = b->ids, .previous = b->ids + b->room, .next = b->ids + 2 * b->room, .ranks = b->ids + 3 * b->room,
              .heap = b->block};
    uint32_t n = (uint32_t)count;
    for (uint32_t i = 0; i < n; i++) {
        w.previous[i] = i > 0 ? i - 1 : 0;
        w.next[i] = i + 1 < n ? i + 1 : NONE;
    }
    for (uint32_t i = 0; i < n; i++) consider(&w, i);
    while (w.heap_count > 0) {
        uint64_t top = pop(&w);
        uint32_t place = (uint32_t)(top & NONE);
        if (w.ranks[place] == top >> 32 && w.ranks[place] != NONE) merge_at(&w, place);
    }
    size_t left = 0;
    for (uint32_t i = 0; i != NONE; i = w.next[i]) b->ids[left++] = w.ids[i]; /* left <= i: nothing is lost */
    return left;
}
