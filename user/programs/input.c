/*
 * Input: reads what comes in at the serial port, counts it and makes a checksum, until a line that says "end".
 *
 *     printf 'hello\nend\n' | build/vitrine run --program input --input -
 *
 * The tests send ten thousand bytes, and look in the trace that there were as many interrupts, each delivered and each answered.
 */
#include <servers.h>

#define LINE_CHARS 80

/* What has a driver gets no second one, and the first goes on. */
static void register_twice(void)
{
	uint64_t endpoint = must(sys_endpoint_create());
	struct name_words serial = name_to_words("serial"), none = name_to_words("no such device");
	uint64_t driver = must(service_find("serial")), intr = must(service_find("intr"));
	struct message message = {.type = INTR_REGISTER, .word = {serial.word[0], serial.word[1]}, .handle = endpoint};
	check(ipc_call(intr, &message).status == STATUS_OK && message.type == STATUS_EXISTS);
	message = (struct message){.type = INTR_REGISTER, .word = {none.word[0], none.word[1]}, .handle = endpoint};
	check(ipc_call(intr, &message).status == STATUS_OK && message.type == STATUS_NOT_FOUND);
	check(sys_interrupt_register(intr, 4, endpoint, 0).status == STATUS_INVALID); /* that is no right to devices */
	must(sys_handle_close(endpoint));
	must(sys_handle_close(driver));
	must(sys_handle_close(intr));
}

int main(void)
{
	register_twice();
	char line[LINE_CHARS + 1];
	uint64_t bytes = 0, lines = 0, sum = 0;
	do {
		unsigned length = 0;
		char c = 0;
		while (c != '\n' && c != '\r') { /* a keyboard says \r */
			struct result got = console_read(&c, 1);
			if (!check(got.status == STATUS_OK && got.value == 1))
				return 1;
			bytes++;
			sum = sum * 31 + (uint8_t)c;
			if (c != '\n' && c != '\r' && length < LINE_CHARS)
				line[length++] = c;
		}
		line[length] = '\0';
		lines++;
	} while (strcmp(line, "end") != 0);
	printf("input: %lu bytes in %lu lines, sum %lx, %lu interrupts\n", bytes, lines, sum, must(console_interrupts()));
	return checks_failed();
}
