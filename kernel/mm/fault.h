/*
 * The one fault path.
 */
#pragma once

#include "abi/trace_enums.h"
#include "arch.h"
#include "mm/segment.h"

struct aspace;

/* What to do about an access, by what the mapping and the page's slot say: the last branch of the fault path. */
enum fault_action {
	FAULT_ACTION_MAP,       /* the page is there: enter the translation */
	FAULT_ACTION_ZERO_FILL, /* it is zeros that nobody has touched: allocate, zero, enter */
	FAULT_ACTION_REFUSE,    /* the mapping does not allow the access */
};

/* The decision, without side effects: `rights` of the mapping, the access, the slot of the page. */
enum fault_action fault_decide(unsigned rights, enum access access, uint64_t slot);

/*
 * Answers a fault of thread `thread` in `aspace`, with an event for each step. *cause says why, if the result is KILLED or
 * NO_MEMORY: the caller then kills the thread, or answers FAULT for the system call that touched the address.
 */
enum fault_result fault_handle(struct aspace *aspace, uint32_t thread, const struct trap *trap, enum crash_cause *cause);

/* Gives the page at `address` its frame ahead of any access and says where it is: for the program loader. */
enum status fault_populate(struct aspace *aspace, uint64_t address, struct paddr *frame);
