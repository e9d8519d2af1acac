/*
 * What this machine is told before it looks for itself: by the loader (Multiboot 1 and 2) and by the firmware (ACPI).
 *
 * Teaches: what comes from outside is read through one door, firmware_memory(), so that nobody reads what was not asked for; and
 * the readers behind it need no machine, so the host's unit tests run them on tables that are wrong in every way.
 * Who includes: arch/x86_64/, tests/unit/test_acpi.c, tests/unit/test_multiboot2.c.
 */
#pragma once

#include "arch.h"
#include "frame_offsets.h"
#include "types.h"

/* ---- boot.c ---- */

/* Where `bytes` of physical memory can be read, or NULL. What this gives stays readable. */
const void *firmware_memory(uint64_t at, uint64_t bytes);

/* Makes RAM reachable at DIRECT_BASE. False for what lies beyond DIRECT_BYTES_MAX. */
bool direct_map(uint64_t base, uint64_t bytes);

/* For boot messages, before the kernel's own printing is up. */
void boot_say(const char *text);

/* ---- loader.c: what both kinds of Multiboot have in common. Each says on the console what it leaves out. ---- */

/* Adds the whole pages of a piece of RAM; a piece that overlaps one already there is refused. */
void loader_add_ram(struct boot_info *boot, uint64_t base, uint64_t bytes);

/* Keeps the pages that hold something from being given out. */
void loader_add_reserved(struct boot_info *boot, uint64_t base, uint64_t end);

/* The boot archive lies from `start` up to `end`. */
void loader_set_archive(struct boot_info *boot, uint64_t start, uint64_t end);

/* Copies a command line of at most `bytes`, which may or may not end with a 0. */
void loader_set_command_line(struct boot_info *boot, const char *from, uint64_t bytes);

/* ---- multiboot.c, multiboot2.c ---- */
#define MULTIBOOT_LOADER_MAGIC 0x2badb002
#define MULTIBOOT2_LOADER_MAGIC 0x36d76289

/* What a Multiboot 2 loader says and boot_info has no place for; zero is absent. */
struct loader {
	uint64_t image; /* where it says it put the image */
	uint64_t rsdp;  /* where its copy of ACPI's root pointer is, and how much of it there is */
	uint64_t rsdp_bytes;
};

/* Fill in RAM, reserved ranges, command line and archive. */
void multiboot_read(uint64_t information, struct boot_info *boot);
void multiboot2_read(uint64_t information, struct boot_info *boot, struct loader *loader);

/* ---- acpi.c, acpi_tables.c ---- */
struct acpi_lines {    /* one I/O APIC */
	uint64_t base; /* 0: the machine has none */
	uint32_t first_line;
};
struct acpi {
	uint64_t local_apic_base;
	struct acpi_lines io_apic;
	uint16_t line_flags[VECTOR_DEVICES]; /* MPS INTI flags of the lines that an override names; 0: as usual */
	uint16_t timer_port;                 /* the power-management timer */
};
extern struct acpi acpi;

/* A table's header (ACPI 6.4, 5.2.6). */
struct acpi_header {
	char signature[4];
	uint32_t bytes; /* the whole table, header included */
	uint8_t revision, checksum;
	char maker[26];
};
static_assert(sizeof(struct acpi_header) == 36, "ACPI 5.2.6");

/*
 * Fills in the CPU list, first the CPU that runs now (its APIC number is `own_id`), boot->acpi, and `acpi`. The root pointer is the
 * loader's copy if it has one, else it is searched. A machine without tables is one CPU with its APIC in the usual place.
 */
void acpi_read(struct boot_info *boot, uint64_t own_id, const struct loader *loader);

/*
 * Take what the kernel wants of one table, whose length and checksum are right and whose address is `at`. A table in which anything
 * is wrong is left alone as a whole, and false comes back.
 */
bool acpi_take_madt(struct boot_info *boot, const struct acpi_header *table, uint64_t at);
bool acpi_take_fadt(struct boot_info *boot, const struct acpi_header *table, uint64_t at);
bool acpi_take_mcfg(struct boot_info *boot, const struct acpi_header *table, uint64_t at);
bool acpi_take_dmar(struct boot_info *boot, const struct acpi_header *table, uint64_t at);

/* Adds a CPU, unless it is there already. */
void acpi_add_cpu(struct boot_info *boot, uint64_t hw_id);

/* A little-endian number of `bytes` bytes, at any address. */
static inline uint64_t acpi_number(const void *at, unsigned bytes)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)((const uint8_t *)at)[i] << (8 * i);
	return value;
}
