#ifndef SFLOW_EXPR_EXPR_PRIV_H
#define SFLOW_EXPR_EXPR_PRIV_H

/* What the files of this folder share; never included from outside. */

#include "expr/expr.h"

struct schema;

enum expr_kind {
	EXPR_CONST,	/* value */
	EXPR_FIELD,	/* name */
	EXPR_THIS,
	EXPR_PARAM,	/* param */
	EXPR_CALL,	/* def, plan; child: arguments */
	EXPR_AND,
	EXPR_OR,
	EXPR_CASE,	/* child: when, then, ..., [else] */
	EXPR_COALESCE,
	EXPR_TRY,
	EXPR_MEMBER,	/* child[0] . name */
	EXPR_INDEX,	/* child[0] [ child[1] ] */
	EXPR_LIST,
	EXPR_RECORD,	/* key[i]: child[i] */
};

/* What prepare made; copies of a call share it. */
struct call_plan {
	_Atomic uint32_t references;
	void *plan;
	void (*release)(void *take_plan);
};

/* The value of a parameter; copies share it. */
struct param {
	_Atomic uint32_t references;
	int is_set;
	struct value value;
	char *text;		/* the value's bytes, or NULL */
};

struct expr {
	enum expr_kind kind;
	enum type type;
	int is_volatile;
	unsigned child_count;
	struct expr **child;
	struct value value;
	char *text;		/* CONST: the value's bytes, or NULL */
	char *name;		/* FIELD, MEMBER; NUL-terminated */
	size_t name_size;
	struct text *key;	/* RECORD: names as JSON, `"name":` */
	const struct func_def *def;
	struct call_plan *plan;
	struct param *param;
	/* CALL: what the filter knows about "field op constant", or NULL. */
	struct filter_fast *fast;
	/* AND: conditions that may be asked in any order, or NULL. */
	struct filter_order *order;
	/* CALL: computed once for all that have this number; 0: alone. */
	uint32_t shared;
	/* FIELD: where the name was in the schema last seen (held). */
	struct schema *schema;
	int index;
};

/* A copy of a value whose bytes lie in *text (heap; NULL if none needed). */
struct value value_own(const struct value *, char **text);

struct call_plan *call_plan_new(void *take_plan, void (*release)(void *));
struct call_plan *call_plan_hold(struct call_plan *);
void call_plan_drop(struct call_plan **);
static inline void *
call_plan_get(const struct call_plan *plan)
{
	return plan == NULL ? NULL : plan->plan;
}

/*
 * Types and constants of arguments, checked against a definition: count, types,
 * prepare.  0 and *type, *plan; or -1.  Scalar functions and aggregates.
 */
struct call_check {
	const char *signature;
	const char *text_hint;
	unsigned arg_min, arg_max;
	int nulls;		/* the function sees nulls itself */
	func_type_f *type;
	func_prepare_f *prepare;
	void (*release)(void *);
};
int call_check(const struct call_check *, struct expr *const *arg,
	unsigned count, enum type *type, struct call_plan **plan,
	unsigned *bad_arg, struct err *);

/* Replace *expr by its value if that is known and is no reject.  0, or -1 when
 * it is a reject: `err` (may be NULL) says why. */
int expr_fold(struct expr **, struct err *);

/* --- evaluation: every one makes a dense column of `count` rows --- */

void node_eval(struct expr *, struct eval *, const uint16_t *sel,
	uint32_t count, struct column *out);
/* As what an argument wants; never SLICE, never RAW_CSV, RAW_TSV, RAW_JSON. */
void node_eval_as(struct expr *, struct eval *, enum func_want,
	const uint16_t *sel, uint32_t count, struct column *out);
void call_eval(struct expr *, struct eval *, const uint16_t *sel,
	uint32_t count, struct column *out);
void and_or_eval(struct expr *, struct eval *, const uint16_t *sel,
	uint32_t count, struct column *out);
void case_eval(struct expr *, struct eval *, const uint16_t *sel,
	uint32_t count, struct column *out);
void coalesce_eval(struct expr *, struct eval *, const uint16_t *sel,
	uint32_t count, struct column *out);
void try_eval(struct expr *, struct eval *, const uint16_t *sel,
	uint32_t count, struct column *out);
void member_eval(struct expr *, struct eval *, const uint16_t *sel,
	uint32_t count, struct column *out);
void index_eval(struct expr *, struct eval *, const uint16_t *sel,
	uint32_t count, struct column *out);
void list_eval(struct expr *, struct eval *, const uint16_t *sel,
	uint32_t count, struct column *out);
void record_eval(struct expr *, struct eval *, const uint16_t *sel,
	uint32_t count, struct column *out);
void this_eval(struct eval *, const uint16_t *sel, uint32_t count,
	struct column *out);
/* The record of all columns named "name.…"; 0 if there are none. */
int qualifier_eval(struct eval *, const char *name, size_t name_size,
	const uint16_t *sel, uint32_t count, struct column *out);

/* The column of a field in this batch, or NULL. */
const struct column *field_column(struct expr *, const struct batch *);

/* Rows sel[0..count) of a column interpreted as `want`. */
void column_as(const struct column *, enum func_want, const uint16_t *sel,
	uint32_t count, struct region *, struct column *out);
/* 0, 1, ... BATCH_ROWS_MAX - 1. */
const uint16_t *rows_all(void);
/* sel[at[i]] for all i; `at` itself if sel is NULL. */
const uint16_t *rows_compose(const uint16_t *sel, const uint16_t *at,
	uint32_t count, struct region *);

/* true, false and null of each row; what is none of them is rejected. */
enum { CONDITION_FALSE, CONDITION_TRUE, CONDITION_NULL };
void condition_eval(struct expr *, struct eval *, const uint16_t *sel,
	uint32_t count, uint8_t *state);

/* --- columns --- */

/* Type of one row of a dense column: its tag in MIXED, TYPE_NULL for nulls. */
enum type column_row_type(const struct column *, uint32_t row);
/* The rows at[0..count) of a MIXED column, which all have type `type`. */
void column_take_type(const struct column *, enum type type, const uint16_t *at,
	uint32_t count, struct region *, struct column *out);
/* CONST becomes FLAT of `count` rows. */
void column_spread(struct column *, uint32_t count, struct region *);
/* A dense column of values; text is not copied. */
void column_from_values(const struct value *, uint32_t count, struct region *,
	struct column *out);
/* A validity bitmap of `count` bits that may be written. */
void column_own_valid(struct column *, uint32_t count, struct region *);
/* Make those rows null that were rejected (physical rows, by sel). */
void column_reject_rows(struct column *, const struct rejects *,
	const uint16_t *sel, uint32_t count, struct region *);

/*
 * Results of parts of the rows put together again.  A part has its rows in
 * `at`; rows in no part are null.  Zero-initialise but for region and rows.
 */
struct merge_part {
	struct column column;
	const uint16_t *at;
	uint32_t count;
};

struct merge {
	struct region *region;
	uint32_t rows;
	struct merge_part *part;
	unsigned part_count;
	unsigned part_capacity;
};

void merge_add(struct merge *, const struct column *dense, const uint16_t *at,
	uint32_t count);
void merge_finish(struct merge *, struct column *out);

/* The rows of one combination of argument types. */
struct split {
	uint64_t code;		/* types of the arguments, four bits each */
	const uint16_t *at;
	uint32_t count;
};

/*
 * Rows 0..count by the types that their arguments have (MIXED: the row's; null:
 * TYPE_NULL).  `ordered`: runs of equal combinations, in row order.
 */
struct split *split_make(const struct column *arg, unsigned arg_count,
	uint32_t count, int ordered, struct region *, unsigned *split_count);
/* Arguments of one split: one type each. */
void split_take(const struct split *, const struct column *arg,
	unsigned arg_count, struct region *, struct column *out);
static inline enum type
split_type(const struct split *split, unsigned arg)
{
	return (enum type)(split->code >> (4 * arg) & 15);
}

/*
 * Reject the live rows of a call whose types do not go: `who`, `verb`, values:
 * `a - b` ` cannot be computed for ` `5 and "abc"`.  `live` NULL: all rows.
 */
#define CANNOT_COMPUTE " cannot be computed for "
void call_refuse(const char *who, const char *verb, const char *text_hint,
	const struct column *arg, unsigned arg_count, uint32_t count,
	const uint16_t *row, const uint64_t *live, struct rejects *);

/* The filter's: one condition, or (filter_order.c) several in the order that is
 * the best so far. */
uint32_t filter_narrow(struct expr *, struct eval *, const uint16_t *sel,
	uint32_t count, uint16_t *out);
uint32_t filter_ordered(struct filter_order *, struct eval *,
	const uint16_t *sel, uint32_t count, uint16_t *out);
void filter_order_free(struct filter_order **);

/* What is known of "field op constant", or NULL; the filter's. */
struct filter_fast *filter_fast_new(const struct expr *call);
void filter_fast_free(struct filter_fast **);
/* Filter, if the field's type in this batch is one that goes: 1 and *found; or
 * 0. */
int filter_fast(const struct filter_fast *, struct eval *, const uint16_t *sel,
	uint32_t count, uint16_t *out, uint32_t *found);

#endif
