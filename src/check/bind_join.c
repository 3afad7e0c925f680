/*
 * Joins: which side does each condition read?
 *
 * The conditions behind `on` are taken apart at `and`.  An equality with one
 * side of this record only and the other of the joined one only is a key pair;
 * a bare field is one of the same name on both sides; `true` is nothing (the
 * cross product); everything else is left over (`residual`) and is asked of the
 * pairs that the keys find.  Of an asof join one comparison says which times
 * are compared.
 */
#include "check/check_priv.h"

#include <string.h>

#include "op/join.h"

struct join_bind {
	struct check *check;
	const struct ast_stage *ast;
	struct scope left;
	struct scope right;	/* self: the joined record's name */
	struct op *op;
	const struct ast_expr **residual;
	uint32_t residual_count;
	const char **merged;	/* names of keys that both sides have */
	unsigned merged_count;
};

enum { READS_LEFT = 1, READS_RIGHT = 2 };

static unsigned reads_sides(const struct join_bind *, const struct ast_expr *);

static unsigned
reads_children(const struct join_bind *join, const struct ast_expr *ast)
{
	unsigned sides = 0;

	for (uint32_t i = 0; i < ast->child_count; i++)
		sides |= reads_sides(join, ast->child[i]);
	for (uint32_t i = 0; i < ast->args.count; i++)
		sides |= reads_sides(join, ast->args.arg[i].expr);
	for (uint32_t i = 0; i < ast->items.count; i++)
		sides |= reads_sides(join, ast->items.item[i].expr);
	for (uint32_t i = 0; i < ast->piece_count; i++)
		if (ast->piece[i].expr != NULL)
			sides |= reads_sides(join, ast->piece[i].expr);
	return sides;
}

/* Which records does an expression read? */
static unsigned
reads_sides(const struct join_bind *join, const struct ast_expr *ast)
{
	if (ast->kind == AST_THIS)
		return READS_LEFT;
	if (ast->kind != AST_FIELD)
		return reads_children(join, ast);
	if (join->ast->name.bytes != NULL)
		return text_same(ast->text, join->ast->name) ? READS_RIGHT :
		    READS_LEFT;
	int in_left = schema_find(join->left.schema, ast->text.bytes,
	    ast->text.size) >= 0;
	int in_right = schema_find(join->right.schema, ast->text.bytes,
	    ast->text.size) >= 0;
	if (in_left == in_right)
		return READS_LEFT | READS_RIGHT;
	return in_left ? READS_LEFT : READS_RIGHT;
}

static int
join_add_pair(struct join_bind *join, const struct ast_expr *left,
	const struct ast_expr *right)
{
	struct op_args *args = &join->op->args;
	struct expr *a = bind_expr(&join->left, left);
	struct expr *b = a == NULL ? NULL : bind_expr(&join->right, right);

	if (b == NULL) {
		expr_free(&a);
		return -1;
	}
	args->on_left = mem_resize(args->on_left,
	    (args->on_count + 1) * sizeof(*args->on_left));
	args->on_right = mem_resize(args->on_right,
	    (args->on_count + 1) * sizeof(*args->on_right));
	args->on_left[args->on_count] = a;
	args->on_right[args->on_count++] = b;
	const char *name = expr_field_name(a), *same = expr_field_name(b);
	if (name != NULL && same != NULL && strcmp(name, same) == 0) {
		join->merged = mem_resize(join->merged,
		    (join->merged_count + 1) * sizeof(*join->merged));
		join->merged[join->merged_count++] = name;
	}
	return 0;
}

/*
 * asof: is it a comparison of both sides' times, the other's not after this
 * one's?  *left, *right are what it compares.
 */
static int
join_is_order(const struct join_bind *join, const struct ast_expr *ast,
	const struct ast_expr **left, const struct ast_expr **right)
{
	if (join->ast->join != AST_JOIN_ASOF || ast->kind != AST_BINARY)
		return 0;
	int is_up = ast->op == AST_OP_GE || ast->op == AST_OP_GT;
	if (!is_up && ast->op != AST_OP_LE && ast->op != AST_OP_LT)
		return 0;
	*left = ast->child[is_up ? 0 : 1];
	*right = ast->child[is_up ? 1 : 0];
	return (reads_sides(join, *left) & READS_LEFT) != 0 &&
	    (reads_sides(join, *right) & READS_RIGHT) != 0;
}

static int
join_add_order(struct join_bind *join, const struct ast_expr *ast,
	const struct ast_expr *left, const struct ast_expr *right)
{
	struct op_args *args = &join->op->args;

	if (args->asof_left != NULL)
		return bind_error(join->check, ast->span,
		    "an asof join compares one time of each record");
	args->asof_left = bind_expr(&join->left, left);
	args->asof_right = args->asof_left == NULL ? NULL :
	    bind_expr(&join->right, right);
	args->asof_strict = ast->op == AST_OP_GT || ast->op == AST_OP_LT;
	return args->asof_right == NULL ? -1 : 0;
}

static int
join_add_condition(struct join_bind *join, const struct ast_expr *ast)
{
	const struct ast_expr *left, *right;

	if (ast->kind == AST_BOOL && ast->integer)
		return 0;
	if (ast->kind == AST_BINARY && ast->op == AST_OP_AND)
		return join_add_condition(join, ast->child[0]) != 0 ? -1 :
		    join_add_condition(join, ast->child[1]);
	if (ast->kind == AST_FIELD &&
	    !text_same(ast->text, join->ast->name))
		return join_add_pair(join, ast, ast);
	if (join_is_order(join, ast, &left, &right))
		return join_add_order(join, ast, left, right);
	if (ast->kind == AST_BINARY && ast->op == AST_OP_EQ) {
		unsigned a = reads_sides(join, ast->child[0]);
		unsigned b = reads_sides(join, ast->child[1]);
		const unsigned both = READS_LEFT | READS_RIGHT;
		/* Without a name, the first side is this record's. */
		if ((a == READS_LEFT && b == READS_RIGHT) ||
		    (a == both && b == READS_RIGHT) ||
		    (a == READS_LEFT && b == both) ||
		    (join->ast->name.bytes == NULL && a == both && b == both))
			return join_add_pair(join, ast->child[0],
			    ast->child[1]);
		if (a == READS_RIGHT && (b == READS_LEFT || b == both))
			return join_add_pair(join, ast->child[1],
			    ast->child[0]);
	}
	join->residual = mem_resize(join->residual,
	    (join->residual_count + 1) * sizeof(*join->residual));
	join->residual[join->residual_count++] = ast;
	return 0;
}

/* Is some condition about the joined record, or that all pairs are meant? */
static int
join_is_meant(const struct join_bind *join)
{
	const struct ast_stage *ast = join->ast;

	for (uint32_t i = 0; i < ast->on_count; i++)
		if ((ast->on[i]->kind == AST_BOOL && ast->on[i]->integer) ||
		    (reads_sides(join, ast->on[i]) & READS_RIGHT) != 0)
			return 1;
	return join->op->args.on_count > 0;
}

/* The field of an equality that is one of the joined record too; or NULL. */
static const struct ast_expr *
join_field_meant(const struct join_bind *join, const struct ast_expr *ast)
{
	for (uint32_t i = 2; i-- > 0;) {
		const struct ast_expr *field = ast->child[i];
		if (field->kind == AST_FIELD &&
		    (join->right.schema->open ||
		    schema_find(join->right.schema, field->text.bytes,
		    field->text.size) >= 0))
			return field;
	}
	return NULL;
}

/*
 * An equality between fields of this record alone, where a key is missing or
 * both are the same, was meant to be one with the joined record.
 */
static int
join_check_equality(struct join_bind *join, const struct ast_expr *ast)
{
	const struct ast_text as = join->ast->name;
	struct err *err = join->check->err;

	if (as.bytes == NULL || ast->kind != AST_BINARY ||
	    ast->op != AST_OP_EQ ||
	    reads_sides(join, ast->child[0]) != READS_LEFT ||
	    reads_sides(join, ast->child[1]) != READS_LEFT)
		return 0;
	int is_same = ast->child[0]->kind == AST_FIELD &&
	    ast->child[1]->kind == AST_FIELD &&
	    text_same(ast->child[0]->text, ast->child[1]->text);
	if (!is_same && join_is_meant(join))
		return 0;
	bind_error(join->check, ast->span, "both sides of this equality are "
	    "of the record before the join");
	const struct ast_expr *meant = join_field_meant(join, ast);
	if (meant == NULL)
		return err_hint(err, "name the joined record's field: "
		    "%.*s.FIELD", (int)as.size, as.bytes);
	const struct ast_expr *other = ast->child[meant == ast->child[0]];
	if (other->kind != AST_FIELD)
		return err_hint(err, "name the joined record's field: "
		    "%.*s.%.*s", (int)as.size, as.bytes,
		    (int)meant->text.size, meant->text.bytes);
	return err_hint(err, "write: %.*s == %.*s.%.*s",
	    (int)other->text.size, other->text.bytes, (int)as.size, as.bytes,
	    (int)meant->text.size, meant->text.bytes);
}

/* The left-over conditions over the joined record. */
static int
join_bind_residual(struct join_bind *join, const struct schema *joined)
{
	struct scope scope = join->left;
	struct ast_text alias[ALIASES_MAX + 1];

	for (uint32_t i = 0; i < join->residual_count; i++)
		if (join_check_equality(join, join->residual[i]) != 0)
			return -1;
	memcpy(alias, scope.alias, scope.alias_count * sizeof(*alias));
	if (join->ast->name.bytes != NULL)
		alias[scope.alias_count++] = join->ast->name;
	scope.alias = alias;
	scope.schema = joined;
	for (uint32_t i = 0; i < join->residual_count; i++) {
		struct expr *expr = bind_expr(&scope, join->residual[i]);
		if (expr == NULL)
			return -1;
		join->op->args.residual = join->op->args.residual == NULL ?
		    expr : expr_and(join->op->args.residual, expr);
	}
	return 0;
}

/* asof: keys, one time of each side, and nothing else. */
static int
join_check_asof(struct join_bind *join, const struct binding *binding)
{
	const struct ast_stage *ast = join->ast;
	struct op_args *args = &join->op->args;

	args->within_us = INT64_MAX;
	if (ast->join != AST_JOIN_ASOF)
		return 0;
	if (args->asof_left == NULL) {
		bind_error(join->check, ast->span,
		    "an asof join needs the times of both records");
		return err_hint(join->check->err, "compare them in its "
		    "condition: on KEY == u.KEY, TIME >= u.TIME");
	}
	if (join->residual_count > 0)
		return bind_error(join->check, join->residual[0]->span,
		    "an asof join takes equalities and one `>=`");
	return ast->within == NULL ? 0 : bind_duration(join->check, binding,
	    ast->within, "`within`", &args->within_us);
}

static int
join_conditions(struct join_bind *join, const struct binding *binding)
{
	const struct ast_stage *ast = join->ast;
	const char *clash = NULL;

	for (uint32_t i = 0; i < ast->on_count; i++)
		if (join_add_condition(join, ast->on[i]) != 0)
			return -1;
	if (join_check_asof(join, binding) != 0)
		return -1;
	struct schema *joined = join_schema(join->left.schema,
	    join->right.schema, join->op->args.as, join->merged,
	    join->merged_count, &clash);
	int status = 0;
	if (clash != NULL && ast->join != AST_JOIN_SEMI &&
	    ast->join != AST_JOIN_ANTI) {
		bind_error(join->check, ast->span,
		    "both records have a field '%s'", clash);
		status = err_hint(join->check->err, "put the joined record "
		    "under a name: join ... as u on ..., then u.%s", clash);
	}
	if (status == 0)
		status = join_bind_residual(join, joined);
	schema_drop(&joined);
	return status;
}

int
bind_join(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast)
{
	struct stream other = { 0 };

	if (ast->join != AST_JOIN_ASOF && ast->within != NULL)
		return bind_error(check, ast->span, "`within` is part of the "
		    "language, but this version cannot run it yet");
	if (stream->alias_count == ALIASES_MAX)
		return bind_error(check, ast->span,
		    "more than %d joined records", ALIASES_MAX);
	struct op *op = flow_add_op(check, "join", ast);
	op->input_count = 2;
	op->args.join = (enum op_join)ast->join;
	if (ast->name.bytes != NULL)
		op->args.as = bind_text(check, ast->name);
	if (bind_rel(check, binding, &ast->rel, &other) != 0)
		return -1;
	if (other.is_live)
		return bind_error(check, ast->span, "joining an input that "
		    "never ends is part of the language, but this version "
		    "cannot do it yet");
	op->in[1] = schema_hold(other.schema);
	stream_connect(&other, op, 1);
	struct join_bind join = {
		.check = check, .ast = ast, .op = op,
		.left = bind_scope(check, stream, binding),
		.right = bind_scope(check, &other, binding),
	};
	join.right.self = ast->name;
	/* What waits in front of a join does not hold the other side. */
	int is_alone = check->scalar_is_alone;
	check->scalar_is_alone = 1;
	int status = join_conditions(&join, binding);
	check->scalar_is_alone = is_alone;
	mem_free(join.residual);
	mem_free(join.merged);
	if (status != 0 || stream_append(check, stream, op) != 0)
		return -1;
	if (ast->name.bytes != NULL && ast->join != AST_JOIN_SEMI &&
	    ast->join != AST_JOIN_ANTI)
		stream->alias[stream->alias_count++] = ast->name;
	return 0;
}
