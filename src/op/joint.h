#ifndef SFLOW_OP_JOINT_H
#define SFLOW_OP_JOINT_H

#include <stdint.h>

#include "op/op.h"

/*
 * How the instances of an operator (OP_JOINT) come together.  Any thread.
 */
struct joint;

/* `wake` makes the runner ask an instance again. */
struct joint *joint_new(uint32_t instance_count);
void joint_free(struct joint **);
void joint_set_wake(struct joint *, uint32_t instance,
	void (*wake)(void *cookie), void *cookie);
/*
 * An instance will not come: it has failed, or nobody wants what it would give.
 * Whoever waits for it goes away too.
 */
void joint_leave(struct joint *);

/*
 * --- for operators, in op_work_f ---
 *
 * OP_OK: all instances have come to meeting `number`, and what they did before
 * it is seen; OP_WAIT: not yet, return that; OP_DONE: one will never come,
 * return that.  Meetings are numbered 1, 2, ... over the life of the operator,
 * and each instance comes to all of them, in order; it may ask for one it has
 * come to again.
 */
enum op_status op_meet(struct op_run *, uint32_t number);
/*
 * Between two meetings: deal out pieces 0 .. count - 1 of common work, each to
 * one instance.  1 with *piece, 0: none is left.  The meeting in front is
 * `number` (0: the first has not been); behind the next, dealing begins anew.
 */
int op_deal(struct op_run *, uint32_t number, uint32_t count,
	uint32_t *piece);

#endif
