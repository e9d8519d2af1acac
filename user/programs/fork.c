/*
 * Copies that cost nothing until somebody writes, and memory that two processes share.
 *
 * object_copy() makes a snapshot: both sides have the same page frames, and whoever stores first gets a page of its own. A copy of a copy
 * of a copy is as quick as the first: it has the same frames, and no chain to walk. The second half starts this program once more,
 * as another process, which has nothing of ours but the object whose handle we gave it.
 */
#include <vitrine.h>

#define PAGES 32
#define WORDS_A_PAGE (PAGE_BYTES / sizeof(uint64_t))
#define COPIES 20

typedef uint64_t page[WORDS_A_PAGE];

static page *map_all(uint64_t object)
{
	return object_map(object, PAGES * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
}

static uint64_t frame_of(const void *address)
{
	struct vm_query query;
	must(sys_vm_query((uintptr_t)address, (uintptr_t)&query));
	return query.frame;
}

static void both_ways(void)
{
	uint64_t parent = object_new(PAGES * PAGE_BYTES);
	page *old = map_all(parent);
	for (uint64_t i = 0; i < PAGES / 2; i++)
		old[i][0] = i + 1;
	uint64_t child = must(sys_object_copy(parent, 0, PAGES));
	page *new = map_all(child);
	check(new[3][0] == 4 && frame_of(new[3]) == frame_of(old[3]));
	new[3][0] = 33;
	check(old[3][0] == 4 && new[3][0] == 33 && frame_of(new[3]) != frame_of(old[3]));
	old[4][0] = 44;
	check(new[4][0] == 5 && old[4][0] == 44);
	new[PAGES - 1][0] = 1; /* absent on both sides: zeros, each its own */
	check(old[PAGES - 1][0] == 0);
	must(memory_unmap(old, PAGES * PAGE_BYTES));
	must(sys_handle_close(parent));
	check(new[5][0] == 6); /* the parent is gone, its pages are not */
	new[5][0] = 7;         /* and the last one to have them need not copy */
}

static void copies_of_copies(void)
{
	uint64_t object = object_new(PAGES * PAGE_BYTES);
	page *first = map_all(object);
	first[0][0] = 1;
	for (unsigned i = 0; i < COPIES; i++) {
		uint64_t copy = must(sys_object_copy(object, 0, PAGES));
		must(sys_handle_close(object));
		page *pages = map_all(copy);
		check(pages[0][0] == i + 1);
		pages[0][0] = i + 2;
		must(memory_unmap(pages, PAGES * PAGE_BYTES));
		object = copy;
	}
	check(first[0][0] == 1);
	must(sys_handle_close(object));
}

/* Of a file: the pages come from the provider when they are touched, and stores stay private. */
static void copy_of_file(void)
{
	struct file readme;
	must(file_open("README", &readme));
	uint64_t copy = must(sys_object_copy(readme.object, 0, 1));
	const char *file = object_map(readme.object, PAGE_BYTES, RIGHTS_READ);
	char *private = object_map(copy, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	check(private[0] == 'T');
	private[0] = 't';
	check(file[0] == 'T' && private[0] == 't' && !memcmp(file + 1, private + 1, readme.bytes - 1));
}

/* ---- two processes ---- */

struct shared {
	uint64_t child_is_here, parent_was_here;
	char text[64];
};

static int child(void)
{
	struct shared *shared = object_map(HANDLE_GIVEN, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	check(!strcmp(shared->text, "left here by the parent"));
	snprintf(shared->text, sizeof(shared->text), "left here by the child");
	__atomic_store_n(&shared->child_is_here, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&shared->parent_was_here, __ATOMIC_ACQUIRE))
		thread_yield();
	return checks_failed() ? checks_failed() : 17;
}

static void share_with_child(void)
{
	struct file program;
	must(file_open("fork", &program));
	uint64_t object = object_new(PAGE_BYTES);
	struct shared *shared = object_map(object, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	snprintf(shared->text, sizeof(shared->text), "left here by the parent");
	uint64_t process = must(process_start_with("child", program.object, 1, object));
	while (!__atomic_load_n(&shared->child_is_here, __ATOMIC_ACQUIRE))
		thread_yield();
	check(!strcmp(shared->text, "left here by the child"));
	__atomic_store_n(&shared->parent_was_here, 1, __ATOMIC_RELEASE);
	check(must(process_wait(process)) == 17);
	check(sys_object_map(object, 0, 0, PAGE_BYTES, RIGHTS_READ | process << 32).status == STATUS_GONE);
	check(sys_process_start(process, 4096, 0).status == STATUS_EXISTS);
}

int main(void)
{
	if (program_argument() == 1)
		return child();
	both_ways();
	copies_of_copies();
	copy_of_file();
	share_with_child();
	printf("fork: %d things wrong\n", checks_failed());
	return checks_failed();
}
