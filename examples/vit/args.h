/* args.h: the command line, read and checked. */
#ifndef ARGS_H
#define ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "random.h"

/* Exit codes. */
#define EXIT_OK 0
#define EXIT_FAILED 1 /* a file, a model or a picture was no good */
#define EXIT_USAGE 2  /* the command line was */

#define SETS_MOST 16
#define TEMPLATES_MOST 128

struct args {
    const struct command *command;
    char *const *operands;
    int operand_count;
    bool help, json, quiet, no_color, normalize, list_labels;
    int64_t threads, top, batch, runs, width, height; /* 0: not given */
    int64_t isa, precision;                           /* VIT_ISA_*, VIT_PRECISION_* */
    const char *labels, *config, *preprocessor;       /* file names */
    const char *sets[SETS_MOST];                      /* "heads=8" */
    int set_count;
    bool text;             /* operands are texts, not pictures */
    const char *tokenizer; /* file name */
    const char *templates[TEMPLATES_MOST]; /* "a photo of a {}" */
    int template_count;
    const char *random;        /* "b16": no file, random weights */
    struct random_shape shape; /* of the random model */
    int64_t patch;
    bool cold, first, turns, cpu_time; /* ways of measuring other than the plain one */
    const char *sweep;          /* likewise: along which axis */
    const char *save;
    const char *program; /* as this process was called */
};

#define COMMAND_CLASSIFY 1u
#define COMMAND_EMBED 2u
#define COMMAND_INFO 4u
#define COMMAND_CONVERT 8u
#define COMMAND_BENCH 16u
#define COMMAND_QUANTIZE 32u
#define COMMAND_ZEROSHOT 64u

struct command {
    const char *name;
    unsigned bit;         /* COMMAND_* */
    const char *operands; /* as in the usage line */
    const char *summary;
    const char *details;
    int least, most; /* operands */
    int (*run)(const struct args *args); /* returns an EXIT_ code */
};

/* Fills args from argv[0..argc), the words after the command's name. Operands are moved to the front of argv. On false it has
 * said why. */
bool args_parse(struct args *args, const struct command *command, int argc, char **argv);

void args_print_options(const struct command *command);

/* Whether `given` looks like a misspelt `known`. */
bool args_resembles(const char *given, const char *known);

#endif
