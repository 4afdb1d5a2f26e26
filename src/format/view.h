/* view.h: other ways to look at the tensors of a directory: dimensions in another order, slices of a stack, columns first.
 * Nothing is copied; what comes of it are tensors with strides and offsets of their own. */
#ifndef VI_FORMAT_VIEW_H
#define VI_FORMAT_VIEW_H

#include "format/format.h"

/* Dimension i becomes what dimension order[i] was. A tensor whose elements are no places of their own (blocks, packed, unknown
 * types) stays as it is. */
void vi_tensor_turn(vi_tensor *t, const uint32_t *order);

/* A directory of everything in `from`, where each tensor "<stem>/x" of shape [depth, ...] is replaced by its slices
 * "<stem>[0]/x" ... "<stem>[depth - 1]/x". VIT_ERROR_MODEL when their depths differ. It stands beside `from`, whose files it
 * uses; close it first, with vi_directory_close. On failure, too. */
int32_t vi_directory_unstack(vi_directory *d, const vi_directory *from, const char *stem, vi_allocator *a, vi_error *e);

/* Whether the elements of t, taken as a matrix of so many rows, lie in the file column by column. */
bool vi_tensor_by_columns(const vi_tensor *t, uint64_t rows);

typedef void (*vi_columns_fn)(void *user, size_t first, size_t count, const float *columns); /* [count, rows] */

/* Gives such a matrix to `take` in the order of the file, `most` columns at a time or what is left. buffer [most, rows]. */
int32_t vi_tensor_columns(const vi_directory *d, const vi_tensor *t, size_t rows, float *buffer, size_t most, vi_columns_fn take,
                          void *user, vi_allocator *a, vi_error *e);

#endif
