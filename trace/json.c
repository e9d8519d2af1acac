/*
 * Texts in JSON: see json.h.
 */
#include "json.h"

#include <stddef.h>
#include <stdint.h>

/* How many bytes the UTF-8 character at `text` has (RFC 3629, section 4); 0: there is none. */
static size_t utf8_bytes(const unsigned char *text)
{
	static const struct {
		unsigned char first_min, first_max, second_min, second_max;
		size_t bytes;
	} forms[] = {
		{0x00, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (text[0] < forms[i].first_min || text[0] > forms[i].first_max)
			continue;
		if (forms[i].bytes > 1 && (text[1] < forms[i].second_min || text[1] > forms[i].second_max))
			return 0;
		for (size_t more = 2; more < forms[i].bytes; more++)
			if (text[more] < 0x80 || text[more] > 0xbf)
				return 0;
		return forms[i].bytes;
	}
	return 0;
}

void json_string(FILE *to, const char *text)
{
	fputc('"', to);
	for (const unsigned char *at = (const unsigned char *)text; *at;) {
		size_t bytes = utf8_bytes(at);
		if (bytes == 0)
			fputs("\\ufffd", to);
		else if (*at == '"' || *at == '\\')
			fprintf(to, "\\%c", *at);
		else if (*at < ' ')
			fprintf(to, *at == '\n' ? "\\n" : "\\u%04x", *at);
		else
			fwrite(at, 1, bytes, to);
		at += bytes ? bytes : 1;
	}
	fputc('"', to);
}
