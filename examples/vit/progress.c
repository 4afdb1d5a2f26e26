/* progress.c: a bar on standard error for work that takes a while. */
#include "progress.h"

#include <stdio.h>

#include "print.h"
#include "system.h"

#define FIRST_AFTER 0.5 /* seconds */
#define NEXT_AFTER 0.1
#define BAR_COLUMNS 30

void progress_begin(struct progress *progress, const char *what, bool quiet) {
    *progress = (struct progress){0};
    progress->what = what;
    progress->start = system_seconds();
    progress->is_wanted = !quiet && system_is_terminal(stderr);
}

int32_t progress_step(void *user, uint64_t done, uint64_t total) {
    struct progress *p = user;
    double now = system_seconds(), spent = now - p->start;
    if (!p->is_wanted || total == 0 || spent < FIRST_AFTER || now - p->shown < NEXT_AFTER) return 0;
    char done_text[PRINT_SMALL], total_text[PRINT_SMALL];
    double fraction = (double)done / (double)total;
    fprintf(stderr, "\r%s |", p->what);
    print_bar(stderr, false, fraction, BAR_COLUMNS);
    fprintf(stderr, "| %3.0f %%  %s of %s", 100 * fraction, text_of_bytes(done_text, done), text_of_bytes(total_text, total));
    if (fraction > 0.01) {
        long left = (long)(spent / fraction - spent + 0.5);
        fprintf(stderr, "  ETA %ld:%02ld", left / 60, left % 60);
    }
    fputs("\033[K", stderr);
    fflush(stderr);
    p->shown = now;
    p->is_visible = true;
    return 0;
}

void progress_end(struct progress *progress) {
    if (progress->is_visible) fputs("\r\033[K", stderr);
    progress->is_visible = false;
}
