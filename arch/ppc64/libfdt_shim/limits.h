/* What libfdt wants of <limits.h>; the compiler's own would look for a C library's. */
#pragma once

#define INT_MAX __INT_MAX__
#define UINT_MAX (2u * INT_MAX + 1)
