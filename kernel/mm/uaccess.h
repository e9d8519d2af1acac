/*
 * Touching user memory.
 */
#pragma once

#include "abi/status.h"
#include "arch.h"
#include "types.h"

struct thread;
struct vm_object;

/*
 * Copies between the memory of the current thread and the kernel, and runs the fault path for pages that are not there. No lock
 * held. FAULT: an address is no user address, not mapped or not allowed. NO_MEMORY: for a page that may be there. RETRY: the
 * thread is blocked until a page is there, and then makes its system call again from the start, so nothing may have been changed
 * yet. *left is how many bytes at the end were not copied.
 */
enum status copy_from_user(struct thread *thread, void *to, struct vaddr from, size_t bytes, size_t *left);
enum status copy_to_user(struct thread *thread, struct vaddr to, const void *from, size_t bytes, size_t *left);

/* User memory that stays where it is until it is let go: what is done to it cannot fault. At most a page's worth of bytes. */
struct user_pin {
	struct vm_object *object; /* NULL: none */
	uint64_t page;
	uint8_t *data; /* the first byte */
	size_t bytes;
};
struct user_buffer {
	struct user_pin pin[2];
};

/*
 * Makes `bytes` bytes at `va` be there for the access, and pins their pages. Statuses as above; with FAULT and NO_MEMORY those before
 * the bad page are pinned. user_unpin() has to follow, whatever the status.
 */
enum status user_pin(struct thread *thread, struct vaddr va, size_t bytes, enum access access, struct user_buffer *buffer);
void user_unpin(struct user_buffer *buffer);

/* What a user address stands for, whichever address space it is seen in. */
struct user_place {
	uint32_t object;
	uint64_t offset; /* in bytes */
	uint64_t left;   /* bytes of the same mapping from there on */
};

/* The place of memory the current thread may read at `va`; its page need not be there. FAULT. */
enum status user_find_place(struct thread *thread, struct vaddr va, struct user_place *place);

/* Copies into a pinned buffer, from its start. */
void user_buffer_write(const struct user_buffer *buffer, const void *from, size_t bytes);
