/*
 * QEMU's monitor and its debugger's stub, from outside: see monitor.h.
 *
 * gdb's remote protocol: a packet is $TEXT#SS, where SS is the sum of the text's bytes; the other side answers + and then, if there is
 * something to say, a packet of its own (the GDB manual, appendix E).
 */
#include "monitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PACKET_BYTES 4096

const char *monitor_test = "monitor";
static FILE *monitor_in, *monitor_out;
static FILE *stub_in, *stub_out;

void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

/* The machine ends too, or whoever started it would wait. */
void give_up(const char *why)
{
	printf("not ok %s: %s\n", monitor_test, why);
	if (monitor_out) {
		fprintf(monitor_out, "{\"execute\":\"quit\"}\n");
		fflush(monitor_out);
	}
	exit(1);
}

/* The socket may not be there yet when a tool starts. */
static int socket_open(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address.sun_path))
		give_up("the path of the socket is too long");
	strcpy(address.sun_path, path);
	for (unsigned waited = 0; waited < PATIENCE_MS; waited += LOOK_EVERY_MS) {
		int socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (!connect(socket_fd, (struct sockaddr *)&address, sizeof(address)))
			return socket_fd;
		close(socket_fd);
		pause_ms(LOOK_EVERY_MS);
	}
	give_up("QEMU does not answer");
}

void monitor_open(const char *path)
{
	int socket_fd = socket_open(path);
	monitor_in = fdopen(socket_fd, "r");
	monitor_out = fdopen(dup(socket_fd), "w");
	monitor_ask("{\"execute\":\"qmp_capabilities\"}");
}

const char *monitor_ask(const char *command)
{
	static char *line;
	static size_t bytes;
	fprintf(monitor_out, "%s\n", command);
	fflush(monitor_out);
	/* Greetings and events are passed over. */
	while (getline(&line, &bytes, monitor_in) > 0) {
		if (strstr(line, "\"error\""))
			give_up(line);
		if (strstr(line, "\"return\""))
			return line;
	}
	give_up("QEMU's monitor has gone");
}

char *monitor_say(const char *command, unsigned cpu)
{
	static char *text;
	char request[256];
	snprintf(request, sizeof(request),
		 "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"%s\",\"cpu-index\":%u}}", command,
		 cpu);
	free(text);
	text = strdup(monitor_ask(request));
	/* In JSON the ends of lines are the four characters \r\n. */
	char *to = text;
	for (const char *from = text; *from; from++) {
		if (!strncmp(from, "\\r\\n", 4)) {
			*to++ = '\n';
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = 0;
	return text;
}

void stub_open(const char *path)
{
	int socket_fd = socket_open(path);
	stub_in = fdopen(socket_fd, "r");
	stub_out = fdopen(dup(socket_fd), "w");
}

static void stub_send(const char *packet)
{
	unsigned char sum = 0;
	for (const char *at = packet; *at; at++)
		sum += (unsigned char)*at;
	fprintf(stub_out, "$%s#%02x", packet, sum);
	fflush(stub_out);
}

const char *stub_ask(const char *packet)
{
	static char text[PACKET_BYTES];
	size_t length = 0;
	int c;
	stub_send(packet);
	while ((c = fgetc(stub_in)) != '$')
		if (c == EOF)
			return "W";
	while ((c = fgetc(stub_in)) != '#' && c != EOF && length < sizeof(text) - 1)
		text[length++] = (char)c;
	text[length] = 0;
	fgetc(stub_in);
	fgetc(stub_in);
	fputc('+', stub_out);
	fflush(stub_out);
	return text;
}

bool stub_run_to(uint64_t address)
{
	char packet[64];
	snprintf(packet, sizeof(packet), "Z1,%llx,1", (unsigned long long)address);
	if (strcmp(stub_ask(packet), "OK"))
		give_up("QEMU takes no breakpoint");
	if (strncmp(stub_ask("c"), "T05", 3))
		return false;
	packet[0] = 'z';
	stub_ask(packet);
	return true;
}

/* The number that starts a text of hexadecimal bytes, the lowest first. */
static uint64_t number_of(const char *text)
{
	uint64_t number = 0;
	for (unsigned i = 0; i < 8; i++) {
		unsigned byte;
		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			give_up("QEMU does not say what is in a register or in memory");
		number |= (uint64_t)byte << (8 * i);
	}
	return number;
}

uint64_t stub_register(unsigned number)
{
	const char *registers = stub_ask("g");
	return number_of(strlen(registers) >= 16 * (number + 1) ? registers + 16 * number : "");
}

void stub_set_register(unsigned number, uint64_t value)
{
	static char packet[PACKET_BYTES];
	char bytes[17];
	snprintf(packet, sizeof(packet), "G%s", stub_ask("g"));
	for (unsigned i = 0; i < 8; i++)
		snprintf(bytes + 2 * i, 3, "%02x", (unsigned)(value >> (8 * i) & 0xff));
	memcpy(packet + 1 + 16 * number, bytes, 16);
	if (strcmp(stub_ask(packet), "OK"))
		give_up("QEMU does not set a register");
}

uint64_t stub_word(uint64_t address)
{
	char packet[64];
	snprintf(packet, sizeof(packet), "m%llx,8", (unsigned long long)address);
	return number_of(stub_ask(packet));
}
