#ifndef SFLOW_OP_EXPAND_H
#define SFLOW_OP_EXPAND_H

#include "op/op.h"

/*
 * The field that `expand` adds: the number of the set of keys, from 0.  No
 * program can name it.
 */
#define EXPAND_SET "\001set"

/*
 * Records as their copies, for those whose args have `item` and `set`: batches
 * of copies are given to `give`.  The batch stays the caller's.  Behind a
 * record that stops the job no more are made.
 */
struct expander;
struct expander *expander_new(const struct op_args *,
	const struct need_set *need);
void expander_free(struct expander **);
typedef enum op_status expander_give_f(void *cookie, struct batch *take_batch,
	struct err *);
enum op_status expander_push(struct expander *, struct batch *,
	const struct op_job *, expander_give_f *, void *cookie, struct err *);
op_explain_f expand_explain_sets;

#endif
