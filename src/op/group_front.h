#ifndef SFLOW_OP_GROUP_FRONT_H
#define SFLOW_OP_GROUP_FRONT_H

#include <stdint.h>

#include "data/column.h"

/*
 * What stands in front of a table of groups: from the bytes of undeclared text,
 * as they lie in the input, to the row that the table has for them.  Nothing is
 * decoded, hashed or compared in full for a record that is found here.  There
 * is a front to one key, or two, and up to so many groups.  Rows may lie
 * anywhere below 2^48.
 */
struct group_front;
struct mem_budget;

/* What it holds for many groups is charged to the budget. */
struct group_front *group_front_new(uint32_t group_count_max,
	struct mem_budget *);
void group_front_free(struct group_front **);
/* The table may have more groups now, or fewer. */
void group_front_set_max(struct group_front *, uint32_t group_count_max);
/* The table was cleared: its rows are others'.  If there were many, there will
 * be again, and the front is given up. */
void group_front_clear(struct group_front *);

/*
 * Can keys of these columns, as expr_eval() gave them, be looked for?  Those
 * that are there are forgotten if they came from other kinds of columns.
 */
int group_front_serves(struct group_front *, const struct column *column,
	uint32_t column_count);
/*
 * The rows of the first `count` records, where they are known; the numbers of
 * the others go to `miss`.  Returns how many these are.
 */
uint32_t group_front_find(const struct group_front *,
	const struct column *column, uint32_t column_count, uint32_t count,
	char **row, uint16_t *miss);
/* The row of record i, which was missed. */
void group_front_add(struct group_front *, const struct column *column,
	uint32_t column_count, uint32_t i, char *row);

#endif
