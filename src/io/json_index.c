/*
 * The structural index of JSON.  64 bytes at a time become bit masks of quotes,
 * backslashes and marks; quotes that are escaped are taken out; the parity of
 * the rest tells what stands inside of strings; the marks outside are written
 * as positions, with their bytes beside them.
 *
 *	{"a":"x,y","b":[1,2]}		text
 *	{         ,    [ , ]}		marks
 *
 * There is no mark for a colon and none for tokens: between two marks of an
 * object stands exactly `"key": scalar`, which whoever walks the marks verifies
 * to the byte, and that a scalar string is only one is told by the number of
 * quotes.
 *
 * Inside of strings everything is checked here.  A block with a control byte or
 * a byte that is not ASCII in a string takes a closer look, one with a
 * backslash looks at every escape; else nothing is done.  A backslash outside
 * of a string is wrong as well.  At the first block
 * with something wrong in it the scan stops: the record that reaches into that
 * block is judged by json_check(), byte by byte.
 *
 * The last bytes of the window are copied to where blanks follow them.  What
 * the copy gives is for now: with more bytes it is done again.
 */
#include "io/json_index.h"

#include <string.h>

#include "util/bits.h"
#include "util/mem.h"

/* An escape that begins in a block has ended within these bytes behind it. */
#define LOOK_AHEAD 8
/* A kernel may write that many marks behind the last. */
#define MARK_SLACK 64
#define TAIL_BYTES 192
#define TAIL_FRONT 16

/* --- escapes ----------------------------------------------------------- */

static inline int
is_hex(char c)
{
	return (unsigned char)(c - '0') <= 9 ||
	    (unsigned char)((c | 0x20) - 'a') <= 5;
}

/* Is this what may stand behind a backslash? */
static int
is_escape(const char *at)
{
	switch (*at) {
	case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r':
	case 't':
		return 1;
	case 'u':
		return is_hex(at[1]) && is_hex(at[2]) && is_hex(at[3]) &&
		    is_hex(at[4]);
	default:
		return 0;
	}
}

/*
 * Take escaped quotes out of `quote` and carry over whether the next block
 * begins with an escaped byte.  0 if there is an escape that JSON has not.
 */
static int
take_escapes(const char *bytes, uint64_t backslash, uint64_t *quote,
	uint64_t *carry)
{
	uint64_t escaped = *carry;

	backslash &= ~escaped;
	*carry = 0;
	while (backslash != 0) {
		unsigned i = bits_lowest(backslash);
		if (!is_escape(bytes + i + 1))
			return 0;
		if (i == 63) {
			*carry = 1;
			break;
		}
		escaped |= (uint64_t)2 << i;
		/* This one and, if it is escaped, the next. */
		backslash &= ~((uint64_t)3 << i);
	}
	*quote &= ~escaped;
	return 1;
}

/* --- UTF-8 ------------------------------------------------------------- */

/*
 * What two bytes in a row may not be, as eight rules, each a set of high and
 * low halves of the first and of high halves of the second.  A pair is wrong
 * if one rule holds for all three; the eighth, two continuations in a row, must
 * hold exactly where a byte two before begins three or more, or one three
 * before begins four.
 */
enum {
	LEAD_ALONE = 1,		/* 11...... and then no continuation */
	NO_LEAD = 2,		/* 0....... and then a continuation */
	LONG_2 = 4,		/* c0, c1 */
	LONG_3 = 8,		/* e0 80..9f */
	SURROGATE = 16,		/* ed a0..bf */
	LONG_4 = 32,		/* f0 80..8f, f5..ff 80..8f */
	TOO_LARGE = 64,		/* f4..ff 90..bf */
	PAIR = 128,
};

#define ANY_LOW (LEAD_ALONE | NO_LEAD | PAIR)
#define FIRST_HIGH							\
	NO_LEAD, NO_LEAD, NO_LEAD, NO_LEAD, NO_LEAD, NO_LEAD, NO_LEAD,	\
	NO_LEAD, PAIR, PAIR, PAIR, PAIR, LEAD_ALONE | LONG_2,		\
	LEAD_ALONE, LEAD_ALONE | LONG_3 | SURROGATE,			\
	LEAD_ALONE | LONG_4 | TOO_LARGE
#define FIRST_LOW_5 ANY_LOW | LONG_4 | TOO_LARGE
#define FIRST_LOW							\
	ANY_LOW | LONG_2 | LONG_3 | LONG_4, ANY_LOW | LONG_2, ANY_LOW,	\
	ANY_LOW, ANY_LOW | TOO_LARGE, FIRST_LOW_5, FIRST_LOW_5,		\
	FIRST_LOW_5, FIRST_LOW_5, FIRST_LOW_5, FIRST_LOW_5, FIRST_LOW_5,\
	FIRST_LOW_5, FIRST_LOW_5 | SURROGATE, FIRST_LOW_5, FIRST_LOW_5
#define SECOND_CONT NO_LEAD | LONG_2 | PAIR
#define SECOND_HIGH							\
	LEAD_ALONE, LEAD_ALONE, LEAD_ALONE, LEAD_ALONE, LEAD_ALONE,	\
	LEAD_ALONE, LEAD_ALONE, LEAD_ALONE,				\
	SECOND_CONT | LONG_3 | LONG_4, SECOND_CONT | LONG_3 | TOO_LARGE,\
	SECOND_CONT | SURROGATE | TOO_LARGE,				\
	SECOND_CONT | SURROGATE | TOO_LARGE,				\
	LEAD_ALONE, LEAD_ALONE, LEAD_ALONE, LEAD_ALONE

static const uint8_t first_high[16] = { FIRST_HIGH };
static const uint8_t first_low[16] = { FIRST_LOW };
static const uint8_t second_high[16] = { SECOND_HIGH };

static int
plain_utf8(const char *text)
{
	const uint8_t *bytes = (const uint8_t *)text;
	unsigned wrong = 0;

	for (int i = 0; i < 64; i++) {
		unsigned first = bytes[i - 1];
		unsigned rules = first_high[first >> 4] &
		    first_low[first & 15] & second_high[bytes[i] >> 4];
		unsigned pair = bytes[i - 2] >= 0xe0 || bytes[i - 3] >= 0xf0;
		wrong |= rules ^ (pair ? PAIR : 0);
	}
	return wrong != 0;
}

/* --- plain ------------------------------------------------------------- */

struct masks {
	uint64_t quote, backslash, mark, odd;
};

static inline struct masks
plain_masks(const char *bytes)
{
	struct masks masks = { 0 };

	for (unsigned i = 0; i < 64; i++) {
		uint8_t c = (uint8_t)bytes[i];
		uint8_t folded = c | 0x20;
		uint64_t bit = (uint64_t)1 << i;
		if (c == '"')
			masks.quote |= bit;
		else if (c == '\\')
			masks.backslash |= bit;
		else if (folded == '{' || folded == '}' || folded == ',')
			masks.mark |= bit;
		if (c < 0x20 || c >= 0x80)
			masks.odd |= bit;
	}
	return masks;
}

static uint64_t
plain_control(const char *bytes)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < 64; i++)
		mask |= (uint64_t)((uint8_t)bytes[i] < 0x20) << i;
	return mask;
}

static uint64_t
plain_high(const char *bytes)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < 64; i++)
		mask |= (uint64_t)((uint8_t)bytes[i] >> 7) << i;
	return mask;
}

static inline uint64_t
plain_prefix(uint64_t q)
{
	q ^= q << 1;
	q ^= q << 2;
	q ^= q << 4;
	q ^= q << 8;
	q ^= q << 16;
	return q ^ q << 32;
}

static inline void
plain_emit(uint32_t *place, uint8_t *marks, const char *base, uint32_t at,
	uint64_t mask)
{
	while (mask != 0) {
		uint32_t i = at + bits_lowest(mask);
		*place++ = i;
		*marks++ = (uint8_t)base[i];
		mask &= mask - 1;
	}
}

#define KERNEL_MASKS(bytes, quote, backslash, mark, odd) do {		\
	struct masks masks_ = plain_masks(bytes);			\
	quote = masks_.quote;						\
	backslash = masks_.backslash;					\
	mark = masks_.mark;						\
	odd = masks_.odd;						\
} while (0)
#define KERNEL_NAME index_plain
#define KERNEL_TARGET
#define KERNEL_CONTROL(bytes) plain_control(bytes)
#define KERNEL_HIGH(bytes) plain_high(bytes)
#define KERNEL_UTF8(bytes) plain_utf8(bytes)
#define KERNEL_PREFIX(q) plain_prefix(q)
#define KERNEL_EMIT(place, marks, base, at, mask, count)		\
	plain_emit(place, marks, base, at, mask)
#include "io/json_index_template.h"
#undef KERNEL_MASKS

#if defined(__x86_64__)
#include <immintrin.h>

/* --- SSE2 -------------------------------------------------------------- */

static inline uint64_t
sse2_bits(__m128i mask, unsigned shift)
{
	return (uint64_t)(unsigned)_mm_movemask_epi8(mask) << shift;
}

static inline struct masks
sse2_masks(const char *bytes)
{
	struct masks masks = { 0 };

	for (unsigned i = 0; i < 64; i += 16) {
		__m128i part = _mm_loadu_si128((const void *)(bytes + i));
		__m128i folded = _mm_or_si128(part, _mm_set1_epi8(0x20));
		masks.quote |= sse2_bits(_mm_cmpeq_epi8(part,
		    _mm_set1_epi8('"')), i);
		masks.backslash |= sse2_bits(_mm_cmpeq_epi8(part,
		    _mm_set1_epi8('\\')), i);
		masks.mark |= sse2_bits(_mm_or_si128(_mm_or_si128(
		    _mm_cmpeq_epi8(folded, _mm_set1_epi8('{')),
		    _mm_cmpeq_epi8(folded, _mm_set1_epi8('}'))),
		    _mm_cmpeq_epi8(folded, _mm_set1_epi8(','))), i);
		/* As signed bytes both kinds are below a blank. */
		masks.odd |= sse2_bits(_mm_cmplt_epi8(part,
		    _mm_set1_epi8(0x20)), i);
	}
	return masks;
}

#define KERNEL_MASKS(bytes, quote, backslash, mark, odd) do {		\
	struct masks masks_ = sse2_masks(bytes);			\
	quote = masks_.quote;						\
	backslash = masks_.backslash;					\
	mark = masks_.mark;						\
	odd = masks_.odd;						\
} while (0)
#define KERNEL_NAME index_sse2
#include "io/json_index_template.h"
#undef KERNEL_MASKS
#undef KERNEL_TARGET
#undef KERNEL_CONTROL
#undef KERNEL_HIGH
#undef KERNEL_UTF8
#undef KERNEL_PREFIX
#undef KERNEL_EMIT

/* --- AVX2 -------------------------------------------------------------- */

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul")))
#define AVX2_INLINE static inline AVX2 __attribute__((always_inline))

AVX2_INLINE uint64_t
avx2_bits(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) |
	    (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

/* Each half of the marks' bytes, folded, stands at its own low half. */
AVX2_INLINE __m256i
avx2_mark(__m256i part)
{
	const __m256i table = _mm256_broadcastsi128_si256(_mm_setr_epi8(
	    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{', ',', '}', 0, 0));

	return _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, part),
	    _mm256_or_si256(part, _mm256_set1_epi8(0x20)));
}

AVX2_INLINE struct masks
avx2_masks(const char *bytes)
{
	const __m256i quote = _mm256_set1_epi8('"');
	const __m256i backslash = _mm256_set1_epi8('\\');
	const __m256i blank = _mm256_set1_epi8(0x20);
	__m256i low = _mm256_loadu_si256((const void *)bytes);
	__m256i high = _mm256_loadu_si256((const void *)(bytes + 32));

	return (struct masks){
		.quote = avx2_bits(_mm256_cmpeq_epi8(low, quote),
		    _mm256_cmpeq_epi8(high, quote)),
		.backslash = avx2_bits(_mm256_cmpeq_epi8(low, backslash),
		    _mm256_cmpeq_epi8(high, backslash)),
		.mark = avx2_bits(avx2_mark(low), avx2_mark(high)),
		.odd = avx2_bits(_mm256_cmpgt_epi8(blank, low),
		    _mm256_cmpgt_epi8(blank, high)),
	};
}

AVX2_INLINE uint64_t
avx2_high(const char *bytes)
{
	return avx2_bits(_mm256_loadu_si256((const void *)bytes),
	    _mm256_loadu_si256((const void *)(bytes + 32)));
}

AVX2_INLINE uint64_t
avx2_control(const char *bytes)
{
	const __m256i blank = _mm256_set1_epi8(0x20);

	return avx2_bits(_mm256_cmpgt_epi8(blank,
	    _mm256_loadu_si256((const void *)bytes)),
	    _mm256_cmpgt_epi8(blank,
	    _mm256_loadu_si256((const void *)(bytes + 32)))) &
	    ~avx2_high(bytes);
}

AVX2_INLINE __m256i
avx2_lookup(__m256i halves, const uint8_t *table)
{
	return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(
	    _mm_loadu_si128((const void *)table)), halves);
}

AVX2_INLINE __m256i
avx2_utf8_wrong(const char *bytes)
{
	const __m256i half = _mm256_set1_epi8(15);
	__m256i second = _mm256_loadu_si256((const void *)bytes);
	__m256i first = _mm256_loadu_si256((const void *)(bytes - 1));
	__m256i rules = _mm256_and_si256(_mm256_and_si256(
	    avx2_lookup(_mm256_and_si256(_mm256_srli_epi16(first, 4), half),
	    first_high), avx2_lookup(_mm256_and_si256(first, half),
	    first_low)), avx2_lookup(_mm256_and_si256(
	    _mm256_srli_epi16(second, 4), half), second_high));
	/* Bit 7 stays set where the byte is at least e0, f0. */
	__m256i pair = _mm256_or_si256(_mm256_subs_epu8(
	    _mm256_loadu_si256((const void *)(bytes - 2)),
	    _mm256_set1_epi8(0xe0 - 0x80)), _mm256_subs_epu8(
	    _mm256_loadu_si256((const void *)(bytes - 3)),
	    _mm256_set1_epi8(0xf0 - 0x80)));

	return _mm256_xor_si256(rules, _mm256_and_si256(pair,
	    _mm256_set1_epi8((char)PAIR)));
}

static AVX2 __attribute__((noinline)) int
avx2_utf8(const char *bytes)
{
	__m256i wrong = _mm256_or_si256(avx2_utf8_wrong(bytes),
	    avx2_utf8_wrong(bytes + 32));

	return !_mm256_testz_si256(wrong, wrong);
}

AVX2_INLINE uint64_t
clmul_prefix(uint64_t q)
{
	return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(
	    _mm_set_epi64x(0, (long long)q), _mm_set1_epi8((char)0xff), 0));
}

/* Four at a time: records of text have two or three marks in 64 bytes. */
AVX2_INLINE void
bmi_emit(uint32_t *place, uint8_t *marks, const char *base, uint32_t at,
	uint64_t mask, uint32_t count)
{
	const char *bytes = base + at;
	uint64_t bit;

	for (uint32_t done = 0;;) {
		/* 64 when none is left; a byte that may be read. */
		bit = _tzcnt_u64(mask);
		place[done] = at + (uint32_t)bit;
		marks[done] = (uint8_t)bytes[bit];
		mask = _blsr_u64(mask);
		bit = _tzcnt_u64(mask);
		place[done + 1] = at + (uint32_t)bit;
		marks[done + 1] = (uint8_t)bytes[bit];
		mask = _blsr_u64(mask);
		bit = _tzcnt_u64(mask);
		place[done + 2] = at + (uint32_t)bit;
		marks[done + 2] = (uint8_t)bytes[bit];
		mask = _blsr_u64(mask);
		bit = _tzcnt_u64(mask);
		place[done + 3] = at + (uint32_t)bit;
		marks[done + 3] = (uint8_t)bytes[bit];
		done += 4;
		if (__builtin_expect(done >= count, 1))
			return;
		mask = _blsr_u64(mask);
	}
}

#define KERNEL_MASKS(bytes, quote, backslash, mark, odd) do {		\
	struct masks masks_ = avx2_masks(bytes);			\
	quote = masks_.quote;						\
	backslash = masks_.backslash;					\
	mark = masks_.mark;						\
	odd = masks_.odd;						\
} while (0)
#define KERNEL_NAME index_avx2
#define KERNEL_TARGET AVX2
#define KERNEL_CONTROL(bytes) avx2_control(bytes)
#define KERNEL_HIGH(bytes) avx2_high(bytes)
#define KERNEL_UTF8(bytes) avx2_utf8(bytes)
#define KERNEL_PREFIX(q) clmul_prefix(q)
#define KERNEL_EMIT(place, marks, base, at, mask, count)		\
	bmi_emit(place, marks, base, at, mask, count)
#include "io/json_index_template.h"
#undef KERNEL_MASKS
#undef KERNEL_TARGET

static AVX2 uint64_t
count_lines_avx2(const char *bytes, uint64_t size)
{
	const __m256i newline = _mm256_set1_epi8('\n');
	uint64_t count = 0;
	uint64_t i = 0;

	for (; i + 64 <= size; i += 64) {
		__m256i low = _mm256_loadu_si256((const void *)(bytes + i));
		__m256i high = _mm256_loadu_si256(
		    (const void *)(bytes + i + 32));
		count += (uint64_t)__builtin_popcountll(avx2_bits(
		    _mm256_cmpeq_epi8(low, newline),
		    _mm256_cmpeq_epi8(high, newline)));
	}
	for (; i < size; i++)
		count += bytes[i] == '\n';
	return count;
}

/* --- AVX-512 ----------------------------------------------------------- */

#define AVX512 __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul,"	\
	"avx512f,avx512bw,avx512dq,avx512vl")))

static inline AVX512 __attribute__((always_inline)) struct masks
avx512_masks(const char *bytes)
{
	const __m512i table = _mm512_broadcast_i32x4(_mm_setr_epi8(
	    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{', ',', '}', 0, 0));
	__m512i part = _mm512_loadu_si512(bytes);

	return (struct masks){
		.quote = _mm512_cmpeq_epi8_mask(part, _mm512_set1_epi8('"')),
		.backslash = _mm512_cmpeq_epi8_mask(part,
		    _mm512_set1_epi8('\\')),
		.mark = _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(table,
		    part), _mm512_or_si512(part, _mm512_set1_epi8(0x20))),
		.odd = _mm512_cmplt_epi8_mask(part, _mm512_set1_epi8(0x20)),
	};
}

#define KERNEL_MASKS(bytes, quote, backslash, mark, odd) do {		\
	struct masks masks_ = avx512_masks(bytes);			\
	quote = masks_.quote;						\
	backslash = masks_.backslash;					\
	mark = masks_.mark;						\
	odd = masks_.odd;						\
} while (0)
#define KERNEL_NAME index_avx512
#define KERNEL_TARGET AVX512
#include "io/json_index_template.h"
#endif

/* --- the choice -------------------------------------------------------- */

static json_index_f *kernel;

json_index_f *
json_index_of_tier(enum cpu_tier tier)
{
	if (tier > cpu_tier())
		return NULL;
	switch (tier) {
#if defined(__x86_64__)
	case CPU_AVX512:
		return index_avx512;
	case CPU_AVX2:
		return index_avx2;
	case CPU_SSE2:
		return index_sse2;
#endif
	default:
		return index_plain;
	}
}

void
json_index_use(json_index_f *chosen)
{
	__atomic_store_n(&kernel, chosen, __ATOMIC_RELAXED);
}

uint64_t
json_count_lines(const char *bytes, uint64_t size)
{
	uint64_t count = 0;

#if defined(__x86_64__)
	if (cpu_tier() >= CPU_AVX2)
		return count_lines_avx2(bytes, size);
#endif
	for (uint64_t i = 0; i < size; i++)
		count += bytes[i] == '\n';
	return count;
}

/* --- the index --------------------------------------------------------- */

void
json_index_fini(struct json_index *index)
{
	mem_free(index->place);
	mem_free(index->mark);
	mem_free(index->quotes);
	mem_free(index->quotes_before);
	memset(index, 0, sizeof(*index));
}

void
json_index_start(struct json_index *index, const char *base, uint32_t at)
{
	memset(&index->scan, 0, sizeof(index->scan));
	index->base = base;
	index->scan.at = at;
	index->origin = at;
	index->count = 0;
	index->block_count = 0;
	index->stop = at;
	index->end = at;
	index->broken = 0;
}

/* Room for whatever the bytes up to `end` may hold. */
static void
reserve(struct json_index *index, uint32_t end)
{
	uint32_t marks = index->scan.count + (end - index->scan.at) +
	    MARK_SLACK;
	uint32_t blocks = index->scan.blocks + (end - index->scan.at) / 64 + 3;

	if (marks > index->mark_capacity) {
		index->mark_capacity = marks + marks / 4;
		index->place = mem_resize(index->place,
		    (size_t)index->mark_capacity * sizeof(*index->place));
		/* Whole marks are compared 32 at a time. */
		index->mark = mem_resize(index->mark,
		    (size_t)index->mark_capacity + 32);
	}
	if (blocks > index->block_capacity) {
		index->block_capacity = blocks + blocks / 4;
		index->quotes = mem_resize(index->quotes,
		    (size_t)index->block_capacity * sizeof(uint64_t));
		index->quotes_before = mem_resize(index->quotes_before,
		    (size_t)index->block_capacity * sizeof(uint32_t));
	}
}

/* Bytes at the end that begin a sequence of UTF-8 and do not end it. */
static uint32_t
cut_sequence(const char *bytes, uint32_t size)
{
	for (uint32_t i = 1; i <= 3 && i <= size; i++) {
		uint8_t c = (uint8_t)bytes[size - i];
		if (c < 0x80)
			break;
		if (c >= 0xc0)
			return (c >= 0xf0 ? 4u : c >= 0xe0 ? 3u : 2u) > i ?
			    i : 0;
	}
	return 0;
}

/* The last bytes, from a copy with blanks behind. */
static void
extend_tail(struct json_index *index, json_index_f *scan_blocks)
{
	char tail[TAIL_FRONT + TAIL_BYTES];
	struct json_scan scan = index->scan;
	uint32_t size = index->end - scan.at;
	uint32_t padded = (uint32_t)bits_round_up(size, 64);

	memcpy(tail, index->base + scan.at - TAIL_FRONT, TAIL_FRONT + size);
	size -= cut_sequence(tail + TAIL_FRONT, size);
	memset(tail + TAIL_FRONT + size, ' ', TAIL_BYTES - size);
	uint32_t at = scan.at;
	scan_blocks(index, &scan,
	    (const char *)((uintptr_t)(tail + TAIL_FRONT) - at), at + padded);
	index->count = scan.count;
	index->block_count = scan.blocks;
	index->stop = scan.at < at + size ? scan.at : at + size;
}

void
json_index_extend(struct json_index *index, uint32_t end)
{
	json_index_f *scan_blocks = __atomic_load_n(&kernel, __ATOMIC_RELAXED);

	if (__builtin_expect(scan_blocks == NULL, 0)) {
		scan_blocks = json_index_of_tier(cpu_tier());
		json_index_use(scan_blocks);
	}
	index->end = end;
	reserve(index, end);
	index->broken = 0;
	if (end - index->scan.at > LOOK_AHEAD)
		index->broken = !scan_blocks(index, &index->scan, index->base,
		    end - LOOK_AHEAD);
	index->count = index->scan.count;
	index->block_count = index->scan.blocks;
	index->stop = index->scan.at;
	if (!index->broken && index->scan.at < end)
		extend_tail(index, scan_blocks);
}

void
json_index_move(struct json_index *index, const char *base, uint32_t shift,
	uint32_t first)
{
	struct json_scan *scan = &index->scan;

	/* What is kept begins behind the firm part: nothing to keep of it. */
	if (shift >= scan->at) {
		json_index_start(index, base, 0);
		return;
	}
	uint32_t kept = scan->count > first ? scan->count - first : 0;
	for (uint32_t i = 0; i < kept; i++)
		index->place[i] = index->place[first + i] - shift;
	if (kept > 0)
		memmove(index->mark, index->mark + first, kept);
	uint32_t dropped = (uint32_t)((int64_t)shift - index->origin) / 64;
	memmove(index->quotes, index->quotes + dropped,
	    (scan->blocks - dropped) * sizeof(*index->quotes));
	memmove(index->quotes_before, index->quotes_before + dropped,
	    (scan->blocks - dropped) * sizeof(*index->quotes_before));
	index->origin += (int64_t)dropped * 64 - shift;
	scan->blocks -= dropped;
	scan->count = kept;
	scan->at -= shift;
	index->count = kept;
	index->block_count = scan->blocks;
	index->stop = scan->at;
	index->end = scan->at;
	index->base = base;
	index->broken = 0;
}
