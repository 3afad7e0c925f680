#ifndef SFLOW_FUNC_AGG_EXTENTS_H
#define SFLOW_FUNC_AGG_EXTENTS_H

#include <stdint.h>

#include "func/agg_priv.h"

/*
 * What a state has put on disk (call->disk): extents, in the order they were
 * written.  All zeros is nothing.
 */
struct agg_extents {
	struct agg_extent *extent;	/* a block, see agg_grow() */
	uint64_t count;
};

struct agg_extent {
	struct agg_disk *disk;
	uint64_t from, to;	/* places */
	uint64_t things;	/* whatever the state counts in it */
};

/* What was written since the last end is another extent.  0 or -1. */
int agg_extents_end(struct agg_call *, struct agg_extents *, uint64_t things,
	struct err *);
void agg_extents_merge(struct agg_call *, struct agg_extents *target,
	const struct agg_extents *source);
uint64_t agg_extents_things(const struct agg_extents *);
void agg_extents_save(const struct agg_extents *, struct buf *);
/* Only bytes of this process are believed: call->disk must be there. */
int agg_extents_load(struct agg_call *, struct agg_extents *, const char **at,
	const char *end);
void agg_extents_free(struct agg_call *, struct agg_extents *);

/* One of the things of an extent; 0, or -1: it is none. */
typedef int agg_thing_f(struct agg_call *, void *cookie, const char *bytes,
	uint32_t size);

/* Each of an extent whose things are bytes behind their size (uint32_t).  0, or
 * -1 with err. */
int agg_extent_read(struct agg_call *, const struct agg_extent *,
	agg_thing_f *, void *cookie, struct err *);

#endif
