#!/bin/sh
# test_header.sh: vit.h alone in a file, in every dialect of C and C++ that it promises, with every warning an error; and the numbers
# and the struct layout that may never change (tests/abi/pinned.c), also where pointers have 32 bits and enums are short.
# shellcheck disable=SC2086 # CC and CXX may be several words
set -u
: "${CC:=cc}" "${CXX:=c++}"
name=tests/api/test_header.sh
work=$(mktemp -d "${TMPDIR:-/tmp}/vit-header.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

# compile COMPILER FLAG... FILE: must compile in silence.
compile() {
    if "$@" -Iinclude -Wall -Wextra -pedantic -Werror -fsyntax-only >"$work/log" 2>&1; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "$name: failed: $*"
        cat "$work/log"
    fi
}
skip() {
    skipped=$((skipped + 1))
    echo "$name: SKIPPED: $1"
}
# works COMPILER FLAG...: the compiler exists, has the flag, and has a C library for it.
works() {
    printf '#include <stddef.h>\n#include <stdint.h>\nint x;\n' >"$work/empty.c"
    "$@" -fsyntax-only "$work/empty.c" >/dev/null 2>&1
}

cat >"$work/alone.c" <<'END'
#include "vit.h"
#include "vit.h"
int main(void) { return vit_version() != 10000; }
END
cp "$work/alone.c" "$work/alone.cpp"

for standard in c99 c11 c17 c2x; do
    if works $CC -std=$standard; then compile $CC -std=$standard "$work/alone.c"; else skip "$CC has no -std=$standard"; fi
done
compile $CC -std=c11 tests/abi/pinned.c
compile $CC -std=c11 -fshort-enums -funsigned-char tests/abi/pinned.c
compile $CC -std=c11 -fpack-struct=8 tests/abi/pinned.c
narrow=0
for compiler in "$CC -m32" i686-linux-gnu-gcc arm-linux-gnueabihf-gcc; do
    if works $compiler; then
        compile $compiler -std=c11 tests/abi/pinned.c
        narrow=1
    fi
done
[ $narrow -eq 1 ] || skip "no compiler for 32 bits: layout of the struct there"

if works $CXX -x c++; then
    for standard in c++11 c++14 c++17 c++20; do
        if works $CXX -x c++ -std=$standard; then compile $CXX -std=$standard "$work/alone.cpp"; else
            skip "$CXX has no -std=$standard"
        fi
    done
else
    skip "no C++ compiler ($CXX): vit.h in C++"
fi

# The control: a changed number must not compile.
sed 's/PINNED(VIT_ERROR_MEMORY, -2)/PINNED(VIT_ERROR_MEMORY, -3)/' tests/abi/pinned.c >"$work/changed.c"
if $CC -std=c11 -Iinclude -fsyntax-only "$work/changed.c" >/dev/null 2>&1; then
    failed=$((failed + 1))
    echo "$name: failed: a changed number compiles"
else
    passed=$((passed + 1))
fi

echo "$name: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
