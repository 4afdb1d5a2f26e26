/* model.h: a loaded model with its class names and the options it was loaded with. */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "labels.h"
#include "progress.h"
#include "vit.h"

struct model {
    vit_context *vit;
    const char *name; /* as on the command line */
    int32_t classes;  /* 0: no head */
    struct labels labels; /* of --labels; empty: the model's own are used */
    struct progress progress;
    bool quiet;
};

/* Loads what args names. max_batch is how many pictures will be computed together. On false it has said why, and *exit_code
 * is set; model_close is fine either way. */
bool model_open(struct model *model, const struct args *args, const char *name, int64_t max_batch, int *exit_code);
void model_close(struct model *model);

/* The same, with a hook of vit_options_set_profile. */
bool model_open_profiled(struct model *model, const struct args *args, const char *name, int64_t max_batch,
                         vit_profile_fn profile, void *user, int *exit_code);

/* Name of a class; "class 17" is written to text where there is none. */
const char *model_label(const struct model *model, int32_t index, char text[32]);
bool model_has_labels(const struct model *model);

int64_t model_number(const struct model *model, int32_t key); /* VIT_INFO_* */

#endif
