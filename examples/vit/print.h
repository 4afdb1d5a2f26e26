/* print.h: everything the tool writes: messages, text that is safe for a terminal, JSON values, bars, sizes. */
#ifndef PRINT_H
#define PRINT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#if defined(__GNUC__)
#define PRINT_LIKE_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define PRINT_LIKE_PRINTF(text, first)
#endif

/* How standard output should look. */
struct style {
    bool unicode; /* block characters may be used */
    bool color;
    int columns; /* of the terminal; 0: not a terminal */
};
struct style style_of_output(bool no_color);

/* "vit: ..." and a newline on standard error. */
void complain(const char *format, ...) PRINT_LIKE_PRINTF(1, 2);

/* Text from a file or a command line: control characters and broken UTF-8 come out as '?'. At most `columns` wide; 0: all. */
void print_text(FILE *out, const char *text, int columns);
int text_columns(const char *text); /* how wide print_text(out, text, 0) is on a terminal */

/* code: of an SGR escape sequence, "1" for bold; "": none. */
void print_colored(const struct style *style, const char *code, const char *text, int columns);
void print_bar(FILE *out, bool unicode, double fraction, int columns); /* always `columns` wide */

void print_json_text(const char *text); /* with its quotes */
void print_json_real(double value);     /* null when not finite, as JSON has no other number for it */

#define PRINT_SMALL 32
/* "22.9 MB" and "5,717,416", written to text and returned. */
const char *text_of_bytes(char text[PRINT_SMALL], uint64_t bytes);
const char *text_of_count(char text[PRINT_SMALL], int64_t count);

#endif
