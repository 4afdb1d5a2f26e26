/* linear_dots.h: linear layers whose inputs become bytes or bf16 (kernels/dots.h). */
#ifndef VI_LINEAR_DOTS_H
#define VI_LINEAR_DOTS_H

#include "model/ops.h"

/* As vi_linear_forward, for a layer whose weights are of the table's type, and only its output panels [panel0, panel1). */
void vi_dots_linear(const vit_context *c, const vi_dots *table, float *y, size_t ldy, const float *x, size_t ldx, size_t rows,
                    const vi_linear *layer, vi_epilogue epilogue, size_t panel0, size_t panel1);

/* Scratch memory that a lane needs for up to `rows` rows of up to `cols` columns; SIZE_MAX on overflow. */
size_t vi_dots_scratch(size_t rows, size_t cols);

#endif
