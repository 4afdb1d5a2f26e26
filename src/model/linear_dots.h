/* linear_dots.h: linear layers whose inputs become bytes or bf16 (kernels/dots.h). */
#ifndef VI_LINEAR_DOTS_H
#define VI_LINEAR_DOTS_H

#include "model/ops.h"

/* Rows [0, rows) x panels [panel0, panel1) of the product, whose weights are of the table's type. */
void vi_dots_linear(const vit_context *c, const vi_dots *table, const vi_gemm *gemm, size_t rows, size_t panel0, size_t panel1);

/* Scratch memory that a lane needs for up to `rows` rows of up to `cols` columns; SIZE_MAX on overflow. */
size_t vi_dots_scratch(size_t rows, size_t cols);

#endif
