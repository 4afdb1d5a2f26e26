/* series.h: measurements of the same thing, and what is typical of them. */
#ifndef SERIES_H
#define SERIES_H

#include <stdbool.h>
#include <stddef.h>

struct series {
    double *values;
    size_t count, capacity;
    bool failed; /* out of memory: the values are not all there */
};

void series_add(struct series *s, double value);
void series_free(struct series *s);

/* The smallest value that `percent` of the values do not exceed; 0: the least. 0 of an empty series. Sorts the values. */
double series_percentile(struct series *s, int percent);

#endif
