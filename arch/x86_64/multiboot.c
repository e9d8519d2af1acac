/*
 * What a Multiboot 1 loader says: RAM, the command line, the boot archive (Multiboot Specification 0.6.96, section 3.3).
 *
 * Teaches: the older way to hand things over: one structure at a fixed layout, whose flags say which of its fields mean something.
 * Who calls: boot_main(), on the boot CPU, before anything else runs. Calls loader.c. Locks: none needed.
 * The invariant: every length is checked before what it measures is read.
 * QEMU: `-append` arrives behind the file name given to -kernel and a space; the file of `-initrd` is the first module;
 * information, strings and modules lie in RAM above the image. The first word of the command line is the image's name, so that
 * name cannot hold a space.
 */
#include "firmware.h"

#define FLAG_MEMORY 0x1
#define FLAG_COMMAND_LINE 0x4
#define FLAG_MODULES 0x8
#define FLAG_MEMORY_MAP 0x40
#define MEMORY_RAM 1
#define COMMAND_LINE_LOOKED_AT KIB /* it has no length: so much of it is read at most */

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

static void read_memory_map(const struct multiboot_information *information, struct boot_info *boot)
{
	uint64_t left = information->memory_map_bytes;
	const uint8_t *at = firmware_memory(information->memory_map_at, left);
	while (at && left >= sizeof(struct multiboot_memory)) {
		const struct multiboot_memory *entry = (const void *)at;
		uint64_t stride = (uint64_t)entry->bytes + sizeof(entry->bytes);
		if (stride < sizeof(*entry) || stride > left)
			return boot_say("multiboot: memory map cut short: bad entry\n");
		uint64_t base = (uint64_t)entry->base_high << 32 | entry->base_low;
		uint64_t bytes = (uint64_t)entry->length_high << 32 | entry->length_low;
		if (entry->type == MEMORY_RAM && base + bytes > base)
			loader_add_ram(boot, base, bytes);
		at += stride;
		left -= stride;
	}
}

static void read_memory(const struct multiboot_information *information, struct boot_info *boot)
{
	if (information->flags & FLAG_MEMORY_MAP) {
		read_memory_map(information, boot);
	} else if (information->flags & FLAG_MEMORY) {
		loader_add_ram(boot, 0, information->memory_lower_kib * KIB);
		loader_add_ram(boot, MIB, information->memory_upper_kib * KIB);
	}
}

/* The command line, without its first word: what the loader calls the image. */
static void read_command_line(uint32_t at, struct boot_info *boot)
{
	const char *from = firmware_memory(at, COMMAND_LINE_LOOKED_AT);
	if (!from)
		return;
	uint64_t skip = 0;
	while (skip < COMMAND_LINE_LOOKED_AT && from[skip] && from[skip] != ' ')
		skip++;
	while (skip < COMMAND_LINE_LOOKED_AT && from[skip] == ' ')
		skip++;
	loader_set_command_line(boot, from + skip, COMMAND_LINE_LOOKED_AT - skip);
}

static void read_archive(const struct multiboot_information *information, struct boot_info *boot)
{
	const struct multiboot_module *module = firmware_memory(information->modules_at, sizeof(*module));
	if (!module)
		return boot_say("multiboot: the list of modules cannot be reached\n");
	loader_set_archive(boot, module->start, module->end);
}

void multiboot_read(uint64_t information_at, struct boot_info *boot)
{
	const struct multiboot_information *information = firmware_memory(information_at, sizeof(*information));
	if (!information)
		return boot_say("multiboot: no information\n");
	read_memory(information, boot);
	if (information->flags & FLAG_COMMAND_LINE)
		read_command_line(information->command_line, boot);
	if (information->flags & FLAG_MODULES && information->modules)
		read_archive(information, boot);
}
