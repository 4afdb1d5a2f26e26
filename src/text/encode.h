/* encode.h: what the models write their ids to, and the models. */
#ifndef VI_TEXT_ENCODE_H
#define VI_TEXT_ENCODE_H

#include "text/block.h"
#include "text/buffer.h"
#include "text/bpe.h"

typedef struct vi_encoding {
    const vi_tokenizer *t;
    vi_allocator *a;
    vi_error *e;
    int32_t *ids; /* [context] */
    size_t context, count; /* count: also what no longer fits */
    int32_t last;          /* the last id, kept or not */
    vi_bpe bpe;
} vi_encoding;

static inline void vi_encoding_add(vi_encoding *s, int32_t id) {
    if (s->count < s->context) s->ids[s->count] = id;
    s->count++;
    s->last = id;
}

/* Append the ids of text[0..n), which is prepared and valid UTF-8. */
int32_t vi_encode_clip(vi_encoding *s, const char *text, size_t n);
int32_t vi_encode_bpe(vi_encoding *s, const char *text, size_t n);
int32_t vi_encode_unigram(vi_encoding *s, const char *text, size_t n);

/* The step VI_STEP_SENTENCEPIECE and VI_STEP_MAP_CLUSTERS. */
void vi_map_sentence(const vi_tokenizer *t, vi_buffer *out, const char *text, size_t n);
void vi_map_clusters(const vi_tokenizer *t, vi_buffer *out, const char *text, size_t n);

/* The longest special at text[0..n) that has these flags: its record, or NULL. */
const unsigned char *vi_special_at(const vi_tokenizer *t, const char *text, size_t n, uint32_t mask, uint32_t flags);

#endif
