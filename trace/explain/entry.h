/*
 * Entries of page tables in words: see entry.c.
 */
#pragma once

#include "explain/explain.h"

struct hash_words {
	uint64_t v, r; /* doublewords 0 and 1 */
};

/* The entry that the back end makes for an mmu_map. In a hash: in this virtual segment. */
uint64_t entry_of_tree(const struct trace_event *map);
struct hash_words entry_of_hash(const struct trace_event *map, uint64_t vsid);

/* Doubleword 0 of a valid entry for an address in its primary group, without what is software's. */
uint64_t entry_hash_tag(uint64_t vsid, uint64_t address);

/* The entry and its bits by name, with a newline; of one that is not from memory nobody knows the bits that the hardware sets. */
void entry_print_tree(FILE *out, uint64_t entry, bool from_memory);
void entry_print_hash(FILE *out, struct hash_words entry, bool from_memory);
