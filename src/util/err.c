#include "util/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Formats the message of an error that has none; the first error wins. */
static int __attribute__((format(printf, 3, 0)))
fill(struct err *err, enum err_kind kind, const char *format, va_list arguments)
{
	if (err->kind != ERR_NONE)
		return 0;
	err->kind = kind;
	err->has_span = 0;
	err->has_place = 0;
	err->hint[0] = '\0';
	vsnprintf(err->message, sizeof(err->message), format, arguments);
	return 1;
}

int
err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fill(err, kind, format, arguments);
	va_end(arguments);
	return -1;
}

int
err_set_errno(struct err *err, enum err_kind kind, int errno_value,
	const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int filled = fill(err, kind, format, arguments);
	va_end(arguments);
	if (filled) {
		size_t size = strlen(err->message);
		snprintf(err->message + size, sizeof(err->message) - size,
		    ": %s", strerror(errno_value));
	}
	return -1;
}

int
err_set_at(struct err *err, uint32_t offset, uint32_t bytes,
	const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int filled = fill(err, ERR_PROGRAM, format, arguments);
	va_end(arguments);
	if (filled) {
		err->span_offset = offset;
		err->span_bytes = bytes;
		err->has_span = 1;
	}
	return -1;
}

int
err_hint(struct err *err, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(err->hint, sizeof(err->hint), format, arguments);
	va_end(arguments);
	return -1;
}

/* Touches only what makes it empty: the texts are long. */
void
err_clear(struct err *err)
{
	err->kind = ERR_NONE;
	err->has_span = 0;
	err->message[0] = '\0';
	err->hint[0] = '\0';
}

int
err_exit_status(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE:
	case ERR_PIPE:
		return 0;
	case ERR_DATA:
		return 1;
	case ERR_USAGE:
	case ERR_PROGRAM:
		return 2;
	case ERR_IO:
		return 3;
	case ERR_INTERRUPT:
		return 130;
	}
	return 3;
}
