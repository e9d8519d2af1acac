/*
 * What the module `counter` lets others see, and what it wants of the program.
 */
#pragma once

#include <vitrine.h>

MODULE_PUBLIC extern int counter_value;
MODULE_PUBLIC int counter_next(void);
MODULE_PUBLIC int counter_calls(void);
MODULE_PUBLIC const int *const *counter_pointer(void);

/* The program's: it hears from the modules that need it. */
void module_speaks(const char *what);
