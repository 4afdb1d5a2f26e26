#!/bin/sh
# run.sh: runs test programs and scripts (.sh), some at a time, and adds up the counts they print.
#
#   tests/run.sh TEST...        RUNNER="qemu-aarch64 -cpu max": put before programs; TEST_TIMEOUT: seconds for each, 120;
#                               TEST_JOBS: how many at a time, 2
#
# A test prints at least one line "NAME: P passed, F failed" or "NAME: P passed, F failed, S skipped"; one that crashes, hangs or
# prints no such line counts as 1 failed. Output is shown for tests that failed; of the others only lines with SKIPPED.
# The last line is "N passed, N failed"; the exit status is 0 only when nothing failed and something passed.
set -u

if [ "${1-}" = --one ]; then # run.sh --one NUMBER TEST, from below: leaves the output in $RUN_DIR/NUMBER and the status beside it
    # shellcheck disable=SC2086 # RUNNER may be several words
    case $3 in
        *.sh) set -- "$2" sh "$3" ;;
        *) set -- "$2" ${RUNNER-} "$3" ;;
    esac
    number=$1
    shift
    if command -v timeout >/dev/null 2>&1; then set -- timeout -k 5 "${TEST_TIMEOUT:-120}" "$@"; fi
    "$@" >"$RUN_DIR/$number" 2>&1 </dev/null
    echo $? >"$RUN_DIR/$number.status"
    exit 0
fi

RUN_DIR=$(mktemp -d "${TMPDIR:-/tmp}/vit-run.XXXXXX") || exit 1
trap 'rm -rf "$RUN_DIR"' EXIT
trap 'exit 1' HUP INT TERM
export RUN_DIR

number=0
for test in "$@"; do
    number=$((number + 1))
    echo "$number $test"
done >"$RUN_DIR/list"
[ $# -eq 0 ] || xargs -n 2 -P "${TEST_JOBS:-2}" sh "$0" --one <"$RUN_DIR/list"

passed=0 failed=0 skipped=0 number=0
for test in "$@"; do
    number=$((number + 1))
    output=$RUN_DIR/$number
    status=$(cat "$output.status" 2>/dev/null || echo "none")
    read -r lines p f s <<COUNTS
$(awk '/: [0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ { sub(/^.*: /, ""); lines++; p += $1; f += $3; if (NF > 4) s += $5 }
    END { print lines + 0, p + 0, f + 0, s + 0 }' "$output")
COUNTS
    why=
    if [ "$f" -gt 0 ]; then
        why="$f failed"
    elif [ "$lines" -eq 0 ]; then
        why="no count printed, exit status $status" f=1
    elif [ "$status" != 0 ]; then
        why="exit status $status" f=1
    fi
    [ "$status" = 124 ] && why="stopped after ${TEST_TIMEOUT:-120} seconds"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    if [ -n "$why" ]; then
        echo "---- $test: $why"
        total=$(wc -l <"$output")
        if [ "$total" -le 100 ]; then cat "$output"; else
            head -n 70 "$output"
            echo "---- $((total - 100)) lines left out"
            tail -n 30 "$output"
        fi
        echo "----"
    else
        grep SKIPPED "$output"
    fi
done

[ "$skipped" -gt 0 ] && echo "$skipped skipped (listed above)"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
