/*
 * Section `hash` of a machine whose page table is hashed (POWER): one table for all processes, groups of eight entries.
 *
 * Teaches: an entry of a hashed page table knows whose it is. Its first doubleword has the upper part of the virtual address, and its
 * group the rest: the hash read backwards (Power ISA 3.0B Book III, "Hashed Page Table"; arch/ppc64/mmu_hash.h draws the entry). Who
 * calls: dump.c. What it takes from the kernel: the table's place, and that a segment's number is space * 64 + segment.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dump/dump.h"

#define GROUP_SLOTS 8
#define GROUP_BYTES (16 * GROUP_SLOTS)
#define GROUPS_MAX (UINT64_C(1) << 20)
#define SEGMENTS_A_SPACE 64
#define SEGMENT_SHIFT 40

#define VALID UINT64_C(0x1)
#define SECONDARY UINT64_C(0x2)
#define WIRED UINT64_C(0x40)
#define AGE_SHIFT 3
#define FRAME UINT64_C(0x03fffffffffff000)
#define REFERENCED UINT64_C(0x100)
#define CHANGED UINT64_C(0x080)
#define UNCACHED UINT64_C(0x020)
#define NO_EXECUTE UINT64_C(0x004)

struct totals {
	uint64_t used, secondary, referenced, changed;
	uint64_t groups_with[GROUP_SLOTS + 1];
};

/* The address of the page that an entry translates. */
static uint64_t entry_address(uint64_t v, uint64_t group, uint64_t groups)
{
	uint64_t vsid = v >> (SEGMENT_SHIFT - 16), primary = v & SECONDARY ? ~group % groups : group;
	uint64_t in_segment = ((v & ~UINT64_C(0x7f)) << 16) % (UINT64_C(1) << SEGMENT_SHIFT);
	return (vsid % SEGMENTS_A_SPACE) << SEGMENT_SHIFT | in_segment | ((primary ^ vsid) % groups) << 12;
}

/* The process that has this MMU space, as text. */
static void space_text(struct dump *dump, uint64_t space, char text[DUMP_NAME_CHARS])
{
	uint64_t id;
	for (size_t i = 0; i < dump->processes.count; i++)
		if (field_read(dump, "aspace", dump->processes.address[i], "space.id", &id) && id == space) {
			process_text(dump, dump->processes.address[i], text);
			return;
		}
	snprintf(text, DUMP_NAME_CHARS, "none, space %" PRIu64, space);
}

static void print_entry(struct dump *dump, uint64_t group, unsigned slot, const uint64_t entry[2], uint64_t groups)
{
	char process[DUMP_NAME_CHARS];
	uint64_t v = entry[0], r = entry[1], pp = r & 3;
	space_text(dump, (v >> (SEGMENT_SHIFT - 16)) / SEGMENTS_A_SPACE, process);
	fprintf(dump->out, "  %5" PRIu64 " %u %c  %-20s  0x%012" PRIx64 "  0x%09" PRIx64 "  %c%c%c  %c%c  %3" PRIu64 "%s%s\n",
		group, slot, v & SECONDARY ? '2' : '1', process, entry_address(v, group, groups), r & FRAME, pp ? 'r' : '-',
		pp == 2 ? 'w' : '-', r & NO_EXECUTE ? '-' : 'x', r & REFERENCED ? 'R' : '-', r & CHANGED ? 'C' : '-',
		v >> AGE_SHIFT & 3, r & UNCACHED ? "  uncached" : "", v & WIRED ? "  wired" : "");
	if ((r & FRAME) >= dump->image.bytes && !(r & UNCACHED))
		dump_corrupt(dump, "that entry's frame is no RAM");
}

static void print_group(struct dump *dump, uint64_t group, const uint64_t *words, uint64_t groups, struct totals *totals)
{
	unsigned used = 0;
	for (unsigned slot = 0; slot < GROUP_SLOTS; slot++) {
		const uint64_t *entry = &words[2 * slot];
		if (!(entry[0] & VALID))
			continue;
		print_entry(dump, group, slot, entry, groups);
		used++;
		totals->secondary += (entry[0] & SECONDARY) != 0;
		totals->referenced += (entry[1] & REFERENCED) != 0;
		totals->changed += (entry[1] & CHANGED) != 0;
	}
	totals->used += used;
	totals->groups_with[used]++;
}

void section_hash(struct dump *dump)
{
	const struct descriptor_entry *table = image_root(&dump->image, "hash-table");
	struct totals totals = {0};
	uint64_t words[2 * GROUP_SLOTS];
	dump_collect(dump);
	if (!table || table->bytes != GROUP_BYTES || table->count > GROUPS_MAX || table->count == 0) {
		fputs("  this machine has no hashed page table; the section `tables` has its trees\n", dump->out);
		return;
	}
	fprintf(dump->out, "  %5s   %c  %-20s  %-14s  %-11s  %-3s  %-2s  %s\n", "group", '#', "process", "page", "frame", "may",
		"RC", "age");
	for (uint64_t group = 0; group < table->count; group++) {
		if (!image_read_words(&dump->image, table->paddr + group * GROUP_BYTES, words, 2 * GROUP_SLOTS)) {
			dump_corrupt(dump, "group %" PRIu64 " lies outside of the image", group);
			break;
		}
		print_group(dump, group, words, table->count, &totals);
	}
	fprintf(dump->out,
		"  %" PRIu64 " of %" PRIu64 " entries in use, %" PRIu64 " in their secondary group, %" PRIu64
		" referenced, %" PRIu64 " changed\n",
		totals.used, table->count * GROUP_SLOTS, totals.secondary, totals.referenced, totals.changed);
	for (unsigned i = 0; i <= GROUP_SLOTS; i++)
		if (totals.groups_with[i])
			fprintf(dump->out, "  %6" PRIu64 " groups have %u\n", totals.groups_with[i], i);
}
