/* embed.c: `vit embed`: the pooled embedding of each picture. */
#include "commands.h"

#include "print.h"
#include "run.h"

struct report {
    int32_t length; /* D */
    int32_t shown;
    bool json;
};

static void show_json(struct report *r, const struct outcome *o) {
    fputs(r->shown++ ? ",\n    {\"file\": " : "\n    {\"file\": ", stdout);
    print_json_text(o->path);
    if (o->values == NULL) {
        fputs(", \"error\": ", stdout);
        print_json_text(o->why->text);
        putchar('}');
        return;
    }
    printf(", \"width\": %ld, \"height\": %ld, \"embedding\": [", (long)o->width, (long)o->height);
    for (int32_t i = 0; i < r->length; i++) {
        if (i > 0) fputs(", ", stdout);
        print_json_real((double)o->values[i]);
    }
    fputs("]}", stdout);
}

static void show_text(const struct report *r, const struct outcome *o) {
    if (o->values == NULL) return;
    print_text(stdout, o->path, 0);
    for (int32_t i = 0; i < r->length; i++) printf("%c%.9g", i ? ' ' : '\t', (double)o->values[i]);
    putchar('\n');
}

static void show(void *user, const struct outcome *o) {
    struct report *r = user;
    if (r->json) {
        show_json(r, o);
    } else {
        show_text(r, o);
    }
}

static int embed(struct model *model, const struct args *args) {
    struct report r = {(int32_t)model_number(model, VIT_INFO_EMBEDDING), 0, args->json};
    if (r.json) {
        fputs("{\"model\": ", stdout);
        print_json_text(model->name);
        printf(", \"normalized\": %s, \"pictures\": [", args->normalize ? "true" : "false");
    }
    int exit_code = run_pictures(model, args, VIT_OUTPUT_EMBEDDING, show, &r);
    if (r.json) puts("\n]}");
    return exit_code;
}

int command_embed(const struct args *args) {
    struct model model;
    int exit_code;
    if (model_open(&model, args, args->operands[0], run_batch(args), &exit_code)) exit_code = embed(&model, args);
    model_close(&model);
    return exit_code;
}
