/*
 * percentile(x, p) and median(x), exact: the value at place p/100 * (n - 1) of
 * the n sorted values, counted from 0; between two places on the line between
 * their values (SQL's percentile_cont).
 *
 * All values are kept, as doubles turned into words that compare as the
 * doubles do (NaN above all), so ints beyond 2^53 are rounded.  Durations and
 * instants come out as such.  The result is found by quickselect, which
 * reorders the array and so is cheaper the next time; if its pivots are bad
 * for too long, the rest is sorted.
 *
 * Words for which there is no room go to disk as they come.  The result is then
 * found by counting: how many words begin with each 16 bits, then, of those
 * that begin like the result, with each next 16.
 */
#include "func/agg_extents.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

#define VALUES_MIN 8
/* Of a quickselect, per bit of the count, before it gives up. */
#define ROUNDS_PER_BIT 3
/* Rows ahead whose states, and the ends of their values, are fetched. */
#define STATES_AHEAD 24
#define ENDS_AHEAD 12

enum sample_kind { SAMPLE_NUMBER = 1, SAMPLE_DURATION = 2, SAMPLE_TIME = 4 };

/* Words that lie in the state at first.  Blocks of many groups are far apart,
 * the states are not: so one look in so many goes far. */
#define HELD_MAX 4

struct sample {
	uint64_t *words;	/* a block, see agg_grow() */
	uint64_t count;		/* in it */
	/* What the block has room for: all, those held too. */
	uint64_t room;
	uint32_t kinds;		/* enum sample_kind */
	uint32_t held_count;
	uint64_t held[HELD_MAX];
	struct agg_extents disk;	/* more words */
};

static enum type
sample_type(const enum type *arg, unsigned count)
{
	(void)count;
	if (arg[0] == TYPE_DURATION || arg[0] == TYPE_TIME)
		return arg[0];
	enum type type = agg_type_number(arg[0]);
	return type_is_number(type) ? TYPE_FLOAT : type;
}

/* The plan is p itself. */
static int
percentile_prepare(const struct value *const *arg, unsigned count,
	void **plan, unsigned *bad_arg, struct err *err)
{
	double *p = mem_alloc(sizeof(*p));

	*plan = p;
	*bad_arg = 1;
	*p = 50;
	if (count < 2)
		return 0;
	const struct value *value = arg[1];
	if (value != NULL && value->type == TYPE_INT)
		*p = (double)value->cell.integer;
	else if (value != NULL && value->type == TYPE_FLOAT)
		*p = value->cell.number;
	else
		*p = -1;
	if (*p >= 0 && *p <= 100)
		return 0;
	mem_free(p);
	*plan = NULL;
	return err_set(err, ERR_PROGRAM,
	    "percentile needs a constant from 0 to 100");
}

static void
percentile_release(void *take_plan)
{
	mem_free(take_plan);
}

static inline uint64_t
word_of(double number)
{
	uint64_t bits;

	memcpy(&bits, &number, sizeof(bits));
	return bits ^ ((uint64_t)((int64_t)bits >> 63) | (uint64_t)1 << 63);
}

static inline double
number_of(uint64_t word)
{
	uint64_t bits = word >> 63 != 0 ? word ^ (uint64_t)1 << 63 : ~word;
	double number;

	memcpy(&number, &bits, sizeof(number));
	return number;
}

static void
sample_take_block(struct sample *state, uint64_t *words)
{
	state->words = words;
	state->room = agg_block_bytes(words) / sizeof(*words);
}

/* Room for one more; -1 if the budget refuses. */
static int
sample_grow(struct agg_call *call, struct sample *state)
{
	size_t count = state->room < VALUES_MIN ? VALUES_MIN :
	    (size_t)state->room * 2;
	uint64_t *words = agg_grow(call, state->words,
	    count * sizeof(*words));

	if (words == NULL)
		return -1;
	sample_take_block(state, words);
	return 0;
}

/* To the block, which has room for them. */
static inline void
sample_put_held(struct sample *state)
{
	/* Nearly always as many as there can be: a size that is known. */
	if (state->held_count == HELD_MAX)
		memcpy(state->words + state->count, state->held,
		    sizeof(state->held));
	else
		memcpy(state->words + state->count, state->held,
		    state->held_count * sizeof(*state->held));
	state->count += state->held_count;
	state->held_count = 0;
}

static inline void
sample_add(struct agg_call *call, struct sample *state, double number,
	uint32_t i, enum sample_kind kind)
{
	if (state->count + state->held_count == state->room &&
	    sample_grow(call, state) != 0) {
		agg_reject(call, i, "percentile: " AGG_NO_MEMORY);
		return;
	}
	state->held[state->held_count++] = word_of(number);
	state->kinds |= kind;
	if (state->held_count < HELD_MAX)
		return;
	sample_put_held(state);
}

/* Many groups' ends of values are far apart: fetch those of rows ahead. */
static inline void
sample_prefetch(char *const *group, size_t offset, uint32_t i, uint32_t count)
{
	if (i + STATES_AHEAD < count)
		__builtin_prefetch(group[i + STATES_AHEAD] + offset);
	if (i + ENDS_AHEAD < count) {
		const struct sample *state = AGG_STATE(sample, group,
		    i + ENDS_AHEAD, offset);
		if (state->held_count + 1 == HELD_MAX)
			__builtin_prefetch(state->words + state->count, 1);
	}
}

/* Row i as a double. */
static double
cell_number(const struct column *arg, uint32_t i)
{
	struct value value = agg_cell(arg, i);
	double power = 1;

	if (value.type == TYPE_FLOAT)
		return value.cell.number;
	if (value.type != TYPE_DECIMAL)
		return (double)value.cell.integer;
	for (int32_t k = 0; k < value.cell.decimal.scale; k++)
		power *= 10;	/* exact up to 10^22 */
	return (double)value.cell.decimal.units / power;
}

static int
sample_update(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, unsigned arg_count, uint32_t count)
{
	enum sample_kind kind = arg->type == TYPE_DURATION ? SAMPLE_DURATION :
	    arg->type == TYPE_TIME ? SAMPLE_TIME : SAMPLE_NUMBER;

	(void)arg_count;
	if (agg_is_nothing(arg))
		return 0;
	if (kind == SAMPLE_NUMBER && !type_is_number(arg->type))
		return -1;
	if (arg->type == TYPE_FLOAT && arg->encoding == FLAT) {
		const double *numbers = arg->data;
		for (uint32_t i = 0; i < count; i++) {
			sample_prefetch(group, offset, i, count);
			sample_add(call, AGG_STATE(sample, group, i, offset),
			    numbers[i], i, kind);
		}
		return 0;
	}
	for (uint32_t i = 0; i < count; i++)
		sample_add(call, AGG_STATE(sample, group, i, offset),
		    cell_number(arg, i), i, kind);
	return 0;
}

static void
sample_append(struct agg_call *call, struct sample *state,
	const uint64_t *words, uint64_t count)
{
	if (count == 0)
		return;
	uint64_t all = state->count + state->held_count + count;
	size_t bytes = (size_t)all * sizeof(*words);
	/* Many small states may come one after the other. */
	if (all > state->room)
		sample_take_block(state, agg_grow_always(call, state->words,
		    bytes + bytes / 2 / sizeof(*words) * sizeof(*words)));
	memcpy(state->words + state->count, words,
	    (size_t)count * sizeof(*words));
	state->count += count;
}

static void
sample_merge(struct agg_call *call, void *target, const void *source)
{
	struct sample *state = target;
	const struct sample *other = source;

	sample_append(call, state, other->words, other->count);
	sample_append(call, state, other->held, other->held_count);
	agg_extents_merge(call, &state->disk, &other->disk);
	state->kinds |= other->kinds;
}

static int
compare_words(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

static uint64_t
middle_of_three(uint64_t a, uint64_t b, uint64_t c)
{
	if (a > b) {
		uint64_t swap = a;
		a = b;
		b = swap;
	}
	return c < a ? a : c > b ? b : c;
}

/*
 * Bring the word that belongs to `place` there, none greater before it, none
 * less behind it.
 */
static void
words_select(uint64_t *words, size_t count, size_t place)
{
	size_t low = 0, high = count;	/* it is in [low, high) */
	unsigned rounds = ROUNDS_PER_BIT * 64 -
	    ROUNDS_PER_BIT * (unsigned)__builtin_clzll(count);

	while (high - low > 1) {
		if (rounds-- == 0) {
			qsort(words + low, high - low, sizeof(*words),
			    compare_words);
			return;
		}
		uint64_t pivot = middle_of_three(words[low],
		    words[low + (high - low) / 2], words[high - 1]);
		size_t left = low, right = high - 1;
		/* The pivot is among them: it stops both. */
		for (;;) {
			while (words[left] < pivot)
				left++;
			while (words[right] > pivot)
				right--;
			if (left >= right)
				break;
			uint64_t swap = words[left];
			words[left++] = words[right];
			words[right--] = swap;
		}
		/*
		 * [low, left) <= pivot <= [left, high), and neither is empty:
		 * something was swapped.  Unless both met on a pivot, which
		 * then lies where it belongs.
		 */
		if (left == right && place == left)
			return;
		if (place < left)
			high = left;
		else
			low = left + (left == right);
	}
}

static uint64_t
least_of(const uint64_t *words, size_t count)
{
	uint64_t least = words[0];

	for (size_t i = 1; i < count; i++)
		least = words[i] < least ? words[i] : least;
	return least;
}

/* The value at p percent; there is one. */
static double
sample_find(const struct sample *state, double p)
{
	size_t count = (size_t)state->count;
	double place = p / 100 * (double)(count - 1);
	size_t below = (size_t)place;
	double part = place - (double)below;

	words_select(state->words, count, below);
	double low = number_of(state->words[below]);
	if (part == 0 || below + 1 == count)
		return low;
	double high = number_of(least_of(state->words + below + 1,
	    count - below - 1));
	/* Equal ones may be infinite. */
	return low == high ? low : low + (high - low) * part;
}

/* --- with words on disk --- */

#define DIGIT_BITS 16
#define DIGITS ((size_t)1 << DIGIT_BITS)
/* Words read at a time. */
#define READ_WORDS 4096

/* Visits words in any order. */
typedef void words_visit_f(void *cookie, const uint64_t *words, size_t count);

static int
sample_visit(struct agg_call *call, const struct sample *state,
	words_visit_f *visit, void *cookie, struct err *err)
{
	uint64_t *words = mem_alloc(READ_WORDS * sizeof(*words));
	long got = 0;

	visit(cookie, state->words, (size_t)state->count);
	for (uint64_t i = 0; i < state->disk.count && got >= 0; i++) {
		const struct agg_extent *extent = &state->disk.extent[i];
		void *reader = extent->disk->open(extent->disk, call->disk,
		    extent->from, extent->to);
		while ((got = extent->disk->read(reader, words,
		    READ_WORDS * sizeof(*words), err)) > 0)
			visit(cookie, words, (size_t)got / sizeof(*words));
		extent->disk->close(reader);
	}
	mem_free(words);
	return got < 0 ? -1 : 0;
}

/* Of words that begin with `prefix`, how many have each next digit. */
struct digits {
	unsigned shift;
	uint64_t prefix;
	uint64_t count[DIGITS];
};

static void
digits_visit(void *cookie, const uint64_t *words, size_t count)
{
	struct digits *digits = cookie;
	unsigned shift = digits->shift;

	for (size_t i = 0; i < count; i++)
		if (shift + DIGIT_BITS == 64 ||
		    words[i] >> (shift + DIGIT_BITS) == digits->prefix)
			digits->count[words[i] >> shift & (DIGITS - 1)]++;
}

struct above {
	uint64_t word, least;	/* the least above the word */
};

static void
above_visit(void *cookie, const uint64_t *words, size_t count)
{
	struct above *above = cookie;

	for (size_t i = 0; i < count; i++)
		if (words[i] > above->word && words[i] < above->least)
			above->least = words[i];
}

/* The word at `place`; *more: it is also the next. */
static int
disk_select(struct agg_call *call, const struct sample *state, uint64_t place,
	uint64_t *word, int *more, struct err *err)
{
	struct digits *digits = mem_alloc_zero(sizeof(*digits));
	int status = 0;

	for (digits->shift = 64; digits->shift > 0 && status == 0;) {
		size_t digit = 0;
		digits->shift -= DIGIT_BITS;
		memset(digits->count, 0, sizeof(digits->count));
		status = sample_visit(call, state, digits_visit, digits, err);
		while (status == 0 && place >= digits->count[digit])
			place -= digits->count[digit++];
		digits->prefix = digits->prefix << DIGIT_BITS | digit;
		*more = place + 1 < digits->count[digit];
	}
	*word = digits->prefix;
	mem_free(digits);
	return status;
}

static int
disk_find(struct agg_call *call, const struct sample *state, uint64_t count,
	double *out, struct err *err)
{
	double place = *(const double *)call->plan / 100 *
	    (double)(count - 1);
	uint64_t below = (uint64_t)place;
	double part = place - (double)below;
	struct above above = { .least = UINT64_MAX };
	int more = 0;

	if (disk_select(call, state, below, &above.word, &more, err) != 0)
		return -1;
	double low = number_of(above.word);
	*out = low;
	if (part == 0 || below + 1 == count || more)
		return 0;
	if (sample_visit(call, state, above_visit, &above, err) != 0)
		return -1;
	*out = low + (number_of(above.least) - low) * part;
	return 0;
}

static long
sample_spill(struct agg_call *call, void *target, struct err *err)
{
	struct sample *state = target;

	if (state->held_count > 0)
		sample_put_held(state);
	size_t bytes = (size_t)state->count * sizeof(*state->words);
	if (bytes < AGG_SPILL_BYTES)
		return 0;
	if (call->disk->write(call->disk, state->words, bytes, err) != 0 ||
	    agg_extents_end(call, &state->disk, state->count, err) != 0)
		return -1;
	agg_release(call, state->words);
	sample_take_block(state, NULL);
	state->count = 0;
	return (long)bytes;
}

static int
sample_final(struct agg_call *call, const void *source, struct builder *out,
	struct err *err)
{
	/* Its values are reordered; what it has of them stays the same. */
	struct sample *state = (struct sample *)(uintptr_t)source;
	double result;

	if (state->held_count > 0)
		sample_put_held(state);
	uint64_t count = state->count + agg_extents_things(&state->disk);
	if (count == 0) {
		builder_add_null(out);
		return 0;
	}
	if ((state->kinds & (state->kinds - 1)) != 0)
		return err_set(err, ERR_DATA, "%s: numbers, durations and "
		    "timestamps do not go together", call->def->name);
	if (state->disk.count == 0)
		result = sample_find(state, *(const double *)call->plan);
	else if (disk_find(call, state, count, &result, err) != 0)
		return -1;
	if (state->kinds == SAMPLE_NUMBER)
		builder_add_float(out, result);
	else
		/* 2^63 itself, from rounding up, is no word. */
		builder_add_int(out, state->kinds == SAMPLE_TIME ? TYPE_TIME :
		    TYPE_DURATION, result >= 0x1p63 ? INT64_MAX :
		    llround(result));
	return 0;
}

static void
sample_save(struct agg_call *call, const void *source, struct buf *buf)
{
	const struct sample *state = source;

	(void)call;
	buf_add_char(buf, (char)state->kinds);
	uint64_t count = state->count + state->held_count;
	agg_save_word(buf, count);
	buf_reserve(buf, (size_t)count * sizeof(*state->words));
	for (uint64_t i = 0; i < state->count; i++)
		agg_save_word(buf, state->words[i]);
	for (uint32_t i = 0; i < state->held_count; i++)
		agg_save_word(buf, state->held[i]);
	agg_extents_save(&state->disk, buf);
}

static int
sample_load(struct agg_call *call, void *target, const char **at,
	const char *end)
{
	struct sample *state = target;
	uint64_t count;

	if (*at == end)
		return -1;
	state->kinds = (unsigned char)*(*at)++ &
	    (SAMPLE_NUMBER | SAMPLE_DURATION | SAMPLE_TIME);
	if (agg_load_count(at, end, sizeof(*state->words), &count) != 0)
		return -1;
	if (count > 0)
		sample_take_block(state, agg_grow_always(call, state->words,
		    (size_t)count * sizeof(*state->words)));
	while (state->count < count)
		agg_load_word(at, end, &state->words[state->count++]);
	return agg_extents_load(call, &state->disk, at, end);
}

static void
sample_free(struct agg_call *call, void *target)
{
	struct sample *state = target;

	agg_release(call, state->words);
	agg_extents_free(call, &state->disk);
	memset(state, 0, sizeof(*state));
}

const struct agg_def agg_median = {
	.name = "median",
	.signature = "median(x)",
	.summary = "the middle value, or halfway between the two in the middle",
	.example = "median(x)",
	.result = "2.5",
	.arg_min = 1,
	.arg_max = 1,
	.want = AGG_WANT(FUNC_NUMBER),
	.state_bytes = sizeof(struct sample),
	.type = sample_type,
	.prepare = percentile_prepare,
	.release = percentile_release,
	.update = sample_update,
	.merge = sample_merge,
	.final = sample_final,
	.save = sample_save,
	.load = sample_load,
	.spill = sample_spill,
	.free = sample_free,
};

const struct agg_def agg_percentile = {
	.name = "percentile",
	.signature = "percentile(x, p)",
	.summary = "the value that p percent of the values do not exceed, "
	    "interpolated",
	.example = "percentile(x, 90)",
	.result = "3.7",
	.arg_min = 2,
	.arg_max = 2,
	.want = AGG_WANT(FUNC_NUMBER),
	.state_bytes = sizeof(struct sample),
	.type = sample_type,
	.prepare = percentile_prepare,
	.release = percentile_release,
	.update = sample_update,
	.merge = sample_merge,
	.final = sample_final,
	.save = sample_save,
	.load = sample_load,
	.spill = sample_spill,
	.free = sample_free,
};
