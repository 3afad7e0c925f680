#ifndef SFLOW_OP_JOIN_PRIV_H
#define SFLOW_OP_JOIN_PRIV_H

#include "data/key.h"
#include "op/image.h"
#include "op/op.h"
#include "op/pile.h"
#include "util/thr.h"

/*
 * What the files of op_join share:
 *
 *	join_share.c	what instances have together
 *	join_build.c	the records of port 1 become rows, by partition
 *	join_table.c	the directory of a partition
 *	join_layout.c	the fields of the joined record
 *	join_probe.c	the records of port 0 and their pairs
 *	join_sieve.c	their keys: what need not be kept of port 1
 *	join_away.c	the keys of what was put away
 *	join_strip.c	where both sides come in order: the kept rows
 *	join_window.c	and those of them that a left batch may meet
 *	join_later.c	partitions that were put away
 *	join_ending.c	what comes last, in order
 *	join_asof.c	the partner that is nearest in time
 */

/* Made by bind: what is needed of the joined record, as far as was asked. */
struct join_plan {
	struct need_set *wish;
	int asked;
	int is_strict;		/* asof: > instead of >= */
	int64_t within_us;	/* asof: INT64_MAX: any time ago */
};

static inline int
join_is_half(const struct op *op)	/* gives left records, not pairs */
{
	return op->args.join == OP_JOIN_SEMI || op->args.join == OP_JOIN_ANTI;
}

static inline int
join_keeps_left(const struct op *op)
{
	return op->args.join == OP_JOIN_LEFT || op->args.join == OP_JOIN_FULL ||
	    op->args.join == OP_JOIN_ASOF;
}

static inline int
join_keeps_right(const struct op *op)
{
	return op->args.join == OP_JOIN_RIGHT || op->args.join == OP_JOIN_FULL;
}

/* Do both sides come in the order of their keys? */
static inline int
join_is_merged(const struct op *op)
{
	return op->args.merge_key != NULL;
}

/* --- join_table.c --- */

/* A radix partition is taken from the top of the hash. */
#define JOIN_PARTS 32u

static inline uint32_t
join_part(uint64_t hash)
{
	return (uint32_t)(hash >> 59);
}

/*
 * A directory of slots: 16 bits of the hash and the address of the last row of
 * a key.  A row's link leads to the next of its key, the last one's to the
 * first.
 */
struct join_table {
	uint64_t *slot;		/* NULL: there are no rows with a key */
	uint64_t mask;
	uint64_t charged_bytes;
	uint64_t key_count;
	struct region *runs;	/* asof: the rows of each key in order */
};

struct join_share;

/*
 * Link the rows of `reader` (taken), whose shapes count from shape_base[] of
 * their instance (NULL: they are what they are).  1: the budget refuses, and
 * nothing has been touched; never with `force`.  -1 with err.
 */
int join_table_build(struct join_table *, struct mem_budget *,
	struct pile_reader *const *take_reader, uint32_t reader_count,
	const uint32_t *shape_base, int force, struct err *);
void join_table_free(struct join_table *, struct mem_budget *);
/* Link further rows, whose links are their hashes; the slots are clear and
 * enough. */
void join_table_link(struct join_table *, struct image *const *row,
	uint32_t count);
/* The last row of each key, or NULL.  table[] by partition; one for all: */
void join_table_look(const struct join_table *, int is_one,
	const struct key_set *, uint32_t count, struct image **row);

static inline struct image *
join_slot_row(uint64_t slot)
{
	return (struct image *)(uintptr_t)(slot & 0x0000ffffffffffffu);
}

static inline struct image *
join_next(const struct image *row)
{
	return (struct image *)(uintptr_t)row->link;
}

/* --- join_share.c --- */

/* A left schema, and where it was met first. */
struct join_seen {
	struct schema *schema;	/* held */
	uint64_t turn, number;
};

/*
 * Some kept rows that follow one another in the order of their keys, as
 * images, in memory or in the file of the instance that was given them.
 */
struct join_strip {
	uint64_t turn, number;	/* of its first row */
	struct text first, last;	/* order keys (data/key.h) */
	char *rows;		/* NULL: they lie in the file */
	size_t bytes, capacity_bytes;
	uint32_t row_count;
	uint32_t instance;
	uint64_t from, to;	/* places in the file */
	/* When all are there: what lies before it. */
	uint64_t rows_before, bytes_before;
};

/* Those of an instance. */
struct join_strips {
	struct join_strip *strip;
	uint32_t count, capacity;
	uint32_t away_count;	/* the first ones, which lie in the file */
	struct spill_file *file;
	uint64_t end;		/* place behind the last in it */
	uint64_t charged_bytes;
	struct region *keys;
};

/* What an instance has kept; the others read it behind a meeting. */
struct join_part_of {
	struct image_shapes right, left, out;
	struct pile build[JOIN_PARTS];
	struct join_strips strips;	/* instead, if join_is_merged() */
	struct pile probe[JOIN_PARTS];	/* left rows, of spilled partitions */
	struct pile given;	/* what came out, until it has its place */
	struct join_seen *seen;
	uint32_t seen_count, seen_capacity;
	/* The hashes of their keys, for the sieve. */
	uint64_t *hash;
	uint64_t hash_count, hash_capacity;
	int is_too_many;
};

/* Hashes of keys, more or less: see join_sieve.c. */
struct join_sieve {
	uint64_t *word;		/* NULL: there is none */
	uint64_t mask;
	uint64_t key_count;
	uint64_t charged_bytes;
};

/* Those of kept rows that lie in files: see join_away.c. */
struct join_away {
	struct thr_lock lock;	/* while it is made */
	struct join_sieve sieve;
	int is_refused;
	uint64_t key_count;	/* atomic; with those that came twice */
	int is_of_use;		/* atomic; from join_away_settle() on */
};

/* What was made of a partition behind the input. */
struct join_later {
	struct image_shapes out;
	struct pile given;
	struct pile rest;	/* right rows that met nothing */
};

struct join_share {
	const struct op *op;
	struct mem_budget budget;
	uint32_t instance_count;
	struct join_part_of *instance;
	/* Some instance has written to a file of it; atomic, a hint. */
	uint8_t is_away[JOIN_PARTS];
	/* Made between the first and the second meeting. */
	struct join_table table[JOIN_PARTS];
	uint8_t is_spilled[JOIN_PARTS];
	struct image_union right;
	uint64_t row_count;
	struct waiting *waiting;	/* records of port 0 that came first */
	/* The strips of all instances in order, and one more; a bit a row that
	 * met something, where that is asked. */
	struct join_strip **strip;
	uint32_t strip_count;
	uint64_t *found;
	/* Before: where port 0 has come first; or of the strips. */
	struct join_sieve sieve;
	struct join_away away;
	int is_asked;	/* somebody before the join will look; atomic */
	int is_made;	/* they can be looked at; atomic */
	/* Between the third and the fourth. */
	struct join_later later[JOIN_PARTS];
};

void *join_share_new(const struct op *, uint32_t instance_count);
void join_share_free(void *take_share);
/* Behind the first meeting: piece number JOIN_PARTS of what is dealt. */
void join_share_settle(struct join_share *, struct op_run *);
/* Behind the third: this instance's part of what lies in memory may go, if
 * nothing will be given of it. */
void join_share_release(struct join_share *, uint32_t instance);
int join_has_spilled(const struct join_share *);
/* Are there directories?  For who stands before the join: until the end of its
 * input. */
int join_share_is_made(const struct join_share *);
/* Who stands before the join will look: when he is opened. */
void join_share_ask(struct join_share *);
int join_share_is_asked(const struct join_share *);
/* May so much more be held, with some left for what comes after? */
int join_has_room(uint64_t bytes);

/* --- join_build.c: the records of port 1 --- */

struct join_build {
	struct join_part_of *own;
	struct text *known;	/* keys that are kept already; or NULL */
	uint64_t known_mask;
	uint64_t known_charged;
	const struct join_sieve *sieve;	/* NULL: all are kept */
	/* Which fields are kept, for the last schema that came. */
	struct need_set *need;
	struct schema *in, *kept;	/* held */
	uint32_t *column;	/* of `in`, for each field of `kept` */
	uint8_t *is_number;	/* of each: numbers will do */
	uint64_t turn, number;	/* of the next row */
};

void join_build_open(struct op_run *, struct join_build *);
/* Keep a batch; the caller frees it. */
int join_build_add(struct op_run *, struct join_build *, struct batch *,
	struct err *);
/* From now on what falls through the sieve is kept. */
void join_build_sieve(struct op_run *, struct join_build *);
/* Make the table of a partition, of all instances' rows, or put them away. */
int join_build_part(struct op_run *, struct join_share *, uint32_t part,
	struct err *);
void join_build_close(struct op_run *, struct join_build *);
/* Evaluate one side's keys (behind them, asof's time) over the selected rows;
 * rejects what it cannot. */
int join_eval_keys(struct op_run *, struct expr **on, struct expr *asof,
	struct batch *, struct region *, struct column *, struct err *);
/* Only the keys of dense rows pick[0..count). */
void join_keys_pick(struct key_set *, const uint16_t *pick, uint32_t count,
	struct region *);

/*
 * Write the selected rows of a batch to piles by partition (or to the one),
 * with their keys, if there are any, and order bytes (asof).
 */
struct join_rows {
	struct batch *batch;
	const struct key_set *keys;	/* NULL: none */
	const struct text *order;	/* NULL: none */
	uint64_t turn;			/* of all, or by row: */
	const uint64_t *turns, *numbers;
	uint64_t number;		/* of the first */
};

/* The bytes of each row, and of all rows of each pile. */
void join_measure_rows(const struct join_rows *, int is_one, uint32_t *size,
	size_t total[JOIN_PARTS]);
/* The head of row i, its key and order bytes. */
void join_begin_row(struct image *, const struct join_rows *, uint32_t i,
	uint32_t size, uint32_t shape);
/* The shape of the rows; UINT32_MAX with err: there are too many. */
uint32_t join_shape_rows(const struct join_share *, struct image_shapes *,
	const struct join_rows *, struct err *);
int join_write_rows(struct op_run *, struct join_share *, struct pile *pile,
	int is_one, struct image_shapes *, const struct join_rows *,
	struct region *, struct err *);
/* To a pile that is read beside many: some rows at a time, because what is
 * written at once is read at once.  With turns and numbers, without keys. */
int join_write_aside(struct op_run *, struct join_share *, struct pile *,
	struct image_shapes *, const struct join_rows *, struct region *,
	struct err *);

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
/* Is the field looked at, by its name or that of its record? */
int join_is_needed(const struct need_set *wish, const char *field);
/* What is needed of input `port` for `wish` and the left-over condition. */
void join_need_fields(const struct op *, const struct need_set *wish,
	unsigned port, struct need_set *in);

/* --- join_probe.c: the records of port 0 --- */

/* A left batch on its way: its selected rows, their keys and places. */
struct join_batch {
	struct batch *batch;
	struct key_set keys;
	struct text *order;	/* asof */
	/* By physical row; only where results are put aside. */
	uint64_t *turn, *number;
};

struct join_probe {
	struct join_share *share;
	struct join_part_of *own;
	struct join_layout layout;
	/* Pairs that wait to be given: physical row of the batch, kept row;
	 * NULL: the left row alone, if nothing was found for it. */
	uint16_t *left;
	struct image **right;
	uint32_t count;
	uint32_t most;
	uint64_t *left_found;	/* by physical row; with a condition only */
	struct schema *last;	/* held; the last one that was noted as seen */
	struct need_set *left_need;	/* what is written of left rows */
	uint64_t turn, number;	/* of the next row */
	/* How the records of a batch are met: by join kind, or, where the rows
	 * of a key come in several pieces, otherwise. */
	int keeps_left, is_half, half_wanted;
	uint8_t *note;		/* only note here, a byte a row, who was met */
	const struct join_table *table;
	int is_asof;
	int is_one;		/* one table for all */
	int has_ended;	/* join_probe_end was called */
	/* Partitions lie in files: left rows are put away, results aside, to
	 * be put in order; or these are given at once. */
	int is_aside, gives_at_once;
	int has_files;	/* they are open */
	struct join_window *window;	/* NULL: sides are not in order */
	/* Where results go: NULL: on. */
	struct pile *given;
	struct image_shapes *given_shapes;
	const struct join_batch *at;
};

void join_probe_open(struct op_run *, struct join_probe *,
	struct join_share *);
void join_probe_close(struct join_probe *);
/* A batch of port 0. */
enum op_status join_probe_batch(struct op_run *, struct join_probe *,
	struct batch *take_batch, uint64_t turn, uint64_t number,
	struct err *);
/* Pair the rows with the table; takes the batch. */
enum op_status join_probe_rows(struct op_run *, struct join_probe *,
	struct join_batch *, struct region *, struct err *);
/* The same for rows of which it is known that they meet nothing: those whose
 * byte in probe->note[first ...] is `noted`. */
enum op_status join_probe_noted(struct op_run *, struct join_probe *,
	struct join_batch *, const uint8_t *note, uint8_t noted, struct err *);
/* No more comes at port 0: what was put away and aside is in files. */
int join_probe_end(struct join_probe *, struct err *);
/* Give right rows that found no left one. */
enum op_status join_give_rest(struct op_run *, struct join_probe *,
	struct schema *left, struct image *const *rows, uint32_t count,
	struct err *);

/* --- join_strip.c --- */

/* Keep the rows of a batch in a strip: `first` and `last` are the order keys of
 * the first and the last of them.  0 or -1. */
int join_strip_add(struct op_run *, struct join_share *,
	const struct join_rows *, const struct text *first,
	const struct text *last, struct region *, struct err *);
/* The order key of a row of a batch, for one side's keys. */
struct text join_order_key(const struct op_run *, struct expr **on,
	const struct batch *, uint32_t row, struct region *);
/* <0, 0, >0: the order of two. */
int join_order_compare(const struct text *, const struct text *);
/* Write all that an instance has in memory to its file.  0 or -1. */
int join_strips_write(struct op_run *, struct join_share *, uint32_t instance,
	struct err *);
/* Behind the first meeting: bring those of all instances in one order. */
void join_strips_settle(struct join_share *);
/* Did any instance write some?  Then all are in files, behind the second. */
int join_strips_are_away(const struct join_share *);
/* Behind that, if join_share_ask() was called: may a row have the key? */
int join_strips_may_have(const struct join_share *, uint64_t hash);
void join_strips_free(struct join_share *, struct join_strips *);

/* --- join_window.c --- */

struct join_window *join_window_new(struct join_share *);
void join_window_free(struct join_window **);
/* Pair the rows of a batch with the strips; takes the batch. */
enum op_status join_window_rows(struct op_run *, struct join_probe *,
	struct join_batch *, struct region *, struct err *);
/* No more comes: who met something is noted. */
void join_window_end(struct join_window *);
/* Up to `most` rows that met nothing from *row of *strip on, which go on: how
 * many, 0 at the end, or -1.  They are good until the next call. */
int join_window_rest(struct join_window *, uint32_t *strip, uint32_t *row,
	uint32_t most, struct image **rows, struct err *);

/* --- join_sieve.c --- */

/* Note the keys of a left batch; rejects what has none.  0 or -1. */
int join_sieve_note(struct op_run *, struct join_share *, struct batch *,
	struct err *);
/* One for so many keys; -1: memory refuses it. */
int join_sieve_new(struct join_sieve *, struct mem_budget *,
	uint64_t key_count);
/* One of so many bytes, or up to twice as many. */
int join_sieve_new_bytes(struct join_sieve *, struct mem_budget *,
	uint64_t bytes);
void join_sieve_free(struct join_sieve *, struct mem_budget *);
void join_sieve_add_all(struct join_sieve *, const uint64_t *hash,
	uint64_t count);
/* Of what all instances have noted. */
void join_sieve_make(struct join_share *);
void join_sieve_fini(struct join_share *);

/* Four bits of a word, none of those that choose it or the partition. */
static inline uint64_t
join_sieve_bits(uint64_t hash)
{
	return UINT64_C(1) << (hash >> 34 & 63) |
	    UINT64_C(1) << (hash >> 40 & 63) |
	    UINT64_C(1) << (hash >> 46 & 63) |
	    UINT64_C(1) << (hash >> 52 & 63);
}

static inline void
join_sieve_add(struct join_sieve *sieve, uint64_t hash)
{
	sieve->word[hash & sieve->mask] |= join_sieve_bits(hash);
}

/* May some left record have the key?  Yes, if there is no sieve. */
static inline int
join_sieve_has(const struct join_sieve *sieve, uint64_t hash)
{
	uint64_t bits = join_sieve_bits(hash);

	return sieve->word == NULL ||
	    (sieve->word[hash & sieve->mask] & bits) == bits;
}

/* --- join_away.c --- */

/* Before rows are added: does memory run short? */
void join_away_tend(struct join_share *);
/* A pile of kept rows in memory is about to be written.  0 or -1. */
int join_away_pile(struct join_share *, struct pile *, struct err *);
/* Rows of these keys have come to an instance's piles: note those that go to a
 * file. */
void join_away_rows(struct join_share *, const struct pile *pile,
	const struct key_set *, uint32_t count);
/* Rows of these keys go to a file. */
void join_away_keys(struct join_share *, const uint64_t *hash, uint32_t count);
/* Behind the last of them, by each instance: is it of use? */
void join_away_settle(struct join_share *);

/* May a left row of this hash meet a kept row that lies in a file? */
static inline int
join_away_has(const struct join_share *share, uint64_t hash)
{
	return share->is_spilled[join_part(hash)] &&
	    (!__atomic_load_n(&share->away.is_of_use, __ATOMIC_RELAXED) ||
	    join_sieve_has(&share->away.sieve, hash));
}

/* --- join_asof.c --- */

/* The bytes by which the values of a dense column are ordered; rows without a
 * value have a null in their key. */
int join_asof_order(const struct op_run *, const struct column *,
	uint32_t count, struct region *, struct key_set *,
	struct text **order, struct err *);
/* Bring the rows of each key in order. */
void join_asof_make(struct join_table *, struct mem_budget *);
/* From the rows that were looked up to those that are nearest. */
void join_asof_pick(const struct op_run *, const struct text *order,
	uint32_t count, struct image **row);

/* --- join_later.c --- */

/* Join what was put away of a partition. */
int join_later_part(struct op_run *, struct join_probe *, uint32_t part,
	struct err *);

/* --- join_ending.c --- */

/* Shapes of several piles, seen as the same where they are alike. */
struct join_shapes {
	struct image_shapes all;
	uint32_t **of;		/* per reader, per shape */
	uint32_t count;
};

void join_shapes_init(struct join_shapes *, const struct pile_merge *,
	uint32_t readers);
void join_shapes_fini(struct join_shapes *);
/* The next rows of one shape, at most `most` and before `end` (NULL: all): how
 * many, or -1. */
int join_take_rows(struct pile_merge *, const struct join_shapes *,
	uint32_t most, const struct pile_mark *end, struct image **rows,
	const struct image_shape **shape, struct err *);

/* What is given at the end, some batches a call, in rounds. */
struct join_ending;
struct join_ending *join_ending_new(struct op_run *, struct join_probe *);
void join_ending_free(struct join_ending **);
enum op_status join_ending_step(struct op_run *, struct join_probe *,
	struct join_ending *, struct err *);

#endif
