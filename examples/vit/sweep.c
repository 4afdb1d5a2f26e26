/* sweep.c: `vit bench --sweep`: one of tokens, width and depth grows, the others stay. Time should grow as the arithmetic does; a
 * step is where it does not. All models of an axis are measured in turns, several times, and the quickest forward of each counts,
 * so that a slow minute of the machine hits no model alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "print.h"
#include "system.h"

#define SECONDS 0.05 /* of one turn */
#define STEP 1.10     /* the time an operation takes grew so much from the row above: a step */

enum { BASE_SIDE = 224, BASE_WIDTH = 384, BASE_DEPTH = 6, HEAD = 64, HEADS = 8, PATCH = 16, POINTS_MOST = 64 };
enum { TURNS = 9, RUNS_LEAST = 2 };
enum { TOKENS_MOST = 4096, WIDTH_MOST = 2048, DEPTH_MOST = 64 };

enum axis { TOKENS, WIDTH, DEPTH };

static const struct {
    const char *name;
    int most, multiple;
    int points[POINTS_MOST]; /* sides of the picture in pixels, widths, depths; ends with 0 */
} axes[] = {
    {"tokens", TOKENS_MOST, 1, {32, 48, 64, 80, 96, 128, 160, 192, 224, 256, 288, 320, 384, 448, 512, 0}},
    {"width", WIDTH_MOST, HEADS, {64, 128, 192, 256, 320, 384, 448, 512, 576, 640, 704, 768, 896, 1024, 0}},
    {"depth", DEPTH_MOST, 1, {1, 2, 3, 4, 6, 8, 12, 16, 0}},
};
#define AXES ((int)(sizeof axes / sizeof *axes))

struct point {
    int image_width, image_height, width, depth, heads;
    int64_t tokens;
    uint64_t macs;
    double least, floor; /* seconds: of the quickest forward, and at the rates of the quickest loops */
};

static double share(const struct point *p) { return p->least > 0 ? p->floor / p->least : 0; }

/* Of the time an operation takes, in those of the loop, from the row above; 0 for the first. */
static double growth(const struct point *p, int i) { return i > 0 && share(&p[i]) > 0 ? share(&p[i - 1]) / share(&p[i]) : 0; }

static void keep_least(double *least, double value) {
    if (*least <= 0 || value < *least) *least = value;
}

static bool measure_point(struct point *p, const struct args *args) {
    struct args mine = *args;
    struct model model;
    const struct measure_plan plan = {.least = RUNS_LEAST, .seconds = SECONDS,
                                      .clock = args->threads > 1 ? system_seconds : system_cpu_seconds};
    struct operators operators = {.clock = plan.clock};
    struct measured m = {0};
    struct noise noise = {0};
    int exit_code;
    int64_t batch = args->batch ? args->batch : 1;
    mine.random = "sweep";
    mine.shape = (struct random_shape){p->width, p->depth, p->heads, 4 * p->width, PATCH};
    mine.width = p->image_width;
    mine.height = p->image_height;
    mine.quiet = true;
    bool good = model_open_profiled(&model, &mine, mine.random, batch, operators_note, &operators, &exit_code) &&
                noise_make(&noise, &model, batch) &&
                measure(&m, &model, &noise, &operators, plan);
    if (good) {
        p->tokens = model_number(&model, VIT_INFO_TOKENS);
        p->macs = m.macs;
        keep_least(&p->least, m.least);
        keep_least(&p->floor, m.quiet_share * m.least);
    }
    noise_free(&noise);
    operators_free(&operators);
    model_close(&model);
    return good;
}

static void print_point(const struct point *p, int i, const char *axis, bool json, bool is_first) {
    double gflop = 2e-9 * (double)p[i].macs, ms = 1e3 * p[i].least;
    if (json) {
        printf("%s\n  {\"axis\": \"%s\", \"tokens\": %lld, \"width\": %d, \"depth\": %d", is_first ? "" : ",", axis,
               (long long)p[i].tokens, p[i].width, p[i].depth);
        printf(", \"gflop\": %.5f, \"ms\": %.4f, \"share\": %.4f, \"growth\": %.4f}", gflop, ms, share(&p[i]), growth(p, i));
        return;
    }
    printf("%7lld %6d %6d %10.3f %10.3f %9.1f %%", (long long)p[i].tokens, p[i].width, p[i].depth, gflop, ms, 100 * share(&p[i]));
    if (i > 0) printf(" %9.3f%s", growth(p, i), growth(p, i) > STEP ? "  step" : "");
    putchar('\n');
}

/* Measures the points of one axis and prints them. */
static bool sweep_axis(const struct args *args, enum axis axis, struct point *points, int count, bool *is_first) {
    const int64_t turns = args->runs ? args->runs : TURNS;
    for (int64_t turn = 0; turn < turns; turn++) {
        for (int i = 0; i < count; i++) {
            if (!measure_point(&points[i], args)) return false;
        }
    }
    if (!args->json) {
        printf("%s%s grows\n tokens  width  depth      GFLOP   least ms  of loops  time of an operation, row above = 1\n",
               *is_first ? "" : "\n", axes[axis].name);
    }
    for (int i = 0; i < count; i++) {
        print_point(points, i, axes[axis].name, args->json, *is_first);
        *is_first = false;
    }
    fflush(stdout);
    return true;
}

/* ---- which models ---------------------------------------------------------------------------------------------------------- */

static struct point base_point(const struct args *args) {
    struct point p = {.width = BASE_WIDTH, .depth = BASE_DEPTH, .heads = BASE_WIDTH / HEAD};
    p.image_width = args->width ? (int)args->width : BASE_SIDE;
    p.image_height = args->height ? (int)args->height : p.image_width;
    return p;
}

static int points_of_table(struct point *points, const struct args *args, enum axis axis) {
    int i = 0;
    for (; axes[axis].points[i] > 0; i++) {
        const int value = axes[axis].points[i];
        points[i] = base_point(args);
        if (axis == TOKENS) points[i].image_width = points[i].image_height = value;
        if (axis == WIDTH) {
            points[i].width = value;
            points[i].heads = value / HEAD;
        }
        if (axis == DEPTH) points[i].depth = value;
    }
    return i;
}

/* "=FROM:TO:STEP" after the name of an axis; tokens come as pictures one patch high, widths with HEADS heads. 0: another text. */
static int points_of_range(struct point *points, const struct args *args, enum axis axis, const char *text) {
    int from, to, step = 1, used = 0, count = 0;
    int read = sscanf(text, "=%d:%d%n:%d%n", &from, &to, &used, &step, &used);
    if (read < 2 || text[used] != '\0' || from < 2 || to > axes[axis].most || step < 1) return 0;
    if (from % axes[axis].multiple || step % axes[axis].multiple) return 0;
    for (int value = from; value <= to && count < POINTS_MOST; value += step, count++) {
        points[count] = base_point(args);
        if (axis == TOKENS) {
            points[count].image_width = PATCH * (value - 1); /* and the class token */
            points[count].image_height = PATCH;
        }
        if (axis == WIDTH) {
            points[count].width = value;
            points[count].heads = HEADS;
        }
        if (axis == DEPTH) points[count].depth = value;
    }
    return count;
}

int sweep(const struct args *args) {
    bool is_first = true, is_known = false, good = true;
    const bool all = strcmp(args->sweep, "all") == 0;
    for (int a = 0; a < AXES && good; a++) {
        struct point points[POINTS_MOST] = {{0}};
        const size_t length = strlen(axes[a].name);
        const bool is_named = strncmp(args->sweep, axes[a].name, length) == 0;
        int count = 0;
        if (all || (is_named && args->sweep[length] == '\0')) count = points_of_table(points, args, (enum axis)a);
        else if (is_named) count = points_of_range(points, args, (enum axis)a, args->sweep + length);
        if (count == 0) continue;
        if (args->json && is_first) fputs("{\"sweep\": [", stdout);
        is_known = true;
        good = sweep_axis(args, (enum axis)a, points, count, &is_first);
    }
    if (!is_known) {
        complain("--sweep wants tokens, width, depth or all, or width=FROM:TO:STEP (multiples of %d), not '%s'", HEADS,
                 args->sweep);
        return EXIT_USAGE;
    }
    if (args->json && good) puts("]}");
    return good ? EXIT_OK : EXIT_FAILED;
}
