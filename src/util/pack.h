#ifndef SFLOW_UTIL_PACK_H
#define SFLOW_UTIL_PACK_H

#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * Numbers and runs of bytes, one behind another, for what is kept or sent and
 * read by this program only: positions, descriptions.  Numbers take 8 bytes,
 * little end first.
 */
void pack_u64(struct buf *, uint64_t);
void pack_bytes(struct buf *, const void *bytes, size_t size);
void pack_string(struct buf *, const char *string);

/*
 * And back.  What is taken behind the end is 0 or empty and sets `failed`, so
 * that one look at the end is enough; no bytes can make it read elsewhere.
 */
struct unpack {
	const char *at;
	size_t left;
	int failed;
};

uint64_t unpack_u64(struct unpack *);
/* A number that may be `max` at most; else failed. */
uint64_t unpack_below(struct unpack *, uint64_t max);
/* Borrowed from the bytes. */
const char *unpack_bytes(struct unpack *, size_t *size);
/* A copy for mem_free, NULL if failed; a NUL among the bytes fails. */
char *unpack_string(struct unpack *);
/* Was everything there, and nothing more? */
int unpack_is_done(const struct unpack *);

#endif
