#!/bin/sh
# small.sh: `make small`: builds the library without most of it and sees that the rest works, and that what was left out says so.
set -u
: "${BUILD:=build}" "${LIB:=lib}" "${MAKE:=make}" "${CC:=cc}"
name=tests/install/small.sh
VIT=$BUILD/small/vit
. tests/tool/tool.sh

"$MAKE" BUILD="$BUILD/small" LIB="$BUILD/small/lib" CC="$CC" WERROR=1 TOKENIZERS=0 FORMATS='vit safetensors' \
    FAMILIES='native hf_siglip timm' ISAS='avx2 neon' shared tool || exit 1
data=tests/golden/data

run 0 classify examples/cifar10/cifar10.vit examples/pictures/ship.ppm
printed "    ship      0.969"
run 0 info "$data/timm_clip"
run 1 info "$data/google_token/model.npz"
said "of no format that this build of libvit reads (vit, safetensors)"
run 1 info "$data/hf_model"
said "of no family that this build of libvit reads (vit, hf-siglip, timm)"
run 0 info "$data/pair_siglip_strings"
printed "spiece.model: this build of libvit has no tokenizers"
run 1 zeroshot "$data/pair_siglip_strings" examples/pictures/ship.ppm "a ship"
said "came without a tokenizer"

size=$(strip -o "$work/stripped" "$BUILD/small/lib/libvit.so" && wc -c <"$work/stripped")
check "$size bytes, stripped" [ "$size" -lt 260000 ]
finish
