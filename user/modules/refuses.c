/*
 * A module whose init says no. What it needs was started, and has to be stopped again.
 */
#include "counter.h"

MODULE_PUBLIC int refuses_next(void)
{
	return counter_next();
}

enum status module_init(void)
{
	return STATUS_DENIED;
}
