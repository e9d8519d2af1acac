/*
 * The kernel's half of every address space: made once at boot, the same on all CPUs and in all spaces.
 *
 *     0xffff800000000000   all RAM, at physical address + this     readable, writable, never executable
 *     0xffffffff80200000   the image, wherever it was loaded       text r-x, read-only data r--, data rw-   (made by boot.S)
 *     0xffffffffc0000000   device registers                        rw-, cache-inhibited
 *
 * Teaches: a page with two names is as weak as the weaker one: text must not be writable through the direct map either, so
 * that maps the 2 MiB around the image page by page, with text and read-only data not writable.
 * Who calls: boot, before the other CPUs run; after that only arch_page_seal() changes anything. Locks: none needed.
 * The invariant: an entry made here is never changed but to take away the right to write a page that was sealed, and each CPU seals for
 * itself; so no CPU ever needs a flush by another for the kernel's half.
 * Simplified: 2 MiB pages only, and a fixed stock of tables, enough for the first DIRECT_BYTES_MAX of physical memory and one sealed page.
 */
#include "x86.h"

/* A table for each GiB, one for each 2 MiB that the image can touch, and one for the page that is sealed. */
#define DIRECT_TABLES (DIRECT_BYTES_MAX / GIB + IMAGE_BYTES_MAX / LARGE_BYTES + 1)

static uint64_t stock[DIRECT_TABLES][TABLE_ENTRIES] __attribute__((aligned(4096)));
static unsigned stock_used;

/* The table under `entry`, made if it is not there. */
static uint64_t *table_under(uint64_t *entry)
{
	if (!(*entry & PTE_PRESENT))
		*entry = arch_virt_to_phys(stock[stock_used++]).p | PTE_TABLE;
	/* All tables of the direct map lie in the image. */
	return (uint64_t *)(uintptr_t)((*entry & PTE_FRAME) - boot_image_offset + KERNEL_BASE);
}

static uint64_t physical(const char *symbol)
{
	return arch_virt_to_phys(symbol).p;
}

/* What the direct map allows on a page of RAM. */
static uint64_t page_rights(uint64_t page)
{
	if (page >= physical(image_start) && page < physical(rodata_end))
		return PTE_PRESENT | PTE_NX;
	return PTE_PRESENT | PTE_WRITE | PTE_NX;
}

/* Maps the 2 MiB at `base`: at once, or page by page where part of the image lies in them. */
static void map_large(uint64_t base)
{
	uint64_t *directory = table_under(&kernel_direct_pointers[base / GIB]);
	uint64_t *entry = &directory[base / LARGE_BYTES % TABLE_ENTRIES];
	if (*entry & PTE_PRESENT)
		return;
	if (base >= physical(rodata_end) || base + LARGE_BYTES <= physical(image_start)) {
		*entry = base | PTE_LARGE | PTE_PRESENT | PTE_WRITE | PTE_NX;
		return;
	}
	uint64_t *table = table_under(entry);
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		table[i] = (base + i * PAGE_BYTES) | page_rights(base + i * PAGE_BYTES);
}

bool direct_map(uint64_t base, uint64_t bytes)
{
	uint64_t end = base + bytes;
	if (end < base || end > DIRECT_BYTES_MAX)
		return false;
	for (uint64_t at = round_down(base, LARGE_BYTES); at < end; at += LARGE_BYTES)
		map_large(at);
	return true;
}

/* Maps what a 2 MiB entry maps page by page, to the same frames with the same rights: to whoever translates meanwhile it is all one. */
static void split_large(uint64_t *entry)
{
	uint64_t base = *entry & PTE_FRAME;
	uint64_t *table = stock[stock_used++];
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		table[i] = (base + i * PAGE_BYTES) | page_rights(base + i * PAGE_BYTES);
	__atomic_store_n(entry, arch_virt_to_phys(table).p | PTE_TABLE, __ATOMIC_RELEASE);
}

/* The first CPU that calls changes the table; each drops its own translation (Intel SDM 3A 4.10.4.1: INVLPG drops large ones as well). */
void arch_page_seal(void *page)
{
	uint64_t base = arch_virt_to_phys(page).p;
	uint64_t *entry = &table_under(&kernel_direct_pointers[base / GIB])[base / LARGE_BYTES % TABLE_ENTRIES];
	if (*entry & PTE_LARGE)
		split_large(entry);
	uint64_t *own = &table_under(entry)[base / PAGE_BYTES % TABLE_ENTRIES];
	__atomic_fetch_and(own, ~PTE_WRITE, __ATOMIC_SEQ_CST);
	invlpg((uint64_t)(uintptr_t)page);
}

volatile uint32_t *device_map(uint64_t base)
{
	uint64_t frame = round_down(base, LARGE_BYTES);
	unsigned slot = 0;
	while (kernel_device_directory[slot] & PTE_PRESENT && (kernel_device_directory[slot] & PTE_FRAME) != frame)
		slot++;
	kernel_device_directory[slot] = frame | PTE_LARGE | PTE_DEVICE | PTE_PRESENT | PTE_WRITE | PTE_NX;
	return (volatile uint32_t *)(uintptr_t)(DEVICE_BASE + slot * LARGE_BYTES + base % LARGE_BYTES);
}
