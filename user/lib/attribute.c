/*
 * Attributes, as programs use them: see attributes.h.
 *
 * Teaches: the attr server's object is mapped here, so reading an attribute is a load. The first one faults, and the page comes from attr,
 * and for the persistent ones through attr from pnor: a provider that uses another provider.
 * Who calls: programs. Whom: the attr server.
 */
#include "servers.h"

#define ATTRIBUTE_ROW(name, number, type_, kind_, text, value) [number] = {ATTRIBUTE_##type_, ATTRIBUTE_##kind_},
static const struct {
	enum attribute_type type;
	enum attribute_kind kind;
} rows[] = {ATTRIBUTES(ATTRIBUTE_ROW)};
#undef ATTRIBUTE_ROW

static uint64_t object;
static uint8_t *pages;

static enum status open_attributes(void)
{
	struct message message = {.type = ATTR_OPEN};
	if (pages)
		return STATUS_OK;
	struct result result = service_find("attr");
	TRY((enum status)result.status);
	result = ipc_call(result.value, &message);
	TRY((enum status)result.status);
	result = answer_handle(&message);
	TRY((enum status)result.status);
	result = sys_object_map(message.handle, 0, 0, ATTRIBUTE_KINDS * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	TRY((enum status)result.status);
	object = message.handle;
	pages = (uint8_t *)result.value;
	return STATUS_OK;
}

/* The slot of an attribute; INVALID if there is no such attribute of this type. */
static enum status slot_of(enum attribute attribute, enum attribute_type type, void **slot)
{
	if ((unsigned)attribute >= ATTRIBUTE_COUNT || rows[attribute].type != type)
		return STATUS_INVALID;
	TRY(open_attributes());
	*slot = pages + rows[attribute].kind * PAGE_BYTES + (unsigned)attribute * ATTRIBUTE_BYTES;
	return STATUS_OK;
}

struct result attribute_number(enum attribute attribute)
{
	void *slot;
	enum status status = slot_of(attribute, ATTRIBUTE_NUMBER, &slot);
	return (struct result){status, status == STATUS_OK ? *(const uint64_t *)slot : 0};
}

enum status attribute_set_number(enum attribute attribute, uint64_t value)
{
	void *slot;
	TRY(slot_of(attribute, ATTRIBUTE_NUMBER, &slot));
	*(uint64_t *)slot = value;
	return STATUS_OK;
}

enum status attribute_text(enum attribute attribute, char text[ATTRIBUTE_BYTES])
{
	void *slot;
	TRY(slot_of(attribute, ATTRIBUTE_TEXT, &slot));
	memcpy(text, slot, ATTRIBUTE_BYTES);
	text[ATTRIBUTE_TEXT_CHARS] = '\0';
	return STATUS_OK;
}

enum status attribute_set_text(enum attribute attribute, const char *text)
{
	void *slot;
	if (strlen(text) > ATTRIBUTE_TEXT_CHARS)
		return STATUS_LIMIT;
	TRY(slot_of(attribute, ATTRIBUTE_TEXT, &slot));
	memset(slot, 0, ATTRIBUTE_BYTES);
	memcpy(slot, text, strlen(text));
	return STATUS_OK;
}

enum status attributes_flush(void)
{
	TRY(open_attributes());
	return (enum status)sys_object_remove(object, ATTRIBUTE_PERSISTENT, 1, REMOVE_FLUSH).status;
}
