# libvit. `make` builds the libraries and the vit tool, `make demo` shows them at work, `make test` builds and runs the tests,
# `make help` lists the rest. Needs a C11 compiler, make and a POSIX shell. docs/porting.md: other systems and linkers.

#? make                 lib/libvit.a, lib/libvit.so, the tool build/vit and the examples in build/examples/
#? make demo            classify a picture with the small model that comes along
#? make test            build and run all tests; the last line is "N passed, N failed"
#? make bench           how close each kernel comes to what the processor can do
#? make density         inner loops of the kernels: instructions, multiply-adds, nothing spilled; `make cross-density` for AArch64
#? make lint            who includes whom, who allocates, who does I/O, file sizes; with its own negative controls
#? make abi             exported symbols, stack frames, writable data, the header alone, the recorded ABI
#? make small           a library without most formats, families, instruction sets and the tokenizers, and that it says so
#? make sanitize        the C tests and the tool with AddressSanitizer and UndefinedBehaviorSanitizer
#? make tsan            the tests that use threads with ThreadSanitizer
#? make valgrind        the C tests under valgrind
#? make cross           the C tests on emulated aarch64, arm and s390x (Debian's cross compilers, qemu-user)
#? make capped          the C tests on an emulated x86-64 without AVX, and with AVX2 only
#? make install         to DESTDIR, PREFIX (/usr/local), BINDIR, LIBDIR, INCLUDEDIR, PKGCONFIGDIR, CMAKEDIR, MANDIR,
#?                      COMPLETIONDIR
#? make uninstall       removes what install put there
#? make clean
#? Variables: CC AR CFLAGS CPPFLAGS LDFLAGS; BUILD and LIB (folders, so that several builds can lie side by side);
#? OPENMP=1 WERROR=1 CODECS=0 ONLY='tests/unit/%' V=1, and FORMATS FAMILIES ISAS TOKENIZERS=0 for a small library, explained in
#? the first lines of the Makefile.

CFLAGS ?= -O2 -g
NM ?= nm
OBJDUMP ?= objdump
BUILD ?= build
LIB ?= lib
# 1: spread work with OpenMP instead of the library's own threads.
OPENMP ?= 0
# 1: a warning is an error (CI sets it; a user's newer compiler must not break the build).
WERROR ?= 0
# 0: the tool reads only its own picture formats, even where libjpeg and libpng are installed.
CODECS ?= 1
# Left out of a small library: all but the FORMATS, FAMILIES and ISAS that are named, the rows of src/format/formats.c,
# src/family/families.c and src/kernels/isa.h (order counts; empty: all), and TOKENIZERS=0. docs/porting.md has the sizes.
FORMATS ?=
FAMILIES ?=
ISAS ?=
TOKENIZERS ?= 1
# Which tests to build and run: 'tests/unit/% tests/api/test_run'.
ONLY ?= tests/%
# 1: show whole commands.
V ?= 0

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig
CMAKEDIR ?= $(LIBDIR)/cmake/vit
MANDIR ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
INSTALL ?= install

VERSION := $(shell sed -n 's/^.define VIT_VERSION_[A-Z]* *\([0-9]*\).*/\1/p' include/vit.h | paste -sd. -)
MAJOR := $(firstword $(subst ., ,$(VERSION)))

# What a linker other than GNU ld, gold, lld or mold needs changed (docs/porting.md).
SHARED_FILE ?= libvit.so.$(VERSION)
SONAME ?= libvit.so.$(MAJOR)
SHARED_LINK ?= libvit.so
SHARED_FLAGS ?= -shared -Wl,-soname,$(SONAME) -Wl,--version-script=src/vit.map -Wl,--no-undefined -Wl,--gc-sections
PROGRAM_FLAGS ?= -Wl,--gc-sections

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wvla -pedantic
ifeq ($(WERROR),1)
WARNINGS += -Werror
endif
# What runs when a model is opened or asked about, not while it computes, is made small instead of fast where CFLAGS say -O2.
COLD := src/api_% src/load.c src/options.c src/tokenizer.c src/family/% src/format/% src/text/% src/kernels/dispatch.c \
    $(addprefix src/image/,check.c filter.c geometry.c text.c) \
    $(addprefix src/model/,context.c cost.c hparams.c position.c text.c weights.c) \
    $(addprefix src/base/,alloc.c decimal.c reader.c sort.c status.c threads.c utf8.c writer.c)
SMALL = $(if $(filter $(COLD),$<),$(patsubst -O2,-Os,$(filter -O2,$(CFLAGS))))
# Unwinding tables serve debuggers and profilers, which find them in the debug information where there is any (-g).
C_FLAGS := -std=c11 $(WARNINGS) -fPIC -fvisibility=hidden -ffp-contract=off -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -pthread
LIBS := -lm -pthread
ifeq ($(OPENMP),1)
C_FLAGS += -fopenmp
LIBS += -fopenmp
endif
ROWS = $(if $(strip $($(1))),-D'VI_$(1)=$(foreach row,$($(1)),ROW($(row)))')
C_FLAGS += $(call ROWS,FORMATS) $(call ROWS,FAMILIES) $(call ROWS,ISAS)
ifeq ($(TOKENIZERS),0)
C_FLAGS += -DVI_NO_TOKENIZERS
LEFT_OUT := $(filter-out %/absent.c,$(wildcard src/text/*.c))
endif
COMPILE = $(CC) $(C_FLAGS) -MMD -MP
FLAGS = $(CPPFLAGS) $(CFLAGS)
LINK = $(CC) $(FLAGS) $(LDFLAGS)

ifeq ($(V),1)
Q :=
else
Q := @
endif
# What is being made, in a word and a name; nothing with make -s.
say = $(if $(findstring s,$(firstword -$(MAKEFLAGS))),@:,@echo)

OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(filter-out $(LEFT_OUT),$(wildcard src/*.c src/*/*.c))))
TOOL_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard examples/vit/*.c)))
EXAMPLES := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard examples/*.c)))
TEST_PROGRAMS := $(patsubst %,$(BUILD)/%,$(filter $(ONLY),$(basename $(sort $(wildcard tests/*/test_*.c)))))
TEST_SCRIPTS := $(filter $(ONLY),$(sort $(wildcard tests/*/test_*.sh)))
BENCHMARKS := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/bench/*.c)))

STATIC := $(LIB)/libvit.a
SHARED := $(LIB)/$(SHARED_FILE)

all: static shared tool examples
static: $(STATIC)
shared: $(LIB)/$(SHARED_LINK)
tool: $(BUILD)/vit
examples: $(EXAMPLES)
test-programs: $(TEST_PROGRAMS)

# ---- compiling and linking ----------------------------------------------------------------------------------------------

# Changes whenever the compiler or its flags change, so that everything is built anew then.
$(BUILD)/config: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(COMPILE) $(FLAGS) $(LDFLAGS) $(SHARED_FLAGS) $(PROGRAM_FLAGS))' >$@.new
	@cmp -s $@.new $@ || cp $@.new $@

# The picture libraries that this compiler can really link; they serve the tool, never the library. Line 1: flags for compiling,
# line 2: for linking.
$(BUILD)/codecs: FORCE
	@mkdir -p $(@D)
	@defines= libraries=; for codec in JPEG:jpeglib.h:-ljpeg PNG:png.h:-lpng; do \
	    [ '$(CODECS)' = 1 ] || break; \
	    name=$${codec%%:*} library=$${codec##*:} header=$${codec#*:}; \
	    printf '#include <stdio.h>\n#include <%s>\nint main(void) { return 0; }\n' "$${header%:*}" >$@.c; \
	    $(LINK) -o $@.probe $@.c "$$library" >/dev/null 2>&1 || continue; \
	    defines="$$defines -DVIT_HAVE_$$name" libraries="$$libraries $$library"; \
	done; printf '%s\n' "$$defines" "$$libraries" >$@.new; rm -f $@.c $@.probe
	@cmp -s $@.new $@ || cp $@.new $@

$(BUILD)/src/%.o: src/%.c $(BUILD)/config
	@mkdir -p $(@D)
	$(say) "  CC   $<"
	$(Q)$(COMPILE) -Iinclude -Isrc $(FLAGS) $(SMALL) -c -o $@ $<

$(STATIC): $(OBJECTS)
	@mkdir -p $(@D)
	$(say) "  AR   $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $(OBJECTS)

$(SHARED): $(OBJECTS) src/vit.map
	@mkdir -p $(@D)
	$(say) "  LINK $@"
	$(Q)$(LINK) $(SHARED_FLAGS) -o $@ $(OBJECTS) $(LIBS)

$(LIB)/$(SHARED_LINK): $(SHARED)
	$(Q)ln -sf $(SHARED_FILE) $(LIB)/$(SONAME) && ln -sf $(SONAME) $@

# Programs see the public header only.
$(BUILD)/examples/vit/%.o: examples/vit/%.c $(BUILD)/config $(BUILD)/codecs
	@mkdir -p $(@D)
	$(say) "  CC   $<"
	$(Q)$(COMPILE) -Iinclude $$(sed -n 1p $(BUILD)/codecs) $(FLAGS) -c -o $@ $<

$(BUILD)/vit: $(TOOL_OBJECTS) $(STATIC) $(BUILD)/codecs
	$(say) "  LINK $@"
	$(Q)$(LINK) $(PROGRAM_FLAGS) -o $@ $(TOOL_OBJECTS) $(STATIC) $$(sed -n 2p $(BUILD)/codecs) $(LIBS)

$(EXAMPLES): $(BUILD)/examples/%: examples/%.c $(STATIC) $(BUILD)/config
	@mkdir -p $(@D)
	$(say) "  LINK $@"
	$(Q)$(COMPILE) -Iinclude $(FLAGS) $(LDFLAGS) $(PROGRAM_FLAGS) -MF $@.d -o $@ $< $(STATIC) $(LIBS)

# Tests see everything.
$(TEST_PROGRAMS) $(BENCHMARKS): $(BUILD)/tests/%: tests/%.c $(STATIC) $(BUILD)/config
	@mkdir -p $(@D)
	$(say) "  LINK $@"
	$(Q)$(COMPILE) -Iinclude -Isrc -Itests $(FLAGS) $(LDFLAGS) $(PROGRAM_FLAGS) -MF $@.d -o $@ $< $(STATIC) $(LIBS)

-include $(OBJECTS:.o=.d) $(TOOL_OBJECTS:.o=.d) $(EXAMPLES:=.d) $(TEST_PROGRAMS:=.d) $(BENCHMARKS:=.d)

# ---- trying it out --------------------------------------------------------------------------------------------------------

demo: $(BUILD)/vit
	$(BUILD)/vit classify examples/cifar10/cifar10.vit examples/pictures/ship.ppm

bench: $(BENCHMARKS)
	@for program in $(BENCHMARKS); do $$program || exit 1; done

# ---- tests ------------------------------------------------------------------------------------------------------------------

# What the test scripts are told: where the build is, and the tools to use.
TEST_ENV = BUILD='$(BUILD)' LIB='$(LIB)' CC='$(CC)' CXX='$(CXX)' MAKE='$(MAKE)' NM='$(NM)' OBJDUMP='$(OBJDUMP)'

test: all test-programs
	@$(TEST_ENV) sh tests/run.sh $(TEST_PROGRAMS) $(TEST_SCRIPTS)

# Only the C programs, run through RUNNER (an emulator, valgrind), and SCRIPTS; what `cross`, `valgrind` and the sanitizers use.
run-test-programs: test-programs
	@RUNNER='$(RUNNER)' $(TEST_ENV) sh tests/run.sh $(TEST_PROGRAMS) $(SCRIPTS)

density: static
	@$(TEST_ENV) sh tests/kernels/density.sh

lint:
	@sh tests/lint/lint.sh .
	@sh tests/lint/test_lint.sh

abi: all
	$(MAKE) BUILD=$(BUILD)/frames LIB=$(BUILD)/frames/lib CFLAGS='-O2 -g -fstack-usage' static
	@$(TEST_ENV) VERSION='$(VERSION)' OPENMP='$(OPENMP)' CFLAGS='$(CFLAGS)' sh tests/abi/check.sh
	@$(TEST_ENV) sh tests/api/test_header.sh

small:
	@$(TEST_ENV) sh tests/install/small.sh

# Takes today's interface for the one to compare with: at a release, or when a function was added on purpose.
abi-record: shared
	awk -f tests/abi/functions.awk include/vit.h | LC_ALL=C sort -u >tests/abi/symbols.txt
	abidw --headers-dir include --exported-interfaces-only --drop-private-types --drop-undefined-syms --no-corpus-path \
	    --no-comp-dir-path --no-show-locs --no-parameter-names --out-file tests/abi/vit.abi $(LIB)/$(SHARED_LINK)

# Where everything runs ten to fifty times slower, the tests leave the large checkpoints of ../shared alone.
SLOWLY := VIT_SHARED=none TEST_TIMEOUT=600

SANITIZERS := -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all
sanitize:
	$(MAKE) BUILD=$(BUILD)/sanitize LIB=$(BUILD)/sanitize/lib CFLAGS='$(SANITIZERS) -fsanitize=address,undefined' \
	    SCRIPTS='$(wildcard tests/tool/test_*.sh)' tool examples run-test-programs

tsan:
	$(SLOWLY) $(MAKE) BUILD=$(BUILD)/tsan LIB=$(BUILD)/tsan/lib CFLAGS='$(SANITIZERS) -fsanitize=thread' \
	    ONLY='tests/unit/test_threads tests/api/% tests/oom/%' run-test-programs

valgrind:
	$(SLOWLY) $(MAKE) RUNNER='valgrind -q --error-exitcode=9 --leak-check=full' run-test-programs

# Other processors, emulated: static programs of Debian's cross compilers under qemu-user.
# `make cross-i686`: 32-bit x86 with its x87 arithmetic, which needs no emulator.
CROSS := aarch64 arm s390x
CROSS_i686 := i686-linux-gnu
CROSS_aarch64 := aarch64-linux-gnu
CROSS_arm := arm-linux-gnueabihf
CROSS_s390x := s390x-linux-gnu
CROSS_RUN_aarch64 := qemu-aarch64 -cpu cortex-a53
CROSS_RUN_arm := qemu-arm
CROSS_RUN_s390x := qemu-s390x
cross: $(CROSS:%=cross-%)
	+$(call cross-make,aarch64) RUNNER='qemu-aarch64 -cpu max' run-test-programs
# x86-64 as it was: no AVX, then AVX2 only. Without the kernels' own tests then: QEMU 7.2 reads what vmaskmovps masks out, and the
# guard pages of those tests catch it (a processor does not; they run natively on AVX2 everywhere else).
capped: test-programs
	$(SLOWLY) $(MAKE) RUNNER='qemu-x86_64 -cpu qemu64' run-test-programs
	$(SLOWLY) $(MAKE) RUNNER='qemu-x86_64 -cpu Haswell' ONLY='tests/api/% tests/family/% tests/golden/% tests/image/%' run-test-programs
cross-density:
	+$(call cross-make,aarch64) OBJDUMP=$(CROSS_aarch64)-objdump density
cross-%:
	+$(call cross-make,$*) RUNNER='$(CROSS_RUN_$*)' tool examples run-test-programs
cross-make = $(SLOWLY) $(MAKE) BUILD=$(BUILD)/$(1) LIB=$(BUILD)/$(1)/lib CC=$(CROSS_$(1))-gcc AR=$(CROSS_$(1))-ar LDFLAGS=-static \
    CODECS=0

# ---- installing -------------------------------------------------------------------------------------------------------------

# Paths in vit.pc and the CMake package are written relative to the prefix where they lie below it.
below = $(patsubst $(PREFIX)/%,$${$(1)}/%,$(2))
CMAKE_UP = $(shell echo '$(patsubst $(PREFIX)/%,%,$(CMAKEDIR))' | sed 's|[^/][^/]*|..|g')
CMAKE_PREFIX = $(if $(filter $(PREFIX)/%,$(CMAKEDIR)),$${CMAKE_CURRENT_LIST_DIR}/$(CMAKE_UP),$(PREFIX))
FILL = sed -e 's|@VERSION@|$(VERSION)|g' -e 's|@MAJOR@|$(MAJOR)|g' -e 's|@PREFIX@|$(PREFIX)|g' \
    -e 's|@PC_LIBDIR@|$(call below,prefix,$(LIBDIR))|g' -e 's|@PC_INCLUDEDIR@|$(call below,prefix,$(INCLUDEDIR))|g' \
    -e 's|@CMAKE_LIBDIR@|$(call below,_vit_prefix,$(LIBDIR))|g' \
    -e 's|@CMAKE_INCLUDEDIR@|$(call below,_vit_prefix,$(INCLUDEDIR))|g' \
    -e 's|@CMAKE_PREFIX@|$(CMAKE_PREFIX)|g' -e 's|@SHARED_FILE@|$(SHARED_FILE)|g' -e 's|@SONAME@|$(SONAME)|g'
INSTALL_DATA = $(INSTALL) -m 644

install: install-lib install-tool
install-lib: static shared
	$(INSTALL) -d $(DESTDIR)$(LIBDIR) $(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(PKGCONFIGDIR) $(DESTDIR)$(CMAKEDIR)
	$(INSTALL_DATA) include/vit.h bindings/cpp/vit.hpp $(DESTDIR)$(INCLUDEDIR)
	$(INSTALL_DATA) $(STATIC) $(SHARED) $(DESTDIR)$(LIBDIR)
	ln -sf $(SHARED_FILE) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/$(SHARED_LINK)
	$(FILL) vit.pc.in >$(DESTDIR)$(PKGCONFIGDIR)/vit.pc
	$(FILL) bindings/cmake/vit-config.cmake.in >$(DESTDIR)$(CMAKEDIR)/vit-config.cmake
	$(FILL) bindings/cmake/vit-config-version.cmake.in >$(DESTDIR)$(CMAKEDIR)/vit-config-version.cmake
	chmod 644 $(DESTDIR)$(PKGCONFIGDIR)/vit.pc $(DESTDIR)$(CMAKEDIR)/vit-config.cmake $(DESTDIR)$(CMAKEDIR)/vit-config-version.cmake
install-tool: tool
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(COMPLETIONDIR)
	$(INSTALL) -m 755 $(BUILD)/vit $(DESTDIR)$(BINDIR)
	$(INSTALL_DATA) docs/vit.1 $(DESTDIR)$(MANDIR)/man1
	$(INSTALL_DATA) docs/completions/vit.bash $(DESTDIR)$(COMPLETIONDIR)/vit

uninstall:
	rm -f $(addprefix $(DESTDIR)$(LIBDIR)/,libvit.a $(SHARED_FILE) $(SONAME) $(SHARED_LINK))
	rm -f $(addprefix $(DESTDIR)$(INCLUDEDIR)/,vit.h vit.hpp) $(DESTDIR)$(PKGCONFIGDIR)/vit.pc
	rm -f $(DESTDIR)$(BINDIR)/vit $(DESTDIR)$(MANDIR)/man1/vit.1 $(DESTDIR)$(COMPLETIONDIR)/vit
	rm -f $(DESTDIR)$(CMAKEDIR)/vit-config.cmake $(DESTDIR)$(CMAKEDIR)/vit-config-version.cmake
	-rmdir $(DESTDIR)$(CMAKEDIR)

clean:
	rm -rf $(BUILD)
	rm -f $(STATIC) $(SHARED) $(LIB)/$(SONAME) $(LIB)/$(SHARED_LINK)

help:
	@sed -n 's/^#? //p' Makefile

FORCE:
.PHONY: all static shared tool examples test-programs demo bench test run-test-programs density cross-density lint abi small \
    abi-record sanitize tsan valgrind cross capped \
    install install-lib install-tool uninstall clean help FORCE
