/*
 * The graph `boot`: what each CPU did from its first instruction to its first schedule, and who waited for whom.
 *
 * Teaches: a boot is one CPU that builds the kernel, and others that arrive when there is one. They share a boot stack, so boot_lock lets one
 * through at a time; they meet at a barrier, so nobody schedules before all are there; and their clocks are held against each other before
 * anybody trusts a time stamp. Who calls: graph.c. Whom: scan.h, picture.h.
 * A CPU had no place for events before it had its data, so the first two of each are told later, with how long ago they were.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kernel/abi/trace_enums.h"
#include "commands.h"
#include "format.h"
#include "graph.h"
#include "scan.h"

const char boot_help[] =
	"usage: vitrine graph boot RUN... [-o FILE] [--format svg|dot] [--source-url BASE]\n"
	"\n"
	"phases of the boot and CPUs: who did what when, and who waited for whom\n"
	"\n"
	"A column is a CPU, from its first instruction down to its first schedule; an arrow in it is the time from one phase to "
	"the next,\n"
	"as thick as its share of the boot. A dashed arrow goes from one CPU to another that could not go on before.\n"
	"\n"
	"    vitrine graph boot out/demo/x86_64\n";

#define STEPS_MAX 2048

struct boot_step {
	unsigned cpu;
	int64_t ns; /* since kernel entry; what was before the machine's own set-up was done is below 0 */
	const char *event;
	uint64_t phase; /* of boot_phase */
	uint64_t field[4];
	struct Agnode_s *node;
};

struct boot {
	struct boot_step step[STEPS_MAX];
	unsigned steps, left_out;
	struct trace_info info;
};

/* ---- what happened ---- */

static bool note(void *context, const struct trace_event *event, uint64_t ns)
{
	struct boot *boot = context;
	const char *name = event->schema->name;
	if (event->schema->category != TRACE_BOOT || !strcmp(name, "run_end") || !strcmp(name, "kernel_stack"))
		return true;
	if (boot->steps == STEPS_MAX)
		return boot->left_out++, true;
	struct boot_step *step = &boot->step[boot->steps++];
	bool phase = !strcmp(name, "boot_phase");
	uint64_t hz = boot->info.clock_hz ? boot->info.clock_hz : 1000000000;
	*step = (struct boot_step){.cpu = event->cpu, .ns = (int64_t)ns, .event = event->schema->name, .phase = event->field[0]};
	memcpy(step->field, event->field, sizeof(step->field));
	if (phase)
		step->ns -= (int64_t)((double)event->field[1] * 1e9 / (double)hz);
	return true;
}

static bool is_phase(const struct boot_step *step, enum boot_phase phase)
{
	return !strcmp(step->event, "boot_phase") && step->phase == phase;
}

/* The first step from `from` on that is such a phase, of CPU `cpu`, or of any with -1; NULL if there is none. */
static struct boot_step *find_phase(struct boot *boot, unsigned from, int cpu, enum boot_phase phase)
{
	for (unsigned i = from; i < boot->steps; i++)
		if (is_phase(&boot->step[i], phase) && (cpu < 0 || boot->step[i].cpu == (unsigned)cpu))
			return &boot->step[i];
	return NULL;
}

/* ---- boxes ---- */

#define PHASE_CONSTANT(name, number, text) [number] = "BOOT_PHASE_" #name,
static const char *const phase_constants[] = {BOOT_PHASES(PHASE_CONSTANT)};
#undef PHASE_CONSTANT
#define BOOT_PHASES_KNOWN (sizeof(phase_constants) / sizeof(phase_constants[0]))

static void step_text(const struct boot_step *step, char text[128])
{
	const char *phase = schema_value_name(FIELD_BOOT_PHASE, step->phase);
	if (!strcmp(step->event, "boot_phase") && phase)
		snprintf(text, 128, "%s", phase);
	else if (!strcmp(step->event, "cpu_online"))
		snprintf(text, 128, "online (the machine's number: 0x%" PRIx64 ")", step->field[0]);
	else if (!strcmp(step->event, "cpu_missing"))
		snprintf(text, 128, "CPU %" PRIu64 " is left out:\n%s", step->field[0],
			 schema_value_name(FIELD_MISSING_REASON, step->field[2]) ?: "?");
	else if (!strcmp(step->event, "clock_check"))
		snprintf(text, 128,
			 "the clock of CPU %" PRIu64 " is ahead by\n%" PRId64 " to %" PRId64 " ns (%" PRIu64 " rounds)",
			 step->field[0], (int64_t)step->field[1], (int64_t)step->field[2], step->field[3]);
	else
		snprintf(text, 128, "%s %" PRIu64, step->event, step->phase);
}

static enum look step_look(const struct boot_step *step)
{
	if (!strcmp(step->event, "cpu_missing"))
		return LOOK_BAD;
	if (!strcmp(step->event, "cpu_online") || is_phase(step, BOOT_PHASE_SCHEDULER))
		return LOOK_STRONG;
	return is_phase(step, BOOT_PHASE_ENTRY) ? LOOK_ARCH : LOOK_PORTABLE;
}

static void draw_step(struct picture *picture, struct boot_step *step, unsigned number)
{
	char key[32], text[128], time[PICTURE_NUMBER_BYTES];
	snprintf(key, sizeof(key), "cpu_%u", step->cpu);
	struct Agraph_s *column = picture_group(picture, NULL, key, LOOK_NEVER, "CPU %u", step->cpu);
	picture_set(column, "fontcolor", look_colours[LOOK_DATA].text);
	step_text(step, text);
	snprintf(key, sizeof(key), "step_%u", number);
	picture_time(time, (uint64_t)(step->ns < 0 ? -step->ns : step->ns));
	step->node = picture_node(picture, column, key, step_look(step), step->ns < 0 ? "%s\n%s before" : "%s\n%s", text, time);
	snprintf(key, sizeof(key), "cpu_%u", step->cpu);
	picture_set(step->node, "group", key); /* one below the other */
	if (strcmp(step->event, "boot_phase") != 0)
		scan_source(picture, step->node, step->event);
	else if (step->phase < BOOT_PHASES_KNOWN && phase_constants[step->phase])
		scan_source_of_phase(picture, step->node, phase_constants[step->phase], step->cpu == 0);
}

/* ---- arrows ---- */

/* Down the columns: each step to the next of its CPU. */
static void draw_columns(struct picture *picture, const struct boot *boot, int64_t whole)
{
	const struct boot_step *last[FORMAT_CPUS_MAX] = {NULL};
	char time[PICTURE_NUMBER_BYTES];
	for (unsigned i = 0; i < boot->steps; i++) {
		const struct boot_step *step = &boot->step[i], *before = last[step->cpu];
		last[step->cpu] = step;
		if (!before)
			continue;
		int64_t took = step->ns > before->ns ? step->ns - before->ns : 0;
		picture_edge(picture, before->node, step->node, NULL, LOOK_DATA, whole > 0 ? (double)took / (double)whole : 0,
			     "%s", picture_time(time, (uint64_t)took));
	}
}

static void draw_wait(struct picture *picture, const struct boot_step *from, const struct boot_step *to, const char *text)
{
	if (!from || !to || from == to)
		return;
	struct Agedge_s *edge = picture_edge(picture, from->node, to->node, "wait", LOOK_ARCH, 0, "%s", text);
	picture_set(edge, "style", "dashed");
	picture_set(edge, "constraint", from->ns <= to->ns ? "true" : "false");
}

/* CPU 0 tells the others to start; boot_lock goes from one to the next; the last to come to the barrier lets all go on. */
static void draw_waits(struct picture *picture, struct boot *boot)
{
	struct boot_step *told = find_phase(boot, 0, -1, BOOT_PHASE_STARTED), *holder = NULL, *last = NULL;
	for (unsigned i = 0; i < boot->steps; i++) {
		struct boot_step *step = &boot->step[i];
		if (is_phase(step, BOOT_PHASE_ENTRY) && told && step->cpu != told->cpu)
			draw_wait(picture, told, step, "starts it");
		if (is_phase(step, BOOT_PHASE_LOCK))
			draw_wait(picture, holder, step, "boot_lock");
		if (is_phase(step, BOOT_PHASE_UNLOCK))
			holder = step;
		if (is_phase(step, BOOT_PHASE_BARRIER) && !find_phase(boot, i + 1, -1, BOOT_PHASE_BARRIER))
			last = step;
		if (is_phase(step, BOOT_PHASE_CLOCK) && last && step->cpu != last->cpu)
			draw_wait(picture, last, step, "all are there");
		if (!strcmp(step->event, "clock_check"))
			draw_wait(picture, find_phase(boot, 0, (int)step->phase, BOOT_PHASE_CLOCK), step, "compares");
	}
	struct boot_step *page = find_phase(boot, 0, -1, BOOT_PHASE_INFORMATION);
	for (unsigned i = 0; i < boot->steps && page; i++)
		if (is_phase(&boot->step[i], BOOT_PHASE_SCHEDULER) && boot->step[i].cpu != page->cpu)
			draw_wait(picture, page, &boot->step[i], "all may schedule");
}

static void draw_heading(struct picture *picture, const struct boot *boot)
{
	scan_describe(picture, &boot->info);
	picture_about(
		picture,
		"times count from kernel entry; `before` is what the machine's own code did before the kernel had its clock");
	if (boot->left_out)
		picture_about(picture, "%u more steps are not drawn", boot->left_out);
	picture_legend(picture, LOOK_PORTABLE, "portable kernel");
	picture_legend(picture, LOOK_ARCH, "the machine's own code; waits for another CPU (dashed)");
	picture_legend(picture, LOOK_STRONG, "the CPU is ready");
	picture_legend(picture, LOOK_BAD, "left out");
}

char *graph_draw_boot(const struct graph_request *request, enum graph_format format, size_t *bytes)
{
	struct boot *boot = calloc(1, sizeof(*boot));
	char *text = NULL;
	if (!boot)
		return say("out of memory"), NULL;
	if (scan_run(request->runs[0], &boot->info, boot, note)) {
		struct picture *picture = picture_begin(request, "Who did what while the machine came up?");
		int64_t first = INT64_MAX, last = 0;
		draw_heading(picture, boot);
		picture_set(picture_graph(picture), "newrank", "true"); /* one order for all columns, not one in each */
		picture_set(picture_graph(picture), "ranksep", "0.3");
		for (unsigned i = 0; i < boot->steps; i++) {
			draw_step(picture, &boot->step[i], i);
			first = boot->step[i].ns < first ? boot->step[i].ns : first;
			last = boot->step[i].ns > last ? boot->step[i].ns : last;
		}
		draw_columns(picture, boot, last - first);
		draw_waits(picture, boot);
		text = picture_end(picture, format, bytes);
	}
	free(boot);
	return text;
}
