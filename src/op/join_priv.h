#ifndef SFLOW_OP_JOIN_PRIV_H
#define SFLOW_OP_JOIN_PRIV_H

#include "op/op.h"
#include "op/rows.h"

struct group_table;

/*
 * The state of op_join, in three parts: the kept side (join_build.c), the
 * fields of the joined record (join_layout.c), and the pairs (join_probe.c).
 */

/* Made by bind: what is needed of the joined record, as far as was asked. */
struct join_plan {
	struct need_set *wish;
	int asked;
};

static inline int
join_is_half(const struct op *op)	/* gives left records, not pairs */
{
	return op->args.join == OP_JOIN_SEMI || op->args.join == OP_JOIN_ANTI;
}

static inline int
join_keeps_left(const struct op *op)
{
	return op->args.join == OP_JOIN_LEFT || op->args.join == OP_JOIN_FULL;
}

static inline int
join_keeps_right(const struct op *op)
{
	return op->args.join == OP_JOIN_RIGHT || op->args.join == OP_JOIN_FULL;
}

/* --- join_build.c: the records of port 1, by key --- */

/* A kept row, and where the next one with its key is. */
struct join_match {
	struct row_ref ref;
	uint64_t next;		/* index in `more` + 1; 0: it is the last */
};

/* A key: a row of the group table.  Nearly all have one match, right here. */
struct join_chain {
	struct join_match first;
	uint64_t last;		/* index in `more` + 1; 0: it is `first` */
};

struct join_build {
	struct rows *rows;	/* NULL: only the keys are of interest */
	struct group_table *keys;
	struct join_match *more;
	uint64_t more_count, more_capacity;
	/* right, full: which kept rows found a left one. */
	uint64_t *first;	/* number of each kept batch's first row */
	uint32_t *rows_of;	/* and how many it has */
	uint32_t batch_count, batch_capacity;
	uint64_t *found;	/* a bit a kept row; made by join_build_end */
	uint64_t found_bytes;
	/* Which fields are kept, for the last schema that came. */
	struct need_set *need;
	struct schema *in, *kept;	/* held */
	uint32_t *column;	/* of `in`, for each field of `kept` */
};

void join_build_open(struct op_run *, struct join_build *);
/* Keep a batch; the caller frees it. */
int join_build_add(struct op_run *, struct join_build *, struct batch *,
	struct err *);
/* All has come. */
int join_build_end(struct op_run *, struct join_build *, struct err *);
void join_build_close(struct op_run *, struct join_build *);
/* Evaluate one side's keys over the selected rows; rejects what it cannot. */
int join_eval_keys(struct op_run *, struct expr **on, struct batch *,
	struct region *, struct column *, struct err *);

static inline void
join_build_found(struct join_build *build, struct row_ref ref)
{
	uint64_t row = build->first[ref.batch] + ref.row;

	build->found[row / 64] |= (uint64_t)1 << (row % 64);
}

static inline int
join_build_was_found(const struct join_build *build, struct row_ref ref)
{
	uint64_t row = build->first[ref.batch] + ref.row;

	return (int)(build->found[row / 64] >> (row % 64) & 1);
}

/* --- join_layout.c: where the fields of the joined record come from --- */

struct join_column {
	int left;		/* column of the left batch, or -1 */
	int right;		/* field of the kept rows, or -1 */
	/* Both: a key, whose right value is wanted only if there is no left
	 * record; else a field that may be in either, but not in both. */
	int is_key;
};

struct join_layout {
	struct schema *left;	/* held; the layout is for this one */
	struct schema *right;	/* held */
	struct schema *out;	/* held */
	struct join_column *column;
	int merges;		/* some field may be in either record */
};

/* Make it for these schemas, unless it is. */
void join_layout_set(struct join_layout *, const struct op *,
	struct schema *left, struct schema *right);
void join_layout_free(struct join_layout *);
/*
 * A column of pairs whose field may be in the left or in the right record.
 * -1 with err where it is in both.
 */
int join_merge(const struct op *, const char *name, const struct column *left,
	const struct column *right, uint32_t count, struct region *,
	struct column *out, struct err *);
/* What is needed of input `port` for `wish` and the left-over condition. */
void join_need_fields(const struct op *, const struct need_set *wish,
	unsigned port, struct need_set *in);

/* --- join_probe.c: the records of port 0 --- */

struct join_probe {
	struct join_layout layout;
	/* Pairs that wait to be given: physical row of the batch, kept row;
	 * ROWS_NONE: the left row alone, if nothing was found for it. */
	uint16_t *left;
	struct row_ref *right;
	uint32_t count;
	uint32_t most;
	uint64_t *left_found;	/* by physical row; with a condition only */
	/* right, full: all fields of the left records so far. */
	struct schema *seen;	/* held */
	struct schema *last;	/* held; the last one that was added */
};

void join_probe_open(struct join_probe *);
void join_probe_close(struct join_probe *);
enum op_status join_probe_batch(struct op_run *, struct join_probe *,
	struct join_build *, struct batch *take_batch, struct err *);
/* right, full: give the kept rows that found no left one. */
enum op_status join_probe_rest(struct op_run *, struct join_probe *,
	struct join_build *, struct err *);

#endif
