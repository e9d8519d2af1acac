/*
 * `vitrine view`: hands one Perfetto trace to the Perfetto UI in the browser.
 *
 * Teaches: why it takes a server at all. The UI is a page of ui.perfetto.dev; a browser lets it load from this machine only by
 * http from 127.0.0.1 port 9001 (the page's own policy), and only if the answer allows that page (Access-Control-Allow-Origin).
 * The trace goes from this process into the browser and nowhere else.
 * Who calls: main.c. Whom it calls: sockets, and zlib for a look at the file. It answers one request at a time, GET and HEAD, for
 * that one file.
 * Simplified: HTTP/1.0 with a length, one request a connection; RFC 9110 says the rest.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "commands.h"
#include "format.h"
#include "moment.h"
#include "view_link.h"

const char view_help[] =
	"usage: vitrine view FILE [--pin REGEX] [--from TIME --to TIME] [--port PORT] [--once]\n"
	"\n"
	"Serves FILE (what `vitrine perfetto` wrote) to the Perfetto UI on this machine, and prints the link that opens it. The "
	"browser loads\n"
	"the trace from here; it is not sent anywhere. Ctrl-C ends it.\n"
	"\n"
	"    --pin REGEX       tracks with such a name stand on top (up to 8 times)\n"
	"    --expand REGEX    groups and processes with such a name are open (up to 8 times)\n"
	"    --from, --to TIME what fills the window, since kernel entry: 512.3us; ns, us, ms, s, or us without a unit\n"
	"                      (no events: only a run knows when they were)\n"
	"    -l, --link        only print the link, for a page of yours; it works while `vitrine view FILE` runs\n"
	"    -p, --port PORT   another port than 9001; the UI of ui.perfetto.dev accepts only 9001, one of your own may\n"
	"                      accept others; 0 takes any free port\n"
	"        --once        end after the file was fetched once\n"
	"\n"
	"If this runs on another machine than the browser, `ssh -L 9001:127.0.0.1:9001 HOST` on the browser's machine brings the "
	"port there;\n"
	"HOST is the machine where this runs.\n"
	"\n"
	"example: vitrine view out/demo/demo.pftrace --pin collider --from 4ms --to 5ms\n";

#define PORT_OF_THE_UI 9001
#define REQUEST_BYTES 8192
#define PATIENCE_SECONDS 10

struct view {
	const char *path;
	char name[256]; /* as it stands in the address */
	int file;
	off_t bytes;
	bool once, only_link;
	struct view_link link;
	unsigned port;
	int socket;
};

/* ---- one request ---- */

/* Sends all of it. Returns false if the other side has gone. */
static bool send_text(int peer, const char *text)
{
	for (size_t left = strlen(text); left;) {
		ssize_t sent = send(peer, text, left, MSG_NOSIGNAL);
		if (sent <= 0 && errno != EINTR)
			return false;
		if (sent > 0) {
			text += sent;
			left -= (size_t)sent;
		}
	}
	return true;
}

static bool send_file(const struct view *view, int peer)
{
	off_t at = 0;
	while (at < view->bytes) {
		ssize_t sent = sendfile(peer, view->file, &at, (size_t)(view->bytes - at));
		if (sent <= 0 && errno != EINTR)
			return false;
	}
	return true;
}

/* The start of every answer. The page of the UI may read it, and nobody keeps a copy: the next run has the same name. */
static bool send_head(int peer, const char *status, const char *type, off_t bytes)
{
	char head[512];
	snprintf(head, sizeof(head),
		 "HTTP/1.0 %s\r\n"
		 "Access-Control-Allow-Origin: " VIEW_UI "\r\n"
		 "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"
		 "Access-Control-Allow-Private-Network: true\r\n"
		 "Cache-Control: no-cache\r\n"
		 "Content-Type: %s\r\n"
		 "Content-Length: %lld\r\n"
		 "Connection: close\r\n"
		 "\r\n",
		 status, type, (long long)bytes);
	return send_text(peer, head);
}

/* An answer that is one line of text. */
static void send_line(int peer, const char *status, const char *line, bool head_only)
{
	if (send_head(peer, status, "text/plain; charset=utf-8", (off_t)strlen(line)) && !head_only)
		send_text(peer, line);
}

/* Reads until the empty line that ends a request's head. Returns false if it never comes or is too long. */
static bool receive_head(int peer, char request[REQUEST_BYTES])
{
	size_t length = 0;
	request[0] = '\0';
	while (!strstr(request, "\r\n\r\n") && !strstr(request, "\n\n")) {
		ssize_t got = recv(peer, request + length, REQUEST_BYTES - 1 - length, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		length += (size_t)got;
		request[length] = '\0';
	}
	return true;
}

/* Answers one request. Returns true if the file was fetched whole. */
static bool answer(const struct view *view, int peer)
{
	static char request[REQUEST_BYTES], target[1024];
	char method[16];
	if (!receive_head(peer, request))
		return false;
	if (sscanf(request, "%15s %1023s", method, target) != 2) {
		send_line(peer, "400 Bad Request", "this is not HTTP\n", false);
		return false;
	}
	bool head_only = !strcmp(method, "HEAD");
	target[strcspn(target, "?#")] = '\0';
	if (!strcmp(method, "OPTIONS")) {
		send_head(peer, "204 No Content", "text/plain", 0);
		return false;
	}
	if (!head_only && strcmp(method, "GET")) {
		send_line(peer, "405 Method Not Allowed", "only GET and HEAD\n", false);
		return false;
	}
	if (target[0] != '/' || strcmp(target + 1, view->name)) {
		send_line(peer, "404 Not Found", "only the trace is here\n", head_only);
		return false;
	}
	return send_head(peer, "200 OK", "application/octet-stream", view->bytes) && !head_only && send_file(view, peer);
}

/* ---- the server ---- */

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* Ctrl-C ends the wait in accept, so no SA_RESTART. */
static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* Reads a variable-length integer (protobuf's varint). False if there is none. */
static bool read_varint(gzFile from, uint64_t *number)
{
	*number = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		int byte = gzgetc(from);
		if (byte < 0)
			return false;
		*number |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

#define PACKET_TAG 0x0a /* Trace.packet: field 1, a length follows */
#define PACKET_BYTES_MAX (UINT64_C(1) << 30)

/* Whether it starts with a packet and after that comes another, or the end; packed by gzip or not. zlib takes both. */
static bool is_perfetto_trace(const char *path)
{
	uint64_t bytes = 0;
	gzFile from = gzopen(path, "rbe");
	bool good = from && gzgetc(from) == PACKET_TAG && read_varint(from, &bytes) && bytes > 0 && bytes < PACKET_BYTES_MAX;
	if (good) {
		good = gzseek(from, (z_off_t)bytes - 1, SEEK_CUR) >= 0 && gzgetc(from) >= 0;
		int next = gzgetc(from);
		good = good && (next == PACKET_TAG || (next < 0 && gzeof(from)));
	}
	if (from)
		gzclose(from);
	return good;
}

/* Says that the file is no Perfetto trace, and how one is made: of it, if it is a run. */
static int say_no_perfetto_trace(const struct view *view)
{
	char start[FORMAT_MAGIC_BYTES] = "";
	bool is_run = pread(view->file, start, sizeof(start), 0) == sizeof(start) && !memcmp(start, FORMAT_MAGIC, sizeof(start));
	if (is_run)
		return say("%s is a recorded run, no Perfetto trace; `%s perfetto %s -o run.pftrace` makes one of it", view->path,
			   program_path, view->path);
	return say("%s is no Perfetto trace; `%s perfetto RUN -o run.pftrace` makes one of a recorded run", view->path,
		   program_path);
}

static int open_file(struct view *view)
{
	struct stat status;
	view->file = open(view->path, O_RDONLY | O_CLOEXEC);
	if (view->file < 0 || fstat(view->file, &status))
		return say("cannot read %s: %s", view->path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return say("%s is no file that could be viewed; `%s perfetto` makes one from runs", view->path, program_path);
	if (!is_perfetto_trace(view->path))
		return say_no_perfetto_trace(view);
	view->bytes = status.st_size;
	view_name_in_address(view->path, view->name, sizeof(view->name));
	return 0;
}

static int open_port(struct view *view)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)view->port)};
	socklen_t bytes = sizeof(address);
	int yes = 1;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	view->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (view->socket < 0)
		return say("cannot open a socket: %s", strerror(errno));
	setsockopt(view->socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(view->socket, (struct sockaddr *)&address, bytes) || listen(view->socket, 8)) {
		if (errno == EADDRINUSE)
			return say("port %u of this machine is taken: another `%s view`, or Perfetto's trace_processor? End "
				   "it: the UI of ui.perfetto.dev accepts only port %d, so --port helps only with a UI of your "
				   "own. To look from another machine, call `ssh -L 9001:127.0.0.1:9001 HOST` there",
				   view->port, program_path, PORT_OF_THE_UI);
		return say("cannot listen on port %u: %s", view->port, strerror(errno));
	}
	getsockname(view->socket, (struct sockaddr *)&address, &bytes);
	view->port = ntohs(address.sin_port);
	return 0;
}

static void print_link(const struct view *view)
{
	printf("Open this in a browser on this machine:\n\n    ");
	view_link_write(stdout, &view->link);
	printf("\n\n");
	if (view->port != PORT_OF_THE_UI)
		printf("(The UI of " VIEW_UI " loads from port %d only; this one is for another client.)\n", PORT_OF_THE_UI);
	printf("%s\n", view->once ? "This ends once it is loaded." : "Ctrl-C ends this.");
	fflush(stdout);
}

/* Answers until Ctrl-C, or with --once until the file was fetched. */
static int serve(const struct view *view)
{
	while (!interrupted) {
		int peer = accept4(view->socket, NULL, NULL, SOCK_CLOEXEC);
		if (peer < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (peer < 0)
			return say("cannot accept a connection: %s", strerror(errno));
		struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
		setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		setsockopt(peer, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		bool fetched = answer(view, peer);
		shutdown(peer, SHUT_WR);
		close(peer);
		if (fetched && view->once)
			return 0;
	}
	return view->once ? say("interrupted before the file was fetched") : 0;
}

/* A decimal port number, or -1. */
static long port_of(const char *text)
{
	char *end;
	long port = strtol(text, &end, 10);
	return *text && !*end && port >= 0 && port <= 65535 ? port : -1;
}

/* A moment that needs no run to know when it was. False after having said what is wrong. */
static bool take_time(uint64_t *ns, const char *text)
{
	struct moment moment;
	static char why[512]; /* large for a stack */
	if (!moment_parse(text, &moment, why, sizeof(why)) || (moment.kind != MOMENT_TIME && moment.kind != MOMENT_SINCE))
		return say_usage("view", "`%s` is no time since the run began, such as 800us or 12.5ms", text), false;
	*ns = moment.number;
	return true;
}

/* Takes one option. Returns 0, or the exit code of a wrong call. */
static int take_option(struct view *view, int option, const char *value, const char *word)
{
	struct view_link *link = &view->link;
	if (option == '?')
		return say_usage("view", "there is no option `%s`", word);
	if (option == ':')
		return say_usage("view", "%s lacks its value", word);
	if (option == 'p' && port_of(value) < 0)
		return say_usage("view", "`%s` is no port", value);
	if ((option == 'f' || option == 't') && !take_time(option == 'f' ? &link->from_ns : &link->to_ns, value))
		return EXIT_USAGE;
	if ((option == 'n' ? link->pins : option == 'e' ? link->expands : 0) == VIEW_REGEXES_MAX)
		return say_usage("view", "at most %d of --pin and of --expand", VIEW_REGEXES_MAX);
	if (option == 'p')
		view->port = (unsigned)port_of(value);
	else if (option == 'n')
		link->pin[link->pins++] = value;
	else if (option == 'e')
		link->expand[link->expands++] = value;
	link->has_range |= option == 'f' || option == 't';
	view->once |= option == '1';
	view->only_link |= option == 'l';
	return 0;
}

int command_view(int argc, char **argv)
{
	static const struct option options[] = {{"port", required_argument, NULL, 'p'}, {"once", no_argument, NULL, '1'},
						{"pin", required_argument, NULL, 'n'},  {"expand", required_argument, NULL, 'e'},
						{"from", required_argument, NULL, 'f'}, {"to", required_argument, NULL, 't'},
						{"link", no_argument, NULL, 'l'},       {0}};
	struct view view = {.port = PORT_OF_THE_UI};
	int wrong = 0;
	opterr = 0;
	optind = 1;
	for (int option; !wrong && (option = getopt_long(argc, argv, ":p:l", options, NULL)) != -1;)
		wrong = take_option(&view, option, optarg, argv[optind - 1]);
	if (wrong)
		return wrong;
	if (optind + 1 != argc)
		return say_usage("view", optind == argc ? "which file?" : "one file at a time");
	if (view.link.has_range && view.link.from_ns >= view.link.to_ns)
		return say_usage("view", "--from and --to: the one has to come before the other");
	view.path = view.link.path = argv[optind];
	if (open_file(&view) || (!view.only_link && open_port(&view)))
		return 1;
	view.link.port = view.port;
	if (view.only_link)
		return view_link_write(stdout, &view.link), putchar('\n') < 0;
	catch_signals();
	print_link(&view);
	return serve(&view);
}
