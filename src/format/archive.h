/* archive.h: the two kinds of zip archives that hold tensors. archive.c decides which one a file is, by the names of its
 * members. */
#ifndef VI_FORMAT_ARCHIVE_H
#define VI_FORMAT_ARCHIVE_H

#include "format/build.h"
#include "format/zip.h"

/* NumPy's .npz. */
int32_t vi_npz_read(vi_builder *b, const vi_zip *z);
/* PyTorch's .pth, .pt, .bin; `pickle` is the member "<root>/data.pkl". */
int32_t vi_torch_read_zip(vi_builder *b, const vi_zip *z, const vi_zip_member *pickle);

#endif
