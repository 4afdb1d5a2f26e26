/* loops.h: loops that do one thing as fast as a core can: the ceilings that a forward is measured against. */
#ifndef LOOPS_H
#define LOOPS_H

#include <stddef.h>
#include <stdint.h>

/* Independent chains of one kind of arithmetic in registers, `rounds` times. */
struct loop {
    double (*run)(long rounds);
    double operations; /* a round: multiplications and additions */
    const char *name;  /* "f32 multiply-adds"; NULL: this machine or instruction set has none */
};

/* What an instruction set, VIT_ISA_*, has for each kind of number. */
struct loop loop_f32(int32_t isa);
struct loop loop_int8(int32_t isa);
struct loop loop_bf16(const char *products); /* VIT_TEXT_PRODUCTS of the model */

/* Reads `size` bytes once, 64-byte aligned, and returns a number made of all of them. */
uint64_t loop_read(int32_t isa, const void *data, size_t size);

#endif
