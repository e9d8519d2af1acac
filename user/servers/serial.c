/*
 * serial: the driver of the serial port's receiver.
 *
 * Teaches: a driver is a thread that receives messages, some from the device by way of the kernel, some from clients. A byte stays in the
 * device until a client wants it; until then the interrupt is not answered, the line is held back, and whoever sends waits. So a slow
 * client loses nothing, and there is next to nothing in the driver that could be lost with it: it may crash and be started again. What it
 * may hold are the bytes of a client that ended while they were on their way.
 * The device is a 16550 without its FIFO: a byte, an interrupt. What is printed goes out through the kernel's console as before.
 * Who calls: clients (SERIAL_READ; one at a time waits). Whom: intr, the device's registers: I/O ports on x86-64, memory on POWER.
 */
#include <servers.h>

/* Registers of the 16550, at offsets from its first. */
enum uart { UART_DATA = 0, UART_INTERRUPTS = 1, UART_FIFO = 2, UART_MODEM = 4, UART_STATUS = 5 };
#define INTERRUPT_RECEIVED 1
#define MODEM_DTR_RTS_OUT2 0x0b
#define STATUS_RECEIVED 1

#ifdef __x86_64__
#define COM1 0x3f8

static void uart_find(void)
{
}

static uint8_t uart_read(enum uart which)
{
	return (uint8_t)must(sys_port_read(HANDLE_DEVICES, COM1 + which));
}

static void uart_write(enum uart which, uint8_t value)
{
	must(sys_port_write(HANDLE_DEVICES, COM1 + which, value));
}
#else
#define LPC_PORTS UINT64_C(0x60300d0010000) /* where the POWER9 chip answers for the ports of its LPC bus */
#define COM1 0x3f8

static volatile uint8_t *ports;

static void uart_find(void)
{
	uint64_t device = must(sys_object_device(HANDLE_DEVICES, LPC_PORTS, PAGE_BYTES));
	ports = object_map(device, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
}

static uint8_t uart_read(enum uart which)
{
	return ports[COM1 + which];
}

static void uart_write(enum uart which, uint8_t value)
{
	ports[COM1 + which] = value;
}
#endif

static uint64_t reader;    /* token of the client that waits; 0: nobody does */
static uint64_t interrupt; /* token of an interrupt that is not answered; 0: none */
static uint64_t interrupts, too_late, endpoint;
static volatile uintptr_t nowhere; /* what SERIAL_CRASH writes to: page 0 is never mapped */

/* Whether the answer has reached whoever asked: a client may have ended. */
static bool answer(uint64_t token, struct message message)
{
	message.token = token;
	return ipc_reply(endpoint, &message).status == STATUS_OK;
}

static bool has_byte(void)
{
	return uart_read(UART_STATUS) & STATUS_RECEIVED;
}

/*
 * Gives the client that waits what the device has. What was taken out of the device for a client that has ended meanwhile is kept for the
 * next.
 */
static void give_bytes(void)
{
	static struct message taken = {.type = STATUS_OK};
	while (reader && taken.word[0] < SERIAL_BYTES && has_byte()) {
		uint64_t at = taken.word[0]++;
		taken.word[1 + at / 8] |= (uint64_t)uart_read(UART_DATA) << (8 * (at % 8));
	}
	if (!reader || taken.word[0] == 0)
		return;
	if (answer(reader, taken))
		taken = (struct message){.type = STATUS_OK};
	else
		too_late++;
	reader = 0;
}

/* Gives what there is, and once the device has nothing more, lets it interrupt again. A byte may come between any two looks at it. */
static void move_bytes(void)
{
	bool more;
	do {
		give_bytes();
		more = has_byte();
	} while (more && reader);
	if (interrupt && !more) {
		answer(interrupt, (struct message){.type = REPLY_OK});
		interrupt = 0;
	}
}

/* One client waits at a time. Whether it still does is seen by answering it, with no bytes: then it may ask again, and the new one may not. */
static void read_for(uint64_t token)
{
	uint64_t first = reader;
	reader = 0;
	if (first && answer(first, (struct message){.type = STATUS_OK}))
		answer(token, (struct message){.type = STATUS_EXISTS});
	else
		reader = token;
}

static void serve(struct message *message)
{
	request_close_handle(message);
	switch (message->type) {
	case MESSAGE_INTERRUPT:
		interrupts++;
		interrupt = message->token;
		break;
	case SERIAL_READ:
		read_for(message->token);
		break;
	case SERIAL_STATISTICS:
		answer(message->token, (struct message){.type = STATUS_OK, .word = {interrupts, too_late}});
		break;
	case SERIAL_CRASH:
		*(volatile uint8_t *)nowhere = 0;
		break;
	default:
		answer(message->token, (struct message){.type = STATUS_INVALID});
	}
	move_bytes();
}

static void register_for_interrupts(void)
{
	struct name_words name = name_to_words("serial");
	uint64_t intr = must(service_find("intr"));
	uint64_t own = must(sys_handle_duplicate(endpoint, HANDLE_RECEIVE | HANDLE_GIVE));
	struct message message = {.type = INTR_REGISTER, .word = {name.word[0], name.word[1]}, .handle = own};
	must(ipc_call(intr, &message));
	must(sys_handle_close(own));
	if (message.type != STATUS_OK)
		printf("serial: no interrupts: %s\n", status_name(message.type));
}

int main(void)
{
	struct message message = {0};
	endpoint = must(sys_endpoint_create());
	uart_find();
	uart_write(UART_INTERRUPTS, 0);
	register_for_interrupts();
	uart_write(UART_FIFO, 0);
	uart_write(UART_MODEM, MODEM_DTR_RTS_OUT2);
	uart_write(UART_INTERRUPTS, INTERRUPT_RECEIVED);
	must(service_register("serial", endpoint));
	while (ipc_receive(endpoint, &message).status == STATUS_OK)
		serve(&message);
	return 1;
}
