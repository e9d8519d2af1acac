/*
 * Files that are read when they are touched, from a flash whose bits may have flipped.
 *
 * README was put into the flash when its image was made. Mapping it reads nothing; the first look at a byte is a page fault, which
 * becomes a message to the pnor server, which reads the flash, corrects it, and answers. NOTES can be written: what is stored there is
 * in memory until it is flushed, and then in the flash, where the next run can find it (vitrine run --flash OUT/flash.pnor).
 */
#include <vitrine.h>

static void read_only_file(void)
{
	struct file readme;
	must(file_open("README", &readme));
	check(readme.read_only && readme.bytes > 100 && readme.bytes <= readme.room);
	const char *text = object_map(readme.object, readme.room, RIGHTS_READ);
	check(!strncmp(text, "This is the partition README", 28));
	for (uint64_t i = readme.bytes; i < readme.room; i++)
		check(text[i] == 0);
	/* The handle has no right to write, so no mapping of it can have it. */
	check(sys_object_map(readme.object, 0, 0, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE).status == STATUS_DENIED);
	check(sys_vm_protect((uintptr_t)text, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE).status == STATUS_DENIED);
	check(sys_object_map(readme.object, 0, 0, PAGE_BYTES, RIGHTS_READ | MAP_WINDOW).status == STATUS_DENIED);
}

/* Stores, flushes, drops, and reads again what the flash gives back. */
static void read_write_file(const char *name)
{
	struct file file;
	struct file_statistics before, after;
	must(file_open(name, &file));
	check(!file.read_only && file.room >= 4 * PAGE_BYTES);
	uint64_t *words = object_map(file.object, file.room, RIGHTS_READ | RIGHTS_WRITE);
	uint64_t round = words[0] + 1;
	for (uint64_t page = 0; page < 3; page++)
		for (uint64_t i = 0; i < PAGE_BYTES / 8; i++)
			words[page * PAGE_BYTES / 8 + i] = round + (i ? page * 1000 + i : 0);
	must(file_statistics(&before));
	must(sys_object_remove(file.object, 0, file.room / PAGE_BYTES, REMOVE_RELEASE));
	must(file_statistics(&after));
	check(after.pages_written == before.pages_written + 3);
	for (uint64_t page = 0; page < 3; page++)
		for (uint64_t i = 0; i < PAGE_BYTES / 8; i++)
			check(words[page * PAGE_BYTES / 8 + i] == round + (i ? page * 1000 + i : 0));
	check(words[3 * PAGE_BYTES / 8] == 0); /* never written: erased flash is zeros */
	printf("flash: round %lu of %s\n", round, name);
}

int main(void)
{
	struct file nothing;
	struct file_statistics statistics;
	check(file_open("NO SUCH FILE", &nothing).status == STATUS_NOT_FOUND);
	read_only_file();
	read_write_file("NOTES");
	read_write_file("SCRATCH");
	must(file_statistics(&statistics));
	printf("flash: %lu pages read, %lu written, %lu bits corrected, %lu pages lost, %d things wrong\n", statistics.pages_read,
	       statistics.pages_written, statistics.bits_corrected, statistics.pages_lost, checks_failed());
	return checks_failed();
}
