/*
 * The partition table of an OpenPOWER flash image: see ffs.h. Who calls: the pnor server, `vitrine pnor`, tests.
 */
#include "ffs.h"

#include "ecc.h"

#define MAGIC 0x50415254u /* "PART" */
#define VERSION 1u
#define PARENT_NONE 0xffffffffu
#define TYPE_DATA 1u
#define FLAG_ECC 0x80u /* the first byte of the user data's third: 0x8000 */
#define FLAG_READ_ONLY 0x40u

enum header_offset {
	TABLE_BLOCKS = 8,
	ENTRY_SIZE = 12,
	ENTRY_COUNT = 16,
	BLOCK_SIZE = 20,
	BLOCK_COUNT = 24,
	HEADER_CHECKSUM = 44
};
enum entry_offset {
	BASE = 16,
	SIZE = 20,
	PARENT = 24,
	ID = 28,
	TYPE = 32,
	ACTUAL = 40,
	INTEGRITY = 62,
	MISC = 65,
	ENTRY_CHECKSUM = 124
};

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t sum(const uint8_t *at, size_t bytes)
{
	uint32_t result = 0;
	for (size_t i = 0; i < bytes; i += 4)
		result ^= get32(at + i);
	return result;
}

uint32_t ffs_data_bytes(const struct ffs_partition *partition)
{
	return partition->ecc ? partition->bytes / ECC_RAW_BYTES * ECC_DATA_BYTES : partition->bytes;
}

const char *ffs_problem_text(enum ffs_problem problem)
{
#define FFS_PROBLEM_TEXT(name, text) text,
	static const char *const texts[] = {FFS_PROBLEMS(FFS_PROBLEM_TEXT)};
#undef FFS_PROBLEM_TEXT
	return texts[problem];
}

static enum ffs_problem check_header(const uint8_t *block, uint64_t chip_bytes)
{
	if (chip_bytes < FFS_BLOCK_BYTES)
		return FFS_SHORT;
	if (get32(block) != MAGIC)
		return FFS_MAGIC;
	if (sum(block, FFS_HEADER_BYTES) != 0)
		return FFS_CHECKSUM;
	if (get32(block + 4) != VERSION || get32(block + BLOCK_SIZE) != FFS_BLOCK_BYTES ||
	    get32(block + ENTRY_SIZE) != FFS_ENTRY_BYTES)
		return FFS_VERSION;
	if (get32(block + ENTRY_COUNT) > FFS_PARTITIONS_MAX)
		return FFS_ENTRIES;
	return FFS_OK;
}

static enum ffs_problem read_name(char name[FFS_NAME_CHARS + 1], const uint8_t *entry)
{
	unsigned length = 0;
	while (length < FFS_NAME_CHARS && entry[length] > ' ' && entry[length] <= '~')
		length++;
	if (length == 0 || entry[length] != 0)
		return FFS_NAME;
	for (unsigned i = 0; i <= FFS_NAME_CHARS; i++)
		name[i] = i < length ? (char)entry[i] : 0;
	return FFS_OK;
}

static enum ffs_problem read_entry(struct ffs_partition *partition, const uint8_t *entry, uint64_t chip_bytes)
{
	uint64_t offset = (uint64_t)get32(entry + BASE) * FFS_BLOCK_BYTES;
	uint64_t bytes = (uint64_t)get32(entry + SIZE) * FFS_BLOCK_BYTES;
	if (sum(entry, FFS_ENTRY_BYTES) != 0)
		return FFS_ENTRY_CHECKSUM;
	if (read_name(partition->name, entry) != FFS_OK)
		return FFS_NAME;
	if (offset < FFS_BLOCK_BYTES || bytes == 0 || bytes > chip_bytes || offset > chip_bytes - bytes)
		return FFS_RANGE;
	partition->offset = (uint32_t)offset;
	partition->bytes = (uint32_t)bytes;
	partition->actual_bytes = get32(entry + ACTUAL);
	partition->ecc = entry[INTEGRITY] & FLAG_ECC;
	partition->read_only = entry[MISC] & FLAG_READ_ONLY;
	return partition->actual_bytes > ffs_data_bytes(partition) ? FFS_RANGE : FFS_OK;
}

static bool same_name(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static bool collide(const struct ffs_partition *a, const struct ffs_partition *b)
{
	return (a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes) || same_name(a->name, b->name);
}

enum ffs_problem ffs_read(struct ffs_table *table, const uint8_t *block, uint64_t chip_bytes)
{
	enum ffs_problem problem = check_header(block, chip_bytes);
	table->partitions = problem == FFS_OK ? get32(block + ENTRY_COUNT) : 0;
	for (unsigned i = 0; i < table->partitions && problem == FFS_OK; i++) {
		problem = read_entry(&table->partition[i], block + FFS_HEADER_BYTES + i * FFS_ENTRY_BYTES, chip_bytes);
		for (unsigned j = 0; j < i && problem == FFS_OK; j++)
			if (collide(&table->partition[i], &table->partition[j]))
				problem = FFS_OVERLAP;
	}
	if (problem != FFS_OK)
		table->partitions = 0;
	return problem;
}

static void write_entry(const struct ffs_partition *partition, uint32_t id, uint8_t *entry)
{
	for (unsigned i = 0; i < FFS_NAME_CHARS && partition->name[i]; i++)
		entry[i] = (uint8_t)partition->name[i];
	put32(entry + BASE, partition->offset / FFS_BLOCK_BYTES);
	put32(entry + SIZE, partition->bytes / FFS_BLOCK_BYTES);
	put32(entry + PARENT, PARENT_NONE);
	put32(entry + ID, id);
	put32(entry + TYPE, TYPE_DATA);
	put32(entry + ACTUAL, partition->actual_bytes);
	entry[INTEGRITY] = partition->ecc ? FLAG_ECC : 0;
	entry[MISC] = partition->read_only ? FLAG_READ_ONLY : 0;
	put32(entry + ENTRY_CHECKSUM, sum(entry, FFS_ENTRY_BYTES));
}

void ffs_write(const struct ffs_table *table, uint8_t *block, uint64_t chip_bytes)
{
	for (unsigned i = 0; i < FFS_BLOCK_BYTES; i++)
		block[i] = 0;
	put32(block, MAGIC);
	put32(block + 4, VERSION);
	put32(block + TABLE_BLOCKS, 1);
	put32(block + ENTRY_SIZE, FFS_ENTRY_BYTES);
	put32(block + ENTRY_COUNT, table->partitions);
	put32(block + BLOCK_SIZE, FFS_BLOCK_BYTES);
	put32(block + BLOCK_COUNT, (uint32_t)(chip_bytes / FFS_BLOCK_BYTES));
	put32(block + HEADER_CHECKSUM, sum(block, FFS_HEADER_BYTES));
	for (unsigned i = 0; i < table->partitions; i++)
		write_entry(&table->partition[i], i + 1, block + FFS_HEADER_BYTES + i * FFS_ENTRY_BYTES);
}

const struct ffs_partition *ffs_find(const struct ffs_table *table, const char *name)
{
	for (unsigned i = 0; i < table->partitions; i++)
		if (same_name(table->partition[i].name, name))
			return &table->partition[i];
	return NULL;
}
