/*
 * fake_qemu: plays QEMU and a guest in it, for the tests of `vitrine run`. It understands the few arguments that matter,
 * writes a descriptor and rings into the RAM file as a kernel would, and lets one thread a CPU emit events as fast as it can.
 *
 * What it does is chosen by words on the kernel's command line (`vitrine run --append "fake=hang"`):
 *     fake=finish     emits events= events on each CPU, then says how it ended; status= verdict= (default: finished, 0)
 *     fake=reset      ends without a verdict, exit code 0, like a triple fault under -no-reboot
 *     fake=abort      QEMU crashes
 *     fake=error      QEMU refuses its arguments
 *     fake=hang       emits, then does nothing for ever; fake=stubborn does not even obey SIGTERM
 *     fake=idle       emits, then its CPUs are idle, for ever or until verdict=; fake=stuck: but for an interrupt that the last one never leaves
 *     fake=linger     a verdict, but the power stays on
 *     fake=turns      threads only yield, for ever; with events= they stop, verdict= says why
 *     fake=compute    like turns, but one thread computes between timer ticks
 *     fake=torn       claims an event that it never commits
 *     fake=damaged    commits an event that the schema does not know
 *     fake=late       CPU 1 gets its ring late, CPU 2 never
 *     fake=badring    a descriptor whose ring lies outside RAM
 *     fake=badschema  a kernel built from another events.h
 *     fake=silent     no descriptor at all
 *     reads           (beside any of these) all its input is read
 *     midline         (beside any of these) the console ends in the middle of a line
 * A ppc64 machine is big-endian. Event n of a CPU carries n in its fields, so a reader can tell whether it got the right one.
 */
#include <byteswap.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../kernel/abi/descriptor.h"
#include "../../kernel/abi/syscall.h"
#include "../../kernel/abi/trace_enums.h"
#include "../../kernel/abi/trace_ring.h"
#include "../../trace/schema.h"

#define DESCRIPTOR_PADDR 0x103000
#define CPUS_PADDR 0x200000
#define CPU_STRIDE 512
#define RING_OFFSET 128 /* of the ring in a CPU's data */
#define RINGS_PADDR 0x1000000
#define CPUS_MAX 16

static struct {
	bool swapped;
	unsigned cpus;
	const char *words; /* the kernel's command line */
	const char *ram_path, *console;
	uint8_t *ram;
	uint64_t ram_bytes, ring_bytes, events;
	char scenario[16];
} fake = {.cpus = 1, .words = ""};

static uint64_t guest(uint64_t word)
{
	return fake.swapped ? bswap_64(word) : word;
}

static bool is(const char *scenario)
{
	return !strcmp(fake.scenario, scenario);
}

/* ---- arguments ---- */

/* The number after `name` among the kernel's words. */
static uint64_t word_number(const char *name, uint64_t otherwise)
{
	const char *at = strstr(fake.words, name);
	return at ? strtoull(at + strlen(name), NULL, 0) : otherwise;
}

static void take_arguments(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i++) {
		const char *value = argv[i + 1];
		if (!strcmp(argv[i], "-M"))
			fake.swapped = strstr(value, "powernv") != NULL;
		else if (!strcmp(argv[i], "-smp"))
			fake.cpus = (unsigned)atoi(value);
		else if (!strcmp(argv[i], "-append"))
			fake.words = value;
		else if (!strcmp(argv[i], "-serial"))
			fake.console = value + strlen("file:");
		else if (!strcmp(argv[i], "-object"))
			fake.ram_path = strstr(value, "mem-path=") + strlen("mem-path=");
	}
	const char *scenario = strstr(fake.words, "fake=");
	snprintf(fake.scenario, sizeof(fake.scenario), "%.*s", scenario ? (int)strcspn(scenario + 5, " ") : 6,
		 scenario ? scenario + 5 : "finish");
	fake.ring_bytes = word_number("ring=", 1024) << 10;
	fake.events = word_number("events=", 1000);
}

static bool map_ram(void)
{
	char path[256];
	struct stat status;
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(fake.ram_path, ","), fake.ram_path);
	int file = open(path, O_RDWR);
	if (file < 0 || fstat(file, &status) != 0)
		return false;
	fake.ram_bytes = (uint64_t)status.st_size;
	fake.ram = mmap(NULL, fake.ram_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	return fake.ram != MAP_FAILED;
}

/* ---- the guest ---- */

static struct trace_ring *ring_of(unsigned cpu)
{
	return (struct trace_ring *)(fake.ram + CPUS_PADDR + cpu * CPU_STRIDE + RING_OFFSET);
}

static uint64_t *slot_of(unsigned cpu, uint64_t sequence)
{
	uint64_t slots = fake.ring_bytes / TRACE_SLOT_BYTES;
	return (uint64_t *)(fake.ram + RINGS_PADDR + cpu * fake.ring_bytes) + (sequence & (slots - 1)) * TRACE_SLOT_WORDS;
}

static void make_ring(unsigned cpu)
{
	struct trace_ring *ring = ring_of(cpu);
	ring->slot_mask = guest(fake.ring_bytes / TRACE_SLOT_BYTES - 1);
	uint64_t where = RINGS_PADDR + cpu * fake.ring_bytes;
	__atomic_store_n(&ring->slots_paddr, guest(is("badring") ? fake.ram_bytes : where), __ATOMIC_RELEASE);
}

/* Emits event `name`; `commit`: and finishes it. Each event of a CPU is `step` ticks after the one before. */
static void emit(unsigned cpu, unsigned id, unsigned fields, const uint64_t *field, uint64_t ticks, bool commit)
{
	struct trace_ring *ring = ring_of(cpu);
	uint64_t sequence = guest(ring->head);
	uint64_t *slot = slot_of(cpu, sequence);
	__atomic_store_n(&ring->head, guest(sequence + 1), __ATOMIC_RELEASE);
	slot[0] = guest(ticks);
	for (unsigned i = 0; i < fields; i++)
		slot[2 + i] = guest(field[i]);
	if (commit)
		__atomic_store_n(&slot[1], guest(trace_header((uint32_t)sequence, cpu, id, fields + 2)), __ATOMIC_RELEASE);
}

static unsigned id_of(const char *name)
{
	return schema_event_named(name)->id;
}

static uint64_t ticks_of(unsigned cpu, uint64_t event)
{
	return 1000 + event * 100 + cpu;
}

/* Events of different sizes, each field made from the number of the event. */
static void emit_marks(unsigned cpu)
{
	static const char *const names[] = {"mark_counter", "free_pages", "idle_begin", "fault_mapping"};
	unsigned id[4], fields[4];
	for (unsigned i = 0; i < 4; i++) {
		id[i] = id_of(names[i]);
		fields[i] = schema_event(id[i])->fields;
	}
	for (uint64_t n = 0; n < fake.events; n++) {
		uint64_t field[TRACE_FIELDS_MAX] = {n, n + 1, n + 2, n + 3, n + 4, n + 5};
		emit(cpu, id[n % 4], fields[n % 4], field, ticks_of(cpu, n), true);
	}
	if (is("torn"))
		emit(cpu, 0, 0, NULL, 0, false);
	if (is("damaged"))
		emit(cpu, EVENT_IDS - 1, 1, (const uint64_t[]){0}, 0, true);
	if (is("torn") || is("damaged"))
		emit(cpu, id[1], 1, (const uint64_t[]){fake.events + 1}, ticks_of(cpu, fake.events + 1), true);
}

/* Two threads of a CPU that do nothing but yield to each other; or, with fake=compute, that use up their timeslices. */
static void emit_turns(unsigned cpu)
{
	unsigned enter = id_of("syscall_enter"), leave = id_of("syscall_exit"), change = id_of("thread_switch");
	uint64_t step = is("compute") ? 10000000 : 1000;
	bool limited = word_number("events=", 0) != 0;
	for (uint64_t n = 0; !limited || n < fake.events; n++) {
		uint64_t now = 1000 + n * step, who = 10 + n % 2;
		emit(cpu, enter, 4, (const uint64_t[]){who, SYSCALL_thread_yield, 0, 0}, now, true);
		emit(cpu, leave, 4, (const uint64_t[]){who, SYSCALL_thread_yield, 0, 0}, now + 10, true);
		emit(cpu, change, 3, (const uint64_t[]){who, 21 - who, SWITCH_YIELD}, now + 20, true);
		if (!limited)
			usleep(100);
	}
}

static void emit_idle(void)
{
	for (unsigned cpu = 0; cpu < fake.cpus; cpu++) {
		uint64_t now = ticks_of(cpu, fake.events + 100000);
		emit(cpu, id_of("thread_switch"), 3, (const uint64_t[]){7, 0, SWITCH_RECEIVE}, now, true);
		emit(cpu, id_of("idle_begin"), 0, NULL, now + 10, true);
		emit(cpu, id_of("irq_enter"), 3, (const uint64_t[]){0, 0, 0}, now + 20, true);
		if (is("idle") || cpu + 1 < fake.cpus)
			emit(cpu, id_of("irq_exit"), 1, (const uint64_t[]){0}, now + 30, true);
		/* So long ago that the last tenth has nothing in it. */
		emit(cpu, id_of("free_pages"), 1, (const uint64_t[]){1}, now * 100, true);
	}
}

static void *run_cpu(void *argument)
{
	unsigned cpu = (unsigned)(uintptr_t)argument;
	if (is("late") && cpu == 1) {
		usleep(20000);
		make_ring(cpu);
	}
	if (is("late") && cpu == 2)
		return NULL;
	if (is("turns") || is("compute"))
		emit_turns(cpu);
	else
		emit_marks(cpu);
	return NULL;
}

static struct descriptor *make_descriptor(void)
{
	struct descriptor *descriptor = (struct descriptor *)(fake.ram + DESCRIPTOR_PADDR);
	descriptor->schema_hash = guest(schema_hash() + is("badschema"));
	descriptor->clock_hz = guest(1000000000);
	descriptor->boot_ticks = guest(900);
	descriptor->user_ticks = guest(2000);
	descriptor->cpus_online = fake.swapped ? bswap_32(fake.cpus) : fake.cpus;
	descriptor->cpus_present = descriptor->cpus_online;
	strcpy(descriptor->machine, fake.swapped ? "ppc64" : "x86_64");
	strcpy(descriptor->mmu, "none");
	strcpy(descriptor->build_id, "fake");
	strcpy(descriptor->program, "fake");
	struct descriptor_entry *entry = &descriptor->entry[0];
	strcpy(entry->label, "trace-ring");
	entry->paddr = guest(CPUS_PADDR + RING_OFFSET);
	entry->bytes = guest(sizeof(struct trace_ring));
	entry->count = guest(fake.cpus);
	entry->stride = guest(CPU_STRIDE);
	for (unsigned i = 0; i < fake.cpus; i++)
		if (!is("late") || i == 0)
			make_ring(i);
	strcpy(descriptor->eyecatcher, DESCRIPTOR_EYECATCHER);
	descriptor->byte_order = guest(DESCRIPTOR_BYTE_ORDER);
	__atomic_store_n(&descriptor->entries, fake.swapped ? bswap_32(1) : 1, __ATOMIC_RELEASE);
	return descriptor;
}

static void sleep_for_ever(void)
{
	for (;;)
		pause();
}

static int play(void)
{
	struct descriptor *descriptor = make_descriptor();
	pthread_t thread[CPUS_MAX];
	for (unsigned i = 0; i < fake.cpus; i++)
		if (pthread_create(&thread[i], NULL, run_cpu, (void *)(uintptr_t)i) != 0)
			return 1;
	for (unsigned i = 0; i < fake.cpus; i++)
		pthread_join(thread[i], NULL);
	for (char typed; strstr(fake.words, " reads") && read(STDIN_FILENO, &typed, 1) == 1;)
		;
	if (is("reset"))
		return 0;
	if (is("abort"))
		abort();
	if (is("idle") || is("stuck"))
		emit_idle();
	if (is("hang") || is("stubborn") || (!word_number("verdict=", 0) && (is("idle") || is("stuck"))))
		sleep_for_ever();
	descriptor->exit_status = guest(word_number("status=", 0));
	__atomic_store_n(&descriptor->verdict, guest(word_number("verdict=", VERDICT_FINISHED)), __ATOMIC_RELEASE);
	if (is("linger"))
		sleep_for_ever();
	return 0;
}

/* Says which process it is, so that a test can ask whether it is gone. */
static void write_console(void)
{
	FILE *console = fake.console ? fopen(fake.console, "w") : NULL;
	if (!console)
		return;
	fprintf(console, "pid %d\nwords %s%s", (int)getpid(), fake.words, strstr(fake.words, "midline") ? "" : "\n");
	fclose(console);
}

/* As QEMU does: a line on stderr, and a good end. */
static void on_sigterm(int number)
{
	(void)number;
	static const char line[] = "fake_qemu: terminating on signal 15 from pid 1 (vitrine)\n";
	_exit(write(STDERR_FILENO, line, sizeof(line) - 1) < 0);
}

int main(int argc, char **argv)
{
	take_arguments(argc, argv);
	if (is("error"))
		return fprintf(stderr, "fake_qemu: I do not like my arguments\n"), 1;
	signal(SIGTERM, is("stubborn") ? SIG_IGN : on_sigterm);
	write_console();
	if (!fake.ram_path || fake.cpus > CPUS_MAX || !map_ram())
		return fprintf(stderr, "fake_qemu: no RAM\n"), 1;
	if (is("silent"))
		sleep_for_ever();
	return play();
}
