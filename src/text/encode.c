/* encode.c: a text through the steps of its tokenizer, cut at special tokens, to the model; begin, end, padding. */
#include "text/encode.h"

#include <string.h>
#include "text/clean.h"
#include "text/unicode.h"

const unsigned char *vi_special_at(const vi_tokenizer *t, const char *text, size_t n, uint32_t mask, uint32_t flags) {
    const unsigned char *best = NULL;
    vi_piece_range range = {0, t->specials.count, 0};
    for (size_t i = 0; i < n && vi_piece_narrow(t, &t->specials, &range, (unsigned char)text[i]); i++) {
        const unsigned char *record = vi_piece_ending(&t->specials, &range);
        if (record != NULL && (vi_word(record, 3) & mask) == flags) best = record;
    }
    return best;
}

static int32_t run(vi_encoding *s, const char *text, size_t n, uint32_t step);

static int32_t run_model(vi_encoding *s, const char *text, size_t n) {
    switch (s->t->model) {
    case VI_MODEL_CLIP: return vi_encode_clip(s, text, n);
    case VI_MODEL_BPE: return vi_encode_bpe(s, text, n);
    default: return vi_encode_unigram(s, text, n);
    }
}

/* Bytes of white space at the end of text[0..n). */
static size_t space_before(const char *text, size_t n) {
    size_t at = n;
    while (at > 0) {
        size_t first = at - 1;
        while (first > 0 && ((unsigned char)text[first] & 0xC0) == 0x80) first--;
        uint32_t c;
        vi_char_read(text + first, at - first, &c);
        if (!vi_char_is_space(c)) break;
        at = first;
    }
    return n - at;
}

static size_t space_after(const char *text, size_t n) {
    size_t i = 0;
    while (i < n) {
        uint32_t c;
        size_t length = vi_char_read(text + i, n - i, &c);
        if (!vi_char_is_space(c)) break;
        i += length;
    }
    return i;
}

/* Cuts out the special tokens that do or do not match in normalized text; the rest goes on with `step`. */
static int32_t run_split(vi_encoding *s, const char *text, size_t n, uint32_t normalized, uint32_t step) {
    size_t from = 0;
    int32_t status = VIT_OK;
    for (size_t i = 0; i < n && status == VIT_OK;) {
        const unsigned char *record = vi_special_at(s->t, text + i, n - i, VI_SPECIAL_NORMALIZED, normalized);
        if (record == NULL) {
            i++;
            continue;
        }
        uint32_t flags = vi_word(record, 3);
        size_t left = (flags & VI_SPECIAL_LEFT) != 0 ? space_before(text + from, i - from) : 0;
        if (i - left > from) status = run(s, text + from, i - left - from, step);
        vi_encoding_add(s, (int32_t)vi_word(record, 2));
        i += vi_word(record, 1);
        if ((flags & VI_SPECIAL_RIGHT) != 0) i += space_after(text + i, n - i);
        from = i;
    }
    return status == VIT_OK && from < n ? run(s, text + from, n - from, step) : status;
}

static void clean(const vi_tokenizer *t, unsigned step, vi_buffer *out, const char *text, size_t n) {
    if (step == VI_STEP_SENTENCEPIECE) vi_map_sentence(t, out, text, n);
    else if (step == VI_STEP_MAP_CLUSTERS) vi_map_clusters(t, out, text, n);
    else vi_clean_step(step)(out, text, n);
}

/* Prepares a text from `step` on and gives it to the model. */
static int32_t run(vi_encoding *s, const char *text, size_t n, uint32_t step) {
    vi_buffer now = {.a = s->a, .e = s->e}, other = now;
    const char *data = text;
    size_t size = n;
    int32_t status = VIT_OK;
    for (; step < s->t->steps.count; step++) {
        unsigned which = s->t->steps.data[step];
        if (which == VI_STEP_SPLIT || which == VI_STEP_SPLIT_NORMALIZED) break;
        other.size = 0;
        clean(s->t, which, &other, data, size);
        if ((status = other.status) != VIT_OK) break;
        vi_buffer swap = now;
        now = other;
        other = swap;
        data = now.size > 0 ? now.data : "";
        size = now.size;
    }
    vi_buffer_free(&other);
    if (status == VIT_OK && step < s->t->steps.count) {
        status = run_split(s, data, size, s->t->steps.data[step] == VI_STEP_SPLIT ? 0 : VI_SPECIAL_NORMALIZED, step + 1);
    } else if (status == VIT_OK) {
        status = run_model(s, data, size);
    }
    vi_buffer_free(&now);
    return status;
}

int32_t vi_tokenizer_encode(const vi_tokenizer *t, const char *text, size_t n, int32_t *ids, size_t context, size_t *count,
                            vi_allocator *a, vi_error *e) {
    if (n > VI_TEXT_MAX_BYTES) {
        return vi_fail(e, VIT_ERROR_LIMIT, "text: %llu bytes, at most %u", (unsigned long long)n, VI_TEXT_MAX_BYTES);
    }
    vi_encoding s = {.t = t, .a = a, .e = e, .ids = ids, .context = context, .last = -1, .bpe = {.a = a}};
    vi_buffer valid = {.a = a, .e = e};
    if (t->begin >= 0) vi_encoding_add(&s, t->begin);
    vi_clean_utf8(&valid, text, n);
    int32_t status = valid.status;
    if (status == VIT_OK) status = run(&s, valid.size > 0 ? valid.data : "", valid.size, 0);
    vi_buffer_free(&valid);
    vi_bpe_free(&s.bpe);
    if (status != VIT_OK) return status;
    if (t->end >= 0 && !((t->flags & VI_FLAG_AGAIN) != 0 && s.count > 0 && s.last == t->end)) vi_encoding_add(&s, t->end);
    if (s.count > context && t->end >= 0 && context > 0) ids[context - 1] = t->end;
    for (size_t i = s.count; i < context; i++) ids[i] = t->pad;
    if (count != NULL) *count = s.count;
    return VIT_OK;
}
