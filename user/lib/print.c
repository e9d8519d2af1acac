/*
 * printf for programs.
 *
 * Teaches: formatted printing is a small interpreter that writes characters into a sink; where the sink empties itself is all
 * that differs between printing and formatting. A call collects its text on its own stack and hands it to the kernel in one
 * system call: no lock, no shared buffer, and a thread that dies in the middle keeps nobody waiting.
 * Who calls: programs. Whom: sys_debug_write(). Simplified: no floating point, no positions, no locale.
 */
#include <stdarg.h>

#include "library.h"

/* `text` has room for `room` characters; a sink of printf is emptied when it is full, one of snprintf is full for good. */
struct sink {
	char *text;
	size_t room;
	size_t used;
	size_t total; /* characters that were to be written */
	bool console;
};

/* One conversion: what stands between % and its letter. */
struct conversion {
	bool left;
	bool zeros;
	size_t width;
	size_t precision;
	unsigned longs;
};

static void sink_empty(struct sink *sink)
{
	if (sink->used)
		DISCARD(sys_debug_write((uintptr_t)sink->text, sink->used).status, "there is nowhere to complain");
	sink->used = 0;
}

static void put(struct sink *sink, char c)
{
	sink->total++;
	if (sink->used == sink->room) {
		if (!sink->console)
			return;
		sink_empty(sink);
	}
	sink->text[sink->used++] = c;
}

static void put_padded(struct sink *sink, const struct conversion *how, const char *text, size_t length)
{
	size_t padding = how->width > length ? how->width - length : 0;
	for (size_t i = 0; !how->left && i < padding; i++)
		put(sink, ' ');
	for (size_t i = 0; i < length; i++)
		put(sink, text[i]);
	for (size_t i = 0; how->left && i < padding; i++)
		put(sink, ' ');
}

/* Digits are made from the last to the first; `prefix` ("", "-", "0x") stands before the zeros that fill up. */
static void put_number(struct sink *sink, const struct conversion *how, uint64_t value, unsigned base, const char *prefix)
{
	char text[64];
	size_t start = sizeof(text);
	size_t prefix_length = strlen(prefix);
	do
		text[--start] = "0123456789abcdef"[value % base];
	while (value /= base);
	size_t wanted = how->zeros && !how->left ? how->width : 0;
	while (start > prefix_length && sizeof(text) - start + prefix_length < wanted)
		text[--start] = '0';
	start -= prefix_length;
	memcpy(text + start, prefix, prefix_length);
	put_padded(sink, how, text + start, sizeof(text) - start);
}

static void put_string(struct sink *sink, const struct conversion *how, const char *text)
{
	size_t length = 0;
	if (!text)
		text = "(null)";
	while (length < how->precision && text[length])
		length++;
	put_padded(sink, how, text, length);
}

static const char *read_number(const char *format, size_t *number)
{
	for (*number = 0; *format >= '0' && *format <= '9'; format++)
		*number = *number * 10 + (size_t)(*format - '0');
	return format;
}

/* Reads flags, width, precision and length; returns where the letter is. */
static const char *read_conversion(const char *format, struct conversion *how)
{
	*how = (struct conversion){.precision = SIZE_MAX};
	for (; *format == '-' || *format == '0'; format++) {
		if (*format == '-')
			how->left = true;
		else
			how->zeros = true;
	}
	format = read_number(format, &how->width);
	if (*format == '.')
		format = read_number(format + 1, &how->precision);
	for (; *format == 'l' || *format == 'z'; format++)
		how->longs++;
	return format;
}

/* A va_list may be an array, which cannot be passed by address from a parameter; in a struct it can. */
struct arguments {
	va_list list;
};

static void put_converted(struct sink *sink, const struct conversion *how, char letter, struct arguments *arguments)
{
	char c;
	int64_t value;
	switch (letter) {
	case 'd':
	case 'i':
		value = how->longs ? va_arg(arguments->list, int64_t) : va_arg(arguments->list, int);
		put_number(sink, how, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, value < 0 ? "-" : "");
		break;
	case 'u':
	case 'x':
		put_number(sink, how, how->longs ? va_arg(arguments->list, uint64_t) : va_arg(arguments->list, unsigned),
			   letter == 'u' ? 10 : 16, "");
		break;
	case 'p':
		put_number(sink, how, (uintptr_t)va_arg(arguments->list, void *), 16, "0x");
		break;
	case 's':
		put_string(sink, how, va_arg(arguments->list, const char *));
		break;
	case 'c':
		c = (char)va_arg(arguments->list, int);
		put_padded(sink, how, &c, 1);
		break;
	default: /* %%, and letters that mean nothing stand for themselves */
		put(sink, letter);
	}
}

static void put_formatted(struct sink *sink, const char *format, struct arguments *arguments)
{
	struct conversion how;
	for (; *format; format++) {
		if (*format != '%') {
			put(sink, *format);
			continue;
		}
		format = read_conversion(format + 1, &how);
		if (!*format)
			return;
		put_converted(sink, &how, *format, arguments);
	}
}

int printf(const char *format, ...)
{
	char text[PRINT_BYTES];
	struct sink sink = {.text = text, .room = sizeof(text), .console = true};
	struct arguments arguments;
	va_start(arguments.list, format);
	put_formatted(&sink, format, &arguments);
	va_end(arguments.list);
	sink_empty(&sink);
	return (int)sink.total;
}

int snprintf(char *to, size_t bytes, const char *format, ...)
{
	struct sink sink = {.text = to, .room = bytes ? bytes - 1 : 0};
	struct arguments arguments;
	va_start(arguments.list, format);
	put_formatted(&sink, format, &arguments);
	va_end(arguments.list);
	if (bytes)
		to[sink.used] = '\0';
	return (int)sink.total;
}
