/* bench_print.c: what `vit bench` found, as text and as JSON. */
#include "bench.h"
#include "print.h"

static long long number(const struct bench *b, int32_t key) {
    return (long long)model_number(&b->model, key);
}

static double per_second(double what, double seconds) {
    return seconds > 0 ? what / seconds : 0;
}

static double gflops(const struct bench *b) {
    return per_second(2e-9 * (double)b->measured.macs, b->measured.median);
}

/* GB/s that reading every weight once in each forward means. */
static double weight_rate(const struct bench *b) {
    return per_second(1e-9 * (double)number(b, VIT_INFO_WEIGHT_BYTES), b->measured.median);
}

/* ---- operators ------------------------------------------------------------------------------------------------------------- */

/* What a row of the table says. */
struct row {
    double ms;     /* a picture */
    double share;  /* of the forward */
    double gflops; /* 0: no products */
    double peak;   /* part of what the loop of its kind reaches */
};

static struct row row_of(const struct bench *b, struct operator_time *o) {
    double seconds = series_percentile(&o->seconds, 50), most = measure_peak(&b->measured, o->name);
    struct row r = {.ms = 1e3 * seconds / (double)b->batch, .share = per_second(seconds, b->measured.median)};
    r.gflops = per_second(2e-9 * (double)o->macs, seconds);
    r.peak = per_second(r.gflops, most);
    return r;
}

static void print_operators(struct bench *b) {
    puts("\noperator        ms/picture  of forward    GFLOP/s   of peak");
    for (int i = 0; i < b->operators.count; i++) {
        struct row r = row_of(b, &b->operators.rows[i]);
        printf("%-14s %11.4f %9.1f %%", b->operators.rows[i].name, r.ms, 100 * r.share);
        if (r.gflops > 0) printf(" %10.1f %7.1f %%", r.gflops, 100 * r.peak);
        putchar('\n');
    }
}

static void print_json_operators(struct bench *b) {
    fputs(",\n \"operators\": [", stdout);
    for (int i = 0; i < b->operators.count; i++) {
        struct row r = row_of(b, &b->operators.rows[i]);
        printf("%s\n  {\"name\": ", i ? "," : "");
        print_json_text(b->operators.rows[i].name);
        printf(", \"ms\": %.5f, \"share\": %.4f, \"gflops\": %.2f, \"peak_share\": %.4f}", r.ms, r.share, r.gflops, r.peak);
    }
    putchar(']');
}

/* ---- everything ------------------------------------------------------------------------------------------------------------ */

void bench_print_json(struct bench *b) {
    const struct measured *m = &b->measured;
    double per_image = 1e3 / (double)b->batch;
    fputs("{\"model\": ", stdout);
    print_json_text(b->model.name);
    printf(", \"random\": %s, \"version\": \"%s\", \"build\": ", b->is_random ? "true" : "false", vit_version_text());
    print_json_text(vit_build_text());
    printf(",\n \"isa\": \"%s\", \"products\": \"%s\", \"precision\": \"%s\"", vit_info_text(b->model.vit, VIT_TEXT_ISA),
           vit_info_text(b->model.vit, VIT_TEXT_PRODUCTS), vit_info_text(b->model.vit, VIT_TEXT_PRECISION));
    printf(", \"threads\": %lld, \"batch\": %lld", number(b, VIT_INFO_THREADS), (long long)b->batch);
    printf(",\n \"image_width\": %lld, \"image_height\": %lld, \"patch_width\": %lld, \"patch_height\": %lld, \"tokens\": %lld",
           number(b, VIT_INFO_IMAGE_WIDTH), number(b, VIT_INFO_IMAGE_HEIGHT), number(b, VIT_INFO_PATCH_WIDTH),
           number(b, VIT_INFO_PATCH_HEIGHT), number(b, VIT_INFO_TOKENS));
    printf(",\n \"parameters\": %lld, \"macs\": %lld, \"macs_done\": %llu", number(b, VIT_INFO_PARAMETERS),
           number(b, VIT_INFO_MACS), (unsigned long long)m->macs / (unsigned long long)b->batch);
    printf(",\n \"runs\": %lld, \"load_ms\": %.3f, \"min_ms\": %.4f, \"median_ms\": %.4f, \"p95_ms\": %.4f", (long long)m->runs,
           1e3 * b->load, per_image * m->least, per_image * m->median, per_image * m->p95);
    printf(", \"images_per_second\": %.4f", per_second((double)b->batch, m->median));
    fputs(",\n \"loop\": ", stdout);
    print_json_text(m->loop.name);
    printf(", \"gflops\": %.2f, \"loop_gflops\": %.2f, \"fma_gflops\": %.2f, \"fma_gflops_one_thread\": %.2f", gflops(b),
           m->loop_rate, m->f32_rate, m->f32_rate_one);
    printf(", \"share\": %.4f, \"quiet_share\": %.4f", m->share, m->quiet_share);
    printf(",\n \"read_gbs\": %.2f, \"weight_gbs\": %.2f, \"read_share\": %.4f", m->read_rate, weight_rate(b),
           per_second(weight_rate(b), m->read_rate));
    printf(", \"weight_bytes\": %lld, \"owned_bytes\": %lld, \"peak_bytes\": %llu", number(b, VIT_INFO_WEIGHT_BYTES),
           number(b, VIT_INFO_OWNED_BYTES), (unsigned long long)m->peak_bytes);
    printf(",\n \"picture_ms\": %.4f", 1e3 * m->picture);
    print_json_operators(b);
    puts("}");
}

static void print_ceilings(const struct bench *b) {
    const struct measured *m = &b->measured;
    long long threads = number(b, VIT_INFO_THREADS);
    printf("efficiency    %.1f %% of loops in registers (quickest of both: %.1f %%)\n", 100 * m->share, 100 * m->quiet_share);
    if (m->loop.run != m->f32.run) {
        printf("              %.4g Gop/s of %s, in the products of every token\n", m->loop_rate, m->loop.name);
    }
    printf("              %.4g GFLOP/s of %s", m->f32_rate, m->f32.name);
    printf(threads > 1 ? " on %lld threads, %.4g on one\n" : "\n", threads, m->f32_rate_one);
    printf("weights       read once a forward: %.3g GB/s, %.1f %% of the %.3g GB/s of a read loop\n", weight_rate(b),
           100 * per_second(weight_rate(b), m->read_rate), m->read_rate);
}

void bench_print_text(struct bench *b) {
    const struct measured *m = &b->measured;
    char a[PRINT_SMALL], c[PRINT_SMALL];
    long long threads = number(b, VIT_INFO_THREADS);
    double per_image = 1e3 / (double)b->batch;
    printf("vit %s, %s\n\n", vit_version_text(), vit_build_text());
    fputs("model         ", stdout);
    print_text(stdout, b->model.name, 0);
    printf("%s, %s parameters, %.4g GFLOP a picture\n", b->is_random ? ", random weights" : "",
           text_of_count(a, number(b, VIT_INFO_PARAMETERS)), 2e-9 * (double)m->macs / (double)b->batch);
    printf("input         %lld x %lld pixels, %lld tokens\n", number(b, VIT_INFO_IMAGE_WIDTH), number(b, VIT_INFO_IMAGE_HEIGHT),
           number(b, VIT_INFO_TOKENS));
    printf("computed with %s, %s weights, %lld thread%s, batches of %lld\n", vit_info_text(b->model.vit, VIT_TEXT_PRODUCTS),
           vit_info_text(b->model.vit, VIT_TEXT_PRECISION), threads, threads == 1 ? "" : "s", (long long)b->batch);
    printf("load          %.1f ms\n", 1e3 * b->load);
    printf("a picture     min %.3f  median %.3f  p95 %.3f ms  (%lld runs)\n", per_image * m->least, per_image * m->median,
           per_image * m->p95, (long long)m->runs);
    printf("speed         %.4g pictures/s, %.4g GFLOP/s\n", per_second((double)b->batch, m->median), gflops(b));
    print_ceilings(b);
    if (m->picture > 0) {
        printf("preparation   %.3f ms for a photograph of %d x %d pixels\n", 1e3 * m->picture, NOISE_PHOTO_WIDTH,
               NOISE_PHOTO_HEIGHT);
    }
    printf("memory        %s of weights; process peak %s\n", text_of_bytes(a, (uint64_t)number(b, VIT_INFO_WEIGHT_BYTES)),
           text_of_bytes(c, m->peak_bytes));
    print_operators(b);
}
