#ifndef SFLOW_FUNC_ARITH_PRIV_H
#define SFLOW_FUNC_ARITH_PRIV_H

/* Arithmetic by kinds of operands; never included from outside. */

#include "func/func_priv.h"

enum arith_op {
	ARITH_ADD,
	ARITH_SUB,
	ARITH_MUL,
	ARITH_DIV,
	ARITH_INT_DIV,
	ARITH_MOD,
};

/* One call: two operands of one type each; not both CONST but for one row. */
struct arith_pair {
	struct func_call *call;
	enum arith_op op;
	const struct column *a;
	const struct column *b;
	uint32_t rows;
};

/* Make the result of the pair's rows. */
void arith_result(const struct arith_pair *, enum type, struct column *out);
/* Reject row i: "`what` in A op B"; or "`what`" alone if in is NULL. */
void arith_reject(const struct arith_pair *, uint32_t row, const char *what);
/* The operator as written: "+". */
const char *arith_sign(enum arith_op);
/* The same column as doubles (INT, FLOAT, DECIMAL). */
void arith_floats(const struct column *, uint32_t rows, struct region *,
	struct column *out);

/* Operands with a decimal and no float: + - * // %. */
int arith_decimals(const struct arith_pair *, struct column *out);
/* Operands with a time, date or duration (or text that reads as a time).
 * -1 if they do not go together. */
int arith_times(const struct arith_pair *, struct column *out);
/* The same for types: TYPE_ERROR if they do not. */
enum type arith_times_type(enum arith_op, enum type a, enum type b);

/* Floor division and its remainder, which has the divisor's sign; b is not 0
 * and not a == INT64_MIN, b == -1. */
static inline int64_t
floor_div(int64_t a, int64_t b)
{
	int64_t quotient = a / b;

	return quotient - (a % b != 0 && (a < 0) != (b < 0));
}

static inline int64_t
floor_mod(int64_t a, int64_t b)
{
	int64_t rest = a % b;

	return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

#endif
