/*
 * Section `tables` of a machine whose page table is a tree (x86-64, four levels or five), as the processor would walk it.
 *
 * Teaches: a page table can be read without the kernel that made it: the format is the processor's (Intel SDM 3A 4.5, figure 4-11). Of the
 * kernel it takes one word a process, where the root lies: the first of mmu_space.words.
 * Who calls: dump.c. Invariant: a table that is reached twice is damage, since a sound tree has one way to each of its tables; so
 * a walk visits no table twice, and ends.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dump/dump.h"

#define ENTRIES 512
#define PRESENT UINT64_C(0x1)
#define WRITE UINT64_C(0x2)
#define ACCESSED UINT64_C(0x20)
#define DIRTY UINT64_C(0x40)
#define LARGE UINT64_C(0x80)
#define UNCACHED UINT64_C(0x10)
#define NO_EXECUTE (UINT64_C(1) << 63)
#define FRAME UINT64_C(0x000ffffffffff000)

/* Pages side by side that may be used alike: one line. */
struct run {
	uint64_t start, pages, frame, flags;
	uint64_t accessed, dirty;
};

struct walk {
	struct dump *dump;
	uint8_t *seen; /* a bit for each page of RAM: it is a table of this space */
	unsigned tables[6];
	uint64_t leaves;
	struct run run;
};

static void print_run(struct walk *walk)
{
	const struct run *run = &walk->run;
	if (run->pages)
		fprintf(walk->dump->out,
			"    0x%012" PRIx64 "  0x%012" PRIx64 "  %6" PRIu64 "  r%c%c  %-8s  %8" PRIu64 "  %5" PRIu64
			"  0x%" PRIx64 "\n",
			run->start, run->start + run->pages * DUMP_PAGE, run->pages, run->flags & WRITE ? 'w' : '-',
			run->flags & NO_EXECUTE ? '-' : 'x', run->flags & UNCACHED ? "uncached" : "", run->accessed, run->dirty,
			run->frame);
	walk->run.pages = 0;
}

/* Adds a page to the run at hand, or begins another. */
static void add_leaf(struct walk *walk, uint64_t va, uint64_t entry)
{
	struct run *run = &walk->run;
	uint64_t flags = entry & (WRITE | UNCACHED | NO_EXECUTE);
	walk->leaves++;
	if (!run->pages || va != run->start + run->pages * DUMP_PAGE || flags != run->flags) {
		print_run(walk);
		*run = (struct run){.start = va, .flags = flags, .frame = entry & FRAME};
	}
	run->pages++;
	run->accessed += (entry & ACCESSED) != 0;
	run->dirty += (entry & DIRTY) != 0;
}

/* Whether the table is read for the first time; says so if not. */
static bool is_new(struct walk *walk, uint64_t table, unsigned level)
{
	uint64_t page = table / DUMP_PAGE;
	if (table % DUMP_PAGE || table >= walk->dump->image.bytes)
		return dump_corrupt(walk->dump, "a table of level %u at 0x%" PRIx64 ", outside of the image", level, table),
		       false;
	if (walk->seen[page / 8] >> page % 8 & 1)
		return dump_corrupt(walk->dump, "the table at 0x%" PRIx64 " is reached twice", table), false;
	walk->seen[page / 8] |= (uint8_t)(1 << page % 8);
	return true;
}

/* A table of this level, whose first entry translates `va`; the first `entries` of it. */
static void walk_table(struct walk *walk, uint64_t table, unsigned level, uint64_t va, unsigned entries)
{
	uint64_t *entry = malloc(ENTRIES * sizeof(*entry)), covers = UINT64_C(1) << (12 + 9 * (level - 1));
	if (entry && is_new(walk, table, level) && image_read_words(&walk->dump->image, table, entry, ENTRIES)) {
		walk->tables[level]++;
		for (unsigned i = 0; i < entries; i++) {
			if (!(entry[i] & PRESENT))
				continue;
			if (level > 1 && entry[i] & LARGE)
				dump_corrupt(walk->dump, "a large page in level %u; users have none", level);
			else if (level > 1)
				walk_table(walk, entry[i] & FRAME, level - 1, va + i * covers, ENTRIES);
			else
				add_leaf(walk, va + i * covers, entry[i]);
		}
	}
	free(entry);
}

static void print_space(struct dump *dump, uint64_t address, unsigned levels)
{
	struct walk walk = {.dump = dump, .seen = calloc(1, dump->image.bytes / DUMP_PAGE / 8 + 1)};
	char name[DUMP_NAME_CHARS];
	uint64_t words = 0, root = 0, paddr;
	const struct layout_row *row = layout_find(dump, "aspace", "space.words");
	process_text(dump, address, name);
	if (row && image_translate(&dump->image, address + row->offset, sizeof(words), &paddr))
		(void)image_read_words(&dump->image, paddr, &root, 1);
	fprintf(dump->out, "  process %s, root at 0x%" PRIx64 "\n", name, root);
	if (root && walk.seen) {
		fprintf(dump->out, "    %-14s  %-14s  %6s  %-3s  %-8s  %8s  %5s  %s\n", "start", "end", "pages", "may", "",
			"accessed", "dirty", "first frame");
		walk_table(&walk, root, levels, 0, ENTRIES / 2);
		print_run(&walk);
		fprintf(dump->out, "    %" PRIu64 " pages translated; tables", walk.leaves);
		for (unsigned level = levels; level >= 1; level--)
			fprintf(dump->out, "%s %u of level %u", level == levels ? "" : ",", walk.tables[level], level);
		fputc('\n', dump->out);
	} else {
		fputs("    it has no page table any more\n", dump->out);
	}
	free(walk.seen);
}

void section_tables(struct dump *dump)
{
	const char *mmu = dump->image.descriptor.mmu;
	dump_collect(dump);
	if (strcmp(mmu, "radix4") != 0 && strcmp(mmu, "radix5") != 0) {
		fputs("  this machine's page table is no tree; the section `hash` has it\n", dump->out);
		return;
	}
	for (size_t i = 0; i < dump->processes.count; i++)
		print_space(dump, dump->processes.address[i], mmu[5] == '5' ? 5 : 4);
}
