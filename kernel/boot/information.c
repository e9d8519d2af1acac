/*
 * The information page: see abi/information.h for what is in it.
 *
 *     platform: all features set  -->  each CPU is added, what it lacks cleared  -->  finished: read-only for everyone
 *
 * Teaches: a page that everybody believes must not change behind anybody's back. The kernel keeps beside it what it wrote, and before each
 * stage it holds one against the other: what was damaged in between is named, and the stage is refused. What comes after the last
 * stage the machine itself refuses: users have it read-only, and so has the kernel (arch_page_seal()).
 * Who calls: boot, on CPU 0 alone; run_end() once more at the end, for machines that cannot protect the kernel from itself.
 * Locks: none: nobody else writes the page.
 */
#include "boot/information.h"

#include "core/string.h"

static_assert(INFORMATION_CPUS_MAX == MAX_CPUS, "a descriptor each");
static_assert(INFORMATION_MEMORY_MAX >= 2 * BOOT_RANGES_MAX + 5, "room for everything boot_info can list");
static_assert(sizeof(struct information) <= PAGE_BYTES, "it is one page");

struct information_build information;

#define FEATURE_OR(name, bit, text) FEATURE_##name |
#define ALL_FEATURES (INFORMATION_FEATURES(FEATURE_OR) 0)

static const struct information_part_place {
	uint16_t offset;
	const char *text;
} parts[] = {
#define PART_PLACE(name, field, text) {offsetof(struct information, field), text},
	{0, "nothing"},
	INFORMATION_PARTS(PART_PLACE){sizeof(struct information), "the sum"},
#undef PART_PLACE
};

static uint16_t sum(const struct information *page)
{
	const uint16_t *word = (const uint16_t *)page;
	uint16_t total = 0;
	for (size_t i = 0; i < sizeof(*page) / sizeof(*word); i++)
		total = (uint16_t)(total + word[i]);
	return total;
}

enum information_part information_check(const struct information_build *build)
{
	const uint8_t *page = (const uint8_t *)build->page, *truth = (const uint8_t *)&build->truth;
	for (unsigned part = PART_NONE + 1; part < PART_SUM; part++)
		if (memcmp(page + parts[part].offset, truth + parts[part].offset,
			   (size_t)(parts[part + 1].offset - parts[part].offset)))
			return (enum information_part)part;
	return sum(build->page) ? PART_SUM : PART_NONE;
}

const char *information_part_text(enum information_part part)
{
	return parts[part].text;
}

/* Whether the next step may come: the stage is `from` or `to`, and the page is as the step before left it. */
static enum status step_begin(const struct information_build *build, enum information_stage from, enum information_stage to)
{
	if (build->truth.stage != from && build->truth.stage != to)
		return STATUS_DENIED;
	return information_check(build) == PART_NONE ? STATUS_OK : STATUS_INVALID;
}

/* The page says what the truth says, and its sum is 0. */
static void step_end(struct information_build *build, enum information_stage stage)
{
	build->truth.stage = stage;
	build->truth.checksum = 0;
	build->truth.checksum = (uint16_t)-sum(&build->truth);
	memcpy(build->page, &build->truth, sizeof(build->truth));
}

/* ---- stage 1 ---- */

static void add_memory(struct information *truth, uint64_t address, uint64_t bytes, enum information_memory_type type)
{
	if (bytes)
		truth->memory[truth->memories++] = (struct information_memory){address, bytes, type, 0};
}

static void list_memory(struct information *truth, const struct boot_info *boot, const struct information *page)
{
	for (unsigned i = 0; i < boot->ram_ranges; i++)
		add_memory(truth, boot->ram[i].base.p, boot->ram[i].bytes, MEMORY_RAM);
	for (unsigned i = 0; i < boot->reserved_ranges; i++)
		add_memory(truth, boot->reserved[i].base.p, boot->reserved[i].bytes, MEMORY_RESERVED);
	add_memory(truth, boot->image.base.p, boot->image.bytes, MEMORY_KERNEL);
	add_memory(truth, boot->archive.base.p, boot->archive.bytes, MEMORY_ARCHIVE);
	add_memory(truth, arch_virt_to_phys(boot->command_line).p, strlen(boot->command_line) + 1, MEMORY_COMMAND_LINE);
	add_memory(truth, boot->flash.base.p, boot->flash.bytes, MEMORY_FLASH);
	add_memory(truth, arch_virt_to_phys(page).p, PAGE_BYTES, MEMORY_PAGE);
}

static void copy_text(char *to, size_t room, const char *from)
{
	memcpy(to, from, min_u64(strlen(from), room - 1)); /* zeros follow */
}

static void list_acpi(struct information_acpi *to, const struct boot_acpi *from)
{
	to->rsdp = from->rsdp.p;
	to->mcfg_base = from->mcfg_base.p;
	to->mcfg_first_bus = from->mcfg_first_bus;
	to->mcfg_last_bus = from->mcfg_last_bus;
	to->dmar = from->dmar.p;
	to->pm1a_control = from->pm1a_control;
	to->pm1b_control = from->pm1b_control;
	to->sci = from->sci;
	to->io_apics = from->io_apics;
}

enum status information_start(struct information_build *build, const struct boot_info *boot, uint64_t clock_hz)
{
	struct information *truth = &build->truth;
	if (truth->stage != STAGE_NONE)
		return STATUS_DENIED;
	memcpy(truth->signature, INFORMATION_SIGNATURE, sizeof(truth->signature));
	truth->length = sizeof(*truth);
	truth->major = INFORMATION_MAJOR;
	truth->minor = INFORMATION_MINOR;
	truth->features = ALL_FEATURES;
	truth->clock_hz = clock_hz;
	truth->page_bytes = PAGE_BYTES;
	truth->cpu_offset = offsetof(struct information, cpu);
	truth->cpu_bytes = sizeof(truth->cpu[0]);
	truth->memory_offset = offsetof(struct information, memory);
	truth->memory_bytes = sizeof(truth->memory[0]);
	truth->flash_paddr = boot->flash.base.p;
	truth->flash_bytes = boot->flash.bytes;
	truth->archive_bytes = boot->archive.bytes;
	copy_text(truth->machine, sizeof(truth->machine), boot->machine);
	copy_text(truth->command_line, sizeof(truth->command_line), boot->command_line);
	list_acpi(&truth->acpi, &boot->acpi);
	list_memory(truth, boot, build->page);
	step_end(build, STAGE_PLATFORM);
	return STATUS_OK;
}

/* ---- stages 2 and 3 ---- */

enum status information_add_cpu(struct information_build *build, const struct boot_info *boot, unsigned index, uint64_t features,
				uint32_t processor)
{
	struct information *truth = &build->truth;
	TRY(step_begin(build, STAGE_PLATFORM, STAGE_CPUS));
	if (truth->cpu[index].flags)
		return STATUS_DENIED;
	truth->cpu[index] = (struct information_cpu){
		.flags = CPU_FLAG_ONLINE | (index == 0 ? CPU_FLAG_BOOT : 0),
		.index = (uint16_t)index,
		.processor = processor,
		.hw_id = boot->cpu_hw_id[index],
	};
	truth->cpus = (uint16_t)max_u64(truth->cpus, index + 1);
	truth->cpus_online++;
	truth->features &= features;
	step_end(build, STAGE_CPUS);
	return STATUS_OK;
}

enum status information_finish(struct information_build *build)
{
	TRY(step_begin(build, STAGE_CPUS, STAGE_CPUS));
	step_end(build, STAGE_FINISHED);
	return STATUS_OK;
}

/* ---- afterwards ---- */

const char *information_damage(void)
{
	if (information.truth.stage != STAGE_FINISHED)
		return NULL;
	enum information_part part = information_check(&information);
	return part == PART_NONE ? NULL : information_part_text(part);
}

bool information_is_at(struct vaddr va)
{
	uint64_t page = (uint64_t)(uintptr_t)information.page;
	return information.truth.stage == STAGE_FINISHED && va.v >= page && va.v - page < PAGE_BYTES;
}
