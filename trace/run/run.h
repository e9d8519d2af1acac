/*
 * The parts of `vitrine run` and what they say to each other.
 *
 *     run_options   what was asked for
 *     run_image     the files QEMU boots: asks make for them
 *     run_ram       the files that are the guest's RAM
 *     run_command   QEMU's command line
 *     run_qemu      the machine: its process, and its RAM as we see it
 *     run_guest     finding the descriptor and the rings in that RAM
 *     run_drain     taking events out of the rings
 *     run_ending    what the end of the run means
 *     run           the story from start to end
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../kernel/abi/descriptor.h"
#include "../../kernel/abi/trace_ring.h"
#include "format.h"
#include "writer.h"

#define RUN_CPUS_MAX 16 /* MAX_CPUS of the kernel */
#define EXIT_HOST 11    /* the host could not do its part */

/* ---- options.c ---- */

/* What differs from machine to machine, on the host's side. */
struct run_machine {
	const char *name;
	const char *qemu;
	const char *qemu_package;
	const char *boot_suffix; /* of the file QEMU boots: "elf", "bin" */
	uint64_t ram_bytes_min;
	uint64_t ram_bytes_max;
	uint64_t flash_bytes_max;
	uint64_t clock_per_1000; /* clock ticks in 1000 instructions under icount */
	const char *mmus[3];     /* that --mmu may ask for, NULL at the end */
};

/* What `vitrine run --record` leaves in the run's directory beside the run: QEMU's log, and the state it starts from. */
#define RECORD_FILE "record.log"
#define RECORD_STATE_FILE "record.qcow2"

struct run_options {
	const struct run_machine *machine;
	const char *program;   /* a name, or the path of a C file */
	const char *image;     /* "kernel", "kernel-release", "kernel-test" */
	const char *output;    /* directory */
	const char *flash;     /* the image to copy; NULL: the program's own */
	const char *input;     /* what the guest reads: a file, or "-"; NULL: nothing */
	const char *append;    /* more words for the kernel's command line */
	const char *mmu;       /* NULL: the kernel's own choice */
	const char *root;      /* of the tree; NULL: found from where the program is */
	const char *qemu;      /* NULL: the machine's */
	char **qemu_arguments; /* after `--`, NULL at the end */
	unsigned cpus;
	unsigned categories;
	uint64_t seed;
	uint64_t budget;       /* instructions, under icount */
	uint64_t wall_seconds; /* 0: no limit */
	uint64_t events;       /* recorded, at most */
	uint64_t ring_bytes;   /* of a CPU */
	uint64_t fail;         /* the allocation that is to fail; 0: none */
	uint64_t fail_every;   /* and which after it; 0: none */
	bool icount, verbose, quiet, build;
	bool grub;                                                /* boots through GRUB, from an ISO image */
	enum { REPLAY_NONE, REPLAY_RECORD, REPLAY_AGAIN } replay; /* OUTPUT has what QEMU needs to run it backwards */
	bool keep_ram;                                            /* the guest's RAM is the file OUTPUT/ram, which stays */
	bool witness;                                             /* a plugin of QEMU notes calls and traps in OUTPUT/witness */
};

/* Reads the command line. Returns 0, or the exit code after having said what is wrong. */
int run_options_parse(struct run_options *options, int argc, char **argv);

/* ---- image.c ---- */

struct run_image {
	char *root;
	char *program;   /* its name */
	char *boot_file; /* the kernel, or the ISO image with everything on it */
	char *archive;
	char *flash; /* this run's own copy; NULL: none */
	uint64_t flash_bytes;
	char *witness; /* the file the witness writes; NULL: it is not asked for */
	char *plugin;
};

/* Has make build the kernel and the program, and says where they are. False after having said what went wrong. */
bool run_image_prepare(struct run_image *image, const struct run_options *options);

/* Copies the flash image to OUTPUT/flash.pnor, so that what the run does to it stays its own. False after having said why not. */
bool run_image_copy_flash(struct run_image *image, const struct run_options *options);
/* Starts the file of the witness, if it is wanted. An old one is removed. False after having said why not. */
bool run_image_begin_witness(struct run_image *image, const struct run_options *options);
void run_image_free(struct run_image *image);

/* ---- record.c ---- */

/* Makes what --record needs, or looks for what --replay needs. False after having said what is missing. */
bool run_record_prepare(const struct run_options *options);

/* ---- input.c ---- */

/*
 * The file from which the guest's serial port reads; `path` may be "-". It stays open until run_input_end(). -1 after having said why
 * there is none.
 */
int run_input_open(const char *path);

/* Whether the guest has got all there was to read; false if that cannot be told. */
bool run_input_was_read(void);

/* Leaves the terminal as it was, and closes the file. */
void run_input_end(void);

/* ---- ram.c ---- */

/* A file in memory, or in $TMPDIR where there is no memory for one. It vanishes with its last user. -1 after having said why not. */
int run_file_nameless(const char *what, uint64_t bytes);

/* The file for the RAM of such a machine, and how many bytes it has. -1 after having said why there can be none. */
int run_ram_open(const struct run_options *options, uint64_t *bytes);

/* ---- qemu.c ---- */

struct run_qemu {
	pid_t pid;
	bool running;
	bool paused;
	int wait_status; /* as waitpid() has it, once it no longer runs */
	int process;     /* a descriptor that becomes readable when QEMU ends */
	int errors;      /* the end of a pipe at which QEMU's error messages come out */
	pthread_t errors_reader;
	bool errors_read;         /* that thread exists */
	atomic_bool asked_to_end; /* by us: what QEMU says of that is no news */
	const uint8_t *ram;       /* read-only */
	uint64_t ram_bytes;
	int ram_file; /* read-only */
};

/* Starts the machine; its console goes to the file `console`, and comes from `input` (-1: nothing). False after having said why it does not start. */
bool run_qemu_start(struct run_qemu *qemu, const struct run_options *options, const struct run_image *image, const char *console,
		    int input);

/* Waits until QEMU ends or the time is over. */
void run_qemu_wait(struct run_qemu *qemu, unsigned milliseconds);

/* Stops the process for a moment, or lets it go on. Only for icount: a guest with a clock of its own does not notice. */
void run_qemu_pause(struct run_qemu *qemu, bool paused);

/* Ends the process: asks first, then insists. */
void run_qemu_end(struct run_qemu *qemu);
void run_qemu_close(struct run_qemu *qemu);

/* ---- guest.c ---- */

/* What was found in the guest's RAM. All pointers lead into it; its words are in the guest's byte order. */
struct run_guest {
	const struct run_qemu *qemu;
	const volatile struct descriptor *descriptor; /* NULL until found */
	bool swapped;
	unsigned cpus;                                        /* how many rings there will be; 0 until that is known */
	unsigned rings;                                       /* how many there are */
	const volatile struct trace_ring *ring[RUN_CPUS_MAX]; /* NULL: this CPU has none yet */
	const volatile uint64_t *slots[RUN_CPUS_MAX];
	uint64_t slot_count[RUN_CPUS_MAX];
	unsigned looks;
};

/* Looks for what is not found yet. False after having said that the guest cannot be understood. */
bool run_guest_look(struct run_guest *guest);

uint64_t run_guest64(const struct run_guest *guest, uint64_t word);
uint32_t run_guest32(const struct run_guest *guest, uint32_t word);

/* What the guest says about itself: the header's fields from machine to cpus_online, in the host's byte order. */
void run_guest_describe(const struct run_guest *guest, struct format_header *header);

/* ---- drain.c ---- */

struct run_drain {
	const struct run_guest *guest;
	struct writer *writer;
	uint64_t damaged;       /* slots with the right sequence and nonsense behind it; counted as lost */
	uint8_t words_of[1024]; /* of each event; 0: no such event */
	uint64_t chunk[1024 * TRACE_SLOT_WORDS];
};

void run_drain_start(struct run_drain *drain, const struct run_guest *guest, struct writer *writer);

/* Takes what is there from all rings; returns how many events. `final`: the guest has ended, what is not there now never comes.
 */
uint64_t run_drain_all(struct run_drain *drain, bool final);

/* The part of the fullest ring that has not been read yet, in 1/1000. */
unsigned run_drain_backlog(const struct run_drain *drain);

/* ---- ending.c ---- */

enum run_stop { STOP_NONE, STOP_WALL, STOP_EVENTS, STOP_SIGNAL };

/* What the host saw of the end. */
struct run_end_facts {
	enum run_stop stop;
	int wait_status;
	bool silent; /* with STOP_WALL: no event came for a good part of the time */
	unsigned verdict;
	const char *trace; /* the stored file, for endings that only the last events can tell */
};

/* Whether a limit ended the run, the guest's or ours. Then run_ending_judge() needs the stored trace. */
bool run_ending_is_limit(const struct run_end_facts *facts);

enum ending run_ending_judge(const struct run_end_facts *facts);

/* Prints to stderr which threads wait at the end of a stored trace, and for what; nothing if that cannot be told. */
void run_say_who_waits(const char *trace);

/* The exit code of `vitrine run`. */
int run_ending_exit_code(enum ending ending, uint64_t exit_status, int signal);
