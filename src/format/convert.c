/* convert.c: see convert.h. Blocks are ggml's: a scale d, for some types a minimum m, in f16; for 5 bits a u32 with the highest
 * bit of each element; then the elements' low 4 bits, the first 16 elements in the low halves of the bytes, or 32 bytes. */
#include "format/convert.h"

#include <string.h>
#include "base/bytes.h"
#include "base/half.h"

void vi_convert(vi_dtype dtype, const unsigned char *raw, size_t count, float *dst) {
    switch (dtype) {
    case VI_DT_F32:
        if (raw != (unsigned char *)dst) memcpy(dst, raw, count * sizeof *dst);
        for (size_t i = 0; i < count && !vi_little_endian(); i++) dst[i] = vi_load_f32(&dst[i]);
        break;
    case VI_DT_BF16:
        for (size_t i = 0; i < count; i++) dst[i] = vi_bf16_to_f32(vi_load_u16(raw + 2 * i));
        break;
    case VI_DT_F16:
        for (size_t i = 0; i < count; i++) dst[i] = vi_f16_to_f32(vi_load_u16(raw + 2 * i));
        break;
    default:
        for (size_t i = 0; i < count; i++) dst[i] = (float)vi_load_f64(raw + 8 * i);
    }
}

/* ---- blocks ------------------------------------------------------------------------------------------------------------- */

static const struct {
    vi_dtype dtype;
    uint32_t bits;
    bool minimum; /* x = d q + m; else x = d (q - 2^(bits - 1)), for 8 bits x = d q of signed q */
    size_t bytes;
} blocks[] = {
    {VI_DT_Q4_0, 4, false, 18}, {VI_DT_Q4_1, 4, true, 20},  {VI_DT_Q5_0, 5, false, 22},
    {VI_DT_Q5_1, 5, true, 24},  {VI_DT_Q8_0, 8, false, 34},
};
#define BLOCKS (sizeof blocks / sizeof *blocks)

static size_t row_of(vi_dtype dtype) {
    size_t i = 0;
    while (i < BLOCKS && blocks[i].dtype != dtype) i++;
    return i;
}

size_t vi_block_bytes(vi_dtype dtype) {
    size_t row = row_of(dtype);
    return row < BLOCKS ? blocks[row].bytes : 0;
}

void vi_convert_block(vi_dtype dtype, const unsigned char *block, float *dst) {
    size_t row = row_of(dtype);
    float scale = vi_f16_to_f32(vi_load_u16(block)), minimum = 0;
    const unsigned char *q = block + 2;
    if (blocks[row].bits == 8) {
        for (int i = 0; i < VI_BLOCK; i++) dst[i] = scale * (float)(q[i] < 128 ? q[i] : (int)q[i] - 256);
        return;
    }
    if (blocks[row].minimum) {
        minimum = vi_f16_to_f32(vi_load_u16(q));
        q += 2;
    }
    uint32_t high = 0;
    if (blocks[row].bits == 5) {
        high = vi_load_u32(q);
        q += 4;
    }
    int middle = blocks[row].minimum ? 0 : 1 << (blocks[row].bits - 1);
    for (int i = 0; i < VI_BLOCK; i++) {
        uint32_t low = i < VI_BLOCK / 2 ? q[i] & 15u : (uint32_t)q[i - VI_BLOCK / 2] >> 4;
        float x = (float)((int)(low | (high >> i & 1u) << 4) - middle) * scale;
        dst[i] = blocks[row].minimum ? x + minimum : x;
    }
}
