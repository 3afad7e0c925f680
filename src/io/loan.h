#ifndef SFLOW_IO_LOAN_H
#define SFLOW_IO_LOAN_H

#include <stddef.h>
#include <stdint.h>

struct region;

/*
 * Memory that a reader lends to its batches and takes back when the last of
 * them has gone: chunks of input, index arrays.  A block is one region with
 * one allocation, so it is lent by holding the region.
 */
#define LOANS_KEPT 6
/* Larger blocks, of unusual records, go back to the heap. */
#define LOAN_BYTES_KEPT ((size_t)1 << 20)

struct loan {
	struct region *region;
	char *bytes;		/* 64-byte aligned */
	size_t capacity;
};

/* Zero-initialise. */
struct loans {
	struct loan kept[LOANS_KEPT];
	uint32_t next;
};

/*
 * A block of at least `bytes` that nobody else holds: one that came back, or a
 * new one.  The caller has a reference of its own.
 */
struct loan loan_take(struct loans *, size_t bytes);
/* Done with `loan`: drops the caller's reference and remembers the block. */
void loan_return(struct loans *, struct loan *loan);
void loans_fini(struct loans *);

#endif
