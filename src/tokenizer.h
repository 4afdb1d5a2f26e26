/* tokenizer.h: from the files that a checkpoint comes with to a compiled tokenizer. */
#ifndef VI_TOKENIZER_H
#define VI_TOKENIZER_H

#include "family/family.h"
#include "options.h"

/* Temporary memory, freed last in, first out: the block and the files that it was made of. */
typedef struct vi_tokenizer_files {
    vi_text_block block; /* data NULL: none was found */
    char *file, *vocabulary;
    size_t file_size, vocabulary_size;
} vi_tokenizer_files;

/* The option's data or file, else a tokenizer's file beside `path` (may be NULL). Finding none is no error; one that is not
 * supported is noted. */
int32_t vi_tokenizer_find(vi_tokenizer_files *f, const char *path, const vit_options *o, vi_description *d, vi_allocator *a,
                          vi_error *e);
void vi_tokenizer_files_free(vi_tokenizer_files *f, vi_allocator *a); /* idempotent */

#endif
