#!/bin/sh
# test_bench.sh: `vit bench`: what it promises to print, for a file and for random weights. Nothing here depends on how fast
# the machine is.
set -u
LC_ALL=C
export LC_ALL
name=tests/tool/test_bench.sh
: "${BUILD:=build}"
: "${VIT:=$BUILD/vit}" "${MODEL:=examples/cifar10/cifar10.vit}"
. tests/tool/tool.sh

small="--size ti16 --image-size 32 --runs 1 --quiet" # 5 tokens

# fields NAME...: each is in the JSON in $work/out.
fields() {
    for field in "$@"; do check "no \"$field\" in the JSON" grep -q "\"$field\": " "$work/out"; done
}
# is_number FIELD CONDITION: the first value of a field, as awk's x, fulfils it.
is_number() {
    value=$(sed -n "s/.*\"$1\": \([-0-9.e+]*\)[,}].*/\1/p" "$work/out" | head -n 1)
    check "\"$1\": $value, but expected $2" awk -v x="$value" "BEGIN { exit !(x != \"\" && ($2)) }"
}

# ---- one model -----------------------------------------------------------------------------------------------------------------

run 0 bench $small
printed "random weights"
printed "GFLOP/s"
for operator in picture embedding norm qkv attention proj fc1 fc2 pool head; do
    check "no row for $operator" grep -q "^$operator  .* %" "$work/out"
done

run 0 bench $small --json --threads 2 --batch 3
is_json bench
fields model random version build isa products precision threads batch image_width image_height patch_width tokens parameters \
    macs macs_done runs load_ms min_ms median_ms p95_ms images_per_second loop gflops loop_gflops fma_gflops fma_gflops_one_thread \
    share quiet_share read_gbs weight_gbs read_share weight_bytes owned_bytes peak_bytes picture_ms operators \
    peak_share
is_number threads "x == 2"
is_number batch "x == 3"
is_number tokens "x == 5"
is_number runs "x == 1"
is_number parameters "x == 5717416"
# 4 patches; 11 blocks of 5 tokens; keys and values of the last one, the rest of it for one token; the head.
macs=$((4 * 768 * 192 + 11 * (5 * 12 * 192 * 192 + 2 * 5 * 5 * 192) + (5 * 2 + 10) * 192 * 192 + 2 * 5 * 192 + 192 * 1000))
is_number macs "x == $macs"
is_number macs_done "x == $macs"
for positive in min_ms median_ms p95_ms images_per_second gflops fma_gflops fma_gflops_one_thread share read_gbs weight_gbs; do
    is_number $positive "x > 0"
done
check "every forward has one share" awk '/"share": / && /"name"/ { sub(/.*"share": /, ""); s += $0 }
    END { exit !(s > 0.5 && s < 1.5) }' "$work/out"

run 0 bench $small --precision bf16
printed "bf16 weights"
run 0 bench $small --isa reference
printed "reference"
run 0 bench $small --cpu-time
run 0 bench --size s14 --patch 32 --image-size 64 --runs 1 --json
is_number patch_width "x == 32"
is_number tokens "x == 5"
run 0 bench $small --save "$work/small.vit"
run 0 info "$work/small.vit"
printed "5,717,416"
run 0 bench --json --runs 1 "$work/small.vit"
is_json "bench of a file"
if [ -e "$MODEL" ]; then
    run 0 bench --runs 1 --batch 2 --threads 2 "$MODEL"
    printed "cifar10.vit"
fi

# ---- the other ways ------------------------------------------------------------------------------------------------------------

run 0 bench --sweep depth --image-size 32 --runs 1 --json
is_json sweep
fields sweep axis tokens width depth gflop ms share growth
check "one axis only" test "$(grep -c '"axis": "depth"' "$work/out")" -eq "$(grep -c '"axis"' "$work/out")"

run 0 bench --turns --size ti16 --image-size 32 --runs 2 --batch 3
printed "2 turns of 3 pictures"
run 0 bench --turns --size ti16 --image-size 32 --runs 1 --json
is_json "bench --turns"
fields turns batch copy_ms variants name against least_ms median_ms ratio least_ratio
is_number batch "x == 8"

run 0 bench --sweep width=64:80:8 --image-size 32 --runs 1
check "three widths" test "$(grep -c '^ *5 *[678][024] ' "$work/out")" -eq 3
run 0 bench --sweep tokens=3:4 --runs 1 --json
is_json "sweep of a range"
check "tokens as they were asked for" grep -q '"tokens": 4, ' "$work/out"

if "$VIT" bench --cold --runs 1 --quiet "$work/small.vit" >/dev/null 2>&1; then
    run 0 bench --cold --runs 2 "$work/small.vit"
    printed "touch every page"
    run 0 bench --cold --runs 1 --json "$work/small.vit"
    is_json "bench --cold"
    fields cold_ms load_ms first_ms steady_ms touch_ms ratio peak_bytes weight_bytes
    is_number cold_ms "x > 0"
    is_number ratio "x > 0"
else
    skip "this system maps no files or starts no processes: bench --cold"
fi

# ---- what is refused -----------------------------------------------------------------------------------------------------------

run 2 bench
run 2 bench --size z16
said "so400m"
run 2 bench --size b
run 2 bench --size b0
run 2 bench --patch 8 "$work/small.vit"
said "--size NAME"
run 2 bench --cpu-time --threads 2 --size ti16
run 2 bench --sweep breadth
said "tokens, width, depth or all"
for range in width=60:80:8 width=64:80:3 depth=2:4: depth=2: depth=0:3 depth=4:2 tokens=2:99999 tokens=2:4x; do
    run 2 bench --sweep $range
done
run 2 bench --cold --size ti16
said "--save"
run 2 bench --cold --precision bf16 "$work/small.vit"
said "as it is"
run 1 bench --cold "$work/none.vit"
run 1 bench --runs 1 --size ti16 --image-size 33
run 1 bench $small --save "$work/no/such/folder.vit"

finish
