/* ftfy.c: see ftfy.h. */
#include "text/ftfy.h"

#include <stdbool.h>
#include <string.h>
#include "text/entity.h"
#include "text/unicode.h"
#include "text/unicode_tables.h"

/* Latin ligatures and digraphs, as ftfy has them (its apostrophe straight already). */
static const struct {
    uint16_t from;
    char to[4];
} ligatures[] = {
    {0x132, "IJ"}, {0x133, "ij"}, {0x149, "'n"}, {0x1C4, "D\xC5\xBD"}, {0x1C5, "D\xC5\xBE"}, {0x1C6, "d\xC5\xBE"},
    {0x1C7, "LJ"}, {0x1C8, "Lj"}, {0x1C9, "lj"}, {0x1CA, "NJ"}, {0x1CB, "Nj"}, {0x1CC, "nj"}, {0x1F1, "DZ"}, {0x1F2, "Dz"},
    {0x1F3, "dz"}, {0xFB00, "ff"}, {0xFB01, "fi"}, {0xFB02, "fl"}, {0xFB03, "ffi"}, {0xFB04, "ffl"}, {0xFB05, "\xC5\xBFt"},
    {0xFB06, "st"},
};

static bool add_ligature(vi_buffer *out, uint32_t c) {
    for (size_t i = 0; i < sizeof ligatures / sizeof *ligatures; i++) {
        if (ligatures[i].from != c) continue;
        vi_buffer_add(out, ligatures[i].to, strlen(ligatures[i].to));
        return true;
    }
    return false;
}

static uint32_t usual_width(uint32_t c) {
    if (c == 0x3000) return ' ';
    if (c - 0xFF01 < 94) return c - 0xFEE0;
    return c - 0xFF5F < 144 ? vi_width_forms[c - 0xFF5F] : c;
}

static uint32_t straight(uint32_t c) {
    if (c == 0x2BC || (c >= 0x2018 && c <= 0x201B)) return '\'';
    return c >= 0x201C && c <= 0x201F ? '"' : c;
}

static bool is_control(uint32_t c) {
    return c < 9 || c == 11 || (c >= 14 && c < 32) || c == 127 || (c >= 0x206A && c <= 0x206F) || c == 0xFEFF ||
           (c >= 0xFFF9 && c <= 0xFFFC);
}

/* Bytes of an escape sequence of terminals, ESC [ digits and semicolons, a letter; 0: none. */
static size_t escape_length(const char *text, size_t n) {
    size_t i = 2;
    if (n < 3 || text[0] != 27 || text[1] != '[') return 0;
    while (i < n && ((text[i] >= '0' && text[i] <= '9') || text[i] == ';')) i++;
    return i < n && ((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z')) ? i + 1 : 0;
}

static void fix_characters(vi_buffer *out, const char *text, size_t n) {
    for (size_t i = 0; i < n;) {
        uint32_t c;
        i += vi_char_read(text + i, n - i, &c);
        c = vi_windows_1252(c);
        if (c == 0xFFE3) vi_buffer_add(out, " ", 1); /* and the macron, by its width */
        if (add_ligature(out, c)) continue;
        c = straight(usual_width(c));
        if (c == '\r' && i < n && text[i] == '\n') continue;
        vi_buffer_add_char(out, c == '\r' || c == 0x2028 || c == 0x2029 ? '\n' : c);
    }
}

static void remove_controls(vi_buffer *out, const char *text, size_t n) {
    for (size_t i = 0; i < n;) {
        uint32_t c;
        size_t length = vi_char_read(text + i, n - i, &c), escape = c == 27 ? escape_length(text + i, n - i) : 0;
        i += escape > 0 ? escape : length;
        if (!is_control(c)) vi_buffer_add_char(out, c);
    }
}

/* One round: from a to a; b is for what lies between. */
static void fix_once(vi_buffer *a, vi_buffer *b, bool unescape) {
    void (*const steps[])(vi_buffer *, const char *, size_t) = {vi_html_unescape_ftfy, fix_characters, remove_controls,
                                                                vi_compose};
    for (int i = unescape ? 0 : 1; i < 4; i++) {
        b->size = 0;
        steps[i](b, a->data, a->size);
        if (a->status == VIT_OK) a->status = b->status;
        vi_buffer swap = *a;
        *a = *b;
        *b = swap;
    }
}

/* Rounds until nothing changes. */
static void fix(vi_buffer *out, const char *text, size_t n, bool unescape) {
    vi_buffer before = {.a = out->a, .e = out->e}, now = before, other = before;
    vi_buffer_add(&now, text, n);
    for (int round = 0; round < VI_FTFY_ROUNDS && now.status == VIT_OK; round++) {
        before.size = 0;
        vi_buffer_add(&before, now.data, now.size);
        fix_once(&now, &other, unescape);
        if (now.status == VIT_OK) now.status = before.status;
        bool same = now.size == before.size && (now.size == 0 || memcmp(now.data, before.data, now.size) == 0);
        if (now.status == VIT_OK && same) break;
    }
    vi_buffer_add(out, now.data, now.size);
    if (out->status == VIT_OK) out->status = now.status;
    vi_buffer_free(&other);
    vi_buffer_free(&now);
    vi_buffer_free(&before);
}

void vi_ftfy(vi_buffer *out, const char *text, size_t n) {
    const char *tag = n > 0 ? memchr(text, '<', n) : NULL;
    size_t line = tag != NULL ? (size_t)(tag - text) : n; /* where the line of the first < begins */
    while (tag != NULL && line > 0 && text[line - 1] != '\n') line--;
    if (line > 0) fix(out, text, line, true);
    if (line < n) fix(out, text + line, n - line, false);
}
