/*
 * Records of known shapes, read in one pass over their bytes:
 *
 *	{"id":17,"host":"a","ok":true}
 *	LLLLLLvvLLLLLLLLvvvLLLLLLvvvvE
 *
 * A lead (L) is compared at once, a value (v) is passed by looking for what
 * ends it, and behind the last one stands the brace (E).  That costs half of an
 * index and a look at its marks.
 *
 * A string is searched for a quote, and for what needs a closer look: control
 * bytes, a backslash, bytes that are not ASCII.  If one of these comes first
 * json_check() reads the string to its end.  Blanks behind a value are skipped,
 * though not with a line end: lines are counted by the leads and between
 * records.  What is taken is what match_f would take; whatever is in doubt is
 * left to it.
 *
 * Shapes are tried in this order: the one that followed the last time, then
 * those that were right not long ago.
 */
#include <string.h>

#include "data/json.h"
#include "io/json_record.h"
#include "io/json_shape.h"
#include "io/json_shape_priv.h"

/*
 * What comes so many bytes behind a record's first, as much as most records
 * have, is fetched: each step waits for the bytes of the one before it, so
 * that nothing else hides the way to the second-level cache.
 */
#define AHEAD_FROM 2048
#define AHEAD_BYTES 256

enum followed_record {
	RECORD_TAKEN,
	RECORD_CUT,		/* right as far as it goes */
	RECORD_OTHER,
};

/* What stands at `at`, where the lead should: nothing but its beginning? */
static enum followed_record
judge_lead(const char *at, const char *end,
	const struct shape_segment *segment, const struct json_shape *shape)
{
	size_t left = (size_t)(end - at);

	return left < segment->lead_size &&
	    memcmp(at, shape->leads + segment->lead, left) == 0 ?
	    RECORD_CUT : RECORD_OTHER;
}

/*
 * The string at *at to behind its quote, or behind the blanks that follow, byte
 * by byte.
 */
static __attribute__((noinline)) enum followed_record
check_string(struct json_follow *follow, const char **at, const char *end)
{
	size_t left = (size_t)(end - *at);
	size_t size;
	const char *fault = json_check(*at, left, &size);

	follow->checked_bytes += (uint32_t)size;
	*at += size;
	if (fault != NULL)
		return size == left ? RECORD_CUT : RECORD_OTHER;
	return shape_is_blank((*at)[-1]) ? RECORD_OTHER : RECORD_TAKEN;
}

/* A number that is none of shape_primitive_end's. */
static __attribute__((noinline)) enum followed_record
check_primitive(const char **at)
{
	const char *stop = *at;

	while ((*stop >= '0' && *stop <= '9') || *stop == '-' ||
	    *stop == '+' || *stop == '.' || (*stop | 0x20) == 'e')
		stop++;
	if (json_primitive(*at, stop) == NULL)
		return RECORD_OTHER;
	*at = stop;
	return RECORD_TAKEN;
}

/* Blanks behind a value, but for line ends. */
static inline const char *
skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t' || *at == '\r')
		at++;
	return at;
}

#if defined(__SSE2__)

/* The first byte from `at` on that is a quote or needs a closer look. */
static inline const char *
string_stop_plain(const char *at)
{
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i backslash = _mm_set1_epi8('\\');
	const __m128i blank = _mm_set1_epi8(0x20);

	for (;; at += 16) {
		__m128i bytes = _mm_loadu_si128((const void *)at);
		unsigned stops = (unsigned)_mm_movemask_epi8(_mm_or_si128(
		    _mm_or_si128(_mm_cmpeq_epi8(bytes, quote),
		    _mm_cmpeq_epi8(bytes, backslash)),
		    _mm_cmplt_epi8(bytes, blank)));
		if (stops != 0)
			return at + __builtin_ctz(stops);
	}
}

#else

static inline const char *
string_stop_plain(const char *at)
{
	while (*at != '"' && *at != '\\' && (uint8_t)*at >= 0x20 &&
	    (uint8_t)*at < 0x80)
		at++;
	return at;
}

#endif

#define FOLLOW_NAME(noun) noun##_plain
#define FOLLOW_TARGET
#include "io/json_follow_template.h"

#if defined(__x86_64__)

/* 64 at a time, since it costs more to be wrong about how often. */
static inline SHAPE_AVX2 const char *
string_stop_avx2(const char *at)
{
	const __m256i quote = _mm256_set1_epi8('"');
	const __m256i backslash = _mm256_set1_epi8('\\');
	const __m256i blank = _mm256_set1_epi8(0x20);

	for (;; at += 64) {
		__m256i low = _mm256_loadu_si256((const void *)at);
		__m256i high = _mm256_loadu_si256((const void *)(at + 32));
		low = _mm256_or_si256(_mm256_or_si256(
		    _mm256_cmpeq_epi8(low, quote),
		    _mm256_cmpeq_epi8(low, backslash)),
		    _mm256_cmpgt_epi8(blank, low));
		high = _mm256_or_si256(_mm256_or_si256(
		    _mm256_cmpeq_epi8(high, quote),
		    _mm256_cmpeq_epi8(high, backslash)),
		    _mm256_cmpgt_epi8(blank, high));
		uint64_t stops = (uint32_t)_mm256_movemask_epi8(low) |
		    (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
		if (__builtin_expect(stops != 0, 1))
			return at + __builtin_ctzll(stops);
	}
}

#define FOLLOW_NAME(noun) noun##_avx2
#define FOLLOW_TARGET SHAPE_AVX2
#include "io/json_follow_template.h"

#endif

follow_f *
json_follow_of_tier(enum cpu_tier tier)
{
#if defined(__x86_64__)
	if (tier >= CPU_AVX2)
		return follow_avx2;
#endif
	(void)tier;
	return follow_plain;
}

enum json_followed
json_shapes_follow(struct json_shapes *shapes, struct json_follow *follow,
	struct json_rows *rows)
{
	return shapes->last == NULL ? JSON_OTHER :
	    shapes->follows(shapes, follow, rows);
}
