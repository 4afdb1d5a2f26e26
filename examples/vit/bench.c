/* bench.c: `vit bench`: how long a forward takes, where the time goes, and how that compares with what the machine could do. */
#include <stdlib.h>

#include "bench.h"
#include "commands.h"
#include "model.h"
#include "print.h"
#include "system.h"

#define SECONDS 3.0 /* of a measurement */
#define RUNS_LEAST 5

static bool save(const struct model *model, const char *path) {
    if (path == NULL || vit_save(model->vit, path, NULL, 0) == VIT_OK) return true;
    complain("%s: %s", path, vit_message(model->vit));
    return false;
}

static int measure_one(const struct args *args) {
    struct bench b = {.batch = args->batch ? args->batch : 1, .is_random = args->random != NULL};
    b.operators.clock = bench_clock(args);
    struct measure_plan plan = {.runs = args->runs, .least = RUNS_LEAST, .seconds = SECONDS, .clock = bench_clock(args)};
    struct noise noise = {0};
    int exit_code;
    double start = system_seconds();
    const char *name = args->random ? args->random : args->operands[0];
    if (model_open_profiled(&b.model, args, name, b.batch, operators_note, &b.operators, &exit_code)) {
        b.load = system_seconds() - start;
        bool good = save(&b.model, args->save) && noise_make(&noise, &b.model, b.batch) &&
                    measure(&b.measured, &b.model, &noise, &b.operators, plan);
        exit_code = good ? EXIT_OK : EXIT_FAILED;
        if (good) b.measured.picture = noise_picture_seconds(&b.model);
        if (good) (args->json ? bench_print_json : bench_print_text)(&b);
    }
    noise_free(&noise);
    operators_free(&b.operators);
    model_close(&b.model);
    return exit_code;
}

ceiling_clock bench_clock(const struct args *args) {
    return args->cpu_time ? system_cpu_seconds : system_seconds;
}

int command_bench(const struct args *args) {
    if (args->cpu_time && args->threads > 1) {
        complain("--cpu-time is for one thread: time of waiting for each other would not count");
        return EXIT_USAGE;
    }
    if (args->turns) return turns(args);
    if (args->sweep) return sweep(args);
    if (args->first) return cold_first(args);
    if (args->cold) return cold(args);
    return measure_one(args);
}
