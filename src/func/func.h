#ifndef SFLOW_FUNC_FUNC_H
#define SFLOW_FUNC_FUNC_H

#include <stddef.h>
#include <stdint.h>

#include "data/column.h"

struct buf;
struct err;
struct region;

/*
 * Scalar functions.  The operators of the language (+ == ~ in ...) are
 * functions too; only what must not evaluate all its arguments (and, or, case,
 * if, ??, try) is the evaluator's own.
 *
 * A kernel sees dense columns of ONE type each: never RAW_CSV/RAW_TSV/RAW_JSON
 * (decoded before), never MIXED (the evaluator splits such rows by type and
 * calls once per combination), never SLICE.  Arguments may be FLAT or CONST;
 * where all are CONST, count is 1 (but for FUNC_VOLATILE).  Cells of null rows
 * hold zeros, or what kernels make of zeros.
 * RAW (undeclared text) is seen only under FUNC_ANY.  TYPE_NULL columns are
 * seen only by FUNC_NULLS functions.
 */
enum func_want {
	FUNC_ANY,	/* as it is, decoded; RAW stays RAW */
	FUNC_NUMBER,	/* RAW becomes INT or FLOAT where it looks like one;
			 * what does not stays RAW: the kernel refuses it */
	FUNC_TEXT,	/* RAW becomes TEXT (numbers keep their digits); INT,
			 * FLOAT, BOOL, times too are turned into their text */
	FUNC_TIME,	/* RAW, TEXT that reads as a timestamp becomes TIME */
	FUNC_BOOL,	/* RAW "true"/"false" becomes BOOL */
};

#define FUNC_ARGS_MAX 16

enum func_flag {
	FUNC_NULLS = 1,		/* sees nulls; else null in -> null out */
	FUNC_VOLATILE = 2,	/* now(), random(): never folded */
	FUNC_HIDDEN = 4,	/* an operator's implementation: not in help */
	FUNC_PEER = 8,		/* undeclared text is read as what the other
				 * arguments are (a number beside a number, a
				 * time beside a time), else as want[0] */
	FUNC_NESTS = 16,	/* f(f(a, b), c) is f(a, b, c): then more
				 * than FUNC_ARGS_MAX arguments may be given */
	FUNC_TOTAL = 32,	/* no row is ever rejected, whatever it holds */
	FUNC_TOTAL_PLAIN = 64,	/* ... that holds no list or record */
	FUNC_EXACT = 128,	/* a constant with a point is a decimal beside
				 * decimals, so that 0.05 means what it says */
};

/*
 * One call as the kernel sees it.  `plan` is what prepare made, shared and
 * read-only.  Row i of the call is row `row[i]` of the batch (row NULL: i), for
 * func_reject only.
 */
struct rejects;
struct func_call {
	const struct func_def *def;
	void *plan;
	struct region *region;	/* results go here */
	struct rejects *rejects;
	const uint16_t *row;
	/* The evaluator's: where bit i is clear an argument is null, and
	 * func_reject of row i does nothing.  NULL: no such rows. */
	const uint64_t *live;
};

/*
 * Types (static, TYPE_ANY where unknown) in, type out; TYPE_ERROR if no value
 * of these types can ever do: the checker then says so with the signature.
 */
typedef enum type func_type_f(const enum type *arg, unsigned count);
/*
 * Look at constant arguments once, at plan time (compile the regex, open the
 * zone).  arg[i] is NULL where argument i is no constant.  0 or -1 with `err`
 * (kind ERR_PROGRAM; *bad_arg names the argument that the caret goes under).
 */
typedef int func_prepare_f(const struct value *const *arg, unsigned count,
	void **plan, unsigned *bad_arg, struct err *err);
/*
 * Compute `count` rows into *out (dense, any type, FLAT or CONST; text may be
 * views of the arguments' text).  Without FUNC_NULLS, rows where an argument is
 * null hold harmless garbage (zeros, empty text): the evaluator masks results
 * and rejects of such rows and joins the validity; the kernel may make further
 * rows null by out->valid.  Returns 0, or -1 if the types do not go: the
 * evaluator then rejects all these rows with the signature.
 */
typedef int func_eval_f(struct func_call *, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out);

struct func_def {
	const char *name;
	const char *group;	/* "text", "math", ...: heading in the help */
	const char *signature;	/* "round(x [, digits])" */
	const char *summary;	/* one sentence, lower case, no full stop */
	const char *example;	/* an expression ... */
	const char *result;	/* ... and its value as csv shows it; tests run
				 * it.  NULL for what is not repeatable */
	uint8_t arg_min;
	uint8_t arg_max;	/* FUNC_ARGS_MAX: any number */
	uint8_t flags;
	uint8_t want[4];	/* enum func_want; the last for all further */
	func_type_f *type;
	func_prepare_f *prepare;	/* or NULL */
	void (*release)(void *take_plan);	/* or NULL */
	func_eval_f *eval;
	const char *text_hint;	/* what to do instead, said when it refuses a
				 * text; or NULL */
};

/* By name, or NULL. */
const struct func_def *func_find(const char *name, size_t size);
/* All, in the table's order; for help, completion and nearest names. */
const struct func_def *const *func_all(size_t *count);

/*
 * Rows that a computation could not do: per physical row of the batch the
 * first reason.  Zero-initialise; memory is the region's.
 */
struct rejects {
	struct region *region;
	uint32_t count;			/* rows with a reason */
	uint64_t *bits;			/* BATCH_ROWS_MAX bits, or NULL */
	const char **reason;		/* per physical row */
	int quiet;			/* reasons are not asked for: "" */
};

/* Row i of this call cannot be computed.  Formats like printf. */
void func_reject(struct func_call *, uint32_t i, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void rejects_add(struct rejects *, uint32_t row, const char *reason);
static inline int
rejects_has(const struct rejects *rejects, uint32_t row)
{
	return rejects->bits != NULL &&
	    (rejects->bits[row >> 6] >> (row & 63) & 1);
}

/* Helpers for kernels: element of a FLAT or CONST column by masked index. */
static inline uint32_t
column_mask(const struct column *column)
{
	return column->encoding == CONST ? 0 : UINT32_MAX;
}

#endif
