/*
 * The boot of the portable kernel: STARTUP: machine -> kernel_main -> scheduler.
 *
 * Teaches: the order in which a kernel becomes able to do things: print, allocate, trace, take traps, use other CPUs, run
 * programs. Until all other CPUs are told to start the boot CPU holds boot_lock; all meet at a barrier before the first of them
 * schedules (cpus.c).
 * Who calls: the machine, on the boot CPU. Locks: boot_lock.
 */
#include <trace_emit.h>

#include "abi/trace_categories.h"
#include "boot/archive.h"
#include "boot/cpus.h"
#include "boot/information.h"
#include "boot/command_line.h"
#include "boot/elf.h"
#include "boot/first_handles.h"
#include "boot/starting.h"
#include "boot/symbols.h"
#include "core/end.h"
#include "core/name.h"
#include "core/panic.h"
#include "core/print.h"
#include "core/string.h"
#include "ipc/interrupt.h"
#include "ipc/message.h"
#include "mm/inject.h"
#include "mm/page.h"
#include "mm/request.h"
#include "mmu.h"
#include "sched/process.h"
#include "sched/sched.h"
#include "sched/sync.h"
#include "trace/layout.h"
#include "trace/ring.h"

/* How much ring each CPU has if the command line does not say. */
#define RING_KIB 4096

/* In-guest tests, linked only into the test image: every CPU calls it after the barrier; CPU 0's result is the exit status. */
int kernel_selftest(const char *name) __attribute__((weak));

static char selftest[COMMAND_WORD_CHARS];
static const struct boot_info *boot_info;

/* Fills per-CPU data for all CPUs of the machine, as many as the command line and the kernel allow. */
static void prepare_cpus(uint64_t seed)
{
	uint64_t limit = min_u64(command_number(boot_info->command_line, "cpus", MAX_CPUS), MAX_CPUS);
	cpus_present = (unsigned)max_u64(1, min_u64(boot_info->cpus, limit));
	for (unsigned i = 0; i < cpus_present; i++) {
		cpu_prepare(i, boot_info->cpu_hw_id[i]);
		cpus[i].random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) + i + 1;
	}
}

/* The run ends before it has begun. */
static _Noreturn void refuse(const char *why, enum status status)
{
	kprintf("%s: %s\n", why, status_name(status));
	run_end(VERDICT_REFUSED, (int64_t)status);
}

/* The boot archive first: a panic finds its names there. */
static void prepare_memory(void)
{
	if (boot_info->archive.bytes)
		archive_init(arch_phys_to_virt(boot_info->archive.base), boot_info->archive.bytes);
	uint64_t ring_kib = command_number(boot_info->command_line, "ring", RING_KIB);
	page_init(boot_info);
	inject_from(command_number(boot_info->command_line, "fail", 0), command_number(boot_info->command_line, "fail_every", 0));
	enum status status = trace_init(ring_kib, command_number(boot_info->command_line, "trace", TRACE_ALL));
	if (status != STATUS_OK) {
		kprintf("no event rings of %lu KiB for %u CPUs: %s\n", (unsigned long)ring_kib, cpus_present,
			status_name(status));
		run_end(VERDICT_REFUSED, (int64_t)status);
	}
	page_limit(min_u64(command_number(boot_info->command_line, "memory", UINT32_MAX), UINT32_MAX) * MIB / PAGE_BYTES);
	status = request_prepare();
	if (status == STATUS_OK)
		status = message_prepare();
	if (status != STATUS_OK)
		refuse("no memory for page requests and messages", status);
	start_say_entry(&cpus[0]);
	trace_boot_phase(BOOT_PHASE_MEMORY, 0);
	trace_free_pages(page_free_count());
}

static enum status load_program(const struct archive_file *file, const char *name, struct aspace **process, struct vaddr *entry)
{
	TRY(aspace_create(name, process));
	trace_aspace_create((*process)->id, name_word(name, 0), name_word(name, 8));
	enum status status = elf_load(file, boot_info->elf_machine, *process, entry);
	if (status == STATUS_OK)
		status = first_handles_give(boot_info, &(*process)->handles);
	if (status != STATUS_OK)
		kobj_put(&(*process)->kobj);
	return status;
}

/*
 * The first process is the file `init` of the boot archive, which starts the servers and then the program; an archive without
 * one is a program on its own.
 */
static enum status start_first_process(const char *program)
{
	struct archive_file file;
	struct aspace *process;
	struct vaddr entry;
	uint32_t id;
	const char *name = archive_find("init", &file) == STATUS_OK ? "init" : program;
	TRY(archive_find(name, &file));
	TRY(load_program(&file, name, &process, &entry));
	process->is_first = true;
	enum status status = process_start(process, NULL, entry, 0, &id);
	kobj_put(&process->kobj);
	return status;
}

/* The last step on every CPU. */
static void run(struct cpu *cpu)
{
	trace_boot_phase(BOOT_PHASE_SCHEDULER, 0);
	if (!selftest[0])
		sched_start();
	if (!kernel_selftest)
		refuse("this image holds no tests", STATUS_NOT_FOUND);
	int failures = kernel_selftest(selftest);
	if (cpu->index != 0)
		cpu_park();
	run_end(VERDICT_FINISHED, failures);
}

/* Stage 1 of the information page. */
static void prepare_information(void)
{
	struct paddr page;
	enum status status = page_alloc_zeroed(&page);
	if (status == STATUS_OK) {
		information.page = arch_phys_to_virt(page);
		descriptor_add("information", information.page, PAGE_BYTES, 1, 0);
		status = information_start(&information, boot_info, arch_time_hz());
	}
	if (status != STATUS_OK)
		refuse("there can be no information page", status);
}

void kernel_main(const struct boot_info *boot)
{
	char program[COMMAND_WORD_CHARS];
	boot_info = boot;
	command_check(boot->command_line);
	uint64_t seed = command_number(boot->command_line, "seed", 1);
	uint64_t budget = command_number(boot->command_line, "budget", 0);
	command_text(boot->command_line, "selftest", selftest);
	command_text(boot->command_line, "program", program);
	if (!cpus[0].entry_ticks)
		cpus[0].entry_ticks = cpus[0].lock_ticks = arch_time_now();
	prepare_cpus(seed);
	start_read_options(boot);
	descriptor_init(boot, program, seed);
	layout_show();
	memcpy(descriptor.mmu, mmu->name, min_u64(strlen(mmu->name), sizeof(descriptor.mmu) - 1));
	prepare_memory();
	trace_boot_phase(BOOT_PHASE_MMU, 0);
	trace_boot_phase(BOOT_PHASE_DATA, 0);
	arch_cpu_init(&cpus[0]);
	cpus[0].online = true;
	trace_cpu_online(cpus[0].hw_id);
	descriptor.clock_hz = arch_time_hz();
	prepare_information();
	start_report(&cpus[0]);
	trace_boot_phase(BOOT_PHASE_BOOTSTRAP, 0);
	run_queue_init();
	sync_prepare();
	interrupt_prepare();
	timer_init(budget && budget < UINT64_MAX - descriptor.boot_ticks ? descriptor.boot_ticks + budget : UINT64_MAX);
	timer_take_turns(command_number(boot->command_line, "turn_us", 0) * (arch_time_hz() / 1000000));
	trace_boot_phase(BOOT_PHASE_CPUS, 0);
	cpus_start();
	cpus_gather();
	trace_boot_phase(BOOT_PHASE_BARRIER, 0);
	cpus_compare_clocks();
	kprintf("Vitrine on %s, %u of %u CPUs, %s, %lu MiB free\n", boot->machine, descriptor.cpus_online, boot->cpus, mmu->name,
		(unsigned long)(page_free_count() * PAGE_BYTES / MIB));
	inject_note_start();
	trace_boot_phase(BOOT_PHASE_PROGRAM, 0);
	enum status status = selftest[0] ? STATUS_OK : start_first_process(program);
	if (status != STATUS_OK) {
		kprintf("program '%s' cannot be started: %s\n", program, status_name(status));
		run_end(VERDICT_REFUSED, (int64_t)status);
	}
	if (command_number(boot->command_line, "panic", 0))
		panic("the command line asks for it");
	cpus_finish_information();
	cpus_release(run);
	arch_cpu_halt();
}
