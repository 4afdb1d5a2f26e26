# checks.sh: what can be read off a built library. Every function prints what is wrong, one line each, and nothing when all is well.
# Uses $NM and $OBJDUMP, and the folder $work for its lists.
# shellcheck shell=sh disable=SC2154

# not_in LIST FILE: the lines of LIST (a file) that FILE lacks.
not_in() { sort -u "$2" | comm -23 "$1" - ; }

# exported SHARED: names the shared library exports, sorted.
exported() { "$NM" -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u; }

# declared HEADER: functions that vit.h declares, sorted.
declared() { awk -f tests/abi/functions.awk "$1" | sort -u; }

# Exports, declarations and the recorded list are the same set: check_exports SHARED HEADER RECORD
check_exports() {
    exported "$1" >"$work/exported"
    declared "$2" >"$work/declared"
    sort -u "$3" >"$work/recorded"
    not_in "$work/exported" "$work/declared" | sed 's/$/: exported, but not declared in vit.h/'
    not_in "$work/declared" "$work/exported" | sed 's/$/: declared in vit.h, but not exported/'
    not_in "$work/recorded" "$work/declared" | sed 's/$/: was part of the ABI and is gone/'
    not_in "$work/declared" "$work/recorded" | sed 's/$/: new; record it with make abi-record/'
}

# Everything global in the archive carries our prefixes: check_prefix ARCHIVE
check_prefix() {
    "$NM" -g --defined-only "$1" 2>/dev/null |
        awk 'NF == 3 && $3 !~ /^vit?_/ { print $3 ": a global name without vi_ or vit_" }'
}

# No state that can change: sections .data, .bss, .tdata, .tbss of each object are empty. Constant tables of addresses lie in
# .data.rel.ro, which the loader makes read-only. check_state ARCHIVE
check_state() {
    "$OBJDUMP" -h "$1" | awk '
        /file format/ { object = $1 }
        $1 ~ /^[0-9]+$/ && $2 ~ /^\.(data|bss|tdata|tbss|sdata|sbss)/ && $2 !~ /^\.data\.rel\.ro/ && $3 !~ /^0+$/ {
            print object " " $2 ": writable"
        }
        $2 ~ /^\*COM\*/ { print object " " $0 ": common" }'
}

# The library asks its environment for plain libc and libm only: check_imports SHARED
check_imports() {
    "$NM" -D --undefined-only "$1" | awk '
        $1 == "w" { next }
        $2 !~ /@/ && $2 !~ /^(GOMP|omp)_/ { print $2 ": from no versioned system library" }
        { sub(/@.*/, "", $2) }
        $2 ~ /^(printf|fprintf|__printf_chk|__fprintf_chk|puts|putchar|abort|exit|_exit|__assert_fail|stdout|stderr|getenv)$/ ||
        $2 ~ /^(setlocale|signal|sigaction|rand|srand|strtod|atexit|fesetround|system|dlopen)$/ { print $2 ": must not be used" }'
    "$OBJDUMP" -p "$1" | awk '$1 == "NEEDED" && $2 !~ /^(libc|libm|libpthread|libgomp|libomp|ld-linux.*)\.so/ {
        print $2 ": a library that is not libc or libm" }'
}

# Soname, and a stack that is not executable: check_dynamic SHARED SONAME
check_dynamic() {
    soname=$("$OBJDUMP" -p "$1" | awk '$1 == "SONAME" { print $2 }')
    [ "$soname" = "$2" ] || echo "soname is ${soname:-missing}, not $2"
    "$OBJDUMP" -p "$1" | awk '/STACK/ { stack = 1; next } stack && /flags/ { if ($NF ~ /x/) print "executable stack"; exit }'
    "$NM" "$1" 2>/dev/null | grep set_fast_math
}

# Stack frames: check_frames BYTES FOLDER, where .su files of -fstack-usage lie below FOLDER.
check_frames() {
    find "$2" -name '*.su' -exec cat {} + | awk -F '\t' -v most="$1" '
        $2 > most { print $1 ": frame of " $2 " bytes, at most " most }
        $3 ~ /dynamic/ && $3 !~ /bounded/ { print $1 ": frame of unbounded size" }'
}

# x86: instructions beyond the baseline only in k_<isa>.c: check_baseline ARCHIVE
check_baseline() {
    "$OBJDUMP" -d --no-show-raw-insn "$1" 2>/dev/null | awk '
        /file format/ { object = $1 }
        object !~ /^k_/ && /\tv[a-z0-9]+ .*%[xyz]mm/ && !seen[object]++ { print object " has AVX:" $0 }'
}

# Bytes of the shared library, stripped: check_size SHARED MOST
check_size() {
    bytes=$(strip -o "$work/stripped" "$1" && wc -c <"$work/stripped")
    [ "${bytes:-0}" -gt 0 ] && [ "$bytes" -le "$2" ] || echo "$1: ${bytes:-?} bytes stripped, at most $2"
}
