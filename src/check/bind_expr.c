/*
 * Expressions: from syntax to typed trees.
 *
 * One function per kind of node, called by the dispatch at the end.  Names are
 * looked up in the scope: $names among the bindings (a let, a parameter of fn
 * or op, an --arg), which are expanded in place; bare names among the fields
 * and the names of joined records.  The schema of an open source (JSON lines)
 * knows no wrong name; a closed one makes a misspelt field an error with the
 * nearest name.
 */
#include "check/check_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lang/guess.h"
#include "lang/pretty.h"
#include "util/buf.h"
#include "util/near.h"

int
text_is(struct ast_text text, const char *word)
{
	return text.bytes != NULL && strlen(word) == text.size &&
	    memcmp(text.bytes, word, text.size) == 0;
}

int
text_same(struct ast_text a, struct ast_text b)
{
	return a.bytes != NULL && b.bytes != NULL && a.size == b.size &&
	    memcmp(a.bytes, b.bytes, a.size) == 0;
}

const char *
bind_text(struct check *check, struct ast_text text)
{
	char *copy = region_alloc(check->flow->region, text.size + 1u);

	if (text.size > 0)
		memcpy(copy, text.bytes, text.size);
	copy[text.size] = '\0';
	return copy;
}

void *
bind_fail_at(struct check *check, struct ast_span span)
{
	struct err *err = check->err;

	if (!err->has_span && (err->kind == ERR_PROGRAM ||
	    err->kind == ERR_USAGE)) {
		err->kind = ERR_PROGRAM;
		err->has_span = 1;
		err->span_offset = span.offset;
		err->span_bytes = span.bytes;
	}
	return NULL;
}

int
bind_error(struct check *check, struct ast_span span, const char *format, ...)
{
	char message[sizeof(check->err->message)];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return err_set_at(check->err, span.offset, span.bytes, "%s", message);
}

struct scope
bind_scope(struct check *check, const struct stream *stream,
	const struct binding *binding)
{
	return (struct scope){
		.check = check, .schema = stream->schema,
		.alias = stream->alias, .alias_count = stream->alias_count,
		.binding = binding,
	};
}

int
scope_has_alias(const struct scope *scope, struct ast_text name)
{
	for (unsigned i = 0; i < scope->alias_count; i++)
		if (text_same(scope->alias[i], name))
			return 1;
	return 0;
}

/* Bind children; on failure those already bound are freed. */
static struct expr **
bind_all(const struct scope *scope, struct ast_expr *const *child,
	uint32_t count)
{
	struct expr **out = mem_alloc_zero((count + 1) * sizeof(*out));

	for (uint32_t i = 0; i < count; i++) {
		out[i] = bind_expr(scope, child[i]);
		if (out[i] != NULL)
			continue;
		while (i-- > 0)
			expr_free(&out[i]);
		mem_free(out);
		return NULL;
	}
	return out;
}

static struct expr *
bind_word(enum type type, int64_t integer)
{
	struct value value = { .type = type };

	if (type == TYPE_BOOL)
		value.cell.boolean = integer != 0;
	else
		value.cell.integer = integer;
	return expr_const(&value);
}

static struct expr *
bind_text_const(enum type type, const char *bytes, size_t size)
{
	struct value value = { .type = type };

	value.cell.text = text_make(bytes, size);
	return expr_const(&value);
}

static struct expr *
bind_float(double number)
{
	struct value value = { .type = TYPE_FLOAT };

	value.cell.number = number;
	return expr_const(&value);
}

/* A regex literal becomes a text constant with its flags inlined: (?i)... */
static struct expr *
bind_regex(const struct ast_expr *ast)
{
	struct buf buf = { 0 };

	if (ast->flags.size > 0)
		buf_add_format(&buf, "(?%.*s)", (int)ast->flags.size,
		    ast->flags.bytes);
	buf_add(&buf, ast->text.bytes, ast->text.size);
	struct expr *expr = bind_text_const(TYPE_TEXT, buf.bytes, buf.size);
	buf_fini(&buf);
	return expr;
}

static struct expr *
bind_unknown_var(const struct scope *scope, const struct ast_expr *ast)
{
	const char *names[64];
	size_t count = 0;

	for (const struct binding *binding = scope->binding;
	    binding != NULL && count < 64; binding = binding->next)
		names[count++] = bind_text(scope->check, binding->name);
	guess_unknown_var(ast, names, count, scope->check->err);
	return NULL;
}

static struct expr *
bind_var(const struct scope *scope, const struct ast_expr *ast)
{
	struct check *check = scope->check;
	const struct binding *binding = scope->binding;

	while (binding != NULL && !text_same(binding->name, ast->text))
		binding = binding->next;
	if (binding == NULL)
		return bind_unknown_var(scope, ast);
	if (binding->value != NULL)
		return bind_text_const(TYPE_RAW, binding->value,
		    strlen(binding->value));
	if (++check->depth > EXPANSION_DEPTH_MAX) {
		bind_error(check, ast->span, "$%.*s is made of itself",
		    (int)ast->text.size, ast->text.bytes);
		return NULL;
	}
	struct scope inner = *scope;
	inner.binding = binding->scope;
	struct expr *expr = bind_expr(&inner, binding->expr);
	check->depth--;
	return expr;
}

static struct expr *
bind_column(const struct scope *scope, const struct ast_expr *ast)
{
	const struct schema *schema = scope->schema;

	if (schema->open && (uint64_t)ast->integer > schema->field_count) {
		bind_error(scope->check, ast->span,
		    "columns have numbers only where a header is known");
		err_hint(scope->check->err, "name the field");
		return NULL;
	}
	if (ast->integer < 1 || (uint64_t)ast->integer > schema->field_count) {
		bind_error(scope->check, ast->span,
		    "there is no column $%lld: there are %u fields",
		    (long long)ast->integer, schema->field_count);
		return NULL;
	}
	const struct field *field = &schema->field[ast->integer - 1];
	return expr_field(field->name, field->name_size, field->type);
}

/* Names to search for the nearest; heap array of borrowed names. */
static const char *
nearest_field(const struct schema *schema, const char *name)
{
	const char **names = mem_alloc(
	    (schema->field_count + 1) * sizeof(*names));

	for (uint32_t i = 0; i < schema->field_count; i++)
		names[i] = schema->field[i].name;
	const char *near = near_name(name, names, schema->field_count);
	mem_free(names);
	return near;
}

static int
name_is_bare(const char *name)
{
	if (name[0] >= '0' && name[0] <= '9')
		return 0;
	for (; *name != '\0'; name++)
		if (!((*name >= 'a' && *name <= 'z') || *name == '_' ||
		    (*name >= 'A' && *name <= 'Z') ||
		    (*name >= '0' && *name <= '9')))
			return 0;
	return 1;
}

static struct expr *
bind_unknown_field(const struct scope *scope, const struct ast_expr *ast)
{
	const char *name = bind_text(scope->check, ast->text);
	const char *near = nearest_field(scope->schema, name);

	bind_error(scope->check, ast->span, "there is no field '%s'", name);
	if (near != NULL && name_is_bare(near))
		err_hint(scope->check->err, "did you mean %s?", near);
	else if (near != NULL)
		err_hint(scope->check->err, "did you mean `%s`?", near);
	else if (scope->schema->field_count > 0 &&
	    scope->schema->field_count <= 12) {
		struct buf buf = { 0 };
		for (uint32_t i = 0; i < scope->schema->field_count; i++)
			buf_add_format(&buf, "%s%s", i == 0 ? "" : ", ",
			    scope->schema->field[i].name);
		err_hint(scope->check->err, scope->schema->field_count == 1 ?
		    "the only field is %s" : "the fields are %s",
		    buf_string(&buf));
		buf_fini(&buf);
	}
	return NULL;
}

/* A joined record as a whole: null when none of its fields has a value. */
static struct expr *
bind_alias(const struct scope *scope, const struct ast_expr *ast)
{
	const struct schema *schema = scope->schema;
	uint32_t count = 0, prefix = ast->text.size + 1;

	/* Not all of its fields are known: it is put together per batch. */
	if (schema->open)
		return expr_field(ast->text.bytes, ast->text.size, TYPE_ANY);
	const char **names = mem_alloc((schema->field_count + 1) *
	    sizeof(*names));
	struct expr **parts = mem_alloc((schema->field_count + 1) *
	    sizeof(*parts));

	for (uint32_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->field[i];
		if (field->name_size <= prefix ||
		    field->name[prefix - 1] != '.' ||
		    memcmp(field->name, ast->text.bytes, prefix - 1) != 0)
			continue;
		names[count] = field->name + prefix;
		parts[count++] = expr_field(field->name, field->name_size,
		    field->type);
	}
	struct expr *any = NULL;
	for (uint32_t i = 0; i < count; i++) {
		struct expr *part = expr_copy(parts[i]);
		any = any == NULL ? part : expr_coalesce(any, part);
	}
	struct expr *record = expr_record(names, parts, count);
	mem_free(names);
	mem_free(parts);
	if (any == NULL)
		return record;
	struct expr **only = mem_alloc(sizeof(*only));
	only[0] = any;
	struct expr *is_null = bind_func(scope, "is_null", ast, only, 1);
	if (is_null == NULL) {
		expr_free(&record);
		return NULL;
	}
	struct value null = { .type = TYPE_NULL };
	struct expr *arm[3] = { is_null, expr_const(&null), record };
	return expr_case(arm, 3);
}

static struct expr *
bind_field(const struct scope *scope, const struct ast_expr *ast)
{
	int index = schema_find(scope->schema, ast->text.bytes,
	    ast->text.size);

	if (index < 0 && scope_has_alias(scope, ast->text))
		return bind_alias(scope, ast);
	if (index < 0 && !scope->schema->open && !scope->optional)
		return bind_unknown_field(scope, ast);
	if (scope->optional && index < 0)
		flow_add_optional(scope->check, ast->text);
	return expr_field(ast->text.bytes, ast->text.size,
	    index < 0 ? TYPE_ANY : scope->schema->field[index].type);
}

/* The dotted name of a.b.c made of plain names; 0 if it is something else. */
static int
member_path(const struct ast_expr *ast, struct buf *out)
{
	if (ast->kind == AST_FIELD) {
		buf_add(out, ast->text.bytes, ast->text.size);
		return 1;
	}
	if (ast->kind != AST_MEMBER || !member_path(ast->child[0], out))
		return 0;
	buf_add_char(out, '.');
	buf_add(out, ast->text.bytes, ast->text.size);
	return 1;
}

static struct expr *
bind_member(const struct scope *scope, const struct ast_expr *ast)
{
	struct buf path = { 0 };

	if (ast->child[0]->kind == AST_FIELD &&
	    text_same(ast->child[0]->text, scope->self))
		return bind_field(scope, ast);
	if (member_path(ast, &path)) {
		int index = schema_find(scope->schema, path.bytes, path.size);
		int of_alias = ast->child[0]->kind == AST_FIELD &&
		    scope_has_alias(scope, ast->child[0]->text);
		if (index >= 0 || (of_alias && scope->schema->open)) {
			struct expr *expr = expr_field(path.bytes, path.size,
			    index < 0 ? TYPE_ANY :
			    scope->schema->field[index].type);
			buf_fini(&path);
			return expr;
		}
		if (of_alias && !scope->optional) {
			struct ast_expr whole = *ast;
			whole.text = (struct ast_text){ buf_string(&path),
				(uint32_t)path.size };
			bind_unknown_field(scope, &whole);
			buf_fini(&path);
			return NULL;
		}
	}
	buf_fini(&path);
	struct expr *child = bind_expr(scope, ast->child[0]);
	if (child == NULL)
		return NULL;
	return expr_member(child, ast->text.bytes, ast->text.size);
}

static struct expr *
bind_index(const struct scope *scope, const struct ast_expr *ast)
{
	struct expr *child = bind_expr(scope, ast->child[0]);
	struct expr *index;

	if (child == NULL)
		return NULL;
	index = bind_expr(scope, ast->child[1]);
	if (index == NULL) {
		expr_free(&child);
		return NULL;
	}
	return expr_index(child, index);
}

static struct expr *
bind_optional(const struct scope *scope, const struct ast_expr *ast)
{
	struct scope inner = *scope;

	inner.optional = 1;
	return bind_expr(&inner, ast->child[0]);
}

static const char *
binary_func(enum ast_op op)
{
	switch (op) {
	case AST_OP_EQ: return "eq";
	case AST_OP_NE: return "ne";
	case AST_OP_LT: return "lt";
	case AST_OP_LE: return "le";
	case AST_OP_GT: return "gt";
	case AST_OP_GE: return "ge";
	case AST_OP_MATCH: return "match";
	case AST_OP_NOT_MATCH: return "not_match";
	case AST_OP_ADD: return "add";
	case AST_OP_SUB: return "sub";
	case AST_OP_MUL: return "mul";
	case AST_OP_DIV: return "div";
	case AST_OP_INT_DIV: return "int_div";
	case AST_OP_MOD: return "mod";
	default: return NULL;
	}
}

/* `a-b` where the field is called "a-b": say so instead of "no field 'a'". */
static void
hint_dashed_field(const struct scope *scope, const struct ast_expr *ast)
{
	const struct ast_expr *a = ast->child[0], *b = ast->child[1];
	struct buf name = { 0 };

	if (ast->op != AST_OP_SUB || a->kind != AST_FIELD ||
	    b->kind != AST_FIELD)
		return;
	buf_add(&name, a->text.bytes, a->text.size);
	buf_add_char(&name, '-');
	buf_add(&name, b->text.bytes, b->text.size);
	if (schema_find(scope->schema, name.bytes, name.size) >= 0) {
		scope->check->err->hint[0] = '\0';
		err_hint(scope->check->err,
		    "a field with a dash stands in backticks: `%s`",
		    buf_string(&name));
	}
	buf_fini(&name);
}

/* `a == null` is null for every a: nobody means that. */
static int
refuse_null(const struct scope *scope, const struct ast_expr *ast)
{
	if ((ast->op != AST_OP_EQ && ast->op != AST_OP_NE) ||
	    (ast->child[0]->kind != AST_NULL &&
	    ast->child[1]->kind != AST_NULL))
		return 0;
	bind_error(scope->check, ast->span, "a comparison with null is null, "
	    "neither true nor false");
	return err_hint(scope->check->err, "write: x is %snull",
	    ast->op == AST_OP_NE ? "not " : "");
}

static struct expr *
bind_binary(const struct scope *scope, const struct ast_expr *ast)
{
	if (refuse_null(scope, ast) != 0)
		return NULL;
	struct expr **arg = bind_all(scope, ast->child, 2);
	if (arg == NULL) {
		hint_dashed_field(scope, ast);
		return NULL;
	}
	struct expr *a = arg[0], *b = arg[1];
	const char *func = binary_func(ast->op);
	struct expr *expr;
	if (ast->op == AST_OP_AND)
		expr = expr_and(a, b);
	else if (ast->op == AST_OP_OR)
		expr = expr_or(a, b);
	else if (ast->op == AST_OP_COALESCE)
		expr = expr_coalesce(a, b);
	else
		return bind_func(scope, func, ast, arg, 2);
	mem_free(arg);
	return expr;
}

static struct expr *
bind_one(const struct scope *scope, const char *func,
	const struct ast_expr *ast)
{
	struct expr **arg = bind_all(scope, ast->child, 1);

	return arg == NULL ? NULL : bind_func(scope, func, ast, arg, 1);
}

static struct expr *
bind_not(const struct scope *scope, const struct ast_expr *ast,
	struct expr *take_expr)
{
	struct expr **arg = mem_alloc(sizeof(*arg));

	arg[0] = take_expr;
	return bind_func(scope, "not", ast, arg, 1);
}

static struct expr *
bind_is_null(const struct scope *scope, const struct ast_expr *ast)
{
	struct expr *expr = bind_one(scope, "is_null", ast);

	if (expr != NULL && ast->negated)
		return bind_not(scope, ast, expr);
	return expr;
}

static struct expr *
bind_in(const struct scope *scope, const struct ast_expr *ast)
{
	const struct ast_expr *set = ast->child[1];
	struct ast_expr *child[3] = { ast->child[0], ast->child[1] };
	uint32_t count = 2;

	if (set->kind == AST_RANGE) {
		child[1] = set->child[0];
		child[2] = set->child[1];
		count = 3;
	}
	struct expr **arg = bind_all(scope, child, count);
	if (arg == NULL)
		return NULL;
	struct expr *expr = bind_func(scope, count == 3 ? "between" : "in_list",
	    ast, arg, count);
	if (expr != NULL && ast->negated)
		return bind_not(scope, ast, expr);
	return expr;
}

static struct expr *
bind_list(const struct scope *scope, const struct ast_expr *ast)
{
	struct expr **item = bind_all(scope, ast->child, ast->child_count);

	if (item == NULL)
		return NULL;
	struct expr *expr = expr_list(item, ast->child_count);
	mem_free(item);
	return expr;
}

static struct expr *
bind_record(const struct scope *scope, const struct ast_expr *ast)
{
	uint32_t count = ast->items.count;
	const char **names = mem_alloc((count + 1) * sizeof(*names));
	struct ast_expr **child = mem_alloc((count + 1) * sizeof(*child));
	struct expr *expr = NULL;

	for (uint32_t i = 0; i < count; i++) {
		names[i] = bind_item_name(scope->check, &ast->items.item[i]);
		child[i] = ast->items.item[i].expr;
	}
	struct expr **item = bind_all(scope, child, count);
	if (item != NULL)
		expr = expr_record(names, item, count);
	mem_free(item);
	mem_free(names);
	mem_free(child);
	return expr;
}

static struct expr *
bind_case(const struct scope *scope, const struct ast_expr *ast)
{
	struct expr **arm = bind_all(scope, ast->child, ast->child_count);

	if (arm == NULL)
		return NULL;
	struct expr *expr = expr_case(arm, ast->child_count);
	mem_free(arm);
	return expr;
}

static struct expr *
bind_piece(const struct scope *scope, const struct ast_expr *ast,
	const struct ast_piece *piece)
{
	if (piece->expr == NULL)
		return bind_text_const(TYPE_TEXT, piece->text.bytes,
		    piece->text.size);
	struct expr *value = bind_expr(scope, piece->expr);
	if (value == NULL)
		return NULL;
	struct expr **arg = mem_alloc(2 * sizeof(*arg));
	arg[0] = value;
	arg[1] = bind_text_const(TYPE_TEXT,
	    piece->format.bytes == NULL ? "" : piece->format.bytes,
	    piece->format.size);
	return bind_func(scope, scope->path ? "path_hole" : "format_hole", ast,
	    arg, 2);
}

/* f"..." is concat of its pieces. */
static struct expr *
bind_fstring(const struct scope *scope, const struct ast_expr *ast)
{
	uint32_t count = ast->piece_count;
	struct expr **piece = mem_alloc((count + 1) * sizeof(*piece));

	for (uint32_t i = 0; i < count; i++) {
		piece[i] = bind_piece(scope, ast, &ast->piece[i]);
		if (piece[i] != NULL)
			continue;
		while (i-- > 0)
			expr_free(&piece[i]);
		mem_free(piece);
		return NULL;
	}
	if (count > 0)
		return bind_func(scope, "concat", ast, piece, count);
	mem_free(piece);
	return bind_text_const(TYPE_TEXT, "", 0);
}

/* ( from ... ) as a value: compiled beside, run before. */
static struct expr *
bind_scalar(const struct scope *scope, const struct ast_expr *ast)
{
	struct check *check = scope->check;
	uint32_t shared_before = check->shared_count;
	struct stream stream = { 0 };

	check->in_scalar++;
	int status = bind_pipeline(check, scope->binding, ast->pipeline,
	    &stream);
	check->in_scalar--;
	if (status != 0)
		return NULL;
	if (stream.ended || (!stream.schema->open &&
	    stream.schema->field_count != 1)) {
		bind_error(check, ast->span,
		    "a pipeline used as a value must give one field");
		return NULL;
	}
	struct expr *param = expr_param(stream.schema->open ? TYPE_ANY :
	    stream.schema->field[0].type);
	flow_add_scalar(check, &stream, param,
	    check->shared_count > shared_before);
	return param;
}

struct expr *
bind_expr(const struct scope *scope, const struct ast_expr *ast)
{
	switch (ast->kind) {
	case AST_INT: return bind_word(TYPE_INT, ast->integer);
	case AST_SIZE: return bind_word(TYPE_INT, ast->integer);
	case AST_FLOAT: return bind_float(ast->number);
	case AST_STRING: return bind_text_const(TYPE_TEXT, ast->text.bytes,
		    ast->text.size);
	case AST_FSTRING: return bind_fstring(scope, ast);
	case AST_REGEX: return bind_regex(ast);
	case AST_DURATION: return bind_word(TYPE_DURATION, ast->integer);
	case AST_TIME: return bind_word(TYPE_TIME, ast->integer);
	case AST_BOOL: return bind_word(TYPE_BOOL, ast->integer);
	case AST_NULL: return bind_word(TYPE_NULL, 0);
	case AST_VAR: return bind_var(scope, ast);
	case AST_COLUMN: return bind_column(scope, ast);
	case AST_FIELD: return bind_field(scope, ast);
	case AST_THIS: return expr_this();
	case AST_CALL: return bind_call(scope, ast);
	case AST_MEMBER: return bind_member(scope, ast);
	case AST_INDEX: return bind_index(scope, ast);
	case AST_OPTIONAL: return bind_optional(scope, ast);
	case AST_UNARY: return bind_one(scope,
		    ast->op == AST_OP_NEG ? "neg" : "not", ast);
	case AST_BINARY: return bind_binary(scope, ast);
	case AST_IS_NULL: return bind_is_null(scope, ast);
	case AST_IN: return bind_in(scope, ast);
	case AST_LIST: return bind_list(scope, ast);
	case AST_RECORD: return bind_record(scope, ast);
	case AST_CASE: return bind_case(scope, ast);
	case AST_PIPELINE: return bind_scalar(scope, ast);
	case AST_RANGE:
		bind_error(scope->check, ast->span,
		    "a range stands only behind `in`");
		return NULL;
	case AST_STAR:
		bind_error(scope->check, ast->span,
		    "* stands for all fields, only in select");
		return NULL;
	}
	return NULL;
}

const char *
bind_item_name(struct check *check, const struct ast_item *item)
{
	const struct ast_expr *expr = item->expr;
	struct buf buf = { 0 };

	if (item->name.bytes != NULL)
		return bind_text(check, item->name);
	while (expr->kind == AST_OPTIONAL)
		expr = expr->child[0];
	if (expr->kind == AST_FIELD || expr->kind == AST_MEMBER ||
	    expr->kind == AST_CALL || expr->kind == AST_VAR)
		return bind_text(check, expr->text);
	if (expr->kind == AST_THIS)
		return "this";
	pretty_expr(expr, &buf);
	const char *name = bind_text(check, (struct ast_text){
		buf_string(&buf), (uint32_t)buf.size });
	buf_fini(&buf);
	return name;
}

/* A scope that has no fields: for options, limits, defaults. */
static struct expr *
bind_in_empty_scope(struct check *check, const struct binding *binding,
	const struct ast_expr *ast)
{
	struct schema *none = schema_new();
	struct scope scope = {
		.check = check, .schema = none, .binding = binding,
	};
	struct expr *expr = bind_expr(&scope, ast);

	schema_drop(&none);
	return expr;
}

const struct value *
bind_constant(struct check *check, const struct binding *binding,
	const struct ast_expr *ast)
{
	/* types={id: int}: bare type names stand for themselves. */
	struct expr *expr = bind_in_empty_scope(check, binding, ast);
	if (expr == NULL)
		return NULL;
	const struct value *constant = expr_constant(expr);
	if (constant == NULL) {
		bind_error(check, ast->span, "a constant is expected here");
		expr_free(&expr);
		return NULL;
	}
	struct value *copy = region_copy(check->flow->region, constant,
	    sizeof(*constant));
	if (type_is_textual(copy->type)) {
		size_t size = copy->cell.text.size;
		copy->cell.text = text_make(region_copy(check->flow->region,
		    text_bytes(&constant->cell.text), size), size);
	}
	expr_free(&expr);
	return copy;
}

int
bind_limit(struct check *check, const struct binding *binding,
	const struct ast_expr *ast, int64_t fallback, int64_t *out)
{
	*out = fallback;
	if (ast == NULL)
		return 0;
	const struct value *value = bind_constant(check, binding, ast);
	if (value == NULL)
		return -1;
	struct value settled = value_settle(value);
	if (settled.type != TYPE_INT || settled.cell.integer < 0)
		return bind_error(check, ast->span,
		    "a whole number of rows is expected here");
	*out = settled.cell.integer;
	return 0;
}
