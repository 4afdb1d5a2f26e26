#!/bin/sh
# test_examples.sh: the small example programs run, and agree with the vit tool.
set -u
LC_ALL=C
export LC_ALL
name=tests/tool/test_examples.sh
: "${BUILD:=build}"
: "${VIT:=$BUILD/vit}" "${MODEL:=examples/cifar10/cifar10.vit}" "${EXAMPLES:=$BUILD/examples}"
work=$(mktemp -d "${TMPDIR:-/tmp}/vit-examples.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

check() {
    what=$1
    shift
    if "$@" >/dev/null 2>"$work/err"; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "$name: failed: $what: $(cat "$work/err")"
    fi
}
if [ ! -e "$MODEL" ]; then
    echo "$name: SKIPPED: $MODEL is not there"
    echo "$name: 0 passed, 0 failed, 1 skipped"
    exit 0
fi

# Binary pictures 9 pixels wide and high, without zero bytes.
for i in 1 2 3 4 5 6; do
    awk -v i=$i 'BEGIN { printf "P6\n9 9\n255\n"; for (k = 0; k < 243; k++) printf "%c", 33 + (k * i * i + k * k) % 90 }' >"$work/$i.ppm"
done
class_of() { "$VIT" classify --quiet --json "$MODEL" "$1" | sed -n 's/.*"class": \([0-9]*\),.*/\1/p' | head -n 1; }
class=$(class_of "$work/1.ppm")
if [ -z "$class" ]; then
    echo "$name: the tool finds no class with $MODEL"
    echo "$name: 0 passed, 1 failed, 0 skipped"
    exit 1
fi

"$EXAMPLES/classify" "$MODEL" "$work/1.ppm" >"$work/out"
head -n 1 "$work/out" >"$work/first"
check "classify: its first line" grep -q "class $class " "$work/first"
"$EXAMPLES/embed_two" "$MODEL" "$work/1.ppm" "$work/1.ppm" >"$work/out"
check "embed_two: equal pictures" grep -q '^cosine similarity 1\.00000[0-9]$\|^cosine similarity 0\.999999$' "$work/out"
"$EXAMPLES/embed_two" "$MODEL" "$work/1.ppm" "$work/2.ppm" >"$work/out"
# shellcheck disable=SC2016 # awk's own
check "embed_two: others" awk '{ exit !($3 > -1 && $3 < 0.999999) }' "$work/out"
"$EXAMPLES/threads" "$MODEL" "$work"/[1-6].ppm >"$work/out"
for i in 1 2 3 4 5 6; do check "threads: picture $i" grep -q "/$i.ppm: class $(class_of "$work/$i.ppm")," "$work/out"; done
check "threads: a picture that is not there" sh -c '! "$@"' - "$EXAMPLES/threads" "$MODEL" "$work/none.ppm"
check "static_memory: plan" "$EXAMPLES/static_memory" --plan "$MODEL"
"$EXAMPLES/static_memory" "$MODEL" "$work/1.ppm" >"$work/out"
check "static_memory: the same class" grep -q "^class $class " "$work/out"
"$EXAMPLES/stepwise" "$MODEL" "$work/1.ppm" >"$work/out"
check "stepwise: the same class" grep -q "^class $class " "$work/out"
for example in classify embed_two threads static_memory stepwise; do
    "$EXAMPLES/$example" >/dev/null 2>&1
    check "$example: usage" test $? -eq 2
done

echo "$name: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
