/*
 * The .vtrace file: one run, as it lies on disk.
 *
 *     +----------------------+  0
 *     | struct format_header |  who ran, how, how it ended
 *     +----------------------+  sizeof(struct format_header)
 *     | struct format_cpu    |  one for each CPU that is present
 *     |  ...                 |
 *     +----------------------+  cpu[0].offset
 *     | records of CPU 0     |
 *     +----------------------+  cpu[1].offset = cpu[0].offset + cpu[0].bytes
 *     | records of CPU 1 ... |
 *     +----------------------+  the end of the file
 *
 * Every word is in the guest's byte order, which `byte_order` tells. A record is the used words of an event's slot, as
 * abi/trace_ring.h draws them: timestamp, header, fields. The sequence in the headers of a CPU counts up from 0 without a hole;
 * where events were lost stands a gap record, two words:
 *
 *     word 0   how many events were lost
 *     word 1   a header with event id 0, 2 words, and the sequence of the first one lost
 *
 * Teaches: a format a program can check. Each count is there twice, sections leave no hole, every byte is under a checksum, and
 * nothing of the host is stored: two runs of a deterministic guest give the same bytes. Who writes: writer.c. Who reads:
 * reader.c.
 */
#pragma once

#include <assert.h>
#include <stdint.h>

#define FORMAT_MAGIC "VITRINE-TRACE\r\n\x1a" /* 16 characters; the last three show a transfer that took it for text */
#define FORMAT_MAGIC_BYTES 16
#define FORMAT_BYTE_ORDER UINT64_C(0x0102030405060708)
#define FORMAT_VERSION 2

/* Limits a reader may rely on, so that a damaged count never makes it ask for much memory. */
#define FORMAT_CPUS_MAX 64
#define FORMAT_CLOCK_HZ_MAX UINT64_C(16000000000)

#define FORMAT_FLAG_ICOUNT 1u

/* How the host judged the end of the run. The numbers are stored; the third column is the exit code of `vitrine run`. */
#define ENDINGS(X)                                                                                                               \
	X(UNKNOWN, 0, 11, "unknown", "nobody said how the run ended")                                                            \
	X(FINISHED, 1, 0, "finished", "the program ended by itself")                                                             \
	X(CRASHED, 2, 3, "crashed", "the last thread of the program was killed for an illegal act")                              \
	X(DEADLOCK, 3, 4, "deadlock", "every CPU is idle, nothing is pending, and threads still wait")                           \
	X(LIVELOCK, 4, 5, "livelock", "a limit was reached, and at the end threads only took turns, without any work")           \
	X(SLOW, 5, 6, "slow", "a limit was reached while the program was still working")                                         \
	X(PANIC, 6, 7, "panic", "the kernel found a bug in itself")                                                              \
	X(REFUSED, 7, 8, "refused", "the kernel could not start the program")                                                    \
	X(TRIPLE_FAULT, 8, 9, "triple fault", "the machine gave up before the kernel could say anything")                        \
	X(HANG, 9, 10, "hang", "the time was up, and for the last part of it the guest showed no sign of life")                  \
	X(STOPPED, 10, 130, "stopped", "somebody stopped the run")                                                               \
	X(LIMIT, 11, 6, "limit", "a limit was reached; what the program did then was not traced (thread, syscall)")              \
	X(QEMU_FAILED, 12, 11, "QEMU failed", "QEMU itself ended with an error")                                                 \
	X(WAITING, 13, 12, "waiting", "a limit was reached while every CPU was idle: threads waited for a time or for a device")

#define ENDING_ENUM(name, number, exit_code, text, meaning) ENDING_##name = number,
enum ending { ENDINGS(ENDING_ENUM) ENDING_COUNT };
#undef ENDING_ENUM

struct format_header {
	char magic[FORMAT_MAGIC_BYTES];
	uint64_t byte_order;   /* FORMAT_BYTE_ORDER */
	uint32_t version;      /* FORMAT_VERSION */
	uint32_t header_bytes; /* of this struct and the CPU table: where the first record is */
	uint64_t checksum;     /* FNV-1a over those bytes, taken with 0 here */
	uint64_t schema_hash;  /* of the trace/events.h that the kernel was built from */
	char machine[16];      /* the strings as the descriptor has them (abi/descriptor.h) */
	char mmu[16];
	char program[32];
	char build_id[32];
	uint64_t clock_hz; /* 0 if the kernel never found out */
	uint64_t boot_ticks;
	uint64_t user_ticks;
	uint64_t end_ticks; /* the last event of any CPU */
	uint64_t seed;
	uint64_t categories;
	uint64_t exit_status; /* two's complement */
	uint32_t verdict;     /* enum verdict: what the guest said */
	uint32_t ending;      /* enum ending: what the host made of it */
	uint32_t flags;       /* FORMAT_FLAG_... */
	uint32_t cpus_online;
	uint32_t cpus; /* present: rows of the table */
	uint32_t zero;
	uint64_t events; /* recorded, over all CPUs */
	uint64_t lost;   /* over all CPUs */
};

struct format_cpu {
	uint64_t offset; /* of its first record in the file */
	uint64_t bytes;
	uint64_t events;
	uint64_t lost;
	uint64_t checksum; /* CRC-32 (zlib's crc32) over the bytes of its records, as they lie here */
};

/* The whole of what stands before the records, with room for the longest table. */
struct format_head {
	struct format_header header;
	struct format_cpu cpu[FORMAT_CPUS_MAX];
};

static_assert(sizeof(struct format_header) == 240, "no padding, the same on every host");
static_assert(sizeof(struct format_cpu) == 40, "no padding");

/* Continues FNV-1a, 64 bits, over `bytes` bytes; start with FORMAT_CHECKSUM_START. */
#define FORMAT_CHECKSUM_START UINT64_C(0xcbf29ce484222325)
static inline uint64_t format_checksum(uint64_t hash, const void *data, uint64_t bytes)
{
	const unsigned char *byte = data;
	while (bytes--)
		hash = (hash ^ *byte++) * UINT64_C(0x100000001b3);
	return hash;
}
