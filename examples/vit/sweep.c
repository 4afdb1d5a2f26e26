/* sweep.c: `vit bench --sweep`: one of tokens, width and depth grows, the others stay. Time should grow as the arithmetic does; a
 * step is where it does not. */
#include <string.h>

#include "bench.h"
#include "print.h"

#define SECONDS 0.25 /* of one measurement */
#define STEP 1.10    /* the time an operation takes grew so much from the row above: a step */

enum { BASE_SIDE = 224, BASE_WIDTH = 384, BASE_DEPTH = 6, HEAD = 64, PATCH = 16, POINTS_MOST = 16 };

enum axis { TOKENS, WIDTH, DEPTH };

static const struct {
    const char *name;
    enum axis axis;
    int points[POINTS_MOST]; /* sides of the picture in pixels, widths, depths; ends with 0 */
} axes[] = {
    {"tokens", TOKENS, {32, 48, 64, 80, 96, 128, 160, 192, 224, 256, 288, 320, 384, 448, 512, 0}},
    {"width", WIDTH, {64, 128, 192, 256, 320, 384, 448, 512, 576, 640, 704, 768, 896, 1024, 0}},
    {"depth", DEPTH, {1, 2, 3, 4, 6, 8, 12, 16, 0}},
};
#define AXES (sizeof axes / sizeof *axes)

struct point {
    int64_t tokens, width, depth;
    double gflop, ms, share;
    double growth; /* of the time an operation takes, in those of the loop, from the row above; 0 for the first */
};

static bool measure_point(struct point *p, const struct args *args, enum axis axis, int value) {
    struct args mine = *args;
    struct model model;
    struct operators operators = {.clock = bench_clock(args)};
    struct measured m = {0};
    struct noise noise = {0};
    int exit_code, width = axis == WIDTH ? value : BASE_WIDTH, depth = axis == DEPTH ? value : BASE_DEPTH;
    int64_t batch = args->batch ? args->batch : 1;
    mine.random = "sweep";
    mine.shape = (struct random_shape){width, depth, width / HEAD, 4 * width, PATCH};
    if (axis == TOKENS || args->width == 0) mine.width = mine.height = axis == TOKENS ? value : BASE_SIDE;
    mine.quiet = true;
    bool good = model_open_profiled(&model, &mine, mine.random, batch, operators_note, &operators, &exit_code) &&
                noise_make(&noise, &model, batch) &&
                measure(&m, &model, &noise, &operators, (struct measure_plan){args->runs, SECONDS, bench_clock(args)});
    if (good) {
        *p = (struct point){.tokens = model_number(&model, VIT_INFO_TOKENS), .width = width, .depth = depth};
        p->gflop = 2e-9 * (double)m.macs;
        p->ms = 1e3 * m.median;
        p->share = m.share;
    }
    noise_free(&noise);
    operators_free(&operators);
    model_close(&model);
    return good;
}

static void print_point(const struct point *p, const char *axis, bool json, bool is_first) {
    if (json) {
        printf("%s\n  {\"axis\": \"%s\", \"tokens\": %lld, \"width\": %lld, \"depth\": %lld", is_first ? "" : ",", axis,
               (long long)p->tokens, (long long)p->width, (long long)p->depth);
        printf(", \"gflop\": %.5f, \"ms\": %.4f, \"share\": %.4f, \"growth\": %.4f}", p->gflop, p->ms, p->share, p->growth);
        return;
    }
    printf("%7lld %6lld %6lld %10.3f %10.3f %9.1f %%", (long long)p->tokens, (long long)p->width, (long long)p->depth, p->gflop,
           p->ms, 100 * p->share);
    if (p->growth > 0) printf(" %9.2f%s", p->growth, p->growth > STEP ? "  step" : "");
    putchar('\n');
    fflush(stdout);
}

/* Prints the measurements along one axis. */
static bool sweep_axis(const struct args *args, size_t a, bool *is_first) {
    struct point before = {0}, now = {0};
    if (!args->json) {
        printf("%s%s grows\n tokens  width  depth      GFLOP         ms  of loops  time of an operation, row above = 1\n",
               *is_first ? "" : "\n", axes[a].name);
    }
    for (int i = 0; axes[a].points[i] > 0; i++, before = now) {
        if (!measure_point(&now, args, axes[a].axis, axes[a].points[i])) return false;
        now.growth = i > 0 && now.share > 0 ? before.share / now.share : 0;
        print_point(&now, axes[a].name, args->json, *is_first);
        *is_first = false;
    }
    return true;
}

int sweep(const struct args *args) {
    bool is_first = true, is_known = strcmp(args->sweep, "all") == 0;
    for (size_t a = 0; a < AXES; a++) is_known = is_known || strcmp(args->sweep, axes[a].name) == 0;
    if (!is_known) {
        complain("--sweep wants tokens, width, depth or all, not '%s'", args->sweep);
        return EXIT_USAGE;
    }
    if (args->json) fputs("{\"sweep\": [", stdout);
    for (size_t a = 0; a < AXES; a++) {
        if (strcmp(args->sweep, "all") != 0 && strcmp(args->sweep, axes[a].name) != 0) continue;
        if (!sweep_axis(args, a, &is_first)) return EXIT_FAILED;
    }
    if (args->json) puts("]}");
    return EXIT_OK;
}
