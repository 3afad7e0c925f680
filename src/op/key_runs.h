#ifndef SFLOW_OP_KEY_RUNS_H
#define SFLOW_OP_KEY_RUNS_H

#include <stdint.h>

#include "op/op.h"

/*
 * Records that come in the order of some of the `by` items (op_args.in_order,
 * plain fields): those that are alike in these are a run.  A group lies in one
 * run, whatever else it is told apart by (plan/rule_runs.c).
 */
struct key_runs;

struct key_runs *key_runs_new(const struct op_args *);
void key_runs_free(struct key_runs **);
/*
 * The next batch: the first *going_on of its selected records are of the run
 * that was there before, and those from *last on of the last, which may go on.
 * Both are their count if all are of the one from before.
 */
void key_runs_look(struct key_runs *, const struct batch *, struct region *,
	uint32_t *going_on, uint32_t *last);
/* The first record of that batch, from `from` on, of the run of record `i`.
 * While its region lives. */
uint32_t key_runs_begin(const struct key_runs *, uint32_t from, uint32_t i);

#endif
