/*
 * The simulated machine's half of the contract: struct trap_frame and the calls that are inline on real machines.
 *
 * Teaches: what is left of a machine when only the contract is kept. A trap frame carries the trap already decoded, an
 * interrupt is a flag, and user mode is a test that pretends to be a program.
 * Who calls: all of kernel/, when it is compiled for the host's unit tests. Whom it calls: arch_sim.c, by the sim_ functions.
 */
#pragma once

/* The registers of a simulated thread, and why the CPU left it. */
struct trap_frame {
	struct trap trap;
	uint64_t pc;
	uint64_t stack;
	uint64_t argument; /* what the thread was started with */
	uint64_t number;   /* of the system call */
	uint64_t arguments[5];
	enum status status; /* the results of the last system call */
	uint64_t value;
	struct message message; /* of an ipc_* call, and what came back */
	bool restart;           /* the call is to be made again */
	bool in_copy;           /* the kernel stopped inside one of the copies from and to user memory */
	bool fixed_up;          /* and the portable handler has sent it to the fix-up */
};

struct cpu *sim_cpu_current(void);
void sim_relax(void);
bool sim_irq_save(void);
void sim_irq_restore(bool were_on);
bool sim_irq_enabled(void);
uint64_t sim_time_now(void);
void *sim_phys_to_virt(struct paddr address);
struct paddr sim_virt_to_phys(const void *address);
uint64_t sim_trace_claim(uint64_t *head, uint64_t *now);

static inline struct cpu *arch_cpu(void)
{
	return sim_cpu_current();
}

static inline void arch_cpu_relax(void)
{
	sim_relax();
}

static inline bool arch_irq_save(void)
{
	return sim_irq_save();
}

static inline void arch_irq_restore(bool were_on)
{
	sim_irq_restore(were_on);
}

static inline bool arch_irq_enabled(void)
{
	return sim_irq_enabled();
}

static inline bool arch_trap_is_syscall(const struct trap_frame *frame)
{
	return frame->trap.kind == TRAP_SYSCALL;
}

static inline uint64_t arch_syscall_args(const struct trap_frame *frame, uint64_t arguments[5])
{
	for (unsigned i = 0; i < 5; i++)
		arguments[i] = frame->arguments[i];
	return frame->number;
}

static inline void arch_frame_arguments(struct trap_frame *frame, uint64_t first, uint64_t second, uint64_t third)
{
	frame->argument = first;
	frame->arguments[1] = second;
	frame->arguments[2] = third;
}

static inline void arch_frame_set_pc(struct trap_frame *frame, struct vaddr pc)
{
	frame->pc = pc.v;
}

static inline void arch_syscall_result(struct trap_frame *frame, enum status status, uint64_t value)
{
	frame->status = status;
	frame->value = value;
}

static inline void arch_syscall_restart(struct trap_frame *frame)
{
	frame->restart = true;
}

/* The endpoint is the first argument, the message lies beside it. */
static inline uint64_t arch_message_get(const struct trap_frame *frame, struct message *message)
{
	*message = frame->message;
	return frame->arguments[0];
}

static inline void arch_message_set(struct trap_frame *frame, enum status status, const struct message *message)
{
	frame->status = status;
	frame->message = *message;
}

static inline void arch_page_zero(void *page)
{
	__builtin_memset(page, 0, PAGE_BYTES);
}

static inline uint64_t arch_time_now(void)
{
	return sim_time_now();
}

static inline void *arch_phys_to_virt(struct paddr address)
{
	return sim_phys_to_virt(address);
}

static inline struct paddr arch_virt_to_phys(const void *address)
{
	return sim_virt_to_phys(address);
}

/* The host's own stack is not the kernel's to walk: a backtrace is empty here. */
static inline uint64_t arch_backtrace_next(uint64_t *frame_pointer)
{
	*frame_pointer = 0;
	return 0;
}

static inline uint64_t arch_trace_claim(uint64_t *head, uint64_t *now)
{
	return sim_trace_claim(head, now);
}

static inline uint64_t arch_trace_header(uint64_t sequence, uint64_t base)
{
	return sequence << 32 | base;
}
