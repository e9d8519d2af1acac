/*
 * Prints the memory layout as a table for the book: docs/gen/layout.md. Refuses one in which areas overlap or are not in order.
 *
 * Who calls: `make docs-gen`; the group `tree`, which compares. Whom: layout.h.
 */
#include <inttypes.h>
#include <stdio.h>

#include "layout.h"

int main(void)
{
	for (size_t i = 1; i < AREAS; i++) {
		if (areas[i].base - areas[i - 1].base >= areas[i - 1].bytes && areas[i].base > areas[i - 1].base)
			continue;
		fprintf(stderr, "layout: the area at %" PRIx64 " overlaps the one before\n", areas[i].base);
		return 1;
	}
	printf("<!-- Made by tests/e2e/layout.c from kernel/mm/segment.h and arch/x86_64/include/frame_offsets.h; `make "
	       "docs-gen`. -->\n"
	       "# Memory layout\n\n"
	       "Users have the same addresses on both machines. On POWER the kernel runs untranslated and has none of the "
	       "others.\n"
	       "No page is both writable and executable.\n\n"
	       "| from | to | whose | pages may be | what lies there |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < AREAS; i++)
		printf("| `%016" PRIx64 "` | `%016" PRIx64 "` | %s | r%s%s | %s |\n", areas[i].base,
		       areas[i].base + areas[i].bytes - 1, areas[i].user ? "user" : "kernel", areas[i].writable ? "w" : "-",
		       areas[i].executable ? "x" : "-", areas[i].what);
	return 0;
}
