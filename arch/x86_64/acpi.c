/*
 * Finding the firmware's tables: from the root pointer to the table of tables to each of them.
 *
 *     "RSD PTR " --> XSDT (64-bit addresses) or RSDT (32-bit) --> APIC (MADT)   CPUs, interrupt controllers
 *                                                             --> FACP (FADT)   ports: timer, sleep
 *                                                             --> MCFG          PCI configuration space in memory
 *                                                             --> DMAR          IOMMUs
 *
 * Teaches: hardware is found, not assumed. Each table has a length and a checksum, and neither is believed before it is checked.
 * Who calls: boot_main(), once. Reads through firmware_memory() only; what a table means is acpi_tables.c's business. Locks: none
 * needed.
 * The invariant: nothing comes from a table whose length or checksum is wrong, or that is wrong inside.
 * QEMU: SeaBIOS leaves the root pointer between 0xe0000 and 0xfffff, of ACPI 1.0 on q35: an RSDT. GRUB hands on a copy.
 * ACPI 6.4: 5.2.5 (root pointer), 5.2.6 (header), 5.2.7-8 (RSDT, XSDT).
 */
#include "firmware.h"

#define SCAN_START 0xe0000
#define SCAN_END 0x100000
#define SCAN_STEP 16
#define ROOT_V1_BYTES 20
#define ROOT_BYTES 36
#define ROOT_REVISION 15 /* offsets in the root pointer */
#define ROOT_RSDT 16
#define ROOT_LENGTH 20
#define ROOT_XSDT 24
#define ROOT_BYTES_MAX (4 * KIB)
#define TABLE_BYTES_MAX MIB
#define LOCAL_APIC_DEFAULT 0xfee00000
#define TIMER_PORT_DEFAULT 0x608 /* where SeaBIOS puts it on q35 */

struct acpi acpi;

/* The table of tables. */
struct table_list {
	const struct acpi_header *table; /* NULL: there is none */
	unsigned entry_bytes;
};

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

/* The table at `at`, whole and with a right checksum, or NULL. */
static const struct acpi_header *table_at(uint64_t at)
{
	const struct acpi_header *table = at ? firmware_memory(at, sizeof(*table)) : NULL;
	uint64_t bytes = table ? acpi_number(&table->bytes, 4) : 0;
	if (bytes < sizeof(*table) || bytes > TABLE_BYTES_MAX)
		return NULL;
	table = firmware_memory(at, bytes);
	return table && sums_to_zero(table, bytes) ? table : NULL;
}

/* Whether a root pointer of which `room` bytes can be read is one of ACPI 2.0 or later. */
static bool root_is_new(const uint8_t *root, uint64_t room)
{
	return root[ROOT_REVISION] >= 2 && room >= ROOT_BYTES;
}

/* The root pointer at `at`, or NULL if what lies there is none, or has not both checksums right. */
static const uint8_t *root_at(uint64_t at, uint64_t room)
{
	const uint8_t *root = room >= ROOT_V1_BYTES ? firmware_memory(at, min_u64(room, ROOT_BYTES)) : NULL;
	if (!root || !signature_is((const char *)root, "RSD PTR ", 8) || !sums_to_zero(root, ROOT_V1_BYTES))
		return NULL;
	if (!root_is_new(root, room))
		return root;
	uint64_t bytes = acpi_number(root + ROOT_LENGTH, 4);
	if (bytes < ROOT_BYTES || bytes > min_u64(room, ROOT_BYTES_MAX))
		return NULL;
	root = firmware_memory(at, bytes);
	return root && sums_to_zero(root, bytes) ? root : NULL;
}

/* Where the root pointer is; 0 if there is none. `room`: how much of it can be read. */
static uint64_t root_find(const struct loader *loader, uint64_t *room)
{
	*room = loader->rsdp_bytes;
	if (loader->rsdp && root_at(loader->rsdp, *room))
		return loader->rsdp;
	for (uint64_t at = SCAN_START; at + ROOT_V1_BYTES <= SCAN_END; at += SCAN_STEP) {
		*room = SCAN_END - at;
		if (root_at(at, *room))
			return at;
	}
	return 0;
}

/* The table of tables that a root pointer names. */
static struct table_list list_find(uint64_t root_paddr, uint64_t room)
{
	const uint8_t *root = root_at(root_paddr, room);
	uint64_t wide = root_is_new(root, room) ? acpi_number(root + ROOT_XSDT, 8) : 0;
	struct table_list list = {
		.table = table_at(wide ? wide : acpi_number(root + ROOT_RSDT, 4)),
		.entry_bytes = wide ? 8 : 4,
	};
	if (!list.table || !signature_is(list.table->signature, wide ? "XSDT" : "RSDT", 4) ||
	    (acpi_number(&list.table->bytes, 4) - sizeof(*list.table)) % list.entry_bytes)
		list.table = NULL;
	return list;
}

/* Takes the first table with this signature that is right; says so if there is one that is not, and no other. */
static bool table_take(const struct table_list *list, struct boot_info *boot, const char *signature,
		       bool (*take)(struct boot_info *boot, const struct acpi_header *table, uint64_t at))
{
	uint64_t end = acpi_number(&list->table->bytes, 4);
	bool wrong = false;
	for (uint64_t entry = sizeof(*list->table); entry < end; entry += list->entry_bytes) {
		uint64_t at = acpi_number((const uint8_t *)list->table + entry, list->entry_bytes);
		const struct acpi_header *table = table_at(at);
		if (!table || !signature_is(table->signature, signature, 4))
			continue;
		if (take(boot, table, at))
			return true;
		wrong = true;
	}
	if (wrong) {
		boot_say("acpi: a table is wrong inside, and left out: ");
		boot_say(signature);
		boot_say("\n");
	}
	return false;
}

void acpi_add_cpu(struct boot_info *boot, uint64_t hw_id)
{
	for (unsigned i = 0; i < boot->cpus; i++)
		if (boot->cpu_hw_id[i] == hw_id)
			return;
	if (boot->cpus == MAX_CPUS)
		return boot_say("acpi: more CPUs than the kernel holds: one left out\n");
	boot->cpu_hw_id[boot->cpus++] = hw_id;
}

void acpi_read(struct boot_info *boot, uint64_t own_id, const struct loader *loader)
{
	uint64_t room;
	boot->cpus = 0;
	boot->acpi = (struct boot_acpi){0};
	acpi = (struct acpi){.local_apic_base = LOCAL_APIC_DEFAULT, .timer_port = TIMER_PORT_DEFAULT};
	acpi_add_cpu(boot, own_id);
	uint64_t root = root_find(loader, &room);
	if (!root)
		return boot_say("acpi: no tables: one CPU\n");
	boot->acpi.rsdp = paddr(root);
	struct table_list list = list_find(root, room);
	if (!list.table)
		return boot_say("acpi: no table of tables: one CPU\n");
	if (!table_take(&list, boot, "APIC", acpi_take_madt))
		boot_say("acpi: no MADT: one CPU\n");
	table_take(&list, boot, "FACP", acpi_take_fadt);
	table_take(&list, boot, "MCFG", acpi_take_mcfg);
	table_take(&list, boot, "DMAR", acpi_take_dmar);
}
