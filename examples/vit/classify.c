/* classify.c: `vit classify`: the most probable classes of each picture. */
#include "commands.h"

#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "ranking.h"
#include "run.h"

enum { TOP_DEFAULT = 5 };

struct place {
    char text[32];
};

struct report {
    const struct model *model;
    struct style style;
    float *probabilities; /* [K] */
    int32_t *best;        /* [top] */
    struct place *places; /* [top]: room for what is printed of the best */
    const char **names;   /* [top] */
    float *values;        /* [top] */
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

static void show_text(struct report *r, const struct outcome *o) {
    if (o->values == NULL) return;
    if (r->shown++) putchar('\n');
    print_colored(&r->style, "1", picture_shown_name(o->path), 0);
    putchar('\n');
    for (int32_t i = 0; i < r->top; i++) {
        r->names[i] = model_label(r->model, r->best[i], r->places[i].text);
        r->values[i] = r->probabilities[r->best[i]];
    }
    ranking_print(&r->style, r->names, r->values, r->top);
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
    r.places = calloc((size_t)r.top, sizeof *r.places);
    r.names = calloc((size_t)r.top, sizeof *r.names);
    r.values = calloc((size_t)r.top, sizeof *r.values);
    int exit_code = EXIT_FAILED;
    if (r.probabilities == NULL || r.best == NULL || r.places == NULL || r.names == NULL || r.values == NULL) {
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
    free(r.places);
    free(r.names);
    free(r.values);
    return exit_code;
}

int command_classify(const struct args *args) {
    struct model model;
    int exit_code;
    if (model_open(&model, args, args->operands[0], run_batch(args), &exit_code)) exit_code = classify(&model, args);
    model_close(&model);
    return exit_code;
}
