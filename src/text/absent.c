/* absent.c: stands for this room in a library built without it (make TOKENIZERS=0). Models with a text tower take token ids. */
#include "text/tokenizer.h"

#ifdef VI_NO_TOKENIZERS

static int32_t absent(const char *name, vi_error *e) {
    return vi_fail(e, VIT_ERROR_UNSUPPORTED, "%s: this build of libvit has no tokenizers", name);
}

int32_t vi_tokenizer_from_merges(vi_text_block *out, const void *merges, size_t size, const char *vocab, size_t vocab_size,
                                 const vi_text_options *options, vi_allocator *a, vi_error *e) {
    (void)out, (void)merges, (void)size, (void)vocab, (void)vocab_size, (void)a;
    return absent(options->name, e);
}

int32_t vi_tokenizer_from_json(vi_text_block *out, const char *json, size_t size, const vi_text_options *options, vi_allocator *a,
                               vi_error *e) {
    (void)out, (void)json, (void)size, (void)a;
    return absent(options->name, e);
}

int32_t vi_tokenizer_from_sentencepiece(vi_text_block *out, const void *model, size_t size, const vi_text_options *options,
                                        vi_allocator *a, vi_error *e) {
    (void)out, (void)model, (void)size, (void)a;
    return absent(options->name, e);
}

int32_t vi_tokenizer_open(vi_tokenizer *t, const void *block, size_t size, const char *name, vi_error *e) {
    (void)t, (void)block, (void)size;
    return absent(name, e);
}

int32_t vi_tokenizer_encode(const vi_tokenizer *t, const char *text, size_t n, int32_t *ids, size_t context, size_t *count,
                            vi_allocator *a, vi_error *e) {
    (void)t, (void)text, (void)n, (void)ids, (void)context, (void)count, (void)a;
    return absent("vit_text", e);
}

#endif
