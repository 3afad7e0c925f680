/*
 * Shapes.  A shape is made from a record that was read and checked in full: the
 * bytes of its marks, and for what stands behind each mark the exact bytes up
 * to the value, key and blanks and colon.
 *
 *	{"id":17,"tags":["a","b"],"ok":true}
 *	{       ,       [   ,   ],         }	marks
 *	 "id":   "tags":          "ok":		prefixes
 *	     SCALAR     S    S  N     SCALAR	parts
 *
 * A mark and the prefix behind it are the lead of what follows.  A record has
 * the shape if every lead is there, and behind each up to the next there is
 *
 *  - for a scalar: a valid number or word, or text that begins and ends with a
 *    quote; and blanks;
 *  - else only blanks.
 *
 * Text that begins and ends with a quote could be several strings with anything
 * between them.  So quotes are counted: the record must have two for every
 * prefix with a key and two for every such text.  As each has at least two,
 * none has more.  What is inside of strings has been checked by the index, so
 * a record that matches is valid, and has its fields where the shape's record
 * had them.
 *
 * Scalars may change their kind from record to record; blanks may not, but at
 * the end of values.  Records of one program are written alike.
 *
 * The shape expected next is the one that followed the last time.  Else shapes
 * are looked up by a hash over the marks and the first bytes of the record's
 * own keys.  When there are too many, all are forgotten.
 *
 * json_follow.c does without the index: it goes from lead to lead and looks at
 * every byte between them.
 */
#include "io/json_shape.h"

#include <string.h>

#include "data/json.h"
#include "io/json_index.h"
#include "io/json_record.h"
#include "io/json_rows.h"
#include "io/json_shape_priv.h"
#include "util/cpu.h"
#include "util/mem.h"

/* A larger record is read the long way, where its size hides the cost. */
#define PREFIX_MAX 4096

/* --- does it match ----------------------------------------------------- */

static int
only_blanks(const char *at, const char *end)
{
	while (at < end && shape_is_blank(*at))
		at++;
	return at == end;
}

/* Behind the opening quote at `at` some quote is the last but for blanks. */
static int
ends_with_quote(const char *at, const char *end)
{
	while (end > at && shape_is_blank(end[-1]))
		end--;
	return end > at && end[-1] == '"';
}

static inline int
is_primitive(const char *at, const char *end)
{
	return shape_primitive_end(at) == end ||
	    json_primitive(at, end) != NULL;
}

/* Quotes from the index's origin to `at`. */
static inline __attribute__((always_inline)) uint32_t
quotes_up_to(const struct json_index *index, uint32_t at)
{
	uint64_t offset = (uint64_t)((int64_t)at - index->origin);
	uint64_t before = ((uint64_t)1 << (offset % 64)) - 1;

	return index->quotes_before[offset / 64] + (uint32_t)
	    __builtin_popcountll(index->quotes[offset / 64] & before);
}

#define MATCH_QUOTES(index, at) quotes_up_to(index, at)
#define MATCH_NAME match_plain
#define MATCH_TARGET
#define MATCH_LEAD shape_lead_plain
#include "io/json_shape_template.h"

#if defined(__x86_64__)
#define MATCH_NAME match_avx2
#define MATCH_TARGET SHAPE_AVX2
#define MATCH_LEAD shape_lead_avx2
#include "io/json_shape_template.h"
#endif

/* --- all shapes -------------------------------------------------------- */

struct json_shapes *
json_shapes_new(uint32_t record_max)
{
	struct json_shapes *shapes = mem_alloc_zero(sizeof(*shapes));

	shapes->record_max = record_max;
	shapes->region = region_new();
	shapes->matches = match_plain;
#if defined(__x86_64__)
	if (cpu_tier() >= CPU_AVX2)
		shapes->matches = match_avx2;
#endif
	shapes->follows = json_follow_of_tier(cpu_tier());
	return shapes;
}

void
json_shapes_free(struct json_shapes **shapes_address)
{
	struct json_shapes *shapes = *shapes_address;

	*shapes_address = NULL;
	if (shapes == NULL)
		return;
	region_drop(&shapes->region);
	mem_free(shapes);
}

int
json_outline_record(struct json_outline *outline,
	const struct json_index *index, uint32_t first)
{
	const uint8_t *marks = index->mark + first;
	const uint32_t *place = index->place + first;
	uint32_t count = index->count - first;
	uint32_t depth = outline->depth;
	uint64_t hash = outline->hash;

	/* Without branches but the last: no two records need be alike. */
	for (uint32_t i = outline->mark; i < count; i++) {
		uint32_t kind = marks[i] & 0xdfu;
		depth -= kind == ('}' & 0xdf);
		depth += kind == ('{' & 0xdf);
		/* Of the record's own keys the quote and two bytes: those of
		 * the least key and of its own closing quote. */
		uint32_t key = bits_load32(index->base + place[i] + 1) &
		    0xffffff;
		uint32_t own = depth == 1 && kind != ('}' & 0xdf) ?
		    UINT32_MAX : 0;
		hash = (hash ^ marks[i] ^ (uint64_t)(key & own) << 8) *
		    0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
		if (depth == 0) {
			outline->mark = i + 1;
			outline->hash = hash;
			return 1;
		}
	}
	/* An escape that is cut at the end takes back the last few. */
	if (count < outline->mark)
		return 0;
	outline->mark = count;
	outline->depth = depth;
	outline->hash = hash;
	return 0;
}

void
shapes_turn(struct json_shapes *shapes, struct json_shape *shape)
{
	uint32_t i = 0;

	if (shapes->last != NULL)
		shapes->last->follower = shape;
	shapes->last = shape;
	/* To the front, before those that were before it. */
	while (i + 1 < SHAPES_RECENT && shapes->recent[i] != NULL &&
	    shapes->recent[i] != shape)
		i++;
	memmove(&shapes->recent[1], &shapes->recent[0],
	    i * sizeof(shapes->recent[0]));
	shapes->recent[0] = shape;
}

/* Take the record into the row if it is of this shape. */
static inline int
try_shape(struct json_shapes *shapes, struct json_shape *shape,
	const struct json_index *index, uint32_t first, struct json_rows *rows)
{
	const uint32_t *place = index->place + first;

	if (!shapes->matches(shape, index, first) ||
	    place[shape->mark_count - 1] - place[0] >= shapes->record_max)
		return 0;
	shape_take_values(shape, index->base, place, rows);
	shapes_note(shapes, shape);
	return 1;
}

uint32_t
json_shapes_expect(struct json_shapes *shapes, const struct json_index *index,
	uint32_t first, struct json_rows *rows)
{
	if (shapes->last == NULL)
		return 0;
	struct json_shape *shape = shapes->last->follower;
	return try_shape(shapes, shape, index, first, rows) ?
	    shape->mark_count : 0;
}

uint32_t
json_shapes_find(struct json_shapes *shapes, const struct json_index *index,
	uint32_t first, uint64_t hash, struct json_rows *rows)
{
	struct json_shape *shape = shapes->bucket[hash % SHAPE_BUCKETS];

	for (; shape != NULL; shape = shape->chain) {
		if (shape->hash == hash &&
		    try_shape(shapes, shape, index, first, rows))
			return shape->mark_count;
	}
	return 0;
}

/* --- learning ---------------------------------------------------------- */

void
json_shapes_forget(struct json_shapes *shapes)
{
	memset(shapes->bucket, 0, sizeof(shapes->bucket));
	memset(shapes->recent, 0, sizeof(shapes->recent));
	shapes->last = NULL;
	shapes->count = 0;
	region_reset(shapes->region);
}

/* Was a shape of this hash seen before?  From now on it was. */
static int
seen_before(struct json_shapes *shapes, uint64_t hash)
{
	uint32_t *seen = &shapes->seen[hash % SHAPES_SEEN];
	uint32_t tag = (uint32_t)(hash >> 32) | 1;

	if (*seen == tag)
		return 1;
	*seen = tag;
	return 0;
}

static int
is_too_large(const struct json_record *record)
{
	uint32_t prefixes = 0;

	if (record->mark_count > SHAPE_MARKS_MAX)
		return 1;
	for (uint32_t i = 0; i + 1 < record->mark_count; i++) {
		if (record->segment[i].prefix_size > PREFIX_MAX)
			return 1;
		prefixes += record->segment[i].prefix_size;
	}
	return prefixes > 16 * PREFIX_MAX;
}

static void
learn_segments(struct json_shape *shape, struct region *region,
	const struct json_index *index, uint32_t first,
	const struct json_record *record)
{
	uint32_t count = record->mark_count - 1;
	uint32_t lead = 0;

	for (uint32_t i = 0; i < count; i++)
		lead += record->segment[i].prefix_size + 1;
	shape->leads = region_alloc(region, lead);
	shape->segment = region_alloc(region,
	    count * sizeof(*shape->segment));
	lead = 0;
	for (uint32_t i = 0; i < count; i++) {
		const char *at = index->base + index->place[first + i];
		struct shape_segment *segment = &shape->segment[i];
		uint32_t size = record->segment[i].prefix_size + 1;
		uint32_t head = size < HEAD_BYTES ? size : HEAD_BYTES;
		memset(segment, 0, sizeof(*segment));
		memcpy(segment->head, at, head);
		segment->head_bits = (uint32_t)(((uint64_t)1 << head) - 1);
		segment->part = record->segment[i].part;
		segment->lead_size = size;
		segment->lead = lead;
		memcpy(shape->leads + lead, at, size);
		lead += size;
	}
	shape->line_count = (uint32_t)json_count_lines(shape->leads, lead);
}

static void
learn_values(struct json_shape *shape, struct region *region,
	const struct json_index *index, uint32_t first,
	const struct json_record *record, const int *columns)
{
	const uint32_t *place = index->place + first;

	shape->value = region_alloc(region,
	    record->field_count * sizeof(*shape->value));
	for (uint32_t i = 0; i < record->field_count; i++) {
		const struct json_field *field = &record->field[i];
		if (columns[i] < 0)
			continue;
		shape->value[shape->value_count++] = (struct shape_value){
			.column = (uint32_t)columns[i],
			.from_mark = field->from_mark,
			.from_add = field->from - place[field->from_mark],
			.to_mark = field->to_mark,
			.to_add = (uint32_t)field->nested,
		};
	}
}

void
json_shapes_learn(struct json_shapes *shapes, const struct json_index *index,
	uint32_t first, uint64_t hash, const struct json_record *record,
	const int *columns)
{
	struct region *region = shapes->region;

	if (!seen_before(shapes, hash) || is_too_large(record))
		return;
	if (shapes->count == SHAPES_MAX)
		json_shapes_forget(shapes);
	struct json_shape *shape = region_alloc_zero(region, sizeof(*shape));
	shape->mark_count = record->mark_count;
	shape->key_count = record->key_count;
	shape->hash = hash;
	learn_segments(shape, region, index, first, record);
	learn_values(shape, region, index, first, record, columns);
	shape->chain = shapes->bucket[hash % SHAPE_BUCKETS];
	shapes->bucket[hash % SHAPE_BUCKETS] = shape;
	shape->follower = shape;
	shapes_note(shapes, shape);
	shapes->count++;
}
