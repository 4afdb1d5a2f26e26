/* ranking.c: see ranking.h. */
#include "ranking.h"

/* NUMBER_COLUMNS holds "  0.981 " and a free one at the end of the line: some terminals wrap when it is used. */
enum { INDENT = 4, NUMBER_COLUMNS = 9, BAR_PIPED = 20, BAR_LEAST = 10, BAR_MOST = 40 };

static void fit(const struct style *style, const char *const *names, int32_t count, int *name_columns, int *bar_columns) {
    *name_columns = 0;
    for (int32_t i = 0; i < count; i++) {
        int columns = text_columns(names[i]);
        if (columns > *name_columns) *name_columns = columns;
    }
    *bar_columns = BAR_PIPED;
    if (style->columns == 0) return;
    int room = style->columns - INDENT - NUMBER_COLUMNS - (style->unicode ? 0 : 2);
    *bar_columns = room - *name_columns;
    if (*bar_columns > BAR_MOST) *bar_columns = BAR_MOST;
    if (*bar_columns < BAR_LEAST) *bar_columns = BAR_LEAST;
    if (*name_columns > room - *bar_columns) *name_columns = room - *bar_columns > 1 ? room - *bar_columns : 1;
}

void ranking_print(const struct style *style, const char *const *names, const float *values, int32_t count) {
    int name_columns, bar_columns;
    fit(style, names, count, &name_columns, &bar_columns);
    for (int32_t i = 0; i < count; i++) {
        int used = text_columns(names[i]);
        printf("%*s", INDENT, "");
        print_colored(style, i == 0 ? "1" : "", names[i], name_columns);
        printf("%*s  %.3f ", used < name_columns ? name_columns - used : 0, "", (double)values[i]);
        if (style->color) fputs(i == 0 ? "\033[32m" : "\033[36m", stdout);
        if (!style->unicode) putchar('|');
        print_bar(stdout, style->unicode, (double)values[i], bar_columns);
        if (!style->unicode) putchar('|');
        if (style->color) fputs("\033[0m", stdout);
        putchar('\n');
    }
}
