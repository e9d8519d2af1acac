/*
 * intr: who knows where this machine's devices interrupt.
 *
 * Teaches: a driver names its device; the line is the machine's business, and the right to have it is this server's to use. The messages
 * themselves come from the kernel straight to the driver, and the driver's answer lets the line through again: nobody stands
 * between the two. A driver that was started again asks again, and gets the line, since the one before is gone.
 * Who calls: drivers (INTR_REGISTER). Whom: sys_interrupt_register().
 */
#include <servers.h>

static const struct {
	const char *name;
	uint64_t line;
} devices[] = {
#ifdef __x86_64__
	{"serial", 4}, /* the I/O APIC's pin of COM1 */
#else
	{"serial", 0}, /* the one source that is set up: arch/ppc64/xive.c */
#endif
};

static uint64_t register_driver(const struct message *message)
{
	for (unsigned i = 0; i < ARRAY_LENGTH(devices); i++) {
		struct name_words name = name_to_words(devices[i].name);
		if (name.word[0] == message->word[0] && name.word[1] == message->word[1])
			return sys_interrupt_register(HANDLE_DEVICES, devices[i].line, message->handle, devices[i].line).status;
	}
	return STATUS_NOT_FOUND;
}

int main(void)
{
	struct message message = {0};
	uint64_t endpoint = must(sys_endpoint_create());
	must(service_register("intr", endpoint));
	struct result result = ipc_receive(endpoint, &message);
	while (result.status == STATUS_OK) {
		uint64_t status = message.type == INTR_REGISTER ? register_driver(&message) : STATUS_INVALID;
		request_close_handle(&message); /* the driver alone receives there */
		message = (struct message){.token = message.token, .type = status};
		result = ipc_reply_receive(endpoint, &message);
	}
	return 1;
}
