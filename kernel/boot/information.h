/*
 * Making the information page (abi/information.h) in its three stages, and telling whether it is as it was made.
 */
#pragma once

#include "abi/information.h"
#include "abi/status.h"
#include "arch.h"

/* clang-format off */
/* Parts of the page that can be wrong, each with the field it begins at; they follow each other without a gap. */
#define INFORMATION_PARTS(X) \
	X(SIGNATURE, signature, "the signature") \
	X(CHECKSUM, checksum, "the checksum") \
	X(LENGTH, length, "the length") \
	X(VERSION, major, "the version") \
	X(FEATURES, features, "the features") \
	X(CLOCK, clock_hz, "the clock's rate") \
	X(PAGE_SIZE, page_bytes, "the size of a page") \
	X(STAGE, stage, "the stage") \
	X(CPU_TABLE, cpu_offset, "where the CPUs are listed") \
	X(MEMORY_TABLE, memory_offset, "where memory is listed") \
	X(FLASH, flash_paddr, "the flash window") \
	X(ARCHIVE, archive_bytes, "the size of the archive") \
	X(MACHINE, machine, "the machine's name") \
	X(ACPI, acpi, "the firmware's tables") \
	X(COMMAND_LINE, command_line, "the command line") \
	X(CPUS, cpu, "the list of CPUs") \
	X(MEMORY, memory, "the list of memory")
/* clang-format on */

#define INFORMATION_PART_ENUM(name, field, text) PART_##name,
enum information_part { PART_NONE, INFORMATION_PARTS(INFORMATION_PART_ENUM) PART_SUM, INFORMATION_PARTS_END };
#undef INFORMATION_PART_ENUM

/* A page in the making. The kernel's own has this name; tests make others. */
struct information_build {
	struct information *page; /* what users see */
	struct information truth; /* what it has to say, up to its length; written before the page is */
};
extern struct information_build information;

/* Stage 1: what the platform is, into a page of zeros; every feature counts as there. DENIED if it has begun before. */
enum status information_start(struct information_build *build, const struct boot_info *boot, uint64_t clock_hz);

/*
 * Stage 2, for one CPU: it is listed, and the features it does not have are taken away. DENIED before stage 1, after
 * stage 3, or if it is there already; INVALID if the page is not as the stage before left it.
 */
enum status information_add_cpu(struct information_build *build, const struct boot_info *boot, unsigned index, uint64_t features,
				uint32_t processor);

/* Stage 3: nothing is added any more. Refused as above; DENIED the second time. */
enum status information_finish(struct information_build *build);

/* Which part of the page is not what the kernel wrote; PART_SUM if only the sum is wrong, PART_NONE if all is well. */
enum information_part information_check(const struct information_build *build);
const char *information_part_text(enum information_part part);

/* What of the kernel's own finished page is wrong, in words; NULL if nothing is, or there is none yet. */
const char *information_damage(void);

/* Whether this address of the kernel's lies in the kernel's own page, once that is finished. */
bool information_is_at(struct vaddr va);
