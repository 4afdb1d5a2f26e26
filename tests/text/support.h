/* support.h: what the tests of texts share. */
#ifndef VIT_TEXT_SUPPORT_H
#define VIT_TEXT_SUPPORT_H

#include "test.h"
#include "base/bytes.h"
#include "text/tokenizer.h"

/* The whole file, to be freed; NULL: it cannot be read. */
static inline unsigned char *text_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    *size = 0;
    if (file == NULL) return NULL;
    unsigned char *data = malloc(1 << 22);
    if (data != NULL) *size = fread(data, 1, 1 << 22, file);
    fclose(file);
    return data;
}

/* CLIP's vocabulary, which is not ours to publish. */
static inline const char *text_shared_merges(void) {
    static char path[512];
    snprintf(path, sizeof path, "%s/labels/clip_bpe_simple_vocab_16e6.txt.gz", test_shared());
    return path;
}

#endif
