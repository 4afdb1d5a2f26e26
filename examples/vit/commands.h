/* commands.h: what `vit` can do. Each returns an EXIT_ code. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "args.h"

int command_classify(const struct args *args);
int command_embed(const struct args *args);
int command_zeroshot(const struct args *args);
int command_info(const struct args *args);
int command_convert(const struct args *args);
int command_quantize(const struct args *args);
int command_bench(const struct args *args);

#endif
