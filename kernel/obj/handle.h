/*
 * Handles: a process's own names for kernel objects, each with rights.
 *
 *      process A            process B         on its way          process C
 *     1: endpoint  ------> 4: endpoint -----> (message) --------> 2: endpoint        arrows: made from
 *        all          \       call, give        call                 call
 *                      `-> 5: endpoint
 *                             call
 *
 * Teaches: a program never sees a kernel address. It says a small number; the kernel looks it up in the program's table, and the
 * rights beside it decide. Rights only shrink on the way from process to process. And what was given can be taken back: every handle
 * remembers which it was made from, so that handle_revoke() finds all that came of one, wherever they went.
 * A look-up takes no lock and counts nothing: what it finds is there until the CPU leaves the kernel (core/rcu.h).
 * What is simplified: one lock for every change of a table or of the tree.
 */
#pragma once

#include "abi/handle.h"
#include "abi/status.h"
#include "core/list.h"
#include "obj/kobj.h"

struct handle {
	struct kobj *kobj;          /* with a reference */
	uint32_t rights;            /* enum handle_rights */
	uint32_t number;            /* its place in the table */
	struct handle_table *table; /* NULL: it is on its way */
	/* The tree of what was made from what. */
	struct handle *parent; /* NULL: it was not made from another, or that one and all before it are closed */
	struct list children;
	struct list sibling;
	bool ended;    /* closed or revoked: nothing is made from it any more */
	bool receives; /* it counts among those who may receive at the endpoint */
	struct rcu_head rcu;
};

/* Slot 0 is never used. */
struct handle_table {
	struct handle **handles; /* one page of them */
	uint32_t free_from;      /* below this number none is free */
	bool closed;             /* its process has ended: nothing comes any more */
};

static_assert(sizeof(struct handle *) * HANDLES_MAX <= PAGE_BYTES, "a table is one page");

/* An empty table. NO_MEMORY. */
enum status handle_table_init(struct handle_table *table);

/* Closes every handle, for good; and gives back the table, when nobody can be looking at it. */
void handle_table_close(struct handle_table *table);
void handle_table_free(struct handle_table *table);

/* A handle of something new, made from no other. NO_MEMORY; LIMIT if the table is full, GONE if its process has ended. */
enum status handle_create(struct handle_table *table, struct kobj *kobj, unsigned rights, uint64_t *number);

/*
 * A handle made from another that was found, with at most its rights, on its way: it goes into a table next, or is dropped. NO_MEMORY;
 * NOT_FOUND if the other has been closed meanwhile.
 */
enum status handle_derive(struct handle *from, unsigned rights, struct handle **handle);

/* Puts a handle that is on its way into a table. LIMIT, GONE as above, or GONE if it was revoked; then it is still on its way. */
enum status handle_install(struct handle_table *table, struct handle *handle, uint64_t *number);

/* Ends a handle that is on its way. */
void handle_drop(struct handle *handle);

/* handle_derive() and handle_install(), of a handle in one table into the same or another. */
enum status handle_copy(struct handle *from, unsigned rights, struct handle_table *table, uint64_t *number);

/*
 * The object a handle of the current process stands for, borrowed until the CPU leaves the kernel. NOT_FOUND if there is none, INVALID if it is
 * of another type, DENIED if a right is missing; each time the trace says who wanted what. The second finds the handle itself.
 */
enum status handle_find(struct handle_table *table, uint64_t number, enum kobj_type type, unsigned rights, struct kobj **kobj);
enum status handle_find_any(struct handle_table *table, uint64_t number, unsigned rights, struct handle **handle);

/* Closes a handle. What was made from it stays, as if made from what it was made from. NOT_FOUND. */
enum status handle_close(struct handle_table *table, uint64_t number);

/* Closes all that was made from a handle, and from that, in every process and on its way; *count of them. NOT_FOUND; LIMIT: there may be more. */
enum status handle_revoke(struct handle_table *table, uint64_t number, uint64_t *count);

/* Holds tables and tree against each other; panics on what is wrong. For tests. */
void handle_table_check(const struct handle_table *table);
