/*
 * Handles: a process's own names for kernel objects, each with rights.
 *
 * Teaches: a program never sees a kernel address. It says a small number; the kernel looks it up in the program's table, and the
 * rights beside it decide. Rights only shrink on the way from process to process.
 */
#pragma once

#include "abi/handle.h"
#include "abi/status.h"
#include "core/lock_type.h"
#include "obj/kobj.h"

struct handle {
	struct kobj *kobj; /* NULL: free */
	uint32_t rights;   /* enum handle_rights */
};

/* The table takes one page; slot 0 is never used. */
struct handle_table {
	struct spinlock lock;
	struct handle *handles;
};

static_assert(sizeof(struct handle) * HANDLES_MAX <= PAGE_BYTES, "a table is one page");

/* An empty table. NO_MEMORY. */
enum status handle_table_init(struct handle_table *table);

/* Gives up every handle, and the table. */
void handle_table_end(struct handle_table *table);

/*
 * A new handle of `kobj` with these rights; it has a reference of its own. LIMIT if the table is full, GONE if its
 * process has ended.
 */
enum status handle_add(struct handle_table *table, struct kobj *kobj, unsigned rights, uint64_t *number);

/*
 * The object a handle stands for, with a reference for the caller. NOT_FOUND if there is none, INVALID if it is of another
 * type, DENIED if a right is missing. *all, if not NULL, is all its rights.
 */
enum status handle_find(struct handle_table *table, uint64_t number, enum kobj_type type, unsigned rights, struct kobj **kobj);
enum status handle_find_any(struct handle_table *table, uint64_t number, unsigned rights, struct handle *handle);

enum status handle_close(struct handle_table *table, uint64_t number);
