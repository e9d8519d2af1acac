/*
 * The interrupt controller, XIVE, as far as one device needs it: the serial port's interrupts, to the boot CPU.
 *
 *     UART line --> LPC bus controller: latch --> PSI bridge: source --> XIVE: event, to this CPU --> vector 0xea0
 *
 * Teaches: an interrupt passes several stages, each with a latch or a mask of its own, and each has to be told. Here the latches are cleared
 * when the interrupt is claimed, before the driver looks at the device: what the device wants after that sets them again. The source
 * itself is held back by not ending its event: as long as its P bit is set it does not fire again, and if it still wants to when the
 * event is ended, it fires at once.
 * Who calls: boot, core/trap.c (claim, done), ipc/interrupt.c (mask). Locks: none; one CPU takes the interrupts, and a mask is one store.
 * What is simplified: one source, one event queue that nobody reads (there is nothing to tell apart), one target.
 * QEMU: `-M powernv9`, whose registers lie at these addresses. They are named after the XIVE and P9 documents of OpenPOWER.
 */
#include "arch.h"
#include "core/string.h"
#include "ppc64.h"

/* Bit 0 of the address keeps HRMOR out of it. */
#define MMIO UINT64_C(0x8000000000000000)
#define XSCOM(address) (MMIO | (UINT64_C(0x000603fc00000000) + ((uint64_t)(address) << 3)))
#define IC_BAR UINT64_C(0x0006030203100000)  /* the controller itself */
#define TM_BAR UINT64_C(0x0006030203180000)  /* what a CPU thread sees of it */
#define ESB_BAR UINT64_C(0x00060302031c0000) /* the PSI bridge's sources, a page each */
#define PSI_BAR UINT64_C(0x0006030203000000)
#define LPC_BAR UINT64_C(0x0006030000000000)

/* Registers behind XSCOM 0x5013000. */
#define XIVE(register) (XSCOM(0x5013000) + (register))
#define XIVE_IC_BAR 0x080
#define XIVE_TM_BAR 0x090
#define XIVE_THREAD_ENABLE 0x448
#define XIVE_TABLE_SELECT 0x808
#define XIVE_TABLE_DATA 0x810
#define BIT(n) (UINT64_C(1) << (63 - (n)))
enum table { TABLE_SOURCES = 0, TABLE_QUEUES = 2, TABLE_TARGETS = 3 };
#define TABLE_EXCLUSIVE (UINT64_C(2) << 62)
#define TABLE_64K 4

#define SOURCE_SERIAL 3 /* of the PSI bridge: the LPC bus */
#define ESB(offset) (MMIO | (ESB_BAR + (SOURCE_SERIAL << 12) + (offset)))
#define ESB_END_OF_INTERRUPT 0x000
#define ESB_LET_THROUGH 0xc00 /* PQ = 00 */
#define ESB_HOLD_BACK 0xd00   /* PQ = 01 */

#define TM(offset) (MMIO | (TM_BAR + 0x10000 + (offset)))
#define TM_PRIORITY 0x31
#define TM_ENABLE 0x38
#define TM_ACKNOWLEDGE 0x830

#define LPC(offset) (MMIO | (LPC_BAR + (offset)))
#define LPC_SERIAL_CONTROL 0xc0012030
#define LPC_SERIAL_MASK 0xc0012034
#define LPC_SERIAL_STATUS 0xc0012038
#define OPB_STATUS 0xc0010050
#define OPB_MASK 0xc0010054
#define OPB_LPC 0x800
#define SERIAL_LINE_4 (0x80000000u >> 4) /* where the first serial port interrupts */

#define EVENT_PRIORITY 6
#define THREADS 256

static uint64_t sources[512] __attribute__((aligned(4096)));
static uint32_t queues[1024] __attribute__((aligned(4096)));
static uint32_t targets[THREADS * 16] __attribute__((aligned(65536)));
static uint32_t events[1024] __attribute__((aligned(65536)));

static bool claimed; /* its event is not ended */

static void store_64(uint64_t address, uint64_t value)
{
	__asm__ volatile("stdcix %0, 0, %1" : : "r"(value), "r"(address) : "memory");
}

static void store_32(uint64_t address, uint64_t value)
{
	__asm__ volatile("stwcix %0, 0, %1" : : "r"(value), "r"(address) : "memory");
}

static void store_8(uint64_t address, uint64_t value)
{
	__asm__ volatile("stbcix %0, 0, %1" : : "r"(value), "r"(address) : "memory");
}

static uint64_t load_64(uint64_t address)
{
	uint64_t value;
	__asm__ volatile("ldcix %0, 0, %1" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static uint32_t load_32(uint64_t address)
{
	uint64_t value;
	__asm__ volatile("lwzcix %0, 0, %1" : "=r"(value) : "r"(address) : "memory");
	return (uint32_t)value;
}

static uint16_t load_16(uint64_t address)
{
	uint64_t value;
	__asm__ volatile("lhzcix %0, 0, %1" : "=r"(value) : "r"(address) : "memory");
	return (uint16_t)value;
}

static void table_set(enum table table, const void *at, unsigned size)
{
	store_64(XIVE(XIVE_TABLE_SELECT), (uint64_t)table << 48);
	store_64(XIVE(XIVE_TABLE_DATA), TABLE_EXCLUSIVE | arch_virt_to_phys(at).p | size);
}

/* The way of the one event: source -> queue 0 -> the thread with this number. */
static void tables_fill(uint64_t pir)
{
	uint64_t target = 0x80 | (pir & 0x7f);
	sources[SOURCE_SERIAL] = BIT(0); /* valid, queue 0 */
	queues[0] = 0xf0000000;          /* valid, enqueue, notify, escalate never */
	queues[1] = 1u << (31 - 9);
	queues[3] = (uint32_t)arch_virt_to_phys(events).p;
	queues[6] = (uint32_t)target;
	queues[7] = EVENT_PRIORITY << 16;
	targets[target * 16] = 0x80000000; /* valid */
	table_set(TABLE_SOURCES, sources, 0);
	table_set(TABLE_QUEUES, queues, 0);
	table_set(TABLE_TARGETS, targets, TABLE_64K);
}

void xive_init(uint64_t pir)
{
	store_64(XIVE(XIVE_IC_BAR), BIT(0) | IC_BAR);
	store_64(XIVE(XIVE_TM_BAR), BIT(0) | BIT(1) | TM_BAR);
	tables_fill(pir);
	store_64(XIVE(XIVE_THREAD_ENABLE), BIT(pir & 0x3f));
	__asm__ volatile("ptesync" : : : "memory");
	store_8(TM(TM_ENABLE), 0x80);
	store_8(TM(TM_PRIORITY), 0xff);
	store_64(MMIO | (PSI_BAR + 0x60), ESB_BAR | 1);
	store_64(MMIO | (PSI_BAR + 0x68), (IC_BAR + 0x1000) | 1);
	store_64(MMIO | (PSI_BAR + 0x70), 0);
	store_64(MMIO | (PSI_BAR + 0x58), 0);
	load_64(ESB(ESB_HOLD_BACK));
	store_32(LPC(LPC_SERIAL_CONTROL), 0xc0000000);
	store_32(LPC(LPC_SERIAL_MASK), SERIAL_LINE_4);
	store_32(LPC(OPB_MASK), OPB_LPC);
	WRITE_SPR(SPR_LPCR, READ_SPR(SPR_LPCR) | LPCR_HVICE);
}

bool xive_claim(void)
{
	uint16_t acknowledged = load_16(TM(TM_ACKNOWLEDGE));
	if (!(acknowledged >> 8)) /* nothing was signalled */
		return false;
	claimed = true;
	store_32(LPC(LPC_SERIAL_STATUS), load_32(LPC(LPC_SERIAL_STATUS)));
	store_32(LPC(OPB_STATUS), OPB_LPC);
	return true;
}

void xive_done(void)
{
	store_8(TM(TM_PRIORITY), 0xff);
}

void xive_hold_back(bool hold)
{
	if (hold && !claimed) {
		load_64(ESB(ESB_HOLD_BACK));
	} else if (!hold) {
		if (!claimed)
			load_64(ESB(ESB_LET_THROUGH));
		claimed = false;
		load_64(ESB(ESB_END_OF_INTERRUPT));
	}
}
