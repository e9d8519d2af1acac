/*
 * What `vitrine run` can be asked, and the two machines it knows.
 * Who calls: run.c. To add a machine: a row here, its command line in command.c.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "run/run.h"
#include "schema.h"

const char run_help[] =
	"usage: vitrine run [OPTIONS] [-o DIR] [-- QEMU ARGUMENTS]\n"
	"\n"
	"Builds the kernel and a program, boots them under QEMU, and records every event: DIR/run.vtrace, and\n"
	"DIR/console.log with what the guest printed.\n"
	"\n"
	"    --arch A          x86_64 (default) or ppc64\n"
	"    --program P       a name of user/programs/ (default demo), or the path of a C file\n"
	"    --smp N           CPUs, 1 to 16 (default 1)\n"
	"    --seed N          for everything that is random in the guest (default 1)\n"
	"    --live            the clock is the host's (default)\n"
	"    --icount          the clock counts instructions: the same run again, to the bit\n"
	"    --trace LIST      categories of events to record (default all):\n"
	"                      boot,cpu,thread,syscall,irq,fault,mmu,vm,ipc,rcu,time,mem,lock,user,sync\n"
	"    --mmu M           the MMU to use: radix4 (default) or radix5 on x86_64, hash on ppc64\n"
	"    --budget N        with --icount: end the run after N instructions (default 20000000000)\n"
	"    --wall SECONDS    end the run after this time on the host; 0: never (default 60; with --icount 120)\n"
	"    --events N        end the run after about N events recorded (default 8000000: 300 MB of a livelock)\n"
	"    --ring MIB        size of a CPU's event ring, a power of two (default 16; with --icount 32)\n"
	"    --image I         kernel (default); kernel-release, faster, without checks of itself; or kernel-test,\n"
	"                      the in-guest tests\n"
	"    --boot B          kernel (default): QEMU is the loader; grub: GRUB is, from an ISO image, on x86_64 only\n"
	"    --flash FILE      the flash image (default: the program's own); the run works on a copy, DIR/flash.pnor\n"
	"    --input FILE      what the guest reads from its serial port; - is this program's own input (default none)\n"
	"    --fail N          let allocation N in the kernel fail, counted from boot; the end of the console says\n"
	"                      how many there were\n"
	"    --fail-every K    and every K-th after it; without --fail, allocations K, 2K, 3K, ...\n"
	"    --append WORDS    more words for the kernel's command line\n"
	"    --keep-ram        the guest's RAM is the file DIR/ram, which stays: for `vitrine dump`\n"
	"    --record          x86_64, one CPU: QEMU notes all that comes from outside, and the state at the start, so that\n"
	"                      gdb can step backwards in --replay; the flash cannot be written\n"
	"    --replay          the run that --record left in DIR, once more: for `make gdb REVERSE=1`\n"
	"    --witness         QEMU also notes every call and trap of the kernel, at no cost to the guest: DIR/witness,\n"
	"                      for `vitrine witness`; live CPUs then take turns\n"
	"    --no-build        boot what was built before\n"
	"    -o, --output DIR  where to leave the run (default out/run)\n"
	"    -q, --quiet       the guest's console only to console.log\n"
	"    -v, --verbose     show what is built and how QEMU is called\n"
	"    -- ARGUMENTS      the rest goes to QEMU as it is\n"
	"\n"
	"Exit codes: 0 finished with status 0; 1 finished with another; 2 wrong call; 3 crashed; 4 deadlock;\n"
	"5 livelock; 6 slow; 7 panic; 8 refused; 9 triple fault; 10 hang; 11 the host could not do its part;\n"
	"12 waiting; 128 + n stopped by signal n. docs/trace.md says how each is told.\n"
	"\n"
	"example: vitrine run --arch ppc64 --program demo --smp 2 --icount --trace fault,mmu -o out/faults\n";

static const struct run_machine machines[] = {
	{"x86_64",
	 "qemu-system-x86_64",
	 "qemu-system-x86",
	 "elf",
	 256 << 20,
	 UINT64_C(2) << 30,
	 (8 << 20) - (256 << 10),
	 1000,
	 {"radix4", "radix5"}},
	{"ppc64", "qemu-system-ppc64", "qemu-system-ppc", "bin", 1 << 30, UINT64_C(4) << 30, 64 << 20, 512, {"hash"}},
};

#define MACHINES (sizeof(machines) / sizeof(machines[0]))
#define WALL_SECONDS_LIVE 60
#define WALL_SECONDS_ICOUNT 120
#define BUDGET_INSTRUCTIONS UINT64_C(20000000000)
#define RING_MIB_MAX 128 /* the largest block the kernel's page allocator has */
#define RING_MIB_LIVE UINT64_C(16)
#define RING_MIB_ICOUNT UINT64_C(32)
#define EVENTS_RECORDED 8000000
#define NOT_GIVEN UINT64_MAX

/* clang-format off */
static const struct option long_options[] = {
	{"arch", required_argument, NULL, 'a'},
	{"program", required_argument, NULL, 'p'},
	{"smp", required_argument, NULL, 'n'},
	{"seed", required_argument, NULL, 's'},
	{"live", no_argument, NULL, 'l'},
	{"icount", no_argument, NULL, 'i'},
	{"trace", required_argument, NULL, 't'},
	{"mmu", required_argument, NULL, 'm'},
	{"budget", required_argument, NULL, 'b'},
	{"wall", required_argument, NULL, 'w'},
	{"ring", required_argument, NULL, 'r'},
	{"image", required_argument, NULL, 'I'},
	{"boot", required_argument, NULL, 'B'},
	{"flash", required_argument, NULL, 'F'},
	{"append", required_argument, NULL, 'A'},
	{"record", no_argument, NULL, 'c'},
	{"replay", no_argument, NULL, 'y'},
	{"no-build", no_argument, NULL, 'N'},
	{"keep-ram", no_argument, NULL, 'K'},
	{"witness", no_argument, NULL, 'W'},
	{"output", required_argument, NULL, 'o'},
	{"quiet", no_argument, NULL, 'q'},
	{"verbose", no_argument, NULL, 'v'},
	{"root", required_argument, NULL, 'R'},
	{"qemu", required_argument, NULL, 'Q'},
	{"events", required_argument, NULL, 'e'},
	{"input", required_argument, NULL, 'f'},
	{"fail", required_argument, NULL, 'x'},
	{"fail-every", required_argument, NULL, 'X'},
	{0},
};
/* clang-format on */

/* A whole number between two others. False after having said so. */
static bool take_number(uint64_t *to, const char *option, const char *text, uint64_t least, uint64_t most)
{
	char *end;
	uint64_t number = strtoull(text, &end, 0);
	if (text[0] < '0' || text[0] > '9' || *end || number < least || number > most)
		return say_usage("run", "--%s: `%s` is not a whole number from %" PRIu64 " to %" PRIu64, option, text, least,
				 most),
		       false;
	*to = number;
	return true;
}

static bool take_machine(struct run_options *options, const char *name)
{
	const char *names[MACHINES + 1] = {NULL};
	for (size_t i = 0; i < MACHINES; i++) {
		names[i] = machines[i].name;
		if (!strcmp(name, names[i])) {
			options->machine = &machines[i];
			return true;
		}
	}
	const char *near = nearest_name(name, names);
	return say_usage("run", "--arch: there is no machine `%s`; %s `%s`", name, near ? "did you mean" : "there are x86_64 and",
			 near ? near : "ppc64"),
	       false;
}

static bool take_categories(struct run_options *options, const char *names)
{
	const char *unknown = names;
	options->categories = schema_category_mask(names, &unknown);
	if (!options->categories)
		return say_usage("run", "--trace: there is no category `%.*s`", (int)strcspn(unknown, ","), unknown), false;
	return true;
}

static bool take_image(struct run_options *options, const char *name)
{
	options->image = name;
	if (strcmp(name, "kernel") && strcmp(name, "kernel-release") && strcmp(name, "kernel-test"))
		return say_usage("run", "--image: there is no `%s`; there are kernel, kernel-release and kernel-test", name),
		       false;
	return true;
}

static bool take_boot(struct run_options *options, const char *name)
{
	options->grub = !strcmp(name, "grub");
	if (!options->grub && strcmp(name, "kernel"))
		return say_usage("run", "--boot: there is no `%s`; there are kernel and grub", name), false;
	return true;
}

/* Options that have no value. */
static bool take_switch(struct run_options *options, int option)
{
	if (option == 'l' || option == 'i')
		options->icount = option == 'i';
	else if (option == 'K')
		options->keep_ram = true;
	else if (option == 'c' || option == 'y')
		options->replay = option == 'c' ? REPLAY_RECORD : REPLAY_AGAIN;
	else if (option == 'W')
		options->witness = true;
	else if (option == 'N')
		options->build = false;
	else if (option == 'q')
		options->quiet = true;
	else if (option == 'v')
		options->verbose = true;
	else
		return false;
	return true;
}

/* Options whose value is text that is taken as it is. */
static bool take_text(struct run_options *options, int option, const char *value)
{
	const char **to = option == 'p'   ? &options->program
			  : option == 'm' ? &options->mmu
			  : option == 'A' ? &options->append
			  : option == 'F' ? &options->flash
			  : option == 'f' ? &options->input
			  : option == 'o' ? &options->output
			  : option == 'R' ? &options->root
			  : option == 'Q' ? &options->qemu
					  : NULL;
	if (to)
		*to = value;
	return to != NULL;
}

/* Takes one option; false after having said what is wrong with it. */
static bool take_option(struct run_options *options, int option, const char *value)
{
	uint64_t number = 0;
	bool good;
	if (take_switch(options, option) || take_text(options, option, value))
		return true;
	switch (option) {
	case 'a':
		return take_machine(options, value);
	case 't':
		return take_categories(options, value);
	case 'I':
		return take_image(options, value);
	case 'B':
		return take_boot(options, value);
	case 'n':
		good = take_number(&number, "smp", value, 1, RUN_CPUS_MAX);
		options->cpus = (unsigned)number;
		return good;
	case 's':
		return take_number(&options->seed, "seed", value, 0, INT64_MAX);
	case 'b':
		return take_number(&options->budget, "budget", value, 1, INT64_MAX / 1000);
	case 'w':
		return take_number(&options->wall_seconds, "wall", value, 0, 1000000);
	case 'e':
		return take_number(&options->events, "events", value, 1, INT64_MAX);
	case 'x':
		return take_number(&options->fail, "fail", value, 1, UINT64_MAX);
	case 'X':
		return take_number(&options->fail_every, "fail-every", value, 1, INT64_MAX);
	case 'r':
		good = take_number(&number, "ring", value, 1, RING_MIB_MAX);
		options->ring_bytes = number << 20;
		return good;
	default:
		return false;
	}
}

/* Whether QEMU is asked to wait for a debugger: then a limit on time makes no sense. */
static bool waits_for_debugger(char **arguments)
{
	for (; *arguments; arguments++)
		if (!strcmp(*arguments, "-S") || !strcmp(*arguments, "-gdb") || !strcmp(*arguments, "-s"))
			return true;
	return false;
}

/* Whether the machine has the MMU that was asked for; false after having said which it has. */
static bool mmu_is_there(const struct run_options *options)
{
	const char *const *mmus = options->machine->mmus;
	for (unsigned i = 0; mmus[i]; i++)
		if (!options->mmu || !strcmp(options->mmu, mmus[i]))
			return true;
	return say_usage("run", "--mmu: %s has no `%s`; there is %s%s%s", options->machine->name, options->mmu, mmus[0],
			 mmus[1] ? " and " : "", mmus[1] ? mmus[1] : ""),
	       false;
}

/* Fills in what was not given, once it is known what was; false after having said what does not go together. */
static bool options_complete(struct run_options *options)
{
	if (options->wall_seconds == NOT_GIVEN)
		options->wall_seconds = waits_for_debugger(options->qemu_arguments) ? 0
					: options->icount                           ? WALL_SECONDS_ICOUNT
										    : WALL_SECONDS_LIVE;
	if (options->replay != REPLAY_NONE && (options->cpus != 1 || options->input))
		return say_usage("run", "--record and --replay: QEMU records runs of one CPU without --input"), false;
	if (options->replay != REPLAY_NONE && options->machine != &machines[0])
		return say_usage("run",
				 "--record and --replay: x86_64 only; QEMU 7.2 ends the replay of the POWER machine too early"),
		       false;
	options->icount |= options->replay != REPLAY_NONE;
	if (!options->ring_bytes)
		options->ring_bytes = (options->icount ? RING_MIB_ICOUNT : RING_MIB_LIVE) << 20;
	if (options->ring_bytes & (options->ring_bytes - 1))
		return say_usage("run", "--ring: %" PRIu64 " is not a power of two", options->ring_bytes >> 20), false;
	if (options->budget != NOT_GIVEN && !options->icount)
		return say_usage("run", "--budget counts instructions, so it needs --icount; --wall limits a live run"), false;
	if (options->budget == NOT_GIVEN)
		options->budget = options->icount ? BUDGET_INSTRUCTIONS : 0;
	if (!options->fail)
		options->fail = options->fail_every;
	if (options->grub && options->machine != &machines[0])
		return say_usage("run", "--boot: GRUB boots x86_64 only"), false;
	return mmu_is_there(options);
}

int run_options_parse(struct run_options *options, int argc, char **argv)
{
	*options = (struct run_options){
		.machine = &machines[0],
		.program = "demo",
		.image = "kernel",
		.output = "out/run",
		.append = "",
		.cpus = 1,
		.categories = TRACE_ALL,
		.seed = 1,
		.budget = NOT_GIVEN,
		.wall_seconds = NOT_GIVEN,
		.events = EVENTS_RECORDED,
		.build = true,
	};
	opterr = 0;
	optind = 1;
	for (int option; (option = getopt_long(argc, argv, "+:o:qv", long_options, NULL)) != -1;) {
		if (option == '?')
			return say_usage("run", "there is no option `%s`", argv[optind - 1]);
		if (option == ':')
			return say_usage("run", "the option `%s` lacks its value", argv[optind - 1]);
		if (!take_option(options, option, optarg))
			return EXIT_USAGE;
	}
	if (optind < argc && strcmp(argv[optind - 1], "--"))
		return say_usage("run", "`%s` is no option; what is for QEMU goes after --", argv[optind]);
	options->qemu_arguments = argv + optind;
	return options_complete(options) ? 0 : EXIT_USAGE;
}
