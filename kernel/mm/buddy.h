/*
 * Free memory as blocks of pages, and the table of all page frames. Only page.c includes this, and holds its lock around every call.
 */
#pragma once

#include "mm/page.h"

#define FRAME_NONE UINT32_MAX
#define FRAME_SINGLE 0xff /* stands as the order of a free page that is kept as it is */

enum frame_state { FRAME_USED, FRAME_FREE };

/* What is known of a page frame: of a block, it stands with its first page. */
struct frame {
	uint32_t next; /* on the free list of its order; page.c's, of a used page */
	uint32_t previous;
	uint8_t order;
	uint8_t state;    /* enum frame_state */
	uint16_t sharers; /* page.c's: owners beside the first, of a used page */
};

extern struct frame *frames; /* by page number minus frame_base */
extern uint64_t frame_base;
extern uint64_t frame_count;

/* Takes over the RAM of boot_info but what is reserved there. Returns how many pages are free. */
uint64_t buddy_init(const struct boot_info *boot);

/* A block of 2^order pages: the number of its first frame. NO_MEMORY if there is none that large. */
enum status buddy_take(unsigned order, uint32_t *block);

/* Takes a block back. */
void buddy_give(uint32_t block, unsigned order);

/* Walks every free list and panics on what is wrong. Returns how many pages are free. */
uint64_t buddy_check(void);
