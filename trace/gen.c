/*
 * Prints what is generated from trace/events.h: `gen emitters` the kernel's inline functions, `gen docs` the event reference,
 * `gen sources FILE...` where in these files of the kernel each event is emitted. And `gen syscalls FILE...`: the reference of
 * system calls, from the list in kernel/abi/syscall.h, in the order in which these files answer them and under their headings.
 *
 * An emitter is one test of the category mask and one store sequence: claim a slot and the time, write the fields, write
 * the header last, and stop if this is the event that `vitrine at` asked for. Who calls: the Makefile.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../kernel/abi/message.h"
#include "../kernel/abi/status.h"
#include "../kernel/abi/syscall.h"
#include "schema.h"

static void print_emitter(const struct event_schema *event)
{
	printf("\n/* %s */\nstatic inline void trace_%s(", event->meaning, event->name);
	for (unsigned i = 0; i < event->fields; i++)
		printf("%suint64_t %s", i ? ", " : "", event->field[i].name);
	printf("%s)\n{\n", event->fields ? "" : "void");
	printf("\tstruct trace_ring *ring = trace_ring_if(0x%x);\n\tif (!ring)\n\t\treturn;\n", (unsigned)event->category);
	printf("\tuint64_t trace_now;\n\tuint64_t trace_sequence = arch_trace_claim(&ring->head, &trace_now);\n");
	printf("\tuint64_t *trace_slot = trace_slot_at(ring, trace_sequence);\n\ttrace_slot[0] = trace_now;\n");
	for (unsigned i = 0; i < event->fields; i++)
		printf("\ttrace_slot[%u] = %s;\n", i + 2, event->field[i].name);
	printf("\ttrace_commit(ring, trace_slot, trace_sequence, %u, %u);\n}\n", event->id, event->fields + 2);
}

static void print_emitters(void)
{
	printf("/* Made by trace/gen.c from trace/events.h. Do not edit. */\n#pragma once\n\n#include \"trace/emit.h\"\n\n");
	printf("#define TRACE_SCHEMA_HASH UINT64_C(0x%016llx)\n", (unsigned long long)schema_hash());
	for (unsigned id = 0; id < EVENT_IDS; id++)
		if (schema_event(id))
			print_emitter(schema_event(id));
}

static const char *phase_text(enum event_phase phase)
{
	static const char *const texts[] = {
		"starts a slice of the thread",
		"ends a slice of the thread",
		"a moment of the thread",
		"starts a slice of the CPU",
		"ends a slice of the CPU",
		"a moment of the CPU",
		"a counter",
		"a counter of the CPU",
		"scheduling",
	};
	return texts[phase];
}

static void print_docs(void)
{
	printf("<!-- Made by trace/gen.c from trace/events.h. Do not edit: `make docs-gen`. -->\n\n# Events\n\n");
	printf("Schema hash `%016llx`. A field is a 64-bit word in the guest's byte order.\n", (unsigned long long)schema_hash());
	enum trace_category category = 0;
	for (unsigned id = 0; id < EVENT_IDS; id++) {
		const struct event_schema *event = schema_event(id);
		if (!event)
			continue;
		if (event->category != category)
			printf("\n## %s\n", schema_category_name(event->category));
		category = event->category;
		printf("\n### %s (%u)\n\n%s; %s.\n", event->name, id, event->meaning, phase_text(event->phase));
		if (event->fields)
			printf("\n| field | type | meaning |\n|---|---|---|\n");
		for (unsigned i = 0; i < event->fields; i++)
			printf("| %s | %s | %s |\n", event->field[i].name, schema_type_name(event->field[i].type),
			       event->field[i].meaning);
	}
}

/* The first argument of a call, if it is a constant; else its length is 0. */
static size_t constant_length(const char *arguments)
{
	size_t length = strspn(arguments, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	return arguments[length] == ',' || arguments[length] == ')' ? length : 0;
}

/* Prints a row for each call of an emitter in a line of a source. */
static void print_calls(const char *line, const char *file, unsigned number)
{
	static const char prefix[] = "trace_";
	char name[64];
	const char *at = line + strspn(line, " \t");
	if (*at == '*' || !strncmp(at, "/*", 2))
		return;
	while ((at = strstr(at, prefix))) {
		bool starts = at == line || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');
		at += sizeof(prefix) - 1;
		size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_");
		if (!starts || at[length] != '(' || length >= sizeof(name))
			continue;
		memcpy(name, at, length);
		name[length] = '\0';
		if (schema_event_named(name))
			printf("\t{\"%s\", \"%s\", %u, \"%.*s\"},\n", name, file, number, (int)constant_length(at + length + 1),
			       at + length + 1);
	}
}

static int print_sources(int files, char **file)
{
	printf("/* Made by trace/gen.c from the sources of the kernel. Do not edit. */\n");
	for (int i = 0; i < files; i++) {
		char line[512];
		FILE *from = fopen(file[i], "r");
		if (!from)
			return fprintf(stderr, "gen: %s cannot be read\n", file[i]), 1;
		for (unsigned number = 1; fgets(line, sizeof(line), from); number++)
			print_calls(line, file[i], number);
		fclose(from);
	}
	return 0;
}

/* ---- system calls ---- */

struct call {
	const char *name;
	const char *text;
	bool printed;
};

static struct call calls[] = {
#define CALL_ROW(name, number, text) [number] = {#name, text, false},
	SYSCALLS(CALL_ROW)
#undef CALL_ROW
};

/* Prints a cell of a table: what would end it is escaped. */
static void print_cell(const char *text)
{
	for (; *text; text++)
		printf(*text == '|' || *text == '*' ? "\\%c" : "%c", *text);
}

static int print_call(const char *name, unsigned length)
{
	for (unsigned i = 0; i < SYSCALL_COUNT; i++)
		if (calls[i].name && strlen(calls[i].name) == length && !memcmp(calls[i].name, name, length)) {
			printf("| `%s` | %u | ", calls[i].name, i);
			print_cell(calls[i].text);
			printf(" |\n");
			calls[i].printed = true;
			return 0;
		}
	return fprintf(stderr, "gen: call_%.*s is in no list\n", (int)length, name), 1;
}

/* One file of the kernel: a heading for it, one for each of its parts, and a row for each call that it answers. */
static int print_calls_of(const char *file, FILE *from)
{
	static const char function[] = "enum status call_", part[] = "/* ---- ";
	static const char table[] = "\n| call | number | arguments, value, meaning |\n|---|---|---|\n";
	char line[512];
	bool in_table = false;
	printf("\n## %s\n", file);
	while (fgets(line, sizeof(line), from)) {
		if (!strncmp(line, part, sizeof(part) - 1)) {
			char *name = line + sizeof(part) - 1;
			*strchr(name, '-') = '\0';
			name[strlen(name) - 1] = '\0';
			printf("\n### %c%s\n", toupper((unsigned char)*name), name + 1);
			in_table = false;
		} else if (!strncmp(line, function, sizeof(function) - 1)) {
			const char *name = line + sizeof(function) - 1;
			printf("%s", in_table ? "" : table);
			in_table = true;
			if (print_call(name, (unsigned)strcspn(name, "(")))
				return 1;
		}
	}
	return 0;
}

static void print_status_and_messages(void)
{
	printf("\n## Status\n\nWhat every call answers, [kernel/abi/status.h](../../kernel/abi/status.h).\n\n| status | number | "
	       "meaning |\n|---|---|---|\n");
#define STATUS_ROW(name, number, text) printf("| %s | %u | %s |\n", #name, number, text);
	STATUS_CODES(STATUS_ROW)
#undef STATUS_ROW
	printf("\n## Messages of the kernel\n\nNo program can send these types, "
	       "[kernel/abi/message.h](../../kernel/abi/message.h).\n\n| type | number | meaning |\n|---|---|---|\n");
#define MESSAGE_ROW(name, number, text) printf("| %s | 0x%x | %s |\n", #name, number, text);
	MESSAGE_TYPES(MESSAGE_ROW)
#undef MESSAGE_ROW
}

static int print_syscalls(int files, char **file)
{
	printf("<!-- Made by trace/gen.c from kernel/abi/syscall.h and kernel/core/syscall*.c. Do not edit: `make docs-gen`. "
	       "-->\n\n");
	printf("# System calls\n\nA call `name` is `sys_name()` in [user/lib/calls.h](../../user/lib/calls.h); those that carry "
	       "a message have no `sys_`. "
	       "A call returns a status and, if that is OK, a value (`->`). [kernel/abi/syscall.h](../../kernel/abi/syscall.h) "
	       "says in which registers, "
	       "and has the structures that are named here.\n");
	for (int i = 0; i < files; i++) {
		FILE *from = fopen(file[i], "r");
		if (!from)
			return fprintf(stderr, "gen: %s cannot be read\n", file[i]), 1;
		int failed = print_calls_of(file[i], from);
		fclose(from);
		if (failed)
			return failed;
	}
	for (unsigned i = 0; i < SYSCALL_COUNT; i++)
		if (calls[i].name && !calls[i].printed)
			return fprintf(stderr, "gen: no file answers %s\n", calls[i].name), 1;
	print_status_and_messages();
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "emitters"))
		print_emitters();
	else if (argc == 2 && !strcmp(argv[1], "docs"))
		print_docs();
	else if (argc >= 2 && !strcmp(argv[1], "sources")) {
		if (print_sources(argc - 2, argv + 2))
			return 1;
	} else if (argc >= 2 && !strcmp(argv[1], "syscalls")) {
		if (print_syscalls(argc - 2, argv + 2))
			return 1;
	} else
		return fprintf(stderr, "usage: gen emitters | docs | sources FILE... | syscalls FILE...\n"), 2;
	return fflush(stdout) ? 1 : 0;
}
