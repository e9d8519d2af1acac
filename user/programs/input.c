/*
 * Input: reads what comes in at the serial port, counts it and makes a checksum, until a line that says "end", or, with
 * `--append program.interrupts=N`, until the end of the line at which there have been N interrupts.
 *
 *     printf 'hello\nend\n' | build/vitrine run --program input --input -
 *
 * Now and then it asks and changes its mind, as if a reader were killed: the bytes that come then must be there for the next. The tests
 * look in the trace that every interrupt was delivered and answered.
 */
#include <servers.h>

#define LINE_CHARS 80
#define CANCEL_EVERY 4 /* reads */

static char block[SERIAL_BYTES]; /* the bytes of one answer */
static unsigned count, taken;
static uint64_t serial, own;

/* What has a driver gets no second one, and the first goes on. */
static void register_twice(void)
{
	uint64_t endpoint = must(sys_endpoint_create());
	struct name_words name = name_to_words("serial"), none = name_to_words("no such device");
	uint64_t driver = must(service_find("serial")), intr = must(service_find("intr"));
	struct message message = {.type = INTR_REGISTER, .word = {name.word[0], name.word[1]}, .handle = endpoint};
	check(ipc_call(intr, &message).status == STATUS_OK && message.type == STATUS_EXISTS);
	message = (struct message){.type = INTR_REGISTER, .word = {none.word[0], none.word[1]}, .handle = endpoint};
	check(ipc_call(intr, &message).status == STATUS_OK && message.type == STATUS_NOT_FOUND);
	check(sys_interrupt_register(intr, 4, endpoint, 0).status == STATUS_INVALID); /* that is no right to devices */
	must(sys_handle_close(endpoint));
	must(sys_handle_close(driver));
	must(sys_handle_close(intr));
}

static struct message statistics(void)
{
	struct message message = {.type = SERIAL_STATISTICS};
	must(ipc_call(serial, &message));
	return message;
}

/* Asks for bytes and does not want them any more; the driver learns of that when it has some. If they are on their way, it is too late. */
static void read_and_cancel(void)
{
	struct message message = {.type = SERIAL_READ};
	uint64_t token = must(ipc_call_noblk(serial, &message, own));
	statistics(); /* the driver has taken the call before this one */
	if (sys_ipc_cancel(serial, token, own).status == STATUS_OK) {
		thread_sleep_us(50);
		return;
	}
	must(ipc_receive(own, &message));
	check(message.type == STATUS_OK && message.word[0] > 0);
	for (; count < message.word[0]; count++)
		block[count] = (char)(message.word[1 + count / 8] >> (8 * (count % 8)));
}

/* The next byte of all that come, in order; 0 if something went wrong. */
static char next_byte(void)
{
	static uint64_t reads;
	if (taken == count) {
		taken = count = 0;
		if (reads++ % CANCEL_EVERY == 0)
			read_and_cancel();
	}
	if (count == 0) {
		struct result got = console_read(block, sizeof(block)); /* so much that the library keeps nothing for later */
		if (!check(got.status == STATUS_OK && got.value > 0))
			return 0;
		count = (unsigned)got.value;
	}
	return block[taken++];
}

int main(void)
{
	char line[LINE_CHARS + 1];
	uint64_t bytes = 0, lines = 0, enough = program_option("interrupts", UINT64_MAX);
	uint32_t sum = 0;
	struct message told;
	register_twice();
	serial = must(service_find("serial"));
	own = must(sys_endpoint_create());
	do {
		unsigned length = 0;
		char c = 0;
		while (c != '\n' && c != '\r') { /* a keyboard says \r */
			c = next_byte();
			if (!c)
				return 1;
			bytes++;
			sum = sum * 31 + (uint8_t)c;
			if (c != '\n' && c != '\r' && length < LINE_CHARS)
				line[length++] = c;
		}
		line[length] = '\0';
		lines++;
		told = statistics();
	} while (strcmp(line, "end") != 0 && told.word[0] < enough);
	printf("input: %lu bytes in %lu lines, sum %u, %lu interrupts, %lu times the reader had gone\n", bytes, lines, sum,
	       told.word[0], told.word[1]);
	return checks_failed();
}
