#!/bin/sh
# test_density.sh: density.awk must count what is there, and must fail where a loop spills or is thin.
set -u
rules=$(dirname "$0")/density.awk
passed=0 failed=0

# check STATUS PATTERN WHAT TILES LISTING: awk must end with this status and print a line like this.
check() {
    output=$(printf '%s\n' "$5" | awk -v tiles="$4" -f "$rules")
    if [ $? -eq "$1" ] && printf '%s\n' "$output" | grep -q -E "$2"; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        printf '%s: failed: %s\n%s\n' "$0" "$3" "$output"
    fi
}
# edit LISTING SED...
edit() { printf '%s\n' "$1" | sed "$2"; }

x86='0000000000000000 <tile_8x3>:
   0:	push   %rbp
   1:	vmovups %zmm1,-0x40(%rsp)
   4:	vbroadcastss (%rax,%rdi,4),%zmm3
   8:	prefetcht0 (%rdx)
   c:	{vex} vpdpbusd %ymm2,%ymm3,%ymm4
  10:	vfmadd231ps (%rdx){1to16},%zmm3,%zmm24
  14:	vmovups %zmm24,0x40(%rcx){%k1}
  18:	cmp    %rdx,0x8(%r14)
  1c:	jne    4 <tile_8x3+0x4>
  20:	dec    %rsi
  22:	jne    1 <tile_8x3+0x1>

0000000000000040 <other>:
  40:	vfmadd231ps %zmm2,%zmm3,%zmm24
  44:	add    $0x1,%rax
  48:	jne    40 <other>
  4c:	vfmadd231ps %zmm2,%zmm3,%zmm24
  50:	jmp    4c <other+0xc>'
arm='0000000000000000 <tile_5x1>:
   0:	stp	d8, d9, [sp, #-64]!
   4:	ldr	s16, [x4, x0, lsl #2]
   8:	prfm	pldl1keep, [x1, #512]
   c:	fmla	v11.4s, v3.4s, v16.s[0]
  10:	smull2	v11.8h, v3.16b, v16.16b
  14:	b.ne	4 <tile_5x1+0x4>  // b.any
  18:	ret'
frame=$(edit "$x86" 's/push.*/mov    %rsp,%rbp/; s/(%rdx){1to16}/-0x10(%rbp)/')

check 0 '^tile_5x1 +5 +2 +1 +0 +40\.0 %$' "a loop for AArch64" "tile_5x1 40" "$arm"
check 1 'FAILED: 1 instr' "a spill on AArch64" "tile_5x1 40" "$(edit "$arm" 's/\[x4.*/[sp, #80]/')"
check 1 'FAILED: less than 41 %' "a thin loop" "tile_5x1 41" "$arm"
check 1 '^tile_6x1 .*FAILED: no such loop' "a function that is not there" "tile_5x1 40 tile_6x1 40" "$arm"
check 0 '^tile_8x3 +7 +2 +3 +1 +28\.6 %$' "a loop for x86-64" "tile_8x3 28" "$x86"
check 0 '^other +2 +1 +0 +0 +50\.0 %$' "the denser of two loops" "other 50" "$x86"
check 1 'FAILED: 1 instr' "a spill on x86-64" "tile_8x3 28" "$(edit "$x86" 's/(%rdx){1to16}/0x10(%rsp)/')"
check 0 '^tile_8x3' "a base register that is no frame" "tile_8x3 28" "$(edit "$frame" 's/mov .*rbp/push %rbp/')"
check 1 'FAILED: 1 instr' "a spill in a frame" "tile_8x3 28" "$frame"
echo "$0: $passed passed, $failed failed"
[ $failed -eq 0 ]
