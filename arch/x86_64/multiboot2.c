/*
 * What a Multiboot 2 loader says: RAM, the command line, the boot archive, ACPI's root pointer, and where it put the image.
 *
 * Teaches: the newer way to hand things over: a list of tags. Each says of what type it is and how long, so a reader skips what it
 * does not know; and so the lengths have to be right before anything else is.
 *
 *      0              4              8                        size, then up to the next multiple of 8
 *     +--------------+--------------+------------------------+
 *     |     type     |     size     |  what the type says    |     the list itself starts with its whole length, and 4 bytes of 0
 *     +--------------+--------------+------------------------+
 *
 * Who calls: boot_main(), on the boot CPU, before anything else runs. Calls loader.c. Locks: none needed.
 * The invariant: a tag is read only up to its size, the list only up to its length, and nothing of it is taken unless it is whole.
 * GRUB 2.06: the command line comes without the image's name; the root pointer is a copy inside the tag.
 * Multiboot2 Specification 2.0, section 3.6.
 */
#include "firmware.h"

enum tag {
	TAG_END = 0,
	TAG_COMMAND_LINE = 1,
	TAG_MODULE = 3,
	TAG_MEMORY_MAP = 6,
	TAG_ACPI_OLD = 14, /* a copy of the root pointer of ACPI 1.0, 20 bytes */
	TAG_ACPI_NEW = 15, /* of a later one, 36 bytes or more */
	TAG_IMAGE = 21,
};

#define LIST_HEADER_BYTES 8
#define TAG_HEADER_BYTES 8
#define TAG_ALIGN 8
#define LIST_BYTES_MAX MIB
#define MEMORY_RAM 1

struct tag_module {
	uint32_t type, size;
	uint32_t start, end; /* the end is the first byte behind it */
	char name[];
};

struct tag_memory_map {
	uint32_t type, size;
	uint32_t entry_bytes, entry_version;
};

struct memory_entry {
	uint64_t base, bytes;
	uint32_t type, zero;
};

/* The least size of each tag that is read; 0 for those that are not. */
static uint32_t tag_bytes_least(uint32_t type)
{
	switch (type) {
	case TAG_COMMAND_LINE:
		return TAG_HEADER_BYTES + 1;
	case TAG_MODULE:
		return sizeof(struct tag_module) + 1;
	case TAG_MEMORY_MAP:
		return sizeof(struct tag_memory_map);
	case TAG_ACPI_OLD:
		return TAG_HEADER_BYTES + 20;
	case TAG_ACPI_NEW:
		return TAG_HEADER_BYTES + 36;
	case TAG_IMAGE:
		return TAG_HEADER_BYTES + 4;
	default:
		return TAG_HEADER_BYTES;
	}
}

/* Whether a tag's text, which goes from `from` to its end, ends there with a 0. */
static bool text_ends(const uint32_t *tag, uint32_t from)
{
	const char *bytes = (const char *)tag;
	for (uint32_t i = from; i < tag[1]; i++)
		if (!bytes[i])
			return true;
	return false;
}

static bool memory_map_is_whole(const struct tag_memory_map *map)
{
	return map->entry_bytes >= sizeof(struct memory_entry) && map->entry_bytes % TAG_ALIGN == 0 &&
	       (map->size - sizeof(*map)) % map->entry_bytes == 0;
}

/* Whether what this tag says of itself is right; `left`: how much of the list there is from it on. */
static bool tag_is_whole(const uint32_t *tag, uint64_t left)
{
	uint32_t type = tag[0], size = tag[1];
	if (size > left || size < tag_bytes_least(type))
		return false;
	if (type == TAG_COMMAND_LINE)
		return text_ends(tag, TAG_HEADER_BYTES);
	if (type == TAG_MODULE)
		return text_ends(tag, sizeof(struct tag_module));
	if (type == TAG_MEMORY_MAP)
		return memory_map_is_whole((const struct tag_memory_map *)tag);
	return true;
}

/* Whether all tags of a list are whole, and the last is the end's. */
static bool list_is_whole(const uint8_t *list, uint64_t bytes)
{
	uint64_t at = LIST_HEADER_BYTES;
	while (at + TAG_HEADER_BYTES <= bytes) {
		const uint32_t *tag = (const void *)(list + at);
		if (!tag_is_whole(tag, bytes - at))
			return false;
		if (tag[0] == TAG_END)
			return true;
		at += round_up(tag[1], TAG_ALIGN);
	}
	return false;
}

static void read_memory_map(const struct tag_memory_map *map, struct boot_info *boot)
{
	for (uint32_t at = sizeof(*map); at < map->size; at += map->entry_bytes) {
		const struct memory_entry *entry = (const void *)((const uint8_t *)map + at);
		if (entry->type == MEMORY_RAM && entry->base + entry->bytes > entry->base)
			loader_add_ram(boot, entry->base, entry->bytes);
	}
}

/* One tag, which is whole; `at`: its physical address. */
static void read_tag(const uint32_t *tag, uint64_t at, struct boot_info *boot, struct loader *loader)
{
	const struct tag_module *module = (const void *)tag;
	switch (tag[0]) {
	case TAG_COMMAND_LINE:
		return loader_set_command_line(boot, (const char *)&tag[2], tag[1] - TAG_HEADER_BYTES);
	case TAG_MODULE:
		return loader_set_archive(boot, module->start, module->end);
	case TAG_MEMORY_MAP:
		return read_memory_map((const struct tag_memory_map *)tag, boot);
	case TAG_ACPI_OLD:
	case TAG_ACPI_NEW:
		/* The one that says more. */
		if (loader->rsdp_bytes > tag[1] - TAG_HEADER_BYTES)
			return;
		loader->rsdp = at + TAG_HEADER_BYTES;
		loader->rsdp_bytes = tag[1] - TAG_HEADER_BYTES;
		return;
	case TAG_IMAGE:
		loader->image = tag[2];
		return;
	default:
		return;
	}
}

void multiboot2_read(uint64_t information_at, struct boot_info *boot, struct loader *loader)
{
	const uint32_t *header = firmware_memory(information_at, LIST_HEADER_BYTES);
	uint64_t bytes = header ? header[0] : 0;
	const uint8_t *list = bytes <= LIST_BYTES_MAX ? firmware_memory(information_at, bytes) : NULL;
	if (!list || information_at % TAG_ALIGN || !list_is_whole(list, bytes))
		return boot_say("multiboot2: the loader's list is not whole: nothing of it is used\n");
	for (uint64_t at = LIST_HEADER_BYTES;;) {
		const uint32_t *tag = (const void *)(list + at);
		if (tag[0] == TAG_END)
			break;
		read_tag(tag, information_at + at, boot, loader);
		at += round_up(tag[1], TAG_ALIGN);
	}
	/* The list stays where it is as long as something points into it. */
	if (loader->rsdp)
		loader_add_reserved(boot, information_at, information_at + bytes);
}
