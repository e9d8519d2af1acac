/*
 * A module whose init crashes, and with it nobody but itself.
 */
#include "counter.h"

extern int crashes_weak __attribute__((weak)); /* nobody has it, and that is no error: its address is 0 */

enum status module_init(void)
{
	counter_next();
	crashes_weak = 1;
	return STATUS_OK;
}
