/*
 * A device's registers in user space: the device segment.
 *
 * A window onto a device is an object like any other, made from the right to the machine's devices. It lies in the device segment, 32 windows
 * of 32 GiB a terabyte, and its pages are mapped so that every access reaches the device. RAM is no device. The device here is the flash
 * chip, whose first bytes everybody knows.
 */
#include <vitrine.h>

#define TIB (UINT64_C(1) << 40)
#define WINDOW (UINT64_C(32) << 30)
#define WINDOWS 40

/* Where the flash chip of this machine is, 4 MiB of it (arch/<machine>/boot.c). */
#ifdef __x86_64__
#define FLASH_AT (UINT64_C(0x100000000) - 0x40000 - 0x400000)
#else
#define FLASH_AT UINT64_C(0x60300fc000000)
#endif
#define FLASH_BYTES UINT64_C(0x400000)

static uint64_t machine, chip;

static int read_it(void *address)
{
	return *(volatile uint8_t *)address;
}

static void see_the_flash(void)
{
	struct vm_query query;
	const volatile uint8_t *flash = (void *)must(sys_object_map(chip, 0, 0, FLASH_BYTES, RIGHTS_READ));
	check(flash[0] == 'P' && flash[1] == 'A' && flash[2] == 'R' && flash[3] == 'T');
	must(sys_vm_query((uintptr_t)flash, (uintptr_t)&query));
	check(query.segment == SEGMENT_DEVICE && query.kind == OBJECT_DEVICE && query.frame == FLASH_AT);
	check((uintptr_t)flash >= 2 * TIB && (uintptr_t)flash < 10 * TIB && (uintptr_t)flash % WINDOW == 0);
	/* Beyond its size, and after it is unmapped, an access kills. */
	check(thread_join(must(thread_create("beyond", read_it, (void *)(uintptr_t)(flash + FLASH_BYTES)))).status ==
	      STATUS_CRASHED);
	must(memory_unmap((void *)(uintptr_t)flash, FLASH_BYTES));
	check(thread_join(must(thread_create("after", read_it, (void *)(uintptr_t)flash))).status == STATUS_CRASHED);
}

static void many_windows(void)
{
	uint64_t at[WINDOWS];
	for (unsigned i = 0; i < WINDOWS; i++) {
		at[i] = must(sys_object_map(chip, 0, 0, PAGE_BYTES, RIGHTS_READ));
		check(*(volatile uint8_t *)at[i] == 'P');
	}
	check(at[32] / TIB == at[0] / TIB + 1 || at[31] / TIB == at[0] / TIB + 1); /* the terabyte is full: the next one */
	must(memory_unmap((void *)at[3], PAGE_BYTES));
	check(must(sys_object_map(chip, 0, 0, PAGE_BYTES, RIGHTS_READ)) == at[3]);
	for (unsigned i = 0; i < WINDOWS; i++)
		must(memory_unmap((void *)at[i], PAGE_BYTES));
}

static void refusals(void)
{
	struct vm_query query;
	uint8_t *memory = memory_new(PAGE_BYTES);
	memory[0] = 1;
	must(sys_vm_query((uintptr_t)memory, (uintptr_t)&query));
	check(sys_object_device(machine, query.frame, PAGE_BYTES).status == STATUS_INVALID); /* that is RAM */
	check(sys_object_device(machine, FLASH_AT + 1, PAGE_BYTES).status == STATUS_INVALID);
	check(sys_object_device(machine, FLASH_AT, 0).status == STATUS_INVALID);
	check(sys_object_device(machine, FLASH_AT, WINDOW + PAGE_BYTES).status != STATUS_OK);
	check(sys_object_device(machine, UINT64_MAX - PAGE_BYTES + 1, 2 * PAGE_BYTES).status == STATUS_INVALID);
	check(sys_object_device(chip, FLASH_AT, PAGE_BYTES).status == STATUS_INVALID); /* not the machine's handle */
	check(sys_object_map(chip, 0, 0, PAGE_BYTES, RIGHTS_READ | RIGHTS_EXEC).status == STATUS_DENIED);
	check(sys_object_map(chip, 600 * (UINT64_C(1) << 30), 0, PAGE_BYTES, RIGHTS_READ).status == STATUS_INVALID);
	check(sys_object_copy(chip, 0, 1).status == STATUS_INVALID);
	uint64_t word;
	check(sys_object_read(chip, 0, (uintptr_t)&word, 8).status == STATUS_INVALID);
	check(sys_object_remove(chip, 0, 1, REMOVE_RELEASE).status == STATUS_INVALID);
	/* Other memory does not lie among the devices. */
	uint64_t object = object_new(PAGE_BYTES);
	check(sys_object_map(object, 9 * TIB, 0, PAGE_BYTES, RIGHTS_READ).status == STATUS_INVALID);
	check(sys_object_map(chip, 9 * TIB, 0, PAGE_BYTES, RIGHTS_READ).status == STATUS_OK);
	check(sys_object_map(chip, 9 * TIB, 0, PAGE_BYTES, RIGHTS_READ).status == STATUS_EXISTS);
}

int main(void)
{
	machine = must(service_find("machine"));
	chip = must(sys_object_device(machine, FLASH_AT, FLASH_BYTES));
	see_the_flash();
	many_windows();
	refusals();
	printf("device: %d things wrong\n", checks_failed());
	return checks_failed();
}
