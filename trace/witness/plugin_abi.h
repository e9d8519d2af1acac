/*
 * What QEMU offers a plugin, as far as the witness uses it.
 *
 * Teaches: an interface can be used without its header if its prototypes are known; QEMU resolves the names when it loads the plugin.
 * Who includes it: plugin.c. Invariant: this is version 1 of the plugin ABI, which QEMU 7.2 has; QEMU refuses a plugin of another.
 * From QEMU's include/qemu/qemu-plugin.h; Debian ships no copy. https://www.qemu.org/docs/master/devel/tcg-plugins.html
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PLUGIN_VERSION 1
#define PLUGIN_EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;

/* A block of instructions that QEMU translates as one, and one of them. */
struct qemu_plugin_tb;
struct qemu_plugin_insn;

/* What the code QEMU generates may do by itself: add a number to a word. */
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };

/* The first fields; QEMU's has more. */
struct qemu_info_t {
	const char *target_name;
};

typedef void (*qemu_plugin_tb_trans_t)(qemu_plugin_id_t id, struct qemu_plugin_tb *block);
typedef void (*qemu_plugin_exec_t)(unsigned vcpu, void *data);
typedef void (*qemu_plugin_atexit_t)(qemu_plugin_id_t id, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_tb_trans_t call);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, qemu_plugin_exec_t call, enum qemu_plugin_cb_flags flags,
					  void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *instruction, enum qemu_plugin_op op, void *word,
						uint64_t number);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_atexit_t call, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *instruction);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *instruction);

/* What a plugin has to define: which ABI it was made for, and where it starts. */
extern PLUGIN_EXPORT int qemu_plugin_version;
PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv);
