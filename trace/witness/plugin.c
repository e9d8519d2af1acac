/*
 * The witness: a plugin of QEMU that sees what the machine executes, at no cost to the guest.
 *
 * Teaches: the emulator can be asked what the kernel did, without the kernel's help. QEMU translates code in blocks. When it has translated one,
 * we note how it ends; when a CPU is about to execute one, QEMU tells us; and each instruction adds one to a word as it begins, so it is
 * known how much of a block that a trap broke off was executed. The guest's clock, memory and interrupts are as without a plugin.
 * Who calls: QEMU, started by `vitrine run --witness`. Whom: block.c, paths.c.
 * Invariant: QEMU executes all CPUs in one thread (icount, or thread=single), so one word counts for all of them, and nothing here needs a lock.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "witness/paths.h"
#include "witness/plugin_abi.h"

int qemu_plugin_version = PLUGIN_VERSION;

static struct {
	const struct block_machine *machine;
	struct paths *paths;
	uint64_t begun; /* instructions, of all CPUs; QEMU's code counts here */
	int file;       /* struct witness_header and the functions; our own part comes behind them */
	struct witness_header header;
	struct witness_function *functions;
	char *text;
} witness;

/* A CPU is about to execute this block. */
static void execute(unsigned vcpu, void *data)
{
	if (vcpu < WITNESS_CPUS_MAX)
		paths_enter(witness.paths, vcpu, data, witness.begun);
}

/* QEMU has translated a block: this is what is to be known of it whenever it is executed. It stays as long as QEMU does. */
static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	size_t count = qemu_plugin_tb_n_insns(tb);
	struct block *block = malloc(sizeof(*block) + count * sizeof(block->offset[0]));
	if (!block || count == 0)
		abort();
	const struct qemu_plugin_insn *last = NULL;
	block->start = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(tb, i);
		qemu_plugin_register_vcpu_insn_exec_inline(instruction, QEMU_PLUGIN_INLINE_ADD_U64, &witness.begun, 1);
		block->offset[i] = (uint16_t)(qemu_plugin_insn_vaddr(instruction) - block->start);
		last = instruction;
	}
	block->end = qemu_plugin_insn_vaddr(last) + qemu_plugin_insn_size(last);
	block->instructions = (uint32_t)count;
	block->function = paths_function_at(witness.paths, block->start, &block->vector);
	block->how = witness.machine->how(qemu_plugin_insn_data(last), qemu_plugin_insn_size(last));
	qemu_plugin_register_vcpu_tb_exec_cb(tb, execute, QEMU_PLUGIN_CB_NO_REGS, block);
}

/* QEMU ends, whatever the reason. */
static void finish(qemu_plugin_id_t id, void *data)
{
	(void)id, (void)data;
	paths_finish(witness.paths, witness.begun);
	if (!paths_write(witness.paths, &witness.header, witness.text, witness.file))
		fprintf(stderr, "the witness could not write what it saw\n");
	close(witness.file);
}

/* Reads the kernel's functions, which `vitrine run` has put into the file. */
static bool read_functions(void)
{
	struct witness_header *header = &witness.header;
	if (read(witness.file, header, sizeof(*header)) != sizeof(*header) || strcmp(header->magic, WITNESS_MAGIC) != 0)
		return false;
	size_t bytes = header->functions * sizeof(*witness.functions);
	witness.functions = malloc(bytes);
	witness.text = malloc(header->text_bytes);
	return witness.functions && witness.text && read(witness.file, witness.functions, bytes) == (ssize_t)bytes &&
	       read(witness.file, witness.text, header->text_bytes) == (ssize_t)header->text_bytes;
}

/* One argument: to=FILE. */
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv)
{
	const char *path = argc == 1 && !strncmp(argv[0], "to=", 3) ? argv[0] + 3 : "";
	witness.machine = block_machine_named(info->target_name);
	witness.file = open(path, O_RDWR | O_CLOEXEC);
	if (!witness.machine || witness.file < 0 || !read_functions()) {
		fprintf(stderr, "the witness needs to=FILE, made by `vitrine run --witness`, and a machine it knows\n");
		return -1;
	}
	witness.paths = paths_open(witness.machine, witness.functions, witness.header.functions);
	if (!witness.paths)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
