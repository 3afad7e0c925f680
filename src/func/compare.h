#ifndef SFLOW_FUNC_COMPARE_H
#define SFLOW_FUNC_COMPARE_H

#include "data/type.h"

struct func_def;

/*
 * Comparison as the operators of the language have it, for one pair of values;
 * what the kernels of == != < <= > >= do for columns.
 */
enum compare_op {
	COMPARE_EQ,
	COMPARE_NE,
	COMPARE_LT,
	COMPARE_LE,
	COMPARE_GT,
	COMPARE_GE,
};

/* The operator that a function is, or -1. */
int compare_op_of(const struct func_def *);
/* a op b as b op' a. */
enum compare_op compare_op_mirror(enum compare_op);

/*
 * <0, 0 or >0; neither value is null.  Numbers by value, exactly; undeclared
 * text as what it is compared with, and by its bytes with text (two undeclared
 * ones as numbers if both look like numbers); text with a time is read as one;
 * what does not go together is never equal, and ordered by type.
 */
int compare_values(const struct value *, const struct value *);

static inline int
compare_holds(enum compare_op op, int order)
{
	switch (op) {
	case COMPARE_EQ:
		return order == 0;
	case COMPARE_NE:
		return order != 0;
	case COMPARE_LT:
		return order < 0;
	case COMPARE_LE:
		return order <= 0;
	case COMPARE_GT:
		return order > 0;
	default:
		return order >= 0;
	}
}

#endif
