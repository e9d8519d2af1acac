/*
 * What a program has from others: files, attributes, other processes, modules, the console.
 *
 * Teaches: on a microkernel these are no calls of the kernel's. Each is a message to a server that is found by its name, or an object that one of
 * them provides (object.c, attribute.c, module.c, load.c). Who includes it: vitrine.h.
 */
#pragma once

#include "abi/syscall.h"
#include "attributes.h"
#include "result.h"

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
