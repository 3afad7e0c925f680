#include <criterion/criterion.h>

#include "random_expr.h"
#include "util/buf.h"

/* A value with its type, for comparing and for messages. */
static const char *
show(const struct value *value, char *room, size_t size)
{
	struct buf buf = { 0 };

	if (value->type > TYPE_MISSING)
		value_add_text(value, &buf);
	snprintf(room, size, "%s %.*s",
	    value->type == TYPE_MISSING ? "null" : type_name(value->type),
	    (int)buf.size, buf.size == 0 ? "" : buf.bytes);
	buf_fini(&buf);
	return room;
}

static const char *
reject_reason(const struct rejects *rejects, uint32_t row)
{
	return rejects_has(rejects, row) ? rejects->reason[row] : "";
}

/* Whether digits beside a duration are called a wrong number or a wrong time
 * depends on how the column was read: all else is said in the same words. */
static int
same_reason(const char *a, const char *b)
{
	if (strstr(a, "timestamp") != NULL || strstr(b, "timestamp") != NULL)
		return *a != '\0' && *b != '\0';
	return strcmp(a, b) == 0;
}

/*
 * An expression over many rows gives for each what it gives for a batch of that
 * row alone: the same value, or the same reject.
 */
static void
check_rows(uint64_t seed, struct expr *expr, const struct batch *batch,
	const uint16_t *sel, uint32_t count)
{
	struct region *region = region_new();
	struct eval eval, one_eval;
	struct column column, one_column;
	uint16_t taken[BATCH_ROWS_MAX], row_taken;
	char a[300], b[300];

	eval_init(&eval, batch, region);
	expr_eval(expr, &eval, sel, count, &column);
	struct eval filter_eval;
	eval_init(&filter_eval, batch, region);
	uint32_t taken_count = expr_filter(expr, &filter_eval, sel, count,
	    taken);
	uint32_t next = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint16_t row = sel == NULL ? (uint16_t)i : sel[i];
		struct batch *alone = one_row(batch, row);
		eval_init(&one_eval, alone, region);
		expr_eval(expr, &one_eval, NULL, 1, &one_column);
		struct value got = column_value(&column, i, region);
		struct value want = column_value(&one_column, 0, region);
		cr_assert_str_eq(show(&got, a, sizeof(a)),
		    show(&want, b, sizeof(b)), "seed %llu row %u: %s, not %s",
		    (unsigned long long)seed, row, a, b);
		cr_assert(same_reason(reject_reason(&eval.rejects, row),
		    reject_reason(&one_eval.rejects, 0)),
		    "seed %llu row %u: \"%s\" not \"%s\"",
		    (unsigned long long)seed, row,
		    reject_reason(&eval.rejects, row),
		    reject_reason(&one_eval.rejects, 0));
		int rejected = rejects_has(&one_eval.rejects, 0);
		cr_assert(!rejected || got.type <= TYPE_MISSING);
		int is_taken = next < taken_count && taken[next] == row;
		next += (uint32_t)is_taken;
		eval_init(&one_eval, alone, region);
		uint32_t alone_taken = expr_filter(expr, &one_eval, NULL, 1,
		    &row_taken);
		if (!rejected) {
			int is_true = want.type == TYPE_BOOL &&
			    want.cell.boolean;
			if (want.type == TYPE_RAW && want.cell.text.size == 4)
				is_true = memcmp(want.cell.text.inlined, "true",
				    4) == 0;
			cr_assert(is_taken == is_true, "seed %llu row %u: %s",
			    (unsigned long long)seed, row, a);
		}
		cr_assert(alone_taken == (uint32_t)is_taken,
		    "seed %llu row %u: %s rejected %d taken %d alone %u",
		    (unsigned long long)seed, row, a, rejected, is_taken,
		    alone_taken);
		batch_free(&alone);
	}
	cr_assert(next == taken_count);
	region_drop(&region);
}

Test(expr, rows_alone_give_the_same)
{
	uint64_t rounds = getenv("ROUNDS") ? (uint64_t)atoll(getenv("ROUNDS")) :
	    300;

	for (uint64_t round = 1; round <= rounds; round++) {
		uint64_t seed = round;
		struct region *region;
		uint16_t sel[100];
		uint32_t rows = 1 + random_next(&seed, 100);
		struct batch *batch = random_batch(&seed, rows, &region);
		uint32_t count = random_sel(&seed, rows, sel);

		for (int i = 0; i < 4; i++) {
			uint64_t start = seed;
			struct expr *expr = random_expr(&seed, 1 + i);
			struct expr *copy = expr_copy(expr);
			check_rows(start, expr, batch, NULL, rows);
			expr_free(&expr);
			check_rows(start, copy, batch, sel, count);
			expr_free(&copy);
		}
		batch_free(&batch);
	}
}
