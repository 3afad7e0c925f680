/*
 * Reading a record by its marks.  The marks give the nesting; what stands
 * between two of them is one of few things:
 *
 *	{ "key" : 1 , "key" : { } , "key" : [ "x" , 2 ] }
 *	  -key scalar  -key----   ^ nothing   ^scalar ^scalar
 *
 * A string's end is the next quote, for the index has taken out the escaped
 * ones and has checked what lies inside.  So nothing is looked at byte by byte
 * but blanks, and numbers that are more than digits and one point.
 */
#include "io/json_record.h"

#include <string.h>

#include "data/json.h"
#include "io/json_index.h"
#include "util/mem.h"

struct walk {
	const struct json_index *index;
	struct json_record *record;
	uint32_t mark;		/* where we are */
	uint32_t depth;
	uint64_t objects[JSON_DEPTH_MAX / 64 + 1];
};

static inline int
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Marks end every run: no bound is needed. */
static inline const char *
skip_blanks(const char *at)
{
	while (is_blank(*at))
		at++;
	return at;
}

void
json_record_fini(struct json_record *record)
{
	mem_free(record->segment);
	mem_free(record->field);
	memset(record, 0, sizeof(*record));
}

const char *
json_primitive(const char *at, const char *end)
{
	const char *stop = at;

	while (stop < end && !is_blank(*stop))
		stop++;
	size_t size = (size_t)(stop - at);
	if (!json_is_number(at, size) &&
	    !(size == 4 && (memcmp(at, "true", 4) == 0 ||
	    memcmp(at, "null", 4) == 0)) &&
	    !(size == 5 && memcmp(at, "false", 5) == 0))
		return NULL;
	return skip_blanks(stop) == end ? stop : NULL;
}

static void
reserve(struct json_record *record)
{
	if (record->mark_count == record->segment_capacity) {
		record->segment_capacity = record->segment_capacity * 2 + 64;
		record->segment = mem_resize(record->segment,
		    record->segment_capacity * sizeof(*record->segment));
	}
	if (record->field_count == record->field_capacity) {
		record->field_capacity = record->field_capacity * 2 + 64;
		record->field = mem_resize(record->field,
		    record->field_capacity * sizeof(*record->field));
	}
}

static void
add_segment(struct walk *walk, uint32_t prefix_size, enum json_part part)
{
	struct json_record *record = walk->record;

	reserve(record);
	record->segment[record->mark_count++] = (struct json_segment){
		.prefix_size = prefix_size, .part = part,
	};
}

static inline const char *
place_of(const struct walk *walk, uint32_t mark)
{
	return walk->index->base + walk->index->place[mark];
}

/* "key" :  Returns where the value begins, NULL if this is none. */
static const char *
take_key(struct walk *walk, const char *at, const char *next,
	struct json_field *field)
{
	const char *base = walk->index->base;

	if (*at != '"')
		return NULL;
	uint32_t quote = json_index_quote(walk->index,
	    (uint32_t)(at - base) + 1);
	if (quote == UINT32_MAX || base + quote >= next)
		return NULL;
	field->key = (uint32_t)(at - base) + 1;
	field->key_size = quote - field->key;
	at = skip_blanks(base + quote + 1);
	if (*at != ':')
		return NULL;
	walk->record->key_count++;
	return skip_blanks(at + 1);
}

/* Where the scalar ends, or NULL. */
static const char *
take_scalar(struct walk *walk, const char *at, const char *next)
{
	const char *base = walk->index->base;

	if (*at != '"')
		return json_primitive(at, next);
	uint32_t quote = json_index_quote(walk->index,
	    (uint32_t)(at - base) + 1);
	if (quote == UINT32_MAX || base + quote >= next)
		return NULL;
	at = base + quote + 1;
	return skip_blanks(at) == next ? at : NULL;
}

static inline int
is_opening(uint8_t mark)
{
	return mark == '{' || mark == '[';
}

/* A member or an element stands behind the mark.  -1 if not. */
static int
take_value(struct walk *walk, const char *at, int object)
{
	struct json_record *record = walk->record;
	const char *base = walk->index->base;
	const char *start = place_of(walk, walk->mark) + 1;
	const char *next = place_of(walk, walk->mark + 1);
	struct json_field field = { 0 };
	int nested;

	if (object && (at = take_key(walk, at, next, &field)) == NULL)
		return -1;
	nested = at == next;
	if (nested != is_opening(walk->index->mark[walk->mark + 1]))
		return -1;
	const char *end = nested ? at : take_scalar(walk, at, next);
	if (end == NULL)
		return -1;
	if (object && walk->depth == 1) {
		field.from = (uint32_t)(at - base);
		field.to = (uint32_t)(end - base);
		field.nested = nested;
		field.from_mark = record->mark_count + (uint32_t)nested;
		field.to_mark = record->mark_count + 1;
		reserve(record);
		record->field[record->field_count++] = field;
	}
	add_segment(walk, (uint32_t)(at - start),
	    nested ? JSON_NOTHING : JSON_SCALAR);
	return 0;
}

/* An opening bracket.  -1 if what follows may not. */
static int
take_open(struct walk *walk)
{
	const char *at = place_of(walk, walk->mark);
	const char *next = place_of(walk, walk->mark + 1);
	int object = *at == '{';
	uint64_t bit;

	if (walk->depth == JSON_DEPTH_MAX)
		return -1;
	walk->depth++;
	bit = (uint64_t)1 << (walk->depth % 64);
	if (object)
		walk->objects[walk->depth / 64] |= bit;
	else
		walk->objects[walk->depth / 64] &= ~bit;
	at = skip_blanks(at + 1);
	if (at == next && *next == (object ? '}' : ']')) {
		add_segment(walk, 0, JSON_NOTHING);
		return 0;
	}
	return take_value(walk, at, object);
}

/* A closing bracket that is not the last. */
static int
take_behind(struct walk *walk)
{
	const char *at = place_of(walk, walk->mark) + 1;
	const char *next = place_of(walk, walk->mark + 1);

	if (is_opening((uint8_t)*next) || skip_blanks(at) != next)
		return -1;
	add_segment(walk, 0, JSON_NOTHING);
	return 0;
}

static inline int
in_object(const struct walk *walk)
{
	return (int)(walk->objects[walk->depth / 64] >>
	    (walk->depth % 64) & 1);
}

/* A value that is nested in the record itself has ended. */
static void
end_field(struct walk *walk)
{
	struct json_record *record = walk->record;

	if (!in_object(walk) || record->field_count == 0)
		return;
	struct json_field *field = &record->field[record->field_count - 1];
	field->to = walk->index->place[walk->mark] + 1;
	field->to_mark = record->mark_count;
}

int
json_record_read(struct json_record *record, const struct json_index *index,
	uint32_t first)
{
	struct walk walk = { .index = index, .record = record, .mark = first };
	int result;

	record->mark_count = 0;
	record->field_count = 0;
	record->key_count = 0;
	if (first >= index->count || !is_opening(index->mark[first]))
		return -1;
	for (;; walk.mark++) {
		uint8_t mark = index->mark[walk.mark];
		int last = walk.mark + 1 >= index->count;
		if (mark == '}' || mark == ']') {
			if (in_object(&walk) != (mark == '}'))
				return -1;
			if (--walk.depth == 0)
				break;
			if (walk.depth == 1)
				end_field(&walk);
			result = last ? -1 : take_behind(&walk);
		} else if (last) {
			return -1;
		} else if (is_opening(mark)) {
			result = take_open(&walk);
		} else if (mark == ',') {
			result = take_value(&walk, skip_blanks(
			    place_of(&walk, walk.mark) + 1), in_object(&walk));
		} else {
			return -1;
		}
		if (result != 0)
			return -1;
	}
	record->mark_count++;
	record->end = index->place[walk.mark] + 1;
	return 0;
}
