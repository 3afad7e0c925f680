#ifndef SFLOW_OP_DEFERRED_H
#define SFLOW_OP_DEFERRED_H

#include <stdint.h>

#include "data/text.h"
#include "op/op.h"

/*
 * Records of which it is decided at the end whether they are the first of their
 * key: what dedup has no memory for.  They lie in temporary files.
 */
struct deferred;

/* NULL with err. */
struct deferred *deferred_new(struct op_run *, struct err *);
void deferred_free(struct deferred **);
/* The first record with this key has been given. */
int deferred_add_seen(struct deferred *, const struct text *key, struct err *);
/* The batch's selected rows, in the order of the input; key[i] is that of the
 * i-th.  The caller keeps the batch. */
int deferred_add(struct deferred *, const struct batch *,
	const struct text *key, struct err *);
/* Give those that are the first with a key that was not seen, in order. */
enum op_status deferred_give(struct deferred *, struct err *);

#endif
