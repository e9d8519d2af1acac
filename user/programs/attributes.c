/*
 * Attributes: values that are page faults the first time.
 *
 * A persistent one costs two: the program faults on the attr server's object, and the attr server, to answer, on the pnor server's. BOOTS
 * counts the runs that used the same flash image.
 */
#include <vitrine.h>

int main(void)
{
	char text[ATTRIBUTE_BYTES];
	check(attribute_number(ATTRIBUTE_ANSWER).value == 42);
	check(attribute_text(ATTRIBUTE_GREETING, text) == STATUS_OK && !strcmp(text, "hello from attr"));
	check(attribute_number(ATTRIBUTE_COUNTER).value == 0);
	check(attribute_set_number(ATTRIBUTE_COUNTER, 5) == STATUS_OK && attribute_number(ATTRIBUTE_COUNTER).value == 5);
	check(attribute_number(ATTRIBUTE_GREETING).status == STATUS_INVALID);
	check(attribute_number(ATTRIBUTE_COUNT).status == STATUS_INVALID);
	check(attribute_set_text(ATTRIBUTE_OWNER, "a text that is longer than the sixty-three characters that fit in a slot") ==
	      STATUS_LIMIT);
	uint64_t boots = must(attribute_number(ATTRIBUTE_BOOTS));
	check(attribute_text(ATTRIBUTE_OWNER, text) == STATUS_OK && !strcmp(text, boots ? "somebody" : ""));
	check(attribute_set_number(ATTRIBUTE_BOOTS, boots + 1) == STATUS_OK);
	check(attribute_set_text(ATTRIBUTE_OWNER, "somebody") == STATUS_OK);
	check(attributes_flush() == STATUS_OK);
	printf("attributes: %lu boots before this one, %d things wrong\n", boots, checks_failed());
	return checks_failed();
}
