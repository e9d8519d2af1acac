/*
 * How a program says that something is not as it should be.
 *
 * Teaches: a test is a program whose exit status is the number of things that were wrong. Who calls: programs, through the
 * macros must() and check() in vitrine.h, which add the text and the place.
 */
#include "library.h"

static int failed;

#define STATUS_TEXT(name, number, text) [number] = #name,
static const char *const status_names[] = {STATUS_CODES(STATUS_TEXT)};
#undef STATUS_TEXT

const char *status_name(uint64_t status)
{
	return status < ARRAY_LENGTH(status_names) ? status_names[status] : "unknown status";
}

uint64_t must_at(struct result result, const char *call, const char *file, int line)
{
	if (result.status == STATUS_OK)
		return result.value;
	printf("%s:%d: %s is %s\n", file, line, call, status_name(result.status));
	program_exit(1);
}

bool check_at(bool condition, const char *text, const char *file, int line)
{
	if (!condition) {
		__atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
		printf("%s:%d: not so: %s\n", file, line, text);
	}
	return condition;
}

int checks_failed(void)
{
	return __atomic_load_n(&failed, __ATOMIC_RELAXED);
}
