#ifndef SFLOW_TESTS_FUNC_RUN_H
#define SFLOW_TESTS_FUNC_RUN_H

/*
 * Calls of scalar functions on values, and on text: literals and calls, without
 * fields and operators, are enough to run the examples of the manual and the
 * cases of a table.  Each call is made in several ways (constant and flat
 * columns, with what prepare made and without, with null rows between), which
 * must all give the same.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "data/json.h"
#include "data/moment.h"
#include "data/number.h"
#include "func/func.h"
#include "util/bits.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

#define RUN_ROWS 70
#define RUN_REASON_MAX 256

/* What a call came to: a value, or why there is none. */
struct outcome {
	struct value value;
	int is_reject;
	char reason[RUN_REASON_MAX];
};

struct run {
	struct region *region;
	const char *at;		/* where the text is read */
	const char *text;
	struct outcome failed;	/* the first call that gave no value */
};

static inline struct value
run_null(void)
{
	return (struct value){ .type = TYPE_NULL };
}

/* The value as the argument wants it; what does not go stays. */
static inline struct value
run_want(struct value value, enum func_want want, struct region *region)
{
	int64_t us;

	if (want == FUNC_TEXT && value.type != TYPE_NULL &&
	    !type_is_textual(value.type)) {
		struct buf buf = { 0 };
		value_add_text(&value, &buf);
		value.type = TYPE_TEXT;
		value.cell.text = text_make(
		    region_copy(region, buf.bytes, buf.size), buf.size);
		buf_fini(&buf);
	} else if (want == FUNC_TEXT && value.type == TYPE_RAW) {
		value.type = TYPE_TEXT;
	} else if (want == FUNC_NUMBER && value.type == TYPE_RAW) {
		struct value settled = value_settle(&value);
		if (settled.type != TYPE_TEXT)
			value = settled;
	} else if (want == FUNC_TIME && (value.type == TYPE_TEXT ||
	    value.type == TYPE_RAW) && moment_parse(
	    text_bytes(&value.cell.text), value.cell.text.size, &us) == 0) {
		value.type = TYPE_TIME;
		value.cell.integer = us;
	}
	return value;
}

/* A column of the value: CONST, or FLAT with nulls in the odd rows if asked. */
static inline void
run_column(const struct value *value, int flat, int holes,
	struct region *region, struct column *out)
{
	if (value->type == TYPE_NULL) {
		column_init_null(out);
		return;
	}
	if (!flat) {
		column_init_const(out, value, region);
		return;
	}
	unsigned width = type_width(value->type);
	column_init_flat(out, value->type, RUN_ROWS, region);
	memset(out->data, 0, (size_t)width * RUN_ROWS);
	if (holes)
		column_need_valid(out, RUN_ROWS, region);
	for (uint32_t i = 0; i < RUN_ROWS; i++) {
		if (holes && i % 2 == 1)
			bits_clear(out->valid, i);
		else
			memcpy((char *)out->data + (size_t)i * width,
			    &value->cell, width);
	}
}

/* One way to make the call. */
struct way {
	unsigned flat;		/* a bit for each argument */
	int holes;		/* nulls in the odd rows of flat ones */
	int with_plan;
};

/* Row i of a result. */
static inline void
run_row(const struct column *out, const struct rejects *rejects, uint32_t i,
	struct region *region, struct outcome *row)
{
	memset(row, 0, sizeof(*row));
	if (rejects_has(rejects, i)) {
		row->is_reject = 1;
		snprintf(row->reason, sizeof(row->reason), "%s",
		    rejects->reason[i]);
		return;
	}
	row->value = run_null();
	if (out->type != TYPE_NULL && column_row_is_valid(out, i))
		row->value = column_value(out, i, region);
}

/* Do two rows say the same? */
static inline int
run_same(const struct outcome *a, const struct outcome *b)
{
	struct buf x = { 0 }, y = { 0 };

	if (a->is_reject || b->is_reject)
		return a->is_reject == b->is_reject;
	if (a->value.type != b->value.type)
		return 0;
	value_add_json(&a->value, &x);
	value_add_json(&b->value, &y);
	int same = x.size == y.size &&
	    (x.size == 0 || memcmp(x.bytes, y.bytes, x.size) == 0);
	buf_fini(&x);
	buf_fini(&y);
	return same;
}

static inline void
run_way(const struct func_def *def, const struct value *arg, unsigned count,
	void *plan, const struct way *way, struct region *region,
	struct outcome *outcome)
{
	struct column column[FUNC_ARGS_MAX], out = { 0 };
	struct rejects rejects = { .region = region };
	uint32_t rows = way->flat ? RUN_ROWS : 1;
	int strict = !(def->flags & FUNC_NULLS);
	uint64_t live[(RUN_ROWS + 63) / 64];

	memset(live, way->holes ? 0x55 : 0xff, sizeof(live));
	for (unsigned a = 0; a < count; a++)
		run_column(&arg[a], way->flat >> a & 1, way->holes, region,
		    &column[a]);
	struct func_call call = {
		.def = def,
		.plan = way->with_plan ? plan : NULL,
		.region = region,
		.rejects = &rejects,
		.live = strict ? live : NULL,
	};
	if (def->eval(&call, column, count, rows, &out) != 0) {
		memset(outcome, 0, sizeof(*outcome));
		outcome->is_reject = 1;
		snprintf(outcome->reason, sizeof(outcome->reason), "types");
		return;
	}
	cr_assert_neq(out.encoding, SLICE);
	run_row(&out, &rejects, 0, region, outcome);
	if (def->flags & FUNC_VOLATILE)
		return;
	for (uint32_t i = 1; i < rows; i++) {
		struct outcome row;
		run_row(&out, &rejects, i, region, &row);
		if (way->holes && i % 2 == 1)
			cr_assert(!strict || !row.is_reject, "%s: a null row "
			    "is rejected: %s", def->name, row.reason);
		else
			cr_assert(run_same(outcome, &row), "%s: rows differ",
			    def->name);
	}
}

/* Call the function in all ways. */
static inline struct outcome
run_call(const struct func_def *def, struct value *arg, unsigned count,
	struct region *region)
{
	static const struct way ways[] = {
		{ 0, 0, 1 }, { 0, 0, 0 }, { ~0u, 0, 0 }, { 1, 0, 1 },
		{ ~1u, 0, 0 }, { ~0u, 1, 0 }, { 1, 1, 1 },
	};
	const struct value *constant[FUNC_ARGS_MAX];
	struct outcome first = { .is_reject = 0 }, other;
	unsigned bad_arg = 0;
	void *plan = NULL;
	struct err err = ERR_INIT;

	for (unsigned a = 0; a < count; a++) {
		arg[a] = run_want(arg[a], def->want[a < 4 ? a : 3], region);
		constant[a] = &arg[a];
		if (arg[a].type == TYPE_NULL && !(def->flags & FUNC_NULLS))
			return first;
	}
	if (def->prepare != NULL &&
	    def->prepare(constant, count, &plan, &bad_arg, &err) != 0) {
		cr_assert_lt(bad_arg, count);
		cr_assert_neq(err.kind, ERR_NONE);
		first.is_reject = 1;
		snprintf(first.reason, sizeof(first.reason), "%.200s",
		    err.message);
		return first;
	}
	run_way(def, arg, count, plan, &ways[0], region, &first);
	for (unsigned w = 1; w < sizeof(ways) / sizeof(ways[0]); w++) {
		struct way way = ways[w];
		way.flat &= (1u << count) - 1;
		run_way(def, arg, count, plan, &way, region, &other);
		if (!(def->flags & FUNC_VOLATILE))
			cr_assert(run_same(&first, &other),
			    "%s: way %u differs: %s %s", def->name, w,
			    first.reason, other.reason);
	}
	if (plan != NULL && def->release != NULL)
		def->release(plan);
	return first;
}

/* The reader of expressions. */
static struct value run_expr(struct run *);

static inline void
run_blanks(struct run *run)
{
	while (*run->at == ' ')
		run->at++;
}

/* Is this the next character?  Then it is passed. */
static inline int
run_eat(struct run *run, char c)
{
	run_blanks(run);
	if (*run->at != c)
		return 0;
	run->at++;
	return 1;
}

/* "..." with \" \\ \n \xHH, or r"..." as it stands. */
static inline struct value
run_string(struct run *run, int raw)
{
	struct value value = { .type = TYPE_TEXT };
	char *out = region_alloc(run->region, strlen(run->at) + 1);
	size_t size = 0;

	for (; *run->at != '"'; run->at++) {
		cr_assert_neq(*run->at, '\0', "%s", run->text);
		unsigned code = (unsigned char)*run->at;
		if (!raw && code == '\\') {
			code = (unsigned char)*++run->at;
			if (code == 'n')
				code = '\n';
			if (code == 'x') {
				sscanf(run->at + 1, "%2x", &code);
				run->at += 2;
			}
		}
		out[size++] = (char)code;
	}
	run->at++;
	value.cell.text = text_make(out, size);
	return value;
}

static inline struct value
run_word(struct run *run)
{
	size_t size = strspn(run->at, "+-.0123456789abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ:_");
	const char *word = run->at;
	struct value value = { .type = TYPE_NULL };
	int64_t integer;
	double number;

	run->at += size;
	if (size == 4 && memcmp(word, "null", 4) == 0)
		return value;
	if ((size == 4 && memcmp(word, "true", 4) == 0) ||
	    (size == 5 && memcmp(word, "false", 5) == 0)) {
		value.type = TYPE_BOOL;
		value.cell.boolean = size == 4;
		return value;
	}
	switch (number_parse(word, size, &integer, &number)) {
	case NUMBER_INT:
		value.type = TYPE_INT;
		value.cell.integer = integer;
		return value;
	case NUMBER_FLOAT:
		value.type = TYPE_FLOAT;
		value.cell.number = number;
		return value;
	default:
		value.type = TYPE_DURATION;
		cr_assert_eq(moment_parse_duration(word, size,
		    &value.cell.integer), 0, "%s", run->text);
		return value;
	}
}

static inline struct value
run_time(struct run *run)
{
	size_t size = strspn(run->at, "+-.0123456789:TZ");
	struct value value = { .type = size == 10 ? TYPE_DATE : TYPE_TIME };
	const char *bytes = run->at;

	run->at += size;
	cr_assert_eq(size == 10 ?
	    moment_parse_date(bytes, size, &value.cell.integer) :
	    moment_parse(bytes, size, &value.cell.integer), 0, "%s", run->text);
	return value;
}

/* [a, b] or {x = a, y = b}, behind the bracket. */
static inline struct value
run_nested(struct run *run, char close)
{
	struct buf buf = { 0 };
	struct value value = {
		.type = close == ']' ? TYPE_LIST : TYPE_RECORD,
	};

	buf_add_char(&buf, close == ']' ? '[' : '{');
	while (!run_eat(run, close)) {
		if (buf.size > 1)
			buf_add_char(&buf, ',');
		run_blanks(run);
		if (close == '}') {
			size_t size = strcspn(run->at, " =");
			json_add_string(&buf, run->at, size);
			buf_add_char(&buf, ':');
			run->at += size;
			cr_assert(run_eat(run, '='), "%s", run->text);
		}
		struct value element = run_expr(run);
		json_add_extended(&buf, &element);
		run_eat(run, ',');
	}
	buf_add_char(&buf, close);
	value.cell.text = text_make(
	    region_copy(run->region, buf.bytes, buf.size), buf.size);
	buf_fini(&buf);
	return value;
}

/* The arguments and the call, behind the name. */
static inline struct value
run_function(struct run *run, const char *name, size_t size)
{
	const struct func_def *def = func_find(name, size);
	struct value arg[FUNC_ARGS_MAX];
	unsigned count = 0;

	cr_assert_not_null(def, "no function in %s", run->text);
	while (!run_eat(run, ')')) {
		cr_assert_lt(count, FUNC_ARGS_MAX);
		arg[count++] = run_expr(run);
		run_eat(run, ',');
	}
	cr_assert(count >= def->arg_min && count <= def->arg_max, "%s",
	    run->text);
	struct outcome outcome = run_call(def, arg, count, run->region);
	if (outcome.is_reject && !run->failed.is_reject)
		run->failed = outcome;
	return outcome.is_reject ? run_null() : outcome.value;
}

static struct value
run_expr(struct run *run)
{
	run_blanks(run);
	size_t size = strspn(run->at, "abcdefghijklmnopqrstuvwxyz_0123456789");

	if (run->at[0] == 'r' && run->at[1] == '"') {
		run->at += 2;
		return run_string(run, 1);
	}
	if (size > 0 && run->at[size] == '(') {
		const char *name = run->at;
		run->at += size + 1;
		return run_function(run, name, size);
	}
	if (run_eat(run, '"'))
		return run_string(run, 0);
	if (run_eat(run, '@'))
		return run_time(run);
	if (run_eat(run, '['))
		return run_nested(run, ']');
	if (run_eat(run, '{'))
		return run_nested(run, '}');
	return run_word(run);
}

/*
 * The value of an expression as csv shows it, "null", or "! " and the reason;
 * lies in `buf`.
 */
static inline const char *
run_show(const char *text, struct region *region, struct buf *buf)
{
	struct run run = { .region = region, .at = text, .text = text };
	struct value value = run_expr(&run);

	run_blanks(&run);
	cr_assert_eq(*run.at, '\0', "%s: left over: %s", text, run.at);
	buf->size = 0;
	if (run.failed.is_reject) {
		buf_add_string(buf, "! ");
		buf_add_string(buf, run.failed.reason);
	} else if (value.type == TYPE_NULL) {
		buf_add_string(buf, "null");
	} else {
		value_add_text(&value, buf);
	}
	return buf_string(buf);
}

#endif
