#ifndef SFLOW_OP_PROJECT_H
#define SFLOW_OP_PROJECT_H

#include "op/op.h"

/*
 * What select, extend, drop and rename share: a layout says for each output
 * column which input column it is, or which expression makes it.  It is built
 * once per input schema; open sources may show several.
 */
struct project_slot {
	int column;		/* index in the input; -1: see expr */
	struct expr *expr;	/* NULL with column -1: no such field */
};

struct project_layout {
	struct schema *in;	/* held */
	struct schema *out;	/* held */
	struct project_slot *slot;
	uint32_t slot_count;
};

/* Fill out and slot for layout->in from the operator's arguments. */
typedef void project_build_f(const struct op *, struct project_layout *);

/* For a builder: append an output column. */
void project_add(struct project_layout *, const char *name, size_t size,
	enum type, int column, struct expr *expr);
/* Input column `column` as it is. */
void project_add_input(struct project_layout *, uint32_t column);
void project_free(struct project_layout *);

/* The bind, push and close of such an operator; its state is the layout. */
int project_bind(struct op *, project_build_f *, struct err *);
enum op_status project_push(struct op_run *, project_build_f *,
	struct batch *take_batch, struct err *);
void project_close(struct op_run *);

/* An item that may be *, a regex or an expression over an input schema. */
void project_add_item(struct project_layout *, const struct op_item *);
/* Does the name match the item's regex?  Compiled by project_bind. */
int project_item_matches(const struct op_item *, const char *name, size_t size);

#endif
