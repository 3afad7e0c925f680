#ifndef SFLOW_OP_SORT_STORE_H
#define SFLOW_OP_SORT_STORE_H

#include <stddef.h>
#include <stdint.h>

struct mem_budget;
struct region;

/*
 * Rows of one instance (op/sort_row.h), one behind the other in blocks that are
 * charged when they are made.  A row is known by a number that also says whose
 * instance's it is:
 *
 *	ref	instance:12 | block:20 | offset in it:32
 */
struct sort_store;

struct sort_store *sort_store_new(struct mem_budget *, uint32_t instance,
	size_t block_bytes);
void sort_store_free(struct sort_store **);
/* Rows that are put from now on come in this turn (job->turn). */
void sort_store_set_turn(struct sort_store *, uint64_t turn);
/* Room for a row, or NULL: there is no memory.  16 bytes behind it may be
 * read. */
char *sort_store_room(struct sort_store *, size_t bytes, uint64_t *ref);
/* See to it that there is a block, whatever the limit says. */
void sort_store_need(struct sort_store *);
/* Of all its rows, about. */
uint64_t sort_store_bytes(const struct sort_store *);
/* Rows lie in this; batches that point to them hold it. */
struct region *sort_store_region(const struct sort_store *);
/* Forget the rows, keep the blocks; or give these back as well. */
void sort_store_clear(struct sort_store *);
void sort_store_release(struct sort_store *);

/* Where the row lies; its turn. */
const char *sort_store_row(const struct sort_store *, uint64_t ref);
uint64_t sort_store_turn(const struct sort_store *, uint64_t ref);

static inline uint32_t
sort_ref_instance(uint64_t ref)
{
	return (uint32_t)(ref >> 52);
}

#endif
