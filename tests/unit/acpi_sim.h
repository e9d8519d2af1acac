/*
 * The firmware's tables as a test wants them: well-formed, and then with something changed.
 *
 * Teaches: a test of what is wrong begins with what is right; then a change is the only difference. Who calls: test_acpi.c. Whom: firmware_sim.h.
 */
#pragma once

#include "firmware_sim.h"

#define ROOT_AT 0xe0040 /* near the start of what is searched, for speed */
#define LIST_AT 0x7fe0000
#define TABLE_BYTES_MAX 512

enum kind { MADT, FADT, MCFG, DMAR, KINDS };

extern const char *const signatures[KINDS];

struct table {
	uint8_t data[TABLE_BYTES_MAX];
	uint32_t bytes;
};

/* What is laid out: the tables, the RSDT or XSDT, and the root pointer. */
extern struct table tables[KINDS], list;
extern uint8_t root[64];

/* Little endian. */
void number_set(uint8_t *at, uint64_t value, unsigned bytes);

/* Makes bytes sum to zero by changing the one at `check`. */
void checksum_set(uint8_t *data, uint64_t bytes, uint64_t check);

/* Gives a table its header, with a length that may be another than its own. */
void table_seal(struct table *table, const char *signature, uint32_t claimed);

void append(struct table *table, const void *from, uint32_t bytes);

/* Where a table lies. */
uint64_t table_place(unsigned kind);

/* Makes the root pointer's checksums right. */
void root_seal(void);

/* Lays everything out in memory. */
void lay_out(void);

/* Makes everything well-formed, and lays it out. `wide_root`: the root pointer is of ACPI 2.0, and names an XSDT. */
void make_all(bool wide_root);
