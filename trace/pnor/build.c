/*
 * `vitrine pnor build`, and the options of the whole command.
 *
 * Teaches: a layout is worked out first, whole, and only written when everything fits. Who calls: pnor.c.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "pnor/pnor.h"

/* No flash of the two machines is larger; the x86-64 one with its firmware has at most 8 MiB. */
#define CHIP_BYTES_MAX (UINT64_C(128) << 20)

bool pnor_size(uint64_t *size, const char *option, const char *text)
{
	char *end;
	*size = strtoull(text, &end, 0);
	if (end != text && (*end == 'K' || *end == 'M'))
		*size <<= *end++ == 'K' ? 10 : 20;
	return (end != text && !*end && *size > 0 && *size <= CHIP_BYTES_MAX) ||
	       (say_usage("pnor", "%s: `%s` is no size (a number, K or M behind it)", option, text), false);
}

int pnor_options_parse(struct pnor_options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{"output", required_argument, NULL, 'o'}, {"size", required_argument, NULL, 's'},
		{"part", required_argument, NULL, 'p'},   {"bit", required_argument, NULL, 'b'},
		{"random", required_argument, NULL, 'r'}, {"seed", required_argument, NULL, 'S'},
		{"double", no_argument, NULL, 'd'},       {0},
	};
	options->seed = 1;
	opterr = 0;
	optind = 1;
	for (int option; (option = getopt_long(argc, argv, ":o:", names, NULL)) != -1;) {
		if (option == '?' || option == ':')
			return say_usage("pnor", option == '?' ? "there is no option `%s`" : "the option `%s` lacks its value",
					 argv[optind - 1]);
		if (option == 's' && !pnor_size(&options->size, "--size", optarg))
			return EXIT_USAGE;
		if (option == 'p' && options->parts == FFS_PARTITIONS_MAX)
			return say_usage("pnor", "an image has at most %d partitions", FFS_PARTITIONS_MAX);
		if (option == 'p')
			options->part[options->parts++] = optarg;
		else if (option == 'o')
			options->output = optarg;
		else if (option == 'b')
			options->bits = optarg;
		else if (option == 'd')
			options->two = true;
		else if (option == 'r')
			options->random = strtoull(optarg, NULL, 0);
		else if (option == 'S')
			options->seed = strtoull(optarg, NULL, 0);
	}
	options->file = optind < argc ? argv[optind] : NULL;
	options->name = optind + 1 < argc ? argv[optind + 1] : NULL;
	return optind + 2 < argc ? say_usage("pnor", "`%s` is too much", argv[optind + 2]) : 0;
}

/* One --part while the image is made: its row of the table, and its contents. */
struct part {
	struct ffs_partition partition;
	struct bytes contents;
	uint64_t data_bytes; /* room asked for */
};

/* One word of NAME[,FILE][,ecc][,ro][,size=BYTES] after the name. */
static bool take_word(struct part *part, const char *word)
{
	if (!strcmp(word, "ecc"))
		part->partition.ecc = true;
	else if (!strcmp(word, "ro"))
		part->partition.read_only = true;
	else if (!strncmp(word, "size=", 5))
		return pnor_size(&part->data_bytes, "size", word + 5);
	else if (part->contents.data)
		return say_usage("pnor", "--part: `%s` is none of ecc, ro, size=BYTES", word), false;
	else
		return pnor_read_file(word, &part->contents);
	return true;
}

static bool take_part(struct part *part, const char *text)
{
	char *words = strdup(text), *rest = words;
	const char *name = strsep(&rest, ",");
	bool good = name && *name && strlen(name) <= FFS_NAME_CHARS;
	if (!good)
		say_usage("pnor", "--part: `%s` does not start with a name of 1 to %d characters", text, FFS_NAME_CHARS);
	else
		strcpy(part->partition.name, name);
	for (const char *word; good && (word = strsep(&rest, ","));)
		good = take_word(part, word);
	free(words);
	if (good && part->data_bytes < part->contents.size) {
		good = part->data_bytes == 0;
		if (!good)
			say("%s: %zu bytes do not fit into %" PRIu64, part->partition.name, part->contents.size,
			    part->data_bytes);
		part->data_bytes = part->contents.size;
	}
	if (good && part->data_bytes == 0)
		return say_usage("pnor", "--part: %s needs a file or a size", part->partition.name), false;
	return good;
}

/* Gives the part its place, behind `*end`. False after having said that the chip is too small. */
static bool place(struct part *part, uint64_t *end, uint64_t chip_bytes)
{
	uint64_t pages = (part->data_bytes + PNOR_PAGE_BYTES - 1) / PNOR_PAGE_BYTES * PNOR_PAGE_BYTES;
	uint64_t raw = part->partition.ecc ? ecc_raw_bytes(pages) : pages;
	uint64_t bytes = (raw + FFS_BLOCK_BYTES - 1) / FFS_BLOCK_BYTES * FFS_BLOCK_BYTES;
	if (bytes > chip_bytes - *end)
		return say("%s: %" PRIu64 " KiB do not fit; the image has %" PRIu64 " KiB left", part->partition.name,
			   bytes >> 10, (chip_bytes - *end) >> 10),
		       false;
	part->partition.offset = (uint32_t)*end;
	part->partition.bytes = (uint32_t)bytes;
	part->partition.actual_bytes = (uint32_t)part->contents.size;
	*end += bytes;
	return true;
}

/* Contents in whole pages; the rest of the last one is zero, what comes after is erased. */
static void fill(const struct part *part, uint8_t *image)
{
	static uint8_t page[PNOR_PAGE_BYTES];
	uint8_t *to = image + part->partition.offset;
	for (size_t at = 0; at < part->contents.size; at += sizeof(page)) {
		size_t bytes = part->contents.size - at < sizeof(page) ? part->contents.size - at : sizeof(page);
		memset(page, 0, sizeof(page));
		memcpy(page, part->contents.data + at, bytes);
		if (part->partition.ecc)
			ecc_encode(to + at / ECC_DATA_BYTES * ECC_RAW_BYTES, page, sizeof(page) / ECC_DATA_BYTES);
		else
			memcpy(to + at, page, sizeof(page));
	}
}

int pnor_build(const struct pnor_options *options)
{
	static struct part parts[FFS_PARTITIONS_MAX];
	static struct ffs_table table;
	uint64_t end = FFS_BLOCK_BYTES;
	if (!options->output || !options->size || options->file)
		return say_usage("pnor", "build needs -o FILE and --size BYTES, and takes its partitions with --part");
	if (options->size % FFS_BLOCK_BYTES)
		return say_usage("pnor", "--size is not a multiple of %d", FFS_BLOCK_BYTES);
	for (unsigned i = 0; i < options->parts; i++) {
		if (!take_part(&parts[i], options->part[i]) || !place(&parts[i], &end, options->size))
			return 1;
		if (ffs_find(&table, parts[i].partition.name))
			return say("there are two partitions %s", parts[i].partition.name);
		table.partition[table.partitions++] = parts[i].partition;
	}
	struct bytes image = {malloc(options->size), options->size};
	if (!image.data)
		return say("there is no memory");
	memset(image.data, 0xff, image.size);
	ffs_write(&table, image.data, image.size);
	for (unsigned i = 0; i < options->parts; i++)
		fill(&parts[i], image.data);
	bool good = pnor_write_file(options->output, &image);
	free(image.data);
	for (unsigned i = 0; i < options->parts; i++)
		free(parts[i].contents.data);
	return !good;
}
