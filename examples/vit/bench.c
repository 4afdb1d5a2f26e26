/* bench.c: `vit bench`: how long a forward takes, and how that compares with what the core could do. */
#include "commands.h"

#include <stdlib.h>
#include <string.h>

#include "fma.h"
#include "model.h"
#include "print.h"
#include "system.h"

#define SECONDS 3.0   /* of a measurement */
#define LOOP_MOST 0.2 /* of one multiply-add loop */
enum { WARM_UP = 2, RUNS_LEAST = 5, RUNS_MOST = 100000 };

struct measured {
    int64_t runs, batch;
    double load; /* seconds */
    double least, median, p95; /* seconds of a forward of `batch` pictures */
    double gflops, fma_gflops; /* of the forward, on all threads; of the loop, on one core */
    double share;              /* of the loop's speed on as many cores as there are threads */
};

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The smallest value that `percent` of the sorted values do not exceed. */
static double percentile(const double *sorted, int64_t count, int64_t percent) {
    return sorted[(count * percent + 99) / 100 - 1];
}

static bool is_enough(int64_t done, int64_t wanted, double spent) {
    if (wanted > 0) return done >= wanted;
    return done >= RUNS_MOST || (done >= RUNS_LEAST && spent >= SECONDS);
}

/* Forwards and multiply-add loops of the same length take turns, so that both see the same machine, and both wait as often when
 * it is busy with something else. images [batch]. */
static bool measure(struct measured *m, const struct model *model, const vit_image *images, float *out, size_t count,
                    double *times, double *loops) {
    int32_t isa = (int32_t)model_number(model, VIT_INFO_ISA), batch = (int32_t)m->batch, status = VIT_OK;
    int64_t done = 0;
    for (int i = 0; i < WARM_UP && status == VIT_OK; i++) status = vit_forward(model->vit, images, batch, out, count);
    double start = system_seconds();
    while (status == VIT_OK && !is_enough(done, m->runs, system_seconds() - start)) {
        double before = system_seconds();
        status = vit_forward(model->vit, images, batch, out, count);
        times[done] = system_seconds() - before;
        loops[done] = fma_gflops(isa, times[done] < LOOP_MOST ? times[done] : LOOP_MOST);
        done++;
    }
    if (status != VIT_OK) {
        complain("%s", vit_message(model->vit));
        return false;
    }
    qsort(times, (size_t)done, sizeof *times, compare);
    qsort(loops, (size_t)done, sizeof *loops, compare);
    m->runs = done;
    m->least = times[0];
    m->median = percentile(times, done, 50);
    m->p95 = percentile(times, done, 95);
    m->fma_gflops = percentile(loops, done, 50);
    m->gflops = m->median > 0 ? 2e-9 * (double)model_number(model, VIT_INFO_MACS) * (double)m->batch / m->median : 0;
    double ceiling = m->fma_gflops * (double)model_number(model, VIT_INFO_THREADS);
    m->share = ceiling > 0 ? m->gflops / ceiling : 0;
    return true;
}

/* Preprocessed noise, so that only the model is timed. */
static bool prepare_and_measure(struct measured *m, const struct model *model) {
    int64_t width = model_number(model, VIT_INFO_IMAGE_WIDTH), height = model_number(model, VIT_INFO_IMAGE_HEIGHT);
    size_t pixels = (size_t)(width * height * model_number(model, VIT_INFO_CHANNELS));
    size_t outputs = (size_t)(m->batch * model_number(model, VIT_INFO_OUTPUTS));
    size_t runs = m->runs ? (size_t)m->runs : RUNS_MOST;
    float *input = malloc(pixels * sizeof *input), *out = malloc(outputs * sizeof *out);
    vit_image *images = calloc((size_t)m->batch, sizeof *images);
    double *times = malloc(2 * runs * sizeof *times);
    bool good = false;
    if (input && out && images && times) {
        uint32_t state = 1;
        for (size_t i = 0; i < pixels; i++) {
            state = state * 1664525u + 1013904223u;
            input[i] = (float)(state >> 8) / 8388608.0f - 1.0f;
        }
        for (int64_t i = 0; i < m->batch; i++) {
            images[i].format = VIT_PIXELS_F32;
            images[i].width = (int32_t)width;
            images[i].height = (int32_t)height;
            images[i].planes[0] = input;
        }
        good = measure(m, model, images, out, outputs, times, times + runs);
    } else {
        complain("out of memory");
    }
    free(input);
    free(out);
    free(images);
    free(times);
    return good;
}

static void print_json(const struct model *model, const struct measured *m) {
    fputs("{\"model\": ", stdout);
    print_json_text(model->name);
    printf(", \"version\": \"%s\", \"build\": ", vit_version_text());
    print_json_text(vit_build_text());
    printf(",\n \"isa\": \"%s\", \"precision\": \"%s\"", vit_info_text(model->vit, VIT_TEXT_ISA),
           vit_info_text(model->vit, VIT_TEXT_PRECISION));
    printf(", \"threads\": %lld, \"batch\": %lld", (long long)model_number(model, VIT_INFO_THREADS), (long long)m->batch);
    printf(",\n \"image_width\": %lld, \"image_height\": %lld, \"tokens\": %lld, \"parameters\": %lld, \"macs\": %lld",
           (long long)model_number(model, VIT_INFO_IMAGE_WIDTH), (long long)model_number(model, VIT_INFO_IMAGE_HEIGHT),
           (long long)model_number(model, VIT_INFO_TOKENS), (long long)model_number(model, VIT_INFO_PARAMETERS),
           (long long)model_number(model, VIT_INFO_MACS));
    double per_image = 1e3 / (double)m->batch;
    printf(",\n \"runs\": %lld, \"load_ms\": %.3f, \"min_ms\": %.4f, \"median_ms\": %.4f, \"p95_ms\": %.4f", (long long)m->runs,
           1e3 * m->load, per_image * m->least, per_image * m->median, per_image * m->p95);
    fputs(", \"images_per_second\": ", stdout);
    print_json_real((double)m->batch / m->median);
    printf(",\n \"gflops\": %.2f, \"fma_gflops\": %.2f, \"share\": %.4f", m->gflops, m->fma_gflops, m->share);
    printf(", \"weight_bytes\": %lld, \"owned_bytes\": %lld, \"peak_bytes\": %llu}\n",
           (long long)model_number(model, VIT_INFO_WEIGHT_BYTES), (long long)model_number(model, VIT_INFO_OWNED_BYTES),
           (unsigned long long)system_peak_bytes());
}

static void print_text_report(const struct model *model, const struct measured *m, bool is_random) {
    char a[PRINT_SMALL], b[PRINT_SMALL];
    long long threads = (long long)model_number(model, VIT_INFO_THREADS);
    double per_image = 1e3 / (double)m->batch;
    printf("vit %s, %s\n\n", vit_version_text(), vit_build_text());
    fputs("model         ", stdout);
    print_text(stdout, model->name, 0);
    printf("%s\n", is_random ? ", random weights" : "");
    printf("input         %lld x %lld pixels, %lld tokens\n", (long long)model_number(model, VIT_INFO_IMAGE_WIDTH),
           (long long)model_number(model, VIT_INFO_IMAGE_HEIGHT), (long long)model_number(model, VIT_INFO_TOKENS));
    printf("computed with %s, %s weights, %lld thread%s, batches of %lld\n", vit_info_text(model->vit, VIT_TEXT_ISA),
           vit_info_text(model->vit, VIT_TEXT_PRECISION), threads, threads == 1 ? "" : "s", (long long)m->batch);
    printf("load          %.1f ms\n", 1e3 * m->load);
    printf("a picture     min %.3f  median %.3f  p95 %.3f ms  (%lld runs)\n", per_image * m->least, per_image * m->median,
           per_image * m->p95, (long long)m->runs);
    printf("speed         %.4g pictures/s, %.4g GFLOP/s\n", (double)m->batch / m->median, m->gflops);
    printf("efficiency    %.1f %% of a multiply-add loop in registers: %.4g GFLOP/s on one core", 100 * m->share, m->fma_gflops);
    printf(threads > 1 ? ", times %lld\n" : "\n", threads);
    printf("memory        %s of weights; process peak %s\n",
           text_of_bytes(a, (uint64_t)model_number(model, VIT_INFO_WEIGHT_BYTES)), text_of_bytes(b, system_peak_bytes()));
}

int command_bench(const struct args *args) {
    struct model model;
    struct measured m = {.runs = args->runs, .batch = args->batch ? args->batch : 1};
    int exit_code;
    double start = system_seconds();
    bool good = model_open(&model, args, args->random ? args->random : args->operands[0], m.batch, &exit_code);
    m.load = system_seconds() - start;
    if (good) {
        exit_code = prepare_and_measure(&m, &model) ? EXIT_OK : EXIT_FAILED;
        if (exit_code == EXIT_OK && args->json) print_json(&model, &m);
        if (exit_code == EXIT_OK && !args->json) print_text_report(&model, &m, args->random != NULL);
    }
    model_close(&model);
    return exit_code;
}
