/*
 * aspace: an address space, the portable truth and its MMU space side by side.
 */
#pragma once

#include "abi/syscall.h"
#include "mm/segment.h"
#include "mmu.h"

struct vm_object;

#define STACK_SLOTS 1024

struct aspace {
	uint32_t id;
	char name[NAME_CHARS + 1];
	struct spinlock lock; /* segments and mappings */
	struct segment segments[SEGMENTS];
	struct mmu_space space;
	uint64_t stack_slots[STACK_SLOTS / 64]; /* bit n: slot n is taken; under the lock */
	uint32_t threads;                       /* whose record a CPU may use; under the table of threads' lock */
	bool dying;                             /* every thread is to exit */
	bool crashed;                           /* the last thread to end was killed */
	int64_t exit_status;                    /* the program's: process_exit's, or the last thread's */
};

/* A new, empty address space. NO_MEMORY. */
enum status aspace_create(const char *name, struct aspace **aspace);

/* Gives back everything. No thread is in it and no CPU has it active. */
void aspace_destroy(struct aspace *aspace);

/*
 * Maps `bytes` of new zero-filled memory. At `*address`, or where there is room if it is 0; *address is then the place.
 * Misaligned, empty, overflowing, outside base and view segment, page 0: INVALID. W and X: DENIED. Something there: EXISTS.
 * Too big: LIMIT. *object_id names the new object behind it, for the trace.
 */
enum status aspace_map(struct aspace *aspace, uint64_t *address, uint64_t bytes, unsigned rights, uint32_t *object_id);

/* Unmaps all that lies in the range, within one segment. NOT_FOUND if nothing does. The memory is given back. */
enum status aspace_unmap(struct aspace *aspace, uint64_t address, uint64_t bytes);

/* Changes the rights of the range, all of which has to be mapped (NOT_FOUND). Nothing is changed on failure. */
enum status aspace_protect(struct aspace *aspace, uint64_t address, uint64_t bytes, unsigned rights);

/* Takes a slot of the stack segment and maps a stack there. LIMIT if all are taken. */
enum status aspace_stack_new(struct aspace *aspace, unsigned *slot, struct vaddr *top);
void aspace_stack_free(struct aspace *aspace, unsigned slot);

/* Drops every hardware translation. Nothing is lost: they come back one fault at a time. */
void aspace_forget(struct aspace *aspace);

/* Enters one translation, donating tables as the back end asks. Called with the aspace's lock. NO_MEMORY, FULL. */
enum status aspace_enter(struct aspace *aspace, struct vaddr va, struct paddr frame, unsigned flags);

/* Checks every segment. For tests. */
void aspace_check(struct aspace *aspace);
