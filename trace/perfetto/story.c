/*
 * The sentences of story.h: a story is what faults have in common that differ in nothing but their address.
 *
 * Who calls: event.c; plan.c names the rules. Whom: names.h, thread.h, packet.h.
 */
#include "perfetto/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernel/abi/trace_enums.h"
#include "perfetto/names.h"
#include "perfetto/packet.h"
#include "perfetto/thread.h"

#define STORIES_MAX 2048 /* a run that has more tells no new ones */

/* The longest sentence, and room to copy its parts whole. */
#define BEFORE_ROOM 32
#define BEHIND_ROOM 128
#define SENTENCE_ROOM (BEFORE_ROOM + 16 + BEHIND_ROOM)

struct story {
	uint64_t argument;      /* the number of "what" */
	struct wire_bytes head; /* its DebugAnnotation up to the length of the sentence */
	/* What stands before the address, and behind it. */
	uint8_t before_bytes, behind_bytes;
	char before[BEFORE_ROOM], behind[BEHIND_ROOM];
};

void story_rule_begin(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	(void)cpu;
	(void)ns;
	struct thread *thread = thread_find(perfetto, argument[0]);
	if (!thread)
		return;
	thread->fault_access = (unsigned)argument[1];
	thread->fault_address = argument[2];
	thread->fault_segment = SEGMENT_NONE;
}

void story_rule_segment(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	(void)cpu;
	(void)ns;
	struct thread *thread = thread_find(perfetto, argument[0]);
	if (thread)
		thread->fault_segment = (unsigned)argument[1];
}

/* "the program", "a stack": a segment as a place. */
static const char *place_text(unsigned segment)
{
	switch (segment) {
	case SEGMENT_BASE:
		return "the program and its data";
	case SEGMENT_STACK:
		return "a stack";
	case SEGMENT_DEVICE:
		return "a device's registers";
	case SEGMENT_VIEW:
		return "a view";
	default:
		return "no segment";
	}
}

/* "store to 0x": how an address was used, up to its digits. Returns how many characters that is. */
static uint8_t before_text(uint64_t access, char *text, size_t room)
{
	const char *name = schema_value_name(FIELD_ACCESS, access);
	const char *towards = !name || !strcmp(name, "execute") ? "at" : !strcmp(name, "load") ? "from" : "to";
	snprintf(text, room, "%s %s 0x", name ? name : "access", towards);
	return (uint8_t)strlen(text);
}

/* " in a stack of shell: zero-filled a new page": the rest. Returns the same. */
static uint8_t behind_text(const struct perfetto *perfetto, const struct thread *thread, uint64_t result, char *text, size_t room)
{
	const char *end = schema_value_name(FIELD_FAULT_RESULT, result);
	snprintf(text, room, " in %s of %s: %s", place_text(thread->fault_segment), thread_process_name(perfetto, thread),
		 end ? end : "ended otherwise");
	return (uint8_t)strlen(text);
}

static struct story *story_add(struct perfetto *perfetto, struct table_key key, const struct thread *thread, uint64_t result)
{
	struct story *story = perfetto->stories.used < STORIES_MAX ? calloc(1, sizeof(*story)) : NULL;
	if (!story || !table_add(&perfetto->stories, key, story))
		return free(story), NULL;
	DebugAnnotation annotation = DEBUG_ANNOTATION__INIT;
	annotation.has_name_iid = true;
	annotation.name_iid = story->argument = names_argument("what");
	story->head = wire_joined(wire_pack(&annotation.base), wire_tag_of(&debug_annotation__descriptor, "string_value"));
	story->before_bytes = before_text(thread->fault_access, story->before, sizeof(story->before));
	story->behind_bytes = behind_text(perfetto, thread, result, story->behind, sizeof(story->behind));
	return story;
}

/* The sentence itself. Returns its length. */
static size_t put_sentence(char *text, const struct story *story, uint64_t address)
{
	char *at = text;
	memcpy(at, story->before, sizeof(story->before));
	at += story->before_bytes;
	for (int shift = address ? (63 - __builtin_clzll(address)) & ~3 : 0; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[address >> shift & 15];
	memcpy(at, story->behind, story->behind_bytes);
	return (size_t)(at - text) + story->behind_bytes;
}

uint8_t *story_put(struct perfetto *perfetto, unsigned sequence, uint8_t *at, const struct trace_event *event)
{
	const struct thread *thread = thread_find(perfetto, event->field[1]);
	if (!thread)
		return at;
	uint64_t result = event->field[2];
	struct table_key key = {.word = {thread->fault_access | (uint64_t)thread->fault_segment << 32, result, thread->process}};
	struct story *story = table_find(&perfetto->stories, key);
	if (!story)
		story = story_add(perfetto, key, thread, result);
	if (!story)
		return at;
	char text[SENTENCE_ROOM];
	size_t bytes = put_sentence(text, story, thread->fault_address);
	names_need_argument(perfetto, sequence, story->argument);
	at = wire_field(at, &packet_tags.annotation, story->head.count + (bytes < 128 ? 1 : 2) + bytes);
	at = wire_number(wire_part(at, &story->head), bytes);
	memcpy(at, text, bytes);
	return at + bytes;
}
