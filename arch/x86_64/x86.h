/*
 * What the files of this machine share: the privileged instructions C has no words for, and each other's functions.
 *
 * Teaches: where C ends. Every instruction wrapped here does something to the processor that no C statement can say.
 * Who includes: arch/x86_64/ only; the portable kernel sees arch.h.
 */
#pragma once

#include "arch.h"
#include "core/cpu.h"
#include "firmware.h"
#include "frame_offsets.h"
#include "mmu.h"
#include "types.h"

/* ---- instructions ---- */

static inline void port_write_8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline void port_write_16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port));
}

static inline uint8_t port_read_8(uint16_t port)
{
	uint8_t value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t port_read_32(uint16_t port)
{
	uint32_t value;
	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint64_t msr_read(uint32_t msr)
{
	uint32_t low, high;
	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf)
{
	struct cpuid r;
	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(0));
	return r;
}

static inline uint64_t cr2_read(void)
{
	uint64_t value;
	__asm__ volatile("movq %%cr2, %0" : "=r"(value)::"memory");
	return value;
}

/* Loads the root of the page table; drops every translation this CPU holds. */
static inline void cr3_write(uint64_t value)
{
	__asm__ volatile("movq %0, %%cr3" ::"r"(value) : "memory");
}

static inline uint64_t cr4_read(void)
{
	uint64_t value;
	__asm__ volatile("movq %%cr4, %0" : "=r"(value)::"memory");
	return value;
}

static inline void cr4_write(uint64_t value)
{
	__asm__ volatile("movq %0, %%cr4" ::"r"(value) : "memory");
}

static inline void invlpg(uint64_t va)
{
	__asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}

/* ---- page table entries: the same at every level (Intel SDM 3A 4.5) ----
 *
 *     63  62            52 51                        12 11   9  8  7  6  5   4   3   2   1  0
 *    +--+----------------+---------------------------+------+--+--+--+--+---+---+---+--+--+
 *    |NX|    ignored     | frame, or the next table  |ignored| G|PS| D| A|PCD|PWT| U | W| P|
 *    +--+----------------+---------------------------+------+--+--+--+--+---+---+---+--+--+
 */
#define PTE_PRESENT (UINT64_C(1) << 0)
#define PTE_WRITE (UINT64_C(1) << 1)
#define PTE_USER (UINT64_C(1) << 2)
#define PTE_WRITE_THROUGH (UINT64_C(1) << 3)
#define PTE_CACHE_DISABLE (UINT64_C(1) << 4)
#define PTE_ACCESSED (UINT64_C(1) << 5)
#define PTE_DIRTY (UINT64_C(1) << 6)
#define PTE_LARGE (UINT64_C(1) << 7) /* level 2 or 3: the entry maps 2 MiB or 1 GiB itself */
#define PTE_WIRED (UINT64_C(1) << 9) /* ignored by the processor: MMU_WIRED */
#define PTE_NX (UINT64_C(1) << 63)
#define PTE_FRAME UINT64_C(0x000ffffffffff000)
#define PTE_TABLE (PTE_PRESENT | PTE_WRITE)
#define PTE_DEVICE (PTE_CACHE_DISABLE | PTE_WRITE_THROUGH)

#define TABLE_ENTRIES 512
#define LARGE_BYTES (UINT64_C(1) << 21) /* what a level 2 entry covers */

/* ---- boot.S ---- */
extern char image_start[], text_end[], rodata_end[], image_end[];
extern uint64_t boot_root4[], boot_root5[], kernel_root4[], kernel_root5[];
extern uint64_t kernel_direct_pointers[], kernel_device_directory[];
extern uint32_t boot_root, boot_cr4; /* what every CPU on its way up loads */
extern uint32_t boot_deaf_apic;      /* this CPU stops before it takes boot_lock: for tests */
void boot_paging_restart(void);

/* ---- trampoline.S ---- */
extern const uint8_t boot_trampoline[];
extern const uint32_t boot_trampoline_bytes;
extern const uint32_t boot_trampoline_words; /* where in it struct trampoline_words is */

/* ---- boot.c: the upcalls of boot.S ---- */

/* On the boot stack, boot_lock held: makes the first CPU, or another one, able to do without. NULL: it has to stop. */
struct cpu *boot_main(uint32_t magic, uint32_t information);
struct cpu *boot_cpu_main(uint64_t entry_ticks);

/* On the CPU's own stack, boot_lock held. */
_Noreturn void boot_leave(struct cpu *cpu);

/* ---- kernel_space.c: the kernel's half of every address space; and direct_map(), which firmware.h declares ---- */

/* Makes a device's registers reachable, cache-inhibited; at most 4 KiB from `base`. */
volatile uint32_t *device_map(uint64_t base);

/* ---- cpu.c ---- */

/* GS, GDT, TSS, IDT, CR4: the calling CPU can take exceptions after this. `cpu` has been prepared. */
void cpu_load_tables(struct cpu *cpu);

/* Which of the features that this port needs the CPU lacks: its name, or NULL. */
const char *cpu_missing_feature(void);

/* ---- apic.c ---- */
void apic_init(void);                  /* this CPU's local APIC */
void io_apic_init(void);               /* once, on the boot CPU */
void apic_timer_start(uint32_t count); /* counts down once, then VECTOR_TIMER; 0 stops it */
uint32_t apic_timer_count(void);
void apic_command(uint64_t hw_id, uint32_t low); /* interrupt command register: IPI, INIT, SIPI */
#define APIC_COMMAND_INIT 0x4500
#define APIC_COMMAND_STARTUP 0x4600 /* | page number of the trampoline */
#define APIC_COMMAND_FIXED 0x4000   /* | vector */

/* ---- time.c ---- */
void time_calibrate(void); /* once, on the boot CPU, its local APIC on */

/* ---- smp.c ---- */

/* The calling CPU has left the trampoline, and holds boot_lock. Its struct cpu, or NULL if nobody told it to start. */
struct cpu *cpu_arrive(uint64_t hw_id);

/* ---- console.c ---- */
void console_init(void);
void boot_say_number(uint64_t number); /* in hexadecimal; like boot_say(), which firmware.h declares */

/* ---- mmu_radix.c ---- */

/* Chooses `mmu` and the tables of the kernel alone. `levels`: 4 or 5. */
void radix_init(unsigned levels);
