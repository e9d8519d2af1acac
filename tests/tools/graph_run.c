/*
 * The small run of graph_run.h: a table of steps, a microsecond each.
 */
#include "graph_run.h"

#include <byteswap.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernel/abi/descriptor.h"
#include "../../kernel/abi/message.h"
#include "../../kernel/abi/trace_enums.h"
#include "../../kernel/abi/trace_ring.h"
#include "../../trace/format.h"
#include "../../trace/schema.h"
#include "../../trace/writer.h"

#define CLIENT UINT64_C(0x636c69656e740000) /* "client" */
#define SERVER UINT64_C(0x7365727665720000) /* "server" */
#define MAIN UINT64_C(0x6d61696e00000000)   /* "main" */
#define READER UINT64_C(0x7265616465720000) /* "reader" */
#define WEIRD UINT64_C(0x3c623e26225c4c0a)  /* "<b>&", a quote, a backslash, "L" and a newline */
#define TEXT UINT64_C(0x20000000)           /* a page in segment 0 */
#define VIEW UINT64_C(0x100000001000)       /* and one in segment 16 */
#define SECOND (UINT64_C(1) << 31)

/* The machine a step belongs to. */
enum { BOTH, TREE, HASH };

static const struct step {
	unsigned machine, cpu;
	const char *event;
	uint64_t field[6];
} steps[] = {
	/* the boot */
	{BOTH, 0, "boot_phase", {BOOT_PHASE_ENTRY, 1500}},
	{BOTH, 0, "boot_phase", {BOOT_PHASE_LOCK, 400}},
	{BOTH, 0, "boot_phase", {BOOT_PHASE_MEMORY}},
	{BOTH, 0, "cpu_online", {0}},
	{BOTH, 0, "boot_phase", {BOOT_PHASE_STARTED}},
	{BOTH, 0, "boot_phase", {BOOT_PHASE_UNLOCK}},
	{BOTH, 1, "boot_phase", {BOOT_PHASE_ENTRY, 800}},
	{BOTH, 1, "boot_phase", {BOOT_PHASE_LOCK, 700}},
	{BOTH, 1, "boot_phase", {BOOT_PHASE_UNLOCK}},
	{BOTH, 1, "cpu_online", {4}},
	{BOTH, 1, "boot_phase", {BOOT_PHASE_BARRIER}},
	{BOTH, 0, "cpu_missing", {2, 8, MISSING_SILENT}},
	{BOTH, 0, "boot_phase", {BOOT_PHASE_BARRIER}},
	{BOTH, 1, "boot_phase", {BOOT_PHASE_CLOCK}},
	{BOTH, 0, "clock_check", {1, (uint64_t)-5, 7, 16}},
	{BOTH, 0, "boot_phase", {BOOT_PHASE_PROGRAM}},
	{BOTH, 0, "boot_phase", {BOOT_PHASE_INFORMATION}},
	{BOTH, 1, "boot_phase", {BOOT_PHASE_SCHEDULER}},
	{BOTH, 0, "boot_phase", {BOOT_PHASE_SCHEDULER}},
	/* two processes */
	{BOTH, 0, "aspace_create", {1, CLIENT}},
	{TREE, 0, "mmu_table", {1, 0x1000, 4}},
	{BOTH, 0, "thread_create", {10, 1, 0, 3, MAIN}},
	{BOTH, 0, "thread_create", {11, 1, 10, 3, READER}},
	{BOTH, 0, "thread_create", {12, 1, 10, 3, READER}},
	{BOTH, 0, "thread_create", {13, 1, 10, 3, WEIRD}},
	{BOTH, 0, "aspace_create", {2, SERVER}},
	{BOTH, 0, "thread_create", {20, 2, 10, 3, MAIN}},
	{BOTH, 1, "endpoint_create", {20, 5}},
	/* POWER: the segment first */
	{HASH, 0, "fault_begin", {0x101, 10, TEXT, 0x400, 0, FAULT_KIND_SEGMENT}},
	{HASH, 0, "fault_segment", {0x101, 10, SEGMENT_BASE, 0}},
	{HASH, 0, "mmu_segment", {1, 0, 64, 1}},
	{HASH, 0, "fault_end", {0x101, 10, FAULT_SEGMENT_LOADED}},
	/* a page of zeros */
	{BOTH, 0, "fault_begin", {0x100, 10, TEXT, 0x400, 1, FAULT_KIND_MISSING}},
	{BOTH, 0, "fault_segment", {0x100, 10, SEGMENT_BASE, 0}},
	{BOTH, 0, "fault_mapping", {0x100, 10, TEXT, 0x10000, 3, 7}},
	{BOTH, 0, "fault_slot", {0x100, 10, 7, 0, 0}},
	{BOTH, 0, "fault_zero_fill", {0x100, 10, 0x8000}},
	{TREE, 0, "mmu_table", {1, 0x2000, 3}},
	{TREE, 0, "mmu_table", {1, 0x3000, 2}},
	{TREE, 0, "mmu_table", {1, 0x4000, 1}},
	{TREE, 0, "mmu_map", {1, TEXT, 0x8000, 3, 4}},
	{HASH, 0, "mmu_map", {1, TEXT, 0x8000, 3, 64 << 8}},
	{BOTH, 0, "fault_end", {0x100, 10, FAULT_ZERO_FILLED}},
	/* its neighbour, twice: the second time it was there */
	{TREE, 0, "mmu_map", {1, TEXT + 0x1000, 0x9000, 3, 4}},
	{HASH, 0, "mmu_map", {1, TEXT + 0x1000, 0x9000, 3, 65 << 8}},
	{BOTH, 0, "fault_begin", {0x102, 11, TEXT + 0x1000, 0x404, 1, FAULT_KIND_PROTECTION}},
	{BOTH, 0, "fault_segment", {0x102, 11, SEGMENT_BASE, 0}},
	{BOTH, 0, "fault_mapping", {0x102, 11, TEXT, 0x10000, 3, 7}},
	{BOTH, 0, "fault_slot", {0x102, 11, 7, 1, 0}},
	{TREE, 0, "mmu_map", {1, TEXT + 0x1000, 0x9000, 3, 4}},
	{HASH, 0, "mmu_map", {1, TEXT + 0x1000, 0x9000, 3, 65 << 8}},
	{BOTH, 0, "fault_end", {0x102, 11, FAULT_MAPPED}},
	/* a page that the server brings */
	{BOTH, 0, "fault_begin", {0x200, 11, VIEW, 0x408, 0, FAULT_KIND_MISSING}},
	{BOTH, 0, "fault_segment", {0x200, 11, SEGMENT_VIEW, 0x100000000000}},
	{BOTH, 0, "fault_mapping", {0x200, 11, VIEW, 0x4000, 1, 8}},
	{BOTH, 0, "fault_slot", {0x200, 11, 8, 0, 0}},
	{BOTH, 0, "ipc_send", {0x200, 11, 5, MESSAGE_PAGE_READ}},
	{BOTH, 0, "fault_wait", {0x200, 11, 0x200, 8, 0, 1}},
	{BOTH, 1, "ipc_receive", {0x200, 20, 5, MESSAGE_PAGE_READ}},
	{BOTH, 1, "ipc_reply", {0x200, 20, 5, REPLY_OK, 0}},
	{BOTH, 1, "fault_resume", {0x200, 11, 0x200}},
	{TREE, 1, "mmu_table", {1, 0x5000, 3}},
	{TREE, 1, "mmu_table", {1, 0x6000, 2}},
	{TREE, 1, "mmu_table", {1, 0x7000, 1}},
	{TREE, 1, "mmu_map", {1, VIEW, 0xa000, 1, 4}},
	{HASH, 1, "mmu_segment", {1, 16, 80, 2}},
	{HASH, 1, "mmu_map", {1, VIEW, 0xa000, 1, 81 << 8}},
	{BOTH, 1, "fault_end", {0x200, 11, FAULT_PROVIDED}},
	/* POWER: one by the second hash, and one that has to leave for another */
	{HASH, 1, "mmu_map", {1, VIEW + 0x800000, 0xb000, 1, SECOND | (2047 - 81) << 8 | 3}},
	{HASH, 1, "mmu_evict", {1, VIEW + 0x800000, 2047 - 81, 3, 2, 1}},
	{HASH, 1, "mmu_map", {1, VIEW + 0x1000000, 0xc000, 3, SECOND | (2047 - 81) << 8 | 3}},
	/* an address that nobody answers for */
	{BOTH, 0, "fault_begin", {0x300, 12, UINT64_C(0xffff800000000000), 0x40c, 0, FAULT_KIND_MISSING}},
	{BOTH, 0, "fault_end", {0x300, 12, FAULT_KILLED}},
	/* messages: two that are answered, one that is dropped, one of a device */
	{BOTH, 0, "ipc_send", {0x400, 10, 5, 1}},
	{BOTH, 0, "ipc_send", {0x401, 13, 5, 1}},
	{BOTH, 1, "ipc_receive", {0x400, 20, 5, 1}},
	{BOTH, 1, "ipc_reply", {0x400, 20, 5, 0, 10}},
	{BOTH, 0, "ipc_send", {0x402, 10, 5, 2}},
	{BOTH, 1, "ipc_cancel", {0x401, 13, 5}},
	{BOTH, 1, "ipc_receive", {0x402, 20, 5, 2}},
	{BOTH, 1, "ipc_reply", {0x402, 20, 5, 0, 10}},
	{BOTH, 1, "irq_deliver", {0x500, 36, 5, 1}},
	{BOTH, 1, "ipc_receive", {0x500, 20, 5, MESSAGE_INTERRUPT}},
	{BOTH, 1, "ipc_reply", {0x500, 20, 5, 0, 0}},
	/* the end */
	{BOTH, 0, "mmu_unmap", {1, TEXT, 16}},
	{BOTH, 0, "aspace_destroy", {1}},
	{BOTH, 0, "run_end", {VERDICT_FINISHED, 0}},
};

static void add(struct writer *writer, const struct step *step, uint64_t ticks, bool swapped)
{
	const struct event_schema *event = schema_event_named(step->event);
	uint64_t slot[TRACE_SLOT_WORDS] = {ticks};
	slot[1] = trace_header((uint32_t)writer_next_sequence(writer, step->cpu), step->cpu, event->id, event->fields + 2);
	memcpy(slot + 2, step->field, event->fields * sizeof(uint64_t));
	for (unsigned i = 0; swapped && i < TRACE_SLOT_WORDS; i++)
		slot[i] = bswap_64(slot[i]);
	writer_add_slots(writer, step->cpu, slot, 1);
}

void graph_run_store(const char *path, bool hash, unsigned categories)
{
	struct format_header header = {
		.program = "small",
		.build_id = "build",
		.clock_hz = 1000000000,
		.boot_ticks = 10000,
		.user_ticks = 12000,
		.categories = categories,
		.verdict = VERDICT_FINISHED,
		.ending = ENDING_FINISHED,
		.flags = FORMAT_FLAG_ICOUNT,
		.cpus_online = 2,
	};
	strcpy(header.machine, hash ? "ppc64" : "x86_64");
	strcpy(header.mmu, hash ? "hash" : "radix4");
	struct writer *writer = writer_open("/tmp", 2, hash);
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].machine == BOTH || steps[i].machine == (hash ? HASH : TREE))
			add(writer, &steps[i], header.boot_ticks + 1000 * (uint64_t)(i + 1), hash);
	writer_store(writer, &header, path);
	writer_close(writer);
}
