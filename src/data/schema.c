/*
 * Schemas: an array of fields and an index over their names, open addressing
 * with linear probing, at most half full.  A slot holds the field's index plus
 * one, 0 is free.  Of fields with one name the first is found.
 *
 * Both arrays grow by doubling, so their capacities follow from field_count
 * and need no place in the struct.
 */
#include "data/schema.h"

#include <assert.h>
#include <string.h>

#include "util/bits.h"
#include "util/hash.h"
#include "util/mem.h"

/* Fields to start with; a power of two. */
#define FIELDS_MIN 8

struct schema *
schema_new(void)
{
	struct schema *schema = mem_alloc_zero(sizeof(*schema));

	schema->references = 1;
	return schema;
}

struct schema *
schema_hold(struct schema *schema)
{
	__atomic_add_fetch((uint32_t *)&schema->references, 1,
	    __ATOMIC_RELAXED);
	return schema;
}

void
schema_drop(struct schema **schema_address)
{
	struct schema *schema = *schema_address;

	*schema_address = NULL;
	if (schema == NULL || __atomic_sub_fetch(
	    (uint32_t *)&schema->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (uint32_t i = 0; i < schema->field_count; i++)
		mem_free((char *)(uintptr_t)schema->field[i].name);
	mem_free(schema->field);
	mem_free(schema->slots);
	mem_free(schema);
}

/* The slot where the name is, or the free one where it would go. */
static uint32_t *
slot_of(const struct schema *schema, const char *name, size_t size)
{
	uint32_t at = (uint32_t)hash_bytes(name, size) & schema->slot_mask;

	for (;; at = (at + 1) & schema->slot_mask) {
		uint32_t *slot = &schema->slots[at];
		if (*slot == 0)
			return slot;
		const struct field *field = &schema->field[*slot - 1];
		if (field->name_size == size &&
		    memcmp(field->name, name, size) == 0)
			return slot;
	}
}

/* Enter field `index` unless an earlier one has its name. */
static void
slot_fill(struct schema *schema, uint32_t index)
{
	const struct field *field = &schema->field[index];
	uint32_t *slot = slot_of(schema, field->name, field->name_size);

	if (*slot == 0)
		*slot = index + 1;
}

/* Make room for one more field if the arrays are full. */
static void
schema_grow(struct schema *schema)
{
	uint32_t count = schema->field_count;

	if (count != 0 && (count < FIELDS_MIN || (count & (count - 1)) != 0))
		return;
	uint32_t capacity = count == 0 ? FIELDS_MIN : count * 2;
	schema->field = mem_resize(schema->field,
	    (size_t)capacity * sizeof(*schema->field));
	mem_free(schema->slots);
	schema->slots = mem_alloc_zero((size_t)capacity * 2 *
	    sizeof(*schema->slots));
	schema->slot_mask = capacity * 2 - 1;
	for (uint32_t i = 0; i < count; i++)
		slot_fill(schema, i);
}

uint32_t
schema_add(struct schema *schema, const char *name, size_t size, enum type type)
{
	assert(schema->field_count < UINT32_MAX / 4);
	assert(size < UINT32_MAX);
	schema_grow(schema);
	char *copy = mem_alloc(size + 1);
	if (size > 0)
		memcpy(copy, name, size);
	copy[size] = '\0';

	uint32_t index = schema->field_count++;
	schema->field[index] = (struct field){
		.name = copy,
		.name_size = (uint32_t)size,
		.type = type,
	};
	slot_fill(schema, index);
	return index;
}

struct schema *
schema_copy(const struct schema *source)
{
	struct schema *schema = schema_new();

	schema->open = source->open;
	for (uint32_t i = 0; i < source->field_count; i++) {
		const struct field *field = &source->field[i];
		uint32_t index = schema_add(schema, field->name,
		    field->name_size, field->type);
		schema->field[index].qualifier_size = field->qualifier_size;
	}
	return schema;
}

int
schema_find(const struct schema *schema, const char *name, size_t size)
{
	if (schema->field_count == 0)
		return -1;
	return (int)*slot_of(schema, name, size) - 1;
}

int
schema_has_names_of(const struct schema *schema, const struct schema *other)
{
	if (schema == other)
		return 1;
	if (schema->field_count != other->field_count)
		return 0;
	for (uint32_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->field[i];
		if (field->name_size != other->field[i].name_size ||
		    memcmp(field->name, other->field[i].name,
		    field->name_size) != 0)
			return 0;
	}
	return 1;
}

int
record_form_is_same(const struct record_form *a, const struct record_form *b)
{
	return a->type == b->type && a->delimiter == b->delimiter &&
	    (a->type == TYPE_RAW_JSON ||
	    schema_has_names_of(a->schema, b->schema));
}
