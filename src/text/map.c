/* map.c: SentencePiece's normaliser. Its map is a trie that is compiled into the model ("precompiled_charsmap"): a double array
 * of 32-bit units, walked byte by byte, whose leaves are offsets of NUL-terminated replacements. */
#include <string.h>
#include "text/encode.h"
#include "text/unicode.h"

typedef struct match {
    size_t length; /* bytes that are replaced, 0: nothing is */
    const char *text;
    size_t size;
} match;

static uint32_t leap(uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }

/* The longest, or the shortest, prefix of text[0..n) that the map replaces. */
static match look_up(const vi_tokenizer *t, const char *text, size_t n, bool shortest) {
    match found = {0, NULL, 0};
    uint32_t at = 0, value = 0;
    if (t->map.count == 0) return found;
    at = leap(vi_word(t->map.data, 0));
    for (size_t i = 0; i < n; i++) {
        uint32_t byte = (unsigned char)text[i];
        at ^= byte;
        if (at >= t->map.count) break;
        uint32_t unit = vi_word(t->map.data, at);
        if ((unit & 0x800000FFu) != byte) break;
        at ^= leap(unit);
        if ((unit & 0x100u) == 0) continue;
        if (at >= t->map.count) break;
        uint32_t leaf = vi_word(t->map.data, at) & 0x7FFFFFFFu;
        if (leaf >= t->mapped.count) break;
        found.length = i + 1;
        value = leaf;
        if (shortest) break;
    }
    if (found.length > 0) {
        found.text = (const char *)t->mapped.data + value;
        found.size = strlen(found.text); /* vi_tokenizer_open: the last byte is 0 */
    }
    return found;
}

/* What the beginning of text[0..n) becomes, and how many bytes that is. */
static match next_piece(const vi_tokenizer *t, const char *text, size_t n) {
    match found = look_up(t, text, n, false);
    uint32_t c;
    if (found.length > 0) return found;
    found.length = found.size = vi_char_read(text, n, &c);
    found.text = text;
    return found;
}

static void add_escaped(vi_buffer *out, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (text[i] == ' ') vi_buffer_add_char(out, VI_CHAR_BAR);
        else vi_buffer_add(out, text + i, 1);
    }
}

static bool is_bar(const char *text, size_t n) { return n >= 3 && memcmp(text + n - 3, "\xE2\x96\x81", 3) == 0; }

void vi_map_sentence(const vi_tokenizer *t, vi_buffer *out, const char *text, size_t n) {
    bool trim = (t->flags & VI_FLAG_TRIM) != 0, blank = trim;
    size_t i = 0, begin = out->size;
    while (trim && i < n) {
        match piece = next_piece(t, text + i, n - i);
        if (piece.size != 1 || piece.text[0] != ' ') break;
        i += piece.length;
    }
    if (i == n) return;
    if ((t->flags & VI_FLAG_PREFIX) != 0) vi_buffer_add_char(out, VI_CHAR_BAR);
    while (i < n && out->status == VIT_OK) {
        match piece = next_piece(t, text + i, n - i);
        i += piece.length;
        while (blank && piece.size > 0 && piece.text[0] == ' ') {
            piece.text++;
            piece.size--;
        }
        if (piece.size == 0) continue;
        add_escaped(out, piece.text, piece.size);
        blank = trim && piece.text[piece.size - 1] == ' ';
    }
    while (trim && is_bar(out->data + begin, out->size - begin)) out->size -= 3;
}

/* ---- tokenizers' Precompiled -------------------------------------------------------------------------------------------- */

/* Bytes of the grapheme cluster at text[0..n): a character and the marks after it, or a line break. What makes longer clusters
 * (Hangul, flags, emoji) needs more than the 5 bytes up to which clusters are looked up as a whole. */
static size_t cluster(const char *text, size_t n) {
    uint32_t c;
    size_t i = vi_char_read(text, n, &c);
    if (c == '\r' && i < n && text[i] == '\n') return i + 1;
    if ((vi_char_class(c) & VI_CHAR_CONTROL) != 0) return i;
    while (i < n) {
        size_t length = vi_char_read(text + i, n - i, &c);
        if (c < 0x300 || (vi_char_class(c) & VI_CHAR_MARK) == 0) break;
        i += length;
    }
    return i;
}

void vi_map_clusters(const vi_tokenizer *t, vi_buffer *out, const char *text, size_t n) {
    for (size_t i = 0; i < n && out->status == VIT_OK;) {
        size_t end = i + cluster(text + i, n - i);
        match whole = {0, NULL, 0};
        if (end - i < 6) whole = look_up(t, text + i, end - i, true);
        if (whole.length > 0) {
            vi_buffer_add(out, whole.text, whole.size); /* even when it is only the beginning that matches */
            i = end;
        }
        while (i < end) {
            uint32_t c;
            size_t length = vi_char_read(text + i, n - i, &c);
            match one = look_up(t, text + i, length, true);
            if (one.length > 0) vi_buffer_add(out, one.text, one.size);
            else vi_buffer_add(out, text + i, length);
            i += length;
        }
    }
}
