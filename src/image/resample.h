/* resample.h: the two passes over bytes. Sums are exact integers, so their order does not matter. */
#ifndef VI_IMAGE_RESAMPLE_H
#define VI_IMAGE_RESAMPLE_H

#include <stdint.h>
#include "image/filter.h"

typedef struct vi_columns {
    const vi_taps *taps;    /* [count] */
    const int32_t *weights; /* [count][most] */
    int32_t count, most;
} vi_columns;

/* Horizontal pass: row [.][channels], whose first pixel is source pixel `first` -> out [count][channels]. */
void vi_resample_row(const vi_columns *c, const unsigned char *row, int32_t first, int32_t channels, unsigned char *out);

typedef struct vi_ring {
    unsigned char *data; /* [rows][bytes]; row y of the source lies in slot y % rows */
    int32_t rows, bytes;
} vi_ring;

unsigned char *vi_ring_row(const vi_ring *r, int32_t y);

/* Vertical pass: the ring's rows of `taps` -> out [bytes]. */
void vi_resample_column(const vi_ring *r, vi_taps taps, const int32_t *weights, unsigned char *out);

/* The same for rows that come one by one: begin, add each row, end. row, out [count]. */
void vi_sums_begin(uint32_t *sums, int32_t count);
void vi_sums_add(uint32_t *sums, int32_t count, const unsigned char *row, int32_t weight);
void vi_sums_end(const uint32_t *sums, int32_t count, unsigned char *out);

#endif
