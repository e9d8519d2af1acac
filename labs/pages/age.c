/*
 * Which pages are in use? The kernel knows only what the page table's accessed bits say, and it looks at them when it wants
 * pages back.
 *
 * The program uses some pages of a file, chosen at random, and lets the kernel look (sys_memory_cast_out: no page is old enough
 * to go). A page that was used is young then (age 0); another one has become a round older. "right" and "wrong" say what
 * vm_query answers for each page, with page and age in the value.
 */
#include <vitrine.h>

#define PAGES 10
#define ROUNDS 5

static uint64_t age_of(const volatile uint8_t *page)
{
	struct vm_query query;
	must(sys_vm_query((uintptr_t)page, (uintptr_t)&query));
	return query.age;
}

static void look_at_all(const volatile uint8_t *pages, uint64_t used, uint64_t ages[PAGES])
{
	must(sys_memory_cast_out(PRESSURE_NORMAL));
	for (uint64_t page = 0; page < PAGES; page++) {
		ages[page] = used >> page & 1 ? 0 : ages[page] + 1;
		uint64_t age = age_of(pages + page * PAGE_BYTES);
		mark_instant(age == ages[page] ? "right" : "wrong", (int64_t)(page << 8 | age));
	}
}

int main(void)
{
	struct file file;
	uint64_t ages[PAGES] = {0}, random = program_option("salt", 1);
	must(file_open("SCRATCH", &file));
	const volatile uint8_t *pages = object_map(file.object, PAGES * PAGE_BYTES, RIGHTS_READ);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		uint64_t used = round == 0 ? UINT64_MAX : random >> 40;
		for (uint64_t page = 0; page < PAGES; page++)
			if (used >> page & 1)
				(void)pages[page * PAGE_BYTES];
		look_at_all(pages, used, ages);
	}
	return 0;
}
