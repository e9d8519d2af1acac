/*
 * Interrupt controllers: the local APIC of each CPU, and the I/O APIC for devices.
 *
 * Teaches: two stages. The I/O APIC turns a device's line into a message (vector, CPU); a CPU's local APIC queues such
 * messages, makes its own (timer) and sends some to others (IPI). Taking an interrupt means telling the local APIC when it is
 * over.
 * Who calls: the trap path (claim, done), the scheduler (IPI), drivers (mask). Locks: io_apic_busy, a byte, irqs off.
 * The invariant: a device line is masked until arch_irq_mask() opens it; all lines go to the boot CPU.
 * QEMU: xAPIC registers in memory (no x2APIC under TCG). `-cpu max` has one I/O APIC with 24 lines, found through the MADT.
 * Intel SDM 3A chapter 11 (local APIC); 82093AA data sheet (I/O APIC); 8259A data sheet (the old controllers, masked).
 */
#include "x86.h"

/* Registers of the local APIC, in 32-bit words: 16 bytes apart (Intel SDM 3A table 11-1). */
enum local_apic {
	LOCAL_TASK_PRIORITY = 0x80 / 4,
	LOCAL_END_OF_INTERRUPT = 0xb0 / 4,
	LOCAL_SPURIOUS = 0xf0 / 4,
	LOCAL_COMMAND_LOW = 0x300 / 4,
	LOCAL_COMMAND_HIGH = 0x310 / 4,
	LOCAL_TIMER = 0x320 / 4,
	LOCAL_LINT0 = 0x350 / 4,
	LOCAL_LINT1 = 0x360 / 4,
	LOCAL_ERROR = 0x370 / 4,
	LOCAL_TIMER_START = 0x380 / 4,
	LOCAL_TIMER_COUNT = 0x390 / 4,
	LOCAL_TIMER_DIVIDE = 0x3e0 / 4,
};
#define LOCAL_ENABLE 0x100
#define LOCAL_MASKED 0x10000
#define LOCAL_DELIVER_NMI 0x400
#define LOCAL_DIVIDE_BY_1 0xb
#define COMMAND_PENDING 0x1000

/* The I/O APIC: write a register's number to one word, its value to another. */
#define IO_SELECT (0x00 / 4)
#define IO_VALUE (0x10 / 4)
#define IO_VERSION 0x01
#define IO_LINE(n) (0x10 + 2 * (n)) /* low word; the high word is the next register */
#define IO_LINE_MASKED (1u << 16)
#define IO_LINE_LEVEL (1u << 15)
#define IO_LINE_LOW (1u << 13)

/* MPS INTI flags of an interrupt source override (ACPI 6.4 table 5.26). */
#define FLAGS_ACTIVE_LOW(flags) (((flags)&0x3) == 0x3)
#define FLAGS_LEVEL(flags) (((flags) >> 2 & 0x3) == 0x3)
#define ISA_LINES 16

#define PIC_1_DATA 0x21
#define PIC_2_DATA 0xa1

static volatile uint32_t *local;
static volatile uint32_t *io;
static unsigned io_lines;
static uint32_t boot_apic_id;
static uint8_t io_apic_busy;

void apic_init(void)
{
	if (!local)
		local = device_map(acpi.local_apic_base);
	local[LOCAL_TASK_PRIORITY] = 0;
	local[LOCAL_LINT0] = LOCAL_MASKED;
	local[LOCAL_LINT1] = LOCAL_DELIVER_NMI;
	local[LOCAL_ERROR] = LOCAL_MASKED;
	local[LOCAL_TIMER] = LOCAL_MASKED;
	local[LOCAL_TIMER_DIVIDE] = LOCAL_DIVIDE_BY_1;
	local[LOCAL_TIMER_START] = 0;
	local[LOCAL_SPURIOUS] = LOCAL_ENABLE | VECTOR_SPURIOUS;
}

void apic_timer_start(uint32_t count)
{
	local[LOCAL_TIMER] = VECTOR_TIMER;
	local[LOCAL_TIMER_START] = count;
}

uint32_t apic_timer_count(void)
{
	return local[LOCAL_TIMER_COUNT];
}

void apic_command(uint64_t hw_id, uint32_t low)
{
	bool irqs = arch_irq_save();
	while (local[LOCAL_COMMAND_LOW] & COMMAND_PENDING)
		arch_cpu_relax();
	local[LOCAL_COMMAND_HIGH] = (uint32_t)hw_id << 24;
	local[LOCAL_COMMAND_LOW] = low;
	arch_irq_restore(irqs);
}

void arch_ipi_send(struct cpu *cpu)
{
	apic_command(cpu->hw_id, APIC_COMMAND_FIXED | VECTOR_IPI);
}

static uint32_t io_read(unsigned which)
{
	io[IO_SELECT] = which;
	return io[IO_VALUE];
}

static void io_write(unsigned which, uint32_t value)
{
	io[IO_SELECT] = which;
	io[IO_VALUE] = value;
}

/* A line's low word: vector, polarity, trigger. ISA lines are edge and active high, PCI lines level and low, unless told. */
static uint32_t line_word(unsigned line, bool masked)
{
	unsigned flags = acpi.line_flags[line];
	bool pci = line >= ISA_LINES && !flags;
	uint32_t word = VECTOR_DEVICE + line;
	if (pci || FLAGS_ACTIVE_LOW(flags))
		word |= IO_LINE_LOW;
	if (pci || FLAGS_LEVEL(flags))
		word |= IO_LINE_LEVEL;
	return masked ? word | IO_LINE_MASKED : word;
}

void io_apic_init(void)
{
	port_write_8(PIC_1_DATA, 0xff);
	port_write_8(PIC_2_DATA, 0xff);
	boot_apic_id = cpuid(1).ebx >> 24;
	/* Lines are numbered from 0, so only an I/O APIC that starts there can be used. */
	if (!acpi.io_apic.base || acpi.io_apic.first_line != 0)
		return;
	io = device_map(acpi.io_apic.base);
	io_lines = (unsigned)min_u64((io_read(IO_VERSION) >> 16 & 0xff) + 1, VECTOR_DEVICES);
	for (unsigned line = 0; line < io_lines; line++) {
		io_write(IO_LINE(line), line_word(line, true));
		io_write(IO_LINE(line) + 1, boot_apic_id << 24);
	}
}

enum status arch_irq_mask(enum irq irq, bool masked)
{
	if (irq < IRQ_DEVICE || (unsigned)(irq - IRQ_DEVICE) >= io_lines)
		return STATUS_INVALID;
	unsigned line = irq - IRQ_DEVICE;
	uint32_t word = line_word(line, masked);
	/* The I/O APIC forgets an edge that comes while the line is masked (82093AA, "Interrupt Mask"). */
	if (masked && !(word & IO_LINE_LEVEL))
		return STATUS_OK;
	bool irqs = arch_irq_save();
	while (__atomic_test_and_set(&io_apic_busy, __ATOMIC_ACQUIRE))
		arch_cpu_relax();
	io_write(IO_LINE(line), word);
	__atomic_clear(&io_apic_busy, __ATOMIC_RELEASE);
	arch_irq_restore(irqs);
	return STATUS_OK;
}

enum irq arch_irq_claim(const struct trap *trap)
{
	if (trap->vector == VECTOR_TIMER)
		return IRQ_TIMER;
	if (trap->vector == VECTOR_IPI)
		return IRQ_IPI;
	if (trap->vector >= VECTOR_DEVICE && trap->vector < VECTOR_DEVICE + io_lines)
		return IRQ_DEVICE + (trap->vector - VECTOR_DEVICE);
	return IRQ_NONE;
}

void arch_irq_done(enum irq irq)
{
	if (irq != IRQ_NONE)
		local[LOCAL_END_OF_INTERRUPT] = 0;
}
