/*
 * Expressions as trees: made, copied, asked and freed.
 *
 * A node owns its children.  What a call's `prepare` made and the value of a
 * parameter are counted and shared by all copies, since they are read-only
 * while rows flow.  The one thing that changes is the field cache: the schema
 * last seen, held so that its address cannot come back as another schema, and
 * the index of the name there.
 */
#include "expr/expr.h"

#include <assert.h>
#include <string.h>

#include "data/json.h"
#include "data/schema.h"
#include "expr/expr_priv.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

struct value
value_own(const struct value *source, char **text)
{
	struct value value = *source;

	*text = NULL;
	if (!type_is_textual(value.type))
		return value;
	uint32_t size = value.cell.text.size;
	if (size <= TEXT_INLINE_MAX)
		return value;
	*text = mem_copy(text_bytes(&value.cell.text), size);
	value.cell.text = text_make(*text, size);
	return value;
}

struct call_plan *
call_plan_new(void *take_plan, void (*release)(void *))
{
	if (take_plan == NULL)
		return NULL;
	struct call_plan *plan = mem_alloc(sizeof(*plan));
	plan->references = 1;
	plan->plan = take_plan;
	plan->release = release;
	return plan;
}

struct call_plan *
call_plan_hold(struct call_plan *plan)
{
	if (plan != NULL)
		plan->references++;
	return plan;
}

void
call_plan_drop(struct call_plan **address)
{
	struct call_plan *plan = *address;

	*address = NULL;
	if (plan == NULL || --plan->references > 0)
		return;
	if (plan->release != NULL)
		plan->release(plan->plan);
	mem_free(plan);
}

static void
param_drop(struct param **address)
{
	struct param *param = *address;

	*address = NULL;
	if (param == NULL || --param->references > 0)
		return;
	mem_free(param->text);
	mem_free(param);
}

static struct expr *
expr_new(enum expr_kind kind, enum type type)
{
	struct expr *expr = mem_alloc_zero(sizeof(*expr));

	expr->kind = kind;
	expr->type = type;
	return expr;
}

/* A node over `count` children, which it takes over. */
static struct expr *
expr_new_over(enum expr_kind kind, enum type type, struct expr **take_child,
	unsigned count)
{
	struct expr *expr = expr_new(kind, type);

	expr->child_count = count;
	if (count > 0) {
		expr->child = mem_copy(take_child,
		    count * sizeof(struct expr *));
	}
	for (unsigned i = 0; i < count; i++)
		expr->is_volatile |= take_child[i]->is_volatile;
	return expr;
}

/* The node, or its value where that is known: folding that cannot fail. */
static struct expr *
expr_folded(struct expr *expr)
{
	expr_fold(&expr, NULL);
	return expr;
}

struct expr *
expr_const(const struct value *value)
{
	struct expr *expr = expr_new(EXPR_CONST, value->type);

	expr->value = value_own(value, &expr->text);
	return expr;
}

struct expr *
expr_field(const char *name, size_t size, enum type type)
{
	struct expr *expr = expr_new(EXPR_FIELD, type);

	expr->name = mem_alloc(size + 1);
	memcpy(expr->name, name, size);
	expr->name[size] = '\0';
	expr->name_size = size;
	expr->index = -1;
	return expr;
}

struct expr *
expr_this(void)
{
	return expr_new(EXPR_THIS, TYPE_RECORD);
}

struct expr *
expr_param(enum type type)
{
	struct expr *expr = expr_new(EXPR_PARAM, type);

	expr->param = mem_alloc_zero(sizeof(*expr->param));
	expr->param->references = 1;
	return expr;
}

void
expr_param_set(struct expr *expr, const struct value *value)
{
	struct param *param = expr->param;

	assert(expr->kind == EXPR_PARAM);
	assert(!param->is_set);
	param->value = value_own(value, &param->text);
	param->is_set = 1;
}

struct expr *
expr_and(struct expr *take_a, struct expr *take_b)
{
	struct expr *child[2] = { take_a, take_b };

	return expr_folded(expr_new_over(EXPR_AND, TYPE_BOOL, child, 2));
}

struct expr *
expr_or(struct expr *take_a, struct expr *take_b)
{
	struct expr *child[2] = { take_a, take_b };

	return expr_folded(expr_new_over(EXPR_OR, TYPE_BOOL, child, 2));
}

/* The type of a choice between two. */
static enum type
type_either(enum type a, enum type b)
{
	if (a == b || b == TYPE_NULL)
		return a;
	return a == TYPE_NULL ? b : TYPE_ANY;
}

struct expr *
expr_case(struct expr **take_arm, unsigned count)
{
	enum type type = TYPE_NULL;

	for (unsigned i = 1; i < count; i += 2)
		type = type_either(type, take_arm[i]->type);
	if (count % 2 == 1)
		type = type_either(type, take_arm[count - 1]->type);
	return expr_folded(expr_new_over(EXPR_CASE, type, take_arm, count));
}

struct expr *
expr_coalesce(struct expr *take_a, struct expr *take_b)
{
	struct expr *child[2] = { take_a, take_b };
	enum type type = type_either(take_a->type, take_b->type);

	return expr_folded(expr_new_over(EXPR_COALESCE, type, child, 2));
}

struct expr *
expr_try(struct expr *take_a)
{
	return expr_folded(expr_new_over(EXPR_TRY, take_a->type, &take_a, 1));
}

struct expr *
expr_member(struct expr *take_a, const char *name, size_t size)
{
	struct expr *expr = expr_new_over(EXPR_MEMBER, TYPE_ANY, &take_a, 1);

	expr->name = mem_alloc(size + 1);
	memcpy(expr->name, name, size);
	expr->name[size] = '\0';
	expr->name_size = size;
	return expr_folded(expr);
}

struct expr *
expr_index(struct expr *take_a, struct expr *take_index)
{
	struct expr *child[2] = { take_a, take_index };

	return expr_folded(expr_new_over(EXPR_INDEX, TYPE_ANY, child, 2));
}

struct expr *
expr_list(struct expr **take_item, unsigned count)
{
	return expr_folded(expr_new_over(EXPR_LIST, TYPE_LIST, take_item,
	    count));
}

/* A copy of the bytes as a text on the heap; mem_free what it points to. */
static struct text
text_own(const char *bytes, size_t size)
{
	if (size > TEXT_INLINE_MAX)
		bytes = mem_copy(bytes, size);
	return text_make(bytes, size);
}

struct expr *
expr_record(const char *const *names, struct expr **take_item, unsigned count)
{
	struct expr *expr = expr_new_over(EXPR_RECORD, TYPE_RECORD, take_item,
	    count);
	struct buf buf = { 0 };

	expr->key = mem_alloc((count + 1) * sizeof(*expr->key));
	for (unsigned i = 0; i < count; i++) {
		buf.size = 0;
		json_add_string(&buf, names[i], strlen(names[i]));
		buf_add_char(&buf, ':');
		expr->key[i] = text_own(buf.bytes, buf.size);
	}
	buf_fini(&buf);
	return expr_folded(expr);
}

void
expr_free(struct expr **address)
{
	struct expr *expr = *address;

	*address = NULL;
	if (expr == NULL)
		return;
	for (unsigned i = 0; i < expr->child_count; i++)
		expr_free(&expr->child[i]);
	mem_free(expr->child);
	mem_free(expr->text);
	mem_free(expr->name);
	for (unsigned i = 0; expr->key != NULL && i < expr->child_count; i++) {
		if (expr->key[i].size > TEXT_INLINE_MAX)
			mem_free((char *)(uintptr_t)expr->key[i].bytes);
	}
	mem_free(expr->key);
	call_plan_drop(&expr->plan);
	param_drop(&expr->param);
	filter_fast_free(&expr->fast);
	filter_order_free(&expr->order);
	schema_drop(&expr->schema);
	mem_free(expr);
}

struct expr *
expr_copy(const struct expr *source)
{
	struct expr *expr = mem_copy(source, sizeof(*source));

	expr->schema = NULL;
	expr->order = NULL;
	expr->index = -1;
	expr->value = value_own(&source->value, &expr->text);
	if (source->name != NULL)
		expr->name = mem_copy(source->name, source->name_size + 1);
	call_plan_hold(expr->plan);
	if (expr->param != NULL)
		expr->param->references++;
	unsigned count = expr->child_count;
	if (count > 0)
		expr->child = mem_alloc(count * sizeof(struct expr *));
	for (unsigned i = 0; i < count; i++)
		expr->child[i] = expr_copy(source->child[i]);
	if (source->key != NULL)
		expr->key = mem_alloc((count + 1) * sizeof(*expr->key));
	for (unsigned i = 0; source->key != NULL && i < count; i++) {
		expr->key[i] = text_own(text_bytes(&source->key[i]),
		    source->key[i].size);
	}
	expr->fast = expr->kind == EXPR_CALL ? filter_fast_new(expr) : NULL;
	return expr;
}

enum type
expr_type(const struct expr *expr)
{
	return expr->type;
}

const struct value *
expr_constant(const struct expr *expr)
{
	return expr->kind == EXPR_CONST ? &expr->value : NULL;
}

const char *
expr_field_name(const struct expr *expr)
{
	return expr->kind == EXPR_FIELD ? expr->name : NULL;
}

int
expr_is_volatile(const struct expr *expr)
{
	return expr->is_volatile;
}

void
expr_visit_fields(const struct expr *expr, expr_visit_f *visit, void *cookie)
{
	if (expr->kind == EXPR_FIELD)
		visit(cookie, expr->name);
	else if (expr->kind == EXPR_THIS)
		visit(cookie, NULL);
	for (unsigned i = 0; i < expr->child_count; i++)
		expr_visit_fields(expr->child[i], visit, cookie);
}

void
expr_visit_as(const struct expr *expr, enum func_want want,
	expr_visit_as_f *visit, void *cookie)
{
	int is_call = expr->kind == EXPR_CALL &&
	    !(expr->def->flags & FUNC_PEER);

	if (expr->kind == EXPR_FIELD)
		visit(cookie, expr->name, want);
	else if (expr->kind == EXPR_THIS)
		visit(cookie, NULL, FUNC_ANY);
	for (unsigned i = 0; i < expr->child_count; i++)
		expr_visit_as(expr->child[i], is_call ?
		    (enum func_want)expr->def->want[i < 4 ? i : 3] : FUNC_ANY,
		    visit, cookie);
}
