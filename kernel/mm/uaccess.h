/*
 * Touching user memory.
 */
#pragma once

#include "abi/status.h"
#include "types.h"

struct thread;

/*
 * Copies between the kernel and the memory of the current thread. Runs the fault path for pages that are not there. FAULT if
 * an address is no user address, not mapped or not allowed; *left then is how many bytes at the end were not copied. No lock
 * held.
 */
enum status copy_from_user(struct thread *thread, void *to, struct vaddr from, size_t bytes, size_t *left);
enum status copy_to_user(struct thread *thread, struct vaddr to, const void *from, size_t bytes, size_t *left);
