/*
 * From the machine's device tree to boot_info, and from a CPU's number to its struct cpu.
 *
 * Teaches: a machine without firmware calls still tells what it is: a flattened device tree lists memory, CPUs, the command
 * line and the boot archive, and libfdt reads it. Nothing about the machine's size is compiled in.
 * Who calls: start.S: boot_start() on the CPU that won the election, boot_arrive() on the others. Whom it calls: kernel_main().
 * Locks: boot_lock, held in boot_start() and boot_arrive().
 * Invariant: what boot_info points at (the tree, the archive) is listed as reserved, so it stays where it is.
 * Simplified: #address-cells and #size-cells of the root are 2, as this machine has them (checked). Devicetree Specification
 * 0.4; the properties of a CPU are those of the Power Architecture Platform Requirements.
 */
#include <libfdt.h>

#include "abi/information.h"
#include "arch.h"
#include "boot/command_line.h"
#include "boot/starting.h"
#include "core/cpu.h"
#include "core/panic.h"
#include "core/print.h"
#include "ppc64.h"

/* A CPU with this PIR stops before it takes boot_lock (start.S): for tests. */
extern uint64_t boot_deaf_pir;

extern char kernel_start[], kernel_end[];

static struct boot_info boot;

/* Bit n: the CPU with PIR n may have segments of 1 TiB. */
#define PIRS 1024
static uint64_t tib_segments[PIRS / 64];

/* What the machine says cannot be used: no bug of the kernel's, so no panic. */
_Noreturn static void refuse(const char *why)
{
	kprintf("boot: %s\n", why);
	arch_power_off(false);
}

/* Refuses a range that leaves no room for rounding at the end of the 64-bit addresses. */
static void range_check(uint64_t base, uint64_t bytes)
{
	if (bytes > UINT64_MAX - PAGE_BYTES || base > UINT64_MAX - PAGE_BYTES - bytes)
		refuse("the device tree lists memory beyond the last address");
}

static void range_add(struct boot_range *ranges, unsigned *count, uint64_t base, uint64_t bytes)
{
	if (bytes == 0)
		return;
	if (*count == BOOT_RANGES_MAX)
		refuse("the device tree lists more memory ranges than the kernel holds");
	/* In ascending order. */
	unsigned place = (*count)++;
	for (; place > 0 && ranges[place - 1].base.p > base; place--)
		ranges[place] = ranges[place - 1];
	ranges[place] = (struct boot_range){paddr(base), bytes};
}

static void reserve(uint64_t base, uint64_t bytes)
{
	range_check(base, bytes);
	uint64_t start = round_down(base, PAGE_BYTES);
	range_add(boot.reserved, &boot.reserved_ranges, start, bytes ? round_up(base + bytes, PAGE_BYTES) - start : 0);
}

/* A property of one or two cells as a number; `otherwise` if the node does not have it. */
static uint64_t property_number(const void *tree, int node, const char *name, uint64_t otherwise)
{
	int bytes;
	const void *value = fdt_getprop(tree, node, name, &bytes);
	if (value && bytes == sizeof(fdt32_t))
		return fdt32_ld(value);
	if (value && bytes == sizeof(fdt64_t))
		return fdt64_ld(value);
	return otherwise;
}

static bool property_is(const void *tree, int node, const char *name, const char *text)
{
	int bytes;
	const char *value = fdt_getprop(tree, node, name, &bytes);
	return value && bytes == (int)strlen(text) + 1 && memcmp(value, text, (size_t)bytes) == 0;
}

/* `reg` of a memory node: pairs of address and size, two cells each. */
static void memory_add(const void *tree, int node)
{
	int bytes;
	const fdt64_t *reg = fdt_getprop(tree, node, "reg", &bytes);
	for (int pair = 0; reg && pair < bytes / 16; pair++) {
		uint64_t base = fdt64_ld(&reg[2 * pair]);
		uint64_t size = fdt64_ld(&reg[2 * pair + 1]);
		range_check(base, size);
		uint64_t start = round_up(base, PAGE_BYTES);
		uint64_t end = round_down(base + size, PAGE_BYTES);
		range_add(boot.ram, &boot.ram_ranges, start, end > start ? end - start : 0);
	}
}

/* Where the chip of firmware is seen, through the LPC bus (the machine has no other way to say so). */
#define FLASH_BASE UINT64_C(0x60300fc000000)

static void memory_read(const void *tree)
{
	int root = fdt_path_offset(tree, "/");
	if (property_number(tree, root, "#address-cells", 0) != 2 || property_number(tree, root, "#size-cells", 0) != 2)
		refuse("the device tree's addresses are not of two cells");
	int node;
	fdt_for_each_subnode(node, tree, root)
	{
		if (property_is(tree, node, "device_type", "memory"))
			memory_add(tree, node);
	}
	if (boot.ram_ranges == 0)
		refuse("the device tree lists no memory");
	for (int i = 0; i < fdt_num_mem_rsv(tree); i++) {
		uint64_t base, bytes;
		if (fdt_get_mem_rsv(tree, i, &base, &bytes) == 0)
			reserve(base, bytes);
	}
	reserve((uint64_t)(uintptr_t)kernel_start, (uint64_t)(kernel_end - kernel_start));
	reserve((uint64_t)(uintptr_t)tree, fdt_totalsize(tree));
}

static void chosen_read(const void *tree)
{
	boot.command_line = "";
	int chosen = fdt_path_offset(tree, "/chosen");
	if (chosen < 0)
		return;
	int bytes;
	const char *command_line = fdt_getprop(tree, chosen, "bootargs", &bytes);
	if (command_line && bytes > 0 && command_line[bytes - 1] == 0)
		boot.command_line = command_line;
	uint64_t start = property_number(tree, chosen, "linux,initrd-start", 0);
	uint64_t end = property_number(tree, chosen, "linux,initrd-end", 0);
	if (end > start) {
		boot.archive = (struct boot_range){paddr(start), end - start};
		reserve(start, end - start);
	}
}

/* CPUs in ascending order of PIR after the one that runs. A core's further threads are not listed: this machine cannot tell them
 * apart. */
static void cpu_add(uint64_t pir)
{
	if (pir == boot.cpu_hw_id[0])
		return;
	unsigned place = boot.cpus++;
	if (place >= MAX_CPUS && boot.cpu_hw_id[MAX_CPUS - 1] < pir)
		return;
	place = (unsigned)min_u64(place, MAX_CPUS - 1);
	for (; place > 1 && boot.cpu_hw_id[place - 1] > pir; place--)
		boot.cpu_hw_id[place] = boot.cpu_hw_id[place - 1];
	boot.cpu_hw_id[place] = pir;
}

/* The sizes of segments, each as the exponent of a power of two: 40 is 1 TiB. */
static void segments_read(const void *tree, int node, uint64_t pir)
{
	int bytes;
	const fdt32_t *size = fdt_getprop(tree, node, "ibm,processor-segment-sizes", &bytes);
	for (int i = 0; size && i < bytes / 4; i++)
		if (fdt32_ld(&size[i]) == 40 && pir < PIRS)
			tib_segments[pir / 64] |= UINT64_C(1) << pir % 64;
}

static void cpus_read(const void *tree, uint64_t boot_pir)
{
	boot.cpu_hw_id[0] = boot_pir;
	boot.cpus = 1;
	int cpus_node = fdt_path_offset(tree, "/cpus");
	int node;
	fdt_for_each_subnode(node, tree, cpus_node)
	{
		if (!property_is(tree, node, "device_type", "cpu") || !property_is(tree, node, "status", "okay"))
			continue;
		uint64_t pir = property_number(tree, node, "ibm,pir", property_number(tree, node, "reg", boot_pir));
		cpu_add(pir);
		segments_read(tree, node, pir);
		timebase_hz = property_number(tree, node, "timebase-frequency", timebase_hz);
	}
	if (timebase_hz == 0)
		refuse("the device tree does not tell the timebase's frequency");
}

enum status arch_cpu_start(struct cpu *cpu)
{
	ASSERT(start_state((unsigned)(cpu - cpus)) == CPU_STARTING);
	if (cpu->fails == CPU_FAILS_BEFORE_LOCK)
		__atomic_store_n(&boot_deaf_pir, cpu->hw_id, __ATOMIC_RELAXED);
	cpu->arch_words[CPU_WORD_START] = CPU_TOLD_TO_START;
	return STATUS_OK;
}

/*
 * Two CPUs may have one PIR (QEMU gives all threads of a core PIR 0): the first is the one. Without a struct cpu yet, so nothing may be
 * called here that needs it.
 */
struct cpu *boot_arrive(uint64_t pir, uint64_t entry_ticks)
{
	for (unsigned i = 1; i < cpus_present; i++) {
		struct cpu *cpu = &cpus[i];
		if (cpu->hw_id != pir || cpu->arch_words[CPU_WORD_START] != CPU_TOLD_TO_START)
			continue;
		cpu->arch_words[CPU_WORD_START] = CPU_HAS_STARTED;
		cpu->entry_ticks = entry_ticks;
		cpu->lock_ticks = arch_time_now();
		return cpu;
	}
	return NULL;
}

/* The processor version register's upper half: Power ISA 3.0B Book III, "Processor Version Register". */
#define PVR_POWER9 0x4e
#define PVR_POWER10 0x80

uint64_t arch_cpu_features(uint32_t *processor)
{
	*processor = (uint32_t)READ_SPR(SPR_PVR);
	unsigned version = *processor >> 16;
	uint64_t features = FEATURE_HASH_MMU;
	if (version >= PVR_POWER9)
		features |= FEATURE_RADIX_MMU | FEATURE_POWER9;
	if (version >= PVR_POWER10)
		features |= FEATURE_POWER10;
	return features | (tib_segments[arch_cpu()->hw_id % PIRS / 64] >> arch_cpu()->hw_id % 64 & 1 ? FEATURE_TIB_SEGMENTS : 0);
}

void boot_start(const void *tree, uint64_t pir)
{
	cpu_prepare(0, pir);
	cpus[0].entry_ticks = cpus[0].lock_ticks = arch_time_now();
	if (fdt_check_header(tree) != 0)
		refuse("there is no device tree");
	boot.machine = "ppc64";
	boot.elf_machine = 21; /* EM_PPC64 */
	boot.image = (struct boot_range){paddr((uint64_t)(uintptr_t)kernel_start), (uint64_t)(kernel_end - kernel_start)};
	memory_read(tree);
	chosen_read(tree);
	boot.flash = (struct boot_range){paddr(FLASH_BASE), command_number(boot.command_line, "flash", 0) * KIB};
	cpus_read(tree, pir);
	mmu_hash_init();
	xive_init(boot.cpu_hw_id[0]);
	kernel_main(&boot);
}
