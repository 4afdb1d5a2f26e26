/* convert.h: stored numbers of every real type to float. */
#ifndef VI_FORMAT_CONVERT_H
#define VI_FORMAT_CONVERT_H

#include <stddef.h>
#include "format/format.h"

#define VI_BLOCK 32 /* elements of a block of VI_DT_Q4_0 ... VI_DT_Q8_0 */

/* count elements of F32, BF16, F16 or F64 -> dst [count]. raw may be the end of dst's own memory when elements are not larger
 * than a float: each is read before its place is written. */
void vi_convert(vi_dtype dtype, const unsigned char *raw, size_t count, float *dst);

/* Bytes of a block; 0 when the type has none. */
size_t vi_block_bytes(vi_dtype dtype);
void vi_convert_block(vi_dtype dtype, const unsigned char *block, float *dst); /* -> dst [VI_BLOCK] */

#endif
