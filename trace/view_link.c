/*
 * The address of view_link.h: the UI's own parameters `url`, `visStart`, `visEnd` (nanoseconds) and `startupCommands`, a list of commands in JSON.
 *
 * Who calls: view.c.
 */
#include "view_link.h"

#include <inttypes.h>
#include <string.h>

static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("-._~", c));
}

void view_name_in_address(const char *path, char *name, size_t bytes)
{
	const char *slash = strrchr(path, '/');
	size_t length = 0;
	for (const char *at = slash ? slash + 1 : path; *at && length + 4 < bytes; at++)
		length += (size_t)snprintf(name + length, bytes - length, is_plain(*at) ? "%c" : "%%%02X", (unsigned char)*at);
	name[length] = '\0';
}

static void write_escaped(FILE *to, const char *text)
{
	for (; *text; text++)
		fprintf(to, is_plain(*text) ? "%c" : "%%%02X", (unsigned char)*text);
}

/* One command of the UI: {"id":"dev.perfetto.NAME","args":["REGEX"]}. In a JSON string a backslash and a quote get a backslash before them. */
static void write_command(FILE *to, const char *comma, const char *name, const char *regex)
{
	write_escaped(to, comma);
	write_escaped(to, "{\"id\":\"dev.perfetto.");
	write_escaped(to, name);
	write_escaped(to, "\",\"args\":[\"");
	for (; *regex; regex++) {
		char one[] = {*regex, '\0'};
		if (*regex == '\\' || *regex == '"')
			write_escaped(to, "\\");
		write_escaped(to, one);
	}
	write_escaped(to, "\"]}");
}

void view_link_write(FILE *to, const struct view_link *link)
{
	char name[256];
	view_name_in_address(link->path, name, sizeof(name));
	fprintf(to, VIEW_UI "/#!/?url=http://127.0.0.1:%u/%s", link->port, name);
	if (link->has_range)
		fprintf(to, "&visStart=%" PRIu64 "&visEnd=%" PRIu64, link->from_ns, link->to_ns);
	if (!link->pins && !link->expands)
		return;
	fputs("&startupCommands=", to);
	write_escaped(to, "[");
	for (unsigned i = 0; i < link->pins; i++)
		write_command(to, i ? "," : "", "PinTracksByRegex", link->pin[i]);
	for (unsigned i = 0; i < link->expands; i++)
		write_command(to, i || link->pins ? "," : "", "ExpandTracksByRegex", link->expand[i]);
	write_escaped(to, "]");
}
