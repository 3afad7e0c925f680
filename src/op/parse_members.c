/*
 * parse x as json: the members of objects become fields.
 *
 * A text is checked, then walked once.  Members mostly come in the same order
 * in every object, so the field behind the last one is tried first.  Values
 * stay tokens, views into the text; of a member that occurs twice the last one
 * holds.
 */
#include "op/parse_format.h"

#include <stdio.h>
#include <string.h>

#include "data/json.h"

struct members {
	struct parse_members *set;
	struct text **token;	/* per field: a column, or NULL: none so far */
	uint32_t capacity;
	uint32_t rows;
	uint32_t next;		/* the field that likely comes now */
	struct region *region;
};

static void
members_reserve(struct members *members)
{
	uint32_t count = members->set->fields->field_count;

	if (count <= members->capacity)
		return;
	uint32_t capacity = count * 2 + 8;
	struct text **token = region_alloc_zero(members->region,
	    capacity * sizeof(*token));
	if (members->capacity > 0)
		memcpy(token, members->token,
		    members->capacity * sizeof(*token));
	members->token = token;
	members->capacity = capacity;
}

static int
name_is(const struct field *field, const char *name, size_t size)
{
	return field->name_size == size && memcmp(field->name, name, size) == 0;
}

/* The field of a member, or -1 if nobody wants it. */
static int
members_find(struct members *members, const char *name, size_t size)
{
	struct schema *fields = members->set->fields;

	if (members->next < fields->field_count &&
	    name_is(&fields->field[members->next], name, size))
		return (int)members->next++;
	int index = schema_find(fields, name, size);
	if (index < 0 && members->set->all) {
		index = (int)schema_add(fields, name, size, TYPE_ANY);
		members_reserve(members);
	}
	if (index >= 0)
		members->next = (uint32_t)index + 1;
	return index;
}

static void
members_add(struct members *members, const struct json_member *member,
	uint32_t at)
{
	const char *name = member->key;
	size_t size = member->key_size;

	if (member->key_escaped) {
		char *decoded = region_alloc(members->region, size + 1);
		size = json_decode(name, size, decoded);
		name = decoded;
	}
	int index = members_find(members, name, size);
	if (index < 0)
		return;
	struct text **token = &members->token[index];
	if (*token == NULL)
		*token = region_alloc_zero(members->region,
		    members->rows * sizeof(**token));
	(*token)[at] = text_make(member->bytes, member->size);
}

static const char *
not_json(const char *wrong, struct region *region)
{
	size_t size = strlen(wrong) + 32;
	char *reason = region_alloc(region, size);

	snprintf(reason, size, "the text is not JSON: %s", wrong);
	return reason;
}

/* NULL, or what is wrong with the text. */
static const char *
members_walk(struct members *members, const char *bytes, size_t size,
	uint32_t at)
{
	struct json_walk walk;
	struct json_member member;
	size_t fault;

	const char *wrong = json_check(bytes, size, &fault);
	if (wrong != NULL)
		return not_json(wrong, members->region);
	while (*bytes == ' ' || *bytes == '\t' || *bytes == '\n' ||
	    *bytes == '\r') {
		bytes++;
		size--;
	}
	if (*bytes != '{')
		return "the text is JSON, but no object";
	json_walk_init(&walk, bytes, size);
	members->next = 0;
	while (json_walk_next(&walk, &member))
		members_add(members, &member, at);
	return NULL;
}

void
parse_members_read(struct parse_members *set, const struct parse_texts *texts,
	const uint16_t *row, uint32_t rows, struct rejects *rejects,
	struct region *region, struct column **out)
{
	struct members members = { .set = set, .rows = rows, .region = region };

	members_reserve(&members);
	for (uint32_t i = 0; i < texts->count; i++) {
		uint32_t at = row == NULL ? i : row[i];
		if (rejects_has(rejects, at))
			continue;
		const char *wrong = members_walk(&members, texts->base +
		    texts->range[2 * i], texts->range[2 * i + 1] -
		    texts->range[2 * i], at);
		if (wrong != NULL)
			rejects_add(rejects, at, wrong);
	}
	*out = region_alloc(region,
	    (set->fields->field_count + 1) * sizeof(**out));
	for (uint32_t i = 0; i < set->fields->field_count; i++) {
		/* An empty token says that the member is missing. */
		struct value missing = { .type = TYPE_RAW_JSON };
		if (members.token[i] == NULL) {
			column_init_const(&(*out)[i], &missing, region);
			continue;
		}
		(*out)[i] = (struct column){
			.type = TYPE_RAW_JSON, .encoding = FLAT,
			.data = members.token[i],
		};
	}
}
