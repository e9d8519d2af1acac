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
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 60000
#define LOOK_EVERY_MS 20
#define ADDRESSES_WANTED 1000

static FILE *monitor_in, *monitor_out;

static void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

static void give_up(const char *why)
{
	printf("not ok walk-monitor: %s\n", why);
	exit(1);
}

/* The socket may not be there yet when this tool starts. */
static void monitor_open(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address.sun_path))
		give_up("the path of the socket is too long");
	strcpy(address.sun_path, path);
	for (unsigned waited = 0; waited < PATIENCE_MS; waited += LOOK_EVERY_MS) {
		int socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (!connect(socket_fd, (struct sockaddr *)&address, sizeof(address))) {
			monitor_in = fdopen(socket_fd, "r");
			monitor_out = fdopen(dup(socket_fd), "w");
			return;
		}
		close(socket_fd);
		pause_ms(LOOK_EVERY_MS);
	}
	give_up("QEMU's monitor does not answer");
}

/* Sends one command and returns the answer: the line with "return"; greetings and events are passed over. */
static const char *monitor_ask(const char *command)
{
	static char line[4096];
	fprintf(monitor_out, "%s\n", command);
	fflush(monitor_out);
	while (fgets(line, sizeof(line), monitor_in)) {
		if (strstr(line, "\"error\""))
			give_up(line);
		if (strstr(line, "\"return\""))
			return line;
	}
	give_up("QEMU's monitor has gone");
	return NULL;
}

/* Where QEMU's walk leads; false for nowhere. */
static bool monitor_walk(uint64_t address, uint64_t *result)
{
	char command[200];
	snprintf(command, sizeof(command),
		 "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"gva2gpa 0x%llx\",\"cpu-index\":0}}",
		 (unsigned long long)address);
	const char *answer = monitor_ask(command);
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
	monitor_open(argv[1]);
	monitor_ask("{\"execute\":\"qmp_capabilities\"}");
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
