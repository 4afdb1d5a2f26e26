/* model.c: from the command line to a loaded model. */
#include "model.h"

#include <stdio.h>
#include <string.h>

#include "file.h"
#include "overrides.h"
#include "print.h"
#include "random.h"

#define CONFIG_MAX (16u << 20) /* bytes */

/* vit_log_fn. */
static void show_log(void *user, int32_t level, const char *text) {
    const struct model *model = user;
    if (level == VIT_LOG_WARNING && !model->quiet) complain("warning: %s", text);
}

static bool isa_is_usable(int64_t isa) {
    if (isa == VIT_ISA_BEST || vit_isa_available((int32_t)isa)) return true;
    complain("%s is not in this build or not on this machine; `vit --version` says which instruction sets are",
             vit_isa_text((int32_t)isa));
    return false;
}

static bool set(vit_options *options, int32_t key, int64_t value, const char *name) {
    if (vit_options_set_int(options, key, value) == VIT_OK) return true;
    complain("--%s %lld is refused by the library", name, (long long)value);
    return false;
}

/* Whether the text tower of a model that has one is of any use. */
static bool wants_text(const struct args *args) {
    return args->text || (args->command->bit & (COMMAND_CLASSIFY | COMMAND_EMBED | COMMAND_BENCH)) == 0;
}

static bool set_options(vit_options *options, const struct args *args, int64_t max_batch) {
    for (int i = 0; i < args->set_count; i++) {
        if (!override_set(options, args->sets[i])) return false;
    }
    return (args->threads == 0 || set(options, VIT_OPT_THREADS, args->threads, "threads")) &&
           set(options, VIT_OPT_ISA, args->isa, "isa") &&
           set(options, VIT_OPT_PRECISION, args->precision, "precision") &&
           set(options, VIT_OPT_MAX_BATCH, max_batch, "batch") &&
           set(options, VIT_OPT_IMAGE_WIDTH, args->width, "width") &&
           set(options, VIT_OPT_IMAGE_HEIGHT, args->height, "height") &&
           set(options, VIT_OPT_NORMALIZE, args->normalize, "normalize") &&
           set(options, VIT_OPT_TEXT, wants_text(args), "text") &&
           vit_options_set_text(options, VIT_OPT_TOKENIZER, args->tokenizer) == VIT_OK;
}

/* The text must live until the load is over: it is kept in file. */
static bool set_text(vit_options *options, int32_t key, const char *path, struct file *file) {
    struct why why;
    if (path == NULL) return true;
    if (!file_read(file, path, CONFIG_MAX, &why)) {
        complain("%s: %s", path, why.text);
        return false;
    }
    return vit_options_set_text(options, key, (const char *)file->data) == VIT_OK;
}

static bool load(struct model *model, vit_options *options, const struct random_shape *random) {
    char why[512] = "";
    vit_options_set_log(options, show_log, model);
    vit_options_set_progress(options, progress_step, &model->progress);
    int32_t status = random ? random_model_load(&model->vit, random, options, why, sizeof why)
                            : vit_load(&model->vit, model->name, options, why, sizeof why);
    progress_end(&model->progress);
    if (status == VIT_OK) return true;
    complain("%s", *why ? why : vit_status_text(status));
    return false;
}

bool model_open(struct model *model, const struct args *args, const char *name, int64_t max_batch, int *exit_code) {
    return model_open_profiled(model, args, name, max_batch, NULL, NULL, exit_code);
}

bool model_open_profiled(struct model *model, const struct args *args, const char *name, int64_t max_batch,
                         vit_profile_fn profile, void *user, int *exit_code) {
    *model = (struct model){0};
    model->name = name;
    /* `info` prints what was assumed as notes; of random weights nothing matters. */
    model->quiet = args->quiet || args->random || args->command->bit == COMMAND_INFO;
    progress_begin(&model->progress, "reading", args->quiet);
    *exit_code = EXIT_FAILED;
    if (!isa_is_usable(args->isa)) return false;
    vit_options *options = vit_options_create();
    if (options == NULL) {
        complain("out of memory");
        return false;
    }
    vit_options_set_profile(options, profile, user);
    struct file config = {0}, preprocessor = {0};
    bool good = set_options(options, args, max_batch);
    if (!good) *exit_code = EXIT_USAGE;
    good = good && set_text(options, VIT_OPT_CONFIG_JSON, args->config, &config) &&
           set_text(options, VIT_OPT_PREPROCESSOR_JSON, args->preprocessor, &preprocessor) &&
           load(model, options, args->random ? &args->shape : NULL);
    vit_options_free(options);
    file_free(&config);
    file_free(&preprocessor);
    if (!good) return false;
    model->classes = (int32_t)model_number(model, VIT_INFO_CLASSES);
    return args->labels == NULL || labels_read(&model->labels, args->labels, model->classes);
}

void model_close(struct model *model) {
    vit_free(model->vit);
    labels_free(&model->labels);
    *model = (struct model){0};
}

bool model_has_labels(const struct model *model) {
    return model->labels.count > 0 || model_number(model, VIT_INFO_LABELS) > 0;
}

const char *model_label(const struct model *model, int32_t index, char text[32]) {
    const char *label = index < model->labels.count ? model->labels.names[index] : vit_label(model->vit, index);
    if (*label != '\0') return label;
    snprintf(text, 32, "class %ld", (long)index);
    return text;
}

int64_t model_number(const struct model *model, int32_t key) {
    int64_t value = 0;
    vit_info_int(model->vit, key, &value);
    return value;
}
