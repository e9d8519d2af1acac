/*
 * What a loader tells, in the words of struct boot_info: the part that both kinds of Multiboot have in common.
 *
 * Teaches: data from outside is not trusted: what does not fit is left out and said on the console, and the kernel carries on with
 * the rest.
 * Who calls: multiboot.c and multiboot2.c, on the boot CPU, before anything else runs. Calls direct_map(). Locks: none needed.
 * The invariant: ram[] and reserved[] are page-aligned and ascending, ram[] without overlap and reachable at DIRECT_BASE.
 */
#include "firmware.h"

#define COMMAND_LINE_BYTES 1024

static char command_line[COMMAND_LINE_BYTES];

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

void loader_add_ram(struct boot_info *boot, uint64_t base, uint64_t bytes)
{
	if (base >= DIRECT_BYTES_MAX)
		return boot_say("boot: RAM beyond what the direct map holds: left unused\n");
	uint64_t end = bytes > DIRECT_BYTES_MAX ? UINT64_MAX : base + bytes;
	if (end > DIRECT_BYTES_MAX) {
		boot_say("boot: RAM beyond what the direct map holds: left unused\n");
		end = DIRECT_BYTES_MAX;
	}
	base = round_up(base, PAGE_BYTES);
	end = round_down(end, PAGE_BYTES);
	if (base >= end)
		return;
	for (unsigned i = 0; i < boot->ram_ranges; i++)
		if (base < boot->ram[i].base.p + boot->ram[i].bytes && boot->ram[i].base.p < end)
			return boot_say("boot: RAM listed twice: second entry left out\n");
	if (!direct_map(base, end - base) || !range_insert(boot->ram, &boot->ram_ranges, base, end))
		boot_say("boot: more pieces of RAM than the kernel holds: one left unused\n");
}

void loader_add_reserved(struct boot_info *boot, uint64_t base, uint64_t end)
{
	base = round_down(base, PAGE_BYTES);
	end = round_up(end, PAGE_BYTES);
	if (!range_insert(boot->reserved, &boot->reserved_ranges, base, end))
		boot_say("boot: too many reserved ranges\n");
}

void loader_set_archive(struct boot_info *boot, uint64_t start, uint64_t end)
{
	if (boot->archive.bytes)
		return boot_say("boot: more than one module: only the first is the boot archive\n");
	if (end <= start || !direct_map(start, end - start))
		return boot_say("boot: the boot archive cannot be reached: left out\n");
	boot->archive = (struct boot_range){.base = paddr(start), .bytes = end - start};
	loader_add_reserved(boot, start, end);
}

void loader_set_command_line(struct boot_info *boot, const char *from, uint64_t bytes)
{
	uint64_t length = 0;
	for (; length < bytes && length < COMMAND_LINE_BYTES - 1 && from[length]; length++)
		command_line[length] = from[length];
	command_line[length] = 0;
	boot->command_line = command_line;
	if (length == COMMAND_LINE_BYTES - 1 && length < bytes && from[length])
		boot_say("boot: command line cut to 1023 characters\n");
}
