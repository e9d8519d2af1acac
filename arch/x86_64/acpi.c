/*
 * What the firmware's tables say: which CPUs there are, where the interrupt controllers are, which port has a steady clock.
 *
 * Teaches: hardware is found, not assumed. A root pointer in low memory names a table of tables; each has a length and a
 * checksum, and neither is believed before it is checked.
 * Who calls: boot_main(), once. Calls direct_map() before it reads. Locks: none needed.
 * The invariant: `acpi` and the CPU list hold only what came from a table with a right length and checksum, or the defaults.
 * QEMU: SeaBIOS leaves the root pointer between 0xe0000 and 0xfffff; `-smp 4,maxcpus=8` lists 8 CPUs of which 4 are enabled.
 * ACPI 6.4: 5.2.5 (root pointer), 5.2.6 (header), 5.2.7-8 (RSDT, XSDT), 5.2.9 (FADT), 5.2.12 (MADT).
 */
#include "x86.h"

#define SCAN_START 0xe0000
#define SCAN_END 0x100000
#define ROOT_V1_BYTES 20
#define ROOT_BYTES 36
#define TABLE_BYTES_MAX MIB
#define LOCAL_APIC_DEFAULT 0xfee00000
#define TIMER_PORT_DEFAULT 0x608 /* where SeaBIOS puts it on q35 */

#define MADT_ENTRIES 44 /* offset of the first entry */
#define MADT_CPU 0
#define MADT_IO_APIC 1
#define MADT_OVERRIDE 2
#define MADT_LOCAL_APIC_BASE 5
#define CPU_ENABLED 1
#define FADT_TIMER_PORT 76
#define FADT_TIMER_BYTES 91

struct acpi acpi = {.local_apic_base = LOCAL_APIC_DEFAULT, .timer_port = TIMER_PORT_DEFAULT};

struct acpi_header {
	char signature[4];
	uint32_t bytes; /* the whole table, header included */
	uint8_t revision, checksum;
	char maker[26];
};
static_assert(sizeof(struct acpi_header) == 36, "ACPI 5.2.6");

/* Tables are packed: words lie at any address. */
static uint64_t read_little(const void *at, unsigned bytes)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)((const uint8_t *)at)[i] << (8 * i);
	return value;
}

static bool sums_to_zero(const void *at, uint64_t bytes)
{
	uint8_t sum = 0;
	for (uint64_t i = 0; i < bytes; i++)
		sum += ((const uint8_t *)at)[i];
	return sum == 0;
}

static bool signature_is(const char *signature, const char *wanted, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		if (signature[i] != wanted[i])
			return false;
	return true;
}

/* The table at `at`, whole and checked, or NULL. */
static const struct acpi_header *table_at(uint64_t at)
{
	if (!at || !direct_map(at, sizeof(struct acpi_header)))
		return NULL;
	const struct acpi_header *table = arch_phys_to_virt(paddr(at));
	if (table->bytes < sizeof(*table) || table->bytes > TABLE_BYTES_MAX || !direct_map(at, table->bytes))
		return NULL;
	return sums_to_zero(table, table->bytes) ? table : NULL;
}

/* The root pointer; NULL if there is none. */
static const uint8_t *root_find(void)
{
	if (!direct_map(SCAN_START, SCAN_END - SCAN_START))
		return NULL;
	for (uint64_t at = SCAN_START; at + ROOT_BYTES <= SCAN_END; at += 16) {
		const uint8_t *root = arch_phys_to_virt(paddr(at));
		if (signature_is((const char *)root, "RSD PTR ", 8) && sums_to_zero(root, ROOT_V1_BYTES))
			return root;
	}
	return NULL;
}

/* The first table with this signature that the table of tables names; NULL if there is none. */
static const struct acpi_header *table_find(const uint8_t *root, const char *signature)
{
	bool wide = root[15] >= 2 && sums_to_zero(root, ROOT_BYTES);
	unsigned entry_bytes = wide ? 8 : 4;
	const struct acpi_header *tables = table_at(wide ? read_little(root + 24, 8) : read_little(root + 16, 4));
	if (!tables)
		return NULL;
	for (uint32_t at = sizeof(*tables); at + entry_bytes <= tables->bytes; at += entry_bytes) {
		const struct acpi_header *table = table_at(read_little((const uint8_t *)tables + at, entry_bytes));
		if (table && signature_is(table->signature, signature, 4))
			return table;
	}
	return NULL;
}

static void add_cpu(struct boot_info *boot, uint64_t hw_id)
{
	for (unsigned i = 0; i < boot->cpus; i++)
		if (boot->cpu_hw_id[i] == hw_id)
			return;
	if (boot->cpus == MAX_CPUS)
		return boot_say("acpi: more CPUs than the kernel holds: one left out\n");
	boot->cpu_hw_id[boot->cpus++] = hw_id;
}

/* One entry of the MADT, `bytes` long, its type and length included. */
static void madt_entry(struct boot_info *boot, const uint8_t *entry, unsigned bytes)
{
	if (entry[0] == MADT_CPU && bytes >= 8 && read_little(entry + 4, 4) & CPU_ENABLED) {
		add_cpu(boot, entry[3]);
	} else if (entry[0] == MADT_IO_APIC && bytes >= 12 && !acpi.io_apic.base) {
		acpi.io_apic.base = read_little(entry + 4, 4);
		acpi.io_apic.first_line = (uint32_t)read_little(entry + 8, 4);
	} else if (entry[0] == MADT_OVERRIDE && bytes >= 10) {
		uint64_t line = read_little(entry + 4, 4);
		if (line < VECTOR_DEVICES)
			acpi.line_flags[line] = (uint16_t)read_little(entry + 8, 2);
	} else if (entry[0] == MADT_LOCAL_APIC_BASE && bytes >= 12) {
		acpi.local_apic_base = read_little(entry + 4, 8);
	}
}

static void madt_read(struct boot_info *boot, const struct acpi_header *madt)
{
	const uint8_t *bytes = (const uint8_t *)madt;
	if (madt->bytes < MADT_ENTRIES)
		return boot_say("acpi: MADT too short\n");
	acpi.local_apic_base = read_little(bytes + sizeof(*madt), 4);
	uint32_t at = MADT_ENTRIES;
	while (at + 2 <= madt->bytes) {
		unsigned length = bytes[at + 1];
		if (length < 2 || at + length > madt->bytes)
			return boot_say("acpi: MADT cut short: bad entry\n");
		madt_entry(boot, bytes + at, length);
		at += length;
	}
}

void acpi_read(struct boot_info *boot)
{
	/* CPUID leaf 1 tells this CPU's own number (Intel SDM 2A, CPUID): it is the first of the list. */
	boot->cpus = 0;
	add_cpu(boot, cpuid(1).ebx >> 24);
	const uint8_t *root = root_find();
	if (!root)
		return boot_say("acpi: no tables: one CPU\n");
	const struct acpi_header *madt = table_find(root, "APIC");
	if (madt)
		madt_read(boot, madt);
	else
		boot_say("acpi: no MADT: one CPU\n");
	const struct acpi_header *fadt = table_find(root, "FACP");
	if (fadt && fadt->bytes > FADT_TIMER_BYTES && ((const uint8_t *)fadt)[FADT_TIMER_BYTES] >= 4)
		acpi.timer_port = (uint16_t)read_little((const uint8_t *)fadt + FADT_TIMER_PORT, 4);
}
