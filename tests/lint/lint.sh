#!/bin/sh
# lint.sh: checks every C and C++ file of the tree at $1 (default: here) by the rules of lint.awk, and the build files for flags
# that would change results. Prints what is wrong, one line each, and exits non-zero when anything is.
set -u
LC_ALL=C
export LC_ALL
here=$(dirname "$0")
rules=$(cd "$here" && pwd)/lint.awk
cd "${1:-.}" || exit 2

bad=0 files=0
for path in $(find src include examples tests bindings -type f 2>/dev/null |
        grep -E '\.(c|h|inc|cpp|hpp)$' | grep -v -E '/(build|venv)/' | sort); do
    files=$((files + 1))
    awk -v path="$path" -f "$rules" "$path" || bad=$((bad + 1))
done

for path in Makefile bindings/python/*.py; do
    [ -f "$path" ] || continue
    if grep -n -E -e '-(ffast-math|Ofast|march=native|funsafe-math-optimizations)' "$path" | sed "s|^|$path:|" | grep .; then
        bad=$((bad + 1))
    fi
done

[ "$files" -gt 0 ] || { echo "lint: no files found in $(pwd)"; exit 2; }
echo "lint: $files files, $bad with something to mend"
[ "$bad" -eq 0 ]
