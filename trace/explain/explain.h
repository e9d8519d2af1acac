/*
 * What the parts of `vitrine explain` share: one event of a run, and the story it belongs to.
 *
 *     explain.c   the command: options, the passes, which story an event gets
 *     names.c     what objects and endpoints are, what each thread and CPU is in the middle of; ../actors.h has the names of threads
 *     words.c     an event as a sentence
 *     scope.c     the third pass: where the story begins and ends, what else belongs to it
 *     fault.c     the story of a fault        walk.c     what the MMU had and got
 *     entry.c     entries bit by bit                     memory.c   the same from a RAM image
 *     cost.c      where its time went         mistake.c  what the programmer probably did
 *     others.c    messages, calls and other slices, grace periods, what is freed, threads
 *
 * Invariant: the run is read four times from its start and never kept; what is kept is bounded by the story (STEPS_MAX events), by the number
 * of threads and objects there were, and by that of translations.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "actors.h"
#include "format.h"
#include "moment.h"
#include "page_tables.h"
#include "reader.h"
#include "table.h"

#define STEPS_MAX 2000
#define REQUESTS_MAX 4
#define PAGE_SIZE UINT64_C(4096)

/* ---- names.c: who is who, as far as the run has been read ---- */

/* What somebody is in the middle of. */
struct open_event {
	bool open;
	unsigned cpu;
	uint64_t index;
	uint64_t value; /* the flow of the fault, the number of the call */
};

struct open_events {
	struct open_event call, fault;
};

struct thing {
	uint64_t id;
	bool is_endpoint;
	uint64_t kind;  /* enum object_kind */
	uint64_t maker; /* of an endpoint: the thread */
};

struct names {
	struct actors actors;
	struct table open, things;         /* of threads and of objects, by number */
	uint64_t running[FORMAT_CPUS_MAX]; /* 0: nobody */
	bool out_of_memory;
};

void names_take(struct names *names, const struct trace_event *event);
/* What a thread has begun; NULL if it never began anything. */
const struct open_events *names_open(const struct names *names, uint64_t thread);
struct thing *names_thing(const struct names *names, uint64_t id);
void names_free(struct names *names);

/* ---- the story ---- */

enum subject {
	SUBJECT_ALONE,  /* the event itself is all there is to tell */
	SUBJECT_FAULT,  /* a fault, from the trap to the thread's next turn */
	SUBJECT_FLOW,   /* a message or a page request that no fault began, what is freed: the events of one flow */
	SUBJECT_SLICE,  /* a call, an interrupt, a mark: what one event begins and another ends */
	SUBJECT_PERIOD, /* a grace period */
	SUBJECT_THREAD, /* a thread stops, or goes on */
};

struct instant {
	bool there;
	struct trace_event event;
};

/* What the third pass found out; the fourth collects what lies in it. */
struct scope {
	enum subject subject;
	uint64_t thread, flow, period;
	uint64_t request[REQUESTS_MAX]; /* page requests that a fault waited for, if they are not its own */
	unsigned requests;
	struct instant begin, end, crash;
	struct instant again; /* the thread runs again */
	uint64_t space;       /* the process of a fault's thread */
	size_t steps_max;     /* so many events are told, at most STEPS_MAX */
};

/* Of the page of a fault: the last of each before it, and the memory that ends nearest below it. See walk.c. */
struct history {
	struct instant mapped, unmapped, evicted, vm_mapped, vm_unmapped, vm_protected, below;
};

enum cost_part {
	COST_KERNEL,
	COST_MEMORY,
	COST_QUEUE,
	COST_PROVIDER,
	COST_FLASH,
	COST_SERVICE,
	COST_PROVIDER_OFF,
	COST_ANSWER,
	COST_CPU,
	COST_PARTS
};

/* The watch that splits a fault's time. See cost.c. */
struct cost {
	uint64_t ns[COST_PARTS];
	uint64_t last_ns;
	unsigned handler; /* the CPU on which the fault path runs, in its states of the kernel */
	bool waited;
	enum { FAULT_BEFORE, FAULT_IN_KERNEL, FAULT_NO_MEMORY_YET, FAULT_BLOCKED, FAULT_ANSWERED, FAULT_READY, FAULT_OVER } state;
	enum { MESSAGE_NONE, MESSAGE_SENT, MESSAGE_RECEIVED, MESSAGE_REPLIED } message;
	uint64_t server;
	bool in_flash;
	unsigned in_kernel[FORMAT_CPUS_MAX]; /* bits: in a call, an interrupt, a fault */
	/* Others that ended as this one did, for comparison. */
	uint64_t alike, alike_ns;
	struct table begun; /* thread -> a fault that is open */
};

struct explain {
	FILE *out;
	const char *path;
	const char *ram; /* an image of the guest's memory, or NULL */
	bool walks;      /* an image of the moment of the trap is to be made */
	struct trace_reader *reader;
	const struct trace_info *info;
	struct moment_search search;
	bool failed; /* something that was asked for could not be done, and was said */
	struct instant target;
	struct names names;
	struct scope scope;
	struct history history;
	struct page_tables tables; /* as they were when the fault began */
	struct cost cost;
	struct trace_event *step;
	size_t steps, steps_left_out;
};

/* ---- small things ---- */

bool is_event(const struct trace_event *event, const char *name);

/* The field with this name, or 0. */
uint64_t field_of(const struct trace_event *event, const char *name);
bool has_field(const struct trace_event *event, const char *name);

bool is_same_event(const struct trace_event *a, const struct trace_event *b);

/* Whether a comes before b in the run. */
bool is_before(const struct trace_event *a, const struct trace_event *b);
uint64_t explain_ns(const struct explain *explain, const struct trace_event *event);

/* The step of the story with this name, or NULL. */
const struct trace_event *step_named(const struct explain *explain, const char *name);

/* Whether the access of a fault or a crash is what the machine said: of an address that is none (not canonical) x86-64 says nothing. */
bool access_is_known(const struct explain *explain, const struct trace_event *event);

/* Whether this address of it is none: it stands there because the machine told none. */
bool is_not_told(const struct explain *explain, const struct trace_event *event, uint64_t address);

/* Whether a range of an event (address or start, bytes or pages) has the address in it. */
bool range_has(const struct trace_event *event, uint64_t address);

/* "1234.567 us". */
void print_ns(FILE *out, uint64_t ns);

/* A heading of the text, with an empty line before it. */
void print_heading(struct explain *explain, const char *text);

/* ---- words.c ---- */

/* The name of a value of an enumeration, or that it has none. */
const char *value_text(enum field_type type, uint64_t value);

/* `thread 7 (main of demo)`; `zero` for 0. */
void print_thread(struct explain *explain, uint64_t id, const char *zero);
void print_object(struct explain *explain, uint64_t id);

/* The event as a sentence without its end; every event of the schema has one. */
void print_sentence(struct explain *explain, const struct trace_event *event);

/* Where the template of an event asks for a field that the event has not: its name, for tests. NULL: all is well. */
const char *words_check(void);

/* Rows of time since the story's begin, and sentences. */
void print_steps(struct explain *explain);

/* ---- scope.c ---- */

void scope_choose(struct explain *explain);
void scope_take(struct explain *explain, const struct trace_event *event);
bool scope_has(const struct explain *explain, const struct trace_event *event);

/* The event that ends what `begin` begins, or NULL. The other way about: pair_begin(). */
const struct event_schema *pair_end(const struct event_schema *begin);
const struct event_schema *pair_begin(const struct event_schema *end);

/* ---- the stories ---- */

/* With each event, in the fourth pass. */
void walk_take(struct explain *explain, const struct trace_event *event);
void cost_take(struct explain *explain, const struct trace_event *event);
void cost_print(struct explain *explain);
void walk_print(struct explain *explain);
void walk_print_why(struct explain *explain);
bool walk_had_translation(const struct explain *explain); /* as far as the events tell */
void mistake_print(struct explain *explain, const struct trace_event *crash);
/* If there is an image, or one is to be made: the walk in it. False after having said why that cannot be. */
bool memory_print(struct explain *explain);
void fault_print(struct explain *explain);
void flow_print(struct explain *explain);
void slice_print(struct explain *explain);
void period_print(struct explain *explain);
void thread_print(struct explain *explain);
