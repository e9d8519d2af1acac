/*
 * The two halves of loading modules: their life (module.c), and their tables (module_link.c).
 */
#pragma once

#include "elf.h"

#define MODULES_LOADED_MAX 128
#define NEEDED_MAX 8

struct module {
	char name[NAME_CHARS + 1]; /* empty: this place is free */
	uint64_t id;               /* ascending, a needed module before those that need it; 0 while not all it needs is there */
	bool started;              /* its init has run */
	bool announced;            /* in the trace */
	unsigned users;            /* modules that need it, and loads */
	unsigned loads;
	unsigned needed_count;
	struct module *needed[NEEDED_MAX];
	struct elf_file file;
	uint64_t bytes; /* from its base, whole pages */
	uint64_t dynamic[DYNAMIC_TAGS];
	unsigned names_needed;
	uint64_t name_needed[NEEDED_MAX]; /* in its strings */
};

/* Reads the dynamic section of a module that is mapped: where its tables lie, and what it needs. INVALID; LIMIT: it needs too much. */
enum status module_read_dynamic(struct module *module);

/* A text in its strings; NULL if there is none. */
const char *module_string(const struct module *module, uint64_t offset);

/* The address of what the module defines and lets others see; 0 if it does not. */
uint64_t module_find(const struct module *module, const char *name);

/* Writes the addresses it wants. NOT_FOUND: nobody has one of them, which is said on the console. INVALID: the tables are damaged. */
enum status module_link(struct module *module);

/* Takes the right to write from what only linking writes. INVALID, and what the kernel says. */
enum status module_protect(struct module *module);
