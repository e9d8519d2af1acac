/*
 * A graph into SVG, by the Graphviz library.
 *
 * Teaches: the same picture everywhere. Graphviz asks whoever it finds how wide a text is: Pango and the fonts of this host, unless
 * only the plugins that we name are loaded; then it takes widths of Helvetica that it knows by heart. So two hosts with the same Graphviz draw
 * the same. Who calls: picture.c. Whom: gvc, with its plugins `dot` for the layout and `core` for SVG.
 */
#include <graphviz/gvc.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "picture.h"

extern gvplugin_library_t gvplugin_dot_layout_LTX_library, gvplugin_core_LTX_library;

char *picture_render(struct Agraph_s *graph, size_t *bytes)
{
	static const lt_symlist_t plugins[] = {
		{"gvplugin_dot_layout_LTX_library", &gvplugin_dot_layout_LTX_library},
		{"gvplugin_core_LTX_library", &gvplugin_core_LTX_library},
		{0},
	};
	GVC_t *gvc = gvContextPlugins(plugins, false);
	char *rendered = NULL, *text = NULL;
	unsigned length = 0;
	if (!gvc)
		return say("Graphviz does not start"), NULL;
	if (gvLayout(gvc, graph, "dot") || gvRenderData(gvc, graph, "svg", &rendered, &length))
		say("Graphviz cannot draw this graph");
	else if (!(text = strndup(rendered, length)))
		say("out of memory");
	*bytes = length;
	gvFreeRenderData(rendered);
	gvFreeLayout(gvc, graph);
	gvFreeContext(gvc);
	return text;
}
