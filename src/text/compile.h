/* compile.h: what the readers of vocabulary files share: strings with ids and pairs to merge, made into a block. */
#ifndef VI_TEXT_COMPILE_H
#define VI_TEXT_COMPILE_H

#include "text/block.h"

#define VI_MOST_ENTRIES (1u << 22)
#define VI_COMPILE_BLOCKS 32

typedef struct vi_entry { /* a string of the vocabulary, or a special */
    const char *text;
    uint32_t length, id;
    union {
        float score;
        uint32_t flags; /* VI_SPECIAL_* */
    } extra;
} vi_entry;

typedef struct vi_pair { /* a merge; its rank is its index */
    const char *left, *right;
    uint32_t left_length, right_length;
} vi_pair;

typedef struct vi_compiler {
    vi_allocator *a;
    vi_error *e;
    const char *name; /* for messages */
    vi_entry *entries;
    const vi_entry **sorted; /* [entry_count], by text; of equal ones the last counts */
    size_t entry_count;
    vi_pair *pairs;
    size_t pair_count;
    uint8_t steps[VI_MOST_STEPS];
    vi_block_parts parts; /* `end` and the numbers are the reader's; spans are filled in by the functions below */
    struct {
        void *data;
        size_t size;
    } blocks[VI_COMPILE_BLOCKS];
    size_t block_count;
} vi_compiler;

void vi_compile_begin(vi_compiler *c, const vi_text_options *options, vi_allocator *a, vi_error *e);
void vi_compile_end(vi_compiler *c); /* frees what was taken */

/* Zeroed memory until vi_compile_end. *out NULL on failure. */
int32_t vi_compile_take(vi_compiler *c, size_t count, size_t element_size, void **out);
int32_t vi_compile_fail(vi_compiler *c, int32_t code, const char *problem);
int32_t vi_compile_step(vi_compiler *c, unsigned step); /* VI_STEP_*, next */

int32_t vi_compile_sort(vi_compiler *c); /* once all entries are there */
const vi_entry *vi_compile_find(const vi_compiler *c, const char *text, size_t n);

/* Fill spans, after vi_compile_sort: ids of CLIP's 512 symbols; starts and merges from the pairs; pieces, specials. */
int32_t vi_compile_clip_bytes(vi_compiler *c);
int32_t vi_compile_merges(vi_compiler *c);
int32_t vi_compile_table(vi_compiler *c, const vi_entry *entries, size_t count, int span);
int32_t vi_compile_write(vi_compiler *c, vi_text_block *out);

/* SentencePiece's map of characters, as it is compiled into a model; the bytes must stay. */
int32_t vi_compile_map(vi_compiler *c, const unsigned char *data, size_t size);

/* The steps of open_clip's `clean`. */
int32_t vi_compile_clean(vi_compiler *c, vi_text_clean clean);

#endif
