/* measure.h: forwards, each followed by the loops that are its ceilings, so that all see the same machine. */
#ifndef MEASURE_H
#define MEASURE_H

#include "ceiling.h"
#include "noise.h"
#include "operators.h"

/* Medians; rates of all threads together, in 1e9 operations or bytes a second. */
struct measured {
    int64_t runs;
    double least, median, p95; /* seconds of a forward of the batch */
    double picture;            /* seconds from a photograph to the input; 0: not measured */
    uint64_t macs;             /* of the batch, done */
    struct loop loop;          /* for the products of every token, in the model's precision */
    struct loop f32;           /* for everything else */
    double loop_rate, f32_rate, f32_rate_one; /* one: on one thread, while the others sleep */
    double read_rate;
    double share;       /* of the time that the ceilings allow at least, in the median forward */
    double quiet_share; /* the same of the quickest forward and the quickest loops */
    uint64_t peak_bytes; /* of the process, without what the measurement itself needs */
};

struct measure_plan {
    int64_t runs, least; /* runs 0: as many as fit in `seconds`, at least `least` */
    double seconds;
    ceiling_clock clock; /* system_seconds, or on one thread system_cpu_seconds: what other programs take does not count then */
};

/* The model must have been opened with operators_note and these operators. On false it has said why. */
bool measure(struct measured *m, const struct model *model, const struct noise *noise, struct operators *operators,
             struct measure_plan plan);

/* What an operator could reach: loop or f32, in m. */
double measure_peak(const struct measured *m, const char *operator_name);

#endif
