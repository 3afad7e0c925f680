#include <criterion/criterion.h>

#include "random_expr.h"
#include "util/buf.h"

#define GROUPS 5

/* One aggregate with the states of all groups. */
struct run {
	struct agg_expr *agg;
	struct mem_budget budget;
	char *state[GROUPS];
};

static void
run_init(struct run *run, const char *name, const char *field,
	struct expr *take_where)
{
	struct err err = ERR_INIT;
	struct expr *arg[1] = { NULL };

	memset(run, 0, sizeof(*run));
	if (field != NULL)
		arg[0] = expr_field(field, 1, TYPE_ANY);
	run->agg = agg_expr_new(agg_find(name, strlen(name)), arg,
	    field != NULL, take_where, NULL, &err);
	cr_assert(run->agg != NULL, "%s: %s", name, err.message);
	agg_expr_set_budget(run->agg, &run->budget);
	for (int g = 0; g < GROUPS; g++)
		run->state[g] = mem_alloc_zero(8 +
		    agg_expr_def(run->agg)->state_bytes);
}

/* All results as text. */
static void
run_finish(struct run *run, struct buf *out)
{
	struct agg_call *call = agg_expr_call(run->agg);
	struct region *region = region_new();

	out->size = 0;
	for (int g = 0; g < GROUPS; g++) {
		struct builder builder = { 0 };
		struct err err = ERR_INIT;
		struct column column;
		call->region = region;
		if (call->def->final(call, run->state[g] + 8, &builder,
		    &err) != 0) {
			buf_add_string(out, err.message);
			builder_add_null(&builder);
		}
		builder_finish(&builder, region, &column);
		struct value value = column_value(&column, 0, region);
		buf_add_format(out, "%s ", value.type <= TYPE_MISSING ? "null" :
		    "");
		if (value.type > TYPE_MISSING)
			value_add_text(&value, out);
		buf_add_char(out, ';');
		builder_fini(&builder);
		if (call->def->free != NULL)
			call->def->free(call, run->state[g] + 8);
		mem_free(run->state[g]);
	}
	buf_string(out);
	region_drop(&region);
	agg_expr_free(&run->agg);
}

static struct expr *
random_where(uint64_t *seed, struct expr **copy)
{
	*copy = NULL;
	if (random_next(seed, 2) == 0)
		return NULL;
	struct expr *where = random_expr(seed, 2);
	*copy = expr_copy(where);
	return where;
}

/* Many rows at once give what the rows one by one give. */
Test(expr_agg, rows_alone_give_the_same)
{
	static const char *const names[] = { "count", "sum", "min", "max",
		"first", "last", "list", "avg", "count_distinct" };
	struct buf all = { 0 }, alone = { 0 };
	uint64_t seed = 3;

	for (int round = 0; round < 400; round++) {
		struct region *region;
		uint32_t rows = 1 + random_next(&seed, 60);
		struct batch *batch = random_batch(&seed, rows, &region);
		const char *name = RANDOM_PICK(&seed, names);
		const char *field = strcmp(name, "count") == 0 &&
		    random_next(&seed, 2) ? NULL :
		    random_names[random_next(&seed, RANDOM_FIELDS)];
		struct expr *copy, *where = random_where(&seed, &copy);
		uint16_t sel[60];
		uint32_t count = random_sel(&seed, rows, sel);
		int one_state = random_next(&seed, 3) == 0;
		struct run many, single;
		char *group[60], *single_group[60];
		struct eval eval;

		run_init(&many, name, field, where);
		run_init(&single, name, field, copy);
		for (uint32_t i = 0; i < count; i++) {
			uint32_t g = one_state ? 0 :
			    random_next(&seed, GROUPS);
			group[i] = many.state[g];
			single_group[i] = single.state[g];
		}
		eval_init(&eval, batch, region);
		agg_expr_update(many.agg, &eval, sel, count,
		    one_state ? NULL : group, many.state[0], 8, 0);
		for (uint32_t i = 0; i < count; i++) {
			struct batch *row = one_row(batch, sel[i]);
			struct eval row_eval;
			eval_init(&row_eval, row, region);
			agg_expr_update(single.agg, &row_eval, NULL, 1,
			    &single_group[i], NULL, 8, i);
			cr_assert(rejects_has(&row_eval.rejects, 0) ==
			    rejects_has(&eval.rejects, sel[i]));
			batch_free(&row);
		}
		run_finish(&many, &all);
		run_finish(&single, &alone);
		cr_assert_str_eq(all.bytes, alone.bytes,
		    "round %d: %s(%s): %s not %s", round, name, field,
		    all.bytes, alone.bytes);
		batch_free(&batch);
	}
	buf_fini(&all);
	buf_fini(&alone);
}

Test(expr_agg, wrong_arguments)
{
	struct err err = ERR_INIT;
	struct expr *arg[1] = { expr_field("a", 1, TYPE_TEXT) };

	cr_assert(agg_expr_new(agg_find("sum", 3), arg, 1, NULL, NULL,
	    &err) == NULL);
	cr_expect_str_eq(err.message, "sum(x) cannot be computed for text");
}
