/*
 * A debugger in a few packets: a watchpoint, `continue`, and the answer when the machine has come there.
 *
 *     -> $Z2,address,length#sum    <- +$OK#9a
 *     -> $c#63                     <- +            ...and, when it has stopped,   <- $T05thread:01;watch:address;#sum
 *
 * Teaches: gdb's remote protocol is text with a checksum, and QEMU keeps watchpoints beside the guest, so the kernel need not even be in
 * memory yet. Who calls: reach.c. "GDB Remote Serial Protocol" in gdb's manual.
 */
#include "at/stub.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "commands.h"

#define PACKET_BYTES 256

/* How long QEMU may take until its socket is there. */
#define MILLISECONDS_TO_START 10000

int stub_connect(struct run_qemu *qemu, const char *path)
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
	return send(connection, packet, (size_t)length, MSG_NOSIGNAL) == length;
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
	       send(connection, "+", 1, MSG_NOSIGNAL) == 1;
}

static bool answer_begins(struct run_qemu *qemu, int connection, char begin)
{
	char text[PACKET_BYTES];
	return receive_packet(qemu, connection, text) && text[0] == begin;
}

bool stub_watch(struct run_qemu *qemu, int connection, uint64_t address, bool on)
{
	char text[PACKET_BYTES];
	snprintf(text, sizeof(text), "%c2,%" PRIx64 ",8", on ? 'Z' : 'z', address);
	return send_packet(connection, text) && answer_begins(qemu, connection, 'O');
}

bool stub_continue(int connection)
{
	return send_packet(connection, "c");
}

bool stub_wait(struct run_qemu *qemu, int connection)
{
	return answer_begins(qemu, connection, 'T');
}

bool stub_is_running(struct run_qemu *qemu, int connection, unsigned microseconds)
{
	const struct timespec time = {.tv_nsec = (long)microseconds * 1000};
	struct pollfd wait = {.fd = connection, .events = POLLIN};
	char next;
	run_qemu_wait(qemu, 0);
	if (!qemu->running)
		return false;
	/* What may come while it runs is `+`, for the last packet. */
	if (ppoll(&wait, 1, &time, NULL) <= 0)
		return true;
	return recv(connection, &next, 1, MSG_PEEK) == 1 && next == '+' && recv(connection, &next, 1, 0) == 1;
}

bool stub_interrupt(struct run_qemu *qemu, int connection)
{
	return send(connection, "\003", 1, MSG_NOSIGNAL) == 1 && stub_wait(qemu, connection);
}
