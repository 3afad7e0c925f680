#ifndef SFLOW_UTIL_BUF_H
#define SFLOW_UTIL_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A growing run of bytes.  Zero-initialised is empty and valid. */
struct buf {
	char *bytes;
	size_t size;
	size_t capacity;
};

void buf_fini(struct buf *);
/* Room for `more` bytes behind size; returns where they go. */
char *buf_reserve(struct buf *, size_t more);
void buf_add_format(struct buf *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline void
buf_add(struct buf *buf, const void *bytes, size_t size)
{
	if (size == 0)
		return;
	char *target = buf->capacity - buf->size >= size ?
	    buf->bytes + buf->size : buf_reserve(buf, size);
	memcpy(target, bytes, size);
	buf->size += size;
}

static inline void
buf_add_char(struct buf *buf, char c)
{
	if (buf->capacity == buf->size)
		buf_reserve(buf, 1);
	buf->bytes[buf->size++] = c;
}

static inline void
buf_add_string(struct buf *buf, const char *string)
{
	buf_add(buf, string, strlen(string));
}

/* NUL-terminate (the NUL is not counted) and return the bytes. */
const char *buf_string(struct buf *);

#endif
