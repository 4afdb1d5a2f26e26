/* measure.c: forwards, each followed by the loops that are its ceilings. */
#include "measure.h"

#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "system.h"

#define LOOP_MOST 0.1 /* seconds of one loop */
/* Reading as many bytes as the weights have empties the caches; the forward after it is not counted. */
enum { WARM_UP = 2, RUNS_MOST = 100000, READ_EVERY = 8, ALIGN = 64 };

/* One of the loops, on all threads, with its measurements. */
struct turns {
    struct series loop, f32, f32_one, read, forward;
};

static void free_turns(struct turns *t) {
    struct series *all[] = {&t->loop, &t->f32, &t->f32_one, &t->read, &t->forward};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) series_free(all[i]);
}

/* The products of the blocks, which the precision of the weights is about; attention's, in a section of whole images, count as
 * the others there. */
static bool is_tokens_product(const char *name) {
    static const char *const names[] = {"embedding", "qkv", "proj", "fc1", "fc2", "rows", "images"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) return true;
    }
    return false;
}

double measure_peak(const struct measured *m, const char *operator_name) {
    return is_tokens_product(operator_name) ? m->loop_rate : m->f32_rate;
}

/* Seconds that all products of a forward take at these rates. */
static double floor_seconds(const struct operators *o, double loop_rate, double f32_rate) {
    double seconds = 0;
    for (int i = 0; i < o->count; i++) {
        double rate = is_tokens_product(o->rows[i].name) ? loop_rate : f32_rate;
        if (rate > 0) seconds += 2e-9 * (double)o->rows[i].macs / rate;
    }
    return seconds;
}

static bool is_enough(struct measure_plan plan, int64_t done, double spent) {
    if (plan.runs > 0) return done >= plan.runs;
    return done >= RUNS_MOST || (done >= plan.least && spent >= plan.seconds);
}

static void run_loops(const struct measured *m, struct turns *t, double seconds, int threads, ceiling_clock clock) {
    bool same = m->loop.run == m->f32.run;
    if (seconds > LOOP_MOST) seconds = LOOP_MOST;
    series_add(&t->f32, ceiling_compute(&m->f32, seconds, threads, clock));
    series_add(&t->f32_one, threads > 1 ? ceiling_compute(&m->f32, seconds, 1, clock) : t->f32.values[t->f32.count - 1]);
    series_add(&t->loop, same ? t->f32.values[t->f32.count - 1] : ceiling_compute(&m->loop, seconds, threads, clock));
}

static bool run_turns(struct measured *m, struct turns *t, const struct model *model, const struct noise *noise,
                      struct operators *operators, struct measure_plan plan, const void *block, size_t block_size) {
    int threads = (int)model_number(model, VIT_INFO_THREADS);
    int32_t isa = (int32_t)model_number(model, VIT_INFO_ISA);
    double start = plan.clock();
    for (m->runs = 0; !is_enough(plan, m->runs, plan.clock() - start); m->runs++) {
        if (m->runs % READ_EVERY == 0) {
            series_add(&t->read, ceiling_read(isa, block, block_size, threads, plan.clock));
            if (!noise_forward(noise, model)) return false;
        }
        operators_begin(operators);
        double before = plan.clock();
        if (!noise_forward(noise, model)) return false;
        double spent = plan.clock() - before;
        operators_keep(operators);
        series_add(&t->forward, spent);
        run_loops(m, t, spent, threads, plan.clock);
    }
    return true;
}

static void summarise(struct measured *m, struct turns *t, const struct operators *operators) {
    m->least = series_percentile(&t->forward, 0);
    m->median = series_percentile(&t->forward, 50);
    m->p95 = series_percentile(&t->forward, 95);
    m->loop_rate = series_percentile(&t->loop, 50);
    m->f32_rate = series_percentile(&t->f32, 50);
    m->f32_rate_one = series_percentile(&t->f32_one, 50);
    m->read_rate = series_percentile(&t->read, 50);
    for (int i = 0; i < operators->count; i++) m->macs += operators->rows[i].macs;
    if (m->median > 0) m->share = floor_seconds(operators, m->loop_rate, m->f32_rate) / m->median;
    double best_loop = series_percentile(&t->loop, 100), best_f32 = series_percentile(&t->f32, 100);
    if (m->least > 0) m->quiet_share = floor_seconds(operators, best_loop, best_f32) / m->least;
}

static void choose_loops(struct measured *m, const struct model *model) {
    int32_t isa = (int32_t)model_number(model, VIT_INFO_ISA);
    const char *precision = vit_info_text(model->vit, VIT_TEXT_PRECISION);
    m->f32 = m->loop = loop_f32(isa);
    if (strcmp(precision, "int8") == 0 && loop_int8(isa).name) m->loop = loop_int8(isa);
    struct loop bf16 = loop_bf16(vit_info_text(model->vit, VIT_TEXT_PRODUCTS));
    if (bf16.name) m->loop = bf16; /* otherwise bf16 weights are computed with in f32 */
}

bool measure(struct measured *m, const struct model *model, const struct noise *noise, struct operators *operators,
             struct measure_plan plan) {
    *m = (struct measured){0};
    choose_loops(m, model);
    for (int i = 0; i < WARM_UP; i++) {
        if (!noise_forward(noise, model)) return false;
    }
    m->peak_bytes = system_peak_bytes();
    size_t size = (size_t)model_number(model, VIT_INFO_WEIGHT_BYTES) / ALIGN * ALIGN + ALIGN;
    unsigned char *room = malloc(size + ALIGN);
    struct turns t = {0};
    bool good = room != NULL;
    if (!good) complain("out of memory");
    if (good) {
        memset(room, 1, size + ALIGN);
        unsigned char *block = room + (ALIGN - (uintptr_t)room % ALIGN) % ALIGN;
        good = run_turns(m, &t, model, noise, operators, plan, block, size);
    }
    if (good) summarise(m, &t, operators);
    free_turns(&t);
    free(room);
    return good;
}
