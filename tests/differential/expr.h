#ifndef SFLOW_TESTS_DIFFERENTIAL_EXPR_H
#define SFLOW_TESTS_DIFFERENTIAL_EXPR_H

#include "table.h"

/*
 * Random expressions, written twice: as sflow reads them and as SQL that has
 * the same value, null included.
 */

#define FIELD_COUNT_MAX 96

struct field {
	const char *ref;	/* in a program */
	const char *out;	/* in a header */
	const char *sql;	/* the typed value's column */
	const char *text;	/* the column of its text */
	enum kind kind;
	int raw;		/* text without a type: a number if it looks so */
	int keyable;		/* SQL knows its text to the byte */
	double most;		/* no number is farther from 0 */
};

struct scope {
	struct field field[FIELD_COUNT_MAX];
	unsigned count;
};

/* How tightly an expression holds together, loosest first. */
enum level {
	LEVEL_OR, LEVEL_AND, LEVEL_NOT, LEVEL_COMPARE, LEVEL_ELSE, LEVEL_RANGE,
	LEVEL_SUM, LEVEL_TERM, LEVEL_UNARY, LEVEL_PRIMARY,
};

struct expr {
	char *flow, *sql;
	enum level level;
	enum kind kind;		/* INT, FLOAT, TEXT or BOOL */
	double most;
};

struct expr expr_bool(const struct scope *, unsigned depth);
struct expr expr_number(const struct scope *, unsigned depth);
struct expr expr_text(const struct scope *, unsigned depth);
/* The program's text of an operand that must hold at `level`. */
char *expr_operand(const struct expr *, enum level level);
/* SQL for the text of a value. */
char *sql_text(const char *sql, enum kind kind);

/* A random field of a kind in the set (1 << KIND_..), or NULL. */
const struct field *scope_draw(const struct scope *, unsigned kinds);
/* A random field whose text is known, or NULL. */
const struct field *scope_draw_key(const struct scope *);

#define KINDS_NUMBER (1u << KIND_INT | 1u << KIND_FLOAT)
#define KINDS_TEXT (1u << KIND_WORD | 1u << KIND_TEXT | 1u << KIND_DATE)
#define KINDS_ORDERED (KINDS_NUMBER | KINDS_TEXT | 1u << KIND_BIG | \
	1u << KIND_MIXED | 1u << KIND_BOOL)

#endif
