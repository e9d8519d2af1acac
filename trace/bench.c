/*
 * `vitrine bench`: what the kernel and the tools cost, beside the goals and beside other kernels measured under the same QEMU.
 *
 * Teaches: measuring by counting. Under icount a nanosecond of guest time is one instruction, so a figure is exact and the same
 * on every host, and a change that costs two instructions is seen. Only the host's own programs are measured in seconds. The
 * cost of a trace event is the difference between two runs: the null system call emits two events of the category `syscall`,
 * so the difference between its cost with that category on and off, halved, is what one event adds. Who calls: main.c. It runs
 * `vitrine run` as a program and reads what user/programs/bench.c printed; bench_host.c does the same with the host's programs.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_inside.h"
#include "commands.h"
#include "reader.h"

extern char **environ;

const char bench_help[] =
	"usage: vitrine bench [-o DIR] [--docs]\n"
	"\n"
	"Runs user/programs/bench.c on both machines under icount and converts a large made-up run. Prints a table of\n"
	"what things cost, beside goals and other kernels, and writes it to DIR.json. Where babeltrace2 and uftrace are\n"
	"installed, they are timed as well, on as many events of their own formats.\n"
	"\n"
	"    -o, --output DIR   keeps the runs there (default out/bench, so the table goes to out/bench.json)\n"
	"        --docs         also writes the table into docs/performance.md, between its two marks\n"
	"\n"
	"Call it where the tree is: it needs build/tests/make_trace, which `make bench` builds.\n";

#define DOCS_FILE "docs/performance.md"
#define DOCS_BEGIN "<!-- bench begin -->\n"
#define DOCS_END "<!-- bench end -->\n"
#define MACHINES 2
#define RESULTS_MAX 64

static const struct machine {
	const char *name;
	double ticks_per_instruction;
} machines[MACHINES] = {
	{"x86_64", 1.0}, {"ppc64", 0.512}, /* the timebase runs at 512 MHz */
};

/* What is to be reached. Values are instructions unless `unit` says more. */
static const struct goal {
	const char *name;
	double goal; /* 0: none; else at most this, or at least if `at_least` */
	bool at_least;
	const char *unit;
	const char *anchor;
} goals[] = {
	{"trace_event", 25, false, "instructions", "a 32-byte event needs 18 on x86, 13-20 on ppc64; LTTng-UST 984"},
	{"null_syscall", 150, false, "instructions", "seL4 95, xv6 x86-64 581, xv6 riscv64 1,130"},
	{"switch", 400, false, "instructions", "seL4 264, xv6 x86-64 1,721, xv6 riscv64 8,237"},
	{"ipc_round_trip", 900, false, "instructions", "seL4 492, without its fast path 1,533, xv6 x86-64 11,180 (pipe)"},
	{"zero_fill_fault", 2000, false, "instructions", "xv6 i386 4,271, xv6 riscv64 25,567"},
	{"provider_fault", 3850, false, "instructions", "seL4 3,846 with the frame retyped and zeroed, 2,083 with it ready"},
	{"thread_create_exit", 30000, false, "instructions", "seL4 10,059"},
	{"boot_to_user", 5000000, false, "instructions", "seL4 about 4.2 M, xv6 i386 65.1 M"},
	{"perfetto_events_per_s", 0, true, "events/s", "babeltrace2 CTF to text 0.98 M, uftrace to Chrome 3.5-4.1 M"},
	{"perfetto_bytes_per_event", 30, false, "bytes", ""},
	{"perfetto_memory", 16, false, "MiB", ""},
	{"sql_events_per_s", 0, true, "events/s", ""},
	{"sql_memory", 16, false, "MiB", ""},
	{"graph_events_per_s", 0, true, "events/s", ""},
	{"graph_memory", 16, false, "MiB", ""},
	{"babeltrace2_events_per_s", 0, true, "events/s", "CTF to text, in the same run"},
	{"perfetto_to_babeltrace2", 4, true, "times as fast", ""},
	{"graph_to_babeltrace2", 4, true, "times as fast", ""},
	{"sql_to_babeltrace2", 4, true, "times as fast", ""},
	{"uftrace_records_per_s", 0, true, "records/s", "uftrace dump --chrome, in the same run"},
	{"callgraph_records_per_s", 10000000, true, "records/s", "uftrace dump --graphviz 11.7 M"},
	{"soft_fault", 0, false, "instructions", ""},
	{"send_receive", 0, false, "instructions", ""},
	{"word_round_trip", 0, false, "instructions", ""},
	{"trace_mark", 0, false, "instructions", ""},
	{"clock_now", 0, false, "instructions", ""},
};

#define GOALS (sizeof(goals) / sizeof(goals[0]))

struct result {
	const struct goal *goal;
	const char *machine; /* or "host" */
	double value;
	bool traced; /* with every category switched on */
};

static struct {
	struct result result[RESULTS_MAX];
	unsigned count;
} results;

static const struct goal *goal_named(const char *name)
{
	for (size_t i = 0; i < GOALS; i++)
		if (!strcmp(goals[i].name, name))
			return &goals[i];
	return NULL;
}

void bench_add_result(const char *name, const char *machine, double value, bool traced)
{
	const struct goal *goal = goal_named(name);
	if (goal && results.count < RESULTS_MAX)
		results.result[results.count++] = (struct result){goal, machine, value, traced};
}

static const struct result *result_named(const char *name, const char *machine, bool traced)
{
	for (unsigned i = 0; i < results.count; i++) {
		const struct result *result = &results.result[i];
		if (!strcmp(result->goal->name, name) && !strcmp(result->machine, machine) && result->traced == traced)
			return result;
	}
	return NULL;
}

/* ---- running things ---- */

int bench_run_program(char *const *arguments, struct rusage *usage)
{
	posix_spawn_file_actions_t files;
	pid_t pid;
	int status;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	int error = posix_spawn(&pid, arguments[0], &files, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&files);
	if (error)
		return say("%s does not start: %s", arguments[0], strerror(error)), -1;
	while (wait4(pid, &status, 0, usage) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Takes the lines "bench NAME NANOSECONDS ns TICKS ticks" out of the guest's console. */
static bool take_console(const char *path, const struct machine *machine, bool traced)
{
	FILE *console = fopen(path, "r");
	char line[256], name[32];
	double ns, ticks;
	unsigned taken = 0;
	if (!console)
		return say("%s cannot be read: %s", path, strerror(errno)), false;
	while (fgets(line, sizeof(line), console))
		if (sscanf(line, "bench %31s %lf ns %lf ticks", name, &ns, &ticks) == 3) {
			if (traced || !strcmp(name, "null_syscall"))
				bench_add_result(name, machine->name, ticks / machine->ticks_per_instruction, traced);
			taken++;
		}
	fclose(console);
	return taken || (say("%s has no measurement in it", path), false);
}

/* From kernel entry to the first return to user mode. */
static bool take_boot(const char *path, const struct machine *machine)
{
	static char error[640];
	struct trace_reader *reader = trace_open(path, error, sizeof(error));
	if (!reader)
		return say("%s", error), false;
	bench_add_result("boot_to_user", machine->name, (double)trace_ns(reader, trace_info(reader)->user_ticks), true);
	trace_close(reader);
	return true;
}

/* Every category but `syscall`, whose events are what the difference is about. */
#define ALL_BUT_SYSCALL "boot,cpu,thread,irq,fault,mmu,vm,ipc,rcu,time,mem,lock,user"

static bool bench_machine(const struct machine *machine, const char *self, const char *directory, bool traced)
{
	char output[128], console[160];
	snprintf(output, sizeof(output), "%s/%s%s", directory, machine->name, traced ? "" : "-no-syscall");
	snprintf(console, sizeof(console), "%s/console.log", output);
	char *arguments[] = {(char *)self, "run",   "--arch",  (char *)machine->name,
			     "--program",  "bench", "--smp",   "1",
			     "--seed",     "1",     "--trace", traced ? "all" : ALL_BUT_SYSCALL,
			     "--icount",   "-q",    "--image", "kernel-release",
			     "-o",         output,  NULL};
	int status = bench_run_program(arguments, NULL);
	if (status != 0)
		return say("the benchmark ended with %d on %s; %s has what it said", status, machine->name, console), false;
	return take_console(console, machine, traced) && (!traced || take_boot(output, machine));
}

/* Half the difference that two events make. */
static void derive_trace_event(const struct machine *machine)
{
	const struct result *with = result_named("null_syscall", machine->name, true);
	const struct result *without = result_named("null_syscall", machine->name, false);
	if (with && without)
		bench_add_result("trace_event", machine->name, (with->value - without->value) / 2, true);
}

/* ---- saying what came out ---- */

static bool is_met(const struct result *result)
{
	return result->goal->at_least ? result->value >= result->goal->goal : result->value <= result->goal->goal;
}

static void number(char text[32], double value)
{
	if (value >= 1e6)
		snprintf(text, 32, "%.2f M", value / 1e6);
	else if (value >= 1e3)
		snprintf(text, 32, "%d,%03d", (int)value / 1000, (int)value % 1000);
	else
		snprintf(text, 32, value < 100 ? "%.1f" : "%.0f", value);
}

#define GOAL_BYTES 64
static void print_goal(char text[GOAL_BYTES], const struct result *result)
{
	char limit[32];
	number(limit, result->goal->goal);
	if (result->goal->goal > 0)
		snprintf(text, GOAL_BYTES, "%s %s, %s", result->goal->at_least ? "at least" : "at most", limit,
			 is_met(result) ? "met" : "missed");
	else
		text[0] = '\0';
}

static void print_markdown(FILE *to)
{
	fprintf(to, "| what | on | value | unit | goal | others, for comparison |\n|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < GOALS; i++)
		for (unsigned j = 0; j < results.count; j++) {
			const struct result *result = &results.result[j];
			char value[32], goal[GOAL_BYTES];
			if (result->goal != &goals[i])
				continue;
			number(value, result->value);
			print_goal(goal, result);
			fprintf(to, "| %s%s | %s | %s | %s | %s | %s |\n", result->goal->name, result->traced ? "" : ", untraced",
				result->machine, value, result->goal->unit, goal, result->goal->anchor);
		}
}

static void print_text(FILE *to)
{
	fprintf(to, "%-25s %-7s %8s %-13s %-22s %s\n", "what", "on", "value", "unit", "goal", "others, for comparison");
	for (size_t i = 0; i < GOALS; i++)
		for (unsigned j = 0; j < results.count; j++) {
			const struct result *result = &results.result[j];
			char value[32], goal[GOAL_BYTES], name[64];
			if (result->goal != &goals[i])
				continue;
			number(value, result->value);
			print_goal(goal, result);
			snprintf(name, sizeof(name), "%s%s", result->goal->name, result->traced ? "" : ", untraced");
			fprintf(to, "%-25s %-7s %8s %-13s %-22s %s\n", name, result->machine, value, result->goal->unit, goal,
				result->goal->anchor);
		}
}

static bool write_json(const char *directory)
{
	char path[128];
	snprintf(path, sizeof(path), "%s.json", directory);
	FILE *to = fopen(path, "w");
	if (!to)
		return say("%s cannot be written: %s", path, strerror(errno)), false;
	fprintf(to, "[\n");
	for (unsigned i = 0; i < results.count; i++) {
		const struct result *result = &results.result[i];
		fprintf(to, "  {\"name\": \"%s\", \"arch\": \"%s\", \"value\": %.3f, \"unit\": \"%s\", ", result->goal->name,
			result->machine, result->value, result->goal->unit);
		if (result->goal->goal > 0)
			fprintf(to, "\"goal\": %.0f, ", result->goal->goal);
		else
			fprintf(to, "\"goal\": null, ");
		fprintf(to, "\"anchor\": \"%s\", \"traced\": %s}%s\n", result->goal->anchor, result->traced ? "true" : "false",
			i + 1 < results.count ? "," : "");
	}
	fprintf(to, "]\n");
	return fclose(to) == 0 || (say("%s could not be written", path), false);
}

static char *read_file(const char *path)
{
	FILE *from = fopen(path, "r");
	char *text = NULL;
	size_t bytes = 0;
	if (!from)
		return NULL;
	if (getdelim(&text, &bytes, '\0', from) < 0) {
		free(text);
		text = NULL;
	}
	fclose(from);
	return text;
}

/* Replaces what stands between the two marks. */
static bool write_docs(void)
{
	char *text = read_file(DOCS_FILE);
	char *begin = text ? strstr(text, DOCS_BEGIN) : NULL;
	char *end = begin ? strstr(begin, DOCS_END) : NULL;
	FILE *to = end ? fopen(DOCS_FILE, "w") : NULL;
	if (!to) {
		free(text);
		return say("%s cannot be written, or its two marks are not there", DOCS_FILE), false;
	}
	begin += strlen(DOCS_BEGIN);
	fwrite(text, 1, (size_t)(begin - text), to);
	print_markdown(to);
	fputs(end, to);
	free(text);
	return fclose(to) == 0 || (say("%s could not be written", DOCS_FILE), false);
}

int command_bench(int argc, char **argv)
{
	static const struct option options[] = {{"output", required_argument, NULL, 'o'}, {"docs", no_argument, NULL, 'd'}, {0}};
	static char self[4096];
	const char *directory = "out/bench";
	bool docs = false;
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, ":o:", options, NULL)) != -1;) {
		if (option == '?' || option == ':')
			return say_usage("bench", option == '?' ? "there is no option `%s`" : "the option `%s` lacks its value",
					 argv[optind - 1]);
		if (option == 'o')
			directory = optarg;
		else
			docs = true;
	}
	if (optind != argc || strlen(directory) > 100)
		return say_usage("bench", "it takes only options, and a short path");
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return say("where this program lies is not known: %s", strerror(errno));
	if (!directories_make(directory))
		return say("%s cannot be made: %s", directory, strerror(errno));
	for (unsigned i = 0; i < MACHINES; i++) {
		if (!bench_machine(&machines[i], self, directory, true) || !bench_machine(&machines[i], self, directory, false))
			return 1;
		derive_trace_event(&machines[i]);
	}
	if (!bench_host(self, directory))
		return 1;
	print_text(stdout);
	return write_json(directory) && (!docs || write_docs()) ? 0 : 1;
}
