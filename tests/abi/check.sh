#!/bin/sh
# check.sh: `make abi`, from the root of the tree. Applies checks.sh to the build, compares with what is recorded in this folder,
# then proves with negative controls that each check can fail.
set -u
LC_ALL=C
export LC_ALL
: "${BUILD:=build}" "${LIB:=lib}" "${CC:=cc}" "${NM:=nm}" "${OBJDUMP:=objdump}" "${OPENMP:=0}" "${VERSION:?}"
work=$(mktemp -d "${TMPDIR:-/tmp}/vit-abi.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
. tests/abi/checks.sh

name=tests/abi/check.sh
passed=0 failed=0 skipped=0

# clean WHAT FUNCTION ARGUMENT...: the check must find nothing. caught WHAT FUNCTION ARGUMENT...: it must find something.
clean() {
    what=$1
    shift
    found=$("$@")
    if [ -z "$found" ]; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "$name: failed: $what"
        printf '%s\n' "$found" | sed 's/^/    /'
    fi
}
caught() {
    what=$1
    shift
    found=$("$@")
    if [ -n "$found" ]; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "$name: failed: not caught: $what"
    fi
}
skip() {
    skipped=$((skipped + 1))
    echo "$name: SKIPPED: $1"
}
# compare_abi SHARED RECORD HEADERS: abidiff's words where it ends with anything but 0: additions count too (record them on purpose).
compare_abi() { abidiff --exported-interfaces-only --headers-dir2 "$3" "$2" "$1" >"$work/abidiff" 2>&1 || cat "$work/abidiff"; }

shared=$LIB/libvit.so
static=$LIB/libvit.a
clean "exported names" check_exports "$shared" include/vit.h tests/abi/symbols.txt
clean "names in the archive" check_prefix "$static"
clean "no writable data" check_state "$static"
clean "imports" check_imports "$shared"
clean "soname and stack" check_dynamic "$shared" "libvit.so.${VERSION%%.*}"
if [ "$(uname -m)" = x86_64 ]; then clean "baseline instructions" check_baseline "$static"; else skip "baseline instructions: not x86-64"; fi

# 2 % more than it has now, so that growth is noticed and meant (docs/design.md, What the bytes are).
case "$($CC -dumpmachine) $($CC -dumpversion) ${CFLAGS-} $OPENMP" in
    "x86_64-linux-gnu 12 -O2 -g 0") clean "size" check_size "$shared" 466000 ;;
    *) skip "size: measured with GCC 12 for x86-64, -O2 -g" ;;
esac

# `make abi` has built the library once more with -fstack-usage.
[ -n "$(find "$BUILD/frames" -name '*.su' | head -1)" ] || { echo "no .su files below $BUILD/frames"; exit 1; }
clean "frames below 4 KiB" check_frames 4096 "$BUILD/frames/src"

# Every number of vit.h is pinned in pinned.c; test_header.sh compiles it.
sed -n 's/^#define \(VIT_[A-Z0-9_]*\) .*/\1/p' include/vit.h | grep -v -E '^VIT_(API$|H$|VERSION_)' | sort -u >"$work/numbers"
sed -n 's/^PINNED(\(VIT_[A-Z0-9_]*\), .*/\1/p' tests/abi/pinned.c | sort -u >"$work/pinned"
clean "numbers of vit.h that pinned.c lacks" comm -23 "$work/numbers" "$work/pinned"

if ! command -v abidiff >/dev/null 2>&1; then
    skip "comparison with the recorded ABI: no abidiff (Debian: abigail-tools)"
elif [ "$OPENMP" = 1 ]; then
    skip "comparison with the recorded ABI: this is an OpenMP build"
else
    clean "the recorded ABI (tests/abi/vit.abi)" compare_abi "$shared" tests/abi/vit.abi include
fi

# ---- negative controls: broken on purpose, one at a time ------------------------------------------------------------------

# broken SOURCE-TEXT [HEADER-TEXT]: a tiny library libvit.so.1 in $work/broken with this source, -g, all names visible.
mkdir -p "$work/broken/include"
broken() {
    printf '%s\n' "${2:-#include <stdint.h>
#define VIT_API
VIT_API int32_t vit_top(int32_t n);
VIT_API int32_t vit_version(void);}" >"$work/broken/include/vit.h"
    printf '#include "vit.h"\n%s\n' "$1" >"$work/broken/one.c"
    $CC -g -O0 -w -fPIC -fstack-usage -fdata-sections -I"$work/broken/include" -c -o "$work/broken/one.o" "$work/broken/one.c" &&
        $CC -shared -Wl,-soname,"${3-libvit.so.1}" -o "$work/broken/libvit.so" "$work/broken/one.o" -lm &&
        rm -f "$work/broken/libvit.a" && ar rcs "$work/broken/libvit.a" "$work/broken/one.o" || echo "control does not build"
}
both='int32_t vit_top(int32_t n) { return n; } int32_t vit_version(void) { return 1; }'
printf 'vit_top\nvit_version\n' >"$work/broken/symbols.txt"
exports() { check_exports "$work/broken/libvit.so" "$work/broken/include/vit.h" "$work/broken/symbols.txt"; }

broken "$both"
clean "control: nothing broken (exports)" exports
clean "control: nothing broken (prefix)" check_prefix "$work/broken/libvit.a"
clean "control: nothing broken (state)" check_state "$work/broken/libvit.a"
clean "control: nothing broken (imports)" check_imports "$work/broken/libvit.so"
clean "control: nothing broken (dynamic)" check_dynamic "$work/broken/libvit.so" libvit.so.1
clean "control: nothing broken (frames)" check_frames 4096 "$work/broken"
broken 'int32_t vit_top(int32_t n) { return n; }'
caught "a declared function that is not exported" exports
broken "$both int32_t vit_extra(void) { return 1; }"
caught "an exported function that is not declared" exports
printf 'vit_gone\n' >>"$work/broken/symbols.txt"
broken "$both"
caught "a recorded function that is gone" exports
broken "$both int helper(void) { return 1; }"
caught "a global name without prefix" check_prefix "$work/broken/libvit.a"
broken "$both static int counter; int32_t vi_count(void) { return ++counter; }"
caught "a zeroed static variable" check_state "$work/broken/libvit.a"
broken "$both static int counter = 3; int32_t vi_count(void) { return ++counter; }"
caught "an initialised static variable" check_state "$work/broken/libvit.a"
broken "$both static const char *const t[] = {\"a\"}; const char *vi_text(int i) { return t[i]; }"
clean "a constant table of addresses is not state" check_state "$work/broken/libvit.a"
broken "$both void abort(void); void vi_stop(void) { abort(); }"
caught "abort" check_imports "$work/broken/libvit.so"
broken "$both void elsewhere(void); void vi_stop(void) { elsewhere(); }"
caught "an undefined name" check_imports "$work/broken/libvit.so"
broken "$both" '' libvit.so.2
caught "a changed soname" check_dynamic "$work/broken/libvit.so" libvit.so.1
caught "a library grown too large" check_size "$work/broken/libvit.so" 1000
broken "$both void vi_use(char *); void vi_deep(void) { char text[5000]; vi_use(text); }"
caught "a deep frame" check_frames 4096 "$work/broken"
broken "$both void vi_use(char *); void vi_deep(int n) { char text[n]; vi_use(text); }"
caught "a frame of variable size" check_frames 4096 "$work/broken"
if command -v abidw >/dev/null 2>&1; then
    # pair NUMBER FIELDS RESULT: a library with struct vit_pair { FIELDS } and RESULT vit_top(struct vit_pair *, NUMBER).
    header() {
        printf '#include <stdint.h>\nstruct vit_pair { %s };\nint32_t vit_top(struct vit_pair *p, %s n);\nint32_t vit_version(void);\n' \
            "$2" "$1"
    }
    bodies='vit_top(struct vit_pair *p, %s n) { return (int32_t)n + (p ? p->a : 0); } int32_t vit_version(void) { return 1; }'
    # shellcheck disable=SC2059 # the format is the program
    pair() { broken "$3 $(printf "$bodies" "$1")" "$(header "$1" "$2" | sed "s/^int32_t vit_top/$3 vit_top/")"; }
    compare() { compare_abi "$work/broken/libvit.so" "$work/broken.abi" "$work/broken/include"; }
    pair int32_t "int32_t a, b;" int32_t
    abidw --headers-dir "$work/broken/include" --exported-interfaces-only --drop-private-types --out-file "$work/broken.abi" \
        "$work/broken/libvit.so"
    clean "control: nothing broken (abidiff)" compare
    pair int64_t "int32_t a, b;" int32_t
    caught "a changed argument type" compare
    pair int32_t "int32_t a, b;" int64_t
    caught "a changed return type" compare
    pair int32_t "int32_t b, a;" int32_t
    caught "a moved field" compare
    pair int32_t "int32_t a, b, c;" int32_t
    caught "an added field" compare
    broken 'int32_t vit_top(int32_t n) { return n; }'
    caught "a removed function" compare
fi

echo "$name: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
