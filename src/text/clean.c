/* clean.c: see clean.h. Each step reads one text and writes another. */
#include "text/clean.h"

#include <stdbool.h>
#include <string.h>
#include "text/block.h"
#include "text/entity.h"
#include "text/ftfy.h"
#include "text/unicode.h"

void vi_clean_utf8(vi_buffer *out, const char *text, size_t n) {
    for (size_t i = 0; i < n;) {
        uint32_t c;
        i += vi_char_read(text + i, n - i, &c);
        vi_buffer_add_char(out, c);
    }
}

/* ---- case --------------------------------------------------------------------------------------------------------------- */

static void add_lower(vi_buffer *out, uint32_t c) {
    if (c == 0x130) vi_buffer_add(out, "i\xCC\x87", 3); /* the one capital whose small letter is two characters */
    else vi_buffer_add_char(out, vi_char_lower(c));
}

static void lower_each(vi_buffer *out, const char *text, size_t n) {
    for (size_t i = 0; i < n;) {
        uint32_t c;
        i += vi_char_read(text + i, n - i, &c);
        add_lower(out, c);
    }
}

/* Whether the first character of text[0..n) that is not ignorable has case. */
static bool cased_follows(const char *text, size_t n) {
    for (size_t i = 0; i < n;) {
        uint32_t c;
        i += vi_char_read(text + i, n - i, &c);
        unsigned class = vi_char_class(c);
        if ((class & VI_CHAR_IGNORABLE) == 0) return (class & VI_CHAR_CASED) != 0;
    }
    return false;
}

static void lower(vi_buffer *out, const char *text, size_t n) {
    bool cased = false; /* the last character that is not ignorable has case */
    for (size_t i = 0; i < n;) {
        uint32_t c;
        i += vi_char_read(text + i, n - i, &c);
        if (c == 0x3A3) vi_buffer_add_char(out, cased && !cased_follows(text + i, n - i) ? 0x3C2 : 0x3C3); /* capital sigma */
        else add_lower(out, c);
        unsigned class = vi_char_class(c);
        if ((class & VI_CHAR_IGNORABLE) == 0) cased = (class & VI_CHAR_CASED) != 0;
    }
}

/* ---- white space -------------------------------------------------------------------------------------------------------- */

static void join(vi_buffer *out, const char *text, size_t n) {
    bool blank = false, begun = false;
    for (size_t i = 0; i < n;) {
        uint32_t c;
        i += vi_char_read(text + i, n - i, &c);
        if (vi_char_is_python_space(c)) {
            blank = begun;
            continue;
        }
        if (blank) vi_buffer_add(out, " ", 1);
        vi_buffer_add_char(out, c);
        blank = false;
        begun = true;
    }
}

static void blanks(vi_buffer *out, const char *text, size_t n) {
    bool blank = false;
    for (size_t i = 0; i < n;) {
        uint32_t c;
        i += vi_char_read(text + i, n - i, &c);
        bool space = vi_char_is_space(c);
        if (!space) vi_buffer_add_char(out, c);
        else if (!blank) vi_buffer_add(out, " ", 1);
        blank = space;
    }
}

static void strip_ends(vi_buffer *out, const char *text, size_t n, bool left, bool (*is_space)(uint32_t)) {
    size_t from = n, to = 0;
    for (size_t i = 0; i < n;) {
        uint32_t c;
        size_t length = vi_char_read(text + i, n - i, &c);
        if (!is_space(c)) {
            if (from == n) from = i;
            to = i + length;
        }
        i += length;
    }
    if (!left) from = 0;
    if (to > from) vi_buffer_add(out, text + from, to - from);
}

static void strip(vi_buffer *out, const char *text, size_t n) { strip_ends(out, text, n, true, vi_char_is_python_space); }
static void strip_right(vi_buffer *out, const char *text, size_t n) { strip_ends(out, text, n, false, vi_char_is_space); }

/* ---- characters --------------------------------------------------------------------------------------------------------- */

static void punctuation(vi_buffer *out, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\0' || strchr("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", text[i]) == NULL) vi_buffer_add(out, text + i, 1);
    }
}

/* Each byte `from` becomes the text `to`. */
static void substitute(vi_buffer *out, const char *text, size_t n, char from, const char *to) {
    for (size_t i = 0; i < n; i++) {
        if (text[i] == from) vi_buffer_add(out, to, strlen(to));
        else vi_buffer_add(out, text + i, 1);
    }
}

static const char bar_text[] = "\xE2\x96\x81"; /* U+2581 */

static void underscore(vi_buffer *out, const char *text, size_t n) { substitute(out, text, n, '_', " "); }
static void blank_to_bar(vi_buffer *out, const char *text, size_t n) { substitute(out, text, n, ' ', bar_text); }

static void bar(vi_buffer *out, const char *text, size_t n) {
    vi_buffer_add(out, bar_text, 3);
    for (size_t i = 0; i < n;) {
        uint32_t c;
        i += vi_char_read(text + i, n - i, &c);
        vi_buffer_add_char(out, c == VI_CHAR_BAR ? ' ' : c);
    }
}

static void blanks_to_bar(vi_buffer *out, const char *text, size_t n) {
    for (size_t i = 0; i < n;) {
        size_t run = 0;
        while (i + run < n && text[i + run] == ' ') run++;
        if (run > 1) vi_buffer_add(out, bar_text, 3);
        else vi_buffer_add(out, text + i, 1);
        i += run > 0 ? run : 1;
    }
}

static void metaspace(vi_buffer *out, const char *text, size_t n) {
    if (n == 0) return;
    if (text[0] != ' ' && (n < 3 || memcmp(text, bar_text, 3) != 0)) vi_buffer_add(out, bar_text, 3);
    blank_to_bar(out, text, n);
}

static void words(vi_buffer *out, const char *text, size_t n) {
    bool inside = false;
    for (size_t i = 0; i < n;) {
        uint32_t c;
        i += vi_char_read(text + i, n - i, &c);
        bool space = vi_char_is_space(c);
        if (!space && !inside && c != VI_CHAR_BAR) vi_buffer_add(out, bar_text, 3);
        if (!space) vi_buffer_add_char(out, c);
        inside = !space;
    }
}

static void unknown(vi_buffer *out, const char *text, size_t n) {
    vi_buffer_add(out, "<unk>", 5);
    vi_buffer_add(out, text, n);
}

vi_clean_fn vi_clean_step(unsigned step) {
    static const vi_clean_fn steps[VI_STEP_COUNT] = {
        [VI_STEP_FTFY] = vi_ftfy,
        [VI_STEP_HTML] = vi_html_unescape,
        [VI_STEP_COMPOSE] = vi_compose,
        [VI_STEP_LOWER] = lower,
        [VI_STEP_LOWER_EACH] = lower_each,
        [VI_STEP_JOIN] = join,
        [VI_STEP_BLANKS] = blanks,
        [VI_STEP_STRIP] = strip,
        [VI_STEP_STRIP_RIGHT] = strip_right,
        [VI_STEP_UNDERSCORE] = underscore,
        [VI_STEP_PUNCTUATION] = punctuation,
        [VI_STEP_BAR] = bar,
        [VI_STEP_BLANK_TO_BAR] = blank_to_bar,
        [VI_STEP_BLANKS_TO_BAR] = blanks_to_bar,
        [VI_STEP_WORDS] = words,
        [VI_STEP_METASPACE] = metaspace,
        [VI_STEP_UNKNOWN] = unknown,
    };
    return step < VI_STEP_COUNT ? steps[step] : NULL;
}
