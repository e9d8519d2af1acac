/*
 * Formatted printing to the console, and the log that keeps what was printed.
 *
 * Teaches: printf is a small interpreter. One lock keeps lines of different CPUs apart.
 * Who calls: everything that speaks to people. Whom: arch_putc. Locks: console_lock, innermost of all.
 */
#include "core/print.h"

#include "arch.h"
#include "core/lock.h"
#include "core/string.h"

char kernel_log[KERNEL_LOG_BYTES];
uint64_t kernel_log_end;
static struct spinlock console_lock = SPINLOCK(LOCK_CONSOLE);
static bool console_unlocked;

/* Where formatted characters go: a buffer, or the console if `buffer` is NULL. */
struct sink {
	char *buffer;
	size_t room;
	size_t length;
};

static void emit_char(struct sink *sink, char c)
{
	if (!sink->buffer) {
		kernel_log[kernel_log_end++ % KERNEL_LOG_BYTES] = c;
		arch_putc(c);
	} else if (sink->length + 1 < sink->room) {
		sink->buffer[sink->length] = c;
	} else {
		return;
	}
	sink->length++;
}

/* One conversion: what stands between % and its letter. */
struct conversion {
	bool left;
	bool zeros;
	int width;
	int precision; /* -1: none */
	int longs;
};

static void emit_padded(struct sink *sink, const struct conversion *how, const char *text, size_t length)
{
	size_t width = how->width > 0 ? (size_t)how->width : 0;
	for (size_t i = length; !how->left && i < width; i++)
		emit_char(sink, how->zeros ? '0' : ' ');
	for (size_t i = 0; i < length; i++)
		emit_char(sink, text[i]);
	for (size_t i = length; how->left && i < width; i++)
		emit_char(sink, ' ');
}

static void emit_number(struct sink *sink, const struct conversion *how, uint64_t value, unsigned base, bool negative)
{
	char digits[24];
	size_t at = sizeof(digits);
	do
		digits[--at] = "0123456789abcdef"[value % base];
	while (value /= base);
	struct conversion rest = *how;
	if (negative && how->zeros) {
		emit_char(sink, '-');
		rest.width--;
	} else if (negative) {
		digits[--at] = '-';
	}
	emit_padded(sink, &rest, digits + at, sizeof(digits) - at);
}

static const char *parse_conversion(const char *at, struct conversion *how)
{
	*how = (struct conversion){.precision = -1};
	for (; *at == '-' || *at == '0'; at++) {
		how->left |= *at == '-';
		how->zeros |= *at == '0';
	}
	for (; *at >= '0' && *at <= '9'; at++)
		how->width = how->width * 10 + *at - '0';
	if (*at == '.')
		for (at++, how->precision = 0; *at >= '0' && *at <= '9'; at++)
			how->precision = how->precision * 10 + *at - '0';
	for (; *at == 'l' || *at == 'z'; at++)
		how->longs++;
	return at;
}

static void emit_string(struct sink *sink, const struct conversion *how, const char *text)
{
	size_t length = 0;
	text = text ? text : "(none)";
	while ((how->precision < 0 || length < (size_t)how->precision) && text[length])
		length++;
	emit_padded(sink, how, text, length);
}

static void emit_format(struct sink *sink, const char *at, va_list arguments)
{
	for (; *at; at++) {
		struct conversion how;
		if (*at != '%') {
			emit_char(sink, *at);
			continue;
		}
		at = parse_conversion(at + 1, &how);
		if (*at == 's') {
			emit_string(sink, &how, va_arg(arguments, const char *));
		} else if (*at == 'c') {
			emit_char(sink, (char)va_arg(arguments, int));
		} else if (*at == 'd') {
			int64_t value = how.longs ? va_arg(arguments, int64_t) : va_arg(arguments, int);
			emit_number(sink, &how, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, value < 0);
		} else if (*at == 'u' || *at == 'x') {
			uint64_t value = how.longs ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned);
			emit_number(sink, &how, value, *at == 'x' ? 16 : 10, false);
		} else if (*at == 'p') {
			emit_number(sink, &how, (uint64_t)(uintptr_t)va_arg(arguments, void *), 16, false);
		} else {
			emit_char(sink, *at ? *at : '%');
			at -= *at == 0;
		}
	}
}

void kvprintf(const char *format, va_list arguments)
{
	struct sink console = {0};
	bool lock = !console_unlocked;
	if (lock)
		spin_lock(&console_lock);
	emit_format(&console, format, arguments);
	if (lock)
		spin_unlock(&console_lock);
}

void kprintf(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	kvprintf(format, arguments);
	va_end(arguments);
}

size_t kformat(char *buffer, size_t bytes, const char *format, ...)
{
	struct sink sink = {buffer, bytes, 0};
	va_list arguments;
	va_start(arguments, format);
	emit_format(&sink, format, arguments);
	va_end(arguments);
	if (bytes)
		buffer[sink.length] = 0;
	return sink.length;
}

void console_write(const char *text, size_t bytes)
{
	struct sink console = {0};
	spin_lock(&console_lock);
	for (size_t i = 0; i < bytes; i++)
		emit_char(&console, text[i]);
	spin_unlock(&console_lock);
}

void console_unlock_for_panic(void)
{
	console_unlocked = true;
}
