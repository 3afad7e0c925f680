/*
 * Conditions asked of whole records' bytes.
 *
 * From the condition a set of literals is made, one of which every record has
 * that satisfies it:
 *
 *	x == "a"	a		x in ["a", "b"]		a or b
 *	contains(x, "a") and the like	x ~ /.*abc/		abc
 *	p or q		all of p and q
 *	p and q		those of the better one
 *
 * A record is left out only if it would have been left out unseen.  So what may
 * refuse records ends the search in an `and`: records that come to it are not
 * to be hidden.  Functions of text refuse lists and records: in JSON such rows
 * are asked.
 *
 * The literal as it stands in the bytes may be another:
 *
 *	CSV	quotes are doubled: only the longest part without quotes counts
 *	TSV	a row with a backslash is asked
 *	JSON	the same; parts end at what structure is made of, and must have
 *		a letter that no number or word has: 1e2 as text is "100"
 *
 * The search goes over all bytes from the first to the last selected row, once
 * for each literal, and marks the rows in which it finds something; behind a
 * hit it goes on with the next row.  Where many rows are marked it was for
 * nothing: then it rests for a while.
 */
#include "expr/prefilter.h"

#include <stdlib.h>
#include <string.h>

#include "data/json.h"
#include "expr/expr_priv.h"
#include "expr/needle.h"
#include "func/compare.h"
#include "func/regex.h"
#include "util/buf.h"
#include "util/mem.h"

#define LITERALS_MAX 6
#define FIELDS_MAX 8
/* Shorter ones are everywhere. */
#define LITERAL_BYTES_MIN 2

/* After so many batches of which a sixth passed, so many without a look. */
#define TRIAL_BATCHES 4
#define REST_BATCHES 124
#define SAMPLE_BYTES 16384

struct literals {
	uint32_t count;
	struct literal {
		const char *bytes;
		uint32_t size;
	} item[LITERALS_MAX];
	/* The fields that are read; is what holds a list or record refused? */
	uint32_t field_count;
	struct literal_field {
		const struct expr *expr;
		int is_text;
	} field[FIELDS_MAX];
	/* Is it dearer to ask than to search?  A text that is compared with all
	 * of the value, or its ends, is not. */
	int is_dear;
	struct region *region;	/* what is not a constant of the expression */
};

struct prefilter {
	enum type type;
	struct literals literals;
	struct needle needle[LITERALS_MAX + 1];	/* and the backslash */
	uint32_t needle_count;
	/* Copies: fields remember where they were in a schema. */
	struct expr *field[FIELDS_MAX];
	int has_looked;
	uint32_t trial_count, rest_count;
	uint32_t trial_rows, trial_passed;
};

/* --- plan time --- */

static int
is_part_end(enum type type, char c)
{
	if (type == TYPE_RAW_CSV)
		return c == '"';
	return type == TYPE_RAW_JSON && ((unsigned char)c < ' ' ||
	    strchr("\"\\,:[]{}", c) != NULL);
}

/* In JSON: does it have a byte that no number and no word has? */
static int
is_sure(enum type type, const char *bytes, uint32_t size)
{
	if (type != TYPE_RAW_JSON)
		return 1;
	for (uint32_t i = 0; i < size; i++)
		if (strchr("0123456789+-.eEiInNfFtTyYaArRuUlLsS \t",
		    bytes[i]) == NULL)
			return 1;
	return 0;
}

/* Its longest part that stands in the record as it is. */
static int
literal_part(enum type type, const char *bytes, uint32_t size,
	struct literal *out)
{
	*out = (struct literal){ bytes, 0 };
	for (uint32_t from = 0; from < size;) {
		uint32_t to = from;
		while (to < size && !is_part_end(type, bytes[to]))
			to++;
		if (to - from > out->size &&
		    is_sure(type, bytes + from, to - from))
			*out = (struct literal){ bytes + from, to - from };
		from = to + 1;
	}
	return out->size >= LITERAL_BYTES_MIN;
}

static int
add_literal(struct literals *set, enum type type, const char *bytes,
	uint32_t size)
{
	return set->count < LITERALS_MAX &&
	    literal_part(type, bytes, size, &set->item[set->count++]);
}

static int
add_field(struct literals *set, const struct expr *expr, int is_text)
{
	if (expr->kind != EXPR_FIELD || set->field_count == FIELDS_MAX)
		return 0;
	set->field[set->field_count++] = (struct literal_field){ expr,
	    is_text };
	return 1;
}

static int
take_text(struct literals *set, enum type type, const struct expr *field,
	const struct expr *constant, int is_text)
{
	const struct value *value = expr_constant(constant);

	return value != NULL && value->type == TYPE_TEXT &&
	    add_field(set, field, is_text) && add_literal(set, type,
	    text_bytes(&value->cell.text), value->cell.text.size);
}

static int
take_list(struct literals *set, enum type type, const struct expr *call)
{
	const struct value *list = expr_constant(call->child[1]);
	struct json_walk walk;
	struct json_member member;

	if (list == NULL || list->type != TYPE_LIST ||
	    !add_field(set, call->child[0], 0))
		return 0;
	json_walk_init(&walk, text_bytes(&list->cell.text),
	    list->cell.text.size);
	while (json_walk_next(&walk, &member)) {
		struct value value = json_value(member.bytes, member.size,
		    set->region);
		if (value.type != TYPE_TEXT)
			return 0;
		/* A short text lies in the value itself. */
		const char *bytes = region_copy(set->region,
		    text_bytes(&value.cell.text), value.cell.text.size);
		if (!add_literal(set, type, bytes, value.cell.text.size))
			return 0;
	}
	return set->count > 0;
}

static int
take_regex(struct literals *set, enum type type, const struct expr *call)
{
	const struct regex *regex = call_plan_get(call->plan);
	size_t size;

	if (regex == NULL || !add_field(set, call->child[0], 1))
		return 0;
	const char *bytes = regex_literal(regex, &size);
	return size < 256 && add_literal(set, type, bytes, (uint32_t)size);
}

static int
take_call(struct literals *set, enum type type, const struct expr *call)
{
	static const char *const ends[] = { "starts_with", "ends_with" };
	const char *name = call->def->name;

	if (compare_op_of(call->def) == COMPARE_EQ)
		return take_text(set, type, call->child[0], call->child[1],
		    0) || take_text(set, type, call->child[1], call->child[0],
		    0);
	if (strcmp(name, "in_list") == 0)
		return take_list(set, type, call);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcmp(name, ends[i]) == 0)
			return take_text(set, type, call->child[0],
			    call->child[1], 1);
	set->is_dear = 1;
	if (strcmp(name, "contains") == 0)
		return take_text(set, type, call->child[0], call->child[1],
		    1);
	return (strcmp(name, "match") == 0 ||
	    strcmp(name, "regex_match") == 0) && take_regex(set, type, call);
}

static int take(struct literals *, enum type, const struct expr *);

static int
take_or(struct literals *set, enum type type, const struct expr *expr)
{
	return take(set, type, expr->child[0]) &&
	    take(set, type, expr->child[1]);
}

/* Fewer and longer ones are better. */
static uint32_t
literals_worth(const struct literals *set)
{
	uint32_t least = UINT32_MAX;

	for (uint32_t i = 0; i < set->count; i++)
		if (set->item[i].size < least)
			least = set->item[i].size;
	return (least < 16 ? least : 16) * 8 / set->count;
}

static int
add_all(struct literals *set, const struct literals *more)
{
	if (set->count + more->count > LITERALS_MAX ||
	    set->field_count + more->field_count > FIELDS_MAX)
		return 0;
	for (uint32_t i = 0; i < more->count; i++)
		set->item[set->count++] = more->item[i];
	for (uint32_t i = 0; i < more->field_count; i++)
		set->field[set->field_count++] = more->field[i];
	return 1;
}

static int
take_and(struct literals *set, enum type type, const struct expr *expr)
{
	struct literals one = { .region = set->region };
	struct literals two = one;
	int has_one = take(&one, type, expr->child[0]);
	int has_two = expr_is_total(expr->child[0], type != TYPE_RAW_JSON) &&
	    take(&two, type, expr->child[1]);

	if (!has_one && !has_two)
		return 0;
	/* The cheap one may stand in front: it is then asked of few. */
	set->is_dear |= one.is_dear || two.is_dear;
	return add_all(set, !has_two || (has_one &&
	    literals_worth(&one) >= literals_worth(&two)) ? &one : &two);
}

/* Gather the literals; 0: there are none to rely on. */
static int
take(struct literals *set, enum type type, const struct expr *expr)
{
	switch (expr->kind) {
	case EXPR_CALL:
		return take_call(set, type, expr);
	case EXPR_OR:
		return take_or(set, type, expr);
	case EXPR_AND:
		return take_and(set, type, expr);
	default:
		return 0;
	}
}

struct prefilter *
prefilter_new(const struct expr *expr, enum type type)
{
	struct literals set = { .region = region_new() };

	if (type < TYPE_RAW || type > TYPE_RAW_JSON ||
	    !take(&set, type, expr) || !set.is_dear) {
		region_drop(&set.region);
		return NULL;
	}
	struct prefilter *pre = mem_alloc_zero(sizeof(*pre));
	pre->type = type;
	pre->literals = set;
	for (uint32_t i = 0; i < set.count; i++)
		needle_init(&pre->needle[pre->needle_count++],
		    set.item[i].bytes, set.item[i].size);
	if (type == TYPE_RAW_JSON || type == TYPE_RAW_TSV)
		needle_init(&pre->needle[pre->needle_count++], "\\", 1);
	for (uint32_t i = 0; i < set.field_count; i++)
		pre->field[i] = expr_copy(set.field[i].expr);
	return pre;
}

void
prefilter_free(struct prefilter **take_pre)
{
	struct prefilter *pre = *take_pre;

	*take_pre = NULL;
	if (pre == NULL)
		return;
	for (uint32_t i = 0; i < pre->literals.field_count; i++)
		expr_free(&pre->field[i]);
	region_drop(&pre->literals.region);
	mem_free(pre);
}

void
prefilter_explain(const struct prefilter *pre, struct buf *out)
{
	for (uint32_t i = 0; i < pre->literals.count; i++)
		buf_add_format(out, "%s\"%.*s\"", i == 0 ? "" : " or ",
		    (int)pre->literals.item[i].size,
		    pre->literals.item[i].bytes);
}

/* --- run time --- */

/* Which bytes of the needles are rare?  Told by the first batch. */
static void
look_around(struct prefilter *pre, const struct batch *batch)
{
	uint32_t size, last_size;
	const char *first = column_slice(&batch->record, batch_row(batch, 0),
	    &size);
	const char *last = column_slice(&batch->record, batch_row(batch,
	    batch->sel_count - 1), &last_size);
	size_t bytes = (size_t)(last + last_size - first);

	pre->has_looked = 1;
	for (uint32_t i = 0; i < pre->needle_count; i++)
		needle_learn(&pre->needle[i], first,
		    bytes < SAMPLE_BYTES ? bytes : SAMPLE_BYTES);
}

/* Do the fields lie in the records' bytes? */
static int
fields_are_raw(const struct prefilter *pre, const struct batch *batch)
{
	for (uint32_t i = 0; i < pre->literals.field_count; i++) {
		const struct column *column = field_column(pre->field[i],
		    batch);
		if (column == NULL || column->type == TYPE_NULL ||
		    (column->encoding == CONST && column->valid == NULL &&
		    column->type == TYPE_MISSING))
			continue;
		if (column->encoding != SLICE || !type_is_raw(column->type) ||
		    column->base != batch->record.base)
			return 0;
	}
	return 1;
}

/* Mark the rows in which the needle lies: `mark` is by logical row. */
static void
mark_needle(const struct needle *needle, const struct batch *batch,
	uint8_t *mark)
{
	const struct column *record = &batch->record;
	uint32_t count = batch->sel_count, size;
	const char *at = column_slice(record, batch_row(batch, 0), &size);
	const char *end = column_slice(record, batch_row(batch, count - 1),
	    &size) + size;

	for (uint32_t i = 0; i < count;) {
		const char *hit = needle_find(needle, at, end);
		if (hit == NULL)
			return;
		/* The first row that ends behind it: by steps that double. */
		uint32_t offset = (uint32_t)(hit - record->base);
		uint32_t low = i, step = 1;
		while (low + step < count && record->to[(size_t)batch_row(
		    batch, low + step) * record->stride] <= offset) {
			low += step;
			step *= 2;
		}
		uint32_t high = low + step < count ? low + step : count - 1;
		while (low < high) {
			uint32_t middle = low + (high - low) / 2;
			if (record->to[(size_t)batch_row(batch, middle) *
			    record->stride] <= offset)
				low = middle + 1;
			else
				high = middle;
		}
		const char *start = column_slice(record,
		    batch_row(batch, low), &size);
		if (hit >= start) {
			mark[low] = 1;
			at = start + size;
			i = low + 1;
		} else {
			/* Between two rows. */
			at = start;
			i = low;
		}
	}
}

/* Mark rows whose value is a list or a record. */
static void
mark_nested(const struct prefilter *pre, const struct batch *batch,
	uint8_t *mark)
{
	for (uint32_t k = 0; k < pre->literals.field_count; k++) {
		const struct column *column = field_column(pre->field[k],
		    batch);
		if (!pre->literals.field[k].is_text || column == NULL ||
		    column->encoding != SLICE)
			continue;
		for (uint32_t i = 0; i < batch->sel_count; i++) {
			char c = column->base[column->from[(size_t)batch_row(
			    batch, i) * column->stride] + column->from_add];
			mark[i] |= c == '[' || c == '{';
		}
	}
}

/* Was it worth it?  If not, let it be for a while. */
static void
learn(struct prefilter *pre, uint32_t rows, uint32_t passed)
{
	pre->trial_rows += rows;
	pre->trial_passed += passed;
	if (++pre->trial_count < TRIAL_BATCHES)
		return;
	if (pre->trial_passed > pre->trial_rows / 6)
		pre->rest_count = REST_BATCHES;
	pre->trial_count = pre->trial_rows = pre->trial_passed = 0;
}

uint32_t
prefilter_rows(struct prefilter *pre, const struct batch *batch, uint16_t *out)
{
	uint8_t mark[BATCH_ROWS_MAX];
	uint32_t count = batch->sel_count, n = 0;

	if (pre->rest_count > 0) {
		pre->rest_count--;
		return UINT32_MAX;
	}
	if (!batch->has_record || batch->record.type != pre->type ||
	    batch->record.encoding != SLICE || count == 0 ||
	    !fields_are_raw(pre, batch))
		return UINT32_MAX;
	if (!pre->has_looked)
		look_around(pre, batch);
	memset(mark, 0, count);
	for (uint32_t i = 0; i < pre->needle_count; i++)
		mark_needle(&pre->needle[i], batch, mark);
	if (pre->type == TYPE_RAW_JSON)
		mark_nested(pre, batch, mark);
	for (uint32_t i = 0; i < count; i++) {
		uint16_t row = (uint16_t)batch_row(batch, i);
		out[n] = row;
		n += mark[i];
	}
	learn(pre, count, n);
	return n;
}
