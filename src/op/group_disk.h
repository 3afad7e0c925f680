#ifndef SFLOW_OP_GROUP_DISK_H
#define SFLOW_OP_GROUP_DISK_H

#include "func/agg.h"
#include "op/op.h"

/*
 * A temporary file of an operator for what the states of aggregates put on disk
 * (agg_call.disk).  Made when it is first written to; one thread writes, any
 * may then read.
 */
struct agg_disk *group_disk_new(struct op_run *);
void group_disk_free(struct agg_disk **);

#endif
