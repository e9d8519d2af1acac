/*
 * The fault injector: see inject.h.
 *
 * Whom it calls: the trace, the console. What is simplified: a failure is one allocation's; the next may work.
 */
#include "mm/inject.h"

#include <trace_emit.h>

#include "core/print.h"
#include "mm/page.h"
#include "sched/thread.h"

static uint64_t fail_first; /* 0: off */
static uint64_t fail_every; /* 0: only the first */
static uint64_t allocations;
static uint64_t of_boot; /* allocations in no thread: before the first of them runs */
static uint64_t failures;
static uint64_t free_at_start; /* pages, before the first process */
static uint32_t failed_in;     /* the thread in which the first failed; 0: the kernel's own */
static bool was_told;          /* that thread knows of it */
static bool start_noted;

void inject_from(uint64_t first, uint64_t every)
{
	__atomic_store_n(&fail_first, 0, __ATOMIC_SEQ_CST); /* while it is off, nothing fails by the old number */
	allocations = 0;
	of_boot = 0;
	failures = 0;
	failed_in = 0;
	was_told = false;
	fail_every = every;
	__atomic_store_n(&fail_first, first, __ATOMIC_RELEASE);
}

bool inject_is_on(void)
{
	return __atomic_load_n(&fail_first, __ATOMIC_ACQUIRE) != 0;
}

void inject_note_told(uint32_t thread)
{
	if (inject_is_on() && thread == failed_in && inject_failures() > 0)
		was_told = true;
}

bool inject_was_told(void)
{
	return was_told;
}

/* Whether allocation n is one of those. */
static bool is_chosen(uint64_t n)
{
	if (n <= fail_first || !fail_every)
		return n == fail_first;
	return (n - fail_first) % fail_every == 0;
}

bool inject_is_due(void)
{
	if (__builtin_expect(!inject_is_on(), 1))
		return false;
	uint64_t n = __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED);
	if (!thread_current_id())
		__atomic_add_fetch(&of_boot, 1, __ATOMIC_RELAXED);
	if (!is_chosen(n))
		return false;
	if (__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED) == 0)
		failed_in = thread_current_id();
	trace_alloc_fail(thread_current_id(), n);
	return true;
}

uint64_t inject_allocations(void)
{
	return __atomic_load_n(&allocations, __ATOMIC_RELAXED);
}

uint64_t inject_failures(void)
{
	return __atomic_load_n(&failures, __ATOMIC_RELAXED);
}

void inject_note_start(void)
{
	free_at_start = page_free_count();
	start_noted = true;
}

/* What has the pages that were free before the first process and are not now, in a run that ended before its processes did. */
static const char *who_has_pages(enum verdict verdict)
{
	if (verdict == VERDICT_FINISHED || verdict == VERDICT_CRASHED || page_free_count() == free_at_start)
		return "";
	return verdict == VERDICT_REFUSED ? "; what was made of the first process waits for a grace period, which no boot begins"
					  : "; processes that had not ended have the others";
}

void inject_report(enum verdict verdict)
{
	if (!inject_is_on())
		return;
	if (inject_failures())
		kprintf("fault injection: %lu allocations, %lu of them by the boot; %lu failed, the first in thread %u\n",
			(unsigned long)inject_allocations(), (unsigned long)of_boot, (unsigned long)inject_failures(), failed_in);
	else
		kprintf("fault injection: the run made only %lu allocations, %lu of them by the boot; none was failed\n",
			(unsigned long)inject_allocations(), (unsigned long)of_boot);
	if (start_noted)
		kprintf("pages: %lu free before the first process, %lu now%s\n", (unsigned long)free_at_start,
			(unsigned long)page_free_count(), who_has_pages(verdict));
	else
		kprintf("pages: %lu free; the boot ended before it could say how many the first process found\n",
			(unsigned long)page_free_count());
}
