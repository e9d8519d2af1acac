/*
 * Walking through what may be broken: lists with checked links, and everything that can be found from the roots.
 *
 * Teaches: a doubly linked list tells when it is damaged: the next element has to point back. So a list that runs into a circle, or into
 * other memory, is noticed at the first wrong step, and a bound on the steps catches the rest.
 * Who calls: all sections. Whom: layout.c. Invariant: a walk takes at most STEPS_MAX steps; each thing is found once.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "dump/dump.h"

#define STEPS_MAX 100000
#define FOUND_MAX 100000

void dump_corrupt(struct dump *dump, const char *format, ...)
{
	va_list values;
	fputs("  (corrupt: ", dump->out);
	va_start(values, format);
	vfprintf(dump->out, format, values);
	va_end(values);
	fputs(")\n", dump->out);
	dump->corrupt++;
}

/* ---- lists ---- */

struct list_walk list_begin(struct dump *dump, const char *what, uint64_t head, const char *structure, const char *field)
{
	const struct layout_row *row = layout_find(dump, structure, field);
	return (struct list_walk){
		.dump = dump, .what = what, .head = row ? head : 0, .at = head, .offset = row ? row->offset : 0};
}

/* Why the list cannot be followed from here; NULL if it can. */
static const char *step(struct dump *dump, uint64_t at, uint64_t *next)
{
	uint64_t back;
	if (!field_read(dump, "list", at, "next", next))
		return "an element lies outside of the image";
	if (*next % 8 != 0)
		return "a link is misaligned";
	if (!field_read(dump, "list", *next, "previous", &back))
		return "a link leads out of the image";
	return back == at ? NULL : "the next element does not point back";
}

bool list_next(struct list_walk *walk, uint64_t *element)
{
	uint64_t next = 0;
	if (!walk->head)
		return false;
	const char *why = walk->steps++ < STEPS_MAX ? step(walk->dump, walk->at, &next) : "it does not end";
	if (why) {
		if (walk->what)
			dump_corrupt(walk->dump, "%s: %s, after %" PRIu64 " elements, at 0x%" PRIx64, walk->what, why,
				     walk->steps - 1, walk->at);
		return false;
	}
	walk->at = next;
	*element = next - walk->offset;
	return next != walk->head;
}

uint64_t list_length(struct dump *dump, uint64_t head)
{
	uint64_t element, count = 0;
	struct list_walk walk = {.dump = dump, .head = head, .at = head};
	while (list_next(&walk, &element))
		count++;
	return count;
}

/* ---- what is found ---- */

bool found_add(struct found *found, uint64_t address)
{
	static char there;
	struct table_key key = {{address}};
	if (!address || found->count >= FOUND_MAX || table_find(&found->seen, key))
		return false;
	if (found->count == found->room) {
		size_t room = found->room ? 2 * found->room : 64;
		void *larger = realloc(found->address, room * sizeof(*found->address));
		if (!larger)
			return false;
		found->address = larger;
		found->room = room;
	}
	if (!table_add(&found->seen, key, &there))
		return false;
	found->address[found->count++] = address;
	return true;
}

void found_free(struct found *found)
{
	free(found->address);
	table_free(&found->seen, NULL);
}

static void collect_roots(struct dump *dump)
{
	const struct descriptor_entry *threads = image_root(&dump->image, "threads");
	const struct descriptor_entry *processes = image_root(&dump->image, "processes");
	uint64_t element;
	for (uint64_t i = 0; threads && i < threads->count && i < FOUND_MAX; i++) {
		uint64_t thread = 0, process;
		if (!image_read_words(&dump->image, threads->paddr + i * threads->stride, &thread, 1))
			break;
		if (found_add(&dump->threads, thread) && field_read(dump, "thread", thread, "aspace", &process))
			found_add(&dump->processes, process);
	}
	if (!processes)
		return;
	struct list_walk walk =
		list_begin(dump, NULL, processes->paddr + dump->image.descriptor.image_offset, "aspace", "process_node");
	while (list_next(&walk, &element))
		found_add(&dump->processes, element);
}

/* Sorts what a kobj belongs to by its type. */
static void collect_kobj(struct dump *dump, uint64_t kobj)
{
	uint64_t type;
	if (!field_read(dump, "kobj", kobj, "type", &type))
		return;
	const struct layout_row *process = layout_find(dump, "aspace", "kobj"), *object = layout_find(dump, "vm_object", "kobj"),
				*endpoint = layout_find(dump, "endpoint", "kobj");
	if (type == layout_number(dump, "kobj_type", "process", UINT64_MAX) && process)
		found_add(&dump->processes, kobj - process->offset);
	else if (type == layout_number(dump, "kobj_type", "object", UINT64_MAX) && object)
		found_add(&dump->objects, kobj - object->offset);
	else if (type == layout_number(dump, "kobj_type", "endpoint", UINT64_MAX) && endpoint)
		found_add(&dump->endpoints, kobj - endpoint->offset);
}

static void collect_handles(struct dump *dump, uint64_t table)
{
	uint64_t handles = layout_number(dump, "limit", "handles", 0), kobj;
	uint64_t *words = handles <= DUMP_PAGE / 8 ? words_load(dump, table, handles) : NULL;
	for (uint64_t i = 0; words && i < handles; i++)
		if (words[i] && field_read(dump, "handle", words[i], "kobj", &kobj))
			collect_kobj(dump, kobj);
	free(words);
}

/* The mappings of a process, with their objects. */
static void collect_mappings(struct dump *dump, uint64_t segments)
{
	const struct layout_row *segment = layout_find(dump, "segment", ""), *list = layout_find(dump, "segment", "mappings");
	uint64_t count = layout_number(dump, "limit", "segments", 0), mapping, object;
	for (uint64_t i = 0; segment && list && i < count && i < 16; i++) {
		struct list_walk walk = list_begin(dump, NULL, segments + i * segment->bytes + list->offset, "mapping", "node");
		while (list_next(&walk, &mapping))
			if (found_add(&dump->mappings, mapping) && field_read(dump, "mapping", mapping, "object", &object))
				found_add(&dump->objects, object);
	}
}

void dump_collect(struct dump *dump)
{
	struct record record;
	if (dump->collected)
		return;
	dump->collected = true;
	collect_roots(dump);
	for (size_t i = 0; i < dump->processes.count; i++) {
		if (!record_load(dump, &record, "aspace", dump->processes.address[i]))
			continue;
		collect_mappings(dump, record_address(&record, "segments"));
		collect_handles(dump, record_get(&record, "handles.handles"));
	}
	for (size_t i = 0; i < dump->threads.count; i++)
		if (record_load(dump, &record, "thread", dump->threads.address[i])) {
			found_add(&dump->endpoints, record_get(&record, "serves"));
			found_add(&dump->endpoints, record_get(&record, "page_endpoint"));
		}
	for (size_t i = 0; i < dump->objects.count; i++)
		if (record_load(dump, &record, "vm_object", dump->objects.address[i])) {
			found_add(&dump->objects, record_get(&record, "source"));
			found_add(&dump->endpoints, record_get(&record, "endpoint"));
		}
}

/* ---- text ---- */

void process_text(struct dump *dump, uint64_t address, char text[DUMP_NAME_CHARS])
{
	char name[DUMP_NAME_CHARS];
	uint64_t id;
	if (field_text(dump, "aspace", address, "name", name) && field_read(dump, "aspace", address, "id", &id))
		snprintf(text, DUMP_NAME_CHARS, "%.20s (%u)", name, (unsigned)id);
	else
		snprintf(text, DUMP_NAME_CHARS, address ? "?" : "-");
}

uint64_t kobj_id(struct dump *dump, const char *structure, uint64_t address)
{
	const struct layout_row *kobj = layout_find(dump, structure, "kobj");
	uint64_t id;
	return kobj && address && field_read(dump, "kobj", address + kobj->offset, "id", &id) ? id : 0;
}

const char *rights_text(uint64_t rights)
{
	static const char *const texts[] = {"---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx"};
	return rights < 8 ? texts[rights] : "???";
}
