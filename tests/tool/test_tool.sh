#!/bin/sh
# test_tool.sh: the vit command-line tool: exit codes, help, hostile and unusual pictures, JSON, stdin, labels, conversion.
#
#   VIT    the tool ($BUILD/vit, build/vit)
#   MODEL  a model of three channels with class names (examples/cifar10/cifar10.vit)
set -u
LC_ALL=C
export LC_ALL
unset NO_COLOR
name=tests/tool/test_tool.sh
: "${BUILD:=build}"
: "${VIT:=$BUILD/vit}" "${MODEL:=examples/cifar10/cifar10.vit}"
here=tests/tool
. tests/tool/tool.sh

# ---- the command line ---------------------------------------------------------------------------------------------------------

run 0 --help
for command in classify zeroshot embed info convert quantize bench; do printed "vit $command"; done
run 0 --version
printed "instruction sets: reference"
check "--version chooses an instruction set" grep -q 'chosen: [a-z]' "$work/out"
kinds=$(sed -n 's/^pictures: //p' "$work/out")

# Each option of each command is in the manual, and the completion knows the same ones.
command -v bash >/dev/null 2>&1 || skip "no bash: completion"
for command in classify zeroshot embed info convert quantize bench; do
    run 0 "$command" --help
    printed "Usage: vit $command"
    sed -n 's/^  \(--[a-z-]*\).*/\1/p' "$work/out" | sort -u >"$work/options"
    check "vit $command --help lists too few options" test "$(wc -l <"$work/options")" -ge 8
    while read -r option; do
        check "docs/vit.1 has no $option" grep -q -e "Fl ${option#-}" docs/vit.1
    done <"$work/options"
    command -v bash >/dev/null 2>&1 || continue
    # shellcheck disable=SC2016 # for the other shell
    bash -c '. docs/completions/vit.bash; COMP_WORDS=(vit "$1" --) COMP_CWORD=2; _vit; printf "%s\n" "${COMPREPLY[@]}"' - "$command" |
        sort -u >"$work/completed"
    check "docs/completions/vit.bash and vit $command --help list different options" cmp "$work/options" "$work/completed"
done

run 2
said "vit --help"
run 2 clasify x y
said "did you mean \`vit classify\`?"
run 2 --json
said "the command comes first"
run 2 classify
run 2 classify model
run 2 info a b
run 2 classify --thread 2 model picture
said "did you mean --threads?"
run 2 classify --runs 2 model picture
said "has no option --runs"
run 2 classify -t 2 model picture
said "options are spelt out"
for bad in --threads=0 --threads=257 --threads=x --threads= --top=0 --top=-1 --top=1.5 --batch=99999999999999999999 --isa=mmx \
    --precision=f16 --json=1 --width=-16 --set=heads --set=heads=a --set=wings=2 --set=activation=tanh; do
    run 2 classify "$bad" model picture
    said "vit: $(echo "$bad" | sed 's/=.*//')"
done
run 2 classify model picture --top
said "wants a value"
run 2 bench --size z99
run 1 classify "$work/none.vit" picture
said "none.vit"
check "nothing is printed when the model is not there" test ! -s "$work/out"

# ---- a model without head, of zeros -------------------------------------------------------------------------------------------

# little_endian VALUE COUNT: as octal escapes.
little_endian() {
    awk -v v="$1" -v n="$2" 'BEGIN { for (i = 0; i < n; i++) { printf "\\%03o", v % 256; v = int(v / 256) } }'
}
awk 'function tensor(name, shape, count) {
        printf "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%d,%d]}", comma, name, shape, at, at + 4 * count
        comma = ","; at += 4 * count
    }
    BEGIN {
        printf "{"
        tensor("cls_token", "1,1,8", 8); tensor("pos_embed", "1,5,8", 40)
        tensor("patch_embed.proj.weight", "8,3,4,4", 384); tensor("patch_embed.proj.bias", "8", 8)
        tensor("blocks.0.norm1.weight", "8", 8); tensor("blocks.0.norm1.bias", "8", 8)
        tensor("blocks.0.attn.qkv.weight", "24,8", 192); tensor("blocks.0.attn.qkv.bias", "24", 24)
        tensor("blocks.0.attn.proj.weight", "8,8", 64); tensor("blocks.0.attn.proj.bias", "8", 8)
        tensor("blocks.0.norm2.weight", "8", 8); tensor("blocks.0.norm2.bias", "8", 8)
        tensor("blocks.0.mlp.fc1.weight", "16,8", 128); tensor("blocks.0.mlp.fc1.bias", "16", 16)
        tensor("blocks.0.mlp.fc2.weight", "8,16", 128); tensor("blocks.0.mlp.fc2.bias", "8", 8)
        tensor("norm.weight", "8", 8); tensor("norm.bias", "8", 8)
        printf "}"
        print at >"/dev/stderr"
    }' >"$work/header" 2>"$work/data_size"
# shellcheck disable=SC2059 # the escapes are the format
{
    printf "$(little_endian "$(wc -c <"$work/header")" 8)"
    cat "$work/header"
    head -c "$(cat "$work/data_size")" /dev/zero
} >"$work/headless.safetensors"
awk 'BEGIN { printf "P3\n8 6\n255\n"; for (i = 0; i < 144; i++) print (i * 37 + i * i) % 256 }' >"$work/a.ppm"
run 1 classify "$work/headless.safetensors" "$work/a.ppm"
said "vit embed"
run 0 embed --quiet "$work/headless.safetensors" "$work/a.ppm"
check "an embedding of 8 numbers" test "$(wc -w <"$work/out")" -eq 9
check "--quiet is quiet" test ! -s "$work/err"
run 0 info "$work/headless.safetensors" --set heads=2
printed "heads          2 of 4"

# ---- everything else needs a model ---------------------------------------------------------------------------------------------

if [ ! -e "$MODEL" ]; then
    skip "$MODEL is not there: classification, pictures and conversion are not tested"
    finish
fi

run 0 info "$MODEL" --json
if [ $status -ne 0 ]; then finish; fi
cp "$work/out" "$work/json"
classes=$(sed -n 's/.*"classes": \([0-9]*\).*/\1/p' "$work/json")
width=$(sed -n 's/.*"embedding": \([0-9]*\).*/\1/p' "$work/json")
run 0 info "$MODEL"
printed "preprocessing  "
printed "parameters     "

side=$(sed -n 's/.*"image_width": \([0-9]*\).*/\1/p' "$work/json")
run 0 info "$MODEL" --size $((2 * side))
printed "input          $((2 * side)) x $((2 * side)) pixels"
run 1 info "$MODEL" --width $((side + 1))
said "vit: "
echo '{"architecture": 5}' >"$work/config.json"
run 1 info "$work/headless.safetensors" --config "$work/config.json"
said "architecture"
run 1 info "$work/headless.safetensors" --preprocessor "$work/not_there"
said "not_there"

run 0 classify "$MODEL" "$work/a.ppm"
check "the name, then 5 classes" test "$(wc -l <"$work/out")" -eq 6
check "bars of # when standard output is no terminal" grep -q '^    .* [01]\.[0-9][0-9][0-9] |[# ]\{20\}|$' "$work/out"
run 0 classify "$MODEL" "$work/a.ppm" --top 1
check "--top 1" test "$(wc -l <"$work/out")" -eq 2
run 0 classify "$MODEL" "$work/a.ppm" --top 999999
check "--top is at most the number of classes" test "$(wc -l <"$work/out")" -eq $((classes + 1))

run 0 classify --json "$MODEL" "$work/a.ppm"
is_json classify
run 0 embed --json "$MODEL" "$work/a.ppm" "$work/a.ppm"
is_json embed
run 0 info --json "$MODEL"
is_json info

run 0 embed "$MODEL" "$work/a.ppm"
check "an embedding of $width numbers" test "$(wc -w <"$work/out")" -eq $((width + 1))
run 0 embed --normalize "$MODEL" "$work/a.ppm"
# shellcheck disable=SC2016 # awk's own
check "--normalize gives length 1" awk '{ for (i = 2; i <= NF; i++) s += $i * $i } END { exit !(s > 0.99999 && s < 1.00001) }' "$work/out"

# ---- kinds of pictures ------------------------------------------------------------------------------------------------------------

# numbers PICTURE...: what the model sees, to 9 digits, without the names.
numbers() { "$VIT" embed --quiet "$MODEL" "$@" 2>"$work/err" | cut -f 2; }
# same WHAT A B: both pictures must be readable and give the same numbers.
same() {
    numbers "$2" >"$work/one"
    numbers "$3" >"$work/other"
    if [ -s "$work/one" ] && cmp -s "$work/one" "$work/other"; then pass; else fail "$1: $2 and $3 differ: $(cat "$work/err")"; fi
}
# escapes [ORDER]: the samples of a.ppm as octal escapes: rgb, bgr, bgrx; rows padded to 4 bytes but for rgb; up: last row first.
escapes() {
    awk -v order="$1" -v up="$2" 'NR > 3 { v[NR - 4] = $1 }
        function out(x) { printf "\\%03o", x }
        END {
            for (i = 0; i < 6; i++) {
                row = up ? 5 - i : i
                for (x = 0; x < 8; x++) {
                    at = 3 * (8 * row + x)
                    if (order == "rgb") { out(v[at]); out(v[at + 1]); out(v[at + 2]) } else { out(v[at + 2]); out(v[at + 1]); out(v[at]) }
                    if (order == "bgrx") out(x * 31)
                }
            }
        }' "$work/a.ppm"
}
# bmp BITS HEIGHT COMPRESSION EXTRA_HEADER ESCAPES: a bitmap 8 pixels wide.
bmp() {
    height=$2
    [ "$height" -lt 0 ] && height=$((4294967296 + height))
    extra=$(printf '%s' "$4" | awk '{ print length($0) / 4 }')
    # shellcheck disable=SC2059 # the escapes are the format
    printf "BM$(little_endian 0 8)$(little_endian $((54 + ${extra:-0})) 4)$(little_endian 40 4)$(little_endian 8 4)$(
        little_endian "$height" 4)$(little_endian 1 2)$(little_endian "$1" 2)$(little_endian "$3" 4)$(little_endian 0 20)$4$5"
}
# shellcheck disable=SC2059 # the escapes are the format
printf "P6\n# a comment\n8 6\n255\n$(escapes rgb '')" >"$work/binary.ppm"
masks=$(little_endian 16711680 4)$(little_endian 65280 4)$(little_endian 255 4)
bmp 24 6 0 '' "$(escapes bgr 1)" >"$work/up24.bmp"
bmp 24 -6 0 '' "$(escapes bgr '')" >"$work/down24.bmp"
bmp 32 6 0 '' "$(escapes bgrx 1)" >"$work/up32.bmp"
bmp 32 -6 0 '' "$(escapes bgrx '')" >"$work/down32.bmp"
bmp 32 6 3 "$masks" "$(escapes bgrx 1)" >"$work/masks.bmp"
for picture in binary.ppm up24.bmp down24.bmp up32.bmp down32.bmp masks.bmp; do same "kinds" "$work/a.ppm" "$work/$picture"; done

# Grey: plain, binary and a bitmap with a palette, here one that reverses; and colour with all samples alike.
awk 'BEGIN { printf "P2 8 6 255\n"; for (i = 0; i < 48; i++) print (i * 5) % 256 }' >"$work/gray.pgm"
awk 'BEGIN { printf "P3 8 6 255\n"; for (i = 0; i < 48; i++) print (i * 5) % 256, (i * 5) % 256, (i * 5) % 256 }' >"$work/alike.ppm"
gray=$(awk 'BEGIN { for (i = 0; i < 48; i++) printf "\\%03o", (i * 5) % 256 }')
# shellcheck disable=SC2059
printf "P5 8 6 255\n$gray" >"$work/binary.pgm"
palette=$(awk 'BEGIN { for (i = 0; i < 256; i++) printf "\\%03o\\%03o\\%03o\\000", 255 - i, 255 - i, 255 - i }')
reversed=$(awk 'BEGIN { for (i = 0; i < 48; i++) printf "\\%03o", 255 - (i * 5) % 256 }')
bmp 8 -6 0 "$palette" "$reversed" >"$work/palette.bmp"
for picture in binary.pgm palette.bmp alike.ppm; do same "grey" "$work/gray.pgm" "$work/$picture"; done

# Samples up to 7 and 6 are spread to 0 to 255, rounded half to even.
# shellcheck disable=SC2016 # awk's own
spread='function plain(name, largest, table,  i, n, v) {
        n = split(table, v); printf "P3 8 6 %d\n", largest >name
        for (i = 0; i < 144; i++) print v[i % n + 1] >name
    }'
awk -v d="$work" "$spread"' BEGIN {
    plain(d "/seven.ppm", 7, "0 1 2 3 4 5 6 7"); plain(d "/spread7.ppm", 255, "0 36 73 109 146 182 219 255")
    plain(d "/six.ppm", 6, "0 1 2 3 4 5 6"); plain(d "/spread6.ppm", 255, "0 42 85 128 170 212 255") }'
same "largest value 7" "$work/seven.ppm" "$work/spread7.ppm"
same "largest value 6" "$work/six.ppm" "$work/spread6.ppm"

numbers "$work/a.ppm" >"$work/one"
"$VIT" embed --quiet "$MODEL" - <"$work/a.ppm" | cut -f 2 >"$work/other"
check "standard input" cmp "$work/one" "$work/other"

# JPEG and PNG give the pixels that Pillow gives, kept beside them.
for picture in "$here"/pictures/*.jpg "$here"/pictures/*.png; do
    case $picture in
        *.jpg) kind=JPEG package=libjpeg-dev ;;
        *) kind=PNG package=libpng-dev ;;
    esac
    case " $kinds " in
        *" $kind "*)
            reference=${picture%.*}.ppm
            [ -e "$reference" ] || reference=${picture%.*}.pgm
            same "$kind as Pillow reads it" "$picture" "$reference"
            ;;
        *)
            run 1 classify "$MODEL" "$picture"
            said "built without $kind support: apt install $package"
            ;;
    esac
done

# ---- pictures that are no good ---------------------------------------------------------------------------------------------------

: >"$work/empty"
echo "just text" >"$work/text.jpg"
printf 'GIF89a' >"$work/animation.gif"
printf 'P5 1 1 65535\n12' >"$work/deep.pgm"
printf 'P6 16385 1 255\n' >"$work/wide.ppm"
printf 'P6 16384 16384 255\nx' >"$work/short.ppm"
printf 'P3 16384 16384 255\n1 2 3' >"$work/short_plain.ppm"
printf 'P3 1 1 7\n1 2 8\n' >"$work/above.ppm"
printf 'P3 1 1 255\n1 x 8\n' >"$work/letters.ppm"
printf 'P6 0 5 255\n' >"$work/zero.ppm"
printf 'P6 99999999999 5 255\n' >"$work/overflow.ppm"
bmp 4 6 0 '' '' >"$work/bits4.bmp"
bmp 8 6 1 '' '' >"$work/rle.bmp"
bmp 24 -2147483648 0 '' '' >"$work/tall.bmp"
bmp 8 6 0 '\000' '' >"$work/no_palette.bmp"
for picture in empty text.jpg animation.gif deep.pgm wide.ppm short.ppm short_plain.ppm above.ppm letters.ppm zero.ppm overflow.ppm \
    bits4.bmp rle.bmp tall.bmp no_palette.bmp not_there .; do
    run 1 classify "$MODEL" "$work/$picture"
    said "vit: $work/$picture"
    check "one line for $picture: $(cat "$work/err")" test "$(grep -c -v warning "$work/err")" -eq 1
    check "nothing on standard output for $picture" test ! -s "$work/out"
done

# truncate PICTURE HOW_MANY: at so many places; every one must be refused, and none may end the run.
truncate_at_many() {
    size=$(wc -c <"$1")
    set -- "$1" "$2" "$MODEL"
    places=0 step=$((size / $2 + 1)) at=0
    while [ $at -lt "$size" ]; do
        head -c $at "$1" >"$work/cut.$places"
        set -- "$@" "$work/cut.$places"
        places=$((places + 1)) at=$((at + step))
    done
    picture=$1
    shift 2
    run 1 classify --quiet "$@"
    check "$places truncated forms of $picture are refused, not $(wc -l <"$work/err")" test "$(wc -l <"$work/err")" -eq $places
}
for picture in binary.ppm binary.pgm up24.bmp down32.bmp masks.bmp palette.bmp; do truncate_at_many "$work/$picture" 160; done
case " $kinds " in *" JPEG "*) for picture in half_chroma progressive gray; do truncate_at_many "$here/pictures/$picture.jpg" 40; done ;; esac
case " $kinds " in *" PNG "*) for picture in color palette; do truncate_at_many "$here/pictures/$picture.png" 40; done ;; esac

# The good ones among bad ones are classified, in order, whatever the batch.
run 1 classify --json "$MODEL" "$work/a.ppm" "$work/empty" "$work/gray.pgm" "$work/not_there" "$work/up24.bmp"
is_json "classify with bad pictures"
check "errors are in the JSON too" test "$(grep -c '"error": ' "$work/out")" -eq 2
check "good ones among bad ones" test "$(grep -c '"top": ' "$work/out")" -eq 3
cp "$work/out" "$work/together"
for batch in 1 2 3; do
    run 1 classify --json --batch $batch "$MODEL" "$work/a.ppm" "$work/empty" "$work/gray.pgm" "$work/not_there" "$work/up24.bmp"
    check "--batch $batch changes nothing" cmp "$work/out" "$work/together"
done
run 1 classify --json --threads 2 "$MODEL" "$work/a.ppm" "$work/empty" "$work/gray.pgm" "$work/not_there" "$work/up24.bmp"
check "--threads 2 changes nothing" cmp "$work/out" "$work/together"
run 0 classify --isa reference "$MODEL" "$work/a.ppm"

# ---- labels ------------------------------------------------------------------------------------------------------------------------

awk -v n="$classes" 'BEGIN { for (i = 0; i < n; i++) printf "kind \"%d\" \\ \033[31m\r\n", i }' >"$work/labels"
run 0 classify "$MODEL" "$work/a.ppm" --labels "$work/labels"
printed 'kind "'
check "control characters of labels do not reach a terminal" test "$(tr -d '\040-\176\012' <"$work/out" | wc -c)" -eq 0
run 0 classify --json "$MODEL" "$work/a.ppm" --labels "$work/labels"
is_json "classify with odd labels"
check "carriage returns are not part of labels" test "$(grep -c '\\u000d' "$work/out")" -eq 0
head -n 1 "$work/labels" >"$work/one_label"
run 1 classify "$MODEL" "$work/a.ppm" --labels "$work/one_label"
said "1 class names"
run 1 classify "$MODEL" "$work/a.ppm" --labels "$work/not_there"

# ---- conversion --------------------------------------------------------------------------------------------------------------------

run 0 classify --json --top 999999 "$MODEL" "$work/a.ppm" "$work/gray.pgm"
sed 1d "$work/out" >"$work/before"
run 0 convert "$MODEL" "$work/copy.vit"
run 0 classify --json --top 999999 "$work/copy.vit" "$work/a.ppm" "$work/gray.pgm"
sed 1d "$work/out" >"$work/after"
check "a converted model gives identical probabilities" cmp "$work/before" "$work/after"
run 0 convert --quiet --json "$work/copy.vit" "$work/copy.vit" --labels "$work/labels"
is_json convert
run 0 info --labels "$work/copy.vit"
check "stored labels" test "$(grep -c 'kind "' "$work/out")" -eq "$classes"
run 0 info --labels --json "$work/copy.vit"
is_json "info --labels"
run 0 convert "$MODEL" "$work/f32.vit" --precision f32
run 0 convert "$MODEL" "$work/bf16.vit" --precision bf16
check "bf16 is smaller" test "$(wc -c <"$work/bf16.vit")" -lt "$(wc -c <"$work/f32.vit")"
run 0 info "$work/bf16.vit"
printed "bf16"
run 1 convert "$MODEL" "$work/no/such/folder.vit"
run 1 convert "$work/a.ppm" "$work/never.vit"
check "a failed conversion leaves nothing" test ! -e "$work/never.vit"

# ---- quantisation ------------------------------------------------------------------------------------------------------------------

run 0 quantize "$MODEL" "$work/int8.vit"
printed "32 random pictures"
check "int8 is smaller" test "$(wc -c <"$work/int8.vit")" -lt "$(wc -c <"$work/bf16.vit")"
mkdir "$work/folder"
cp "$work/a.ppm" "$work/gray.pgm" "$work/labels" "$work/folder"
run 0 quantize --json "$MODEL" "$work/int8.vit" "$work/folder" "$work/a.ppm"
is_json quantize
printed '"pictures": 3, "random": false, "skipped": 1, "same_top1": '
check "cosines of at least 0.99" awk -F '"cosine_worst": ' '/cosine_worst/ { split($2, a, ","); worst = a[1] } END { exit !(worst > 0.99 && worst <= 1) }' \
    "$work/out"
run 0 info "$work/int8.vit"
printed "int8"
run 0 classify --json --top 999999 "$work/int8.vit" "$work/a.ppm"
sed 1d "$work/out" >"$work/before"
run 0 classify --json --top 999999 --precision int8 "$MODEL" "$work/a.ppm"
sed 1d "$work/out" >"$work/after"
check "stored and quantised when loading are the same" cmp "$work/before" "$work/after"
run 1 quantize "$MODEL" "$work/int8.vit" "$work/labels"
said "labels"
run 1 quantize "$MODEL" "$work/no/such/folder.vit"
run 1 quantize "$work/a.ppm" "$work/never.vit"
check "a failed quantisation leaves nothing" test ! -e "$work/never.vit"

# ---- terminals ---------------------------------------------------------------------------------------------------------------------

# terminal SETTING... : what classify prints on a terminal of 60 columns.
terminal() {
    script -qec "stty cols 60; env $* LC_ALL=C.UTF-8 '$VIT' classify --quiet '$MODEL' '$work/a.ppm'" /dev/null | tr -d '\r'
}
if script -qec true /dev/null >/dev/null 2>&1; then
    escape=$(printf '\033')
    block=$(printf '\342\226')
    terminal TERM=xterm >"$work/out"
    printed "$block"
    printed "$escape"
    sed "s/$escape\[[0-9]*m//g" "$work/out" | tr -d '\200-\277' >"$work/characters" # one byte for each
    check "a line is wider than the terminal" awk '/^    / && length > 60 { exit 1 }' "$work/characters"
    for setting in NO_COLOR=1 TERM=dumb; do
        terminal TERM=xterm $setting >"$work/out"
        printed "$block"
        check "$setting still colours" test "$(grep -c "$escape" "$work/out")" -eq 0
    done
else
    skip "no script(1): how things look on a terminal"
fi

if [ -c /dev/full ]; then
    "$VIT" info "$MODEL" >/dev/full 2>"$work/err"
    check "a full disk is an error" test $? -eq 1
    said "standard output"
else
    skip "no /dev/full: whether a full disk is noticed"
fi

finish
