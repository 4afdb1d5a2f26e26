/* run.h: the pictures of a command line, decoded and computed batch by batch. */
#ifndef RUN_H
#define RUN_H

#include "model.h"
#include "picture.h"

struct outcome {
    const char *path;
    int32_t width, height; /* of the picture; 0 when it could not be read */
    const float *values;   /* [K] logits or [D] embedding; NULL: failed */
    const struct why *why; /* one sentence when failed */
};

/* How many pictures to compute together when args does not say. */
int64_t run_batch(const struct args *args);

/* Calls show(user, ...) for every picture of args, in order. `output` is VIT_OUTPUT_LOGITS or VIT_OUTPUT_EMBEDDING. Failed
 * pictures are also reported on standard error. Returns EXIT_OK when none failed. */
int run_pictures(struct model *model, const struct args *args, int32_t output, void (*show)(void *user, const struct outcome *),
                 void *user);

#endif
