/*
 * `vitrine pnor`: makes and looks into flash images, laid out as OpenPOWER's (PNOR): a partition table, and partitions with or without
 * error-correcting code.
 *
 * Teaches: what the pnor server in the guest reads is made here with the same two files (user/flash/), so the two cannot disagree
 * about the format; and a flash that has aged is only some flipped bits, which can be had on request.
 * Who calls: main.c; the Makefile for each program's image. Whom: user/flash/. An image is read whole, and written whole under
 * another name that then takes its place: nothing is ever half-written.
 */
#include "pnor/pnor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"

const char pnor_help[] =
	"usage: vitrine pnor build -o FILE --size BYTES --part NAME[,FILE][,ecc][,ro][,size=BYTES] ...\n"
	"       vitrine pnor pack -o FILE MODULE ...\n"
	"       vitrine pnor list FILE\n"
	"       vitrine pnor check FILE\n"
	"       vitrine pnor extract FILE NAME [-o OUT]\n"
	"       vitrine pnor inject FILE NAME --bit N[,N...] | --random COUNT [--seed N] [--double]\n"
	"\n"
	"Flash images in OpenPOWER's layout: a partition table (FFS) and partitions, with eight data bytes and a check byte\n"
	"(ECC) or plain.\n"
	"\n"
	"    build     makes an image; a partition without a file is erased. Sizes may end in K or M; without one a\n"
	"              partition is as large as its file\n"
	"    pack      puts ELF files together as what a partition MODULES holds; a module is called as its file, up to the dot\n"
	"    list      the table\n"
	"    check     counts flipped bits in every partition with ECC; exit code 1 if a word cannot be corrected\n"
	"    extract   a partition's data, corrected; to NAME or OUT (- for standard output)\n"
	"    inject    flips bits of a partition, counted from its start as it lies in the flash; --random flips COUNT\n"
	"              bits in words of their own, --double two in each of those words: more than can be corrected\n"
	"\n"
	"example: vitrine pnor build -o f.pnor --size 4M --part README,user/flash/readme.txt,ecc,ro --part NOTES,ecc,size=64K\n";

/* ---- files ---- */

bool pnor_read_file(const char *path, struct bytes *bytes)
{
	FILE *file = fopen(path, "rb");
	struct stat status;
	*bytes = (struct bytes){0};
	if (!file || fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode)) {
		say("%s cannot be read: %s", path, file ? "it is no file" : strerror(errno));
		if (file)
			fclose(file);
		return false;
	}
	bytes->size = (size_t)status.st_size;
	bytes->data = malloc(bytes->size + 1);
	bool good = bytes->data && fread(bytes->data, 1, bytes->size, file) == bytes->size;
	fclose(file);
	return good || (say("%s cannot be read: %s", path, strerror(errno)), false);
}

bool pnor_write_file(const char *path, const struct bytes *bytes)
{
	char *fresh = NULL;
	if (asprintf(&fresh, "%s.new", path) < 0)
		return say("there is no memory"), false;
	FILE *file = fopen(fresh, "wb");
	bool good = file && fwrite(bytes->data, 1, bytes->size, file) == bytes->size;
	good = file && fclose(file) == 0 && good;
	good = good && rename(fresh, path) == 0;
	if (!good) {
		say("%s cannot be written: %s", path, strerror(errno));
		unlink(fresh);
	}
	free(fresh);
	return good;
}

bool pnor_open(const char *path, struct pnor *pnor)
{
	if (!pnor_read_file(path, &pnor->image))
		return false;
	enum ffs_problem problem = FFS_SHORT;
	if (pnor->image.size >= FFS_BLOCK_BYTES)
		problem = ffs_read(&pnor->table, pnor->image.data, pnor->image.size);
	return problem == FFS_OK || (say("%s is no flash image: %s", path, ffs_problem_text(problem)), false);
}

/* The partition that was named; NULL after having said which there are. */
static const struct ffs_partition *find(const struct pnor *pnor, const char *name)
{
	const struct ffs_partition *partition = ffs_find(&pnor->table, name);
	const char *names[FFS_PARTITIONS_MAX + 1] = {NULL};
	for (unsigned i = 0; i < pnor->table.partitions; i++)
		names[i] = pnor->table.partition[i].name;
	const char *near = partition ? NULL : nearest_name(name, names);
	if (near)
		say("there is no partition `%s`; did you mean `%s`?", name, near);
	else if (!partition)
		say("there is no partition `%s`; `%s pnor list` shows them", name, program_path);
	return partition;
}

/* ---- looking ---- */

static int list(const struct pnor *pnor)
{
	printf("%-16s %10s %10s %10s  %s\n", "partition", "offset", "bytes", "data", "");
	for (unsigned i = 0; i < pnor->table.partitions; i++) {
		const struct ffs_partition *partition = &pnor->table.partition[i];
		printf("%-16s 0x%08" PRIx32 " %10" PRIu32 " %10" PRIu32 "  %s%s\n", partition->name, partition->offset,
		       partition->bytes, partition->actual_bytes, partition->ecc ? "ecc " : "",
		       partition->read_only ? "read-only" : "");
	}
	return 0;
}

/* A partition's data, as many as there are, corrected. An erased page holds zeros. */
static struct bytes decode(const struct pnor *pnor, const struct ffs_partition *partition, struct ecc_count *count)
{
	struct bytes data = {calloc(1, partition->bytes + 1), ffs_data_bytes(partition)};
	uint8_t *raw = pnor->image.data + partition->offset;
	if (!data.data)
		return data;
	if (!partition->ecc) {
		memcpy(data.data, raw, data.size);
		return data;
	}
	for (size_t at = 0; at < data.size; at += PNOR_PAGE_BYTES) {
		size_t words = (data.size - at < PNOR_PAGE_BYTES ? data.size - at : PNOR_PAGE_BYTES) / ECC_DATA_BYTES;
		uint8_t *page = raw + at / ECC_DATA_BYTES * ECC_RAW_BYTES;
		if (!ecc_is_erased(page, words * ECC_RAW_BYTES))
			ecc_decode(data.data + at, page, words, count);
	}
	return data;
}

static int check(const struct pnor *pnor)
{
	bool lost = false;
	for (unsigned i = 0; i < pnor->table.partitions; i++) {
		struct ecc_count count = {0};
		const struct ffs_partition *partition = &pnor->table.partition[i];
		struct bytes data = decode(pnor, partition, &count);
		free(data.data);
		if (partition->ecc)
			printf("%-16s %u corrected, %u uncorrectable\n", partition->name, count.corrected, count.uncorrectable);
		lost |= count.uncorrectable > 0;
	}
	return lost;
}

static int extract(const struct pnor *pnor, const char *name, const char *output)
{
	struct ecc_count count = {0};
	const struct ffs_partition *partition = find(pnor, name);
	if (!partition)
		return 1;
	struct bytes data = decode(pnor, partition, &count);
	if (!data.data)
		return say("there is no memory");
	if (partition->actual_bytes)
		data.size = partition->actual_bytes;
	bool good;
	if (output && !strcmp(output, "-"))
		good = fwrite(data.data, 1, data.size, stdout) == data.size;
	else
		good = pnor_write_file(output ? output : partition->name, &data);
	free(data.data);
	if (count.corrected)
		say("%s: %u flipped bits were corrected", name, count.corrected);
	if (count.uncorrectable)
		say("%s: %u words could not be corrected; their data are wrong", name, count.uncorrectable);
	return !good || count.uncorrectable;
}

/* ---- flipping bits ---- */

static bool flip(struct pnor *pnor, const struct ffs_partition *partition, uint64_t bit)
{
	if (bit >= (uint64_t)partition->bytes * 8)
		return say("%s has only %" PRIu64 " bits", partition->name, (uint64_t)partition->bytes * 8), false;
	pnor->image.data[partition->offset + bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	printf("flipped bit %" PRIu64 " of %s\n", bit, partition->name);
	return true;
}

/* In `count` words that hold data, chosen by `seed`, each at most once: one bit, or two. */
static bool flip_random(struct pnor *pnor, const struct ffs_partition *partition, uint64_t count, uint64_t seed, bool two)
{
	uint64_t bytes = partition->actual_bytes ? partition->actual_bytes : ffs_data_bytes(partition);
	uint64_t words = (bytes + ECC_DATA_BYTES - 1) / ECC_DATA_BYTES;
	unsigned bits = partition->ecc ? 8 * ECC_RAW_BYTES : 8 * ECC_DATA_BYTES;
	if (count > words)
		return say("%s holds only %" PRIu64 " words", partition->name, words), false;
	for (uint64_t i = 0, left = count; i < words && left > 0; i++) {
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		if ((seed >> 33) % (words - i) >= left)
			continue;
		unsigned first = (unsigned)(seed >> 20) % bits;
		left--;
		if (!flip(pnor, partition, i * bits + first))
			return false;
		if (two && !flip(pnor, partition, i * bits + (first + 1 + (unsigned)(seed >> 40) % (bits - 1)) % bits))
			return false;
	}
	return true;
}

static bool flip_listed(struct pnor *pnor, const struct ffs_partition *partition, const char *list_of_bits)
{
	for (const char *at = list_of_bits;;) {
		char *end;
		uint64_t bit = strtoull(at, &end, 0);
		if (end == at || (*end && *end != ','))
			return say_usage("pnor", "--bit: `%s` is no list of numbers", list_of_bits), false;
		if (!flip(pnor, partition, bit))
			return false;
		if (!*end)
			return true;
		at = end + 1;
	}
}

static int inject(const char *path, struct pnor *pnor, const struct pnor_options *options)
{
	const struct ffs_partition *partition = find(pnor, options->name);
	if (!partition)
		return 1;
	if (!options->bits == !options->random)
		return say_usage("pnor", "inject needs either --bit or --random");
	bool good = options->bits ? flip_listed(pnor, partition, options->bits)
				  : flip_random(pnor, partition, options->random, options->seed, options->two);
	return !good || !pnor_write_file(path, &pnor->image);
}

/* ---- the command ---- */

static int with_image(const char *verb, const struct pnor_options *options)
{
	static struct pnor pnor;
	int result = 1;
	if (!pnor_open(options->file, &pnor))
		result = 1;
	else if (!strcmp(verb, "list"))
		result = list(&pnor);
	else if (!strcmp(verb, "check"))
		result = check(&pnor);
	else if (!strcmp(verb, "extract"))
		result = extract(&pnor, options->name, options->output);
	else
		result = inject(options->file, &pnor, options);
	free(pnor.image.data);
	return result;
}

int command_pnor(int argc, char **argv)
{
	static const char *const verbs[] = {"build", "pack", "list", "check", "extract", "inject", NULL};
	struct pnor_options options = {0};
	if (argc < 2)
		return say_usage("pnor", "what is to be done? There are build, pack, list, check, extract, inject");
	const char *verb = argv[1];
	unsigned known = 0;
	while (verbs[known] && strcmp(verbs[known], verb))
		known++;
	if (!verbs[known]) {
		const char *near = nearest_name(verb, verbs);
		return say_usage("pnor", "`%s` is none of build, pack, list, check, extract, inject%s%s%s", verb,
				 near ? "; did you mean `" : "", near ? near : "", near ? "`?" : "");
	}
	if (!strcmp(verb, "pack"))
		return pnor_pack(argc - 1, argv + 1);
	bool wants_name = !strcmp(verb, "extract") || !strcmp(verb, "inject");
	int status = pnor_options_parse(&options, argc - 1, argv + 1);
	if (status)
		return status;
	if (!strcmp(verb, "build"))
		return pnor_build(&options);
	if (!options.file || !options.name != !wants_name)
		return say_usage("pnor", "%s takes an image%s", verb, wants_name ? " and the name of a partition" : "");
	return with_image(verb, &options);
}
