/* qemu_count.c: a plugin for QEMU's user emulation: counts the instructions that a program executes, and how many of them are
 * multiply-adds of vectors. Six forwards (the first and five more) of a model on AArch64, after `make cross-aarch64`:
 *
 *   build/vit bench --size ti16 --runs 1 --save ti16.vit
 *   cc -shared -fPIC -o count.so tests/kernels/qemu_count.c
 *   qemu-aarch64 -plugin ./count.so build/aarch64/vit bench --first ti16.vit
 *
 * Of QEMU's plugin interface, whose header is in its sources only, these are the parts used, in version 1 (QEMU 4.2 to 8.2). */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *instruction);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*on_translation)(uint64_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, int operation, void *counter, uint64_t by);
void qemu_plugin_register_atexit_cb(uint64_t id, void (*at_exit)(uint64_t, void *), void *user);

#define EXPORT __attribute__((visibility("default")))
enum { ADD = 0 };
EXPORT int qemu_plugin_version = 1;

static uint64_t instructions, multiply_adds;

/* By encoding, as not every disassembler knows the newer ones. */
static int is_multiply_add(const struct qemu_plugin_insn *instruction) {
    static const struct {
        uint32_t mask, bits;
    } kinds[] = {
        {0xffc0f400, 0x4f801000}, /* fmla by element */
        {0xffe0fc00, 0x4e20cc00}, /* fmla */
        {0xffc0f400, 0x4f80e000}, /* sdot by element */
        {0xffc0f400, 0x4f40f000}, /* bfdot by element */
        {0xbfe0fc00, 0x0e20c000}, /* smull, smull2 of bytes */
    };
    uint32_t word;
    memcpy(&word, qemu_plugin_insn_data(instruction), sizeof word);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if ((word & kinds[i].mask) == kinds[i].bits) return 1;
    }
    return 0;
}

static void on_translation(uint64_t id, struct qemu_plugin_tb *block) {
    uint64_t n = qemu_plugin_tb_n_insns(block), found = 0;
    (void)id;
    for (size_t i = 0; i < n; i++) found += (uint64_t)is_multiply_add(qemu_plugin_tb_get_insn(block, i));
    qemu_plugin_register_vcpu_tb_exec_inline(block, ADD, &instructions, n);
    if (found) qemu_plugin_register_vcpu_tb_exec_inline(block, ADD, &multiply_adds, found);
}

static void at_exit(uint64_t id, void *user) {
    (void)id, (void)user;
    fprintf(stderr, "counted %llu %llu\n", (unsigned long long)instructions, (unsigned long long)multiply_adds);
}

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv) {
    (void)info, (void)argc, (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
