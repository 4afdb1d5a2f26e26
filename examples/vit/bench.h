/* bench.h: the parts of `vit bench`. Those that return an int return an EXIT_ code. */
#ifndef BENCH_H
#define BENCH_H

#include "measure.h"

/* One model, measured. */
struct bench {
    struct model model;
    struct operators operators;
    struct measured measured;
    int64_t batch;
    double load; /* seconds */
    bool is_random;
};

void bench_print_text(struct bench *b);
void bench_print_json(struct bench *b);

ceiling_clock bench_clock(const struct args *args);
int turns(const struct args *args);      /* alone, in batches, with hidden states */
int sweep(const struct args *args);      /* many models of random weights */
int cold(const struct args *args);       /* whole processes, each of them `vit bench --first` */
int cold_first(const struct args *args);

#endif
