/*
 * Sums.  Ints, decimals and durations add up in 128 bits, which 2^64 of them do
 * not exceed; with decimals of several scales the largest is kept, and units
 * are brought to it.  Floats add up in a pair of doubles (agg_twin.h).  What
 * kinds came is kept in a bit set: it decides the result's type.
 *
 * Without groups, ints are added in halves, 32 bits each, which the compiler
 * turns into vector code, and floats in four pairs beside each other.
 */
#include "func/agg_total.h"

#include "func/agg_twin.h"
#include "util/err.h"

#define SCALE_MAX 18
#define LANES 4

/* 10^0 .. 10^18. */
static int64_t
power_of_ten(int32_t exponent)
{
	int64_t power = 1;

	while (exponent-- > 0)
		power *= 10;
	return power;
}

static void
total_set_units(struct total *total, __int128 units)
{
	total->low = (uint64_t)units;
	/* The upper half, with its sign. */
	total->high = (int64_t)(units >> 64);
}

/* Bring the total to a larger scale. */
static void
total_rescale(struct total *total, int32_t scale)
{
	__int128 units = total_units(total);

	if (__builtin_mul_overflow(units,
	    (__int128)power_of_ten(scale - total->scale), &units))
		total->kinds |= TOTAL_BEYOND;
	total_set_units(total, units);
	total->scale = scale;
}

/* units * 10^-scale, of any scale up to SCALE_MAX. */
static void
total_add_units(struct total *total, __int128 units, int32_t scale)
{
	__int128 sum;

	if (scale > total->scale)
		total_rescale(total, scale);
	if (scale < total->scale && __builtin_mul_overflow(units,
	    (__int128)power_of_ten(total->scale - scale), &units))
		total->kinds |= TOTAL_BEYOND;
	if (__builtin_add_overflow(total_units(total), units, &sum))
		total->kinds |= TOTAL_BEYOND;
	total_set_units(total, sum);
}

/* The usual case of it: one word, and no decimals before. */
static inline void
total_add_word(struct total *total, int64_t word, uint32_t kind)
{
	total->kinds |= kind;
	total->count++;
	if (__builtin_expect(total->scale != 0, 0)) {
		total_add_units(total, word, 0);
		return;
	}
	uint64_t low = total->low + (uint64_t)word;
	/* Sign extension and carry; 2^64 words cannot pass 128 bits. */
	total->high += (word >> 63) + (low < total->low);
	total->low = low;
}

static inline void
total_add_float(struct total *total, double number)
{
	total->kinds |= TOTAL_FLOAT;
	total->count++;
	twin_add(&total->sum, &total->compensation, number);
}

static inline void
total_add_decimal(struct total *total, struct decimal decimal)
{
	total->kinds |= TOTAL_DECIMAL;
	total->count++;
	if (__builtin_expect(total->scale != decimal.scale, 0)) {
		total_add_units(total, decimal.units, decimal.scale);
		return;
	}
	__int128 sum;
	if (__builtin_add_overflow(total_units(total),
	    (__int128)decimal.units, &sum))
		total->kinds |= TOTAL_BEYOND;
	total_set_units(total, sum);
}

int
total_update(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, unsigned arg_count, uint32_t count)
{
	uint32_t mask = column_mask(arg);
	const int64_t *words = arg->data;
	const double *numbers = arg->data;
	const struct decimal *decimals = arg->data;
	uint32_t kind = arg->type == TYPE_INT ? TOTAL_INT : TOTAL_DURATION;

	(void)call;
	(void)arg_count;
	switch (arg->type) {
	case TYPE_INT:
	case TYPE_DURATION:
		for (uint32_t i = 0; i < count; i++)
			total_add_word(AGG_STATE(total, group, i, offset),
			    words[i & mask], kind);
		return 0;
	case TYPE_FLOAT:
		for (uint32_t i = 0; i < count; i++)
			total_add_float(AGG_STATE(total, group, i, offset),
			    numbers[i & mask]);
		return 0;
	case TYPE_DECIMAL:
		for (uint32_t i = 0; i < count; i++)
			total_add_decimal(AGG_STATE(total, group, i, offset),
			    decimals[i & mask]);
		return 0;
	}
	return agg_is_nothing(arg) ? 0 : -1;
}

/* All words of a batch: `count` is far below 2^31. */
static __int128
sum_words(const int64_t *restrict words, uint32_t count)
{
	uint64_t low = 0;
	int64_t high = 0;

	for (uint32_t i = 0; i < count; i++) {
		low += (uint32_t)words[i];
		high += words[i] >> 32;
	}
	return ((__int128)high * ((__int128)1 << 32)) + low;
}

static void
sum_floats(struct total *total, const double *restrict numbers, uint32_t count)
{
	double high[LANES] = { 0 }, low[LANES] = { 0 };
	uint32_t i = 0;

	for (; i + LANES <= count; i += LANES)
		for (int lane = 0; lane < LANES; lane++)
			twin_add(&high[lane], &low[lane], numbers[i + lane]);
	for (; i < count; i++)
		twin_add(&high[0], &low[0], numbers[i]);
	for (int lane = 0; lane < LANES; lane++)
		twin_merge(&total->sum, &total->compensation, high[lane],
		    low[lane]);
}

/* The batch's one value, so many times. */
static int
update_all_const(struct agg_call *call, struct total *total,
	const struct column *arg, uint32_t count)
{
	char *group[1] = { (char *)total };

	for (uint32_t i = 0; i < count; i++)
		if (total_update(call, group, 0, arg, 1, 1) != 0)
			return -1;
	return 0;
}

int
total_update_all(struct agg_call *call, void *state, const struct column *arg,
	unsigned arg_count, uint32_t count)
{
	struct total *total = state;

	(void)arg_count;
	if (count == 0)
		return 0;
	if (arg->encoding == CONST)
		return update_all_const(call, total, arg, count);
	switch (arg->type) {
	case TYPE_INT:
	case TYPE_DURATION:
		total_add_units(total, sum_words(arg->data, count), 0);
		total->kinds |= arg->type == TYPE_INT ? TOTAL_INT :
		    TOTAL_DURATION;
		total->count += count;
		return 0;
	case TYPE_FLOAT:
		sum_floats(total, arg->data, count);
		total->kinds |= TOTAL_FLOAT;
		total->count += count;
		return 0;
	case TYPE_DECIMAL:
		for (uint32_t i = 0; i < count; i++)
			total_add_decimal(total,
			    ((const struct decimal *)arg->data)[i]);
		return 0;
	}
	return agg_is_nothing(arg) ? 0 : -1;
}

void
total_merge(struct agg_call *call, void *target, const void *source)
{
	struct total *total = target;
	const struct total *other = source;

	(void)call;
	total_add_units(total, total_units(other), other->scale);
	twin_merge(&total->sum, &total->compensation, other->sum,
	    other->compensation);
	total->count += other->count;
	total->kinds |= other->kinds;
}

void
total_save(struct agg_call *call, const void *state, struct buf *buf)
{
	const struct total *total = state;

	(void)call;
	agg_save_word(buf, total->low);
	agg_save_word(buf, (uint64_t)total->high);
	agg_save_float(buf, total->sum);
	agg_save_float(buf, total->compensation);
	agg_save_word(buf, total->count);
	agg_save_word(buf, (uint64_t)total->kinds << 32 |
	    (uint32_t)total->scale);
}

int
total_load(struct agg_call *call, void *state, const char **at,
	const char *end)
{
	struct total *total = state;
	uint64_t high, kinds;

	(void)call;
	if (agg_load_word(at, end, &total->low) != 0 ||
	    agg_load_word(at, end, &high) != 0 ||
	    agg_load_float(at, end, &total->sum) != 0 ||
	    agg_load_float(at, end, &total->compensation) != 0 ||
	    agg_load_word(at, end, &total->count) != 0 ||
	    agg_load_word(at, end, &kinds) != 0 ||
	    (uint32_t)kinds > SCALE_MAX)
		return -1;
	total->high = (int64_t)high;
	total->kinds = (uint32_t)(kinds >> 32);
	total->scale = (int32_t)(uint32_t)kinds;
	return 0;
}

/* The exact part is brought in as two doubles, so that no bit of it is lost. */
double
total_float(const struct total *total)
{
	double sum = total->sum, compensation = total->compensation;
	__int128 units = total_units(total);
	double high = (double)units;

	if (total->scale != 0)
		twin_add(&sum, &compensation,
		    high / (double)power_of_ten(total->scale));
	else if (units != 0) {
		twin_add(&sum, &compensation, high);
		/* 2^127 rounded up is no __int128. */
		if (high < 0x1p127)
			twin_add(&sum, &compensation,
			    (double)(units - (__int128)high));
	}
	return twin_value(sum, compensation);
}

int
total_check(const struct total *total, const char *name, struct err *err)
{
	if ((total->kinds & TOTAL_DURATION) != 0 &&
	    (total->kinds & ~(uint32_t)TOTAL_DURATION) != 0)
		return err_set(err, ERR_DATA,
		    "%s: durations and numbers do not go together", name);
	if ((total->kinds & TOTAL_BEYOND) != 0)
		return err_set(err, ERR_DATA,
		    "%s: the decimals are beyond 128 bits", name);
	return 0;
}
