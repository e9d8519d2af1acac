/*
 * The serial console, and the way out.
 *
 * Teaches: the smallest driver there is: wait until the transmitter is empty, write a byte. And that a machine is left by
 * telling its devices: QEMU's exit device first, the chipset's sleep control otherwise.
 * Who calls: arch_putc() the kernel's printing, which serialises it; arch_power_off() the end of a run. Locks: none.
 * QEMU: COM1 is a 16550 at 0x3f8 (`-serial stdio` or `-serial file:...`). `-device isa-debug-exit,iobase=0xf4,iosize=4` ends
 * QEMU with the code (value << 1) | 1. Writing 0x2000 to port 0x604 is S5 on q35 (PM1a control as SeaBIOS places it) and ends
 * with 0.
 * 16550 data sheet: registers; ACPI 6.4 section 4.8.4.2: PM1 control.
 */
#include "x86.h"

#define COM1 0x3f8
#define UART_DATA (COM1 + 0)
#define UART_DIVISOR_LOW (COM1 + 0) /* with the divisor latch open */
#define UART_DIVISOR_HIGH (COM1 + 1)
#define UART_INTERRUPTS (COM1 + 1)
#define UART_FIFO (COM1 + 2)
#define UART_LINE (COM1 + 3)
#define UART_MODEM (COM1 + 4)
#define UART_STATUS (COM1 + 5)
#define LINE_8N1 0x03
#define LINE_DIVISOR_LATCH 0x80
#define FIFO_OFF 0x00 /* as it is after a reset: what was received meanwhile stays */
#define MODEM_DTR_RTS 0x03
#define STATUS_TRANSMITTER_EMPTY 0x20

#define EXIT_PORT 0xf4
#define EXIT_WELL 0x10  /* QEMU ends with 33 */
#define EXIT_BADLY 0x11 /* 35 */
#define PM1A_CONTROL_PORT 0x604
#define PM1_SLEEP_S5 0x2000

void console_init(void)
{
	port_write_8(UART_INTERRUPTS, 0);
	port_write_8(UART_LINE, LINE_DIVISOR_LATCH);
	port_write_8(UART_DIVISOR_LOW, 1); /* 115200 baud */
	port_write_8(UART_DIVISOR_HIGH, 0);
	port_write_8(UART_LINE, LINE_8N1);
	port_write_8(UART_FIFO, FIFO_OFF);
	port_write_8(UART_MODEM, MODEM_DTR_RTS);
}

/* Where there is no UART, reads give all ones: the transmitter looks empty, and nothing waits. */
void arch_putc(char c)
{
	while (!(port_read_8(UART_STATUS) & STATUS_TRANSMITTER_EMPTY))
		arch_cpu_relax();
	port_write_8(UART_DATA, (uint8_t)c);
}

enum status arch_port_read(uint64_t port, uint8_t *value)
{
	if (port > UINT16_MAX)
		return STATUS_INVALID;
	*value = port_read_8((uint16_t)port);
	return STATUS_OK;
}

enum status arch_port_write(uint64_t port, uint8_t value)
{
	if (port > UINT16_MAX)
		return STATUS_INVALID;
	port_write_8((uint16_t)port, value);
	return STATUS_OK;
}

void boot_say(const char *text)
{
	while (*text)
		arch_putc(*text++);
}

void boot_say_number(uint64_t number)
{
	char text[2 + 16 + 1] = "0x";
	unsigned digits = 1;
	while (digits < 16 && number >> (4 * digits))
		digits++;
	for (unsigned i = 0; i < digits; i++)
		text[2 + i] = "0123456789abcdef"[number >> (4 * (digits - 1 - i)) & 0xf];
	text[2 + digits] = 0;
	boot_say(text);
}

void arch_power_off(bool well)
{
	port_write_8(EXIT_PORT, well ? EXIT_WELL : EXIT_BADLY);
	port_write_16(PM1A_CONTROL_PORT, PM1_SLEEP_S5);
	arch_cpu_halt();
}
