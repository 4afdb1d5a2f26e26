/* unigram.c: SigLIP's vocabularies cannot be read yet; this says so. */
#include "text/encode.h"

static int32_t refuse(const char *name, vi_error *e) {
    return vi_fail(e, VIT_ERROR_UNSUPPORTED, "%s: only CLIP's list of merges can be read", name);
}

int32_t vi_encode_unigram(vi_encoding *s, const char *text, size_t n) {
    (void)text;
    (void)n;
    return refuse("text", s->e);
}

int32_t vi_encode_bpe(vi_encoding *s, const char *text, size_t n) { return vi_encode_unigram(s, text, n); }

void vi_map_sentence(const vi_tokenizer *t, vi_buffer *out, const char *text, size_t n) {
    (void)t;
    vi_buffer_add(out, text, n);
}

void vi_map_clusters(const vi_tokenizer *t, vi_buffer *out, const char *text, size_t n) { vi_map_sentence(t, out, text, n); }

int32_t vi_tokenizer_from_json(vi_text_block *out, const char *json, size_t size, const vi_text_options *options, vi_allocator *a,
                               vi_error *e) {
    (void)out;
    (void)json;
    (void)size;
    (void)a;
    return refuse(options->name, e);
}

int32_t vi_tokenizer_from_sentencepiece(vi_text_block *out, const void *model, size_t size, const vi_text_options *options,
                                        vi_allocator *a, vi_error *e) {
    (void)model;
    return vi_tokenizer_from_json(out, NULL, size, options, a, e);
}
