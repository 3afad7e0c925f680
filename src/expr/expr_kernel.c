/*
 * Calls at run time: arguments evaluated and interpreted, kernels called once
 * for each combination of types, nulls and rejects masked, results merged.
 *
 *	arguments   node_eval_as(want)          dense, decoded
 *	all CONST   one row, result CONST
 *	one type    kernel over all rows
 *	MIXED       split, kernel each, merge
 *
 * Strict functions (most) never see a null: the rows where an argument is null
 * hold harmless zeros, the kernel runs over them too, and their results and
 * rejects are masked.
 */
#include "expr/expr.h"

#include <assert.h>
#include <string.h>

#include "expr/expr_priv.h"
#include "util/bits.h"
#include "util/buf.h"
#include "util/mem.h"

/* What is quoted of a text in a reason. */
#define QUOTE_BYTES_MAX 40

/*
 * One argument's value as a sentence shows it: 5, "abc", a list.  Undeclared
 * text is shown as what it looks like.  1 if it is a text.
 */
static int
add_value(struct buf *buf, const struct column *column, uint32_t row,
	struct region *region)
{
	struct value raw = column_value(column, row, region);
	struct value value = value_settle(&raw);

	switch (value.type) {
	case TYPE_NULL:
	case TYPE_MISSING:
		buf_add_string(buf, "null");
		break;
	case TYPE_LIST:
		buf_add_string(buf, "a list");
		break;
	case TYPE_RECORD:
		buf_add_string(buf, "a record");
		break;
	case TYPE_TEXT: {
		uint32_t size = value.cell.text.size;
		int cut = size > QUOTE_BYTES_MAX;
		buf_add_char(buf, '"');
		buf_add(buf, text_bytes(&value.cell.text),
		    cut ? QUOTE_BYTES_MAX : size);
		buf_add_string(buf, cut ? "...\"" : "\"");
		break;
	}
	default:
		value_add_text(&value, buf);
	}
	return value.type == TYPE_TEXT;
}

/* The sentence for one row, in the region of rejects. */
static const char *
refusal(const char *who, const char *verb, const char *text_hint,
	const struct column *arg, unsigned arg_count, uint32_t row,
	struct region *region)
{
	struct buf buf = { 0 };
	int any_text = 0;

	buf_add_string(&buf, who);
	buf_add_string(&buf, verb);
	for (unsigned a = 0; a < arg_count; a++) {
		if (a > 0)
			buf_add_string(&buf,
			    a + 1 < arg_count ? ", " : " and ");
		any_text |= add_value(&buf, &arg[a], row, region);
	}
	if (any_text && text_hint != NULL) {
		buf_add_string(&buf, "; ");
		buf_add_string(&buf, text_hint);
	}
	const char *reason = region_copy(region, buf_string(&buf),
	    buf.size + 1);
	buf_fini(&buf);
	return reason;
}

void
call_refuse(const char *who, const char *verb, const char *text_hint,
	const struct column *arg, unsigned arg_count, uint32_t count,
	const uint16_t *row, const uint64_t *live, struct rejects *rejects)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t physical = row == NULL ? i : row[i];
		if (live != NULL && !bits_get(live, i))
			continue;
		if (rejects_has(rejects, physical))
			continue;
		rejects_add(rejects, physical, rejects->quiet ? "" :
		    refusal(who, verb, text_hint, arg, arg_count, i,
		    rejects->region));
	}
}

/*
 * Rows where no argument is null, or NULL if that is all.  *none is set if a
 * whole argument is null.
 */
static const uint64_t *
live_rows(const struct column *arg, unsigned arg_count, uint32_t count,
	struct region *region, int *none)
{
	uint32_t words = (count + 63) / 64;
	const uint64_t *live = NULL;
	uint64_t *own = NULL;

	*none = 0;
	for (unsigned a = 0; a < arg_count; a++) {
		const uint64_t *valid = arg[a].valid;
		if (arg[a].type == TYPE_NULL ||
		    (arg[a].encoding == CONST &&
		    !column_row_is_valid(&arg[a], 0)))
			*none = 1;
		if (arg[a].encoding == CONST || valid == NULL || valid == live)
			continue;
		if (live == NULL) {
			live = valid;
			continue;
		}
		if (own == NULL) {
			own = region_copy(region, live, words * sizeof(*own));
			live = own;
		}
		for (uint32_t w = 0; w < words; w++)
			own[w] &= valid[w];
	}
	return live;
}

/* Make rows of the result null that are not in `live`. */
static void
mask_live(struct column *out, const uint64_t *live, uint32_t count,
	struct region *region)
{
	uint32_t words = (count + 63) / 64;

	if (live == NULL || out->type == TYPE_NULL)
		return;
	column_spread(out, count, region);
	column_own_valid(out, count, region);
	for (uint32_t w = 0; w < words; w++)
		out->valid[w] &= live[w];
}

/* Does the result lie in an argument's memory? */
static int
is_shared(const struct column *out, const struct column *arg,
	unsigned arg_count)
{
	for (unsigned a = 0; a < arg_count; a++) {
		if (out->data == arg[a].data)
			return 1;
	}
	return 0;
}

/*
 * Zero the cells of the rows that the kernel itself made null or rejected: they
 * may hold anything.  (Rows with a null argument hold what the kernel makes of
 * zeros: harmless.)
 */
static void
clear_nulls(struct column *out, const struct column *arg, unsigned arg_count,
	const uint64_t *live, uint32_t count, struct region *region)
{
	unsigned width = type_width(out->type);
	int own = 0;

	if (out->valid == NULL || out->type == TYPE_NULL)
		return;
	assert(out->encoding != CONST);
	for (uint32_t w = 0; w < (count + 63) / 64; w++) {
		uint64_t dead = ~out->valid[w] & (live ? live[w] : UINT64_MAX);
		if (count - w * 64 < 64)
			dead &= ((uint64_t)1 << (count - w * 64)) - 1;
		if (dead != 0 && !own) {
			own = 1;
			if (is_shared(out, arg, arg_count)) {
				out->data = region_copy(region, out->data,
				    (size_t)count * width);
			}
		}
		for (; dead != 0; dead &= dead - 1) {
			uint32_t row = w * 64 + bits_lowest(dead);
			memset((char *)out->data + (size_t)row * width, 0,
			    width);
		}
	}
}

/* One kernel over columns of one type each; `row`: physical rows. */
static void
kernel_call(struct expr *expr, struct eval *eval, const struct column *arg,
	const uint16_t *row, uint32_t count, struct column *out)
{
	const struct func_def *def = expr->def;
	struct func_call call = {
		.def = def,
		.plan = call_plan_get(expr->plan),
		.region = eval->region,
		.rejects = &eval->rejects,
		.row = row,
	};
	uint32_t rejected = eval->rejects.count;

	if (!(def->flags & FUNC_NULLS)) {
		int none;
		call.live = live_rows(arg, expr->child_count, count,
		    eval->region, &none);
		if (none) {
			column_init_null(out);
			return;
		}
	}
	memset(out, 0, sizeof(*out));
	if (def->eval(&call, arg, expr->child_count, count, out) != 0) {
		call_refuse(def->signature, CANNOT_COMPUTE, def->text_hint,
		    arg, expr->child_count, count, row, call.live,
		    &eval->rejects);
		column_init_null(out);
		return;
	}
	assert(out->encoding != SLICE);
	if (eval->rejects.count != rejected)
		column_reject_rows(out, &eval->rejects, row, count,
		    eval->region);
	if (out->valid != NULL && out->encoding != CONST)
		clear_nulls(out, arg, expr->child_count, call.live, count,
		    eval->region);
	mask_live(out, call.live, count, eval->region);
}

/* Arguments are MIXED: a kernel call for each combination of types. */
static void
call_split(struct expr *expr, struct eval *eval, const struct column *arg,
	const uint16_t *sel, uint32_t count, struct column *out)
{
	struct merge merge = { .region = eval->region, .rows = count };
	struct column part_arg[FUNC_ARGS_MAX], part;
	unsigned split_count;
	int strict = !(expr->def->flags & FUNC_NULLS);

	struct split *split = split_make(arg, expr->child_count, count, 0,
	    eval->region, &split_count);
	for (unsigned i = 0; i < split_count; i++) {
		int null = 0;
		for (unsigned a = 0; a < expr->child_count; a++)
			null |= split_type(&split[i], a) == TYPE_NULL;
		if (strict && null)
			continue;
		split_take(&split[i], arg, expr->child_count, eval->region,
		    part_arg);
		kernel_call(expr, eval, part_arg, rows_compose(sel,
		    split[i].at, split[i].count, eval->region),
		    split[i].count, &part);
		merge_add(&merge, &part, split[i].at, split[i].count);
	}
	merge_finish(&merge, out);
}

/* All arguments are constants: one row, whose reject is every row's. */
static void
call_const(struct expr *expr, struct eval *eval, const struct column *arg,
	const uint16_t *sel, uint32_t count, struct column *out)
{
	struct eval one;

	eval_init(&one, eval->batch, eval->region);
	one.rejects.quiet = eval->rejects.quiet;
	kernel_call(expr, &one, arg, NULL, 1, out);
	for (uint32_t i = 0; one.rejects.count > 0 && i < count; i++) {
		rejects_add(&eval->rejects, sel == NULL ? i : sel[i],
		    one.rejects.reason[0]);
	}
	if (out->type == TYPE_MIXED) {
		struct column single;
		column_take_type(out, column_row_type(out, 0), rows_all(), 1,
		    eval->region, &single);
		*out = single;
	}
	if (out->type != TYPE_NULL)
		out->encoding = CONST;
}

/* What undeclared text beside this type is to be read as. */
static enum func_want
peer_want(enum type type, enum func_want want)
{
	if (type_is_number(type))
		return FUNC_NUMBER;
	/* What a duration is added to is a time, and text among numbers. */
	if (type == TYPE_TIME || type == TYPE_DATE ||
	    (type == TYPE_DURATION && want == FUNC_NUMBER))
		return FUNC_TIME;
	return type == TYPE_BOOL && want == FUNC_ANY ? FUNC_BOOL : want;
}

/* Is the argument a field of undeclared text in this batch? */
static int
is_undeclared(struct expr *arg, struct eval *eval)
{
	if (arg->kind != EXPR_FIELD)
		return 0;
	const struct column *column = field_column(arg, eval->batch);
	return column != NULL && type_is_raw(column->type);
}

/* Undeclared fields are read as their peers are. */
static void
peer_args(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, struct column *arg)
{
	enum func_want usual = (enum func_want)expr->def->want[0];
	enum func_want want = usual;
	int known = 0;

	for (unsigned a = 0; a < expr->child_count; a++) {
		if (is_undeclared(expr->child[a], eval))
			continue;
		node_eval_as(expr->child[a], eval, usual, sel, count, &arg[a]);
		if (arg[a].type == TYPE_NULL)
			continue;
		enum func_want other = peer_want(arg[a].type, usual);
		want = known && other != want ? usual : other;
		known = 1;
	}
	for (unsigned a = 0; a < expr->child_count; a++) {
		if (is_undeclared(expr->child[a], eval))
			node_eval_as(expr->child[a], eval, want, sel, count,
			    &arg[a]);
	}
}

static void
call_args(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, struct column *arg)
{
	const struct func_def *def = expr->def;

	if (def->flags & FUNC_PEER) {
		peer_args(expr, eval, sel, count, arg);
		return;
	}
	for (unsigned a = 0; a < expr->child_count; a++) {
		enum func_want want = def->want[a < 4 ? a : 3];
		node_eval_as(expr->child[a], eval, want, sel, count, &arg[a]);
	}
}

void
call_eval(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, struct column *out)
{
	struct column arg[FUNC_ARGS_MAX];
	int mixed = 0, all_const = !(expr->def->flags & FUNC_VOLATILE);

	call_args(expr, eval, sel, count, arg);
	for (unsigned a = 0; a < expr->child_count; a++) {
		assert(arg[a].encoding != SLICE);
		mixed |= arg[a].type == TYPE_MIXED;
		all_const &= arg[a].encoding == CONST ||
		    arg[a].type == TYPE_NULL;
	}
	if (mixed)
		call_split(expr, eval, arg, sel, count, out);
	else if (all_const && count > 1)
		call_const(expr, eval, arg, sel, count, out);
	else
		kernel_call(expr, eval, arg, sel, count, out);
}
