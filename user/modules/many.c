/*
 * A hundred small modules that differ in a number: many_0 to many_99 (Makefile). Each has data of its own.
 */
#include <vitrine.h>

#ifndef NUMBER
#define NUMBER 0
#endif

static int value = NUMBER;

MODULE_PUBLIC int many_next(void)
{
	return value++;
}
