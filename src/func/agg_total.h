#ifndef SFLOW_FUNC_AGG_TOTAL_H
#define SFLOW_FUNC_AGG_TOTAL_H

#include <stdint.h>

#include "func/agg_priv.h"

/* What was added. */
enum total_kind {
	TOTAL_INT = 1,
	TOTAL_FLOAT = 2,
	TOTAL_DECIMAL = 4,
	TOTAL_DURATION = 8,
	TOTAL_BEYOND = 16,	/* more than 128 bits: the sum is lost */
};

/*
 * A sum, with the count that an average needs.  All zeros is the sum of
 * nothing.  Ints, decimals and durations are exact: units * 10^-scale.
 */
struct total {
	uint64_t low;		/* the units, 128 bits */
	int64_t high;
	double sum;		/* floats: sum + compensation */
	double compensation;
	uint64_t count;
	uint32_t kinds;		/* enum total_kind */
	int32_t scale;
};

static inline __int128
total_units(const struct total *total)
{
	return (__int128)((unsigned __int128)(uint64_t)total->high << 64 |
	    total->low);
}

/* agg_update_f and agg_update_all_f for states that are a struct total. */
agg_update_f total_update;
agg_update_all_f total_update_all;
agg_merge_f total_merge;
agg_save_f total_save;
agg_load_f total_load;

/* The whole as a float. */
double total_float(const struct total *);
/* Do durations and numbers meet in it, or is it lost?  -1 with `err` then. */
int total_check(const struct total *, const char *name, struct err *);

#endif
