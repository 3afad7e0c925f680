#ifndef SFLOW_FUNC_AGG_KEYS_H
#define SFLOW_FUNC_AGG_KEYS_H

#include <stdint.h>

#include "func/agg_priv.h"

/*
 * A set of equality keys (data/key.h), in the order they came.  All zeros is
 * the empty set.
 */
struct agg_keys {
	struct agg_key *keys;	/* a block, see agg_grow() */
	uint32_t *slots;	/* a block, once the set is not small */
	uint32_t count;
	uint32_t mask;		/* slots - 1 */
};

struct agg_key {
	struct text text;	/* long text is a block */
	uint64_t hash;
};

/* The key's number, from 0; -1 if the budget refuses it.  `always`: taken
 * all the same. */
int64_t agg_keys_add(struct agg_call *, struct agg_keys *,
	const struct text *key, int always);
void agg_keys_free(struct agg_call *, struct agg_keys *);

#endif
