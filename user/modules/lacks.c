/*
 * A module that uses what nobody has.
 */
#include <vitrine.h>

int nobody_has_this(void);

MODULE_PUBLIC int lacks_it(void)
{
	return nobody_has_this();
}
