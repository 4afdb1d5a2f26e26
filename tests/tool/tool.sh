# tool.sh: what the tests of the command-line tool share; they set `name` and VIT, then read this file.

work=$(mktemp -d "${TMPDIR:-/tmp}/vit-tool.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

pass() { passed=$((passed + 1)); }
fail() {
    failed=$((failed + 1))
    echo "$name: failed: $*"
}
skip() {
    skipped=$((skipped + 1))
    echo "$name: SKIPPED: $1"
}
# check WHAT COMMAND...: the command must succeed.
check() {
    what=$1
    shift
    if "$@" >/dev/null 2>&1; then pass; else fail "$what"; fi
}
# run EXIT_CODE ARGUMENT...: the tool must end with that code; output is left in $work/out and $work/err.
run() {
    wanted=$1
    shift
    "$VIT" "$@" >"$work/out" 2>"$work/err"
    status=$?
    if [ $status -eq "$wanted" ]; then pass; else fail "vit $*: exit code $status, not $wanted: $(cat "$work/err")"; fi
}
said() { check "'$1' is not in: $(cat "$work/err")" grep -q -F -e "$1" "$work/err"; }
printed() { check "'$1' is not in: $(cat "$work/out")" grep -q -F -e "$1" "$work/out"; }
finish() {
    echo "$name: $passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
    exit
}

is_json() {
    if ! command -v python3 >/dev/null 2>&1; then return; fi
    check "$1 prints no JSON: $(head -c 300 "$work/out")" python3 -m json.tool "$work/out"
}
command -v python3 >/dev/null 2>&1 || skip "no python3: whether JSON is valid"
