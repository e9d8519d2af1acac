/*
 * A module without code: a table, readable and no more.
 */
#include <vitrine.h>

MODULE_PUBLIC extern const unsigned squares[10];
const unsigned squares[10] = {0, 1, 4, 9, 16, 25, 36, 49, 64, 81};
