/*
 * The information page: what the machine is, and what the user at the host said when it was switched on.
 *
 *        0  +-----------------------------------------------------+
 *           | signature "VITRINFO"                                |
 *        8  | checksum | length | major | minor                   |   16 bits each
 *       16  | features: enum information_feature                  |
 *       24  | ticks of the clock a second                         |
 *       32  | bytes of a page | stage                             |   32 bits each
 *       40  | cpu[]: offset | bytes of one | how many | online    |   16 bits each
 *       48  | memory[]: offset | bytes of one | how many | 0      |   16 bits each
 *       56  | flash window: address, bytes; bytes of the archive  |
 *       80  | machine's name                                      |
 *       96  | where the firmware's tables are                     |
 *      136  | command line                                        |
 *     1160  | cpu[16]                                             |
 *     1416  | memory[72]                                          |
 *     3144  +-----------------------------------------------------+   zeros up to the end of the page
 *
 * Made in three stages at boot (kernel/boot/information.c): what the platform is, with every feature set; each CPU is listed, and the
 * features it does not have are taken away; then it is finished. After each stage the sum of its 16-bit words up to `length`
 * is 0. All numbers are in the machine's byte order. A reader that knows `major` may read it, whatever `minor` is.
 */
#pragma once

#include <stdint.h>

#define INFORMATION_SIGNATURE "VITRINFO"
#define INFORMATION_MAJOR 1
#define INFORMATION_MINOR 0
#define INFORMATION_CPUS_MAX 16
#define INFORMATION_MEMORY_MAX 72
#define BOOT_COMMAND_LINE_CHARS 1024

/* clang-format off */
/* What every CPU of the machine has. X(NAME, bit, "what a tool prints") */
#define INFORMATION_FEATURES(X) \
	X(NO_EXECUTE, 0, "pages that cannot be executed (NX)") \
	X(SMEP, 1, "the kernel cannot execute users' pages (SMEP)") \
	X(SMAP, 2, "the kernel cannot touch users' pages by mistake (SMAP)") \
	X(UMIP, 3, "users cannot read where tables lie (UMIP)") \
	X(FSGSBASE, 4, "FS and GS bases in user mode (FSGSBASE)") \
	X(LA57, 5, "five levels of page tables (LA57)") \
	X(GIB_PAGES, 6, "pages of 1 GiB") \
	X(SVM, 7, "virtual machines (SVM)") \
	X(X2APIC, 8, "interrupt controller in registers (x2APIC)") \
	X(TSC_DEADLINE, 9, "timer by deadline (TSC-deadline)") \
	X(INVARIANT_TSC, 10, "clock that never changes its rate (invariant TSC)") \
	X(HASH_MMU, 16, "hashed page table") \
	X(RADIX_MMU, 17, "radix page tables") \
	X(TIB_SEGMENTS, 18, "segments of 1 TiB") \
	X(POWER9, 19, "Power ISA 3.0 (POWER9)") \
	X(POWER10, 20, "Power ISA 3.1 (POWER10)")

#define INFORMATION_MEMORIES(X) \
	X(NONE, 0, "none") \
	X(RAM, 1, "RAM") \
	X(RESERVED, 2, "in use since boot") \
	X(KERNEL, 3, "the kernel's image") \
	X(ARCHIVE, 4, "module: the boot archive") \
	X(COMMAND_LINE, 5, "module: the command line") \
	X(FLASH, 6, "the flash chip's window") \
	X(PAGE, 7, "this page")

#define INFORMATION_STAGES(X) \
	X(NONE, 0, "not begun") \
	X(PLATFORM, 1, "what the platform is") \
	X(CPUS, 2, "CPUs are listed") \
	X(FINISHED, 3, "finished")
/* clang-format on */

#define INFORMATION_FEATURE_ENUM(name, bit, text) FEATURE_##name = 1u << (bit),
#define INFORMATION_MEMORY_ENUM(name, number, text) MEMORY_##name = (number),
#define INFORMATION_STAGE_ENUM(name, number, text) STAGE_##name = (number),
enum information_feature { INFORMATION_FEATURES(INFORMATION_FEATURE_ENUM) };
enum information_memory_type { INFORMATION_MEMORIES(INFORMATION_MEMORY_ENUM) };
enum information_stage { INFORMATION_STAGES(INFORMATION_STAGE_ENUM) };
#undef INFORMATION_FEATURE_ENUM
#undef INFORMATION_MEMORY_ENUM
#undef INFORMATION_STAGE_ENUM

enum information_cpu_flag {
	CPU_FLAG_ONLINE = 1, /* it runs; else the descriptor is all zeros */
	CPU_FLAG_BOOT = 2,   /* it was the first */
};

/* The CPU with this index in handles, masks and traces. */
struct information_cpu {
	uint16_t flags; /* enum information_cpu_flag */
	uint16_t index;
	uint32_t processor; /* which model: CPUID leaf 1 EAX, PVR */
	uint64_t hw_id;     /* the machine's number for it: APIC id, PIR */
};

struct information_memory {
	uint64_t address; /* physical */
	uint64_t bytes;
	uint32_t type; /* enum information_memory_type */
	uint32_t zero;
};

/* Where the firmware's tables lie (ACPI); 0: there is no such thing. */
struct information_acpi {
	uint64_t rsdp;
	uint64_t mcfg_base; /* PCI configuration space in memory, and its buses */
	uint64_t dmar;
	uint8_t mcfg_first_bus, mcfg_last_bus;
	uint16_t pm1a_control, pm1b_control; /* I/O ports */
	uint16_t sci;
	uint16_t io_apics;
	uint16_t zero[3];
};

struct information {
	char signature[8]; /* no NUL */
	uint16_t checksum;
	uint16_t length;
	uint16_t major, minor;
	uint64_t features; /* enum information_feature */
	uint64_t clock_hz;
	uint32_t page_bytes;
	uint32_t stage; /* enum information_stage */
	uint16_t cpu_offset, cpu_bytes, cpus, cpus_online;
	uint16_t memory_offset, memory_bytes, memories, zero;
	uint64_t flash_paddr; /* bytes = 0 if there is none */
	uint64_t flash_bytes;
	uint64_t archive_bytes;
	char machine[16]; /* "x86_64", "ppc64" */
	struct information_acpi acpi;
	char command_line[BOOT_COMMAND_LINE_CHARS];
	struct information_cpu cpu[INFORMATION_CPUS_MAX];
	struct information_memory memory[INFORMATION_MEMORY_MAX];
};

_Static_assert(sizeof(struct information_cpu) == 16 && sizeof(struct information_memory) == 24, "as drawn");
_Static_assert(sizeof(struct information) == 3144 && __builtin_offsetof(struct information, command_line) == 136, "as drawn");
