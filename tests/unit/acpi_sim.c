/*
 * Well-formed tables of the firmware: see acpi_sim.h.
 */
#include "acpi_sim.h"

#include <string.h>

#define SCAN_BASE 0xe0000
#define SCAN_BYTES 0x200 /* of what is searched, there is so much */

const char *const signatures[KINDS] = {"APIC", "FACP", "MCFG", "DMAR"};

struct table tables[KINDS], list;
uint8_t root[64];
static bool wide;

void number_set(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

void checksum_set(uint8_t *data, uint64_t bytes, uint64_t check)
{
	uint8_t sum = 0;
	if (check >= bytes)
		return;
	data[check] = 0;
	for (uint64_t i = 0; i < bytes; i++)
		sum += data[i];
	data[check] = (uint8_t)-sum;
}

void table_seal(struct table *table, const char *signature, uint32_t claimed)
{
	memcpy(table->data, signature, 4);
	number_set(table->data + 4, claimed, 4);
	checksum_set(table->data, claimed < table->bytes ? claimed : table->bytes, 9);
}

void append(struct table *table, const void *from, uint32_t bytes)
{
	memcpy(table->data + table->bytes, from, bytes);
	table->bytes += bytes;
}

static void tables_make(void)
{
	static const uint8_t cpu_entries[] = {0, 8, 0, 0, 1, 0, 0, 0, 0, 8, 1, 1, 1, 0, 0, 0, 0, 8, 2, 2, 0, 0, 0, 0};
	static const uint8_t io[] = {1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0, 2, 10, 0, 9, 9, 0, 0, 0, 0xd, 0};
	static const uint8_t base[] = {5, 12, 0, 0, 0, 0, 0xe1, 0xfe, 0, 0, 0, 0};
	static const uint8_t unit[] = {0, 0, 24, 0, 1, 0, 0, 0, 0, 0, 0xd9, 0xfe, 0, 0, 0, 0, 3, 8, 0, 0, 0, 0, 0x1f, 0};
	static const uint8_t root_port[] = {2, 0, 8, 0, 1, 0, 0, 0};
	memset(tables, 0, sizeof(tables));
	tables[MADT].bytes = 44;
	number_set(tables[MADT].data + 36, 0xfee00000, 4);
	append(&tables[MADT], cpu_entries, sizeof(cpu_entries));
	append(&tables[MADT], io, sizeof(io));
	append(&tables[MADT], base, sizeof(base));
	tables[FADT].bytes = 244;
	number_set(tables[FADT].data + 46, 9, 2);
	number_set(tables[FADT].data + 64, 0x604, 4);
	number_set(tables[FADT].data + 68, 0x704, 4);
	number_set(tables[FADT].data + 76, 0x608, 4);
	tables[FADT].data[89] = 2;
	tables[FADT].data[91] = 4;
	tables[MCFG].bytes = 60;
	number_set(tables[MCFG].data + 44, 0xb0000000, 8);
	tables[MCFG].data[55] = 0xff;
	tables[DMAR].bytes = 48;
	append(&tables[DMAR], unit, sizeof(unit));
	append(&tables[DMAR], root_port, sizeof(root_port));
	for (unsigned kind = 0; kind < KINDS; kind++)
		table_seal(&tables[kind], signatures[kind], tables[kind].bytes);
}

uint64_t table_place(unsigned kind)
{
	return LIST_AT + 0x1000 * (kind + UINT64_C(1));
}

static void list_make(void)
{
	unsigned entry_bytes = wide ? 8 : 4;
	memset(&list, 0, sizeof(list));
	list.bytes = 36;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		number_set(list.data + list.bytes, table_place(kind), entry_bytes);
		list.bytes += entry_bytes;
	}
	table_seal(&list, wide ? "XSDT" : "RSDT", list.bytes);
}

void root_seal(void)
{
	checksum_set(root, 20, 8);
	if (wide)
		checksum_set(root, 36, 32);
}

static void root_make(void)
{
	memset(root, 0, sizeof(root));
	memcpy(root, "RSD PTR ", 8);
	root[15] = wide ? 2 : 0;
	number_set(root + 16, wide ? 0x1234 : LIST_AT, 4);
	number_set(root + 20, 36, 4);
	number_set(root + 24, wide ? LIST_AT : 0, 8);
	root_seal();
}

void lay_out(void)
{
	static uint8_t scanned[SCAN_BYTES];
	firmware_forget();
	memset(scanned, 0, sizeof(scanned));
	memcpy(scanned + (ROOT_AT - SCAN_BASE), root, sizeof(root));
	firmware_put(SCAN_BASE, scanned, sizeof(scanned));
	firmware_put(LIST_AT, list.data, list.bytes);
	for (unsigned kind = 0; kind < KINDS; kind++)
		firmware_put(table_place(kind), tables[kind].data, tables[kind].bytes);
}

void make_all(bool wide_root)
{
	wide = wide_root;
	tables_make();
	list_make();
	root_make();
	lay_out();
}
