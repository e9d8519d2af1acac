/*
 * What the C files of this port share.
 *
 * Teaches: nothing by itself. The words of cpu->arch_words are named here, and the calls between boot, CPUs and the MMU.
 */
#pragma once

#include "core/cpu.h"
#include "types.h"

/* cpu->arch_words, used only by the CPU itself unless said otherwise. */
enum cpu_word {
	CPU_WORD_START,        /* enum cpu_start_word; written by the boot CPU, then by the CPU itself, with boot_lock */
	CPU_WORD_DEADLINE,     /* the tick the decrementer is to interrupt at; UINT64_MAX: never */
	CPU_WORD_SPACE,        /* struct mmu_space * that the SLB belongs to */
	CPU_WORD_SLB_SEGMENTS, /* bit n: segment n is in the SLB */
	CPU_WORD_SLB_NEXT,     /* the SLB slot the next segment goes to */
};

enum cpu_start_word { CPU_NOT_WANTED, CPU_TOLD_TO_START, CPU_HAS_STARTED };

/* The timebase's frequency, from the device tree. */
extern uint64_t timebase_hz;

/* Makes the hashed page table the machine's and `mmu` the hash back end. Before any CPU translates; called once. */
void mmu_hash_init(void);

/* Points the calling CPU at the hashed page table and empties its SLB. */
void mmu_hash_cpu_init(void);

/*
 * The interrupt controller and its one device line: made ready, on the CPU with this number, which will take the interrupts; whether an
 * interrupt was one, taken from the controller; its end; and whether the line may interrupt.
 */
void xive_init(uint64_t pir);
bool xive_claim(void);
void xive_done(void);
void xive_hold_back(bool hold);

/* The boot CPU arrives here from start.S: builds boot_info, enters the kernel. */
_Noreturn void boot_start(const void *tree, uint64_t pir);

/* Every other CPU comes here, on the boot stack, with boot_lock: its struct cpu, or NULL if nobody has told it to start. */
struct cpu *boot_arrive(uint64_t pir, uint64_t entry_ticks);

/* A trap from kernel mode; returns the frame to resume, which is the one it was given. */
struct trap_frame *trap_from_kernel(struct trap_frame *frame);

/* Entry code and places in it: start.S, trap_entry.S, uaccess.S. */
void kernel_entry(void);
void trap_syscall(void);
extern const char idle_window[], idle_window_end[];
extern const char uaccess_begin[], uaccess_end[], uaccess_fixup[];
size_t uaccess_copy_in(void *to, uint64_t from, size_t bytes);
size_t uaccess_copy_out(uint64_t to, const void *from, size_t bytes);
