#ifndef SFLOW_OP_WAITING_H
#define SFLOW_OP_WAITING_H

#include <stdint.h>

#include "op/op.h"

/*
 * Records that cannot go on before something else has ended: the left side of a
 * join that came with its right side, records that are held against a value
 * that is computed of them.  All instances of an operator share it.  It lies in
 * memory as long as there is room, else in temporary files.
 */
struct waiting;

/* `name` (borrowed) is the owner's, in messages about memory. */
struct waiting *waiting_new(const char *name, uint32_t instance_count);
void waiting_free(struct waiting **);

/*
 * Keep the selected rows of a batch, with their places in the input; the caller
 * keeps the batch.  `number` is that of the first row within its turn: what is
 * taken has the order of (turn, number).  0, or -1 with err.
 */
int waiting_add(struct waiting *, struct op_run *, const struct batch *,
	uint64_t turn, uint64_t number, struct err *);

/* When all has been added: once, by one instance, between two meetings. */
void waiting_settle(struct waiting *);

/*
 * Behind that they are dealt in rounds (op_work_f): of each round every
 * instance takes one batch at most, instance i the i-th.  1 with *out, which is
 * the caller's; 0: there is none for it; -1.
 */
int waiting_take(struct waiting *, struct op_run *, struct batch **out,
	uint64_t *turn, uint64_t *number, struct err *);
/* The instance goes on with the rounds, but takes no more. */
void waiting_refuse(struct waiting *, const struct op_run *);
/* Was that the last round? */
int waiting_is_out(const struct waiting *, const struct op_run *);

/*
 * --- how an instance goes through it, for operators that keep what comes too
 * early and give it in one piece; starts as zero ---
 */
struct waiting_way {
	unsigned stage;
	uint64_t turn, number;	/* of the next row that waits */
};

/* waiting_add in the order in which they come.  Takes the batch. */
enum op_status waiting_keep(struct waiting *, struct waiting_way *,
	struct op_run *, struct batch *take_batch, struct err *);
/*
 * In op_work_f, when nothing is added any more: the operator's meetings 1 and
 * 2.  OP_OK: all have been there, what waits can be given.
 */
enum op_status waiting_meet(struct waiting *, struct waiting_way *,
	struct op_run *);
/* Behind that: op_give the instance's part of a round, OP_AGAIN; OP_OK: it was
 * the last. */
enum op_status waiting_give(struct waiting *, struct op_run *, struct err *);

#endif
