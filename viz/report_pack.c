/*
 * Data in a page: packed by zlib in gzip's format, which every browser unpacks by itself (DecompressionStream), as base64 (RFC 4648),
 * because HTML is text.
 *
 * Who calls: report.c.
 */
#include <stdlib.h>

#include <zlib.h>

#include "report.h"

#define GZIP_WINDOW (15 + 16) /* zlib: the largest window, and gzip's header */
#define MEMORY_LEVEL 8        /* zlib's usual one */

static void write_base64(FILE *to, const unsigned char *data, size_t bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < bytes; i += 3) {
		size_t left = bytes - i;
		unsigned bits =
			(unsigned)data[i] << 16 | (left > 1 ? (unsigned)data[i + 1] << 8 : 0) | (left > 2 ? data[i + 2] : 0);
		fputc(digits[bits >> 18], to);
		fputc(digits[bits >> 12 & 63], to);
		fputc(left > 1 ? digits[bits >> 6 & 63] : '=', to);
		fputc(left > 2 ? digits[bits & 63] : '=', to);
	}
}

bool report_write_packed(FILE *to, const void *data, size_t bytes)
{
	z_stream stream = {.next_in = (Bytef *)data, .avail_in = (uInt)bytes};
	if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	uLong room = deflateBound(&stream, (uLong)bytes);
	unsigned char *packed = malloc(room);
	stream.next_out = packed;
	stream.avail_out = (uInt)room;
	bool good = packed && deflate(&stream, Z_FINISH) == Z_STREAM_END;
	if (good)
		write_base64(to, packed, stream.total_out);
	deflateEnd(&stream);
	free(packed);
	return good;
}

void report_write_text(FILE *to, const char *text)
{
	for (; *text; text++)
		if (*text == '<' || *text == '>' || *text == '&' || *text == '"' || *text == '\'')
			fprintf(to, "&#%d;", *text);
		else
			fputc(*text, to);
}
