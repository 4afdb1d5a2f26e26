/* simd.h: what the vector vocabularies and templates need of the compiler. */
#ifndef VI_KERNELS_SIMD_H
#define VI_KERNELS_SIMD_H

#define INLINE static inline __attribute__((always_inline, unused))

/* Unrolls a loop of constant length completely, so that an array it indexes can live in registers; or twice; or not at all. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#define UNROLL_PANEL UNROLL
#define UNROLL_TWICE _Pragma("clang loop unroll_count(2)")
#define KEEP_LOOP _Pragma("clang loop unroll(disable)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#define UNROLL_PANEL _Pragma("GCC unroll 16")
#define UNROLL_TWICE _Pragma("GCC unroll 2")
#define KEEP_LOOP _Pragma("GCC unroll 1")
#endif

/* Hides from the compiler where a pointer comes from, so that it does not keep addresses derived from it in wait. */
#define FORGET(pointer) __asm__("" : "+r"(pointer))

#define CACHE_LINE 64      /* bytes; a line of B is one step of one panel */
#define STRETCH 8          /* steps of k between two looks at what is to be fetched ahead */
#define PREFETCH_BYTES 512 /* how far ahead of its use B is asked for: 8 steps */

#endif
