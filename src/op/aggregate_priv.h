#ifndef SFLOW_OP_AGGREGATE_PRIV_H
#define SFLOW_OP_AGGREGATE_PRIV_H

#include <stdint.h>

#include "func/agg.h"
#include "op/group.h"
#include "op/group_front.h"
#include "op/group_pile.h"
#include "op/group_rows.h"
#include "op/op.h"
#include "op/turns.h"

/* --- what instances share --- */

struct aggregate_share {
	struct mem_budget budget;	/* of what states own besides */
	uint32_t instance_count;
	struct aggregate **instance;
	uint32_t left_count;		/* of those that have given all */
};

/* Some records of output, by first appearance. */
struct page {
	const uint64_t *ordinal;
	const struct column *column;
	uint32_t count;
};

/*
 * Records of output in order: pages in memory, or a file of batches whose last
 * column are the ordinals.
 */
struct result {
	struct region *region;		/* of the pages and all they have */
	struct page *page;
	uint32_t page_count;
	uint64_t charged;
	struct spill_file *file;
	uint32_t level;			/* how often its records were merged */
	struct portion *portion;	/* where it can be entered */
	uint32_t portion_count;
	uint64_t file_end;
	uint64_t row_count;
};

struct portion {
	uint64_t place, ordinal, rows_before;
};

/*
 * A row that is plain: the words of arguments, each once.  `code` are those of
 * the keys; argument a of aggregate i is slot[i * AGG_ARGS_MAX + a].
 */
struct plain_shape {
	struct pile_shape pile;
	struct plain_shape *next;
	uint32_t slot_count;
	uint8_t *slot_type;
	uint16_t *code;
	uint16_t *slot;
};

enum aggregate_step { STEP_ADD, STEP_ADDED, STEP_FOLD, STEP_FOLDED, STEP_GIVE,
	STEP_LEFT };

struct aggregate {
	struct op_run *run;
	struct aggregate_share *share;
	struct group_rows rows;
	int is_ordered;		/* some aggregate asks for places */
	/* Adding: a table that fits the cache; what overflows lies on piles. */
	struct group_table *table;
	struct group_front *front;	/* of its rows; NULL: not yet */
	int has_no_front;	/* keys come but once, one behind the other */
	char *single;		/* the row of the one group without keys */
	uint32_t table_max;	/* groups */
	uint32_t table_first;	/* at first, and how many it may become */
	uint32_t table_most;
	uint64_t seen;		/* records since the table was empty */
	uint64_t half_seen;	/* and when it had so many groups, */
	uint64_t half_groups;	/* half of what it may have; 0: not yet */
	uint64_t plain_left;	/* records that pass the table by */
	uint64_t plain_next;	/* how many the next time */
	struct group_piles *piles;
	struct sets *sets;	/* by sets of keys; or NULL */
	/* Of large states: while adding, while folding. */
	struct agg_disk *disk[2];
	struct plain_shape *shape;
	uint64_t fold_bytes;	/* on piles, when to fold them */
	/* Working. */
	enum aggregate_step step;
	int is_spread;		/* there were too many groups for a table */
	struct turns turns;
	struct agg_places places;	/* of own among all, for states */
	uint32_t pile_count;		/* of all instances; 0: one table */
	struct result **result;
	uint32_t result_count, result_capacity;
	uint64_t held_bytes;		/* of those in memory */
	struct giver *giver;
};

/* A row of a table: the ordinal, then what group_rows says. */
static inline uint64_t *
aggregate_ordinal(char *row)
{
	return (uint64_t *)(void *)row;
}

static inline char *
aggregate_states(char *row)
{
	return row + sizeof(uint64_t);
}

/* --- op_aggregate.c: what op_runs.c, whose state begins with a struct
 * aggregate, has too --- */

extern const struct op_def op_aggregate;
op_need_f aggregate_need;
op_share_f aggregate_share;
op_unshare_f aggregate_unshare;
/* With the share that is in the state, or run->share. */
op_open_f aggregate_open;
op_close_f aggregate_close;

/* --- aggregate_add.c --- */

int aggregate_add(struct aggregate *, struct batch *, struct err *);
/* Records that were looked at, by their keys to the table, or past it. */
int aggregate_add_records(struct aggregate *, struct batch *, struct region *,
	struct err *);
/* Room in the table for `count` more keys. */
int aggregate_reserve(struct aggregate *, uint32_t count, struct err *);
/* Is it time to let go of something?  Then do. */
int aggregate_is_short(const struct aggregate *);
int aggregate_check_room(struct aggregate *, struct err *);
/* Large states of the table's groups, if these are few, to disk: 1 if there are
 * such, 0, -1. */
int aggregate_spill_states(struct aggregate *, struct group_table *,
	struct err *);
/* All that is in the table to the piles, of which there are `count`. */
void aggregate_unload(struct aggregate *, uint32_t pile_count);
void aggregate_choose_limits(struct aggregate *);
/* The row of the one group there is without keys. */
void aggregate_make_single(struct aggregate *);
struct group_table *aggregate_table(struct aggregate *);
/* Let go of all rows, with what their states own. */
void aggregate_table_clear(struct aggregate *, struct group_table *);
/* The memory limit is in the way: -1 with err. */
void aggregate_free_shapes(struct aggregate *);
int aggregate_no_memory(struct err *);

/* --- aggregate_sets.c --- */

/* What the aggregate's `set` asks for; NULL if it has none. */
struct sets *sets_new(struct aggregate *);
void sets_free(struct sets **);
int sets_add(struct sets *, struct batch *, struct region *, struct err *);
/* All that was counted to the table. */
int sets_unload(struct sets *, struct err *);

/* --- aggregate_fold.c --- */

/* Piles of this number, of each of the `count` instances, become a result; or
 * several, if there are too many groups for the memory. */
int aggregate_fold(struct aggregate *, struct aggregate *const *from,
	uint32_t count, uint32_t number, struct err *);
/* Fold a pile of one's own where it is. */
int aggregate_refold(struct aggregate *, uint32_t number, struct err *);

/* --- aggregate_result.c --- */

/*
 * The rows of the table, finished, as a result; the table is empty then, its
 * states cleared.  If there is no room, this and the others go to disk.  0, or
 * -1 with err.
 */
int aggregate_finish(struct aggregate *, struct group_table *, struct err *);
void result_free(struct aggregate *, struct result **);
void aggregate_free_results(struct aggregate *);
/* Records of a page in a file: each reader holds one. */
uint32_t result_page_rows(void);
/* A file that is appended to, page by page, then closed.  0 or -1. */
struct result *result_new_file(struct aggregate *, struct err *);
int result_write(struct aggregate *, struct result *, const struct page *,
	struct err *);
int result_end_file(struct result *, struct err *);
/* How many records of it are before the ordinal; of a file about. */
uint64_t result_rows_before(const struct result *, uint64_t ordinal);

/* --- aggregate_give.c --- */

struct giver *giver_new(struct aggregate *, struct err *err);
void giver_free(struct giver **);
/* Some batches: OP_AGAIN, OP_OK at the end. */
enum op_status giver_give(struct giver *, struct err *);
/* Results of this instance to disk, as one. */
int aggregate_spill_results(struct aggregate *, struct err *);
/* So few files that all instances can read those of all at once. */
int aggregate_join_files(struct aggregate *, struct err *);

#endif
