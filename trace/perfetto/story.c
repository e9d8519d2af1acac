/*
 * The sentences of story.h.
 *
 * Invariant: a number is used on a sequence only after its text was sent there. The numbers are among those of the names of
 * values.
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

struct story {
	struct known_by known;
	uint64_t number;
	struct wire_bytes packed; /* the DebugAnnotation */
	char text[160];
};

void story_rule_begin(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	(void)cpu;
	(void)ns;
	struct thread *thread = thread_find(perfetto, argument[0]);
	if (!thread)
		return;
	thread->fault_access = (unsigned)argument[1];
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

static void story_text(const struct perfetto *perfetto, const struct thread *thread, uint64_t result, char text[160])
{
	const char *access = schema_value_name(FIELD_ACCESS, thread->fault_access);
	const char *end = schema_value_name(FIELD_FAULT_RESULT, result);
	snprintf(text, 160, "%s in %s of %s: %s", access ? access : "access", place_text(thread->fault_segment),
		 thread_process_name(perfetto, thread), end ? end : "ended otherwise");
}

static struct story *story_add(struct perfetto *perfetto, struct table_key key, const struct thread *thread, uint64_t result)
{
	struct story *story = perfetto->stories.used < STORIES_MAX ? calloc(1, sizeof(*story)) : NULL;
	if (!story || !table_add(&perfetto->stories, key, story))
		return free(story), NULL;
	story->number = names_new_value();
	DebugAnnotation annotation = DEBUG_ANNOTATION__INIT;
	annotation.has_name_iid = annotation.has_string_value_iid = true;
	annotation.name_iid = names_argument("what");
	annotation.string_value_iid = story->number;
	story->packed = wire_pack(&annotation.base);
	story_text(perfetto, thread, result, story->text);
	return story;
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
	if (sequence_learns(&story->known, sequence)) {
		names_need_argument(perfetto, sequence, names_argument("what"));
		names_send_value(perfetto, sequence, story->number, story->text);
	}
	at = wire_field(at, &packet_tags.annotation, story->packed.count);
	return wire_part(at, &story->packed);
}
