/* clip.c: CLIP's words. OpenAI's regular expression, by hand:
 *
 *   specials | 's | 't | 're | 've | 'm | 'll | 'd | [\p{L}]+ | [\p{N}] | [^\s\p{L}\p{N}]+ */
#include "text/encode.h"

#include <string.h>
#include "text/unicode.h"

typedef enum class { SPACE, LETTER, NUMBER, OTHER } class;

/* U+0345 folds to a letter but is none: with case ignored, Python's regex finds it in no class, so that it is skipped. */
static class class_of(const vi_tokenizer *t, uint32_t c) {
    if (c == 0x345 && (t->flags & VI_FLAG_PYTHON) != 0) return SPACE;
    if (c < 0x80 && ((c | 32) - 'a') < 26) return LETTER;
    if (vi_char_is_space(c)) return SPACE;
    unsigned bits = vi_char_class(c);
    return (bits & VI_CHAR_LETTER) != 0 ? LETTER : (bits & VI_CHAR_NUMBER) != 0 ? NUMBER : OTHER;
}

/* One word: its bytes, the last one being another symbol. */
static int32_t add_word(vi_encoding *s, const char *text, size_t n) {
    int32_t status = vi_bpe_reserve(&s->bpe, n, s->e);
    if (status != VIT_OK) return status;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t id = vi_word(s->t->bytes.data, (unsigned char)text[i] + (i + 1 == n ? 256u : 0));
        if (id == VI_NO_ID) id = (uint32_t)s->t->unknown;
        if (id != VI_NO_ID) s->bpe.ids[count++] = id;
    }
    count = vi_bpe_merge(&s->bpe, s->t, count);
    for (size_t i = 0; i < count; i++) vi_encoding_add(s, (int32_t)s->bpe.ids[i]);
    return VIT_OK;
}

/* Bytes of 's and the like at text[0..n), 0: none. Python's regex takes a long s for an s when it ignores case. */
static size_t contraction(const vi_tokenizer *t, const char *text, size_t n) {
    static const char endings[][3] = {"s", "t", "re", "ve", "m", "ll", "d"};
    if (n < 2 || text[0] != '\'') return 0;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t length = strlen(endings[i]);
        if (n > length && memcmp(text + 1, endings[i], length) == 0) return length + 1;
    }
    return (t->flags & VI_FLAG_PYTHON) != 0 && n >= 3 && memcmp(text + 1, "\xC5\xBF", 2) == 0 ? 3 : 0;
}

/* Bytes of a special as the regular expression finds it: with a long s for an s. *exact: it is the special itself. */
static size_t special(const vi_tokenizer *t, const char *text, size_t n, int32_t *id) {
    if (text[0] != '<') return 0;
    const unsigned char *record = vi_special_at(t, text, n, 0, 0);
    if (record != NULL) {
        *id = (int32_t)vi_word(record, 2);
        return vi_word(record, 1);
    }
    char plain[64];
    size_t from = 0, to = 0;
    *id = -1;
    while (from < n && to < sizeof plain && (t->flags & VI_FLAG_PYTHON) != 0) {
        bool long_s = n - from >= 2 && memcmp(text + from, "\xC5\xBF", 2) == 0;
        plain[to++] = long_s ? 's' : text[from];
        from += long_s ? 2 : 1;
    }
    record = to > 0 ? vi_special_at(t, plain, to, 0, 0) : NULL;
    if (record == NULL) return 0;
    for (from = 0, to = vi_word(record, 1); to > 0; to--) from += text[from] == '\xC5' ? 2 : 1;
    return from;
}

/* Where the word that begins at text[0..n) ends. */
static size_t word_length(const vi_tokenizer *t, const char *text, size_t n) {
    uint32_t c;
    size_t i = vi_char_read(text, n, &c);
    class first = class_of(t, c);
    if (first == NUMBER) return i;
    while (i < n) {
        size_t length = vi_char_read(text + i, n - i, &c);
        if (class_of(t, c) != first) break;
        i += length;
    }
    return i;
}

static int32_t add_words(vi_encoding *s, const char *text, size_t n, bool specials) {
    int32_t status = VIT_OK, id = -1;
    for (size_t i = 0; i < n && status == VIT_OK;) {
        uint32_t c;
        size_t length = vi_char_read(text + i, n - i, &c), found = 0;
        if (class_of(s->t, c) == SPACE) {
            i += length;
            continue;
        }
        if (specials && (length = special(s->t, text + i, n - i, &id)) > 0) {
            if ((s->t->flags & VI_FLAG_SPLITS) != 0) status = add_words(s, text + i, length, false);
            else if (id >= 0) vi_encoding_add(s, id);
            else status = add_word(s, text + i, length);
        } else {
            found = contraction(s->t, text + i, n - i);
            length = found > 0 ? found : word_length(s->t, text + i, n - i);
            status = add_word(s, text + i, length);
        }
        i += length;
    }
    return status;
}

int32_t vi_encode_clip(vi_encoding *s, const char *text, size_t n) {
    return add_words(s, text, n, (s->t->flags & (VI_FLAG_PYTHON | VI_FLAG_SPLITS)) != 0);
}
