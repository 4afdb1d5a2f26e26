/* zeroshot.c: `vit zeroshot`: which of some texts fits a picture, by a model of two towers. */
#include "commands.h"

#include <stdlib.h>

#include "print.h"
#include "ranking.h"
#include "run.h"
#include "texts.h"

struct report {
    const struct model *model;
    struct style style;
    char *const *texts; /* [count] */
    float *embeddings;  /* [count, E] */
    float *scores, *similarities, *ranked; /* [count] */
    int32_t *best;                         /* [count] */
    const char **names;                    /* [count] */
    int32_t count, top;
    bool json;
};

static void show_json(const struct report *r, const struct outcome *o) {
    fputs("{\"model\": ", stdout);
    print_json_text(r->model->name);
    fputs(", \"file\": ", stdout);
    print_json_text(o->path);
    printf(", \"width\": %ld, \"height\": %ld, \"scores\": \"%s\", \"texts\": [", (long)o->width, (long)o->height,
           model_number(r->model, VIT_INFO_SIGMOID) ? "sigmoid" : "softmax");
    for (int32_t i = 0; i < r->top; i++) {
        fputs(i ? ",\n    {\"text\": " : "\n    {\"text\": ", stdout);
        print_json_text(r->texts[r->best[i]]);
        fputs(", \"score\": ", stdout);
        print_json_real((double)r->scores[r->best[i]]);
        fputs(", \"similarity\": ", stdout);
        print_json_real((double)r->similarities[r->best[i]]);
        putchar('}');
    }
    puts("\n]}");
}

static void show_text(struct report *r, const struct outcome *o) {
    print_colored(&r->style, "1", picture_shown_name(o->path), 0);
    putchar('\n');
    for (int32_t i = 0; i < r->top; i++) {
        r->names[i] = r->texts[r->best[i]];
        r->ranked[i] = r->scores[r->best[i]];
    }
    ranking_print(&r->style, r->names, r->ranked, r->top);
}

static void show(void *user, const struct outcome *o) {
    struct report *r = user;
    if (o->values == NULL) return;
    vit_similarity(r->model->vit, o->values, 1, r->embeddings, r->count, r->similarities, (size_t)r->count);
    vit_zeroshot(r->model->vit, o->values, 1, r->embeddings, r->count, r->scores, (size_t)r->count);
    vit_top(r->scores, r->count, r->count, r->best);
    if (r->json)
        show_json(r, o);
    else
        show_text(r, o);
}

static bool take_memory(struct report *r) {
    size_t n = (size_t)r->count;
    r->embeddings = calloc(n * (size_t)model_number(r->model, VIT_INFO_EMBEDDING), sizeof *r->embeddings);
    r->scores = calloc(3 * n, sizeof *r->scores);
    r->best = calloc(n, sizeof *r->best);
    r->names = calloc(n, sizeof *r->names);
    if (r->embeddings == NULL || r->scores == NULL || r->best == NULL || r->names == NULL) {
        complain("out of memory");
        return false;
    }
    r->similarities = r->scores + n;
    r->ranked = r->similarities + n;
    return true;
}

static int zeroshot(struct model *model, const struct args *args) {
    struct report r = {.model = model, .style = style_of_output(args->no_color), .json = args->json};
    struct args picture = *args; /* the first operand but the model */
    picture.operand_count = 2;
    r.texts = args->operands + 2;
    r.count = args->operand_count - 2;
    r.top = args->top && args->top < r.count ? (int32_t)args->top : r.count;
    int exit_code = EXIT_FAILED;
    if (texts_possible(model) && take_memory(&r) &&
        texts_embed(model, r.texts, r.count, args->templates, args->template_count, r.embeddings))
        exit_code = run_pictures(model, &picture, VIT_OUTPUT_EMBEDDING, show, &r);
    free(r.embeddings);
    free(r.scores);
    free(r.best);
    free(r.names);
    return exit_code;
}

int command_zeroshot(const struct args *args) {
    struct model model;
    int exit_code;
    if (model_open(&model, args, args->operands[0], 1, &exit_code)) exit_code = zeroshot(&model, args);
    model_close(&model);
    return exit_code;
}
