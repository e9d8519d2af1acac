/*
 * A made-up RAM image: see made_image.h.
 *
 * Invariant: what is made is sound, and small: each page has one purpose, and each record is one that the others lead to.
 */
#include "made_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../kernel/abi/trace_enums.h"
#include "../../trace/schema.h"

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

void made_put(struct made *made, uint64_t paddr, unsigned bytes, uint64_t value)
{
	assert_true(paddr + bytes <= BYTES);
	for (unsigned i = 0; i < bytes; i++)
		made->ram[paddr + i] = (uint8_t)(value >> 8 * (made->swapped ? bytes - 1 - i : i));
}

const struct layout_row *made_row(const struct made *made, const char *structure, const char *field)
{
	for (unsigned i = 0; i < made->rows; i++)
		if (!strcmp(made->row[i].structure, structure) && !strcmp(made->row[i].field, field))
			return &made->row[i];
	fail_msg("%s.%s", structure, field);
	return NULL;
}

static void set(struct made *made, const char *structure, uint64_t paddr, const char *field, uint64_t value)
{
	const struct layout_row *row = made_row(made, structure, field);
	made_put(made, paddr + row->offset, row->bytes > 8 ? 8 : row->bytes, value);
}

/* A list of one element, or of none. Both places are physical. */
static void link_one(struct made *made, uint64_t head, uint64_t node)
{
	uint64_t other = node ? node : head;
	made_put(made, head, 8, DIRECT + other);
	made_put(made, head + 8, 8, DIRECT + other);
	made_put(made, other, 8, DIRECT + head);
	made_put(made, other + 8, 8, DIRECT + head);
}

uint64_t made_at(const struct made *made, const char *structure, uint64_t paddr, const char *field)
{
	return paddr + made_row(made, structure, field)->offset;
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
	made_put(made, entry + offsetof(struct descriptor_entry, paddr), 8, paddr);
	made_put(made, entry + offsetof(struct descriptor_entry, bytes), 8, bytes);
	made_put(made, entry + offsetof(struct descriptor_entry, count), 8, count);
	made_put(made, entry + offsetof(struct descriptor_entry, stride), 8, stride);
	d->entries++;
}

uint64_t made_place(enum place page)
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
		uint64_t to = made_place(AT_LAYOUT) + i * sizeof(struct layout_row);
		memcpy(made->ram + to, &made->row[i], sizeof(struct layout_row));
		made_put(made, to + offsetof(struct layout_row, offset), 4, made->row[i].offset);
		made_put(made, to + offsetof(struct layout_row, bytes), 4, made->row[i].bytes);
	}
}

/* One thread, which waits for thread 9, of one process. */
static void make_thread(struct made *made)
{
	uint64_t thread = made_place(AT_THREAD), process = made_place(AT_PROCESS);
	made_put(made, made_place(AT_THREADS) + 24, 8, DIRECT + thread);
	set(made, "thread", thread, "id", 7);
	set(made, "thread", thread, "state", 2);
	set(made, "thread", thread, "blocked_for", SWITCH_JOIN);
	set(made, "thread", thread, "wait_key", 9);
	set(made, "thread", thread, "wake_at", UINT64_MAX);
	set(made, "thread", thread, "aspace", DIRECT + process);
	memcpy(made->ram + made_at(made, "thread", thread, "name"), "waiter", 6);
	link_one(made, made_place(AT_HEADS), 0);
	link_one(made, made_place(AT_HEADS) + 16, 0);
	link_one(made, made_place(AT_HEADS) + 32, made_at(made, "aspace", process, "process_node"));
	/* The head is part of the kernel image, and the process of other memory. */
	made_put(made, made_at(made, "aspace", process, "process_node"), 8, IMAGE + made_place(AT_HEADS) + 32);
	made_put(made, made_at(made, "aspace", process, "process_node") + 8, 8, IMAGE + made_place(AT_HEADS) + 32);
	made_put(made, made_place(AT_HEADS), 8, IMAGE + made_place(AT_HEADS));
	made_put(made, made_place(AT_HEADS) + 8, 8, IMAGE + made_place(AT_HEADS));
	made_put(made, made_place(AT_HEADS) + 16, 8, IMAGE + made_place(AT_HEADS) + 16);
	made_put(made, made_place(AT_HEADS) + 24, 8, IMAGE + made_place(AT_HEADS) + 16);
}

static void make_process(struct made *made)
{
	uint64_t process = made_place(AT_PROCESS), segment = made_at(made, "aspace", process, "segments"),
		 mapping = made_place(AT_MAPPING);
	uint64_t object = made_place(AT_OBJECT);
	set(made, "aspace", process, "id", 3);
	memcpy(made->ram + made_at(made, "aspace", process, "name"), "made up", 7);
	set(made, "aspace", process, "space.id", 3);
	set(made, "aspace", process, "started", 1);
	set(made, "aspace", process, "threads", 1);
	set(made, "aspace", process, "space.words", made_place(AT_TABLES));
	set(made, "segment", segment, "kind", SEGMENT_BASE);
	set(made, "segment", segment, "bytes", UINT64_C(1) << 40);
	link_one(made, made_at(made, "segment", segment, "mappings"), made_at(made, "mapping", mapping, "node"));
	set(made, "mapping", mapping, "start", 0x10000000);
	set(made, "mapping", mapping, "bytes", 2 * DUMP_PAGE);
	set(made, "mapping", mapping, "rights", 5);
	set(made, "mapping", mapping, "rights_max", 7);
	set(made, "mapping", mapping, "object", DIRECT + object);
	set(made, "kobj", made_at(made, "vm_object", object, "kobj"), "id", 21);
	set(made, "kobj", made_at(made, "vm_object", object, "kobj"), "references", 1);
	set(made, "vm_object", object, "pages", 2);
	set(made, "vm_object", object, "present", 1);
	set(made, "vm_object", object, "chunks", DIRECT + made_place(AT_CHUNKS));
	link_one(made, made_at(made, "vm_object", object, "mappings"), 0);
	link_one(made, made_at(made, "vm_object", object, "requests"), 0);
	made_put(made, made_place(AT_CHUNKS), 8, DIRECT + made_place(AT_CHUNK));
	made_put(made, made_place(AT_CHUNK) + 8, 8, 0x5000 | SLOT_DIRTY);
}

/* A handle of the object, and one thing that waits to be freed. */
static void make_handle(struct made *made)
{
	uint64_t handle = made_place(AT_HANDLE), table = made_at(made, "aspace", made_place(AT_PROCESS), "handles.handles");
	made_put(made, table, 8, DIRECT + made_place(AT_HANDLES));
	made_put(made, made_place(AT_HANDLES) + 16, 8, DIRECT + handle);
	set(made, "handle", handle, "kobj", DIRECT + made_at(made, "vm_object", made_place(AT_OBJECT), "kobj"));
	set(made, "handle", handle, "rights", 0x43);
	set(made, "handle", handle, "number", 2);
	set(made, "handle", handle, "table", DIRECT + table);
	set(made, "cpu", made_place(AT_CPU), "online", 1);
	set(made, "cpu", made_place(AT_CPU), "idle", 1);
	set(made, "cpu", made_place(AT_CPU), "rcu.waiting", 1);
	set(made, "cpu", made_place(AT_CPU), "rcu.next.first", DIRECT + made_place(AT_RCU));
	set(made, "rcu_head", made_place(AT_RCU), "id", 77);
	set(made, "rcu_head", made_place(AT_RCU), "class", IMAGE + made_place(AT_RCU) + 64);
	set(made, "rcu_class", made_place(AT_RCU) + 64, "kind", RCU_ENDPOINT);
}

/* 0x10001000 in a tree of four levels, and 0x10001000 of space 3 in a hashed table of eight groups. */
static void make_tables(struct made *made)
{
	for (unsigned i = 0; i < 3; i++)
		made_put(made, made_place(AT_TABLES) + i * DUMP_PAGE + (i == 2 ? 128 * 8 : 0), 8,
			 made_place(AT_TABLES) + (i + 1) * DUMP_PAGE + 7);
	made_put(made, made_place(AT_TABLES) + 3 * DUMP_PAGE + 8, 8, 0x6000 | 0x25);
	uint64_t vsid = 3 * 64, page = 0x10001, group = (vsid ^ page) % 8;
	made_put(made, made_place(AT_HASH) + group * 128, 8, vsid << 24 | (page << 12 >> 16 & ~UINT64_C(0x7f)) | 1);
	made_put(made, made_place(AT_HASH) + group * 128 + 8, 8, 0x6000 | 0x100 | 1);
}

static void make_descriptor(struct made *made)
{
	struct descriptor d = {.entries = 0};
	uint64_t heads = made_place(AT_HEADS), words = heads + 1024;
	memcpy(made->ram + DUMP_PAGE, DESCRIPTOR_EYECATCHER, sizeof(DESCRIPTOR_EYECATCHER));
	add_entry(made, &d, "layout", made_place(AT_LAYOUT), sizeof(struct layout_row), made->rows, 0);
	add_entry(made, &d, "threads", made_place(AT_THREADS), 8, 16, 8);
	add_entry(made, &d, "run-queues", heads, 16, 1, 16);
	add_entry(made, &d, "sleepers", heads + 16, 16, 1, 16);
	add_entry(made, &d, "processes", heads + 32, 16, 1, 0);
	add_entry(made, &d, "cpus", made_place(AT_CPU), 512, 1, 512);
	add_entry(made, &d, "kernel-log", made_place(AT_LOG), 256, 1, 0);
	add_entry(made, &d, "kernel-log-end", words, 8, 1, 0);
	add_entry(made, &d, "rcu-started", words + 8, 8, 1, 0);
	if (made->hash)
		add_entry(made, &d, "hash-table", made_place(AT_HASH), 128, 8, 128);
	made_put(made, words, 8, 256 + 6);
	made_put(made, words + 8, 8, 5);
	memset(made->ram + made_place(AT_LOG), 'x', 256);
	memcpy(made->ram + made_place(AT_LOG), "round\n", 6);
#define WORD(field) DUMP_PAGE + offsetof(struct descriptor, field), sizeof(d.field)
	made_put(made, WORD(byte_order), DESCRIPTOR_BYTE_ORDER);
	made_put(made, WORD(schema_hash), schema_hash());
	made_put(made, WORD(verdict), VERDICT_DEADLOCK);
	made_put(made, WORD(direct_offset), DIRECT);
	made_put(made, WORD(image_offset), IMAGE);
	made_put(made, WORD(entries), d.entries);
#undef WORD
	strcpy((char *)made->ram + DUMP_PAGE + offsetof(struct descriptor, mmu), made->hash ? "hash" : "radix4");
}

struct made *made_image(bool swapped, bool hash)
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

void made_done(struct made *made)
{
	close(made->file);
	free(made);
}
