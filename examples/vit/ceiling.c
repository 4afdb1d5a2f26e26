/* ceiling.c: the loops of loops.h on some threads at once. */
#include "ceiling.h"

#include "system.h"

enum { ROUNDS = 20000, PART = 4096 }; /* parts of what is read are multiples of this */

struct computing {
    const struct loop *loop;
    double seconds;
    ceiling_clock clock;
    double rates[SYSTEM_THREADS_MOST]; /* of each thread */
};

static void compute(void *arg, int thread) {
    struct computing *c = arg;
    volatile double sink;
    double start = c->clock(), spent = 0, rounds = 0;
    do {
        sink = c->loop->run(ROUNDS);
        rounds += ROUNDS;
        spent = c->clock() - start;
    } while (spent < c->seconds);
    (void)sink;
    c->rates[thread] = spent > 0 ? 1e-9 * rounds * c->loop->operations / spent : 0;
}

double ceiling_compute(const struct loop *loop, double seconds, int threads, ceiling_clock clock) {
    struct computing c = {.loop = loop, .seconds = seconds, .clock = clock};
    double sum = 0;
    if (loop->name == NULL) return 0;
    system_parallel(threads, compute, &c);
    for (int i = 0; i < threads; i++) sum += c.rates[i];
    return sum;
}

struct reading {
    int32_t isa;
    const unsigned char *data;
    size_t part, size;
    uint64_t sums[SYSTEM_THREADS_MOST];
};

static void read_part(void *arg, int thread) {
    struct reading *r = arg;
    size_t from = r->part * (size_t)thread, left = r->size > from ? r->size - from : 0;
    r->sums[thread] = loop_read(r->isa, r->data + from, left < r->part ? left : r->part);
}

double ceiling_read(int32_t isa, const void *data, size_t size, int threads, ceiling_clock clock) {
    struct reading r = {.isa = isa, .data = data, .size = size};
    r.part = (size / (size_t)threads / PART + 1) * PART;
    double start = clock();
    system_parallel(threads, read_part, &r);
    double spent = clock() - start;
    return spent > 0 ? 1e-9 * (double)size / spent : 0;
}
