/* simd.h: what the vector vocabularies and templates need of the compiler. */
#ifndef VI_KERNELS_SIMD_H
#define VI_KERNELS_SIMD_H

#define INLINE static inline __attribute__((always_inline, unused))

/* Unrolls a loop of constant length completely, so that an array it indexes can live in registers. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

#define PREFETCH_STEPS 8

#endif
