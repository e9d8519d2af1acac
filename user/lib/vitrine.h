/*
 * Vitrine for programs: the one header that a program includes.
 *
 * Teaches: what a kernel gives to a program, and how little that is: threads, memory, a clock, a console. Everything else here
 * is an ordinary function that the program could have written itself (print.c, thread.c, check.c).
 *
 *     #include <vitrine.h>
 *
 *     int main(void)
 *     {
 *             printf("hello\n");
 *             return 0;
 *     }
 *
 * docs/programs.md tells how to run it. The result of main() is the exit status of the run: 0 means that all went well.
 *
 * What is not here: files, a heap, errno, floating point. The kernel does not save floating-point and vector registers,
 * so programs compute with integers only, and the compiler is told to keep to them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/handle.h"
#include "abi/information.h"
#include "abi/message.h"
#include "abi/status.h"
#include "abi/sync.h"
#include "abi/syscall.h"
#include "abi/trace_enums.h"
#include "attributes.h"

#define PAGE_BYTES UINT64_C(4096)
#define KIB UINT64_C(1024)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* ---- results ----------------------------------------------------------------------------------------------------------------
 */

/* What a system call gives back: enum status, and with STATUS_OK a value. Looking at it is not optional. */
struct [[nodiscard]] result {
	uint64_t status;
	uint64_t value;
};

/* The name of a status: "OK", "INVALID", ... */
const char *status_name(uint64_t status);

/*
 * The value of a result that has to be OK; otherwise says what failed and where, and ends the program with status 1.
 *     uint64_t worker = must(thread_create("worker", work, NULL));
 */
#define must(call) must_at((call), #call, __FILE__, __LINE__)
uint64_t must_at(struct result result, const char *call, const char *file, int line);

/*
 * Checks that a program makes of itself. A false one is printed with its place and counted; the program goes on.
 * `return checks_failed();` at the end of main() makes the run fail if any check did. Any thread may call them.
 */
#define check(condition) check_at((condition), #condition, __FILE__, __LINE__)
bool check_at(bool condition, const char *text, const char *file, int line);
int checks_failed(void);

/*
 * Runs the program of that name, which is the caller's own, twice as a child, with these arguments, and checks that each ends with 0 and that
 * the second leaves as much memory as it found. Prints how much that is. What main() may return: checks_failed().
 */
int check_leaves_nothing(const char *name, uint64_t first, uint64_t second);

/* Free pages, once what the kernel is about to free is free; or after a tenth of a second, if there is always something. */
uint64_t memory_settled(void);

/* ---- threads ----------------------------------------------------------------------------------------------------------------
 */

/* What a thread runs. Its result becomes the thread's exit status, as thread_exit() would make it. */
typedef int thread_function(void *argument);

#define ANY_CPU UINT64_MAX
#define ONLY_CPU(index) (UINT64_C(1) << (index))

/* The stack of a thread: this many bytes that can be used, with unmapped guards on both sides. */
#define STACK_BYTES (256 * KIB)

/*
 * Starts a thread that calls function(argument); the value is its id. `name` is what pictures and messages call it; its first
 * 16 characters count. thread_create_on() takes the CPUs it may run on as well: bit n is CPU n, at least one of them has to
 * exist.
 */
struct result thread_create(const char *name, thread_function *function, void *argument);
struct result thread_create_on(uint64_t cpus, const char *name, thread_function *function, void *argument);

/* Waits until a thread has ended; the value is its exit status. The status is CRASHED if the kernel had to kill it. */
struct result thread_join(uint64_t thread);

/* Ends the calling thread, or the whole program with all its threads. */
_Noreturn void thread_exit(int status);
_Noreturn void program_exit(int status);

/* Lets the next thread that waits for this CPU run. */
void thread_yield(void);

/* Sleeps at least that long. */
void thread_sleep_ns(uint64_t ns);
void thread_sleep_us(uint64_t us);
void thread_sleep_ms(uint64_t ms);

/* Sleeps until clock_ns() says so; not at all if it is past that. */
void thread_sleep_until_ns(uint64_t ns);

/* The caller's id, never 0; and the CPU it runs on, which may be another by the time one looks. */
uint64_t thread_id(void);
unsigned thread_cpu(void);

/* Says where the calling thread may run from now on; it is on such a CPU when the call returns. INVALID if none exists. */
struct result thread_run_on(uint64_t cpus);

/*
 * Waits for any other thread of the program to end: the value is its id in bits 32-63 and its exit status in the lower 32, so take it
 * apart with joined_id() and joined_status(). DEADLOCK if there is no other.
 */
struct result thread_join_any(void);
static inline uint64_t joined_id(uint64_t value)
{
	return value >> 32;
}
static inline int joined_status(uint64_t value)
{
	return (int)(uint32_t)value;
}

/* Nobody will join the thread: at its end nothing is left of it. Or: it ends now, whatever it does. */
struct result thread_detach(uint64_t thread);
struct result thread_kill(uint64_t thread);

/* The calling thread stays on the CPU it is on, which is returned, until it has called thread_unpin() as often. */
unsigned thread_pin(void);
void thread_unpin(void);

/*
 * Faults that the calling thread answers itself. Instead of being killed it calls the function, on this stack, with the cause (enum
 * crash_cause), the address it used and the instruction that did; which ends with fault_return(0) to try that instruction again,
 * or with the address of another. A fault in the function itself kills. NULL: no function any more.
 */
typedef void fault_function(uint64_t cause, uint64_t address, uint64_t pc);
struct result fault_handler(fault_function *function, void *stack, size_t bytes);
_Noreturn void fault_return(uint64_t pc);

/* ---- threads together: all of these start as {0}, and may lie in memory that processes share --------------------------------------
 */

/*
 * Words: sync_wait() sleeps as long as the word has that value, until somebody has changed it and called sync_wake(). A deadline is in
 * nanoseconds of clock_ns(); then the status may be TIMED_OUT. CHANGED: it had another value to begin with. A thread may wake
 * without a reason: look again. The forms for 64 bits end in _64.
 */
#define WAIT_FOREVER UINT64_MAX
#define WAKE_ALL UINT64_MAX
enum status sync_wait(const uint32_t *word, uint32_t value, uint64_t deadline_ns);
enum status sync_wait_64(const uint64_t *word, uint64_t value, uint64_t deadline_ns);
uint64_t sync_wake(const void *word, uint64_t threads);

/* Waits for any of up to SYNC_WORDS_MAX words; *index says which it was, with OK and CHANGED. */
enum status sync_wait_any(const struct sync_word *words, unsigned count, uint64_t deadline_ns, unsigned *index);

/* A mutex: one thread at a time. A thread that is killed while it holds one holds it for ever. */
struct mutex {
	uint32_t state; /* 0: free; 1: held; 2: held, and others may wait */
};
void mutex_lock(struct mutex *mutex);
bool mutex_try_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

/* The same for a thread that may hold it already: it has to give it back as often as it took it. */
struct recursive_mutex {
	struct mutex mutex;
	uint32_t owner; /* thread id; 0: nobody */
	uint32_t count;
};
void recursive_mutex_lock(struct recursive_mutex *mutex);
void recursive_mutex_unlock(struct recursive_mutex *mutex);

/*
 * A condition: condition_wait() gives the mutex back, waits for a signal, and takes the mutex again. Check what you wait for in a loop.
 * With a deadline the status may be TIMED_OUT; the mutex is held again all the same. A broadcast wakes one, and lets the others
 * wait for the mutex, which they all need: they come one after the other, not all at once.
 */
struct condition {
	uint32_t sequence;
	uint32_t waiting;
};
void condition_wait(struct condition *condition, struct mutex *mutex);
enum status condition_wait_until(struct condition *condition, struct mutex *mutex, uint64_t deadline_ns);
void condition_signal(struct condition *condition);
void condition_broadcast(struct condition *condition, struct mutex *mutex);

/* Many readers or one writer; a writer that waits keeps new readers out. */
struct rwlock {
	uint32_t state;   /* readers, or RWLOCK_WRITER */
	uint32_t writers; /* that wait */
	uint32_t waiting; /* all that wait */
};
#define RWLOCK_WRITER 0x80000000u
void rwlock_read_lock(struct rwlock *lock);
void rwlock_read_unlock(struct rwlock *lock);
void rwlock_write_lock(struct rwlock *lock);
void rwlock_write_unlock(struct rwlock *lock);

/* A count that is never below 0: semaphore_wait() takes one, and waits for it if there is none. */
struct semaphore {
	uint32_t count;
	uint32_t waiting;
};
enum status semaphore_wait(struct semaphore *semaphore, uint64_t deadline_ns);
void semaphore_post(struct semaphore *semaphore);

/* barrier_wait() returns in `parties` threads once all of them have called it; then it can be used again. */
struct barrier {
	uint32_t arrived;
	uint32_t round;
};
void barrier_wait(struct barrier *barrier, uint32_t parties);

/* ---- memory -----------------------------------------------------------------------------------------------------------------
 */

/*
 * New memory, readable and writable, all zero. A page of it takes a page of RAM only when it is first touched, by a page fault:
 * mapping much and using little is cheap. memory_new() ends the program if there is none.
 * Sizes and addresses are multiples of PAGE_BYTES.
 */
void *memory_new(uint64_t bytes);

/* The same with a choice of address (NULL: anywhere) and rights (enum rights); the value is the address. */
struct result memory_map(void *address, uint64_t bytes, unsigned rights);
struct result memory_unmap(void *address, uint64_t bytes);
struct result memory_protect(void *address, uint64_t bytes, unsigned rights);

/* Makes the MMU forget all it knows about this program. Nothing is lost; each page used again costs a soft page fault. */
void memory_forget(void);

/*
 * Objects: memory that has a handle, so it can be mapped more than once, copied, and shared between processes. object_map() maps the
 * first `bytes` bytes wherever there is room. Both end the program if there is no memory. More can be done with sys_object_*().
 */
uint64_t object_new(uint64_t bytes);
void *object_map(uint64_t object, uint64_t bytes, unsigned rights);

/* ---- files, servers, processes --------------------------------------------------------------------------------------------------
 */

/*
 * A partition of the flash, from the pnor server: an object whose pages are read, and corrected, when they are touched. Map it with
 * object_map(file.object, file.room, ...). What is stored in one that is not read-only is written back when memory is short, or
 * with sys_object_remove(file.object, 0, file.room / PAGE_BYTES, REMOVE_FLUSH).
 */
struct file {
	uint64_t object;
	uint64_t bytes; /* that were put in when the flash was made; 0 if it was left empty */
	uint64_t room;  /* a multiple of PAGE_BYTES */
	bool read_only;
};
struct result file_open(const char *name, struct file *file);

/* What the pnor server has done since it started. */
struct file_statistics {
	uint64_t pages_read, pages_written, bits_corrected, pages_lost;
};
struct result file_statistics(struct file_statistics *statistics);

/* The endpoint of a server, by its name: "pnor", "attr". NOT_FOUND. GONE: it has ended too often. LIMIT: no room for the handle. */
struct result service_find(const char *name);

/*
 * Attributes, from the attr server (attributes.h lists them): small values that outlive the program, and the persistent ones the
 * machine, once attributes_flush() has returned. INVALID: there is no such attribute of this type. LIMIT: the text is too long.
 */
struct result attribute_number(enum attribute attribute);
enum status attribute_set_number(enum attribute attribute, uint64_t value);
enum status attribute_text(enum attribute attribute, char text[ATTRIBUTE_BYTES]);
enum status attribute_set_text(enum attribute attribute, const char *text);
enum status attributes_flush(void);

/*
 * Starts a program that lies in an object, such as a file's; the value is a handle of the new process. process_wait() waits for its
 * end: the value is its exit status, the status CRASHED if its last thread was killed.
 */
struct result process_start(const char *name, uint64_t file);

/*
 * The same with a number, which program_argument() returns there, and a handle (0: none), which the new process finds as
 * HANDLE_GIVEN.
 */
struct result process_start_with(const char *name, uint64_t file, uint64_t argument, uint64_t handle);
#define HANDLE_GIVEN 2
uint64_t program_argument(void);

struct result process_wait(uint64_t process);

/*
 * Waits for the end of one of several, whichever comes first: *which is its number among them. INVALID for none. The thread receives on an
 * endpoint of its own for that, so it serves no other any more. Whoever waits often watches each process once, with sys_process_watch().
 */
struct result process_wait_any(const uint64_t *processes, unsigned count, unsigned *which);

/*
 * Modules: code and data that a program takes in while it runs (docs/modules.md), from the modules server. module_load() maps the module
 * and what it needs, links them, and lets their init run; the value stands for it. Loaded twice, it has to be unloaded twice; then its fini
 * runs, and nothing of it is left. A call into it kills the thread then. NOT_FOUND: there is no such module, or it uses a symbol that
 * nobody has, which is said on the console. INVALID: it is none of this machine, or its tables are damaged. DENIED: code that could be
 * written to. CRASHED: its init or fini crashed, or it could not be read. LIMIT: 128 modules, 8 needed by one. NO_MEMORY. GONE: there is no
 * modules server any more. And what a module's init returns, if not OK. An init or fini must not call any of these.
 */
struct result module_load(const char *name);
struct result module_unload(uint64_t module);

/* The address of a function or variable that the module lets others see (MODULE_PUBLIC). And of its first byte, for a debugger. */
struct result module_symbol(uint64_t module, const char *name);
struct result module_base(uint64_t module);

/* In a module, which has neither main() nor anything else that others see unless it says so. Both of these may be missing. */
#define MODULE_PUBLIC __attribute__((visibility("default")))
enum status module_init(void);
void module_fini(void);

/* What modules may use of the program, beside the library's functions that are listed in user/lib/module_link.c. */
struct module_export {
	const char *name;
	uint64_t address;
};
void module_exports(const struct module_export *exports, unsigned count);

/* The number that the run was given for `name` with `vitrine run --append program.name=NUMBER`; `otherwise` if it was given none. */
uint64_t program_option(const char *name, uint64_t otherwise);

/*
 * Reads from the console, through the serial server: waits until there is something, and takes at most `room` bytes of it; the value is how
 * many. Only one thread at a time can wait (EXISTS). And how many interrupts the driver has had since it was started.
 */
struct result console_read(char *to, unsigned room);
struct result console_interrupts(void);

/* Lets the driver of the console's input crash: GONE. It is started again, and the next console_read() waits until then. */
struct result console_crash_driver(void);

/* A name as the two words in which it travels: the first character in the highest byte, on machines of either byte order. */
struct name_words {
	uint64_t word[2];
};
struct name_words name_to_words(const char *name);
void name_from_words(const uint64_t word[2], char name[NAME_CHARS + 1]);

/* ---- bytes and text ------------------------------------------------------------------------------------------------------------
 */

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t chars);

/* ---- the program in the trace ------------------------------------------------------------------------------------------------
 */

/*
 * Marks appear on the thread's own track: what lies between mark_begin() and mark_end() is drawn as a bar with that name,
 * mark_instant() as a moment, mark_counter() as a curve. Bars of one thread must nest. The first 16 characters of a name count.
 */
void mark_begin(const char *name);
void mark_end(const char *name);
void mark_instant(const char *name, int64_t value);
void mark_counter(const char *name, int64_t value);

/* A moment in something bigger, such as a page request: `flow` says which (PAGE_MESSAGE_FLOW), and an arrow leads to it. */
void mark_step(uint64_t flow, const char *name, int64_t value);

/* ---- time -------------------------------------------------------------------------------------------------------------------
 */

/* Nanoseconds since boot, by the kernel's clock. Under `--icount` one instruction takes one nanosecond, on every machine. */
uint64_t clock_ns(void);

/*
 * The machine's own counter, read without the kernel's help in a handful of instructions (x86-64 RDTSC, POWER mftb). Under
 * `--icount` it counts instructions on x86-64; on POWER it runs at 512 MHz, so instructions = ticks / 0.512.
 */
uint64_t clock_ticks(void);

/* ---- printing ---------------------------------------------------------------------------------------------------------------
 */

/*
 * Prints to the console: %d %i %u %x %p %s %c %%, with l, ll or z, a width, and - or 0 before the width; .N cuts a string.
 * What one call prints stays together on the console, up to PRINT_BYTES; so print whole lines. Returns the characters printed.
 */
#define PRINT_BYTES 256
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same into a buffer of `bytes` bytes, cut to fit and always ended by NUL. Returns the characters there would have been. */
int snprintf(char *to, size_t bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- system calls ------------------------------------------------------------------------------------------------------------
 */

/*
 * The kernel's own interface, one function a call, nothing added: abi/syscall.h says what each takes. The functions above are
 * made of these. They are a few instructions of assembly each, made from the same list that the kernel reads.
 */
struct result sys_null(void);
struct result sys_thread_create(uint64_t entry, uint64_t argument, uint64_t cpus, uint64_t name_0, uint64_t name_1);
struct result sys_thread_exit(uint64_t status);
struct result sys_thread_yield(void);
struct result sys_thread_sleep(uint64_t ns);
struct result sys_thread_affinity(uint64_t thread, uint64_t cpus);
struct result sys_thread_join(uint64_t thread);
struct result sys_thread_self(void);
struct result sys_vm_map(uint64_t address, uint64_t bytes, uint64_t rights);
struct result sys_vm_unmap(uint64_t address, uint64_t bytes);
struct result sys_vm_protect(uint64_t address, uint64_t bytes, uint64_t rights);
struct result sys_vm_forget(void);
struct result sys_debug_write(uint64_t address, uint64_t bytes);
struct result sys_trace_mark(uint64_t mark, uint64_t name_0, uint64_t name_1, uint64_t value, uint64_t flow);
struct result sys_clock_now(void);
struct result sys_process_exit(uint64_t status, uint64_t crashed);
struct result sys_handle_close(uint64_t handle);
struct result sys_handle_duplicate(uint64_t handle, uint64_t rights);
struct result sys_handle_revoke(uint64_t handle);
struct result sys_memory_fail(uint64_t machine, uint64_t n);
struct result sys_object_create(uint64_t bytes);
struct result sys_object_provide(uint64_t endpoint, uint64_t bytes, uint64_t key, uint64_t write_back);
struct result sys_object_copy(uint64_t object, uint64_t first_page, uint64_t pages);
struct result sys_object_device(uint64_t machine, uint64_t paddr, uint64_t bytes);
struct result sys_object_map(uint64_t object, uint64_t address, uint64_t first_page, uint64_t bytes, uint64_t how);
struct result sys_object_remove(uint64_t object, uint64_t first_page, uint64_t pages, uint64_t kind);
struct result sys_object_read(uint64_t object, uint64_t offset, uint64_t address, uint64_t bytes);
struct result sys_object_write(uint64_t object, uint64_t offset, uint64_t address, uint64_t bytes);
struct result sys_object_size(uint64_t object);
struct result sys_vm_query(uint64_t address, uint64_t query);
struct result sys_endpoint_create(void);
struct result sys_process_create(uint64_t name_0, uint64_t name_1);
struct result sys_process_give(uint64_t process, uint64_t handle, uint64_t rights);
struct result sys_process_start(uint64_t process, uint64_t entry, uint64_t argument);
struct result sys_process_wait(uint64_t process);
struct result sys_process_kill(uint64_t process);
struct result sys_process_watch(uint64_t process, uint64_t endpoint, uint64_t key);
struct result sys_process_unwatch(uint64_t process, uint64_t endpoint);
struct result sys_memory_info(uint64_t what);
struct result sys_memory_cast_out(uint64_t pressure);
struct result sys_thread_sleep_until(uint64_t ns);
struct result sys_thread_join_any(void);
struct result sys_thread_detach(uint64_t thread);
struct result sys_thread_kill(uint64_t thread);
struct result sys_thread_pin(void);
struct result sys_thread_unpin(void);
struct result sys_interrupt_register(uint64_t machine, uint64_t line, uint64_t endpoint, uint64_t key);
struct result sys_port_read(uint64_t machine, uint64_t port);
struct result sys_port_write(uint64_t machine, uint64_t port, uint64_t byte);
struct result sys_thread_query(uint64_t thread, uint64_t query);
struct result sys_fault_handler(uint64_t entry, uint64_t stack_top);
struct result sys_fault_return(uint64_t pc);
struct result sys_sync_wait(uint64_t address, uint64_t value, uint64_t bytes, uint64_t deadline_ns);
struct result sys_sync_wait_any(uint64_t words, uint64_t count, uint64_t deadline_ns);
struct result sys_sync_wake(uint64_t address, uint64_t threads);
struct result sys_sync_requeue(uint64_t address, uint64_t wake, uint64_t to, uint64_t move);

/*
 * The calls that carry a message (abi/message.h). The value is the token; the whole message, with the token, is in *message.
 * ipc_call() sends it and waits for the reply, ipc_receive() waits for one, ipc_reply() answers the one whose token it has,
 * ipc_reply_receive() answers and waits for the next.
 */
struct result ipc_call(uint64_t endpoint, struct message *message);
struct result ipc_receive(uint64_t endpoint, struct message *message);
struct result ipc_reply(uint64_t endpoint, struct message *message);
struct result ipc_reply_receive(uint64_t endpoint, struct message *message);

/* The same, waiting no longer than until clock_ns() is `deadline_ns`: then the status is TIMED_OUT. 0 does not wait at all. */
struct result ipc_call_until(uint64_t endpoint, struct message *message, uint64_t deadline_ns);
struct result ipc_receive_until(uint64_t endpoint, struct message *message, uint64_t deadline_ns);
struct result ipc_reply_receive_until(uint64_t endpoint, struct message *message, uint64_t deadline_ns);

/*
 * Sends without waiting. ipc_send() wants no answer: whoever receives it gets the token 0. The answer to ipc_call_noblk() comes as a
 * message to the endpoint `reply_to`, with the token that is the value here; or MESSAGE_FAILED with that token.
 */
struct result ipc_send(uint64_t endpoint, struct message *message);
struct result ipc_call_noblk(uint64_t endpoint, struct message *message, uint64_t reply_to);

/* That answer is not wanted any more. NOT_FOUND: it is on its way already. */
struct result sys_ipc_cancel(uint64_t endpoint, uint64_t token, uint64_t reply_to);

/* Any call by its number, also one that does not exist. */
struct result sys_call(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t number);
