/* bf16_test.h: which tables of bf16 dot products can be executed here, whether or not the library would choose them. */
#ifndef VIT_BF16_TEST_H
#define VIT_BF16_TEST_H

#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE
#endif
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kernels/bf16.h"
#include "kernels/kernels.h"
#include "model/context.h"

/* Virtual machines hide instructions that their processor has: a child process finds out. */
static inline bool bf16_executes(const vi_dots *table) {
    fflush(NULL);
    const pid_t child = fork();
    if (child < 0) return false;
    if (child == 0) {
        static _Alignas(VI_ALIGN) float x[VI_PANEL], c[VI_PANEL], scratch[1 << 17], row[64], w[VI_PANEL];
        signal(SIGILL, SIG_DFL); /* a sanitizer's handler would print a report */
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        const vi_matrix matrix = {w, VI_BF16, VI_PANEL, 2};
        const vi_bytes rows = {row, sizeof row, NULL};
        const vi_gemm g = {.w = &matrix, .c = c, .ldc = VI_PANEL, .activation = VI_ACT_NONE};
        table->quantise(&rows, 0, x, 2);
        table->gemm(&g, &rows, 0, 1, 0, 1, scratch);
        _exit(0);
    }
    int status;
    return waitpid(child, &status, 0) == child && status == 0;
}

/* The table that this processor can execute, or NULL. */
static inline const vi_dots *bf16_table(void) {
    static const vi_dots *found;
    static bool looked;
    bool runs;
    const vi_dots *t;
    for (size_t i = 0; !looked && !found && (t = vi_bf16_at(i, &runs)) != NULL; i++) {
        if (runs || (vi_kernels_exact(t->isa) && bf16_executes(t))) found = t;
    }
    looked = true;
    return found;
}

/* Makes a context of a bf16 model use the table, though the library may not have chosen it; NULL: the widened weights. */
static inline void bf16_use(vit_context *c, const vi_dots *table) {
    c->bf16 = table;
    if (c->text) c->text->bf16 = table;
}

#endif
