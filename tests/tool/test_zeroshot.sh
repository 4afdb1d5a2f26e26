#!/bin/sh
# test_zeroshot.sh: `vit zeroshot` and `vit embed --text` on small pairs of towers with random weights.
#
#   VIT    the tool ($BUILD/vit, build/vit)
set -u
LC_ALL=C
export LC_ALL
unset NO_COLOR
name=tests/tool/test_zeroshot.sh
: "${BUILD:=build}"
: "${VIT:=$BUILD/vit}"
. tests/tool/tool.sh
data=tests/golden/data
picture=examples/pictures/ship.ppm

# ---- zeroshot -----------------------------------------------------------------------------------------------------------------

run 0 zeroshot --quiet "$data/pair_clip_strings" "$picture" "a photo of a cat" "the dog" "caf"
printed "a photo of a cat"
check "the scores do not sum to 1" awk '/0\.[0-9]/ { for (i = 1; i <= NF; i++) if ($i ~ /^0\.[0-9][0-9][0-9]$/) s += $i }
    END { exit !(s > 0.997 && s < 1.003) }' "$work/out"
check "not best first" awk '/\|/ { for (i = 1; i <= NF; i++) if ($i ~ /^[01]\.[0-9][0-9][0-9]$/) { if (n++ && $i > last) exit 1; last = $i } }
    END { exit n != 3 }' "$work/out"
run 0 zeroshot --quiet --top 1 "$data/pair_clip_strings" "$picture" "a photo of a cat" "the dog"
check "one line a text" test "$(wc -l <"$work/out")" -eq 2
run 0 zeroshot --quiet --json "$data/pair_clip_strings" "$picture" "a \"cat\"" "the dog"
is_json zeroshot
printed '"scores": "softmax"'
printed '"text": "a \"cat\""'

# Templates: with one that is nothing but the hole, the same scores as without.
run 0 zeroshot --quiet "$data/pair_clip_strings" "$picture" "cat" "dog"
cp "$work/out" "$work/plain"
run 0 zeroshot --quiet "$data/pair_clip_strings" "$picture" "cat" "dog" --template "{}"
check "--template {} changes the scores" cmp "$work/plain" "$work/out"
run 0 zeroshot --quiet "$data/pair_clip_strings" "$picture" "cat" "dog" --template "a photo of a {}" --template "the {}"
check "templates change nothing" test "$(cmp "$work/plain" "$work/out" 2>&1 | wc -l)" -gt 0
run 2 zeroshot "$data/pair_clip_strings" "$picture" "cat" --template "a photo"
said "wants a text with {} in it"

# A copy holds the tokenizer.
run 0 convert --quiet "$data/pair_clip_strings" "$work/pair.vit"
run 0 zeroshot --quiet "$work/pair.vit" "$picture" "cat" "dog"
check "the copy gives other scores" cmp "$work/plain" "$work/out"
run 0 info "$work/pair.vit"
printed "with a tokenizer"
run 0 info --json "$work/pair.vit"
is_json info
printed '"text_context": 19'

# A tokenizer of an unknown kind costs the strings, not the model.
cp -R "$data/pair_clip" "$work/other"
echo '{"model": {"type": "WordPiece", "vocab": {}}}' >"$work/other/tokenizer.json"
run 0 info "$work/other"
printed "texts: tokenizer.json"
run 1 zeroshot --quiet "$work/other" "$picture" "cat"
said "came without a tokenizer"
cp "$data/pair_clip_strings/merges.txt" "$data/pair_clip_strings/vocab.json" "$work/other"
run 1 zeroshot --quiet "$work/other" "$picture" "cat"
said "the model 40"

run 2 zeroshot "$data/pair_clip_strings" "$picture"
said "something is missing"
run 1 zeroshot --quiet "$data/pair_clip" "$picture" "cat"
said "--tokenizer FILE"
run 1 zeroshot --quiet "$data/pair_clip" "$picture" "cat" --tokenizer "$data/pair_clip_strings/merges.txt"
said "tokenizer"
run 1 zeroshot --quiet examples/cifar10/cifar10.vit "$picture" "cat"
said "has no text tower"
run 1 zeroshot --quiet "$data/pair_clip_strings" "$work/none.ppm" "cat"
said "none.ppm"

# ---- embed --text -------------------------------------------------------------------------------------------------------------

run 0 embed --text --quiet "$data/pair_clip_strings" "a cat" "the dog"
check "a line a text" test "$(wc -l <"$work/out")" -eq 2
check "6 numbers a text" awk -F '\t' '{ if (split($2, n, " ") != 6) exit 1 }' "$work/out"
run 0 embed --text --quiet --normalize "$data/pair_clip_strings" "a cat" "the dog"
check "length 1" awk -F '\t' '{ s = 0; m = split($2, n, " "); for (i = 1; i <= m; i++) s += n[i] * n[i]; if (s < 0.9999 || s > 1.0001) exit 1 }' \
    "$work/out"
run 0 embed --text --quiet --json "$data/pair_clip_strings" "a cat"
is_json "embed --text"
run 1 embed --text --quiet examples/cifar10/cifar10.vit "a cat"
said "has no text tower"

finish
