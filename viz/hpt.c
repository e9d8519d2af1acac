/*
 * The graph `hpt`: POWER's hashed page table as a map of its 2048 groups.
 *
 * Teaches: a hash spreads. An address finds its group by a hash, a group has eight slots; a ninth translation goes to the group of the second
 * hash (a collision), and where that is full as well somebody has to leave (an eviction). On the map one sees how even the hash is: neighbours
 * in an address space are neighbours here, and two programs that were laid out alike would fall on the same groups, were it not for their VSIDs.
 * Who calls: graph.c. Whom: tables.h for the state. The map is written as SVG by itself: 2048 squares need no layout.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kernel/mmu.h"
#include "commands.h"
#include "graph.h"
#include "picture.h"
#include "moment.h"
#include "tables.h"

const char hpt_help[] =
	"usage: vitrine graph hpt RUN... [-o FILE] [--at MOMENT] [--aspace NAME]\n"
	"\n"
	"POWER's hashed page table: 2048 groups as a heat map, with collisions and evictions\n"
	"\n"
	"Each square is a group of eight slots, 64 in a row; the darker, the fuller. A dot is a translation that sits there by "
	"the second\n"
	"hash, a red corner a group that had to evict. What is in a group shows when the mouse rests on it.\n"
	"\n"
	"    --at MOMENT      as it was then (default: the fullest moment)\n"
	"    --aspace NAME    the fullest moment of this address space, by its number or its program's name, which is framed\n"
	"\n" MOMENT_HELP_OF_STATES "\n"
	"    vitrine graph hpt out/demo/ppc64 --at mmu_evict:1\n";

#define COLUMNS 64u
#define CELL 15u
#define LEFT 48u
#define TOP 142u
#define WIDTH (LEFT + COLUMNS * CELL + 24)
#define ROWS (PAGE_TABLES_GROUPS / COLUMNS)
#define BELOW (TOP + ROWS * CELL)
#define HEIGHT (BELOW + 190)
#define FONT "Helvetica,Arial,sans-serif"
#define BUSIEST 8u

/* From empty to full. */
static const char *const shade[PAGE_TABLES_SLOTS + 1] = {"#f8fafc", "#dbeafe", "#bfdbfe", "#93c5fd", "#60a5fa",
							 "#3b82f6", "#2563eb", "#1e40af", "#172554"};

static void print_escaped(FILE *to, const char *text)
{
	for (; *text; text++)
		if (*text == '&' || *text == '<' || *text == '>' || *text < ' ' || *text > '~')
			fprintf(to, *text < ' ' || *text > '~' ? "?" : "&#%d;", *text);
		else
			fputc(*text, to);
}

static unsigned used_of(const struct tables *tables, unsigned group)
{
	unsigned used = 0;
	for (unsigned i = 0; i < PAGE_TABLES_SLOTS; i++)
		used += tables->now.slot[group][i] != NULL;
	return used;
}

static unsigned secondary_of(const struct tables *tables, unsigned group)
{
	unsigned count = 0;
	for (unsigned i = 0; i < PAGE_TABLES_SLOTS; i++)
		count += tables->now.slot[group][i] && tables->now.slot[group][i]->place & PAGE_TABLES_SECONDARY;
	return count;
}

static bool holds_wanted(const struct tables *tables, unsigned group)
{
	for (unsigned i = 0; i < PAGE_TABLES_SLOTS && tables->wanted; i++)
		if (tables->now.slot[group][i] && tables->now.slot[group][i]->space == tables->space)
			return true;
	return false;
}

/* ---- one group ---- */

static void print_slot(FILE *to, const struct tables *tables, unsigned slot, const struct translation *translation)
{
	fprintf(to, "\n%u: ", slot);
	print_escaped(to, actors_process_name(&tables->actors, translation->space, "?"));
	fprintf(to, " %" PRIx64 " -&gt; %" PRIx64 " %c%c%c%s", translation->address, translation->frame,
		translation->flags & MMU_READ ? 'r' : '-', translation->flags & MMU_WRITE ? 'w' : '-',
		translation->flags & MMU_EXEC ? 'x' : '-', translation->place & PAGE_TABLES_SECONDARY ? " second hash" : "");
}

static void print_group(FILE *to, const struct tables *tables, unsigned group)
{
	unsigned used = used_of(tables, group), x = LEFT + group % COLUMNS * CELL, y = TOP + group / COLUMNS * CELL;
	const struct group_story *story = &tables->now.group[group];
	if (!story->entered && !story->evicted)
		return;
	fprintf(to, "<g><title>group %u: %u of 8; %u entered, %u evicted", group, used, story->entered, story->evicted);
	for (unsigned i = 0; i < PAGE_TABLES_SLOTS; i++)
		if (tables->now.slot[group][i])
			print_slot(to, tables, i, tables->now.slot[group][i]);
	fprintf(to, "</title><use href=\"#u%u\" x=\"%u\" y=\"%u\"/>", used, x, y);
	if (holds_wanted(tables, group))
		fprintf(to, "<use href=\"#w\" x=\"%u\" y=\"%u\"/>", x, y);
	if (secondary_of(tables, group))
		fprintf(to, "<use href=\"#s\" x=\"%u\" y=\"%u\"/>", x, y);
	if (story->evicted)
		fprintf(to, "<use href=\"#e\" x=\"%u\" y=\"%u\"/>", x, y);
	fprintf(to, "</g>\n");
}

/* ---- around the map ---- */

/* What the squares are made of: u0 to u8, the frame of the wanted space, the dot of a second hash, the corner of an eviction. */
static void print_shapes(FILE *to)
{
	fprintf(to, "<defs>\n");
	for (unsigned i = 0; i <= PAGE_TABLES_SLOTS; i++)
		fprintf(to, "<rect id=\"u%u\" width=\"%u\" height=\"%u\" fill=\"%s\" stroke=\"#cbd5e1\" stroke-width=\".5\"/>\n",
			i, CELL, CELL, shade[i]);
	fprintf(to,
		"<rect id=\"w\" x=\"1\" y=\"1\" width=\"%u\" height=\"%u\" fill=\"none\" stroke=\"#047857\" "
		"stroke-width=\"2\"/>\n"
		"<circle id=\"s\" cx=\"%u\" cy=\"%u\" r=\"3\" fill=\"#f59e0b\" stroke=\"#431407\" stroke-width=\".7\"/>\n"
		"<path id=\"e\" d=\"M%u 0h6v6z\" fill=\"#dc2626\"/>\n"
		"<pattern id=\"p\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" patternUnits=\"userSpaceOnUse\">"
		"<use href=\"#u0\"/></pattern>\n</defs>\n",
		CELL - 2, CELL - 2, CELL / 2, CELL / 2, CELL - 6, LEFT, TOP, CELL, CELL);
}

static void print_title(FILE *to, const struct tables *tables, const struct graph_request *request)
{
	char when[TABLES_WHEN_BYTES];
	const struct trace_info *info = &tables->info;
	fprintf(to, "<text x=\"24\" y=\"36\" font-size=\"20\" font-weight=\"bold\">How full is the hashed page table?</text>\n");
	fprintf(to, "<text x=\"24\" y=\"60\">program ");
	print_escaped(to, info->program);
	fprintf(to, " on ");
	print_escaped(to, info->machine);
	fprintf(to, "; ");
	print_escaped(to, tables_when(tables, request, when));
	fprintf(to, ": %zu of %u slots are in use</text>\n", tables->now.translations.used,
		PAGE_TABLES_GROUPS * PAGE_TABLES_SLOTS);
	unsigned secondary = 0;
	for (unsigned i = 0; i < PAGE_TABLES_GROUPS; i++)
		secondary += secondary_of(tables, i);
	fprintf(to,
		"<text x=\"24\" y=\"80\">So far %" PRIu64 " translations were entered, %" PRIu64 " unmapped, %" PRIu64
		" evicted; %u sit in a group of the second hash now",
		tables->now.entered, tables->now.unmapped, tables->now.evicted, secondary);
	if (info->lost)
		fprintf(to, ". %" PRIu64 " events of the run were lost, so counts are too small and not every slot is known",
			info->lost);
	if (!(info->categories & TRACE_THREAD))
		fprintf(to, ". The category thread was not traced, so nobody knows whose pages they are");
	fprintf(to, "</text>\n");
}

static void print_legend(FILE *to, const struct tables *tables)
{
	fprintf(to, "<text x=\"24\" y=\"111\">slots in use:</text>\n");
	for (unsigned i = 0; i <= PAGE_TABLES_SLOTS; i++)
		fprintf(to, "<use href=\"#u%u\" x=\"%u\" y=\"99\"/><text x=\"%u\" y=\"111\">%u</text>\n", i, 108 + 36 * i,
			127 + 36 * i, i);
	fprintf(to, "<use href=\"#u2\" x=\"450\" y=\"99\"/><use href=\"#s\" x=\"450\" y=\"99\"/><text x=\"471\" y=\"111\">by the "
		    "second hash</text>\n");
	fprintf(to, "<use href=\"#u2\" x=\"610\" y=\"99\"/><use href=\"#e\" x=\"610\" y=\"99\"/><text x=\"631\" y=\"111\">had to "
		    "evict</text>\n");
	if (!tables->wanted)
		return;
	fprintf(to, "<use href=\"#u2\" x=\"730\" y=\"99\"/><use href=\"#w\" x=\"730\" y=\"99\"/><text x=\"751\" y=\"111\">holds "
		    "pages of ");
	print_escaped(to, tables->wanted);
	fprintf(to, "</text>\n");
}

static void print_map(FILE *to, const struct tables *tables)
{
	fprintf(to, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"url(#p)\"/>\n", LEFT, TOP, COLUMNS * CELL,
		ROWS * CELL);
	for (unsigned i = 0; i < COLUMNS; i += 8)
		fprintf(to, "<text x=\"%u\" y=\"%u\" font-size=\"10\" fill=\"#475569\">+%u</text>\n", LEFT + i * CELL, TOP - 4,
			i);
	for (unsigned i = 0; i < ROWS; i += 2)
		fprintf(to, "<text x=\"%u\" y=\"%u\" font-size=\"10\" fill=\"#475569\" text-anchor=\"end\">%u</text>\n", LEFT - 5,
			TOP + i * CELL + 11, i * COLUMNS);
	for (unsigned i = 0; i < PAGE_TABLES_GROUPS; i++)
		print_group(to, tables, i);
}

/* How many groups are how full, as bars. */
static void print_histogram(FILE *to, const struct tables *tables)
{
	unsigned groups[PAGE_TABLES_SLOTS + 1] = {0};
	for (unsigned i = 0; i < PAGE_TABLES_GROUPS; i++)
		groups[used_of(tables, i)]++;
	fprintf(to, "<text x=\"24\" y=\"%u\" font-weight=\"bold\">Groups by slots in use</text>\n", BELOW + 30);
	for (unsigned i = 0; i <= PAGE_TABLES_SLOTS; i++) {
		unsigned y = BELOW + 40 + 15 * i;
		fprintf(to,
			"<text x=\"34\" y=\"%u\">%u</text><rect x=\"48\" y=\"%u\" width=\"%u\" height=\"12\" fill=\"%s\" "
			"stroke=\"#94a3b8\" stroke-width=\".5\"/>",
			y + 11, i, y, groups[i] * 240 / PAGE_TABLES_GROUPS + (groups[i] != 0), shade[i]);
		fprintf(to, "<text x=\"%u\" y=\"%u\">%u</text>\n", 56 + groups[i] * 240 / PAGE_TABLES_GROUPS, y + 11, groups[i]);
	}
}

/* The groups that evicted most; the lower number first where they are equal. */
static void print_busiest(FILE *to, const struct tables *tables)
{
	fprintf(to, "<text x=\"480\" y=\"%u\" font-weight=\"bold\">Groups that evicted most</text>\n", BELOW + 30);
	unsigned rows = 0;
	for (unsigned least = UINT32_MAX, after = 0; rows < BUSIEST;) {
		unsigned best = PAGE_TABLES_GROUPS;
		for (unsigned i = 0; i < PAGE_TABLES_GROUPS; i++) {
			unsigned evicted = tables->now.group[i].evicted;
			bool later = evicted < least || (evicted == least && i >= after);
			if (evicted && later && (best == PAGE_TABLES_GROUPS || evicted > tables->now.group[best].evicted))
				best = i;
		}
		if (best == PAGE_TABLES_GROUPS)
			break;
		least = tables->now.group[best].evicted;
		after = best + 1;
		fprintf(to, "<text x=\"490\" y=\"%u\">group %u: %u of %u that were entered</text>\n", BELOW + 51 + 15 * rows++,
			best, least, tables->now.group[best].entered);
	}
	if (!rows)
		fprintf(to, "<text x=\"490\" y=\"%u\">none had to</text>\n", BELOW + 51);
}

static bool print_svg(FILE *to, const struct tables *tables, const struct graph_request *request)
{
	fprintf(to,
		"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\" font-family=\"" FONT
		"\" font-size=\"13\">\n<title>hpt</title>\n<rect width=\"%u\" height=\"%u\" fill=\"white\"/>\n",
		WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
	print_shapes(to);
	print_title(to, tables, request);
	print_legend(to, tables);
	print_map(to, tables);
	print_histogram(to, tables);
	print_busiest(to, tables);
	fprintf(to, "</svg>\n");
	return fclose(to) == 0;
}

char *graph_draw_hpt(const struct graph_request *request, enum graph_format format, size_t *bytes)
{
	if (format == GRAPH_DOT)
		return say("the graph `hpt` is a map, not nodes and edges: it comes as svg only; `pagetable` comes as dot"), NULL;
	struct tables *tables = tables_at(request);
	char *text = NULL;
	if (!tables)
		return NULL;
	FILE *to = tables->now.hash ? open_memstream(&text, bytes) : NULL;
	if (!tables->now.hash)
		say("%s: %s translates by a tree (%s) and has no hashed page table; `pagetable` draws the tree", request->runs[0],
		    tables->info.machine, tables->info.mmu);
	else if (!to || !print_svg(to, tables, request))
		say("out of memory");
	tables_free(tables);
	return text;
}
