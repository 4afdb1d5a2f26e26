/* classify.c: `vit classify`: the most probable classes of each picture. */
#include "commands.h"

#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "run.h"

/* NUMBER_COLUMNS holds "  0.981 " and a free one at the end of the line: some terminals wrap when it is used. */
enum { TOP_DEFAULT = 5, INDENT = 4, NUMBER_COLUMNS = 9, BAR_PIPED = 20, BAR_LEAST = 10, BAR_MOST = 40 };

struct report {
    const struct model *model;
    struct style style;
    float *probabilities; /* [K] */
    int32_t *best;        /* [top] */
    int32_t top, shown;
    bool json;
};

static void show_json(struct report *r, const struct outcome *o) {
    char text[32];
    fputs(r->shown++ ? ",\n    {\"file\": " : "\n    {\"file\": ", stdout);
    print_json_text(o->path);
    if (o->values == NULL) {
        fputs(", \"error\": ", stdout);
        print_json_text(o->why->text);
        putchar('}');
        return;
    }
    printf(", \"width\": %ld, \"height\": %ld, \"top\": [", (long)o->width, (long)o->height);
    for (int32_t i = 0; i < r->top; i++) {
        int32_t class = r->best[i];
        printf("%s\n        {\"class\": %ld, \"label\": ", i ? "," : "", (long)class);
        print_json_text(model_label(r->model, class, text));
        fputs(", \"probability\": ", stdout);
        print_json_real((double)r->probabilities[class]);
        fputs(", \"logit\": ", stdout);
        print_json_real((double)o->values[class]);
        putchar('}');
    }
    fputs("]}", stdout);
}

/* On a terminal a line never wraps: first the bar gives way, then the label. */
static void fit(const struct report *r, int *label_columns, int *bar_columns) {
    char text[32];
    *label_columns = 0;
    for (int32_t i = 0; i < r->top; i++) {
        int columns = text_columns(model_label(r->model, r->best[i], text));
        if (columns > *label_columns) *label_columns = columns;
    }
    *bar_columns = BAR_PIPED;
    if (r->style.columns == 0) return;
    int room = r->style.columns - INDENT - NUMBER_COLUMNS - (r->style.unicode ? 0 : 2);
    *bar_columns = room - *label_columns;
    if (*bar_columns > BAR_MOST) *bar_columns = BAR_MOST;
    if (*bar_columns < BAR_LEAST) *bar_columns = BAR_LEAST;
    if (*label_columns > room - *bar_columns) *label_columns = room - *bar_columns > 1 ? room - *bar_columns : 1;
}

static void show_text(struct report *r, const struct outcome *o) {
    char text[32];
    int label_columns, bar_columns;
    if (o->values == NULL) return;
    if (r->shown++) putchar('\n');
    print_colored(&r->style, "1", picture_shown_name(o->path), 0);
    putchar('\n');
    fit(r, &label_columns, &bar_columns);
    for (int32_t i = 0; i < r->top; i++) {
        const char *label = model_label(r->model, r->best[i], text);
        double probability = (double)r->probabilities[r->best[i]];
        int used = text_columns(label);
        printf("%*s", INDENT, "");
        print_colored(&r->style, i == 0 ? "1" : "", label, label_columns);
        printf("%*s  %.3f ", used < label_columns ? label_columns - used : 0, "", probability);
        if (r->style.color) fputs(i == 0 ? "\033[32m" : "\033[36m", stdout);
        if (!r->style.unicode) putchar('|');
        print_bar(stdout, r->style.unicode, probability, bar_columns);
        if (!r->style.unicode) putchar('|');
        if (r->style.color) fputs("\033[0m", stdout);
        putchar('\n');
    }
}

static void show(void *user, const struct outcome *o) {
    struct report *r = user;
    if (o->values) {
        vit_softmax(o->values, r->model->classes, r->probabilities);
        vit_top(o->values, r->model->classes, r->top, r->best);
    }
    if (r->json) {
        show_json(r, o);
    } else {
        show_text(r, o);
    }
}

static int classify(struct model *model, const struct args *args) {
    if (model->classes == 0) {
        complain("%s has no classification head, so it cannot name what a picture shows; `vit embed %s PICTURE...` prints its "
                 "embedding", model->name, model->name);
        return EXIT_FAILED;
    }
    int64_t top = args->top ? args->top : TOP_DEFAULT;
    struct report r = {.model = model, .style = style_of_output(args->no_color), .json = args->json};
    r.top = top < model->classes ? (int32_t)top : model->classes;
    r.probabilities = calloc((size_t)model->classes, sizeof *r.probabilities);
    r.best = calloc((size_t)r.top, sizeof *r.best);
    int exit_code = EXIT_FAILED;
    if (r.probabilities == NULL || r.best == NULL) {
        complain("out of memory");
    } else {
        if (r.json) {
            fputs("{\"model\": ", stdout);
            print_json_text(model->name);
            fputs(", \"pictures\": [", stdout);
        }
        exit_code = run_pictures(model, args, VIT_OUTPUT_LOGITS, show, &r);
        if (r.json) puts("\n]}");
    }
    free(r.probabilities);
    free(r.best);
    return exit_code;
}

int command_classify(const struct args *args) {
    struct model model;
    int exit_code;
    if (model_open(&model, args, args->operands[0], run_batch(args), &exit_code)) exit_code = classify(&model, args);
    model_close(&model);
    return exit_code;
}
