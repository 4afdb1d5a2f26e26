#!/bin/sh
# density.sh: `make density`, from the root of the tree: density.awk on the largest tile of each kind in the kernels that were built.
set -u
: "${BUILD:=build}" "${OBJDUMP:=objdump}"
listing=$(mktemp "${TMPDIR:-/tmp}/vit-density.XXXXXX") || exit 1
trap 'rm -f "$listing"' EXIT
checked=0 failed=0

# density ISA ENDING LEAST ...: endings of tiles' names after the rows, and percent of multiply-adds that gcc 12 and clang 14 both reach.
density() {
    object=$BUILD/src/kernels/k_$1.o isa=$1
    shift
    "$OBJDUMP" -d --no-show-raw-insn "$object" >"$listing" || failed=1
    grep -q '<tile_.*>:$' "$listing" || return # of another processor
    tiles=
    while [ $# -gt 0 ]; do
        largest=$(sed -n "s/.*<\(tile_[0-9]*$1\)>:\$/\1/p" "$listing" | sort | tail -1)
        tiles="$tiles ${largest:-tile_?$1} $2"
        shift 2
    done
    printf '%-24s instructions  multiply-adds  loads  stores    density\n' "$isa"
    awk -v tiles="$tiles" -f tests/kernels/density.awk "$listing" || failed=1
    checked=1
}

density avx512 x3_f32 48 x3_bf16 48 x3_avx512 45
density avx2 x1_f32 40 x1_avx2 28 x1_avxvnni 38
density neon x1_f32 55 x1_bf16 55 x1_dotprod 48 x1_neon 40
[ $checked -eq 1 ] || { echo "density: no kernels in $BUILD"; exit 1; }
exit $failed
