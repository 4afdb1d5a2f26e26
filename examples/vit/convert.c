/* convert.c: `vit convert`: any checkpoint to one self-contained .vit file. */
#include "commands.h"

#include <string.h>

#include "model.h"
#include "print.h"
#include "system.h"

/* Size of a checkpoint, which may be a folder; 0 when it cannot be told. */
static uint64_t checkpoint_size(const char *path) {
    static const char *const names[] = {"", "/model.vit", "/model.safetensors"};
    uint64_t size = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char full[1024];
        int length = snprintf(full, sizeof full, "%s%s", path, names[i]);
        if (length > 0 && (size_t)length < sizeof full && system_file_size(full, &size)) return size;
    }
    return 0;
}

static void report(const struct model *model, const char *in, const char *out, uint64_t in_size, int64_t labels, bool json) {
    uint64_t out_size = checkpoint_size(out);
    const char *precision = vit_info_text(model->vit, VIT_TEXT_PRECISION);
    char before[PRINT_SMALL], after[PRINT_SMALL], count[PRINT_SMALL];
    if (json) {
        fputs("{\"in\": ", stdout);
        print_json_text(in);
        printf(", \"in_bytes\": %llu, \"out\": ", (unsigned long long)in_size);
        print_json_text(out);
        printf(", \"out_bytes\": %llu, \"precision\": \"%s\"", (unsigned long long)out_size, precision);
        printf(", \"parameters\": %lld", (long long)model_number(model, VIT_INFO_PARAMETERS));
        printf(", \"labels\": %lld}\n", (long long)labels);
        return;
    }
    print_text(stdout, in, 0);
    printf(": %s\n", in_size > 0 ? text_of_bytes(before, in_size) : "a folder");
    print_text(stdout, out, 0);
    printf(": %s, %s parameters in %s, ", text_of_bytes(after, out_size),
           text_of_count(count, model_number(model, VIT_INFO_PARAMETERS)), precision);
    printf(labels ? "%lld class names\n" : "no class names\n", (long long)labels);
}

static int convert(struct model *model, const char *out, const struct args *args) {
    const struct labels *labels = &model->labels;
    uint64_t in_size = checkpoint_size(model->name); /* now, as OUT may be the same file */
    progress_begin(&model->progress, "writing", args->quiet);
    int32_t status = vit_save(model->vit, out, labels->names, labels->count);
    progress_end(&model->progress);
    if (status != VIT_OK) {
        const char *message = vit_message(model->vit);
        complain("%s", *message ? message : vit_status_text(status));
        return EXIT_FAILED;
    }
    int64_t named = labels->count ? labels->count : model_number(model, VIT_INFO_LABELS);
    report(model, model->name, out, in_size, named, args->json);
    return EXIT_OK;
}

int command_convert(const struct args *args) {
    struct model model;
    int exit_code;
    if (model_open(&model, args, args->operands[0], 1, &exit_code)) exit_code = convert(&model, args->operands[1], args);
    model_close(&model);
    return exit_code;
}
