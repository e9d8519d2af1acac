/*
 * System calls.
 */
#pragma once

#include "sched/thread.h"

/*
 * Does what the frame of the current thread asks and sets the results. irqs on. The thread may be blocked or over afterwards.
 */
void syscall_dispatch(struct thread *thread);
