/*
 * Compares what the guest's kernel says about its page tables with what QEMU's own walk over them says.
 *
 *     gva2gpa QMP-SOCKET CONSOLE-LOG
 *
 * Teaches: a test needs a witness that shares no code with what it tests. The guest (selftest=walk) prints a thousand
 * addresses and where its back end's walk says they lead, and then stands still; this tool stops the machine and asks the
 * monitor, address by address.
 * Who calls: tests/e2e/selftest.sh. Prints `ok` or `not ok` and how many addresses agreed; ends the machine either way.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor.h"

#define ADDRESSES_WANTED 1000

/* Where QEMU's walk leads; false for nowhere. */
static bool monitor_walk(uint64_t address, uint64_t *result)
{
	char command[64];
	snprintf(command, sizeof(command), "gva2gpa 0x%llx", (unsigned long long)address);
	const char *answer = monitor_say(command, 0);
	const char *found = strstr(answer, "gpa: ");
	if (!found && !strstr(answer, "Unmapped"))
		give_up(answer);
	*result = found ? strtoull(found + 5, NULL, 16) : 0;
	return found != NULL;
}

/* Waits until the guest has said all. */
static FILE *console_when_parked(const char *path)
{
	char line[256];
	for (unsigned waited = 0; waited < PATIENCE_MS; waited += LOOK_EVERY_MS) {
		FILE *console = fopen(path, "r");
		while (console && fgets(line, sizeof(line), console))
			if (!strncmp(line, "walk parked", 11)) {
				rewind(console);
				return console;
			}
		if (console)
			fclose(console);
		pause_ms(LOOK_EVERY_MS);
	}
	give_up("the guest never said `walk parked`");
	return NULL;
}

int main(int argc, char **argv)
{
	char line[256];
	unsigned agreed = 0, mapped = 0, wrong = 0;
	if (argc != 3)
		return fprintf(stderr, "usage: gva2gpa QMP-SOCKET CONSOLE-LOG\n"), 2;
	monitor_test = "walk-monitor";
	monitor_open(argv[1]);
	FILE *console = console_when_parked(argv[2]);
	monitor_ask("{\"execute\":\"stop\"}");
	while (fgets(line, sizeof(line), console)) {
		unsigned long long address, said = 0;
		uint64_t found;
		int fields = sscanf(line, "walk %llx %llx", &address, &said);
		if (fields < 1)
			continue;
		bool is_mapped = monitor_walk(address, &found);
		bool same = is_mapped == (fields == 2) && (!is_mapped || found == said);
		agreed += same, mapped += is_mapped, wrong += !same;
		if (!same)
			printf("the monitor says %s 0x%llx; the guest: %s", is_mapped ? "gpa" : "unmapped",
			       (unsigned long long)found, line);
	}
	monitor_ask("{\"execute\":\"quit\"}");
	bool well = wrong == 0 && agreed == ADDRESSES_WANTED && mapped > ADDRESSES_WANTED / 4;
	printf("%s walk-monitor: %u addresses agree, %u of them mapped; %u do not\n", well ? "ok" : "not ok", agreed, mapped,
	       wrong);
	return !well;
}
