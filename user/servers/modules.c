/*
 * The modules server: code that a program takes in while it runs.
 *
 *     a program -> modules: open "counter"     a handle of the module's file, an object
 *     modules -> pnor: open MODULES            once; the modules lie in that partition, behind a table (user/flash/modules.h)
 *
 * Teaches: who may load what is decided by who hands out the object, and a client gets no more of the partition than the one module. The object
 * is a copy that nobody writes to: it has no pages of its own, so all programs share those that pnor has read.
 * Who calls: init starts it when somebody asks for it. Whom: pnor. Loading itself is done by the library, in the program (user/lib/module.c).
 */
#include <servers.h>

#include "../flash/modules.h"

static struct module_table table;
static uint64_t partition; /* the object of MODULES */
static struct opened {
	uint64_t client; /* the handle for clients; 0: not asked for yet */
	uint64_t loads;
} opened[MODULES_MAX];

static enum status open_partition(void)
{
	struct file file;
	struct result result = file_open("MODULES", &file);
	if (result.status != STATUS_OK)
		return (enum status)result.status;
	struct result page = sys_object_map(file.object, 0, 0, PAGE_BYTES, RIGHTS_READ);
	TRY((enum status)page.status);
	partition = file.object;
	if (!modules_read(&table, (const uint8_t *)page.value, file.room / PAGE_BYTES)) {
		table.count = 0;
		printf("modules: the partition MODULES has no table of modules\n");
	}
	return (enum status)sys_vm_unmap(page.value, PAGE_BYTES).status;
}

static enum status make_object(unsigned number)
{
	const struct module_entry *entry = &table.entry[number];
	struct result copy = sys_object_copy(partition, entry->first_page, entry->pages);
	TRY((enum status)copy.status);
	struct result client = sys_handle_duplicate(copy.value, HANDLE_READ | HANDLE_EXEC | HANDLE_GIVE);
	must(sys_handle_close(copy.value));
	opened[number].client = client.value;
	return (enum status)client.status;
}

static void open_module(struct message *message)
{
	struct name_words wanted = {{message->word[0], message->word[1]}};
	*message = (struct message){.token = message->token, .type = STATUS_NOT_FOUND};
	for (unsigned i = 0; i < table.count; i++) {
		struct name_words name = name_to_words(table.entry[i].name);
		if (name.word[0] != wanted.word[0] || name.word[1] != wanted.word[1])
			continue;
		message->type = opened[i].client ? STATUS_OK : make_object(i);
		message->handle = message->type == STATUS_OK ? opened[i].client : 0;
		opened[i].loads += message->type == STATUS_OK;
		return;
	}
}

static void tell_name(struct message *message)
{
	uint64_t number = message->word[0];
	*message = (struct message){.token = message->token, .type = STATUS_NOT_FOUND};
	if (number >= table.count)
		return;
	struct name_words name = name_to_words(table.entry[number].name);
	message->type = STATUS_OK;
	message->word[0] = name.word[0];
	message->word[1] = name.word[1];
	message->word[2] = table.entry[number].pages * PAGE_BYTES;
	message->word[3] = opened[number].loads;
}

static void answer(struct message *message)
{
	switch (message->type) {
	case MODULES_OPEN:
		open_module(message);
		break;
	case MODULES_NAME:
		tell_name(message);
		break;
	default:
		*message = (struct message){.token = message->token, .type = STATUS_INVALID};
	}
}

int main(void)
{
	struct message message = {0};
	uint64_t endpoint = must(sys_endpoint_create());
	enum status status = open_partition();
	if (status != STATUS_OK)
		printf("modules: there is no partition MODULES: %s\n", status_name(status));
	must(service_register("modules", endpoint));
	struct result result = ipc_receive(endpoint, &message);
	while (result.status == STATUS_OK) {
		request_close_handle(&message);
		answer(&message);
		result = service_answer(endpoint, &message);
	}
	return 1;
}
