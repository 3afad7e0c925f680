#include "util/pack.h"

#include <string.h>

#include "util/buf.h"
#include "util/mem.h"

void
pack_u64(struct buf *buf, uint64_t number)
{
	unsigned char bytes[8];

	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(number >> (8 * i));
	buf_add(buf, bytes, sizeof(bytes));
}

void
pack_bytes(struct buf *buf, const void *bytes, size_t size)
{
	pack_u64(buf, size);
	buf_add(buf, bytes, size);
}

void
pack_string(struct buf *buf, const char *string)
{
	pack_bytes(buf, string, strlen(string));
}

uint64_t
unpack_u64(struct unpack *unpack)
{
	uint64_t number = 0;

	if (unpack->left < 8) {
		unpack->failed = 1;
		unpack->left = 0;
		return 0;
	}
	for (unsigned i = 0; i < 8; i++)
		number |= (uint64_t)(unsigned char)unpack->at[i] << (8 * i);
	unpack->at += 8;
	unpack->left -= 8;
	return number;
}

uint64_t
unpack_below(struct unpack *unpack, uint64_t max)
{
	uint64_t number = unpack_u64(unpack);

	if (number <= max)
		return number;
	unpack->failed = 1;
	return 0;
}

const char *
unpack_bytes(struct unpack *unpack, size_t *size)
{
	*size = (size_t)unpack_below(unpack, unpack->left);
	if (*size > unpack->left) {
		unpack->failed = 1;
		*size = 0;
	}
	const char *bytes = unpack->at;
	unpack->at += *size;
	unpack->left -= *size;
	return bytes;
}

char *
unpack_string(struct unpack *unpack)
{
	size_t size;
	const char *bytes = unpack_bytes(unpack, &size);

	if (size > 0 && memchr(bytes, '\0', size) != NULL)
		unpack->failed = 1;
	if (unpack->failed)
		return NULL;
	char *string = mem_alloc(size + 1);
	if (size > 0)
		memcpy(string, bytes, size);
	string[size] = '\0';
	return string;
}

int
unpack_is_done(const struct unpack *unpack)
{
	return !unpack->failed && unpack->left == 0;
}
