#ifndef SFLOW_EXPR_EXPR_H
#define SFLOW_EXPR_EXPR_H

#include <stddef.h>
#include <stdint.h>

#include "data/batch.h"
#include "func/agg.h"
#include "func/func.h"

struct buf;
struct err;
struct region;

/*
 * Typed expressions.  The checker builds them bottom-up at plan time; from then
 * on they are read-only but for the field cache, so one thread evaluates one
 * tree (a worker gets a copy by expr_copy).  A constructor takes over the
 * expressions it is given; on failure it frees them and returns NULL with
 * `err` (span not set: the caller, who knows the text, adds it).  Calls with
 * only constant arguments are folded.
 *
 * Ownership: heap; expr_free frees the tree.
 */
struct expr;

struct expr *expr_const(const struct value *);		/* copies text */
/* A field by name; `type` is what is known.  Missing at run time: missing. */
struct expr *expr_field(const char *name, size_t size, enum type);
/* The whole record as a RECORD value. */
struct expr *expr_this(void);
/* A constant that is set later, once: a scalar subquery's value. */
struct expr *expr_param(enum type);
void expr_param_set(struct expr *, const struct value *);
/* def(arg...); `bad_arg` (may be NULL) names the argument at fault, UINT_MAX if
 * the fault is that of all together. */
struct expr *expr_call(const struct func_def *, struct expr **take_arg,
	unsigned count, unsigned *bad_arg, struct err *);
struct expr *expr_and(struct expr *take_a, struct expr *take_b);
struct expr *expr_or(struct expr *take_a, struct expr *take_b);
/* when0, then0, when1, then1, ..., [else]; also if(c, a, b). */
struct expr *expr_case(struct expr **take_arm, unsigned count);
struct expr *expr_coalesce(struct expr *take_a, struct expr *take_b);
/* Null where `a` cannot be computed. */
struct expr *expr_try(struct expr *take_a);
/* a.name and a[index]; also on a field whose value is JSON text. */
struct expr *expr_member(struct expr *take_a, const char *name, size_t size);
struct expr *expr_index(struct expr *take_a, struct expr *take_index);
/* [a, b] and {x = a, y = b}; `names` are copied. */
struct expr *expr_list(struct expr **take_item, unsigned count);
struct expr *expr_record(const char *const *names, struct expr **take_item,
	unsigned count);

void expr_free(struct expr **);
struct expr *expr_copy(const struct expr *);

/* What is known before data comes. */
enum type expr_type(const struct expr *);
/* The value if it is a constant, else NULL. */
const struct value *expr_constant(const struct expr *);
/* The name if it is a plain field, else NULL. */
const char *expr_field_name(const struct expr *);
/* Does it use now(), random()? */
int expr_is_volatile(const struct expr *);

/*
 * Is it computed for every record, whatever the fields hold?  `plain`: they
 * hold no lists and no records.
 */
int expr_is_total(const struct expr *, int plain);
/* And is that the same whenever it is computed? */
static inline int
expr_is_pure(const struct expr *expr, int plain)
{
	return !expr_is_volatile(expr) && expr_is_total(expr, plain);
}
/*
 * Let filters ask the conditions that `and` joins in whatever order turns out
 * to be the best, where none of them refuses a record.  0: nothing of the kind.
 * Copies do not have it.
 */
int expr_order_freely(struct expr *, int plain);
/* The conditions that `and` joins, from the left: they are what is left of the
 * expression, which is taken.  mem_free the array. */
struct expr **expr_split_and(struct expr *take_expr, uint32_t *count);
/* Call every field that is read as `name` says of its name (copied). */
typedef const char *expr_name_f(void *cookie, const char *name);
void expr_rename_fields(struct expr *, expr_name_f *name, void *cookie);

/*
 * Expressions that are evaluated with one `struct eval`, over the same rows: a
 * call that stands in them more than once is computed once.  How many such
 * calls there are.
 */
uint32_t expr_share(struct expr *const *expr, uint32_t count);

/*
 * Which fields does it read?  `visit` is called once per occurrence; with a
 * NULL name for `this` (all fields).
 */
typedef void expr_visit_f(void *cookie, const char *name);
void expr_visit_fields(const struct expr *, expr_visit_f *, void *cookie);
/*
 * The same, with what is wanted of the field where it stands, if the expression
 * is an argument that wants `want`: FUNC_ANY where it is asked in any other way
 * than by its reading as that.
 */
typedef void expr_visit_as_f(void *cookie, const char *name, enum func_want);
void expr_visit_as(const struct expr *, enum func_want want, expr_visit_as_f *,
	void *cookie);

/*
 * Evaluation.  `region` takes results and scratch; the result may also be views
 * of the batch's memory.  Rows that cannot be computed get a reason in
 * `rejects` (by physical row) and are null in the result.
 */
#define EVAL_READS_MAX 8
#define EVAL_SHARED_MAX 8

struct eval {
	const struct batch *batch;
	struct region *region;
	struct rejects rejects;		/* rejects.region = region */
	/* Private: undeclared columns interpreted before, see expr_eval.c. */
	struct eval_read {
		uint32_t index;
		uint32_t want;
		uint32_t count;		/* 0: empty */
		const uint16_t *sel;
		struct column column;
	} read[EVAL_READS_MAX];
	uint32_t next_read;
	/* Private: what several parts compute, see expr_share(). */
	struct eval_shared {
		uint32_t count;		/* 0: empty */
		const uint16_t *sel;
		struct column column;
	} shared[EVAL_SHARED_MAX];
};

/* Start evaluating over a batch. */
void eval_init(struct eval *, const struct batch *, struct region *);
/* Dense result for physical rows sel[0..count) (sel NULL: 0..count). */
void expr_eval(struct expr *, struct eval *, const uint16_t *sel,
	uint32_t count, struct column *out);
/* The same, interpreted as an argument that wants this (see func.h). */
void expr_eval_as(struct expr *, struct eval *, enum func_want,
	const uint16_t *sel, uint32_t count, struct column *out);
/*
 * A column for the batch: evaluated for its selected rows and scattered to
 * physical rows.
 */
void expr_eval_column(struct expr *, struct eval *, struct column *out);
/*
 * Narrow: write to `out` (may be sel) those of sel[0..count) where the
 * expression is true; returns how many.  Conjuncts refine in turn.  Text or
 * numbers as condition are rejected rows, nulls are false.  Rejected rows are
 * not among those that are left.
 */
uint32_t expr_filter(struct expr *, struct eval *, const uint16_t *sel,
	uint32_t count, uint16_t *out);

/*
 * Several aggregates over groups.  An agg_expr is a call with its condition:
 * sum(x) where y.
 */
struct agg_expr;
struct agg_expr *agg_expr_new(const struct agg_def *, struct expr **take_arg,
	unsigned count, struct expr *take_where, unsigned *bad_arg,
	struct err *);
struct agg_expr *agg_expr_copy(const struct agg_expr *);
void agg_expr_free(struct agg_expr **);
const struct agg_def *agg_expr_def(const struct agg_expr *);
/* Its arguments, for expr_share(). */
struct expr *const *agg_expr_args(const struct agg_expr *, unsigned *count);
enum type agg_expr_type(const struct agg_expr *);
/* Is it the same in whatever order its records come, to the last digit, and
 * does it refuse none?  `plain`: see expr_is_total(). */
int agg_expr_is_unordered(const struct agg_expr *, int plain);
void agg_expr_visit_as(const struct agg_expr *, expr_visit_as_f *,
	void *cookie);
void agg_expr_set_budget(struct agg_expr *, struct mem_budget *);
/*
 * Add the rows sel[0..count) to the states at group[i] + offset; `group` NULL:
 * all to the one at `state`.  `sequence` numbers the first row.
 */
void agg_expr_update(struct agg_expr *, struct eval *, const uint16_t *sel,
	uint32_t count, char *const *group, char *state, size_t offset,
	uint64_t sequence);
/*
 * The arguments of rows sel[0..count) as dense columns of ints or floats
 * without nulls, if that is all there is to the aggregate: no condition, no
 * bad row, no place in the order of rows.  How many, or -1.  The columns may be
 * added at any later time.
 */
#define AGG_ARGS_MAX 4
int agg_expr_plain(struct agg_expr *, struct eval *, const uint16_t *sel,
	uint32_t count, struct column arg[AGG_ARGS_MAX]);
void agg_expr_add_plain(struct agg_expr *, struct region *,
	const struct column *arg, char *const *group, size_t offset,
	uint32_t count);
/* The call struct for merge, final, save, load and free. */
struct agg_call *agg_expr_call(struct agg_expr *);

#endif
