/* simd_neon.h: the vector vocabulary of the templates (see docs/kernels.md) on AArch64: v16 is four q registers. */
#ifndef VI_SIMD_H
#define VI_SIMD_H

#define TILE_ROWS 5 /* 5 x 4 accumulators, 4 of B, up to 5 of A: 29 of 32 registers; with 6 rows gcc spills */
#define TILE_PANELS 1
#define UNROLL_STEPS KEEP_LOOP

typedef struct v16 {
    float32x4_t q[4];
} v16;
typedef float broadcast; /* multiplied by element, so it needs no copies of itself */

/* One operation on four lanes is one on all sixteen. */
#define EACH(expression) (v16){{expression(0), expression(1), expression(2), expression(3)}}

INLINE v16 v16_set(float x) {
    float32x4_t s = vdupq_n_f32(x);
    return (v16){{s, s, s, s}};
}
INLINE v16 v16_load(const float *p) { return (v16){{vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)}}; }
INLINE void v16_store(float *p, v16 x) {
    UNROLL for (int i = 0; i < 4; i++) vst1q_f32(p + 4 * i, x.q[i]);
}
INLINE v16 v16_load_n(const float *p, size_t n) {
    float lanes[16] = {0};
    for (size_t i = 0; i < n; i++) lanes[i] = p[i];
    return v16_load(lanes);
}
INLINE void v16_store_n(float *p, v16 x, size_t n) {
    float lanes[16];
    v16_store(lanes, x);
    for (size_t i = 0; i < n; i++) p[i] = lanes[i];
}

#define ADD(i) vaddq_f32(a.q[i], b.q[i])
INLINE v16 v16_add(v16 a, v16 b) { return EACH(ADD); }
#define SUB(i) vsubq_f32(a.q[i], b.q[i])
INLINE v16 v16_sub(v16 a, v16 b) { return EACH(SUB); }
#define MUL(i) vmulq_f32(a.q[i], b.q[i])
INLINE v16 v16_mul(v16 a, v16 b) { return EACH(MUL); }
#define DIV(i) vdivq_f32(a.q[i], b.q[i])
INLINE v16 v16_div(v16 a, v16 b) { return EACH(DIV); }
#define FMA(i) vfmaq_f32(c.q[i], a.q[i], b.q[i])
INLINE v16 v16_fma(v16 a, v16 b, v16 c) { return EACH(FMA); }
#define MAX(i) vmaxq_f32(a.q[i], b.q[i])
INLINE v16 v16_max(v16 a, v16 b) { return EACH(MAX); }
INLINE float32x4_t relu4(float32x4_t x) {
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(x), vcltzq_f32(x)));
}
#define RELU(i) relu4(x.q[i])
INLINE v16 v16_relu(v16 x) { return EACH(RELU); } /* clears what is less than 0: -0 and NaN stay, as on x86 */
#define MINUS_ABS(i) vnegq_f32(vabsq_f32(x.q[i]))
INLINE v16 v16_minus_abs(v16 x) { return EACH(MINUS_ABS); }
#define COPYSIGN(i) vbslq_f32(vdupq_n_u32(0x80000000u), sign.q[i], x.q[i])
INLINE v16 v16_copysign(v16 x, v16 sign) { return EACH(COPYSIGN); }
#define IF_LESS(i) vbslq_f32(vcltq_f32(a.q[i], b.q[i]), yes.q[i], no.q[i])
INLINE v16 v16_if_less(v16 a, v16 b, v16 yes, v16 no) { return EACH(IF_LESS); }
#define EXPONENT(i) vreinterpretq_f32_u32(vshlq_n_u32(vreinterpretq_u32_f32(x.q[i]), 23))
INLINE v16 v16_exponent(v16 x) { return EACH(EXPONENT); }

INLINE float v16_tree_sum(v16 x) {
    float32x4_t p4 = vaddq_f32(vaddq_f32(x.q[0], x.q[2]), vaddq_f32(x.q[1], x.q[3]));
    float32x2_t p2 = vadd_f32(vget_low_f32(p4), vget_high_f32(p4));
    return vget_lane_f32(p2, 0) + vget_lane_f32(p2, 1);
}
INLINE float v16_tree_max(v16 x) {
    return vmaxvq_f32(vmaxq_f32(vmaxq_f32(x.q[0], x.q[2]), vmaxq_f32(x.q[1], x.q[3])));
}

INLINE v16 zip8(float32x4_t a0, float32x4_t b0, float32x4_t a1, float32x4_t b1) {
    return (v16){{vzip1q_f32(a0, b0), vzip2q_f32(a0, b0), vzip1q_f32(a1, b1), vzip2q_f32(a1, b1)}};
}
INLINE v16 v16_fold_add(v16 a, v16 b) {
    return zip8(vaddq_f32(a.q[0], a.q[2]), vaddq_f32(b.q[0], b.q[2]), vaddq_f32(a.q[1], a.q[3]), vaddq_f32(b.q[1], b.q[3]));
}
INLINE v16 v16_fold_max(v16 a, v16 b) {
    return zip8(vmaxq_f32(a.q[0], a.q[2]), vmaxq_f32(b.q[0], b.q[2]), vmaxq_f32(a.q[1], a.q[3]), vmaxq_f32(b.q[1], b.q[3]));
}

INLINE v16 v16_load_quads(const float *p, size_t ld) {
    return (v16){{vld1q_f32(p), vld1q_f32(p + ld), vld1q_f32(p + 2 * ld), vld1q_f32(p + 3 * ld)}};
}
INLINE float32x4_t pairs_low(float32x4_t a, float32x4_t b) { return vcombine_f32(vget_low_f32(a), vget_low_f32(b)); }
INLINE float32x4_t pairs_high(float32x4_t a, float32x4_t b) { return vcombine_f32(vget_high_f32(a), vget_high_f32(b)); }
INLINE void v16_transpose_quads(v16 x[4]) {
    UNROLL for (int i = 0; i < 4; i++) {
        const float32x4_t low01 = vzip1q_f32(x[0].q[i], x[1].q[i]), high01 = vzip2q_f32(x[0].q[i], x[1].q[i]);
        const float32x4_t low23 = vzip1q_f32(x[2].q[i], x[3].q[i]), high23 = vzip2q_f32(x[2].q[i], x[3].q[i]);
        x[0].q[i] = pairs_low(low01, low23);
        x[1].q[i] = pairs_high(low01, low23);
        x[2].q[i] = pairs_low(high01, high23);
        x[3].q[i] = pairs_high(high01, high23);
    }
}

/* 16 pairs of bf16: the even ones, the odd ones. */
INLINE uint32x4_t pairs4(const uint16_t *p) { return vreinterpretq_u32_u16(vld1q_u16(p)); }
#define EVEN(i) vreinterpretq_f32_u32(vshlq_n_u32(pairs4(p + 8 * i), 16))
INLINE v16 v16_bf16_even(const uint16_t *p) { return EACH(EVEN); }
#define ODD(i) vreinterpretq_f32_u32(vandq_u32(pairs4(p + 8 * i), vdupq_n_u32(0xffff0000u)))
INLINE v16 v16_bf16_odd(const uint16_t *p) { return EACH(ODD); }

INLINE broadcast broadcast_load(const float *p) { return *p; }
#define FMA_BROADCAST(i) vfmaq_n_f32(c.q[i], b.q[i], a)
INLINE v16 v16_fma_broadcast(broadcast a, v16 b, v16 c) { return EACH(FMA_BROADCAST); }

#endif
