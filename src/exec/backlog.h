#ifndef SFLOW_EXEC_BACKLOG_H
#define SFLOW_EXEC_BACKLOG_H

#include <stdint.h>

#include "exec/channel.h"

struct err;
struct op_run;
struct spill_file;
struct spill_reader;

/*
 * Messages that found no room in a channel, in order.  A step may give any
 * number of batches (a join of many to many, an unnest); those there is no
 * memory for lie in a temporary file.  Zero-initialise; one thread at a time.
 */
struct backlog {
	struct message *list;
	uint32_t first, count, capacity;
	/* Batches of the list that are NULL lie here, in order. */
	struct spill_file *file;
	struct spill_reader *reader;
	uint64_t read_to;	/* place up to which they have been read */
	uint32_t spilled;
};

int backlog_is_empty(const struct backlog *);
/* Append; memory is charged to the giver's budget.  The batch is taken, also
 * when that fails: 0 or -1. */
int backlog_add(struct backlog *, struct op_run *giver,
	const struct message *take_message, struct err *);
/* The oldest, its batch there: 1 with *out, which stays in the list until
 * backlog_taken() is told that it has gone; 0: none; -1. */
int backlog_first(struct backlog *, const struct message **out, struct err *);
void backlog_taken(struct backlog *, struct op_run *giver);
/* Free all that is in it, and what it holds. */
void backlog_clear(struct backlog *, struct op_run *giver);

#endif
