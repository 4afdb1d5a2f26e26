#!/bin/sh
# test_cpp.sh: vit.hpp in every dialect that it promises, every warning an error; then use.cpp with and without exceptions, linked
# with the shared library as a C++ program would be.
# shellcheck disable=SC2086 # CXX may be several words
set -u
: "${CXX:=c++}" "${LIB:=lib}"
name=tests/cpp/test_cpp.sh
model=examples/cifar10/cifar10.vit
work=$(mktemp -d "${TMPDIR:-/tmp}/vit-cpp.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

echo 'int main() { return 0; }' >"$work/empty.cpp"
works() { $CXX "$@" -o "$work/empty" "$work/empty.cpp" >/dev/null 2>&1; }
if ! works; then
    echo "$name: SKIPPED: no C++ compiler ($CXX): vit.hpp is not tested"
    echo "$name: 0 passed, 0 failed, 1 skipped"
    exit 0
fi

for dialect in -std=c++11 -std=c++14 -std=c++17 -std=c++20 "-std=c++11 -fno-exceptions -fno-rtti"; do
    if ! works $dialect; then
        skipped=$((skipped + 1))
        echo "$name: SKIPPED: $CXX has no $dialect"
    elif ! $CXX $dialect -Iinclude -Ibindings/cpp -Wall -Wextra -Wconversion -Wshadow -pedantic -Werror -o "$work/use" \
        tests/cpp/use.cpp "$LIB/libvit.so" -Wl,-rpath,"$(cd "$LIB" && pwd)"; then
        failed=$((failed + 1))
        echo "$name: failed: use.cpp does not compile with $dialect"
    elif [ -f $model ] && ! "$work/use" $model tests/golden/data/pair_clip_strings; then
        failed=$((failed + 1))
        echo "$name: failed: use.cpp built with $dialect"
    else
        passed=$((passed + 1))
    fi
done
if [ ! -f $model ]; then
    skipped=$((skipped + 1))
    echo "$name: SKIPPED: $model is missing: vit.hpp was compiled, not run"
fi
echo "$name: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
