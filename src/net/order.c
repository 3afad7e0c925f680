/*
 * Orders as bytes: a mark, then the parts of struct order one after the other.
 * A number is a u32, bytes are a u64 size and the bytes, a list is its count
 * and its members.  There is no version: a hello has made sure that both ends
 * are the same program.  There is no checksum: packets have one.
 *
 * The reader copies all strings to the region, because those of the packet
 * have no NUL behind them and die with it.
 */
#include "net/order.h"

#include <string.h>

#include "util/bits.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

#define MARK 0x6f6a6673u	/* "sfjo" */
#define WORKERS_MAX 65536u

static void
write_number(struct buf *out, uint32_t number)
{
	bits_store32(buf_reserve(out, 4), number);
	out->size += 4;
}

static void
write_bytes(struct buf *out, const char *bytes, size_t size)
{
	bits_store64(buf_reserve(out, 8), size);
	out->size += 8;
	buf_add(out, bytes, size);
}

static void
write_string(struct buf *out, const char *string)
{
	write_bytes(out, string, strlen(string));
}

static void
write_pairs(struct buf *out, const struct order_pair *pair, uint32_t count)
{
	write_number(out, count);
	for (uint32_t i = 0; i < count; i++) {
		write_string(out, pair[i].name);
		write_string(out, pair[i].value);
	}
}

void
order_write(const struct order *order, struct buf *out)
{
	write_number(out, MARK);
	write_number(out, order->worker_index);
	write_number(out, order->worker_count);
	write_bytes(out, order->program.bytes, order->program.size);
	write_string(out, order->program_name);
	write_string(out, order->job_name);
	write_pairs(out, order->arg, order->arg_count);
	write_pairs(out, order->option, order->option_count);
	write_number(out, order->source_count);
	for (uint32_t i = 0; i < order->source_count; i++)
		write_bytes(out, order->source[i].bytes, order->source[i].size);
	write_bytes(out, order->assignment.bytes, order->assignment.size);
}

/* What is left to read, and how far it went: after a failure nothing more is
 * read, and everything is empty. */
struct reader {
	const char *bytes;
	size_t size;
	size_t at;
	const char *name;
	struct region *region;
	struct err *err;
	int failed;
};

static void
fail(struct reader *reader, const char *what)
{
	if (!reader->failed)
		err_set(reader->err, ERR_IO, "%s sends a bad job order: byte "
		    "%zu of %zu: %s", reader->name, reader->at, reader->size,
		    what);
	reader->failed = 1;
}

/* The next bytes, or NULL. */
static const char *
take(struct reader *reader, uint64_t size, const char *what)
{
	if (!reader->failed && size > reader->size - reader->at)
		fail(reader, what);
	if (reader->failed)
		return NULL;
	const char *bytes = reader->bytes + reader->at;
	reader->at += size;
	return bytes;
}

static uint32_t
read_number(struct reader *reader)
{
	const char *bytes = take(reader, 4, "a number is cut off");

	return bytes == NULL ? 0 : bits_load32(bytes);
}

static struct order_bytes
read_bytes(struct reader *reader)
{
	const char *bytes = take(reader, 8, "a length is cut off");
	uint64_t size = bytes == NULL ? 0 : bits_load64(bytes);

	bytes = take(reader, size, "a length leads behind the end");
	if (bytes == NULL)
		return (struct order_bytes){ "", 0 };
	char *copy = region_alloc(reader->region, size + 1);
	memcpy(copy, bytes, size);
	copy[size] = '\0';
	return (struct order_bytes){ copy, size };
}

static const char *
read_string(struct reader *reader)
{
	struct order_bytes string = read_bytes(reader);

	if (memchr(string.bytes, '\0', string.size) != NULL)
		fail(reader, "a zero in a string before");
	return string.bytes;
}

/* How many members follow, each of `bytes_min` at least. */
static uint32_t
read_count(struct reader *reader, size_t bytes_min)
{
	uint32_t count = read_number(reader);

	if (count > (reader->size - reader->at) / bytes_min)
		fail(reader, "a count before is more than there is");
	return reader->failed ? 0 : count;
}

static const struct order_pair *
read_pairs(struct reader *reader, uint32_t *count)
{
	*count = read_count(reader, 16);
	struct order_pair *pair = region_alloc(reader->region,
	    *count * sizeof(*pair));
	for (uint32_t i = 0; i < *count; i++) {
		pair[i].name = read_string(reader);
		pair[i].value = read_string(reader);
	}
	return pair;
}

static const struct order_bytes *
read_sources(struct reader *reader, uint32_t *count)
{
	*count = read_count(reader, 8);
	struct order_bytes *source = region_alloc(reader->region,
	    *count * sizeof(*source));
	for (uint32_t i = 0; i < *count; i++)
		source[i] = read_bytes(reader);
	return source;
}

int
order_read(const char *bytes, size_t size, const char *name,
	struct region *region, struct order *out, struct err *err)
{
	struct reader reader = { bytes, size, 0, name, region, err, 0 };

	*out = (struct order){ 0 };
	if (read_number(&reader) != MARK)
		fail(&reader, "it does not begin as one");
	out->worker_index = read_number(&reader);
	out->worker_count = read_number(&reader);
	if (out->worker_index >= out->worker_count ||
	    out->worker_count > WORKERS_MAX)
		fail(&reader, "there is no such worker");
	out->program = read_bytes(&reader);
	out->program_name = read_string(&reader);
	out->job_name = read_string(&reader);
	out->arg = read_pairs(&reader, &out->arg_count);
	out->option = read_pairs(&reader, &out->option_count);
	out->source = read_sources(&reader, &out->source_count);
	out->assignment = read_bytes(&reader);
	if (reader.at != size)
		fail(&reader, "something is behind its end");
	return reader.failed ? -1 : 0;
}
