/* unigram.c: the pieces of a text with the greatest sum of scores (Viterbi), as sentencepiece and tokenizers compute it: sums
 * from left to right, the first of equal ones stays. */
#include <string.h>
#include "text/encode.h"
#include "text/unicode.h"

#define NONE UINT32_MAX

typedef struct place { /* between two bytes of the text */
    double best;    /* of all ways to get here */
    uint32_t from;  /* where the last piece of the best way begins; NONE: nothing ends here */
    uint32_t next;  /* where the piece that begins here ends, on the best way through the whole text */
    int32_t id;     /* of the last piece, or the unknown id */
} place;

static void offer(const vi_tokenizer *t, const place *places, place *to, uint32_t from, float score, int32_t id) {
    double sum = (t->flags & VI_FLAG_DOUBLE) != 0 ? places[from].best + (double)score
                                                  : (double)(float)((float)places[from].best + score);
    if (to->from != NONE && !(sum > to->best)) return;
    *to = (place){.best = sum, .from = from, .id = id};
}

/* Whether a bar at text[i] begins a word of its own. */
static bool word_begins(const vi_tokenizer *t, const char *text, uint32_t n, uint32_t i) {
    return (t->flags & VI_FLAG_BARS) != 0 && n - i >= 3 && memcmp(text + i, "\xE2\x96\x81", 3) == 0;
}

/* All pieces that begin at `from`, a character of `length` bytes. */
static void offer_pieces(const vi_tokenizer *t, place *places, const char *text, uint32_t n, uint32_t from, uint32_t length) {
    vi_piece_range range = {0, t->pieces.count, 0};
    bool single = false;
    for (uint32_t i = from; i < n && vi_piece_narrow(t, &t->pieces, &range, (unsigned char)text[i]); i++) {
        const unsigned char *record = vi_piece_ending(&t->pieces, &range);
        if (i > from && word_begins(t, text, n, i)) break;
        if (record == NULL) continue;
        offer(t, places, &places[i + 1], from, vi_load_f32(record + 12), (int32_t)vi_word(record, 2));
        if (i + 1 - from == length) single = true;
    }
    if (!single) offer(t, places, &places[from + length], from, t->unknown_score, t->unknown);
}

/* Follows the best way through text[0..n); unknown characters in a row are one. Gives out all but the first `skip`; returns how
 * many there are. */
static size_t follow(vi_encoding *s, const place *places, const char *text, uint32_t n, size_t skip, bool emit) {
    const vi_tokenizer *t = s->t;
    size_t count = 0;
    for (uint32_t at = 0; at < n;) {
        uint32_t to = places[at].next;
        int32_t id = places[to].id;
        while (id == t->unknown && to < n && places[places[to].next].id == id && !word_begins(t, text, n, to)) {
            to = places[to].next;
        }
        bool bytes = id == t->unknown && (t->flags & VI_FLAG_BYTES) != 0;
        for (uint32_t i = at; i < (bytes ? to : at + 1); i++) {
            uint32_t byte = bytes ? vi_word(t->bytes.data, (unsigned char)text[i]) : VI_NO_ID;
            if (emit && count >= skip) vi_encoding_add(s, byte != VI_NO_ID ? (int32_t)byte : id);
            count++;
        }
        at = to;
    }
    return count;
}

int32_t vi_encode_unigram(vi_encoding *s, const char *text, size_t n) {
    const vi_tokenizer *t = s->t;
    uint32_t size = (uint32_t)n; /* VI_BUFFER_MOST is less */
    if (n == 0) return VIT_OK;
    place *places = vi_alloc(s->a, (n + 1) * sizeof *places, VI_TEMPORARY);
    if (places == NULL) return vi_alloc_failed(s->a, (n + 1) * sizeof *places, "the pieces of a text", s->e);
    for (uint32_t i = 1; i <= size; i++) places[i].from = NONE;
    for (uint32_t i = 0; i < size;) {
        uint32_t c, length = (uint32_t)vi_char_read(text + i, n - i, &c);
        offer_pieces(t, places, text, size, i, length);
        i += length;
    }
    for (uint32_t at = size; at > 0; at = places[at].from) places[places[at].from].next = at;
    size_t dropped = (size_t)t->dropped;
    if (dropped > 0 && follow(s, places, text, size, 0, false) < dropped) dropped = 0; /* as the reference has it */
    follow(s, places, text, size, dropped, true);
    vi_free(s->a, places, (n + 1) * sizeof *places, VI_TEMPORARY);
    return VIT_OK;
}
