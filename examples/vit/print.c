/* print.c: everything the tool writes: messages, text that is safe for a terminal, JSON values, bars, sizes. */
#include "print.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "system.h"

/* The tool stays in the "C" locale, so that numbers look the same everywhere; the terminal's encoding is asked for here. */
static bool environment_is_utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value == NULL || *value == '\0') continue;
        return strstr(value, "UTF-8") || strstr(value, "utf-8") || strstr(value, "UTF8") || strstr(value, "utf8");
    }
    return false;
}

struct style style_of_output(bool no_color) {
    struct style style = {false, false, 0};
    if (!system_is_terminal(stdout)) return style;
    const char *terminal = getenv("TERM"), *refused = getenv("NO_COLOR");
    bool dumb = terminal == NULL || strcmp(terminal, "dumb") == 0;
    style.columns = system_columns(stdout);
    if (style.columns <= 0) style.columns = 80;
    style.unicode = environment_is_utf8();
    style.color = !no_color && !dumb && (refused == NULL || *refused == '\0');
    return style;
}

void complain(const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fflush(stdout);
    fputs("vit: ", stderr);
    print_text(stderr, text, 0);
    fputc('\n', stderr);
}

/* The next character of UTF-8 text of *left bytes, which must not be 0; -1 for a byte that is part of none. Overlong forms,
 * surrogates and numbers above 10FFFF are not characters. */
static int32_t next_character(const char **text, size_t *left) {
    const unsigned char *at = (const unsigned char *)*text;
    int32_t lead = at[0];
    int more = lead < 0x80 ? 0 : lead < 0xC2 ? -1 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : lead < 0xF5 ? 3 : -1;
    int32_t character = more <= 0 ? lead : lead & (0x3F >> more);
    bool good = more >= 0 && (size_t)more < *left;
    for (int i = 1; good && i <= more; i++) {
        good = (at[i] & 0xC0) == 0x80;
        character = character << 6 | (at[i] & 0x3F);
    }
    if (more == 2 && (character < 0x800 || (character >= 0xD800 && character < 0xE000))) good = false;
    if (more == 3 && (character < 0x10000 || character > 0x10FFFF)) good = false;
    size_t used = good ? (size_t)more + 1 : 1;
    *text += used;
    *left -= used;
    return good ? character : -1;
}

/* Control characters could drive the terminal, and direction marks could make a name look like another one. */
static bool is_printable(int32_t c) {
    return c >= 0x20 && !(c >= 0x7F && c < 0xA0) && !(c >= 0x202A && c <= 0x202E) && !(c >= 0x2066 && c <= 0x2069);
}

static int character_columns(int32_t c) {
    bool combining = (c >= 0x300 && c < 0x370) || c == 0x200D || (c >= 0xFE00 && c < 0xFE10);
    bool wide = (c >= 0x1100 && c < 0x1160) || (c >= 0x2E80 && c < 0xA4D0) || (c >= 0xAC00 && c < 0xD7A4) ||
                (c >= 0xF900 && c < 0xFB00) || (c >= 0xFE30 && c < 0xFE70) || (c >= 0xFF00 && c < 0xFF61) ||
                (c >= 0x1F300 && c < 0x1FB00) || (c >= 0x20000 && c < 0x3FFFE);
    return combining ? 0 : wide ? 2 : 1;
}

void print_text(FILE *out, const char *text, int columns) {
    size_t left = strlen(text);
    int used = 0;
    while (left > 0) {
        const char *from = text;
        int32_t c = next_character(&text, &left);
        used += is_printable(c) ? character_columns(c) : 1;
        if (columns > 0 && used > columns) return;
        if (is_printable(c)) {
            fwrite(from, 1, (size_t)(text - from), out);
        } else {
            fputc('?', out);
        }
    }
}

int text_columns(const char *text) {
    size_t left = strlen(text);
    int used = 0;
    while (left > 0) {
        int32_t c = next_character(&text, &left);
        used += is_printable(c) ? character_columns(c) : 1;
    }
    return used;
}

void print_colored(const struct style *style, const char *code, const char *text, int columns) {
    bool is_colored = style->color && *code != '\0';
    if (is_colored) printf("\033[%sm", code);
    print_text(stdout, text, columns);
    if (is_colored) fputs("\033[0m", stdout);
}

void print_bar(FILE *out, bool unicode, double fraction, int columns) {
    static const char *const eighths[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
    if (!(fraction > 0)) fraction = 0;
    if (fraction > 1) fraction = 1;
    int steps = unicode ? 8 : 1;
    int filled = (int)(fraction * columns * steps + 0.5);
    for (int i = 0; i < columns; i++, filled -= steps) {
        int part = filled < 0 ? 0 : filled > steps ? steps : filled;
        fputs(unicode ? eighths[part] : part ? "#" : " ", out);
    }
}

void print_json_text(const char *text) {
    size_t size = strlen(text);
    putchar('"');
    while (size > 0) {
        const char *from = text;
        int32_t c = next_character(&text, &size);
        if (c < 0) {
            fputs("\\ufffd", stdout);
        } else if (c < 0x20 || c == 0x7F) {
            printf("\\u%04x", (unsigned)c);
        } else {
            if (c == '"' || c == '\\') putchar('\\');
            fwrite(from, 1, (size_t)(text - from), stdout);
        }
    }
    putchar('"');
}

void print_json_real(double value) {
    if (isfinite(value)) {
        printf("%.9g", value);
    } else {
        fputs("null", stdout);
    }
}

const char *text_of_bytes(char text[PRINT_SMALL], uint64_t bytes) {
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1000;
        unit++;
    }
    snprintf(text, PRINT_SMALL, "%.*f %s", unit > 0, value, units[unit]);
    return text;
}

const char *text_of_count(char text[PRINT_SMALL], int64_t count) {
    char digits[PRINT_SMALL];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)count);
    size_t used = 0;
    for (int i = 0; i < length && used + 2 < PRINT_SMALL; i++) {
        if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-') text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
    return text;
}
