/*
 * The layout table of the kernel in the image: fields of its records, asked for by name.
 *
 * Teaches: a debugger's job without debug information. What a record looks like is data that travels with it (abi/layout.h); a tool that
 * asks by name keeps working when a field moves, and knows when one is gone.
 * Who calls: all sections. Whom: image.c. Invariant: a field never reaches beyond the copy of its record.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "dump/dump.h"

#define ROWS_MAX 4096
#define RECORD_BYTES_MAX 8192

bool layout_load(struct dump *dump)
{
	const struct dump_image *image = &dump->image;
	const struct descriptor_entry *entry = image_root(image, "layout");
	if (!entry)
		return say("the kernel in this image has no layout table: it was stopped before it could show one"), false;
	if (entry->bytes != sizeof(struct layout_row) || entry->count == 0 || entry->count > ROWS_MAX)
		return say("the kernel's layout table is not one that this program can read: %" PRIu64 " rows of %" PRIu64
			   " bytes",
			   entry->count, entry->bytes),
		       false;
	dump->rows = entry->count;
	dump->layout = calloc(dump->rows, sizeof(*dump->layout));
	dump->copy = calloc(dump->rows, sizeof(*dump->copy));
	if (!dump->layout || !dump->copy || !image_read(image, entry->paddr, dump->layout, dump->rows * sizeof(*dump->layout)))
		return say("the kernel's layout table does not lie in the image: it is cut off, or damaged"), false;
	for (size_t i = 0; i < dump->rows; i++) {
		struct layout_row *row = &dump->layout[i];
		row->structure[LAYOUT_NAME_CHARS - 1] = row->field[LAYOUT_NAME_CHARS - 1] = '\0';
		row->offset = (uint32_t)image_word(image, &row->offset, sizeof(row->offset));
		row->bytes = (uint32_t)image_word(image, &row->bytes, sizeof(row->bytes));
	}
	return true;
}

/* Notes once that the kernel does not tell a field. */
static void note_lacking(struct dump *dump, const char *structure, const char *field)
{
	char name[2 * LAYOUT_NAME_CHARS];
	snprintf(name, sizeof(name), "%s.%s", structure, field);
	for (size_t i = 0; i < dump->lacking_count; i++)
		if (!strcmp(dump->lacking[i], name))
			return;
	void *larger = realloc(dump->lacking, (dump->lacking_count + 1) * sizeof(*dump->lacking));
	if (!larger)
		return;
	dump->lacking = larger;
	memcpy(dump->lacking[dump->lacking_count++], name, sizeof(name));
}

static const struct layout_row *find(const struct dump *dump, const char *structure, const char *field)
{
	for (size_t i = 0; i < dump->rows; i++)
		if (!strcmp(dump->layout[i].structure, structure) && !strcmp(dump->layout[i].field, field))
			return &dump->layout[i];
	return NULL;
}

const struct layout_row *layout_find(struct dump *dump, const char *structure, const char *field)
{
	const struct layout_row *row = find(dump, structure, field);
	if (!row)
		note_lacking(dump, structure, field);
	return row;
}

uint64_t layout_number(struct dump *dump, const char *group, const char *name, uint64_t otherwise)
{
	const struct layout_row *row = layout_find(dump, group, name);
	return row ? row->offset : otherwise;
}

const char *layout_number_name(const struct dump *dump, const char *group, uint64_t number)
{
	for (size_t i = 0; i < dump->rows; i++)
		if (!strcmp(dump->layout[i].structure, group) && dump->layout[i].offset == number)
			return dump->layout[i].field;
	return "?";
}

/* ---- records ---- */

/* Where the copy of the record goes that this row stands for; NULL if there is no memory, or it cannot be one. */
static uint8_t *copy_of(struct dump *dump, const struct layout_row *row)
{
	uint8_t **copy = &dump->copy[row - dump->layout];
	if (!*copy && row->bytes && row->bytes <= RECORD_BYTES_MAX)
		*copy = malloc(row->bytes);
	return *copy;
}

bool record_load(struct dump *dump, struct record *record, const char *structure, uint64_t address)
{
	const struct layout_row *row = layout_find(dump, structure, "");
	uint8_t *copy = row ? copy_of(dump, row) : NULL;
	uint64_t paddr;
	*record = (struct record){.dump = dump, .structure = structure, .address = address, .byte = copy};
	if (!copy || !address || address % 4 != 0 || !image_translate(&dump->image, address, row->bytes, &paddr) ||
	    !image_read(&dump->image, paddr, copy, row->bytes))
		return false;
	record->bytes = row->bytes;
	return true;
}

uint64_t *words_load(struct dump *dump, uint64_t address, size_t count)
{
	uint64_t *words = malloc(count * sizeof(*words)), paddr;
	if (words && address && image_translate(&dump->image, address, count * sizeof(*words), &paddr) &&
	    image_read_words(&dump->image, paddr, words, count))
		return words;
	free(words);
	return NULL;
}

/* The row of a field that lies in the copy; NULL otherwise. */
static const struct layout_row *field_of(const struct record *record, const char *field)
{
	const struct layout_row *row = layout_find(record->dump, record->structure, field);
	if (row && row->bytes <= record->bytes && row->offset <= record->bytes - row->bytes)
		return row;
	return NULL;
}

uint64_t record_get(const struct record *record, const char *field)
{
	const struct layout_row *row = field_of(record, field);
	return row ? image_word(&record->dump->image, record->byte + row->offset, row->bytes) : 0;
}

uint64_t record_address(const struct record *record, const char *field)
{
	const struct layout_row *row = field_of(record, field);
	return row ? record->address + row->offset : 0;
}

/* Text that the guest wrote, up to the first NUL, made printable. */
static void copy_text(char to[DUMP_NAME_CHARS], const char *from, size_t bytes)
{
	size_t length = 0;
	for (; length < bytes && length < DUMP_NAME_CHARS - 1 && from[length]; length++)
		to[length] = from[length] >= ' ' && from[length] <= '~' ? from[length] : '?';
	to[length] = '\0';
}

void record_text(const struct record *record, const char *field, char text[DUMP_NAME_CHARS])
{
	const struct layout_row *row = field_of(record, field);
	text[0] = '\0';
	if (row)
		copy_text(text, (const char *)record->byte + row->offset, row->bytes);
}

bool field_text(struct dump *dump, const char *structure, uint64_t address, const char *field, char text[DUMP_NAME_CHARS])
{
	const struct layout_row *row = layout_find(dump, structure, field);
	char name[DUMP_NAME_CHARS];
	uint64_t paddr;
	text[0] = '\0';
	if (!row || row->bytes > sizeof(name) || !address ||
	    !image_translate(&dump->image, address, (uint64_t)row->offset + row->bytes, &paddr) ||
	    !image_read(&dump->image, paddr + row->offset, name, row->bytes))
		return false;
	copy_text(text, name, row->bytes);
	return true;
}

bool field_read(struct dump *dump, const char *structure, uint64_t address, const char *field, uint64_t *value)
{
	const struct layout_row *row = layout_find(dump, structure, field);
	uint8_t bytes[8];
	uint64_t paddr;
	*value = 0;
	if (!row || row->bytes > sizeof(bytes) || !address ||
	    !image_translate(&dump->image, address, (uint64_t)row->offset + row->bytes, &paddr) ||
	    !image_read(&dump->image, paddr + row->offset, bytes, row->bytes))
		return false;
	*value = image_word(&dump->image, bytes, row->bytes);
	return true;
}
