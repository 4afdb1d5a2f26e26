/* turns.c: `vit bench --turns`: the same weights alone, in batches, and with further outputs, one after the other, again and
 * again: what a batch gains, and what tokens and hidden states cost. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "print.h"
#include "system.h"

#define SECONDS 10.0 /* of all turns */

enum { BATCH = 8, TURNS_LEAST = 5, VARIANTS = 4 };

static const struct {
    const char *name;
    bool in_batch, tokens, hidden;
    int against; /* which variant it is compared with */
} variants[VARIANTS] = {
    {"one by one", false, false, false, 0},
    {"in a batch", true, false, false, 0},
    {"one by one, all tokens", false, true, false, 0}, /* the last block is computed for all of them */
    {"with hidden states", false, true, true, 2},
};

struct turns {
    struct model models[VARIANTS]; /* contexts on the same weights */
    struct noise noises[VARIANTS];
    struct series seconds[VARIANTS]; /* a picture */
    struct series ratios[VARIANTS];  /* to the variant it is compared with, in the same turn */
    struct series copy;              /* seconds of copying a picture's hidden states */
    size_t hidden_bytes;             /* a picture */
    int64_t batch;
    ceiling_clock clock;
};

static bool open_variant(struct turns *t, int i) {
    struct model *model = &t->models[i];
    char why[256] = "";
    if (i > 0 && vit_clone(&model->vit, t->models[0].vit, NULL, why, sizeof why) != VIT_OK) {
        complain("%s", why);
        return false;
    }
    if ((variants[i].tokens && vit_request(model->vit, VIT_OUTPUT_TOKENS, 0) != VIT_OK) ||
        (variants[i].hidden && vit_request(model->vit, VIT_OUTPUT_HIDDEN, -1) != VIT_OK)) {
        complain("%s", vit_message(model->vit));
        return false;
    }
    return noise_make(&t->noises[i], model, variants[i].in_batch ? t->batch : 1) && noise_forward(&t->noises[i], model);
}

/* As many pictures in every variant. */
static bool take_turn(struct turns *t, double now[VARIANTS]) {
    for (int i = 0; i < VARIANTS; i++) {
        const double start = t->clock();
        for (int64_t done = 0; done < t->batch; done += t->noises[i].batch) {
            if (!noise_forward(&t->noises[i], &t->models[i])) return false;
        }
        now[i] = (t->clock() - start) / (double)t->batch;
    }
    for (int i = 0; i < VARIANTS; i++) {
        series_add(&t->seconds[i], now[i]);
        series_add(&t->ratios[i], now[i] / now[variants[i].against]);
    }
    return true;
}

static bool take_turns(struct turns *t, int64_t runs) {
    char *from = malloc(t->hidden_bytes), *to = malloc(t->hidden_bytes);
    double now[VARIANTS], start = t->clock();
    bool good = from && to;
    if (good) memset(from, 1, t->hidden_bytes);
    else complain("out of memory");
    for (int64_t i = 0; good && (runs ? i < runs : i < TURNS_LEAST || t->clock() - start < SECONDS); i++) {
        good = take_turn(t, now);
        const double before = t->clock();
        memcpy(to, from, t->hidden_bytes);
        series_add(&t->copy, t->clock() - before);
    }
    free(from);
    free(to);
    return good;
}

static void print_variant(struct turns *t, int i, bool json) {
    const int base = variants[i].against;
    const double least = 1e3 * series_percentile(&t->seconds[i], 0), median = 1e3 * series_percentile(&t->seconds[i], 50);
    const double ratio = series_percentile(&t->ratios[i], 50), other = 1e3 * series_percentile(&t->seconds[base], 0);
    const double least_ratio = other > 0 ? least / other : 0;
    if (json) {
        printf("%s\n  {\"name\": \"%s\", \"against\": \"%s\"", i ? "," : "", variants[i].name, variants[base].name);
        printf(", \"least_ms\": %.4f, \"median_ms\": %.4f", least, median);
        printf(", \"ratio\": %.4f, \"least_ratio\": %.4f}", ratio, least_ratio);
        return;
    }
    printf("%-24s %7.3f %7.3f", variants[i].name, least, median);
    if (i != base) printf("%29.3f %16.3f  to \"%s\"", ratio, least_ratio, variants[base].name);
    putchar('\n');
}

static void print_turns(struct turns *t, bool json) {
    char bytes[PRINT_SMALL];
    const double copy = 1e3 * series_percentile(&t->copy, 50);
    if (json) {
        printf("{\"turns\": %zu, \"batch\": %lld", t->copy.count, (long long)t->batch);
        printf(", \"copy_ms\": %.4f, \"variants\": [", copy);
    } else {
        printf("%-24s   least  median ms a picture   ratio: median  of the quickest\n", "");
    }
    for (int i = 0; i < VARIANTS; i++) print_variant(t, i, json);
    if (json) {
        puts("]}");
        return;
    }
    printf("\n%zu turns of %lld pictures. Copying a picture's hidden states, %s, takes %.3f ms.\n", t->copy.count,
           (long long)t->batch, text_of_bytes(bytes, t->hidden_bytes), copy);
}

int turns(const struct args *args) {
    struct turns t = {.batch = args->batch ? args->batch : BATCH, .clock = bench_clock(args)};
    int exit_code;
    bool good = model_open(&t.models[0], args, args->random ? args->random : args->operands[0], t.batch, &exit_code);
    for (int i = 0; good && i < VARIANTS; i++) {
        good = open_variant(&t, i);
        if (!good) exit_code = EXIT_FAILED;
    }
    if (good) {
        const struct model *m = &t.models[0];
        t.hidden_bytes = sizeof(float) * (size_t)((model_number(m, VIT_INFO_DEPTH) + 1) * model_number(m, VIT_INFO_TOKENS) *
                                                  model_number(m, VIT_INFO_WIDTH));
        good = take_turns(&t, args->runs);
        exit_code = good ? EXIT_OK : EXIT_FAILED;
        if (good) print_turns(&t, args->json);
    }
    for (int i = VARIANTS - 1; i >= 0; i--) {
        noise_free(&t.noises[i]);
        series_free(&t.seconds[i]);
        series_free(&t.ratios[i]);
        model_close(&t.models[i]);
    }
    series_free(&t.copy);
    return exit_code;
}
