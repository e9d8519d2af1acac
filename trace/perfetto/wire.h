/*
 * How protobuf lies in bytes, as far as the hot packets need it.
 *
 * Teaches: a message is a row of fields; a field is a tag (its number << 3 | how it is coded) and then a number in groups of
 * seven bits, low group first, or eight bytes, or a length and that many bytes. So two encoded pieces laid side by side are
 * again a message. protobuf-c makes every packet that is rare and every part that is always the same; only the numbers that
 * differ from event to event are put behind those parts here. That is several times as fast as building each event as a tree of
 * messages, and the numbers of the fields still stand in one place, perfetto.proto.
 * Who calls: trace/perfetto/.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>
#include <string.h>

/* The longest coding of a 64-bit number. */
#define WIRE_NUMBER_BYTES 10

/* A few bytes made beforehand. They are copied eight at a time, which is why there must always be some room behind. */
struct wire_bytes {
	uint8_t count;
	uint8_t byte[23];
};

static inline uint8_t *wire_number(uint8_t *at, uint64_t value)
{
	while (value >= 0x80) {
		*at++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*at++ = (uint8_t)value;
	return at;
}

static inline uint8_t *wire_fixed64(uint8_t *at, uint64_t value)
{
	for (unsigned i = 0; i < 8; i++)
		at[i] = (uint8_t)(value >> 8 * i);
	return at + 8;
}

/* Up to eight bytes: tags. */
static inline uint8_t *wire_tag(uint8_t *at, const struct wire_bytes *tag)
{
	memcpy(at, tag->byte, 8);
	return at + tag->count;
}

/* Up to sixteen bytes. */
static inline uint8_t *wire_part(uint8_t *at, const struct wire_bytes *part)
{
	memcpy(at, part->byte, 16);
	return at + part->count;
}

static inline uint8_t *wire_field(uint8_t *at, const struct wire_bytes *tag, uint64_t value)
{
	return wire_number(wire_tag(at, tag), value);
}

/* The tag of a field of a message that protobuf-c knows. The field must exist. */
struct wire_bytes wire_tag_of(const ProtobufCMessageDescriptor *message, const char *field);

/* Packs a message that takes at most 16 bytes. */
struct wire_bytes wire_pack(const ProtobufCMessage *message);

/* The second behind the first: together at most 16 bytes. */
static inline struct wire_bytes wire_joined(struct wire_bytes first, struct wire_bytes second)
{
	memcpy(first.byte + first.count, second.byte, second.count);
	first.count = (uint8_t)(first.count + second.count);
	return first;
}
