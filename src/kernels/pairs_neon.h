/* pairs_neon.h: the vocabulary of gemm_bf16.inc on AArch64 with FEAT_BF16. */
#ifndef VI_PAIRS_H
#define VI_PAIRS_H

#define PAIRS_TABLE vi_bf16_neon
#define PAIRS_ISA VIT_ISA_NEON
#define PAIRS_NAME "neon bfdot"

INLINE void pairs_store(char *p, v16 x) {
    vst1q_u16((uint16_t *)(void *)p, vreinterpretq_u16_bf16(vcvtq_high_bf16_f32(vcvtq_low_bf16_f32(x.q[0]), x.q[1])));
    vst1q_u16((uint16_t *)(void *)(p + 16), vreinterpretq_u16_bf16(vcvtq_high_bf16_f32(vcvtq_low_bf16_f32(x.q[2]), x.q[3])));
}
/* By element of the register that holds a; as a bfloat16x4_t it would be copied there first. */
INLINE v16 pairs_add(broadcast a, v16 b, v16 sum) {
    UNROLL for (int i = 0; i < 4; i++) __asm__("bfdot %0.4s, %1.8h, %2.2h[0]" : "+w"(sum.q[i]) : "w"(b.q[i]), "w"(a));
    return sum;
}

#endif
