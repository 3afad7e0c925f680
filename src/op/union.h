#ifndef SFLOW_OP_UNION_H
#define SFLOW_OP_UNION_H

#include "op/op.h"

/* What the two kinds of union (op_union.c, op_append.c) have in common. */
op_bind_f union_bind;
op_need_f union_need;
/* The batch with the output's fields, in its order; those it has not are
 * missing.  An open output leaves batches as they are. */
void union_align(const struct op *, struct batch *);

#endif
