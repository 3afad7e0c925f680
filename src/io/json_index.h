#ifndef SFLOW_IO_JSON_INDEX_H
#define SFLOW_IO_JSON_INDEX_H

#include <stdint.h>

#include "util/cpu.h"

/*
 * The marks of JSON text: where { } [ ] and , stand outside of strings, and
 * where the quotes are.  What lies inside of strings is checked on the way
 * (control bytes, escapes, UTF-8), so whoever walks the marks needs to look at
 * nothing but keys and scalars.
 *
 * The text must begin outside of a string, and that is the caller's promise:
 * json_index_start() where a value begins.  Bytes may be read 64 before and
 * behind the window.
 */

/* Where the scan stands; its state is as of `at`. */
struct json_scan {
	uint32_t at;
	uint32_t count;		/* marks so far */
	uint32_t blocks;	/* blocks of 64 bytes so far */
	uint32_t quote_count;
	uint64_t inside;	/* all ones: in a string */
	uint64_t escaped;	/* 1: the byte at `at` is escaped */
	uint64_t utf8_open;	/* not 0: a sequence may go on */
};

struct json_index {
	const char *base;
	uint32_t end;		/* of the window */
	/* Results. */
	uint32_t *place;	/* of the marks, rising */
	uint8_t *mark;		/* the bytes there */
	uint32_t count;
	uint32_t stop;		/* all before it is indexed */
	int broken;		/* at `stop` something is wrong, for good */
	/* Quotes of 64 bytes each from `origin` on, and how many before. */
	int64_t origin;
	uint64_t *quotes;
	uint32_t *quotes_before;
	uint32_t block_count;
	/* Private. */
	struct json_scan scan;	/* before what must be redone with more bytes */
	uint32_t mark_capacity;
	uint32_t block_capacity;
};

/* Zero-initialise. */
void json_index_fini(struct json_index *);
/* Forget everything; text begins at `at`. */
void json_index_start(struct json_index *, const char *base, uint32_t at);
/* Index as far as the window goes now; what was indexed stays. */
void json_index_extend(struct json_index *, uint32_t end);
/*
 * The window has moved by `shift` to `base`; marks before `first` are
 * forgotten.  `shift` may not pass what is before the window's new start.
 */
void json_index_move(struct json_index *, const char *base, uint32_t shift,
	uint32_t first);

/* The first quote at or behind `at`, or UINT32_MAX; only asked where there is
 * a mark behind. */
static inline uint32_t
json_index_quote(const struct json_index *index, uint32_t at)
{
	uint64_t offset = (uint64_t)((int64_t)at - index->origin);
	uint64_t block = offset / 64;
	uint64_t quotes;

	if (block >= index->block_count)
		return UINT32_MAX;
	quotes = index->quotes[block] & UINT64_MAX << (offset % 64);
	while (quotes == 0) {
		if (++block >= index->block_count)
			return UINT32_MAX;
		quotes = index->quotes[block];
	}
	return (uint32_t)(index->origin + (int64_t)(block * 64) +
	    (unsigned)__builtin_ctzll(quotes));
}

/* For tests: one tier's way, NULL if this machine has not got it. */
typedef int json_index_f(struct json_index *, struct json_scan *,
	const char *base, uint32_t end);
json_index_f *json_index_of_tier(enum cpu_tier);
void json_index_use(json_index_f *);

/* Line ends in `size` bytes. */
uint64_t json_count_lines(const char *bytes, uint64_t size);

#endif
