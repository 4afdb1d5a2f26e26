/* operators.h: where the time of a forward goes: what vit_options_set_profile reports, added up by the operators' names. */
#ifndef OPERATORS_H
#define OPERATORS_H

#include <stdint.h>

#include "series.h"

#define OPERATORS_MOST 24

struct operator_time {
    const char *name;
    double now;           /* seconds so far in this forward */
    uint64_t macs;        /* of this forward */
    struct series seconds; /* of each forward */
};

struct operators {
    double (*clock)(void); /* seconds */
    double last; /* when the operator before was done */
    int count;
    struct operator_time rows[OPERATORS_MOST]; /* in the order of their first appearance */
};

void operators_note(void *operators, const char *name, uint64_t macs); /* vit_profile_fn */
void operators_begin(struct operators *o);                             /* before each forward */
void operators_keep(struct operators *o);                              /* after it: it counts */
void operators_free(struct operators *o);

#endif
