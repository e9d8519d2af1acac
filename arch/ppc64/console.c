/*
 * The LPC bus: a serial port to talk through, and the service processor that switches the power off.
 *
 * Teaches: device registers. The loads and stores are cache-inhibited ones that bypass translation (Power ISA 3.0B Book III,
 * "Caching Inhibited Instructions"), to fixed addresses at which the POWER9 chip answers for its LPC bus; what lies there are
 * two old friends of every PC.
 * Who calls: core/print.c and the end of a run. Locks: the caller's; nothing here can wait for another CPU.
 * 16550 data sheet for the port; IPMI 2.0 section 11 (block transfer interface) and 28.3 (chassis control).
 */
#include "arch.h"
#include "ppc64.h"

/* Bit 0 of the address keeps HRMOR out of it. */
#define LPC_IO UINT64_C(0x80060300d0010000)

#define UART_DATA 0x3f8
#define UART_LINE_STATUS 0x3fd
#define UART_CAN_SEND 0x20

#define BT_CONTROL 0xe4
#define BT_DATA 0xe5
#define BT_CONTROL_CLEAR_WRITE 0x01 /* start a message */
#define BT_CONTROL_ATTENTION 0x04   /* the message is complete */

static void lpc_write(unsigned port, uint8_t value)
{
	__asm__ volatile("stbcix %0, 0, %1" : : "r"((uint64_t)value), "r"(LPC_IO + port) : "memory");
}

static uint8_t lpc_read(unsigned port)
{
	uint64_t value;
	__asm__ volatile("lbzcix %0, 0, %1" : "=r"(value) : "r"(LPC_IO + port) : "memory");
	return (uint8_t)value;
}

void arch_putc(char c)
{
	while (!(lpc_read(UART_LINE_STATUS) & UART_CAN_SEND))
		arch_cpu_relax();
	lpc_write(UART_DATA, (uint8_t)c);
}

/* Devices are all in memory here. */
enum status arch_port_read(uint64_t port, uint8_t *value)
{
	(void)port, (void)value;
	return STATUS_NOT_FOUND;
}

enum status arch_port_write(uint64_t port, uint8_t value)
{
	(void)port, (void)value;
	return STATUS_NOT_FOUND;
}

/* The service processor knows no reason for a power-off: `well` has no effect, the verdict in the descriptor tells. */
void arch_power_off(bool well)
{
	(void)well;
	/* Length of what follows; network function "chassis" (0) << 2; sequence; command "chassis control" (2); power down (0).
	 */
	static const uint8_t message[] = {4, 0 << 2, 0, 2, 0};
	lpc_write(BT_CONTROL, BT_CONTROL_CLEAR_WRITE);
	for (size_t i = 0; i < sizeof(message); i++)
		lpc_write(BT_DATA, message[i]);
	lpc_write(BT_CONTROL, BT_CONTROL_ATTENTION);
	arch_cpu_halt();
}
