/*
 * A debugger in a few packets: a breakpoint, `continue`, and the answer when the machine has come there.
 *
 *     -> $Z0,address,length#sum    <- +$OK#9a
 *     -> $c#63                     <- +            ...and, when it has stopped,   <- $T05thread:01;#sum
 *
 * Teaches: gdb's remote protocol is text with a checksum, and QEMU keeps breakpoints beside the guest, so the kernel need not even be in
 * memory yet. Who calls: event.c, which wants no gdb. "GDB Remote Serial Protocol" in gdb's manual.
 */
#include "at/stub.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"

#define PACKET_BYTES 256

/* How long QEMU may take until its socket is there. */
#define MILLISECONDS_TO_START 10000

static int connect_to(struct run_qemu *qemu, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	for (unsigned waited = 0; qemu->running && waited < MILLISECONDS_TO_START; waited += 10) {
		int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connection >= 0 && connect(connection, (struct sockaddr *)&address, sizeof(address)) == 0)
			return connection;
		if (connection >= 0)
			close(connection);
		run_qemu_wait(qemu, 10);
	}
	return say("QEMU does not wait for a debugger at %s", path), -1;
}

static bool send_packet(int connection, const char *text)
{
	char packet[PACKET_BYTES];
	unsigned char sum = 0;
	for (const char *at = text; *at; at++)
		sum = (unsigned char)(sum + (unsigned char)*at);
	int length = snprintf(packet, sizeof(packet), "$%s#%02x", text, sum);
	return write(connection, packet, (size_t)length) == length;
}

/* One more character; false if QEMU has gone. */
static bool next_character(struct run_qemu *qemu, int connection, char *character)
{
	struct pollfd wait = {.fd = connection, .events = POLLIN};
	while (poll(&wait, 1, 100) <= 0) {
		run_qemu_wait(qemu, 0);
		if (!qemu->running)
			return false;
	}
	return read(connection, character, 1) == 1;
}

/* Reads the next packet's text and acknowledges it. */
static bool receive_packet(struct run_qemu *qemu, int connection, char text[PACKET_BYTES])
{
	char character = 0, sum[2];
	size_t length = 0;
	while (character != '$')
		if (!next_character(qemu, connection, &character))
			return false;
	while (next_character(qemu, connection, &character) && character != '#')
		if (length < PACKET_BYTES - 1)
			text[length++] = character;
	text[length] = '\0';
	return next_character(qemu, connection, &sum[0]) && next_character(qemu, connection, &sum[1]) &&
	       write(connection, "+", 1) == 1;
}

/* Sends a packet and gets the answer. Whether that begins so. */
static bool ask(struct run_qemu *qemu, int connection, char text[PACKET_BYTES], const char *begin)
{
	return send_packet(connection, text) && receive_packet(qemu, connection, text) && !strncmp(text, begin, strlen(begin));
}

/* Sets a breakpoint (what: 'Z') or takes it away ('z'). */
static bool change_breakpoint(struct run_qemu *qemu, int connection, char what, uint64_t address)
{
	char text[PACKET_BYTES];
	snprintf(text, sizeof(text), "%c0,%" PRIx64 ",1", what, address);
	return ask(qemu, connection, text, "OK");
}

/* The CPU that stopped, as `T05thread:02;` names it, does one instruction, where the breakpoint would stop it again. */
static bool step(struct run_qemu *qemu, int connection, const char *stopped, uint64_t address)
{
	char text[PACKET_BYTES];
	const char *thread = strstr(stopped, "thread:");
	if (!thread)
		return false;
	thread += strlen("thread:");
	snprintf(text, sizeof(text), "Hc%.*s", (int)strcspn(thread, ";"), thread);
	if (!ask(qemu, connection, text, "OK") || !change_breakpoint(qemu, connection, 'z', address))
		return false;
	strcpy(text, "s");
	return ask(qemu, connection, text, "T") && change_breakpoint(qemu, connection, 'Z', address);
}

bool stub_run_to(struct run_qemu *qemu, const char *path, uint64_t address, const struct stub_wanted *wanted, int *connection)
{
	char text[PACKET_BYTES];
	*connection = connect_to(qemu, path);
	if (*connection < 0)
		return false;
	if (!change_breakpoint(qemu, *connection, 'Z', address))
		return say("QEMU takes no breakpoint at 0x%" PRIx64, address), false;
	for (bool more = false;; more = true) {
		if (more && !step(qemu, *connection, text, address))
			return say("QEMU does no single step"), false;
		strcpy(text, "c");
		if (!ask(qemu, *connection, text, "T"))
			return say("the guest ended before it came to the event: the re-run went another way"), false;
		if (wanted->is_there(qemu, wanted->cpu, wanted->sequence))
			return true;
	}
}
