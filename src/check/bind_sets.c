/*
 * Sets of keys: by rollup(a, b), cube(a, b), sets((a, b), (a), ()).
 *
 * Every item of `by` stands for a list of sets: a plain key for one with just
 * that key, rollup for the keys, the keys without the last and so on down to
 * none, cube for all that can be left out, sets for what is written. Several
 * items are combined, each set of the first with each of the second. A set is
 * a word with a bit per key.
 *
 * The records then go through `expand` (op/op_expand.c), once for each set.  In
 * front of it a hidden field is made of each key, because expand empties it
 * while aggregates read the fields as they are; and the number of the set is
 * one key more: a key that is null in the data and one that is left out, or
 * two equal sets, are different groups.
 */
#include "check/check_priv.h"

#include <string.h>

#include "lang/pretty.h"
#include "op/expand.h"
#include "util/buf.h"

/* More would be a slip: cube of 11 keys. */
#define SETS_MAX 1024
#define KEYS_MAX 64

struct set_list {
	uint64_t *set;
	uint32_t count;
};

int
bind_has_sets(const struct ast_items *by)
{
	for (uint32_t i = 0; i < by->count; i++)
		if (by->item[i].sets != AST_SETS_NONE)
			return 1;
	return 0;
}

int
bind_refuse_sets(struct check *check, const struct ast_items *by)
{
	for (uint32_t i = 0; i < by->count; i++) {
		if (by->item[i].sets == AST_SETS_NONE)
			continue;
		bind_error(check, by->item[i].span,
		    "sets of keys are for aggregate and count");
		return err_hint(check->err, "name the keys here: by a, b");
	}
	return 0;
}

/* --- keys --- */

/* Does the item mean this key, whose name is its own? */
static int
is_same_key(const struct ast_item *key, const struct ast_item *item)
{
	if (item->name.bytes == NULL && item->expr->kind == AST_FIELD)
		return 1;
	return ast_expr_equal(key->expr, item->expr);
}

/* The number of a key, a new one if it is not there yet; or -1. */
static int
find_key(struct check *check, const struct ast_item *item, struct sets *sets)
{
	const char *name;

	if (item->expr->kind == AST_STAR || item->expr->kind == AST_REGEX)
		return bind_error(check, item->span,
		    "a key is a field or an expression");
	name = bind_item_name(check, item);
	for (uint32_t k = 0; k < sets->key.count; k++) {
		if (strcmp(bind_item_name(check, &sets->key.item[k]),
		    name) != 0)
			continue;
		if (is_same_key(&sets->key.item[k], item))
			return (int)k;
		bind_error(check, item->span, "two keys are called '%s'",
		    name);
		return err_hint(check->err,
		    "give one another name: NAME = ...");
	}
	if (sets->key.count == KEYS_MAX)
		return bind_error(check, item->span, "there are more than %d "
		    "keys", KEYS_MAX);
	sets->key.item[sets->key.count] = *item;
	return (int)sets->key.count++;
}

/* The set of one item's keys: its own, or those in parentheses. */
static int
bind_tuple(struct check *check, const struct ast_item *item, struct sets *sets,
	uint64_t *set)
{
	uint32_t count = item->sets == AST_SETS_TUPLE ? item->members->count :
	    1;

	*set = 0;
	for (uint32_t i = 0; i < count; i++) {
		int key = find_key(check, item->sets == AST_SETS_TUPLE ?
		    &item->members->item[i] : item, sets);
		if (key < 0)
			return -1;
		*set |= 1ull << key;
	}
	return 0;
}

/* --- lists of sets --- */

static int
list_make(struct check *check, struct ast_span span, uint64_t count,
	struct set_list *out)
{
	if (count > SETS_MAX) {
		bind_error(check, span, "this makes %s%llu sets of keys, more "
		    "than %d", count > 1ull << 32 ? "more than " : "",
		    (unsigned long long)count, SETS_MAX);
		return err_hint(check->err, "say which are wanted: "
		    "sets((a, b), (a), ())");
	}
	out->count = 0;
	out->set = region_alloc(check->flow->region,
	    (count + 1) * sizeof(*out->set));
	return 0;
}

/* rollup and cube: what can be left out, together or each for itself. */
static int
bind_rollup(struct check *check, const struct ast_item *item,
	struct sets *sets, struct set_list *out)
{
	uint32_t count = item->members->count;
	int is_cube = item->sets == AST_SETS_CUBE;
	uint64_t *part = region_alloc(check->flow->region,
	    (count + 1) * sizeof(*part));

	if (list_make(check, item->span, !is_cube ? (uint64_t)count + 1 :
	    1ull << (count < 40 ? count : 40), out) != 0)
		return -1;
	for (uint32_t i = 0; i < count; i++)
		if (bind_tuple(check, &item->members->item[i], sets,
		    &part[i]) != 0)
			return -1;
	uint64_t last = is_cube ? 1ull << count : count + 1;
	for (uint64_t n = 0; n < last; n++) {
		uint64_t set = 0;
		for (uint32_t i = 0; i < count; i++)
			if (is_cube ? !(n >> (count - 1 - i) & 1) :
			    i < count - n)
				set |= part[i];
		out->set[out->count++] = set;
	}
	return 0;
}

static int bind_list(struct check *, const struct ast_item *, struct sets *,
	struct set_list *out);

/* sets(...): one behind the other. */
static int
bind_all_lists(struct check *check, const struct ast_item *item,
	struct sets *sets, struct set_list *out)
{
	uint32_t count = item->members->count;
	struct set_list *list = region_alloc(check->flow->region,
	    (count + 1) * sizeof(*list));
	uint64_t all = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (bind_list(check, &item->members->item[i], sets,
		    &list[i]) != 0)
			return -1;
		all += list[i].count;
	}
	if (list_make(check, item->span, all, out) != 0)
		return -1;
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t s = 0; s < list[i].count; s++)
			out->set[out->count++] = list[i].set[s];
	return 0;
}

static int
bind_list(struct check *check, const struct ast_item *item, struct sets *sets,
	struct set_list *out)
{
	switch (item->sets) {
	case AST_SETS_NONE:
	case AST_SETS_TUPLE:
		break;
	case AST_SETS_ROLLUP:
	case AST_SETS_CUBE:
		return bind_rollup(check, item, sets, out);
	case AST_SETS_LIST:
		return bind_all_lists(check, item, sets, out);
	}
	if (list_make(check, item->span, 1, out) != 0)
		return -1;
	out->count = 1;
	return bind_tuple(check, item, sets, &out->set[0]);
}

/* Each set of `all` with each of `more`. */
static int
combine(struct check *check, struct ast_span span, const struct set_list *more,
	struct set_list *all)
{
	struct set_list product;

	if (list_make(check, span, (uint64_t)all->count * more->count,
	    &product) != 0)
		return -1;
	for (uint32_t i = 0; i < all->count; i++)
		for (uint32_t k = 0; k < more->count; k++)
			product.set[product.count++] = all->set[i] |
			    more->set[k];
	*all = product;
	return 0;
}

int
bind_sets(struct check *check, const struct ast_group *group,
	struct sets *out)
{
	uint64_t none = 0;
	struct set_list all = { &none, 1 }, list;

	out->key.item = region_alloc(check->flow->region,
	    KEYS_MAX * sizeof(*out->key.item));
	for (uint32_t i = 0; i < group->by.count; i++)
		if (bind_list(check, &group->by.item[i], out, &list) != 0 ||
		    combine(check, group->by_span, &list, &all) != 0)
			return -1;
	out->set = all.set;
	out->count = all.count;
	return 0;
}

/* --- what is done with the records --- */

static const char *
hidden_name(struct check *check, uint32_t key)
{
	struct buf name = { 0 };

	buf_add_format(&name, "\001key%u", key + 1);
	const char *text = bind_text(check, (struct ast_text){
	    buf_string(&name), (uint32_t)name.size });
	buf_fini(&name);
	return text;
}

static struct expr *
named_field(const char *name, enum type type)
{
	return expr_field(name, strlen(name), type);
}

/* The hidden fields, made of the keys. */
static int
append_keys(struct check *check, struct stream *stream, struct op *aggregate)
{
	struct op *extend = flow_add_op(check, "extend", NULL);
	struct op_args *args = &aggregate->args;

	extend->args.span_offset = args->span_offset;
	extend->args.span_bytes = args->span_bytes;
	extend->args.item = mem_alloc_zero((args->by_count + 1) *
	    sizeof(*extend->args.item));
	extend->args.item_count = args->by_count;
	for (uint32_t i = 0; i < args->by_count; i++) {
		struct op_item *item = &extend->args.item[i];
		*item = args->by[i];
		item->name = hidden_name(check, i);
		args->by[i].expr = named_field(item->name,
		    expr_type(item->expr));
	}
	return stream_append(check, stream, extend);
}

static int
append_expand(struct check *check, struct stream *stream,
	const struct op *aggregate, const struct sets *sets)
{
	struct op *expand = flow_add_op(check, "expand", NULL);
	const struct op_args *args = &aggregate->args;

	expand->args.set = mem_copy(sets->set,
	    sets->count * sizeof(*sets->set));
	expand->args.set_count = sets->count;
	expand->args.item = mem_copy(args->by,
	    args->by_count * sizeof(*args->by));
	expand->args.item_count = args->by_count;
	for (uint32_t i = 0; i < args->by_count; i++)
		expand->args.item[i].expr = expr_copy(args->by[i].expr);
	return stream_append(check, stream, expand);
}

int
bind_append_sets(struct check *check, struct stream *stream,
	const struct sets *sets, struct op *aggregate)
{
	struct op_args *args = &aggregate->args;

	if (append_keys(check, stream, aggregate) != 0 ||
	    append_expand(check, stream, aggregate, sets) != 0)
		return -1;
	args->by = mem_resize(args->by,
	    (args->by_count + 1) * sizeof(*args->by));
	args->by[args->by_count++] = (struct op_item){
		.kind = OP_ITEM_EXPR, .name = SETS_NUMBER,
		.expr = named_field(EXPAND_SET, TYPE_INT),
	};
	return 0;
}

int
bind_late_sets(struct check *check, struct stream *side,
	const struct sets *sets)
{
	struct op *where = flow_add_op(check, "where", NULL);
	struct op *drop = flow_add_op(check, "drop", NULL);
	struct value first = { .type = TYPE_INT };
	struct expr **arg = mem_alloc(2 * sizeof(*arg));
	struct ast_expr nowhere = { .kind = AST_NULL };
	struct scope scope = bind_scope(check, side, NULL);

	arg[0] = named_field(EXPAND_SET, TYPE_INT);
	arg[1] = expr_const(&first);
	where->args.expr = bind_func(&scope, "eq", &nowhere, arg, 2);
	drop->args.item_count = sets->key.count + 1;
	drop->args.item = mem_alloc_zero(drop->args.item_count *
	    sizeof(*drop->args.item));
	for (uint32_t i = 0; i < drop->args.item_count; i++) {
		struct op_item *item = &drop->args.item[i];
		item->name = i < sets->key.count ? hidden_name(check, i) :
		    EXPAND_SET;
		item->expr = named_field(item->name, TYPE_ANY);
	}
	return stream_append(check, side, where) != 0 ||
	    stream_append(check, side, drop) != 0 ? -1 : 0;
}

/* --- grouping(a, b) --- */

static int
find_named_key(const struct scope *scope, const struct ast_expr *ast)
{
	const struct sets *sets = scope->sets;

	for (uint32_t k = 0; k < sets->key.count; k++) {
		const struct ast_item *key = &sets->key.item[k];
		if (ast->kind == AST_FIELD && strcmp(bind_text(scope->check,
		    ast->text), bind_item_name(scope->check, key)) == 0)
			return (int)k;
		if (ast_expr_equal(key->expr, ast))
			return (int)k;
	}
	return -1;
}

/* For each set the number that grouping() is; NULL: an error. */
static int64_t *
grouping_values(const struct scope *scope, const struct ast_expr *ast)
{
	const struct sets *sets = scope->sets;
	int64_t *value = region_alloc_zero(scope->check->flow->region,
	    (sets->count + 1) * sizeof(*value));

	for (uint32_t i = 0; i < ast->args.count; i++) {
		const struct ast_expr *arg = ast->args.arg[i].expr;
		int key = find_named_key(scope, arg);
		if (key < 0) {
			bind_error(scope->check, arg->span,
			    "grouping() is about keys, this is none");
			err_hint(scope->check->err, "the keys stand behind "
			    "`by`");
			return NULL;
		}
		for (uint32_t s = 0; s < sets->count; s++)
			value[s] = value[s] * 2 + !(sets->set[s] >> key & 1);
	}
	return value;
}

static struct expr *
int_const(int64_t number)
{
	struct value value = { .type = TYPE_INT, .cell.integer = number };

	return expr_const(&value);
}

/* case when set < 2 then 0 when set < 5 then 1 else ... end */
static struct expr *
grouping_case(const struct scope *scope, const struct ast_expr *ast,
	const int64_t *value)
{
	uint32_t count = scope->sets->count, arm_count = 0;
	struct expr **arm = mem_alloc((2 * count + 1) * sizeof(*arm));

	for (uint32_t s = 0; s < count; s++) {
		if (s + 1 < count && value[s + 1] == value[s])
			continue;
		struct expr **arg = mem_alloc(2 * sizeof(*arg));
		arg[0] = named_field(SETS_NUMBER, TYPE_INT);
		arg[1] = int_const(s + 1);
		arm[arm_count++] = bind_func(scope, "lt", ast, arg, 2);
		arm[arm_count++] = int_const(value[s]);
	}
	struct expr *expr = expr_case(arm, arm_count);
	mem_free(arm);
	return expr;
}

struct expr *
bind_grouping(const struct scope *scope, const struct ast_expr *ast)
{
	struct check *check = scope->check;

	if (scope->aggs == NULL) {
		bind_error(check, ast->span, "grouping() stands in aggregate "
		    "only");
		err_hint(check->err, "as in aggregate count(), grouping(a) "
		    "by rollup(a, b)");
	} else if (scope->sets == NULL) {
		bind_error(check, ast->span, "grouping() tells sets of keys "
		    "apart, and there is but one");
		err_hint(check->err, "as in by rollup(a, b)");
	} else if (ast->args.count == 0 || ast->args.count > KEYS_MAX - 2) {
		bind_error(check, ast->span, "grouping() takes one key or "
		    "more");
		err_hint(check->err, "name keys of `by`: grouping(a)");
	} else {
		int64_t *value = grouping_values(scope, ast);
		return value == NULL ? NULL : grouping_case(scope, ast, value);
	}
	return NULL;
}
