/*
 * The walk for a fault's address in a RAM image: the entries as they are, those bits included that no event tells.
 *
 * Teaches: what the processor does on a miss, done by hand: on a tree a word from each table, on a hash sixteen entries and a comparison.
 * Who calls: fault.c, if there is an image (--ram), or one is to be made (--walk). Whom: trace/dump/image.c, at.h. Invariant: nothing outside of the image is read. The image
 * is of one moment, that of its making, and says nothing of any other.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "at/at.h"
#include "commands.h"
#include "dump/dump.h"
#include "explain/entry.h"

#define GROUP_WORDS 16 /* 8 entries of two doublewords */
#define SOFTWARE UINT64_C(0x78)

static void walk_tree(struct explain *explain, const struct dump_image *image, uint64_t address)
{
	unsigned levels = explain->tables.levels;
	const struct tree_page *root = page_tables_page(&explain->tables, explain->scope.space, levels, address);
	uint64_t table = root ? root->frame : 0;
	if (!root) {
		fputs("    The run does not say where the table of the top level lies: its event was lost, or the category mmu "
		      "was not traced.\n",
		      explain->out);
		return;
	}
	for (unsigned level = levels; level >= 1; level--) {
		uint64_t index = address >> (3 + 9 * level) & 511, entry;
		fprintf(explain->out, "    level %u  entry %3u of table 0x%" PRIx64 ": ", level, (unsigned)index, table);
		if (!image_read_words(image, table + 8 * index, &entry, 1)) {
			fputs("that lies outside of the image\n", explain->out);
			return;
		}
		entry_print_tree(explain->out, entry, true);
		if (!(entry & 1))
			return;
		table = entry & UINT64_C(0x000ffffffffff000);
	}
}

/* Looks through a group. Says how full it is, and the entry that translates the address, if it has it. */
static bool walk_group(struct explain *explain, const struct dump_image *image, const struct descriptor_entry *table,
		       uint64_t group, uint64_t tag)
{
	uint64_t word[GROUP_WORDS];
	unsigned used = 0, found = GROUP_WORDS;
	if (!image_read_words(image, table->paddr + group * sizeof(word), word, GROUP_WORDS)) {
		fprintf(explain->out, "    group %" PRIu64 " lies outside of the image\n", group);
		return false;
	}
	for (unsigned i = 0; i < GROUP_WORDS; i += 2) {
		used += word[i] & 1;
		found = (word[i] & ~SOFTWARE) == tag ? i : found;
	}
	fprintf(explain->out, "    group %4" PRIu64 " (%s): %u of 8 slots in use, %s", group, tag & 2 ? "secondary" : "primary",
		used, found < GROUP_WORDS ? "it is in" : "none of them is this page's\n");
	if (found == GROUP_WORDS)
		return false;
	fprintf(explain->out, " slot %u\n", found / 2);
	entry_print_hash(explain->out, (struct hash_words){word[found], word[found + 1]}, true);
	return true;
}

static void walk_hash(struct explain *explain, const struct dump_image *image, uint64_t address)
{
	const struct descriptor_entry *table = image_root(image, "hash-table");
	uint64_t vsid = explain->scope.space * 64 + (address >> 40), tag = entry_hash_tag(vsid, address);
	if (!table || !table->count || table->count > UINT64_C(1) << 20) {
		fputs("    The image has no hashed page table.\n", explain->out);
		return;
	}
	uint64_t primary = (vsid ^ address >> 12) % table->count;
	if (!walk_group(explain, image, table, primary, tag))
		walk_group(explain, image, table, ~primary % table->count, tag | 2);
}

/* Whether the image is of such a run: the same kernel on the same machine. */
static bool is_of_run(const struct explain *explain, const struct dump_image *image)
{
	if (!strncmp(image->descriptor.machine, explain->info->machine, sizeof(image->descriptor.machine)) &&
	    !strncmp(image->descriptor.build_id, explain->info->build_id, sizeof(image->descriptor.build_id)))
		return true;
	say("%s is the memory of another kernel than that of the run (%.16s, build %.32s)", explain->ram,
	    image->descriptor.machine, image->descriptor.build_id);
	return false;
}

static bool print_walk(struct explain *explain)
{
	static struct dump_image image = {.file = -1}; /* large for a stack */
	uint64_t address = field_of(&explain->scope.begin.event, "address");
	bool good = image_open(&image, explain->ram) && is_of_run(explain, &image);
	if (good) {
		print_heading(explain, explain->walks ? "The walk, in the guest's memory at the moment of the trap"
						      : "The walk, in the RAM image, at the moment of its making");
		if (address >> 46)
			fputs("    It is no address of a user's.\n", explain->out);
		else if (!strcmp(explain->info->mmu, "hash"))
			walk_hash(explain, &image, address);
		else
			walk_tree(explain, &image, address);
	}
	image_close(&image);
	return good;
}

/* Runs the guest again up to the trap, and walks in the image that this leaves, which then goes. */
static bool walk_again(struct explain *explain)
{
	const struct trace_event *begin = &explain->scope.begin.event;
	char path[] = "/tmp/vitrine-walk-XXXXXX";
	int file = mkstemp(path);
	if (file < 0)
		return say("no file can be made in /tmp"), false;
	close(file);
	explain->ram = path;
	fflush(explain->out);
	bool good = at_event(explain->path, begin->cpu, begin->index, path) == 0 && print_walk(explain);
	explain->ram = NULL;
	unlink(path);
	return good;
}

bool memory_print(struct explain *explain)
{
	if (explain->walks)
		return walk_again(explain);
	return !explain->ram || print_walk(explain);
}
