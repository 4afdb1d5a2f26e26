/* pairs_neon.h: the vocabulary of gemm_bf16.inc on AArch64 with FEAT_BF16. */
#ifndef VI_PAIRS_H
#define VI_PAIRS_H

#define PAIRS_TABLE vi_bf16_neon
#define PAIRS_ISA VIT_ISA_NEON
#define PAIRS_NAME "neon bfdot"

/* Inline assembly, as clang before 16 has the intrinsics only where the whole file may use them. */
INLINE uint16x8_t rounded_pair(float32x4_t low, float32x4_t high) {
    uint16x8_t x;
    __asm__("bfcvtn %0.4h, %1.4s\n\tbfcvtn2 %0.8h, %2.4s" : "=&w"(x) : "w"(low), "w"(high));
    return x;
}
INLINE void pairs_store(char *p, v16 x) {
    vst1q_u16((uint16_t *)(void *)p, rounded_pair(x.q[0], x.q[1]));
    vst1q_u16((uint16_t *)(void *)(p + 16), rounded_pair(x.q[2], x.q[3]));
}
INLINE v16 pairs_zip(v16 even, v16 odd) {
    v16 pairs;
    UNROLL for (int half = 0; half < 2; half++) {
        const uint16x8_t low = rounded_pair(even.q[2 * half], even.q[2 * half + 1]);
        const uint16x8_t high = rounded_pair(odd.q[2 * half], odd.q[2 * half + 1]);
        pairs.q[2 * half] = vreinterpretq_f32_u16(vzip1q_u16(low, high));
        pairs.q[2 * half + 1] = vreinterpretq_f32_u16(vzip2q_u16(low, high));
    }
    return pairs;
}
/* By element of the register that holds a; as a bfloat16x4_t it would be copied there first. */
INLINE v16 pairs_add(broadcast a, v16 b, v16 sum) {
    UNROLL for (int i = 0; i < 4; i++) __asm__("bfdot %0.4s, %1.8h, %2.2h[0]" : "+w"(sum.q[i]) : "w"(b.q[i]), "w"(a));
    return sum;
}

#endif
