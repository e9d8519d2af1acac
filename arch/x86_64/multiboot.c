/*
 * What the loader says: RAM, the command line, the boot archive (Multiboot Specification 0.6.96, section 3.3).
 *
 * Teaches: data from outside is not trusted: every length is checked before what it measures is read, and what does not fit is
 * left out and said on the console.
 * Who calls: boot_main(), on the boot CPU, before anything else runs. Calls direct_map() before it looks at memory.
 * The invariant: afterwards ram[] is page-aligned, ascending, without overlap, and reachable at DIRECT_BASE.
 * QEMU: `-append` arrives behind the file name given to -kernel and a space; the file of `-initrd` is the first module;
 * information, strings and modules lie in RAM above the image. The first word of the command line is the image's name, so that
 * name cannot hold a space.
 */
#include "x86.h"

#define FLAG_MEMORY 0x1
#define FLAG_COMMAND_LINE 0x4
#define FLAG_MODULES 0x8
#define FLAG_MEMORY_MAP 0x40
#define MEMORY_RAM 1
#define COMMAND_LINE_BYTES 1024
#define FIRMWARE_END MIB

struct multiboot_information {
	uint32_t flags;
	uint32_t memory_lower_kib, memory_upper_kib;
	uint32_t boot_device;
	uint32_t command_line;
	uint32_t modules, modules_at;
	uint32_t symbols[4];
	uint32_t memory_map_bytes, memory_map_at;
};

struct multiboot_module {
	uint32_t start, end; /* the end is the first byte behind it */
	uint32_t command_line, zero;
};

/* `bytes` counts what follows it. */
struct multiboot_memory {
	uint32_t bytes;
	uint32_t base_low, base_high;
	uint32_t length_low, length_high;
	uint32_t type;
};

static char command_line[COMMAND_LINE_BYTES];

/* Where `bytes` of the loader's data can be read, or NULL. */
static const void *loader_data(uint64_t at, uint64_t bytes)
{
	return direct_map(at, bytes) ? arch_phys_to_virt(paddr(at)) : NULL;
}

static bool range_insert(struct boot_range *ranges, unsigned *count, uint64_t base, uint64_t end)
{
	if (*count == BOOT_RANGES_MAX)
		return false;
	unsigned i = (*count)++;
	for (; i > 0 && ranges[i - 1].base.p > base; i--)
		ranges[i] = ranges[i - 1];
	ranges[i] = (struct boot_range){.base = paddr(base), .bytes = end - base};
	return true;
}

/* Adds the whole pages of a piece of RAM; a piece that overlaps one already there is refused. */
static void add_ram(struct boot_info *boot, uint64_t base, uint64_t bytes)
{
	if (base >= DIRECT_BYTES_MAX)
		return boot_say("multiboot: RAM beyond what the direct map holds: left unused\n");
	uint64_t end = round_down(base + bytes, PAGE_BYTES);
	base = round_up(base, PAGE_BYTES);
	if (end > DIRECT_BYTES_MAX) {
		boot_say("multiboot: RAM beyond what the direct map holds: left unused\n");
		end = DIRECT_BYTES_MAX;
	}
	if (base >= end)
		return;
	for (unsigned i = 0; i < boot->ram_ranges; i++)
		if (base < boot->ram[i].base.p + boot->ram[i].bytes && boot->ram[i].base.p < end)
			return boot_say("multiboot: RAM listed twice: second entry left out\n");
	if (!direct_map(base, end - base) || !range_insert(boot->ram, &boot->ram_ranges, base, end))
		boot_say("multiboot: more pieces of RAM than the kernel holds: one left unused\n");
}

static void add_reserved(struct boot_info *boot, uint64_t base, uint64_t end)
{
	base = round_down(base, PAGE_BYTES);
	end = round_up(end, PAGE_BYTES);
	if (!range_insert(boot->reserved, &boot->reserved_ranges, base, end))
		boot_say("multiboot: too many reserved ranges\n");
}

static void read_memory_map(const struct multiboot_information *information, struct boot_info *boot)
{
	uint64_t left = information->memory_map_bytes;
	const uint8_t *at = loader_data(information->memory_map_at, left);
	while (at && left >= sizeof(struct multiboot_memory)) {
		const struct multiboot_memory *entry = (const void *)at;
		uint64_t stride = (uint64_t)entry->bytes + sizeof(entry->bytes);
		if (stride < sizeof(*entry) || stride > left)
			return boot_say("multiboot: memory map cut short: bad entry\n");
		uint64_t base = (uint64_t)entry->base_high << 32 | entry->base_low;
		uint64_t bytes = (uint64_t)entry->length_high << 32 | entry->length_low;
		if (entry->type == MEMORY_RAM && base + bytes > base)
			add_ram(boot, base, bytes);
		at += stride;
		left -= stride;
	}
}

static void read_memory(const struct multiboot_information *information, struct boot_info *boot)
{
	if (information->flags & FLAG_MEMORY_MAP) {
		read_memory_map(information, boot);
	} else if (information->flags & FLAG_MEMORY) {
		add_ram(boot, 0, information->memory_lower_kib * KIB);
		add_ram(boot, MIB, information->memory_upper_kib * KIB);
	}
}

/* Copies the command line, without its first word: what the loader calls the image. */
static void read_command_line(uint32_t at)
{
	const char *from = loader_data(at, COMMAND_LINE_BYTES);
	if (!from)
		return;
	size_t skip = 0, length = 0;
	while (skip < COMMAND_LINE_BYTES && from[skip] && from[skip] != ' ')
		skip++;
	while (skip < COMMAND_LINE_BYTES && from[skip] == ' ')
		skip++;
	while (skip + length < COMMAND_LINE_BYTES - 1 && from[skip + length]) {
		command_line[length] = from[skip + length];
		length++;
	}
	command_line[length] = 0;
	if (skip + length == COMMAND_LINE_BYTES - 1)
		boot_say("multiboot: command line cut to 1023 characters\n");
}

static void read_archive(const struct multiboot_information *information, struct boot_info *boot)
{
	const struct multiboot_module *module = loader_data(information->modules_at, sizeof(*module));
	if (!module || module->end <= module->start || !direct_map(module->start, module->end - module->start))
		return boot_say("multiboot: the boot archive cannot be reached: left out\n");
	boot->archive = (struct boot_range){.base = paddr(module->start), .bytes = module->end - module->start};
	add_reserved(boot, module->start, module->end);
}

void multiboot_read(uint32_t information_at, struct boot_info *boot)
{
	boot->command_line = command_line;
	/* The firmware's data, and the page where other CPUs start. */
	add_reserved(boot, 0, FIRMWARE_END);
	add_reserved(boot, arch_virt_to_phys(image_start).p, arch_virt_to_phys(image_end).p);
	const struct multiboot_information *information = loader_data(information_at, sizeof(*information));
	if (!information)
		return boot_say("multiboot: no information\n");
	read_memory(information, boot);
	if (information->flags & FLAG_COMMAND_LINE)
		read_command_line(information->command_line);
	if (information->flags & FLAG_MODULES && information->modules)
		read_archive(information, boot);
}
