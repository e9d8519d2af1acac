/*
 * What the MMU had for the page of a fault, and what it got: the walk, entry by entry, on both machines.
 *
 * Teaches: the tables are a cache whose every change is an event, so they can be made again from the trace. A tree: tables that became part of it
 * on the way to the address, and the entry that was written last. A hash: the group is arithmetic on the address, the slot is in the event.
 * What the hardware changes by itself is in no event; memory.c reads it from a RAM image, where there is one.
 * Who calls: explain.c, walk_take() with every event of the fourth pass; fault.c. Whom: page_tables.h has the tables of that moment. Simplified: where events were lost, what is said is as far as
 * the others tell.
 */
#include <inttypes.h>
#include <string.h>

#include "../kernel/abi/trace_enums.h"
#include "explain/entry.h"

/* ---- what there was before ---- */

static void set(struct instant *moment, const struct trace_event *event)
{
	*moment = (struct instant){true, *event};
}

static uint64_t page_of(uint64_t address)
{
	return address & ~(PAGE_SIZE - 1);
}

static void take_mmu(struct explain *explain, const struct trace_event *event, uint64_t address)
{
	struct history *history = &explain->history;
	if (is_event(event, "mmu_map") && field_of(event, "address") == page_of(address))
		set(&history->mapped, event);
	else if (is_event(event, "mmu_unmap") && range_has(event, address))
		set(&history->unmapped, event);
	else if (is_event(event, "mmu_evict") && field_of(event, "address") == page_of(address))
		set(&history->evicted, event);
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
	page_tables_take(&explain->tables, event, 0);
	if (event->schema->category == TRACE_MMU && has_field(event, "space") && field_of(event, "space") == scope->space)
		take_mmu(explain, event, address);
	else if (event->schema->category == TRACE_VM && has_field(event, "aspace") && field_of(event, "aspace") == scope->space)
		take_vm(&explain->history, event, address);
}

/* ---- why it faulted ---- */

/* Whether a program can have the address at all. */
static bool is_users(uint64_t address)
{
	return address < UINT64_C(1) << 46;
}

static bool is_later(const struct instant *a, const struct instant *b)
{
	return a->there && (!b->there || is_before(&b->event, &a->event));
}

static void print_when(struct explain *explain, const struct instant *moment)
{
	fprintf(explain->out, " (event %u:%" PRIu64 ", at ", moment->event.cpu, moment->event.index);
	print_ns(explain->out, explain_ns(explain, &moment->event));
	fputs(")", explain->out);
}

static const struct instant *last_loss(const struct history *history)
{
	return is_later(&history->evicted, &history->unmapped) ? &history->evicted : &history->unmapped;
}

bool walk_had_translation(const struct explain *explain)
{
	uint64_t address = field_of(&explain->scope.begin.event, "address");
	return page_tables_translation(&explain->tables, explain->scope.space, address) != NULL;
}

static void print_missing(struct explain *explain)
{
	const struct history *history = &explain->history;
	const struct instant *loss = last_loss(history);
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
	} else if (!loss->there) {
		fputs("    The page had a translation, and when it was removed is not known: the run lacks events.\n",
		      explain->out);
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
		if (is_users(field_of(begin, "address")))
			print_missing(explain);
	}
}

/* ---- the tree ---- */

static void print_leaf(struct explain *explain, const struct instant *was)
{
	if (!was->there) {
		fputs("empty: no page\n", explain->out);
		return;
	}
	entry_print_tree(explain->out, entry_of_tree(&was->event), false);
}

static void print_tree(struct explain *explain, uint64_t address)
{
	const struct page_tables *tables = &explain->tables;
	const struct instant none = {0};
	for (unsigned level = tables->levels; level >= 1; level--) {
		const struct tree_page *page = page_tables_page(tables, explain->scope.space, level, address);
		const struct tree_page *next = page_tables_page(tables, explain->scope.space, level - 1, address);
		fprintf(explain->out, "    level %u  bits %2u-%2u  entry %3u of table 0x%" PRIx64 ": ", level, 11 + 9 * level,
			3 + 9 * level, (unsigned)(address >> (3 + 9 * level) & 511), page ? page->frame : 0);
		if (level == 1) {
			print_leaf(explain, walk_had_translation(explain) ? &explain->history.mapped : &none);
		} else if (!next) {
			fputs("empty: no table of the next level, the walk ends here\n", explain->out);
			return;
		} else {
			fprintf(explain->out, "leads to the table 0x%" PRIx64 "\n", next->frame);
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
	print_heading(explain, "The walk, when it faulted");
	if (!(explain->info->categories & TRACE_MMU)) {
		fputs("    The run was recorded without the category mmu, so nobody knows what was in the tables.\n",
		      explain->out);
	} else if (!is_users(address)) {
		fputs("    It is no address of a user's: no table of the process says anything about it.\n", explain->out);
	} else {
		hash ? print_hash(explain, address) : print_tree(explain, address);
		print_got(explain, address, hash);
	}
}
