/*
 * make_ctf EVENTS DIRECTORY: a made-up trace in the Common Trace Format 1.8, for babeltrace2.
 *
 * Teaches: to compare two converters, give each as many events of its own format. An event here has what the shorter ones of ours have: an id,
 * a time and three words. Who calls: bench_host.c.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char metadata[] =
	"/* CTF 1.8 */\n"
	"typealias integer { size = 32; align = 8; signed = false; } := u32;\n"
	"typealias integer { size = 64; align = 8; signed = false; base = 16; } := u64;\n"
	"trace { major = 1; minor = 8; byte_order = le; packet.header := struct { u32 magic; }; };\n"
	"clock { name = monotonic; freq = 1000000000; };\n"
	"typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; } := time64;\n"
	"stream { event.header := struct { u32 id; time64 timestamp; }; };\n"
	"event { name = \"fault_begin\"; id = 0; fields := struct { u64 flow; u64 thread; u64 address; }; };\n"
	"event { name = \"fault_end\"; id = 1; fields := struct { u64 flow; u64 thread; u64 result; }; };\n";

struct [[gnu::packed]] event {
	uint32_t id;
	uint64_t timestamp, field[3];
};

static FILE *open_in(const char *directory, const char *name)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	FILE *file = fopen(path, "w");
	if (!file)
		perror(path);
	return file;
}

int main(int argc, char **argv)
{
	uint64_t events = argc == 3 ? strtoull(argv[1], NULL, 10) : 0;
	uint32_t magic = 0xc1fc1fc1;
	if (!events)
		return fprintf(stderr, "usage: make_ctf EVENTS DIRECTORY\n"), 2;
	mkdir(argv[2], 0777);
	FILE *text = open_in(argv[2], "metadata"), *stream = open_in(argv[2], "stream");
	if (!text || !stream)
		return 1;
	fputs(metadata, text);
	fwrite(&magic, sizeof(magic), 1, stream);
	for (uint64_t i = 0; i < events; i++) {
		struct event event = {.id = i % 2, .timestamp = 1000 + 100 * i, .field = {i / 2, i % 7, i % 2 ? 2 : i * 4096}};
		fwrite(&event, sizeof(event), 1, stream);
	}
	bool written = fclose(text) == 0;
	return fclose(stream) == 0 && written ? 0 : 1;
}
