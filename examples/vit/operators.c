/* operators.c: where the time of a forward goes. */
#include "operators.h"

#include <string.h>

void operators_note(void *operators, const char *name, uint64_t macs) {
    struct operators *o = operators;
    double now = o->clock();
    int i = 0;
    if (name == NULL) {
        o->last = now;
        return;
    }
    while (i < o->count && strcmp(o->rows[i].name, name) != 0) i++;
    if (i == OPERATORS_MOST) return;
    if (i == o->count) o->rows[o->count++] = (struct operator_time){.name = name};
    o->rows[i].now += now - o->last;
    o->rows[i].macs += macs;
    o->last = now;
}

void operators_begin(struct operators *o) {
    for (int i = 0; i < o->count; i++) {
        o->rows[i].now = 0;
        o->rows[i].macs = 0;
    }
}

void operators_keep(struct operators *o) {
    for (int i = 0; i < o->count; i++) series_add(&o->rows[i].seconds, o->rows[i].now);
}

void operators_free(struct operators *o) {
    for (int i = 0; i < o->count; i++) series_free(&o->rows[i].seconds);
    *o = (struct operators){0};
}
