#include <criterion/criterion.h>
#include <stdio.h>

#include "data/batch.h"
#include "expr/expr.h"
#include "util/buf.h"
#include "util/mem.h"

/* One row: columns by name, RAW_JSON tokens; NULL ends. */
static struct batch *
json_batch(const char *const *field)
{
	struct schema *schema = schema_new();
	uint32_t count = 0;

	for (; field[2 * count] != NULL; count++) {
		const char *name = field[2 * count];
		const char *point = strchr(name, '.');
		uint32_t index = schema_add(schema, name, strlen(name),
		    TYPE_ANY);
		schema->field[index].qualifier_size = point == NULL ? 0 :
		    (uint32_t)(point - name);
	}
	struct batch *batch = batch_new(schema, 1);
	struct region *region = batch_region(batch);
	for (uint32_t i = 0; i < count; i++) {
		const char *token = field[2 * i + 1];
		struct column *column = &batch->column[i];
		column_init_flat(column, TYPE_RAW_JSON, 1, region);
		((struct text *)column->data)[0] = text_make(token,
		    strlen(token));
	}
	schema_drop(&schema);
	return batch;
}

/* The value of the only row, with its type; frees the expression. */
static const char *
evaluate(struct expr *expr, const struct batch *batch)
{
	static char room[400];
	struct region *region = region_new();
	struct eval eval;
	struct column column;
	struct buf buf = { 0 };

	eval_init(&eval, batch, region);
	expr_eval(expr, &eval, NULL, 1, &column);
	struct value value = column_value(&column, 0, region);
	if (rejects_has(&eval.rejects, 0)) {
		buf_add_format(&buf, "%s", eval.rejects.reason[0]);
	} else if (value.type <= TYPE_MISSING) {
		buf_add_string(&buf, value.type == TYPE_NULL ? "null" :
		    "missing");
	} else {
		buf_add_format(&buf, "%s ", type_name(value.type));
		value_add_text(&value, &buf);
	}
	snprintf(room, sizeof(room), "%s", buf_string(&buf));
	buf_fini(&buf);
	region_drop(&region);
	expr_free(&expr);
	return room;
}

static struct expr *
field(const char *name)
{
	return expr_field(name, strlen(name), TYPE_ANY);
}

static struct expr *
member(struct expr *of, const char *name)
{
	return expr_member(of, name, strlen(name));
}

static struct expr *
at(struct expr *of, int64_t index)
{
	struct value value = { .type = TYPE_INT, .cell.integer = index };

	return expr_index(of, expr_const(&value));
}

static const char *const nested[] = {
	"r", "{ \"a\": 1, \"b\" : [10, {\"c\": \"deep\"}], \"a\": 2, "
	    "\"n\": null }",
	"l", "[1, 2.50, \"three\"]", "s", "\"text\"", "gone", "", "nil", "null",
	NULL,
};

Test(expr_nested, members)
{
	struct batch *batch = json_batch(nested);

	cr_expect_str_eq(evaluate(member(field("r"), "a"), batch), "int 2");
	cr_expect_str_eq(evaluate(member(at(member(field("r"), "b"), 1), "c"),
	    batch), "text deep");
	cr_expect_str_eq(evaluate(member(field("r"), "x"), batch), "missing");
	cr_expect_str_eq(evaluate(member(field("r"), "n"), batch), "null");
	cr_expect_str_eq(evaluate(member(member(field("r"), "n"), "x"), batch),
	    "null");
	cr_expect_str_eq(evaluate(member(member(field("r"), "x"), "y"), batch),
	    "missing");
	cr_expect_str_eq(evaluate(member(field("s"), "x"), batch), "null");
	cr_expect_str_eq(evaluate(member(field("gone"), "x"), batch),
	    "missing");
	cr_expect_str_eq(evaluate(member(field("nil"), "x"), batch), "null");
	cr_expect_str_eq(evaluate(member(field("nowhere"), "x"), batch),
	    "missing");
	cr_expect_str_eq(evaluate(at(field("l"), 1), batch), "float 2.5");
	cr_expect_str_eq(evaluate(at(field("l"), -1), batch), "text three");
	cr_expect_str_eq(evaluate(at(field("l"), 3), batch), "missing");
	cr_expect_str_eq(evaluate(at(field("r"), 0), batch), "null");
	cr_expect_str_eq(evaluate(expr_index(field("l"), field("s")), batch),
	    "null");
	cr_expect_str_eq(evaluate(expr_index(field("l"), field("l")), batch),
	    "an index in [ ] is a whole number or a text");
	batch_free(&batch);
}

Test(expr_nested, constructors)
{
	static const char *const names[] = { "x", "q\"" };
	struct batch *batch = json_batch(nested);
	struct value time = { .type = TYPE_TIME };
	struct expr *item[3];

	item[0] = field("s");
	item[1] = expr_const(&time);
	item[2] = field("gone");
	cr_expect_str_eq(evaluate(expr_list(item, 3), batch),
	    "list [\"text\",\"1970-01-01T00:00:00Z\",null]");
	item[0] = field("gone");
	item[1] = field("l");
	cr_expect_str_eq(evaluate(expr_record(names, item, 2), batch),
	    "record {\"q\\\"\":[1,2.50,\"three\"]}");
	/* Times stay times inside. */
	item[0] = expr_const(&time);
	item[1] = field("nil");
	cr_expect_str_eq(evaluate(member(expr_record(names, item, 2), "x"),
	    batch), "timestamp 1970-01-01T00:00:00Z");
	item[0] = expr_const(&time);
	cr_expect_str_eq(evaluate(at(expr_list(item, 1), 0), batch),
	    "timestamp 1970-01-01T00:00:00Z");
	batch_free(&batch);
}

Test(expr_nested, this_is_all_fields)
{
	static const char *const fields[] = {
		"a", "1", "u.name", "\"me\"", "b", "", "u.id", "7", "v.x",
		"null", "v.y", "", NULL,
	};
	struct batch *batch = json_batch(fields);
	struct region *region = batch_region(batch);

	cr_expect_str_eq(evaluate(expr_this(), batch), "record {\"a\":1,"
	    "\"u\":{\"name\":\"me\",\"id\":7},\"v\":null}");
	cr_expect_str_eq(evaluate(field("u"), batch),
	    "record {\"name\":\"me\",\"id\":7}");
	cr_expect_str_eq(evaluate(field("v"), batch), "null");
	cr_expect_str_eq(evaluate(field("w"), batch), "missing");
	/* A line of JSON that nobody changed is its own record. */
	column_init_flat(&batch->record, TYPE_RAW_JSON, 1, region);
	((struct text *)batch->record.data)[0] = text_make("{\"a\":1}", 7);
	batch->has_record = 1;
	cr_expect_str_eq(evaluate(expr_this(), batch), "record {\"a\":1}");
	batch_free(&batch);
}

Test(expr_nested, json_in_undeclared_text)
{
	struct batch *batch = json_batch(nested);
	struct text *text;
	struct region *region = batch_region(batch);

	column_init_flat(&batch->column[0], TYPE_RAW, 1, region);
	text = batch->column[0].data;
	*text = text_make("{\"a\":[5,6]}", 11);
	cr_expect_str_eq(evaluate(at(member(field("r"), "a"), 1), batch),
	    "int 6");
	*text = text_make("{\"a\":[5,6]", 10);
	cr_expect_str_eq(evaluate(member(field("r"), "a"), batch), "null");
	batch_free(&batch);
}

static void
count_field(void *cookie, const char *name)
{
	int *counts = cookie;

	counts[name == NULL]++;
}

Test(expr_nested, fields_are_visited)
{
	struct expr *item[2] = { field("a"), expr_this() };
	struct expr *expr = expr_list(item, 2);
	int counts[2] = { 0, 0 };

	expr_visit_fields(expr, count_field, counts);
	cr_expect(counts[0] == 1 && counts[1] == 1);
	expr_free(&expr);
}

Test(expr_nested, schemas_change)
{
	static const char *const one[] = { "a", "1", "b", "2", NULL };
	static const char *const two[] = { "b", "3", "a", "4", NULL };
	struct expr *expr = field("b");
	struct batch *first = json_batch(one);
	struct batch *second = json_batch(two);

	for (int i = 0; i < 4; i++) {
		struct expr *copy = expr_copy(expr);
		cr_expect_str_eq(evaluate(copy, i % 2 ? second : first),
		    i % 2 ? "int 3" : "int 2");
	}
	struct region *region = region_new();
	for (int i = 0; i < 4; i++) {
		struct eval eval;
		struct column column;
		eval_init(&eval, i % 2 ? second : first, region);
		expr_eval_as(expr, &eval, FUNC_NUMBER, NULL, 1, &column);
		cr_expect(((int64_t *)column.data)[0] == (i % 2 ? 3 : 2));
	}
	region_drop(&region);
	expr_free(&expr);
	batch_free(&first);
	batch_free(&second);
}

Test(expr_nested, parameters_are_set_later)
{
	struct batch *batch = json_batch(nested);
	struct value seven = { .type = TYPE_INT, .cell.integer = 7 };
	struct expr *param = expr_param(TYPE_ANY);
	struct expr *copy = expr_copy(param);

	cr_expect(expr_constant(param) == NULL);
	expr_param_set(param, &seven);
	cr_expect_str_eq(evaluate(copy, batch), "int 7");
	cr_expect_str_eq(evaluate(param, batch), "int 7");
	batch_free(&batch);
}
