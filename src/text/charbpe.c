/* charbpe.c: SigLIP 2's model (Gemma's): BPE over the characters of the whole text; a character that the vocabulary lacks becomes
 * its bytes, or unknown. */
#include "text/encode.h"
#include "text/unicode.h"

/* Ids of the character text[0..n) to out, at most n; returns how many. *last: whether the symbol before is unknown. */
static size_t add_symbol(const vi_tokenizer *t, const char *text, size_t n, uint32_t *out, bool *last) {
    int32_t id = vi_piece_find(t, text, n);
    bool before = *last;
    *last = false;
    if (id >= 0) {
        out[0] = (uint32_t)id;
        return 1;
    }
    bool bytes = t->bytes.count > 0;
    for (size_t i = 0; i < n && bytes; i++) {
        out[i] = vi_word(t->bytes.data, (unsigned char)text[i]);
        bytes = out[i] != VI_NO_ID;
    }
    if (bytes) return n;
    *last = true;
    out[0] = (uint32_t)t->unknown;
    return before || t->unknown < 0 ? 0 : 1;
}

int32_t vi_encode_bpe(vi_encoding *s, const char *text, size_t n) {
    int32_t status = vi_bpe_reserve(&s->bpe, n, s->e);
    if (status != VIT_OK) return status;
    size_t count = 0;
    bool unknown = false;
    for (size_t i = 0; i < n;) {
        uint32_t c;
        size_t length = vi_char_read(text + i, n - i, &c);
        count += add_symbol(s->t, text + i, length, s->bpe.ids + count, &unknown);
        i += length;
    }
    count = vi_bpe_merge(&s->bpe, s->t, count);
    for (size_t i = 0; i < count; i++) vi_encoding_add(s, (int32_t)s->bpe.ids[i]);
    return VIT_OK;
}
