/* info.c: `vit info`: everything the library knows about a model. */
#include "commands.h"

#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "overrides.h"
#include "print.h"

static const char *activation_of(const struct model *m) {
    return override_word(VIT_OPT_ACTIVATION, model_number(m, VIT_INFO_ACTIVATION));
}

static const char *pool_of(const struct model *m) { return override_word(VIT_OPT_POOL, model_number(m, VIT_INFO_POOL)); }

/* How positions come to another input size. */
static const char *position_of(const struct model *m) {
    return override_word(VIT_OPT_POSITION, model_number(m, VIT_INFO_POSITION));
}

static double real_of(const struct model *m, int32_t key, int32_t index) {
    double value = 0;
    vit_info_real(m->vit, key, index, &value);
    return value;
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int32_t key;
} numbers[] = {
    {"parameters", VIT_INFO_PARAMETERS},
    {"macs", VIT_INFO_MACS},
    {"classes", VIT_INFO_CLASSES},
    {"labels", VIT_INFO_LABELS},
    {"outputs", VIT_INFO_OUTPUTS},
    {"embedding", VIT_INFO_EMBEDDING},
    {"width", VIT_INFO_WIDTH},
    {"depth", VIT_INFO_DEPTH},
    {"heads", VIT_INFO_HEADS},
    {"head_dim", VIT_INFO_HEAD_DIM},
    {"mlp", VIT_INFO_MLP},
    {"tokens", VIT_INFO_TOKENS},
    {"prefix_tokens", VIT_INFO_PREFIX},
    {"channels", VIT_INFO_CHANNELS},
    {"image_width", VIT_INFO_IMAGE_WIDTH},
    {"image_height", VIT_INFO_IMAGE_HEIGHT},
    {"trained_width", VIT_INFO_TRAINED_WIDTH},
    {"trained_height", VIT_INFO_TRAINED_HEIGHT},
    {"patch_width", VIT_INFO_PATCH_WIDTH},
    {"patch_height", VIT_INFO_PATCH_HEIGHT},
    {"weight_bytes", VIT_INFO_WEIGHT_BYTES},
    {"owned_bytes", VIT_INFO_OWNED_BYTES},
    {"text_context", VIT_INFO_TEXT_CONTEXT},
    {"vocabulary", VIT_INFO_VOCABULARY},
    {"text_width", VIT_INFO_TEXT_WIDTH},
    {"text_depth", VIT_INFO_TEXT_DEPTH},
    {"text_heads", VIT_INFO_TEXT_HEADS},
    {"tokenizer", VIT_INFO_TOKENIZER},
    {"in_place", VIT_INFO_IN_PLACE},
    {"step_units", VIT_INFO_UNITS},
};

static const struct {
    const char *name;
    int32_t key;
} texts[] = {
    {"architecture", VIT_TEXT_ARCHITECTURE},
    {"family", VIT_TEXT_FAMILY},
    {"format", VIT_TEXT_FORMAT},
    {"isa", VIT_TEXT_ISA},
    {"products", VIT_TEXT_PRODUCTS},
    {"precision", VIT_TEXT_PRECISION},
    {"pipeline", VIT_TEXT_PIPELINE},
    {"notes", VIT_TEXT_NOTES},
    {"sources", VIT_TEXT_SOURCES},
};

static void field_text(const char *name, const char *text) {
    printf(",\n    \"%s\": ", name);
    print_json_text(text);
}

static void field_reals(const struct model *m, const char *name, int32_t key) {
    printf(",\n    \"%s\": [", name);
    for (int32_t i = 0; i < model_number(m, VIT_INFO_CHANNELS); i++) {
        if (i > 0) fputs(", ", stdout);
        print_json_real(real_of(m, key, i));
    }
    putchar(']');
}

static void print_json(const struct model *m) {
    fputs("{\n    \"model\": ", stdout);
    print_json_text(m->name);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) field_text(texts[i].name, vit_info_text(m->vit, texts[i].key));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        printf(",\n    \"%s\": %lld", numbers[i].name, (long long)model_number(m, numbers[i].key));
    }
    field_text("activation", activation_of(m));
    field_text("pool", pool_of(m));
    field_text("position", position_of(m));
    fputs(",\n    \"eps\": ", stdout);
    print_json_real(real_of(m, VIT_REAL_EPS, 0));
    field_reals(m, "mean", VIT_REAL_MEAN);
    field_reals(m, "std", VIT_REAL_STD);
    puts("\n}");
}

static void print_labels_json(const struct model *m) {
    putchar('[');
    for (int32_t i = 0; i < model_number(m, VIT_INFO_LABELS); i++) {
        fputs(i ? ",\n    " : "\n    ", stdout);
        print_json_text(vit_label(m->vit, i));
    }
    puts("\n]");
}

/* ---- text ---------------------------------------------------------------------------------------------------------------- */

static void row(const char *name, const char *text) {
    if (*text == '\0') return;
    printf("%-15s", name);
    print_text(stdout, text, 0);
    putchar('\n');
}

static void row_size(const struct model *m, const char *name, int32_t width_key, int32_t height_key, const char *rest) {
    printf("%-15s%lld x %lld %s\n", name, (long long)model_number(m, width_key), (long long)model_number(m, height_key), rest);
}

/* Notes are several lines: the first beside the name, the rest below it. */
static void rows_notes(const char *notes) {
    char line[512];
    const char *name = "notes";
    while (*notes != '\0') {
        size_t length = strcspn(notes, "\n"), copied = length < sizeof line ? length : sizeof line - 1;
        memcpy(line, notes, copied);
        line[copied] = '\0';
        row(name, line);
        name = "";
        notes += length + (notes[length] == '\n');
    }
}

static void print_shape(const struct model *m) {
    char text[128], count[PRINT_SMALL];
    row("parameters", text_of_count(count, model_number(m, VIT_INFO_PARAMETERS)));
    long long channels = (long long)model_number(m, VIT_INFO_CHANNELS);
    snprintf(text, sizeof text, "pixels, %lld channel%s", channels, channels == 1 ? "" : "s");
    row_size(m, "input", VIT_INFO_IMAGE_WIDTH, VIT_INFO_IMAGE_HEIGHT, text);
    row_size(m, "trained for", VIT_INFO_TRAINED_WIDTH, VIT_INFO_TRAINED_HEIGHT, "pixels");
    row_size(m, "patch", VIT_INFO_PATCH_WIDTH, VIT_INFO_PATCH_HEIGHT, "pixels");
    snprintf(text, sizeof text, "%lld, of them %lld before the patches", (long long)model_number(m, VIT_INFO_TOKENS),
             (long long)model_number(m, VIT_INFO_PREFIX));
    row("tokens", text);
    row("width", text_of_count(count, model_number(m, VIT_INFO_WIDTH)));
    row("depth", text_of_count(count, model_number(m, VIT_INFO_DEPTH)));
    snprintf(text, sizeof text, "%lld of %lld", (long long)model_number(m, VIT_INFO_HEADS),
             (long long)model_number(m, VIT_INFO_HEAD_DIM));
    row("heads", text);
    snprintf(text, sizeof text, "%lld, %s", (long long)model_number(m, VIT_INFO_MLP), activation_of(m));
    row("mlp", text);
    snprintf(text, sizeof text, "eps %g", real_of(m, VIT_REAL_EPS, 0));
    row("layer norm", text);
    row("pooling", pool_of(m));
    snprintf(text, sizeof text, "%s for other input sizes", position_of(m));
    row("positions", text);
    if (m->classes == 0) {
        row("classes", "none: the model gives embeddings");
    } else {
        const char *named = model_has_labels(m) ? "with names" : "without names";
        snprintf(text, sizeof text, "%s, %s", text_of_count(count, m->classes), named);
        row("classes", text);
    }
}

static void print_text_tower(const struct model *m) {
    char text[160];
    if (model_number(m, VIT_INFO_TEXT_CONTEXT) == 0) return;
    snprintf(text, sizeof text, "width %lld, depth %lld, %lld heads, %lld tokens of %lld, %s",
             (long long)model_number(m, VIT_INFO_TEXT_WIDTH), (long long)model_number(m, VIT_INFO_TEXT_DEPTH),
             (long long)model_number(m, VIT_INFO_TEXT_HEADS), (long long)model_number(m, VIT_INFO_TEXT_CONTEXT),
             (long long)model_number(m, VIT_INFO_VOCABULARY),
             model_number(m, VIT_INFO_TOKENIZER) ? "with a tokenizer" : "without a tokenizer");
    row("text tower", text);
    snprintf(text, sizeof text, "%s of %.6g x cosine %+.6g", model_number(m, VIT_INFO_SIGMOID) ? "sigmoid" : "softmax",
             real_of(m, VIT_REAL_LOGIT_SCALE, 0), real_of(m, VIT_REAL_LOGIT_BIAS, 0));
    row("scores", text);
}

static void print_cost(const struct model *m) {
    char text[128], size[PRINT_SMALL];
    bool in_place = model_number(m, VIT_INFO_IN_PLACE) != 0;
    snprintf(text, sizeof text, "%s, %s%s", text_of_bytes(size, (uint64_t)model_number(m, VIT_INFO_WEIGHT_BYTES)),
             vit_info_text(m->vit, VIT_TEXT_PRECISION), in_place ? ", used where the file has them" : "");
    row("weights", text);
    snprintf(text, sizeof text, "%s allocated", text_of_bytes(size, (uint64_t)model_number(m, VIT_INFO_OWNED_BYTES)));
    row("memory", text);
    snprintf(text, sizeof text, "%.4g GFLOP for a picture", 2e-9 * (double)model_number(m, VIT_INFO_MACS));
    row("work", text);
    row("instructions", vit_info_text(m->vit, VIT_TEXT_PRODUCTS));
}

static void print_info(const struct model *m) {
    row("model", m->name);
    row("architecture", vit_info_text(m->vit, VIT_TEXT_ARCHITECTURE));
    row("tensor names", vit_info_text(m->vit, VIT_TEXT_FAMILY));
    row("file format", vit_info_text(m->vit, VIT_TEXT_FORMAT));
    print_shape(m);
    print_text_tower(m);
    row("preprocessing", vit_info_text(m->vit, VIT_TEXT_PIPELINE));
    print_cost(m);
    row("read from", vit_info_text(m->vit, VIT_TEXT_SOURCES));
    rows_notes(vit_info_text(m->vit, VIT_TEXT_NOTES));
}

static int print_labels(const struct model *m, bool json) {
    if (!model_has_labels(m)) {
        complain("%s has no class names; `vit convert --labels FILE` stores some", m->name);
        return EXIT_FAILED;
    }
    if (json) {
        print_labels_json(m);
        return EXIT_OK;
    }
    for (int32_t i = 0; i < m->classes; i++) {
        print_text(stdout, vit_label(m->vit, i), 0);
        putchar('\n');
    }
    return EXIT_OK;
}

int command_info(const struct args *args) {
    struct model model;
    int exit_code;
    if (model_open(&model, args, args->operands[0], 1, &exit_code)) {
        exit_code = EXIT_OK;
        if (args->list_labels) {
            exit_code = print_labels(&model, args->json);
        } else if (args->json) {
            print_json(&model);
        } else {
            print_info(&model);
        }
    }
    model_close(&model);
    return exit_code;
}
