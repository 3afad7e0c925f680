#ifndef SFLOW_FUNC_AGG_H
#define SFLOW_FUNC_AGG_H

#include <stddef.h>
#include <stdint.h>

#include "data/column.h"
#include "func/func.h"

struct buf;
struct err;
struct mem_budget;
struct region;

/*
 * Aggregates.  A state is `state_bytes` of zeroed, 8-byte aligned memory inside
 * a group's row; all zeros is the state of no values (there is no init).  What
 * a state owns besides lies on the heap and is charged to call->budget.
 *
 * Values come as scalar functions get theirs: dense, one type, no nulls (rows
 * where the first argument is null are taken out before, unless AGG_NULLS), no
 * RAW but under FUNC_ANY.
 */
/*
 * Places in the order of rows, of instances that saw some of the rows each: a
 * sequence from `own` on is one from `all` on in the order of all rows.
 */
struct agg_span {
	uint64_t own, all;
};

struct agg_places {
	const struct agg_span *span;	/* by `own` */
	uint32_t count;
};

/*
 * Where a large state may put what it owns.  What is written between two cuts
 * lies between two places; `place` is that of the last cut.  It is read by
 * whoever knows the places, who says which disk is its own (it pays for the
 * reader).  All fail with err.
 */
struct agg_disk {
	uint64_t place;
	int (*write)(struct agg_disk *, const void *bytes, size_t size,
		struct err *);
	int (*cut)(struct agg_disk *, uint64_t *place, struct err *);
	void *(*open)(struct agg_disk *, struct agg_disk *own, uint64_t from,
		uint64_t to);
	/* Fewer than `size` bytes only at the end; -1. */
	long (*read)(void *reader, void *bytes, size_t size, struct err *);
	void (*close)(void *take_reader);
};

struct agg_call {
	const struct agg_def *def;
	void *plan;			/* what prepare made */
	struct mem_budget *budget;
	/*
	 * The budget has refused so much: values were left out, so no result is
	 * right.  Not the records' fault; the owner ends the job.
	 */
	int refused;
	uint64_t refused_bytes;
	/* Take it all the same: no value is left out, `refused` only says that
	 * it is time to let go of states. */
	int takes_all;
	/* NULL: states stay in memory. */
	struct agg_disk *disk;
	/* For merge: the rows of source and target are mixed, and the source's
	 * places are to be changed so; NULL: the source's are all later. */
	const struct agg_places *places;
	struct region *region;		/* scratch of this batch */
	struct rejects *rejects;
	const uint16_t *row;		/* see func_call */
	/*
	 * Grows from batch to batch, by whatever: rows are ordered by it, and
	 * within one batch by row[i].  For first, last, list, min_by, max_by.
	 */
	uint64_t sequence;
};

enum agg_flag {
	AGG_NULLS = 1,		/* sees nulls: count() */
	AGG_ORDERED = 2,	/* depends on the order of rows: first, list */
};

/*
 * Add value i to the state at group[i] + offset.  A state may occur many times.
 * 0, or -1 if the type does not go: these rows are then rejected.
 */
typedef int agg_update_f(struct agg_call *, char *const *group, size_t offset,
	const struct column *arg, unsigned arg_count, uint32_t count);
/* Add all values to one state; NULL: agg_update_f serves. */
typedef int agg_update_all_f(struct agg_call *, void *state,
	const struct column *arg, unsigned arg_count, uint32_t count);
/* Add the state `source` to `target`; `source` comes later in row order, or
 * call->places says where. */
typedef void agg_merge_f(struct agg_call *, void *target, const void *source);
/* Append the result of a state; an overflowed sum sets `err` and returns -1. */
typedef int agg_final_f(struct agg_call *, const void *state, struct builder *,
	struct err *);
/* The state as bytes and back, for spill, snapshot and wire. */
typedef void agg_save_f(struct agg_call *, const void *state, struct buf *);
typedef int agg_load_f(struct agg_call *, void *state, const char **at,
	const char *end);
/* Put what the state owns on call->disk, if that is worth while: how many bytes
 * that was, or -1 with err. */
typedef long agg_spill_f(struct agg_call *, void *state, struct err *);
/* Below this it is not. */
#define AGG_SPILL_BYTES ((size_t)64 << 10)
/* Free what the state owns. */
typedef void agg_free_f(struct agg_call *, void *state);

struct agg_def {
	const char *name;
	const char *signature;
	const char *summary;
	/* "sum(x)", over x = 1, 2, 3, 4 (and text t = a, b, b, c) */
	const char *example;
	const char *result;
	uint8_t arg_min, arg_max;
	uint8_t flags;
	uint8_t want[4];	/* enum func_want */
	uint32_t state_bytes;	/* multiple of 8 */
	func_type_f *type;
	func_prepare_f *prepare;
	void (*release)(void *take_plan);
	agg_update_f *update;
	agg_update_all_f *update_all;
	agg_merge_f *merge;
	agg_final_f *final;
	agg_save_f *save;
	agg_load_f *load;
	agg_spill_f *spill;	/* NULL: it cannot */
	agg_free_f *free;	/* NULL: owns nothing */
};

const struct agg_def *agg_find(const char *name, size_t size);
const struct agg_def *const *agg_all(size_t *count);

#endif
