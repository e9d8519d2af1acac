/*
 * The hashed page table as the hardware reads it, and the arithmetic both its files share.
 *
 * Teaches: how 78 bits of virtual address become one of 2048 groups and back.
 * Power ISA 3.0B Book III, "Segment Translation", "Hashed Page Table", "Page Table Entry".
 *
 *     effective address (a user's)        63      40 39                 12 11       0
 *                                        +----------+---------------------+----------+
 *                                        |   ESID   |   page in segment   |  byte    |     segments of 1 TiB
 *                                        +----------+---------------------+----------+
 *                                             | SLB: ESID -> VSID = space id * 64 + ESID
 *     virtual address   77               40 39                 12 11       0
 *                      +-------------------+---------------------+----------+
 *                      |       VSID        |   page in segment   |  byte    |
 *                      +-------------------+---------------------+----------+
 *     primary group = (VSID ^ VSID << 25 ^ page) mod 2048 = (VSID ^ page) mod 2048;    secondary group = ~primary mod 2048
 *
 *     entry, doubleword 0   63                          7 6       3 2 1 0
 *                          +-----------------------------+---------+-+-+-+
 *                          | AVA = virtual address >> 23 | software|L|H|V|     H: sits in its secondary group
 *                          +-----------------------------+---------+-+-+-+
 *     entry, doubleword 1   63    58                12      8 7 6  3 2 1 0
 *                          +-+---+-+-----------------+-----+-+-+----+-+--+
 *                          |0| 0 |B|   page frame    |  0  |R|C|WIMG|N|PP|     B = 1: segment of 1 TiB
 *                          +-+---+-+-----------------+-----+-+-+----+-+--+
 *
 * The eleven low bits of the page number are in no field of the entry: they are in the number of its group, so the address of
 * every entry can be recovered (entry_address()). An entry in hand says whose it is.
 */
#pragma once

#include "abi/status.h"
#include "mmu.h"
#include "types.h"

#define HASH_GROUPS UINT64_C(2048)
#define HASH_SLOTS 8u
#define HASH_ENTRIES (HASH_GROUPS * HASH_SLOTS)
#define HASH_TABLE_BYTES (HASH_ENTRIES * 16)

struct hash_entry {
	uint64_t v; /* doubleword 0 */
	uint64_t r; /* doubleword 1 */
};

struct hash_group {
	struct hash_entry entry[HASH_SLOTS];
};

#define ENTRY_VALID UINT64_C(0x1)
#define ENTRY_SECONDARY UINT64_C(0x2)
#define ENTRY_AGE UINT64_C(0x18) /* software: rounds of eviction it has not been used in, 0-3 */
#define ENTRY_AGE_ONE UINT64_C(0x08)
#define ENTRY_WAS_REFERENCED UINT64_C(0x20) /* software: R was seen set, and cleared to see whether it is set again */
#define ENTRY_WIRED UINT64_C(0x40)          /* software */
#define ENTRY_SOFTWARE UINT64_C(0x78)
#define ENTRY_AVA (~UINT64_C(0x7f))

#define ENTRY_SEGMENT_1T (UINT64_C(1) << 58)
#define ENTRY_FRAME UINT64_C(0x03fffffffffff000)
#define ENTRY_REFERENCED UINT64_C(0x100)
#define ENTRY_CHANGED UINT64_C(0x080)
#define ENTRY_UNCACHED UINT64_C(0x020) /* I */
#define ENTRY_MEMORY UINT64_C(0x010)   /* M */
#define ENTRY_GUARDED UINT64_C(0x008)  /* G */
#define ENTRY_NO_EXECUTE UINT64_C(0x004)
#define ENTRY_PP UINT64_C(0x003)
#define PP_NONE 0u /* these three with key 1 (Ks = Kp = 1 in the SLB), Power ISA figure 36 */
#define PP_READ 1u
#define PP_WRITE 2u

#define SEGMENT_SHIFT 40
#define SEGMENT_BYTES (UINT64_C(1) << SEGMENT_SHIFT)
#define SEGMENTS_A_SPACE 64u
static_assert(SEGMENTS_A_SPACE * SEGMENT_BYTES == USER_END, "every segment is used, and no address has none");

/* POWER9 has virtual addresses of 68 bits: 28 for the VSID, so 22 for the space. */
#define SPACE_IDS (UINT32_C(1) << 22)

/* space->words: the back end's own. */
enum space_word {
	SPACE_WORD_SEGMENTS, /* bit n: segment n has been used */
	SPACE_WORD_ENTRIES, /* how many entries it has at most, so that nobody looks for what is not there: evictions are not taken off */
};

static inline unsigned segment_of(struct vaddr va)
{
	return (unsigned)(va.v >> SEGMENT_SHIFT) % SEGMENTS_A_SPACE;
}

static inline uint64_t segment_vsid(const struct mmu_space *space, unsigned esid)
{
	return (uint64_t)space->id * SEGMENTS_A_SPACE + esid;
}

static inline uint64_t hash_primary(uint64_t vsid, struct vaddr va)
{
	return (vsid ^ va.v >> PAGE_SHIFT) % HASH_GROUPS;
}

static inline uint64_t hash_secondary(uint64_t primary)
{
	return ~primary % HASH_GROUPS;
}

/* Doubleword 0 of a valid entry for `va` in its primary group, nothing more. */
static inline uint64_t entry_v(uint64_t vsid, struct vaddr va)
{
	return vsid << (SEGMENT_SHIFT - 16) | ((va.v % SEGMENT_BYTES) >> 16 & ENTRY_AVA) | ENTRY_VALID;
}

static inline uint64_t entry_vsid(uint64_t v)
{
	return v >> (SEGMENT_SHIFT - 16);
}

/* The address an entry of this group translates: the hash backwards. */
static inline struct vaddr entry_address(uint64_t v, uint64_t group)
{
	uint64_t vsid = entry_vsid(v);
	uint64_t primary = v & ENTRY_SECONDARY ? hash_secondary(group) : group;
	uint64_t page_low = (primary ^ vsid) % HASH_GROUPS;
	return vaddr(vsid % SEGMENTS_A_SPACE << SEGMENT_SHIFT | ((v & ENTRY_AVA) << 16) % SEGMENT_BYTES | page_low << PAGE_SHIFT);
}

/* ---- mmu_hash_table.c ---- */

extern struct hash_group hash_table[HASH_GROUPS];
extern uint64_t hash_entries_used;

/* The hardware reads and updates entries at any time: every access is one whole doubleword. */
static inline uint64_t entry_word_load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void entry_word_store(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static inline uint64_t entry_group(const struct hash_entry *entry)
{
	return ((uintptr_t)entry - (uintptr_t)hash_table) / sizeof(struct hash_group);
}

static inline unsigned entry_slot(const struct hash_entry *entry)
{
	return (unsigned)((uintptr_t)entry / sizeof(struct hash_entry) % HASH_SLOTS);
}

/* An entry with this first doubleword came (1) or went (-1). */
void hash_count(uint64_t v, int change);

/* Translations that no CPU may hold any longer, collected so that one wait serves many. */
#define GONE_MAX 32
struct gone {
	unsigned count;
	uint64_t operand[GONE_MAX]; /* tlbie's: virtual address bits 14-65 in place, B = 1 in bits 8-9 */
};

static inline void gone_begin(struct gone *gone)
{
	gone->count = 0;
}

/* Notes a translation whose entry was made invalid (or lost its R); it may flush those noted before. */
void gone_add(struct gone *gone, uint64_t v, uint64_t group);

/* Returns when no CPU uses any of them. */
void gone_flush(struct gone *gone);

/* The entry of a group whose first doubleword is `v`, software bits aside; or NULL. */
struct hash_entry *group_find(uint64_t group, uint64_t v);

/* The valid entry for a page, or NULL. `primary` is its group, `v` what entry_v() says. */
struct hash_entry *entry_find(uint64_t primary, uint64_t v);

/* A place for a page that has none: not valid, in no CPU; another page may lose it. NULL if all sixteen are wired. */
struct hash_entry *place_find(uint64_t primary);

/* Makes an entry that is not valid, and that no CPU holds, translate. */
void entry_enter(struct hash_entry *entry, uint64_t v, uint64_t r);

/* Takes the entry out of every CPU and returns its second doubleword as the hardware left it. Its place is free. */
uint64_t entry_withdraw(struct hash_entry *entry);

/* Clears R and nothing else, of an entry that stays valid; notes it in `gone`, which the caller flushes. */
void entry_clear_referenced(struct hash_entry *entry, uint64_t r, struct gone *gone);

/* ---- mmu_slb.c ---- */

/*
 * What slbmte is given for a segment (Power ISA 3.0B Book III, "SLB Management Instructions"): which segment, and what it is.
 */
#define SLB_VALID UINT64_C(0x08000000)
#define SLB_SEGMENT_1T (UINT64_C(1) << 62)
#define SLB_VSID_SHIFT 24
#define SLB_KEYS UINT64_C(0xc00) /* Ks and Kp: rights are read with key 1 in both modes */

static inline uint64_t slb_esid_word(unsigned esid, unsigned slot)
{
	return (uint64_t)esid << SEGMENT_SHIFT | SLB_VALID | slot;
}

static inline uint64_t slb_vsid_word(uint64_t vsid)
{
	return SLB_SEGMENT_1T | vsid << SLB_VSID_SHIFT | SLB_KEYS;
}

/* mmu->activate(), in mmu_slb.c. */
void slb_activate(struct mmu_space *space, struct vaddr hint);

/* Empties the calling CPU's SLB, at its start. */
void slb_cpu_init(void);
