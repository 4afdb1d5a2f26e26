#!/bin/sh
# test_install.sh: `make install` into an empty folder, programs built against it as users build them (plain compiler, pkg-config,
# CMake; shared and static), and `make uninstall`, which must leave nothing.
# shellcheck disable=SC2086 # CC may be several words
set -u
: "${BUILD:=build}" "${LIB:=lib}" "${CC:=cc}" "${MAKE:=make}"
name=tests/install/test_install.sh
work=$(mktemp -d "${TMPDIR:-/tmp}/vit-install.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

# check WHAT COMMAND...: the command must succeed.
check() {
    what=$1
    shift
    if "$@" >"$work/log" 2>&1; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "$name: failed: $what"
        cat "$work/log"
    fi
}
skip() {
    skipped=$((skipped + 1))
    echo "$name: SKIPPED: $1"
}
# How a Debian package installs: a prefix of its own, libraries in a folder per machine type, all below DESTDIR.
root=$work/root
make_in() { "$MAKE" -s BUILD="$BUILD" LIB="$LIB" CC="$CC" DESTDIR="$root" PREFIX=/usr LIBDIR=/usr/lib/some-machine "$@"; }
# shellcheck disable=SC2012 # the names are ours
mode_is() { [ "$(ls -lL "$1" | cut -c 1-10)" = "$2" ]; }
found_by_pkg_config() {
    PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root/usr/lib/some-machine/pkgconfig pkg-config "$@"
}
# run PROGRAM: with the installed library.
run() { LD_LIBRARY_PATH=$root/usr/lib/some-machine "$@"; }
empty() { [ -z "$(find "$1" ! -type d)" ]; }

check "make install" make_in install
if [ $failed -gt 0 ]; then
    echo "$name: 0 passed, 1 failed"
    exit 1
fi
libraries=$root/usr/lib/some-machine
for file in include/vit.h include/vit.hpp share/man/man1/vit.1 lib/some-machine/libvit.a lib/some-machine/libvit.so \
    lib/some-machine/libvit.so.1 lib/some-machine/pkgconfig/vit.pc lib/some-machine/cmake/vit/vit-config.cmake \
    lib/some-machine/cmake/vit/vit-config-version.cmake; do
    check "$file has mode 644" mode_is "$root/usr/$file" -rw-r--r--
done
check "the installed tool runs" "$root/usr/bin/vit" --version
check "no place of this build in the installed files" sh -c "! grep -q '$work' '$libraries'/pkgconfig/vit.pc '$libraries'/cmake/vit/*"

cat >"$work/use.c" <<'END'
#include <string.h>
#include <vit.h>
int main(void) { return strcmp(vit_version_text(), "") == 0 || vit_version() / 10000 != VIT_VERSION_MAJOR; }
END
check "compile, shared" $CC -I"$root/usr/include" -o "$work/shared" "$work/use.c" -L"$libraries" -lvit
check "run, shared" run "$work/shared"
check "compile, static" $CC -I"$root/usr/include" -o "$work/static" "$work/use.c" "$libraries/libvit.a" -lm -pthread
check "run, static" "$work/static"

if command -v pkg-config >/dev/null 2>&1; then
    # shellcheck disable=SC2046 # several flags
    check "compile with pkg-config" $CC -o "$work/pc" "$work/use.c" $(found_by_pkg_config --cflags --libs vit)
    check "run what pkg-config built" run "$work/pc"
    check "pkg-config --static names libm" sh -c "echo '$(found_by_pkg_config --static --libs vit)' | grep -q -e -lm"
    check "pkg-config knows the version" found_by_pkg_config --exact-version="$(sed -n 's/^Version: //p' "$libraries/pkgconfig/vit.pc")" vit
else
    skip "no pkg-config"
fi

if command -v cmake >/dev/null 2>&1; then
    mkdir "$work/project"
    cp "$work/use.c" "$work/project"
    cat >"$work/project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.13)
project(use C)
find_package(vit 1.0 REQUIRED CONFIG)
add_executable(shared use.c)
target_link_libraries(shared vit::vit)
add_executable(static use.c)
target_link_libraries(static vit::vit_static)
find_package(vit 2.0 QUIET CONFIG)
if(vit_FOUND)
    message(FATAL_ERROR "version 1 must not pass for version 2")
endif()
END
    mv "$root" "$work/moved" # an installed tree can be moved
    check "cmake finds the package" env CC="$CC" cmake -S "$work/project" -B "$work/project/build" -Dvit_DIR="$work/moved/usr/lib/some-machine/cmake/vit"
    check "cmake builds against it" cmake --build "$work/project/build"
    check "run what cmake built, shared" "$work/project/build/shared"
    check "run what cmake built, static" "$work/project/build/static"
    mv "$work/moved" "$root"
else
    skip "no cmake"
fi

check "make uninstall" make_in uninstall
check "uninstall leaves no file" empty "$root"
echo "$name: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
