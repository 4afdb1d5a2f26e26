#!/bin/sh
# test_maps.sh: every row of a name map (src/family/map.h) begins with the name of a weight (src/model/weights.c).
set -u
LC_ALL=C
export LC_ALL
name=tests/family/test_maps.sh
rows=$(cat src/family/*.c src/family/map.h)

# strangers FILES' TEXT: the first words of rows that are no weight's name, and how many rows there were.
strangers() {
    printf '%s\n' "$1" | awk -v table=src/model/weights.c '
    BEGIN {
        while ((getline line < table) > 0)
            if (match(line, /^ *\[VI_[A-Z0-9_]*\] = \{"/)) {
                unit = line ~ /\[VI_UNIT_/ ? "unit." : ""
                sub(/^[^"]*"/, "", line)
                sub(/".*/, "", line)
                known[unit line] = 1
            }
    }
    match($0, /"\??[a-z][a-z0-9_.]*\*? /) && /\\n"/ && !/\(/ {
        word = substr($0, RSTART + 1, RLENGTH - 2)
        sub(/^\?/, "", word)
        count++
        stem = word
        if (sub(/\*$/, "", stem) ? !((stem "weight") in known && (stem "bias") in known) : !(word in known)) print "stranger " word
    }
    END { print count " rows" }'
}

passed=0 failed=0
check() { # WHAT CONDITION...
    what=$1
    shift
    if "$@"; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "$name: failed: $what"
    fi
}
found=$(strangers "$rows")
printf '%s\n' "$found" | grep stranger
check "names of weights" [ "$(printf '%s\n' "$found" | grep -c stranger)" -eq 0 ]
check "rows are found: $found" [ "$(printf '%s\n' "$found" | sed -n 's/ rows//p')" -gt 200 ]
check "control: a misspelt row" [ "$(strangers '    "qvk.* attn.qkv.*\n"' | head -1)" = "stranger qvk.*" ]
check "control: a weight without bias" [ "$(strangers '    "class_token.* cls\n"' | head -1)" = "stranger class_token.*" ]
echo "$name: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
