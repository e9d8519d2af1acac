/*
 * The boot of the portable kernel: STARTUP: machine -> kernel_main -> scheduler.
 *
 * Teaches: the order in which a kernel becomes able to do things: print, allocate, trace, take traps, use other CPUs, run
 * programs. CPUs start one at a time; all meet at a barrier before the first of them schedules. A CPU that does not report in
 * time is left out, and if it turns up later it stops at once.
 * Who calls: the machine, once on each CPU. Locks: none.
 */
#include <trace_emit.h>

#include "abi/trace_categories.h"
#include "boot/archive.h"
#include "boot/command_line.h"
#include "boot/elf.h"
#include "boot/first_handles.h"
#include "boot/symbols.h"
#include "core/end.h"
#include "core/name.h"
#include "core/panic.h"
#include "core/print.h"
#include "core/string.h"
#include "ipc/interrupt.h"
#include "ipc/message.h"
#include "mm/page.h"
#include "mm/request.h"
#include "mmu.h"
#include "sched/process.h"
#include "sched/sched.h"
#include "sched/sync.h"
#include "trace/ring.h"

/* How long a CPU may take to report, how often to look, and how much ring each CPU has if the command line does not say. */
#define CPU_START_MS 2000
#define CPU_LOOK_MS 10
#define RING_KIB 4096

/* In-guest tests, linked only into the test image: every CPU calls it after the barrier; CPU 0's result is the exit status. */
int kernel_selftest(const char *name) __attribute__((weak));

enum cpu_start { CPU_ABSENT, CPU_STARTING, CPU_ONLINE, CPU_LEFT_OUT };

static uint32_t cpu_start[MAX_CPUS]; /* enum cpu_start; STARTING is left once, by whoever is first */
static uint32_t barrier_open;
static uint64_t broken_cpu; /* command line: this CPU is to fail, so that leaving one out can be tried */
static char selftest[COMMAND_WORD_CHARS];
static const struct boot_info *boot_info;

static bool cpu_start_leave(unsigned index, enum cpu_start to)
{
	uint32_t starting = CPU_STARTING;
	return __atomic_compare_exchange_n(&cpu_start[index], &starting, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static void leave_out(unsigned index, enum missing_reason reason)
{
#define REASON_TEXT(name, number, text) text,
	static const char *const texts[] = {MISSING_REASONS(REASON_TEXT)};
#undef REASON_TEXT
	uint64_t hw_id = index < MAX_CPUS ? boot_info->cpu_hw_id[index] : 0;
	trace_cpu_missing(index, hw_id, reason);
	kprintf("CPU %u (0x%lx) is left out: %s\n", index, (unsigned long)hw_id, texts[reason]);
}

/* Lets time pass for a CPU that was started at `since`: it is quick as a rule, and on a busy host it may take its time. */
static void wait_for_cpu(uint64_t since)
{
	uint64_t now = arch_time_now();
	uint64_t ms = arch_time_hz() / 1000;
	if (now - since < ms) {
		arch_cpu_relax();
		return;
	}
	arch_timer_set(now + CPU_LOOK_MS * ms);
	arch_cpu_idle();
}

/* Starts one CPU and waits until it reports. */
static void start_cpu(struct cpu *cpu)
{
	cpu_start[cpu->index] = CPU_STARTING;
	if (arch_cpu_start(cpu) != STATUS_OK) {
		cpu_start[cpu->index] = CPU_LEFT_OUT;
		leave_out(cpu->index, MISSING_NOT_FOUND);
		return;
	}
	uint64_t since = arch_time_now();
	uint64_t deadline = since + arch_time_hz() / 1000 * CPU_START_MS;
	while (__atomic_load_n(&cpu_start[cpu->index], __ATOMIC_ACQUIRE) == CPU_STARTING) {
		if (arch_time_now() > deadline && cpu_start_leave(cpu->index, CPU_LEFT_OUT))
			leave_out(cpu->index, MISSING_SILENT);
		wait_for_cpu(since);
	}
	cpu->online = cpu_start[cpu->index] == CPU_ONLINE;
}

static void start_cpus(void)
{
	unsigned online = 1;
	for (unsigned i = 1; i < cpus_present; i++) {
		start_cpu(&cpus[i]);
		online += cpus[i].online;
	}
	arch_cpu_start_end();
	for (unsigned i = cpus_present; i < boot_info->cpus; i++)
		leave_out(i, i < MAX_CPUS ? MISSING_REFUSED : MISSING_TOO_MANY);
	descriptor.cpus_present = cpus_present;
	descriptor.cpus_online = online;
}

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

/* The boot archive first: a panic finds its names there. */
static void prepare_memory(void)
{
	if (boot_info->archive.bytes)
		archive_init(arch_phys_to_virt(boot_info->archive.base), boot_info->archive.bytes);
	uint64_t ring_kib = command_number(boot_info->command_line, "ring", RING_KIB);
	page_init(boot_info);
	enum status status = trace_init(ring_kib, command_number(boot_info->command_line, "trace", TRACE_ALL));
	if (status != STATUS_OK) {
		kprintf("no event rings of %lu KiB for %u CPUs: status %u\n", (unsigned long)ring_kib, cpus_present,
			(unsigned)status);
		run_end(VERDICT_REFUSED, (int64_t)status);
	}
	page_limit(min_u64(command_number(boot_info->command_line, "memory", UINT32_MAX), UINT32_MAX) * MIB / PAGE_BYTES);
	status = request_prepare();
	if (status == STATUS_OK)
		status = message_prepare();
	if (status != STATUS_OK)
		run_end(VERDICT_REFUSED, (int64_t)status);
	trace_boot_phase(BOOT_PHASE_MEMORY);
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

/* Lets all CPUs go on; those that wait sleep until they are interrupted. */
static void open_barrier(void)
{
	__atomic_store_n(&barrier_open, 1, __ATOMIC_RELEASE);
	for (unsigned i = 1; i < cpus_present; i++)
		if (cpus[i].online)
			cpu_hazard_raise(&cpus[i], HAZARD_TIMER);
}

/* The last step on every CPU. */
static _Noreturn void run(struct cpu *cpu)
{
	if (!selftest[0])
		sched_start();
	if (!kernel_selftest)
		panic("selftest=%s: this image holds no tests", selftest);
	int failures = kernel_selftest(selftest);
	if (cpu->index != 0)
		cpu_park();
	run_end(VERDICT_FINISHED, failures);
}

void kernel_secondary(struct cpu *cpu)
{
	if (cpu->index == broken_cpu)
		arch_cpu_halt();
	arch_cpu_init(cpu);
	if (!cpu_start_leave(cpu->index, CPU_ONLINE))
		arch_cpu_halt();
	trace_cpu_online(cpu->hw_id);
	while (!__atomic_load_n(&barrier_open, __ATOMIC_ACQUIRE))
		arch_cpu_idle();
	run(cpu);
}

void kernel_main(const struct boot_info *boot)
{
	char program[COMMAND_WORD_CHARS];
	boot_info = boot;
	command_check(boot->command_line);
	uint64_t seed = command_number(boot->command_line, "seed", 1);
	uint64_t budget = command_number(boot->command_line, "budget", 0);
	broken_cpu = command_number(boot->command_line, "broken_cpu", MAX_CPUS);
	command_text(boot->command_line, "selftest", selftest);
	command_text(boot->command_line, "program", program);
	prepare_cpus(seed);
	descriptor_init(boot, program, seed);
	memcpy(descriptor.mmu, mmu->name, min_u64(strlen(mmu->name), sizeof(descriptor.mmu) - 1));
	prepare_memory();
	trace_boot_phase(BOOT_PHASE_MMU);
	arch_cpu_init(&cpus[0]);
	cpus[0].online = true;
	trace_cpu_online(cpus[0].hw_id);
	descriptor.clock_hz = arch_time_hz();
	run_queue_init();
	sync_prepare();
	interrupt_prepare();
	timer_init(budget && budget < UINT64_MAX - descriptor.boot_ticks ? descriptor.boot_ticks + budget : UINT64_MAX);
	timer_take_turns(command_number(boot->command_line, "turn_us", 0) * (arch_time_hz() / 1000000));
	trace_boot_phase(BOOT_PHASE_CPUS);
	start_cpus();
	kprintf("Vitrine on %s, %u of %u CPUs, %s, %lu MiB free\n", boot->machine, descriptor.cpus_online, boot->cpus, mmu->name,
		(unsigned long)(page_free_count() * PAGE_BYTES / MIB));
	trace_boot_phase(BOOT_PHASE_PROGRAM);
	enum status status = selftest[0] ? STATUS_OK : start_first_process(program);
	if (status != STATUS_OK) {
		kprintf("program '%s' cannot be started: status %u\n", program, (unsigned)status);
		run_end(VERDICT_REFUSED, (int64_t)status);
	}
	trace_boot_phase(BOOT_PHASE_BARRIER);
	open_barrier();
	trace_boot_phase(BOOT_PHASE_SCHEDULER);
	run(&cpus[0]);
}
