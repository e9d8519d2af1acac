/*
 * What the firmware's tables mean: which CPUs there are, where the interrupt controllers are, which ports do what.
 *
 * Teaches: a table is a header and then either fields at fixed offsets or a row of entries, each with its own type and length. All
 * entries are looked at before the first is believed: validate everything, then commit.
 * Who calls: acpi.c, with a table whose length and checksum are right. Locks: none needed.
 * The invariant: nothing is read beyond the table's length, or beyond an entry's; a table in which anything is wrong changes
 * nothing.
 * QEMU: `-smp 4,maxcpus=8` lists 8 CPUs of which 4 are enabled. There is a DMAR with `-device intel-iommu`.
 * ACPI 6.4: 5.2.9 (FADT), 5.2.12 (MADT); PCI Firmware 3.0, 4.1.2 (MCFG); Intel VT-d 3.2, chapter 8 (DMAR).
 */
#include "firmware.h"

#define MADT_LOCAL_APIC 36 /* offsets in the MADT, and of its first entry */
#define MADT_ENTRIES 44
#define MADT_CPU 0
#define MADT_IO_APIC 1
#define MADT_OVERRIDE 2
#define MADT_LOCAL_APIC_BASE 5
#define MADT_TYPES 6
#define CPU_ENABLED 1

#define FADT_BYTES 116 /* of ACPI 1.0; later ones are longer */
#define FADT_SCI 46
#define FADT_PM1A_CONTROL 64
#define FADT_PM1B_CONTROL 68
#define FADT_TIMER_PORT 76
#define FADT_CONTROL_BYTES 89
#define FADT_TIMER_BYTES 91

#define MCFG_ENTRIES 44
#define MCFG_ENTRY_BYTES 16
#define MCFG_BUS_BYTES MIB /* of configuration space */

#define DMAR_UNITS 48
#define DMAR_UNIT 0 /* the type of a remapping unit */
#define DMAR_TYPES 6

static uint64_t table_bytes(const struct acpi_header *table)
{
	return acpi_number(&table->bytes, 4);
}

/* ---- MADT: entries of a byte of type and a byte of length ---- */

/* The least length of each type of entry that is read. */
static const uint8_t madt_least[MADT_TYPES] = {
	[MADT_CPU] = 8, [MADT_IO_APIC] = 12, [MADT_OVERRIDE] = 10, [MADT_LOCAL_APIC_BASE] = 12};

static bool madt_is_sound(const uint8_t *madt, uint64_t bytes)
{
	uint64_t at = MADT_ENTRIES;
	while (at + 2 <= bytes) {
		unsigned type = madt[at], length = madt[at + 1];
		if (length < 2 || at + length > bytes || (type < MADT_TYPES && length < madt_least[type]))
			return false;
		at += length;
	}
	return at == bytes;
}

static void madt_entry(struct boot_info *boot, const uint8_t *entry)
{
	if (entry[0] == MADT_CPU && acpi_number(entry + 4, 4) & CPU_ENABLED) {
		acpi_add_cpu(boot, entry[3]);
	} else if (entry[0] == MADT_IO_APIC && boot->acpi.io_apics++ == 0) {
		acpi.io_apic.base = acpi_number(entry + 4, 4);
		acpi.io_apic.first_line = (uint32_t)acpi_number(entry + 8, 4);
	} else if (entry[0] == MADT_OVERRIDE) {
		uint64_t line = acpi_number(entry + 4, 4);
		if (line < VECTOR_DEVICES)
			acpi.line_flags[line] = (uint16_t)acpi_number(entry + 8, 2);
	} else if (entry[0] == MADT_LOCAL_APIC_BASE) {
		acpi.local_apic_base = acpi_number(entry + 4, 8);
	}
}

bool acpi_take_madt(struct boot_info *boot, const struct acpi_header *table, uint64_t at)
{
	(void)at;
	const uint8_t *madt = (const uint8_t *)table;
	uint64_t bytes = table_bytes(table);
	if (bytes < MADT_ENTRIES || !madt_is_sound(madt, bytes))
		return false;
	acpi.local_apic_base = acpi_number(madt + MADT_LOCAL_APIC, 4);
	for (uint64_t entry = MADT_ENTRIES; entry < bytes; entry += madt[entry + 1])
		madt_entry(boot, madt + entry);
	return true;
}

/* ---- FADT: fields at fixed offsets ---- */

bool acpi_take_fadt(struct boot_info *boot, const struct acpi_header *table, uint64_t at)
{
	(void)at;
	const uint8_t *fadt = (const uint8_t *)table;
	if (table_bytes(table) < FADT_BYTES)
		return false;
	uint64_t pm1a = acpi_number(fadt + FADT_PM1A_CONTROL, 4);
	uint64_t pm1b = acpi_number(fadt + FADT_PM1B_CONTROL, 4);
	uint64_t timer = acpi_number(fadt + FADT_TIMER_PORT, 4);
	if (pm1a > UINT16_MAX || pm1b > UINT16_MAX || timer > UINT16_MAX)
		return false;
	if (fadt[FADT_CONTROL_BYTES] >= 2) {
		boot->acpi.pm1a_control = (uint16_t)pm1a;
		boot->acpi.pm1b_control = (uint16_t)pm1b;
	}
	boot->acpi.sci = (uint16_t)acpi_number(fadt + FADT_SCI, 2);
	if (timer && fadt[FADT_TIMER_BYTES] >= 4)
		acpi.timer_port = (uint16_t)timer;
	return true;
}

/* ---- MCFG: entries of 16 bytes, one a segment of buses ---- */

/* An entry says: base of bus 0 (8 bytes), segment (2), first and last bus (1 each). */
static bool mcfg_entry_is_sound(const uint8_t *entry)
{
	uint64_t base = acpi_number(entry, 8);
	return base && base % MCFG_BUS_BYTES == 0 && entry[10] <= entry[11] &&
	       base + (entry[11] + UINT64_C(1)) * MCFG_BUS_BYTES > base;
}

bool acpi_take_mcfg(struct boot_info *boot, const struct acpi_header *table, uint64_t at)
{
	(void)at;
	const uint8_t *mcfg = (const uint8_t *)table, *first = NULL;
	uint64_t bytes = table_bytes(table);
	if (bytes < MCFG_ENTRIES + MCFG_ENTRY_BYTES || (bytes - MCFG_ENTRIES) % MCFG_ENTRY_BYTES)
		return false;
	for (uint64_t entry = MCFG_ENTRIES; entry < bytes; entry += MCFG_ENTRY_BYTES) {
		if (!mcfg_entry_is_sound(mcfg + entry))
			return false;
		if (!first && acpi_number(mcfg + entry + 8, 2) == 0)
			first = mcfg + entry;
	}
	if (!first)
		return false;
	boot->acpi.mcfg_base = paddr(acpi_number(first, 8));
	boot->acpi.mcfg_first_bus = first[10];
	boot->acpi.mcfg_last_bus = first[11];
	return true;
}

/* ---- DMAR: units of two bytes of type and two bytes of length ---- */

/* The least length of each type of unit (Intel VT-d 8.3 to 8.8). */
static const uint8_t dmar_least[DMAR_TYPES] = {16, 24, 8, 20, 8, 8};

bool acpi_take_dmar(struct boot_info *boot, const struct acpi_header *table, uint64_t at)
{
	const uint8_t *dmar = (const uint8_t *)table;
	uint64_t bytes = table_bytes(table), unit = DMAR_UNITS;
	bool has_unit = false;
	while (unit + 4 <= bytes) {
		uint64_t type = acpi_number(dmar + unit, 2), length = acpi_number(dmar + unit + 2, 2);
		if (length < 4 || unit + length > bytes || (type < DMAR_TYPES && length < dmar_least[type]))
			return false;
		has_unit |= type == DMAR_UNIT;
		unit += length;
	}
	if (unit != bytes || !has_unit)
		return false;
	boot->acpi.dmar = paddr(at);
	return true;
}
