/* progress.h: a bar on standard error for work that takes a while. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what; /* "reading" */
    double start, shown; /* seconds */
    bool is_wanted, is_visible;
};

/* Nothing is shown when quiet or when standard error is no terminal, nor in the first half second. */
void progress_begin(struct progress *progress, const char *what, bool quiet);
int32_t progress_step(void *progress, uint64_t done, uint64_t total); /* vit_progress_fn */
void progress_end(struct progress *progress); /* wipes the bar */

#endif
