#ifndef SFLOW_OP_OP_H
#define SFLOW_OP_OP_H

#include <stddef.h>
#include <stdint.h>

#include "data/batch.h"
#include "expr/expr.h"
#include "io/format.h"
#include "util/err.h"
#include "util/mem.h"

struct bad;
struct buf;
struct joint;
struct spill;
struct spill_file;

/*
 * The operator contract.  An operator is one file op_NAME.c that ends in
 * `const struct op_def op_NAME` and one row of op_table.h.  It never blocks,
 * starts no thread, reads no clock and knows no neighbour: it takes batches by
 * `push`, gives them on by op_give() and is told by `flush` that an input has
 * ended.  The plan (struct op) is read-only while it runs; what changes lives
 * in the state.
 */

/* What the checker hands to bind: the stage's clauses, names resolved and
 * expressions typed.  Each operator says in its head which it reads. */
enum op_item_kind { OP_ITEM_EXPR, OP_ITEM_STAR, OP_ITEM_REGEX };

struct op_item {
	enum op_item_kind kind;
	const char *name;	/* output name; of REGEX the pattern */
	struct expr *expr;	/* EXPR */
	uint32_t span_offset, span_bytes;	/* for err_set_at */
};

struct op_agg {
	const char *name;
	struct agg_expr *agg;
};

struct op_key {
	struct expr *expr;
	int descending;
	int nulls_first;
};

/* Named or positional argument of a call stage: sample(10, seed=3). */
struct op_arg {
	const char *name;	/* NULL: by position */
	struct expr *expr;
	uint32_t span_offset, span_bytes;
};

enum op_join { OP_JOIN_INNER, OP_JOIN_LEFT, OP_JOIN_RIGHT, OP_JOIN_FULL,
	OP_JOIN_SEMI, OP_JOIN_ANTI, OP_JOIN_ASOF };

enum op_route { OP_ROUTE_FAIL, OP_ROUTE_DROP, OP_ROUTE_KEEP, OP_ROUTE_TO };

/* Windows of `size` begin every `every`, at multiples of it behind `offset`;
 * results are given anew for late records up to `update` behind the end. */
struct op_window {
	int64_t size_us, every_us, offset_us, update_us;
};

#define OP_ORDER_MAX 64u	/* bits of op_args.in_order */

struct op_args {
	uint32_t span_offset, span_bytes;	/* the stage in the text */
	struct expr *expr;		/* where, top, unnest, parse */
	uint32_t expr_offset, expr_bytes;
	struct op_item *item;		/* select, extend, drop, rename */
	uint32_t item_count;
	struct op_item *by;		/* aggregate, head, tail, top, dedup */
	uint32_t by_count;
	/* runs, dedup: bit i: records come in the order of by[i], among those
	 * whose bits are set; none where there are more than OP_ORDER_MAX. */
	uint64_t in_order;
	struct op_agg *agg;		/* aggregate */
	uint32_t agg_count;
	/* expand, aggregate: bit i: item i is in it */
	uint64_t *set;
	uint32_t set_count;
	struct op_key *key;		/* sort */
	uint32_t key_count;
	int64_t limit;			/* head, tail, top */
	/* join: left.on_left[i] == right.on_right[i]; `residual` (or NULL) is
	 * evaluated over the joined record. */
	enum op_join join;
	struct expr **on_left;
	struct expr **on_right;
	uint32_t on_count;
	struct expr *residual;
	/* asof join: left >= right, or > if strict; how long ago at most,
	 * INT64_MAX: any time. */
	struct expr *asof_left, *asof_right;
	int asof_strict;
	int64_t within_us;
	int left_first;	/* join: input 0 is small and ends before input 1 */
	/* join: both inputs come in the order of on_left and on_right, that of
	 * these keys of a sort (borrowed); NULL: not known. */
	const struct op_key *merge_key;
	/* join: nobody sees in which order its records come. */
	int is_unordered;
	const char *as;			/* join, unnest; NULL: none */
	const char *as2;		/* unnest: position */
	/* parse: pattern of holes or regex with named groups. */
	const char *pattern;
	size_t pattern_size;
	int pattern_is_regex;
	const struct format_def *parse_format;	/* parse x as FORMAT */
	enum op_route route;
	/* to: path (with {field} holes) or NULL for standard output. */
	const char *path;
	const char *path_shape;	/* of a path with holes: a letter for each */
	const struct format_def *format;	/* NULL: the input's */
	struct format_option *option;
	uint32_t option_count;
	int append;
	int copies;			/* records as they were read will do */
	int is_ordered;			/* union: its first side comes first */
	/* watermark: expr (NULL: the wall clock), how far records are out of
	 * order, how long a silent split is waited for (0: for ever). */
	int64_t delay_us, idle_us;
	struct op_window window;	/* aggregate over windows */
	/* where: look at the bytes of records of this type (RAW...) first;
	 * TYPE_NULL: no. */
	enum type literal_type;
	int takes_partial;	/* window: `partial` stands in front */
	struct op_arg *arg;		/* call stages */
	uint32_t arg_count;
};

/* A bound operator: one node of the plan. */
struct op {
	const struct op_def *def;
	struct op_args args;	/* expressions owned, freed by op_free */
	unsigned input_count;
	struct schema *in[2];		/* held */
	struct schema *out;		/* held; set by bind, NULL for sinks */
	void *plan;			/* made by bind, freed by unbind */
	struct op *next;	/* who gets what it gives; NULL: a sink */
	unsigned next_port;
	struct op *side;		/* tee's pipeline, parse's else */
	unsigned side_port;
	/* Format whose record bytes reach this operator's output, for `to`
	 * without a format; NULL: jsonl. */
	const struct format_def *origin_format;
	/* What is needed of its output, if op_need_chain has asked; or NULL. */
	struct need_set *out_need;
	/* Whose `share` it looks at, behind it in the chain; NULL: its own. */
	const struct op *asks;
	uint32_t id;
	int is_out;		/* a rule took it out: it is never run */
};

struct op_end {
	struct op_run *run;
	unsigned port;
};

/* What the operators of an instance share. */
struct op_job {
	struct bad *bad;
	/* Warnings once each: "field 'x' ..."; borrowed text is copied. */
	void (*warn)(void *cookie, const char *message);
	void *warn_cookie;
	/* Set by op_reject: the job ends when this batch is through. */
	struct err stop;
	const struct op_run *stopped_by;
	/* The wall clock as the runner read it last, before a push and for
	 * ticks: us since 1970. */
	int64_t now_us;
	/* Outputs are written in place and seen as they grow: the job never
	 * ends, or keeps checkpoints.  Else a file appears when it is whole. */
	int in_place;
	/* What sinks write is thrown away: the job is run to be measured. */
	int discards;
	/* A clock, if it is; NULL: none.  Time spent by those that the running
	 * operator gave to. */
	uint64_t (*clock_ns)(void);
	uint64_t below_ns;
	/* Barriers will come. */
	int has_checkpoints;
	/* op_load_f will say where outputs go on: open leaves what is there. */
	int resumes;
	/*
	 * The place of what is pushed now in the order of one instance: of two
	 * records of different instances that of the lesser turn is first;
	 * within a turn, which is never shared, the one that came first.
	 */
	uint64_t turn;
	int turn_is_over;	/* set by op_work_f */
	/* Where temporary bytes go: state/spill.h; never NULL while it runs. */
	struct spill *spill;
	/* Whose op_work_f is to be asked, for the end of which input. */
	struct op_run *working;
	unsigned working_port;
	/* Inputs whose end is still to be said: op.c. */
	struct op_end *end;
	uint32_t end_count, end_capacity;
};

/* A running operator. */
struct op_run {
	const struct op *op;
	void *state;			/* state_bytes, zeroed before open */
	struct op_job *job;
	struct mem_budget budget;
	struct op_run *next;
	unsigned next_port;
	struct op_run *side;
	unsigned side_port;
	unsigned open_inputs;
	int done;			/* it wants no more input */
	/*
	 * Event time: the mark of each input (INT64_MIN: none yet, INT64_MAX:
	 * ended) and whether it is idle; the mark that was passed on last.
	 */
	int64_t mark_us[2];
	int is_idle[2];
	int64_t marked_us;
	int marked_idle;
	/* When op_tick_f is to be called: us since 1970; INT64_MAX: never.  Set
	 * by the operator. */
	int64_t tick_us;
	/* The key groups this instance owns: [first, end).  All of them when
	 * the operator runs once. */
	uint32_t group_first, group_end;
	int has_split;		/* OP_BLOCKS, OP_REGROUPS: its own has begun */
	/* Of OP_JOINT operators, also of one instance: see op_work_f. */
	uint32_t instance, instance_count;
	struct joint *joint;
	void *share;
	uint64_t rows_in, rows_out, batches_in;
	uint64_t self_ns;	/* if job->clock_ns: without those behind it */
	uint64_t spilled_bytes;	/* atomic; see op_spill_new */
};

enum op_status {
	OP_FAIL = -1,	/* err is filled */
	OP_OK = 0,
	OP_DONE = 1,	/* no more input can change the output: stop sending */
	/* Of op_work_f: */
	OP_AGAIN = 2,	/* a piece is done, there is more */
	OP_WAIT = 3,	/* another instance comes first, and will say so */
};

enum op_flag {
	OP_BLOCKS = 1,		/* gives nothing before its input ends */
	OP_HOLDS = 2,		/* keeps rows or groups in memory */
	OP_KEEPS_RECORD = 4,	/* has_record survives */
	OP_SINK = 8,
	OP_CALL = 16,	/* written as a call, NAME(args), not by grammar */
	OP_HIDDEN = 32,		/* not a stage: never in the help */
	OP_KEEPS_TIME = 64,	/* rows keep their event time */
	OP_KEYED = 128,		/* each `by` key may be another instance's */
	OP_PARALLEL = 256,	/* each record, or split, for itself */
	OP_SETS_TIME = 512,	/* rows get an event time here */
	OP_REGROUPS = 1024,	/* what it gives is of no split of its input */
	OP_JOINT = 2048,	/* instances work together: op_work_f */
};

/* Plan time: check arguments against op->in[], set op->out and op->plan. */
typedef int op_bind_f(struct op *, struct err *);
typedef void op_unbind_f(struct op *);
/*
 * Projection push-down: given what is needed of the output, say what is needed
 * of input `port`.  NULL: everything of the input.  A set may ask for the
 * record as such (need_has_record): an operator that keeps records
 * (OP_KEEPS_RECORD) passes the wish on and need not ask for fields it does not
 * look at itself; to any other it comes as "all fields".
 */
struct need_set;
typedef void op_need_f(const struct op *, const struct need_set *out,
	unsigned port, struct need_set *in);
typedef int op_open_f(struct op_run *, struct err *);
/* Take a batch (ownership passes).  OP_DONE still takes it. */
typedef enum op_status op_push_f(struct op_run *, unsigned port,
	struct batch *take_batch, struct err *);
/* Input `port` has ended; called once a port.  Give what is left. */
typedef enum op_status op_flush_f(struct op_run *, unsigned port, struct err *);
/*
 * All operators of the job have ended well: what was made may appear.  Not
 * called where the job keeps checkpoints.  0, or -1 with err.
 */
typedef int op_commit_f(struct op_run *, struct err *);
/*
 * Operators that keep records can share the work (OP_JOINT): the records of an
 * input come to whichever instance, each keeps its own, and behind the flush of
 * that input all have the same to do together.  `work` is asked for it, again
 * and again until it says OP_OK; until then nothing else is pushed into this
 * instance.  A call does a piece of some milliseconds and says OP_AGAIN; where
 * others must come first it says OP_WAIT and is asked again when they have
 * (op_meet, op/joint.h).  What it gives has a turn of its own (job->turn):
 * behind all that the instances were given on that input and, by instance,
 * before what the next instance gives.  So if instance i gives the i-th part of
 * the output, the order is that of one instance.  Better it deals out its parts
 * in rounds: a call that says OP_AGAIN with job->turn_is_over set has given its
 * part of this round.  All instances take the same number of rounds.  Behind
 * the first batch that a work gives it must not meet again: an instance may
 * have to stand still until what those before it gave is taken.  One instance
 * alone works the same way, and never waits.  OP_DONE: another has left
 * (op_meet); nothing more is given.
 *
 * What instances share is made before the first is opened and freed behind the
 * last: run->share, the same in all; NULL without the slots.  It has locks of
 * its own where op_meet does not keep the instances apart.
 */
typedef enum op_status op_work_f(struct op_run *, unsigned port, struct err *);
typedef void *op_share_f(const struct op *, uint32_t instance_count);
typedef void op_unshare_f(void *take_share);
/*
 * Event time has passed `us` on all inputs that are not idle: no record that is
 * still to come was on time at its source for a window that ends at or before
 * it.  Never goes back.  An operator that takes the slot passes it on itself,
 * by op_give_mark(), when what it gave is out.
 */
typedef enum op_status op_mark_f(struct op_run *, int64_t us, struct err *);
/*
 * A split begins or ends: a sequence of records with a watermark of its own (a
 * file, whatever it is rotated to; a connection).  Every split that is known
 * when the job starts begins before the first record.  NULL: passes on.
 */
enum op_split { OP_SPLIT_BEGIN, OP_SPLIT_END };
typedef enum op_status op_split_f(struct op_run *, uint64_t split,
	enum op_split, struct err *);
/* All inputs are idle: event time stands still.  NULL: passes on. */
typedef enum op_status op_idle_f(struct op_run *, struct err *);
/* The clock has reached run->tick_us, which is now INT64_MAX again. */
typedef enum op_status op_tick_f(struct op_run *, int64_t now_us, struct err *);
/* The input has nothing more for now: sinks write what they hold. */
typedef enum op_status op_pause_f(struct op_run *, struct err *);
/*
 * A barrier is about to pass.  Give what is held, so that there is no state to
 * freeze; the barrier goes on behind it.  NULL: nothing.
 */
typedef enum op_status op_barrier_f(struct op_run *, struct err *);
/*
 * A barrier has come on all inputs.  `freeze` makes an image of the state that
 * no later push changes; it must be quick.  `save` turns the image into entries
 * (state/save.h), on any thread and beside the running operator, so it may read
 * only the image and what no push changes; `thaw` frees the image.  `load`,
 * behind open and before the first push, takes an entry back: those that were
 * saved under a key group go to the instance that owns it now, SAVE_SHARED ones
 * to every instance.  Operators without state have none of the four.
 */
struct save;
typedef int op_freeze_f(struct op_run *, void **image, struct err *);
typedef int op_save_f(struct op_run *, void *image, struct save *,
	struct err *);
typedef void op_thaw_f(struct op_run *, void *take_image);
typedef int op_load_f(struct op_run *, uint32_t key_group, const char *bytes,
	size_t size, struct err *);
typedef void op_close_f(struct op_run *);
/*
 * Of an OP_PARALLEL operator: does the form of what it gives, as the order of
 * its fields, hang on the records that came before?  Then one instance takes
 * all where the order of records is to be seen.  NULL: no.
 */
typedef int op_in_order_f(const struct op *);
/* Append what explain shows behind the name: "by country; holds all rows". */
typedef void op_explain_f(const struct op *, struct buf *);

struct op_def {
	const char *name;
	const char *syntax;	/* "top [N] EXPR [by KEYS]" */
	const char *summary;	/* one sentence */
	const char *holds;	/* in memory: "nothing", "all rows" */
	const char *example;	/* a program for the help */
	unsigned flags;		/* enum op_flag */
	size_t state_bytes;
	op_bind_f *bind;	/* NULL: out = in[0] */
	op_unbind_f *unbind;
	op_need_f *need;
	op_open_f *open;
	op_push_f *push;
	op_flush_f *flush;	/* NULL: nothing left */
	op_commit_f *commit;	/* NULL: nothing appears */
	op_share_f *share;	/* OP_JOINT, or NULL */
	op_unshare_f *unshare;
	op_work_f *work;
	op_in_order_f *in_order;	/* NULL: no */
	op_mark_f *mark;	/* NULL: passes on */
	op_pause_f *pause;	/* NULL: passes on */
	op_split_f *split;	/* NULL: passes on */
	op_idle_f *idle;	/* NULL: passes on */
	op_tick_f *tick;	/* NULL: never */
	op_barrier_f *barrier;	/* NULL: holds nothing */
	op_freeze_f *freeze;	/* NULL: no state */
	op_save_f *save;
	op_thaw_f *thaw;
	op_load_f *load;
	op_close_f *close;
	op_explain_f *explain;
	op_explain_f *explain_holds;	/* NULL: `holds`, always */
};

const struct op_def *op_find(const char *name, size_t size);
const struct op_def *const *op_all(size_t *count);

/* --- for operators --- */

/* Give a batch on (ownership passes).  Empty batches are freed, not given. */
enum op_status op_give(struct op_run *, struct batch *take_batch, struct err *);
/* The same to the side output (tee, else). */
enum op_status op_give_side(struct op_run *, struct batch *take_batch,
	struct err *);
/* For operators with a mark slot: event time goes on behind them. */
enum op_status op_give_mark(struct op_run *, int64_t us, struct err *);
/* No input moves event time for now: who comes next need not wait for it. */
enum op_status op_give_idle(struct op_run *, struct err *);
/* For operators with a split slot: pass it on. */
enum op_status op_give_split(struct op_run *, uint64_t split, enum op_split,
	struct err *);
/*
 * Report the rows in `rejects` by the job's policy and take them out of the
 * batch's selection; of a record's copies the first is reported.  When the
 * policy says stop, the rows before the first of them stay and go their way, so
 * that what is written does not depend on the size of batches; the runner stops
 * behind this batch.  0, or -1 when the report cannot be written.
 */
int op_reject(struct op_run *, struct batch *, const struct rejects *,
	struct err *);
/* Charge memory to the operator, or an error that names it and the limit. */
int op_charge(struct op_run *, uint64_t bytes, struct err *);
/* A temporary file of the job whose bytes count as the operator's; NULL with
 * err.  spill_file_free(). */
struct spill_file *op_spill_new(struct op_run *, struct err *);
void op_warn(struct op_run *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Sets of needed fields. */
void need_all(struct need_set *);
void need_add(struct need_set *, const char *name);
void need_add_expr(struct need_set *, const struct expr *);
void need_add_agg(struct need_set *, const struct agg_expr *);
/* The slot of operators that give their input on: what is needed of the output,
 * and the keys `by`. */
op_need_f op_need_by;
int need_has(const struct need_set *, const char *name);
/* Is it read as numbers only (column_numbers), so that these will do? */
int need_is_number(const struct need_set *, const char *name);
/* Add a field that is wanted as `source_name` is of `source`. */
void need_add_like(struct need_set *, const char *name,
	const struct need_set *source, const char *source_name);
int need_is_all(const struct need_set *);
int need_has_record(const struct need_set *);
void need_set_record(struct need_set *, int);
/* Copy `source` into the empty set `target`. */
void need_copy(struct need_set *target, const struct need_set *source);
/* Names in order of addition. */
uint32_t need_count(const struct need_set *);
const char *need_name(const struct need_set *, uint32_t index);

/* --- for plan and exec --- */

struct op *op_new(const struct op_def *);
int op_bind(struct op *, struct err *);
void op_free(struct op **);
struct need_set *need_set_new(void);
void need_set_free(struct need_set **);
void op_need(const struct op *, const struct need_set *out, unsigned port,
	struct need_set *in);
/* What the chain of operators that begins at `op` needs of input `port`. */
void op_need_chain(struct op *op, unsigned port, struct need_set *in);
/*
 * Record bytes: the format a sink writes; a source keeps records when
 * `need_has_record`.  Push into an operator, with its counts; frees the batch
 * if it is done.
 */
enum op_status op_push(struct op_run *, unsigned port, struct batch *take_batch,
	struct err *);
/* Can nothing that comes at input 0 change the output? */
int op_is_done(const struct op_run *);
/*
 * End input `port`; when the last has ended, ends the next and the side.
 * OP_WAIT: an operator, now in job->working, has work to do first: ask
 * op_work() until it says neither OP_AGAIN nor OP_WAIT; that goes on with the
 * end, and may come to another that works.
 */
enum op_status op_end(struct op_run *, unsigned port, struct err *);
enum op_status op_work(struct op_job *, struct err *);
/* Frees what ends have left. */
void op_job_fini(struct op_job *);
enum op_status op_pause(struct op_run *, struct err *);
/* Event time of input `port` is `us` now; or the input is idle. */
enum op_status op_mark(struct op_run *, unsigned port, int64_t us,
	struct err *);
enum op_status op_idle(struct op_run *, unsigned port, struct err *);
enum op_status op_split(struct op_run *, uint64_t split, enum op_split,
	struct err *);
/* Before open: no marks, no tick, all key groups. */
void op_run_init(struct op_run *, const struct op *, struct op_job *);

#endif
