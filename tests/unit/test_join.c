#include "op/join.h"

#include "op_harness.h"
#include "random_column.h"

static struct op *
join_op(enum op_join kind, const char *as, const char *left, const char *right,
	const char *left_key, const char *right_key)
{
	struct op *op = op_new(op_find("join", 4));

	op->input_count = 2;
	op->in[0] = harness_schema(left);
	op->in[1] = harness_schema(right);
	op->args.join = kind;
	op->args.as = as;
	op->args.on_left = mem_alloc_zero(sizeof(struct expr *));
	op->args.on_right = mem_alloc_zero(sizeof(struct expr *));
	if (left_key != NULL) {
		op->args.on_count = 1;
		op->args.on_left[0] = harness_field(left_key);
		op->args.on_right[0] = harness_field(right_key);
	}
	return op;
}

static void
join_give(struct harness *harness, unsigned port, const char *rows)
{
	if (*rows != '\0')
		harness_give(harness, port,
		    harness_batch(harness->op->in[port], rows));
}

/* One batch a side, the kept one first. */
static void
expect_join(enum op_join kind, const char *as, const char *left_rows,
	const char *right_rows, const char *wanted)
{
	struct harness harness = { 0 };

	harness_open(&harness, join_op(kind, as, "k x", as == NULL ? "k y" :
	    "id y", "k", as == NULL ? "k" : "id"));
	join_give(&harness, 1, right_rows);
	harness_end(&harness, 1);
	join_give(&harness, 0, left_rows);
	harness_end(&harness, 0);
	harness_expect(&harness, wanted);
	harness_close(&harness);
}

#define LEFT "1,a;2,b;-,c;1,d;9,e"
#define RIGHT "1,p;3,q;1,r;-,s;2,t"

Test(join, kinds)
{
	expect_join(OP_JOIN_INNER, "u", LEFT, RIGHT,
	    "1,a,1,p\n1,a,1,r\n2,b,2,t\n1,d,1,p\n1,d,1,r\n");
	expect_join(OP_JOIN_LEFT, "u", LEFT, RIGHT,
	    "1,a,1,p\n1,a,1,r\n2,b,2,t\n-,c,-,-\n1,d,1,p\n1,d,1,r\n"
	    "9,e,-,-\n");
	expect_join(OP_JOIN_RIGHT, "u", LEFT, RIGHT,
	    "1,a,1,p\n1,a,1,r\n2,b,2,t\n1,d,1,p\n1,d,1,r\n"
	    "-,-,3,q\n-,-,-,s\n");
	expect_join(OP_JOIN_FULL, "u", LEFT, RIGHT,
	    "1,a,1,p\n1,a,1,r\n2,b,2,t\n-,c,-,-\n1,d,1,p\n1,d,1,r\n"
	    "9,e,-,-\n-,-,3,q\n-,-,-,s\n");
	expect_join(OP_JOIN_SEMI, "u", LEFT, RIGHT, "1,a\n2,b\n1,d\n");
	expect_join(OP_JOIN_ANTI, "u", LEFT, RIGHT, "-,c\n9,e\n");
}

Test(join, without_a_name_the_key_is_one_field)
{
	expect_join(OP_JOIN_INNER, NULL, LEFT, "2,t;3,q", "2,b,t\n");
	expect_join(OP_JOIN_FULL, NULL, "1,a;2,b", "2,t;3,q",
	    "1,a,-\n2,b,t\n3,-,q\n");
}

Test(join, an_empty_side)
{
	expect_join(OP_JOIN_INNER, "u", LEFT, "", "");
	expect_join(OP_JOIN_LEFT, "u", "1,a;2,b", "", "1,a,-,-\n2,b,-,-\n");
	expect_join(OP_JOIN_RIGHT, "u", "", RIGHT,
	    "-,-,1,p\n-,-,3,q\n-,-,1,r\n-,-,-,s\n-,-,2,t\n");
	expect_join(OP_JOIN_FULL, "u", "", "", "");
	expect_join(OP_JOIN_SEMI, "u", LEFT, "", "");
	expect_join(OP_JOIN_ANTI, "u", "1,a;2,b", "", "1,a\n2,b\n");
}

Test(join, nothing_to_find_ends_the_input)
{
	struct harness harness = { 0 };

	harness_open(&harness, join_op(OP_JOIN_INNER, "u", "k", "k", "k",
	    "k"));
	harness_end(&harness, 1);
	cr_assert(harness_give(&harness, 0, harness_batch(harness.op->in[0],
	    "1;2")) == OP_DONE);
	harness_end(&harness, 0);
	harness_expect(&harness, "");
	harness_close(&harness);
}

Test(join, a_shared_stream_comes_to_both_sides)
{
	struct harness harness = { 0 };

	harness_open(&harness, join_op(OP_JOIN_LEFT, "u", "k x", "k y", "k",
	    "k"));
	join_give(&harness, 0, "1,a;2,b");
	join_give(&harness, 1, "1,a;2,b");
	join_give(&harness, 0, "3,c;1,d");
	join_give(&harness, 1, "3,c;1,d");
	harness_end(&harness, 0);
	harness_expect(&harness, "");
	harness_end(&harness, 1);
	harness_expect(&harness, "1,a,1,a\n1,a,1,d\n2,b,2,b\n3,c,3,c\n"
	    "1,d,1,a\n1,d,1,d\n");
	harness_close(&harness);
}

Test(join, the_cross_product)
{
	struct harness harness = { 0 };

	harness_open(&harness, join_op(OP_JOIN_INNER, "u", "a", "b", NULL,
	    NULL));
	join_give(&harness, 1, "1;2");
	join_give(&harness, 1, "-");
	harness_end(&harness, 1);
	join_give(&harness, 0, "x;y");
	harness_end(&harness, 0);
	harness_expect(&harness, "x,1\nx,2\nx,-\ny,1\ny,2\ny,-\n");
	harness_close(&harness);
}

/* Only what is asked for is kept and given; `u` asks for all of it. */
Test(join, needs)
{
	struct op *op = join_op(OP_JOIN_INNER, "u", "k x z", "id name c", "k",
	    "id");
	struct need_set *out = need_set_new(), *left = need_set_new();
	struct need_set *right = need_set_new();
	struct harness harness = { .names = 1 };

	harness_open(&harness, op);
	op->def->close(&harness.run);
	memset(harness.run.state, 0, op->def->state_bytes);
	need_add(out, "x");
	need_add(out, "u.name");
	op_need(op, out, 0, left);
	op_need(op, out, 1, right);
	cr_assert(need_count(left) == 2 && need_has(left, "x") &&
	    need_has(left, "k"));
	cr_assert(need_count(right) == 2 && need_has(right, "name") &&
	    need_has(right, "id"));
	struct err err = ERR_INIT;
	cr_assert(op->def->open(&harness.run, &err) == 0);
	join_give(&harness, 1, "1,ann,7");
	harness_end(&harness, 1);
	join_give(&harness, 0, "1,a,b");
	harness_end(&harness, 0);
	harness_expect(&harness, "k=1,x=a,z=b,u.name=ann\n");
	need_add(out, "u");
	op_need(op, out, 1, right);
	cr_assert(need_is_all(right));
	need_set_free(&out);
	need_set_free(&left);
	need_set_free(&right);
	harness_close(&harness);
}

/* A field that is read as a number only is kept as one. */
Test(join, needs_of_numbers)
{
	struct op *op = join_op(OP_JOIN_INNER, "u", "k", "id v", "k", "id");
	struct need_set *out = need_set_new(), *right = need_set_new();
	struct expr *arg = harness_field("u.v");
	struct err err = ERR_INIT;
	unsigned bad_arg;
	struct agg_expr *sum = agg_expr_new(agg_find("sum", 3), &arg, 1, NULL,
	    &bad_arg, &err);

	cr_assert(sum != NULL && op_bind(op, &err) == 0);
	need_add_agg(out, sum);
	cr_assert(need_is_number(out, "u.v"));
	op_need(op, out, 1, right);
	cr_assert(need_is_number(right, "v") && !need_is_number(right, "id"));
	need_add(right, "v");
	cr_assert(!need_is_number(right, "v"));
	agg_expr_free(&sum);
	need_set_free(&out);
	need_set_free(&right);
	op_free(&op);
}

/* --- all kinds against a loop in a loop --- */

struct pair_row {
	int key;	/* -1: null */
	int number;
};

#define SIDE_MAX 60

struct case_rows {
	struct pair_row left[SIDE_MAX], right[SIDE_MAX];
	uint32_t left_count, right_count;
	int kind, has_residual;
};

static int
rows_match(const struct case_rows *it, const struct pair_row *a,
	const struct pair_row *b)
{
	return a->key >= 0 && a->key == b->key &&
	    (!it->has_residual || a->number > b->number);
}

static void
naive_line(const struct pair_row *a, const struct pair_row *b, int half,
	struct buf *out)
{
	const struct pair_row *side[2] = { a, b };

	for (unsigned s = 0; s < (half ? 1 : 2); s++) {
		const struct pair_row *row = side[s];
		if (s > 0)
			buf_add_char(out, ',');
		if (row == NULL)
			buf_add_string(out, "-,-");
		else if (row->key < 0)
			buf_add_format(out, "-,%d", row->number);
		else
			buf_add_format(out, "%d,%d", row->key, row->number);
	}
	buf_add_char(out, '\n');
}

static void
naive_join(const struct case_rows *it, struct buf *out)
{
	int half = it->kind == OP_JOIN_SEMI || it->kind == OP_JOIN_ANTI;
	int found[SIDE_MAX] = { 0 };

	for (uint32_t i = 0; i < it->left_count; i++) {
		int matches = 0;
		for (uint32_t k = 0; k < it->right_count; k++) {
			if (!rows_match(it, &it->left[i], &it->right[k]))
				continue;
			matches++;
			found[k] = 1;
			if (!half)
				naive_line(&it->left[i], &it->right[k], 0,
				    out);
		}
		if (matches == 0 && (it->kind == OP_JOIN_LEFT ||
		    it->kind == OP_JOIN_FULL))
			naive_line(&it->left[i], NULL, 0, out);
		if (half && (matches > 0) == (it->kind == OP_JOIN_SEMI))
			naive_line(&it->left[i], NULL, 1, out);
	}
	for (uint32_t k = 0; k < it->right_count; k++)
		if (!found[k] && (it->kind == OP_JOIN_RIGHT ||
		    it->kind == OP_JOIN_FULL))
			naive_line(NULL, &it->right[k], 0, out);
}

static void
give_rows(struct harness *harness, unsigned port, const struct pair_row *row,
	uint32_t count, uint64_t *seed)
{
	struct buf rows = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		if (rows.size > 0)
			buf_add_char(&rows, ';');
		if (row[i].key < 0)
			buf_add_format(&rows, "-,%d", row[i].number);
		else
			buf_add_format(&rows, "%d,%d", row[i].key,
			    row[i].number);
		if (random_next(seed, 10) == 0 || i + 1 == count) {
			join_give(harness, port, buf_string(&rows));
			rows.size = 0;
		}
	}
	buf_fini(&rows);
}

static void
random_side(uint64_t *seed, uint32_t keys, struct pair_row *row,
	uint32_t *count)
{
	*count = random_next(seed, SIDE_MAX);
	for (uint32_t i = 0; i < *count; i++)
		row[i] = (struct pair_row){ (int)random_next(seed, keys) - 1,
			(int)random_next(seed, 20) };
}

Test(join, is_a_loop_in_a_loop)
{
	for (uint64_t seed = 1; seed < 1500; seed++) {
		uint64_t next = seed;
		struct case_rows it = { .kind = (int)(seed % 6),
			.has_residual = seed / 6 % 2 };
		struct harness harness = { 0 };
		struct buf wanted = { 0 };
		struct err err = ERR_INIT;
		uint32_t keys = 2 + random_next(&next, 40);
		random_side(&next, keys, it.left, &it.left_count);
		random_side(&next, keys, it.right, &it.right_count);
		struct op *op = join_op((enum op_join)it.kind, "u", "k x",
		    "k y", "k", "k");
		if (it.has_residual) {
			struct expr *arg[2] = { harness_field("x"),
				harness_field("u.y") };
			op->args.residual = expr_call(func_find("gt", 2), arg,
			    2, NULL, &err);
			cr_assert(op->args.residual != NULL, "%s",
			    err.message);
		}
		harness_open(&harness, op);
		give_rows(&harness, 1, it.right, it.right_count, &next);
		harness_end(&harness, 1);
		give_rows(&harness, 0, it.left, it.left_count, &next);
		harness_end(&harness, 0);
		naive_join(&it, &wanted);
		cr_assert_str_eq(buf_string(&harness.out),
		    buf_string(&wanted), "seed %llu",
		    (unsigned long long)seed);
		buf_fini(&wanted);
		harness_close(&harness);
	}
}

/* Many matches of one record are given in many batches. */
Test(join, batches_are_bounded)
{
	struct harness harness = { 0 };
	struct buf rows = { 0 };

	harness_open(&harness, join_op(OP_JOIN_INNER, "u", "a", "b", NULL,
	    NULL));
	for (int i = 0; i < 200; i++)
		buf_add_format(&rows, "%s%d", i == 0 ? "" : ";", i);
	join_give(&harness, 1, buf_string(&rows));
	harness_end(&harness, 1);
	join_give(&harness, 0, buf_string(&rows));
	harness_end(&harness, 0);
	cr_assert(harness.batch_rows_max <= batch_rows_target());
	cr_assert(harness.run.rows_out == 200 * 200);
	buf_fini(&rows);
	harness_close(&harness);
}

Test(join, schema)
{
	struct schema *left = harness_schema("k x"), *joined;
	struct schema *right = harness_schema("k x y");
	const char *merged = "k", *clash;

	joined = join_schema(left, right, "u", NULL, 0, &clash);
	cr_assert(clash == NULL && joined->field_count == 5);
	cr_assert_str_eq(joined->field[4].name, "u.y");
	cr_assert(joined->field[4].qualifier_size == 1 &&
	    joined->field[0].qualifier_size == 0);
	schema_drop(&joined);
	joined = join_schema(left, right, NULL, &merged, 1, &clash);
	cr_assert_str_eq(clash, "x");
	cr_assert(joined->field_count == 3);
	schema_drop(&joined);
	schema_drop(&left);
	schema_drop(&right);
}
