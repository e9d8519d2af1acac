/*
 * Reads the kernel's command line. docs/kernel.md says what each word means.
 * Who calls: boot. Locks: none.
 */
#include "boot/command_line.h"

#include "core/print.h"
#include "core/string.h"

static const char *const known_words[] = {"program",   "seed",     "trace",      "ring",       "budget",      "turn_us",
					  "memory",    "flash",    "broken_cpu", "broken_at",  "wrong_clock", "cpus",
					  "mmu",       "selftest", "fail",       "fail_every", "panic",       "fail_rounds",
					  "fail_step", "slow_cpu", "slow_at"};

bool command_text(const char *line, const char *name, char value[COMMAND_WORD_CHARS])
{
	size_t name_length = strlen(name);
	bool found = false;
	value[0] = 0;
	while (*line) {
		size_t length = 0;
		while (line[length] && line[length] != ' ')
			length++;
		if (length > name_length && line[name_length] == '=' && !strncmp(line, name, name_length)) {
			size_t chars = min_u64(length - name_length - 1, COMMAND_WORD_CHARS - 1);
			memcpy(value, line + name_length + 1, chars);
			value[chars] = 0;
			found = true;
		}
		line += length;
		while (*line == ' ')
			line++;
	}
	return found;
}

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 99;
}

/*
 * Reads digits up to the end of the text. False if there are none, or others, or too many. Takes as many instructions for one
 * number as for another with as many decimal digits, on which `vitrine at` relies: hence `&`, which does not branch.
 */
static bool read_number(const char text[COMMAND_WORD_CHARS], uint64_t *value)
{
	bool hex = (text[0] == '0') & (text[1] == 'x');
	unsigned base = hex ? 16 : 10;
	const char *at = text + (hex ? 2 : 0);
	*value = 0;
	if (!*at)
		return false;
	for (; *at; at++) {
		if (digit_value(*at) >= base || *value > (UINT64_MAX - digit_value(*at)) / base)
			return false;
		*value = *value * base + digit_value(*at);
	}
	return true;
}

uint64_t command_number(const char *line, const char *name, uint64_t otherwise)
{
	char text[COMMAND_WORD_CHARS] = {0};
	uint64_t value;
	if (!command_text(line, name, text))
		return otherwise;
	if (read_number(text, &value))
		return value;
	kprintf("command line: %s=%s is no number\n", name, text);
	return otherwise;
}

/* Words that begin with this are the program's own. */
#define PROGRAM_PREFIX "program."

static bool is_known(const char *word, size_t length)
{
	if (!strncmp(word, PROGRAM_PREFIX, strlen(PROGRAM_PREFIX)))
		return true;
	for (size_t i = 0; i < ARRAY_LENGTH(known_words); i++) {
		size_t name_length = strlen(known_words[i]);
		if (length > name_length && word[name_length] == '=' && !strncmp(word, known_words[i], name_length))
			return true;
	}
	return false;
}

void command_check(const char *line)
{
	while (*line) {
		size_t length = 0;
		while (line[length] && line[length] != ' ')
			length++;
		if (length && !is_known(line, length)) {
			char word[COMMAND_WORD_CHARS];
			size_t chars = min_u64(length, sizeof(word) - 1);
			memcpy(word, line, chars);
			word[chars] = 0;
			kprintf("command line: the kernel does not know '%s'\n", word);
		}
		line += length + (line[length] == ' ');
	}
}
