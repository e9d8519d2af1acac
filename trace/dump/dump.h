/*
 * The parts of `vitrine dump` and what they say to each other.
 *
 *     dump_image    the RAM image: finding the descriptor, translating addresses, reading
 *     dump_layout   where in a record each field lies, as the kernel says itself
 *     dump_walk     lists that may be broken, and what was found on the way
 *     dump_thread   threads, run queues, CPUs
 *     dump_memory   processes, mappings, objects
 *     dump_radix    page tables that are trees; dump_hash: the one that is hashed
 *     dump_handle   handles, endpoints
 *     dump_log      what the kernel printed, its last events, what waits to be freed
 *     dump          the command: which sections, in which order
 *
 * Invariant: whatever the image holds, every read is checked, every loop is bounded, and what cannot be is said in a line `(corrupt: ...)`
 * while the rest goes on. Fields are asked for by name, so nothing here includes a header of the kernel's inside.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../../kernel/abi/descriptor.h"
#include "../../kernel/abi/layout.h"
#include "table.h"

#define DUMP_PAGE 4096
#define DUMP_NAME_CHARS 40

/* ---- image.c ---- */

struct dump_image {
	int file;
	uint64_t bytes;
	bool swapped;                 /* the guest's byte order is not this host's */
	struct descriptor descriptor; /* in this host's byte order */
};

/* Opens the RAM of a run: a file, or the directory that holds `ram`. False after having said why it is none. */
bool image_open(struct dump_image *image, const char *path);
void image_close(struct dump_image *image);

/* Reads bytes at a physical address as they are; false if they do not all lie in RAM. */
bool image_read(const struct dump_image *image, uint64_t paddr, void *to, size_t bytes);

/* The physical address of something at a virtual address of the kernel's; false if it is none, or does not lie in RAM. */
bool image_translate(const struct dump_image *image, uint64_t vaddr, uint64_t bytes, uint64_t *paddr);

/* A word of 1, 2, 4 or 8 bytes in this host's byte order. */
uint64_t image_word(const struct dump_image *image, const void *at, size_t bytes);

/* Reads `words` words at a physical address, into this host's byte order. */
bool image_read_words(const struct dump_image *image, uint64_t paddr, uint64_t *words, size_t count);

/* The descriptor's row with this label, or NULL. */
const struct descriptor_entry *image_root(const struct dump_image *image, const char *label);

/* ---- the dump ---- */

/* Addresses of things of one kind, each once, in the order in which they were found. */
struct found {
	uint64_t *address;
	size_t count, room;
	struct table seen;
};

struct dump {
	struct dump_image image;
	FILE *out;
	struct layout_row *layout;
	uint8_t **copy; /* of the record that a row stands for; NULL: none was loaded */
	size_t rows;
	char (*lacking)[2 * LAYOUT_NAME_CHARS]; /* fields this kernel does not tell, each once */
	size_t lacking_count;
	uint64_t corrupt; /* lines `(corrupt: ...)` */
	unsigned events;  /* of each CPU, at most */
	bool collected;
	struct found threads, processes, mappings, objects, endpoints;
};

/* Prints a line `(corrupt: ...)`. */
void dump_corrupt(struct dump *dump, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints all that `sections` (bit n: the n-th of the table in dump.c) has of an image. Returns the exit code. */
int dump_print(FILE *out, const char *path, uint64_t sections, unsigned events);

/* ---- layout.c ---- */

/* Reads the kernel's layout table; false after having said why it cannot be. */
bool layout_load(struct dump *dump);

/* The row with this name, or NULL, which is noted. */
const struct layout_row *layout_find(struct dump *dump, const char *structure, const char *field);

/* A number that has a name, or `otherwise` if the kernel does not tell it. And the name that a number has, or "?". */
uint64_t layout_number(struct dump *dump, const char *group, const char *name, uint64_t otherwise);
const char *layout_number_name(const struct dump *dump, const char *group, uint64_t number);

/*
 * A copy of one record, as it was at one moment (of a live image: as nearly as can be). There is one copy of each structure: a record is
 * good until the next of its structure is loaded.
 */
struct record {
	struct dump *dump;
	const char *structure;
	uint64_t address; /* the kernel's */
	size_t bytes;
	const uint8_t *byte;
};

/* Copies the record at an address; false if none can be there: say so. */
bool record_load(struct dump *dump, struct record *record, const char *structure, uint64_t address);

/* A field as a number; 0 if the kernel does not tell it. Its address; and as text, up to the first NUL, made printable. */
uint64_t record_get(const struct record *record, const char *field);
uint64_t record_address(const struct record *record, const char *field);
void record_text(const struct record *record, const char *field, char text[DUMP_NAME_CHARS]);

/* Words at an address of the kernel's, which the caller frees; NULL if they cannot be read. */
uint64_t *words_load(struct dump *dump, uint64_t address, size_t count);

/* One field of a record elsewhere; false if it cannot be read. */
bool field_read(struct dump *dump, const char *structure, uint64_t address, const char *field, uint64_t *value);
bool field_text(struct dump *dump, const char *structure, uint64_t address, const char *field, char text[DUMP_NAME_CHARS]);

/* ---- walk.c ---- */

/* A walk along a circular list. */
struct list_walk {
	struct dump *dump;
	const char *what; /* for `(corrupt: ...)` */
	uint64_t head, at;
	uint64_t offset; /* of the links in the elements */
	uint64_t steps;
};

/* The list whose head lies at this address, linked by `field` of the records. */
struct list_walk list_begin(struct dump *dump, const char *what, uint64_t head, const char *structure, const char *field);

/* The next element; false at the end, or where the list is broken, which is then said. */
bool list_next(struct list_walk *walk, uint64_t *element);

/* How many elements a list has, without a word about what is wrong with it. */
uint64_t list_length(struct dump *dump, uint64_t head);

/* Adds an address that is not there yet. False if it was, or is 0. */
bool found_add(struct found *found, uint64_t address);
void found_free(struct found *found);

/* Finds threads, processes, mappings, objects and endpoints, from the roots and from each other. Once; says nothing. */
void dump_collect(struct dump *dump);

/* The name of the process at this address and its number, "demo (3)". */
void process_text(struct dump *dump, uint64_t address, char text[DUMP_NAME_CHARS]);

/* The kobj's number in a record that begins with one. */
uint64_t kobj_id(struct dump *dump, const char *structure, uint64_t address);

/* "rwx" for rights, with - for what is missing. */
const char *rights_text(uint64_t rights);

/* ---- sections ---- */

void section_run(struct dump *dump);
void section_cpus(struct dump *dump);
void section_threads(struct dump *dump);
void section_queues(struct dump *dump);
void section_processes(struct dump *dump);
void section_mappings(struct dump *dump);
void section_objects(struct dump *dump);
void section_tables(struct dump *dump);
void section_hash(struct dump *dump);
void section_handles(struct dump *dump);
void section_endpoints(struct dump *dump);
void section_rcu(struct dump *dump);
void section_log(struct dump *dump);
void section_events(struct dump *dump);
