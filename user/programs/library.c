/*
 * The library's own test: formatting, strings and names, on whichever machine it runs.
 *
 * Byte order and calling convention make such code go wrong on one machine and not on the other; so it is tested where it runs.
 */
#include <vitrine.h>

#define formats(wanted, ...)                                                                                                     \
	do {                                                                                                                     \
		char text[80];                                                                                                   \
		int length = snprintf(text, sizeof(text), __VA_ARGS__);                                                          \
		if (!check(strcmp(text, wanted) == 0 && length == (int)strlen(wanted)))                                          \
			printf("  it is \"%s\" and should be \"%s\"\n", text, wanted);                                           \
	} while (0)

static void numbers(void)
{
	formats("0 1 -1", "%d %d %i", 0, 1, -1);
	formats("-2147483648 4294967295", "%d %u", INT32_MIN, UINT32_MAX);
	formats("-9223372036854775808 18446744073709551615", "%ld %lu", INT64_MIN, UINT64_MAX);
	formats("-1 18446744073709551615 7", "%lld %llu %zu", -1LL, UINT64_MAX + 0ULL, (size_t)7);
	formats("ff deadbeefcafe0123", "%x %lx", 255, UINT64_C(0xdeadbeefcafe0123));
	formats("[   42] [42   ] [00042] [-0042] [123456]", "[%5d] [%-5d] [%05d] [%05d] [%5d]", 42, 42, 42, -42, 123456);
	formats("[  -42] [0x10]", "[%5d] [%p]", -42, (void *)16);
}

static void texts(void)
{
	const char *volatile nothing = NULL;
	/* cppcheck-suppress nullPointer ; printing it is what is tested */
	formats("a word, (null), 100%", "%c %s, %s, %d%%", 'a', "word", nothing, 100);
	formats("[  ab] [ab  ] [ab]", "[%4s] [%-4s] [%.2s]", "ab", "ab", "abcdef");
	char text[4] = "zzz";
	check(snprintf(text, sizeof(text), "%s", "longer") == 6 && strcmp(text, "lon") == 0);
	check(snprintf(text, 0, "%d", 12345) == 5 && strcmp(text, "lon") == 0);
	check(snprintf(text, 1, "x") == 1 && text[0] == '\0');
}

static void strings(void)
{
	char text[] = "0123456789";
	memmove(text + 2, text, 5);
	check(strcmp(text, "0101234789") == 0);
	memmove(text, text + 2, 5);
	check(strcmp(text, "0123434789") == 0);
	check(memcmp("ab", "ac", 2) < 0 && memcmp("ab", "ac", 1) == 0 && memcmp("\xff", "a", 1) > 0);
	check(strcmp("a", "ab") < 0 && strcmp("b", "ab") > 0 && strcmp("", "") == 0);
	check(strncmp("abc", "abd", 2) == 0 && strncmp("abc", "abd", 3) < 0 && strlen("") == 0);
}

/* memset and memcpy at every alignment: they move words where they can, and must not touch a byte too many. */
static void bytes_at_every_alignment(void)
{
	uint8_t from[64];
	uint8_t to[64];
	for (unsigned i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)(i + 1);
	for (unsigned start = 0; start < 10; start++) {
		for (unsigned bytes = 0; bytes < 40; bytes++) {
			memset(to, 0, sizeof(to));
			memcpy(to + start, from + start % 3, bytes);
			bool good = memcmp(to + start, from + start % 3, bytes) == 0 && to[start + bytes] == 0;
			memset(to + start, 0xee, bytes);
			for (unsigned i = 0; i < sizeof(to); i++)
				good &= to[i] == (i >= start && i < start + bytes ? 0xee : 0);
			check(good);
		}
	}
}

static void time_goes_on(void)
{
	uint64_t ns = clock_ns();
	uint64_t ticks = clock_ticks();
	thread_sleep_us(50);
	check(clock_ns() >= ns + 50000 && clock_ticks() > ticks);
}

int main(void)
{
	numbers();
	texts();
	strings();
	bytes_at_every_alignment();
	time_goes_on();
	check(strcmp(status_name(STATUS_OK), "OK") == 0 && strcmp(status_name(STATUS_CRASHED), "CRASHED") == 0);
	check(strcmp(status_name(999), "unknown status") == 0);
	printf("library: %d things wrong\n", checks_failed());
	return checks_failed();
}
