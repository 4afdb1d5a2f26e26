/* blocks.h: the blocks of a run, in the two stages of each (blocks.c). */
#ifndef VI_BLOCKS_H
#define VI_BLOCKS_H

#include "model/context.h"

#define VI_ROWS_AT_ONCE 256 /* that a lane takes through the operators between two attentions */

/* Stage 0..2 * depth - 1 of equations (2) and (3), on work.x. */
void vi_run_block(const vit_context *c, int32_t stage);

/* Tokens of each image, from the first on, that the last block is computed of: all, or those that are pooled when nobody asked
 * for others. */
size_t vi_last_tokens(const vit_context *c);

#endif
