#!/bin/sh
# test_quantize.sh: how close 8-bit weights stay to float32 on the real ViT-Ti/16 and the photographs of ../shared: the same top
# class, cosine of the pooled embeddings at least 0.999 in the median and 0.995 at worst.
set -u
LC_ALL=C
export LC_ALL
name=tests/golden/test_quantize.sh
: "${BUILD:=build}"
: "${VIT:=$BUILD/vit}" "${VIT_SHARED:=../shared}"
model=$VIT_SHARED/models/vit_tiny_patch16_224.augreg_in21k_ft_in1k pictures=$VIT_SHARED/images/imagenet
passed=0 failed=0

check() {
    what=$1
    shift
    if "$@"; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "$name: failed: $what"
    fi
}
skip() {
    echo "$name: SKIPPED: $1"
    echo "$name: 0 passed, 0 failed, 1 skipped"
    exit 0
}
number() { sed -n "s/.*\"$1\": \([0-9.e+-]*\).*/\1/p" "$work/report"; }
at_least() { awk -v found="$1" -v wanted="$2" 'BEGIN { exit !(found != "" && found >= wanted) }'; }

for folder in "$model" "$pictures"; do [ -d "$folder" ] || skip "no $folder"; done
case $("$VIT" --version) in *JPEG*) ;; *) skip "this build of the tool reads no JPEG" ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/vit-quantize.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT

check "vit quantize" "$VIT" quantize --json "$model" "$work/int8.vit" "$pictures" >"$work/report"
check "34 pictures, not $(number pictures)" test "$(number pictures)" = 34
check "the same top class for 99 %, not for $(number same_top1) of $(number pictures)" \
    at_least "$(($(number same_top1) * 100))" "$(($(number pictures) * 99))"
check "median cosine $(number cosine_median)" at_least "$(number cosine_median)" 0.999
check "worst cosine $(number cosine_worst)" at_least "$(number cosine_worst)" 0.995
check "a third of the bytes of float32" at_least "$(($(number weight_bytes_f32) / $(number out_bytes)))" 3
echo "$name: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
