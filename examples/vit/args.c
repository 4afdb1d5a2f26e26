/* args.c: the option table; parsing, checking and printing it. */
#include "args.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "overrides.h"
#include "print.h"
#include "random.h"
#include "vit.h"

enum kind { FLAG, NUMBER, TEXT, ISA, PRECISION, SIZE, NAMED_SIZE, SET, TEMPLATE };

struct option {
    const char *name;
    const char *value; /* NULL: takes none */
    const char *help;
    enum kind kind;
    unsigned commands;
    size_t field;        /* offset in struct args */
    int64_t least, most; /* of a number */
};

#define PICTURES (COMMAND_CLASSIFY | COMMAND_EMBED)
#define RUNS (PICTURES | COMMAND_ZEROSHOT | COMMAND_BENCH | COMMAND_QUANTIZE)
#define TEXTS (COMMAND_EMBED | COMMAND_ZEROSHOT)
#define LOADS (RUNS | COMMAND_INFO)
#define ALL (LOADS | COMMAND_CONVERT)
#define FIELD(name) offsetof(struct args, name)

static const struct option options[] = {
    {"top", "N", "classes to show, best first (5)", NUMBER, COMMAND_CLASSIFY, FIELD(top), 1, 1000000},
    {"top", "N", "texts to show, best first (all)", NUMBER, COMMAND_ZEROSHOT, FIELD(top), 1, 1000000},
    {"text", NULL, "the names after MODEL are texts, not pictures", FLAG, COMMAND_EMBED, FIELD(text), 0, 0},
    {"template", "TEXT", "put each text in the place of its {}; may be repeated", TEMPLATE, TEXTS, FIELD(templates), 0, 0},
    {"tokenizer", "FILE", "tokenizer.json, merges.txt, spiece.model, ...", TEXT, ALL & ~(COMMAND_CLASSIFY | COMMAND_BENCH),
     FIELD(tokenizer), 0, 0},
    {"labels", "FILE", "class names, one a line, instead of the model's", TEXT, COMMAND_CLASSIFY, FIELD(labels), 0, 0},
    {"labels", "FILE", "class names to store, one a line", TEXT, COMMAND_CONVERT, FIELD(labels), 0, 0},
    {"labels", NULL, "list the model's class names instead", FLAG, COMMAND_INFO, FIELD(list_labels), 0, 0},
    {"normalize", NULL, "scale every vector to length 1", FLAG, COMMAND_EMBED, FIELD(normalize), 0, 0},
    {"runs", "N", "timed runs (as many as fit in 3 seconds, at least 5)", NUMBER, COMMAND_BENCH, FIELD(runs), 1, 100000},
    {"batch", "N", "pictures computed together (all given, 8 at most)", NUMBER, PICTURES, FIELD(batch), 1, 4096},
    {"batch", "N", "pictures computed together (1)", NUMBER, COMMAND_BENCH, FIELD(batch), 1, 4096},
    {"threads", "N", "threads to compute with (1)", NUMBER, RUNS, FIELD(threads), 1, 256},
    {"isa", "NAME", "best instruction set to use: reference, avx2, avx512, neon", ISA, LOADS, FIELD(isa), 0, 0},
    {"precision", "P", "f32, bf16 or int8 (as in a .vit file, else f32)", PRECISION, ALL & ~COMMAND_QUANTIZE, FIELD(precision), 0,
     0},
    {"size", "N", "model input of N x N pixels (as trained)", SIZE, LOADS & ~COMMAND_BENCH, FIELD(width), 1, 65536},
    {"size", "NAME", "random weights: ti16, s16, b16, ... (see above)", NAMED_SIZE, COMMAND_BENCH, FIELD(width), 1, 65536},
    {"image-size", "N", "model input of N x N pixels (as trained; 224)", SIZE, COMMAND_BENCH, FIELD(width), 1, 65536},
    {"patch", "N", "side of a patch, instead of that in NAME", NUMBER, COMMAND_BENCH, FIELD(patch), 1, RANDOM_SIDE},
    {"sweep", "AXIS", "many small models: tokens, width, depth, all; depth=FROM:TO", TEXT, COMMAND_BENCH, FIELD(sweep), 0, 0},
    {"turns", NULL, "alone, in batches and with hidden states in turns instead", FLAG, COMMAND_BENCH, FIELD(turns), 0, 0},
    {"cold", NULL, "from process start to the first result instead", FLAG, COMMAND_BENCH, FIELD(cold), 0, 0},
    {"first", NULL, "one result and its moments, which --cold reads", FLAG, COMMAND_BENCH, FIELD(first), 0, 0},
    {"cpu-time", NULL, "processor time instead of elapsed time (1 thread)", FLAG, COMMAND_BENCH, FIELD(cpu_time), 0, 0},
    {"save", "FILE", "write the measured model as a .vit file", TEXT, COMMAND_BENCH, FIELD(save), 0, 0},
    {"width", "N", "model input width in pixels", NUMBER, LOADS, FIELD(width), 1, 65536},
    {"height", "N", "model input height in pixels", NUMBER, LOADS, FIELD(height), 1, 65536},
    {"config", "FILE", "instead of the model's config.json", TEXT, ALL, FIELD(config), 0, 0},
    {"preprocessor", "FILE", "instead of its preprocessor_config.json", TEXT, ALL, FIELD(preprocessor), 0, 0},
    {"set", "KEY=VALUE", "correct the model; may be given several times (see vit.1)", SET, ALL, FIELD(sets), 0, 0},
    {"json", NULL, "print JSON", FLAG, ALL, FIELD(json), 0, 0},
    {"no-color", NULL, "no colours on a terminal (also: NO_COLOR=1)", FLAG, COMMAND_CLASSIFY | COMMAND_ZEROSHOT,
     FIELD(no_color), 0, 0},
    {"quiet", NULL, "no warnings and no progress on standard error", FLAG, ALL, FIELD(quiet), 0, 0},
    {"help", NULL, "print this and exit", FLAG, ALL, FIELD(help), 0, 0},
};
#define OPTIONS (sizeof options / sizeof *options)

static int smaller(int a, int b) {
    return a < b ? a : b;
}

bool args_resembles(const char *given, const char *known) {
    enum { LONGEST = 24 };
    int row[LONGEST + 1];
    size_t n = strlen(given), m = strlen(known);
    if (n > LONGEST || m > LONGEST) return false;
    if (n >= 3 && strncmp(given, known, n) == 0) return true;
    for (size_t j = 0; j <= m; j++) row[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int replace = diagonal + (given[i - 1] != known[j - 1]);
            diagonal = row[j];
            row[j] = smaller(replace, smaller(row[j], row[j - 1]) + 1);
        }
    }
    return row[m] <= (m > 4 ? 2 : 1);
}

static const struct option *find(const char *name, size_t length, unsigned commands) {
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *o = &options[i];
        if ((o->commands & commands) && strlen(o->name) == length && strncmp(o->name, name, length) == 0) return o;
    }
    return NULL;
}

/* Says what is wrong with an option this command does not have, and what may have been meant. */
static void refuse(const struct command *command, const char *word, size_t length) {
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1), word);
    if (find(name, strlen(name), ALL)) {
        complain("`vit %s` has no option --%s; see `vit %s --help`", command->name, name, command->name);
        return;
    }
    for (size_t i = 0; i < OPTIONS; i++) {
        if ((options[i].commands & command->bit) && args_resembles(name, options[i].name)) {
            complain("unknown option --%s; did you mean --%s?", name, options[i].name);
            return;
        }
    }
    complain("unknown option --%s; see `vit %s --help`", name, command->name);
}

static bool set_number(int64_t *field, const struct option *o, const char *value) {
    char *end = NULL;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (end == value || *end != '\0' || errno != 0 || number < o->least || number > o->most) {
        complain("--%s wants a whole number from %lld to %lld, not '%s'", o->name, (long long)o->least, (long long)o->most,
                 value);
        return false;
    }
    *field = number;
    return true;
}

static bool set_isa(int64_t *field, const char *value) {
    for (int32_t isa = VIT_ISA_REFERENCE; *vit_isa_text(isa) != '\0'; isa++) {
        if (strcmp(vit_isa_text(isa), value) == 0) {
            *field = isa;
            return true;
        }
    }
    complain("--isa wants reference, avx2, avx512 or neon, not '%s'; `vit --version` says which this machine has", value);
    return false;
}

static bool set_precision(int64_t *field, const char *value) {
    if (strcmp(value, "f32") == 0) {
        *field = VIT_PRECISION_F32;
    } else if (strcmp(value, "bf16") == 0) {
        *field = VIT_PRECISION_BF16;
    } else if (strcmp(value, "int8") == 0) {
        *field = VIT_PRECISION_INT8;
    } else {
        complain("--precision wants f32, bf16 or int8, not '%s'", value);
        return false;
    }
    return true;
}

static bool set_size(struct args *args, const struct option *o, const char *value) {
    if (!set_number(&args->width, o, value)) return false;
    args->height = args->width;
    return true;
}

static bool set_named_size(struct args *args, const struct option *o, const char *value) {
    if (*value >= '0' && *value <= '9') return set_size(args, o, value);
    args->random = value;
    if (random_shape_named(&args->shape, value)) return true;
    complain("--size wants a number of pixels or one of %s, not '%s'", random_shape_names(), value);
    return false;
}

static bool add_setting(struct args *args, const char *value) {
    if (args->set_count == SETS_MOST) {
        complain("--set is given more than %d times", SETS_MOST);
        return false;
    }
    args->sets[args->set_count++] = value;
    return override_set(NULL, value);
}

static bool add_template(struct args *args, const char *value) {
    if (strstr(value, "{}") == NULL) {
        complain("--template wants a text with {} in it, as \"a photo of a {}\", not '%s'", value);
        return false;
    }
    if (args->template_count == TEMPLATES_MOST) {
        complain("--template is given more than %d times", TEMPLATES_MOST);
        return false;
    }
    args->templates[args->template_count++] = value;
    return true;
}

static bool set(struct args *args, const struct option *o, const char *value) {
    void *field = (char *)args + o->field;
    switch (o->kind) {
    case FLAG: *(bool *)field = true; return true;
    case TEXT: *(const char **)field = value; return true;
    case NUMBER: return set_number(field, o, value);
    case ISA: return set_isa(field, value);
    case PRECISION: return set_precision(field, value);
    case SIZE: return set_size(args, o, value);
    case NAMED_SIZE: return set_named_size(args, o, value);
    case SET: return add_setting(args, value);
    case TEMPLATE: return add_template(args, value);
    }
    return false;
}

/* One word that begins with "--", or "-h". `next` is the word after it or NULL; *used: it was this option's value. */
static bool parse_option(struct args *args, const char *word, const char *next, bool *used) {
    const char *name = strcmp(word, "-h") == 0 ? "help" : word + 2;
    const char *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const struct option *o = find(name, length, args->command->bit);
    *used = false;
    if (o == NULL) {
        refuse(args->command, name, length);
        return false;
    }
    if (o->value == NULL && equals) {
        complain("--%s takes no value", o->name);
        return false;
    }
    const char *value = equals ? equals + 1 : next;
    if (o->value && value == NULL) {
        complain("--%s wants a value: --%s %s", o->name, o->name, o->value);
        return false;
    }
    *used = o->value && !equals;
    return set(args, o, value);
}

bool args_parse(struct args *args, const struct command *command, int argc, char **argv) {
    *args = (struct args){0};
    args->command = command;
    args->operands = argv;
    bool only_operands = false;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        bool is_option = !only_operands && word[0] == '-' && word[1] != '\0';
        if (!is_option) {
            argv[args->operand_count++] = argv[i];
        } else if (strcmp(word, "--") == 0) {
            only_operands = true;
        } else if (word[1] != '-' && strcmp(word, "-h") != 0) {
            complain("unknown option %s; options are spelt out, as --threads; see `vit %s --help`", word, command->name);
            return false;
        } else {
            bool used;
            if (!parse_option(args, word, i + 1 < argc ? argv[i + 1] : NULL, &used)) return false;
            i += used;
        }
    }
    if (args->help) return true;
    if (args->patch > 0) {
        if (!args->random) {
            complain("--patch is for random weights: --size NAME");
            return false;
        }
        args->shape.patch = (int)args->patch;
    }
    bool no_file = args->random || args->sweep;
    int least = no_file ? 0 : command->least, most = no_file ? 0 : command->most;
    if (args->operand_count < least || args->operand_count > most) {
        complain("%s: usage: vit %s %s", args->operand_count < least ? "something is missing" : "too many names", command->name,
                 command->operands);
        return false;
    }
    return true;
}

void args_print_options(const struct command *command) {
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *o = &options[i];
        if (!(o->commands & command->bit)) continue;
        char left[PRINT_SMALL];
        snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
        printf("  %-16s %s\n", left, o->help);
    }
}
