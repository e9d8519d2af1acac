/*
 * A module that needs another one: it uses functions and a variable of `counter`, which therefore is loaded, linked and started before it.
 */
#include "counter.h"

static char text[32];

MODULE_PUBLIC int total_next(int times)
{
	int total = 0;
	while (times-- > 0)
		total += counter_next();
	return total;
}

MODULE_PUBLIC const char *total_text(void)
{
	snprintf(text, sizeof(text), "counter stands at %d", counter_value);
	return text;
}

enum status module_init(void)
{
	module_speaks("total starts");
	return counter_value == 110 ? STATUS_OK : STATUS_INVALID;
}

void module_fini(void)
{
	counter_next();
	module_speaks("total ends");
}
