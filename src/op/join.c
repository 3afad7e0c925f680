/*
 * The fields of joined records, as the checker and op_join see them.
 */
#include "op/join.h"

#include <string.h>

#include "util/buf.h"

static int
name_is_merged(const struct field *field, const char *const *merged,
	unsigned merged_count)
{
	for (unsigned i = 0; i < merged_count; i++)
		if (strlen(merged[i]) == field->name_size &&
		    memcmp(merged[i], field->name, field->name_size) == 0)
			return 1;
	return 0;
}

/* Append a field that may be of a joined record before. */
static void
schema_add_field(struct schema *schema, const struct field *field)
{
	uint32_t index = schema_add(schema, field->name, field->name_size,
	    field->type);

	schema->field[index].qualifier_size = field->qualifier_size;
}

static void
schema_add_qualified(struct schema *schema, const char *as,
	const struct field *field, const char **clash)
{
	struct buf name = { 0 };

	buf_add_format(&name, "%s.", as);
	buf_add(&name, field->name, field->name_size);
	if (schema_find(schema, name.bytes, name.size) >= 0) {
		*clash = field->name;
	} else {
		uint32_t index = schema_add(schema, name.bytes, name.size,
		    field->type);
		schema->field[index].qualifier_size = (uint32_t)strlen(as);
	}
	buf_fini(&name);
}

struct schema *
join_schema(const struct schema *left, const struct schema *right,
	const char *as, const char *const *merged, unsigned merged_count,
	const char **clash)
{
	struct schema *schema = schema_new();

	*clash = NULL;
	schema->open = left->open || right->open;
	for (uint32_t i = 0; i < left->field_count; i++)
		schema_add_field(schema, &left->field[i]);
	for (uint32_t i = 0; i < right->field_count; i++) {
		const struct field *field = &right->field[i];
		if (as != NULL) {
			schema_add_qualified(schema, as, field, clash);
			continue;
		}
		int index = schema_find(schema, field->name, field->name_size);
		if (index < 0)
			schema_add_field(schema, field);
		else if (!name_is_merged(field, merged, merged_count))
			*clash = field->name;
		if (index >= 0 && schema->field[index].type != field->type)
			schema->field[index].type = TYPE_ANY;
	}
	return schema;
}
