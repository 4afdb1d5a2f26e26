/* labels.h: class names. Their count must be the number of classes and each must be a text, else they are dropped with a note. */
#ifndef VI_FAMILY_LABELS_H
#define VI_FAMILY_LABELS_H

#include "family/family.h"

/* names: a list of texts or an object {"0": text, ...}, in any order; NULL: no labels. descriptions: an object from such a text
 * to a longer one that is used in its place where there is one, or NULL. */
int32_t vi_labels_from_json(vi_description *d, const vi_json_value *names, const vi_json_value *descriptions, vi_allocator *a,
                            vi_error *e);

/* NUL-terminated texts one after the other. VIT_ERROR_CORRUPT when they are not UTF-8. */
int32_t vi_labels_from_text(vi_description *d, const unsigned char *text, size_t size, vi_allocator *a, vi_error *e);

#endif
