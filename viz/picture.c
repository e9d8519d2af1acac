/*
 * The one look of all pictures: see picture.h.
 *
 * Teaches: a graph is data first. cgraph keeps nodes, edges and their attributes, and can write them as DOT; only the render step knows
 * where anything lies. Who calls: the kinds of graphs. Whom: cgraph; picture_render.c for the layout.
 * Invariant: what comes from a trace goes through `plain` or `html` before cgraph sees it, so no name can say something to Graphviz.
 */
#include "picture.h"

#include <graphviz/cgraph.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

#define TEXT_BYTES 256
#define ABOUT_MAX 8
#define FONT "Helvetica,Arial,sans-serif"

/* Colours that people who do not tell red from green tell apart as well: blue, orange, green with a blue edge, grey. */
const struct look_colours look_colours[LOOK_COUNT] = {
	[LOOK_PORTABLE] = {"#dbeafe", "#1d4ed8", "#172554"}, [LOOK_ARCH] = {"#ffedd5", "#c2410c", "#431407"},
	[LOOK_USER] = {"#d1fae5", "#047857", "#022c22"},     [LOOK_DATA] = {"#ffffff", "#475569", "#0f172a"},
	[LOOK_STRONG] = {"#fef08a", "#a16207", "#422006"},   [LOOK_BAD] = {"#fecaca", "#b91c1c", "#450a0a"},
	[LOOK_NEVER] = {"#f8fafc", "#cbd5e1", "#94a3b8"},
};

struct picture {
	Agraph_t *graph;
	char title[TEXT_BYTES], about[ABOUT_MAX][TEXT_BYTES];
	unsigned abouts;
	const char *meaning[LOOK_COUNT]; /* the legend */
	const char *source_base;
};

/* ---- texts ---- */

/* Only printable ASCII and newlines; with room for `more` bytes a character. */
static bool may_stand(char c)
{
	return c == '\n' || (c >= ' ' && c <= '~');
}

/* For an attribute: a backslash would start an escape. */
static void plain(char to[2 * TEXT_BYTES], const char *from)
{
	for (; *from; from++) {
		if (*from == '\\')
			*to++ = '\\';
		*to++ = may_stand(*from) ? *from : '?';
	}
	*to = '\0';
}

static void html(FILE *to, const char *from)
{
	for (; *from; from++)
		if (*from == '&' || *from == '<' || *from == '>' || *from == '"')
			fprintf(to, "&#%d;", *from);
		else
			fputc(may_stand(*from) ? *from : '?', to);
}

void picture_set(void *object, const char *attribute, const char *value)
{
	agsafeset(object, (char *)attribute, (char *)value, "");
}

static __attribute__((noinline)) void set_text(void *object, const char *attribute, const char *format, va_list arguments)
{
	char text[TEXT_BYTES], escaped[2 * TEXT_BYTES];
	vsnprintf(text, sizeof(text), format, arguments);
	plain(escaped, text);
	picture_set(object, attribute, escaped);
}

char *picture_number(char text[PICTURE_NUMBER_BYTES], uint64_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number), at = 0;
	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = '\0';
	return text;
}

char *picture_time(char text[PICTURE_NUMBER_BYTES], uint64_t ns)
{
	static const struct {
		uint64_t from;
		double unit;
		const char *name;
	} units[] = {{1000000000, 1e9, "s"}, {1000000, 1e6, "ms"}, {1000, 1e3, "us"}};
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (ns >= units[i].from)
			return snprintf(text, PICTURE_NUMBER_BYTES, "%.1f %s", (double)ns / units[i].unit, units[i].name), text;
	snprintf(text, PICTURE_NUMBER_BYTES, "%" PRIu64 " ns", ns);
	return text;
}

/* ---- the picture ---- */

/* What holds for everything that says nothing else. */
static void set_defaults(Agraph_t *graph)
{
	static const struct {
		int kind;
		const char *name, *value;
	} defaults[] = {
		{AGRAPH, "bgcolor", "white"},
		{AGRAPH, "fontname", FONT},
		{AGRAPH, "fontsize", "13"},
		{AGRAPH, "rankdir", "TB"},
		{AGRAPH, "nodesep", "0.35"},
		{AGRAPH, "ranksep", "0.5"},
		{AGRAPH, "labelloc", "t"},
		{AGRAPH, "labeljust", "l"},
		{AGRAPH, "pad", "0.2"},
		{AGRAPH, "style", ""},
		{AGRAPH, "color", ""},
		{AGRAPH, "fillcolor", ""},
		{AGRAPH, "fontcolor", ""},
		{AGRAPH, "label", ""},
		{AGRAPH, "tooltip", ""},
		{AGNODE, "fontname", FONT},
		{AGNODE, "fontsize", "12"},
		{AGNODE, "shape", "box"},
		{AGNODE, "style", "filled,rounded"},
		{AGNODE, "margin", "0.15,0.07"},
		{AGNODE, "tooltip", ""},
		{AGEDGE, "fontname", FONT},
		{AGEDGE, "fontsize", "11"},
		{AGEDGE, "arrowsize", "0.7"},
		{AGEDGE, "tooltip", ""},
	};
	for (unsigned i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		agattr(graph, defaults[i].kind, (char *)defaults[i].name, (char *)defaults[i].value);
}

struct picture *picture_begin(const struct graph_request *request, const char *format, ...)
{
	struct picture *picture = calloc(1, sizeof(*picture));
	va_list arguments;
	if (!picture)
		abort();
	picture->graph = agopen((char *)request->kind, Agdirected, NULL);
	picture->source_base = request->source_base;
	set_defaults(picture->graph);
	va_start(arguments, format);
	vsnprintf(picture->title, sizeof(picture->title), format, arguments);
	va_end(arguments);
	return picture;
}

void picture_about(struct picture *picture, const char *format, ...)
{
	va_list arguments;
	if (picture->abouts == ABOUT_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(picture->about[picture->abouts++], TEXT_BYTES, format, arguments);
	va_end(arguments);
}

void picture_legend(struct picture *picture, enum look look, const char *meaning)
{
	picture->meaning[look] = meaning;
}

struct Agraph_s *picture_graph(struct picture *picture)
{
	return picture->graph;
}

struct Agraph_s *picture_group(struct picture *picture, struct Agraph_s *parent, const char *key, enum look look,
			       const char *format, ...)
{
	char name[TEXT_BYTES / 2];
	va_list arguments;
	snprintf(name, sizeof(name), "cluster_%s", key);
	Agraph_t *group = agsubg(parent ? parent : picture->graph, name, true);
	va_start(arguments, format);
	set_text(group, "label", format, arguments);
	va_end(arguments);
	picture_set(group, "style", "rounded,filled");
	picture_set(group, "color", look_colours[look].line);
	picture_set(group, "fillcolor", look_colours[look].fill);
	picture_set(group, "fontcolor", look_colours[look].text);
	picture_set(group, "tooltip", " ");
	return group;
}

struct Agnode_s *picture_node(struct picture *picture, struct Agraph_s *group, const char *key, enum look look,
			      const char *format, ...)
{
	va_list arguments;
	Agnode_t *node = agnode(group ? group : picture->graph, (char *)key, true);
	va_start(arguments, format);
	set_text(node, "label", format, arguments);
	va_end(arguments);
	picture_set(node, "color", look_colours[look].line);
	picture_set(node, "fillcolor", look_colours[look].fill);
	picture_set(node, "fontcolor", look_colours[look].text);
	return node;
}

/* Two blanks before each line keep a label off its edge, however thick that is. */
static __attribute__((noinline)) void set_edge_label(Agedge_t *edge, const char *format, va_list arguments)
{
	char text[TEXT_BYTES / 2], moved[TEXT_BYTES + 1], *to = moved, escaped[2 * TEXT_BYTES];
	vsnprintf(text, sizeof(text), format, arguments);
	for (const char *from = text; *from; *to++ = *from++)
		if (*from != '\n' && (from == text || from[-1] == '\n'))
			to = stpcpy(to, "  ");
	*to = '\0';
	plain(escaped, moved);
	picture_set(edge, "label", escaped);
}

struct Agedge_s *picture_edge(struct picture *picture, struct Agnode_s *from, struct Agnode_s *to, const char *key,
			      enum look look, double share, const char *format, ...)
{
	char width[16];
	va_list arguments;
	Agedge_t *edge = key ? NULL : agedge(picture->graph, from, to, NULL, false);
	if (!edge)
		edge = agedge(picture->graph, from, to, (char *)key, true);
	va_start(arguments, format);
	set_edge_label(edge, format, arguments);
	va_end(arguments);
	snprintf(width, sizeof(width), "%.2f", 1 + 5 * share);
	picture_set(edge, "penwidth", width);
	picture_set(edge, "color", look_colours[look].line);
	picture_set(edge, "fontcolor", look_colours[look].text);
	return edge;
}

void picture_tip(void *node_or_edge, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	set_text(node_or_edge, "tooltip", format, arguments);
	va_end(arguments);
}

void picture_source(struct picture *picture, struct Agnode_s *node, const char *file, unsigned line)
{
	char link[TEXT_BYTES], escaped[2 * TEXT_BYTES];
	const char *tip = agget(node, "tooltip");
	if (!tip || !*tip)
		picture_tip(node, "%s:%u", file, line);
	if (!picture->source_base)
		return;
	snprintf(link, sizeof(link), "%s%s#L%u", picture->source_base, file, line);
	plain(escaped, link);
	picture_set(node, "URL", escaped);
	picture_set(node, "target", "_blank");
}

/* ---- title and legend, above the rest ---- */

/* A table is stretched to the width of the picture, each of its columns by as much: so 99 empty ones at the end take nearly all of it. */
static void print_legend(const struct picture *picture, FILE *to)
{
	bool any = false;
	for (unsigned i = 0; i < LOOK_COUNT; i++)
		any |= picture->meaning[i] != NULL;
	if (!any)
		return;
	fputs("<TR><TD ALIGN=\"LEFT\"><TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\"><TR>", to);
	for (unsigned i = 0; i < LOOK_COUNT; i++) {
		if (!picture->meaning[i])
			continue;
		fprintf(to, "<TD BORDER=\"1\" COLOR=\"%s\" BGCOLOR=\"%s\" WIDTH=\"18\"> </TD><TD ALIGN=\"LEFT\">&#160;&#160;",
			look_colours[i].line, look_colours[i].fill);
		html(to, picture->meaning[i]);
		fputs("   </TD>", to);
	}
	fputs("<TD COLSPAN=\"99\"></TD></TR></TABLE></TD></TR>", to);
}

static void print_heading(const struct picture *picture, FILE *to)
{
	fputs("<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"2\"><TR><TD ALIGN=\"LEFT\"><FONT POINT-SIZE=\"20\"><B>", to);
	html(to, picture->title);
	fputs("</B></FONT></TD></TR>", to);
	for (unsigned i = 0; i < picture->abouts; i++) {
		fputs("<TR><TD ALIGN=\"LEFT\">", to);
		html(to, picture->about[i]);
		fputs("</TD></TR>", to);
	}
	print_legend(picture, to);
	fputs("</TABLE>", to);
}

static bool set_heading(struct picture *picture)
{
	char *text = NULL;
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);
	if (!to)
		return false;
	print_heading(picture, to);
	if (fclose(to))
		return false;
	agxset(picture->graph, agattr(picture->graph, AGRAPH, "label", NULL), agstrdup_html(picture->graph, text));
	free(text);
	return true;
}

static char *write_dot(Agraph_t *graph, size_t *bytes)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, bytes);
	bool written = to && agwrite(graph, to) == 0;
	if (to && fclose(to) == 0 && written)
		return text;
	free(text);
	return say("out of memory"), NULL;
}

char *picture_end(struct picture *picture, enum graph_format format, size_t *bytes)
{
	char *text = NULL;
	if (!set_heading(picture))
		say("out of memory");
	else
		text = format == GRAPH_DOT ? write_dot(picture->graph, bytes) : picture_render(picture->graph, bytes);
	agclose(picture->graph);
	free(picture);
	return text;
}
