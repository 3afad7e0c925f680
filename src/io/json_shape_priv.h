#ifndef SFLOW_IO_JSON_SHAPE_PRIV_H
#define SFLOW_IO_JSON_SHAPE_PRIV_H

#include <string.h>

#include "io/json_rows.h"
#include "io/json_shape.h"
#include "util/bits.h"
#include "util/cpu.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#define SHAPE_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

#define SHAPES_MAX 512
#define SHAPE_BUCKETS (2 * SHAPES_MAX)
#define SHAPE_MARKS_MAX 1024
/* Shapes that are tried where the expected one was not right. */
#define SHAPES_RECENT 8
/* Hashes of shapes seen once. */
#define SHAPES_SEEN 1024
/* Compared at once. */
#define HEAD_BYTES 32

/* What stands from a mark to the next. */
struct shape_segment {
	char head[HEAD_BYTES];	/* the lead's first bytes */
	uint32_t head_bits;	/* one per byte of it */
	uint32_t part;		/* enum json_part: behind the lead */
	uint32_t lead_size;
	uint32_t lead;		/* all of it: offset in `leads` */
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
	uint32_t line_count;	/* line ends in the leads */
	uint64_t hash;
	char *leads;
	struct shape_segment *segment;	/* one before each mark but the first */
	struct shape_value *value;
	struct json_shape *chain;	/* of the bucket */
	struct json_shape *follower;	/* came behind it the last time */
};

struct json_index;

typedef int match_f(const struct json_shape *, const struct json_index *,
	uint32_t first);
typedef enum json_followed follow_f(struct json_shapes *,
	struct json_follow *, struct json_rows *);

struct json_shapes {
	match_f *matches;
	follow_f *follows;
	struct json_shape *bucket[SHAPE_BUCKETS];
	struct json_shape *last;
	struct json_shape *recent[SHAPES_RECENT];	/* NULL: none */
	uint32_t count;
	uint32_t record_max;
	struct region *region;
	uint32_t seen[SHAPES_SEEN];
	uint32_t place[SHAPE_MARKS_MAX];	/* of the marks of a record */
};

follow_f *json_follow_of_tier(enum cpu_tier);

static inline int
shape_is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* A record was of this shape, the one before it of another. */
void shapes_turn(struct json_shapes *, struct json_shape *);

/* A record was of this shape. */
static inline void
shapes_note(struct json_shapes *shapes, struct json_shape *shape)
{
	if (shapes->last == shape)
		shape->follower = shape;
	else
		shapes_turn(shapes, shape);
}

/* The wanted values of a record that is of the shape. */
static inline void
shape_take_values(const struct json_shape *shape, const char *base,
	const uint32_t *place, struct json_rows *rows)
{
	const struct shape_value *value = shape->value;

	for (uint32_t i = 0; i < shape->value_count; i++, value++) {
		uint32_t to = place[value->to_mark] + value->to_add;
		while (__builtin_expect(shape_is_blank(base[to - 1]), 0))
			to--;
		json_rows_put(rows, value->column,
		    place[value->from_mark] + value->from_add, to);
	}
}

/* --- kernels: HEAD_BYTES may be read from `at` on ---------------------- */

static inline int
shape_rest(const char *at, const struct shape_segment *segment,
	const struct json_shape *shape)
{
	return __builtin_expect(segment->lead_size <= HEAD_BYTES, 1) ||
	    memcmp(at + HEAD_BYTES, shape->leads + segment->lead + HEAD_BYTES,
	    segment->lead_size - HEAD_BYTES) == 0;
}

#if defined(__SSE2__)

static inline unsigned
shape_same16(const char *at, const char *head)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(
	    _mm_loadu_si128((const void *)at),
	    _mm_loadu_si128((const void *)head)));
}

static inline int
shape_lead_plain(const char *at, const struct shape_segment *segment,
	const struct json_shape *shape)
{
	unsigned same = shape_same16(at, segment->head) |
	    shape_same16(at + 16, segment->head + 16) << 16;

	return (~same & segment->head_bits) == 0 &&
	    shape_rest(at, segment, shape);
}

/* Bit i: byte i is a digit. */
static inline unsigned
shape_digits(const char *at)
{
	/* Digits become the ten least signed bytes. */
	return (unsigned)_mm_movemask_epi8(_mm_cmplt_epi8(_mm_sub_epi8(
	    _mm_loadu_si128((const void *)at),
	    _mm_set1_epi8((char)('0' + 128))), _mm_set1_epi8(-128 + 10)));
}

#else

static inline int
shape_lead_plain(const char *at, const struct shape_segment *segment,
	const struct json_shape *shape)
{
	return memcmp(at, segment->head, segment->lead_size < HEAD_BYTES ?
	    segment->lead_size : HEAD_BYTES) == 0 &&
	    shape_rest(at, segment, shape);
}

static inline unsigned
shape_digits(const char *at)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < 16; i++)
		mask |= (unsigned)((uint8_t)(at[i] - '0') <= 9) << i;
	return mask;
}

#endif

#if defined(__x86_64__)

static inline SHAPE_AVX2 int
shape_lead_avx2(const char *at, const struct shape_segment *segment,
	const struct json_shape *shape)
{
	unsigned same = (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(
	    _mm256_loadu_si256((const void *)at),
	    _mm256_loadu_si256((const void *)segment->head)));

	return (~same & segment->head_bits) == 0 &&
	    shape_rest(at, segment, shape);
}

#endif

static inline const char *
shape_word_end(const char *at)
{
	uint32_t first = bits_load32(at);

	if (first == bits_load32("true") || first == bits_load32("null"))
		return at + 4;
	return first == bits_load32("fals") && at[4] == 'e' ? at + 5 : NULL;
}

/*
 * Behind a word, or a number of a sign, at most 14 digits and one fraction;
 * NULL: it is another, or none.  What follows may still be wrong.
 */
static inline __attribute__((always_inline)) const char *
shape_primitive_end(const char *at)
{
	unsigned mask = shape_digits(at);

	if (__builtin_expect((mask & 1) == 0, 0)) {
		if (*at != '-')
			return shape_word_end(at);
		mask = shape_digits(++at);
	}
	unsigned whole = (unsigned)__builtin_ctz(~mask);
	if (whole == 0 || whole >= 15 || (*at == '0' && whole > 1))
		return NULL;
	if (at[whole] != '.')
		return (at[whole] | 0x20) == 'e' ? NULL : at + whole;
	unsigned fraction = (unsigned)__builtin_ctz(~(mask >> (whole + 1)));
	unsigned size = whole + 1 + fraction;
	return fraction == 0 || size >= 16 || (at[size] | 0x20) == 'e' ?
	    NULL : at + size;
}

#endif
