/*
 * The machine contract: everything the portable kernel asks of a machine, and the three calls a machine makes back.
 *
 * Teaches: how little of a kernel is about the machine. A port is done when these calls exist and the tests pass; nothing
 * else in kernel/ knows where it runs. The calls marked `inline` are on hot paths: they are declared here, and the
 * machine's <arch_inline.h>, included at the end, defines them and `struct trap_frame`, so the compiler checks conformance.
 * Who calls: all of kernel/. Who answers: arch/x86_64, arch/ppc64, and tests/unit/arch_sim.c for the host's unit tests.
 *
 * When what may be used: putc and phys_to_virt from the first instruction of kernel_main; arch_cpu() too; irqs and time after
 * arch_cpu_init() on that CPU; ipi_send to a CPU that is online.
 */
#pragma once

#include "abi/message.h"
#include "abi/status.h"
#include "types.h"

struct cpu;
struct trap_frame; /* the user registers of a thread, whole; laid out by the machine */

/* What a machine tells the kernel at boot. All addresses are physical; strings are NUL-terminated and stay where they are. */
#define BOOT_RANGES_MAX 32
struct boot_range {
	struct paddr base;
	uint64_t bytes;
};
/* What of ACPI's tables the kernel does not use itself, for whoever asks. Zero is absent. */
struct boot_acpi {
	struct paddr rsdp;      /* the root pointer */
	struct paddr mcfg_base; /* PCI configuration space in memory: where bus 0 would be, and the buses that are there */
	uint8_t mcfg_first_bus, mcfg_last_bus;
	struct paddr dmar;                   /* the table of IOMMUs */
	uint16_t pm1a_control, pm1b_control; /* I/O ports: sleep */
	uint16_t sci;                        /* the line of ACPI's own interrupt */
	uint16_t io_apics;
};

struct boot_info {
	const char *machine;       /* "x86_64", "ppc64" */
	unsigned elf_machine;      /* e_machine of programs that run here: 62 (x86-64), 21 (64-bit POWER) */
	const char *command_line;  /* without the image's name */
	struct boot_range image;   /* the kernel itself */
	struct boot_range archive; /* the boot archive (ustar); bytes = 0 if there is none */
	unsigned ram_ranges;       /* usable RAM, page-aligned, in ascending order */
	struct boot_range ram[BOOT_RANGES_MAX];
	unsigned reserved_ranges; /* parts of it already in use: image, archive, tables, firmware's data */
	struct boot_range reserved[BOOT_RANGES_MAX];
	struct boot_range flash;      /* the flash chip's window; bytes = 0 if there is none */
	unsigned cpus;                /* CPUs the machine says it has; entry 0 is the one that runs now */
	uint64_t cpu_hw_id[MAX_CPUS]; /* APIC id, PIR */
	struct boot_acpi acpi;
};

enum access { ACCESS_LOAD, ACCESS_STORE, ACCESS_EXEC };

/* Why the CPU left what it was doing, in words that mean the same on every machine. */
enum trap_kind {
	TRAP_SYSCALL,
	TRAP_IRQ,
	TRAP_FAULT,      /* no translation, or one that does not allow it; see the fields below */
	TRAP_ILLEGAL,    /* an instruction that does not exist or is switched off */
	TRAP_PRIVILEGED, /* an instruction only the kernel may use */
	TRAP_DIVIDE,     /* integer division fault, where the machine has one */
	TRAP_ALIGNMENT,
	TRAP_BREAKPOINT,
	TRAP_MACHINE, /* anything else: `vector` says what */
};

struct trap {
	enum trap_kind kind;
	bool from_user;
	unsigned vector; /* the machine's own number for it */
	struct vaddr pc;
	/* TRAP_FAULT only: */
	struct vaddr va; /* the address that faulted; what the machine reports for a non-canonical one is 0 or the address */
	enum access access;
	bool segment;    /* the address's segment was not loaded (POWER SLB miss); the page was not even looked for */
	bool protection; /* there was a translation, and it forbade the access */
	uint64_t raw;    /* error code, DSISR, SRR1: for the trace */
};

/* What arch_irq_claim() found. A device's line n is IRQ_DEVICE + n. */
enum irq { IRQ_NONE, IRQ_TIMER, IRQ_IPI, IRQ_DEVICE };

/* ---- cpu: init id idle halt features ---- */

/* Makes the calling CPU able to take traps, keep time and enter user mode. Called once on each, irqs off. */
void arch_cpu_init(struct cpu *cpu);

/* inline: the calling CPU's per-CPU data. */
static inline struct cpu *arch_cpu(void);

/* inline: a hint that the CPU spins. */
static inline void arch_cpu_relax(void);

/*
 * Waits until an interrupt has been taken, and returns with irqs off. Called with irqs off. An interrupt that became pending
 * before the call ends the wait at once: no wake-up is lost between the caller's last look and the wait.
 */
void arch_cpu_idle(void);

/* Stops the calling CPU for good. */
_Noreturn void arch_cpu_halt(void);

/* What the calling CPU has of enum information_feature (abi/information.h), and which model it is. */
uint64_t arch_cpu_features(uint32_t *processor);

/* ---- irq: save restore mask claim done ---- */

/* inline: switches interrupts off; returns whether they were on. */
static inline bool arch_irq_save(void);

/* inline: switches interrupts on if `were_on`, else off. */
static inline void arch_irq_restore(bool were_on);

/* inline: whether interrupts are on. */
static inline bool arch_irq_enabled(void);

/*
 * Lets device line `irq` through to CPUs, or holds it back: what it wants meanwhile comes when it is let through. A line whose wants the
 * controller would forget is not held back; then it is claimed again, and the caller remembers. INVALID for a line the machine
 * does not have.
 */
enum status arch_irq_mask(enum irq irq, bool masked);

/* Which interrupt the trap in hand is about; takes it from the controller. IRQ_NONE if it was spurious. */
enum irq arch_irq_claim(const struct trap *trap);

/* Tells the controller that `irq` has been handled. */
void arch_irq_done(enum irq irq);

/* ---- trap: decode frame_init syscall_args message user_enter, user memory ---- */

/* inline: whether the frame is a system call's; the fast question before arch_trap_decode(). */
static inline bool arch_trap_is_syscall(const struct trap_frame *frame);

/* Says what a trap was about. The frame is the one kernel_trap() was given. */
void arch_trap_decode(const struct trap_frame *frame, struct trap *trap);

/* Makes `frame` start a thread: at `entry`, with stack pointer `stack_top` and `argument` in the first argument register. */
void arch_frame_init(struct trap_frame *frame, struct vaddr entry, struct vaddr stack_top, uint64_t argument);

/* inline: the number and the five arguments of a system call, as abi/syscall.h lays them down. */
static inline uint64_t arch_syscall_args(const struct trap_frame *frame, uint64_t arguments[5]);

/* inline: sets the first three arguments of a frame that arch_frame_init() made; and where a frame goes on, in user space. */
static inline void arch_frame_arguments(struct trap_frame *frame, uint64_t first, uint64_t second, uint64_t third);
static inline void arch_frame_set_pc(struct trap_frame *frame, struct vaddr pc);

/* inline: sets the results of a system call. */
static inline void arch_syscall_result(struct trap_frame *frame, enum status status, uint64_t value);

/*
 * inline: lets the system call that `frame` made be made again, from the start and with the same arguments, when its thread next
 * runs. Called before any result is set.
 */
static inline void arch_syscall_restart(struct trap_frame *frame);

/* inline: the message an ipc_* call carries, as abi/message.h lays it down; returns the endpoint's handle. */
static inline uint64_t arch_message_get(const struct trap_frame *frame, struct message *message);

/* inline: sets the results of an ipc_* call: the status and a message. */
static inline void arch_message_set(struct trap_frame *frame, enum status status, const struct message *message);

/* Enters user mode with the registers of `frame`, from the scheduler, for the first time on this CPU. Never returns. */
_Noreturn void arch_user_enter(struct trap_frame *frame);

/*
 * Copies `bytes` between the kernel and the *current* address space through the MMU, with plain loads and stores that may
 * fault. Returns how many bytes at the end were NOT copied. On a fault the machine calls kernel_trap() as for any other; the
 * portable handler stores what happened in cpu->uaccess_trap and resumes at the fix-up by arch_uaccess_fixup().
 */
size_t arch_copy_from_user(void *to, struct vaddr from, size_t bytes);
size_t arch_copy_to_user(struct vaddr to, const void *from, size_t bytes);

/* If the kernel-mode frame stopped inside one of the two copies, moves it to the fix-up and returns true. */
bool arch_uaccess_fixup(struct trap_frame *frame);

/* ---- ports: read write ---- */

/* One byte from or to an I/O port, for machines whose devices are not all in memory; NOT_FOUND on the others. */
enum status arch_port_read(uint64_t port, uint8_t *value);
enum status arch_port_write(uint64_t port, uint8_t value);

/* ---- time: now hz timer_set ---- */

/* inline: the clock that time-stamps events: ticks since some moment before boot, the same on all CPUs, never backwards. */
static inline uint64_t arch_time_now(void);

/* Ticks a second. */
uint64_t arch_time_hz(void);

/*
 * Asks for IRQ_TIMER on this CPU when the clock reaches `when` (at once if it has); UINT64_MAX for none. Replaces the last.
 * It may come early, and a machine may use it for itself while CPUs start: whoever gets it looks at the clock.
 */
void arch_timer_set(uint64_t when);

/* ---- smp: cpu_start cpu_start_end ipi_send ---- */

/*
 * Lets a CPU of boot_info start and call kernel_secondary(cpu). Does not wait for it. NOT_FOUND if the machine knows at
 * once that there is no such CPU. Called with boot_lock, which the CPU then waits for, of a CPU that is STARTING (boot/starting.h): it may be quick.
 */
enum status arch_cpu_start(struct cpu *cpu);

/*
 * All CPUs that will ever start have reported, or are given up: what starting them needed is given back. One that has not come
 * by now never calls kernel_secondary(). Called once, with boot_lock; never, if a CPU keeps that for itself.
 */
void arch_cpu_start_end(void);

/* Raises IRQ_IPI on an online CPU other than the caller's. What it is about is in cpu->hazards. */
void arch_ipi_send(struct cpu *cpu);

/* ---- misc: putc phys_to_virt page_zero page_seal sync_code power_off backtrace, and one for the trace ---- */

/* Writes one character to the console. '\n' alone ends a line. */
void arch_putc(char c);

/* inline: where the kernel can reach physical RAM; valid for all of boot_info's ram[]. */
static inline void *arch_phys_to_virt(struct paddr address);

/* inline: the other way, for addresses from phys_to_virt and for the kernel image's own data. */
static inline struct paddr arch_virt_to_phys(const void *address);

/* Makes instructions just written at `code` visible to instruction fetch on all CPUs. */
void arch_sync_code(void *code, size_t bytes);

/* inline: fills a page of RAM with zeros, by the machine's quickest way. */
static inline void arch_page_zero(void *page);

/*
 * Makes a page from phys_to_virt read-only for the kernel too, for good: a store there traps. Called on each CPU, the boot CPU first; it
 * holds for a CPU when its call returns. A machine whose kernel runs untranslated can do nothing here.
 */
void arch_page_seal(void *page);

/* Ends the machine; QEMU exits. `well` only chooses the exit code: the verdict is in the descriptor. */
_Noreturn void arch_power_off(bool well);

/* inline: the next return address on a kernel stack: moves `*frame_pointer` one call up; 0 at the end. Start with frame 0. */
static inline uint64_t arch_backtrace_next(uint64_t *frame_pointer);

/*
 * inline: claims the next event slot of this CPU and reads the clock, as one step: an interrupt that emits in the middle
 * makes it start again, so a CPU's timestamps never run backwards. Returns the slot's number, stores the clock in *now.
 */
static inline uint64_t arch_trace_claim(uint64_t *head, uint64_t *now);

/* inline: sequence << 32 | base, where base < 2^32; each machine has one instruction less for it if it is written its way. */
static inline uint64_t arch_trace_header(uint64_t sequence, uint64_t base);

/* ---- upcalls: what a machine calls ---- */

/* The boot CPU, irqs off, on its kernel stack, per-CPU data of CPU 0 reachable. */
_Noreturn void kernel_main(const struct boot_info *boot);

/*
 * Any other CPU that was started, the same; and it holds boot_lock (boot/boot_lock.h), which it took before it used anything that CPUs
 * share when they start.
 */
_Noreturn void kernel_secondary(struct cpu *cpu);

/*
 * Any trap, irqs off. From user mode the frame is cpu->user_frame, and the machine enters user mode with the frame that comes
 * back (the same one if the same thread goes on). From kernel mode the frame is on the kernel stack and comes back itself.
 */
struct trap_frame *kernel_trap(struct trap_frame *frame);

#include <arch_inline.h>
