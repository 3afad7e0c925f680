/*
 * The fields of the joined record, for the schemas that come at run time.
 *
 * With a name for the joined record its fields are called "name.field" and can
 * hardly meet a left one.  Without, fields merge: of a key that both have, the
 * left value is taken (they are equal), and the right one where there is no
 * left record.  Another field that both schemas have is no clash yet: in JSON
 * lines a field may be known on both sides because somebody asked for it, and
 * be in one.  Such columns are merged row by row; a row with two values is the
 * clash.
 *
 * The same names, the other way round, say which fields are needed of each
 * side.
 */
#include "op/join_priv.h"

#include <string.h>

#include "op/join.h"
#include "util/buf.h"

/* Is it a key of the same name on both sides? */
static int
name_is_key(const struct op *op, const char *name)
{
	for (uint32_t i = 0; i < op->args.on_count; i++) {
		const char *left = expr_field_name(op->args.on_left[i]);
		const char *right = expr_field_name(op->args.on_right[i]);
		if (left != NULL && right != NULL && strcmp(left, right) == 0 &&
		    strcmp(left, name) == 0)
			return 1;
	}
	return 0;
}

void
join_layout_free(struct join_layout *layout)
{
	schema_drop(&layout->left);
	schema_drop(&layout->right);
	schema_drop(&layout->out);
	mem_free(layout->column);
	layout->column = NULL;
}

/* The place of a right field in the joined record. */
static int
layout_find(const struct op *op, const struct schema *out,
	const struct field *field)
{
	struct buf name = { 0 };

	if (op->args.as == NULL)
		return schema_find(out, field->name, field->name_size);
	buf_add_format(&name, "%s.", op->args.as);
	buf_add(&name, field->name, field->name_size);
	int index = schema_find(out, name.bytes, name.size);
	buf_fini(&name);
	return index;
}

void
join_layout_set(struct join_layout *layout, const struct op *op,
	struct schema *left, struct schema *right)
{
	const char *clash;

	if (layout->left == left && layout->right == right)
		return;
	join_layout_free(layout);
	layout->merges = 0;
	layout->left = schema_hold(left);
	layout->right = schema_hold(right);
	layout->out = join_schema(left, right, op->args.as, NULL, 0, &clash);
	layout->column = mem_alloc((layout->out->field_count + 1) *
	    sizeof(*layout->column));
	for (uint32_t i = 0; i < layout->out->field_count; i++)
		layout->column[i] = (struct join_column){
			.left = i < left->field_count ? (int)i : -1,
			.right = -1,
		};
	for (uint32_t i = 0; i < right->field_count; i++) {
		const struct field *field = &right->field[i];
		int at = layout_find(op, layout->out, field);
		struct join_column *column = &layout->column[at];
		column->right = (int)i;
		column->is_key = op->args.as == NULL &&
		    name_is_key(op, field->name);
		layout->merges |= column->left >= 0 && !column->is_key;
	}
}

/* Is there no value at all? */
static int
column_is_empty(const struct column *column, uint32_t count)
{
	struct text text;

	if (column->encoding == CONST)
		count = count > 0;
	for (uint32_t i = 0; i < count; i++) {
		if (column->type == TYPE_NULL ||
		    !column_row_is_valid(column, i))
			continue;
		if (column->type != TYPE_RAW_JSON)
			return 0;
		text = column_row_text(column, i);
		if (text.size > 0)
			return 0;
	}
	return 1;
}

int
join_merge(const struct op *op, const char *name, const struct column *left,
	const struct column *right, uint32_t count, struct region *region,
	struct column *out, struct err *err)
{
	struct builder builder = { 0 };
	int status = 0;

	if (column_is_empty(left, count) || column_is_empty(right, count)) {
		*out = column_is_empty(left, count) ? *right : *left;
		return 0;
	}
	for (uint32_t i = 0; i < count && status == 0; i++) {
		struct value a = column_value(left, i, region);
		struct value b = column_value(right, i, region);
		if (a.type <= TYPE_MISSING) {
			builder_add(&builder, b.type == TYPE_MISSING ? &a : &b);
		} else if (b.type <= TYPE_MISSING) {
			builder_add(&builder, &a);
		} else {
			err_set_at(err, op->args.span_offset,
			    op->args.span_bytes,
			    "both records have a field '%s'", name);
			status = err_hint(err, "put the joined record under a "
			    "name: join ... as u on ..., then u.%s", name);
		}
	}
	if (status == 0)
		builder_finish(&builder, region, out);
	builder_fini(&builder);
	return status;
}

/* Is a field of the joined record the right one's?  Its name there, or NULL. */
static const char *
right_name(const struct op *op, const char *name)
{
	if (op->args.as == NULL)
		return name;
	size_t size = strlen(op->args.as);
	return strncmp(name, op->args.as, size) == 0 && name[size] == '.' ?
	    name + size + 1 : NULL;
}

/* May a record of the schema have the field? */
static int
schema_may_have(const struct schema *schema, const char *name)
{
	return schema->open || schema_find(schema, name, strlen(name)) >= 0;
}

/* Is it the name of a record joined before, as a whole? */
static int
schema_has_qualifier(const struct schema *schema, const char *name)
{
	size_t size = strlen(name);

	for (uint32_t i = 0; i < schema->field_count; i++)
		if (schema->field[i].qualifier_size == size &&
		    memcmp(schema->field[i].name, name, size) == 0)
			return 1;
	return 0;
}

static void
need_name_of(const struct op *op, const struct need_set *names,
	const char *name, unsigned port, struct need_set *in)
{
	const char *right = right_name(op, name);
	int is_whole = op->args.as != NULL && strcmp(name, op->args.as) == 0;

	if (port == 0) {
		/* A left field may have such a name all the same. */
		int is_right = is_whole || (op->args.as != NULL &&
		    right != NULL);
		if (schema_find(op->in[0], name, strlen(name)) >= 0 ||
		    schema_has_qualifier(op->in[0], name) ||
		    (op->in[0]->open && !is_right))
			need_add(in, name);
	} else if (is_whole) {
		need_all(in);
	} else if (right != NULL && schema_may_have(op->in[1], right)) {
		need_add_like(in, right, names, name);
	}
}

void
join_need_fields(const struct op *op, const struct need_set *wish,
	unsigned port, struct need_set *in)
{
	struct need_set *names = need_set_new();

	/* Half a join gives none of the right fields. */
	if (port == 0 || !join_is_half(op))
		need_copy(names, wish);
	need_add_expr(names, op->args.residual);
	if (need_is_all(names))
		need_all(in);
	for (uint32_t i = 0; i < need_count(names); i++)
		need_name_of(op, names, need_name(names, i), port, in);
	need_set_free(&names);
}

/* Is one name the other, or the record that the other is a field of? */
static int
names_meet(const char *a, const char *b)
{
	size_t size = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	return strncmp(a, b, size) == 0 && (a[size] == '\0' ||
	    a[size] == '.') && (b[size] == '\0' || b[size] == '.');
}

int
join_is_needed(const struct need_set *wish, const char *field)
{
	if (need_is_all(wish) || need_has(wish, field))
		return 1;
	for (uint32_t i = 0; i < need_count(wish); i++)
		if (names_meet(need_name(wish, i), field))
			return 1;
	return 0;
}
