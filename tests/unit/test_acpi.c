/*
 * The firmware's tables, well-formed and wrong in every way: arch/x86_64/acpi.c and acpi_tables.c.
 *
 * Teaches: how to test a reader of somebody else's data: cut each table at every length, flip every bit, and say for each what has to
 * come of it: all of the table, or nothing. Lengths that lie get a right checksum, so that the checksum does not hide the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "acpi_sim.h"
#include "sim.h"

#define OWN_ID 0

static struct boot_info boot;
static struct loader loader; /* what it says when tables are read next */

static void read_all(void)
{
	memset(&boot, 0, sizeof(boot));
	acpi_read(&boot, OWN_ID, &loader);
	loader = (struct loader){0};
}

/* Whether all that a well-formed table says has arrived, or else none of it; anything between fails. */
static bool arrived(enum kind kind)
{
	const struct boot_acpi *found = &boot.acpi;
	if (kind == MADT) {
		bool all = boot.cpus == 2 && boot.cpu_hw_id[1] == 1 && found->io_apics == 1 && acpi.io_apic.base == 0xfec00000 &&
			   acpi.line_flags[9] == 0xd && acpi.local_apic_base == 0xfee10000;
		assert_true(all || (boot.cpus == 1 && found->io_apics == 0 && !acpi.io_apic.base && !acpi.line_flags[9] &&
				    acpi.local_apic_base == 0xfee00000));
		return all;
	}
	if (kind == FADT) {
		bool all = found->pm1a_control == 0x604 && found->pm1b_control == 0x704 && found->sci == 9;
		assert_true(all || (!found->pm1a_control && !found->pm1b_control && !found->sci));
		return all;
	}
	if (kind == MCFG) {
		bool all = found->mcfg_base.p == 0xb0000000 && found->mcfg_first_bus == 0 && found->mcfg_last_bus == 0xff;
		assert_true(all || (!found->mcfg_base.p && !found->mcfg_last_bus));
		return all;
	}
	assert_true(found->dmar.p == 0 || found->dmar.p == table_place(DMAR));
	return found->dmar.p != 0;
}

static void assert_all_but(int missing)
{
	for (int kind = 0; kind < KINDS; kind++)
		if (arrived((enum kind)kind) != (kind != missing && missing < KINDS))
			fail_msg("%s: arrived is %d", signatures[kind], kind == missing || missing == KINDS);
}

static void test_whole(void)
{
	for (unsigned w = 0; w < 2; w++) {
		make_all(w);
		read_all();
		assert_all_but(-1);
		assert_int_equal(boot.acpi.rsdp.p, ROOT_AT);
		assert_int_equal(acpi.timer_port, 0x608);
		assert_string_equal(firmware_said(), "");
	}
}

/* ---- lengths ---- */

/* Whether a table of `kind`, cut to `bytes`, is still one: a row of entries may end after any of them. */
static bool is_table(enum kind kind, uint32_t bytes)
{
	switch (kind) {
	case FADT:
		return bytes >= 116;
	case MCFG:
		return bytes == 60;
	case DMAR:
		return bytes == 72 || bytes == 80;
	default:
		return bytes == 44 || bytes == 52 || bytes == 60 || bytes == 68 || bytes == 80 || bytes == 90 || bytes == 102;
	}
}

/* Each table ends too early: it says so, or it does not; memory ends there, or does not. */
static void cut_one(enum kind kind, uint32_t cut, unsigned variant)
{
	make_all(cut % 2);
	uint32_t claimed = variant == 0 ? tables[kind].bytes : cut;
	table_seal(&tables[kind], signatures[kind], claimed);
	if (variant != 1)
		tables[kind].bytes = cut;
	lay_out();
	read_all();
	if (claimed != cut || !is_table(kind, cut))
		assert_all_but((int)kind);
	else if (kind == MADT)
		assert_int_equal(boot.cpus, cut >= 60 ? 2 : 1);
	else
		assert_all_but(-1);
}

static void test_cut(void)
{
	static const uint32_t sizes[KINDS] = {102, 244, 60, 80};
	for (unsigned kind = 0; kind < KINDS; kind++) {
		make_all(false);
		assert_int_equal(tables[kind].bytes, sizes[kind]);
		for (uint32_t cut = 0; cut < sizes[kind]; cut++)
			for (unsigned variant = 0; variant < 3; variant++)
				cut_one((enum kind)kind, cut, variant);
	}
}

/* The table of tables ends too early: what it still names is found if it ends after an entry, and nothing otherwise. */
static void test_cut_list(void)
{
	for (unsigned w = 0; w < 2; w++) {
		make_all(w);
		uint32_t whole = list.bytes;
		for (uint32_t cut = 0; cut < whole; cut++) {
			make_all(w);
			table_seal(&list, w ? "XSDT" : "RSDT", cut);
			list.bytes = cut;
			lay_out();
			read_all();
			unsigned entry_bytes = w ? 8 : 4;
			bool good = cut >= 36 && (cut - 36) % entry_bytes == 0;
			for (unsigned kind = 0; kind < KINDS; kind++)
				assert_int_equal(arrived((enum kind)kind), good && kind < (cut - 36) / entry_bytes);
		}
	}
}

/* ---- bits ---- */

/* One wrong bit anywhere, and the table is not used; the others are. */
static void test_flipped(void)
{
	make_all(false); /* for the sizes below */
	for (unsigned kind = 0; kind < KINDS; kind++)
		for (uint32_t bit = 0; bit < 8 * tables[kind].bytes; bit++) {
			make_all(bit % 2);
			tables[kind].data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			lay_out();
			read_all();
			assert_all_but((int)kind);
		}
}

static void test_flipped_list(void)
{
	make_all(false); /* for the sizes below */
	for (unsigned w = 0; w < 2; w++)
		for (uint32_t bit = 0; bit < 8 * list.bytes; bit++) {
			make_all(w);
			list.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			lay_out();
			read_all();
			assert_all_but(KINDS);
		}
}

static void test_flipped_root(void)
{
	for (unsigned w = 0; w < 2; w++)
		for (uint32_t bit = 0; bit < 8 * (w ? 36 : 20); bit++) {
			make_all(w);
			root[bit / 8] ^= (uint8_t)(1 << bit % 8);
			lay_out();
			read_all();
			assert_all_but(KINDS);
			assert_int_equal(boot.acpi.rsdp.p, 0);
		}
}

/* ---- the root pointer ---- */

static void test_root_length(void)
{
	static const uint32_t lengths[] = {0, 20, 35, 0xffffffff, 0x2000};
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		make_all(true);
		number_set(root + 20, lengths[i], 4);
		root_seal();
		lay_out();
		read_all();
		assert_all_but(KINDS);
	}
}

/* The loader's copy comes first, if it is one; and no more of it is read than there is. */
static void test_loaders_copy(void)
{
	for (uint64_t bytes = 0; bytes <= 36; bytes++) {
		make_all(true);
		firmware_put(0x9000, root, bytes);
		loader = (struct loader){.rsdp = 0x9000, .rsdp_bytes = bytes};
		read_all();
		/* With 20 to 35 bytes it is a pointer of ACPI 1.0, whose list is not there. */
		assert_int_equal(boot.acpi.rsdp.p, bytes >= 20 ? 0x9000 : ROOT_AT);
		assert_all_but(bytes >= 20 && bytes < 36 ? KINDS : -1);
	}
	/* It says that it is longer than the loader's tag. */
	make_all(true);
	number_set(root + 20, 40, 4);
	checksum_set(root, 20, 8);
	checksum_set(root, 40, 32);
	firmware_put(0x9000, root, 40);
	loader = (struct loader){.rsdp = 0x9000, .rsdp_bytes = 36};
	read_all();
	assert_int_equal(boot.acpi.rsdp.p, ROOT_AT);
	make_all(true);
	root[33]++;
	firmware_put(0x9000, root, 36);
	loader = (struct loader){.rsdp = 0x9000, .rsdp_bytes = 36};
	read_all();
	assert_int_equal(boot.acpi.rsdp.p, ROOT_AT);
}

/* Addresses that lead nowhere, or in a circle. */
static void test_astray(void)
{
	static const uint64_t places[] = {0, 1, LIST_AT, LIST_AT + 4, UINT64_MAX, UINT64_MAX - 35, 0x7fffffffffffffff};
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		for (unsigned kind = 0; kind < KINDS; kind++) {
			make_all(true);
			number_set(list.data + 36 + 8 * kind, places[i], 8);
			table_seal(&list, "XSDT", list.bytes);
			lay_out();
			read_all();
			assert_all_but((int)kind);
		}
}

/* ---- what is inside ---- */

/* Changes one byte of one table, with a right checksum afterwards; the table has to be refused as a whole. */
static void refuse_with(enum kind kind, uint32_t offset, uint8_t value)
{
	make_all(false);
	assert_int_not_equal(tables[kind].data[offset], value);
	tables[kind].data[offset] = value;
	table_seal(&tables[kind], signatures[kind], tables[kind].bytes);
	lay_out();
	read_all();
	assert_all_but((int)kind);
	assert_non_null(strstr(firmware_said(), "wrong inside"));
}

static void test_wrong_inside(void)
{
	/* MADT: an entry without length, too short for its type, and longer than the table. */
	for (unsigned entry = 44, right; entry < 102; entry += right) {
		make_all(false);
		right = tables[MADT].data[entry + 1];
		refuse_with(MADT, entry + 1, 0);
		refuse_with(MADT, entry + 1, 1);
		refuse_with(MADT, entry + 1, (uint8_t)(right - 1));
		refuse_with(MADT, entry + 1, 255);
	}
	/* FADT: ports beyond 16 bits. */
	refuse_with(FADT, 66, 1);
	refuse_with(FADT, 71, 1);
	refuse_with(FADT, 78, 1);
	/* MCFG: no base, one between two buses, buses in the wrong order, no segment 0. */
	refuse_with(MCFG, 47, 0);
	refuse_with(MCFG, 45, 0x10);
	refuse_with(MCFG, 52, 1);
	make_all(false);
	tables[MCFG].data[55] = 0;
	refuse_with(MCFG, 53, 1);
	/* DMAR: a unit without length, too short, too long. */
	refuse_with(DMAR, 50, 0);
	refuse_with(DMAR, 50, 15);
	refuse_with(DMAR, 50, 200);
	refuse_with(DMAR, 74, 7);
	refuse_with(DMAR, 48, 4); /* no remapping unit at all */
}

/* A table of one entry of this type and length, and nothing behind it, is refused. */
static void refuse_entry(enum kind kind, uint32_t header_bytes, const uint8_t *entry, uint32_t entry_bytes)
{
	make_all(false);
	tables[kind].bytes = header_bytes;
	append(&tables[kind], entry, entry_bytes);
	table_seal(&tables[kind], signatures[kind], tables[kind].bytes);
	lay_out();
	read_all();
	assert_all_but((int)kind);
	assert_non_null(strstr(firmware_said(), "wrong inside"));
}

/* Each type of entry, one byte shorter than what is read of it. */
static void test_short_entries(void)
{
	static const uint8_t madt[][2] = {{0, 8}, {1, 12}, {2, 10}, {5, 12}};
	static const uint8_t dmar[][2] = {{0, 16}, {1, 24}, {2, 8}, {3, 20}, {4, 8}, {5, 8}};
	for (unsigned i = 0; i < ARRAY_LENGTH(madt); i++) {
		uint8_t entry[32] = {madt[i][0], (uint8_t)(madt[i][1] - 1), 0, 0, 1};
		refuse_entry(MADT, 44, entry, madt[i][1] - 1u);
	}
	for (unsigned i = 0; i < ARRAY_LENGTH(dmar); i++) {
		/* Behind a unit that is right, or the table would be refused for want of one. */
		uint8_t units[64] = {0, 0, 16, 0, [16] = dmar[i][0], [18] = (uint8_t)(dmar[i][1] - 1)};
		refuse_entry(DMAR, 48, units, 16u + dmar[i][1] - 1);
	}
	for (unsigned extra = 1; extra < 16; extra++) {
		uint8_t entries[32] = {[3] = 0xb0, [11] = 0xff, [19] = 0xc0, [27] = 0xff};
		refuse_entry(MCFG, 44, entries, 16 + extra);
	}
}

static void test_many_cpus(void)
{
	make_all(false);
	tables[MADT].bytes = 44;
	for (unsigned i = 0; i < 40; i++) {
		uint8_t cpu[8] = {0, 8, (uint8_t)i, (uint8_t)i, 1};
		append(&tables[MADT], cpu, sizeof(cpu));
	}
	table_seal(&tables[MADT], "APIC", tables[MADT].bytes);
	lay_out();
	read_all();
	assert_int_equal(boot.cpus, MAX_CPUS);
	for (unsigned i = 0; i < MAX_CPUS; i++)
		assert_int_equal(boot.cpu_hw_id[i], i);
	assert_non_null(strstr(firmware_said(), "more CPUs"));
}

/* Random damage with right checksums: nothing but what the sanitizers watch, and that there is a CPU. */
static void test_random(void)
{
	uint64_t state = 1;
	for (unsigned round = 0; round < 20000; round++) {
		make_all(round % 2);
		for (unsigned change = 0; change <= round % 4; change++) {
			state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
			struct table *table = &tables[(state >> 33) % KINDS];
			table->data[36 + (state >> 40) % (table->bytes - 36)] = (uint8_t)(state >> 56);
		}
		for (unsigned kind = 0; kind < KINDS; kind++)
			table_seal(&tables[kind], signatures[kind], tables[kind].bytes);
		lay_out();
		read_all();
		assert_in_range(boot.cpus, 1, MAX_CPUS);
		assert_int_equal(boot.cpu_hw_id[0], OWN_ID);
	}
}

static const struct sim_test tests_of_acpi[] = {
	{"whole", test_whole},
	{"cut", test_cut},
	{"cut_list", test_cut_list},
	{"flipped", test_flipped},
	{"flipped_list", test_flipped_list},
	{"flipped_root", test_flipped_root},
	{"root_length", test_root_length},
	{"loaders_copy", test_loaders_copy},
	{"astray", test_astray},
	{"wrong_inside", test_wrong_inside},
	{"short_entries", test_short_entries},
	{"many_cpus", test_many_cpus},
	{"random", test_random},
};

int main(void)
{
	return sim_test_main("acpi", tests_of_acpi, ARRAY_LENGTH(tests_of_acpi));
}
