/*
 * Input: reads what comes in at the serial port and adds it up, until a line that says "end".
 *
 *     printf 'hello\nend\n' | build/vitrine run --program input --input -
 *
 * The tests send ten thousand bytes, and look in the trace that there were as many interrupts, each delivered and each answered.
 */
#include <vitrine.h>

#define LINE_CHARS 80

int main(void)
{
	char line[LINE_CHARS + 1];
	uint64_t bytes = 0, lines = 0, sum = 0;
	do {
		unsigned length = 0;
		char c = 0;
		while (c != '\n') {
			struct result got = console_read(&c, 1);
			if (!check(got.status == STATUS_OK && got.value == 1))
				return 1;
			bytes++;
			sum = sum * 31 + (uint8_t)c;
			if (c != '\n' && length < LINE_CHARS)
				line[length++] = c;
		}
		line[length] = '\0';
		lines++;
	} while (strcmp(line, "end") != 0);
	printf("input: %lu bytes in %lu lines, sum %lx, %lu interrupts\n", bytes, lines, sum, must(console_interrupts()));
	return checks_failed();
}
