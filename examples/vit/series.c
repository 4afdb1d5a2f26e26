/* series.c: measurements of the same thing, and what is typical of them. */
#include "series.h"

#include <stdlib.h>

void series_add(struct series *s, double value) {
    if (s->count == s->capacity) {
        size_t capacity = s->capacity ? 2 * s->capacity : 64;
        double *values = realloc(s->values, capacity * sizeof *values);
        if (values == NULL) {
            s->failed = true;
            return;
        }
        s->values = values;
        s->capacity = capacity;
    }
    s->values[s->count++] = value;
}

void series_free(struct series *s) {
    free(s->values);
    *s = (struct series){0};
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double series_percentile(struct series *s, int percent) {
    if (s->count == 0) return 0;
    qsort(s->values, s->count, sizeof *s->values, compare);
    size_t rank = (s->count * (size_t)percent + 99) / 100;
    return s->values[rank > 0 ? rank - 1 : 0];
}
