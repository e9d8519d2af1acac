/*
 * Attributes: small typed values with names, which every program can read and set.
 *
 * Three kinds, a page of the attr server's object each: VOLATILE starts with its default, ZEROED with zeros, PERSISTENT with what it was
 * before the machine was switched off. An attribute has a slot of 64 bytes at its number in its page.
 * To add one: a line here, with the next number.
 */
#pragma once

#include <stdint.h>

/* clang-format off */
#define ATTRIBUTES(X) \
	X(GREETING, 0, TEXT, VOLATILE, "hello from attr", 0) \
	X(ANSWER, 1, NUMBER, VOLATILE, "", 42) \
	X(COUNTER, 2, NUMBER, ZEROED, "", 0) \
	X(BOOTS, 3, NUMBER, PERSISTENT, "", 0) \
	X(OWNER, 4, TEXT, PERSISTENT, "", 0)
/* clang-format on */

#define ATTRIBUTE_BYTES 64
#define ATTRIBUTE_TEXT_CHARS (ATTRIBUTE_BYTES - 1)

enum attribute_type { ATTRIBUTE_NUMBER, ATTRIBUTE_TEXT };
enum attribute_kind { ATTRIBUTE_VOLATILE, ATTRIBUTE_ZEROED, ATTRIBUTE_PERSISTENT, ATTRIBUTE_KINDS };

#define ATTRIBUTE_ENUM(name, number, type, kind, text, value) ATTRIBUTE_##name = (number),
enum attribute { ATTRIBUTES(ATTRIBUTE_ENUM) ATTRIBUTE_COUNT };
#undef ATTRIBUTE_ENUM
_Static_assert(ATTRIBUTE_COUNT *ATTRIBUTE_BYTES <= 4096, "a kind is one page");
