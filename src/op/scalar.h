#ifndef SFLOW_OP_SCALAR_H
#define SFLOW_OP_SCALAR_H

#include "op/op.h"

struct value;

/*
 * The one value of a pipeline that an expression reads: of the one field of its
 * one record; null without a record.  All instances share it.
 */
struct scalar;

struct scalar *scalar_new(void);
void scalar_free(struct scalar **);
/* A record of the pipeline; OP_FAIL with err if it is not the only one, or has
 * not exactly one field. */
enum op_status scalar_take(struct scalar *, struct batch *take_batch,
	struct err *);
/* Behind a meeting, when all records have been taken. */
const struct value *scalar_value(const struct scalar *);

#endif
