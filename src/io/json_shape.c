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
 * A record has the shape if its marks are the same bytes, every prefix is
 * there, and behind each prefix up to the next mark there is
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
 */
#include "io/json_shape.h"

#include <string.h>

#include "data/json.h"
#include "io/json_index.h"
#include "io/json_record.h"
#include "io/json_rows.h"
#include "util/bits.h"
#include "util/cpu.h"
#include "util/mem.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define SHAPES_MAX 512
#define BUCKETS (2 * SHAPES_MAX)
/* A larger record is read the long way, where its size hides the cost. */
#define MARKS_MAX 1024
#define PREFIX_MAX 4096
/* Hashes of shapes seen once. */
#define SEEN 1024
/* Compared at once. */
#define HEAD_BYTES 16
#define MARK_BYTES 32

struct shape_segment {
	char head[HEAD_BYTES];	/* the prefix's first bytes */
	uint32_t head_bits;	/* one per byte of it */
	uint32_t part;
	uint32_t prefix_size;
	uint32_t rest;		/* of a longer prefix: offset in `prefixes` */
};

/* A wanted value: from one mark and a few bytes on, to another. */
struct shape_value {
	uint32_t column;
	uint32_t from_mark, from_add;
	uint32_t to_mark, to_add;
};

struct json_shape {
	uint32_t mark_count;
	uint32_t key_count;
	uint32_t value_count;
	uint64_t hash;
	uint8_t *mark;
	char *prefixes;
	struct shape_segment *segment;
	struct shape_value *value;
	struct json_shape *chain;	/* of the bucket */
	struct json_shape *follower;	/* came behind it the last time */
};

typedef int match_f(const struct json_shape *, const struct json_index *,
	uint32_t first);

struct json_shapes {
	match_f *matches;
	struct json_shape *bucket[BUCKETS];
	struct json_shape *last;
	uint32_t count;
	struct region *region;
	uint32_t seen[SEEN];
};

/* --- does it match ----------------------------------------------------- */

static inline int
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static int
only_blanks(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	return at == end;
}

/* Behind the opening quote at `at` some quote is the last but for blanks. */
static int
ends_with_quote(const char *at, const char *end)
{
	while (end > at && is_blank(end[-1]))
		end--;
	return end > at && end[-1] == '"';
}

#if defined(__SSE2__)

/* Both have MARK_BYTES of room behind. */
static inline int
same_marks(const uint8_t *marks, const uint8_t *wanted, uint32_t count)
{
	for (uint32_t i = 0; i < count; i += 16) {
		unsigned equal = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(
		    _mm_loadu_si128((const void *)(marks + i)),
		    _mm_loadu_si128((const void *)(wanted + i))));
		uint32_t left = count - i;
		unsigned care = left >= 16 ? 0xffff : (1u << left) - 1;
		if ((~equal & care) != 0)
			return 0;
	}
	return 1;
}

static inline int
same_head(const char *at, const struct shape_segment *segment)
{
	unsigned equal = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(
	    _mm_loadu_si128((const void *)at),
	    _mm_loadu_si128((const void *)segment->head)));

	return (~equal & segment->head_bits) == 0;
}

/* true, false or null, and then the mark; others are asked again. */
static inline int
is_word(const char *at, const char *end)
{
	uint32_t first = bits_load32(at);

	return (end - at == 4 && (first == bits_load32("true") ||
	    first == bits_load32("null"))) || (end - at == 5 &&
	    first == bits_load32("fals") && at[4] == 'e');
}

/*
 * A primitive up to the mark at `end`.  Digits are counted sixteen at a time;
 * what is not a sign, digits and one fraction is left to json_primitive().
 */
static inline int
is_primitive(const char *at, const char *end)
{
	const char *digits = at + (*at == '-');
	__m128i bytes = _mm_loadu_si128((const void *)digits);
	/* Digits become the ten least signed bytes. */
	unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmplt_epi8(
	    _mm_sub_epi8(bytes, _mm_set1_epi8((char)('0' + 128))),
	    _mm_set1_epi8(-128 + 10)));
	unsigned whole = (unsigned)__builtin_ctz(~mask);
	size_t size = (size_t)(end - digits);

	if (whole == 0 && is_word(at, end))
		return 1;
	if (whole == 0 || whole >= 15 || (*digits == '0' && whole > 1))
		return json_primitive(at, end) != NULL;
	if (whole == size)
		return 1;
	unsigned fraction = (unsigned)__builtin_ctz(~(mask >> (whole + 1)));
	if (digits[whole] == '.' && fraction > 0 &&
	    whole + 1 + fraction == size)
		return 1;
	return json_primitive(at, end) != NULL;
}

#else

static inline int
same_marks(const uint8_t *marks, const uint8_t *wanted, uint32_t count)
{
	return memcmp(marks, wanted, count) == 0;
}

static inline int
same_head(const char *at, const struct shape_segment *segment)
{
	return memcmp(at, segment->head, segment->prefix_size < HEAD_BYTES ?
	    segment->prefix_size : HEAD_BYTES) == 0;
}

static inline int
is_primitive(const char *at, const char *end)
{
	return json_primitive(at, end) != NULL;
}

#endif

static inline int
same_prefix(const char *at, const struct shape_segment *segment,
	const struct json_shape *shape)
{
	return same_head(at, segment) &&
	    (__builtin_expect(segment->prefix_size <= HEAD_BYTES, 1) ||
	    memcmp(at + HEAD_BYTES, shape->prefixes + segment->rest,
	    segment->prefix_size - HEAD_BYTES) == 0);
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
#include "io/json_shape_template.h"

#if defined(__x86_64__)
#define MATCH_NAME match_avx2
#define MATCH_TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))
#include "io/json_shape_template.h"
#endif

/* The wanted values of a record that matches. */
static inline void
take_values(const struct json_shape *shape, const struct json_index *index,
	uint32_t first, struct json_rows *rows)
{
	const struct shape_value *value = shape->value;
	const uint32_t *place = index->place + first;

	for (uint32_t i = 0; i < shape->value_count; i++, value++) {
		uint32_t to = place[value->to_mark] + value->to_add;
		while (__builtin_expect(is_blank(index->base[to - 1]), 0))
			to--;
		json_rows_put(rows, value->column,
		    place[value->from_mark] + value->from_add, to);
	}
}

/* --- all shapes -------------------------------------------------------- */

struct json_shapes *
json_shapes_new(void)
{
	struct json_shapes *shapes = mem_alloc_zero(sizeof(*shapes));

	shapes->region = region_new();
	shapes->matches = match_plain;
#if defined(__x86_64__)
	if (cpu_tier() >= CPU_AVX2)
		shapes->matches = match_avx2;
#endif
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

/* Take the record into the row if it is of this shape. */
static inline int
try_shape(struct json_shapes *shapes, struct json_shape *shape,
	const struct json_index *index, uint32_t first, struct json_rows *rows)
{
	if (!shapes->matches(shape, index, first))
		return 0;
	take_values(shape, index, first, rows);
	if (shapes->last != NULL)
		shapes->last->follower = shape;
	shapes->last = shape;
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
	struct json_shape *shape = shapes->bucket[hash % BUCKETS];

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
	shapes->last = NULL;
	shapes->count = 0;
	region_reset(shapes->region);
}

/* Was a shape of this hash seen before?  From now on it was. */
static int
seen_before(struct json_shapes *shapes, uint64_t hash)
{
	uint32_t *seen = &shapes->seen[hash % SEEN];
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

	if (record->mark_count > MARKS_MAX)
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
	uint32_t rest = 0;

	for (uint32_t i = 0; i < count; i++)
		rest += record->segment[i].prefix_size;
	shape->prefixes = region_alloc(region, rest + HEAD_BYTES);
	shape->segment = region_alloc(region,
	    count * sizeof(*shape->segment));
	rest = 0;
	for (uint32_t i = 0; i < count; i++) {
		const char *at = index->base + index->place[first + i] + 1;
		struct shape_segment *segment = &shape->segment[i];
		uint32_t size = record->segment[i].prefix_size;
		uint32_t head = size < HEAD_BYTES ? size : HEAD_BYTES;
		memset(segment, 0, sizeof(*segment));
		memcpy(segment->head, at, head);
		segment->head_bits = (1u << head) - 1;
		segment->part = record->segment[i].part;
		segment->prefix_size = size;
		segment->rest = rest;
		memcpy(shape->prefixes + rest, at + head, size - head);
		rest += size - head;
	}
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
	shape->mark = region_alloc(region, record->mark_count + MARK_BYTES);
	memcpy(shape->mark, index->mark + first, record->mark_count);
	learn_segments(shape, region, index, first, record);
	learn_values(shape, region, index, first, record, columns);
	shape->chain = shapes->bucket[hash % BUCKETS];
	shapes->bucket[hash % BUCKETS] = shape;
	shape->follower = shape;
	if (shapes->last != NULL)
		shapes->last->follower = shape;
	shapes->last = shape;
	shapes->count++;
}
