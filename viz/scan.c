/*
 * Going through a run: see scan.h.
 *
 * Who calls: the kinds of graphs. Whom: reader.h. The lines of the source come from build/gen/event_sources.h, which gen.c makes from the
 * kernel's source when the tools are built.
 */
#include "scan.h"

#include <inttypes.h>
#include <string.h>

#include "commands.h"
#include "progress.h"

static const struct {
	const char *event, *file;
	unsigned line;
	const char *constant; /* what the call begins with; "": no constant */
} sources[] = {
#include "event_sources.h"
};

bool scan_run(const char *path, struct trace_info *info, void *context,
	      bool (*each)(void *context, const struct trace_event *event, uint64_t ns))
{
	char error[640];
	struct trace_event event;
	struct progress progress = {0};
	struct trace_reader *reader = trace_open(path, error, sizeof(error));
	if (!reader)
		return say("%s", error), false;
	*info = *trace_info(reader);
	progress_start(&progress, info->events);
	int more;
	while ((more = trace_next(reader, &event)) == 1) {
		if (event.schema && !each(context, &event, trace_ns(reader, event.ticks)))
			break;
		progress_step(&progress);
	}
	progress_clear(&progress);
	if (more < 0)
		say("%s: %s", path, trace_error(reader));
	trace_close(reader);
	return more >= 0;
}

void scan_describe(struct picture *picture, const struct trace_info *info)
{
	char events[PICTURE_NUMBER_BYTES], lost[PICTURE_NUMBER_BYTES];
	picture_about(picture, "program %s on %s (%s), %u CPUs; %s, %s events", info->program, info->machine, info->mmu,
		      info->cpus_online, trace_ending_name(info->ending), picture_number(events, info->events));
	if (info->lost)
		picture_about(picture, "%s events were lost, so counts are too small", picture_number(lost, info->lost));
}

void scan_say_lacking(struct picture *picture, const struct trace_info *info, enum trace_category category, const char *what)
{
	if (!(info->categories & category))
		picture_about(picture, "the category %s was not traced, so %s", schema_category_name(category), what);
}

void scan_source(struct picture *picture, struct Agnode_s *node, const char *event)
{
	for (unsigned i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (!strcmp(sources[i].event, event)) {
			picture_source(picture, node, sources[i].file, sources[i].line);
			return;
		}
}

void scan_source_of_phase(struct picture *picture, struct Agnode_s *node, const char *constant, bool boot_cpu)
{
	int found = -1;
	for (unsigned i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		if (strcmp(sources[i].constant, constant) != 0)
			continue;
		bool is_main = !strcmp(sources[i].file, "kernel/boot/main.c");
		if (found < 0 || is_main == boot_cpu)
			found = (int)i;
	}
	if (found >= 0)
		picture_source(picture, node, sources[found].file, sources[found].line);
}
