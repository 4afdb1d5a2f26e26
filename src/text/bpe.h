/* bpe.h: byte-pair encoding of one word: the pair of the lowest rank is merged, the leftmost of several, until none is left. */
#ifndef VI_TEXT_BPE_H
#define VI_TEXT_BPE_H

#include "text/tokenizer.h"

typedef struct vi_bpe { /* zero it, set the allocator; the memory grows with the longest word: 32 bytes per symbol */
    vi_allocator *a;
    uint32_t *ids; /* [count]: the caller's symbols, then the result */
    size_t room;
    void *block;
} vi_bpe;

int32_t vi_bpe_reserve(vi_bpe *b, size_t count, vi_error *e); /* makes room for `count` ids; what was there is lost */
/* Merges ids[0..count), all below the vocabulary's size; returns how many are left. */
size_t vi_bpe_merge(vi_bpe *b, const vi_tokenizer *t, size_t count);
void vi_bpe_free(vi_bpe *b);

#endif
