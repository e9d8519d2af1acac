/*
 * The attr server: attributes as pages of an object (user/lib/attributes.h).
 *
 *     client touches an attribute -> fault -> attr -> (persistent) touches the partition ATTR -> fault -> pnor -> flash
 *
 * Teaches: a provider that uses another provider. It may wait for pnor's pages, because pnor never waits for its own: a circle of
 * providers would be refused by the kernel. The persistent page is saved when a client flushes it or memory is short: it is copied
 * into the partition, and that is flushed in its turn, before the answer goes out.
 * Who calls: the kernel (pages), clients (servers.h). Whom: pnor.
 */
#include <servers.h>

#define ATTRIBUTE_DEFAULT(name, number, type, kind, text, value) [number] = {ATTRIBUTE_##type, ATTRIBUTE_##kind, text, value},
static const struct {
	enum attribute_type type;
	enum attribute_kind kind;
	const char *text;
	uint64_t number;
} defaults[] = {ATTRIBUTES(ATTRIBUTE_DEFAULT)};

static struct file file;
static uint8_t *saved;  /* the partition's first page */
static uint8_t *window; /* onto our own object */

static void fill_with_defaults(uint8_t *page)
{
	for (unsigned i = 0; i < ATTRIBUTE_COUNT; i++) {
		uint8_t *slot = page + i * ATTRIBUTE_BYTES;
		if (defaults[i].kind != ATTRIBUTE_VOLATILE)
			continue;
		if (defaults[i].type == ATTRIBUTE_NUMBER)
			*(uint64_t *)slot = defaults[i].number;
		else
			memcpy(slot, defaults[i].text, strlen(defaults[i].text));
	}
}

static enum status serve_page(const struct message *message)
{
	uint64_t page = message->word[PAGE_MESSAGE_PAGE];
	uint8_t *data = window + page * PAGE_BYTES;
	mark_step(message->word[PAGE_MESSAGE_FLOW], "attributes", (int64_t)page);
	if (message->type == MESSAGE_PAGE_READ) {
		if (page == ATTRIBUTE_VOLATILE)
			fill_with_defaults(data);
		if (page == ATTRIBUTE_PERSISTENT)
			memcpy(data, saved, PAGE_BYTES);
		return STATUS_OK;
	}
	if (page != ATTRIBUTE_PERSISTENT)
		return STATUS_DENIED; /* these two live only here: they stay in memory */
	memcpy(saved, data, PAGE_BYTES);
	return (enum status)sys_object_remove(file.object, 0, 1, REMOVE_FLUSH).status;
}

int main(void)
{
	struct message message = {0};
	must(file_open("ATTR", &file));
	saved = object_map(file.object, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	uint64_t endpoint = must(sys_endpoint_create());
	uint64_t object = must(sys_object_provide(endpoint, ATTRIBUTE_KINDS * PAGE_BYTES, 0, 1));
	uint64_t client = must(sys_handle_duplicate(object, HANDLE_READ | HANDLE_WRITE | HANDLE_MANAGE | HANDLE_GIVE));
	window = (uint8_t *)must(
		sys_object_map(object, 0, 0, ATTRIBUTE_KINDS * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE | MAP_WINDOW));
	must(service_register("attr", endpoint));
	struct result result = ipc_receive(endpoint, &message);
	while (result.status == STATUS_OK) {
		request_close_handle(&message);
		bool page = message.type == MESSAGE_PAGE_READ || message.type == MESSAGE_PAGE_WRITE;
		enum status status = page ? serve_page(&message) : message.type == ATTR_OPEN ? STATUS_OK : STATUS_INVALID;
		message = (struct message){
			.token = message.token, .type = status, .handle = !page && status == STATUS_OK ? client : 0};
		result = service_answer(endpoint, &message);
	}
	return 1;
}
