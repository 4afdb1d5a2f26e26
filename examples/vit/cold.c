/* cold.c: `vit bench --cold`: from the start of a process to its first result, against what cannot be avoided: a steady forward,
 * and a pass that maps the same file and touches every page of it. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "print.h"
#include "system.h"

enum { PROCESSES = 7, STEADY_RUNS = 5, WORDS_MOST = 16, OUTPUT = 512 };

/* ---- one process ----------------------------------------------------------------------------------------------------------- */

/* The moments of one process: seconds, but for the peak. */
struct moments {
    double at; /* when the first result was there, on the clock of system_seconds */
    double load, forward, steady; /* opening the model; the first forward; a later one */
    double peak_bytes, weight_bytes;
};
#define MOMENTS "{\"at\": %lf, \"load\": %lf, \"forward\": %lf, \"steady\": %lf, \"peak_bytes\": %lf, \"weight_bytes\": %lf}"

int cold_first(const struct args *args) {
    struct model model;
    struct noise noise = {0};
    struct series steady = {0};
    struct moments m = {0};
    int exit_code;
    int64_t batch = args->batch ? args->batch : 1;
    double start = system_seconds();
    bool good = model_open(&model, args, args->random ? args->random : args->operands[0], batch, &exit_code);
    m.load = system_seconds() - start;
    good = good && noise_make(&noise, &model, batch);
    start = system_seconds();
    good = good && noise_forward(&noise, &model);
    m.at = system_seconds();
    m.forward = m.at - start;
    m.peak_bytes = (double)system_peak_bytes();
    for (int i = 0; good && i < STEADY_RUNS; i++) {
        start = system_seconds();
        good = noise_forward(&noise, &model);
        series_add(&steady, system_seconds() - start);
    }
    m.steady = series_percentile(&steady, 50);
    if (good) m.weight_bytes = (double)model_number(&model, VIT_INFO_WEIGHT_BYTES);
    if (good) printf(MOMENTS "\n", m.at, m.load, m.forward, m.steady, m.peak_bytes, m.weight_bytes);
    series_free(&steady);
    noise_free(&noise);
    model_close(&model);
    return good ? EXIT_OK : EXIT_FAILED;
}

/* ---- many processes -------------------------------------------------------------------------------------------------------- */

static bool run_process(struct moments *m, const struct args *args) {
    const char *words[WORDS_MOST] = {args->program, "bench", "--first", "--quiet"};
    char threads[PRINT_SMALL], batch[PRINT_SMALL], text[OUTPUT];
    int count = 4;
    snprintf(threads, sizeof threads, "--threads=%lld", (long long)(args->threads ? args->threads : 1));
    snprintf(batch, sizeof batch, "--batch=%lld", (long long)(args->batch ? args->batch : 1));
    words[count++] = threads;
    words[count++] = batch;
    if (args->isa != VIT_ISA_BEST) {
        words[count++] = "--isa";
        words[count++] = vit_isa_text((int32_t)args->isa);
    }
    words[count++] = "--";
    words[count++] = args->operands[0];
    return system_run(words, text, sizeof text) &&
           sscanf(text, MOMENTS, &m->at, &m->load, &m->forward, &m->steady, &m->peak_bytes, &m->weight_bytes) == 6;
}

struct cold {
    struct series total, load, forward, steady, touch;
    struct moments last;
};

static bool run_processes(struct cold *c, const struct args *args) {
    int64_t runs = args->runs ? args->runs : PROCESSES;
    for (int64_t i = 0; i < runs; i++) {
        double touch, start;
        if (!system_touch_file(args->operands[0], &touch)) {
            complain("%s cannot be mapped, or this system maps no files", args->operands[0]);
            return false;
        }
        start = system_seconds();
        if (!run_process(&c->last, args)) {
            complain("%s bench --first %s failed", args->program, args->operands[0]);
            return false;
        }
        series_add(&c->touch, touch);
        series_add(&c->total, c->last.at - start);
        series_add(&c->load, c->last.load);
        series_add(&c->forward, c->last.forward);
        series_add(&c->steady, c->last.steady);
    }
    return true;
}

static void print_cold(struct cold *c, const struct args *args) {
    double total = 1e3 * series_percentile(&c->total, 50), load = 1e3 * series_percentile(&c->load, 50);
    double forward = 1e3 * series_percentile(&c->forward, 50), steady = 1e3 * series_percentile(&c->steady, 50);
    double touch = 1e3 * series_percentile(&c->touch, 50), ratio = total / (steady + touch);
    char a[PRINT_SMALL], b[PRINT_SMALL];
    if (args->json) {
        fputs("{\"model\": ", stdout);
        print_json_text(args->operands[0]);
        printf(", \"processes\": %zu, \"cold_ms\": %.3f, \"load_ms\": %.3f, \"first_ms\": %.3f, \"steady_ms\": %.3f",
               c->total.count, total, load, forward, steady);
        printf(", \"touch_ms\": %.3f, \"ratio\": %.4f, \"peak_bytes\": %.0f, \"weight_bytes\": %.0f}\n", touch, ratio,
               c->last.peak_bytes, c->last.weight_bytes);
        return;
    }
    printf("cold start    %.2f ms from process start to first result (median of %zu)\n", total, c->total.count);
    printf("              of these %.2f ms loading, %.2f ms the first forward\n", load, forward);
    printf("steady        %.2f ms a forward\n", steady);
    printf("plain pass    %.2f ms to map the same file and touch every page\n", touch);
    printf("ratio         %.3f of steady forward and plain pass together\n", ratio);
    printf("memory        peak %s, %s of them weights\n", text_of_bytes(a, (uint64_t)c->last.peak_bytes),
           text_of_bytes(b, (uint64_t)c->last.weight_bytes));
}

int cold(const struct args *args) {
    struct cold c = {0};
    if (args->random) {
        complain("--cold wants a file; `vit bench --size %s --save FILE.vit` makes one", args->random);
        return EXIT_USAGE;
    }
    if (args->precision || args->width || args->height || args->set_count || args->config || args->preprocessor) {
        complain("--cold measures the file as it is, without options about the model; `vit convert` writes another one");
        return EXIT_USAGE;
    }
    bool good = run_processes(&c, args);
    if (good) print_cold(&c, args);
    struct series *all[] = {&c.total, &c.load, &c.forward, &c.steady, &c.touch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) series_free(all[i]);
    return good ? EXIT_OK : EXIT_FAILED;
}
