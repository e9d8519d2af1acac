/*
 * The RAM image of a guest: finding the descriptor, and reading what lies at an address.
 *
 * Teaches: an image without symbols explains itself. The descriptor starts a page with an eyecatcher; it says in which byte order the rest
 * is, and by which two offsets the kernel's virtual addresses become places in RAM. Who calls: all of dump/.
 * Invariant: nothing is read but through image_read(), which checks; through the file, not a mapping, so an image that shrinks
 * meanwhile is an error and no signal.
 */
#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "dump/dump.h"

/* The eyecatcher without its version. */
#define EYECATCHER_CHARS (sizeof(DESCRIPTOR_EYECATCHER) - 2)

bool image_read(const struct dump_image *image, uint64_t paddr, void *to, size_t bytes)
{
	if (bytes > image->bytes || paddr > image->bytes - bytes)
		return false;
	return pread(image->file, to, bytes, (off_t)paddr) == (ssize_t)bytes;
}

static uint64_t word(bool swapped, const void *at, size_t bytes)
{
	uint8_t one;
	uint16_t two;
	uint32_t four;
	uint64_t eight;
	switch (bytes) {
	case 1:
		memcpy(&one, at, sizeof(one));
		return one;
	case 2:
		memcpy(&two, at, sizeof(two));
		return swapped ? bswap_16(two) : two;
	case 4:
		memcpy(&four, at, sizeof(four));
		return swapped ? bswap_32(four) : four;
	case 8:
		memcpy(&eight, at, sizeof(eight));
		return swapped ? bswap_64(eight) : eight;
	default:
		return 0;
	}
}

uint64_t image_word(const struct dump_image *image, const void *at, size_t bytes)
{
	return word(image->swapped, at, bytes);
}

bool image_read_words(const struct dump_image *image, uint64_t paddr, uint64_t *words, size_t count)
{
	if (paddr % sizeof(uint64_t) != 0 || !image_read(image, paddr, words, count * sizeof(uint64_t)))
		return false;
	for (size_t i = 0; i < count; i++)
		words[i] = image_word(image, &words[i], sizeof(words[i]));
	return true;
}

static bool lies_in_ram(const struct dump_image *image, uint64_t paddr, uint64_t bytes)
{
	return bytes <= image->bytes && paddr <= image->bytes - bytes;
}

bool image_translate(const struct dump_image *image, uint64_t vaddr, uint64_t bytes, uint64_t *paddr)
{
	*paddr = vaddr - image->descriptor.image_offset;
	if (lies_in_ram(image, *paddr, bytes))
		return true;
	*paddr = vaddr - image->descriptor.direct_offset;
	return lies_in_ram(image, *paddr, bytes);
}

/* ---- the descriptor ---- */

/* All its words into this host's byte order. */
static void descriptor_swap(bool swapped, struct descriptor *descriptor)
{
	uint64_t *const words[] = {
		&descriptor->byte_order,    &descriptor->schema_hash,  &descriptor->verdict,    &descriptor->exit_status,
		&descriptor->clock_hz,      &descriptor->boot_ticks,   &descriptor->user_ticks, &descriptor->seed,
		&descriptor->direct_offset, &descriptor->image_offset,
	};
	uint32_t *const halves[] = {&descriptor->cpus_present, &descriptor->cpus_online, &descriptor->stack_bytes,
				    &descriptor->stack_bytes_used, &descriptor->entries};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		*words[i] = word(swapped, words[i], sizeof(*words[i]));
	for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++)
		*halves[i] = (uint32_t)word(swapped, halves[i], sizeof(*halves[i]));
	for (size_t i = 0; i < DESCRIPTOR_ENTRIES_MAX; i++) {
		struct descriptor_entry *entry = &descriptor->entry[i];
		entry->paddr = word(swapped, &entry->paddr, sizeof(entry->paddr));
		entry->bytes = word(swapped, &entry->bytes, sizeof(entry->bytes));
		entry->count = word(swapped, &entry->count, sizeof(entry->count));
		entry->stride = word(swapped, &entry->stride, sizeof(entry->stride));
	}
}

/* What the guest wrote as text may be anything. */
static void make_text(char *text, size_t bytes)
{
	text[bytes - 1] = '\0';
	for (size_t i = 0; text[i]; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '?';
}

/*
 * Takes the page as the descriptor if it is one that knows more than the one at hand: there may be copies that were loaded and never ran.
 * False if it is none.
 */
static bool take_page(struct dump_image *image, uint64_t page)
{
	struct descriptor *new = malloc(sizeof(*new)), *old = &image->descriptor;
	bool good = new &&image_read(image, page, new, sizeof(*new));
	bool swapped = good && new->byte_order != DESCRIPTOR_BYTE_ORDER;
	if (swapped && bswap_64(new->byte_order) != DESCRIPTOR_BYTE_ORDER)
		good = false;
	if (good) {
		descriptor_swap(swapped, new);
		if (!old->byte_order || new->entries > old->entries || (new->entries == old->entries && !old->verdict)) {
			image->swapped = swapped;
			*old = *new;
		}
	}
	free(new);
	return good;
}

/* Looks at the start of each page that is in the file. Returns how many eyecatchers of other versions there were. */
static unsigned search(struct dump_image *image)
{
	unsigned others = 0;
	off_t end = 0, start;
	while ((start = lseek(image->file, end, SEEK_DATA)) >= 0) {
		end = lseek(image->file, start, SEEK_HOLE);
		if (end <= start)
			break;
		for (uint64_t page = (uint64_t)start / DUMP_PAGE * DUMP_PAGE; page + DUMP_PAGE <= (uint64_t)end;
		     page += DUMP_PAGE) {
			char eyecatcher[sizeof(DESCRIPTOR_EYECATCHER)];
			if (!image_read(image, page, eyecatcher, sizeof(eyecatcher)) ||
			    memcmp(eyecatcher, DESCRIPTOR_EYECATCHER, EYECATCHER_CHARS) != 0)
				continue;
			if (memcmp(eyecatcher, DESCRIPTOR_EYECATCHER, sizeof(eyecatcher)) != 0 || !take_page(image, page))
				others++;
		}
	}
	return others;
}

const struct descriptor_entry *image_root(const struct dump_image *image, const char *label)
{
	const struct descriptor *descriptor = &image->descriptor;
	for (uint32_t i = 0; i < descriptor->entries && i < DESCRIPTOR_ENTRIES_MAX; i++)
		if (!strncmp(descriptor->entry[i].label, label, sizeof(descriptor->entry[i].label)))
			return &descriptor->entry[i];
	return NULL;
}

/* ---- the file ---- */

/* Opens PATH, or PATH/ram if that is a directory. */
static int open_file(const char *path, struct stat *status)
{
	int file = open(path, O_RDONLY | O_CLOEXEC), inside;
	if (file < 0 || fstat(file, status) != 0 || !S_ISDIR(status->st_mode))
		return file;
	inside = openat(file, "ram", O_RDONLY | O_CLOEXEC);
	close(file);
	if (inside >= 0 && fstat(inside, status) != 0) {
		close(inside);
		return -1;
	}
	return inside;
}

bool image_open(struct dump_image *image, const char *path)
{
	struct stat status = {0};
	*image = (struct dump_image){.file = open_file(path, &status)};
	if (image->file < 0)
		return say("%s: there is no RAM image: %s (`%s run --keep-ram` leaves one)", path, strerror(errno), program_path),
		       false;
	image->bytes = (uint64_t)status.st_size;
	if (!S_ISREG(status.st_mode) || image->bytes < DUMP_PAGE) {
		image_close(image);
		return say("%s is no RAM image: not a file of at least a page", path), false;
	}
	unsigned others = search(image);
	if (image->descriptor.byte_order) {
		make_text(image->descriptor.machine, sizeof(image->descriptor.machine));
		make_text(image->descriptor.mmu, sizeof(image->descriptor.mmu));
		make_text(image->descriptor.build_id, sizeof(image->descriptor.build_id));
		make_text(image->descriptor.program, sizeof(image->descriptor.program));
		return true;
	}
	image_close(image);
	if (others)
		say("%s: the descriptor is damaged, or of a kernel of another version than this program", path);
	else
		say("%s: no page of it starts with the eyecatcher " DESCRIPTOR_EYECATCHER
		    ": it is no RAM image, or cut off before the kernel, or the kernel never started",
		    path);
	return false;
}

void image_close(struct dump_image *image)
{
	if (image->file >= 0)
		close(image->file);
	image->file = -1;
}
