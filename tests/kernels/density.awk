# density.awk: what the inner loops of the kernels' tiles consist of, from `objdump -d --no-show-raw-insn` of x86-64 or AArch64.
#
#   awk -v tiles='FUNCTION LEAST ...' -f density.awk LISTING
#
# Prints a line for each function; fails where its loop touches the stack, which is a register spilled, where less than LEAST percent
# of the instructions are multiply-adds, or where there is no such loop. Of the loops of a function that hold no other the tile's own
# is the one with the largest part of multiply-adds; the rest are epilogues.

BEGIN {
    words = split(tiles, word, " ")
    for (i = 1; i < words; i += 2) {
        order[++wanted] = word[i]
        least[word[i]] = word[i + 1]
    }
}

/^[0-9a-f]+ <.*>:$/ {
    end_function()
    name = $2
    gsub(/[<>:]/, "", name)
}

name in least && /^ *[0-9a-f]+:\t/ {
    sub(/:$/, "", $1)
    at[count] = address($1)
    $1 = ""
    sub(/^ (\{vex\} )?/, "")
    sub(/ *(#|\/\/|<).*/, "")
    if ($0 == "mov %rsp,%rbp") has_frame = 1
    text[count++] = $0
}

END {
    end_function()
    for (i = 1; i <= wanted; i++) report(order[i])
    exit failed
}

# Of equal lengths and no numbers, so that they compare as strings.
function address(hex) { return substr("0000000000000000", length(hex) + 1) hex "h" }

# Looks at the loops that the jumps back enclose.
function end_function(    i, k, n, target, is_inner, from) {
    for (i = 0; i < count; i++) {
        if (text[i] !~ /^(j[a-z]+|b|b\.[a-z]+|cbn?z|tbn?z) /) continue
        target = text[i]
        sub(/^.*[ ,]/, "", target)
        target = address(target)
        if (target > at[i] || target < at[0]) continue
        for (k = i; at[k] > target; k--);
        is_inner = 1
        for (n in from) if (from[n] >= k) is_inner = 0
        from[i] = k
        if (is_inner) look_at(k, i)
    }
    name = ""
    count = has_frame = 0
}

# Keeps a line of the table when this loop, instructions first to last, is the best so far.
function look_at(first, last,    i, t, total, multiplies, loads, stores, stack) {
    for (i = first; i <= last; i++) {
        t = text[i]
        total++
        if (t ~ /^v?(fmla|fmadd|[su]dot|usdot|bfdot|bfmlal|bfmmla|smull|pdpbusd|pmaddwd|dpbf16)/) multiplies++
        if (t ~ /%rsp[,)]|\[sp|\[x29/ || (has_frame && t ~ /\(%rbp[,)]/)) stack++
        if (t ~ /^(lea|nop|prefetch|prfm)/) continue
        if (t ~ /^st|[ ,][^ ,()]*\([^()]*\)(\{%k[0-7]\})?$/ && t !~ /^(cmp|test)/) stores++
        else if (t ~ /^ld|\(/) loads++
    }
    if (!multiplies || (name in density && 100 * multiplies / total <= density[name])) return
    density[name] = 100 * multiplies / total
    spilled[name] = stack
    line[name] = sprintf("%12d %14d %6d %7d %9.1f %%", total, multiplies, loads, stores, density[name])
}

function report(name) {
    if (!(name in line)) wrong = "no such loop"
    else if (spilled[name]) wrong = spilled[name] " instructions use the stack"
    else if (density[name] < least[name]) wrong = "less than " least[name] " %"
    else wrong = ""
    printf "%-24s %s%s\n", name, line[name], wrong ? "  FAILED: " wrong : ""
    if (wrong) failed = 1
}
