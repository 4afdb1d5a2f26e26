# lint.awk: the rules that a compiler does not check, for one C file at a time. `make lint` runs it over all of them.
#
#   awk -f lint.awk -v path=src/base/alloc.c <src/base/alloc.c
#
# Prints "path:line: rule: what". Words are looked for in code only: comments and string literals are blanked first.

BEGIN {
    library = path ~ /^src\//
    room = ""
    if (library) {
        split(path, part, "/")
        room = path ~ /^src\/[^\/]*$/ ? "api" : part[2]
    }

    # Which headers a room may include besides its own and vit.h, as the first comment of each room's main header says.
    may["base"] = ""
    may["kernels"] = "base/"
    may["format"] = "base/"
    may["image"] = "base/"
    may["text"] = "base/"
    may["model"] = "base/ kernels/ format/ image/ text/"
    may["family"] = "base/ format/ text/ model/hparams.h model/weights.h"
    may["api"] = "base/ kernels/ format/ image/ text/ model/ family/"

    calls["alloc"] = "malloc calloc realloc reallocarray free aligned_alloc posix_memalign memalign valloc strdup strndup"
    only["alloc"] = "^src/base/alloc\\.c$"
    calls["io"] = "fopen freopen fdopen fclose fread fwrite fseek fseeko ftell ftello rewind fflush fileno fgets fgetc fscanf" \
        " getc ungetc openat creat pread pwrite lseek mmap munmap mremap madvise fstat lstat rename remove unlink tmpfile mkstemp" \
        " tmpnam fsync ftruncate mkdir rmdir opendir readdir closedir" # open, read and the like: by their headers, below
    only["io"] = "^src/base/(reader|writer|wide)\\.c$" # wide.c: file names that are not bytes
    calls["abort"] = "printf fprintf vprintf vfprintf puts fputs putc fputc putchar perror scanf abort exit _Exit _exit" \
        " quick_exit atexit at_quick_exit assert raise kill signal sigaction setjmp longjmp setlocale localeconv getenv setenv" \
        " unsetenv putenv system popen chdir getcwd strtod strtof strtold atof atoi atol sscanf rand srand random drand48 sprintf vsprintf strcpy strcat strncat gets strtok alloca" \
        " fesetround feenableexcept fesetenv _mm_setcsr dlopen"
    only["abort"] = "^$"
    include["abort"] = "<(assert|setjmp|locale|fenv|dlfcn|alloca)\\.h>"
    include["io"] = "<(fcntl|sys/mman|sys/stat|dirent|io|windows)\\.h>"
    only["threads"] = "^src/base/threads\\.c$"
    include["threads"] = "<(pthread|threads|omp|semaphore|sched|signal)\\.h>"
    calls["clock"] = "time clock clock_gettime gettimeofday timespec_get"
    only["clock"] = only["threads"]
    include["clock"] = "<(time|sys/time)\\.h>"
    include["system"] = "<unistd\\.h>"
    only["system"] = "^src/base/(reader|writer|threads)\\.c$"
    for (rule in calls) {
        words = calls[rule]
        gsub(/ /, "|", words)
        pattern[rule] = "(^|[^A-Za-z0-9_.>])(" words ")[ ]*\\("
    }
    pattern["threads"] = "(^|[^A-Za-z0-9_])(omp_[a-z_]+|pthread_[a-z_]+|mtx_[a-z]+|thrd_[a-z]+|_OPENMP)|#[ ]*pragma[ ]+omp"
    pattern["stream"] = "(^|[^A-Za-z0-9_])(stdin|stdout|stderr|errno_t)($|[^A-Za-z0-9_])"
    only["stream"] = "^$"
    longest = 130
    most = 600
}

function report(rule, what) {
    printf "%s:%d: %s: %s\n", path, NR, rule, what
    bad = 1
}

# The line without comments, string and character literals; `in_comment` goes on to the next line.
function code_of(line,    out, c, two, quote) {
    out = ""
    while (line != "") {
        two = substr(line, 1, 2)
        c = substr(line, 1, 1)
        if (in_comment) {
            if (two == "*/") { in_comment = 0; line = substr(line, 3) } else line = substr(line, 2)
        } else if (quote != "") {
            if (c == "\\") line = substr(line, 3)
            else { if (c == quote) { quote = ""; out = out c } line = substr(line, 2) }
        } else if (two == "/*") { in_comment = 1; line = substr(line, 3)
        } else if (two == "//") { line = ""
        } else {
            if (c == "\"" || c == "'") quote = c
            out = out c
            line = substr(line, 2)
        }
    }
    return out
}

function check_include(line,    target, n, list, i) {
    for (i in include)
        if (library && line ~ include[i] && path !~ only[i]) report(i, line)
    if (line !~ /^#[ ]*include[ ]*"/) return
    target = line
    sub(/^[^"]*"/, "", target)
    sub(/".*$/, "", target)
    if (target ~ /\.\./) report("include", "paths are relative to src/, not " target)
    if (!library || target == "vit.h" || index(target, room "/") == 1) return
    if (target !~ /\//) {
        if (room != "api") report("include", "\"" target "\" lacks its room")
        return
    }
    n = split(may[room], list, " ")
    for (i = 1; i <= n; i++) if (index(target, list[i]) == 1) return
    report("include", room " must not include " target)
}

{
    raw = $0
    code = code_of(raw)
    shown = raw
    gsub(/[\200-\277]/, "", shown) # UTF-8: count characters, not bytes
    if (length(shown) > longest) report("length", length(shown) " characters, at most " longest)
    if (raw ~ /\t/) report("tab", "tabs are for Makefiles")
    if (raw ~ /[ ]$/) report("space", "blank at the end of the line")
    if (raw ~ /(TODO|FIXME|XXX|HACK)/) report("todo", raw)
    if (raw ~ /^#[ ]*include/) check_include(raw)
    if (library && room != "" && !(room in may)) report("room", "no rule for src/" room)
    if (library) {
        for (rule in pattern)
            if (code ~ pattern[rule] && path !~ only[rule]) report(rule, raw)
        # A definition of an exported name: at the start of a line, not a prototype.
        if (room != "api" && code ~ /^[A-Za-z_][A-Za-z0-9_ *]*[ *]vit_[a-z0-9_]+[ ]*\(/ && code !~ /;[ ]*$/ && code !~ /^typedef/)
            report("export", "only src/api*.c defines vit_ names: " raw)
    }
    if (guard == "" && code ~ /^#[ ]*ifndef[ ]+[A-Z]/) guard = $2
    else if (guard != "" && !guarded && code ~ /^#[ ]*define/ && $2 == guard) guarded = 1
}

END {
    if (path ~ /\.(h|hpp)$/ && !guarded) report("guard", "no #ifndef / #define guard")
    if (NR > most) report("lines", NR " lines, at most " most)
    exit bad
}
