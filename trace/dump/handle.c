/*
 * Sections `handles`, `endpoints`: who may reach what, and the messages that are on their way.
 *
 * Teaches: capabilities are a table a process. Each line is one power that the process has; `from` is the handle that it was made from,
 * so the lines together are the tree along which revoke works. Who calls: dump.c.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernel/abi/handle.h"
#include "dump/dump.h"

#define RIGHTS 7

/* A letter for each right, - where it is missing. */
static void handle_rights_text(uint64_t rights, char text[RIGHTS + 1])
{
	static const struct {
		uint64_t right;
		char letter;
	} letters[RIGHTS] = {{HANDLE_READ, 'r'},    {HANDLE_WRITE, 'w'},  {HANDLE_EXEC, 'x'}, {HANDLE_CALL, 'c'},
			     {HANDLE_RECEIVE, 'i'}, {HANDLE_MANAGE, 'm'}, {HANDLE_GIVE, 'g'}};
	for (unsigned i = 0; i < RIGHTS; i++)
		text[i] = '-';
	for (unsigned i = 0; i < RIGHTS; i++)
		if (rights & letters[i].right)
			text[i] = letters[i].letter;
	text[RIGHTS] = '\0';
}

static void print_handle(struct dump *dump, uint64_t number, uint64_t table, const struct record *handle)
{
	struct record kobj;
	uint64_t parent = record_get(handle, "parent"), from, table_of;
	char rights[RIGHTS + 1], process[DUMP_NAME_CHARS] = "";
	handle_rights_text(record_get(handle, "rights"), rights);
	if (!record_load(dump, &kobj, "kobj", record_get(handle, "kobj"))) {
		dump_corrupt(dump, "handle %" PRIu64 " leads to no object, but to 0x%" PRIx64, number,
			     record_get(handle, "kobj"));
		return;
	}
	const char *type = layout_number_name(dump, "kobj_type", record_get(&kobj, "type"));
	const struct layout_row *base = layout_find(dump, "aspace", "kobj");
	if (!strcmp(type, "process") && base)
		process_text(dump, kobj.address - base->offset, process);
	fprintf(dump->out, "    %4" PRIu64 "  %-8s  %5" PRIu64 "  %s  %4" PRIu64, number, type, record_get(&kobj, "id"), rights,
		record_get(&kobj, "references"));
	if (field_read(dump, "handle", parent, "number", &from) && field_read(dump, "handle", parent, "table", &table_of))
		fprintf(dump->out, "  %4" PRIu64 "%s", from, table_of == table ? "" : " of another process");
	else
		fputs("     -", dump->out);
	fprintf(dump->out, "%s%s\n", process[0] ? "  " : "", process);
	if (record_get(handle, "number") != number || record_get(handle, "table") != table)
		dump_corrupt(dump, "that handle says that it lies elsewhere");
}

static void print_table(struct dump *dump, const struct record *process)
{
	uint64_t *words = NULL, handles = layout_number(dump, "limit", "handles", 0);
	uint64_t page = record_get(process, "handles.handles"), table = record_address(process, "handles.handles");
	struct record handle;
	if (record_get(process, "ended") || !page) {
		fputs("    none any more\n", dump->out);
		return;
	}
	if (handles <= DUMP_PAGE / 8)
		words = words_load(dump, page, handles);
	if (!words) {
		dump_corrupt(dump, "the table of handles is not at 0x%" PRIx64, page);
		return;
	}
	fprintf(dump->out, "    %4s  %-8s  %5s  %-7s  %4s  %4s\n", "no", "type", "id", "rights", "refs", "from");
	for (uint64_t i = 0; i < handles; i++) {
		if (words[i] && record_load(dump, &handle, "handle", words[i]))
			print_handle(dump, i, table, &handle);
		else if (words[i])
			dump_corrupt(dump, "handle %" PRIu64 " is not at 0x%" PRIx64, i, words[i]);
	}
	free(words);
}

void section_handles(struct dump *dump)
{
	struct record process;
	dump_collect(dump);
	for (size_t i = 0; i < dump->processes.count; i++) {
		char name[DUMP_NAME_CHARS];
		if (!record_load(dump, &process, "aspace", dump->processes.address[i]))
			continue; /* the section `processes` says so */
		process_text(dump, dump->processes.address[i], name);
		fprintf(dump->out, "  process %s\n", name);
		print_table(dump, &process);
	}
}

/* ---- endpoints ---- */

static void print_messages(struct dump *dump, const struct record *endpoint, const char *list)
{
	struct record message;
	uint64_t at;
	struct list_walk walk = list_begin(dump, list, record_address(endpoint, list), "ipc_message", "node");
	while (list_next(&walk, &at)) {
		if (!record_load(dump, &message, "ipc_message", at)) {
			dump_corrupt(dump, "a message at 0x%" PRIx64, at);
			break;
		}
		fprintf(dump->out, "    %-6s  %-9s from thread %" PRIu64 ", type %" PRIu64 ", token 0x%" PRIx64 "\n", list,
			layout_number_name(dump, "ipc_kind", record_get(&message, "kind")), record_get(&message, "sender"),
			record_get(&message, "content.type"), record_get(&message, "content.token"));
	}
}

/* The numbers of the threads in a list. */
static void print_threads(struct dump *dump, const char *what, uint64_t head, const char *node)
{
	uint64_t thread, id;
	struct list_walk walk = list_begin(dump, what, head, "thread", node);
	if (!list_length(dump, head))
		return;
	fprintf(dump->out, "    %s: thread", what);
	while (list_next(&walk, &thread))
		if (field_read(dump, "thread", thread, "id", &id))
			fprintf(dump->out, " %" PRIu64, id);
	fputc('\n', dump->out);
}

void section_endpoints(struct dump *dump)
{
	struct record endpoint;
	dump_collect(dump);
	for (size_t i = 0; i < dump->endpoints.count; i++) {
		if (!record_load(dump, &endpoint, "endpoint", dump->endpoints.address[i])) {
			dump_corrupt(dump, "an endpoint at 0x%" PRIx64, dump->endpoints.address[i]);
			continue;
		}
		fprintf(dump->out,
			"  endpoint %" PRIu64 ": %" PRIu64 " messages of threads, %" PRIu64 " promised, %" PRIu64
			" may receive%s\n",
			kobj_id(dump, "endpoint", endpoint.address), record_get(&endpoint, "waiting"),
			record_get(&endpoint, "promised"), record_get(&endpoint, "receive_handles"),
			record_get(&endpoint, "gone") ? "; nobody answers" : "");
		print_threads(dump, "waits for a message", record_address(&endpoint, "receivers"), "wait_node");
		print_threads(dump, "serves", record_address(&endpoint, "servers"), "serve_node");
		print_messages(dump, &endpoint, "urgent");
		print_messages(dump, &endpoint, "queue");
		print_messages(dump, &endpoint, "taken");
	}
}
