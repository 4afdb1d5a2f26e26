#!/bin/sh
# run.sh: fuzzes the parsers, each for some seconds, with clang's libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer.
#
#   sh tests/fuzz/run.sh [seconds [name ...]]      from the root of the tree; names: npz, pth, gguf ... (default: 60, all)
#
# Programs, corpora (kept, so that the next run goes on from there) and findings are in ${BUILD:-build}/fuzz. Exits non-zero when
# something was found. Needs clang with libFuzzer; where zlib is installed, fuzz_inflate compares with it.
set -eu
seconds=${1:-60}
[ $# -eq 0 ] || shift
out=${BUILD:-build}/fuzz
flags='-std=c11 -O1 -g -pthread -fno-sanitize-recover=all -ffp-contract=off -Iinclude -Isrc -Itests'
names=${*:-$(ls tests/fuzz/fuzz_*.c | sed 's|.*fuzz_||; s|\.c$||')}
mkdir -p "$out/lib"

for file in src/*.c src/*/*.c; do
    object=$out/lib/$(basename "$(dirname "$file")")_$(basename "$file" .c).o
    if [ ! -f "$object" ] || [ -n "$(find src include -newer "$object" -name '*.[ch]' -print | head -n 1)" ]; then
        case $file in
        src/kernels/k_*) clang $flags -c -o "$object" "$file" ;; # no parser, and minutes to compile with sanitizers
        *) clang $flags -fsanitize=fuzzer-no-link,address,undefined -c -o "$object" "$file" ;;
        esac
    fi
done

zlib=
if printf '#include <zlib.h>\nint main(void) { return zlibVersion() == 0; }\n' |
    clang -x c - -o "$out/zlib" -lz 2>/dev/null; then
    zlib='-DHAVE_ZLIB -lz'
fi

# A model as fuzz_model.c takes it: config.json, NUL, the file.
with_config() {
    if [ -f "$1/config.json" ]; then cat "$1/config.json" && printf '\0'; fi
    cat "$1/$2"
}

# One small model of each family and container; where the tool is built, also as .vit, in each precision.
seed_models() {
    for file in tests/golden/data/*/model.npz tests/golden/data/*/model.gguf tests/golden/data/*/*.safetensors \
        tests/golden/data/*/*.bin tests/golden/data/*/*.pt; do
        folder=$(dirname "$file")
        case $file in */run[0-9].bin) continue ;; esac
        with_config "$folder" "$(basename "$file")" >"$1/$(basename "$folder")_$(basename "$file")"
    done
    for model in timm_plain hf_dinov3 google_siglip pair_clip_strings pair_siglip timm_eva02; do
        for precision in f32 bf16 int8; do
            [ ! -x "${BUILD:-build}/vit" ] || "${BUILD:-build}/vit" convert --quiet --precision $precision \
                "tests/golden/data/$model" "$1/$model.$precision.vit" >/dev/null
        done
    done
}

# The files of the tests are where each parser starts from.
seed() {
    data=tests/formats/data
    case $1 in
    npz) cp $data/*.npz tests/golden/data/google_scan_deflated/*.npz "$2" ;;
    pth) cp $data/*.pth $data/*.pt "$2" ;;
    gguf) cp $data/*.gguf tests/golden/data/gguf_vit/*.gguf "$2" ;;
    safetensors) cp $data/model/sharded/*.safetensors tests/golden/data/pair_clip/*.safetensors "$2" ;;
    json | index) cp $data/model/config.json $data/model/sharded*/*.index.json "$2" ;;
    vit) find examples tests -name '*.vit' -size -64k -exec cp {} "$2" \; ;;
    merges) cp tests/text/data/merges.txt "$2" ;;
    tokenizer_json) cp tests/text/data/*.json "$2" ;;
    model) seed_models "$2" ;;
    sentencepiece) cp tests/text/data/*.model "$2" ;;
    esac
    if [ -d "tests/fuzz/seeds/$1" ]; then cp tests/fuzz/seeds/"$1"/* "$2"; fi
}

bad=0
for name in $names; do
    mkdir -p "$out/seeds/$name" "$out/corpus/$name" "$out/found"
    seed "$name" "$out/seeds/$name"
    clang $flags -fsanitize=fuzzer,address,undefined -o "$out/$name" "tests/fuzz/fuzz_$name.c" "$out"/lib/*.o $zlib -lm
    echo "== $name, $seconds s"
    "$out/$name" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=1500 -use_value_profile=1 \
        -artifact_prefix="$out/found/$name-" -print_final_stats=1 "$out/corpus/$name" "$out/seeds/$name" >"$out/$name.log" 2>&1 ||
        { bad=1; tail -n 40 "$out/$name.log"; }
    grep -E '^(stat::number_of_executed_units|stat::peak_rss_mb)' "$out/$name.log" || true
    sed -n 's/.*\(cov: [0-9]*\).*\(corp: [^ ]*\).*/\1 \2/p' "$out/$name.log" | tail -n 1
done
exit $bad
