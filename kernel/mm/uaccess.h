/*
 * Touching user memory.
 */
#pragma once

#include "abi/status.h"
#include "types.h"

struct thread;

/*
 * Copies from the memory of the current thread into the kernel. Runs the fault path for pages that are not there. FAULT if
 * an address is no user address, not mapped or not allowed; *left then is how many bytes at the end were not copied. No lock
 * held.
 */
enum status copy_from_user(struct thread *thread, void *to, struct vaddr from, size_t bytes, size_t *left);
