/* Room rule: the files directly in src/ are the border: they check arguments, call inward, and alone define exported symbols.
 *
 * options.h: everything that can be chosen about a load or a clone. */
#ifndef VI_OPTIONS_H
#define VI_OPTIONS_H

#include "base/alloc.h"
#include "model/context.h"
#include <stdint.h>

#define VI_INT_OPTIONS 21 /* keys 1..21, stored at key - 1 */

struct vit_options {
    uint32_t magic;
    uint32_t owned; /* made by vit_options_create */
    int64_t ints[VI_INT_OPTIONS];
    double eps, crop;
    const char *config_json, *preprocessor_json, *tokenizer_path;
    const void *tokenizer_data; /* [tokenizer_size] or NULL */
    size_t tokenizer_size;
    int32_t mean_count, std_count;
    float mean[VI_MAX_CHANNELS], std[VI_MAX_CHANNELS];
    vi_allocator allocator; /* as created: nothing taken yet */
    vit_log_fn log;
    void *log_user;
    vit_progress_fn progress;
    void *progress_user;
    vit_parallel_for_fn parallel_for;
    void *parallel_user;
    vit_profile_fn profile;
    void *profile_user;
};

bool vi_options_valid(const vit_options *o); /* not NULL, initialised, not freed */
void vi_options_defaults(vit_options *o);
int64_t vi_option(const vit_options *o, int32_t key); /* a known integer key */

/* The parts of the options that concern a context, and those that replace numbers of the checkpoint. */
vi_settings vi_options_settings(const vit_options *o);
vi_allocator vi_options_allocator(const vit_options *o); /* nothing taken yet, with VIT_OPT_MAX_MEMORY as its limit */
vi_overrides vi_options_overrides(const vit_options *o);

#endif
