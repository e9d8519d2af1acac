/*
 * The entries of page tables, bit by bit: of the tree (Intel SDM 3A, figure 4-11) and of the hash (Power ISA 3.0B Book III, "Page Table Entry").
 *
 * Teaches: two machines, the same questions of an entry: is it valid, which frame, who may do what. Who calls: walk.c, which makes entries from
 * the trace as the back ends make them (entry_make() of arch/x86_64/mmu_radix.c, flags_to_r() and entry_v() of arch/ppc64/mmu_hash.*), and
 * memory.c, which reads them. What the hardware sets by itself, accessed and dirty, R and C, only memory knows.
 */
#include "explain/entry.h"

#include <inttypes.h>

enum { FLAG_WRITE = 2, FLAG_EXEC = 4, FLAG_DEVICE = 8, FLAG_WIRED = 16 }; /* enum mmu_flags */

#define PRESENT UINT64_C(1)
#define WRITE UINT64_C(2)
#define USER UINT64_C(4)
#define UNCACHED UINT64_C(0x18)
#define ACCESSED UINT64_C(0x20)
#define DIRTY UINT64_C(0x40)
#define WIRED UINT64_C(0x200)
#define NO_EXECUTE (UINT64_C(1) << 63)

#define SECONDARY UINT64_C(2)
#define GUARDED_UNCACHED UINT64_C(0x28)
#define MEMORY UINT64_C(0x10)
#define HASH_NO_EXECUTE UINT64_C(0x4)
#define REFERENCED UINT64_C(0x100)
#define CHANGED UINT64_C(0x80)

uint64_t entry_of_tree(const struct trace_event *map)
{
	uint64_t flags = field_of(map, "flags");
	return field_of(map, "frame") | PRESENT | USER | (flags & FLAG_WRITE ? WRITE : 0) | (flags & FLAG_EXEC ? 0 : NO_EXECUTE) |
	       (flags & FLAG_DEVICE ? UNCACHED : 0) | (flags & FLAG_WIRED ? WIRED : 0);
}

struct hash_words entry_of_hash(const struct trace_event *map, uint64_t vsid)
{
	uint64_t flags = field_of(map, "flags"), secondary = field_of(map, "place") >> 31 & 1;
	uint64_t r = flags & FLAG_WRITE ? 2 : flags & (FLAG_EXEC | 1) ? 1 : 0;
	return (struct hash_words){
		.v = entry_hash_tag(vsid, field_of(map, "address")) | (secondary ? SECONDARY : 0),
		.r = field_of(map, "frame") | r | (flags & FLAG_EXEC ? 0 : HASH_NO_EXECUTE) |
		     (flags & FLAG_DEVICE ? GUARDED_UNCACHED : MEMORY),
	};
}

uint64_t entry_hash_tag(uint64_t vsid, uint64_t address)
{
	return vsid << 24 | ((address % (UINT64_C(1) << 40)) >> 16 & ~UINT64_C(0x7f)) | PRESENT;
}

void entry_print_tree(FILE *out, uint64_t entry, bool from_memory)
{
	fprintf(out, "0x%016" PRIx64 ": ", entry);
	if (!(entry & PRESENT)) {
		fputs("P not present\n", out);
		return;
	}
	fprintf(out, "frame 0x%" PRIx64 ", P present, %s, %s, %s%s", entry & UINT64_C(0x000ffffffffff000),
		entry & WRITE ? "W writable" : "W 0 read-only", entry & USER ? "U user" : "U 0 kernel only",
		entry & NO_EXECUTE ? "NX no execute" : "NX 0 executable",
		entry & UNCACHED ? ", PCD and PWT cache-inhibited" : "");
	if (from_memory)
		fprintf(out, ", %s, %s\n", entry & ACCESSED ? "A accessed" : "A 0 not accessed",
			entry & DIRTY ? "D dirty" : "D 0 clean");
	else
		fputs("; A and D: the hardware's, not in the trace\n", out);
}

void entry_print_hash(FILE *out, struct hash_words entry, bool from_memory)
{
	static const char *const rights[] = {"PP 0 no access", "PP 1 load only", "PP 2 load and store", "PP 3"};
	bool secondary = entry.v & SECONDARY;
	fprintf(out,
		"      doubleword 0  0x%016" PRIx64 ": AVA 0x%" PRIx64
		" (virtual address >> 23), H %d (its %s group), V %d (%s)\n",
		entry.v, entry.v >> 7, secondary, secondary ? "secondary" : "primary", (int)(entry.v & 1),
		entry.v & 1 ? "valid" : "not valid");
	fprintf(out, "      doubleword 1  0x%016" PRIx64 ": frame 0x%" PRIx64 ", %s, %s, %s", entry.r,
		entry.r & UINT64_C(0x03fffffffffff000),
		entry.r & GUARDED_UNCACHED ? "I and G (cache-inhibited, guarded)" : "M (ordinary memory)",
		entry.r & HASH_NO_EXECUTE ? "N 1 (no execute)" : "N 0 (executable)", rights[entry.r & 3]);
	if (from_memory)
		fprintf(out, ", %s, %s\n", entry.r & REFERENCED ? "R referenced" : "R 0 not referenced",
			entry.r & CHANGED ? "C changed" : "C 0 unchanged");
	else
		fputs("; R and C: the hardware's, not in the trace\n", out);
}
