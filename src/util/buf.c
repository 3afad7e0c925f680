#include "util/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "util/mem.h"

/* Below this the heap's own overhead would dominate. */
#define CAPACITY_MIN 64

void
buf_fini(struct buf *buf)
{
	mem_free(buf->bytes);
	memset(buf, 0, sizeof(*buf));
}

char *
buf_reserve(struct buf *buf, size_t more)
{
	assert(more <= SIZE_MAX / 2 - buf->size);
	size_t need = buf->size + more;
	if (need > buf->capacity || buf->bytes == NULL) {
		size_t capacity = buf->capacity * 2;
		if (capacity < CAPACITY_MIN)
			capacity = CAPACITY_MIN;
		if (capacity < need)
			capacity = need;
		buf->bytes = mem_resize(buf->bytes, capacity);
		buf->capacity = capacity;
	}
	return buf->bytes + buf->size;
}

/* Formats into what room there is first: most texts fit at once. */
void
buf_add_format(struct buf *buf, const char *format, ...)
{
	va_list arguments;
	char *target = buf_reserve(buf, CAPACITY_MIN);
	size_t room = buf->capacity - buf->size;

	va_start(arguments, format);
	int size = vsnprintf(target, room, format, arguments);
	va_end(arguments);
	assert(size >= 0);
	if ((size_t)size >= room) {
		target = buf_reserve(buf, (size_t)size + 1);
		va_start(arguments, format);
		vsnprintf(target, (size_t)size + 1, format, arguments);
		va_end(arguments);
	}
	buf->size += (size_t)size;
}

const char *
buf_string(struct buf *buf)
{
	*buf_reserve(buf, 1) = '\0';
	return buf->bytes;
}
