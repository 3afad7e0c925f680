/*
 * Random programs of relational stages, and SQL that does the same.
 *
 * Each stage becomes a common table expression: a column `seq` that orders the
 * rows as they would come out, and per field a typed column and one of its
 * text.  So order is part of what is compared: groups come in order of first
 * appearance, sorts are stable, joins keep the left order.
 *
 *	s0 as (select seq, c0, c0t, ... from t)
 *	s1 as (select ... from s0 where ...)
 *
 * The answers are compared field by field (compare.c).  Fields called x1, x2,
 * ... are numbers that SQL may print with less digits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"
#include "draw.h"
#include "expr.h"
#include "table.h"

/* A program as it grows. */
struct flow {
	struct scope scope;
	char *stages;		/* the program behind its source */
	FILE *sql;
	char prefix;		/* of the names of its CTEs */
	unsigned step;		/* CTEs so far */
	int is_text_format;	/* of the main input: CSV or TSV */
	int skips;		/* needs --bad skip */
};

static struct table *tables[3];	/* t, u, v */
static unsigned column_number;

/* --- fields in both languages --- */

static int
is_plain_name(const char *name)
{
	static const char *const reserved[] = {
		"and", "or", "not", "in", "is", "null", "true", "false",
		"case", "from", "to", "end", "by", NULL,
	};

	for (unsigned i = 0; reserved[i] != NULL; i++) {
		if (strcmp(name, reserved[i]) == 0)
			return 0;
	}
	return strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789") ==
	    strlen(name) && (*name < '0' || *name > '9');
}

static char *
name_ref(const char *name)
{
	if (is_plain_name(name) && !draw_chance(5))
		return say("%s", name);
	return say("`%s`", name);
}

static struct field
make_field(const char *name, enum kind kind, int raw, int keyable, double most)
{
	unsigned number = column_number++;

	return (struct field){ .ref = name_ref(name), .out = name,
	    .sql = say("f%u", number), .text = say("f%ut", number),
	    .kind = kind, .raw = raw, .keyable = keyable, .most = most };
}

static double
kind_most(enum kind kind)
{
	return kind == KIND_INT ? 9 * 1234567 : kind == KIND_FLOAT ? 4e6 : 1e19;
}

/* Whether a field is one of the record that a join put under u. */
static int
is_joined(const struct field *field)
{
	return strncmp(field->ref, "u.", 2) == 0;
}

/* Whether a name says that its numbers are inexact. */
static int
is_loose(const char *name)
{
	if (strncmp(name, "u.", 2) == 0)
		name += 2;
	return name[0] == 'x' && name[1] >= '0' && name[1] <= '9';
}

/* A name that no field has: n1, n2, ..., or x1 for inexact ones. */
static char *
new_name(char letter)
{
	static unsigned count;

	return say("%c%u", letter, ++count);
}

static void
scope_add(struct flow *flow, struct field field)
{
	if (flow->scope.count < FIELD_COUNT_MAX)
		flow->scope.field[flow->scope.count++] = field;
}

/* --- steps --- */

static char *
step_name(const struct flow *flow)
{
	return say("%c%u", flow->prefix, flow->step);
}

/* The columns of all fields, from a table called `from`. */
static char *
columns_of(const struct scope *scope, const char *from)
{
	char *list = say("%s", "");

	for (unsigned i = 0; i < scope->count; i++)
		list = say("%s, %s.%s, %s.%s", list, from,
		    scope->field[i].sql, from, scope->field[i].text);
	return list;
}

static void
step(struct flow *flow, const char *query)
{
	fprintf(flow->sql, ",\n%c%u AS (%s)", flow->prefix, ++flow->step,
	    query);
}

static void
add_stage(struct flow *flow, const char *stage)
{
	flow->stages = say("%s | %s", flow->stages, stage);
}

static struct flow
flow_start(const struct table *table, FILE *sql, char prefix)
{
	struct flow flow = { .sql = sql, .prefix = prefix, .stages = say("%s",
	    ""), .is_text_format = table->layout != LAYOUT_JSONL };
	char *list = say("%s", "seq");

	for (unsigned j = 0; j < table->column_count; j++) {
		enum kind kind = table->column[j].kind;
		/* JSON numbers: a key is the number, not its digits. */
		int keyable = flow.is_text_format || (kind != KIND_FLOAT &&
		    kind != KIND_MIXED);
		struct field field = make_field(table->column[j].name, kind,
		    flow.is_text_format, keyable, kind_most(kind));
		list = say("%s, c%u AS %s, c%ut AS %s", list, j, field.sql, j,
		    field.text);
		scope_add(&flow, field);
	}
	fprintf(sql, "%s%c0 AS (SELECT %s FROM %s)", prefix == 's' ?
	    "WITH " : ",\n", prefix, list, table->name);
	return flow;
}

/* --- stages of one record --- */

static void
stage_where(struct flow *flow)
{
	struct expr condition = expr_bool(&flow->scope, 3);

	add_stage(flow, say("where %s", condition.flow));
	step(flow, say("SELECT * FROM %s WHERE %s", step_name(flow),
	    condition.sql));
}

/* A new field from an expression; its columns go to `columns`. */
static struct field
computed(struct flow *flow, char **item, char **columns)
{
	struct expr expr;

	switch (draw_below(5)) {
	case 0:
	case 1:
		expr = expr_number(&flow->scope, 3);
		break;
	case 2:
	case 3:
		expr = expr_text(&flow->scope, 2);
		break;
	default:
		expr = expr_bool(&flow->scope, 2);
	}
	int is_exact = expr.kind != KIND_FLOAT;
	struct field field = make_field(new_name(is_exact ? 'n' : 'x'),
	    expr.kind, 0, is_exact, expr.most);
	*item = say("%s = %s", field.ref, expr.flow);
	*columns = say("%s, %s AS %s, %s AS %s", *columns, expr.sql,
	    field.sql, sql_text(expr.sql, expr.kind), field.text);
	return field;
}

static void
stage_extend(struct flow *flow)
{
	unsigned count = 1 + draw_below(3);
	struct field field[3];
	char *items = say("%s", "");
	char *columns = say("%s", "*");

	for (unsigned i = 0; i < count; i++) {
		char *item;
		field[i] = computed(flow, &item, &columns);
		items = say("%s%s %s", items, i > 0 ? "," : "", item);
	}
	add_stage(flow, say("extend%s", items));
	step(flow, say("SELECT %s FROM %s", columns, step_name(flow)));
	for (unsigned i = 0; i < count; i++)
		scope_add(flow, field[i]);
}

/* A field of the output that may have another name than before. */
static struct field
selected(const struct field *from, char **item)
{
	struct field field = *from;

	*item = say("%s", from->ref);
	if (draw_chance(30) || is_joined(from)) {
		field.out = new_name(is_loose(from->out) ? 'x' : 'n');
		field.ref = name_ref(field.out);
		*item = say("%s = %s", field.ref, from->ref);
	}
	return field;
}

static void
stage_select(struct flow *flow)
{
	struct scope scope = { 0 };
	char *items = NULL;
	char *columns = say("%s", "*");

	for (unsigned i = 0; i < flow->scope.count; i++) {
		char *item;
		if (draw_chance(25) && (scope.count > 0 ||
		    i + 1 < flow->scope.count))
			continue;
		scope.field[scope.count++] = selected(&flow->scope.field[i],
		    &item);
		items = say_list(items, ", ", item);
	}
	if (draw_chance(40)) {
		char *item;
		scope.field[scope.count++] = computed(flow, &item, &columns);
		items = say_list(items, ", ", item);
	}
	add_stage(flow, say("select %s", items));
	step(flow, say("SELECT %s FROM %s", columns, step_name(flow)));
	flow->scope = scope;
}

static void
stage_drop(struct flow *flow)
{
	unsigned at = draw_below(flow->scope.count);

	if (flow->scope.count < 3)
		return;
	add_stage(flow, say("drop %s", flow->scope.field[at].ref));
	flow->scope.count--;
	memmove(&flow->scope.field[at], &flow->scope.field[at + 1],
	    (flow->scope.count - at) * sizeof(struct field));
}

static void
stage_rename(struct flow *flow)
{
	struct field *field = &flow->scope.field[draw_below(
	    flow->scope.count)];

	if (is_joined(field))
		return;
	const char *ref = field->ref;
	field->out = new_name(is_loose(field->out) ? 'x' : 'n');
	field->ref = name_ref(field->out);
	add_stage(flow, say("rename %s = %s", field->ref, ref));
}

/* Ints that may not fit: their records are left out. */
static void
stage_overflow(struct flow *flow)
{
	const struct field *a = scope_draw(&flow->scope, 1u << KIND_BIG);
	const struct field *b = scope_draw(&flow->scope, 1u << KIND_BIG |
	    1u << KIND_INT);

	if (a == NULL)
		return;
	const char op = "+-*"[draw_below(3)];
	char *flow_text = say("%s %c %s", a->ref, op, b->ref);
	char *sql = say("(%s %c %s)", a->sql, op, b->sql);
	if (draw_chance(20)) {
		flow_text = say("-%s", a->ref);
		sql = say("(-%s)", a->sql);
	}
	struct field field = make_field(new_name('n'), KIND_BIG, 0, 1, 1e19);
	add_stage(flow, say("extend %s = %s", field.ref, flow_text));
	step(flow, say("SELECT *, %s AS %s, CAST(%s AS TEXT) AS %s FROM %s "
	    "WHERE typeof(%s) <> 'real'", sql, field.sql, sql, field.text,
	    step_name(flow), sql));
	scope_add(flow, field);
	flow->skips = 1;
}

/* --- order --- */

/* A key of a sort: in the program, and behind ORDER BY. */
static void
sort_key(const struct flow *flow, char **item, char **order)
{
	static const char *const ways[] = { "", "", " asc", " desc", NULL };
	static const char *const places[] = {
		"", "", "", " nulls first", " nulls last", NULL,
	};
	const struct field *field = scope_draw(&flow->scope, KINDS_ORDERED);
	const char *way = draw_word(ways);
	const char *place = draw_word(places);
	struct expr expr = expr_number(&flow->scope, 2);

	if (field == NULL || draw_chance(20)) {
		*item = say("%s%s%s", expr_operand(&expr, LEVEL_ELSE), way,
		    place);
		*order = say("%s%s%s", expr.sql, way, place);
	} else {
		*item = say("%s%s%s", field->ref, way, place);
		*order = say("%s%s%s", field->sql, way, place);
	}
}

/* All fields with a new seq. */
static void
step_order(struct flow *flow, const char *order)
{
	step(flow, say("SELECT row_number() OVER (ORDER BY %s) AS seq%s "
	    "FROM %s AS s", order, columns_of(&flow->scope, "s"),
	    step_name(flow)));
}

static void
stage_sort(struct flow *flow)
{
	unsigned count = 1 + draw_below(3);
	char *items = NULL;
	char *orders = NULL;

	for (unsigned i = 0; i < count; i++) {
		char *item, *order;
		sort_key(flow, &item, &order);
		items = say_list(items, ", ", item);
		orders = say_list(orders, ", ", order);
	}
	add_stage(flow, say("sort%s %s", draw_chance(20) ? " by" : "", items));
	step_order(flow, say("%s, s.seq", orders));
}

/* `count` fields as keys: by a, b and PARTITION BY; both "" without keys. */
static void
draw_keys(const struct flow *flow, unsigned count, char **by, char **partition)
{
	char *items = NULL;
	char *columns = NULL;

	for (unsigned i = 0; i < count; i++) {
		const struct field *field = scope_draw_key(&flow->scope);
		if (field == NULL || (items != NULL &&
		    strstr(columns, say("%s,", field->text)) != NULL))
			continue;
		items = say_list(items, ", ", field->ref);
		columns = say("%s%s,", columns == NULL ? "" : columns,
		    field->text);
	}
	*by = items == NULL ? say("%s", "") : say(" by %s", items);
	*partition = say("%s", "");
	if (columns != NULL) {
		columns[strlen(columns) - 1] = '\0';
		*partition = say("PARTITION BY %s ", columns);
	}
}

/*
 * The first `limit` rows of each partition in some order.  Groups come as they
 * first appeared, unless the stage keeps the order of its input.
 */
static void
step_limit(struct flow *flow, const char *partition, const char *order,
	int limit, int by_groups)
{
	char *columns = columns_of(&flow->scope, "s");

	step(flow, say("SELECT s.*, row_number() OVER (%sORDER BY %s) AS rn, "
	    "min(seq) OVER (%s) AS first FROM %s AS s", partition, order,
	    partition, step_name(flow)));
	step(flow, say("SELECT row_number() OVER (ORDER BY %s) AS seq%s FROM "
	    "%s AS s WHERE rn <= %d", by_groups == 2 ? "first, rn" :
	    by_groups == 1 ? "first, s.seq" : "s.seq", columns,
	    step_name(flow), limit));
}

static void
stage_limit(struct flow *flow)
{
	int limit = (int)draw_below(draw_chance(80) ? 6 : 200);
	char *by, *partition;

	draw_keys(flow, draw_chance(40) ? 1 + draw_below(2) : 0, &by,
	    &partition);
	switch (draw_below(3)) {
	case 0:
		add_stage(flow, say("head %d%s", limit, by));
		step_limit(flow, partition, "seq", limit, 0);
		break;
	case 1:
		add_stage(flow, say("tail %d%s", limit, by));
		step_limit(flow, partition, "seq DESC", limit, 1);
		break;
	default: {
		struct expr value = expr_number(&flow->scope, 1);
		const struct field *field = scope_draw(&flow->scope,
		    KINDS_ORDERED);
		if (field != NULL && draw_chance(60)) {
			value.flow = say("%s", field->ref);
			value.sql = say("%s", field->sql);
		} else {
			value.flow = say("(%s)", value.flow);
		}
		add_stage(flow, say("top %d %s%s", limit, value.flow, by));
		step_limit(flow, partition, say("%s DESC NULLS LAST, seq",
		    value.sql), limit, 2);
	}
	}
}

static void
stage_dedup(struct flow *flow)
{
	char *by, *partition;

	draw_keys(flow, 1 + draw_below(3), &by, &partition);
	if (*by == '\0')
		return;
	if (draw_chance(20)) {
		char *columns = NULL;
		for (unsigned i = 0; i < flow->scope.count; i++) {
			if (!flow->scope.field[i].keyable)
				return;
			columns = say_list(columns, ", ",
			    flow->scope.field[i].text);
		}
		partition = say("PARTITION BY %s ", columns);
		by = say("%s", "");
	}
	add_stage(flow, say("dedup%s", by));
	step_limit(flow, partition, "seq", 1, 0);
}

/* --- groups --- */

/* One aggregate: its item and its columns. */
static struct field
draw_aggregate(const struct flow *flow, char **item, char **columns)
{
	const struct field *number = scope_draw(&flow->scope, KINDS_NUMBER);
	const struct field *any = scope_draw(&flow->scope, KINDS_ORDERED);
	const struct field *key = scope_draw_key(&flow->scope);
	const char *word = "count", *sql = "*", *arg = "";
	enum kind kind = KIND_INT;
	int is_exact = 1;

	switch (draw_below(6)) {
	case 0:
		if (any != NULL) {
			arg = any->ref;
			sql = any->sql;
		}
		break;
	case 1:
		if (number == NULL || number->most > 1e12)
			break;
		word = "sum";
		arg = number->ref;
		sql = number->sql;
		kind = number->kind == KIND_INT ? KIND_INT : KIND_REAL;
		break;
	case 2:
		if (number == NULL)
			break;
		word = "avg";
		arg = number->ref;
		sql = number->sql;
		kind = KIND_REAL;
		break;
	case 3:
	case 4:
		if (any == NULL)
			break;
		word = draw_chance(50) ? "min" : "max";
		arg = any->ref;
		sql = any->sql;
		kind = any->kind;
		break;
	default:
		if (key == NULL)
			break;
		word = "count_distinct";
		arg = key->ref;
		sql = say("DISTINCT %s", key->text);
	}
	if (kind == KIND_FLOAT || kind == KIND_MIXED)
		kind = KIND_REAL;
	is_exact = kind != KIND_REAL;
	struct field field = make_field(new_name(is_exact ? 'n' : 'x'), kind,
	    0, is_exact, word[0] == 's' ? number->most * 1e5 : kind_most(kind));
	char *call = say("%s(%s)", *word == 'c' ? "count" : word, sql);
	*item = say("%s = %s(%s)", field.ref, word, arg);
	if (draw_chance(25)) {
		struct expr on = expr_bool(&flow->scope, 1);
		*item = say("%s where %s", *item, on.flow);
		call = say("%s FILTER (WHERE %s)", call, on.sql);
	}
	*columns = say("%s, %s AS %s, %s AS %s", *columns, call, field.sql,
	    sql_text(call, kind), field.text);
	return field;
}

static void
stage_aggregate(struct flow *flow)
{
	struct scope scope = { 0 };
	unsigned key_count = draw_below(4);
	unsigned count = 1 + draw_below(4);
	char *columns = say("%s", "min(seq) AS seq");
	char *items = NULL;
	char *by = NULL;
	char *group = NULL;

	for (unsigned i = 0; i < key_count; i++) {
		const struct field *key = scope_draw_key(&flow->scope);
		if (key == NULL || (group != NULL && strstr(group,
		    say("%s,", key->text)) != NULL))
			continue;
		char *item;
		struct field field = selected(key, &item);
		by = say_list(by, ", ", item);
		group = say("%s%s,", group == NULL ? "" : group, key->text);
		columns = say("%s, min(%s) AS %s, %s", columns, key->sql,
		    key->sql, key->text);
		scope.field[scope.count++] = field;
	}
	for (unsigned i = 0; i < count; i++) {
		char *item;
		struct field field = draw_aggregate(flow, &item, &columns);
		items = say_list(items, ", ", item);
		scope.field[scope.count++] = field;
	}
	if (group != NULL)
		group[strlen(group) - 1] = '\0';
	add_stage(flow, say("%s %s%s%s", draw_chance(70) ? "aggregate" : "agg",
	    items, by == NULL ? "" : " by ", by == NULL ? "" : by));
	step(flow, say("SELECT %s FROM %s%s%s", columns, step_name(flow),
	    group == NULL ? "" : " GROUP BY ", group == NULL ? "" : group));
	flow->scope = scope;
}

static void
stage_count(struct flow *flow)
{
	struct field count = make_field("count", KIND_INT, 0, 1, 1e6);
	const struct field *key = scope_draw_key(&flow->scope);

	if (key == NULL || strcmp(key->out, "count") == 0)
		return;
	struct field kept = *key;
	add_stage(flow, say("count by %s", key->ref));
	step(flow, say("SELECT min(seq) AS seq, min(%s) AS %s, %s, count(*) AS "
	    "%s, CAST(count(*) AS TEXT) AS %s FROM %s GROUP BY %s", kept.sql,
	    kept.sql, kept.text, count.sql, count.text, step_name(flow),
	    kept.text));
	if (is_joined(&kept)) {
		kept.out += 2;
		kept.ref = name_ref(kept.out);
	}
	flow->scope.count = 0;
	scope_add(flow, kept);
	scope_add(flow, count);
}

/* --- two inputs --- */

/* The other input: a table, or a pipeline of a stage or two. */
static char *
draw_other(struct flow *other, const struct table *table)
{
	static void (*const stages[])(struct flow *) = {
		stage_where, stage_extend, stage_dedup, stage_limit,
		stage_sort, stage_select,
	};
	unsigned count = draw_below(3);

	for (unsigned i = 0; i < count; i++)
		stages[draw_below(6)](other);
	char *source = table_source(table, table_file(table));
	if (*other->stages == '\0' && draw_chance(70))
		return source;
	return say("(from %s%s)", source, other->stages);
}

/* Fields of the left that can meet one of the right: pairs as conditions. */
static unsigned
join_condition(const struct flow *left, const struct flow *right, char **on,
	char **on_sql)
{
	unsigned wanted = 1 + draw_below(2);
	unsigned count = 0;

	for (unsigned turn = 0; turn < 20 && count < wanted; turn++) {
		const struct field *a = scope_draw_key(&left->scope);
		const struct field *b = scope_draw_key(&right->scope);
		if (a == NULL || b == NULL || a->kind != b->kind ||
		    a->kind == KIND_BIG || a->kind == KIND_BOOL)
			continue;
		const char *ref = say("u.%s", b->ref);
		char *pair = draw_chance(70) ? say("%s == %s", a->ref, ref) :
		    say("%s == %s", ref, a->ref);
		*on = say_list(*on, draw_chance(50) ? " and " : ", ", pair);
		*on_sql = say_list(*on_sql, " AND ", say("l.%s = r.%s",
		    a->text, b->text));
		count++;
	}
	return count;
}

static const struct join_kind {
	const char *word, *sql;
} join_kinds[] = {
	{ "", "JOIN" }, { "inner ", "JOIN" }, { "left ", "LEFT JOIN" },
	{ "right ", "RIGHT JOIN" }, { "full ", "FULL JOIN" },
	{ "semi ", NULL }, { "anti ", NULL },
};

/* Output of a join that gives the records of both sides. */
static void
join_pairs(struct flow *flow, struct flow *other, const struct join_kind *kind,
	const char *on_sql)
{
	char *columns = say("%s%s", columns_of(&flow->scope, "l"),
	    columns_of(&other->scope, "r"));

	step(flow, say("SELECT row_number() OVER (ORDER BY l.seq IS NULL, "
	    "l.seq, r.seq) AS seq%s FROM %s AS l %s %s AS r ON %s", columns,
	    step_name(flow), kind->sql, step_name(other), on_sql));
	for (unsigned i = 0; i < other->scope.count; i++) {
		struct field field = other->scope.field[i];
		field.out = say("u.%s", field.out);
		field.ref = say("u.%s", field.ref);
		scope_add(flow, field);
	}
}

static void
stage_join(struct flow *flow)
{
	static int is_done;
	const struct join_kind *kind = &join_kinds[draw_below(7)];
	char *on = NULL;
	char *on_sql = NULL;

	if (is_done)
		return;
	is_done = 1;
	tables[1] = table_make("u", tables[0]->layout == LAYOUT_JSONL ?
	    LAYOUT_JSONL : (enum layout)draw_below(2), 2);
	if (tables[1]->row_count > 300)
		tables[1]->row_count = 300;
	struct flow other = flow_start(tables[1], flow->sql, 'r');
	char *rel = draw_other(&other, tables[1]);
	if (join_condition(flow, &other, &on, &on_sql) == 0)
		return;
	add_stage(flow, say("%sjoin %s as u on %s", kind->word, rel, on));
	if (kind->sql == NULL)
		step(flow, say("SELECT * FROM %s AS l WHERE %sEXISTS (SELECT 1 "
		    "FROM %s AS r WHERE %s)", step_name(flow),
		    kind->word[0] == 'a' ? "NOT " : "", step_name(&other),
		    on_sql));
	else
		join_pairs(flow, &other, kind, on_sql);
}

static void
stage_union(struct flow *flow)
{
	static int is_united;
	const struct table *main_table = tables[0];

	/* Only directly behind the source, so that the fields are known. */
	if (is_united || flow->step > 0 || *flow->stages != '\0')
		return;
	is_united = 1;
	struct table *table = tables[2] = table_make_like(main_table, "v");
	struct flow other = flow_start(table, flow->sql, 'v');
	char *rel = say("%s", table_source(table, table_file(table)));
	if (draw_chance(50)) {
		stage_where(&other);
		rel = say("(from %s%s)", rel, other.stages);
	}
	add_stage(flow, say("union %s", rel));
	char *columns = say("%s", "1000000 + seq");
	for (unsigned i = 0; i < flow->scope.count; i++) {
		for (unsigned j = 0; j < other.scope.count; j++) {
			const struct field *field = &other.scope.field[j];
			if (strcmp(field->out, flow->scope.field[i].out) == 0)
				columns = say("%s, %s, %s", columns,
				    field->sql, field->text);
		}
	}
	step(flow, say("SELECT seq%s FROM %s AS s UNION ALL SELECT %s FROM %s",
	    columns_of(&flow->scope, "s"), step_name(flow), columns,
	    step_name(&other)));
}

/* --- the case --- */

static void (*const stages[])(struct flow *) = {
	stage_where, stage_where, stage_where, stage_extend, stage_extend,
	stage_select, stage_drop, stage_rename, stage_sort, stage_sort,
	stage_limit, stage_limit, stage_dedup, stage_aggregate,
	stage_aggregate, stage_count, stage_join, stage_join,
};

static void
draw_program(struct flow *flow)
{
	unsigned count = 1 + draw_below(5);

	if (draw_chance(12))
		stage_union(flow);
	for (unsigned i = 0; i < count; i++)
		stages[draw_below(sizeof(stages) / sizeof(*stages))](flow);
	if (draw_chance(15))
		stage_overflow(flow);
	if (*flow->stages == '\0')
		stage_where(flow);
}

/*
 * Names with a dot stand in a record of JSON: give them others.  With `any` all
 * fields are named.
 */
static void
select_plain(struct flow *flow, int any)
{
	for (unsigned i = 0; i < flow->scope.count; i++)
		any |= is_joined(&flow->scope.field[i]);
	char *items = NULL;
	for (unsigned i = 0; any && i < flow->scope.count; i++) {
		char *item;
		flow->scope.field[i] = selected(&flow->scope.field[i], &item);
		items = say_list(items, ", ", item);
	}
	if (any)
		add_stage(flow, say("select %s", items));
}

static char *
sql_name(const char *name)
{
	char *text = say("%s", "\"");

	for (; *name != '\0'; name++)
		text = say("%s%s%c", text, *name == '"' ? "\"" : "", *name);
	return say("%s\"", text);
}

static void
write_query(struct flow *flow)
{
	char *list = NULL;

	for (unsigned i = 0; i < flow->scope.count; i++)
		list = say_list(list, ", ", say("%s AS %s",
		    flow->scope.field[i].text,
		    sql_name(flow->scope.field[i].out)));
	fprintf(flow->sql, "\nSELECT %s FROM %s ORDER BY seq;\n", list,
	    step_name(flow));
}

void
case_relational(void)
{
	FILE *sql = file_open("query.sql");
	enum layout out = (enum layout)draw_below(3);
	char *with = NULL;
	size_t with_size = 0;
	FILE *query = open_memstream(&with, &with_size);

	tables[0] = table_make("t", draw_chance(50) ? LAYOUT_CSV :
	    (enum layout)draw_below(3), 0);
	struct flow flow = flow_start(tables[0], query, 's');
	draw_program(&flow);
	if (draw_chance(50))
		out = tables[0]->layout;
	/* The header of what may lack fields is only known when all is. */
	int is_open = !flow.is_text_format && out != LAYOUT_JSONL;
	if (is_open || out == LAYOUT_JSONL || draw_chance(50))
		select_plain(&flow, is_open);
	write_query(&flow);
	fclose(query);

	fputs(".bail on\n.mode ascii\n.headers on\n.nullvalue \"\\\\N\"\n"
	    "PRAGMA case_sensitive_like=ON;\nBEGIN;\n", sql);
	for (unsigned i = 0; i < 3; i++) {
		if (tables[i] == NULL)
			continue;
		table_write(tables[i]);
		table_write_sql(tables[i], sql);
	}
	fprintf(sql, "COMMIT;\n%s", with);
	fclose(sql);
	file_write("peer", "sqlite3 -batch -init /dev/null :memory: "
	    "< query.sql\n");
	int other_delimiter = out == LAYOUT_CSV && tables[0]->layout == out &&
	    tables[0]->delimiter != ',';
	file_write("compare", say("%s%.*s", layout_name(out), other_delimiter,
	    &tables[0]->delimiter));
	char *file = table_file(tables[0]);
	/* Without -o the output is as the input. */
	const char *output = out == tables[0]->layout &&
	    draw_chance(50) ? "" :
	    say(" -o %s", layout_name(out));
	case_commands(say("%s%s", flow.skips ? " --bad skip" : "", output),
	    table_source(tables[0], file),
	    table_source(tables[0], "/dev/stdin"), file, flow.stages);
}
