/*
 * The machine contract, answered by a process on the host.
 *
 * Teaches: what kernel/arch.h really asks for. If the portable kernel links against this file and runs, the contract is
 * complete; nothing of a real machine can have leaked into it.
 * Who calls: all of kernel/, through arch.h. Whom it calls: kernel_trap(), and sim_run.c where a CPU has to wait.
 * The invariant: kernel_trap() runs with irqs off, and an interrupt comes only where the contract allows one: when irqs are
 * switched on, in idle, in user mode. That makes every interrupt of a test repeatable.
 * What is simplified: one clock, one interrupt of each kind per CPU, no devices.
 */
#include "sim_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CONSOLE_BYTES (1 << 20)
#define RING_SLOTS 256

struct sim_cpu sim_cpus[MAX_CPUS];
unsigned sim_current;

static uint8_t *ram;
static uint64_t ram_bytes;
static uint64_t clock_ticks;
static char console[CONSOLE_BYTES];
static size_t console_length;
static enum sim_end machine_end;
static void (*trace_interrupt)(void);
static void (*relax_action)(void);
static void (*time_action)(void);
static uint64_t rings[MAX_CPUS][RING_SLOTS * TRACE_SLOT_WORDS];

/* ---- the test's side ---- */

void sim_start(unsigned cpu_count, uint64_t bytes)
{
	ram_bytes = bytes;
	ram = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ram == MAP_FAILED)
		abort();
	clock_ticks = 1;
	for (unsigned i = 0; i < cpu_count; i++) {
		sim_cpus[i] = (struct sim_cpu){.state = SIM_BARE, .irqs_on = true, .timer_when = UINT64_MAX};
		cpu_prepare(i, i);
		cpus[i].online = true;
		cpus[i].trace = (struct trace_ring){
			.slot_mask = RING_SLOTS - 1,
			.categories = UINT64_MAX,
			.header_base = (uint64_t)i << 16,
			.slots = (uintptr_t)rings[i],
		};
	}
	cpus_present = cpu_count;
	sim_mmu_reset();
	memset(ram, 0xa5, min_u64(bytes, 4 * MIB)); /* memory is never clean when a machine starts */
}

uint64_t sim_ram_bytes(void)
{
	return ram_bytes;
}

void sim_cpu_set(unsigned index)
{
	sim_current = index;
}

const char *sim_console(void)
{
	return console;
}

enum sim_end sim_end(void)
{
	return machine_end;
}

void sim_clock_advance(uint64_t ticks)
{
	clock_ticks += ticks;
}

uint64_t sim_clock(void)
{
	return clock_ticks;
}

uint64_t sim_timer(unsigned cpu)
{
	return sim_cpus[cpu].timer_when;
}

unsigned sim_ipis(unsigned cpu)
{
	return sim_cpus[cpu].ipis;
}

void sim_trace_interrupt(void (*handler)(void))
{
	trace_interrupt = handler;
}

void sim_time_calls(void (*action)(void))
{
	time_action = action;
}

void sim_relax_calls(void (*action)(void))
{
	relax_action = action;
}

const uint64_t *sim_event(unsigned cpu, uint64_t sequence)
{
	const struct trace_ring *ring = &cpus[cpu].trace;
	if (!ring->slots)
		return NULL;
	const uint64_t *slot = (const uint64_t *)(uintptr_t)ring->slots + (sequence & ring->slot_mask) * TRACE_SLOT_WORDS;
	bool whole = TRACE_WORDS(slot[1]) && TRACE_SEQUENCE(slot[1]) == (uint32_t)sequence;
	return whole ? slot : NULL;
}

static unsigned count_events(unsigned id, bool any, uint64_t value)
{
	unsigned count = 0;
	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
		for (uint64_t n = 0; n < cpus[cpu].trace.head; n++) {
			const uint64_t *slot = sim_event(cpu, n);
			count += slot && TRACE_ID(slot[1]) == id && (any || slot[2] == value);
		}
	return count;
}

unsigned sim_events_count(unsigned id)
{
	return count_events(id, true, 0);
}

unsigned sim_events_count_with(unsigned id, uint64_t value)
{
	return count_events(id, false, value);
}

/* ---- cpu ---- */

struct cpu *sim_cpu_current(void)
{
	return &cpus[sim_current];
}

void arch_cpu_init(struct cpu *cpu)
{
	(void)cpu;
}

void arch_cpu_idle(void)
{
	struct sim_cpu *cpu = &sim_cpus[sim_current];
	if (!sim_in_coroutine() && !sim_irq_pending(sim_current))
		sim_leave();
	while (!sim_irq_pending(sim_current))
		sim_yield(SIM_IDLE);
	sim_take_irqs();
	cpu->irqs_on = false;
}

void arch_cpu_halt(void)
{
	sim_cpus[sim_current].state = SIM_STOPPED;
	sim_leave();
}

uint64_t arch_cpu_features(uint32_t *processor)
{
	*processor = 0x51;
	return UINT64_MAX;
}

/* Nothing protects the simulated RAM. */
void arch_page_seal(void *page)
{
	(void)page;
}

/* A CPU that spins lets the others go on: they are what it waits for. */
void sim_relax(void)
{
	if (relax_action) {
		void (*action)(void) = relax_action;
		relax_action = NULL;
		action();
	}
	if (sim_in_coroutine())
		sim_yield(SIM_KERNEL);
	else
		sim_run_others();
	if (sim_cpus[sim_current].irqs_on)
		sim_take_irqs();
}

/* ---- trap ---- */

void arch_trap_decode(const struct trap_frame *frame, struct trap *trap)
{
	*trap = frame->trap;
	trap->pc = vaddr(frame->pc);
}

void arch_frame_init(struct trap_frame *frame, struct vaddr entry, struct vaddr stack_top, uint64_t argument)
{
	*frame = (struct trap_frame){.pc = entry.v, .stack = stack_top.v, .argument = argument};
}

void arch_user_enter(struct trap_frame *frame)
{
	struct sim_cpu *cpu = &sim_cpus[sim_current];
	cpu->frame = frame;
	if (sim_in_coroutine())
		longjmp(cpu->user_entry, 1);
	sim_leave();
}

/* One attempt of a copy at one byte's page: false if the kernel gave up on it. */
static bool copy_address(struct vaddr va, enum access access, struct paddr *address)
{
	enum sim_answer answer;
	while ((answer = sim_mmu_translate(sim_current, va, access, address)) != SIM_ACCESS_OK) {
		struct trap_frame frame = {.in_copy = true};
		frame.trap = (struct trap){
			.kind = TRAP_FAULT,
			.va = va,
			.access = access,
			.segment = answer == SIM_ACCESS_SEGMENT,
			.protection = answer == SIM_ACCESS_FORBIDDEN,
			.raw = answer,
		};
		bool irqs_were_on = sim_cpus[sim_current].irqs_on;
		sim_cpus[sim_current].irqs_on = false;
		if (kernel_trap(&frame) != &frame)
			abort();
		sim_cpus[sim_current].irqs_on = irqs_were_on;
		if (frame.fixed_up)
			return false;
	}
	return true;
}

static size_t copy(uint8_t *kernel, struct vaddr user, size_t bytes, enum access access)
{
	while (bytes) {
		struct paddr address;
		if (!copy_address(user, access, &address))
			return bytes;
		size_t part = min_u64(bytes, PAGE_BYTES - user.v % PAGE_BYTES);
		if (access == ACCESS_LOAD)
			memcpy(kernel, sim_phys_to_virt(address), part);
		else
			memcpy(sim_phys_to_virt(address), kernel, part);
		kernel += part, user.v += part, bytes -= part;
	}
	return 0;
}

size_t arch_copy_from_user(void *to, struct vaddr from, size_t bytes)
{
	return copy(to, from, bytes, ACCESS_LOAD);
}

size_t arch_copy_to_user(struct vaddr to, const void *from, size_t bytes)
{
	return copy((uint8_t *)(uintptr_t)from, to, bytes, ACCESS_STORE);
}

bool arch_uaccess_fixup(struct trap_frame *frame)
{
	frame->fixed_up = frame->in_copy;
	return frame->in_copy;
}

/* ---- time, smp ---- */

uint64_t sim_time_now(void)
{
	if (time_action)
		time_action();
	return ++clock_ticks;
}

uint64_t arch_time_hz(void)
{
	return SIM_HZ;
}

void arch_timer_set(uint64_t when)
{
	sim_cpus[sim_current].timer_when = when;
}

void arch_ipi_send(struct cpu *cpu)
{
	if (cpu->index == sim_current || !cpu->online)
		abort(); /* the contract: an online CPU other than the caller's */
	sim_cpus[cpu->index].ipi_pending = true;
	sim_cpus[cpu->index].ipis++;
}

/* ---- misc ---- */

void arch_putc(char c)
{
	if (console_length < CONSOLE_BYTES - 1)
		console[console_length++] = c;
	if (getenv("SIM_CONSOLE"))
		fputc(c, stderr);
}

void *sim_phys_to_virt(struct paddr address)
{
	if (address.p < SIM_RAM_BASE || address.p >= SIM_RAM_BASE + ram_bytes)
		abort(); /* not RAM */
	return ram + (address.p - SIM_RAM_BASE);
}

/* The kernel's own data lies in the host's memory, not in the simulated RAM: it gets an address above all RAM. */
struct paddr sim_virt_to_phys(const void *address)
{
	const uint8_t *byte = address;
	if (byte >= ram && byte < ram + ram_bytes)
		return paddr(SIM_RAM_BASE + (uint64_t)(byte - ram));
	return paddr(UINT64_C(1) << 56 | (uintptr_t)address);
}

void arch_sync_code(void *code, size_t bytes)
{
	(void)code, (void)bytes;
}

void arch_power_off(bool well)
{
	machine_end = well ? SIM_ENDED_WELL : SIM_ENDED_BADLY;
	sim_leave();
}

uint64_t sim_trace_claim(uint64_t *head, uint64_t *now)
{
	sim_perhaps_yield();
	uint64_t sequence = (*head)++;
	*now = sim_time_now();
	if (trace_interrupt) {
		void (*handler)(void) = trace_interrupt;
		trace_interrupt = NULL;
		handler();
	}
	return sequence;
}
