/*
 * What the MMU had for the page of a fault, and what it got: the walk, entry by entry, on both machines.
 *
 * Teaches: the tables are a cache whose every change is an event, so they can be made again from the trace. A tree: tables that became part of it
 * on the way to the address, and the entry that was written last. A hash: the group is arithmetic on the address, the slot is in the event.
 * What the hardware changes by itself is in no event; memory.c reads it from a RAM image, where there is one.
 * Who calls: explain.c, walk_take() with every event of the fourth pass; fault.c. Simplified: where events were lost, what is said is as far as
 * the others tell.
 */
#include <inttypes.h>
#include <string.h>

#include "../kernel/abi/trace_enums.h"
#include "explain/entry.h"

/* ---- what there was before ---- */

static void set(struct moment *moment, const struct trace_event *event)
{
	*moment = (struct moment){true, *event};
}

static uint64_t page_of(uint64_t address)
{
	return address & ~(PAGE_SIZE - 1);
}

/* Whether both addresses are served by the same table of this level. */
static bool share_table(uint64_t a, uint64_t b, unsigned level)
{
	return a >> (12 + 9 * level) == b >> (12 + 9 * level);
}

/* New tables come just before the translation that they are made for. The one at the top serves every address. */
static void take_table(struct history *history, const struct trace_event *event, unsigned top)
{
	uint64_t level = field_of(event, "level");
	if (level == top)
		history->table[level] = field_of(event, "frame");
	else if (level >= 1 && level < LEVELS_MAX)
		history->new_table[level] = field_of(event, "frame");
}

static void take_tables_of(struct history *history, uint64_t mapped, uint64_t address)
{
	for (unsigned level = 1; level < LEVELS_MAX; level++) {
		if (history->new_table[level] && share_table(mapped, address, level))
			history->table[level] = history->new_table[level];
		history->new_table[level] = 0;
	}
}

static void take_mmu(struct explain *explain, const struct trace_event *event, uint64_t address)
{
	struct history *history = &explain->history;
	if (is_event(event, "mmu_table")) {
		take_table(history, event, explain->info->mmu[5] == '5' ? 5 : 4);
	} else if (is_event(event, "mmu_map")) {
		take_tables_of(history, field_of(event, "address"), address);
		if (field_of(event, "address") == page_of(address))
			set(&history->mapped, event);
	} else if (is_event(event, "mmu_unmap") && range_has(event, address)) {
		set(&history->unmapped, event);
	} else if (is_event(event, "mmu_evict") && field_of(event, "address") == page_of(address)) {
		set(&history->evicted, event);
	} else if (is_event(event, "mmu_segment") && field_of(event, "esid") == address >> 40) {
		set(&history->segment, event);
	}
}

static uint64_t end_of(const struct trace_event *event)
{
	return field_of(event, "address") + field_of(event, "bytes");
}

static void take_vm(struct history *history, const struct trace_event *event, uint64_t address)
{
	if (is_event(event, "vm_map") && end_of(event) <= address &&
	    (!history->below.there || end_of(event) >= end_of(&history->below.event)))
		set(&history->below, event);
	if (!has_field(event, "bytes") || !range_has(event, address))
		return;
	if (is_event(event, "vm_map"))
		set(&history->vm_mapped, event);
	else if (is_event(event, "vm_unmap"))
		set(&history->vm_unmapped, event);
	else if (is_event(event, "vm_protect"))
		set(&history->vm_protected, event);
}

void walk_take(struct explain *explain, const struct trace_event *event)
{
	const struct scope *scope = &explain->scope;
	if (scope->subject != SUBJECT_FAULT || !scope->begin.there || !is_before(event, &scope->begin.event))
		return;
	uint64_t address = field_of(&scope->begin.event, "address");
	if (event->schema->category == TRACE_MMU && has_field(event, "space") && field_of(event, "space") == scope->space)
		take_mmu(explain, event, address);
	else if (event->schema->category == TRACE_VM && has_field(event, "aspace") && field_of(event, "aspace") == scope->space)
		take_vm(&explain->history, event, address);
}

/* ---- why it faulted ---- */

static bool is_later(const struct moment *a, const struct moment *b)
{
	return a->there && (!b->there || is_before(&b->event, &a->event));
}

static void print_when(struct explain *explain, const struct moment *moment)
{
	fprintf(explain->out, " (event %u:%" PRIu64 ", at ", moment->event.cpu, moment->event.index);
	print_ns(explain->out, explain_ns(explain, &moment->event));
	fputs(")", explain->out);
}

static const struct moment *last_loss(const struct history *history)
{
	return is_later(&history->evicted, &history->unmapped) ? &history->evicted : &history->unmapped;
}

bool walk_had_translation(const struct explain *explain)
{
	return explain->history.mapped.there && !is_later(last_loss(&explain->history), &explain->history.mapped);
}

static void print_missing(struct explain *explain)
{
	const struct history *history = &explain->history;
	const struct moment *loss = last_loss(history);
	if (walk_had_translation(explain)) {
		fputs("    A translation of the page was entered before", explain->out);
		print_when(explain, &history->mapped);
		fputs(", and no event says that it was removed: another CPU was about to change it, or did not see it yet.\n",
		      explain->out);
	} else if (!history->mapped.there && (!(explain->info->categories & TRACE_MMU) || explain->info->lost)) {
		fputs("    Whether the page had a translation before is not known: the run lacks events.\n", explain->out);
	} else if (!history->mapped.there) {
		fputs("    No translation of this page was ever entered for this process: it is the first use.\n", explain->out);
	} else if (is_later(&history->vm_mapped, &history->mapped)) {
		fputs("    Something was mapped here anew", explain->out);
		print_when(explain, &history->vm_mapped);
		fputs(", and this is the first use of the page since.\n", explain->out);
	} else if (loss == &history->evicted) {
		fputs("    The page had a translation, but the hash has forgotten it, to make room for another", explain->out);
		print_when(explain, loss);
		fputs(".\n", explain->out);
	} else {
		fputs("    The page had a translation, and it was removed", explain->out);
		print_when(explain, loss);
		fputs(".\n", explain->out);
	}
}

void walk_print_why(struct explain *explain)
{
	const struct trace_event *begin = &explain->scope.begin.event;
	switch (field_of(begin, "kind")) {
	case FAULT_KIND_SEGMENT:
		fputs("    The CPU's SLB had no entry for the segment of 1 TiB that the address lies in, so it could not even "
		      "hash.\n",
		      explain->out);
		break;
	case FAULT_KIND_PROTECTION:
		fputs("    There was a translation, but it forbids this access.\n", explain->out);
		break;
	case FAULT_KIND_ASKED:
		fputs("    The MMU was not asked: a system call wants the page to be there.\n", explain->out);
		break;
	default:
		print_missing(explain);
	}
}

/* ---- the tree ---- */

static void print_leaf(struct explain *explain, const struct moment *was)
{
	if (!was->there) {
		fputs("empty: no page\n", explain->out);
		return;
	}
	entry_print_tree(explain->out, entry_of_tree(&was->event), false);
}

static void print_tree(struct explain *explain, uint64_t address)
{
	const struct history *history = &explain->history;
	const struct moment none = {0};
	unsigned levels = explain->info->mmu[5] == '5' ? 5 : 4;
	for (unsigned level = levels; level >= 1; level--) {
		fprintf(explain->out, "    level %u  bits %2u-%2u  entry %3u of table 0x%" PRIx64 ": ", level, 11 + 9 * level,
			3 + 9 * level, (unsigned)(address >> (3 + 9 * level) & 511), history->table[level]);
		if (level == 1) {
			print_leaf(explain, walk_had_translation(explain) ? &history->mapped : &none);
		} else if (!history->table[level - 1]) {
			fputs("empty: no table of the next level, the walk ends here\n", explain->out);
			return;
		} else {
			fprintf(explain->out, "leads to the table 0x%" PRIx64 "\n", history->table[level - 1]);
		}
	}
}

/* ---- the hash ---- */

static void print_hash(struct explain *explain, uint64_t address)
{
	const struct history *history = &explain->history;
	uint64_t esid = address >> 40, vsid = explain->scope.space * 64 + esid,
		 page = (address & ((UINT64_C(1) << 40) - 1)) >> 12;
	unsigned primary = (unsigned)((vsid ^ page) % 2048);
	fprintf(explain->out,
		"    SLB      bits 63-40  segment 0x%" PRIx64 " -> virtual segment 0x%" PRIx64 " (process %" PRIu64
		" * 64 + segment)",
		esid, vsid, explain->scope.space);
	if (field_of(&explain->scope.begin.event, "kind") == FAULT_KIND_SEGMENT) {
		fputs(": not in this CPU's SLB, the walk ends here\n", explain->out);
		return;
	}
	fprintf(explain->out,
		"\n    hash     bits 39-12  (0x%" PRIx64 " ^ page 0x%" PRIx64
		") mod 2048: primary group %u, secondary group %u\n",
		vsid, page, primary, 2047 - primary);
	if (walk_had_translation(explain)) {
		uint64_t at = field_of(&history->mapped.event, "place");
		fprintf(explain->out, "    entry    slot %u of group %u\n", (unsigned)(at & 0xff),
			(unsigned)(at >> 8 & 0x7fffff));
		entry_print_hash(explain->out, entry_of_hash(&history->mapped.event, vsid), false);
	} else {
		fputs("    entry    none of the 8 slots of either group is this page's, the walk ends here\n", explain->out);
	}
}

/* ---- what it got ---- */

static void print_got(struct explain *explain, uint64_t address, bool hash)
{
	const struct trace_event *map = NULL;
	for (size_t i = 0; i < explain->steps; i++) {
		const struct trace_event *event = &explain->step[i];
		if (is_event(event, "mmu_map") && field_of(event, "address") == page_of(address) &&
		    field_of(event, "space") == explain->scope.space)
			map = event;
	}
	if (!map)
		return;
	if (hash) {
		uint64_t at = field_of(map, "place");
		fprintf(explain->out, "    The fault path then entered it, in slot %u of group %u:\n", (unsigned)(at & 0xff),
			(unsigned)(at >> 8 & 0x7fffff));
		entry_print_hash(explain->out, entry_of_hash(map, explain->scope.space * 64 + (address >> 40)), false);
	} else {
		fputs("    The fault path then wrote the entry of level 1:\n      ", explain->out);
		entry_print_tree(explain->out, entry_of_tree(map), false);
	}
}

void walk_print(struct explain *explain)
{
	uint64_t address = field_of(&explain->scope.begin.event, "address");
	bool hash = !strcmp(explain->info->mmu, "hash");
	bool user_could = address < UINT64_C(1) << 46;
	print_heading(explain, "The walk, when it faulted");
	if (!(explain->info->categories & TRACE_MMU)) {
		fputs("    The run was recorded without the category mmu, so nobody knows what was in the tables.\n",
		      explain->out);
	} else if (!user_could) {
		fputs("    It is no address of a user's: no table of the process says anything about it.\n", explain->out);
	} else {
		hash ? print_hash(explain, address) : print_tree(explain, address);
		print_got(explain, address, hash);
	}
}
