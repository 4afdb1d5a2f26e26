#!/bin/sh
# test_lint.sh: a check that catches nothing is worth nothing: each rule of lint.awk must catch one small file that breaks it, and
# must let one pass that keeps it.
set -u
lint=$(dirname "$0")/lint.sh
tree=$(mktemp -d "${TMPDIR:-/tmp}/vit-lint.XXXXXX") || exit 1
trap 'rm -rf "$tree"' EXIT
passed=0 failed=0

# file PATH: writes the file from standard input. check RULE|clean NAME: lint must report this rule, or nothing.
file() { mkdir -p "$tree/$(dirname "$1")" && cat >"$tree/$1"; }
check() {
    output=$(sh "$lint" "$tree" 2>&1)
    case $?:$1 in
        0:clean) caught=1 ;;
        0:* | *:clean) caught=0 ;;
        *) caught=$(printf '%s\n' "$output" | grep -c ": $1: ") ;;
    esac
    if [ "$caught" -gt 0 ]; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "tests/lint/test_lint.sh: failed: $2 (wanted: $1)"
        printf '%s\n' "$output"
    fi
    rm -rf "$tree/src" "$tree/include" "$tree/tests" "$tree/Makefile"
}

file src/base/alloc.c <<'END'
/* alloc.c: malloc in a comment, and "printf(" in a string, are nothing. */
#include "base/alloc.h"
const char *text(void) { return "abort() // \" exit(1)"; }
void *take(struct hook *h) { return h ? h->alloc(h->user, 1) : malloc(1); }
END
file src/model/forward.c <<'END'
#include "image/image.h"
#include "kernels/kernels.h"
#include "model/forward.h"
#include "vit.h"
void give(struct hook *h) { h->free(h->user); }
END
file src/family/timm.c <<'END'
#include "model/hparams.h"
int snprintf_is_fine;
END
file src/api_load.c <<'END'
#include "family/family.h"
int32_t vit_load(vit_context **out) {
END
file src/model/forward.h <<'END'
#ifndef VI_FORWARD_H
#define VI_FORWARD_H
#endif
END
check clean "a tree that keeps the rules"

while IFS='|' read -r rule path line; do
    [ -n "$rule" ] || continue
    printf '%s\n' "$line" | file "$path"
    check "$rule" "$path: $line"
done <<'END'
include|src/base/a.c|#include "kernels/kernels.h"
include|src/kernels/a.c|#include "model/hparams.h"
include|src/format/a.c|#include "model/hparams.h"
include|src/format/a.c|#include "kernels/kernels.h"
include|src/image/a.c|#include "kernels/kernels.h"
include|src/family/a.c|#include "model/context.h"
include|src/family/a.c|#include "kernels/kernels.h"
include|src/model/a.c|#include "family/family.h"
include|src/model/a.c|#include "../base/alloc.h"
include|src/model/a.c|#include "hparams.h"
room|src/attic/a.c|int x;
alloc|src/model/a.c|void *f(void) { return malloc(3); }
alloc|src/base/json.c|void f(void *p) { free (p); }
alloc|src/api.c|void *f(void) { return calloc(1, 3); }
alloc|src/image/a.c|void *f(void *p) { return realloc(p, 3); }
alloc|src/image/a.c|void *f(void) { return aligned_alloc(64, 64); }
io|src/format/a.c|FILE *f(void) { return fopen("x", "rb"); }
io|src/base/alloc.c|void *f(void) { return mmap(0, 1, 1, 1, 1, 0); }
io|src/family/a.c|#include <sys/mman.h>
system|src/format/a.c|#include <unistd.h>
clock|src/model/a.c|long f(void) { return clock(); }
clock|src/model/a.c|#include <time.h>
threads|src/model/a.c|#include <pthread.h>
threads|src/model/a.c|#pragma omp parallel
threads|src/api.c|int n = omp_get_max_threads();
threads|src/kernels/a.c|void f(void) { pthread_once(0, 0); }
abort|src/base/a.c|void f(void) { printf("x"); }
abort|src/base/a.c|void f(void) { puts("x"); }
abort|src/api.c|void f(void) { abort(); }
abort|src/api.c|void f(void) { exit(1); }
abort|src/kernels/a.c|void f(int n) { assert(n); }
abort|src/kernels/a.c|#include <assert.h>
abort|src/base/a.c|void f(void) { setlocale(0, 0); }
abort|src/base/a.c|double f(char *s) { return strtod(s, 0); }
abort|src/base/a.c|int f(void) { return rand(); }
abort|src/base/a.c|char *f(void) { return getenv("HOME"); }
abort|src/base/a.c|void f(void) { fesetround(0); }
stream|src/base/a.c|void *f(void) { return stderr; }
export|src/model/a.c|int32_t vit_load(vit_context **out) {
export|src/model/a.c|const char *vit_text(void)
tab|src/model/a.c|	int x;
space|src/model/a.c|int x; 
todo|src/model/a.c|int x; /* TODO: y */
todo|tests/a/test_a.c|// FIXME
guard|src/model/a.h|int x;
guard|include/vit.h|#ifndef A
END

printf '/* %0130d */\n' 0 | file src/model/a.c
check length "a line of 136 characters"
awk 'BEGIN { for (i = 0; i < 601; i++) print "int x" i ";" }' | file src/model/a.c
check lines "a file of 601 lines"
echo 'int x;' | file src/model/a.c
check clean "the same places, nothing wrong"
echo 'int x;' | file src/model/a.c
echo 'CFLAGS = -O2 -ffast-math' | file Makefile
output=$(sh "$lint" "$tree" 2>&1) && { failed=$((failed + 1)); echo "tests/lint/test_lint.sh: failed: -ffast-math in the Makefile"; } ||
    passed=$((passed + 1))

echo "tests/lint/test_lint.sh: $passed passed, $failed failed"
[ $failed -eq 0 ]
