/* main.c: `vit`, the command-line tool. It uses only what vit.h offers, and so is also a large example of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "commands.h"
#include "picture.h"
#include "print.h"
#include "vit.h"

static const struct command commands[] = {
    {"classify", COMMAND_CLASSIFY, "MODEL PICTURE...", "name what pictures show",
     "Prints the most probable classes of each PICTURE. MODEL is a .vit or .safetensors\n"
     "file, or a folder that holds one. PICTURE is a PPM, PGM, BMP, PNG or JPEG file;\n"
     "- is standard input. An EXIF orientation is not applied.\n",
     2, 1 << 30, command_classify},
    {"zeroshot", COMMAND_ZEROSHOT, "MODEL PICTURE TEXT...", "tell which text fits a picture",
     "Scores each TEXT by how well it describes the PICTURE, best first, with a model of\n"
     "two towers: CLIP (the scores are probabilities that sum to 1) or SigLIP (each text\n"
     "for itself). --template \"a photo of a {}\" makes captions of bare names.\n",
     3, 1 << 30, command_zeroshot},
    {"embed", COMMAND_EMBED, "MODEL PICTURE...", "print the embeddings of pictures",
     "Prints a line for each PICTURE: its name, a tab, and the pooled embedding as\n"
     "numbers separated by spaces. With --text the names are texts.\n",
     2, 1 << 30, command_embed},
    {"info", COMMAND_INFO, "MODEL", "tell everything about a model", "", 1, 1, command_info},
    {"convert", COMMAND_CONVERT, "IN OUT.vit", "write a model as one .vit file",
     "Writes the checkpoint IN, a file or a folder, as one self-contained file that\n"
     "loads faster and is used where it lies. An existing OUT.vit is replaced.\n",
     2, 2, command_convert},
    {"quantize", COMMAND_QUANTIZE, "IN OUT.vit [PICTURE...]", "write a model with 8-bit weights",
     "Writes the checkpoint IN as a .vit file of precision int8, and tells how close\n"
     "its results are to those of IN in f32 on each PICTURE, which may be a folder of\n"
     "pictures; without any, on random ones.\n",
     2, 1 << 30, command_quantize},
    {"bench", COMMAND_BENCH, "MODEL | --size NAME", "measure the speed of a model",
     "Times forwards of preprocessed noise, and each operator in them. With --size NAME\n"
     "no file is needed: a Vision Transformer of random weights is measured. NAME is ti,\n"
     "s, b, l, h, so400m, g or gg and the side of a patch, as in b16. Efficiency is the\n"
     "part of what loops that only multiply and add in registers reach in the same run.\n"
     "--sweep measures how time grows with the model, --cold MODEL.vit whole processes.\n",
     1, 1, command_bench},
};
#define COMMANDS (sizeof commands / sizeof *commands)

static int print_help(void) {
    puts("vit runs Vision Transformers on the CPU.\n\nUsage:");
    for (size_t i = 0; i < COMMANDS; i++) {
        char usage[64];
        snprintf(usage, sizeof usage, "%s %s", commands[i].name, commands[i].operands);
        printf("  vit %-30s %s\n", usage, commands[i].summary);
    }
    puts("\n`vit COMMAND --help` lists the options of a command, `vit --version` tells what this build can do.\n"
         "Exit codes: 0 all went well, 1 a file was no good, 2 the command line was no good.\n\n"
         "Example:\n  vit classify examples/cifar10/cifar10.vit photo.ppm");
    return EXIT_OK;
}

static int print_command_help(const struct command *command) {
    printf("vit %s: %s\n\nUsage: vit %s %s [options]\n\n", command->name, command->summary, command->name, command->operands);
    if (*command->details != '\0') printf("%s\n", command->details);
    puts("Options:");
    args_print_options(command);
    return EXIT_OK;
}

static int print_version(void) {
    printf("vit %s\nbuild: %s\ninstruction sets:", vit_version_text(), vit_build_text());
    for (int32_t isa = VIT_ISA_REFERENCE; *vit_isa_text(isa) != '\0'; isa++) {
        if (vit_isa_available(isa)) printf(" %s", vit_isa_text(isa));
    }
    printf("; chosen: %s\npictures: %s\n", vit_isa_text(vit_isa_best()), picture_kinds());
    return EXIT_OK;
}

static const struct command *find_command(const char *name) {
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    }
    return NULL;
}

static int refuse_command(const char *name) {
    if (name[0] == '-') {
        complain("unknown option %s; the command comes first, as in `vit classify MODEL PICTURE --json`", name);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (!args_resembles(name, commands[i].name)) continue;
        complain("unknown command '%s'; did you mean `vit %s`?", name, commands[i].name);
        return EXIT_USAGE;
    }
    complain("unknown command '%s'; see `vit --help`", name);
    return EXIT_USAGE;
}

static int run(int argc, char **argv) {
    struct args args;
    if (argc < 2) {
        complain("no command; see `vit --help`");
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return print_help();
    if (strcmp(argv[1], "--version") == 0) return print_version();
    const struct command *command = find_command(argv[1]);
    if (command == NULL) return refuse_command(argv[1]);
    if (!args_parse(&args, command, argc - 2, argv + 2)) return EXIT_USAGE;
    args.program = argv[0];
    if (args.help) return print_command_help(command);
    return command->run(&args);
}

int main(int argc, char **argv) {
    int exit_code = run(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        complain("standard output: %s", strerror(errno));
        return EXIT_FAILED;
    }
    return exit_code;
}
