/* embed.c: `vit embed`: the pooled embedding of each picture, or of texts. */
#include "commands.h"

#include <stdlib.h>

#include "print.h"
#include "run.h"
#include "texts.h"

struct report {
    int32_t length; /* D */
    int32_t shown;
    bool json;
};

static void print_values_json(const float *values, int32_t length) {
    putchar('[');
    for (int32_t i = 0; i < length; i++) {
        if (i > 0) fputs(", ", stdout);
        print_json_real((double)values[i]);
    }
    putchar(']');
}

static void print_values(const char *name, const float *values, int32_t length) {
    print_text(stdout, name, 0);
    for (int32_t i = 0; i < length; i++) printf("%c%.9g", i ? ' ' : '\t', (double)values[i]);
    putchar('\n');
}

static void show_json(struct report *r, const struct outcome *o) {
    fputs(r->shown++ ? ",\n    {\"file\": " : "\n    {\"file\": ", stdout);
    print_json_text(o->path);
    if (o->values == NULL) {
        fputs(", \"error\": ", stdout);
        print_json_text(o->why->text);
        putchar('}');
        return;
    }
    printf(", \"width\": %ld, \"height\": %ld, \"embedding\": ", (long)o->width, (long)o->height);
    print_values_json(o->values, r->length);
    putchar('}');
}

static void show_text(const struct report *r, const struct outcome *o) {
    if (o->values != NULL) print_values(o->path, o->values, r->length);
}

static void show(void *user, const struct outcome *o) {
    struct report *r = user;
    if (r->json) {
        show_json(r, o);
    } else {
        show_text(r, o);
    }
}

/* --text: the operands are texts; the report is the same but for the pictures' sizes. */
static int embed_texts(struct model *model, const struct args *args) {
    int32_t count = args->operand_count - 1, length = (int32_t)model_number(model, VIT_INFO_EMBEDDING);
    char *const *texts = args->operands + 1;
    float *values = texts_possible(model) ? calloc((size_t)count * (size_t)length, sizeof *values) : NULL;
    bool good = values != NULL && texts_embed(model, texts, count, args->templates, args->template_count, values);
    if (good && args->json) {
        fputs("{\"model\": ", stdout);
        print_json_text(model->name);
        printf(", \"normalized\": %s, \"texts\": [", args->normalize ? "true" : "false");
    }
    for (int32_t i = 0; good && i < count; i++) {
        const float *row = values + (size_t)i * (size_t)length;
        if (args->json) {
            fputs(i ? ",\n    {\"text\": " : "\n    {\"text\": ", stdout);
            print_json_text(texts[i]);
            fputs(", \"embedding\": ", stdout);
            print_values_json(row, length);
            putchar('}');
        } else {
            print_values(texts[i], row, length);
        }
    }
    if (good && args->json) puts("\n]}");
    free(values);
    return good ? EXIT_OK : EXIT_FAILED;
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
    if (model_open(&model, args, args->operands[0], run_batch(args), &exit_code))
        exit_code = args->text ? embed_texts(&model, args) : embed(&model, args);
    model_close(&model);
    return exit_code;
}
