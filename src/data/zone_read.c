/*
 * TZif, the compiled form of the time zone database (RFC 8536).  A file holds
 * a block with 32-bit times for old readers and, from version 2 on, one with
 * 64-bit times and behind it a line with the rule for later times.  Every
 * count is checked against the size before anything is read by it.
 */
#include "data/zone_priv.h"

#include <string.h>

#include "data/moment.h"
#include "data/moment_priv.h"
#include "util/mem.h"

#define HEADER_BYTES 44
#define TYPE_BYTES 6
/* RFC 8536: offsets lie between -25 and 26 hours. */
#define OFFSET_SECONDS_MAX (26 * 3600)
/* Instants that fit microseconds. */
#define INSTANT_MAX (INT64_MAX / SECOND_US)

/* One block of the file. */
struct block {
	uint32_t time_count, type_count, name_bytes, leap_count;
	uint32_t standard_count, utc_count;
	unsigned time_bytes;	/* 4 or 8 */
	const unsigned char *times, *indexes, *types, *names;
	const unsigned char *end;
};

static uint32_t
load32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

static int64_t
load_time(const struct block *block, uint32_t i)
{
	const unsigned char *at = block->times + (size_t)i * block->time_bytes;

	if (block->time_bytes == 4)
		return (int32_t)load32(at);
	return (int64_t)((uint64_t)load32(at) << 32 | load32(at + 4));
}

/* Finds the parts of the block at `at`; -1 if it passes `end`. */
static int
block_open(struct block *block, const unsigned char *at,
	const unsigned char *end, unsigned time_bytes)
{
	if (end - at < HEADER_BYTES || memcmp(at, "TZif", 4) != 0)
		return -1;
	block->time_bytes = time_bytes;
	block->utc_count = load32(at + 20);
	block->standard_count = load32(at + 24);
	block->leap_count = load32(at + 28);
	block->time_count = load32(at + 32);
	block->type_count = load32(at + 36);
	block->name_bytes = load32(at + 40);
	/* Sums of products of 32-bit counts fit 64 bits. */
	uint64_t size = (uint64_t)block->time_count * (time_bytes + 1) +
	    (uint64_t)block->type_count * TYPE_BYTES + block->name_bytes +
	    (uint64_t)block->leap_count * (time_bytes + 4) +
	    block->standard_count + block->utc_count;
	at += HEADER_BYTES;
	if (size > (uint64_t)(end - at))
		return -1;
	block->times = at;
	block->indexes = at + (size_t)block->time_count * time_bytes;
	block->types = block->indexes + block->time_count;
	block->names = block->types + (size_t)block->type_count * TYPE_BYTES;
	block->end = at + size;
	return 0;
}

static int
block_read_types(const struct block *block, struct zone *zone)
{
	for (uint32_t i = 0; i < block->type_count; i++) {
		const unsigned char *at = block->types + (size_t)i * TYPE_BYTES;
		int32_t offset = (int32_t)load32(at);
		uint32_t name = at[5];
		if (offset < -OFFSET_SECONDS_MAX ||
		    offset > OFFSET_SECONDS_MAX || name >= block->name_bytes)
			return -1;
		const char *text = (const char *)block->names + name;
		size_t size = strnlen(text, block->name_bytes - name);
		if (zone_add_type(zone, offset, text, size) < 0)
			return -1;
	}
	return 0;
}

static int
block_read_times(const struct block *block, struct zone *zone)
{
	for (uint32_t i = 0; i < block->time_count; i++) {
		int64_t instant = load_time(block, i);
		if (block->indexes[i] >= block->type_count)
			return -1;
		/* Some files begin with the big bang. */
		if (instant < -INSTANT_MAX)
			instant = -INSTANT_MAX;
		if (instant > INSTANT_MAX ||
		    zone_add(zone, instant, block->indexes[i]) != 0)
			return -1;
	}
	return 0;
}

int
zone_read(struct zone *zone, const unsigned char *bytes, size_t size)
{
	struct block block;
	const unsigned char *end = bytes + size;

	if (block_open(&block, bytes, end, 4) != 0)
		return -1;
	int has_rule = bytes[4] >= '2';
	if (has_rule && block_open(&block, block.end, end, 8) != 0)
		return -1;
	/* Files that count leap seconds do not mean POSIX time. */
	if (block.type_count == 0 || block.leap_count != 0)
		return -1;
	if (block_read_types(&block, zone) != 0 ||
	    block_read_times(&block, zone) != 0)
		return -1;
	if (!has_rule || end - block.end < 2 || *block.end != '\n')
		return 0;
	const char *rule = (const char *)block.end + 1;
	const char *line_end = memchr(rule, '\n',
	    (size_t)(end - block.end - 1));
	if (line_end == NULL)
		return -1;
	return line_end == rule ? 0 :
	    zone_extend(zone, rule, (size_t)(line_end - rule));
}
