#ifndef SFLOW_OP_TURNS_H
#define SFLOW_OP_TURNS_H

#include <stdint.h>

/*
 * The places of an instance's records among those of all instances, of which
 * only the turns are known while they come (op_job.turn).  An instance numbers
 * its own records 0, 1, ...; when all have come, turns_settle() finds out where
 * each stretch of one turn lies in the order of one instance.
 */
struct turn_stretch {
	uint64_t turn;
	uint64_t own;		/* number of its first record */
	uint64_t all;		/* the same among all, when settled */
};

struct turns {
	struct turn_stretch *stretch;
	uint64_t count, capacity;
	uint64_t rows;		/* own records so far */
};

void turns_fini(struct turns *);
/* `rows` more records have this turn. */
void turns_add(struct turns *, uint64_t turn, uint64_t rows);
/* all[0..count): those of all instances, `own` among them; only that is
 * written. */
void turns_settle(struct turns *own, const struct turns *const *all,
	uint32_t count);
/* The place of own record `number` among all; good when settled. */
uint64_t turns_place(const struct turns *, uint64_t number);

/* How many rows of a result come before a place. */
typedef uint64_t turns_rows_f(const void *cookie, uint64_t place);
/* Where share `number` of `count` begins, all of about as many rows; places are
 * less than `places`. */
uint64_t turns_share(uint32_t number, uint32_t count, uint64_t places,
	turns_rows_f *rows_before, const void *cookie);

#endif
