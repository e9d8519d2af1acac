/*
 * The information page under attack: every byte of it damaged, before and after each stage of a page made for the purpose.
 *
 * Teaches: a check is worth what it finds. One bit of each byte is flipped, one after the other; the checker has to name the part the
 * byte lies in, and the next stage has to refuse. Put right again, the stage has to go on as if nothing had been.
 * Who calls: kernel_selftest(). `information` works on a page of its own; `seal` stores to the kernel's own page, which must not work.
 */
#include "boot/information.h"
#include "core/cpu.h"
#include "core/print.h"
#include "core/string.h"
#include "kernel/selftest.h"

static struct information page;
static struct information_build build;
static struct boot_info boot = {
	.machine = "test",
	.command_line = "program=none",
	.ram_ranges = 1,
	.ram = {{{MIB}, 64 * MIB}},
	.archive = {{2 * MIB}, 5000},
	.image = {{MIB}, 4096},
	.flash = {{GIB}, 4 * MIB},
	.cpu_hw_id = {8, 4},
};

#define SOME_FEATURES (FEATURE_SMEP | FEATURE_SMAP | FEATURE_HASH_MMU)
#define CLOCK_HZ 1000000

static int failures;

static void expect(bool right, const char *what, uint64_t value)
{
	if (right)
		return;
	failures++;
	kprintf("not ok information %s: %lu\n", what, (unsigned long)value);
}

/* The part that the byte at this offset lies in, by the list of parts itself. */
static enum information_part part_at(size_t offset)
{
	enum information_part part = PART_NONE;
#define PART_AT(name, field, text)                                                                                               \
	if (offset + 1 > offsetof(struct information, field))                                                                    \
		part = PART_##name;
	INFORMATION_PARTS(PART_AT)
#undef PART_AT
	return part;
}

typedef enum status stage_function(void);

static enum status add_first(void)
{
	return information_add_cpu(&build, &boot, 0, ~(uint64_t)FEATURE_SVM, 1);
}

static enum status add_second(void)
{
	return information_add_cpu(&build, &boot, 1, SOME_FEATURES, 1);
}

static enum status finish(void)
{
	return information_finish(&build);
}

/* Flips a bit of each byte in turn; the checker names it, and `next` refuses and changes nothing. */
static void damage_all(const char *when, stage_function *next)
{
	uint8_t *bytes = (uint8_t *)&page;
	unsigned unnoticed = 0, accepted = 0;
	for (size_t i = 0; i < sizeof(page); i++) {
		bytes[i] ^= (uint8_t)(1u << i % 8);
		unnoticed += information_check(&build) != part_at(i);
		accepted += next && next() != STATUS_INVALID;
		bytes[i] ^= (uint8_t)(1u << i % 8);
	}
	expect(unnoticed == 0, "bytes whose damage was not named", unnoticed);
	expect(accepted == 0, "stages that went on with a damaged page", accepted);
	expect(information_check(&build) == PART_NONE, "the page put right is wrong", information_check(&build));
	kprintf("ok information damage %s: %lu bytes\n", when, (unsigned long)sizeof(page));
}

static void out_of_turn(void)
{
	expect(information_start(&build, &boot, CLOCK_HZ) == STATUS_DENIED, "a second start was not refused", 0);
	expect(finish() == STATUS_DENIED, "a second end was not refused", 0);
	expect(add_second() == STATUS_DENIED, "a CPU was added after the end", 0);
}

int selftest_information(void)
{
	build.page = &page;
	expect(add_first() == STATUS_DENIED, "a CPU was added before the start", 0);
	expect(finish() == STATUS_DENIED, "the end came before the start", 0);
	expect(information_start(&build, &boot, CLOCK_HZ) == STATUS_OK, "the start was refused", 0);
	expect((page.features & SOME_FEATURES) == SOME_FEATURES && page.features & FEATURE_SVM, "features at the start",
	       page.features);
	damage_all("after the platform", add_first);
	expect(finish() == STATUS_DENIED, "the end came without a CPU", 0);
	expect(add_first() == STATUS_OK && add_first() == STATUS_DENIED, "the first CPU", page.cpus_online);
	damage_all("after a CPU", add_second);
	expect(add_second() == STATUS_OK, "the second CPU", page.cpus_online);
	expect(page.features == SOME_FEATURES, "features of both CPUs", page.features);
	damage_all("after all CPUs", finish);
	expect(finish() == STATUS_OK && page.cpus_online == 2 && page.cpus == 2, "the end", page.cpus_online);
	damage_all("after the end", NULL);
	out_of_turn();
	expect(information.page->stage == STAGE_FINISHED && !information_damage(), "the kernel's own page",
	       information.page->stage);
	return failures;
}

/* On x86-64 the store traps, and this is the end. On POWER it works, and the end of the run has to notice. */
int selftest_seal(void)
{
	kprintf("seal: the page says %u CPUs; storing there\n", information.page->cpus_online);
	*(volatile uint16_t *)&information.page->cpus_online ^= 1;
	kprintf("seal: the store went through\n");
	return 0;
}

int selftest_boot(void)
{
	unsigned online = 0;
	for (unsigned i = 0; i < cpus_present; i++) {
		bool listed = information.page->cpu[i].flags & CPU_FLAG_ONLINE && information.page->cpu[i].hw_id == cpus[i].hw_id;
		expect(listed == cpus[i].online, "a CPU is listed wrongly", i);
		online += cpus[i].online;
	}
	expect(information.page->cpus_online == online, "CPUs listed", information.page->cpus_online);
	kprintf("boot: %u CPUs, %s\n", online, failures ? "not ok" : "ok");
	return failures;
}
