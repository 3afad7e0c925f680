#ifndef SFLOW_OP_SHELF_H
#define SFLOW_OP_SHELF_H

#include <stdint.h>

#include "op/op.h"
#include "op/rows.h"

/*
 * Where operators that keep some rows of each group (top by, tail by) put them
 * when memory is short: on disk, in parts by the key's hash.  From then on
 * every row goes there; at the end each part is gone through with the memory
 * that there is, by the operator itself, and what it keeps comes out in the
 * order of the groups.
 *
 *	shelf_new	takes all rows that the operator holds
 *	shelf_add	for every further batch
 *	shelf_give	at the end; gives all
 */
struct shelf;
struct shelf_writer;

/* Of each selected row: its key, the key's hash, where the row is in the input,
 * and where the first row of its group that is known of was. */
struct shelf_rows {
	const struct text *key;
	const uint64_t *hash;
	const uint64_t *place;
	const uint64_t *first;
};

struct shelf_def {
	/* Hold what is to be held of a batch's selected rows.  0; 1: there is
	 * no room for it, and none of them is; -1 with err. */
	int (*take)(struct op_run *, struct batch *, const struct shelf_rows *,
		struct err *);
	/* shelf_put() each row that is held, group after group as they were
	 * made; if is_last, as they are to come out.  0 or -1. */
	int (*put)(struct op_run *, struct shelf_writer *, int is_last,
		struct err *);
	/* Hold no row, and no group. */
	void (*clear)(struct op_run *);
};

/* NULL with err. */
struct shelf *shelf_new(struct op_run *, const struct shelf_def *,
	struct err *);
void shelf_free(struct shelf **);
/* 0 or -1; the caller keeps the batch. */
int shelf_add(struct shelf *, const struct batch *, const struct shelf_rows *,
	struct err *);
enum op_status shelf_give(struct shelf *, struct err *);

/*
 * For `put`: a row of `rows`, which stays what it is until `put` is done, of
 * the group whose row in a group_table is `group`.  `place` is where the row is
 * in the input, or, if is_last, in its group.  0 or -1.
 */
int shelf_put(struct shelf_writer *, const struct rows *rows,
	struct row_ref ref, const char *group, uint64_t first, uint64_t place,
	struct err *);

#endif
