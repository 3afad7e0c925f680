#ifndef SFLOW_OP_DEFERRED_H
#define SFLOW_OP_DEFERRED_H

#include <stdint.h>

#include "data/text.h"
#include "op/op.h"

/*
 * Records of which it is decided at the end whether they are among the first of
 * their key: what dedup and head by have no memory for.  They lie in temporary
 * files.
 */
struct deferred;

/* The first `limit` records of each key are wanted.  NULL with err. */
struct deferred *deferred_new(struct op_run *, uint64_t limit, struct err *);
void deferred_free(struct deferred **);
/* The first `count` records with this key have been given; before those of it
 * that are deferred. */
int deferred_add_seen(struct deferred *, const struct text *key,
	uint64_t count, struct err *);
/* The batch's selected rows, in the order of the input; key[i] is that of the
 * i-th.  The caller keeps the batch. */
int deferred_add(struct deferred *, const struct batch *,
	const struct text *key, struct err *);
/* Give those that are among the first of their key, in order. */
enum op_status deferred_give(struct deferred *, struct err *);

#endif
