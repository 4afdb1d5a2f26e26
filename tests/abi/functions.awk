# functions.awk: the names of the functions that vit.h declares with VIT_API, one a line, in the order of the header.
/^VIT_API / || declaration != "" {
    declaration = declaration " " $0
    if (declaration ~ /;/) {
        sub(/^.*VIT_API /, "", declaration)
        match(declaration, /vit_[a-z0-9_]+[ ]*\(/)
        print substr(declaration, RSTART, RLENGTH - 1)
        declaration = ""
    }
}
