/*
 * Drawing with Graphviz: nodes, edges and groups in the one look that all pictures have, with a title and a legend.
 *
 * Who calls: the kinds of graphs. Whom: cgraph keeps the graph, gvc (picture_render.c) lays it out.
 * Texts are shown as they are: whatever a program put into a name, it cannot break the picture. Keys name nodes and groups inside the
 * graph; who asks for the same key twice gets the same one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "graph.h"

struct Agraph_s; /* of cgraph */
struct Agnode_s;
struct Agedge_s;
struct picture;

/* What a thing is, which is how it looks. */
enum look {
	LOOK_PORTABLE, /* code of kernel/ */
	LOOK_ARCH,     /* code of arch/, and what only one machine has */
	LOOK_USER,     /* programs and servers */
	LOOK_DATA,     /* what is neither: a page, a table, an endpoint */
	LOOK_STRONG,   /* what was asked for */
	LOOK_BAD,      /* what went wrong */
	LOOK_NEVER,    /* what could have been and was not */
	LOOK_COUNT,
};

/* Fill, line and text of a look, as "#rrggbb". */
struct look_colours {
	const char *fill, *line, *text;
};
extern const struct look_colours look_colours[LOOK_COUNT];

/* An empty picture with a title. It does not return without one: cgraph ends the program when memory runs out. */
struct picture *picture_begin(const struct graph_request *request, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line below the title; lines stand in the order of the calls. And an entry of the legend. */
void picture_about(struct picture *picture, const char *format, ...) __attribute__((format(printf, 2, 3)));
void picture_legend(struct picture *picture, enum look look, const char *meaning);

/* The group `key` inside `parent`, which may be NULL: a frame with a heading. */
struct Agraph_s *picture_group(struct picture *picture, struct Agraph_s *parent, const char *key, enum look look,
			       const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The node `key` inside `group`, which may be NULL. A newline in the text starts a line. */
struct Agnode_s *picture_node(struct picture *picture, struct Agraph_s *group, const char *key, enum look look,
			      const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * An edge. `share`, 0 to 1, is how thick it is; `key` tells several edges between the same two nodes apart, NULL if there is one.
 */
struct Agedge_s *picture_edge(struct picture *picture, struct Agnode_s *from, struct Agnode_s *to, const char *key,
			      enum look look, double share, const char *format, ...) __attribute__((format(printf, 7, 8)));

/* What shows when the mouse rests on a node or an edge. */
void picture_tip(void *node_or_edge, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A node leads to a line of the source; without a tip of its own it says which. */
void picture_source(struct picture *picture, struct Agnode_s *node, const char *file, unsigned line);

/* Any other attribute of Graphviz, of the picture (with the graph that picture_graph gives), a group, a node or an edge. */
void picture_set(void *object, const char *attribute, const char *value);
struct Agraph_s *picture_graph(struct picture *picture);

/* The picture as text, to be freed; NULL after having said why. The picture is gone. */
char *picture_end(struct picture *picture, enum graph_format format, size_t *bytes);

/* Lays `graph` out and draws it: picture_render.c. */
char *picture_render(struct Agraph_s *graph, size_t *bytes);

/* "1,234,567", and a time in the unit that suits it: "850 ns", "12.3 us". Both in `text`, which is returned. */
#define PICTURE_NUMBER_BYTES 32
char *picture_number(char text[PICTURE_NUMBER_BYTES], uint64_t number);
char *picture_time(char text[PICTURE_NUMBER_BYTES], uint64_t ns);
