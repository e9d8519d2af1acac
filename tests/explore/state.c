/*
 * States: the machine's memory, copied away, gone back to, and told apart by a hash.
 *
 * Teaches: what a state is. Everything the machine will ever do follows from what its memory and its stacks hold, so two moments that
 * hold the same are the same. Pages are write-protected at first; a page that is written is one that states differ in, from then on for
 * good. There are few of them.
 *
 *      a copy:  | pages | used bytes of stack 0, 1, ... | contents of the pages | contents of the stacks |
 *
 * The hash of a state is the sum of what its pages and stacks add; a page that holds what it held at first adds nothing, so it
 * does not matter when a page was found.
 * Who calls: search.c. The invariant: the explorer's own memory is not in it (explorer_memory).
 */
#include "explore.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sim_machine.h"

#define PAGES_MAX 1024
#define ALTERNATE_STACK_BYTES 65536

extern uint8_t __data_start[], _end[]; /* the linker's: all variables of the program */

struct region {
	uint8_t *start;
	size_t bytes;
	uint8_t *first; /* what it held at first */
};

struct page {
	uint8_t *address;
	const uint8_t *first;
	uint64_t first_hash;
};

/* Outside the machine. */
struct states {
	struct region region[2];
	struct page page[PAGES_MAX];
	unsigned pages;
	void *first; /* a copy of the first state: all of it but pages */
};
static struct states *states;

struct header {
	unsigned pages;
	uint32_t stack_bytes[STACKS_MAX];
};

void *explorer_memory(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		abort();
	return memory;
}

/* Four lanes of rotate and multiply, for speed; every bit of the input reaches all of a lane's. */
static uint64_t hash_bytes(const uint8_t *data, size_t bytes, uint64_t seed)
{
	const uint64_t multiplier = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t lane[4] = {seed, seed ^ 1, seed ^ 2, seed ^ 3};
	for (; bytes >= 32; bytes -= 32, data += 32) {
		for (unsigned i = 0; i < 4; i++) {
			uint64_t word;
			memcpy(&word, data + 8 * i, 8);
			word ^= lane[i];
			lane[i] = (word << 29 | word >> 35) * multiplier;
		}
	}
	for (; bytes; bytes--, data++)
		lane[0] = ((lane[0] ^ *data) << 29 | (lane[0] ^ *data) >> 35) * multiplier;
	for (unsigned i = 1; i < 4; i++)
		lane[0] = ((lane[0] ^ lane[i]) << 31 | (lane[0] ^ lane[i]) >> 33) * multiplier;
	return lane[0] ^ lane[0] >> 32;
}

static bool add_page(uint8_t *address)
{
	for (unsigned i = 0; i < ARRAY_LENGTH(states->region); i++) {
		const struct region *region = &states->region[i];
		if (address < region->start || address >= region->start + region->bytes)
			continue;
		if (states->pages == PAGES_MAX)
			return false;
		struct page *page = &states->page[states->pages++];
		page->address = address;
		page->first = region->first + (address - region->start);
		page->first_hash = hash_bytes(page->first, PAGE_BYTES, (uintptr_t)address);
		return mprotect(address, PAGE_BYTES, PROT_READ | PROT_WRITE) == 0;
	}
	return false;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (add_page((uint8_t *)((uintptr_t)info->si_addr & ~(PAGE_BYTES - 1))))
		return;
	if (!explorer->exploring || !sim_fiber_runs()) {
		signal(number, SIG_DFL); /* not the kernel's: it happens again, and is the end */
		return;
	}
	explore_fail("CPU %u touches what is no memory, at 0x%lx", sim_current, (unsigned long)(uintptr_t)info->si_addr);
	sim_cpus[sim_current].state = SIM_STOPPED;
	fiber_abandon();
}

static void region_add(unsigned number, uint8_t *start, uint8_t *end)
{
	struct region *region = &states->region[number];
	region->start = (uint8_t *)((uintptr_t)start & ~(PAGE_BYTES - 1));
	region->bytes = round_up((size_t)(end - region->start), PAGE_BYTES);
	region->first = explorer_memory(region->bytes);
}

void state_begin(void)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
	stack_t alternate = {.ss_sp = explorer_memory(ALTERNATE_STACK_BYTES), .ss_size = ALTERNATE_STACK_BYTES};
	uint8_t *ram = sim_phys_to_virt(paddr(SIM_RAM_BASE));
	states = explorer_memory(sizeof(*states));
	region_add(0, __data_start, _end);
	region_add(1, ram, ram + sim_ram_bytes());
	sigaltstack(&alternate, NULL);
	sigaction(SIGSEGV, &action, NULL);
	for (unsigned i = 0; i < ARRAY_LENGTH(states->region); i++) {
		const struct region *region = &states->region[i];
		memcpy(region->first, region->start, region->bytes);
		if (mprotect(region->start, region->bytes, PROT_READ))
			abort();
	}
	states->first = explorer_memory(state_bytes());
	state_save(states->first);
}

void state_restore_first(void)
{
	state_restore(states->first);
}

size_t state_bytes(void)
{
	size_t bytes = sizeof(struct header) + states->pages * PAGE_BYTES;
	for (unsigned i = 0; i < stacks_count(); i++)
		bytes += stack_used(i).bytes;
	return round_up(bytes, 64);
}

void state_save(void *to)
{
	struct header *header = to;
	uint8_t *place = (uint8_t *)(header + 1);
	header->pages = states->pages;
	for (unsigned i = 0; i < states->pages; i++, place += PAGE_BYTES)
		memcpy(place, states->page[i].address, PAGE_BYTES);
	for (unsigned i = 0; i < stacks_count(); i++) {
		struct stack stack = stack_used(i);
		header->stack_bytes[i] = (uint32_t)stack.bytes;
		memcpy(place, stack.base, stack.bytes);
		place += stack.bytes;
	}
}

void state_restore(const void *from)
{
	const struct header *header = from;
	const uint8_t *place = (const uint8_t *)(header + 1);
	for (unsigned i = 0; i < header->pages; i++, place += PAGE_BYTES)
		memcpy(states->page[i].address, place, PAGE_BYTES);
	for (unsigned i = header->pages; i < states->pages; i++)
		memcpy(states->page[i].address, states->page[i].first, PAGE_BYTES);
	for (unsigned i = 0; i < stacks_count(); i++) {
		stack_set_used(i, header->stack_bytes[i]);
		memcpy(stack_used(i).base, place, header->stack_bytes[i]);
		place += header->stack_bytes[i];
	}
}

uint64_t state_hash(uint64_t seed)
{
	uint64_t sum = seed;
	for (unsigned i = 0; i < states->pages; i++) {
		const struct page *page = &states->page[i];
		if (memcmp(page->address, page->first, PAGE_BYTES))
			sum += hash_bytes(page->address, PAGE_BYTES, (uintptr_t)page->address) - page->first_hash;
	}
	for (unsigned i = 0; i < stacks_count(); i++) {
		struct stack stack = stack_used(i);
		sum += hash_bytes(stack.base, stack.bytes, (uintptr_t)stack.base);
	}
	return sum;
}
