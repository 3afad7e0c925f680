/*
 * `field op constant` without a condition column in between.
 *
 * Ints.  Whatever the operator, the ints for which it holds are one range (or
 * all but one range), so every one of == != < <= > >= and `in a..b`, with int
 * or float constants, is
 *
 *	(uint64_t)(v - low) <= span, negated or not
 *
 * and one loop serves all.
 *
 * Texts (== and !=), straight from the bytes of the batch.  The constant is
 * compared as it would stand in the input: plain in CSV and TSV, within quotes
 * in JSON, by two words under masks; rows that could hold it in another
 * spelling (quotes, escapes) go the slow way: the row's value, compared as the
 * operators compare.  That reads past the row's end, never past the chunk's
 * padding.
 */
#include "expr/expr.h"

#include <math.h>
#include <string.h>

#include "data/json.h"
#include "expr/expr_priv.h"
#include "func/compare.h"
#include "util/bits.h"
#include "util/buf.h"
#include "util/mem.h"

/* A constant as it stands in the input; its first 16 bytes under masks. */
struct pattern {
	char *bytes;
	uint32_t size;
	uint64_t word[2];
	uint64_t mask[2];
};

struct filter_fast {
	struct expr *field;		/* borrowed from the call */
	/* Two conditions (in a..b) or one; the values are the call's. */
	struct {
		enum compare_op op;
		const struct value *constant;
	} test[2];
	unsigned test_count;
	int is_text;
	/* Numbers. */
	int64_t low;
	uint64_t span;
	uint8_t negate;
	/* Texts. */
	struct pattern plain;
	struct pattern quoted;		/* size 0: it needs escapes */
	int in_tsv;			/* the constant needs no escapes */
};

/* --- plan time --- */

/* The range of ints that a float bounds: the least int >= x, saturated. */
static int64_t
ceil_int(double x)
{
	double up = ceil(x);

	if (up >= 9223372036854775808.0)
		return INT64_MAX;
	return up < -9223372036854775808.0 ? INT64_MIN : (int64_t)up;
}

struct range {
	int64_t low, high;
	int empty;
};

/* Ints v with v op constant, for < <= > >= ==. */
static struct range
range_of(enum compare_op op, const struct value *constant)
{
	struct range range = { INT64_MIN, INT64_MAX, 0 };
	int is_int = constant->type == TYPE_INT;
	double x = is_int ? 0 : constant->cell.number;
	/* Beyond the ints? */
	int above = !is_int && x >= 9223372036854775808.0;
	int below = !is_int && x < -9223372036854775808.0;
	/* The bound: least int that is not less. */
	int64_t at = is_int ? constant->cell.integer : ceil_int(x);
	int exact = is_int || (!above && !below && (double)at == x);

	switch (op) {
	case COMPARE_EQ:
		range.low = range.high = at;
		range.empty = !exact;
		break;
	case COMPARE_LT:
	case COMPARE_LE:
		if (above)
			break;
		range.empty = below;
		range.high = at;
		if (op == COMPARE_LT || !exact) {
			range.empty |= at == INT64_MIN;
			range.high = at == INT64_MIN ? at : at - 1;
		}
		break;
	default:
		range.empty = above;
		range.low = at;
		if (op == COMPARE_GT && exact) {
			range.empty |= at == INT64_MAX;
			range.low = at == INT64_MAX ? at : at + 1;
		}
		break;
	}
	return range;
}

static void
plan_numbers(struct filter_fast *fast)
{
	struct range range = { INT64_MIN, INT64_MAX, 0 };

	for (unsigned i = 0; i < fast->test_count; i++) {
		enum compare_op op = fast->test[i].op;
		fast->negate = op == COMPARE_NE;
		if (op == COMPARE_NE)
			op = COMPARE_EQ;
		struct range other = range_of(op, fast->test[i].constant);
		if (other.low > range.low)
			range.low = other.low;
		if (other.high < range.high)
			range.high = other.high;
		range.empty |= other.empty;
	}
	if (range.empty || range.low > range.high) {
		/* None: all but all. */
		range.low = INT64_MIN;
		range.high = INT64_MAX;
		fast->negate ^= 1;
	}
	fast->low = range.low;
	fast->span = (uint64_t)range.high - (uint64_t)range.low;
}

static void
pattern_init(struct pattern *pattern, const char *bytes, size_t size)
{
	unsigned char *masks = (unsigned char *)pattern->mask;

	pattern->bytes = mem_copy(bytes, size);
	pattern->size = (uint32_t)size;
	size_t head = size < 16 ? size : 16;
	if (head > 0)
		memcpy(pattern->word, bytes, head);
	memset(masks, 0xff, head);
}

static void
plan_texts(struct filter_fast *fast)
{
	const struct text *text = &fast->test[0].constant->cell.text;
	const char *bytes = text_bytes(text);
	struct buf buf = { 0 };

	pattern_init(&fast->plain, bytes, text->size);
	json_add_string(&buf, bytes, text->size);
	if (buf.size == (size_t)text->size + 2 &&
	    memcmp(buf.bytes + 1, bytes, text->size) == 0)
		pattern_init(&fast->quoted, buf.bytes, buf.size);
	buf_fini(&buf);
	fast->in_tsv = 1;
	for (uint32_t i = 0; i < text->size; i++)
		fast->in_tsv &= memchr("\\\t\n\r", bytes[i], 4) == NULL;
}

/* Is the constant one that its kind of loop can be made for? */
static int
is_usable(const struct value *constant, enum compare_op op, int *is_text)
{
	*is_text = constant->type == TYPE_TEXT;
	if (*is_text)
		return op == COMPARE_EQ || op == COMPARE_NE;
	return constant->type == TYPE_INT ||
	    (constant->type == TYPE_FLOAT && !isnan(constant->cell.number));
}

/* The tests of `in a..b`; 0 if it is not that. */
static int
plan_between(struct filter_fast *fast, const struct expr *call)
{
	int is_text;

	if (call->child_count != 3 || strcmp(call->def->name, "between") != 0)
		return 0;
	for (unsigned i = 0; i < 2; i++) {
		fast->test[i].op = i == 0 ? COMPARE_GE : COMPARE_LE;
		fast->test[i].constant = expr_constant(call->child[1 + i]);
		if (fast->test[i].constant == NULL ||
		    !is_usable(fast->test[i].constant, COMPARE_GE, &is_text) ||
		    is_text)
			return 0;
	}
	fast->field = call->child[0];
	fast->test_count = 2;
	return 1;
}

/* The test of a comparison, either way round; 0 if it is none. */
static int
plan_compare(struct filter_fast *fast, const struct expr *call)
{
	int op = compare_op_of(call->def);

	if (op < 0 || call->child_count != 2)
		return 0;
	unsigned constant_side = expr_constant(call->child[0]) == NULL;
	fast->field = call->child[1 - constant_side];
	fast->test[0].constant = expr_constant(call->child[constant_side]);
	fast->test[0].op = constant_side == 1 ? (enum compare_op)op :
	    compare_op_mirror((enum compare_op)op);
	fast->test_count = 1;
	return fast->test[0].constant != NULL &&
	    is_usable(fast->test[0].constant, fast->test[0].op, &fast->is_text);
}

struct filter_fast *
filter_fast_new(const struct expr *call)
{
	struct filter_fast fast = { 0 };

	if (!plan_between(&fast, call) && !plan_compare(&fast, call))
		return NULL;
	if (fast.field->kind != EXPR_FIELD)
		return NULL;
	if (fast.is_text)
		plan_texts(&fast);
	else
		plan_numbers(&fast);
	return mem_copy(&fast, sizeof(fast));
}

void
filter_fast_free(struct filter_fast **address)
{
	struct filter_fast *fast = *address;

	*address = NULL;
	if (fast == NULL)
		return;
	mem_free(fast->plain.bytes);
	mem_free(fast->quoted.bytes);
	mem_free(fast);
}

/* --- run time --- */

/* A row whose bytes are none of the plain ones. */
static __attribute__((noinline)) uint32_t
slow_row(const struct filter_fast *fast, const struct column *column,
	uint32_t row, struct region *region)
{
	struct value value = column_value(column, row, region);

	if (value.type <= TYPE_MISSING)
		return 0;
	for (unsigned i = 0; i < fast->test_count; i++) {
		int order = compare_values(&value, fast->test[i].constant);
		if (!compare_holds(fast->test[i].op, order))
			return 0;
	}
	return 1;
}

static inline __attribute__((always_inline)) uint32_t
ints_loop(const struct filter_fast *fast, const int64_t *value,
	const uint64_t *valid, const uint16_t *sel, uint32_t count,
	uint16_t *out)
{
	const uint64_t low = (uint64_t)fast->low, span = fast->span;
	const uint32_t negate = fast->negate;
	uint32_t n = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint16_t row = sel == NULL ? (uint16_t)i : sel[i];
		uint32_t hit = ((uint64_t)value[i] - low <= span) ^ negate;
		if (valid != NULL)
			hit &= (uint32_t)bits_get(valid, i);
		out[n] = row;
		n += hit;
	}
	return n;
}

/* A loop for each case: with nulls, with a selection. */
static uint32_t
filter_ints(const struct filter_fast *fast, const struct column *dense,
	const uint16_t *sel, uint32_t count, uint16_t *out)
{
	const int64_t *value = dense->data;

	if (dense->valid != NULL)
		return ints_loop(fast, value, dense->valid, sel, count, out);
	if (sel != NULL)
		return ints_loop(fast, value, NULL, sel, count, out);
	return ints_loop(fast, value, NULL, NULL, count, out);
}

/* Are these the constant's bytes? */
static inline uint32_t
pattern_equal(const struct pattern *pattern, const char *bytes, uint32_t size)
{
	uint64_t differs = ((bits_load64(bytes) ^ pattern->word[0]) &
	    pattern->mask[0]) | ((bits_load64(bytes + 8) ^ pattern->word[1]) &
	    pattern->mask[1]);

	if ((differs | (size ^ pattern->size)) != 0)
		return 0;
	return size <= 16 ||
	    memcmp(bytes + 16, pattern->bytes + 16, size - 16) == 0;
}

/*
 * May an escape hide the pattern in these bytes?  Escapes make a text longer,
 * and where the first byte is another without one, it is another text.
 */
static inline int
may_hide(const struct pattern *pattern, uint32_t at, const char *bytes,
	uint32_t size)
{
	if (size <= pattern->size)
		return 0;
	if (at < pattern->size && bytes[at] != '\\' &&
	    bytes[at] != ((const char *)pattern->word)[at])
		return 0;
	return memchr(bytes, '\\', size) != NULL;
}

/* Is the row the constant, or something else, by its bytes alone? */
static inline int
is_plain_text(enum type type, const struct pattern *pattern,
	const char *bytes, uint32_t size)
{
	switch (type) {
	case TYPE_RAW_CSV:
		return size > 0 && bytes[0] != '"';
	case TYPE_RAW_TSV:
		return size > 0 && !may_hide(pattern, 0, bytes, size);
	case TYPE_RAW_JSON:
		return size > 0 && bytes[0] == '"' &&
		    !may_hide(pattern, 1, bytes, size);
	default:
		return 1;
	}
}

static inline __attribute__((always_inline)) uint32_t
texts_loop(const struct filter_fast *fast, const struct column *borrowed,
	enum type type, struct region *region, const uint16_t *sel,
	uint32_t count, uint16_t *out)
{
	const struct column column = *borrowed;
	const struct pattern pattern = type == TYPE_RAW_JSON ? fast->quoted :
	    fast->plain;
	const uint32_t negate = fast->test[0].op == COMPARE_NE;
	uint32_t n = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t row = sel == NULL ? i : sel[i];
		uint32_t size, hit;
		const char *bytes = column_slice(&column, row, &size);
		if (__builtin_expect(is_plain_text(type, &pattern, bytes,
		    size), 1))
			hit = pattern_equal(&pattern, bytes, size) ^ negate;
		else
			hit = slow_row(fast, borrowed, row, region);
		out[n] = (uint16_t)row;
		n += hit;
	}
	return n;
}

static uint32_t
filter_texts(const struct filter_fast *fast, const struct column *column,
	struct region *region, const uint16_t *sel, uint32_t count,
	uint16_t *out)
{
	switch (column->type) {
	case TYPE_RAW_CSV:
		return texts_loop(fast, column, TYPE_RAW_CSV, region, sel,
		    count, out);
	case TYPE_RAW_TSV:
		return texts_loop(fast, column, TYPE_RAW_TSV, region, sel,
		    count, out);
	case TYPE_RAW_JSON:
		return texts_loop(fast, column, TYPE_RAW_JSON, region, sel,
		    count, out);
	default:
		return texts_loop(fast, column, TYPE_RAW, region, sel, count,
		    out);
	}
}

int
filter_fast(const struct filter_fast *fast, struct eval *eval,
	const uint16_t *sel, uint32_t count, uint16_t *out, uint32_t *found)
{
	const struct column *column = field_column(fast->field, eval->batch);
	struct column dense;

	if (column == NULL)
		return 0;
	if (!fast->is_text) {
		node_eval_as(fast->field, eval, FUNC_NUMBER, sel, count,
		    &dense);
		if (dense.type != TYPE_INT || dense.encoding != FLAT)
			return 0;
		*found = filter_ints(fast, &dense, sel, count, out);
		return 1;
	}
	if (column->encoding != SLICE || column->valid != NULL ||
	    column->type < TYPE_RAW || column->type > TYPE_RAW_JSON)
		return 0;
	if ((column->type == TYPE_RAW_JSON && fast->quoted.size == 0) ||
	    (column->type == TYPE_RAW_TSV && !fast->in_tsv))
		return 0;
	*found = filter_texts(fast, column, eval->region, sel, count, out);
	return 1;
}
