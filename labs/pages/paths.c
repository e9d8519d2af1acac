/*
 * Pages all over the address space, and everything that a page table can be wrong about.
 *
 * Each use of a page is marked before it happens, with its address, and what came of it after that: "done", with 1 if the
 * instruction went through and 0 if the thread's handler was called instead. What was read is compared with what should be
 * there: "right" or "wrong".
 *
 *     scatter    pages at random addresses; each has its own word, and no two are mixed up
 *     rights     a page of each kind, and each kind of access to it
 *     walk       instructions in random pages that fault in the processor; why, the kernel finds out by walking the tables itself
 *     unmap      every other page of the first part goes; then it is gone, and what is mapped later is new; ranges, as a whole
 *     nowhere    jumps and stacks at what is no address
 */
#include <vitrine.h>

#define PAGES_MAX 64
#define VIEW_START (UINT64_C(16) << 40)
#define VIEW_BYTES (UINT64_C(48) << 40)
#define NOT_AN_ADDRESS (UINT64_C(1) << 63)
#define RANGES 3
#define RANGE_PAGES 5
#define FILLER_RET 0xc3
#define FILLER_HLT 0xf4

static uint64_t pages, random_state, resume;
static volatile uint64_t *scattered[PAGES_MAX];

static uint64_t random_number(uint64_t below)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (random_state >> 20) % below;
}

static uint8_t *random_page(void)
{
	return (uint8_t *)(VIEW_START + random_number(VIEW_BYTES / PAGE_BYTES - 2) * PAGE_BYTES);
}

/* ---- instructions that may fault ---- */

static bool refused;

static _Noreturn void answer(uint64_t cause, uint64_t address, uint64_t pc)
{
	(void)cause, (void)address, (void)pc;
	refused = true;
	fault_return(resume);
}

static void begin(const char *what, uint64_t address)
{
	refused = false;
	mark_instant(what, (int64_t)address);
}

static void end(void)
{
	mark_instant("done", !refused);
}

static uint64_t load(volatile uint64_t *word)
{
	uint64_t value = 0;
	__asm__ volatile("leaq 1f(%%rip), %%rcx; movq %%rcx, %1; movq (%2), %0; 1:"
			 : "+a"(value), "=m"(resume)
			 : "r"(word)
			 : "rcx", "memory");
	return value;
}

static void store(volatile uint64_t *word, uint64_t value)
{
	__asm__ volatile("leaq 1f(%%rip), %%rcx; movq %%rcx, %0; movq %2, (%1); 1:"
			 : "=m"(resume)
			 : "r"(word), "r"(value)
			 : "rcx", "memory");
}

/* RAX is no address while the code runs, so that what it loads from there faults. */
static void call(uint64_t code)
{
	__asm__ volatile("leaq 1f(%%rip), %%rcx; movq %%rcx, %0; movq %%rsp, %%rbx; leaq -128(%%rsp), %%rsp; call *%1; 1: movq "
			 "%%rbx, %%rsp"
			 : "=m"(resume)
			 : "r"(code), "a"(NOT_AN_ADDRESS)
			 : "rbx", "rcx", "memory");
}

static void push_at(uint64_t stack)
{
	__asm__ volatile(
		"leaq 1f(%%rip), %%rcx; movq %%rcx, %0; movq %%rsp, %%rbx; movq %1, %%rsp; pushq %%rcx; 1: movq %%rbx, %%rsp"
		: "=m"(resume)
		: "r"(stack)
		: "rbx", "rcx", "memory");
}

/* ---- the parts ---- */

static void look(volatile uint64_t *word, uint64_t expected)
{
	begin("load", (uintptr_t)word);
	uint64_t value = load(word);
	end();
	mark_instant(value == expected ? "right" : "wrong", (int64_t)(uintptr_t)word);
}

static void scatter(void)
{
	for (uint64_t i = 0; i < pages; i++) {
		scattered[i] = (volatile uint64_t *)must(memory_map(random_page(), PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
		begin("store", (uintptr_t)scattered[i]);
		store(scattered[i], i + 1);
		end();
	}
	for (uint64_t i = 0; i < pages; i++)
		look(scattered[i], i + 1);
}

/* The name of a try says the rights: "exec rw". */
static void try_all(const char *const names[3], uint8_t *page)
{
	begin(names[0], (uintptr_t)page);
	load((volatile uint64_t *)page);
	end();
	begin(names[1], (uintptr_t)page);
	store((volatile uint64_t *)page, FILLER_RET);
	end();
	begin(names[2], (uintptr_t)page);
	call((uintptr_t)page);
	end();
}

static void rights(void)
{
	static const char *const of_r[] = {"load r", "store r", "exec r"}, *const of_rw[] = {"load rw", "store rw", "exec rw"},
				 *const of_rx[] = {"load rx", "store rx", "exec rx"},
				 *const of_none[] = {"load -", "store -", "exec -"};
	for (unsigned i = 0; i < 3; i++) {
		uint8_t *page = (uint8_t *)must(memory_map(random_page(), PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
		memset(page, FILLER_RET, PAGE_BYTES);
		try_all(of_rw, page);
		must(memory_protect(page, PAGE_BYTES, RIGHTS_READ));
		try_all(of_r, page);
		must(memory_protect(page, PAGE_BYTES, RIGHTS_READ | RIGHTS_EXEC));
		try_all(of_rx, page);
		must(memory_protect(page, PAGE_BYTES, RIGHTS_NONE));
		try_all(of_none, page);
	}
}

/* Instructions that raise a general protection fault: three that only the kernel may use, and one that loads from no address. */
static const struct guilty {
	const char *name;
	uint8_t bytes, code[4];
} guilty[] = {
	{"privileged", 1, {0xf4}},                   /* hlt */
	{"privileged", 2, {0x0f, 0x30}},             /* wrmsr */
	{"privileged", 4, {0x48, 0x0f, 0x22, 0xd8}}, /* mov %rax, %cr3 */
	{"no address", 3, {0x48, 0x8b, 0x00}},       /* mov (%rax), %rax */
};

/*
 * Two pages side by side, with frames of their own. The instruction lies across the border or in one of them; all else is the
 * kind of instruction that it is not.
 */
static void walk_one(const struct guilty *kind)
{
	uint8_t *page = random_page();
	must(memory_map(page, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
	must(memory_map(page + PAGE_BYTES, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
	memset(page, kind->code[0] == 0x48 && kind->code[1] == 0x8b ? FILLER_HLT : FILLER_RET, 2 * PAGE_BYTES);
	uint64_t at = random_number(2) ? PAGE_BYTES - 1 - random_number(kind->bytes) : random_number(2 * PAGE_BYTES - 8);
	memcpy(page + at, kind->code, kind->bytes);
	must(memory_protect(page, PAGE_BYTES, RIGHTS_READ | RIGHTS_EXEC));
	must(memory_protect(page + PAGE_BYTES, PAGE_BYTES, RIGHTS_READ | RIGHTS_EXEC));
	begin(kind->name, (uintptr_t)page + at);
	call((uintptr_t)page + at);
	end();
}

static void unmap_half(void)
{
	for (uint64_t i = 0; i < pages; i += 2) {
		look(scattered[i], i + 1);
		must(memory_unmap((void *)scattered[i], PAGE_BYTES));
		begin("gone", (uintptr_t)scattered[i]);
		load(scattered[i]);
		end();
		must(memory_map((void *)scattered[i], PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
		look(scattered[i], 0);
	}
	for (uint64_t i = 1; i < pages; i += 2)
		look(scattered[i], i + 1);
}

static void unmap_range(void)
{
	for (unsigned i = 0; i < RANGES; i++) {
		uint64_t at = must(memory_map(random_page(), RANGE_PAGES * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
		for (uint64_t page = 0; page < RANGE_PAGES; page++)
			if (page % 2)
				store((volatile uint64_t *)(at + page * PAGE_BYTES), page);
			else
				look((volatile uint64_t *)(at + page * PAGE_BYTES), 0);
		must(memory_unmap((void *)at, RANGE_PAGES * PAGE_BYTES));
		for (uint64_t page = 0; page < RANGE_PAGES; page++) {
			begin("gone", at + page * PAGE_BYTES);
			load((volatile uint64_t *)(at + page * PAGE_BYTES));
			end();
		}
	}
}

static void nowhere(void)
{
	for (uint64_t i = 0; i < 8; i++) {
		uint64_t address = (UINT64_C(1) << (47 + i)) + random_number(1 << 20) * 16;
		begin("jump", address);
		call(address);
		end();
		begin("stack", address);
		push_at(address);
		end();
	}
}

int main(void)
{
	static uint8_t stack[4096] __attribute__((aligned(16)));
	pages = program_option("pages", 32);
	random_state = program_option("salt", 1);
	must(fault_handler(answer, stack, sizeof(stack)));
	scatter();
	rights();
	for (uint64_t i = 0; i < pages; i++)
		walk_one(&guilty[i % ARRAY_LENGTH(guilty)]);
	unmap_half();
	unmap_range();
	nowhere();
	return 0;
}
