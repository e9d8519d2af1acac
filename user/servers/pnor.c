/*
 * The pnor server: partitions of the flash as objects, whose pages are read when they are touched.
 *
 *     fault -> PAGE_READ  -> flash -> error-correcting code removed, flipped bits corrected -> window -> reply
 *     dirty -> PAGE_WRITE -> window -> error-correcting code added -> flash -> reply
 *
 * Teaches: a resource provider. It is an ordinary program; what makes it special is that it has the flash chip's registers mapped and
 * that the kernel asks it for pages. A single flipped bit in eight bytes is corrected, and the corrected bytes are written back to the
 * flash; more than that is an error, which ends the threads that wait for the page. A page of flash that was never written holds zeros.
 * Who calls: the kernel (pages), clients (servers.h). Whom: flash_chip.h, user/flash/.
 */
#include <servers.h>

#include "../flash/ecc.h"
#include "../flash/ffs.h"
#include "flash_chip.h"

#define RAW_PAGE_BYTES (PAGE_BYTES / ECC_DATA_BYTES * ECC_RAW_BYTES)

/* A partition that somebody has opened. */
struct opened {
	uint64_t object; /* 0: nobody has */
	uint64_t client; /* the handle that clients get a copy of */
	uint8_t *window;
};

static struct ffs_table table;
static struct opened opened[FFS_PARTITIONS_MAX];
static struct file_statistics statistics;
static uint64_t endpoint;

/* ---- pages ---- */

static uint64_t page_offset(const struct ffs_partition *partition, uint64_t page)
{
	return partition->offset + page * (partition->ecc ? RAW_PAGE_BYTES : PAGE_BYTES);
}

static bool erased(const void *raw, size_t bytes)
{
	return ecc_is_erased(raw, bytes);
}

/* Takes a page out of its raw bytes; what had to be corrected goes back to the flash. */
static enum status decode(const struct ffs_partition *partition, uint64_t page, uint8_t *raw, uint8_t *to, uint64_t flow)
{
	struct ecc_count count = {0};
	ecc_decode(to, raw, PAGE_BYTES / ECC_DATA_BYTES, &count);
	if (count.uncorrectable) {
		statistics.pages_lost++;
		mark_step(flow, "ecc: page lost", count.uncorrectable);
		printf("pnor: %s page %lu: %u words cannot be corrected\n", partition->name, page, count.uncorrectable);
		return STATUS_IO_ERROR;
	}
	if (count.corrected) {
		statistics.bits_corrected += count.corrected;
		mark_step(flow, "ecc: corrected", count.corrected);
		mark_counter("ecc bits", (int64_t)statistics.bits_corrected);
		if (!flash_write(page_offset(partition, page), raw, RAW_PAGE_BYTES))
			printf("pnor: %s page %lu: what was corrected could not be written back\n", partition->name, page);
	}
	return STATUS_OK;
}

static enum status read_page(const struct ffs_partition *partition, uint64_t page, uint8_t *to, uint64_t flow)
{
	static uint8_t raw[RAW_PAGE_BYTES];
	size_t bytes = partition->ecc ? RAW_PAGE_BYTES : PAGE_BYTES;
	statistics.pages_read++;
	mark_begin("read flash");
	flash_read(page_offset(partition, page), raw, bytes);
	mark_end("read flash");
	mark_step(flow, "flash read", (int64_t)page);
	if (erased(raw, bytes)) /* the page came zeroed */
		return STATUS_OK;
	if (partition->ecc)
		return decode(partition, page, raw, to, flow);
	memcpy(to, raw, PAGE_BYTES);
	return STATUS_OK;
}

static enum status write_page(const struct ffs_partition *partition, uint64_t page, const uint8_t *from, uint64_t flow)
{
	static uint8_t raw[RAW_PAGE_BYTES];
	bool good;
	if (partition->read_only)
		return STATUS_DENIED;
	statistics.pages_written++;
	mark_begin("write flash");
	if (partition->ecc) {
		ecc_encode(raw, from, PAGE_BYTES / ECC_DATA_BYTES);
		good = flash_write(page_offset(partition, page), raw, sizeof(raw));
	} else {
		good = flash_write(page_offset(partition, page), from, PAGE_BYTES);
	}
	mark_end("write flash");
	mark_step(flow, "flash written", (int64_t)page);
	return good ? STATUS_OK : STATUS_IO_ERROR;
}

static enum status serve_page(const struct message *message)
{
	uint64_t index = message->word[PAGE_MESSAGE_KEY];
	uint64_t page = message->word[PAGE_MESSAGE_PAGE];
	uint64_t flow = message->word[PAGE_MESSAGE_FLOW];
	uint8_t *data = opened[index].window + page * PAGE_BYTES;
	if (message->type == MESSAGE_PAGE_READ)
		return read_page(&table.partition[index], page, data, flow);
	return write_page(&table.partition[index], page, data, flow);
}

/* ---- clients ---- */

static uint64_t room_of(const struct ffs_partition *partition)
{
	return ffs_data_bytes(partition) / PAGE_BYTES * PAGE_BYTES;
}

/* Makes the object of a partition, its window, and the handle for clients: with no more rights than the partition allows. */
static enum status make_object(unsigned index)
{
	const struct ffs_partition *partition = &table.partition[index];
	uint64_t room = room_of(partition);
	struct opened *entry = &opened[index];
	uint64_t rights = HANDLE_READ | HANDLE_EXEC | HANDLE_GIVE | (partition->read_only ? 0 : HANDLE_WRITE | HANDLE_MANAGE);
	struct result object = sys_object_provide(endpoint, room, index, !partition->read_only);
	TRY((enum status)object.status);
	struct result client = sys_handle_duplicate(object.value, rights);
	TRY((enum status)client.status);
	struct result window = sys_object_map(object.value, 0, 0, room, RIGHTS_READ | RIGHTS_WRITE | MAP_WINDOW);
	TRY((enum status)window.status);
	*entry = (struct opened){object.value, client.value, (uint8_t *)window.value};
	return STATUS_OK;
}

static void open_partition(struct message *message)
{
	char name[NAME_CHARS + 1];
	name_from_words(message->word, name);
	const struct ffs_partition *partition = ffs_find(&table, name);
	*message = (struct message){.token = message->token, .type = STATUS_NOT_FOUND};
	if (!partition)
		return;
	unsigned index = (unsigned)(partition - table.partition);
	message->type = opened[index].object ? STATUS_OK : make_object(index);
	if (message->type != STATUS_OK)
		return;
	message->word[PNOR_OPEN_BYTES] = partition->actual_bytes;
	message->word[PNOR_OPEN_ROOM] = room_of(partition);
	message->word[PNOR_OPEN_READ_ONLY] = partition->read_only;
	message->handle = opened[index].client;
}

static void tell_name(struct message *message)
{
	uint64_t index = message->word[0];
	*message = (struct message){.token = message->token, .type = STATUS_NOT_FOUND};
	if (index >= table.partitions)
		return;
	struct name_words name = name_to_words(table.partition[index].name);
	message->type = STATUS_OK;
	message->word[0] = name.word[0];
	message->word[1] = name.word[1];
	message->word[2] = ffs_data_bytes(&table.partition[index]);
}

/* Turns a request into its answer. */
static void answer(struct message *message)
{
	switch (message->type) {
	case MESSAGE_PAGE_READ:
	case MESSAGE_PAGE_WRITE:
		message->type = serve_page(message);
		break;
	case PNOR_OPEN:
		open_partition(message);
		break;
	case PNOR_NAME:
		tell_name(message);
		break;
	case PNOR_STATISTICS:
		*message = (struct message){.token = message->token,
					    .word = {statistics.pages_read, statistics.pages_written, statistics.bits_corrected,
						     statistics.pages_lost}};
		break;
	default:
		*message = (struct message){.token = message->token, .type = STATUS_INVALID};
	}
}

/* ---- starting ---- */

static void read_table(void)
{
	static uint8_t block[FFS_BLOCK_BYTES];
	const struct information *information = object_map(HANDLE_INFORMATION, PAGE_BYTES, RIGHTS_READ);
	uint64_t bytes = information->flash_bytes;
	uint64_t chip = must(sys_object_device(HANDLE_DEVICES, information->flash_paddr, bytes));
	flash_start((volatile void *)must(sys_object_map(chip, 0, 0, bytes, RIGHTS_READ | RIGHTS_WRITE)), bytes);
	flash_read(0, block, sizeof(block));
	enum ffs_problem problem = ffs_read(&table, block, bytes);
	if (problem != FFS_OK)
		printf("pnor: the flash has no partition table: %s\n", ffs_problem_text(problem));
}

int main(void)
{
	struct message message = {0};
	endpoint = must(sys_endpoint_create());
	read_table();
	must(service_register("pnor", endpoint));
	struct result result = ipc_receive(endpoint, &message);
	for (;;) {
		if (result.status != STATUS_OK)
			return 1;
		request_close_handle(&message);
		answer(&message);
		result = service_answer(endpoint, &message);
	}
}
