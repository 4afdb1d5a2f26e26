#!/bin/sh
# test_pictures.sh: builds pictures.c with the tool's picture readers and runs it: real pictures, from the file to the logits.
set -u
: "${CC:=cc}" "${BUILD:=build}" "${LIB:=lib}"
name=tests/golden/test_pictures.sh
work=$(mktemp -d "${TMPDIR:-/tmp}/vit-pictures.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
set --
for object in "$BUILD"/examples/vit/*.o; do
    [ "${object##*/}" = main.o ] || set -- "$@" "$object"
done

# shellcheck disable=SC2046 # a list of flags
if ! "$CC" -std=c11 -O2 -Wall -Wextra -Iinclude -Itests -Iexamples/vit -o "$work/pictures" tests/golden/pictures.c "$@" "$LIB/libvit.so" \
    -Wl,-rpath,"$(cd "$LIB" && pwd)" $(cat "$BUILD/codecs") -lm; then
    echo "$name: 0 passed, 1 failed"
    exit 1
fi
"$work/pictures"
