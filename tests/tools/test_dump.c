/*
 * `vitrine dump` with images that are made up here: what it says of a sound one, in either byte order, and that nothing in a damaged
 * one makes it fail, hang or read where it may not (the sanitizers watch).
 *
 * Teaches: testing a reader of layouts with a layout of one's own. The records here have the fields of the kernel's in another order, so what is
 * read right is read by name. Arguments: the build directory; or that and RAM images of real runs, which are damaged then.
 */
#include <byteswap.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../kernel/abi/trace_enums.h"
#include "../../trace/dump.h"
#include "../../trace/schema.h"
#include "shell.h"

#define PAGES 64
#define BYTES (PAGES * DUMP_PAGE)
#define DIRECT UINT64_C(0xffff800000000000)
#define IMAGE UINT64_C(0xffffffff80000000)
#define VARIANTS 400
#define VARIANTS_OF_REAL 30
#define ALL UINT64_MAX

/* The fields of each record and their sizes. They are laid out from the last to the first. */
static const char *const records[] = {
	"list next 8 previous 8",
	("cpu index 4 hw_id 8 hazards 8 online 1 idle 1 lock_level 1 current 8 next 8 ended 8 rcu.next.first 8 rcu.current.first "
	 "8 "
	 "rcu.done.first 8 rcu.period 8 rcu.freeing 8 rcu.waiting 8"),
	("thread id 4 state 4 aspace 8 name 17 cpu 4 queue_node 16 wake_at 8 sleeps_on 4 wait_node 16 waits_on 8 serve_node 16 "
	 "wait_key 4 sync.one.object 4 sync.one.offset 8 sync.armed 4 blocked_for 4 fault.address 8 fault.pc 8 serves 8 "
	 "page_endpoint 8 doomed 1 killed 1 crashed 1 crash_cause 1 exit_status 8"),
	("aspace kobj 48 id 4 name 17 segments 160 space.id 4 space.active 8 space.words 128 handles.handles 8 dying 1 "
	 "process_node 16 waiters 16 threads 4 started 1 ended 1 crashed 1 crash_cause 1 exit_status 8"),
	"segment kind 4 base 8 bytes 8 mappings 16",
	"mapping node 16 start 8 bytes 8 rights 4 rights_max 4 window 1 object 8 first_page 8",
	"kobj type 4 id 4 references 4",
	"vm_object kobj 48 kind 4 pages 8 present 8 chunks 8 mappings 16 source 8 source_page 8 endpoint 8 key 8 requests 16",
	"endpoint kobj 48 urgent 16 queue 16 taken 16 waiting 4 promised 4 receivers 16 servers 16 receive_handles 4 gone 1",
	"ipc_message node 16 content.token 8 content.type 8 kind 4 sender 4 endpoint 8 caller 16",
	"handle kobj 8 rights 4 number 4 table 8 parent 8",
	"rcu_head next 8 class 8 id 4",
	"rcu_class kind 4",
};

static const struct layout_row numbers[] = {
	{"thread_state", "ready", 0, 0},  {"thread_state", "running", 1, 0}, {"thread_state", "blocked", 2, 0},
	{"thread_state", "exited", 3, 0}, {"kobj_type", "object", 0, 0},     {"kobj_type", "endpoint", 1, 0},
	{"kobj_type", "process", 2, 0},   {"slot", "state_mask", 7, 0},      {"slot", "slots_in_chunk", 512, 0},
	{"limit", "segments", 1, 0},      {"limit", "handles", 16, 0},
};

struct made {
	uint8_t ram[BYTES];
	bool swapped, hash;
	struct layout_row row[256];
	unsigned rows;
	int file;
	char path[40];
};

/* ---- making an image ---- */

static void put(struct made *made, uint64_t paddr, unsigned bytes, uint64_t value)
{
	assert_true(paddr + bytes <= BYTES);
	for (unsigned i = 0; i < bytes; i++)
		made->ram[paddr + i] = (uint8_t)(value >> 8 * (made->swapped ? bytes - 1 - i : i));
}

static const struct layout_row *row_of(const struct made *made, const char *structure, const char *field)
{
	for (unsigned i = 0; i < made->rows; i++)
		if (!strcmp(made->row[i].structure, structure) && !strcmp(made->row[i].field, field))
			return &made->row[i];
	fail_msg("%s.%s", structure, field);
	return NULL;
}

static void set(struct made *made, const char *structure, uint64_t paddr, const char *field, uint64_t value)
{
	const struct layout_row *row = row_of(made, structure, field);
	put(made, paddr + row->offset, row->bytes > 8 ? 8 : row->bytes, value);
}

/* A list of one element, or of none. Both places are physical. */
static void link_one(struct made *made, uint64_t head, uint64_t node)
{
	uint64_t other = node ? node : head;
	put(made, head, 8, DIRECT + other);
	put(made, head + 8, 8, DIRECT + other);
	put(made, other, 8, DIRECT + head);
	put(made, other + 8, 8, DIRECT + head);
}

static uint64_t at(const struct made *made, const char *structure, uint64_t paddr, const char *field)
{
	return paddr + row_of(made, structure, field)->offset;
}

/* Makes the rows for one line of `records`. */
static void lay_out(struct made *made, const char *line)
{
	char structure[LAYOUT_NAME_CHARS], field[LAYOUT_NAME_CHARS];
	unsigned bytes, total = 8, first = made->rows + 1;
	int used;
	assert_int_equal(sscanf(line, "%23s%n", structure, &used), 1);
	strcpy(made->row[made->rows++].structure, structure);
	for (line += used; sscanf(line, "%23s %u%n", field, &bytes, &used) == 2; line += used) {
		struct layout_row *row = &made->row[made->rows++];
		strcpy(row->structure, structure);
		strcpy(row->field, field);
		row->bytes = bytes;
	}
	if (!strcmp(structure, "list")) /* links are what all lists have at the same place */
		total = 0;
	for (unsigned i = 0; i < made->rows - first; i++) {
		struct layout_row *row = &made->row[total ? made->rows - 1 - i : first + i];
		row->offset = total ? total : i * 8;
		total += total || i ? (row->bytes + 7) / 8 * 8 : 0;
	}
	made->row[first - 1].bytes = strcmp(structure, "list") ? total : 16;
}

static void add_entry(struct made *made, struct descriptor *d, const char *label, uint64_t paddr, uint64_t bytes, uint64_t count,
		      uint64_t stride)
{
	uint64_t entry = DUMP_PAGE + (uint64_t)((uint8_t *)&d->entry[d->entries] - (uint8_t *)d);
	memcpy(made->ram + entry, label, strlen(label));
	put(made, entry + offsetof(struct descriptor_entry, paddr), 8, paddr);
	put(made, entry + offsetof(struct descriptor_entry, bytes), 8, bytes);
	put(made, entry + offsetof(struct descriptor_entry, count), 8, count);
	put(made, entry + offsetof(struct descriptor_entry, stride), 8, stride);
	d->entries++;
}

/* Places of what is in the image, in pages. */
enum place {
	AT_LAYOUT = 2,
	AT_HEADS = 10,
	AT_THREADS,
	AT_THREAD,
	AT_PROCESS,
	AT_MAPPING,
	AT_OBJECT,
	AT_CHUNKS,
	AT_CHUNK,
	AT_HANDLES,
	AT_HANDLE,
	AT_LOG,
	AT_TABLES, /* four of them */
	AT_CPU = AT_TABLES + 4,
	AT_RCU,
	AT_HASH,
};

static uint64_t place(enum place page)
{
	return (uint64_t)page * DUMP_PAGE;
}

static void make_layout(struct made *made)
{
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		lay_out(made, records[i]);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		made->row[made->rows++] = numbers[i];
	for (unsigned i = 0; i < made->rows; i++) {
		uint64_t to = place(AT_LAYOUT) + i * sizeof(struct layout_row);
		memcpy(made->ram + to, &made->row[i], sizeof(struct layout_row));
		put(made, to + offsetof(struct layout_row, offset), 4, made->row[i].offset);
		put(made, to + offsetof(struct layout_row, bytes), 4, made->row[i].bytes);
	}
}

/* One thread, which waits for thread 9, of one process. */
static void make_thread(struct made *made)
{
	uint64_t thread = place(AT_THREAD), process = place(AT_PROCESS);
	put(made, place(AT_THREADS) + 24, 8, DIRECT + thread);
	set(made, "thread", thread, "id", 7);
	set(made, "thread", thread, "state", 2);
	set(made, "thread", thread, "blocked_for", SWITCH_JOIN);
	set(made, "thread", thread, "wait_key", 9);
	set(made, "thread", thread, "wake_at", UINT64_MAX);
	set(made, "thread", thread, "aspace", DIRECT + process);
	memcpy(made->ram + at(made, "thread", thread, "name"), "waiter", 6);
	link_one(made, place(AT_HEADS), 0);
	link_one(made, place(AT_HEADS) + 16, 0);
	link_one(made, place(AT_HEADS) + 32, at(made, "aspace", process, "process_node"));
	/* The head is part of the kernel image, and the process of other memory. */
	put(made, at(made, "aspace", process, "process_node"), 8, IMAGE + place(AT_HEADS) + 32);
	put(made, at(made, "aspace", process, "process_node") + 8, 8, IMAGE + place(AT_HEADS) + 32);
	put(made, place(AT_HEADS), 8, IMAGE + place(AT_HEADS));
	put(made, place(AT_HEADS) + 8, 8, IMAGE + place(AT_HEADS));
	put(made, place(AT_HEADS) + 16, 8, IMAGE + place(AT_HEADS) + 16);
	put(made, place(AT_HEADS) + 24, 8, IMAGE + place(AT_HEADS) + 16);
}

static void make_process(struct made *made)
{
	uint64_t process = place(AT_PROCESS), segment = at(made, "aspace", process, "segments"), mapping = place(AT_MAPPING);
	uint64_t object = place(AT_OBJECT);
	set(made, "aspace", process, "id", 3);
	memcpy(made->ram + at(made, "aspace", process, "name"), "made up", 7);
	set(made, "aspace", process, "space.id", 3);
	set(made, "aspace", process, "started", 1);
	set(made, "aspace", process, "threads", 1);
	set(made, "aspace", process, "space.words", place(AT_TABLES));
	set(made, "segment", segment, "kind", SEGMENT_BASE);
	set(made, "segment", segment, "bytes", UINT64_C(1) << 40);
	link_one(made, at(made, "segment", segment, "mappings"), at(made, "mapping", mapping, "node"));
	set(made, "mapping", mapping, "start", 0x10000000);
	set(made, "mapping", mapping, "bytes", 2 * DUMP_PAGE);
	set(made, "mapping", mapping, "rights", 5);
	set(made, "mapping", mapping, "rights_max", 7);
	set(made, "mapping", mapping, "object", DIRECT + object);
	set(made, "kobj", at(made, "vm_object", object, "kobj"), "id", 21);
	set(made, "kobj", at(made, "vm_object", object, "kobj"), "references", 1);
	set(made, "vm_object", object, "pages", 2);
	set(made, "vm_object", object, "present", 1);
	set(made, "vm_object", object, "chunks", DIRECT + place(AT_CHUNKS));
	link_one(made, at(made, "vm_object", object, "mappings"), 0);
	link_one(made, at(made, "vm_object", object, "requests"), 0);
	put(made, place(AT_CHUNKS), 8, DIRECT + place(AT_CHUNK));
	put(made, place(AT_CHUNK) + 8, 8, 0x5000 | SLOT_DIRTY);
}

/* A handle of the object, and one thing that waits to be freed. */
static void make_handle(struct made *made)
{
	uint64_t handle = place(AT_HANDLE), table = at(made, "aspace", place(AT_PROCESS), "handles.handles");
	put(made, table, 8, DIRECT + place(AT_HANDLES));
	put(made, place(AT_HANDLES) + 16, 8, DIRECT + handle);
	set(made, "handle", handle, "kobj", DIRECT + at(made, "vm_object", place(AT_OBJECT), "kobj"));
	set(made, "handle", handle, "rights", 0x43);
	set(made, "handle", handle, "number", 2);
	set(made, "handle", handle, "table", DIRECT + table);
	set(made, "cpu", place(AT_CPU), "online", 1);
	set(made, "cpu", place(AT_CPU), "idle", 1);
	set(made, "cpu", place(AT_CPU), "rcu.waiting", 1);
	set(made, "cpu", place(AT_CPU), "rcu.next.first", DIRECT + place(AT_RCU));
	set(made, "rcu_head", place(AT_RCU), "id", 77);
	set(made, "rcu_head", place(AT_RCU), "class", IMAGE + place(AT_RCU) + 64);
	set(made, "rcu_class", place(AT_RCU) + 64, "kind", RCU_ENDPOINT);
}

/* 0x10001000 in a tree of four levels, and 0x10001000 of space 3 in a hashed table of eight groups. */
static void make_tables(struct made *made)
{
	for (unsigned i = 0; i < 3; i++)
		put(made, place(AT_TABLES) + i * DUMP_PAGE + (i == 2 ? 128 * 8 : 0), 8,
		    place(AT_TABLES) + (i + 1) * DUMP_PAGE + 7);
	put(made, place(AT_TABLES) + 3 * DUMP_PAGE + 8, 8, 0x6000 | 0x25);
	uint64_t vsid = 3 * 64, page = 0x10001, group = (vsid ^ page) % 8;
	put(made, place(AT_HASH) + group * 128, 8, vsid << 24 | (page << 12 >> 16 & ~UINT64_C(0x7f)) | 1);
	put(made, place(AT_HASH) + group * 128 + 8, 8, 0x6000 | 0x100 | 1);
}

static void make_descriptor(struct made *made)
{
	struct descriptor d = {.entries = 0};
	uint64_t heads = place(AT_HEADS), words = heads + 1024;
	memcpy(made->ram + DUMP_PAGE, DESCRIPTOR_EYECATCHER, sizeof(DESCRIPTOR_EYECATCHER));
	add_entry(made, &d, "layout", place(AT_LAYOUT), sizeof(struct layout_row), made->rows, 0);
	add_entry(made, &d, "threads", place(AT_THREADS), 8, 16, 8);
	add_entry(made, &d, "run-queues", heads, 16, 1, 16);
	add_entry(made, &d, "sleepers", heads + 16, 16, 1, 16);
	add_entry(made, &d, "processes", heads + 32, 16, 1, 0);
	add_entry(made, &d, "cpus", place(AT_CPU), 512, 1, 512);
	add_entry(made, &d, "kernel-log", place(AT_LOG), 256, 1, 0);
	add_entry(made, &d, "kernel-log-end", words, 8, 1, 0);
	add_entry(made, &d, "rcu-started", words + 8, 8, 1, 0);
	if (made->hash)
		add_entry(made, &d, "hash-table", place(AT_HASH), 128, 8, 128);
	put(made, words, 8, 256 + 6);
	put(made, words + 8, 8, 5);
	memset(made->ram + place(AT_LOG), 'x', 256);
	memcpy(made->ram + place(AT_LOG), "round\n", 6);
#define WORD(field) DUMP_PAGE + offsetof(struct descriptor, field), sizeof(d.field)
	put(made, WORD(byte_order), DESCRIPTOR_BYTE_ORDER);
	put(made, WORD(schema_hash), schema_hash());
	put(made, WORD(verdict), VERDICT_DEADLOCK);
	put(made, WORD(direct_offset), DIRECT);
	put(made, WORD(image_offset), IMAGE);
	put(made, WORD(entries), d.entries);
#undef WORD
	strcpy((char *)made->ram + DUMP_PAGE + offsetof(struct descriptor, mmu), made->hash ? "hash" : "radix4");
}

static struct made *make(bool swapped, bool hash)
{
	struct made *made = calloc(1, sizeof(*made));
	assert_non_null(made);
	made->swapped = swapped;
	made->hash = hash;
	make_layout(made);
	make_thread(made);
	make_process(made);
	make_handle(made);
	make_tables(made);
	make_descriptor(made);
	made->file = memfd_create("ram", MFD_CLOEXEC);
	assert_true(made->file >= 0 && write(made->file, made->ram, BYTES) == BYTES);
	snprintf(made->path, sizeof(made->path), "/proc/self/fd/%d", made->file);
	return made;
}

static void done(struct made *made)
{
	close(made->file);
	free(made);
}

/* ---- what is said of it ---- */

/* The dump goes to shell_output; what is said on stderr goes away. */
static int dump(const char *path)
{
	FILE *out = fmemopen(shell_output, sizeof(shell_output), "w");
	assert_non_null(out);
	int code = dump_print(out, path, ALL, 10);
	fclose(out);
	shell_output[sizeof(shell_output) - 1] = '\0';
	return code;
}

static void sound(bool swapped, bool hash)
{
	struct made *made = make(swapped, hash);
	int code = dump(made->path);
	if (code)
		fprintf(stderr, "%s", shell_output);
	assert_int_equal(code, 0);
	assert_true(shell_said(
		"     7  waiter            made up (3)             0  blocked  waits for a thread to end: thread 9\n"));
	assert_true(shell_said(
		"  base     0x000010000000  0x000010002000       2  r-x  rwx      21       0  zeros, until somebody writes\n"));
	assert_true(shell_said("      21       2        1     1         0  zeros, until somebody writes; 1 present, changed\n"));
	assert_true(shell_said("       2  object       21  rw----g     1     -\n"));
	assert_true(shell_said("      next     an endpoint, id 77\n"));
	assert_true(shell_said("  cpu 0  ready     nobody\n"));
	assert_true(shell_said("xround\n"));
	if (hash)
		assert_true(shell_said("made up (3)           0x000010001000  0x000006000  r-x  R-    0\n  1 of 64 entries"));
	else
		assert_true(shell_said("    0x000010001000  0x000010002000       1  r-x                   1      0  0x6000\n"));
	done(made);
}

static void test_little_endian(void **state)
{
	(void)state;
	sound(false, false);
}

static void test_big_endian(void **state)
{
	(void)state;
	sound(true, true);
}

/* Changes a word of a sound image: the dump says so where it stands, and all that is elsewhere. */
static void test_damage_is_told_and_the_rest_stays(void **state)
{
	(void)state;
	static const char rest[] = "waits for a thread to end: thread 9";
	struct made *made = make(false, false);
	uint64_t node = at(made, "mapping", place(AT_MAPPING), "node"), chunk = place(AT_CHUNKS), loop = place(AT_RCU);
	const struct {
		uint64_t paddr, value;
		const char *said;
	} damages[] = {
		{node + 8, DIRECT + 8, "(corrupt: mappings: the next element does not point back"},
		{node, 0x123456789abcdef0, "(corrupt: mappings: a link leads out of the image"},
		{chunk, 0x10, "(corrupt: 1 chunks of its slots cannot be read)"},
		{place(AT_HANDLES) + 24, DIRECT + BYTES, "(corrupt: handle 3 is not at 0xffff800000040000)"},
		{place(AT_TABLES) + 8, place(AT_TABLES) + 7, "is reached twice)"},
		{loop + row_of(made, "rcu_head", "next")->offset, DIRECT + loop, "(corrupt: next: the list does not end)"},
	};
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		uint64_t before;
		memcpy(&before, made->ram + damages[i].paddr, 8);
		assert_int_equal(pwrite(made->file, &damages[i].value, 8, (off_t)damages[i].paddr), 8);
		assert_int_equal(dump(made->path), 1);
		assert_true(shell_said(damages[i].said));
		assert_true(shell_said(rest));
		assert_int_equal(pwrite(made->file, &before, 8, (off_t)damages[i].paddr), 8);
	}
	assert_int_equal(dump(made->path), 0);
	done(made);
}

static void test_a_field_that_is_missing_is_named(void **state)
{
	(void)state;
	struct made *made = make(false, false);
	const struct layout_row *row = row_of(made, "thread", "wait_key");
	off_t place_of_row = (off_t)(place(AT_LAYOUT) + (uint64_t)(row - made->row) * sizeof(*row));
	assert_int_equal(pwrite(made->file, "gone", 5, place_of_row), 5);
	assert_int_equal(dump(made->path), 1);
	assert_true(shell_said("(this kernel does not tell thread.wait_key: its layout table has no such row)"));
	assert_true(shell_said("waits for a thread to end: any\n"));
	done(made);
}

/* An image without processes says why it is so empty, where that matters, and in the words of the verdict. */
static void test_what_has_ended_is_said(void **state)
{
	(void)state;
	static const struct {
		enum verdict verdict;
		const char *said;
	} ends[] = {
		{VERDICT_FINISHED, "\n(all processes had ended when the run did"},
		{VERDICT_CRASHED, "\n(all processes had ended when the run did"},
		{VERDICT_REFUSED, "\n(there is no process, so there are no threads"},
	};
	struct made *made = make(false, false);
	uint64_t list = place(AT_HEADS) + 32;
	assert_int_equal(dump(made->path), 0);
	assert_null(strstr(shell_output, "(all processes"));
	memset(made->ram + place(AT_THREADS), 0, 16 * 8);
	put(made, list, 8, IMAGE + list);
	put(made, list + 8, 8, IMAGE + list);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		put(made, DUMP_PAGE + offsetof(struct descriptor, verdict), 8, ends[i].verdict);
		assert_int_equal(pwrite(made->file, made->ram, BYTES, 0), BYTES);
		assert_int_equal(dump(made->path), 0);
		assert_true(shell_said(ends[i].said));
	}
	done(made);
}

static char build[512];

/* What is no image at all: a sentence and an exit code. */
static void test_what_is_no_image(void **state)
{
	(void)state;
	char path[] = "/tmp/test_dump.XXXXXX";
	int file = mkstemp(path);
	assert_int_equal(shell("%s/asan/vitrine dump /nonexistent", build), 1);
	assert_true(shell_said("/nonexistent: there is no RAM image: No such file or directory"));
	assert_int_equal(shell("%s/asan/vitrine dump /tmp/", build), 1);
	assert_int_equal(shell("%s/asan/vitrine dump %s", build, path), 1);
	assert_true(shell_said("is no RAM image: not a file of at least a page"));
	assert_int_equal(ftruncate(file, BYTES), 0);
	assert_int_equal(shell("%s/asan/vitrine dump %s", build, path), 1);
	assert_true(shell_said("no page of it starts with the eyecatcher"));
	assert_int_equal(pwrite(file, "VITRINE-GLASS-9", 16, DUMP_PAGE), 16);
	assert_int_equal(shell("%s/asan/vitrine dump %s", build, path), 1);
	assert_true(shell_said("the descriptor is damaged, or of a kernel of another version"));
	struct made *made = make(false, false);
	assert_int_equal(pwrite(file, made->ram, BYTES, 0), BYTES);
	assert_int_equal(shell("%s/asan/vitrine dump %s", build, path), 0);
	assert_int_equal(shell("%s/asan/vitrine dump %s thread", build, path), 2);
	assert_true(shell_said("did you mean `threads`?"));
	assert_int_equal(shell("%s/asan/vitrine dump %s --events x", build, path), 2);
	assert_int_equal(pwrite(file, "another!", 8, DUMP_PAGE + offsetof(struct descriptor, schema_hash)), 8);
	assert_int_equal(shell("%s/asan/vitrine dump %s", build, path), 1);
	assert_true(shell_said("the kernel was built from another trace/events.h"));
	assert_int_equal(ftruncate(file, AT_THREADS * DUMP_PAGE), 0);
	assert_int_equal(shell("%s/asan/vitrine dump %s", build, path), 1);
	assert_true(shell_said("places are damaged"));
	assert_int_equal(ftruncate(file, 3 * DUMP_PAGE), 0);
	assert_int_equal(shell("%s/asan/vitrine dump %s", build, path), 1);
	assert_true(shell_said("the kernel's layout table does not lie in the image"));
	done(made);
	close(file);
	unlink(path);
}

/* ---- damage at random ---- */

static uint64_t random_number(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Dumps variants of the image, each with some words overwritten, from page `first` on; it is whole again afterwards. Returns how many told damage. */
static unsigned fuzz(int file, uint64_t first, uint64_t bytes, unsigned variants)
{
	char path[40];
	unsigned told = 0;
	FILE *out = fopen("/dev/null", "w");
	assert_non_null(out);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	for (uint64_t variant = 1; variant <= variants; variant++) {
		uint64_t seed = variant * 0x9e3779b97f4a7c15, where[16], before[16];
		unsigned words = 1 + variant % 16;
		for (unsigned i = 0; i < words; i++) {
			/* A place, and nonsense of several kinds: small, a bit changed, an address that may be one, anything. */
			where[i] = first + random_number(&seed) % (bytes - first) / 8 * 8;
			assert_int_equal(pread(file, &before[i], 8, (off_t)where[i]), 8);
			uint64_t any = random_number(&seed);
			uint64_t value = i % 4 == 0   ? any % 64
					 : i % 4 == 1 ? before[i] ^ UINT64_C(1) << any % 64
					 : i % 4 == 2 ? DIRECT + any % bytes
						      : any;
			assert_int_equal(pwrite(file, &value, 8, (off_t)where[i]), 8);
		}
		told += dump_print(out, path, ALL, 10) != 0;
		for (unsigned i = words; i-- > 0;)
			assert_int_equal(pwrite(file, &before[i], 8, (off_t)where[i]), 8);
	}
	fclose(out);
	return told;
}

static void test_damage_anywhere(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct made *made = make(i, i);
		unsigned told = fuzz(made->file, DUMP_PAGE, place(AT_HASH) + DUMP_PAGE, VARIANTS);
		printf("%u of %u variants told damage\n", told, VARIANTS);
		assert_in_range(told, VARIANTS / 20, VARIANTS - 1);
		assert_int_equal(dump(made->path), 0);
		done(made);
	}
}

/* Damages the image of a real run, where its kernel is and keeps its records: in the first 16 MiB that are not empty. */
static int fuzz_real(const char *path)
{
	static uint8_t chunk[1 << 16];
	int from = open(path, O_RDONLY | O_CLOEXEC), file = memfd_create("ram", MFD_CLOEXEC);
	off_t size = from < 0 ? -1 : lseek(from, 0, SEEK_END), start, end = 0;
	if (size < BYTES || file < 0 || ftruncate(file, size) != 0)
		return fprintf(stderr, "%s: no image\n", path), 1;
	while ((start = lseek(from, end, SEEK_DATA)) >= 0) {
		end = lseek(from, start, SEEK_HOLE);
		for (off_t at_byte = start; at_byte < end;) {
			ssize_t got = pread(from, chunk, sizeof(chunk), at_byte);
			if (got <= 0 || pwrite(file, chunk, (size_t)got, at_byte) != got)
				return 1;
			at_byte += got;
		}
	}
	unsigned told = fuzz(file, 0, UINT64_C(6) << 20, VARIANTS_OF_REAL);
	printf("%s: %u of %u variants told damage\n", path, told, VARIANTS_OF_REAL);
	close(from);
	close(file);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_little_endian),
		cmocka_unit_test(test_big_endian),
		cmocka_unit_test(test_damage_is_told_and_the_rest_stays),
		cmocka_unit_test(test_a_field_that_is_missing_is_named),
		cmocka_unit_test(test_what_has_ended_is_said),
		cmocka_unit_test(test_what_is_no_image),
		cmocka_unit_test(test_damage_anywhere),
	};
	int bad = 0;
	if (argc < 2)
		return 2;
	for (int i = 2; i < argc; i++)
		bad |= fuzz_real(argv[i]);
	if (argc > 2)
		return bad;
	snprintf(build, sizeof(build), "%s", argv[1]);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	printf("tools dump         %zu tests, %d failed\n", sizeof(tests) / sizeof(tests[0]), failed);
	return failed != 0;
}
